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
    Exchange::under(&lock, (from, Amount::new(amount)?), to, at).ok()
}

fn rates() -> impl Strategy<Value = Rate> {
    (1_u64..10_000_000, 0_u32..8).prop_map(|(units, decimals)| {
        let text = format!("{:0>9}", units);
        let (whole, fraction) = text.split_at(9 - usize::try_from(decimals).unwrap());
        let rate = if decimals == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") };
        Rate::parse(rate.trim_start_matches('0').trim_start_matches('.')).unwrap_or(Rate::ONE)
    })
}

fn fees() -> impl Strategy<Value = Percentage> {
    (0_u32..=10_000).prop_map(|hundredths| {
        Percentage::parse(&format!("{}.{:02}", hundredths / 100, hundredths % 100)).unwrap()
    })
}

proptest! {
    /// Each currency sums to zero, the holder pays what it was asked for and gets what it was told, and the house's fee
    /// is the rest of what was bought.
    #[test]
    fn the_legs_balance(amount in 1_i64..1_000_000_000_000, from in rates(), to in rates(), fee in fees()) {
        let Some(exchange) = exchanged(amount, ("eur", from), ("btc", to), fee) else { return Ok(()) };
        let posting = super::exchange(BOOK, &exchange);
        for code in ["eur", "btc"].map(|slug| currency(slug).code) {
            let of_currency = posting.moves().iter().filter(|part| part.account.currency == code);
            prop_assert_eq!(of_currency.map(|part| part.amount).sum::<i64>(), 0);
        }
        let of = |holder, slug: &str, kind| {
            let key = AccountKey { holder, currency: currency(slug).code, kind };
            posting.moves().iter().find(|part| part.account == key).map_or(0, |part| part.amount)
        };
        let (holder, house) = (exchange.holder, BOOK.system());
        prop_assert_eq!(of(holder, "eur", AccountKind::Main), -amount);
        prop_assert_eq!(of(holder, "btc", AccountKind::Main), exchange.bought.amount);
        prop_assert_eq!(of(house, "btc", AccountKind::Fees), exchange.fee);
        prop_assert_eq!(of(house, "eur", AccountKind::FxPosition), amount);
        prop_assert!(posting.moves().iter().all(|part| part.hold == 0));
        prop_assert_eq!(posting.moves().len(), if exchange.fee == 0 { 4 } else { 5 });
    }

    /// There and back under the same rates never gains, whatever the fees.
    #[test]
    fn there_and_back_never_gains(
        amount in 1_i64..1_000_000_000_000, from in rates(), to in rates(), there in fees(), back in fees(),
    ) {
        let Some(first) = exchanged(amount, ("eur", from), ("btc", to), there) else { return Ok(()) };
        let Some(second) = exchanged(first.bought.amount, ("btc", to), ("eur", from), back) else { return Ok(()) };
        prop_assert!(second.bought.amount <= amount, "{} of {amount}", second.bought.amount);
    }
}
