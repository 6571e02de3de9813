//! Books whose time is ahead of the clock, as a false clock leaves them, and how an operator sets them right.

use super::audit::{self, Deed, MAX_OPERATOR};
use super::jobs::run_inside;
use super::registry::{PartnerBook, partner_books};
use super::work::Work;
use crate::kit::app::App;
use florin_store::{BookId, StoreError};
use florin_types::{MAX_STEP, Text, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// A book whose newest time is ahead of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AheadBook {
    /// The book.
    pub book: BookId,
    /// The partner.
    pub partner: Uuid,
    /// How far it is ahead.
    pub ahead: Duration,
}

/// The books that are ahead of a wall-clock time by more than this.
///
/// # Errors
/// When the database is away.
pub async fn ahead_books(app: &App, wall: Timestamp, least: Duration) -> Result<Vec<AheadBook>, StoreError> {
    let mut found = Vec::new();
    for PartnerBook { book, partner, .. } in partner_books(&app.store).await? {
        let ahead = app.store.snapshot(book).await?.book_row().ahead_of(wall);
        if ahead > least {
            found.push(AheadBook { book, partner, ahead });
        }
    }
    Ok(found)
}

/// Sets the time to what the wall clock shows, in the data and in the books that are ahead of it by more than a clock
/// may step. Whoever doubts the
/// clock in another process looks at the data within seconds. The clock of this process must be believed.
///
/// Books keep what was dated by the false time: records, events, and jobs that it made due or put off.
///
/// # Errors
/// When the database is away.
pub async fn repair_time(
    app: &App,
    operator: &Text<MAX_OPERATOR>,
    wall: Timestamp,
) -> Result<Vec<AheadBook>, StoreError> {
    let ahead = ahead_books(app, wall, MAX_STEP).await?;
    for PartnerBook { book, partner, .. } in partner_books(&app.store).await? {
        let is_ahead = ahead.iter().find(|found| found.book == book);
        let detail = match is_ahead {
            Some(found) => format!("the book was {} s ahead", found.ahead.as_secs()),
            None => String::new(),
        };
        let is_ahead = is_ahead.is_some();
        let deed = Deed { operator: operator.clone(), action: "clock.repair", object: partner, detail };
        run_inside(app, book, Vec::new(), async move |work: &mut Work<'_>| {
            if is_ahead {
                work.set_time_back(wall);
            }
            Ok(audit::note(work, &deed).await?)
        })
        .await?;
    }
    app.store.repair_time(wall).await?;
    Ok(ahead)
}
