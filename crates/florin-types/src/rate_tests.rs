//! Rates against big integers that know nothing of widths, and against what the contract promises of each formula.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn percentage(text: &str) -> Percentage {
    Percentage::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn amount(minor: i64) -> Amount {
    Amount::new(minor).unwrap_or_else(|| panic!("{minor}"))
}

fn price(text: &str, decimals: u8) -> Price {
    Price { rate: rate(text), decimals }
}

#[test]
fn rates_are_read_and_printed_exactly() {
    for (text, printed) in [
        ("1", "1"),
        ("0.84", "0.84"),
        ("60000.120", "60000.12"),
        ("0.000000000001", "0.000000000001"),
        ("1000000000000", "1000000000000"),
        ("1000000000000.000000000000", "1000000000000"),
    ] {
        assert_eq!(rate(text).to_string(), printed);
    }
    assert_eq!(rate("1"), Rate::ONE);
    for (text, error) in [
        ("", "must be a positive decimal number"),
        ("-1", "must be a positive decimal number"),
        ("1e5", "must be a positive decimal number"),
        ("0", "must be greater than zero"),
        ("0.000", "must be greater than zero"),
        ("0.0000000000001", "can have at most 12 decimal places"),
        ("1000000000000.000000000001", "is too large"),
        ("1000000000000000000000000000000000000000000", "is too large"),
    ] {
        assert_eq!(Rate::parse(text).map_err(|error| error.to_string()), Err(error.to_owned()), "{text}");
    }
}

#[test]
fn percentages_are_read_and_printed_exactly() {
    for (text, printed) in [("0", "0"), ("1.49", "1.49"), ("0.000001", "0.000001"), ("100.0", "100")] {
        assert_eq!(percentage(text).to_string(), printed);
    }
    assert_eq!(percentage("0"), Percentage::ZERO);
    for (text, error) in [
        ("1.", RateError::Malformed),
        ("0.0000001", RateError::TooManyDecimals { decimals: 6 }),
        ("100.000001", RateError::TooLarge),
        ("99999999999", RateError::TooLarge),
    ] {
        assert_eq!(Percentage::parse(text), Err(error), "{text}");
    }
    // The fee of a SEPA transfer: 0.1 %.
    assert_eq!(percentage("0.1").of(123_456, Rounding::Ceil), Ok(124));
    assert_eq!(percentage("0.1").of(123_456, Rounding::Floor), Ok(123));
    assert_eq!(percentage("100").of(MAX_MINOR_UNITS, Rounding::Floor), Ok(MAX_MINOR_UNITS));
    assert_eq!(percentage("1").of(-1, Rounding::Floor), Err(OutOfRange));
}

#[test]
fn a_fraction_is_rounded_as_it_is_named() {
    let rounded =
        |a, c| [Rounding::Floor, Rounding::Ceil, Rounding::HalfEven].map(|r| mul_div(a, 1, c, r).unwrap());
    for (a, c, expected) in [
        (0, 3, [0, 0, 0]),
        (4, 2, [2, 2, 2]),
        (1, 2, [0, 1, 0]),
        (3, 2, [1, 2, 2]),
        (5, 2, [2, 3, 2]),
        (5, 3, [1, 2, 2]),
        (4, 3, [1, 2, 1]),
    ] {
        assert_eq!(rounded(a, c), expected, "{a}/{c}");
    }
    let max = u128::MAX;
    assert_eq!(mul_div(max, max, max, Rounding::Ceil), Ok(max));
    assert_eq!(mul_div(max, 2, 1, Rounding::Floor), Err(OutOfRange));
    assert_eq!(mul_div(max, max, max - 1, Rounding::Floor), Err(OutOfRange));
    assert_eq!(mul_div(1, 1, 0, Rounding::Floor), Err(OutOfRange));
}

