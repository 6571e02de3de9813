//! The chains against the books: whether what the house's wallets hold is what it owes by its ledger.
//!
//! Each book is compared with each network by the last block that it has followed there, so both are of one moment. The
//! books say what should be there by the account of chain settlement, which a currency has once for all its networks;
//! deposits say what should be on each address. Where both may rightly differ, the reason has a sum of its own
//! ([`Explained`]); what is left must be zero.
//!
//! New coins of a miner are on an address before they can be spent, and become a deposit later: until then they are a
//! difference.

use super::chain::{self, Cursor, NETS, Net, hot_wallet, is_simulated, node_of};
use super::deposits::{self, Deposit};
use super::treasury::{Output, OwnMoves, Spot, own_moves};
use crate::kit::app::App;
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::wallets;
use florin_ledger::AccountKind;
use florin_rails::chain::{BlockRef, ChainNode};
use florin_store::StoreError;
use florin_types::{CurrencyCode, format_minor};
use florin_wallet::{Address, Chain};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use uuid::Uuid;

/// What was compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Each currency of each book that has or had any of it.
    pub currencies: Vec<CurrencyLine>,
    /// Addresses that hold other amounts than their deposits say.
    pub addresses: Vec<AddressLine>,
    /// Networks that could not be compared. Currencies that are on them have no line.
    pub not_compared: Vec<NotCompared>,
}

impl Reconciliation {
    /// Whether all was compared, and nothing differs.
    pub fn is_clean(&self) -> bool {
        let agrees = self.currencies.iter().all(|line| line.difference() == 0);
        agrees && self.addresses.is_empty() && self.not_compared.is_empty()
    }
}

/// A currency of a book. Amounts are in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyLine {
    /// Whose book.
    pub partner: Uuid,
    /// The currency.
    pub currency: CurrencyCode,
    /// Its decimals.
    pub decimals: u8,
    /// What should be on all its chains, by the ledger.
    pub books: i128,
    /// What is.
    pub chain: i128,
    /// Why both may differ.
    pub explained: Explained,
}

/// Why chain and books may rightly differ: what the chain has more, in minor units; less is negative.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Explained {
    /// Deposits that wait for their confirmations.
    pub seen: i128,
    /// Deposits that are booked already, of a block after the one that was compared. Never positive.
    pub ahead: i128,
    /// Payments of ours that the chain has and the books do not have yet; positive where the books have them, and their
    /// block has left the chain.
    pub sent: i128,
    /// Fractions of a minor unit, which several deposits to one address had each.
    pub rests: i128,
}

impl CurrencyLine {
    /// What nothing explains: positive where the chain has more. It must be zero.
    pub fn difference(&self) -> i128 {
        let Explained { seen, ahead, sent, rests } = self.explained;
        self.chain - self.books - seen - ahead - sent - rests
    }
}

impl fmt::Display for CurrencyLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = |units| amount(units, self.decimals);
        let (books, chain) = (amount(self.books), amount(self.chain));
        write!(f, "{}  books {books}  chain {chain}", self.currency)?;
        let Explained { seen, ahead, sent, rests } = self.explained;
        let all = [("seen", seen), ("ahead", ahead), ("sent", sent), ("rests", rests)];
        for (name, units) in all {
            if units != 0 {
                write!(f, "  {name} {}", amount(units))?;
            }
        }
        write!(f, "  difference {}  ({})", amount(self.difference()), self.partner)
    }
}

/// An address that holds another amount than its deposits say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressLine {
    /// In whose book.
    pub partner: Uuid,
    /// The network's slug.
    pub network: &'static str,
    /// The address.
    pub address: String,
    /// The currency.
    pub currency: CurrencyCode,
    /// Its decimals.
    pub decimals: u8,
    /// What it should hold. Zero: no deposit to it is known.
    pub expected: i128,
    /// What it holds.
    pub found: i128,
}

