//! Crypto: coins and tokens to and from chains, for users and for the partner's master balance.
//!
//! `chain` follows the networks: each book walks the blocks of each network, one after the other. What a block brings
//! to an address of a holder is a **deposit** (`deposits`). `simulated` is the chain of a sandbox: rows of the book,
//! behind the same trait as a real node. **Withdrawals** (`withdrawals`) are paid by the book's own hot wallet, whose
//! keys, outputs and numbers are in `treasury`.
//!
//! Accounts touched: main accounts, what holders owe, and the house's chain settlement, suspense and fees. Events:
//! `crypto_deposit`, `crypto_withdrawal`.

mod chain;
mod deposits;
mod party;
mod playing;
mod reconcile;
mod scenarios;
pub mod simulated;
mod status;
mod treasury;
mod withdrawals;

pub use chain::{
    ChainTroubles, ChainWork, Cursor, NETS, Net, account_payment, claim_address, has_cursor, hot_wallet,
    is_payable, work_on_chains,
};
pub use deposits::{
    Deposit, DepositState, OF_PURPOSE_AT_ONCE, ORDER_JOB, id_of as deposit_id, of_purpose, seen_of_purpose,
    touches_of as touches_of_deposits,
};
pub use playing::{Incoming, mine, pay_in, reorganise};
pub use reconcile::{AddressLine, CurrencyLine, Explained, NotCompared, Reconciliation, reconcile};
pub use status::{BookStatus, NetworkStatus, status};
pub use withdrawals::{CryptoOperator, WaitingDeposit, WaitingWithdrawal, WaitingWithdrawals};

use crate::kit::endpoint::codes::P456;
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{Erasure, EventRow, Family, Obstacle, Placeholder, no_obstacle};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::Shape;
use florin_store::{Holder, Stop, Tx, migration};

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Crypto", "Coins and tokens to and from chains."),
    endpoints: || deposits::endpoints().chain(withdrawals::endpoints()).collect(),
    jobs: &[
        (chain::LOOK_JOB, |app, job| Box::pin(chain::look(app, job))),
        (simulated::MINE_JOB, |app, job| Box::pin(simulated::mine_next(app, job))),
        (deposits::GONE_JOB, |app, job| Box::pin(deposits::give_up(app, job))),
        (deposits::UNEXPLAINED_JOB, |app, job| Box::pin(deposits::end_unexplained(app, job))),
        (deposits::RELEASE_JOB, |app, job| Box::pin(deposits::release(app, job))),
        (withdrawals::PAY_JOB, |app, job| Box::pin(withdrawals::pay(app, job))),
        (withdrawals::RETURN_JOB, |app, job| Box::pin(withdrawals::return_unexplained(app, job))),
        (withdrawals::RETRY_JOB, |app, job| Box::pin(withdrawals::retry(app, job))),
    ],
    events: &[
        EventRow {
            event: EventType::CryptoDeposit,
            summary: "Crypto Deposit",
            description: "Coins or tokens came to a wallet of a user, or to yours: at each status.",
            payload: Shape::of::<deposits::CryptoDepositPayload>(),
            example: deposits::EXAMPLE,
            render: |app, scope, events| Box::pin(deposits::render(app, scope, events)),
        },
        EventRow {
            event: EventType::CryptoWithdrawal,
            summary: "Crypto Withdrawal",
            description: "A crypto withdrawal, a user's or your own, goes to the network, was paid, or failed.",
            payload: Shape::of::<withdrawals::CryptoWithdrawalPayload>(),
            example: withdrawals::EXAMPLE,
            render: |app, scope, events| Box::pin(withdrawals::render(app, scope, events)),
        },
    ],
    records: &[
        deposits::CREDITED,
        deposits::SUSPENDED,
        deposits::TAKEN_BACK,
        withdrawals::HELD,
        withdrawals::SETTLED,
        withdrawals::FAILED,
        withdrawals::GIVEN_BACK,
        treasury::HOUSE,
    ],
    statements: &[
        chain::STATEMENTS,
        deposits::STATEMENTS,
        simulated::STATEMENTS,
        withdrawals::STATEMENTS,
        treasury::STATEMENTS,
    ],
    forgets: &simulated::FORGET,
    sets: &[&chain::SETS, &deposits::SETS, &simulated::SETS, &withdrawals::SETS, &treasury::SETS],
    migrations: &[
        migration!(1021, "1021_crypto"),
        migration!(1022, "1022_simulated_chain"),
        migration!(1023, "1023_withdrawals"),
    ],
    sealed: &[
        chain::SEALED[0],
        chain::SEALED[1],
        chain::SEALED[2],
        deposits::SEALED,
        withdrawals::WITHDRAWALS.seal(),
        treasury::SEALED[0],
        treasury::SEALED[1],
        treasury::SEALED[2],
        treasury::SEALED[3],
    ],
    erasures: &[
        Erasure { objects: |tx, holder| Box::pin(deposits::empty(tx, holder)), ..Erasure::of_rows(&[]) },
        Erasure { objects: |tx, holder| Box::pin(withdrawals::empty(tx, holder)), ..Erasure::of_rows(&[]) },
    ],
    obstacles: &[Obstacle {
        to_suspending: no_obstacle,
        to_deleting: |tx, holder| Box::pin(check_nothing_pending(tx, holder)),
        to_changing_identity: no_obstacle,
        to_changing_address: no_obstacle,
    }],
    unsuspended: &[deposits::RELEASE_JOB],
    scenarios: scenarios::scenarios,
    placeholders: &[
        Placeholder {
            word: "$cryptoDeposit",
            shown: "6b1f0a52-4c9d-8e37-a1b2-c3d4e5f60718",
            unknown: "01a00000-0000-7000-8000-000000000007",
            made_by: Some(("POST", "/v1/sandbox/chain/deposit", "cryptoDepositId")),
        },
        withdrawals::PLACEHOLDER,
    ],
    ..Family::EMPTY
};

/// A user to whom something comes, or whose withdrawal has not ended, stays.
async fn check_nothing_pending(tx: &mut Tx, holder: &Holder) -> Result<(), Stop> {
    if deposits::is_pending(tx.scope(), holder.id).await? {
        return Err(Refusal::because(&P456, "a crypto deposit has not ended").into());
    }
    withdrawals::check_none_open(tx, holder).await
}
