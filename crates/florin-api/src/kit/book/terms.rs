//! What is agreed with a partner: fees and rules that differ from the installation's defaults. Each change is a row
//! with the time from which it counts, and no row is ever changed: which fee applied to a transaction can be told from
//! its time. Terms are read with the partner's key.

use crate::kit::request::number::ExactNumber;
use crate::kit::request::types::words;
use crate::kit::tables::{Fees, Network, Reference};
use florin_store::{BookId, Row, SealedTable, Statement, Store, StoreError, Tx, Value, params, sealed_table};
use florin_types::{Country, CurrencyCode, Timestamp};
use uuid::Uuid;

/// The rows of terms.
pub static PARTNER_TERMS: SealedTable = sealed_table!(
    "partner_terms",
    [
        "partner": Bytes = "$1", "effective_from": Int = "$2", "set_at": Int = "$3", "name": Text = "$4",
        "scope": Text = "$5"
    ],
    "value",
    "operator",
);

/// All of them, as only an operator adds rows: a limit would hide the newest.
const FIND: Statement = "SELECT partner, effective_from, set_at, name, scope, value, operator, seal FROM partner_terms \
     WHERE partner = $1 ORDER BY effective_from, set_at";
const INSERT: Statement = "INSERT INTO partner_terms (partner, effective_from, set_at, name, scope, value, operator, \
     seal) SELECT id, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), \
     CAST($7 AS TEXT), $8 FROM partner WHERE book = $1";

const FIND_OF_BOOK: Statement = "SELECT t.partner, t.effective_from, t.set_at, t.name, t.scope, t.value, t.operator, \
     t.seal FROM partner p JOIN partner_terms t ON t.partner = p.id WHERE p.book = $1 \
     ORDER BY t.effective_from, t.set_at";

/// Every statement here, for the test that prepares and runs them all.
pub(crate) const STATEMENTS: &[Statement] = &[FIND, FIND_OF_BOOK, INSERT, PARTNER_TERMS.read];

words! {
    /// What can be agreed.
    pub enum TermName {
        /// The fee of a SEPA transfer, in percent of its amount.
        SepaPercentage = "sepa_percentage",
        /// The least fee of a SEPA transfer, in EUR.
        SepaMinimum = "sepa_minimum",
        /// The fee of an exchange, in percent of what is received.
        ExchangePercentage = "exchange_percentage",
        /// The fee of an active card for a month, in EUR.
        CardMonthly = "card_monthly",
        /// The fee of a card payment in a foreign currency, in percent of its value.
        CardForeignPercentage = "card_foreign_percentage",
        /// Categories of merchants at which cards are declined: codes of ISO 18245 and ranges of them, such as
        /// `7995,6050-6051`, or `NONE`.
        CardBlockedCategories = "card_blocked_categories",
        /// Countries of merchants in which cards are declined, such as `RU,BY`, or `NONE`. Without it, those in which
        /// no users may reside.
        CardBlockedCountries = "card_blocked_countries",
        /// The service fee of a crypto withdrawal, in the currency. Its scope is currency and network: `usdc/polygon`.
        WithdrawalFee = "withdrawal_fee",
        /// Where SEPA transfers may go: `CLOSED`, to accounts of the user's own, or `OPEN`, to anybody's.
        SepaLoop = "sepa_loop",
        /// In a sandbox: whether users of older clients are verified by themselves, `ON` or `OFF`. What the partner
        /// sets by `PUT /v1/sandbox/settings` goes before, until a reset.
        AutoVerify = "auto_verify",
    }
}

impl TermName {
    /// The words that its value is one of; none where the value is a decimal.
    const fn words(self) -> Option<[&'static str; 2]> {
        match self {
            Self::SepaLoop => Some([OPEN, "CLOSED"]),
            Self::AutoVerify => Some([ON, "OFF"]),
            _ => None,
        }
    }
}

/// The value of a term that is switched on.
const ON: &str = "ON";

/// The value of a loop without a fence.
const OPEN: &str = "OPEN";

/// A change of terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What was agreed on.
    pub name: TermName,
    /// Of what, where there are several.
    pub scope: String,
    /// From when on, by the business time of the partner's book.
    pub effective_from: Timestamp,
    /// When it was set, wall clock.
    pub set_at: Timestamp,
    /// A decimal, or a word.
    pub value: String,
    /// Who set it.
    pub operator: String,
}

