//! `GET /v1/order/details/{orderId}`, and the payload of an order's event.

use super::order::{Order, OrderStatus, Payment};
use crate::crypto::{Cursor, Deposit, Net, of_purpose};
use crate::kit::endpoint::family::Rendered;
use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use florin_store::{Scope, StoredEvent};
use serde_json::value::RawValue;
use std::collections::HashMap;

words! {
    /// Where a payment of an order stands.
    pub enum OrderPaymentStatus {
        /// It waits for confirmations.
        Pending = "PENDING",
        /// It is settled.
        Confirmed = "CONFIRMED",
    }
}

/// A deposit that pays an order, with what was settled of it.
pub struct Paid {
    /// What came in.
    pub deposit: Deposit,
    /// What was settled.
    pub payment: Option<Payment>,
}

/// A payment of an order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderTransaction {
    /// The id of the transaction, as its chain writes it.
    pub transaction_hash: String,
    /// What was paid, in `cryptocurrency`.
    #[schema(value_type = ExactNumber, example = 412.607142)]
    pub amount: ExactNumber,
    /// How many blocks confirm it, the one that has it included.
    pub confirmations: u64,
    /// Where it stands.
    pub status: OrderPaymentStatus,
    /// What was settled for it, in EUR; 0 while it is `PENDING`.
    #[schema(value_type = ExactNumber, example = 346.59)]
    pub settled_amount: ExactNumber,
    /// Whether its block is from after `expiresAt`: then it was settled at the rate of its moment. False while it is
    /// `PENDING`.
    pub is_late: bool,
}

/// An order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderDetails {
    /// Its id.
    pub order_id: Uuid,
    /// The lock whose rate it has.
    pub lock_id: Uuid,
    /// Where it stands.
    pub status: OrderStatus,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Until when it can be paid at its rate: 15 minutes from the address on. A part of a hundredth or more gives 15
    /// minutes from its confirmation on, but not more than 45 minutes after `createdAt`. Null while it has no address.
    #[schema(required, format = DateTime)]
    pub expires_at: Option<String>,
    /// How many blocks confirm the newest payment, the one that has it included; 0 while there is none.
    pub confirmations: u64,
    /// How many confirmations a payment needs.
    pub required_confirmations: u64,
    /// What was paid and confirmed, in `cryptocurrency`.
    #[schema(value_type = ExactNumber, example = 412.607142)]
    pub received_amount: ExactNumber,
    /// What must be paid, in `cryptocurrency`.
    #[schema(value_type = ExactNumber, example = 412.607142)]
    pub total_amount_required: ExactNumber,
    /// What it is settled in: always `eur`.
    #[schema(example = "eur")]
    pub currency: String,
    /// What it is paid in.
    #[schema(example = "usdc")]
    pub cryptocurrency: String,
    /// Where it is paid; null while it has no address.
    #[schema(required)]
    pub wallet_address: Option<String>,
    /// The id of the newest payment's transaction; null while there is none.
    #[schema(required)]
    pub transaction_hash: Option<String>,
    /// The network, in upper case.
    #[schema(example = "POLYGON")]
    pub network: String,
    /// What is settled once all is paid in time, in EUR.
    #[schema(value_type = ExactNumber, example = 346.59)]
    pub settlement_amount: ExactNumber,
    /// What was settled to your master balance so far, in EUR.
    #[schema(value_type = ExactNumber, example = 346.59)]
    pub settled_amount: ExactNumber,
    /// What was paid and confirmed over `totalAmountRequired`, in `cryptocurrency`.
    #[schema(value_type = ExactNumber, example = 0)]
    pub overpaid_amount: ExactNumber,
    /// The payments that a block has, oldest first.
    pub transactions: Vec<OrderTransaction>,
}

/// A completed order, as text.
pub const EXAMPLE: &str = concat!(
    r#"{"orderId":"0198c5d2-d064-7257-8fb8-91c36e7f80a2","lockId":"0198c5d2-d064-7257-8fb8-91c36e7f80a1","#,
    r#""status":"COMPLETED","createdAt":"2026-01-31T09:30:00.000Z","expiresAt":"2026-01-31T09:45:00.000Z","#,
    r#""confirmations":32,"requiredConfirmations":32,"receivedAmount":412.607142,"#,
    r#""totalAmountRequired":412.607142,"currency":"eur","cryptocurrency":"usdc","#,
    r#""walletAddress":"0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17","#,
    r#""transactionHash":"0x8f3c2a1b5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708","#,
    r#""network":"POLYGON","settlementAmount":346.59,"settledAmount":346.59,"overpaidAmount":0,"transactions":["#,
    r#"{"transactionHash":"0x8f3c2a1b5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708","#,
    r#""amount":412.607142,"confirmations":32,"status":"CONFIRMED","settledAmount":346.59,"isLate":false}]}"#,
);

