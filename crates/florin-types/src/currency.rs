//! Currencies: the code, the scale and the table of those that this installation knows.
//!
//! Currencies are configuration, not an enum: code names one only where a rule is about that one currency.

use std::fmt;

/// The longest currency code, in bytes. Eight hold every slug in use, and a code then copies like an integer.
const CODE_BYTES: usize = 8;

/// A currency's lower-case slug, such as `eur` or `usdc`: 1 to 8 of `a-z0-9`.
///
/// That a code is well formed does not mean that the currency is known: ask [`Currencies`].
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyCode([u8; CODE_BYTES]);

impl CurrencyCode {
    /// A code written in the source, already in lower case.
    ///
    /// # Panics
    /// When it is not 1 to 8 of `a-z0-9`; in a constant, that is a compile error.
    #[must_use]
    pub const fn new(slug: &'static str) -> Self {
        match Self::from_slug(slug.as_bytes()) {
            Some(code) => code,
            None => panic!("a currency code is 1 to 8 of a-z0-9"),
        }
    }

    /// Reads a code in any letter case; `None` when it is not 1 to 8 ASCII letters and digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_slug(text.to_ascii_lowercase().as_bytes())
    }

    /// The slug, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|&byte| byte == 0).unwrap_or(CODE_BYTES);
        std::str::from_utf8(&self.0[..length]).expect("a code is ASCII")
    }

    /// The slug padded with zero bytes, for storage; sorts as the slug does.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(CODE_BYTES);
        Self::from_slug(&bytes[..length]).filter(|code| code.0 == bytes)
    }

    const fn from_slug(slug: &[u8]) -> Option<Self> {
        if slug.is_empty() || slug.len() > CODE_BYTES {
            return None;
        }
        let mut bytes = [0; CODE_BYTES];
        let mut at = 0;
        while at < slug.len() {
            if !matches!(slug[at], b'a'..=b'z' | b'0'..=b'9') {
                return None;
            }
            bytes[at] = slug[at];
            at += 1;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a currency is issued by a state or lives on a chain.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CurrencyKind {
    /// State money, such as the euro.
    Fiat,
    /// Money on a chain, stablecoins included.
    Crypto,
}

/// One currency of the table.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Currency {
    /// Its slug.
    pub code: CurrencyCode,
    /// Its scale: one whole is 10^`decimals` minor units.
    pub decimals: u8,
    /// Fiat or crypto.
    pub kind: CurrencyKind,
}

/// The table of currencies, in the order of the configuration (which is the order clients see).
///
/// The default is the contract's eight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currencies(Vec<Currency>);

impl Currencies {
    /// The codes, in order.
    #[must_use]
    pub fn codes(&self) -> Vec<CurrencyCode> {
        self.0.iter().map(|currency| currency.code).collect()
    }

    /// A table of these; of two with the same code the first counts.
    #[must_use]
    pub fn new(currencies: Vec<Currency>) -> Self {
        Self(currencies)
    }

    /// The currency with this code.
    #[must_use]
    pub fn get(&self, code: CurrencyCode) -> Option<Currency> {
        self.iter().find(|currency| currency.code == code)
    }

    /// The currency that a client named, in any letter case.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<Currency> {
        self.get(CurrencyCode::parse(text)?)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Currency> + '_ {
        self.0.iter().copied()
    }
}

impl Default for Currencies {
    fn default() -> Self {
        let crypto =
            |slug, decimals| Currency { code: CurrencyCode::new(slug), decimals, kind: CurrencyKind::Crypto };
        Self(vec![
            Currency { code: CurrencyCode::new("eur"), decimals: 2, kind: CurrencyKind::Fiat },
            crypto("btc", 8),
            crypto("eth", 8),
            crypto("ltc", 8),
            crypto("doge", 8),
            crypto("pol", 8),
            crypto("usdc", 6),
            crypto("usdt", 6),
        ])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EUR: CurrencyCode = CurrencyCode::new("eur");

    #[test]
    fn codes_are_read_in_any_letter_case_and_written_in_lower() {
        for (text, slug) in [
            ("eur", Some("eur")),
            ("EUR", Some("eur")),
            ("uSdC", Some("usdc")),
            ("1inch", Some("1inch")),
            ("abcdefgh", Some("abcdefgh")),
            ("abcdefghi", None),
            ("", None),
            (" eur", None),
            ("e-r", None),
            ("é", None),
            ("eu\0", None),
        ] {
            let code = CurrencyCode::parse(text);
            assert_eq!(code.map(|code| code.to_string()).as_deref(), slug, "{text:?}");
        }
    }

    #[test]
    fn codes_written_in_the_source() {
        assert_eq!(EUR.as_str(), "eur");
        assert_eq!(format!("{EUR:?}"), "eur");
        assert_eq!(format!("{EUR:>5}"), "  eur");
        for wrong in ["", "EUR", "abcdefghi", "e r"] {
            assert!(std::panic::catch_unwind(|| CurrencyCode::new(wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn stored_bytes_are_checked() {
        assert_eq!(EUR.to_bytes(), *b"eur\0\0\0\0\0");
        assert_eq!(CurrencyCode::from_bytes(*b"eur\0\0\0\0\0"), Some(EUR));
        for wrong in [b"\0\0\0\0\0\0\0\0", b"eur\0\0\0\0x", b"EUR\0\0\0\0\0", b"\0eur\0\0\0\0"] {
            assert_eq!(CurrencyCode::from_bytes(*wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_default_table_is_the_contract() {
        let table: Vec<_> =
            Currencies::default().iter().map(|c| format!("{} {} {:?}", c.code, c.decimals, c.kind)).collect();
        assert_eq!(
            table,
            [
                "eur 2 Fiat",
                "btc 8 Crypto",
                "eth 8 Crypto",
                "ltc 8 Crypto",
                "doge 8 Crypto",
                "pol 8 Crypto",
                "usdc 6 Crypto",
                "usdt 6 Crypto"
            ]
        );
    }

    #[test]
    fn the_table_finds_by_text() {
        let table = Currencies::default();
        assert_eq!(table.parse("EUR").map(|c| c.code), Some(EUR));
        assert_eq!(table.parse("xmr"), None);
        assert_eq!(table.parse(""), None);
        assert_eq!(table.get(EUR).map(|c| c.decimals), Some(2));
        assert_eq!(Currencies::new(vec![]).get(EUR), None);
    }

    proptest! {
        #[test]
        fn any_slug_survives_storage(slug in "[a-z0-9]{1,8}") {
            let code = CurrencyCode::parse(&slug.to_ascii_uppercase()).unwrap();
            prop_assert_eq!(code.as_str(), &slug);
            prop_assert_eq!(CurrencyCode::from_bytes(code.to_bytes()), Some(code));
        }

        #[test]
        fn no_text_and_no_bytes_panic(text in any::<String>(), bytes in any::<[u8; 8]>()) {
            let _ = CurrencyCode::parse(&text);
            if let Some(code) = CurrencyCode::from_bytes(bytes) {
                prop_assert_eq!(CurrencyCode::parse(code.as_str()), Some(code));
            }
        }

        #[test]
        fn codes_sort_as_their_slugs(one in "[a-z0-9]{1,8}", other in "[a-z0-9]{1,8}") {
            let codes = (CurrencyCode::parse(&one), CurrencyCode::parse(&other));
            prop_assert_eq!(codes.0.cmp(&codes.1), one.cmp(&other));
        }
    }
}
