//! Each country by the examples of the registry, by a second way of counting, and by properties.

use super::*;
use crate::lithuanian;
use proptest::prelude::*;

/// The examples of SWIFT's IBAN registry whose account numbers our form can make: bank code, account, IBAN.
const EXAMPLES: [(&str, &str, u64, &str); 13] = [
    ("AT", "19043", 234_573_201, "AT611904300234573201"),
    ("BE", "539", 75_470, "BE68539007547034"),
    ("DE", "37040044", 532_013_000, "DE89370400440532013000"),
    ("EE", "22", 22_102_014_568, "EE382200221020145685"),
    ("ES", "21000418", 200_051_332, "ES9121000418450200051332"),
    ("FI", "123", 4_560_000_078, "FI2112345600000785"),
    ("IE", "AIBK931152", 12_345_678, "IE29AIBK93115212345678"),
    ("IT", "0542811101", 123_456, "IT60X0542811101000000123456"),
    ("LT", "10000", 11_101_001_000, "LT121000011101001000"),
    ("LV", "BANK", 435_195_001, "LV80BANK0000435195001"),
    ("PL", "10901014", 71_219_812_874, "PL61109010140000071219812874"),
    ("PT", "00020123", 12_345_678_901, "PT50000201231234567890154"),
    ("SI", "26330", 120_390, "SI56263300012039086"),
];

/// A bank code of each country.
const CODES: [(&str, &str); 17] = [
    ("AT", "19043"),
    ("BE", "539"),
    ("DE", "37040044"),
    ("EE", "22"),
    ("ES", "21000418"),
    ("FI", "123"),
    ("FR", "2004101005"),
    ("IE", "AIBK931152"),
    ("IT", "0542811101"),
    ("LT", "99999"),
    ("LU", "001"),
    ("LV", "BANK"),
    ("NL", "ABNA"),
    ("PL", "10901014"),
    ("PT", "00020123"),
    ("SI", "26330"),
    ("SK", "1200"),
];

fn series(country: &str, code: &str) -> IbanSeries {
    IbanSeries::parse(country, code).expect(country)
}

#[test]
fn examples_of_the_registry() {
    for (country, code, account, iban) in EXAMPLES {
        assert_eq!(series(country, code).iban(account).as_str(), iban);
    }
}

