//! Virtual cards: numbers by which a user's EUR is spent.
//!
//! A **card** (`card.rs`) has a number of the installation's range, which is given out once (`number.rs`). What is on
//! it and its PIN are sealed under keys that are derived from the user's own key (`secrets.rs`): they open nothing
//! without the vault, and are destroyed with the user.
//!
//! States of a card: active ⇄ locked by the user; blocked or suspended by an operator; deleted. Accounts touched: the
//! partner's main account in EUR and the house's fees, by the monthly fee. Events: none.

mod card;
mod create;
mod details;
mod label;
mod limits;
mod list;
mod number;
mod pin;
mod pin_block;
mod secrets;
mod store;

use crate::kit::endpoint::family::{Family, Placeholder};
use florin_store::migration;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Cards", "Virtual cards of your users: issuing them, and what may be spent by them."),
    endpoints: || {
        let single = [create::endpoint(), list::endpoint(), details::endpoint()];
        single.into_iter().collect()
    },
    statements: &[store::STATEMENTS],
    sets: &[&store::SETS],
    migrations: &[migration!(1025, "1025_cards")],
    sealed: &store::SEALED,
    placeholders: &[Placeholder {
        word: "$card",
        shown: "0198c5d2-e175-7368-8fb9-a2d47e8091b3",
        unknown: "01a00000-0000-7000-8000-00000000000a",
        made_by: Some(("POST", "/v1/card/virtual", "cardId")),
    }],
    ..Family::EMPTY
};
