//! The tables of section 7 of the contract: networks, minimums, fees, rates and countries.
//!
//! [`Tables`] is a section of the configuration, in texts and exact numbers. [`Reference`] is made from it
//! once, at the start: everything is checked against the currencies and countries there are, and amounts are
//! in minor units. The defaults are the sandbox's.

use std::collections::{BTreeMap, BTreeSet};

use florin_rails::rates::Rates;
use florin_store::StoreError;
use florin_types::{Amount, Country, Currencies, Currency, CurrencyCode, Percentage, Rate, Rounding};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::kit::request::number::ExactNumber;

/// The configuration section `reference`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tables {
    /// Currencies that have a rate; the table of currencies itself is a section of its own.
    pub currencies: Vec<CurrencyTable>,
    /// Fees that are not a network's.
    pub fees: Fees,
    /// Residences that get an IBAN, ISO 3166-1 alpha-2.
    pub iban_countries: Vec<String>,
    /// Residences in which there are cards.
    pub card_countries: Vec<String>,
    /// Residences that are not served.
    pub denied_residences: Vec<String>,
    /// Residences that need a proof of address.
    pub poa_countries: Vec<String>,
    /// Overseas regions that count as their parent, by code.
    pub overseas: BTreeMap<String, String>,
}

/// What is known of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrencyTable {
    /// Its slug.
    pub code: String,
    /// EUR for one unit: what the source `fixed` answers, and what the source `simulated` wanders around.
    pub rate_eur: ExactNumber,
    /// Where it lives; none for fiat.
    #[serde(default)]
    pub networks: Vec<NetworkTable>,
}

/// One network of one currency; the numbers are in whole units of the currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkTable {
    /// The network's slug, such as `polygon`.
    pub network: String,
    /// Its name in this environment, such as `amoy`.
    pub name: String,
    /// Whether it is a main network: real money.
    #[serde(default)]
    pub mainnet: bool,
    /// Whether it is one of a single machine (`regtest`), to try things on.
    #[serde(default)]
    pub local: bool,
    /// Fixed service fee of a withdrawal.
    pub fee_withdrawal: ExactNumber,
    /// Smallest withdrawal.
    pub min_withdrawal: ExactNumber,
    /// Smallest deposit that is credited.
    pub min_deposit: ExactNumber,
    /// Blocks that a transaction must be in or under before it counts. If it is not given, what exchanges ask for.
    #[serde(default)]
    pub confirmations: Option<u32>,
}

/// Blocks that a transaction must be in or under before it counts, by default. It is what large exchanges ask for
/// deposits: about 20 minutes on Bitcoin, 15 on Litecoin, 12 on Dogecoin, and on chains of Ethereum's kind what a
/// reorganisation has not reached in years.
fn usual_confirmations(network: &str) -> u32 {
    match network {
        "btc" => 2,
        "ltc" => 6,
        "polygon" => 32,
        _ => 12,
    }
}

/// Fees that are not a network's. Percentages are in percent, amounts in EUR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fees {
    /// Of a SEPA transfer, on top of its amount.
    pub sepa_percentage: ExactNumber,
    /// Least fee of a SEPA transfer.
    pub sepa_minimum: ExactNumber,
    /// Of an exchange, taken from what is received.
    pub exchange_percentage: ExactNumber,
    /// Per active card and month, from the partner's balance.
    pub card_monthly: ExactNumber,
    /// Of a card payment in a foreign currency, on top of its value.
    pub card_foreign_percentage: ExactNumber,
}

impl Fees {
    /// The fee of an exchange.
    ///
    /// # Errors
    /// It is no share of a whole.
    pub fn exchange(&self) -> Result<Percentage, StoreError> {
        Percentage::parse(&self.exchange_percentage.to_string()).map_err(StoreError::unexpected)
    }

    /// The fee of a card payment in a foreign currency.
    ///
    /// # Errors
    /// It is no share of a whole.
    pub fn card_foreign(&self) -> Result<Percentage, StoreError> {
        Percentage::parse(&self.card_foreign_percentage.to_string()).map_err(StoreError::unexpected)
    }

    /// The fee of a SEPA transfer, in cents: its share of the amount rounded up, and at least the minimum.
    ///
    /// # Errors
    /// It is no share of a whole, or no amount of EUR.
    pub fn sepa(&self, amount: Amount) -> Result<i64, StoreError> {
        let share = Percentage::parse(&self.sepa_percentage.to_string()).map_err(StoreError::unexpected)?;
        let share = share.of(amount.minor(), Rounding::Ceil).map_err(StoreError::unexpected)?;
        let minimum = self.sepa_minimum.at_scale(2);
        let minimum = minimum.ok_or_else(|| StoreError::unexpected("a fee that is no amount of EUR"))?;
        Ok(share.max(minimum))
    }

