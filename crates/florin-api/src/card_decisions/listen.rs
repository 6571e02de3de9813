//! `GET` and `POST /v1/sandbox/card-decisions`: be the endpoint that decides, without one that the server can reach.
//! `florin listen --cards` does it.

use crate::cards::{CardDecision, CardQuestion};
use crate::kit::long_poll::LongPoll;
use crate::kit::prelude::*;
use serde_json::value::RawValue;
use std::pin::pin;
use std::sync::OnceLock;
use std::time::Duration;

/// Longest wait of a long poll, in seconds: that of events.
const MAX_WAIT_SECONDS: i64 = 30;

struct Wanted {
    wait: Duration,
}

impl Request for Wanted {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "Seconds to wait for a question. If omitted, the call answers at once, and you are not asked here.";
        let wait = fields.optional("wait").about(about).integer_or(0..=MAX_WAIT_SECONDS, 0);
        Some(Self { wait: Duration::from_secs(wait.unsigned_abs()) })
    }
}

/// Questions that wait for an answer.
#[derive(Serialize, ToSchema)]
pub struct CardQuestions {
    /// The questions; each is shown once.
    #[schema(value_type = Vec<CardQuestion>)]
    data: Vec<Box<RawValue>>,
}

struct Answer {
    id: Uuid,
    decision: CardDecision,
}

impl Request for Answer {
    const NAME: &'static str = "CardDecisionAnswer";
    const ABOUT: &'static str = "The answer to a question.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.required("id").about("Id of the question.").text();
        let decision = fields.required("decision").about("What you say.").text();
        Some(Self { id: id?, decision: decision? })
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "getCardQuestions",
            summary: "Wait for questions about authorisations",
            description: "While a call waits here, and for five seconds after it, you are asked about authorisations \
                          by its answer, and not at your endpoint. The call answers as soon as there is a question, or \
                          empty when the time is over. A question waits for 1.5 seconds. It must be asked of the same \
                          process as the authorisation.",
            answer: r#"{"data":[{"id":"0198c5d3-1408-769b-9cec-d5a7b1b3c4e6","transactionId":"$purchase",
                "externalUserId":"$user","cardId":"$card","amount":"12.50","currency":"eur",
                "merchantName":"Bookshop","mcc":"5942","merchantCountry":"DE","channel":"ECOM",
                "merchantAmount":"12.50","merchantCurrency":"eur","rate":null,"fee":"0.00","isIncremental":false,
                "createdAt":"2026-01-31T09:30:00.000Z"}]}"#,
            ..get("/v1/sandbox/card-decisions", get_card_questions)
        },
        Endpoint {
            id: "answerCardQuestion",
            summary: "Answer a question about an authorisation",
            description: "Answers a question that `GET /v1/sandbox/card-decisions` has shown. An answer after 1.5 \
                          seconds is noted on the transaction and changes nothing; one after ten seconds is forgotten.",
            example: r#"{"id":"0198c5d3-1408-769b-9cec-d5a7b1b3c4e6","decision":"APPROVE"}"#,
            answer: r#"{"message":"Answer taken"}"#,
            ..post("/v1/sandbox/card-decisions", answer_card_question)
        },
    ]
}

async fn get_card_questions(
    context: SandboxContext,
    Query(wanted): Query<Wanted>,
) -> Result<Success<CardQuestions>, Failure> {
    let (book, desk) = (context.partner.book, &context.app.deciders.desk);
    let mut poll = LongPoll::new(&context, wanted.wait);
    let _listening = (!wanted.wait.is_zero()).then(|| desk.listen(book));
    loop {
        // The bell is taken before looking, so that what comes in between still rings.
        let mut rung = pin!(desk.bell().notified());
        rung.as_mut().enable();
        let data = desk.take(book);
        if poll.is_over() || !data.is_empty() {
            return Success::of(&CardQuestions { data });
        }
        poll.until_next_look(rung).await?;
    }
}

async fn answer_card_question(
    context: SandboxContext,
    call: Call<Answer>,
) -> Result<Success<Message>, Failure> {
    let Call { request: Answer { id, decision }, keyed } = call;
    let (app, book) = (context.app.clone(), context.partner.book);
    // The command does it, behind the key of the request. It can run twice: the first time counts.
    let taken = OnceLock::new();
    context
        .run(keyed, Vec::new(), async move |_| {
            let taken =
                taken.get_or_init(|| app.deciders.desk.answer(book, id, decision == CardDecision::Approve));
            Ok(Message::new(if *taken { "Answer taken" } else { "Nobody waits for this answer" }))
        })
        .await
}
