//! Withdrawals: money of a balance goes to an address on a chain.
//!
//! States: held → (approval, where a person must look at it) → signed → sent → settled, or failed. Amount, service fee
//! and network fee are on hold from the first on. `treasury` has the keys, and signs; the blocks say what became of it.

mod create;
mod details;
mod fee;
mod finish;
mod give_back;
mod operator;
mod pay;
mod postings;
mod store;
mod withdrawal;

pub(super) use details::{CryptoWithdrawalPayload, EXAMPLE, render};
pub(super) use fee::address;
pub(super) use finish::{emit, fail, settle};
pub(super) use give_back::{RETURN_JOB, return_unexplained};
pub use operator::{CryptoOperator, WaitingDeposit, WaitingWithdrawal, WaitingWithdrawals};
pub(super) use pay::{PAY_JOB, RETRY_JOB, pay, retry};
pub(super) use store::{SETS, STATEMENTS, WITHDRAWALS, empty};
pub(super) use withdrawal::{CryptoWithdrawalFailure, FAILED, GIVEN_BACK, HELD, SETTLED, State, Withdrawal};

use crate::crypto::chain::{NETS, Net, has_accounts, is_simulated};
use crate::kit::app::App;
use crate::kit::endpoint::codes::P456;
use crate::kit::endpoint::family::{Placeholder, Scenario};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::Endpoint;
use florin_rails::chain::MagicAddress;
use florin_store::{Holder, Stop, Tx};
use florin_wallet::Chain;

/// The calls.
pub(super) fn endpoints() -> Vec<Endpoint> {
    create::endpoints().into_iter().chain([fee::endpoint(), details::endpoint()]).collect()
}

/// The id in examples.
pub(super) const PLACEHOLDER: Placeholder = Placeholder {
    word: "$withdrawal",
    shown: "0198c5d2-d064-7257-9fb8-91c36e7f80a2",
    unknown: "01a00000-0000-7000-8000-000000000008",
    made_by: Some(("POST", "/v1/crypto-withdrawal", "withdrawalId")),
};

/// The addresses of a sandbox that make something else happen than that they are paid.
pub(super) fn scenarios(app: &App) -> Vec<Scenario> {
    let simulated = NETS.into_iter().filter(|net| is_simulated(app, *net));
    let chains = simulated.filter_map(|net| Some((net, net.chain(app)?)));
    let of_chain = |(net, chain): (Net, Chain)| {
        MagicAddress::ALL.into_iter().filter_map(move |magic| {
            let outcome = match magic {
                MagicAddress::Fails if has_accounts(chain) => {
                    "sent, and then FAILED with TRANSACTION_FAILED: the network refuses what the transaction does"
                }
                MagicAddress::Fails => "FAILED with REJECTED",
                MagicAddress::Asks => "stays PENDING: it waits for a person, who approves or rejects it",
            };
            Some(Scenario {
                call: "POST /v1/crypto-withdrawal",
                field: "walletAddress",
                value: magic.address(chain)?.into_string(),
                outcome: format!("on {}: {outcome}", net.slug),
            })
        })
    };
    chains.flat_map(of_chain).collect()
}

/// A user whose withdrawal has not ended stays.
pub(super) async fn check_none_open(tx: &mut Tx, holder: &Holder) -> Result<(), Stop> {
    match store::is_open(tx.scope(), holder.id).await? {
        true => Err(Refusal::because(&P456, "a crypto withdrawal has not ended").into()),
        false => Ok(()),
    }
}
