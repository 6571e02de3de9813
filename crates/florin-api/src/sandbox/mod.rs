//! The sandbox's controls: decisions, money, time and a fresh start. Only in a sandbox, where they act on the caller's
//! own book alone; in live these paths do not exist.
//!
//! Accounts touched: `fund` moves from the book's funding account, which goes below zero by what was made up.

mod card_codes;
mod cards;
mod chain;
mod clock;
mod fund;
mod inbox;
mod kyc;
mod payment_links;
mod poa;
mod rates;
mod reset;
mod scenarios;
mod sepa;
mod settings;

pub use inbox::InboxItem;

use crate::kit::endpoint::family::Family;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Sandbox", "Decisions, money, time and a fresh start. Only in a sandbox."),
    endpoints: || {
        let calls = vec![
            kyc::endpoint(),
            poa::endpoint(),
            fund::endpoint(),
            reset::endpoint(),
            inbox::endpoint(),
            scenarios::endpoint(),
            settings::endpoint(),
            rates::endpoint(),
            payment_links::endpoint(),
        ];
        clock::endpoints()
            .into_iter()
            .chain(sepa::endpoints())
            .chain(chain::endpoints())
            .chain(cards::endpoints())
            .chain(card_codes::endpoints())
            .chain(calls)
            .collect()
    },
    ..Family::EMPTY
};
