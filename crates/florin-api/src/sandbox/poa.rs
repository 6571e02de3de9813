//! `POST /v1/sandbox/poa/{externalUserId}`: ask for proof of address, and be its reviewer.

use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::kyc::{PoaStatus, decide_poa};
use crate::users::UserId;

words! {
    /// What happens to a proof of address.
    pub enum PoaDecision {
        /// The user is asked for one.
        Require = "REQUIRE",
        /// It is accepted.
        Approve = "APPROVE",
        /// It is not accepted. Other files may be sent.
        Reject = "REJECT",
        /// It is not enough. More is to be sent.
        Question = "QUESTION",
    }
}

struct Wanted(PoaDecision);

impl Request for Wanted {
    const NAME: &'static str = "PoaDecisionRequest";
    const ABOUT: &'static str = "A decision on a proof of address.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("decision").about("The decision.").text().map(Self)
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "decideProofOfAddress",
        summary: "Ask for proof of address, or decide on one",
        description: "`REQUIRE` asks a user for proof of address. The other decisions are the reviewer's and emit \
                      `poa_verification.status`; they work also after the automatic approval, which comes half a \
                      second after the files. P460 for a user who was not asked.",
        example: r#"{"decision":"REQUIRE"}"#,
        answer: r#"{"message":"Proof of address asked for"}"#,
        refusals: &[&P211, &P412, &P447, &P460],
        ..post("/v1/sandbox/poa/{externalUserId}", decide_proof_of_address)
    }
}

async fn decide_proof_of_address(
    context: SandboxContext,
    Path(user): Path<UserId>,
    call: Call<Wanted>,
) -> Result<Success<Message>, Failure> {
    let Call { request: Wanted(decision), keyed } = call;
    let touches = vec![Touch::User(user.as_str().to_owned())];
    let (status, word) = match decision {
        PoaDecision::Require => (PoaStatus::Required, "asked for"),
        PoaDecision::Approve => (PoaStatus::Approved, "approved"),
        PoaDecision::Reject => (PoaStatus::Rejected, "rejected"),
        PoaDecision::Question => (PoaStatus::Questioned, "questioned"),
    };
    context
        .run(keyed, touches, async move |work| {
            decide_poa(work, user.as_str(), status).await?;
            Ok(Message::new(format!("Proof of address {word}")))
        })
        .await
}
