//! `GET /v1/crypto-deposit/details/{cryptoDepositId}`, and the payload of a deposit's event.

use super::deposit::{CryptoDepositStatus, Deposit, DepositState};
use crate::crypto::chain::{Cursor, Net};
use crate::kit::endpoint::family::Rendered;
use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::prelude::*;
use florin_store::{Scope, StoredEvent};
use serde_json::value::to_raw_value;
use std::collections::HashMap;

/// A crypto deposit changed its status.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CryptoDepositPayload {
    /// Your own id of the user; null for your master balance.
    #[schema(required)]
    external_user_id: Option<String>,
    /// Its id.
    crypto_deposit_id: Uuid,
    /// What came in, in whole units of the currency.
    #[schema(value_type = ExactNumber, example = 0.02)]
    amount: ExactNumber,
    /// The currency.
    #[schema(example = "btc")]
    currency: String,
    /// Where it stands.
    status: CryptoDepositStatus,
    /// The id of the transaction, as its chain writes it.
    transaction_hash: String,
    /// When a block with it was seen first.
    #[schema(format = DateTime)]
    created_at: String,
}

/// A crypto deposit.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CryptoDepositDetails {
    /// What its events say.
    #[serde(flatten)]
    deposit: CryptoDepositPayload,
    /// The network.
    #[schema(example = "btc")]
    network: String,
    /// The address to which it came: of the user's wallet, or of yours.
    address: String,
    /// How many blocks confirm it, the one that has it included; 0 while no block has it.
    confirmations: u64,
    /// How many confirmations it needs.
    required_confirmations: u64,
    /// Why it is not credited; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<CryptoDepositError>,
}

/// Why a crypto deposit is not credited.
#[derive(Serialize, ToSchema)]
pub struct CryptoDepositError {
    /// What happened, for people.
    #[schema(example = "It is below the least deposit of its network")]
    description: &'static str,
    /// What happened, for programs: `TOO_SMALL`, `UNEXPLAINED`, `RETURNING`, `RETURNED` or `GONE`.
    #[schema(example = "TOO_SMALL")]
    status: &'static str,
}

impl CryptoDepositError {
    fn of(state: DepositState) -> Option<Self> {
        let description = match state {
            DepositState::TooSmall => "It is below the least deposit of its network",
            DepositState::Unexplained => "Nobody said in time who sent it",
            DepositState::Returning | DepositState::Returned => "It goes back, or went back",
            DepositState::Gone => "Its chain does not have it any more",
            _ => return None,
        };
        Some(Self { description, status: state.as_str() })
    }
}

/// A payload, as text.
pub const EXAMPLE: &str = concat!(
    r#"{"externalUserId":"customer-1001","cryptoDepositId":"6b1f0a52-4c9d-8e37-a1b2-c3d4e5f60718","#,
    r#""amount":0.02,"currency":"btc","status":"SUCCESSFUL","#,
    r#""transactionHash":"8f3c2a1b5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708","#,
    r#""createdAt":"2026-01-31T09:30:00.000Z"}"#,
);

const ANSWER: &str = concat!(
    r#"{"externalUserId":"$user","cryptoDepositId":"$cryptoDeposit","amount":0.02,"currency":"btc","#,
    r#""status":"SUCCESSFUL","#,
    r#""transactionHash":"8f3c2a1b5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708","#,
    r#""createdAt":"2026-01-31T09:30:00.000Z","network":"btc","#,
    r#""address":"tb1qtke5lpwdy0d4mpadh9kwkervskffcdkghfgvcr","confirmations":2,"requiredConfirmations":2}"#,
);

uuid_in_path!(pub(super) CryptoDepositId, "cryptoDepositId", "The id of a deposit, from its event.", "$cryptoDeposit");

impl CryptoDepositId {
    /// The id.
    ///
    /// # Errors
    /// P442: it is none.
    pub fn require(self) -> Result<Uuid, Refusal> {
        self.0.ok_or_else(|| Refusal::because(&P442, "cryptoDepositId must be a UUID, as the event has it"))
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getCryptoDeposit",
        summary: "Get a crypto deposit",
        description: "One crypto deposit: to a user, to your master balance, or to the address of an order. `error` \
                      says why it is not credited.",
        answer: ANSWER,
        refusals: &[&P442],
        ..get("/v1/crypto-deposit/details/{cryptoDepositId}", get_crypto_deposit)
    }
}

async fn get_crypto_deposit(
    context: Context,
    Path(id): Path<CryptoDepositId>,
) -> Result<Success<CryptoDepositDetails>, Failure> {
    let id = id.require()?;
    let app = &context.app;
    let mut snapshot = context.snapshot().await?;
    let deposit = snapshot.objects_at::<Deposit>(&[id]).await?.pop().ok_or_else(|| Refusal::of(&P442))?;
    let net = Net::of(&deposit.network);
    let net = net.ok_or_else(|| StoreError::unexpected("a deposit on a network that is not known"))?;
    let cursor = Cursor::find(app, &mut snapshot, net).await?;
    let handle = snapshot.holders(&[deposit.holder]).await?.pop().and_then(|holder| holder.handle);
    Success::of(&CryptoDepositDetails {
        network: deposit.network.clone(),
        address: deposit.address.clone(),
        confirmations: cursor.map_or(0, |cursor| cursor.confirmations(deposit.height)),
        required_confirmations: net.confirmations(app),
        error: CryptoDepositError::of(deposit.state),
        deposit: payload(app, &deposit, handle)?,
    })
}

fn payload(
    app: &App,
    deposit: &Deposit,
    external_user_id: Option<String>,
) -> Result<CryptoDepositPayload, StoreError> {
    let currency = app.currencies.parse(deposit.currency.as_str());
    let currency = currency.ok_or_else(|| StoreError::unexpected("a deposit of an unknown currency"))?;
    Ok(CryptoDepositPayload {
        external_user_id,
        crypto_deposit_id: deposit.id,
        amount: ExactNumber::new(deposit.amount, currency.decimals),
        currency: deposit.currency.to_string(),
        status: deposit.state.status(),
        transaction_hash: deposit.hash.clone(),
        created_at: deposit.created_at.to_string(),
    })
}

/// The payloads of deposits' events, in their order. An event's data says how the deposit stood then.
pub async fn render(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    let ids: Vec<Uuid> = events.iter().map(|event| event.object).collect();
    let deposits = scope.objects_at::<Deposit>(&ids).await?;
    let mut holders: Vec<_> = deposits.iter().map(|deposit| deposit.holder).collect();
    holders.sort_unstable();
    holders.dedup();
    let holders = scope.holders(&holders).await?;
    let handles: HashMap<_, _> = holders.into_iter().map(|holder| (holder.id, holder.handle)).collect();
    let deposits: HashMap<_, _> = deposits.into_iter().map(|deposit| (deposit.id, deposit)).collect();
    let render = |event: &&StoredEvent| {
        let deposit = deposits.get(&event.object);
        let deposit = deposit.ok_or_else(|| StoreError::unexpected("the deposit of an event is gone"))?;
        let then = deposit.at_event(&event.data);
        let then = then.ok_or_else(|| StoreError::unexpected("an event of an unknown state"))?;
        let handle = handles.get(&deposit.holder).cloned().flatten();
        to_raw_value(&payload(app, &then, handle)?).map_err(StoreError::unexpected)
    };
    Ok(events.iter().map(render).collect())
}
