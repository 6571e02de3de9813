//! What fields hold: money, numbers that identify, codes of a payment.

use std::fmt;

use florin_types::Country;

use crate::Problem;
use crate::secret::is_digits;

/// A result of reading the value of a field.
pub(crate) type Parsed<T> = Result<T, Problem>;

/// Characters of ASCII that can be seen, and the blank.
pub(crate) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A whole number of digits.
pub(crate) fn number<T: std::str::FromStr>(text: &str) -> Parsed<T> {
    let number = is_digits(text).then(|| text.parse().ok()).flatten();
    number.ok_or(Problem::Value("a number"))
}

/// A currency of ISO 4217 that has a scale: precious metals and the codes for tests have none.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency, u8);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR, 2);

    /// The currency of a number, such as 978.
    #[must_use]
    pub fn of_number(number: u16) -> Option<Self> {
        let currency = iso_currency::Currency::from_numeric(number)?;
        Some(Self(currency, u8::try_from(currency.exponent()?).ok()?))
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0.numeric()
    }

    /// Its three letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals an amount has: 2 for the euro.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        self.1
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        Self::of_number(number(text)?).ok_or(Problem::Value("a currency"))
    }

    pub(crate) fn digits(self) -> String {
        format!("{:03}", self.number())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of a message: 0 to 999,999,999,999 minor units. Zero asks whether a card is good.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// The most that twelve digits can say.
    pub const MAX: i64 = 999_999_999_999;

    /// An amount; none below zero or above [`Self::MAX`].
    #[must_use]
    pub fn new(minor: i64, currency: Currency) -> Option<Self> {
        (0..=Self::MAX).contains(&minor).then_some(Self { minor, currency })
    }

    /// Nothing.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// In minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Of which currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    pub(crate) fn parse(digits: &str, currency: Currency) -> Parsed<Self> {
        Self::new(number(digits)?, currency).ok_or(Problem::Value("an amount"))
    }

    pub(crate) fn digits(self) -> String {
        format!("{:012}", self.minor)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} minor units of {:?}", self.minor, self.currency)
    }
}

/// A number that the sender of a message counts on, over a day: six digits (the systems trace audit number).
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stan(u32);

impl Stan {
    /// The last one.
    pub const MAX: u32 = 999_999;

    /// The n-th number, which begins again after [`Self::MAX`].
    #[must_use]
    pub const fn nth(n: u32) -> Self {
        Self(n % (Self::MAX + 1))
    }

    /// As a number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        number(text).map(Self)
    }

    pub(crate) fn digits(self) -> String {
        format!("{:06}", self.0)
    }
}

/// A text of a fixed length, which blanks fill up on the right: those are not part of it. It has at least one other
/// character.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code<const LENGTH: usize>([u8; LENGTH]);

impl<const LENGTH: usize> Code<LENGTH> {
    /// Reads a text of ASCII.
    ///
    /// # Errors
    /// Blank, too long, or with a character that can't be seen.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim_end_matches(' ');
        if text.is_empty() || text.len() > LENGTH {
            return Err(Problem::Value("a text of its length"));
        }
        if !is_printable(text) {
            return Err(Problem::Characters);
        }
        let mut bytes = [b' '; LENGTH];
        bytes.iter_mut().zip(text.bytes()).for_each(|(place, byte)| *place = byte);
        Ok(Self(bytes))
    }

    /// Without the blanks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default().trim_end_matches(' ')
    }

    pub(crate) const fn padded(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

impl<const LENGTH: usize> fmt::Debug for Code<LENGTH> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// What finds a payment again in all its messages (the retrieval reference number).
pub type Reference = Code<12>;

/// Where the card was used, as the acquirer names it.
pub type Terminal = Code<8>;

/// A merchant, as its acquirer names it.
pub type MerchantId = Code<15>;

/// What an issuer gives an approval to be known by.
pub type ApprovalCode = Code<6>;

/// A bank or processor: up to eleven digits.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Institution {
    number: u64,
    digits: usize,
}

impl Institution {
    /// The most digits.
    const MAX_DIGITS: usize = 11;

    /// Reads digits. Zeros at the start count: 0012 is another than 12.
    ///
    /// # Errors
    /// Not 1 to 11 digits.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let fits = (1..=Self::MAX_DIGITS).contains(&text.len());
        let number = fits.then(|| number(text).ok()).flatten();
        number.map(|number| Self { number, digits: text.len() }).ok_or(Problem::Value("1 to 11 digits"))
    }

    pub(crate) fn of_filled(text: &str) -> Parsed<Option<Self>> {
        let digits = text.trim_start_matches('0');
        if digits.is_empty() { Ok(None) } else { Self::parse(digits).map(Some) }
    }

    pub(crate) const fn number(self) -> u64 {
        self.number
    }
}

