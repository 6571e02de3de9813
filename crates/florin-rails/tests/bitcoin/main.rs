//! Nodes of Bitcoin's kind: one that lies, and a real one.
//!
//! The real one is Debian's `litecoind` in its mode `regtest`. Its scripts and its rules for transactions are those of
//! all three coins, so it takes what is signed for Bitcoin and Dogecoin too.

mod deposits;
mod fake;
mod lies;
mod litecoind;
mod payouts;

use florin_rails::chain::bitcoin::{BitcoinNode, FeeLimits, Login, Settings, Times};
use florin_types::CurrencyCode;
use florin_wallet::{Branch, Chain, ChainKind, Keychain, Net, Place, Seed};
use std::time::Duration;

const COIN: CurrencyCode = CurrencyCode::new("ltc");
const PASSWORD: &str = "a password of a test";

/// What fees the tests' nodes may ask.
const FEES: FeeLimits = FeeLimits { least: 1_000, most: 2_000_000, fallback: 3_000 };

const fn local(kind: ChainKind) -> Chain {
    Chain { kind, net: Net::Local }
}

fn keys() -> Keychain {
    Keychain::new(Seed::new([9; 32]))
}

const fn holder(number: i64) -> Place {
    Place { book: 1, branch: Branch::Holders, number }
}

const HOUSE: Place = Place { book: 0, branch: Branch::House, number: 0 };

/// A client whose patience is so long.
fn client(kind: ChainKind, url: &str, genesis: &str, patience: Duration) -> BitcoinNode {
    BitcoinNode::new(Settings {
        network: "ltc".to_owned(),
        chain: local(kind),
        currency: COIN,
        url: url.parse().unwrap(),
        login: Some(Login::Password { user: "florin".to_owned(), password: PASSWORD.to_owned().into() }),
        genesis: genesis.to_owned(),
        fees: FEES,
        times: Times { connect: patience, answer: patience, scan: patience },
    })
    .unwrap()
}
