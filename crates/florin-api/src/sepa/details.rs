//! `GET /v1/sepa-transfer/details/{transferId}`, and the payload of a transfer's event.

use super::people::People;
use super::transfer::{FailureCode, Payee, RequestedSpeed, SepaSpeed, State, Transfer, TransferFailure};
use crate::kit::book::sealed;
use crate::kit::endpoint::family::Rendered;
use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::kyc::identity_document;
use crate::users::Profile;
use florin_store::{Holder, Scope, StoredEvent};
use florin_types::format_minor;
use serde_json::value::to_raw_value;
use std::collections::HashMap;

words! {
    /// Where a SEPA transfer stands.
    pub enum SepaTransferStatus {
        /// Amount and fee are on hold.
        Pending = "PENDING",
        /// The payee's bank has the money.
        Successful = "SUCCESSFUL",
        /// The money is on the balance again, or never left it.
        Failed = "FAILED",
    }
}

words! {
    /// Where a transfer goes.
    pub enum SepaTransferType {
        /// To a bank account.
        External = "external",
    }
}

impl SepaTransferStatus {
    const fn of(state: State) -> Self {
        match state {
            State::Held | State::Submitting | State::Submitted => Self::Pending,
            State::Settled => Self::Successful,
            State::Failed | State::Returned => Self::Failed,
        }
    }
}

/// Why a SEPA transfer failed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SepaTransferError {
    /// What happened, for people.
    #[schema(example = "The payee's bank sent the money back: the account is closed (AC04)")]
    description: String,
    /// What happened, for programs.
    status: FailureCode,
    /// The reason code of ISO 20022 that a bank gave.
    #[schema(example = "AC04")]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// With `RETURNED`: how much of the amount has come back so far, a decimal string. Less than the amount where banks
    /// kept charges, or sent back a part; each further part is another event.
    #[schema(example = "16.02")]
    #[serde(skip_serializing_if = "Option::is_none")]
    returned_amount: Option<String>,
}

impl SepaTransferError {
    fn of(transfer: &Transfer, failure: TransferFailure) -> Self {
        let is_returned = failure.code == FailureCode::Returned;
        Self {
            description: transfer.description_of(failure),
            status: failure.code,
            reason: failure.reason.map(|reason| reason.to_string()),
            returned_amount: is_returned.then(|| format_minor(transfer.returned, 2)),
        }
    }
}

/// A SEPA transfer.
#[derive(Serialize, ToSchema)]
pub struct SepaTransferDetails {
    /// What was asked for, and where it stands.
    #[serde(flatten)]
    transfer: SepaTransfer,
    /// Why it failed; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<SepaTransferError>,
    /// The user that pays; absent for your master balance.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<SepaUser>,
}

/// What a SEPA transfer is, and where it stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SepaTransfer {
    /// Its id.
    id: Uuid,
    /// Where it goes.
    #[serde(rename = "type")]
    kind: SepaTransferType,
    /// What the payee gets: a decimal string.
    #[schema(example = "16.02")]
    amount: String,
    /// What the payee reads; null once the user's data is erased.
    #[schema(required)]
    transfer_title: Option<String>,
    /// The payee's account; null once the user's data is erased.
    #[schema(required, example = "DE89370400440532013000")]
    destination_iban: Option<String>,
    /// The payee's first name; null for a company, and once the user's data is erased.
    #[schema(required)]
    receiver_first_name: Option<String>,
    /// The payee's last name; null for a company, and once the user's data is erased.
    #[schema(required)]
    receiver_last_name: Option<String>,
    /// The payee's name, if it is a company; null otherwise.
    #[schema(required)]
    company_name: Option<String>,
    /// Where it stands.
    status: SepaTransferStatus,
    /// How it goes, or went. Where `requestedSpeed` is `INSTANT_OR_STANDARD` and this is `STANDARD`, the payee's bank
    /// could not be paid instantly.
    speed: SepaSpeed,
    /// What was asked for.
    requested_speed: RequestedSpeed,
    /// Always `eur`.
    #[schema(example = "eur")]
    currency: String,
    /// The fee, on top of the amount.
    #[schema(value_type = ExactNumber, example = 1)]
    fee: ExactNumber,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

