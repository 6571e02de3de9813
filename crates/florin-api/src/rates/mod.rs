//! Rates: EUR for one unit of each currency. They come from the installation's source, and in a sandbox from what its
//! partner has set.
//!
//! A currency whose rate is absent or too old is left out. Who needs it answers P501. Accounts touched: none. Events:
//! none.

mod get;
mod sandbox_rates;

pub use get::RateTable;
pub use sandbox_rates::set_sandbox_rate;

use crate::kit::endpoint::family::Family;
use crate::kit::prelude::*;
use florin_rails::rates::{EUR, Moment, Rates};
use florin_store::{Snapshot, migration};
use sandbox_rates::SandboxRates;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Rates", "What one unit of each currency costs in EUR."),
    endpoints: || get::endpoints().into(),
    sets: &[&sandbox_rates::SETS],
    migrations: &[migration!(1007, "1007_sandbox_rates")],
    forgets: &[sandbox_rates::FORGET],
    ..Family::EMPTY
};

/// What a command must touch to read the rates.
pub fn touch(app: &App) -> Option<Touch> {
    app.is_sandbox().then(sandbox_rates::touch)
}

/// The rates of now.
///
/// # Errors
/// There is none but that of EUR.
pub fn in_command(work: &Work<'_>) -> Result<Rates, StoreError> {
    let app = work.app();
    let set = if app.is_sandbox() { work.object(sandbox_rates::ID)? } else { None };
    of_source(app, work.now(), set)
}

/// The rates of now.
///
/// # Errors
/// As [`in_command`].
pub async fn in_snapshot(app: &App, snapshot: &mut Snapshot) -> Result<Rates, StoreError> {
    let now = snapshot.book_row().now(app.wall());
    let set = if app.is_sandbox() { snapshot.objects_at(&[sandbox_rates::ID]).await?.pop() } else { None };
    of_source(app, now, set)
}

fn of_source(app: &App, business: Timestamp, set: Option<SandboxRates>) -> Result<Rates, StoreError> {
    let set = set.map(|set| set.rates).unwrap_or_default();
    let moment = Moment { business, wall: app.wall() };
    let mut missing = None;
    let rate = |code: CurrencyCode| match set.get(code) {
        Some(rate) => Some((code, rate)),
        // A currency whose rate the partner has set needs no source.
        None => match app.settings.rate_source.0.rate(code, moment) {
            Ok(rate) => Some((code, rate)),
            Err(error) => {
                missing.get_or_insert(error);
                None
            }
        },
    };
    let rates: Rates = app.currencies.codes().into_iter().filter_map(rate).collect();
    match missing {
        Some(error) if rates.iter().all(|(code, _)| code == EUR) => Err(StoreError::unavailable(error)),
        _ => Ok(rates),
    }
}
