//! Rates: EUR for one unit of each currency. They come from the installation's source, and in a sandbox from the prices
//! that its partner has set.
//!
//! A source that has no price, or an old one, is a part that is away: P501. Accounts touched: none. Events: none.

mod get;
mod own;

pub use get::RateTable;
pub use own::set_price;

use crate::kit::endpoint::family::Family;
use crate::kit::prelude::*;
use florin_rails::rates::{Moment, NoRate, Rates};
use florin_store::{Snapshot, migration};
use own::OwnPrices;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Rates", "What one unit of each currency costs in EUR."),
    endpoints: || get::endpoints().into(),
    statements: &[own::STATEMENTS],
    sets: &own::SETS,
    migrations: &[migration!(1007, "1007_sandbox_prices")],
    forgets: &[own::FORGET],
    ..Family::EMPTY
};

/// What a command must touch to read the rates.
pub fn touch(app: &App) -> Option<Touch> {
    app.is_sandbox().then(own::touch)
}

/// The rates of all currencies, now.
///
/// # Errors
/// There is none of some currency, or none that is new enough.
pub fn in_command(work: &Work<'_>) -> Result<Rates, StoreError> {
    let app = work.app();
    let own = if app.is_sandbox() { work.object(own::ID)? } else { None };
    of_source(app, work.now(), own)
}

/// The rates of all currencies, now.
///
/// # Errors
/// As [`in_command`].
pub async fn in_snapshot(app: &App, snapshot: &mut Snapshot) -> Result<Rates, StoreError> {
    let now = snapshot.book_row().now(app.wall());
    let own = if app.is_sandbox() { snapshot.objects_at(&[own::ID]).await?.pop() } else { None };
    of_source(app, now, own)
}

fn of_source(app: &App, business: Timestamp, own: Option<OwnPrices>) -> Result<Rates, StoreError> {
    let own = own.map(|own| own.prices).unwrap_or_default();
    let moment = Moment { business, wall: app.wall() };
    let codes = app.currencies.codes();
    // A currency whose price the partner has set needs no source.
    let asked: Vec<_> = codes.iter().copied().filter(|code| own.get(*code).is_none()).collect();
    let rates = app.settings.rates.0.rates(&asked, moment);
    let rates = rates.map_err(|error: NoRate| StoreError::unavailable(format!("the rates: {error}")))?;
    Ok(codes.iter().filter_map(|code| Some((*code, own.get(*code).or_else(|| rates.get(*code))?))).collect())
}
