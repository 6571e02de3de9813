//! Events: everything that a partner is told, gapless and kept. The same events go out as webhooks.
//!
//! Events keep references, not texts: what a partner sees is rendered when it is read, by the family that told it.

mod list;
mod payloads;
mod render;

pub use payloads::{TOLD, Told};
pub use render::{EventItem, TYPES, render, render_each};

use crate::kit::endpoint::table::Endpoint;

/// The calls of this family.
pub fn endpoints() -> Vec<Endpoint> {
    vec![list::endpoint()]
}
