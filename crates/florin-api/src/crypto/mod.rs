//! Crypto: coins and tokens to and from chains, for users and for the partner's master balance.
//!
//! `chain` follows the networks: each book walks the blocks of each network on which it has wallets, one after the
//! other. What a block brings to an address of a holder is a **deposit** (`deposits`). `simulated` is the chain of a
//! sandbox: rows of the book, behind the same trait as a real node. **Withdrawals** (`withdrawals`) are paid by the
//! book's own hot wallet.
//!
//! Accounts touched: main accounts, what holders owe, and the house's chain settlement, suspense and fees.

mod chain;
pub mod simulated;

pub use chain::{LOOK_JOB, NETS, Net, hot_wallet};

use crate::kit::endpoint::family::Family;
use florin_store::migration;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Crypto", "Coins and tokens to and from chains."),
    jobs: &[
        (chain::LOOK_JOB, |app, job| Box::pin(chain::look(app, job))),
        (simulated::MINE_JOB, |app, job| Box::pin(simulated::mine_next(app, job))),
    ],
    statements: &[chain::STATEMENTS, simulated::STATEMENTS],
    sets: &simulated::SETS,
    migrations: &[migration!(1021, "1021_crypto"), migration!(1022, "1022_simulated_chain")],
    forgets: &simulated::FORGET,
    ..Family::EMPTY
};