impl fmt::Display for AddressLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partner, network, address, currency, decimals, expected, found } = self;
        let kind = match (expected, found) {
            (0, _) => "value that no deposit brought",
            (_, 0) => "the deposits are known, and the value is not there",
            _ => "another amount than the deposits",
        };
        let (expected, found) = (amount(*expected, *decimals), amount(*found, *decimals));
        write!(f, "{network} {address}: {kind}: has {found} {currency}, should have {expected}  ({partner})")
    }
}

/// A network that could not be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCompared {
    /// For whose book.
    pub partner: Uuid,
    /// The network's slug.
    pub network: &'static str,
    /// Why.
    pub why: String,
}

impl fmt::Display for NotCompared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} could not be compared: {}  ({})", self.network, self.why, self.partner)
    }
}

/// An amount of more units than 64 bits hold can only come from a node that lies: it is shown as the largest.
fn amount(units: i128, decimals: u8) -> String {
    let most = if units < 0 { i64::MIN } else { i64::MAX };
    format_minor(i64::try_from(units).unwrap_or(most), decimals)
}

/// What deposits to an address say.
#[derive(Copy, Clone, Debug, Default)]
struct Known {
    amount: i128,
    deposits: i128,
}

/// What a book says of a network.
#[derive(Default)]
struct OfNet {
    /// The last block that was followed.
    by: Option<BlockRef>,
    /// Whether somebody could have been paid there: there are wallets, or addresses of orders.
    has_addresses: bool,
    known: HashMap<Spot, Known>,
    /// Where each output of deposits came to.
    outputs: Vec<(String, Output)>,
    seen: HashMap<CurrencyCode, i128>,
    ahead: HashMap<CurrencyCode, i128>,
    own: OwnMoves,
}

impl OfNet {
    fn add(&mut self, deposit: &Deposit) {
        let last = self.by.as_ref().map_or(0, |by| by.height);
        let is_there = deposit.height.is_some_and(|height| height <= last);
        let is_booked = deposit.is_booked();
        let (amount, currency) = (i128::from(deposit.amount), deposit.currency);
        if is_there {
            let known = self.known.entry((deposit.address.clone(), currency)).or_default();
            known.amount += amount;
            known.deposits += 1;
            let output = u32::try_from(deposit.output).unwrap_or(u32::MAX);
            self.outputs.push((deposit.address.clone(), (deposit.hash.clone(), output)));
        }
        match (is_there, is_booked) {
            (true, false) => *self.seen.entry(currency).or_default() += amount,
            (false, true) => *self.ahead.entry(currency).or_default() -= amount,
            _ => {}
        }
    }
}

/// What a book says, at one moment.
struct Said {
    partner: Uuid,
    addresses: BTreeSet<String>,
    /// What should be on chains, by the ledger.
    books: BTreeMap<CurrencyCode, i128>,
    nets: Vec<(Net, OfNet)>,
}

async fn read(app: &App, partner: &PartnerBook) -> Result<Said, StoreError> {
    let mut snapshot = app.store.snapshot(partner.book).await?;
    let mut addresses = wallets::all_addresses(&mut snapshot).await?;
    let made = chain::all_made(&mut snapshot).await?;
    addresses.extend(made.iter().map(|(_, address)| address.clone()));
    let mut books = BTreeMap::new();
    for currency in app.currencies.codes() {
        if let Some(account) = snapshot.system_account(currency, AccountKind::ChainSettlement).await? {
            books.insert(currency, -i128::from(account.balance));
        }
    }
    let mut nets = Vec::new();
    for net in NETS {
        if let (Some(chain), Some(keys)) = (net.chain(app), &app.settings.keychain) {
            let address = keys.address(chain, hot_wallet(partner.book)).map_err(StoreError::unexpected)?;
            addresses.insert(address.into_string());
        }
        let cursor = Cursor::find(app, &mut snapshot, net).await?;
        let by = cursor.as_ref().and_then(Cursor::last).cloned();
        let has_wallets = wallets::first_on(&mut snapshot, net.slug).await?.is_some();
        let has_addresses = has_wallets || made.iter().any(|(network, _)| network == net.slug);
        let own = match &by {
            Some(by) => own_moves(app, &mut snapshot, net, by).await?,
            None => OwnMoves::default(),
        };
        nets.push((net, OfNet { by, has_addresses, own, ..OfNet::default() }));
    }
    let mut after = Uuid::nil();
    loop {
        let mut some = deposits::all(&mut snapshot, after).await?;
        some.sort_unstable_by_key(|deposit| deposit.id);
        let Some(last) = some.last() else { break };
        after = last.id;
        for deposit in &some {
            let of_net = nets.iter_mut().find(|(net, _)| net.slug == deposit.network);
            if let Some((_, of_net)) = of_net {
                of_net.add(deposit);
            }
        }
    }
    Ok(Said { partner: partner.partner, addresses, books, nets })
}