/// Whether the national check digits of an IBAN are right, counted over the whole number.
fn is_nationally_right(iban: &str) -> bool {
    let (country, bban) = (&iban[..2], &iban[4..]);
    let sum = |digits: &str, weights: &[u32]| -> u32 {
        assert_eq!(digits.len(), weights.len());
        digits.chars().zip(weights).map(|(digit, weight)| digit.to_digit(10).unwrap() * weight).sum()
    };
    let number = |digits: &str| digits.parse::<u128>().expect("digits");
    match country {
        "BE" => {
            let (base, check) = (number(&bban[..10]), number(&bban[10..]));
            (1..=97).contains(&check) && (base + 97 - check) % 97 == 0
        }
        "EE" => is_estonian(&bban[4..]),
        "ES" => {
            let bank = sum(&bban[..8], &[4, 8, 5, 10, 9, 7, 3, 6]);
            let account = sum(&bban[10..], &[1, 2, 4, 8, 5, 10, 9, 7, 3, 6]);
            [(bank, &bban[8..9]), (account, &bban[9..10])].iter().all(|(sum, digit)| {
                let rest = (sum + number(digit) as u32) % 11;
                rest == 0 || *digit == "1" && (sum + 10) % 11 == 0
            })
        }
        "FI" => {
            let doubled = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
            let of = |(place, digit): (usize, char)| {
                let digit = digit.to_digit(10).unwrap();
                if place % 2 == 0 { doubled[digit as usize] } else { digit }
            };
            bban.chars().enumerate().map(of).sum::<u32>() % 10 == 0
        }
        "FR" => {
            let (bank, branch) = (number(&bban[..5]), number(&bban[5..10]));
            let (account, key) = (number(&bban[10..21]), number(&bban[21..]));
            (89 * bank + 15 * branch + 3 * account + key) % 97 == 0 && (1..=97).contains(&key)
        }
        "IT" => {
            let odd: Vec<u32> = "BAFHJNPRTV".bytes().map(|byte| u32::from(byte - b'A')).collect();
            let of = |(place, digit): (usize, char)| {
                let digit = digit.to_digit(10).unwrap();
                if place % 2 == 0 { odd[digit as usize] } else { digit }
            };
            let sum: u32 = bban[1..].chars().enumerate().map(of).sum();
            u32::from(bban.as_bytes()[0] - b'A') == sum % 26
        }
        "NL" => sum(&bban[4..], &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0,
        "PL" => sum(&bban[..8], &[3, 9, 7, 1, 3, 9, 7, 1]) % 10 == 0,
        "PT" | "SI" => number(bban) % 97 == 1,
        "SK" => {
            let digits = &bban[10..];
            sum(&bban[4..10], &[10, 5, 8, 4, 2, 1]) % 11 == 0
                && sum(digits, &[6, 3, 7, 9, 10, 5, 8, 4, 2, 1]) % 11 == 0
                && digits.bytes().filter(|byte| *byte != b'0').count() >= 2
        }
        _ => true,
    }
}

/// Weights 7, 3, 1 from the digit before the last one on.
fn is_estonian(account: &str) -> bool {
    let digits: Vec<u32> = account.chars().map(|digit| digit.to_digit(10).unwrap()).collect();
    let (check, account) = digits.split_last().unwrap();
    let sum: u32 =
        account.iter().rev().zip([7, 3, 1].into_iter().cycle()).map(|(digit, by)| digit * by).sum();
    (sum + check).is_multiple_of(10)
}

#[test]
fn the_second_way_of_counting_finds_examples_right_and_wrong_digits() {
    let of_registry = [
        "BE68539007547034",
        "EE382200221020145685",
        "ES9121000418450200051332",
        "FI2112345600000785",
        "IT60X0542811101000000123456",
        "NL91ABNA0417164300",
        "PL61109010140000071219812874",
        "PT50000201231234567890154",
        "SI56263300012039086",
        "SK3112000000198742637541",
    ];
    for iban in of_registry {
        assert!(is_nationally_right(iban), "{iban}");
        let mut wrong = iban.as_bytes().to_vec();
        let at = if iban.starts_with("PL") { 11 } else { wrong.len() - 1 };
        wrong[at] = if wrong[at] == b'9' { b'0' } else { wrong[at] + 1 };
        assert!(!is_nationally_right(std::str::from_utf8(&wrong).unwrap()), "{iban}");
    }
}

#[test]
fn bank_codes_that_are_none_are_refused() {
    for (country, code, error) in [
        ("GB", "12345", "is none of the countries"),
        ("lt", "99999", "is none of the countries"),
        ("", "99999", "is none of the countries"),
        ("LT", "9999", "must be five digits, as in IBANs of LT"),
        ("LT", "999999", "must be five digits"),
        ("LT", "9999A", "must be five digits"),
        ("LT", "9999é", "must be five digits"),
        ("IE", "931152", "must be the four letters of the BIC and the six digits"),
        ("IE", "aibk931152", "must be the four letters"),
        ("NL", "AB1A", "must be the four letters"),
        ("PL", "10901015", "has a wrong check digit"),
        ("DE", "", "must be eight digits"),
    ] {
        let said = IbanSeries::parse(country, code).expect_err(code).to_string();
        assert!(said.contains(error), "{country} {code}: {said}");
    }
}

#[test]
fn every_country_has_a_form_and_its_first_and_last_account() {
    assert_eq!(IbanSeries::of_no_bank(), series("LT", "99999"));
    assert!(IbanSeries::countries().eq(CODES.map(|(country, _)| country)));
    for (country, code) in CODES {
        let series = series(country, code);
        assert!(BankCodeError::Country.to_string().contains(country));
        for account in [0, 1, series.accounts() - 1] {
            let iban = series.iban(account);
            assert_eq!(Iban::parse(iban.as_str()).as_ref(), Ok(&iban), "{country}");
            assert!(is_nationally_right(iban.as_str()), "{iban:?}");
        }
        let beyond = series.accounts();
        assert!(std::panic::catch_unwind(|| series.iban(beyond)).is_err(), "{country}");
    }
}

#[test]
fn every_account_of_a_small_country_is_its_own() {
    // Those where digits are filled up, and Belgium, which has the fewest.
    for (country, code) in [("NL", "ABNA"), ("SK", "1200"), ("BE", "539")] {
        let series = series(country, code);
        let all: std::collections::BTreeSet<_> = (0..20_000).map(|account| series.iban(account)).collect();
        assert_eq!(all.len(), 20_000);
        assert!(all.iter().all(|iban| is_nationally_right(iban.as_str())), "{country}");
    }
}

proptest! {
    /// The crate `iban_validate` has the registry's structures.
    #[test]
    fn all_are_valid_and_none_is_anothers(
        at in 0..CODES.len(),
        places in proptest::array::uniform2(any::<u64>()),
    ) {
        let (country, code) = CODES[at];
        let series = series(country, code);
        let [one, other] = places.map(|place| place % series.accounts());
        let [of_one, of_other] = [one, other].map(|account| series.iban(account));
        for iban in [&of_one, &of_other] {
            prop_assert_eq!(Iban::parse(iban.as_str()), Ok(iban.clone()));
            prop_assert!(is_nationally_right(iban.as_str()), "{}", iban.as_str());
        }
        prop_assert_eq!(one == other, of_one == of_other);
        for (country, code) in CODES {
            let is_its = (country, code) == CODES[at];
            prop_assert_eq!(IbanSeries::parse(country, code).unwrap().has(of_one.as_str()), is_its);
        }
    }

    #[test]
    fn lithuanian_ones_are_as_they_were(code in 0_u32..100_000, account in 0_u64..100_000_000_000) {
        let series = IbanSeries::parse("LT", &format!("{code:05}")).unwrap();
        prop_assert_eq!(series.iban(account), lithuanian(code, account));
    }

    #[test]
    fn no_text_panics(country in "[A-Z]{2}|\\PC{0,3}", code in "[A-Z0-9]{0,12}|\\PC{0,12}") {
        let _ = IbanSeries::parse(&country, &code);
    }
}
