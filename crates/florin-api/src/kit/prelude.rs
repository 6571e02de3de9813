//! The names that every endpoint uses.

pub use super::app::App;
pub use super::book::work::{Event, Work};
pub use super::context::{Context, SandboxContext};
pub use super::endpoint::answers::Message;
pub use super::endpoint::codes::*;
pub use super::endpoint::failure::Failure;
pub use super::endpoint::handler::{Answered, Created, Ensured, Path, Success};
pub use super::endpoint::page::Page;
pub use super::endpoint::refusal::Refusal;
pub use super::endpoint::table::{Endpoint, delete, get, patch, post, put};
pub use super::request::body::Request;
pub use super::request::call::{BareCall, Call, Query};
pub use super::request::fields::{Fields, Listed};
pub use super::request::number::ExactNumber;
pub use florin_store::{Keyed, Stop, StoreError, Touch};
pub use florin_types::{Amount, Country, Currency, CurrencyCode, Date, ExternalUserId, Text, Timestamp};
pub use serde::Serialize;
pub use utoipa::ToSchema;
pub use uuid::Uuid;