/// Compares all books with all networks that they have followed.
///
/// # Errors
/// The database is away. What is wrong with a node is in the answer.
pub async fn reconcile(app: &App) -> Result<Reconciliation, StoreError> {
    let mut outcome = Reconciliation::default();
    for partner in partner_books(&app.store).await? {
        let said = read(app, &partner).await?;
        let mut sums: BTreeMap<CurrencyCode, (i128, Explained)> = BTreeMap::new();
        let mut untold: BTreeSet<CurrencyCode> = BTreeSet::new();
        for (net, of_net) in &said.nets {
            let currencies = on(app, *net);
            if let Err(why) = compare(app, &partner, (&said, *net, of_net), &mut sums, &mut outcome).await {
                untold.extend(currencies);
                outcome.not_compared.push(NotCompared { partner: said.partner, network: net.slug, why });
            }
        }
        for currency in app.currencies.iter().filter(|currency| !untold.contains(&currency.code)) {
            let books = said.books.get(&currency.code).copied().unwrap_or_default();
            let (chain, explained) = sums.remove(&currency.code).unwrap_or_default();
            let (partner, currency, decimals) = (said.partner, currency.code, currency.decimals);
            let line = CurrencyLine { partner, currency, decimals, books, chain, explained };
            if (books, chain, explained) != (0, 0, Explained::default()) {
                outcome.currencies.push(line);
            }
        }
    }
    Ok(outcome)
}

/// The currencies on a network.
pub(super) fn on(app: &App, net: Net) -> Vec<CurrencyCode> {
    let reference = &app.settings.reference;
    app.currencies.codes().into_iter().filter(|code| reference.network(*code, net.slug).is_some()).collect()
}

