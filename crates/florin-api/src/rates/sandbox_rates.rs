//! Rates that a partner has set in its sandbox, so that a test can move the market. They stand until the sandbox is
//! reset.

use crate::kit::prelude::*;
use florin_rails::rates::Rates;
use florin_store::{Object, ObjectTable, Row, SetStatement, Statement, Type, Value, params};
use florin_types::Rate;

/// One row per book, so that its id needs not be looked for.
pub(super) const ID: Uuid = Uuid::nil();

static TABLE: ObjectTable = ObjectTable::new("sandbox_rate", &[("rates", Type::Text)]);

/// Run when a sandbox is reset.
pub(super) const FORGET: Statement = "DELETE FROM sandbox_rate WHERE book = $1";

/// Those over sets: the row is never removed by itself.
pub(super) static SETS: [&SetStatement; 3] = {
    let [find, insert, update, _] = TABLE.statements();
    [find, insert, update]
};

/// The rates that a partner has set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SandboxRates {
    /// The rates, of some currencies.
    pub rates: Rates,
}

impl Object for SandboxRates {
    const TABLE: &'static ObjectTable = &TABLE;

    fn id(&self) -> Uuid {
        ID
    }

    fn from_row(_: Uuid, row: &Row) -> Result<Self, StoreError> {
        let text: String = row.get(0)?;
        let rates = Rates::parse(&text);
        Ok(Self { rates: rates.ok_or_else(|| StoreError::unexpected("set rates that can't be read"))? })
    }

    fn to_row(&self) -> Vec<Value> {
        params![self.rates.to_string()].to_vec()
    }
}

/// What a command touches to see them.
pub(super) fn touch() -> Touch {
    Touch::Object(&TABLE, ID)
}

/// Sets the rate of a currency, or lets it come from the source again.
///
/// # Errors
/// The rates were not touched.
pub fn set_sandbox_rate(
    work: &mut Work<'_>,
    currency: CurrencyCode,
    rate: Option<Rate>,
) -> Result<(), StoreError> {
    let mut own = work.object::<SandboxRates>(ID)?.unwrap_or_default();
    match rate {
        Some(rate) => own.rates.set(currency, rate),
        None => own.rates.remove(currency),
    }
    work.put(&own)
}
