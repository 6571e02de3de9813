//! What the events of this family say, as their documents show it. The payloads themselves are put together when an
//! event is read: `externalUserId` from the user, the rest as it was kept.

use super::REJECTION_REASONS;
use super::standing::{Progress, Status};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

/// What came of the full decode of a user's files.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the payload")]
pub struct KycFilesPayload {
    /// Your own id of the user.
    external_user_id: String,
    #[schema(schema_with = file_words)]
    status: String,
}

/// Where a user's proof of address stands.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the payload")]
pub struct PoaVerificationPayload {
    /// Your own id of the user.
    external_user_id: String,
    #[schema(schema_with = poa_words)]
    status: String,
}

/// Where a user's verification stands.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the payload")]
pub struct KycVerificationPayload {
    /// Your own id of the user.
    external_user_id: String,
    #[schema(schema_with = status_words)]
    verification_status: String,
    #[schema(schema_with = progress_words)]
    attempt_status: String,
    #[schema(required, schema_with = reason_words)]
    rejection_reason: Option<String>,
}

fn words(words: &[&str], meaning: &str) -> Object {
    let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied()));
    schema.description(Some(meaning)).build()
}

fn file_words() -> Object {
    let meaning = "`ADDED`: all files are readable. `ERROR`: one is not, and another is to be sent.";
    words(&["ADDED", "ERROR"], meaning)
}

fn poa_words() -> Object {
    let meaning = "`WAITING`: sent, and looked at. `QUESTIONED`: more is to be sent.";
    words(&["WAITING", "APPROVED", "REJECTED", "QUESTIONED"], meaning)
}

fn status_words() -> Object {
    let all = [Status::NotVerified, Status::Verified, Status::Expired].map(Status::as_str);
    words(&all, "Whether the user is known. `EXPIRED`: by a document that has expired since.")
}

fn progress_words() -> Object {
    let all = [Progress::Pending, Progress::InReview, Progress::Rejected, Progress::Successful];
    let meaning = "How far the present attempt is. `VERIFICATION`: all was sent, and is looked at.";
    words(&all.map(Progress::as_str), meaning)
}

fn reason_words() -> Object {
    let words = REJECTION_REASONS.iter().map(|reason| Value::from(*reason));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words.chain([Value::Null])))
        .description(Some("Why the attempt was rejected; null when it was not."))
        .build()
}