#[test]
fn an_exchange_is_what_the_contract_says() {
    let (btc, eur, usdc) = (price("60000.12", 8), Price::EUR, price("0.84", 6));
    let fee = percentage("1.49");
    // 0.5 btc are 30000.06 EUR; without 1.49 % 29553.059106.
    let sold = exchange(amount(50_000_000), btc, eur, fee).unwrap();
    assert_eq!(sold, Exchanged { received: 2_955_305, fee: 3_000_006 - 2_955_305 });
    // 100 EUR in btc: 0.00166666333, and without the fee 0.00164183005.
    let bought = exchange(amount(10_000), eur, btc, fee).unwrap();
    assert_eq!((bought.received, bought.gross()), (164_183, 166_666));
    // Without a fee, the fee is nothing, whatever is cut.
    let free = exchange(amount(10_000), eur, usdc, Percentage::ZERO).unwrap();
    assert_eq!(free, Exchanged { received: 119_047_619, fee: 0 });
    // All of it.
    assert_eq!(exchange(amount(10_000), eur, usdc, percentage("100")).unwrap().received, 0);
    // Less than one unit of the other.
    assert_eq!(exchange(amount(1), price("0.01", 8), eur, fee), Ok(Exchanged { received: 0, fee: 0 }));
}

/// Today's arithmetic in 128 bits ended at a rate of about 170,000.
#[test]
fn large_rates_and_amounts_fit_or_are_refused() {
    let dear = price("1000000000000", 8);
    assert_eq!(dear.value_in_eur(1, Rounding::Floor), Ok(1_000_000));
    assert_eq!(dear.value_in_eur(MAX_MINOR_UNITS, Rounding::Floor), Err(OutOfRange));
    assert_eq!(
        price("1000000", 8).value_in_eur(MAX_MINOR_UNITS / 1_000, Rounding::Floor),
        Ok(100_000_000_000_000)
    );
    let cheap = price("0.000000000001", 8);
    assert_eq!(exchange(amount(1), dear, cheap, Percentage::ZERO), Err(OutOfRange));
    assert_eq!(cheap.order_amount(amount(MAX_MINOR_UNITS)), Err(OutOfRange));
    assert_eq!(Price { rate: Rate::ONE, decimals: 39 }.value_in_eur(1, Rounding::Floor), Err(OutOfRange));
    assert_eq!(Price::EUR.value_in_eur(-1, Rounding::Floor), Err(OutOfRange));
}

#[test]
fn an_order_is_cut_unless_the_cut_would_settle_less() {
    // The contract's example.
    assert_eq!(price("0.84", 6).order_amount(amount(34_659)), Ok(412_607_142));
    // A unit that is worth more than a cent: the cut would be short by one.
    assert_eq!(price("3", 0).order_amount(amount(1_000)), Ok(4));
    // Of 16.67 satoshi for a cent, 16 settle 0.0096 EUR, which is a cent.
    assert_eq!(price("60000.12", 8).order_amount(amount(1)), Ok(16));
    assert_eq!(Price::EUR.order_amount(amount(1_234)), Ok(1_234));
}

fn any_rate() -> impl Strategy<Value = Rate> {
    prop_oneof![
        (1..=MAX_RATE_UNITS).prop_map(Rate),
        // About the rates that there are: from a thousandth of a cent to a million.
        (10_000_000_u128..1_000_000_000_000_000_000).prop_map(Rate),
    ]
}

fn any_price() -> impl Strategy<Value = Price> {
    (any_rate(), prop_oneof![Just(0), Just(2), Just(6), Just(8), Just(18)])
        .prop_map(|(rate, decimals)| Price { rate, decimals })
}

fn any_amount() -> impl Strategy<Value = Amount> {
    prop_oneof![1..=MAX_MINOR_UNITS, 1..1_000_000_i64].prop_map(amount)
}

fn any_percentage() -> impl Strategy<Value = Percentage> {
    (0..=WHOLE).prop_map(Percentage)
}

fn big(number: impl Into<BigUint>) -> BigUint {
    number.into()
}

fn tens(decimals: u8) -> BigUint {
    BigUint::from(10_u8).pow(decimals.into())
}

/// As an amount has it.
fn fits(number: &BigUint) -> Option<i64> {
    i64::try_from(number).ok().filter(|minor| *minor <= MAX_MINOR_UNITS)
}

