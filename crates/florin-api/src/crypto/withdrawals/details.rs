//! `GET /v1/crypto-withdrawal/details/{withdrawalId}`, and the payload of a withdrawal's event.

use super::withdrawal::{CryptoWithdrawalFailure, Destination, State, Withdrawal};
use crate::crypto::chain::Net;
use crate::kit::book::sealed;
use crate::kit::endpoint::family::Rendered;
use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::sepa::{People, SepaUser, user_of};
use florin_store::{Scope, StoredEvent};
use serde_json::value::to_raw_value;
use std::collections::HashMap;

words! {
    /// Where a crypto withdrawal stands.
    pub enum CryptoWithdrawalStatus {
        /// Amount and fees are on hold.
        Pending = "PENDING",
        /// Its transaction goes to the network, or waits there for its confirmations.
        Processing = "PROCESSING",
        /// The transaction has its confirmations.
        Successful = "SUCCESSFUL",
        /// The money is on the balance again.
        Failed = "FAILED",
    }
}

impl CryptoWithdrawalStatus {
    const fn of(state: State) -> Self {
        match state {
            State::Held | State::Approval => Self::Pending,
            State::Signed | State::Sent => Self::Processing,
            State::Settled => Self::Successful,
            State::Failed => Self::Failed,
        }
    }
}

/// Why a crypto withdrawal failed.
#[derive(Serialize, ToSchema)]
pub struct CryptoWithdrawalError {
    /// What happened, for people.
    #[schema(example = "The user was suspended before the withdrawal was paid")]
    description: String,
    /// What happened, for programs.
    status: CryptoWithdrawalFailure,
}

impl CryptoWithdrawalError {
    fn of(withdrawal: &Withdrawal) -> Option<Self> {
        let status = withdrawal.failure.filter(|_| withdrawal.state == State::Failed)?;
        Some(Self { description: status.description().to_owned(), status })
    }
}

/// A crypto withdrawal.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CryptoWithdrawalDetails {
    /// Its id.
    id: Uuid,
    /// What the receiver gets, in whole units of the currency.
    #[schema(value_type = ExactNumber, example = 0.5)]
    amount: ExactNumber,
    /// The service fee, in the currency, on top of the amount.
    #[schema(value_type = ExactNumber, example = 0.003)]
    fee: ExactNumber,
    /// The network fee, in the currency, on top of both.
    #[schema(value_type = ExactNumber, example = 0.0005)]
    network_fee: ExactNumber,
    /// The currency.
    #[schema(example = "eth")]
    currency: String,
    /// The network.
    #[schema(example = "ethereum")]
    network: String,
    /// Where it goes; null once the user's data is erased.
    #[schema(required, example = "0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17")]
    destination: Option<String>,
    /// Where it stands.
    status: CryptoWithdrawalStatus,
    /// The id of the transaction that pays it; null until there is one. It changes where a transaction that has waited
    /// too long is replaced by one with a higher fee.
    #[schema(required)]
    transaction_hash: Option<String>,
    /// How many blocks confirm the transaction, the one that has it included, up to `requiredConfirmations`; 0 while no
    /// block has it.
    confirmations: i64,
    /// How many confirmations make the withdrawal `SUCCESSFUL`.
    required_confirmations: i64,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// Why it failed; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<CryptoWithdrawalError>,
}

/// A crypto withdrawal goes to the network, was paid, or failed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CryptoWithdrawalPayload {
    /// Its id.
    id: Uuid,
    /// What the receiver gets, in whole units of the currency.
    #[schema(value_type = ExactNumber, example = 0.5)]
    amount: ExactNumber,
    /// The service fee, in the currency, on top of the amount.
    #[schema(value_type = ExactNumber, example = 0.003)]
    fee: ExactNumber,
    /// Where it goes; null once the user's data is erased.
    #[schema(required)]
    destination: Option<String>,
    /// Where it stands.
    status: CryptoWithdrawalStatus,
    /// The currency.
    #[schema(example = "eth")]
    currency: String,
    /// The network.
    #[schema(example = "ethereum")]
    network: String,
    /// The id of the transaction that pays it; null where nothing was sent.
    #[schema(required)]
    transaction_hash: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// The user that pays; absent for your master balance.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<SepaUser>,
    /// Why it failed; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<CryptoWithdrawalError>,
}

/// A paid withdrawal's event, as text.
pub const EXAMPLE: &str = concat!(
    r#"{"id":"0198c5d2-d064-7257-9fb8-91c36e7f80a2","amount":0.5,"fee":0.003,"#,
    r#""destination":"0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17","status":"SUCCESSFUL","currency":"eth","#,
    r#""network":"ethereum","#,
    r#""transactionHash":"0x88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe6a713944b","#,
    r#""createdAt":"2026-01-31T09:30:00.000Z"}"#,
);

/// Its details, as text.
const ANSWER: &str = concat!(
    r#"{"id":"$withdrawal","amount":0.5,"fee":0.003,"networkFee":0.0005,"currency":"eth","network":"ethereum","#,
    r#""destination":"0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17","status":"SUCCESSFUL","#,
    r#""transactionHash":"0x88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe6a713944b","#,
    r#""confirmations":12,"requiredConfirmations":12,"createdAt":"2026-01-31T09:30:00.000Z"}"#,
);

