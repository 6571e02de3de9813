//! Nodes of Ethereum's kind.

mod anvil;
mod fake;
mod lies;
mod payouts;
mod real;

use florin_rails::chain::evm::{Asset, EvmNode, Settings, Token};
use florin_rails::chain::evm::{CONNECT_TIMEOUT, MAX_GAS, TIMEOUT};
use florin_rails::chain::{AccountNode, ChainNode};
use florin_rails::chain::{Block, FollowError, Follower, Step};
use florin_types::CurrencyCode;
use florin_wallet::{Address, Branch, Chain, Keychain, Place, Seed};

const ETH: CurrencyCode = CurrencyCode::new("eth");
const USDC: CurrencyCode = CurrencyCode::new("usdc");

/// 1,000 gwei.
const MAX_FEE: u128 = 1_000_000_000_000;

/// A settings' block may have this much in tests, so that 10 MB more are quickly sent.
const MAX_BLOCK: usize = 1 << 20;

fn address(text: &str) -> Address {
    Address::parse(Chain::EVM, text).unwrap()
}

/// An ether has 8 decimals at the platform, and 18 in the chain; the token has 6 in both.
fn settings(url: &str, chain_id: u64, token: &Address) -> Settings {
    Settings {
        network: "ethereum".to_owned(),
        url: url.to_owned(),
        chain_id,
        coin: Asset { currency: ETH, decimals: 8, chain_decimals: 18 },
        tokens: vec![Token {
            asset: Asset { currency: USDC, decimals: 6, chain_decimals: 6 },
            contract: token.clone(),
        }],
        max_fee: MAX_FEE,
        max_gas: MAX_GAS,
        connect_timeout: CONNECT_TIMEOUT,
        timeout: TIMEOUT,
        max_block_bytes: MAX_BLOCK,
    }
}

fn keys() -> Keychain {
    Keychain::new(Seed::new([7; 32]))
}

/// Where a book pays out.
const HOUSE: Place = Place { book: 1, branch: Branch::House, number: 0 };

fn house() -> Address {
    keys().address(Chain::EVM, HOUSE).unwrap()
}

fn holder(number: i64) -> Address {
    let place = Place { book: 1, branch: Branch::Holders, number };
    keys().address(Chain::EVM, place).unwrap()
}

/// Follows until there is nothing more.
async fn catch_up(follower: &mut Follower, node: &EvmNode) -> Result<Vec<Step>, FollowError> {
    let mut steps = Vec::new();
    loop {
        let step = follower.step(node as &dyn ChainNode).await?;
        if step == Step::Wait {
            return Ok(steps);
        }
        follower.apply(&step);
        steps.push(step);
    }
}

fn connected(steps: &[Step]) -> Vec<Block> {
    steps
        .iter()
        .map(|step| match step {
            Step::Connect(block) => block.clone(),
            other => panic!("{other:?}"),
        })
        .collect()
}
