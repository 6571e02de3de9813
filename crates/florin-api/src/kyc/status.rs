//! `GET /v1/kyc/status/{id}`: where a user's verification stands.

use super::change::{is_verification_id, secret_of};
use super::store::{self, Current};
use crate::kit::app::App;
use crate::kit::book::command::ok;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::codes::{P412, P445};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, Shape, get};
use crate::kit::request::call::PathIds;
use crate::users::existing;
use axum::extract::State;
use axum::response::Response;
use florin_store::{Holder, Scope, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// Where a verification stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KycStatus {
    external_user_id: String,
    /// `NOT_VERIFIED`, `VERIFIED` or `EXPIRED`.
    verification_status: &'static str,
    /// Of the present attempt: `PENDING`, `VERIFICATION`, `REJECTED_BY_PROVIDER` or `SUCCESSFUL`.
    attempt_status: &'static str,
    /// Why it was rejected: `NO_FACE_FOUND`, `FACE_MISMATCH`, `DOCUMENT_UNREADABLE`, `DOCUMENT_EXPIRED`,
    /// `DOCUMENT_NOT_SUPPORTED`, `DATA_MISMATCH`, `SUSPECTED_FRAUD` or `OTHER`.
    rejection_reason: Option<&'static str>,
    /// The present attempt.
    verification_id: Option<String>,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Verification",
        summary: "Get the status of a verification",
        description: "By your id of the user, or by a verification id. P445 as long as nothing was sent.",
        refusals: &[&P412, &P445],
        ..get("/v1/kyc/status/{id}", handle, (200, Shape::of::<KycStatus>()))
    }
}

async fn handle(State(app): State<App>, partner: Partner, ids: PathIds) -> Result<Response, Failure> {
    let id = ids.user(0).map(|id| id.as_str().to_owned()).unwrap_or_default();
    let mut snapshot = app.store.snapshot(partner.book).await?;
    let holder = match snapshot.holder(&id).await? {
        None => by_verification_id(&app, &mut snapshot, &id).await?,
        found => found,
    };
    let holder = existing(holder.as_ref())?;
    let current = store::find(&mut snapshot, holder.id).await?.ok_or_else(|| Refusal::of(&P445))?;
    ok(&status(&app, holder, &current)?)
}

async fn by_verification_id(app: &App, scope: &mut Scope, id: &str) -> Result<Option<Holder>, StoreError> {
    if !is_verification_id(id) {
        return Ok(None);
    }
    let Some(holder) = store::holder_of_secret(scope, &secret_of(app, id)).await? else { return Ok(None) };
    Ok(scope.holders(&[holder]).await?.pop())
}

fn status(app: &App, holder: &Holder, current: &Current) -> Result<KycStatus, StoreError> {
    let details = current.details(&app.seals, holder.secret.as_deref())?;
    Ok(KycStatus {
        external_user_id: holder.handle.clone().unwrap_or_default(),
        verification_status: current.standing.status.as_str(),
        attempt_status: current.standing.progress.as_str(),
        rejection_reason: current.standing.rejection_reason,
        verification_id: Some(details.verification_id).filter(|id| !id.is_empty()),
        updated_at: current.updated_at.to_string(),
    })
}
