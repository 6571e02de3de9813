//! Virtual cards: numbers by which a user's EUR is spent.
//!
//! A **card** (`card.rs`) has a number of the installation's range, which is given out once (`number.rs`). What is on
//! it and its PIN are sealed under keys that are derived from the user's own key (`secrets.rs`): they open nothing
//! without the vault, and are destroyed with the user.
//!
//! States of a card: active ⇄ locked by the user; blocked or suspended by an operator; deleted. Accounts touched: the
//! partner's main account in EUR and the house's fees, by the monthly fee (`fee.rs`). Events: `card.fee`.

mod block;
mod card;
mod create;
mod delete;
mod details;
mod fee;
mod label;
mod limits;
mod list;
mod named;
mod number;
mod operator;
mod pin;
mod pin_block;
mod secrets;
mod store;

pub use operator::{CardOperator, ShownCard};

use crate::kit::endpoint::codes::{P454, P456};
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{Erasure, EventRow, Family, Obstacle, Placeholder, no_obstacle};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::Shape;
use crate::users::RENDER_USER_EVENTS;
use card::CardStatus;
use florin_store::{Holder, Stop, Tx, migration};

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Cards", "Virtual cards of your users: issuing them, and what may be spent by them."),
    endpoints: || {
        let single = [create::endpoint(), list::endpoint(), details::endpoint(), pin::endpoint()];
        single
            .into_iter()
            .chain(block::endpoints())
            .chain(limits::endpoints())
            .chain([delete::endpoint()])
            .collect()
    },
    jobs: &[(fee::FEE_JOB, |app, job| Box::pin(fee::take(app, job)))],
    events: &[EventRow {
        event: EventType::CardFee,
        summary: "Card Fee",
        description: "Your EUR balance was too small for the monthly fee of a card, or what was owed is paid now. A \
                      fee that is paid when it comes due emits nothing.",
        payload: Shape::of::<fee::CardFeePayload>(),
        example: fee::EXAMPLE,
        render: RENDER_USER_EVENTS,
    }],
    records: &[fee::FEE],
    statements: &[store::STATEMENTS],
    sets: &[&store::SETS],
    migrations: &[migration!(1025, "1025_cards")],
    sealed: &store::SEALED,
    erasures: &[Erasure {
        objects: |tx, holder| Box::pin(store::empty(tx, holder)),
        ..Erasure::of_rows(&[])
    }],
    obstacles: &[Obstacle {
        to_suspending: |tx, holder| Box::pin(check_none_active(tx, holder)),
        to_deleting: |tx, holder| Box::pin(check_all_deleted(tx, holder)),
        to_changing_identity: no_obstacle,
        to_changing_address: no_obstacle,
    }],
    placeholders: &[Placeholder {
        word: "$card",
        shown: "0198c5d2-e175-7368-8fb9-a2d47e8091b3",
        unknown: "01a00000-0000-7000-8000-00000000000a",
        made_by: Some(("POST", "/v1/card/virtual", "cardId")),
    }],
    ..Family::EMPTY
};

/// A user with an active card is not suspended: lock or delete the cards first.
async fn check_none_active(tx: &mut Tx, holder: &Holder) -> Result<(), Stop> {
    let cards = store::of_holder(tx.scope(), holder.id).await?;
    let active = cards.iter().filter(|card| card.status == CardStatus::Active).count();
    match active {
        0 => Ok(()),
        _ => Err(Refusal::because(&P454, format_args!("{active}; block or delete them first")).into()),
    }
}

/// A user with a card stays.
async fn check_all_deleted(tx: &mut Tx, holder: &Holder) -> Result<(), Stop> {
    let cards = store::of_holder(tx.scope(), holder.id).await?;
    match cards.iter().all(|card| card.status == CardStatus::Deleted) {
        true => Ok(()),
        false => Err(Refusal::because(&P456, "a card is not deleted").into()),
    }
}
