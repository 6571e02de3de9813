//! Steps that several calls and jobs take: beginning an attempt, changing where a user stands, telling the partner.

use super::documents::Details;
use super::standing::{Method, Standing};
use super::store::{self, Current, NewAttempt};
use super::{FILES_EVENT, KYC_STATUS_EVENT};
use crate::kit::app::App;
use crate::kit::book::seal::Nonce;
use florin_store::{Holder, NewEvent, StoreError, Tx};
use florin_types::{Entropy, Timestamp};
use uuid::Uuid;

/// Random bytes of a verification id: 128 bits, the least that a secret of the contract has.
const SECRET_BYTES: usize = 16;

/// What a command may need, drawn before it runs: a command that runs again makes the same.
#[derive(Clone)]
pub struct Drawn {
    pub(super) attempt: Uuid,
    pub(super) verification_id: String,
    pub(super) secret: [u8; 32],
    pub(super) event: Uuid,
    pub(super) nonce: Nonce,
}

impl Drawn {
    /// Draws.
    pub fn draw(app: &App) -> Self {
        let verification_id = verification_id(&*app.entropy);
        Self {
            attempt: app.new_id(),
            secret: secret_of(app, &verification_id),
            verification_id,
            event: app.new_id(),
            nonce: Nonce::draw(&*app.entropy),
        }
    }
}

fn verification_id(entropy: &dyn Entropy) -> String {
    let mut random = [0; SECRET_BYTES];
    entropy.fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
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

/// Makes an attempt's row, and says where the user stands by it; that is not written yet.
pub(super) async fn begin(
    app: &App,
    tx: &mut Tx,
    holder: &Holder,
    begin: Begin<'_>,
    drawn: &Drawn,
) -> Result<(Uuid, Standing), StoreError> {
    let details = Details { verification_id: drawn.verification_id.clone(), ..begin.details };
    let new = NewAttempt {
        id: drawn.attempt,
        method: begin.method,
        secret: drawn.secret,
        details: store::seal(&app.seals, holder.secret.as_deref(), drawn.nonce, &details)?,
        expires_at: begin.expires_at,
    };
    store::insert_attempt(tx, holder.id, &new).await?;
    Ok((drawn.attempt, Standing::begun(begin.before.map(|current| current.standing), begin.method)))
}

/// Writes the first step of an attempt, and tells the partner where that changes what it knows.
pub(super) async fn enter(
    tx: &mut Tx,
    holder: &Holder,
    before: Option<Standing>,
    (attempt, standing): (Uuid, Standing),
    event: Uuid,
) -> Result<(), StoreError> {
    if before.is_some_and(|before| Standing { method: standing.method, ..before } == standing) {
        return store::put(tx, holder.id, attempt, &standing).await;
    }
    change(tx, holder, (attempt, standing), event).await
}

/// Writes where a user stands and tells the partner.
pub(super) async fn change(
    tx: &mut Tx,
    holder: &Holder,
    (attempt, standing): (Uuid, Standing),
    event: Uuid,
) -> Result<(), StoreError> {
    store::put(tx, holder.id, attempt, &standing).await?;
    let data = serde_json::json!({
        "verificationStatus": standing.status.as_str(),
        "attemptStatus": standing.progress.as_str(),
        "rejectionReason": standing.rejection_reason,
    });
    tell(tx, holder, event, (KYC_STATUS_EVENT, data));
    Ok(())
}

/// Tells what came of the full decode of files.
pub(super) fn tell_files(tx: &mut Tx, holder: &Holder, event: Uuid, is_readable: bool) {
    let status = if is_readable { "ADDED" } else { "ERROR" };
    tell(tx, holder, event, (FILES_EVENT, serde_json::json!({ "status": status })));
}

/// An event about a user.
pub(super) fn tell(tx: &mut Tx, holder: &Holder, id: Uuid, (kind, data): (&'static str, serde_json::Value)) {
    tx.emit(NewEvent {
        id,
        kind,
        object: holder.uuid,
        holder: Some(holder.id),
        of_last_record: false,
        data: data.to_string().into_bytes(),
    });
}
