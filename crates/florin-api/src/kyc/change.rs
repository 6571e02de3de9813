//! Steps that several calls and jobs take: beginning an attempt, changing where a user stands, emitting the events.

use super::documents::Details;
use super::payloads::FilesStatus;
use super::standing::{Method, Standing};
use super::store::{self, Current, NewAttempt};
use crate::kit::app::App;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use florin_store::{Holder, StoreError};
use florin_types::Timestamp;
use uuid::Uuid;

/// Random bytes of a verification id: 128 bits, the least that a secret of the contract has.
const SECRET_BYTES: usize = 16;

/// The secret by which a new attempt is known outside. The operating system draws it, before the command.
#[derive(Clone)]
pub struct AttemptSecret {
    pub(super) verification_id: String,
    hash: [u8; 32],
}

impl AttemptSecret {
    /// Draws one.
    pub fn draw(app: &App) -> Self {
        let mut random = [0; SECRET_BYTES];
        app.entropy.fill(&mut random);
        let verification_id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { hash: secret_of(app, &verification_id), verification_id }
    }
}

/// Whether a text can be a verification id at all.
pub(super) fn is_verification_id(text: &str) -> bool {
    text.len() == 2 * SECRET_BYTES && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What is kept of a verification id to find it by: who reads the database can't open anybody's page.
pub(super) fn secret_of(app: &App, verification_id: &str) -> [u8; 32] {
    let key = app.store.derive_key("florin 2026 verification ids v1");
    *blake3::keyed_hash(&key, verification_id.as_bytes()).as_bytes()
}

/// An attempt that is being begun.
pub(super) struct Begin<'a> {
    pub(super) before: Option<&'a Current>,
    pub(super) method: Method,
    pub(super) details: Details,
    pub(super) expires_at: Option<Timestamp>,
}

/// Makes an attempt's row and answers where the user stands then, which is not written yet.
pub(super) async fn begin(
    work: &mut Work<'_>,
    holder: &Holder,
    begin: Begin<'_>,
    secret: &AttemptSecret,
) -> Result<(Uuid, Standing), StoreError> {
    let details = Details { verification_id: secret.verification_id.clone(), ..begin.details };
    let (id, nonce) = (work.id(), work.nonce());
    let new = NewAttempt {
        id,
        method: begin.method,
        secret: secret.hash,
        details: store::seal(&work.app().seals, holder.secret.as_deref(), nonce, &details)?,
        expires_at: begin.expires_at,
    };
    store::insert_attempt(work, holder.id, &new).await?;
    Ok((id, Standing::begun(begin.before.map(|current| current.standing), begin.method)))
}

/// Writes the first step of an attempt. It emits an event only where the partner sees a change.
pub(super) async fn enter(
    work: &mut Work<'_>,
    holder: &Holder,
    before: Option<Standing>,
    (attempt, standing): (Uuid, Standing),
) -> Result<(), StoreError> {
    if before.is_some_and(|before| Standing { method: standing.method, ..before } == standing) {
        return store::put(work, holder.id, attempt, &standing).await;
    }
    change(work, holder, (attempt, standing)).await
}

/// Writes where a user stands and emits the event.
pub(super) async fn change(
    work: &mut Work<'_>,
    holder: &Holder,
    (attempt, standing): (Uuid, Standing),
) -> Result<(), StoreError> {
    store::put(work, holder.id, attempt, &standing).await?;
    let payload = serde_json::json!({
        "verificationStatus": standing.status,
        "attemptStatus": standing.progress,
        "rejectionReason": standing.rejection_reason,
    });
    work.emit(Event::of_user(EventType::KycVerification, holder, &payload));
    Ok(())
}

/// Emits the result of decoding a user's files.
pub(super) fn emit_files(work: &mut Work<'_>, holder: &Holder, is_readable: bool) {
    let status = if is_readable { FilesStatus::Added } else { FilesStatus::Error };
    let payload = serde_json::json!({ "status": status });
    work.emit(Event::of_user(EventType::KycFiles, holder, &payload));
}
