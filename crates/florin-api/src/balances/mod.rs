//! Balances and history: what a holder has, and how it came so.
//!
//! Balances of a user are made in one transaction when the user is verified ([`generate()`]): an account per currency,
//! EUR `WAITING_TO_BE_ACTIVATED` without IBAN. A job gets the IBAN ([`activate()`]); then EUR is `ACTIVE` and the
//! partner hears `user.status`. History walks the linked entries of a holder's accounts, newest first.
//!
//! Accounts touched: makes the main accounts of a user. Events: `user.status`.

mod generate;
mod history;
mod item;
mod read;
mod store;

pub use generate::{ACTIVATE_JOB, activate, generate};
pub use store::{ERASE, STATEMENTS};

use crate::kit::endpoint::table::Endpoint;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// The event type of this family.
pub const USER_STATUS_EVENT: &str = "user.status";

/// A user's balances can be used.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the payload")]
pub struct UserStatusPayload {
    /// Your own id of the user.
    external_user_id: String,
    /// `ACTIVE`.
    #[schema(schema_with = active)]
    status: String,
}

fn active() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["ACTIVE"])).build()
}

/// The calls of this family.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        read::user_endpoint(),
        read::older_user_endpoint(),
        read::partner_endpoint(),
        history::user_endpoint(),
        history::partner_endpoint(),
    ]
}
