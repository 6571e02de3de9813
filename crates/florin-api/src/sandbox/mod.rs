//! The sandbox's controls: decisions, money, time and a fresh start. Only in a sandbox, where they act on the caller's
//! own book alone; in live these paths do not exist.
//!
//! Accounts touched: `fund` moves from the book's funding account, which goes below zero by what was made up.

mod clock;
mod fund;
mod inbox;
mod kyc;
mod poa;
mod reset;
mod scenarios;

use crate::kit::endpoint::table::{Access, Endpoint};

/// The calls of this family.
pub fn endpoints() -> Vec<Endpoint> {
    let all = [
        kyc::endpoint(),
        poa::endpoint(),
        fund::endpoint(),
        clock::endpoint(),
        reset::endpoint(),
        inbox::endpoint(),
        scenarios::endpoint(),
    ];
    all.into_iter().map(|endpoint| Endpoint { access: Access::Sandbox, tag: "Sandbox", ..endpoint }).collect()
}
