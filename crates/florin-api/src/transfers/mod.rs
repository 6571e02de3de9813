//! Internal transfers: partner → user, user → partner, user → user. Executed before the answer, atomically: a transfer
//! is `SUCCESSFUL` or was refused, never something in between, so the journal record is the transfer and there is no
//! row beside it.
//!
//! Accounts touched: the main accounts of both sides. Events: `transfer`.

mod batch;
mod create;
mod details;
mod postings;
mod transfer;

pub use transfer::{FUNDING, Sides};

use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{EventRow, Family, Placeholder};
use crate::kit::endpoint::table::Shape;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Internal transfers", "Money between two users, or between a user and your master balance."),
    endpoints: || create::endpoints().into_iter().chain([batch::endpoint(), details::endpoint()]).collect(),
    records: &[transfer::TRANSFER, FUNDING],
    events: &[EventRow {
        event: EventType::Transfer,
        summary: "P2P Transfer",
        description: "Money moved from one user to another, or between a user and your master balance.",
        payload: Shape::of::<details::TransferPayload>(),
        example: concat!(
            r#"{"id":"0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e6f","sourceExternalUserId":"customer-1001","#,
            r#""destinationExternalUserId":"customer-1002","amount":12.5,"currency":"eur","#,
            r#""status":"SUCCESSFUL","createdAt":"2026-01-31T09:30:00.000Z"}"#,
        ),
        render: |app, scope, events| Box::pin(details::render(app, scope, events)),
    }],
    placeholders: &[Placeholder {
        word: "$transfer",
        shown: "0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e6f",
        unknown: "01a00000-0000-7000-8000-000000000000",
        made_by: Some(("POST", "/v1/transfer", "transferId")),
    }],
    ..Family::EMPTY
};