/// The user that pays. Each part is null where it was not given, and once the user's data is erased.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SepaUser {
    /// Your own id of the user.
    #[schema(required)]
    external_user_id: Option<String>,
    /// Email address.
    #[schema(required)]
    email: Option<String>,
    /// First name.
    #[schema(required)]
    first_name: Option<String>,
    /// Last name.
    #[schema(required)]
    last_name: Option<String>,
    /// Street and number, in one line.
    #[schema(required)]
    address: Option<String>,
    /// Town.
    #[schema(required)]
    city: Option<String>,
    /// Residence, by ISO 3166-1 alpha-2.
    #[schema(required)]
    country: Option<String>,
    /// The document by which the user was verified.
    #[schema(required)]
    document_type: Option<String>,
    /// Its number.
    #[schema(required)]
    document_number: Option<String>,
    /// The personal number of Poland.
    #[schema(required)]
    pesel: Option<String>,
    /// Country of birth, by ISO 3166-1 alpha-2.
    #[schema(required)]
    birth_country: Option<String>,
    /// Date of birth.
    #[schema(required, format = Date)]
    birth_date: Option<String>,
}

/// A SEPA transfer changed its status. A failed one says only why.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", untagged)]
pub enum SepaTransferPayload {
    /// It did not fail.
    Made(SepaTransfer),
    /// It failed.
    Failed(FailedSepaTransfer),
}

/// A SEPA transfer that failed.
#[derive(Serialize, ToSchema)]
pub struct FailedSepaTransfer {
    /// Its id.
    id: Uuid,
    /// `FAILED`.
    status: SepaTransferStatus,
    /// Why.
    error: SepaTransferError,
}

/// A settled transfer's event, as text.
pub const EXAMPLE: &str = concat!(
    r#"{"id":"0198c5d2-ad31-7f24-9c85-6e903b4c5d7f","type":"external","amount":"16.02","transferTitle":"Rent","#,
    r#""destinationIban":"LT139999800000000099","receiverFirstName":"Ada","receiverLastName":"Lovelace","#,
    r#""companyName":null,"#,
    r#""status":"SUCCESSFUL","speed":"STANDARD","requestedSpeed":"STANDARD","#,
    r#""currency":"eur","fee":1,"createdAt":"2026-01-31T09:30:00.000Z"}"#,
);

/// Its details, as text.
const ANSWER: &str = concat!(
    r#"{"id":"$sepaTransfer","type":"external","amount":"16.02","transferTitle":"Rent","#,
    r#""destinationIban":"LT139999800000000099","receiverFirstName":"Ada","receiverLastName":"Lovelace","#,
    r#""companyName":null,"#,
    r#""status":"SUCCESSFUL","speed":"STANDARD","requestedSpeed":"STANDARD","#,
    r#""currency":"eur","fee":1,"createdAt":"2026-01-31T09:30:00.000Z","#,
    r#""user":{"externalUserId":"$user","email":"ada@example.com","firstName":"Ada","lastName":"Lovelace","#,
    r#""address":"Main Street 1","city":"Berlin","country":"DE","documentType":"PASSPORT","#,
    r#""documentNumber":"C01X00T47","pesel":null,"birthCountry":null,"birthDate":"1990-12-10"}}"#,
);

uuid_in_path!(
    SepaTransferId,
    "transferId",
    "The id of the transfer, from `POST /v1/sepa-transfer` or `POST /v1/partner/sepa-transfer`.",
    "$sepaTransfer"
);

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getSepaTransfer",
        summary: "Get a SEPA transfer",
        description: "One SEPA transfer, of a user or of your master balance. `fee` is a number, `amount` a string.",
        answer: ANSWER,
        refusals: &[&P428],
        ..get("/v1/sepa-transfer/details/{transferId}", get_sepa_transfer)
    }
}

async fn get_sepa_transfer(
    context: Context,
    Path(SepaTransferId(id)): Path<SepaTransferId>,
) -> Result<Success<SepaTransferDetails>, Failure> {
    let not_a_uuid = "transferId must be a UUID, as the call that made the transfer answers";
    let id = id.ok_or_else(|| Refusal::because(&P428, not_a_uuid))?;
    let mut snapshot = context.snapshot().await?;
    let transfer = snapshot.objects_at::<Transfer>(&[id]).await?.pop();
    let transfer =
        transfer.filter(|transfer| transfer.refunds.is_none()).ok_or_else(|| Refusal::of(&P428))?;
    let app = &context.app;
    let people = People::load(app, &mut snapshot, [transfer.holder].into_iter()).await?;
    let details = details(app, &transfer, &people)?;
    let user = match people.user(transfer.holder) {
        Some((holder, profile)) => Some(user_of(app, &mut snapshot, holder, profile.clone()).await?),
        _ => None,
    };
    Success::of(&SepaTransferDetails { user, ..details })
}

