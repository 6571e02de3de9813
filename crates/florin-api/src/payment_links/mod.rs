//! Payment links and hosted checkouts: a partner asks for EUR, and whoever opens the page chooses what to pay with.
//!
//! A **link** has an id that is a secret, since it alone opens the page. Each choice of the payer makes an **order of
//! the link** (`orders`), for what is still missing. Orders settle what is paid to them, whatever the status of their
//! link, and leave a job that looks at the link. Where a link stands is a function of it and its orders: `link.rs`.
//!
//! Accounts touched: none; those of orders are. Events: `payment_link`.

mod branding;
mod cancel;
mod choose;
mod color;
mod create;
mod details;
mod link;
mod logo;
mod look;
mod page;
pub mod payer;
mod said;
mod store;

pub use branding::Branding;
pub use choose::{choose, touches as touches_of_choice};
pub use details::PaymentLinkTransaction;
pub use link::{PaymentLinkStatus, PaymentLinkType};
pub use logo::Logo;
pub use page::pages;
pub use said::PaymentLinkId;

use crate::kit::app::App;
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{EventRow, Family, Placeholder, Scenario};
use crate::kit::endpoint::table::Shape;
use crate::orders::LINK_JOB;
use florin_store::migration;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Payment links", "Links and checkouts that somebody pays in crypto, and you get EUR."),
    endpoints: || {
        let calls = [cancel::endpoint(), details::endpoint()];
        create::endpoints().into_iter().chain(calls).chain(branding::endpoints()).collect()
    },
    jobs: &[(LINK_JOB, |app, job| Box::pin(look::look(app, job)))],
    events: &[EventRow {
        event: EventType::PaymentLink,
        summary: "Payment Link",
        description: "The payer of a payment link or checkout has chosen or paid, or it has ended.",
        payload: Shape::of::<details::PaymentLinkDetails>(),
        example: details::EXAMPLE,
        render: |app, scope, events| Box::pin(details::render(app, scope, events)),
    }],
    statements: &[store::STATEMENTS],
    forgets: &[store::FORGET],
    sets: &[&store::SETS],
    migrations: &[migration!(1030, "1030_payment_links")],
    sealed: &store::SEALED,
    scenarios,
    placeholders: &[Placeholder {
        word: "$paymentLink",
        shown: "7f3a9c0e5b2d48616e1c0f4a8d7b2e95",
        unknown: "00000000000000000000000000000001",
        made_by: Some(("POST", "/v1/payment-link", "paymentLinkId")),
    }],
    ..Family::EMPTY
};

/// What makes a link end otherwise than paid.
fn scenarios(_: &App) -> Vec<Scenario> {
    let (advance, deposit) = ("POST /v1/sandbox/clock/advance", "POST /v1/sandbox/chain/deposit");
    let scenario = |call, field, value: &str, outcome: &str| Scenario {
        call,
        field,
        value: value.to_owned(),
        outcome: outcome.to_owned(),
    };
    vec![
        scenario(
            advance,
            "seconds",
            "expiresInSeconds of a payment link",
            "the link is EXPIRED, unless the payer has chosen in the last 15 minutes of it",
        ),
        scenario(
            deposit,
            "amount",
            "less than amount of POST /v1/sandbox/payment-links/{paymentLinkId}/choose",
            "to the address of that answer: the link is AWAITING_COMPLETION",
        ),
    ]
}
