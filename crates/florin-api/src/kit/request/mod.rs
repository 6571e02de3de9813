//! The request: strict JSON, queries and multipart bodies, read into types with all failures at once.

pub mod body;
pub mod call;
pub mod describe;
pub mod fields;
pub mod json;
mod limit;
pub mod near_miss;
pub mod number;
pub mod page_url;
pub mod places;
pub mod query;
mod secret;
pub mod types;
pub mod upload;
