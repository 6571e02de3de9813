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
from florin.api.balances_and_history import get_user_transactions
from florin.api.internal_transfers import create_transfer, get_transfer
from florin.api.sandbox import fund_balance, get_inbox
from florin.api.users import create_user
from florin.api.verification import submit_verification, upload_kyc_files
from florin.models import (
    ApiError,
    DocumentType,
    FundRequest,
    IncomeSource,
    KycVerificationStatusWebhook,
    Occupation,
    OpenAccountReason,
    TransferWebhook,
    UploadKycFilesBody,
    UserVerificationRequest,
    ValidationError,
)
from florin.types import File

Answer = TypeVar("Answer")
Webhook = TypeVar("Webhook")

# The key is sent as it is, in the header that the API reads.
client = AuthenticatedClient(
    base_url=os.environ["FLORIN_URL"],
    token=os.environ["FLORIN_API_KEY"],
    prefix="",
    auth_header_name="x-api-key",
)
front, selfie = (Path(name).read_bytes() for name in sys.argv[1:3])


def expect(answer: Answer | ApiError | ValidationError | None) -> Answer:
    """The answer, which must be no refusal."""
    if answer is None or isinstance(answer, (ApiError, ValidationError)):
        raise AssertionError(f"refused: {answer}")
    return answer


def wait_for(kind: type[Webhook], is_wanted: Callable[[Webhook], bool]) -> Webhook:
    """Reads webhooks until one of this kind is wanted."""
    after = 0
    for _ in range(10):
        page = expect(get_inbox.sync(client=client, after=after, wait=10))
        for item in page.data:
            if isinstance(item, kind) and is_wanted(item):
                return item
        after = page.next_after
    raise AssertionError("the webhook did not come")


def photo(content: bytes) -> File:
    return File(payload=BytesIO(content), file_name="photo.jpg", mime_type="image/jpeg")


def verified_user(external_user_id: str) -> None:
    """A user that may pay and be paid."""
    person = {
        "externalUserId": external_user_id,
        "email": f"{external_user_id}@example.com",
        "phone": "+447700900123",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "birthDate": "1990-12-10",
        "street": "St James's Square",
        "number": "12",
        "city": "London",
        "postCode": "SW1Y 4LE",
        "country": "GB",
        "citizenship": "GB",
        "hasAcceptedP100Tc": True,
    }
    expect(create_user.sync(client=client, body=person))
    files = UploadKycFilesBody(front_id=photo(front), selfie=photo(selfie))
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
        KycVerificationStatusWebhook,
        lambda item: item.payload.external_user_id == external_user_id
        and item.payload.verification_status == "VERIFIED",
    )


verified_user("ada")
verified_user("charles")
money = FundRequest(external_user_id="ada", amount="100.00", currency="eur")
expect(fund_balance.sync(client=client, body=money))
lunch = {
    "sourceExternalUserId": "ada",
    "destinationExternalUserId": "charles",
    "amount": "12.50",
    "currency": "eur",
    "reference": "Lunch",
}
made = expect(create_transfer.sync(client=client, body=lunch, idempotency_key="lunch-1"))

details = expect(get_transfer.sync(made.transfer_id, client=client))
assert details.source_external_user_id == "ada" and details.reference == "Lunch", details

history = expect(get_user_transactions.sync("ada", client=client))
line = next(line for line in history.data if line.id == made.transfer_id)
assert line.amount == "-12.50" and line.balance_after == "87.50", line

webhook = wait_for(TransferWebhook, lambda item: item.payload.id == made.transfer_id)
assert webhook.payload.destination_external_user_id == "charles", webhook

# A refusal is an answer with a code.
refused = create_transfer.sync(client=client, body={**lunch, "amount": "1000"})
assert isinstance(refused, ApiError) and refused.error_code == "P433", refused
print("done")
