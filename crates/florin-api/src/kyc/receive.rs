//! What both uploads share: who may send before anything is received, and the commit that decides what becomes of the
//! files.

use super::store::NewFile;
use super::sweep::{SWEEP_AGE, discard};
use crate::kit::book::aside::Aside;
use crate::kit::prelude::*;
use crate::kit::request::upload::{Received, StoredFile};
use crate::users::existing;
use florin_store::{Holder, Scope};
use florin_vault::{ObjectName, Recipient};
use tracing::Instrument;

/// Who the files are for, and the key to encrypt them to.
pub(super) struct Addressee {
    pub(super) to: Recipient,
    holder: Uuid,
}

/// Who is to get the files; none where the call will be refused, so that nothing of it needs to be kept. Only the
/// command decides: what is read here may have changed by then.
pub(super) async fn precheck(
    context: &Context,
    user: &str,
    may_send: impl AsyncFnOnce(&mut Scope, &Holder) -> Result<bool, StoreError>,
) -> Result<Option<Addressee>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.holder(user).await?;
    let Ok(holder) = existing(holder.as_ref()) else { return Ok(None) };
    if !may_send(&mut snapshot, holder).await? {
        return Ok(None);
    }
    let (secret, seals) = (holder.secret.as_deref(), &context.app.seals);
    let identity = secret.and_then(|secret| seals.file_key(secret));
    let identity = identity.ok_or_else(|| seals.fault(secret, "a user's key can't be opened"))?;
    Ok(Some(Addressee { to: identity.recipient(), holder: holder.uuid }))
}

/// Objects that a command put others in the place of.
pub(super) type Replaced = Aside<Vec<ObjectName>>;

/// What was received, as a command sees it.
pub(super) struct Incoming {
    files: Result<Vec<NewFile>, Refusal>,
    addressee: Option<Uuid>,
}

impl Incoming {
    pub(super) fn of(received: &Received, addressee: Option<&Addressee>) -> Self {
        let files = received.files.as_ref().map_err(Clone::clone);
        let files = files.map(|files| files.iter().map(NewFile::of).collect());
        Self { files, addressee: addressee.map(|addressee| addressee.holder) }
    }

    /// The files, or why there are none.
    pub(super) fn files(&self, holder: &Holder) -> Result<&[NewFile], Stop> {
        match &self.files {
            // A reset made another user of the same id meanwhile, whose key opens none of them.
            Ok(files) if files.is_empty() || self.addressee != Some(holder.uuid) => {
                // They were thrown away, since the call was to be refused; what forbade it has just gone.
                Err(Stop::Fault(StoreError::unavailable("the user's verification changed meanwhile")))
            }
            Ok(files) => Ok(files),
            Err(refusal) => Err(refusal.clone().into()),
        }
    }
}

/// Runs the command to its end even if the client goes away, and keeps the files exactly where their rows were made.
pub(super) async fn commit(
    context: Context,
    user: String,
    (received, replaced): (Received, Replaced),
    command: impl AsyncFn(&mut Work<'_>) -> Result<Message, Stop> + Send + 'static,
) -> Result<Created<Message>, Failure> {
    let work = async move {
        let Received { keyed, files } = received;
        if files.as_ref().is_ok_and(|files| has_aged(&context.app, files)) {
            return Err(StoreError::unavailable("the files took too long to arrive").into());
        }
        let result = context.run(keyed, vec![Touch::User(user)], command).await;
        let Ok(files) = files else { return result };
        if result.as_ref().is_ok_and(Created::is_new) {
            files.keep();
            discard(&context.app, &replaced.take()).await;
        } else if matches!(result, Err(Failure::Fault(_))) {
            // The rows may have been made all the same: the sweep will know.
            files.keep();
        } else {
            files.discard().await;
        }
        result
    };
    match tokio::spawn(work.in_current_span()).await {
        Ok(result) => result,
        Err(panic) => Err(StoreError::unexpected(panic).into()),
    }
}

/// Whether the sweep might take files for leftovers before their rows are there. Uploads are bounded far below that;
/// a vault that hangs is not.
fn has_aged(app: &App, files: &[StoredFile]) -> bool {
    let now = app.wall();
    files.iter().any(|file| now.saturating_since(file.name.made_at()) > SWEEP_AGE / 2)
}
