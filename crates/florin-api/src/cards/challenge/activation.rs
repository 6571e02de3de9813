//! `POST /v1/card/activation`, `POST /v1/card/activation/answer` and
//! `GET /v1/card/activation/{externalUserId}/{cardId}`: a code that
//! shows that who holds the card's user account wants it.

use super::answer::answer_for;
use super::ask::{ask_activation, seed, touch_activation};
use super::code::Code;
use super::state::{CardChallenge, ChallengeStatus, Purpose};
use crate::cards::card::{Activation, Card, CardStatus};
use crate::cards::details::CardId;
use crate::cards::named::NamedCard;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::users::{UserId, require};

/// The card whose activation is asked for.
struct AskActivation(NamedCard);

impl Request for AskActivation {
    const NAME: &'static str = "CardActivationRequest";
    const ABOUT: &'static str = "A card of a user.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        NamedCard::read(fields).map(Self)
    }
}

/// The code that was sent.
struct AnswerActivation {
    named: NamedCard,
    code: Code,
}

impl Request for AnswerActivation {
    const NAME: &'static str = "CardActivationAnswer";
    const ABOUT: &'static str = "A card of a user, and the code that was sent.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let named = NamedCard::read(fields);
        let code = fields.required("code").about("The code of the event `card.activation`.").secret_text();
        Some(Self { named: named?, code: code? })
    }
}

words! {
    /// How the activation of a card stands.
    pub enum CardActivationStatus {
        /// No code was asked for.
        NotAsked = "NOT_ASKED",
        /// A code was sent, and not given yet.
        Pending = "PENDING",
        /// The right code was given once.
        Activated = "ACTIVATED",
        /// A wrong code was given three times: ask for another.
        Failed = "FAILED",
        /// The code was not given in time: ask for another.
        Expired = "EXPIRED",
    }
}

/// How the activation of a card stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardActivationState {
    /// How it stands.
    status: CardActivationStatus,
    /// How often a code can still be given.
    #[schema(example = 3)]
    tries_left: i64,
}

impl CardActivationState {
    fn of(status: ChallengeStatus, tries_left: i64) -> Self {
        let status = match status {
            ChallengeStatus::Pending => CardActivationStatus::Pending,
            ChallengeStatus::Expired => CardActivationStatus::Expired,
            ChallengeStatus::Failed | ChallengeStatus::Declined => CardActivationStatus::Failed,
            ChallengeStatus::Authenticated | ChallengeStatus::Frictionless | ChallengeStatus::Used => {
                CardActivationStatus::Activated
            }
        };
        Self { status, tries_left }
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 3] {
    [
        Endpoint {
            id: "askCardActivation",
            summary: "Send a code to activate a card",
            description: "The event `card.activation` has a code of six digits, for you to give to the user. It can \
                          be given three times within five minutes. A code that was sent before counts no more. A \
                          card can be used without: ask for a code where you want to know that the user has the \
                          card in hand, for example before it goes into a wallet.",
            example: r#"{"externalUserId":"$user","cardId":"$card"}"#,
            answer: r#"{"message":"Activation code sent successfully"}"#,
            refusals: &[&P412, &P434, &P453],
            ..post("/v1/card/activation", ask_card_activation)
        },
        Endpoint {
            id: "answerCardActivation",
            summary: "Activate a card by its code",
            description: "Checks the code that the user gives. A wrong one is no error: `status` says how it stands.",
            example: r#"{"externalUserId":"$user","cardId":"$card","code":"482913"}"#,
            answer: r#"{"status":"ACTIVATED","triesLeft":0}"#,
            refusals: &[&P412, &P434, &P475],
            ..post("/v1/card/activation/answer", answer_card_activation)
        },
        Endpoint {
            id: "getCardActivation",
            summary: "Get the activation of a card",
            description: "How the activation of the card stands. Once `ACTIVATED`, it stays so.",
            answer: r#"{"status":"PENDING","triesLeft":3}"#,
            refusals: &[&P412, &P434],
            ..get("/v1/card/activation/{externalUserId}/{cardId}", get_card_activation)
        },
    ]
}

async fn ask_card_activation(
    context: Context,
    call: Call<AskActivation>,
) -> Result<Success<Message>, Failure> {
    let Call { request: AskActivation(named), keyed } = call;
    let mut touches = named.touches();
    touches.push(touch_activation(named.card()));
    let seed = seed(&context.app);
    context
        .run(keyed, touches, async move |work| {
            let (_, card) = named.find(work)?;
            if card.status != CardStatus::Active {
                return Err(Refusal::because(&P453, format_args!("it is {}", card.status)).into());
            }
            ask_activation(work, &seed, &card)?;
            if card.activation == Activation::NotAsked {
                work.put(&Card { activation: Activation::Pending, ..card })?;
            }
            Ok(Message::new("Activation code sent successfully"))
        })
        .await
}

async fn answer_card_activation(
    context: Context,
    call: Call<AnswerActivation>,
) -> Result<Success<CardActivationState>, Failure> {
    let Call { request: AnswerActivation { named, code }, keyed } = call;
    let mut touches = named.touches();
    touches.push(touch_activation(named.card()));
    context
        .run(keyed, touches, async move |work| {
            let (_, card) = named.find(work)?;
            let answered = answer_for(work, Purpose::Activation, (card.id, card.id), &code).await?;
            if answered.status == ChallengeStatus::Authenticated && card.activation != Activation::Activated {
                work.put(&Card { activation: Activation::Activated, ..card })?;
            }
            Ok(CardActivationState::of(answered.status, answered.tries_left))
        })
        .await
}

async fn get_card_activation(
    context: Context,
    Path(user): Path<UserId>,
    Path(card): Path<CardId>,
) -> Result<Success<CardActivationState>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.holder(user.as_str()).await?;
    let holder = require(holder.as_ref(), user.as_str())?;
    let card = card.find(&mut snapshot, holder).await?;
    let now = snapshot.book_row().now(context.app.wall());
    let challenge = snapshot.objects_at::<CardChallenge>(&[card.id]).await?.pop();
    let state = match challenge {
        _ if card.activation == Activation::Activated => {
            CardActivationState { status: CardActivationStatus::Activated, tries_left: 0 }
        }
        None => CardActivationState { status: CardActivationStatus::NotAsked, tries_left: 0 },
        Some(challenge) => {
            let status = challenge.status(now);
            let left = if status == ChallengeStatus::Pending { super::TRIES - challenge.tries } else { 0 };
            CardActivationState::of(status, left)
        }
    };
    Success::of(&state)
}