impl Term {
    /// The scope as it is stored and looked up, where scope and value are right.
    ///
    /// # Errors
    /// A sentence that names the option.
    pub fn check(name: TermName, scope: &str, value: &str, reference: &Reference) -> Result<String, String> {
        let network = network_of(scope, reference);
        let scope = match (name, network) {
            (TermName::WithdrawalFee, Some((currency, network))) => scope_of(currency, network),
            (TermName::WithdrawalFee, None) => String::new(),
            _ => scope.to_owned(),
        };
        if scope.is_empty() == (name == TermName::WithdrawalFee) {
            return Err(
                "scope must be currency/network with withdrawal_fee, such as usdc/polygon, else empty".into(),
            );
        }
        match name {
            TermName::CardBlockedCategories => return CategoryList::parse(value).map(|_| scope),
            TermName::CardBlockedCountries => return CountryList::parse(value).map(|_| scope),
            _ => {}
        }
        if let Some(words) = name.words() {
            let is_word = words.contains(&value);
            return if is_word { Ok(scope) } else { Err(format!("value must be {}", words.join(" or "))) };
        }
        let number = ExactNumber::parse(value).map_err(|error| format!("value {error}"))?;
        let is_percentage = matches!(
            name,
            TermName::SepaPercentage | TermName::ExchangePercentage | TermName::CardForeignPercentage
        );
        let too_much = is_percentage && number.at_scale(6).is_none_or(|units| units > 100_000_000);
        let scale = network.map_or(2, |(_, network)| network.decimals);
        let too_fine = !is_percentage && number.at_scale(scale).is_none();
        match (too_much, too_fine) {
            (true, _) => Err("value must be at most 100 per cent, with at most 6 decimal places".into()),
            (_, true) => Err(format!("value can have at most {scale} decimal places")),
            _ => Ok(scope),
        }
    }
}

fn network_of<'a>(scope: &str, reference: &'a Reference) -> Option<(CurrencyCode, &'a Network)> {
    let (currency, network) = scope.split_once('/')?;
    let currency = CurrencyCode::parse(currency)?;
    Some((currency, reference.network(currency, network)?))
}

/// A network's currency and slug: what a withdrawal fee is agreed for.
fn scope_of(currency: CurrencyCode, network: &Network) -> String {
    format!("{currency}/{}", network.slug)
}

/// The terms of a partner, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Terms(Vec<Term>);

impl Terms {
    /// The terms of a partner.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of(store: &Store, partner: Uuid) -> Result<Self, StoreError> {
        Self::read(store, &store.look(FIND, &params![partner]).await?)
    }

    /// The terms of the partner whose book this is, for jobs, which know no key.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of_book(store: &Store, book: BookId) -> Result<Self, StoreError> {
        Self::read(store, &store.look(FIND_OF_BOOK, &params![book]).await?)
    }

    fn read(store: &Store, rows: &[Row]) -> Result<Self, StoreError> {
        let term = |row: &Row| {
            store.seals().check(&PARTNER_TERMS, &row.0)?;
            term_of_row(row)
        };
        rows.iter().filter_map(|row| term(row).transpose()).collect::<Result<_, _>>().map(Self)
    }

    /// All changes, oldest first.
    pub fn history(&self) -> &[Term] {
        &self.0
    }

    /// The change that is in force at a time.
    pub fn at(&self, name: TermName, scope: &str, at: Timestamp) -> Option<&Term> {
        let is_it = |term: &&Term| term.name == name && term.scope == scope && term.effective_from <= at;
        self.0.iter().rev().find(is_it)
    }

    /// Whether users of older clients are verified by themselves at a time.
    pub fn auto_verifies(&self, at: Timestamp) -> bool {
        self.at(TermName::AutoVerify, "", at).is_some_and(|term| term.value == ON)
    }

    /// Whether SEPA transfers may go to everybody at a time, not only to accounts of the payer's own.
    pub fn has_open_loop(&self, at: Timestamp) -> bool {
        self.at(TermName::SepaLoop, "", at).is_some_and(|term| term.value == OPEN)
    }

    /// The fees at a time, with the installation's where nothing else is agreed.
    pub fn fees(&self, defaults: Fees, at: Timestamp) -> Fees {
        let agreed = |name, default| {
            let term = self.at(name, "", at).and_then(|term| ExactNumber::parse(&term.value).ok());
            term.unwrap_or(default)
        };
        Fees {
            sepa_percentage: agreed(TermName::SepaPercentage, defaults.sepa_percentage),
            sepa_minimum: agreed(TermName::SepaMinimum, defaults.sepa_minimum),
            exchange_percentage: agreed(TermName::ExchangePercentage, defaults.exchange_percentage),
            card_monthly: agreed(TermName::CardMonthly, defaults.card_monthly),
            card_foreign_percentage: agreed(
                TermName::CardForeignPercentage,
                defaults.card_foreign_percentage,
            ),
        }
    }

    /// Whether a card can be used at a merchant of this category at a time. An unknown category is served.
    pub fn serves_category(&self, mcc: &str, at: Timestamp) -> bool {
        let blocked = self.at(TermName::CardBlockedCategories, "", at);
        let blocked = blocked.and_then(|term| CategoryList::parse(&term.value).ok());
        !blocked.is_some_and(|list| list.has(mcc))
    }

    /// The countries of merchants in which cards are declined at a time; none where nothing is agreed.
    pub fn blocked_card_countries(&self, at: Timestamp) -> Option<CountryList> {
        CountryList::parse(&self.at(TermName::CardBlockedCountries, "", at)?.value).ok()
    }

    /// The service fee of a withdrawal at a time, in minor units.
    pub fn withdrawal_fee(&self, currency: CurrencyCode, network: &Network, at: Timestamp) -> i64 {
        let agreed = self.at(TermName::WithdrawalFee, &scope_of(currency, network), at);
        let agreed = agreed.and_then(|term| ExactNumber::parse(&term.value).ok()?.at_scale(network.decimals));
        agreed.unwrap_or(network.withdrawal_fee)
    }
}

