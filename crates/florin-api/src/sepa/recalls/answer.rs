//! `POST /v1/sepa-recall/{recallId}/answer`: the partner answers a bank that asks for money back.

use super::RecallId;
use super::book;
use super::recall::RecallRefusal;
use crate::kit::prelude::*;
use crate::kit::request::types::words;

words! {
    /// What you answer.
    pub enum RecallDecision {
        /// The money goes back.
        Accept = "ACCEPT",
        /// It stays.
        Refuse = "REFUSE",
    }
}

/// An answer.
struct AnswerRequest {
    decision: RecallDecision,
    reason: RecallRefusal,
}

impl Request for AnswerRequest {
    const NAME: &'static str = "SepaRecallAnswerRequest";
    const ABOUT: &'static str = "The answer to a recall.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let decision = fields.required("decision").about("What you answer.").text();
        let about = "Why, with `REFUSE`. `CUST` if omitted.";
        let reason = fields.optional("reason").about(about).text();
        if decision == Some(RecallDecision::Accept) && fields.is_given("reason") {
            fields.fail("reason goes with REFUSE");
        }
        Some(Self { decision: decision?, reason: reason.unwrap_or(RecallRefusal::Customer) })
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "answerSepaRecall",
        summary: "Answer a SEPA recall",
        description: "`ACCEPT` takes the money from the balance, with which it then goes back to its sender; the \
                      history has it as a `REFUND`. If the balance is too small, this is P433 and nothing changes. \
                      Money that is not credited to anybody goes back from where it waits. `REFUSE` tells the other \
                      bank why. A recall that was answered is P473.",
        example: r#"{"decision":"REFUSE","reason":"CUST"}"#,
        answer: r#"{"message":"SEPA recall refused"}"#,
        refusals: &[&P433, &P472, &P473],
        ..post("/v1/sepa-recall/{recallId}/answer", answer_sepa_recall)
    }
}

async fn answer_sepa_recall(
    context: Context,
    Path(RecallId(id)): Path<RecallId>,
    call: Call<AnswerRequest>,
) -> Result<Success<Message>, Failure> {
    let Call { request: AnswerRequest { decision, reason }, keyed } = call;
    let id = id.ok_or_else(|| Refusal::because(&P472, "recallId must be a UUID"))?;
    // What the answer needs is known once the recall is: it is loaded in the command.
    context
        .run(keyed, Vec::new(), async move |work| {
            match decision {
                RecallDecision::Accept => book::accept(work, id).await?,
                RecallDecision::Refuse => book::refuse(work, id, reason).await?,
            }
            let word = match decision {
                RecallDecision::Accept => "accepted",
                RecallDecision::Refuse => "refused",
            };
            Ok(Message::new(format!("SEPA recall {word}")))
        })
        .await
}
