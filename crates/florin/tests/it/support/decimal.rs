//! Amounts as the contract writes them, read and written without a float.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The currencies of the contract and their scales.
pub const CURRENCIES: [(&str, u32); 8] =
    [("eur", 2), ("btc", 8), ("eth", 8), ("ltc", 8), ("doge", 8), ("pol", 8), ("usdc", 6), ("usdt", 6)];

/// How many decimals a currency has.
pub fn scale_of(currency: &str) -> u32 {
    let found = CURRENCIES.iter().find(|(slug, _)| *slug == currency);
    found.unwrap_or_else(|| panic!("{currency} is no currency of the contract")).1
}

/// `-1050` at scale 2 is `-10.50`.
pub fn decimal_text(minor: i128, scale: u32) -> String {
    let unit = 10_i128.pow(scale);
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, part) = (minor.abs() / unit, minor.abs() % unit);
    if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part:0width$}", width = scale as usize)
    }
}

/// The exact value of a decimal text (an exponent is allowed) in minor units; fails when it has more
/// decimals.
pub fn minor_units(text: &str, scale: u32) -> i128 {
    let wrong = || -> ! { panic!("{text:?} is no amount of scale {scale}") };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().unwrap_or_else(|_| wrong())),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{part}").parse().unwrap_or_else(|_| wrong());
    let shift = scale as i32 - part.len() as i32 + exponent;
    let power = 10_i128.pow(shift.unsigned_abs());
    let minor = if shift >= 0 { digits * power } else { digits / power };
    if shift < 0 && digits % power != 0 {
        wrong();
    }
    if negative { -minor } else { minor }
}

/// The fields of a JSON object with the text of each value as it was sent, for numbers that must print
/// exactly.
pub fn exact_fields(object: &str) -> BTreeMap<String, String> {
    let fields: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(object).unwrap_or_else(|error| panic!("{error} in {object}"));
    fields.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()
}

#[test]
fn decimals_are_read_and_written_exactly() {
    for (text, scale, minor) in [
        ("10.50", 2, 1050),
        ("-0.01", 2, -1),
        ("25", 2, 2500),
        ("1e-8", 8, 1),
        ("2.5e1", 2, 2500),
        ("12.500", 2, 1250),
    ] {
        assert_eq!(minor_units(text, scale), minor, "{text}");
    }
    assert_eq!(decimal_text(-1, 2), "-0.01");
    assert_eq!(decimal_text(150_000, 8), "0.00150000");
}
