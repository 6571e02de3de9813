//! The bank as the contract describes it, in memory: users, balances, histories, and which refusal comes
//! first.
//!
//! Written from the contract alone, with wide integers and maps, so that agreement with the server means
//! something. Where the contract is silent [`Model::judge`] says `None` and the workload asks something
//! else.

use crate::support::{CURRENCIES, minor_units, scale_of};
use num_bigint::BigInt;
use std::collections::{BTreeMap, BTreeSet};

/// The largest amount of any currency, in minor units.
const MOST: i128 = 100_000_000_000_000_000;

/// Countries the default deny-list names, and some it does not.
pub const FORBIDDEN: [&str; 3] = ["RU", "KP", "SY"];
pub const SERVED: [&str; 5] = ["LT", "DE", "FR", "PL", "ES"];

/// An amount as a client writes it: its text, and its value when the contract allows it.
#[derive(Clone, Debug)]
pub struct Money {
    pub text: String,
    pub currency: String,
    pub minor: Option<i128>,
}

impl PartialEq for Money {
    /// The typed content: `10` and `10.00` are the same money.
    fn eq(&self, other: &Self) -> bool {
        let same_text = self.minor.is_some() || self.text == other.text;
        same_text && self.minor == other.minor && self.currency == other.currency
    }
}

impl Money {
    /// Whether it can be moved at all: received sums can make a balance that no single amount can empty.
    fn is_amount(&self) -> bool {
        self.minor.is_some_and(|minor| minor <= MOST)
    }
}

/// What an update changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Email(String),
    City(String),
    FirstName(String),
    Country(&'static str),
    Terms,
}

/// One request of the workload; a side that is `None` is the partner or, for a transfer, not given.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    Create {
        id: String,
        country: &'static str,
        terms: bool,
    },
    Decide {
        id: String,
        approve: bool,
    },
    Fund {
        to: Option<String>,
        money: Money,
    },
    Transfer {
        master: bool,
        source: Option<String>,
        destination: Option<String>,
        money: Money,
        reference: Option<String>,
    },
    Exchange {
        owner: Option<String>,
        money: Money,
        to: String,
        lock: String,
    },
    Suspend {
        id: String,
        on: bool,
    },
    Delete {
        id: String,
    },
    Update {
        id: String,
        change: Change,
    },
}

/// What the server must answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Accept,
    Refuse(&'static str),
}

/// One line of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub id: String,
    pub kind: &'static str,
    pub amount: i128,
    pub currency: String,
    /// What the house kept, in the same currency.
    pub fee: i128,
    pub balance_after: i128,
    /// The other side: none for an adjustment, else the partner (`None`) or a user.
    pub counterparty: Option<Option<String>>,
    pub reference: Option<String>,
}

/// The partner or a user, as far as money goes.
#[derive(Clone, Debug, Default)]
pub struct Holder {
    pub balances: BTreeMap<String, i128>,
    pub history: Vec<Entry>,
}

impl Holder {
    pub fn balance(&self, currency: &str) -> i128 {
        self.balances.get(currency).copied().unwrap_or(0)
    }

    fn book(&mut self, mut entry: Entry) {
        let balance = self.balances.entry(entry.currency.clone()).or_default();
        *balance += entry.amount;
        entry.balance_after = *balance;
        self.history.push(entry);
    }
}

/// A user and all that was said of them.
#[derive(Clone, Debug, Default)]
pub struct User {
    pub money: Holder,
    pub emails: Vec<String>,
    pub terms: bool,
    pub verified: bool,
    pub suspended: bool,
    pub deleted: bool,
    /// The decisions taken, oldest first: approved?
    pub decisions: Vec<bool>,
}

/// A transfer that was accepted.
#[derive(Clone, Debug)]
pub struct Transfer {
    pub id: String,
    pub source: Option<String>,
    pub destination: Option<String>,
    pub currency: String,
    pub minor: i128,
    pub reference: Option<String>,
}

/// A rate lock that was given; rates and fee as the answer spelt them.
#[derive(Clone, Debug)]
pub struct Lock {
    pub id: String,
    pub owner: Option<String>,
    pub rates: BTreeMap<String, String>,
    pub fee: String,
    pub is_used: bool,
}

/// What an exchange comes to, in minor units.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Bought {
    pub received: i128,
    pub fee: i128,
}

/// One partner's book, or the part of it that one client of a concurrent run sees.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub users: BTreeMap<String, User>,
    pub partner: Holder,
    pub transfers: Vec<Transfer>,
    pub fundings: BTreeSet<String>,
    pub locks: Vec<Lock>,
    pub exchanges: usize,
}

impl Model {
    /// The user, unless unknown or deleted: for every call these are the same.
    pub fn known(&self, id: &str) -> Option<&User> {
        self.users.get(id).filter(|user| !user.deleted)
    }

    /// What can be spent on a side.
    pub fn balance(&self, side: Option<&str>, currency: &str) -> i128 {
        match side {
            None => self.partner.balance(currency),
            Some(id) => self.users.get(id).map_or(0, |user| user.money.balance(currency)),
        }
    }

