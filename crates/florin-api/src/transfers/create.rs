//! `POST /v1/transfer` and `POST /v1/partner/transfer-master-balance`: one use case, two routes. The master-balance
//! call is a one-sided transfer that must name exactly one side.

use super::postings;
use super::transfer::{Owner, Reference, TRANSFER_EVENT};
use crate::kit::app::App;
use crate::kit::book::command::{answer, posting_refused};
use crate::kit::book::record::{SealedReference, TRANSFER};
use crate::kit::book::seal::Nonce;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::TransferMade;
use crate::kit::endpoint::codes::{P410, P412, P424, P433, P455, P459};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, RequestAmount, RequestBody, Shape, post};
use crate::kit::request::body::Request;
use crate::kit::request::call::Call;
use crate::kit::request::fields::{Fields, Listed};
use crate::users::{Gate, existing};
use axum::extract::State;
use axum::response::Response;
use florin_store::{Holder, Keyed, NewEvent, Stop, StoreError, Touch, Tx};
use florin_types::{Amount, Currency, ExternalUserId};
use http::StatusCode;
use utoipa::ToSchema;

/// A transfer to be. Only a destination: from the partner to that user; only a source: from that user to the partner.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the typed one")]
pub struct TransferRequest {
    /// The user that pays.
    source_external_user_id: Option<String>,
    /// The user that is paid.
    destination_external_user_id: Option<String>,
    #[schema(value_type = RequestAmount)]
    amount: String,
    /// In any letter case.
    currency: String,
    /// Up to 140 characters, shown in both histories.
    #[schema(max_length = 140)]
    reference: Option<String>,
}

/// A master-balance transfer to be: exactly one of the two users.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the typed one")]
pub struct MasterBalanceRequest {
    /// The user that pays into the master balance.
    source_external_user_id: Option<String>,
    /// The user that is paid from it.
    destination_external_user_id: Option<String>,
    #[schema(value_type = RequestAmount)]
    amount: String,
    /// In any letter case.
    currency: String,
}

/// What a request says, typed. The currency may be one that is not served: that is P410, in its turn.
struct Wanted {
    source: Option<ExternalUserId>,
    destination: Option<ExternalUserId>,
    currency: Listed<Currency>,
    amount: Listed<Amount>,
    reference: Option<Reference>,
}

impl Wanted {
    fn read(fields: &mut Fields<'_>, with_reference: bool) -> Option<Self> {
        let source = fields.optional("sourceExternalUserId").text(ExternalUserId::parse);
        let destination = fields.optional("destinationExternalUserId").text(ExternalUserId::parse);
        let currency = fields.required("currency").listed_currency();
        let amount = fields.required("amount").listed_amount(currency);
        let reference = with_reference.then(|| fields.optional("reference").text(Reference::parse)).flatten();
        Some(Self { source, destination, currency: currency?, amount: amount?, reference })
    }
}

struct CreateTransfer(Wanted);

impl Request for CreateTransfer {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let wanted = Wanted::read(fields, true)?;
        if wanted.source.is_some() && wanted.source == wanted.destination {
            fields.fail("destinationExternalUserId must be another user than sourceExternalUserId");
        }
        Some(Self(wanted))
    }
}

struct MasterBalance(Wanted);

impl Request for MasterBalance {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let wanted = Wanted::read(fields, false)?;
        if wanted.source.is_some() && wanted.destination.is_some() {
            fields.fail("only one of sourceExternalUserId and destinationExternalUserId can be given");
        }
        Some(Self(wanted))
    }
}

const DESCRIPTION: &str = "Executed before the answer, atomically. Both sides must be verified and not suspended. \
     Refused in this order: P403, P470/P471, P424, P410, P412, P459, P455, P433; the source before the destination.";

/// The route of transfers.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Internal transfers",
        summary: "Create a transfer",
        description: DESCRIPTION,
        request: RequestBody::Json(
            Shape::of::<TransferRequest>(),
            r#"{"sourceExternalUserId":"$user","destinationExternalUserId":"$other","amount":"12.50",
            "currency":"eur","reference":"Lunch"}"#,
        ),
        refusals: &[&P410, &P412, &P424, &P433, &P455, &P459],
        ..post("/v1/transfer", transfer, (201, Shape::of::<TransferMade>()))
    }
}

