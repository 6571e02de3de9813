//! `POST /v1/sandbox/kyc/{externalUserId}`: be the reviewer.

use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::kyc::{AttemptSecret, Decision, RejectionReason, decide};
use crate::users::{UserId, require, require_birth_date};

words! {
    /// A reviewer's decision.
    pub enum ReviewDecision {
        /// The user is verified.
        Approve = "APPROVE",
        /// The user is not.
        Reject = "REJECT",
    }
}

impl Request for Decision {
    const NAME: &'static str = "DecisionRequest";
    const ABOUT: &'static str = "A decision on a user's verification.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let decision = fields.required("decision").about("The decision.").text();
        let about = "Why the verification is rejected. Only with `REJECT`; `OTHER` if omitted.";
        let reason = fields.optional("rejectionReason").about(about).text();
        Some(match decision? {
            ReviewDecision::Approve => Self::Approve,
            ReviewDecision::Reject => Self::Reject(reason.unwrap_or(RejectionReason::Other)),
        })
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "decideVerification",
        summary: "Decide on a user's verification",
        description: "Approves or rejects at once, even if no files were sent. A user who is verified already is P448; \
                      one without `birthDate` cannot be approved (P403). \
                      After an approval the balances exist (of a user with a hosted verification once the user \
                      verification is added); EUR is `ACTIVE`, with an IBAN, half a second later. Events: \
                      `kyc_verification.status` for the decision, `user.status` for the active balances.",
        example: r#"{"decision":"APPROVE"}"#,
        answer: r#"{"message":"User verification approved"}"#,
        refusals: &[&P412, &P448, &P464],
        ..post("/v1/sandbox/kyc/{externalUserId}", decide_verification)
    }
}

async fn decide_verification(
    context: SandboxContext,
    Path(user): Path<UserId>,
    call: Call<Decision>,
) -> Result<Success<Message>, Failure> {
    let Call { request: decision, keyed } = call;
    let secret = AttemptSecret::draw(&context.app);
    let touches = vec![Touch::User(user.as_str().to_owned())];
    context
        .run(keyed, touches, async move |work| {
            if decision == Decision::Approve {
                // As in every other way to an approval.
                let holder = require(work.holder(user.as_str()), user.as_str())?.clone();
                require_birth_date(work, &holder, None).await?;
            }
            decide(work, user.as_str(), (decision, "sandbox"), &secret).await?;
            let word = if decision == Decision::Approve { "approved" } else { "rejected" };
            Ok(Message::new(format!("User verification {word}")))
        })
        .await
}