/// The value of a list that is empty.
const NONE: &str = "NONE";

/// Codes of ISO 18245, and ranges of them.
struct CategoryList(Vec<(u16, u16)>);

impl CategoryList {
    fn parse(text: &str) -> Result<Self, String> {
        let code = |text: &str| {
            let is_code = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_code)
        };
        let range = |text: &str| {
            let (from, to) = text.split_once('-').unwrap_or((text, text));
            let range = code(from)?..=code(to)?;
            (!range.is_empty()).then(|| range.into_inner())
        };
        let all = items(text).map(range).collect::<Option<_>>();
        all.map(Self).ok_or_else(|| {
            "value must be codes of four digits or ranges of them, such as 7995,6050-6051".into()
        })
    }

    fn has(&self, mcc: &str) -> bool {
        mcc.parse().is_ok_and(|mcc| self.0.iter().any(|(from, to)| (*from..=*to).contains(&mcc)))
    }
}

/// Countries.
pub struct CountryList(Vec<Country>);

impl CountryList {
    fn parse(text: &str) -> Result<Self, String> {
        let all = items(text).map(|code| Country::parse(code).ok()).collect::<Option<_>>();
        all.map(Self).ok_or_else(|| "value must be countries, such as RU,BY".into())
    }

    /// Whether a country is one of them.
    pub fn has(&self, country: Country) -> bool {
        self.0.contains(&country)
    }
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(move |_| text != NONE)
}

/// Writes a term of the partner whose book this is. How many rows that is: one, if it is that partner's.
pub(super) async fn insert(tx: &mut Tx, partner: Uuid, term: &Term) -> Result<u64, StoreError> {
    let Term { name, scope, effective_from, set_at, value, operator } = term;
    let row: [Value; 7] =
        params![partner, *effective_from, *set_at, *name, scope.as_str(), value.as_str(), operator.as_str()];
    let seal = tx.seals().seal(&PARTNER_TERMS, &row);
    let [_, rest @ ..] = row;
    tx.execute(INSERT, &[&rest[..], &[seal.into()]].concat()).await
}

