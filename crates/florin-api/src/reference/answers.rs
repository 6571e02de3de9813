//! The answers of `GET /v1/reference/countries`, `/currencies`, `/fees` and `/errors` [shapes ours].
//!
//! Each is `{"data":[…]}` in the order of its table, whole: the longest has 249 rows. An optional fact that
//! does not apply is `null`, never left out, so that a client's types stay simple. Numbers print exactly.

use crate::kit::book::terms::Terms;
use crate::kit::request::types::words;
use florin_types::Timestamp;
use florin_types::{Country, CurrencyKind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::kit::endpoint::codes;
use crate::kit::request::number::ExactNumber;
use crate::kit::tables::{CurrencyReference, DepositTerms, Network, Reference, WithdrawalTerms};

/// Every country and what residence there means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountryList {
    /// In the order of the English names.
    pub data: Vec<CountryEntry>,
}

/// What residence in a country means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountryEntry {
    /// ISO 3166-1 alpha-2.
    #[schema(example = "PL")]
    pub code: String,
    /// The English short name of ISO.
    #[schema(example = "Poland")]
    pub name: &'static str,
    /// Whether residents can be created; elsewhere P431.
    pub accepted: bool,
    /// Whether residents get an IBAN; elsewhere `iban` stays null.
    pub iban: bool,
    /// Whether residents can have cards.
    pub cards: bool,
    /// Whether residents need a proof of address.
    pub poa_required: bool,
    /// For an overseas region the country it counts as, else null.
    #[schema(required)]
    pub counts_as: Option<String>,
}

/// Every currency with its scale and networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CurrencyList {
    /// In the order of the configuration.
    pub data: Vec<CurrencyEntry>,
}

words! {
    /// Whether a currency is money of a state.
    pub enum CurrencyType {
        /// Money of a state.
        Fiat = "fiat",
        /// A crypto currency.
        Crypto = "crypto",
    }
}

words! {
    /// What a fee is paid for.
    pub enum FeeOperation {
        /// A SEPA transfer.
        SepaTransfer = "SEPA_TRANSFER",
        /// An exchange.
        Exchange = "EXCHANGE",
        /// A crypto withdrawal, beside the fee of the network itself.
        CryptoWithdrawal = "CRYPTO_WITHDRAWAL",
        /// An active card, for a month.
        CardMonth = "CARD_MONTH",
        /// A card payment in a foreign currency.
        CardForeignCurrency = "CARD_FOREIGN_CURRENCY",
    }
}

/// A currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CurrencyEntry {
    /// The lower-case slug.
    #[schema(example = "usdc")]
    pub code: String,
    /// Whether it is money of a state.
    pub kind: CurrencyType,
    /// Most digits after the point of an amount.
    #[schema(example = 6)]
    pub decimals: u8,
    /// Where it lives; empty for fiat. The first is the default.
    pub networks: Vec<NetworkEntry>,
}

/// A network of a currency: the facts of a balance's `networkConfig`, with the slug beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NetworkEntry {
    /// The network's slug.
    #[schema(example = "ethereum")]
    pub network: String,
    /// Its name in this environment.
    #[schema(example = "sepolia")]
    pub name: String,
    /// Whether it is a main network.
    pub mainnet: bool,
    /// Terms of a withdrawal.
    pub withdrawal: WithdrawalTerms,
    /// Terms of a deposit.
    pub deposit: DepositTerms,
}

/// Every fee there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FeeList {
    /// One row per operation, currency and network.
    pub data: Vec<FeeEntry>,
}

/// A fee: a share of the amount, or a fixed amount; what does not apply is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FeeEntry {
    /// What is paid for.
    pub operation: FeeOperation,
    /// The currency of the operation and its fee; null for any.
    #[schema(required)]
    pub currency: Option<String>,
    /// The network of a withdrawal.
    #[schema(required)]
    pub network: Option<String>,
    /// Percent of the amount.
    #[schema(required)]
    pub percentage: Option<ExactNumber>,
    /// Least fee, in whole units of `currency`.
    #[schema(required)]
    pub minimum: Option<ExactNumber>,
    /// Fixed fee, in whole units of `currency`.
    #[schema(required)]
    pub fixed: Option<ExactNumber>,
}