    /// The answer that the contract demands; `None` where it is silent.
    pub fn judge(&self, request: &Request) -> Option<Verdict> {
        match request {
            Request::Create { id, country, .. } => {
                match (self.users.contains_key(id), FORBIDDEN.contains(country)) {
                    (true, true) => None,
                    (true, false) => Some(Verdict::Refuse("P411")),
                    (false, true) => Some(Verdict::Refuse("P431")),
                    (false, false) => Some(Verdict::Accept),
                }
            }
            Request::Decide { id, approve } => self.judge_decision(id, *approve),
            Request::Fund { to, money } => self.judge_funding(to.as_deref(), money),
            Request::Transfer { master, source, destination, money, reference } => {
                let sides = [source.as_deref(), destination.as_deref()];
                Some(self.judge_transfer(*master, sides, money, reference.as_deref()))
            }
            Request::Exchange { owner, money, to, lock } => {
                Some(self.judge_exchange(owner.as_deref(), money, to, lock))
            }
            Request::Suspend { id, .. } => Some(self.judge_known(id)),
            Request::Delete { id } => Some(match self.known(id) {
                None => Verdict::Refuse("P412"),
                Some(user) if user.money.balances.values().any(|balance| *balance != 0) => {
                    Verdict::Refuse("P456")
                }
                Some(_) => Verdict::Accept,
            }),
            Request::Update { id, change } => self.judge_update(id, change),
        }
    }

    fn judge_known(&self, id: &str) -> Verdict {
        if self.known(id).is_some() { Verdict::Accept } else { Verdict::Refuse("P412") }
    }

    fn judge_decision(&self, id: &str, approve: bool) -> Option<Verdict> {
        match self.known(id) {
            None => Some(Verdict::Refuse("P412")),
            Some(user) if user.verified || user.suspended => None,
            Some(user) if approve && !user.terms => Some(Verdict::Refuse("P464")),
            Some(_) => Some(Verdict::Accept),
        }
    }

    fn judge_funding(&self, to: Option<&str>, money: &Money) -> Option<Verdict> {
        if !money.is_amount() || !is_currency(&money.currency) {
            return Some(Verdict::Refuse("P403"));
        }
        let Some(id) = to else { return Some(Verdict::Accept) };
        match self.known(id) {
            None => Some(Verdict::Refuse("P412")),
            Some(user) if !user.verified => Some(Verdict::Refuse("P459")),
            Some(user) if user.suspended => None,
            Some(_) => Some(Verdict::Accept),
        }
    }

    /// Section 1's order of refusals, the source before the destination within each.
    fn judge_transfer(
        &self,
        master: bool,
        sides: [Option<&str>; 2],
        money: &Money,
        reference: Option<&str>,
    ) -> Verdict {
        let [source, destination] = sides;
        let both = source.is_some() && destination.is_some();
        let too_long = reference.is_some_and(|text| text.chars().count() > 140);
        if !money.is_amount() || too_long || (both && (master || source == destination)) {
            return Verdict::Refuse("P403");
        }
        let given = || sides.into_iter().flatten();
        if given().next().is_none() {
            return Verdict::Refuse("P424");
        }
        if !is_currency(&money.currency) {
            return Verdict::Refuse("P410");
        }
        if given().any(|id| self.known(id).is_none()) {
            return Verdict::Refuse("P412");
        }
        if given().any(|id| !self.users[id].verified) {
            return Verdict::Refuse("P459");
        }
        if given().any(|id| self.users[id].suspended) {
            return Verdict::Refuse("P455");
        }
        if money.minor > Some(self.balance(source, &money.currency)) {
            return Verdict::Refuse("P433");
        }
        Verdict::Accept
    }

    fn judge_exchange(&self, owner: Option<&str>, money: &Money, to: &str, lock: &str) -> Verdict {
        if is_malformed_exchange(money, to) {
            return Verdict::Refuse("P403");
        }
        if !is_currency(&money.currency) || !is_currency(to) {
            return Verdict::Refuse("P410");
        }
        if let Some(id) = owner {
            match self.known(id) {
                None => return Verdict::Refuse("P412"),
                Some(user) if !user.verified => return Verdict::Refuse("P459"),
                Some(user) if user.suspended => return Verdict::Refuse("P455"),
                Some(_) => {}
            }
        }
        let own = |known: &&Lock| known.id == lock && known.owner.as_deref() == owner && !known.is_used;
        let Some(lock) = self.locks.iter().find(own) else { return Verdict::Refuse("P436") };
        let Some(Bought { received, .. }) = bought(money, to, lock) else { return Verdict::Refuse("P403") };
        if received == 0 {
            return Verdict::Refuse("P403");
        }
        if money.minor > Some(self.balance(owner, &money.currency)) {
            return Verdict::Refuse("P433");
        }
        Verdict::Accept
    }

    /// Whether a request is refused for its form, before anything is looked at.
    pub fn is_malformed(&self, request: &Request) -> bool {
        match request {
            Request::Exchange { money, to, .. } => is_malformed_exchange(money, to),
            other => self.judge(other) == Some(Verdict::Refuse("P403")),
        }
    }

