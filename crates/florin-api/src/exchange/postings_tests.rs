//! An exchange as the books have it, for random amounts, rates and fees.

use super::super::completed::Exchange;
use super::super::lock::RateLock;
use super::*;
use florin_rails::rates::Rates;
use florin_types::{Amount, Currencies, Currency, Percentage, Rate, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

const BOOK: BookId = BookId(1);

fn currency(slug: &str) -> Currency {
    Currencies::default().parse(slug).expect("one of the table")
}

/// An exchange at these rates, where it is one.
fn exchanged(
    amount: i64,
    (from, from_rate): (&str, Rate),
    (to, to_rate): (&str, Rate),
    fee: Percentage,
) -> Option<Exchange> {
    let (from, to) = (currency(from), currency(to));
    let rates: Rates = [(from.code, from_rate), (to.code, to_rate)].into_iter().collect();
    let at = Timestamp::from_micros(0);
    let lock = RateLock {
        id: Uuid::nil(),
        holder: BOOK.partner(),
        rates,
        fee,
        created_at: at,
        valid_until: at,
        used_by: None,
    };
    Exchange::under(&lock, Uuid::nil(), (from, Amount::new(amount)?), to, at).ok()
}

/// From a ten-millionth of a EUR to a million.
fn rates() -> impl Strategy<Value = Rate> {
    let units = prop_oneof![1_u64..10_000_000, 1_u64..10_000_000_000_000];
    units.prop_map(|units| {
        let text = format!("{}.{:07}", units / 10_000_000, units % 10_000_000);
        Rate::parse(&text).expect("above zero")
    })
}

/// Two currencies: of few decimals and of many, in both directions.
fn pairs() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![Just(("eur", "btc")), Just(("btc", "eur")), Just(("usdc", "doge")), Just(("doge", "usdc"))]
}

fn fees() -> impl Strategy<Value = Percentage> {
    (0_u32..=10_000).prop_map(|hundredths| {
        Percentage::parse(&format!("{}.{:02}", hundredths / 100, hundredths % 100)).expect("up to 100")
    })
}

proptest! {
    /// Each currency sums to zero, the holder pays what it was asked for and gets what it was told, and the house's fee
    /// is the rest of what was bought.
    #[test]
    fn the_legs_balance(
        amount in 1_i64..1_000_000_000_000, pair in pairs(), from in rates(), to in rates(), fee in fees(),
    ) {
        let exchange = exchanged(amount, (pair.0, from), (pair.1, to), fee);
        prop_assume!(exchange.is_some());
        let Some(exchange) = exchange else { return Ok(()) };
        let posting = super::exchange(BOOK, &exchange);
        for code in [pair.0, pair.1].map(|slug| currency(slug).code) {
            let of_currency = posting.moves().iter().filter(|part| part.account.currency == code);
            prop_assert_eq!(of_currency.map(|part| part.amount).sum::<i64>(), 0);
        }
        let of = |holder, slug: &str, kind| {
            let key = AccountKey { holder, currency: currency(slug).code, kind };
            posting.moves().iter().find(|part| part.account == key).map_or(0, |part| part.amount)
        };
        let (holder, house) = (exchange.holder, BOOK.system());
        prop_assert_eq!(of(holder, pair.0, AccountKind::Main), -amount);
        prop_assert_eq!(of(holder, pair.1, AccountKind::Main), exchange.to.amount);
        prop_assert_eq!(of(house, pair.1, AccountKind::Fees), exchange.fee);
        prop_assert_eq!(of(house, pair.0, AccountKind::FxPosition), amount);
        prop_assert!(posting.moves().iter().all(|part| part.hold == 0));
        prop_assert_eq!(posting.moves().len(), if exchange.fee == 0 { 4 } else { 5 });
    }

    /// There and back under the same rates never gains, whatever the fees.
    #[test]
    fn there_and_back_never_gains(
        amount in 1_i64..1_000_000_000_000,
        pair in pairs(),
        from in rates(),
        to in rates(),
        there in fees(),
        back in fees(),
    ) {
        let first = exchanged(amount, (pair.0, from), (pair.1, to), there);
        prop_assume!(first.is_some());
        let bought = first.map_or(0, |first| first.to.amount);
        let second = exchanged(bought, (pair.1, to), (pair.0, from), back);
        let returned = second.map_or(0, |second| second.to.amount);
        prop_assert!(returned <= amount, "{returned} of {amount}");
    }
}