/// Every code an answer can be refused with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorList {
    /// In the order of the codes.
    pub data: Vec<ErrorEntry>,
}

/// A code: the fields of an error answer, and when it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorEntry {
    /// The code.
    #[schema(example = "P412")]
    pub error_code: &'static str,
    /// The name; null for the validation error, whose answer has none.
    #[schema(required, example = "invalid-user")]
    pub error_name: Option<&'static str>,
    /// The message, where the answer has no more precise one.
    #[schema(example = "User does not exist")]
    pub error_message: &'static str,
    /// The HTTP status of the answer.
    #[schema(example = 400)]
    pub http_status: u16,
    /// When a client gets it.
    #[schema(example = "the user does not exist")]
    pub meaning: &'static str,
}

/// `GET /v1/reference/countries`.
#[must_use]
pub fn countries(reference: &Reference) -> CountryList {
    let entry = |country: Country| {
        let parent = reference.counts_as(country);
        CountryEntry {
            code: country.to_string(),
            name: country.name(),
            accepted: reference.is_accepted(country),
            iban: reference.has_iban(country),
            cards: reference.has_cards(country),
            poa_required: reference.needs_poa(country),
            counts_as: (parent != country).then(|| parent.to_string()),
        }
    };
    CountryList { data: Country::all().map(entry).collect() }
}

/// `GET /v1/reference/currencies`.
#[must_use]
pub fn currencies(reference: &Reference) -> CurrencyList {
    let entry = |row: &CurrencyReference| CurrencyEntry {
        code: row.currency.code.to_string(),
        kind: match row.currency.kind {
            CurrencyKind::Fiat => CurrencyType::Fiat,
            CurrencyKind::Crypto => CurrencyType::Crypto,
        },
        decimals: row.currency.decimals,
        networks: row.networks.iter().map(network).collect(),
    };
    CurrencyList { data: reference.currencies().iter().map(entry).collect() }
}

fn network(network: &Network) -> NetworkEntry {
    let terms = network.terms();
    NetworkEntry {
        network: network.slug.clone(),
        name: network.name.clone(),
        mainnet: terms.mainnet,
        withdrawal: terms.withdrawal,
        deposit: terms.deposit,
    }
}

/// `GET /v1/reference/fees`.
#[must_use]
pub fn fees(reference: &Reference, terms: &Terms, at: Timestamp) -> FeeList {
    let fees = terms.fees(reference.fees(), at);
    let none = |operation| FeeEntry {
        operation,
        currency: None,
        network: None,
        percentage: None,
        minimum: None,
        fixed: None,
    };
    let eur = || Some("eur".to_owned());
    let mut data = vec![
        FeeEntry {
            currency: eur(),
            percentage: Some(fees.sepa_percentage),
            minimum: Some(fees.sepa_minimum),
            ..none(FeeOperation::SepaTransfer)
        },
        FeeEntry { percentage: Some(fees.exchange_percentage), ..none(FeeOperation::Exchange) },
    ];
    for row in reference.currencies() {
        data.extend(row.networks.iter().map(|network| FeeEntry {
            currency: Some(row.currency.code.to_string()),
            network: Some(network.slug.clone()),
            fixed: Some(ExactNumber::new(
                terms.withdrawal_fee(row.currency.code, network, at),
                network.decimals,
            )),
            ..none(FeeOperation::CryptoWithdrawal)
        }));
    }
    data.push(FeeEntry { currency: eur(), fixed: Some(fees.card_monthly), ..none(FeeOperation::CardMonth) });
    let foreign = Some(fees.card_foreign_percentage);
    data.push(FeeEntry { percentage: foreign, ..none(FeeOperation::CardForeignCurrency) });
    FeeList { data }
}

