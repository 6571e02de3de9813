//! Random requests: mostly sensible, often just over an edge. All chance comes from one seeded generator.

use crate::model::{Change, FORBIDDEN, Model, Money, Request, SERVED, first_email};
use crate::support::{decimal_text, scale_of};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The currencies the workload moves; few, so that balances are often there.
pub const MOVED: [&str; 4] = ["eur", "btc", "usdc", "doge"];
/// One client has no more living users than this.
const MOST_USERS: usize = 14;
/// What the partner sends at most at once where clients share its balance (see [`super::SHARED_FUNDS`]).
const SHARED_STEP: i128 = 1_000_000;
/// More than any funds of a shared partner, whatever its clients have bought for it.
const OUT_OF_REACH: i128 = 50_000_000_000_000_000;

/// One client's chance.
pub struct Draw {
    pub rng: ChaCha8Rng,
    prefix: String,
    created: u32,
    keys: u32,
    shared: bool,
}

impl Draw {
    /// `shared`: other clients spend the partner's balance at the same time.
    pub fn new(seed: u64, client: u64, shared: bool) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(client);
        Self { rng, prefix: format!("w{client}"), created: 0, keys: 0, shared }
    }

    /// True in one of `n` cases.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.rng.random_ratio(1, n)
    }

    /// An Idempotency-Key no other request has.
    pub fn key(&mut self) -> String {
        self.keys += 1;
        format!("{}-key-{}", self.prefix, self.keys)
    }

    /// The next request, whatever its answer.
    pub fn request(&mut self, model: &Model) -> Request {
        match self.rng.random_range(0..100) {
            0..8 => self.create(model),
            8..18 => Request::Decide { id: self.user(model), approve: self.rng.random_ratio(4, 5) },
            18..30 => self.fund(model),
            30..66 => self.transfer(model),
            66..82 => self.exchange(model),
            82..89 => Request::Suspend { id: self.user(model), on: self.rng.random_ratio(2, 5) },
            89..93 => Request::Delete { id: self.user(model) },
            _ => self.update(model),
        }
    }

    /// A living user of this client; now and then a deleted one, or nobody.
    pub fn user(&mut self, model: &Model) -> String {
        let deleted = self.one_in(15);
        let ids: Vec<&String> =
            model.users.iter().filter(|(_, user)| user.deleted == deleted).map(|(id, _)| id).collect();
        match ids.choose(&mut self.rng) {
            Some(id) if !self.rng.random_ratio(1, 20) => (*id).clone(),
            _ => format!("{}-nobody", self.prefix),
        }
    }

    fn create(&mut self, model: &Model) -> Request {
        let living = model.users.values().filter(|user| !user.deleted).count();
        let again = living >= MOST_USERS || self.one_in(6);
        let id = if again { self.user(model) } else { self.new_id() };
        let list: &[&'static str] = if self.one_in(9) { &FORBIDDEN } else { &SERVED };
        let country = list.choose(&mut self.rng).copied().expect("a country");
        Request::Create { id, country, terms: !self.one_in(6) }
    }

    fn new_id(&mut self) -> String {
        self.created += 1;
        let joint = ["-", ".", "_", ":", "@"].choose(&mut self.rng).copied().expect("a sign");
        format!("{}{joint}u{}", self.prefix, self.created)
    }

    fn fund(&mut self, model: &Model) -> Request {
        let to = (!self.one_in(4)).then(|| self.user(model));
        let mut money = self.money(100_000);
        if self.one_in(40) {
            money.currency = "xyz".to_owned();
        }
        Request::Fund { to, money }
    }

    fn transfer(&mut self, model: &Model) -> Request {
        let (source, destination) = match self.rng.random_range(0..100) {
            0..45 => (Some(self.user(model)), Some(self.user(model))),
            45..72 => (None, Some(self.user(model))),
            72..92 => (Some(self.user(model)), None),
            92..96 => (None, None),
            _ => {
                let id = self.user(model);
                (Some(id.clone()), Some(id))
            }
        };
        let both = source.is_some() && destination.is_some();
        let master = if both { self.one_in(20) } else { self.one_in(3) };
        let money = self.money_from(model, source.as_deref());
        let reference = if master { None } else { self.reference() };
        Request::Transfer { master, source, destination, money, reference }
    }

    /// Whose lock, or exchange.
    pub fn owner(&mut self, model: &Model) -> Option<String> {
        (!self.one_in(4)).then(|| self.user(model))
    }

    /// Under a lock of the owner that was not used; now and then under any other, or none.
    fn exchange(&mut self, model: &Model) -> Request {
        let fresh: Vec<_> = model.locks.iter().filter(|lock| !lock.is_used).collect();
        let any = if self.one_in(8) {
            model.locks.choose(&mut self.rng)
        } else {
            fresh.choose(&mut self.rng).copied()
        };
        let owner = match any {
            Some(lock) if !self.one_in(12) => lock.owner.clone(),
            _ => self.owner(model),
        };
        let lock = any.map_or_else(|| uuid::Uuid::nil().to_string(), |lock| lock.id.clone());
        let money = self.money_from(model, owner.as_deref());
        let to =
            if self.one_in(40) { "xyz" } else { MOVED.choose(&mut self.rng).copied().expect("a currency") };
        Request::Exchange { owner, money, to: to.to_owned(), lock }
    }

    /// A price to be set in the sandbox.
    pub fn price(&mut self) -> (&'static str, String) {
        let currency = MOVED[1..].choose(&mut self.rng).copied().expect("a currency");
        // What many spend must not become so much that it is out of nobody's reach.
        let (least, decimals) = if self.shared { (10_000, 0..5) } else { (1, 0..10) };
        let (units, decimals) =
            (self.rng.random_range(least..10_i128.pow(9)), self.rng.random_range(decimals));
        (currency, decimal_text(units, decimals))
    }

    fn update(&mut self, model: &Model) -> Request {
        let id = self.user(model);
        let n: u32 = self.rng.random_range(0..1000);
        let change = match self.rng.random_range(0..6) {
            0 | 1 => Change::Terms,
            2 => Change::Email(format!("new{n}.{}", first_email(&self.prefix))),
            3 => Change::City(format!("Kaunas {n}")),
            4 => Change::FirstName("Rūta".to_owned()),
            _ if self.one_in(2) => Change::Country(FORBIDDEN[0]),
            _ => Change::Country(SERVED[1]),
        };
        Request::Update { id, change }
    }

    fn reference(&mut self) -> Option<String> {
        match self.rng.random_range(0..12) {
            0 => Some("Nuoma už gegužę \u{1f3e0} \"x\" \\ </b>".to_owned()),
            1 => Some("ž".repeat(140)),
            2 => Some("y".repeat(140)),
            3 if self.one_in(3) => Some("z".repeat(141)),
            4 | 5 => Some(format!("invoice {}", self.rng.random_range(0..1000))),
            _ => None,
        }
    }

    /// Money that a source might have: some, all, one unit too many.
    fn money_from(&mut self, model: &Model, source: Option<&str>) -> Money {
        let mut money = self.money(10_000);
        if money.minor.is_none() {
            return money;
        }
        if self.one_in(40) {
            return Money { text: "1.00".to_owned(), currency: "xyz".to_owned(), minor: Some(100) };
        }
        let spent_by_many = self.shared && source.is_none();
        let owned = model.balance(source, &money.currency);
        let minor = match self.rng.random_range(0..10) {
            0 if spent_by_many => OUT_OF_REACH,
            _ if spent_by_many => self.rng.random_range(1..=SHARED_STEP),
            0 | 1 if owned > 0 => owned,
            2 => owned + 1,
            3 => OUT_OF_REACH,
            4..8 if owned > 1 => self.rng.random_range(1..=owned),
            _ => return money,
        };
        money.text = self.spell(minor, scale_of(&money.currency));
        money.minor = Some(minor);
        money
    }

    /// Up to `most` minor units, or something that is no amount.
    fn money(&mut self, most: i128) -> Money {
        let currency = *MOVED.choose(&mut self.rng).expect("a currency");
        let scale = scale_of(currency);
        if self.one_in(18) {
            return Money { text: self.no_amount(scale), currency: currency.to_owned(), minor: None };
        }
        let minor = self.rng.random_range(1..=most);
        Money { text: self.spell(minor, scale), currency: currency.to_owned(), minor: Some(minor) }
    }

    /// One of the ways to write an amount: padded, shortened, with zeros that carry nothing.
    pub fn spell(&mut self, minor: i128, scale: u32) -> String {
        let padded = decimal_text(minor, scale);
        match self.rng.random_range(0..4) {
            0 => format!("{padded}00"),
            1 | 2 => padded.trim_end_matches('0').trim_end_matches('.').to_owned(),
            _ => padded,
        }
    }

    fn no_amount(&mut self, scale: u32) -> String {
        let too_fine = format!("1.{}1", "0".repeat(scale as usize));
        let too_big = decimal_text(i128::from(i64::MAX) + 1, scale);
        let list = [
            "0", "-1", "0.00", "1e2", "007", "+5", ".5", "5.", "", " 5", "1_000", "NaN", &too_fine, &too_big,
        ];
        (*list.choose(&mut self.rng).expect("a text")).to_owned()
    }
}
