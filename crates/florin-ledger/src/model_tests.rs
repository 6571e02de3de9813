//! The ledger against a model that knows nothing of it: balances as plain sums in 128 bits, rules said once more. And
//! tables of what is refused, what a damaged record shows, and what the chain notices.

use crate::*;
use florin_types::{CurrencyCode, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

pub(crate) const EUR: CurrencyCode = CurrencyCode::new("eur");
pub(crate) const BTC: CurrencyCode = CurrencyCode::new("btc");
const BOOK: BookId = BookId(7);

pub(crate) fn main_account(holder: i64, currency: CurrencyCode) -> AccountKey {
    AccountKey::main(HolderId(BOOK.position(holder).0), currency)
}

pub(crate) fn funding(currency: CurrencyCode) -> AccountKey {
    AccountKey::system(BOOK, currency, AccountKind::SandboxFunding)
}

fn part(account: AccountKey, amount: i64, hold: i64) -> Move {
    Move { account, amount, hold }
}

/// Books in memory, changed only through `draft` and `fold`.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) accounts: BTreeMap<AccountKey, Account>,
    pub(crate) records: Vec<Record>,
}

impl Books {
    pub(crate) fn open(keys: &[AccountKey]) -> Self {
        Self { accounts: keys.iter().map(|key| (*key, Account::new(*key))).collect(), records: Vec::new() }
    }

    pub(crate) fn post(&mut self, posting: &Posting) -> Result<(), PostingError> {
        let legs = draft(posting, |key| self.accounts.get(&key).copied())?;
        let position = BOOK.position(self.records.len() as i64 + 1);
        for leg in &legs {
            let account = self.accounts.get_mut(&leg.account).expect("drafted from it");
            fold(account, leg, position).expect("a drafted leg follows");
        }
        self.records.push(record(position, legs));
        Ok(())
    }
}

fn record(position: Position, legs: Vec<Leg>) -> Record {
    Record {
        position,
        version: Record::VERSION,
        kind: RecordKind(1),
        at: Timestamp::from_micros(1_000_000),
        object: Uuid::from_u128(9),
        legs,
        memo: b"memo".to_vec(),
    }
}

/// What an account has, as the model counts it: balance and what is held.
type Model = BTreeMap<AccountKey, (i128, i128)>;

/// Whether the rules allow a posting, said without looking at the ledger's code.
fn model_allows(model: &Model, posting: &Posting) -> bool {
    let moves = posting.moves();
    let mut sums: BTreeMap<CurrencyCode, i128> = BTreeMap::new();
    moves.iter().for_each(|m| *sums.entry(m.account.currency).or_default() += i128::from(m.amount));
    let is_well_formed = !moves.is_empty() && sums.values().all(|sum| *sum == 0);
    is_well_formed
        && moves.iter().all(|m| {
            let Some((balance, held)) = model.get(&m.account) else { return false };
            let (after, held_after) = (balance + i128::from(m.amount), held + i128::from(m.hold));
            let fits = |n: i128| i64::try_from(n).is_ok();
            let is_enough = m.account.kind == AccountKind::SandboxFunding
                || after - held_after >= 0
                || after - held_after >= balance - held;
            held_after >= 0 && fits(after) && fits(held_after) && fits(after - held_after) && is_enough
        })
}

fn any_move() -> impl Strategy<Value = Move> {
    let account = prop_oneof![
        (1..4_i64, prop_oneof![Just(EUR), Just(BTC)])
            .prop_map(|(holder, currency)| main_account(holder, currency)),
        prop_oneof![Just(EUR), Just(BTC)].prop_map(funding),
    ];
    (account, -50..50_i64, prop_oneof![4 => Just(0_i64), 1 => -20..20_i64])
        .prop_map(|(account, amount, hold)| part(account, amount, hold))
}

/// Half of the postings balance on purpose, or hardly any would.
fn any_posting() -> impl Strategy<Value = Posting> {
    let balanced = (any_move(), any_move()).prop_map(|(mut one, mut other)| {
        other.account.currency = one.account.currency;
        other.amount = -one.amount;
        one.hold = one.hold.max(-5);
        vec![one, other]
    });
    prop_oneof![balanced, prop::collection::vec(any_move(), 0..5)].prop_map(|moves| Posting::of(&moves))
}