    /// The fee of a card for a month, in cents.
    ///
    /// # Errors
    /// It is no amount of EUR.
    pub fn card(&self) -> Result<i64, StoreError> {
        let fee = self.card_monthly.at_scale(2);
        fee.ok_or_else(|| StoreError::unexpected("a fee that is no amount of EUR"))
    }

    /// Refuses percentages that are no share of a whole.
    fn check(&self) -> Result<(), String> {
        let all = [
            ("sepa_percentage", self.sepa_percentage),
            ("exchange_percentage", self.exchange_percentage),
            ("card_foreign_percentage", self.card_foreign_percentage),
        ];
        all.into_iter().try_for_each(|(field, percentage)| {
            let parsed = Percentage::parse(&percentage.to_string());
            parsed.map(drop).map_err(|error| format!("fees.{field} {error}"))
        })
    }
}

impl Default for Fees {
    fn default() -> Self {
        Self {
            sepa_percentage: ExactNumber::new(1, 1),
            sepa_minimum: ExactNumber::whole(1),
            exchange_percentage: ExactNumber::new(149, 2),
            card_monthly: ExactNumber::new(25, 2),
            // What an exchange costs: the house buys the currency in the same way.
            card_foreign_percentage: ExactNumber::new(149, 2),
        }
    }
}

/// A line of the default table: network, its sandbox name, fee of a withdrawal, least withdrawal, least
/// deposit.
type Line = (&'static str, &'static str, ExactNumber, ExactNumber, ExactNumber);

impl CurrencyTable {
    fn of(code: &str, rate_eur: ExactNumber, lines: &[Line]) -> Self {
        let network = |&(network, name, fee_withdrawal, min_withdrawal, min_deposit): &Line| NetworkTable {
            network: network.to_owned(),
            name: name.to_owned(),
            mainnet: false,
            local: false,
            fee_withdrawal,
            min_withdrawal,
            min_deposit,
            confirmations: None,
        };
        Self { code: code.to_owned(), rate_eur, networks: lines.iter().map(network).collect() }
    }
}

impl Default for Tables {
    fn default() -> Self {
        let (n, whole) = (ExactNumber::new, ExactNumber::whole);
        let none = whole(0);
        let stable = [
            ("ethereum", "sepolia", whole(10), whole(1), whole(5)),
            ("polygon", "amoy", n(5, 1), whole(2), none),
        ];
        let currency = CurrencyTable::of;
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let overseas = [("GP", "FR"), ("GF", "FR"), ("MQ", "FR"), ("RE", "FR"), ("MF", "FR"), ("SJ", "NO")];
        Self {
            currencies: vec![
                currency("eur", whole(1), &[]),
                currency("btc", n(950_005, 1), &[("btc", "test", n(3, 4), n(1, 3), none)]),
                currency("eth", n(25_005, 1), &[("ethereum", "sepolia", n(3, 3), n(6, 3), none)]),
                currency("ltc", whole(80), &[("ltc", "test", n(2, 3), n(1, 3), none)]),
                currency("doge", n(15, 2), &[("doge", "test", whole(5), whole(20), none)]),
                currency("pol", n(4, 1), &[("polygon", "amoy", n(5, 1), n(5, 5), none)]),
                currency("usdc", n(86, 2), &stable),
                currency("usdt", n(86, 2), &stable),
            ],
            fees: Fees::default(),
            iban_countries: words(
                "AM AT AZ BE BG CH CY CZ DE DK EE ES FI FR GB GE GR HR HU IE IL IN IS IT LI LT LU LV MD MT \
                 NL NO PL PT RO SE SI SK UA",
            ),
            card_countries: words(
                "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK",
            ),
            denied_residences: words("AF BY CU IR KP MM RU SD SY"),
            poa_countries: words("AM AR AZ GE IL MD UA"),
            // Melilla has no code of its own: its residents are given as ES.
            overseas: overseas.map(|(region, parent)| (region.to_owned(), parent.to_owned())).into(),
        }
    }
}

/// The tables, checked and ready for lookups.
#[derive(Debug, Clone)]
pub struct Reference {
    currencies: Vec<CurrencyReference>,
    fees: Fees,
    iban: BTreeSet<Country>,
    cards: BTreeSet<Country>,
    denied: BTreeSet<Country>,
    poa: BTreeSet<Country>,
    overseas: BTreeMap<Country, Country>,
}