const ANSWER: &str = concat!(
    r#"{"orderId":"$order","lockId":"$rateLock","status":"WAITING_FOR_PAYMENT","#,
    r#""createdAt":"2026-01-31T09:30:00.000Z","expiresAt":"2026-01-31T09:45:00.000Z","#,
    r#""confirmations":0,"requiredConfirmations":32,"receivedAmount":0,"totalAmountRequired":412.607142,"#,
    r#""currency":"eur","cryptocurrency":"usdc","walletAddress":"0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17","#,
    r#""transactionHash":null,"network":"POLYGON","settlementAmount":346.59,"settledAmount":0,"#,
    r#""overpaidAmount":0,"transactions":[]}"#,
);

uuid_in_path!(OrderId, "orderId", "The id of the order, from `POST /v1/order`.", "$order");

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getOrder",
        summary: "Get an order",
        description: "One order. Amounts are numbers; those of the payer are in `cryptocurrency`, those of the \
                      settlement in EUR.",
        answer: ANSWER,
        refusals: &[&P443],
        ..get("/v1/order/details/{orderId}", get_order)
    }
}

async fn get_order(
    context: Context,
    Path(OrderId(id)): Path<OrderId>,
) -> Result<Success<OrderDetails>, Failure> {
    let not_a_uuid = "orderId must be a UUID, as the call that made the order answers";
    let id = id.ok_or_else(|| Refusal::because(&P443, not_a_uuid))?;
    let app = &context.app;
    let mut snapshot = context.snapshot().await?;
    let order = snapshot.objects_at::<Order>(&[id]).await?.pop().ok_or_else(|| Refusal::of(&P443))?;
    let paid = paid(&mut snapshot, id).await?;
    let cursor = match Net::of(&order.network) {
        Some(net) => Cursor::find(app, &mut snapshot, net).await?,
        None => None,
    };
    Success::of(&details(app, &order, &paid, cursor.as_ref())?)
}

/// What pays an order and is in a block, oldest first.
pub async fn paid(scope: &mut Scope, order: Uuid) -> Result<Vec<Paid>, StoreError> {
    let deposits = of_purpose(scope, order).await?;
    if deposits.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = deposits.iter().map(|deposit| deposit.id).collect();
    let payments: Vec<Payment> = scope.objects_at(&ids).await?;
    let mut payments: HashMap<_, _> = payments.into_iter().map(|payment| (payment.id, payment)).collect();
    let mut paid: Vec<_> = deposits
        .into_iter()
        .filter(|deposit| deposit.height.is_some())
        .map(|deposit| {
            let payment = payments.remove(&deposit.id).filter(|payment| !payment.is_lost);
            Paid { deposit, payment }
        })
        .collect();
    paid.sort_by_key(|paid| (paid.deposit.created_at, paid.deposit.id));
    Ok(paid)
}

/// An order with its payments. Without a cursor a payment has as many confirmations as its state says: one, or all.
pub fn details(
    app: &App,
    order: &Order,
    paid: &[Paid],
    cursor: Option<&Cursor>,
) -> Result<OrderDetails, StoreError> {
    let currency = app.currencies.parse(order.currency.as_str());
    let currency = currency.ok_or_else(|| StoreError::unexpected("an order in an unknown currency"))?;
    let required = Net::of(&order.network).map_or(1, |net| net.confirmations(app));
    let crypto = |minor| ExactNumber::new(minor, currency.decimals);
    let eur = |cents| ExactNumber::new(cents, 2);
    let transaction = |paid: &Paid| OrderTransaction {
        transaction_hash: paid.deposit.hash.clone(),
        amount: crypto(paid.deposit.amount),
        confirmations: match (cursor, &paid.payment) {
            (Some(cursor), _) => cursor.confirmations(paid.deposit.height),
            (None, Some(_)) => required,
            (None, None) => 1,
        },
        status: match paid.payment {
            Some(_) => OrderPaymentStatus::Confirmed,
            None => OrderPaymentStatus::Pending,
        },
        settled_amount: eur(paid.payment.as_ref().map_or(0, |payment| payment.settled)),
        is_late: paid.payment.as_ref().is_some_and(|payment| payment.is_late),
    };
    let transactions: Vec<_> = paid.iter().map(transaction).collect();
    Ok(OrderDetails {
        order_id: order.id,
        lock_id: order.lock,
        status: order.state,
        created_at: order.created_at.to_string(),
        expires_at: order.expires_at.map(|at| at.to_string()),
        confirmations: transactions.last().map_or(0, |newest| newest.confirmations),
        required_confirmations: required,
        received_amount: crypto(order.received),
        total_amount_required: crypto(order.required),
        currency: "eur".to_owned(),
        cryptocurrency: order.currency.to_string(),
        wallet_address: order.address.clone(),
        transaction_hash: transactions.last().map(|newest| newest.transaction_hash.clone()),
        network: order.network.to_ascii_uppercase(),
        settlement_amount: eur(order.settlement),
        settled_amount: eur(order.settled),
        overpaid_amount: crypto((order.received - order.required).max(0)),
        transactions,
    })
}

/// The payloads of orders' events: an event keeps its own, for it says how the order stood then.
pub fn render(events: &[&StoredEvent]) -> Rendered {
    let render = |event: &&StoredEvent| {
        let text = String::from_utf8(event.data.clone()).map_err(StoreError::unexpected)?;
        RawValue::from_string(text).map_err(StoreError::unexpected)
    };
    Ok(events.iter().map(render).collect())
}