proptest! {
    #[test]
    fn the_ledger_agrees_with_the_model(postings in prop::collection::vec(any_posting(), 1..60)) {
        let keys: Vec<_> = [EUR, BTC].iter()
            .flat_map(|currency| (1..4).map(|holder| main_account(holder, *currency)).chain([funding(*currency)]))
            .collect();
        let mut books = Books::open(&keys);
        let mut model: Model = keys.iter().map(|key| (*key, (0, 0))).collect();
        for posting in &postings {
            let before = books.accounts.clone();
            let allowed = model_allows(&model, posting);
            prop_assert_eq!(books.post(posting).is_ok(), allowed, "{:?}", posting);
            if !allowed {
                prop_assert_eq!(&books.accounts, &before, "a refusal changes nothing");
                continue;
            }
            for m in posting.moves() {
                let entry = model.get_mut(&m.account).expect("allowed");
                *entry = (entry.0 + i128::from(m.amount), entry.1 + i128::from(m.hold));
            }
        }
        for (key, (balance, held)) in &model {
            let account = books.accounts[key];
            prop_assert_eq!((i128::from(account.balance), i128::from(account.held)), (*balance, *held));
        }
        check_linked(&books);
    }

    #[test]
    fn legs_survive_their_bytes(
        amount in any::<i64>(),
        hold in any::<i64>(),
        previous in 0..i64::MAX,
        ordinal in 1..i64::MAX,
    ) {
        let account = main_account(3, BTC);
        let previous = Position(previous);
        let leg = Leg { account, amount, hold, balance_after: !amount, held_after: !hold, previous, ordinal };
        let record = record(BOOK.position(1), vec![leg, leg]);
        let bytes = record.encode_legs();
        prop_assert_eq!(bytes.len(), 2 * LEG_BYTES);
        prop_assert_eq!(Record::decode_legs(Record::VERSION, &bytes), Ok(record.legs));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Record::decode_legs(Record::VERSION, &bytes);
    }
}

/// Each account's entries can be walked back from the newest to the first, and say its balance at every step.
fn check_linked(books: &Books) {
    for account in books.accounts.values() {
        let (mut at, mut left, mut balance) = (account.last, account.entries, account.balance);
        while at != Position::NONE {
            let record = &books.records[usize::try_from(at.sequence()).unwrap() - 1];
            let leg = record.leg_of(account.key).expect("a link leads to an entry of the account");
            assert_eq!((leg.ordinal, leg.balance_after), (left, balance));
            (at, left, balance) = (leg.previous, left - 1, balance - leg.amount);
        }
        assert_eq!((left, balance), (0, 0));
    }
}

#[test]
fn what_is_refused_and_why() {
    let (ada, bob) = (main_account(1, EUR), main_account(2, EUR));
    let mut books = Books::open(&[ada, bob, funding(EUR)]);
    books.post(&Posting::between(funding(EUR), ada, 100)).unwrap();
    let cases: Vec<(Vec<Move>, PostingError)> = vec![
        (vec![], PostingError::Malformed),
        (vec![part(ada, 0, 0), part(bob, 0, 0)], PostingError::Malformed),
        (vec![part(ada, -5, 0), part(ada, 5, 0)], PostingError::Malformed),
        (vec![part(ada, -5, 0), part(bob, 4, 0)], PostingError::Unbalanced(EUR)),
        (
            vec![part(ada, -5, 0), part(main_account(9, EUR), 5, 0)],
            PostingError::NoSuchAccount(main_account(9, EUR)),
        ),
        (vec![part(ada, -101, 0), part(bob, 101, 0)], PostingError::InsufficientFunds(ada)),
        (vec![part(ada, 0, 101)], PostingError::InsufficientFunds(ada)),
        (vec![part(ada, 0, -1)], PostingError::HoldBelowZero(ada)),
    ];
    for (moves, error) in cases {
        assert_eq!(books.post(&Posting::of(&moves)), Err(error), "{moves:?}");
    }
    assert_eq!(books.accounts[&ada].available(), 100);
}

#[test]
fn a_hold_keeps_money_from_being_spent_until_it_is_captured() {
    let (ada, bob) = (main_account(1, EUR), main_account(2, EUR));
    let mut books = Books::open(&[ada, bob, funding(EUR)]);
    books.post(&Posting::between(funding(EUR), ada, 100)).unwrap();
    books.post(&Posting::new().hold(ada, 80)).unwrap();
    let spend = Posting::between(ada, bob, 21);
    assert_eq!(books.post(&spend), Err(PostingError::InsufficientFunds(ada)));
    books.post(&Posting::new().release(ada, 80).move_money(ada, bob, 80)).unwrap();
    assert_eq!((books.accounts[&ada].balance, books.accounts[&ada].held), (20, 0));
}