proptest! {
    #[test]
    fn a_product_over_a_divisor_is_that_of_big_integers(
        a in any::<u128>(), b in any::<u128>(), c in any::<u128>(), shift in 0..128_u32,
    ) {
        let c = c >> shift;
        let product = big(a) * big(b);
        for rounding in [Rounding::Floor, Rounding::Ceil, Rounding::HalfEven] {
            let found = mul_div(a, b, c, rounding);
            if c == 0 {
                prop_assert_eq!(found, Err(OutOfRange));
                continue;
            }
            let floor = &product / big(c);
            let up = match rounding {
                Rounding::Floor => floor.clone(),
                Rounding::Ceil => (&product + big(c) - 1_u8) / big(c),
                // The floor of twice the fraction, and one: halved, it is the nearest; the exact half goes to the even.
                Rounding::HalfEven => {
                    let half_up = (&product * 2_u8 + big(c)) / (big(c) * 2_u8);
                    let is_half = &half_up * 2_u8 * big(c) == &product * 2_u8 + big(c);
                    if is_half && half_up.bit(0) { half_up - 1_u8 } else { half_up }
                }
            };
            prop_assert_eq!(found, u128::try_from(&up).map_err(|_| OutOfRange));
        }
    }

    #[test]
    fn an_exchange_is_that_of_big_integers_and_creates_no_value(
        amount in any_amount(), from in any_price(), to in any_price(), fee in any_percentage(),
    ) {
        let value = big(amount.minor() as u64) * big(from.rate.0) * tens(to.decimals);
        let divisor = big(to.rate.0) * tens(from.decimals);
        let gross = &value / &divisor;
        let received = &value * big(fee.rest()) / (&divisor * big(WHOLE));
        let expected = fits(&gross).map(|gross| {
            let received = fits(&received).expect("not above the gross amount");
            Exchanged { received, fee: gross - received }
        });
        let found = exchange(amount, from, to, fee);
        prop_assert_eq!(found, expected.ok_or(OutOfRange));
        let Ok(found) = found else { return Ok(()) };
        prop_assert!(found.received >= 0 && found.fee >= 0);
        prop_assert!(big(found.gross() as u64) * &divisor <= value, "more is bought than was sold");
        let (exact, kept) = (&value * big(fee.0), &divisor * big(WHOLE) * big(found.fee as u64));
        let unit = &divisor * big(WHOLE);
        prop_assert!(kept < &exact + &unit && exact < kept + unit, "the fee is the percentage, to a unit");
    }

    #[test]
    fn there_and_back_never_gains(amount in any_amount(), a in any_price(), b in any_price(), fee in any_percentage()) {
        let there = exchange(amount, a, b, fee);
        let Some(bought) = there.ok().and_then(|there| Amount::new(there.received)) else { return Ok(()) };
        if let Ok(back) = exchange(bought, b, a, Percentage::ZERO) {
            prop_assert!(back.received <= amount.minor());
        }
    }

    #[test]
    fn more_buys_no_less_and_a_higher_fee_leaves_no_more(
        one in any_amount(), other in any_amount(), from in any_price(), to in any_price(),
        fee in any_percentage(), other_fee in any_percentage(),
    ) {
        let (less, more) = (one.min(other), one.max(other));
        if let Ok(of_more) = exchange(more, from, to, fee) {
            let of_less = exchange(less, from, to, fee).expect("less fits too");
            prop_assert!(of_less.received <= of_more.received && of_less.gross() <= of_more.gross());
            let dearer = exchange(more, from, to, fee.max(other_fee)).expect("the same gross amount");
            prop_assert!(dearer.received <= of_more.received && dearer.gross() == of_more.gross());
        }
    }

    #[test]
    fn a_value_is_that_of_big_integers(amount in any_amount(), of in any_price()) {
        let value = big(amount.minor() as u64) * big(of.rate.0) * tens(EUR_DECIMALS);
        let divisor = tens(of.decimals) * tens(RATE_DECIMALS);
        let floor = of.value_in_eur(amount.minor(), Rounding::Floor);
        prop_assert_eq!(floor, fits(&(&value / &divisor)).ok_or(OutOfRange));
        if let (Ok(floor), Ok(near), Ok(ceil)) = (
            floor,
            of.value_in_eur(amount.minor(), Rounding::HalfEven),
            of.value_in_eur(amount.minor(), Rounding::Ceil),
        ) {
            prop_assert!(floor <= near && near <= ceil && ceil - floor <= 1);
        }
    }

    #[test]
    fn an_order_settles_what_it_must_and_asks_for_no_more_than_a_unit_over(
        settlement in any_amount(), of in any_price(),
    ) {
        let Ok(owed) = of.order_amount(settlement) else { return Ok(()) };
        if let Ok(settles) = of.value_in_eur(owed, Rounding::HalfEven) {
            prop_assert!(settles >= settlement.minor());
        }
        let exact = big(settlement.minor() as u64) * tens(RATE_DECIMALS) * tens(of.decimals);
        let divisor = tens(EUR_DECIMALS) * big(of.rate.0);
        let cut = &exact / &divisor;
        let owed = big(owed as u64);
        prop_assert!(owed == cut || (owed == &cut + 1_u8 && &cut * &divisor < exact));
    }

    #[test]
    fn a_charge_is_the_value_and_its_fee_rounded_once(
        minor in 0_i64..1 << 40, of in any_price(), fee in any_percentage(),
    ) {
        let Ok(charged) = of.charged_in_eur(minor, fee, Rounding::Ceil) else { return Ok(()) };
        let exact = big(minor as u64) * big(of.rate.0) * tens(EUR_DECIMALS) * big(WHOLE + fee.0);
        let divisor = tens(of.decimals) * tens(RATE_DECIMALS) * big(WHOLE);
        let charged = big(charged as u64);
        prop_assert!(&charged * &divisor >= exact);
        prop_assert!(charged == big(0_u8) || (&charged - 1_u8) * &divisor < exact);
        let cut = big(of.charged_in_eur(minor, fee, Rounding::Floor).unwrap() as u64);
        prop_assert!(cut == charged || &cut + 1_u8 == charged);
        prop_assert!(cut * divisor <= exact);
    }

    #[test]
    fn what_is_printed_is_read_back(rate in any_rate(), percentage in any_percentage()) {
        prop_assert_eq!(Rate::parse(&rate.to_string()), Ok(rate));
        prop_assert_eq!(Percentage::parse(&percentage.to_string()), Ok(percentage));
    }

    #[test]
    fn no_operand_makes_a_formula_panic(
        minor in any::<i64>(), units in 1..=MAX_RATE_UNITS, decimals in any::<u8>(), fee in any_percentage(),
    ) {
        let price = Price { rate: Rate(units), decimals };
        let _ = price.value_in_eur(minor, Rounding::HalfEven);
        let _ = price.charged_in_eur(minor, fee, Rounding::Ceil);
        let _ = fee.of(minor, Rounding::Ceil);
        if let Some(amount) = Amount::new(minor.saturating_abs() % MAX_MINOR_UNITS + 1) {
            let _ = price.order_amount(amount);
            let _ = exchange(amount, price, Price::EUR, fee);
            let _ = exchange(amount, Price::EUR, price, fee);
        }
    }
}

