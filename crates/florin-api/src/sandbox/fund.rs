//! `POST /v1/sandbox/fund`: make money up.

use crate::kit::app::App;
use crate::kit::book::command::{answer, posting_refused};
use crate::kit::book::record::FUNDING;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::TransferMade;
use crate::kit::endpoint::codes::{P412, P455, P459};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, RequestAmount, RequestBody, Shape, post};
use crate::kit::request::body::Request;
use crate::kit::request::call::Call;
use crate::kit::request::fields::Fields;
use crate::users::{Gate, existing};
use axum::extract::State;
use axum::response::Response;
use florin_ledger::{AccountKey, AccountKind, HolderId, Posting};
use florin_store::{Touch, Tx};
use florin_types::{Amount, Currency, CurrencyCode, ExternalUserId};
use http::StatusCode;
use utoipa::ToSchema;

/// Money to be made up.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the typed one")]
pub struct FundRequest {
    #[schema(value_type = RequestAmount)]
    amount: String,
    /// In any letter case.
    currency: String,
    /// The user that gets it; the partner, when absent.
    external_user_id: Option<String>,
}

struct Fund {
    amount: Amount,
    currency: Currency,
    user: Option<ExternalUserId>,
}

impl Request for Fund {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let currency = fields.required("currency").currency();
        let amount = fields.required("amount").amount(currency);
        let user = fields.optional("externalUserId").text(ExternalUserId::parse);
        Some(Self { amount: amount?, currency: currency?, user })
    }
}

/// Made-up money arrives.
fn funding(destination: HolderId, currency: CurrencyCode, amount: Amount) -> Posting {
    let holder = destination.book().system();
    let source = AccountKey { holder, currency, kind: AccountKind::SandboxFunding };
    Posting::between(source, AccountKey::main(destination, currency), amount.minor())
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        summary: "Fund a balance",
        description: "Puts made-up money on a user's balance, or on the partner's. In history it is an `ADJUSTMENT`.",
        request: RequestBody::Json(
            Shape::of::<FundRequest>(),
            r#"{"amount":"100.00","currency":"eur","externalUserId":"$user"}"#,
        ),
        refusals: &[&P412, &P455, &P459],
        ..post("/v1/sandbox/fund", handle, (201, Shape::of::<TransferMade>()))
    }
}

async fn handle(State(app): State<App>, partner: Partner, call: Call<Fund>) -> Result<Response, Failure> {
    let Call { request: Fund { amount, currency, user }, keyed } = call;
    let transfer_id = app.new_id();
    let code = currency.code;
    let destination = match &user {
        Some(id) => Touch::Handle(id.as_str().to_owned(), code),
        None => Touch::Partner(code),
    };
    let touches = vec![Touch::System(code, AccountKind::SandboxFunding), destination];
    app.run(&partner, keyed, touches, async move |tx: &mut Tx| {
        let destination = match &user {
            Some(id) => {
                let holder = existing(tx.holder(id.as_str()))?;
                Gate::of(holder).check_verified()?;
                Gate::of(holder).check_active()?;
                holder.id
            }
            None => tx.book().partner(),
        };
        tx.post(FUNDING, transfer_id, &funding(destination, code, amount), Vec::new())
            .map_err(posting_refused)?;
        Ok(answer(StatusCode::CREATED, &TransferMade { transfer_id })?)
    })
    .await
}