#[test]
fn a_balance_at_the_edge_of_its_type_overflows_clearly() {
    let (ada, source) = (main_account(1, EUR), funding(EUR));
    let mut books = Books::open(&[ada, source]);
    books.post(&Posting::between(source, ada, i64::MAX)).unwrap();
    // The source has room for one more below zero, the destination has none above.
    assert_eq!(books.post(&Posting::between(source, ada, 1)), Err(PostingError::Overflow(ada)));
}

#[test]
fn folding_a_leg_that_does_not_follow_is_a_discrepancy() {
    let key = main_account(1, EUR);
    let good = Leg {
        account: key,
        amount: 5,
        hold: 0,
        balance_after: 5,
        held_after: 0,
        previous: Position::NONE,
        ordinal: 1,
    };
    let wrong = [
        Leg { account: main_account(2, EUR), ..good },
        Leg { balance_after: 6, ..good },
        Leg { held_after: 1, ..good },
        Leg { previous: BOOK.position(1), ..good },
        Leg { ordinal: 2, ..good },
    ];
    for leg in wrong {
        let mut account = Account::new(key);
        assert_eq!(fold(&mut account, &leg, BOOK.position(1)), Err(Discrepancy::DoesNotFollow(leg.account)));
        assert_eq!(account, Account::new(key), "nothing was taken in");
    }
    assert_eq!(fold(&mut Account::new(key), &good, BOOK.position(1)), Ok(()));
}

#[test]
fn the_chain_depends_on_every_part_of_a_record_and_on_the_key() {
    let leg = |amount| Leg {
        account: main_account(1, EUR),
        amount,
        hold: 0,
        balance_after: amount,
        held_after: 0,
        previous: Position::NONE,
        ordinal: 1,
    };
    let base = record(BOOK.position(1), vec![leg(5)]);
    let changed = [
        Record { position: BOOK.position(2), ..base.clone() },
        Record { version: 2, ..base.clone() },
        Record { kind: RecordKind(2), ..base.clone() },
        Record { at: Timestamp::from_micros(1_000_001), ..base.clone() },
        Record { object: Uuid::from_u128(10), ..base.clone() },
        Record { legs: vec![leg(6)], ..base.clone() },
        Record { memo: Vec::new(), ..base.clone() },
    ];
    let link = |record: &Record, key| {
        Chain::START.next_record(&ChainKey::new([key; 32]), record, &record.encode_legs())
    };
    for other in &changed {
        assert_ne!(link(&base, 1), link(other, 1), "{other:?}");
    }
    assert_ne!(link(&base, 1), link(&base, 2));
    let key = ChainKey::new([1; 32]);
    assert_ne!(Chain::START.next(&key, &[b"ab", b"c"]), Chain::START.next(&key, &[b"a", b"bc"]));
}

#[test]
fn the_numbers_of_the_kinds_are_kept_for_ever() {
    let numbers: Vec<u8> = AccountKind::ALL.iter().map(|kind| *kind as u8).collect();
    assert_eq!(numbers, (1..=9).collect::<Vec<u8>>());
    let names: Vec<String> = AccountKind::ALL.iter().map(|kind| format!("{kind:?}")).collect();
    assert_eq!(
        names.join(" "),
        "Main SandboxFunding Fees FxPosition SepaSettlement ChainSettlement CardSettlement Suspense Receivable"
    );
    for number in 0..=u8::MAX {
        assert_eq!(
            AccountKind::from_number(number).map(|kind| kind as u8),
            (1..=9).contains(&number).then_some(number)
        );
    }
    assert!(AccountKind::ALL.iter().all(|kind| kind.is_bounded() == (*kind == AccountKind::Main)));
}

#[test]
fn an_account_opens_itself_where_its_kind_belongs_to_the_holder() {
    let user = HolderId(BOOK.position(9).0);
    for kind in AccountKind::ALL {
        let of = |holder| AccountKey { holder, currency: EUR, kind }.opens_itself();
        let is_receivable = kind == AccountKind::Receivable;
        assert_eq!(of(BOOK.system()), kind.is_of_system(), "{kind:?}");
        assert_eq!((of(BOOK.partner()), of(user)), (is_receivable, is_receivable), "{kind:?}");
    }
}

#[test]
fn positions_tell_book_and_sequence() {
    let position = BOOK.position(41);
    assert_eq!((position.book(), position.sequence()), (BOOK, 41));
    assert!(BOOK.start() < position && position < BOOK.end());
    assert_eq!(BOOK.end(), BookId(8).start());
    assert_eq!(BOOK.partner().book(), BOOK);
}
