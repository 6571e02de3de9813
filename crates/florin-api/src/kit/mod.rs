//! What every endpoint needs and no family. A family imports from here and from families before it; nothing here
//! imports a family.
//!
//! Four rooms, in the order in which a request meets them:
//!
//! - [`edge`]: the connection, the router, the key, limits.
//! - [`request`]: from bytes to a typed request, or P403 with everything that is wrong.
//! - [`endpoint`]: the table of calls and what they answer and refuse with.
//! - [`book`]: commands at the store's door, jobs, seals, the audit.
//!
//! Beside them [`app`] holds what every handler is given, [`shares`] how partners share what there is little of,
//! [`long_poll`] the calls that wait, and [`tables`] what the operator configures of currencies, countries and fees.

pub mod app;
pub mod book;
pub mod context;
pub mod deciders;
pub mod edge;
pub mod endpoint;
pub mod long_poll;
pub mod outgoing;
pub mod prelude;
pub mod request;
pub mod settings;
pub mod shares;
pub mod tables;
#[cfg(test)]
pub(crate) mod testing;