/// `GET /v1/reference/errors`.
#[must_use]
pub fn errors() -> ErrorList {
    let entry = |code: &&'static codes::Code| ErrorEntry {
        error_code: code.code,
        error_name: code.name,
        error_message: code.message,
        http_status: code.status,
        meaning: code.meaning,
    };
    ErrorList { data: codes::ALL.iter().map(entry).collect() }
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;

    /// The answer's text, and how many rows it has.
    fn json(answer: &impl Serialize) -> (String, usize) {
        let text = String::from_utf8(serde_json::to_vec(answer).unwrap()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let rows = value["data"].as_array().unwrap().len();
        (text, rows)
    }

    fn assert_has(text: &str, row: &str) {
        assert!(text.contains(row), "{row} is not in {text}");
    }

    #[test]
    fn countries_answer() {
        let (text, rows) = json(&countries(&Reference::default()));
        assert_eq!(rows, 250);
        let row = |code, name, accepted: bool, iban: bool, counts_as| {
            let start = format!(r#"{{"code":"{code}","name":"{name}","accepted":{accepted},"iban":{iban},"#);
            // Of these, all with an IBAN are in the Union.
            format!(r#"{start}"cards":{iban},"poaRequired":false,"countsAs":{counts_as}}}"#)
        };
        for row in [
            row("PL", "Poland", true, true, r#"null"#),
            row("GP", "Guadeloupe", true, true, r#""FR""#),
            row("XK", "Kosovo", true, false, r#"null"#),
            row("CU", "Cuba", false, false, r#"null"#),
        ] {
            assert_has(&text, &row);
        }
    }

    #[test]
    fn currencies_answer() {
        let (text, rows) = json(&currencies(&Reference::default()));
        assert_eq!(rows, 8);
        assert_has(&text, r#"{"code":"eur","kind":"fiat","decimals":2,"networks":[]}"#);
        let pol = concat!(
            r#"{"code":"pol","kind":"crypto","decimals":8,"networks":[{"network":"polygon","name":"amoy","#,
            r#""mainnet":false,"withdrawal":{"feeWithdrawal":0.5,"minWithdrawal":0.00005},"#,
            r#""deposit":{"minDeposit":0}}]}"#
        );
        assert_has(&text, pol);
    }

    #[test]
    fn fees_answer() {
        let (text, rows) = json(&fees(&Reference::default(), &Terms::default(), Timestamp::from_micros(0)));
        assert_eq!(rows, 13);
        let row = |operation, currency, network, percentage, minimum, fixed| {
            let start = format!(r#"{{"operation":"{operation}","currency":{currency},"network":{network},"#);
            format!(r#"{start}"percentage":{percentage},"minimum":{minimum},"fixed":{fixed}}}"#)
        };
        for row in [
            row("SEPA_TRANSFER", r#""eur""#, "null", "0.1", "1", "null"),
            row("EXCHANGE", "null", "null", "1.49", "null", "null"),
            row("CRYPTO_WITHDRAWAL", r#""btc""#, r#""btc""#, "null", "null", "0.0003"),
            row("CRYPTO_WITHDRAWAL", r#""usdt""#, r#""polygon""#, "null", "null", "0.5"),
            row("CARD_MONTH", r#""eur""#, "null", "null", "null", "0.25"),
        ] {
            assert_has(&text, &row);
        }
    }

    #[test]
    fn errors_answer() {
        let (text, rows) = json(&errors());
        assert_eq!(rows, codes::ALL.len());
        let p412 = concat!(
            r#"{"errorCode":"P412","errorName":"invalid-user","errorMessage":"User does not exist","#,
            r#""httpStatus":400,"meaning":"the user does not exist"}"#
        );
        assert_has(&text, p412);
        assert_has(&text, r#"{"errorCode":"P403","errorName":null,"#);
    }

    #[test]
    fn schemas_say_number() {
        let schema = serde_json::to_string(&WithdrawalTerms::schema()).unwrap();
        assert_has(&schema, "feeWithdrawal");
        let number = serde_json::to_string(&ExactNumber::schema()).unwrap();
        assert_eq!(number, r#"{"type":"number","format":"decimal"}"#);
    }
}
