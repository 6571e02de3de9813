//! The run of `cargo xtask bench sepa`: in each round transfers, then SEPA transfers. The simulated bank settles them
//! meanwhile.

use anyhow::Result;

use super::{Load, beside};

/// An account of the simulated bank that takes every payment.
const ACCOUNT: &str = "LT139999800000000099";

/// Runs the command.
pub fn run(arguments: &Load) -> Result<()> {
    beside::run(
        arguments,
        ["SEPA transfers"],
        |_| Ok(()),
        |round| Ok([round.posts("/v1/sepa-transfer", one_cent)?]),
    )
}

/// A payment of one cent and a fee of one EUR.
fn one_cent(user: &str) -> String {
    format!(
        concat!(
            r#"{{"sourceExternalUserId":"{}","amount":"0.01","currency":"eur","destinationIban":"{}","#,
            r#""transferTitle":"Rent"}}"#
        ),
        user, ACCOUNT
    )
}
