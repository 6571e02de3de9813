//! `GET /v1/kyc/status/{id}`: where a user's verification stands.

use super::change::{is_verification_id, secret_of};
use super::standing::{AttemptStatus, RejectionReason, VerificationStatus};
use super::store::{self, Current};
use crate::kit::endpoint::handler::PathId;
use crate::kit::endpoint::table::PathParameter;
use crate::kit::prelude::*;
use crate::users::{UserId, existing};
use florin_store::{Holder, Scope};

/// Where a verification stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KycStatus {
    /// Your own id of the user.
    external_user_id: String,
    /// Whether the user is known.
    verification_status: VerificationStatus,
    /// How far the current attempt is.
    attempt_status: AttemptStatus,
    /// Why the current attempt was rejected; null if it was not.
    #[schema(required)]
    rejection_reason: Option<RejectionReason>,
    /// The id of the current attempt.
    #[schema(required)]
    verification_id: Option<String>,
    /// When the status changed last.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// The id in the path: the partner's own of a user, or a verification id.
struct StatusId(UserId);

impl PathId for StatusId {
    const PARAMETER: PathParameter = PathParameter {
        name: "id",
        about: "Your own id of the user, or a verification id.",
        is_uuid: false,
        placeholder: "$user",
    };

    fn of_segment(segment: Option<String>) -> Self {
        Self(UserId::of_segment(segment))
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getVerificationStatus",
        summary: "Get the status of a verification",
        description: "Where a user's verification stands, by your id of the user or by a verification id. P445 as long \
                      as nothing was sent.",
        answer: r#"{"externalUserId":"$user","verificationStatus":"VERIFIED","attemptStatus":"SUCCESSFUL",
            "rejectionReason":null,"verificationId":"$verification","updatedAt":"2026-01-31T09:30:00.000Z"}"#,
        refusals: &[&P412, &P445],
        ..get("/v1/kyc/status/{id}", get_verification_status)
    }
}

async fn get_verification_status(
    context: Context,
    Path(StatusId(id)): Path<StatusId>,
) -> Result<Success<KycStatus>, Failure> {
    let (app, mut snapshot) = (&context.app, context.snapshot().await?);
    let holder = match snapshot.holder(id.as_str()).await? {
        None => by_verification_id(app, &mut snapshot, id.as_str()).await?,
        found => found,
    };
    let holder = existing(holder.as_ref())?;
    let current = store::find(&mut snapshot, holder.id).await?.ok_or_else(|| Refusal::of(&P445))?;
    Success::of(&status(app, holder, &current)?)
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
        verification_status: current.standing.status,
        attempt_status: current.standing.progress,
        rejection_reason: current.standing.rejection_reason,
        verification_id: Some(details.verification_id).filter(|id| !id.is_empty()),
        updated_at: current.updated_at.to_string(),
    })
}
