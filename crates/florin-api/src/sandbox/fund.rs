//! `POST /v1/sandbox/fund`: make money.

use crate::kit::book::command::posting_refused;
use crate::kit::endpoint::answers::TransferMade;
use crate::kit::prelude::*;
use crate::transfers::FUNDING;
use crate::users::{Owner, Role, USER_WORDS, admit};
use florin_ledger::{AccountKey, AccountKind, HolderId, Posting};

struct Fund {
    amount: Amount,
    currency: Currency,
    user: Option<ExternalUserId>,
}

impl Request for Fund {
    const NAME: &'static str = "FundRequest";
    const ABOUT: &'static str = "Sandbox money to create.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let currency = fields.required("currency").currency();
        let amount = fields.required("amount").amount(currency);
        let about = "The user that gets it. If omitted, your master balance gets it.";
        let user = fields.optional("externalUserId").about(about).also_called(USER_WORDS).text();
        Some(Self { amount: amount?, currency: currency?, user })
    }
}

/// Sandbox money arrives.
fn funding(destination: HolderId, currency: CurrencyCode, amount: Amount) -> Posting {
    let holder = destination.book().system();
    let source = AccountKey { holder, currency, kind: AccountKind::SandboxFunding };
    Posting::between(source, AccountKey::main(destination, currency), amount.minor())
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "fundBalance",
        summary: "Fund a balance",
        description: "Puts sandbox money on a user's balance, or on yours. In history it is an `ADJUSTMENT`.",
        example: r#"{"amount":"100.00","currency":"eur","externalUserId":"$user"}"#,
        answer: r#"{"transferId":"$transfer"}"#,
        refusals: &[&P412, &P455, &P459],
        ..post("/v1/sandbox/fund", fund_balance)
    }
}

async fn fund_balance(context: SandboxContext, call: Call<Fund>) -> Result<Created<TransferMade>, Failure> {
    let Call { request: Fund { amount, currency, user }, keyed } = call;
    let (owner, code) = (Owner::of(user), currency.code);
    let touches = vec![Touch::SystemAccount(code, AccountKind::SandboxFunding), owner.touch(code)];
    context
        .run(keyed, touches, async move |work| {
            let [destination] = admit(work, [(&owner, Role::IsPaid, "externalUserId")])?;
            let transfer_id = work.id();
            let posting = funding(destination, code, amount);
            work.post(FUNDING.kind, transfer_id, &posting, Vec::new()).map_err(posting_refused)?;
            Ok(TransferMade { transfer_id })
        })
        .await
}