/// What is known of one currency, in its minor units.
#[derive(Debug, Clone)]
pub struct CurrencyReference {
    /// The currency.
    pub currency: Currency,
    /// EUR for one unit.
    rate: Rate,
    /// Where it lives, in the order of the configuration; the first is the default.
    pub networks: Vec<Network>,
    network_config: Box<RawValue>,
}

/// One network of one currency; amounts are in the currency's minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The network's slug, such as `polygon`.
    pub slug: String,
    /// Its name in this environment, such as `amoy`.
    pub name: String,
    /// Whether it is a main network.
    pub mainnet: bool,
    /// Whether it is one of a single machine.
    pub local: bool,
    /// Scale of the amounts below.
    pub decimals: u8,
    /// Fixed service fee of a withdrawal.
    pub withdrawal_fee: i64,
    /// Smallest withdrawal.
    pub min_withdrawal: i64,
    /// Smallest deposit that is credited; zero for any.
    pub min_deposit: i64,
    /// Blocks that a transaction must be in or under before it counts; at least one.
    pub confirmations: u32,
}

/// The terms of one network, as `networkConfig` of a balance and the page of currencies show them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NetworkTerms<'a> {
    /// Whether it is a main network: real money.
    pub mainnet: bool,
    /// The network's name in this environment.
    #[schema(example = "sepolia")]
    pub name: &'a str,
    /// Terms of a withdrawal.
    pub withdrawal: WithdrawalTerms,
    /// Terms of a deposit.
    pub deposit: DepositTerms,
}

/// Terms of a withdrawal, in whole units of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalTerms {
    /// Fixed service fee, beside the network's own.
    pub fee_withdrawal: ExactNumber,
    /// Smallest amount.
    pub min_withdrawal: ExactNumber,
}

/// Terms of a deposit, in whole units of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepositTerms {
    /// Smallest amount that is credited.
    pub min_deposit: ExactNumber,
}

impl Network {
    fn new(table: &NetworkTable, currency: Currency) -> Result<Self, String> {
        let minor = |field: &str, number: ExactNumber| {
            let units = number.at_scale(currency.decimals).filter(|&units| units >= 0);
            units.ok_or_else(|| {
                format!("{field} of {} on {} is no amount of it: {number}", currency.code, table.network)
            })
        };
        if table.mainnet && table.local {
            return Err(format!("{} on {} is either mainnet or local", currency.code, table.network));
        }
        Ok(Self {
            slug: table.network.clone(),
            name: table.name.clone(),
            mainnet: table.mainnet,
            local: table.local,
            decimals: currency.decimals,
            withdrawal_fee: minor("fee_withdrawal", table.fee_withdrawal)?,
            min_withdrawal: minor("min_withdrawal", table.min_withdrawal)?,
            min_deposit: minor("min_deposit", table.min_deposit)?,
            confirmations: table.confirmations.unwrap_or_else(|| usual_confirmations(&table.network)).max(1),
        })
    }

    /// The network's terms as answers show them.
    #[must_use]
    pub fn terms(&self) -> NetworkTerms<'_> {
        let number = |units| ExactNumber::new(units, self.decimals);
        NetworkTerms {
            mainnet: self.mainnet,
            name: &self.name,
            withdrawal: WithdrawalTerms {
                fee_withdrawal: number(self.withdrawal_fee),
                min_withdrawal: number(self.min_withdrawal),
            },
            deposit: DepositTerms { min_deposit: number(self.min_deposit) },
        }
    }
}

/// `networkConfig`: the terms of each network under its slug, in the order of the configuration.
struct NetworkConfig<'a>(&'a [Network]);

impl Serialize for NetworkConfig<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|network| (&network.slug, network.terms())))
    }
}

impl CurrencyReference {
    fn new(table: &CurrencyTable, currencies: &Currencies) -> Result<Self, String> {
        let currency =
            currencies.parse(&table.code).ok_or_else(|| format!("currency {} is not known", table.code))?;
        let rate = Rate::parse(&table.rate_eur.to_string());
        let rate = rate.map_err(|error| format!("rate_eur of {} {error}", table.code))?;
        let networks = table.networks.iter().map(|network| Network::new(network, currency));
        let networks = networks.collect::<Result<Vec<_>, _>>()?;
        let slugs: BTreeSet<&str> = networks.iter().map(|network| network.slug.as_str()).collect();
        if slugs.len() < networks.len() {
            return Err(format!("a network of {} is given twice", table.code));
        }
        let network_config =
            serde_json::value::to_raw_value(&NetworkConfig(&networks)).map_err(|error| error.to_string())?;
        Ok(Self { currency, rate, networks, network_config })
    }
}