#[test]
fn rates_of_rates() {
    use Rounding::{Ceil, Floor, HalfEven};
    let rate = |text: &str| Rate::parse(text).unwrap();
    let shown = |rate: Result<Rate, OutOfRange>| rate.map(|rate| rate.to_string());
    assert_eq!(shown(rate("1.25").inverse(Floor)), Ok("0.8".to_owned()));
    assert_eq!(shown(rate("3").inverse(Floor)), Ok("0.333333333333".to_owned()));
    assert_eq!(shown(rate("3").inverse(Ceil)), Ok("0.333333333334".to_owned()));
    assert_eq!(shown(rate("0.000000000001").inverse(Floor)), Ok("1000000000000".to_owned()));
    assert_eq!(shown(rate("1000000000000").inverse(Floor)), Ok("0.000000000001".to_owned()));
    assert_eq!(shown(rate("100000").times(rate("0.8"), HalfEven)), Ok("80000".to_owned()));
    assert_eq!(shown(rate("0.000001").times(rate("0.0000001"), HalfEven)), Err(OutOfRange));
    assert_eq!(shown(rate("1000000000000").times(rate("1.1"), HalfEven)), Err(OutOfRange));
    assert_eq!(shown(rate("95000.5").scaled(1_010_000, 1_000_000, Floor)), Ok("95950.505".to_owned()));
    assert_eq!(shown(rate("1").scaled(1, 0, Floor)), Err(OutOfRange));
    assert_eq!(shown(rate("95950.505").rounded(2, HalfEven)), Ok("95950.5".to_owned()));
    assert_eq!(shown(rate("95950.515").rounded(2, HalfEven)), Ok("95950.52".to_owned()));
    assert_eq!(shown(rate("1.123456789012").rounded(12, Floor)), Ok("1.123456789012".to_owned()));
    assert_eq!(shown(rate("1.5").rounded(200, Floor)), Ok("1.5".to_owned()));
    assert_eq!(shown(rate("0.4").rounded(0, Floor)), Err(OutOfRange));
    assert_eq!(rate("1").mean(rate("4")).to_string(), "2.5");
}
