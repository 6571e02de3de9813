//! `POST /v1/sepa-transfer/{transferId}/recall`: the partner asks for the money of a settled transfer back.

use super::book::{begin, leave_to_send, open_one};
use super::recall::{HandOver, Recall, RecallDirection, RecallReason, RecallStatus, answer_by};
use crate::kit::book::inbox;
use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::prelude::*;
use crate::sepa::store::TRANSFERS;
use crate::sepa::transfer::{NO_FILE_YET, State, Transfer};
use crate::sepa::within;

/// What is asked.
struct AskRequest {
    reason: RecallReason,
}

impl Request for AskRequest {
    const NAME: &'static str = "SepaRecallRequest";
    const ABOUT: &'static str = "A recall of a transfer's money.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let reason = fields.required("reason").about("Why you ask.").text();
        Some(Self { reason: reason? })
    }
}

/// A recall that exists.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SepaRecallMade {
    /// Id of the recall.
    recall_id: Uuid,
}

uuid_in_path!(
    RecalledTransferId,
    "transferId",
    "The id of the transfer, from `POST /v1/sepa-transfer`.",
    "$sepaTransfer"
);

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "recallSepaTransfer",
        summary: "Ask for the money of a SEPA transfer back",
        description: "Asks the payee's bank for the money of a settled transfer, of a user or of your master balance. \
                      The bank asks the payee, who may refuse: the event `sepa_recall` says what it answered. Money \
                      that comes back can be less than the amount, since that bank may keep a fee; it ends the \
                      transfer as `FAILED` with `RETURNED`. Without an answer within 15 business days the recall ends \
                      as `REFUSED` with `NOAS`.",
        example: r#"{"reason":"DUPL"}"#,
        answer: r#"{"recallId":"$sepaRecall"}"#,
        refusals: &[&P428, &P473],
        ..post("/v1/sepa-transfer/{transferId}/recall", recall_sepa_transfer)
    }
}

async fn recall_sepa_transfer(
    context: Context,
    Path(RecalledTransferId(id)): Path<RecalledTransferId>,
    call: Call<AskRequest>,
) -> Result<Created<SepaRecallMade>, Failure> {
    let Call { request: AskRequest { reason }, keyed } = call;
    let id = id.ok_or_else(|| Refusal::because(&P428, "transferId must be a UUID"))?;
    let touches = vec![Touch::Object(&TRANSFERS, id)];
    context
        .run(keyed, touches, async move |work| {
            let transfer = work.object::<Transfer>(id)?.filter(|transfer| transfer.refunds.is_none());
            let transfer = transfer.ok_or_else(|| Refusal::of(&P428))?;
            check(work, &transfer).await?;
            let (recall_id, now) = (work.id(), work.now());
            let recall = Recall {
                id: recall_id,
                direction: RecallDirection::Outgoing,
                holder: Some(transfer.holder),
                payment: Some(id),
                amount: transfer.amount,
                reason: reason.code(),
                status: RecallStatus::Open,
                answer: None,
                message: None,
                sending: Some(HandOver::Waiting),
                sealed: None,
                created_at: now,
                answer_by: answer_by(now),
            };
            begin(work, &recall)?;
            leave_to_send(work, recall_id);
            work.put(&Transfer { recall: Some(recall_id), ..transfer })?;
            Ok(SepaRecallMade { recall_id })
        })
        .await
}

/// Whether the money of a transfer can be asked for.
async fn check(work: &mut Work<'_>, transfer: &Transfer) -> Result<(), Stop> {
    let rail = &work.app().settings.sepa.rail;
    let (has_recalls, within) = (rail.has_recalls(), within::message_id(transfer.id));
    let (rail, touch) = (rail.name(), inbox::touch(work.app(), rail.name(), &within));
    work.load(&[touch]).await?;
    let why = if !has_recalls {
        Some("the bank takes none")
    } else if inbox::is_known(work, rail, &within)? {
        Some("it went to an account of yours, which has it")
    } else if matches!(transfer.state, State::Held | State::Submitting | State::Submitted) {
        Some("the transfer has not settled yet")
    } else if transfer.state == State::Returned && transfer.returned < transfer.amount {
        Some("a part of its money has come back")
    } else if transfer.state != State::Settled {
        Some("the transfer has failed: its money is on the balance")
    } else if work.app().settings.sepa.rail.gathers() && transfer.file.is_none_or(|file| file == NO_FILE_YET)
    {
        Some("it did not go over this bank")
    } else if transfer.sealed.is_none() {
        Some("the user's data is erased")
    } else if open_one(work, transfer.recall).await?.is_some() {
        Some("one of this transfer is open")
    } else {
        None
    };
    match why {
        Some(why) => Err(Refusal::because(&P473, why).into()),
        None => Ok(()),
    }
}
