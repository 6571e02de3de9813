//! Answers that many calls share.

use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;
use uuid::Uuid;

/// It was done.
#[derive(Serialize, ToSchema)]
pub struct Message {
    /// What was done.
    message: Cow<'static, str>,
}

impl Message {
    /// Says it.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into() }
    }
}

/// The id of a transfer that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferMade {
    /// What the details call takes.
    pub transfer_id: Uuid,
}