/// The route of the partner's master balance.
pub fn master_balance_endpoint() -> Endpoint {
    Endpoint {
        tag: "Internal transfers",
        summary: "Transfer from or to the master balance",
        description: DESCRIPTION,
        request: RequestBody::Json(
            Shape::of::<MasterBalanceRequest>(),
            r#"{"destinationExternalUserId":"$user","amount":"12.50","currency":"eur"}"#,
        ),
        refusals: &[&P410, &P412, &P424, &P433, &P455, &P459],
        ..post("/v1/partner/transfer-master-balance", master_balance, (201, Shape::of::<TransferMade>()))
    }
}

async fn transfer(
    State(app): State<App>,
    partner: Partner,
    call: Call<CreateTransfer>,
) -> Result<Response, Failure> {
    create(&app, &partner, call.keyed, call.request.0).await
}

async fn master_balance(
    State(app): State<App>,
    partner: Partner,
    call: Call<MasterBalance>,
) -> Result<Response, Failure> {
    create(&app, &partner, call.keyed, call.request.0).await
}

/// Makes the transfer. The command does not look at the database: everything it needs was touched.
async fn create(
    app: &App,
    partner: &Partner,
    keyed: Option<Keyed>,
    wanted: Wanted,
) -> Result<Response, Failure> {
    let (transfer_id, event_id) = (app.new_id(), app.new_id());
    let nonce = wanted.reference.is_some().then(|| Nonce::draw(&*app.entropy));
    let touches = touches(&wanted);
    let seals = app.clone();
    app.run(partner, keyed, touches, async move |tx: &mut Tx| {
        let (source, destination) = sides(&wanted)?;
        let (currency, amount) = (wanted.currency.known()?.code, wanted.amount.known()?);
        let (source_id, destination_id) = check(tx, &source, &destination)?;
        let memo = match (&wanted.reference, nonce) {
            (Some(reference), Some(nonce)) => {
                let holder = [&source, &destination].into_iter().find_map(|side| tx.holder(side.handle()?));
                let holder = holder.ok_or_else(|| StoreError::unexpected("a transfer without a user"))?;
                SealedReference::memo(&seals.seals, holder, nonce, Some(reference.as_str()))?
            }
            _ => Vec::new(),
        };
        let posting = postings::transfer(source_id, destination_id, currency, amount);
        tx.post(TRANSFER, transfer_id, &posting, memo).map_err(posting_refused)?;
        tx.emit(NewEvent {
            id: event_id,
            kind: TRANSFER_EVENT,
            object: transfer_id,
            holder: None,
            of_last_record: true,
            data: Vec::new(),
        });
        Ok(answer(StatusCode::CREATED, &TransferMade { transfer_id })?)
    })
    .await
}

fn touches(wanted: &Wanted) -> Vec<Touch> {
    let Listed::Known(currency) = wanted.currency else { return Vec::new() };
    let side = |user: &Option<ExternalUserId>| match user {
        Some(id) => Touch::Handle(id.as_str().to_owned(), currency.code),
        None => Touch::Partner(currency.code),
    };
    vec![side(&wanted.source), side(&wanted.destination)]
}

fn sides(wanted: &Wanted) -> Result<(Owner, Owner), Refusal> {
    if wanted.source.is_none() && wanted.destination.is_none() {
        return Err(Refusal::of(&P424));
    }
    let owner = |user: &Option<ExternalUserId>| user.clone().map_or(Owner::Partner, Owner::User);
    Ok((owner(&wanted.source), owner(&wanted.destination)))
}

/// A column of refusals, each for the source before the destination.
fn check(
    tx: &Tx,
    source: &Owner,
    destination: &Owner,
) -> Result<(florin_ledger::HolderId, florin_ledger::HolderId), Stop> {
    let find = |side: &Owner| -> Result<Option<Holder>, Refusal> {
        side.handle().map(|handle| existing(tx.holder(handle)).cloned()).transpose()
    };
    let holders = [find(source)?, find(destination)?];
    let gates = || holders.iter().flatten().map(Gate::of);
    holders[0].as_ref().map(Gate::of).map_or(Ok(()), Gate::check_may_send)?;
    gates().try_for_each(Gate::check_verified)?;
    gates().try_for_each(Gate::check_active)?;
    let id = |holder: &Option<Holder>| holder.as_ref().map_or(tx.book().partner(), |holder| holder.id);
    Ok((id(&holders[0]), id(&holders[1])))
}