uuid_in_path!(
    WithdrawalId,
    "withdrawalId",
    "The id of the withdrawal, from `POST /v1/crypto-withdrawal` or `POST /v1/partner/crypto-withdrawal`.",
    "$withdrawal"
);

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getCryptoWithdrawal",
        summary: "Get a crypto withdrawal",
        description: "One crypto withdrawal, of a user or of your master balance. `error` says why it failed.",
        answer: ANSWER,
        refusals: &[&P441],
        ..get("/v1/crypto-withdrawal/details/{withdrawalId}", get_crypto_withdrawal)
    }
}

async fn get_crypto_withdrawal(
    context: Context,
    Path(WithdrawalId(id)): Path<WithdrawalId>,
) -> Result<Success<CryptoWithdrawalDetails>, Failure> {
    let not_a_uuid = "withdrawalId must be a UUID, as the call that made the withdrawal answers";
    let id = id.ok_or_else(|| Refusal::because(&P441, not_a_uuid))?;
    let mut snapshot = context.snapshot().await?;
    let withdrawal = snapshot.objects_at::<Withdrawal>(&[id]).await?.pop();
    let withdrawal = withdrawal.filter(|withdrawal| withdrawal.returns.is_none());
    let withdrawal = withdrawal.ok_or_else(|| Refusal::of(&P441))?;
    let app = &context.app;
    let people = People::load(app, &mut snapshot, [withdrawal.holder].into_iter()).await?;
    Success::of(&details(app, withdrawal, &people)?)
}

fn details(
    app: &App,
    withdrawal: Withdrawal,
    people: &People,
) -> Result<CryptoWithdrawalDetails, StoreError> {
    let required = Net::of(&withdrawal.network).map_or(1, |net| net.confirmations(app));
    let required = i64::try_from(required).unwrap_or(i64::MAX);
    let number = scale(app, withdrawal.currency);
    Ok(CryptoWithdrawalDetails {
        id: withdrawal.id,
        amount: number(withdrawal.amount),
        fee: number(withdrawal.fee),
        network_fee: number(withdrawal.network_fee),
        currency: withdrawal.currency.to_string(),
        destination: destination(app, &withdrawal, people)?,
        status: CryptoWithdrawalStatus::of(withdrawal.state),
        confirmations: withdrawal.confirmations.min(required),
        required_confirmations: required,
        created_at: withdrawal.created_at.to_string(),
        error: CryptoWithdrawalError::of(&withdrawal),
        network: withdrawal.network,
        transaction_hash: withdrawal.hash,
    })
}

/// How amounts of a currency are written.
fn scale(app: &App, currency: CurrencyCode) -> impl Fn(i64) -> ExactNumber + use<> {
    let decimals = app.currencies.get(currency).map_or(0, |currency| currency.decimals);
    move |amount| ExactNumber::new(amount, decimals)
}

fn destination(app: &App, withdrawal: &Withdrawal, people: &People) -> Result<Option<String>, StoreError> {
    let holder = people.holder(withdrawal.holder);
    let opened: Option<Destination> = sealed::open(&app.seals, holder, withdrawal.sealed.as_deref())?;
    Ok(opened.map(|destination| destination.address))
}

/// The payloads of withdrawals' events, in their order. An event's data says how the withdrawal stood then.
pub async fn render(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    let ids: Vec<Uuid> = events.iter().map(|event| event.object).collect();
    let withdrawals = scope.objects_at::<Withdrawal>(&ids).await?;
    let people = People::load(app, scope, withdrawals.iter().map(|withdrawal| withdrawal.holder)).await?;
    let withdrawals: HashMap<_, _> =
        withdrawals.into_iter().map(|withdrawal| (withdrawal.id, withdrawal)).collect();
    let mut rendered = Vec::with_capacity(events.len());
    for event in events {
        rendered.push(match withdrawals.get(&event.object).map(|found| found.at_event(&event.data)) {
            Some(Some(withdrawal)) => payload(app, scope, withdrawal, &people)
                .await
                .and_then(|payload| to_raw_value(&payload).map_err(StoreError::unexpected)),
            Some(None) => Err(StoreError::unexpected("an event of an unknown state")),
            None => Err(StoreError::unexpected("the withdrawal of an event is gone")),
        });
    }
    Ok(rendered)
}

async fn payload(
    app: &App,
    scope: &mut Scope,
    withdrawal: Withdrawal,
    people: &People,
) -> Result<CryptoWithdrawalPayload, StoreError> {
    let user = match people.user(withdrawal.holder) {
        Some((holder, profile)) => Some(user_of(app, scope, holder, profile.clone()).await?),
        None => None,
    };
    let number = scale(app, withdrawal.currency);
    Ok(CryptoWithdrawalPayload {
        id: withdrawal.id,
        amount: number(withdrawal.amount),
        fee: number(withdrawal.fee),
        destination: destination(app, &withdrawal, people)?,
        status: CryptoWithdrawalStatus::of(withdrawal.state),
        currency: withdrawal.currency.to_string(),
        created_at: withdrawal.created_at.to_string(),
        user,
        error: CryptoWithdrawalError::of(&withdrawal),
        network: withdrawal.network,
        transaction_hash: withdrawal.hash,
    })
}