impl fmt::Display for Institution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.number, width = self.digits)
    }
}

impl fmt::Debug for Institution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a merchant trades in (ISO 18245): four digits.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MerchantCategory(u16);

impl MerchantCategory {
    /// Cash from a machine.
    pub const CASH_MACHINE: Self = Self(6011);

    /// A category; none over four digits.
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        (number <= 9_999).then_some(Self(number))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        number(text).map(Self)
    }

    pub(crate) fn digits(self) -> String {
        format!("{:04}", self.0)
    }
}

/// What a payment is (field 3, the first two digits).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum TransactionKind {
    /// Goods and services: 00.
    Purchase,
    /// Cash: 01.
    Cash,
    /// A purchase, and cash on top of it that is part of the amount: 09.
    PurchaseWithCash,
    /// Money goes back to the card: 20.
    Refund,
    /// How much is there? 30 and 31.
    BalanceInquiry,
    /// Any other; never one of those above.
    Other(OtherKind),
}

/// The two digits of a kind that has no name here.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct OtherKind(u8);

/// What a payment is, and between which accounts.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProcessingCode {
    digits: u32,
}

impl ProcessingCode {
    /// A purchase from the account that the card has.
    pub const PURCHASE: Self = Self { digits: 0 };
    /// Cash.
    pub const CASH: Self = Self { digits: 10_000 };
    /// A purchase with cash on top.
    pub const PURCHASE_WITH_CASH: Self = Self { digits: 90_000 };
    /// A refund.
    pub const REFUND: Self = Self { digits: 200_000 };
    /// A question for the balance.
    pub const BALANCE_INQUIRY: Self = Self { digits: 310_000 };

    /// What the payment is.
    #[must_use]
    pub fn kind(self) -> TransactionKind {
        match self.digits / 10_000 {
            0 => TransactionKind::Purchase,
            1 => TransactionKind::Cash,
            9 => TransactionKind::PurchaseWithCash,
            20 => TransactionKind::Refund,
            30 | 31 => TransactionKind::BalanceInquiry,
            other => TransactionKind::Other(OtherKind(u8::try_from(other).unwrap_or(u8::MAX))),
        }
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        Ok(Self { digits: number(text)? })
    }

    pub(crate) fn text(self) -> String {
        format!("{:06}", self.digits)
    }
}

/// How the number of the card came to the merchant (field 22).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryMode(u16);

/// How the number of the card was read.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Typed in: 01.
    Typed,
    /// By the magnetic stripe: 02, 90.
    Stripe,
    /// By the chip: 05, 95.
    Chip,
    /// Without contact: 07, 91.
    Contactless,
    /// It is on file with the merchant: 10.
    OnFile,
    /// In a web shop: 09, 81.
    WebShop,
    /// Not told, or any other.
    Unknown,
}

impl EntryMode {
    /// In a web shop, where no PIN can be entered.
    pub const WEB_SHOP: Self = Self(812);

    /// A mode: the two digits of the entry, and one that says whether a PIN could be entered. None over three digits.
    #[must_use]
    pub fn new(digits: u16) -> Option<Self> {
        (digits <= 999).then_some(Self(digits))
    }

    /// How the card was read.
    #[must_use]
    pub const fn entry(self) -> Entry {
        match self.0 / 10 {
            1 => Entry::Typed,
            2 | 90 => Entry::Stripe,
            5 | 95 => Entry::Chip,
            7 | 91 => Entry::Contactless,
            9 | 81 => Entry::WebShop,
            10 => Entry::OnFile,
            _ => Entry::Unknown,
        }
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        number(text).map(Self)
    }

    pub(crate) fn digits(self) -> String {
        format!("{:03}", self.0)
    }
}

/// Two digits about how a payment was made (field 25).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition(u8);

impl Condition {
    /// Card and holder are there.
    pub const NORMAL: Self = Self(0);
    /// By mail or telephone.
    pub const BY_MAIL: Self = Self(8);
    /// In a web shop.
    pub const WEB_SHOP: Self = Self(59);

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        number(text).map(Self)
    }

    pub(crate) fn digits(self) -> String {
        format!("{:02}", self.0)
    }
}

/// What one unit of the merchant's currency is in that of the card: a number, and how many of its digits are decimals.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConversionRate {
    digits: u32,
    decimals: u8,
}

