//! Balances and history: what a holder has, and how it came so.
//!
//! Balances of a user are made in one transaction when the user is verified ([`generate()`]): an account per currency,
//! EUR `WAITING_TO_BE_ACTIVATED` without IBAN. A job gets the IBAN; then EUR is `ACTIVE` and
//! `user.status` is emitted. History walks the linked entries of a holder's accounts, newest first.
//!
//! Accounts touched: makes the main accounts of a user. Events: `user.status`.

mod generate;
mod history;
mod item;
mod read;
mod store;

pub use generate::{generate, partner_iban};
pub use store::{holder_anywhere, holders_anywhere, holders_of_ibans, iban_of};

use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{Erasure, EventRow, Family};
use crate::kit::endpoint::table::{Endpoint, Shape};
use crate::kit::request::types::words;
use crate::users::RENDER_USER_EVENTS;
use utoipa::ToSchema;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Balances and history", "What your users and you have, and how it came so."),
    endpoints: || read::endpoints().into_iter().chain(history::endpoints()).collect::<Vec<Endpoint>>(),
    jobs: &[(generate::ACTIVATE_JOB, |app, job| Box::pin(generate::activate(app, job)))],
    events: &[EventRow {
        event: EventType::UserStatus,
        summary: "User Balance Generation",
        description: "The balances of a verified user can be used. Where the residence has IBANs, the IBAN is there.",
        payload: Shape::of::<UserStatusPayload>(),
        example: r#"{"externalUserId":"customer-1001","status":"ACTIVE"}"#,
        render: RENDER_USER_EVENTS,
    }],
    statements: &[store::STATEMENTS],
    sets: &[store::SETS],
    erasures: &[Erasure::of_rows(store::ERASE)],
    sealed: &[&store::BANK_ACCOUNTS],
    ..Family::EMPTY
};

words! {
    /// Whether a user's balances can be used.
    pub enum UserStatus {
        /// They can.
        Active = "ACTIVE",
    }
}

/// A user's balances can be used.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the payload")]
pub struct UserStatusPayload {
    /// Your own id of the user.
    external_user_id: String,
    /// Whether they can be used.
    status: UserStatus,
}
