//! The run of `cargo xtask bench withdrawals`: in each round transfers, then crypto withdrawals. The hot wallet pays
//! them meanwhile.

use anyhow::Result;

use super::load::{Until, drive};
use super::requests::{ForEachUser, Step};
use super::{Load, PREPARING, beside};

/// An address of somebody outside.
const ADDRESS: &str = "0x52908400098527886E0F7030069857D2E4169EE7";

/// Runs the command.
pub fn run(arguments: &Load) -> Result<()> {
    beside::run(
        arguments,
        ["withdrawals"],
        |recipient| {
            let mut funds = ForEachUser::new(recipient, 0..arguments.accounts, Step::FundUsdc);
            drive(recipient.address, PREPARING, &mut funds, Until::Spent)?;
            Ok(())
        },
        |round| Ok([round.posts("/v1/crypto-withdrawal", two_usdc)?]),
    )
}

/// A withdrawal of 2 USDC to a wallet of the user's own.
fn two_usdc(user: &str) -> String {
    format!(
        concat!(
            r#"{{"sourceExternalUserId":"{}","currency":"usdc","network":"polygon","amount":"2","#,
            r#""walletAddress":"{}","name":"Ada Lovelace","walletType":"NON_CUSTODIAL","#,
            r#""receiverType":"NATURAL"}}"#
        ),
        user, ADDRESS
    )
}
