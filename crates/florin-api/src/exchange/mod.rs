//! Exchange of one currency for another, for users and for the partner's master balance.
//!
//! A **lock** is an object: it holds the rates and the fee of the moment in which it was given, for its holder, once,
//! until it expires by business time. An **exchange** takes a lock and is executed before the answer, atomically. Its
//! object says what was agreed, and its journal record what was booked.
//!
//! States of a lock: given → used, or expired. States of an exchange: completed; what is refused does not exist.
//! Accounts touched: the holder's main accounts and the house's FX positions in both currencies, and the house's fees
//! in the one that is bought. Events: `exchange`.

mod completed;
mod create;
mod details;
mod lock;
mod lock_rates;
mod postings;
mod store;

use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{EventRow, Family, Placeholder};
use crate::kit::endpoint::table::Shape;
use florin_store::migration;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Exchange", "One currency for another, at a rate that a lock guarantees."),
    endpoints: || {
        lock_rates::endpoints().into_iter().chain(create::endpoints()).chain(details::endpoints()).collect()
    },
    events: &[EventRow {
        event: EventType::Exchange,
        summary: "Exchange",
        description: "A user's money, or your own, was exchanged.",
        payload: Shape::of::<details::ExchangeDetails>(),
        example: details::EXAMPLE,
        render: |app, scope, events| Box::pin(details::render(app, scope, events)),
    }],
    records: &[completed::EXCHANGE],
    sets: &[&store::SETS],
    migrations: &[migration!(1008, "1008_exchange")],
    forgets: &[store::FORGET_LOCKS],
    outlived: &[store::FORGET_OLD_LOCKS],
    placeholders: &[
        Placeholder {
            word: "$lock",
            shown: "0198c5d2-8b1f-7d02-9a63-4c7e1f2a3b5d",
            unknown: "01a00000-0000-7000-8000-000000000001",
            made_by: Some(("GET", "/v1/exchange/get-lock/{externalUserId}", "id")),
        },
        Placeholder {
            word: "$partnerLock",
            shown: "0198c5d2-8b1f-7d02-9a63-4c7e1f2a3b5e",
            unknown: "01a00000-0000-7000-8000-000000000002",
            made_by: Some(("GET", "/v1/partner/exchange/get-lock", "id")),
        },
        Placeholder {
            word: "$exchange",
            shown: "0198c5d2-9c20-7e13-8b74-5d8f2a3b4c6e",
            unknown: "01a00000-0000-7000-8000-000000000003",
            made_by: Some(("POST", "/v1/exchange", "exchangeId")),
        },
    ],
    ..Family::EMPTY
};
