//! What the treasury itself did on a network, by some block: what reconciling must know besides the deposits.

use super::store::{all_coins, all_top_ups, all_tries};
use super::transaction::ChainTry;
use crate::crypto::chain::{Net, has_accounts, hot_wallet};
use crate::crypto::withdrawals::{State, Withdrawal};
use crate::kit::app::App;
use florin_rails::chain::BlockRef;
use florin_store::{Scope, StoreError};
use florin_types::CurrencyCode;
use florin_wallet::{Chain, Keychain};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The id of a transaction, and which of its outputs.
pub(in crate::crypto) type Output = (String, u32);

/// An address on a network, and a currency.
pub(in crate::crypto) type Spot = (String, CurrencyCode);

/// What came to an address from us, less what left it.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::crypto) struct Moved {
    /// Minor units.
    pub amount: i128,
    /// How many payments and fees that were: each may have had a fraction of a minor unit.
    pub count: i128,
}

/// What the house itself did on a network of a book, by the block that is compared: what deposits do not tell.
#[derive(Default)]
pub(in crate::crypto) struct OwnMoves {
    /// What came to an address of ours from us or for the house, less what was spent from it.
    pub by_address: HashMap<Spot, Moved>,
    /// The outputs of the hot wallet, by its address.
    pub made: Vec<(String, Output)>,
    /// The outputs, of deposits or of ours, that we have spent.
    pub spent: HashSet<Output>,
    /// What the chain has more than the books by payments of ours: less than nothing for those that are in blocks and
    /// not booked, more for those that are booked and whose block has left the chain.
    pub unbooked: HashMap<CurrencyCode, i128>,
    /// Whether a payment is in a block whose cost the node was not asked for yet.
    pub is_cost_open: bool,
}

impl OwnMoves {
    fn add(&mut self, address: &str, currency: CurrencyCode, amount: i64) {
        let moved = self.by_address.entry((address.to_owned(), currency)).or_default();
        moved.amount += i128::from(amount);
        moved.count += 1;
    }

    fn unbooked(&mut self, currency: CurrencyCode, amount: i64) {
        *self.unbooked.entry(currency).or_default() += i128::from(amount);
    }
}

/// Where the treasury's money is derived, on one chain.
struct Wallet<'a> {
    keys: &'a Keychain,
    chain: Chain,
    net: Net,
    hot: String,
}

/// What the house itself did on a network, by a block.
pub(in crate::crypto) async fn own_moves(
    app: &App,
    scope: &mut Scope,
    net: Net,
    by: &BlockRef,
) -> Result<OwnMoves, StoreError> {
    let mut own = OwnMoves::default();
    let (Some(keys), Some(chain)) = (&app.settings.keychain, net.chain(app)) else { return Ok(own) };
    let hot = keys.address(chain, hot_wallet(scope.book())).map_err(StoreError::unexpected)?.into_string();
    let wallet = Wallet { keys, chain, net, hot };
    let last = i64::try_from(by.height).map_err(StoreError::unexpected)?;
    let is_there = |height: Option<i64>| height.is_some_and(|height| height <= last);
    if has_accounts(chain) {
        for top_up in all_top_ups(scope, net.slug).await?.iter().filter(|one| is_there(one.height)) {
            own.add(&wallet.hot, top_up.currency, top_up.amount);
        }
    } else {
        for coin in all_coins(scope, net.slug).await?.into_iter().filter(|coin| is_there(coin.height)) {
            own.add(&wallet.hot, net.coin, coin.amount);
            own.made.push((wallet.hot.clone(), (coin.hash, coin.output)));
        }
    }
    let tries = all_tries(scope, net.slug).await?;
    let settled = settled(scope, &tries).await?;
    for made in &tries {
        if is_there(made.height) {
            include(&mut own, scope, &wallet, made)?;
        }
        if let Some(booked) = made.booked {
            own.unbooked(net.coin, booked);
            // What a version moves that is in no block any more is what the other would.
            let is_paid = !made.is_child() && settled.contains(&made.withdrawal);
            own.unbooked(made.currency, if is_paid { made.amount } else { 0 });
        }
    }
    own.unbooked.retain(|_, amount| *amount != 0);
    Ok(own)
}

/// A transaction is in a block: what it takes.
fn include(
    own: &mut OwnMoves,
    scope: &Scope,
    wallet: &Wallet<'_>,
    made: &ChainTry,
) -> Result<(), StoreError> {
    let Wallet { keys, chain, net, hot } = wallet;
    let paid = match (made.paid, has_accounts(*chain)) {
        (Some(paid), _) => paid,
        (None, false) => made.fee,
        (None, true) => {
            own.is_cost_open = true;
            return Ok(());
        }
    };
    own.unbooked(net.coin, -paid);
    own.unbooked(made.currency, -made.moves());
    if has_accounts(*chain) {
        own.add(hot, net.coin, -paid);
        if made.moves() != 0 {
            own.add(hot, made.currency, -made.moves());
        }
    }
    for input in made.inputs() {
        let address = keys.address(*chain, input.spot.place(scope.book())).map_err(StoreError::unexpected)?;
        own.add(address.as_str(), net.coin, -input.amount);
        own.spent.insert((input.hash.clone(), input.output));
    }
    Ok(())
}

/// Of the withdrawals whose transactions are in the books: those that were settled with them.
async fn settled(scope: &mut Scope, tries: &[ChainTry]) -> Result<HashSet<Uuid>, StoreError> {
    let ids: HashSet<Uuid> =
        tries.iter().filter(|made| made.booked.is_some()).map(|made| made.withdrawal).collect();
    let all: Vec<Withdrawal> = scope.objects_at(&ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(all.into_iter().filter(|one| one.state == State::Settled).map(|one| one.id).collect())
}
