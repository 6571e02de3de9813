//! `POST /v1/sandbox/sepa/incoming`, `POST /v1/sandbox/sepa/recalls` and `POST /v1/sandbox/sepa/{transferId}`: be the
//! bank.

use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::sepa::{self, Decided, Ready, hear};
use florin_rails::sepa::{Credit, Message as BankMessage, Reason, RecallRequest, Said};
use florin_types::Iban;

/// Longest name or title, as the bank of the sender lets it through: what a SEPA line holds.
const MAX_LINE: usize = 140;

/// Money from outside.
struct Incoming {
    iban: Iban,
    amount: Amount,
    sender_name: Text<MAX_LINE>,
    sender_iban: Iban,
    title: Option<Text<MAX_LINE>>,
}

impl Request for Incoming {
    const NAME: &'static str = "IncomingSepaRequest";
    const ABOUT: &'static str = "A SEPA payment that comes in.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "The account that is paid: a user's or yours, from the calls under `sepa-deposit/info`.";
        let iban = fields.required("iban").about(about).text();
        let eur = fields.currencies().get(CurrencyCode::new("eur"));
        let amount = fields.required("amount").about("How much, in EUR.").amount(eur);
        let about = "The name on the sender's account. A user is only paid under its own name.";
        let sender_name = fields.required("senderName").about(about).text();
        let sender_iban = fields.required("senderIban").about("The sender's account.").text();
        let about = "What the sender writes. With a user's reference, money to your account is the user's.";
        let title = fields.optional("title").about(about).text();
        Some(Self {
            iban: iban?,
            amount: amount?,
            sender_name: sender_name?,
            sender_iban: sender_iban?,
            title,
        })
    }
}

words! {
    /// What a bank does with a transfer.
    pub enum SepaOutcome {
        /// The payee's bank has the money.
        Settle = "SETTLE",
        /// A bank rejects it; a deposit that waits for a person goes back.
        Reject = "REJECT",
        /// The money of a settled transfer comes back.
        Return = "RETURN",
    }
}

/// What becomes of a transfer.
struct Outcome {
    outcome: SepaOutcome,
    reason: Option<Reason>,
}

impl Request for Outcome {
    const NAME: &'static str = "SepaOutcomeRequest";
    const ABOUT: &'static str = "What the bank does with a transfer.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let outcome = fields.required("outcome").about("What it does.").text();
        let about = "Why: a reason code of ISO 20022, such as AC04. `MS03`, no reason, if omitted.";
        let reason = read_reason(fields, about, "AC04");
        Some(Self { outcome: outcome?, reason })
    }
}

fn read_reason(fields: &mut Fields<'_>, about: &'static str, example: &'static str) -> Option<Reason> {
    let reason = fields.optional("reason").about(about).example(example).text::<Text<4>>()?;
    let reason = Reason::parse(reason.as_str());
    if let Err(error) = &reason {
        fields.fail(format!("reason {error}"));
    }
    reason.ok()
}

/// Another bank asks for money back.
struct IncomingRecall {
    deposit: Option<Uuid>,
    reason: Reason,
    text: Option<Text<MAX_LINE>>,
}

impl Request for IncomingRecall {
    const NAME: &'static str = "IncomingSepaRecallRequest";
    const ABOUT: &'static str = "A recall of another bank.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "The deposit, from `POST /v1/sandbox/sepa/incoming` or its event. If omitted, the bank asks for a \
                     payment that never came.";
        let deposit = fields.optional("depositId").about(about).text();
        let about =
            "Why: a reason code of ISO 20022, such as FRAD, TECH, CUST, AC03 or AM09. `DUPL` if omitted.";
        let reason = read_reason(fields, about, "DUPL").unwrap_or(Reason::new(*b"DUPL"));
        let text = fields.optional("text").about("What the bank adds, for people.").text();
        Some(Self { deposit, reason, text })
    }
}

/// A recall that came in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncomingSepaRecall {
    /// Id of the recall.
    recall_id: Uuid,
}

/// A payment that came in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepositMade {
    /// Id of the deposit.
    deposit_id: Uuid,
}

uuid_in_path!(
    PaymentId,
    "transferId",
    "The id of the transfer, from `POST /v1/sepa-transfer`; or of a deposit that waits, from its answer or event.",
    "$sepaTransfer"
);

