//! The edge: connections, the router, who calls, and the limits on both.

pub(crate) mod connections;
pub mod fault;
pub mod http;
pub(crate) mod keys;
mod nearest;
pub mod partner;
pub mod rate_limit;
pub mod request_id;
pub mod router;
mod socket;
