//! `POST /v1/transfers`: up to 1,000 transfers in one call and one transaction.

use super::create::Wanted;
use crate::kit::endpoint::answers::TransferMade;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use serde::Deserialize;

/// Transfers of a batch: the contract's.
const MAX_TRANSFERS: usize = 1_000;

/// Longest body: 1,000 transfers whose ids are as long as they may be and whose references have 140 characters of four
/// bytes are 850 KB.
const MAX_BYTES: usize = 1024 * 1024;

words! {
    /// What a refused transfer means to the others of its batch.
    pub enum BatchMode {
        /// The first refusal is the answer, and no transfer is made.
        AllOrNone = "ALL_OR_NONE",
        /// Each transfer stands for itself.
        Each = "EACH",
    }
}

struct Batch {
    mode: BatchMode,
    transfers: Vec<Wanted<false>>,
}

impl Request for Batch {
    const NAME: &'static str = "TransfersRequest";
    const ABOUT: &'static str = "Transfers to make together.";
    const MAX_BYTES: usize = MAX_BYTES;

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "What a refused transfer means to the others.";
        let mode = fields.required("mode").about(about).text();
        let about = "The transfers, made in this order: one can spend what the one before has brought.";
        let transfers = fields.required("transfers").about(about).list(MAX_TRANSFERS);
        Some(Self { mode: mode?, transfers: transfers? })
    }
}

/// The results of a batch.
#[derive(Serialize, ToSchema)]
pub struct TransfersMade {
    /// One for each transfer, in their order.
    results: Vec<TransferResult>,
}

/// The result of one transfer of a batch.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum TransferResult {
    /// It was made.
    Made(TransferMade),
    /// It was not.
    Refused(TransferRefused),
}

/// Why a transfer of a batch was not made; only with `EACH`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferRefused {
    /// The code that the transfer would be refused with by itself.
    #[schema(example = "P433")]
    error_code: String,
    /// The code in words; none with `P403`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "insufficient-funds")]
    error_name: Option<String>,
    /// For people.
    error_message: String,
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "createTransfers",
        summary: "Create up to 1,000 transfers",
        description: "Makes transfers in one transaction, in the order given. With `ALL_OR_NONE` all are made, or the \
                      call is refused as the first transfer would be that cannot be made; the message names it \
                      (`transfers[3]`). With `EACH` every transfer has its own result: `transferId`, or the code that \
                      it is refused with. What is wrong in form is P403 in both modes, and nothing is done.\n\nThe \
                      body can have up to 1 MiB. An idempotency key stands for the whole batch.",
        example: r#"{"mode":"ALL_OR_NONE","transfers":[{"sourceExternalUserId":"$user",
            "destinationExternalUserId":"$other","amount":"12.50","currency":"eur","reference":"Lunch"}]}"#,
        answer: r#"{"results":[{"transferId":"$transfer"}]}"#,
        refusals: &[&P410, &P412, &P424, &P433, &P455, &P459],
        ..post("/v1/transfers", create_transfers)
    }
}

async fn create_transfers(context: Context, call: Call<Batch>) -> Result<Success<TransfersMade>, Failure> {
    let Call { request: Batch { mode, transfers }, keyed } = call;
    let touches = transfers.iter().flat_map(Wanted::touches).collect();
    context
        .run(keyed, touches, async move |work| {
            let mut results = Vec::with_capacity(transfers.len());
            for (index, wanted) in transfers.iter().enumerate() {
                let result = wanted.make(work, &format!("transfers[{index}]."));
                results.push(match result {
                    Ok(made) => TransferResult::Made(made),
                    Err(Stop::Refused(answer) | Stop::Invalid(answer)) if mode == BatchMode::Each => {
                        let refused = serde_json::from_slice(&answer.body).map_err(StoreError::unexpected)?;
                        TransferResult::Refused(refused)
                    }
                    Err(stop) => return Err(stop),
                });
            }
            Ok(TransfersMade { results })
        })
        .await
}
