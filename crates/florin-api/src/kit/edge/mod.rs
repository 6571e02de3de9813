//! The edge: connections, the router, who calls, and the limits on both.

pub mod fault;
pub mod http;
pub(crate) mod keys;
mod nearest;
pub mod partner;
mod places;
pub mod rate_limit;
pub mod request_id;
pub mod router;
mod socket;