impl Reference {
    /// Checks the tables against the currencies of this installation.
    ///
    /// # Errors
    /// A sentence for the operator: an unknown currency or country, one given twice, or a number finer than
    /// its currency.
    pub fn new(tables: &Tables, currencies: &Currencies) -> Result<Self, String> {
        tables.fees.check()?;
        let rows = tables.currencies.iter().map(|table| CurrencyReference::new(table, currencies));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let codes: BTreeSet<CurrencyCode> = rows.iter().map(|row| row.currency.code).collect();
        if codes.len() < rows.len() {
            return Err("a currency of the reference is given twice".to_owned());
        }
        if let Some(missing) = currencies.iter().find(|currency| !codes.contains(&currency.code)) {
            return Err(format!("currency {} has no rate in the reference", missing.code));
        }
        let region =
            |(region, parent): (&String, &String)| Ok::<_, String>((country(region)?, country(parent)?));
        Ok(Self {
            currencies: rows,
            fees: tables.fees,
            iban: countries(&tables.iban_countries)?,
            cards: countries(&tables.card_countries)?,
            denied: countries(&tables.denied_residences)?,
            poa: countries(&tables.poa_countries)?,
            overseas: tables.overseas.iter().map(region).collect::<Result<_, _>>()?,
        })
    }

    /// All currencies, in the order of the configuration.
    #[must_use]
    pub fn currencies(&self) -> &[CurrencyReference] {
        &self.currencies
    }

    /// What is known of a currency.
    #[must_use]
    pub fn currency(&self, code: CurrencyCode) -> Option<&CurrencyReference> {
        self.currencies.iter().find(|row| row.currency.code == code)
    }

    /// A network of a currency, by its slug in any letter case.
    #[must_use]
    pub fn network(&self, code: CurrencyCode, slug: &str) -> Option<&Network> {
        self.currency(code)?.networks.iter().find(|network| network.slug.eq_ignore_ascii_case(slug))
    }

    /// The networks of a currency; none of fiat.
    #[must_use]
    pub fn networks(&self, code: CurrencyCode) -> &[Network] {
        self.currency(code).map_or(&[], |row| &row.networks)
    }

    /// EUR for one unit of each currency, as the configuration has it.
    #[must_use]
    pub fn rates(&self) -> Rates {
        self.currencies.iter().map(|row| (row.currency.code, row.rate)).collect()
    }

    /// The finished JSON of a balance's `networkConfig`, with exact numbers; `{}` for fiat.
    #[must_use]
    pub fn network_config(&self, code: CurrencyCode) -> Option<&RawValue> {
        self.currency(code).map(|row| &*row.network_config)
    }

    /// Fees that are not a network's.
    #[must_use]
    pub fn fees(&self) -> Fees {
        self.fees
    }

    /// The country a residence counts as: its parent for an overseas region, else itself.
    #[must_use]
    pub fn counts_as(&self, residence: Country) -> Country {
        self.overseas.get(&residence).copied().unwrap_or(residence)
    }

    /// Whether residents get an IBAN.
    #[must_use]
    pub fn has_iban(&self, residence: Country) -> bool {
        self.iban.contains(&self.counts_as(residence))
    }

    /// Whether residents can have cards.
    #[must_use]
    pub fn has_cards(&self, residence: Country) -> bool {
        self.cards.contains(&self.counts_as(residence))
    }

    /// Whether residents are served at all.
    #[must_use]
    pub fn is_accepted(&self, residence: Country) -> bool {
        !self.denied.contains(&residence) && !self.denied.contains(&self.counts_as(residence))
    }

    /// Whether residents need a proof of address.
    #[must_use]
    pub fn needs_poa(&self, residence: Country) -> bool {
        self.poa.contains(&residence) || self.poa.contains(&self.counts_as(residence))
    }
}

impl Default for Reference {
    fn default() -> Self {
        Self::new(&Tables::default(), &Currencies::default())
            .expect("the default tables are consistent, see tests")
    }
}

fn country(code: &str) -> Result<Country, String> {
    Country::parse(code).map_err(|error| format!("country {code:?} {error}"))
}

fn countries(codes: &[String]) -> Result<BTreeSet<Country>, String> {
    codes.iter().map(|code| country(code)).collect()
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
