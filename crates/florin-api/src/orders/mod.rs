//! Orders: somebody pays crypto, and the partner gets EUR.
//!
//! A **lock** guarantees a rate for one order. An **order** gets an address of its own, so what comes to it pays the
//! order, in whatever parts. Each payment is sold once it is confirmed, and the partner gets EUR for it at once: what
//! comes in time at the lock's rate, what is late or over at the rate of its moment. One job looks at an order whenever
//! something may have changed, and says where it stands.
//!
//! States of an order: see `order.rs`. Accounts touched: the house's suspense and FX position in the
//! currency, its FX position in EUR, and the partner's main account in EUR. Events: `order`.

mod details;
mod lock_rate;
mod look;
mod open;
mod order;
mod postings;
mod store;

pub use details::{OrderDetails, OrderPaymentStatus, OrderTransaction, Paid, details as order_details, paid};
pub use open::{Offer, offers, open_of_link, orders_of_link};
pub use order::{Order, OrderStatus};

use crate::crypto::ORDER_JOB;
use crate::kit::app::App;
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{EventRow, Family, Placeholder, Scenario};
use crate::kit::endpoint::table::Shape;
use florin_store::migration;

/// The job that looks at a payment link. An order of a link leaves it when something happened to it.
pub const LINK_JOB: &str = "payment_link.look";

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Orders", "Somebody pays crypto, and you get EUR."),
    endpoints: || lock_rate::endpoints().into_iter().chain([details::endpoint()]).collect(),
    jobs: &[(ORDER_JOB, |app, job| Box::pin(look::look(app, job)))],
    events: &[EventRow {
        event: EventType::Order,
        summary: "Order Status",
        description: "An order got its address, was paid, or ended.",
        payload: Shape::of::<details::OrderDetails>(),
        example: details::EXAMPLE,
        render: |_, _, events| Box::pin(async move { details::render(events) }),
    }],
    records: &[order::SETTLED, order::TAKEN_BACK, order::LINK_SETTLED],
    statements: &[store::STATEMENTS],
    sets: &[&store::SETS],
    migrations: &[migration!(1024, "1024_orders")],
    sealed: &store::SEALED,
    forgets: &[store::FORGET_LOCKS],
    outlived: &[store::FORGET_OLD_LOCKS],
    scenarios,
    placeholders: &[
        Placeholder {
            word: "$rateLock",
            shown: "0198c5d2-d064-7257-8fb8-91c36e7f80a1",
            unknown: "01a00000-0000-7000-8000-000000000008",
            made_by: Some(("POST", "/v1/order/lock-rate", "lockId")),
        },
        Placeholder {
            word: "$order",
            shown: "0198c5d2-d064-7257-8fb8-91c36e7f80a2",
            unknown: "01a00000-0000-7000-8000-000000000009",
            made_by: Some(("POST", "/v1/order", "orderId")),
        },
    ],
    ..Family::EMPTY
};

/// What makes an order end otherwise than paid.
fn scenarios(app: &App) -> Vec<Scenario> {
    let (advance, deposit) = ("POST /v1/sandbox/clock/advance", "POST /v1/sandbox/chain/deposit");
    let scenario = |call, field, value: String, outcome: &str| Scenario {
        call,
        field,
        value,
        outcome: outcome.to_owned(),
    };
    vec![
        scenario(
            advance,
            "seconds",
            app.settings.rate_lock.as_secs().to_string(),
            "rate locks have expired: POST /v1/order is P435",
        ),
        scenario(
            advance,
            "seconds",
            order::PAY_WITHIN.as_secs().to_string(),
            "an order that waits for payment is EXPIRED, and one that waits for the rest is FAILED; what is paid then \
             is late, and is settled at the rate of its moment",
        ),
        scenario(
            deposit,
            "amount",
            "less than totalAmountRequired".to_owned(),
            "to the address of an order: it is AWAITING_COMPLETION",
        ),
        scenario(
            deposit,
            "amount",
            "more than totalAmountRequired".to_owned(),
            "to the address of an order: it is COMPLETED with overpaidAmount",
        ),
    ]
}