impl ConversionRate {
    /// A rate of up to seven digits, of which up to seven are decimals; none outside that, and none of zero.
    #[must_use]
    pub fn new(digits: u32, decimals: u8) -> Option<Self> {
        let fits = (1..=9_999_999).contains(&digits) && decimals <= 7;
        fits.then_some(Self { digits, decimals })
    }

    /// The digits, without a point.
    #[must_use]
    pub const fn digits(self) -> u32 {
        self.digits
    }

    /// How many of them are decimals.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let (decimals, digits) = text.split_at_checked(1).ok_or(Problem::Value("a rate"))?;
        Self::new(number(digits)?, number(decimals)?).ok_or(Problem::Value("a rate"))
    }

    pub(crate) fn text(self) -> String {
        format!("{}{:07}", self.decimals, self.digits)
    }
}

/// The country of a number of ISO 3166-1; none where it has none: nothing depends on a wrong one.
pub(crate) fn country(text: &str) -> Parsed<Option<Country>> {
    let found = rust_iso3166::from_numeric(number(text)?);
    Ok(found.and_then(|found| Country::parse(found.alpha2).ok()))
}

/// The number of a country; none for the one that ISO has given none.
pub(crate) fn country_number(country: Country) -> Option<String> {
    rust_iso3166::from_alpha2(country.as_str()).map(|found| format!("{:03}", found.numeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_are_those_with_a_scale() {
        let eur = Currency::of_number(978).unwrap();
        assert_eq!(
            (eur, eur.code(), eur.decimals(), eur.digits()),
            (Currency::EUR, "EUR", 2, "978".to_owned())
        );
        let of = |number| Currency::of_number(number).map(|currency| (currency.code(), currency.decimals()));
        assert_eq!([of(392), of(48), of(36)], [Some(("JPY", 0)), Some(("BHD", 3)), Some(("AUD", 2))]);
        // Gold, "no currency", the code for tests, and none at all.
        assert_eq!([of(959), of(999), of(963), of(0)], [None; 4]);
    }

    #[test]
    fn texts_lose_their_blanks_and_keep_the_rest() {
        assert_eq!(Terminal::parse("TERM1   ").unwrap().as_str(), "TERM1");
        assert_eq!(Terminal::parse(" A").unwrap().padded(), b" A      ");
        for text in ["", "        ", "123456789", "a\u{7f}", "ä"] {
            assert!(Terminal::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn zeros_of_an_institution_count() {
        let [short, long] = ["12", "0012"].map(|text| Institution::parse(text).unwrap());
        assert_ne!(short, long);
        assert_eq!((short.to_string(), long.to_string()), ("12".to_owned(), "0012".to_owned()));
        assert_eq!(
            (Institution::of_filled("00000000012"), Institution::of_filled("00000000000")),
            (Ok(Some(short)), Ok(None))
        );
        for text in ["", "123456789012", "1a"] {
            assert!(Institution::parse(text).is_err());
        }
    }

    #[test]
    fn countries_have_numbers_but_for_one() {
        assert_eq!(country("276"), Ok(Country::parse("DE").ok()));
        assert_eq!((country("000"), country("1a3").is_err()), (Ok(None), true));
        assert_eq!(country_number(Country::parse("XK").unwrap()), None);
        for country_of in Country::all().filter(|country| country.as_str() != "XK") {
            assert_eq!(country(&country_number(country_of).unwrap()), Ok(Some(country_of)));
        }
    }

    #[test]
    fn codes_say_what_they_are() {
        let kind = |text| ProcessingCode::parse(text).unwrap().kind();
        assert_eq!(
            (kind("000000"), kind("012000"), kind("093000")),
            (TransactionKind::Purchase, TransactionKind::Cash, TransactionKind::PurchaseWithCash)
        );
        assert_eq!(
            (kind("200000"), kind("310000"), kind("990000")),
            (TransactionKind::Refund, TransactionKind::BalanceInquiry, TransactionKind::Other(OtherKind(99)))
        );
        let entry = |text| EntryMode::parse(text).unwrap().entry();
        assert_eq!(
            (entry("812"), entry("051"), entry("071"), entry("010"), entry("000")),
            (Entry::WebShop, Entry::Chip, Entry::Contactless, Entry::Typed, Entry::Unknown)
        );
        assert_eq!(ConversionRate::parse("61234567"), Ok(ConversionRate { digits: 1_234_567, decimals: 6 }));
        for text in ["81234567", "60000000", "6123456a", ""] {
            assert!(ConversionRate::parse(text).is_err());
        }
    }
}
