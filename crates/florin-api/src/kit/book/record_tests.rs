//! Lines of history from records: one step, two steps, partial captures, fees.

use super::*;
use florin_ledger::{BookId, Position};
use florin_types::{CurrencyCode, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

const BOOK: BookId = BookId(1);
const EUR: CurrencyCode = CurrencyCode::new("eur");

fn user(number: i64) -> AccountKey {
    AccountKey::main(HolderId(BOOK.position(number).0), EUR)
}

fn system(kind: AccountKind) -> AccountKey {
    AccountKey { holder: BOOK.system(), currency: EUR, kind }
}

/// A record of legs: account, amount, hold, balance after.
fn record(legs: &[(AccountKey, i64, i64, i64)]) -> Record {
    let leg = |(account, amount, hold, balance_after): &(AccountKey, i64, i64, i64)| Leg {
        account: *account,
        amount: *amount,
        hold: *hold,
        balance_after: *balance_after,
        held_after: 0,
        previous: Position::NONE,
        ordinal: 1,
    };
    Record {
        position: BOOK.position(1),
        version: Record::VERSION,
        kind: RecordKind(1),
        at: Timestamp::from_micros(0),
        object: Uuid::nil(),
        legs: legs.iter().map(leg).collect(),
        memo: Vec::new(),
    }
}

fn line(account: AccountKey, records: &[Record]) -> (i64, i64, i64, Option<HolderId>) {
    let Line { amount, fee, balance_after, counterparty } = Line::of(&Operation { account, records });
    (amount, fee, balance_after, counterparty)
}

#[test]
fn a_transfer_names_the_other_side() {
    let records = [record(&[(user(2), -500, 0, 1_500), (user(3), 500, 0, 700)])];
    assert_eq!(line(user(2), &records), (-500, 0, 1_500, Some(user(3).holder)));
    assert_eq!(line(user(3), &records), (500, 0, 700, Some(user(2).holder)));
}

#[test]
fn a_payment_on_hold_shows_what_is_held_and_then_what_was_paid() {
    let (settlement, fees) = (system(AccountKind::SepaSettlement), system(AccountKind::Fees));
    let held = record(&[(user(2), 0, 1_100, 5_000)]);
    assert_eq!(line(user(2), std::slice::from_ref(&held)), (-1_100, 0, 5_000, None));
    let paid = record(&[(user(2), -1_100, -1_100, 3_900), (settlement, 1_000, 0, 0), (fees, 100, 0, 0)]);
    assert_eq!(line(user(2), &[held.clone(), paid]), (-1_000, 100, 3_900, None));
    let released = record(&[(user(2), 0, -1_100, 5_000)]);
    assert_eq!(line(user(2), &[held, released]), (-1_100, 0, 5_000, None));
}

#[test]
fn an_exchange_shows_its_fee_where_it_was_taken() {
    let btc = CurrencyCode::new("btc");
    let key = |holder, kind, currency| AccountKey { holder, currency, kind };
    let (to, fees) =
        (key(user(2).holder, AccountKind::Main, btc), key(BOOK.system(), AccountKind::Fees, btc));
    let positions = [EUR, btc].map(|currency| key(BOOK.system(), AccountKind::FxPosition, currency));
    let records = [record(&[
        (user(2), -10_000, 0, 0),
        (positions[0], 10_000, 0, 0),
        (positions[1], -1_000, 0, 0),
        (to, 985, 0, 985),
        (fees, 15, 0, 15),
    ])];
    assert_eq!(line(user(2), &records), (-10_000, 0, 0, None));
    assert_eq!(line(to, &records), (985, 15, 985, None));
}

proptest! {
    /// However an operation is captured, its line says what left the account and what is still held, and nothing else.
    #[test]
    fn nothing_is_lost_between_amount_fee_and_hold(
        held in 1_i64..1_000_000, parts in prop::collection::vec(0_u8..100, 0..5),
    ) {
        let (settlement, fees) = (system(AccountKind::SepaSettlement), system(AccountKind::Fees));
        let (mut left, mut balance) = (held, 10_000_000);
        let mut records = vec![record(&[(user(2), 0, held, balance)])];
        for part in parts {
            let captured = left * i64::from(part) / 100;
            let fee = captured / 10;
            (left, balance) = (left - captured, balance - captured);
            records.push(record(&[
                (user(2), -captured, -captured, balance),
                (settlement, captured - fee, 0, 0),
                (fees, fee, 0, 0),
            ]));
        }
        let (amount, fee, balance_after, _) = line(user(2), &records);
        prop_assert_eq!(balance_after, balance);
        prop_assert_eq!(amount - fee, -(10_000_000 - balance) - left);
    }
}