    fn judge_update(&self, id: &str, change: &Change) -> Option<Verdict> {
        let Some(user) = self.known(id) else { return Some(Verdict::Refuse("P412")) };
        match change {
            _ if user.suspended => None,
            Change::Country(country) if FORBIDDEN.contains(country) => Some(Verdict::Refuse("P431")),
            Change::FirstName(_) if user.verified => Some(Verdict::Refuse("P448")),
            _ => Some(Verdict::Accept),
        }
    }

    /// Does what the server said it did; `id` is the id that it gave to a transfer.
    pub fn apply(&mut self, request: &Request, id: &str) {
        match request {
            Request::Create { id, terms, .. } => {
                let user = User { terms: *terms, emails: vec![first_email(id)], ..User::default() };
                self.users.insert(id.clone(), user);
            }
            Request::Decide { id, approve } => {
                let user = self.user(id);
                user.decisions.push(*approve);
                user.verified = *approve;
            }
            Request::Fund { to, money } => {
                self.fundings.insert(id.to_owned());
                self.holder(to.as_deref()).book(adjustment(id, money));
            }
            Request::Transfer { source, destination, money, reference, .. } => {
                let into = Entry {
                    kind: "INTERNAL_TRANSFER",
                    counterparty: Some(source.clone()),
                    reference: reference.clone(),
                    ..adjustment(id, money)
                };
                let out =
                    Entry { amount: -into.amount, counterparty: Some(destination.clone()), ..into.clone() };
                self.holder(source.as_deref()).book(out);
                self.holder(destination.as_deref()).book(into);
                self.transfers.push(Transfer {
                    id: id.to_owned(),
                    source: source.clone(),
                    destination: destination.clone(),
                    currency: money.currency.clone(),
                    minor: money.minor.expect("an accepted amount"),
                    reference: reference.clone(),
                });
            }
            Request::Exchange { owner, money, to, lock } => {
                self.exchanges += 1;
                let lock = self.locks.iter_mut().find(|known| known.id == *lock).expect("a lock");
                lock.is_used = true;
                let Bought { received, fee } = bought(money, to, lock).expect("an accepted amount");
                let sold = Entry { kind: "EXCHANGE", ..adjustment(id, money) };
                let sold = Entry { amount: -sold.amount, ..sold };
                let got = Entry { amount: received, fee, currency: to.clone(), ..sold.clone() };
                // Both are of one record; a history tells them apart by their currency.
                let mut lines = [sold, got];
                lines.sort_by(|one, other| one.currency.cmp(&other.currency));
                lines.into_iter().for_each(|line| self.holder(owner.as_deref()).book(line));
            }
            Request::Suspend { id, on } => self.user(id).suspended = *on,
            Request::Delete { id } => self.user(id).deleted = true,
            Request::Update { id, change: Change::Email(email) } => self.user(id).emails.push(email.clone()),
            Request::Update { id, change: Change::Terms } => self.user(id).terms = true,
            Request::Update { .. } => {}
        }
    }

    fn user(&mut self, id: &str) -> &mut User {
        self.users.get_mut(id).unwrap_or_else(|| panic!("{id} was never created"))
    }

    fn holder(&mut self, side: Option<&str>) -> &mut Holder {
        match side {
            None => &mut self.partner,
            Some(id) => &mut self.user(id).money,
        }
    }
}

/// The address a user is created with.
pub fn first_email(id: &str) -> String {
    format!("{}@example.com", id.replace(|letter: char| !letter.is_ascii_alphanumeric(), "."))
}

/// Is it a currency of the contract, in any letter case?
pub fn is_currency(slug: &str) -> bool {
    CURRENCIES.iter().any(|(known, _)| *known == slug)
}

fn is_malformed_exchange(money: &Money, to: &str) -> bool {
    !money.is_amount() || (money.currency == to && is_currency(to))
}

/// `floor(amount × rateFrom × (1 − fee) ÷ rateTo)`, and the fee, which is the same without it less what is received;
/// none where that is more than an amount can be.
fn bought(money: &Money, to: &str, lock: &Lock) -> Option<Bought> {
    let digits = |text: &str, scale: u32| BigInt::from(minor_units(text, scale));
    let scaled = |currency: &str| BigInt::from(10).pow(scale_of(currency));
    let (from_rate, to_rate) = (digits(&lock.rates[&money.currency], 12), digits(&lock.rates[to], 12));
    let whole = digits("100", 6);
    let value = BigInt::from(money.minor?) * from_rate * scaled(to);
    let cost = to_rate * scaled(&money.currency);
    let gross = i128::try_from(&value / &cost).ok().filter(|gross| *gross <= MOST)?;
    let received = i128::try_from(value * (&whole - digits(&lock.fee, 6)) / (cost * whole)).ok()?;
    Some(Bought { received, fee: gross - received })
}

fn adjustment(id: &str, money: &Money) -> Entry {
    Entry {
        id: id.to_owned(),
        kind: "ADJUSTMENT",
        amount: money.minor.expect("an accepted amount"),
        fee: 0,
        currency: money.currency.clone(),
        balance_after: 0,
        counterparty: None,
        reference: None,
    }
}