/// None for a term of a newer version, which this one does not apply: it must go on serving the partner.
fn term_of_row(row: &Row) -> Result<Option<Term>, StoreError> {
    let name: String = row.get(3)?;
    let Some(name) = TermName::of_word(&name) else {
        tracing::warn!(%name, "a term of this name is not known");
        return Ok(None);
    };
    Ok(Some(Term {
        effective_from: row.get(1)?,
        set_at: row.get(2)?,
        name,
        scope: row.get(4)?,
        value: row.get(5)?,
        operator: row.get(6)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(name: TermName, scope: &str, from: i64, set_at: i64, value: &str) -> Term {
        let at = Timestamp::from_micros;
        let (scope, value, operator) = (scope.to_owned(), value.to_owned(), "olga".to_owned());
        Term { name, scope, effective_from: at(from), set_at: at(set_at), value, operator }
    }

    #[test]
    fn the_newest_change_that_is_in_force_counts() {
        let exchange = |from, set_at, value| term(TermName::ExchangePercentage, "", from, set_at, value);
        let terms = Terms(vec![exchange(10, 1, "1"), exchange(20, 2, "0.5"), exchange(20, 3, "0.4")]);
        let fee =
            |at| terms.fees(Fees::default(), Timestamp::from_micros(at)).exchange_percentage.to_string();
        assert_eq!([5, 10, 19, 20, 99].map(fee), ["1.49", "1", "1", "0.4", "0.4"]);
        assert_eq!(
            terms.fees(Fees::default(), Timestamp::from_micros(99)).sepa_minimum,
            ExactNumber::whole(1)
        );
    }

    #[test]
    fn cards_are_declined_at_what_is_blocked() {
        let at = Timestamp::from_micros(20);
        let categories = term(TermName::CardBlockedCategories, "", 10, 1, "7995,6050-6051");
        let terms = Terms(vec![categories, term(TermName::CardBlockedCountries, "", 10, 1, "RU,BY")]);
        let served =
            ["7995", "6049", "6050", "6051", "6052", "", "x"].map(|mcc| terms.serves_category(mcc, at));
        assert_eq!(served, [false, true, false, false, true, true, true]);
        assert!(terms.serves_category("7995", Timestamp::from_micros(9)));
        let blocked = terms.blocked_card_countries(at).unwrap();
        assert!(blocked.has(Country::parse("BY").unwrap()) && !blocked.has(Country::parse("DE").unwrap()));
        assert!(Terms::default().blocked_card_countries(at).is_none());
    }

    #[test]
    fn a_withdrawal_has_its_own_fee_per_network() {
        let (reference, code) = (Reference::default(), CurrencyCode::new("usdc"));
        let polygon = reference.network(code, "polygon").unwrap();
        let terms = Terms(vec![term(TermName::WithdrawalFee, "usdc/polygon", 10, 1, "0.25")]);
        let fee = |at| terms.withdrawal_fee(code, polygon, Timestamp::from_micros(at));
        assert_eq!([9, 10].map(fee), [500_000, 250_000]);
        let ethereum = reference.network(code, "ethereum").unwrap();
        assert_eq!(terms.withdrawal_fee(code, ethereum, Timestamp::from_micros(10)), 10_000_000);
    }

    #[test]
    fn what_cannot_be_agreed_is_refused() {
        let reference = Reference::default();
        for (name, scope, value, is_good) in [
            (TermName::ExchangePercentage, "", "0.99", true),
            (TermName::ExchangePercentage, "", "100.1", false),
            (TermName::ExchangePercentage, "eur", "1", false),
            (TermName::SepaMinimum, "", "0.5", true),
            (TermName::SepaMinimum, "", "0.005", false),
            (TermName::SepaMinimum, "", "-1", false),
            (TermName::WithdrawalFee, "usdc/polygon", "0.000001", true),
            (TermName::WithdrawalFee, "usdc/polygon", "0.0000001", false),
            (TermName::WithdrawalFee, "USDC/Polygon", "1", true),
            (TermName::WithdrawalFee, "usdc/bitcoin", "1", false),
            (TermName::WithdrawalFee, "", "1", false),
            (TermName::SepaLoop, "", "OPEN", true),
            (TermName::SepaLoop, "", "open", false),
            (TermName::SepaLoop, "", "ON", false),
            (TermName::AutoVerify, "", "ON", true),
            (TermName::AutoVerify, "", "true", false),
            (TermName::CardForeignPercentage, "", "2.5", true),
            (TermName::CardForeignPercentage, "", "101", false),
            (TermName::CardBlockedCategories, "", "7995,6050-6051", true),
            (TermName::CardBlockedCategories, "", "NONE", true),
            (TermName::CardBlockedCategories, "", "", false),
            (TermName::CardBlockedCategories, "", "795", false),
            (TermName::CardBlockedCategories, "", "6051-6050", false),
            (TermName::CardBlockedCategories, "eur", "7995", false),
            (TermName::CardBlockedCountries, "", "RU, BY", true),
            (TermName::CardBlockedCountries, "", "RU;BY", false),
        ] {
            let checked = Term::check(name, scope, value, &reference);
            assert_eq!(checked.is_ok(), is_good, "{name} {scope} {value}: {checked:?}");
            assert!(checked.is_err() || checked == Ok(scope.to_ascii_lowercase()), "{checked:?}");
        }
    }
}
