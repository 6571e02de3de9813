"""A client generated from openapi.json, from a new user to the webhook of a transfer.

    pip install openapi-python-client==0.29.1 httpx attrs
    openapi-python-client generate --url https://…/openapi.json --output-path florin --meta none
    FLORIN_URL=… FLORIN_API_KEY=… python3 flow.py front.jpg selfie.jpg
"""

import datetime
import os
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TypeVar

from florin import AuthenticatedClient
from florin.api.balances_and_history import (
    get_user_transactions_by_external_user_id as get_user_history,
)
from florin.api.internal_transfers import (
    get_transfer_details_by_transfer_id as get_transfer,
    post_transfer as create_transfer,
)
from florin.api.sandbox import get_sandbox_inbox as read_inbox, post_sandbox_fund as fund
from florin.api.users import post_user_balances_crypto_and_fiat as create_user
from florin.api.verification import (
    post_user_kyc_files_by_external_user_id as upload_kyc_files,
    post_user_verification as submit_verification,
)
from florin.models import (
    CreateUserRequest,
    Error,
    FundRequest,
    InboxItem,
    PostUserKycFilesByExternalUserIdBody as KycFiles,
    TransferRequest,
    UserVerificationRequest,
    UserVerificationRequestDocumentType as DocumentType,
    UserVerificationRequestIncomeSource as IncomeSource,
    UserVerificationRequestOccupation as Occupation,
    UserVerificationRequestOpenAccountReason as OpenAccountReason,
    ValidationError,
)
from florin.types import File

Answer = TypeVar("Answer")

# The key is sent as it is, in the header that the API reads.
client = AuthenticatedClient(
    base_url=os.environ["FLORIN_URL"],
    token=os.environ["FLORIN_API_KEY"],
    prefix="",
    auth_header_name="x-api-key",
)
front, selfie = (Path(name).read_bytes() for name in sys.argv[1:3])


def expect(answer: Answer | Error | ValidationError | None) -> Answer:
    """The answer, which must be no refusal."""
    if answer is None or isinstance(answer, (Error, ValidationError)):
        raise AssertionError(f"refused: {answer}")
    return answer


def wait_for(wanted: Callable[[InboxItem], bool]) -> InboxItem:
    """Reads webhooks until one is wanted."""
    after = 0
    for _ in range(10):
        page = expect(read_inbox.sync(client=client, after=after, wait=10))
        for item in page.data:
            if wanted(item):
                return item
        after = page.next_after
    raise AssertionError("the webhook did not come")


def photo(content: bytes) -> File:
    return File(payload=BytesIO(content), file_name="photo.jpg", mime_type="image/jpeg")


def verified_user(external_user_id: str) -> None:
    """A user that may pay and be paid."""
    person = CreateUserRequest(
        external_user_id=external_user_id,
        email=f"{external_user_id}@example.com",
        phone="+447700900123",
        first_name="Ada",
        last_name="Lovelace",
        birth_date=datetime.date(1990, 12, 10),
        street="St James's Square",
        number="12",
        city="London",
        post_code="SW1Y 4LE",
        country="GB",
        citizenship="GB",
        has_accepted_p100_tc=True,
    )
    expect(create_user.sync(client=client, body=person))
    files = KycFiles(front_id=photo(front), selfie=photo(selfie))
    expect(upload_kyc_files.sync(external_user_id, client=client, body=files))
    document = UserVerificationRequest(
        external_user_id=external_user_id,
        document_type=DocumentType.PASSPORT,
        document_number="L898902C3",
        document_expiration_date=datetime.date(2031, 4, 15),
        document_issuing_country="GB",
        income_source=IncomeSource.SALARY,
        occupation=Occupation.ENGINEERING,
        open_account_reason=OpenAccountReason.DAILY_USE,
    )
    expect(submit_verification.sync(client=client, body=document))
    wait_for(
        lambda item: item.type_ == "kyc_verification.status"
        and item.payload["externalUserId"] == external_user_id
        and item.payload["verificationStatus"] == "VERIFIED"
    )


verified_user("ada")
verified_user("charles")
money = FundRequest(external_user_id="ada", amount="100.00", currency="eur")
expect(fund.sync(client=client, body=money))
lunch = TransferRequest(
    source_external_user_id="ada",
    destination_external_user_id="charles",
    amount="12.50",
    currency="eur",
    reference="Lunch",
)
made = expect(create_transfer.sync(client=client, body=lunch, idempotency_key="lunch-1"))

details = expect(get_transfer.sync(made.transfer_id, client=client))
assert details.source_external_user_id == "ada" and details.reference == "Lunch", details

history = expect(get_user_history.sync("ada", client=client))
line = next(line for line in history.data if line.id == made.transfer_id)
assert line.amount == "-12.50" and line.balance_after == "87.50", line

webhook = wait_for(
    lambda item: item.type_ == "transfer" and item.payload["id"] == str(made.transfer_id)
)
assert webhook.payload["destinationExternalUserId"] == "charles", webhook

# A refusal is an answer with a code.
lunch.amount = "1000"
refused = create_transfer.sync(client=client, body=lunch)
assert isinstance(refused, Error) and refused.error_code == "P433", refused
print("done")