/// A user, as details of payments show it.
///
/// # Errors
/// When the database is away.
pub async fn user_of(
    app: &App,
    scope: &mut Scope,
    holder: &Holder,
    profile: Profile,
) -> Result<SepaUser, StoreError> {
    let document = identity_document(app, scope, holder).await?;
    let Profile { street, number, .. } = &profile;
    let line = [street.as_deref(), number.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let line = Some(line).filter(|line| !line.is_empty());
    let (document_type, document_number) = match document {
        Some(document) => (Some(document.document_type.as_str().to_owned()), Some(document.number)),
        None => (profile.document_type, profile.document_number),
    };
    Ok(SepaUser {
        external_user_id: holder.handle.clone(),
        email: profile.email,
        first_name: profile.first_name,
        last_name: profile.last_name,
        address: line.or(profile.address),
        city: profile.city,
        country: profile.country,
        document_type,
        document_number,
        pesel: profile.pesel,
        birth_country: profile.birth_country,
        birth_date: profile.birth_date,
    })
}

/// The payloads of transfers' events, in their order. An event's data says how the transfer stood then.
pub async fn render(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    let ids: Vec<Uuid> = events.iter().map(|event| event.object).collect();
    let transfers = scope.objects_at::<Transfer>(&ids).await?;
    let people = People::load(app, scope, transfers.iter().map(|transfer| transfer.holder)).await?;
    let transfers: HashMap<_, _> = transfers.into_iter().map(|transfer| (transfer.id, transfer)).collect();
    let render = |event: &&StoredEvent| {
        let transfer = transfers.get(&event.object);
        let transfer = transfer.ok_or_else(|| StoreError::unexpected("the transfer of an event is gone"))?;
        let transfer = transfer.at_event(&event.data);
        let transfer = transfer.ok_or_else(|| StoreError::unexpected("an event of an unknown state"))?;
        let details = details(app, &transfer, &people)?;
        let payload = match details.error {
            Some(error) => SepaTransferPayload::Failed(FailedSepaTransfer {
                id: transfer.id,
                status: SepaTransferStatus::Failed,
                error,
            }),
            None => SepaTransferPayload::Made(details.transfer),
        };
        to_raw_value(&payload).map_err(StoreError::unexpected)
    };
    Ok(events.iter().map(render).collect())
}

fn details(app: &App, transfer: &Transfer, people: &People) -> Result<SepaTransferDetails, StoreError> {
    let payee: Option<Payee> =
        sealed::open(&app.seals, people.holder(transfer.holder), transfer.sealed.as_deref())?;
    let status = SepaTransferStatus::of(transfer.state);
    let failure = transfer.failure.filter(|_| status == SepaTransferStatus::Failed);
    let error = failure.map(|failure| SepaTransferError::of(transfer, failure));
    let (iban, title) = payee.as_ref().map(|payee| (payee.iban.clone(), payee.title.clone())).unzip();
    let mut payee = payee.unwrap_or_default();
    if payee.name().is_empty()
        && let Some(profile) = people.profile(transfer.holder)
    {
        // To an account of the payer's own.
        (payee.first_name, payee.last_name) = (profile.first_name.clone(), profile.last_name.clone());
    }
    let transfer = SepaTransfer {
        id: transfer.id,
        kind: SepaTransferType::External,
        amount: format_minor(transfer.amount, 2),
        transfer_title: title,
        destination_iban: iban,
        receiver_first_name: payee.first_name,
        receiver_last_name: payee.last_name,
        company_name: payee.company,
        status,
        speed: transfer.speed.into(),
        requested_speed: transfer.requested,
        currency: "eur".to_owned(),
        fee: ExactNumber::new(transfer.fee, 2),
        created_at: transfer.created_at.to_string(),
    };
    Ok(SepaTransferDetails { transfer, error, user: None })
}
