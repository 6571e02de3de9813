//! Prices that a partner has set in its sandbox, so that a test can move the market. They stand until the sandbox is
//! reset.

use crate::kit::prelude::*;
use florin_rails::rates::Rates;
use florin_store::{Object, ObjectTable, Row, SetStatement, Statement, Type, Value, params};
use florin_types::Rate;

/// One row per book, so that its id needs not be looked for.
pub(super) const ID: Uuid = Uuid::nil();

static PRICES: ObjectTable = ObjectTable::new("sandbox_price", &[("prices", Type::Text)]);

/// Run when a sandbox is reset.
pub(super) const FORGET: Statement = "DELETE FROM sandbox_price WHERE book = $1";

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[FORGET];

/// Those over sets: the row is never removed by itself.
pub(super) static SETS: [&SetStatement; 3] = {
    let [find, insert, update, _] = PRICES.statements();
    [find, insert, update]
};

/// The prices that a partner has set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPrices {
    /// The prices, of some currencies.
    pub prices: Rates,
}

impl Object for OwnPrices {
    const TABLE: &'static ObjectTable = &PRICES;

    fn id(&self) -> Uuid {
        ID
    }

    fn from_row(_: Uuid, row: &Row) -> Result<Self, StoreError> {
        let text: String = row.get(0)?;
        let prices = Rates::parse(&text);
        Ok(Self { prices: prices.ok_or_else(|| StoreError::unexpected("set prices that can't be read"))? })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.prices.to_string()].to_vec()
    }
}

/// What a command touches to see them.
pub(super) fn touch() -> Touch {
    Touch::Object(&PRICES, ID)
}

/// Sets the price of a currency.
///
/// # Errors
/// The prices were not touched.
pub fn set_price(work: &mut Work<'_>, currency: CurrencyCode, rate: Rate) -> Result<(), StoreError> {
    let mut own = work.object::<OwnPrices>(ID)?.unwrap_or_default();
    own.prices.set(currency, rate);
    work.put(&own)
}
