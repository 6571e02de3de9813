//! Events: everything that happens in a partner's book, gapless and kept. The same events go out as webhooks.
//!
//! Events keep references, not texts: the family that emits an event renders it when it is read.

mod list;
mod render;

pub use render::{EventItem, render, render_each};

use crate::kit::endpoint::family::Family;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Events", "Everything that happens in your book, gapless and kept."),
    endpoints: || vec![list::endpoint()],
    ..Family::EMPTY
};
