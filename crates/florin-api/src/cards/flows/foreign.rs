//! Currencies in which merchants are paid, and what a card is charged with for them.
//!
//! The rate is that of the installation's source at the moment of the first authorisation (in a sandbox, and where the
//! source does not know the currency there, a fixed one of the table here). It holds for all that follows to the
//! transaction, so that a refund gives back what was charged. The fee is a share of the value. What the user pays is
//! rounded up to the cent once, with the fee as one sum; what the user gets is rounded down, unless a purchase comes
//! back whole.

use crate::cards::payment::Charge;
use crate::kit::app::App;
use crate::kit::book::terms::Terms;
use crate::kit::request::types::{FieldType, text_schema};
use florin_rails::rates::{EUR, Moment};
use florin_store::StoreError;
use florin_types::{Currency, CurrencyCode, CurrencyKind, Percentage, Price, Rate, Rounding, Timestamp};
use utoipa::openapi::schema::ObjectBuilder;

/// Currency, its decimals (ISO 4217), and its price in a sandbox: those for which the European Central Bank publishes
/// a reference rate, about as they stood in 2026.
const FOREIGN: [(&str, u8, &str); 29] = [
    ("usd", 2, "0.86"),
    ("gbp", 2, "1.14"),
    ("chf", 2, "1.07"),
    ("pln", 2, "0.235"),
    ("czk", 2, "0.041"),
    ("sek", 2, "0.091"),
    ("dkk", 2, "0.134"),
    ("nok", 2, "0.085"),
    ("huf", 2, "0.0026"),
    ("ron", 2, "0.197"),
    ("isk", 0, "0.0069"),
    ("try", 2, "0.0204"),
    ("jpy", 0, "0.0055"),
    ("aud", 2, "0.56"),
    ("cad", 2, "0.61"),
    ("nzd", 2, "0.49"),
    ("cny", 2, "0.121"),
    ("hkd", 2, "0.11"),
    ("sgd", 2, "0.66"),
    ("krw", 0, "0.0006"),
    ("inr", 2, "0.0097"),
    ("idr", 2, "0.000052"),
    ("myr", 2, "0.208"),
    ("php", 2, "0.0147"),
    ("thb", 2, "0.0266"),
    ("ils", 2, "0.262"),
    ("zar", 2, "0.05"),
    ("mxn", 2, "0.0469"),
    ("brl", 2, "0.161"),
];

/// A merchant's currency.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct MerchantCurrency(Currency);

impl MerchantCurrency {
    /// EUR.
    pub const EUR: Self = Self(Currency { code: EUR, decimals: 2, kind: CurrencyKind::Fiat });

    /// The currency of a code, in any letter case. None: it is not served.
    pub fn of(code: &str) -> Option<Self> {
        let code = CurrencyCode::parse(code)?;
        if code == EUR {
            return Some(Self::EUR);
        }
        let (_, decimals, _) = FOREIGN.iter().find(|(slug, ..)| *slug == code.as_str())?;
        Some(Self(Currency { code, decimals: *decimals, kind: CurrencyKind::Fiat }))
    }

    /// As a currency.
    pub const fn currency(self) -> Currency {
        self.0
    }
}

impl FieldType for MerchantCurrency {
    type Error = String;

    fn parse(text: &str) -> Result<Self, String> {
        let slugs = || std::iter::once("eur").chain(FOREIGN.iter().map(|(slug, ..)| *slug));
        Self::of(text).ok_or_else(|| crate::kit::request::types::not_one_of(slugs()))
    }

    fn canonical(&self) -> String {
        self.0.code.to_string()
    }

    fn schema() -> ObjectBuilder {
        text_schema().pattern(Some("^[A-Za-z]{3}$")).examples(["eur"])
    }
}

/// What a card is charged with for a merchant's currency. None: nobody knows its rate now.
pub(super) fn charge(
    app: &App,
    terms: &Terms,
    currency: MerchantCurrency,
    at: Timestamp,
) -> Result<Option<Charge>, StoreError> {
    let Currency { code, decimals, .. } = currency.currency();
    if code == EUR {
        let (price, percentage) = (Price::EUR, Percentage::ZERO);
        return Ok(Some(Charge { currency: code, price, percentage, at }));
    }
    let moment = Moment { business: at, wall: app.wall() };
    let of_source = app.settings.rate_source.0.rate(code, moment).ok();
    let of_table = || {
        let (.., rate) = FOREIGN.iter().find(|(slug, ..)| *slug == code.as_str())?;
        Rate::parse(rate).ok().filter(|_| app.is_sandbox())
    };
    let Some(rate) = of_source.or_else(of_table) else { return Ok(None) };
    let fees = terms.fees(app.settings.reference.fees(), at);
    let percentage = fees.card_foreign()?;
    Ok(Some(Charge { currency: code, price: Price { rate, decimals }, percentage, at }))
}

/// About what an amount of a merchant's currency is worth, in cents: rounded up, for it is compared with the amount
/// from which a payment is authenticated. None: nobody knows.
pub fn charge_in_eur(app: &App, currency: MerchantCurrency, minor: i64, at: Timestamp) -> Option<i64> {
    let charge = charge(app, &Terms::default(), currency, at).ok()??;
    charge.price.value_in_eur(minor, Rounding::Ceil).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for (slug, decimals, rate) in FOREIGN {
            assert!(Rate::parse(rate).is_ok() && decimals <= 2, "{slug}");
            let currency = MerchantCurrency::of(&slug.to_uppercase()).unwrap().currency();
            assert_eq!((currency.code.as_str(), currency.decimals), (slug, decimals));
        }
        assert_eq!(MerchantCurrency::of("EUR"), Some(MerchantCurrency::EUR));
        for code in ["btc", "usdc", "xxx", "", "us", "bgn"] {
            assert_eq!(MerchantCurrency::of(code), None, "{code}");
        }
    }
}
