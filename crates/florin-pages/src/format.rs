//! Amounts and times in the form of a language. No floats: an amount is a decimal string, and stays one.

use crate::Language;
use crate::texts::fill;
use florin_types::Timestamp;
use std::time::Duration;

const NO_BREAK: char = '\u{a0}';
const NARROW_NO_BREAK: char = '\u{202f}';

/// Digits of a group.
const GROUP: usize = 3;

/// How a language writes numbers, as Unicode's CLDR has it.
struct Numbers {
    point: char,
    group: char,
    /// From how many digits on they are grouped.
    grouped_from: usize,
}

const fn numbers(language: Language) -> Numbers {
    match language {
        Language::English => Numbers { point: '.', group: ',', grouped_from: 4 },
        Language::German => Numbers { point: ',', group: '.', grouped_from: 4 },
        Language::Polish => Numbers { point: ',', group: NO_BREAK, grouped_from: 5 },
        Language::French => Numbers { point: ',', group: NARROW_NO_BREAK, grouped_from: 4 },
        Language::Spanish | Language::Italian => Numbers { point: ',', group: '.', grouped_from: 5 },
    }
}

/// Whole digits and fraction of a decimal string, without its trailing zeros but for `decimals`.
fn parts(amount: &str, decimals: usize) -> Option<(&str, String)> {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    Some((whole, format!("{:0<decimals$}", fraction.trim_end_matches('0'))))
}

/// A number with at least so many decimals; what is no number stays as it is.
fn number(language: Language, amount: &str, decimals: usize) -> String {
    let Some((whole, fraction)) = parts(amount, decimals) else { return amount.to_owned() };
    let Numbers { point, group, grouped_from } = numbers(language);
    let mut written = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len().saturating_sub(index);
        if index > 0 && whole.len() >= grouped_from && left.is_multiple_of(GROUP) {
            written.push(group);
        }
        written.push(digit);
    }
    if !fraction.is_empty() {
        written.push(point);
        written.push_str(&fraction);
    }
    written
}

/// An amount in EUR: `€1,234.50`, `1.234,50 €`.
pub(crate) fn euros(language: Language, amount: &str) -> String {
    let number = number(language, amount, 2);
    match language {
        Language::English => format!("€{number}"),
        _ => format!("{number}{NO_BREAK}€"),
    }
}

/// An amount of a coin, without the zeros at its end: `0.004121 BTC`.
pub(crate) fn coins(language: Language, amount: &str, slug: &str) -> String {
    format!("{}{NO_BREAK}{}", number(language, amount, 0), symbol(slug))
}

/// An amount as wallets take it, without the zeros at its end.
pub(crate) fn plain(amount: &str) -> String {
    match parts(amount, 0) {
        Some((whole, fraction)) if fraction.is_empty() => whole.to_owned(),
        Some((whole, fraction)) => format!("{whole}.{fraction}"),
        None => amount.to_owned(),
    }
}

/// The symbol of a coin.
pub(crate) fn symbol(slug: &str) -> String {
    slug.to_ascii_uppercase()
}

/// A date with its time in UTC. The page's script shows the reader's own time instead.
pub(crate) fn date_and_time(language: Language, at: Timestamp) -> String {
    let (texts, date, text) = (language.texts(), at.date(), at.to_string());
    let month = usize::try_from(date.month()).ok().and_then(|month| texts.months.get(month.checked_sub(1)?));
    // The text is `2026-11-30T19:47:00.000Z`.
    let time = format!("{} UTC", text.get(11..16).unwrap_or_default());
    let values = [
        ("day", date.day().to_string()),
        ("month", month.copied().unwrap_or_default().to_owned()),
        ("year", date.year().to_string()),
        ("time", time),
    ];
    fill(texts.date_and_time, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// What is left of a time: `14:32`, `2:14:32`. The script counts on in the same form.
pub(crate) fn time_left(left: Duration) -> String {
    let seconds = left.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same as `Intl.NumberFormat` of Node 20 says.
    #[test]
    fn euros_are_written_as_the_language_does() {
        let written = |amount| Language::ALL.map(|language| euros(language, amount));
        assert_eq!(
            written("1234.5"),
            [
                "€1,234.50",
                "1.234,50\u{a0}€",
                "1234,50\u{a0}€",
                "1\u{202f}234,50\u{a0}€",
                "1234,50\u{a0}€",
                "1234,50\u{a0}€"
            ]
        );
        assert_eq!(
            written("1234567.89"),
            [
                "€1,234,567.89",
                "1.234.567,89\u{a0}€",
                "1\u{a0}234\u{a0}567,89\u{a0}€",
                "1\u{202f}234\u{202f}567,89\u{a0}€",
                "1.234.567,89\u{a0}€",
                "1.234.567,89\u{a0}€"
            ]
        );
        assert_eq!(euros(Language::Spanish, "12345.6"), "12.345,60\u{a0}€");
        assert_eq!(euros(Language::English, "0.84129300"), "€0.841293");
        assert_eq!(euros(Language::English, "7"), "€7.00");
    }

    #[test]
    fn coins_lose_only_zeros() {
        assert_eq!(coins(Language::German, "0.00412100", "btc"), "0,004121\u{a0}BTC");
        assert_eq!(coins(Language::English, "12500.000000", "usdc"), "12,500\u{a0}USDC");
        assert_eq!(plain("12500.000000"), "12500");
        assert_eq!(plain("0.10"), "0.1");
        assert_eq!(plain("100"), "100");
    }

    #[test]
    fn what_is_no_number_is_not_touched() {
        for text in ["", "-1", "1e5", "<b>", "1.2.3", ".5", "１"] {
            assert_eq!(plain(text), text);
            assert_eq!(euros(Language::English, text), format!("€{text}"));
        }
    }

    #[test]
    fn times_are_written_as_the_language_does() {
        let at = Timestamp::parse("2026-03-01T09:05:59Z").unwrap();
        assert_eq!(
            Language::ALL.map(|language| date_and_time(language, at)),
            [
                "1 March 2026, 09:05 UTC",
                "1. März 2026, 09:05 UTC",
                "1 marca 2026, 09:05 UTC",
                "1 mars 2026 à 09:05 UTC",
                "1 de marzo de 2026, 09:05 UTC",
                "1 marzo 2026, 09:05 UTC"
            ]
        );
        assert_eq!(time_left(Duration::from_secs(872)), "14:32");
        assert_eq!(time_left(Duration::from_secs(3605)), "1:00:05");
        assert_eq!(time_left(Duration::ZERO), "0:00");
    }
}