/// The calls.
pub fn endpoints() -> [Endpoint; 3] {
    [
        Endpoint {
            id: "receiveSepaPayment",
            summary: "Let a SEPA payment come in",
            description: "Money arrives at an account of a user or of your master balance. If the sender's name is \
                          the user's, it is credited when this answers, and the sender's account is a contact. If it \
                          is nearly the user's, it waits; any other goes back. Money to an account that nobody has \
                          waits for an operator.",
            example: r#"{"iban":"LT449999912345678901","amount":"25.00","senderName":"Ada Lovelace",
                "senderIban":"DE89370400440532013000","title":"Savings"}"#,
            answer: r#"{"depositId":"0198c5d2-be42-7035-8d96-7fa14c5d6e80"}"#,
            ..post("/v1/sandbox/sepa/incoming", receive_sepa_payment)
        },
        Endpoint {
            id: "receiveSepaRecall",
            summary: "Let a bank ask for a SEPA payment back",
            description: "Another bank asks for a deposit back. Where a recall of the deposit is open, that one is \
                          answered, and nothing changes. A deposit that was sent back, one of a user that was \
                          deleted, and a payment that never came are refused at once.",
            example: r#"{"depositId":"$sepaDeposit","reason":"DUPL"}"#,
            answer: r#"{"recallId":"$sepaRecall"}"#,
            refusals: &[&P428],
            ..post("/v1/sandbox/sepa/recalls", receive_sepa_recall)
        },
        Endpoint {
            id: "decideSepaPayment",
            summary: "Decide on a SEPA payment",
            description: "Settles, rejects or sends back a transfer, without waiting for the simulated bank. `RETURN` \
                          settles a pending transfer first. A deposit that waits is credited by `SETTLE` and sent \
                          back by `REJECT`. What cannot follow on where the payment stands is P403.",
            example: r#"{"outcome":"SETTLE"}"#,
            answer: r#"{"message":"SEPA transfer settled"}"#,
            refusals: &[&P428],
            ..post("/v1/sandbox/sepa/{transferId}", decide_sepa_payment)
        },
    ]
}

async fn receive_sepa_payment(
    context: SandboxContext,
    call: Call<Incoming>,
) -> Result<Created<DepositMade>, Failure> {
    let Call { request: incoming, keyed } = call;
    let credit = Credit {
        iban: incoming.iban.into_string(),
        amount: incoming.amount.minor(),
        sender_name: incoming.sender_name.as_str().to_owned(),
        sender_iban: incoming.sender_iban.into_string(),
        title: incoming.title.map(|title| title.as_str().to_owned()).unwrap_or_default(),
    };
    // Each call is a message of its own.
    let said = Said { id: format!("sandbox/{}", context.app.new_id()), message: BankMessage::Credit(credit) };
    let mut snapshot = context.snapshot().await?;
    let (ready, touches) = Ready::of(&context.app, &mut snapshot, said).await?;
    drop(snapshot);
    context
        .run(keyed, touches, async move |work| {
            let made = hear(work, &ready).await?;
            let deposit_id = made.ok_or_else(|| StoreError::unexpected("a new message was known"))?;
            Ok(DepositMade { deposit_id })
        })
        .await
}

async fn receive_sepa_recall(
    context: SandboxContext,
    call: Call<IncomingRecall>,
) -> Result<Created<IncomingSepaRecall>, Failure> {
    let Call { request: IncomingRecall { deposit, reason, text }, keyed } = call;
    // Each call is a message of its own.
    let message = format!("sandbox/{}", context.app.new_id());
    let text = text.map(|text| text.as_str().to_owned()).unwrap_or_default();
    let request = RecallRequest { credit: String::new(), amount: 0, reason, text, case: None };
    context
        .run(keyed, vec![Touch::Partner], async move |work| {
            if let Some(id) = deposit {
                sepa::require_deposit(work, id).await?;
            }
            let recall_id = sepa::recall_deposit(work, deposit, &message, &request).await?;
            Ok(IncomingSepaRecall { recall_id })
        })
        .await
}

async fn decide_sepa_payment(
    context: SandboxContext,
    Path(PaymentId(id)): Path<PaymentId>,
    call: Call<Outcome>,
) -> Result<Success<Message>, Failure> {
    let Call { request: Outcome { outcome, reason }, keyed } = call;
    let id = id.ok_or_else(|| Refusal::because(&P428, "transferId must be a UUID"))?;
    let reason = reason.unwrap_or(Reason::NOT_GIVEN);
    let mut snapshot = context.snapshot().await?;
    let touches = sepa::touches_of_payment(&context.app, &mut snapshot, id).await?;
    drop(snapshot);
    context
        .run(keyed, touches, async move |work| {
            let decided = match outcome {
                SepaOutcome::Settle => Decided::Settle,
                SepaOutcome::Reject => Decided::Reject(reason),
                SepaOutcome::Return => Decided::Return(reason),
            };
            let what = sepa::decide(work, id, decided).await?;
            let word = match outcome {
                SepaOutcome::Settle => "settled",
                SepaOutcome::Reject => "rejected",
                SepaOutcome::Return => "returned",
            };
            Ok(Message::new(format!("SEPA {what} {word}")))
        })
        .await
}
