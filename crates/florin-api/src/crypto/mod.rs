//! Crypto: coins and tokens to and from chains, for users and for the partner's master balance.
//!
//! `chain` follows the networks: each book walks the blocks of each network on which it has wallets, one after the
//! other. What a block brings to an address of a holder is a **deposit** (`deposits`). `simulated` is the chain of a
//! sandbox: rows of the book, behind the same trait as a real node. **Withdrawals** (`withdrawals`) are paid by the
//! book's own hot wallet, whose keys, outputs and numbers are in `treasury`.
//!
//! Accounts touched: main accounts, what holders owe, and the house's chain settlement, suspense and fees. Events:
//! `crypto_withdrawal`.

mod chain;
mod treasury;
mod withdrawals;

pub use withdrawals::{CryptoOperator, WaitingWithdrawal, WaitingWithdrawals};

use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{Erasure, EventRow, Family, Obstacle, no_obstacle};
use crate::kit::endpoint::table::Shape;
use florin_store::{SealedTable, SetStatement, migration};

/// What decides where money goes.
static SEALED: [&SealedTable; 5] = {
    let [tries, coins, top_ups, nonces] = treasury::SEALED;
    [withdrawals::WITHDRAWALS.seal(), tries, coins, top_ups, nonces]
};

/// The statements over sets.
static SETS: [&SetStatement; 15] = {
    let ([a, b, c], [d, e, f, g, h, i, j, k, l, m, n, o]) = (withdrawals::SETS, treasury::SETS);
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o]
};

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Crypto", "Coins and tokens to and from chains."),
    endpoints: withdrawals::endpoints,
    jobs: &[
        (withdrawals::PAY_JOB, |app, job| Box::pin(withdrawals::pay(app, job))),
        (withdrawals::RETRY_JOB, |app, job| Box::pin(withdrawals::retry(app, job))),
    ],
    events: &[EventRow {
        event: EventType::CryptoWithdrawal,
        summary: "Crypto Withdrawal",
        description: "A crypto withdrawal, a user's or your own, goes to the network, was paid, or failed.",
        payload: Shape::of::<withdrawals::CryptoWithdrawalPayload>(),
        example: withdrawals::EXAMPLE,
        render: |app, scope, events| Box::pin(withdrawals::render(app, scope, events)),
    }],
    records: &[withdrawals::HELD, withdrawals::SETTLED, withdrawals::FAILED, treasury::HOUSE],
    statements: &[chain::STATEMENTS, withdrawals::STATEMENTS, treasury::STATEMENTS],
    sets: &SETS,
    migrations: &[migration!(1021, "1021_crypto"), migration!(1023, "1023_withdrawals")],
    sealed: &SEALED,
    erasures: &[Erasure {
        objects: |tx, holder| Box::pin(withdrawals::empty(tx, holder)),
        ..Erasure::of_rows(&[])
    }],
    obstacles: &[Obstacle {
        to_suspending: no_obstacle,
        to_deleting: |tx, holder| Box::pin(withdrawals::check_none_open(tx, holder)),
        to_changing_identity: no_obstacle,
        to_changing_address: no_obstacle,
    }],
    placeholders: &[withdrawals::PLACEHOLDER],
    ..Family::EMPTY
};
