//! `POST /v1/sandbox/cards/{cardId}/3ds` and `…/3ds/answer`: be the merchant who asks for 3-D Secure, and the payer.

use super::cards::{MAX_MERCHANT, known, minor};
use crate::cards::{self, CardId, Code, MerchantCurrency};
use crate::kit::prelude::*;
use florin_types::Decimal;

/// A merchant asks for 3-D Secure.
struct Ask3ds {
    amount: Decimal,
    currency: MerchantCurrency,
    merchant: Text<MAX_MERCHANT>,
}

impl Request for Ask3ds {
    const NAME: &'static str = "Card3dsRequest";
    const ABOUT: &'static str = "A merchant asks for 3-D Secure.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let amount =
            fields.required("amount").about("How much is to be paid, in the merchant's currency.").decimal();
        let currency = fields.required("currency").about("The merchant's currency, such as `eur`.").text();
        let merchant =
            fields.required("merchantName").about("The merchant's name.").example("Bookshop").text();
        Some(Self { amount: amount?, currency: currency?, merchant: merchant? })
    }
}

/// The payer gives a code.
struct Answer3ds {
    challenge: Uuid,
    code: Code,
}

impl Request for Answer3ds {
    const NAME: &'static str = "Card3dsAnswer";
    const ABOUT: &'static str = "The code that the payer gives.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let challenge = fields.required("challengeId").about("The challenge.").text();
        let code = fields.required("code").about("The code of the event `card.3ds`.").secret_text();
        Some(Self { challenge: challenge?, code: code? })
    }
}

/// A challenge.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Card3dsMade {
    /// Id of the challenge.
    challenge_id: Uuid,
    /// How it stands: with `PENDING`, the event `card.3ds` has a code.
    status: cards::ChallengeStatus,
}

/// What a code came to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Card3dsAnswered {
    /// The same in words.
    #[schema(example = "Authentication passed")]
    message: &'static str,
    /// How the challenge stands.
    status: cards::ChallengeStatus,
    /// How often a code can still be given.
    #[schema(example = 0)]
    tries_left: i64,
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "askCard3ds",
            summary: "Ask for 3-D Secure",
            description: "A merchant has the payer authenticated. From EUR 30 on the event `card.3ds` has a code of \
                          six digits, which can be given three times within five minutes. A passed challenge counts \
                          for one payment of up to its amount, within a day.",
            example: r#"{"amount":"49.90","currency":"eur","merchantName":"Bookshop"}"#,
            answer: r#"{"challengeId":"$challenge","status":"PENDING"}"#,
            refusals: &[&P434],
            ..post("/v1/sandbox/cards/{cardId}/3ds", ask_card_3ds)
        },
        Endpoint {
            id: "answerCard3ds",
            summary: "Give a code of 3-D Secure",
            description: "The payer gives the code. A wrong one is no error: `status` says how the challenge stands.",
            example: r#"{"challengeId":"$challenge","code":"482913"}"#,
            answer: r#"{"message":"Authentication passed","status":"AUTHENTICATED","triesLeft":0}"#,
            refusals: &[&P434, &P475],
            ..post("/v1/sandbox/cards/{cardId}/3ds/answer", answer_card_3ds)
        },
    ]
}

async fn ask_card_3ds(
    context: SandboxContext,
    Path(card): Path<CardId>,
    call: Call<Ask3ds>,
) -> Result<Created<Card3dsMade>, Failure> {
    let Call { request: Ask3ds { amount, currency, merchant }, keyed } = call;
    let card = known(&card)?;
    let amount = minor(&amount, currency)?;
    let seed = cards::challenge_seed(&context.app);
    let mut snapshot = context.snapshot().await?;
    let touches = cards::touches_of_card(&mut snapshot, card, None).await?;
    drop(snapshot);
    context
        .run(keyed, touches, async move |work| {
            let cents = cards::charge_in_eur(work.app(), currency, amount, work.now());
            let merchant = merchant.as_str().to_owned();
            let asked = cards::Asked3ds { amount, currency, merchant, cents };
            let (challenge_id, status) = cards::ask_challenge(work, &seed, card, &asked).await?;
            Ok(Card3dsMade { challenge_id, status })
        })
        .await
}

async fn answer_card_3ds(
    context: SandboxContext,
    Path(card): Path<CardId>,
    call: Call<Answer3ds>,
) -> Result<Success<Card3dsAnswered>, Failure> {
    let Call { request: Answer3ds { challenge, code }, keyed } = call;
    let card = known(&card)?;
    context
        .run(keyed, vec![cards::touch_challenge(challenge)], async move |work| {
            cards::require_card(work, card, None).await?;
            let answered = cards::answer_challenge(work, card, challenge, &code).await?;
            use cards::ChallengeStatus as Status;
            let message = match answered.status {
                Status::Authenticated | Status::Frictionless | Status::Used => "Authentication passed",
                Status::Pending => "Wrong code",
                Status::Failed => "Wrong code: authentication failed",
                Status::Expired => "The code has expired",
                Status::Declined => "Authentication was declined",
            };
            Ok(Card3dsAnswered { message, status: answered.status, tries_left: answered.tries_left })
        })
        .await
}