/// Compares one network of a book. Nothing is added where that fails.
async fn compare(
    app: &App,
    partner: &PartnerBook,
    (said, net, of_net): (&Said, Net, &OfNet),
    sums: &mut BTreeMap<CurrencyCode, (i128, Explained)>,
    outcome: &mut Reconciliation,
) -> Result<(), String> {
    let Some(by) = &of_net.by else {
        // The books have nothing from there. What is there is nobody's only where nobody was given an address, or where
        // the chain is a sandbox's own, which is followed when something happens.
        return match (of_net.has_addresses && !is_simulated(app, net), node_of(app, partner.book, net)) {
            (false, _) => Ok(()),
            (true, Some(_)) => Err("it was not followed yet".to_owned()),
            (true, None) => Err("addresses of it were given out, and it has no node".to_owned()),
        };
    };
    let (Some(node), Some(chain)) = (node_of(app, partner.book, net), net.chain(app)) else {
        return Err("it was followed before, and has no node now".to_owned());
    };
    if of_net.own.is_cost_open {
        return Err("a payment of ours came just now, and its cost is not known yet".to_owned());
    }
    chain::in_time(node.check()).await.map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for currency in on(app, net) {
        all.push((currency, held(&*node, (by, chain), said, of_net, currency).await?));
    }
    for (currency, held) in all {
        let decimals = app.currencies.get(currency).map_or(0, |currency| currency.decimals);
        let of = |sums: &HashMap<CurrencyCode, i128>| sums.get(&currency).copied().unwrap_or_default();
        let (sum, explained) = sums.entry(currency).or_default();
        explained.seen += of(&of_net.seen);
        explained.ahead += of(&of_net.ahead);
        explained.sent += of(&of_net.own.unbooked);
        for (address, found) in held {
            *sum += found;
            let spot = (address, currency);
            let Known { amount, deposits } = of_net.known.get(&spot).copied().unwrap_or_default();
            let own = of_net.own.by_address.get(&spot).copied().unwrap_or_default();
            let expected = amount + own.amount;
            let more = found - expected;
            // Each deposit had less than a minor unit cut off, and each fee is counted with less than one more; so all
            // together have less than one for each.
            if node.has_rests(currency) && (1..deposits + own.count).contains(&more) {
                explained.rests += more;
            } else if more != 0 {
                let (partner, network, (address, currency)) = (said.partner, net.slug, spot);
                let line = AddressLine { partner, network, address, currency, decimals, expected, found };
                outcome.addresses.push(line);
            }
        }
    }
    Ok(())
}

/// What each address of a chain holds of a currency.
async fn held(
    node: &dyn ChainNode,
    (by, chain): (&BlockRef, Chain),
    said: &Said,
    of_net: &OfNet,
    currency: CurrencyCode,
) -> Result<Vec<(String, i128)>, String> {
    if !node.can_search() {
        return held_by_outputs(node, by, of_net).await;
    }
    let known = of_net.known.keys().map(|(address, _)| address);
    let own = of_net.own.by_address.keys().map(|(address, _)| address);
    let all: BTreeSet<&String> = said.addresses.iter().chain(known).chain(own).collect();
    let of_chain = all.into_iter().filter(|address| Address::parse(chain, address).is_ok());
    let addresses: Vec<String> = of_chain.cloned().collect();
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let held = node.balances(by, &addresses, currency).await.map_err(|error| error.to_string())?;
    match held.len() == addresses.len() {
        true => Ok(addresses.into_iter().zip(held.into_iter().map(i128::from)).collect()),
        false => Err("the node told of other addresses".to_owned()),
    }
}

/// The same by the outputs that are known: of whatever else is on the addresses, such a node can't tell.
async fn held_by_outputs(
    node: &dyn ChainNode,
    by: &BlockRef,
    of_net: &OfNet,
) -> Result<Vec<(String, i128)>, String> {
    let all = of_net.outputs.iter().chain(&of_net.own.made);
    let known: Vec<_> = all.filter(|(_, output)| !of_net.own.spent.contains(output)).cloned().collect();
    let outputs: Vec<Output> = known.iter().map(|(_, output)| output.clone()).collect();
    let amounts = node.outputs(by, &outputs).await.map_err(|error| error.to_string())?;
    let mut held: BTreeMap<String, i128> = BTreeMap::new();
    for ((address, _), amount) in known.into_iter().zip(amounts) {
        *held.entry(address).or_default() += i128::from(amount);
    }
    Ok(held.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_explains_is_the_difference() {
        let explained = Explained { seen: 5, ahead: -2, sent: -1, rests: 1 };
        let currency = CurrencyCode::new("eth");
        let mut line =
            CurrencyLine { partner: Uuid::nil(), currency, decimals: 2, books: 100, chain: 103, explained };
        assert_eq!(line.difference(), 0);
        line.chain = -i128::from(i64::MAX) * 7;
        assert!(line.difference() < -i128::from(i64::MAX));
        let shown = line.to_string();
        assert!(
            shown.starts_with("eth  books 1.00  chain -92233720368547758.08  seen 0.05  ahead -0.02"),
            "{shown}"
        );
    }
}
