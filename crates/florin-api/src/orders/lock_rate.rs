//! `GET /v1/order/rates`, `POST /v1/order/lock-rate` and `POST /v1/order`.

use super::open::{lock, payable};
use super::order::OrderLock;
use super::store::LOCKS;
use crate::crypto::ORDER_JOB;
use crate::kit::prelude::*;
use crate::kit::request::number::Number;
use crate::rates;
use florin_store::{Lane, NewJob};
use florin_types::Rate;
use std::collections::BTreeMap;
use std::time::Duration;

/// What somebody can pay with.
#[derive(Serialize, ToSchema)]
pub struct PayableCurrency {
    /// EUR for one unit.
    #[schema(value_type = ExactNumber, example = 0.86)]
    rate: Number<Rate>,
    /// The networks on which it can be paid.
    #[schema(example = json!(["ethereum", "polygon"]))]
    networks: Vec<String>,
}

/// The currencies that can be paid, by code.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
pub struct OrderRates(BTreeMap<String, PayableCurrency>);

/// What is to be settled. The currency may be one that is not served: that is P410, in its turn.
struct LockRequest {
    currency: Listed<Currency>,
    settlement: Amount,
    network: Option<String>,
}

impl Request for LockRequest {
    const NAME: &'static str = "OrderLockRequest";
    const ABOUT: &'static str = "What is to be settled, and how it will be paid.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "What is paid: a crypto currency of `GET /v1/order/rates`.";
        let currency = fields.required("currency").about(about).listed_currency();
        let eur = fields.currencies().get(CurrencyCode::new("eur"));
        let settlement = fields.required("amount").about("What you get, in euros.").amount(eur);
        let about = "A network of the currency, in any letter case. If omitted, the first one that \
                     `GET /v1/order/rates` lists.";
        let network = fields.optional("network").about(about).lowercase();
        Some(Self { currency: currency?, settlement: settlement?, network })
    }
}

/// A rate that holds for one order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLockMade {
    /// What `POST /v1/order` takes as `lockId`.
    lock_id: Uuid,
    /// EUR for one unit of the currency, a decimal string.
    #[schema(example = "0.84")]
    rate: String,
    /// What must be paid, in whole units of the currency: the `amount` of the request divided by `rate`, cut at the
    /// currency's decimals, and one unit of the last decimal more where that would not be worth `amount` to the nearest
    /// cent.
    #[schema(value_type = ExactNumber, example = 412.607142)]
    amount: ExactNumber,
    /// When the lock expires: until then an order can be made with it.
    #[schema(format = DateTime)]
    expires_at: String,
    /// What is paid.
    #[schema(example = "usdc")]
    currency: String,
    /// Always `eur`.
    #[schema(example = "eur")]
    destination_currency: String,
    /// The network on which it is paid.
    #[schema(example = "polygon")]
    network: String,
}

/// The lock of an order.
struct OrderRequest(Uuid);

impl Request for OrderRequest {
    const NAME: &'static str = "OrderRequest";
    const ABOUT: &'static str = "An order to be made.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "The lock, from `POST /v1/order/lock-rate`.";
        fields.required("lockId").about(about).text::<Uuid>().map(Self)
    }
}

/// An order that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderMade {
    /// Id of the order.
    order_id: Uuid,
}

/// The calls.
pub fn endpoints() -> [Endpoint; 3] {
    [
        Endpoint {
            id: "getOrderRates",
            summary: "Get what orders can be paid with",
            description: "The currencies and networks that orders can be paid with, and EUR for one unit of each, now. \
                          The rates are indicative: a lock guarantees one.",
            answer: r#"{"btc":{"rate":95000.5,"networks":["btc"]},
                "usdc":{"rate":0.86,"networks":["ethereum","polygon"]}}"#,
            ..get("/v1/order/rates", get_order_rates)
        },
        Endpoint {
            id: "lockOrderRate",
            summary: "Lock the rate of an order",
            description: "Guarantees the rate of now for one order, until `expiresAt`: for 40 seconds by default.",
            example: r#"{"currency":"usdc","amount":"346.59","network":"polygon"}"#,
            answer: r#"{"lockId":"$rateLock","rate":"0.84","amount":412.607142,
                "expiresAt":"2026-01-31T09:30:40.000Z","currency":"usdc","destinationCurrency":"eur",
                "network":"polygon"}"#,
            refusals: &[&P410, &P450, &P457],
            ..post("/v1/order/lock-rate", lock_order_rate)
        },
        Endpoint {
            id: "createOrder",
            summary: "Create an order",
            description: "Makes an order at the rate of a lock, which is used up by it. Its address is made a moment \
                          later: the event `order` has it, and says from then on where the order stands. The payer has \
                          15 minutes, and 15 more from each part on, but 45 minutes in all.\n\n\
                          Each payment is sold and settled to your master balance once it is confirmed. Payments in \
                          time settle exactly the agreed amount once all is paid, in whatever parts. What is paid late \
                          or over is settled at the rate of its moment.",
            example: r#"{"lockId":"$rateLock"}"#,
            answer: r#"{"orderId":"$order"}"#,
            refusals: &[&P435, &P436],
            ..post("/v1/order", create_order)
        },
    ]
}

async fn get_order_rates(context: Context) -> Result<Success<OrderRates>, Failure> {
    let app = &context.app;
    let mut snapshot = context.snapshot().await?;
    let rates = rates::in_snapshot(app, &mut snapshot).await?;
    let payable = |(code, rate): (CurrencyCode, Rate)| {
        let networks: Vec<_> = payable(app, code).map(|network| network.slug.clone()).collect();
        (!networks.is_empty()).then(|| (code.to_string(), PayableCurrency { rate: Number(rate), networks }))
    };
    Success::of(&OrderRates(rates.iter().filter_map(payable).collect()))
}

async fn lock_order_rate(
    context: Context,
    call: Call<LockRequest>,
) -> Result<Success<OrderLockMade>, Failure> {
    let Call { request: LockRequest { currency, settlement, network }, keyed } = call;
    let touches = rates::touch(&context.app).into_iter().collect();
    context
        .run(keyed, touches, async move |work| {
            let currency = currency.known()?;
            let lock = lock(work, (currency, network.as_deref()), settlement)?;
            work.put(&lock)?;
            Ok(OrderLockMade {
                lock_id: lock.id,
                rate: lock.rate.to_string(),
                amount: ExactNumber::new(lock.required, currency.decimals),
                expires_at: lock.valid_until.to_string(),
                currency: currency.code.to_string(),
                destination_currency: "eur".to_owned(),
                network: lock.network,
            })
        })
        .await
}

async fn create_order(context: Context, call: Call<OrderRequest>) -> Result<Success<OrderMade>, Failure> {
    let Call { request: OrderRequest(lock), keyed } = call;
    context
        .run(keyed, vec![Touch::Object(&LOCKS, lock)], async move |work| {
            let (order_id, now) = (work.id(), work.now());
            let lock = OrderLock::take(work.object(lock)?, now, order_id)?;
            let order = lock.order(order_id, now);
            work.put(&lock)?;
            work.put(&order)?;
            let (due, payload) = (work.in_time(Duration::ZERO), order_id.as_bytes().to_vec());
            work.enqueue(NewJob { kind: ORDER_JOB, lane: Lane::Quick, due, payload });
            Ok(OrderMade { order_id })
        })
        .await
}
