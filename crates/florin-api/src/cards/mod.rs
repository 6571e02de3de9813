//! Virtual cards: numbers by which a user's EUR is spent.
//!
//! A **card** (`card.rs`) has a number of the installation's range, which is given out once (`number.rs`). What is on
//! it and its PIN are sealed under keys that are derived from the user's own key (`secrets.rs`): they open nothing
//! without the vault, and are destroyed with the user.
//!
//! What happens by a card is a **card transaction** (`payment.rs`, `flows`): an authorisation holds EUR of the user,
//! and a clearing pays the merchant. A **challenge** (`challenge`) is a code that somebody must give.
//!
//! States of a card: active ⇄ locked by the user; blocked or suspended by an operator; deleted. Accounts touched: the
//! partner's main account in EUR and the house's fees, by the monthly fee (`fee.rs`); users' main accounts in EUR, what
//! they owe, and the house's card settlement, suspense and fees. What comes back for a user that was deleted waits in
//! suspense (`unclaimed.rs`). Events: `card.transaction`, `card.3ds`,
//! `card.activation`, `card.fee`.

mod block;
mod card;
mod challenge;
mod create;
mod decide;
mod delete;
mod details;
mod fee;
mod flows;
mod label;
mod limits;
mod list;
mod named;
mod network;
mod number;
mod operator;
mod payment;
mod pin;
mod pin_block;
mod secrets;
mod store;
mod tries;
mod unclaimed;
mod usage;

pub use challenge::touch as touch_challenge;
pub use challenge::{
    Answered as ChallengeAnswered, Asked3ds, ChallengeStatus, Code, answer as answer_challenge,
    ask as ask_challenge, seed as challenge_seed,
};
pub use decide::{DeclineReason, PartnerWord};
pub use details::CardId;
pub use flows::{
    Authorisation, AuthorisationTarget, CardDecision, CardEntry, CardMessage, CardQuestion,
    CardTransactionStatus, CardTransactionType, Consulted, Follow, Heard, MerchantCurrency, PartnerReply,
    Presents, Preview, Purchase, StepDetails, charge_in_eur, currency_of, hear, note_late, preview,
    require_card, touches_of_authorisation, touches_of_card, touches_of_message,
};
pub use network::{Ask, Asked, CardNetwork, IsAsked};
pub use operator::{CardOperator, ShownCard};
pub use payment::{CardChannel, Impossible, Merchant};
pub use unclaimed::ShownUnclaimed;

use crate::kit::endpoint::codes::{P454, P456};
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{Erasure, EventRow, Family, Obstacle, Placeholder, no_obstacle};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::Shape;
use crate::users::RENDER_USER_EVENTS;
use card::CardStatus;
use florin_store::{Holder, HolderId, SealedTable, Stop, StoreError, Tx, migration};

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Cards", "Virtual cards of your users: issuing them, and what may be spent by them."),
    endpoints: || {
        let single = [create::endpoint(), list::endpoint(), details::endpoint(), pin::endpoint()];
        single
            .into_iter()
            .chain(block::endpoints())
            .chain(limits::endpoints())
            .chain([delete::endpoint(), flows::endpoint()])
            .chain(challenge::endpoints())
            .collect()
    },
    jobs: &[
        (fee::FEE_JOB, |app, job| Box::pin(fee::take(app, job))),
        (flows::DUE_JOB, |app, job| Box::pin(flows::work_on_due(app, job))),
    ],
    events: EVENTS,
    records: &[
        payment::AUTHORISED,
        payment::CHANGED,
        payment::PARTLY_CLEARED,
        payment::CLEARED,
        payment::RELEASED,
        payment::REFUNDED,
        payment::CHARGED_BACK,
        payment::REPRESENTED,
        fee::FEE,
        unclaimed::ASSIGNED,
    ],
    statements: &[store::STATEMENTS, flows::store::STATEMENTS, challenge::STATEMENTS],
    sets: &[&store::SETS, &flows::store::SETS, &challenge::SETS],
    migrations: &[
        migration!(1025, "1025_cards"),
        migration!(1026, "1026_card_flows"),
        migration!(1028, "1028_card_tries"),
        migration!(1029, "1029_card_unclaimed"),
    ],
    sealed: &SEALED,
    erasures: &[Erasure { objects: |tx, holder| Box::pin(empty(tx, holder)), ..Erasure::of_rows(&[]) }],
    obstacles: &[Obstacle {
        to_suspending: |tx, holder| Box::pin(check_none_active(tx, holder)),
        to_deleting: |tx, holder| Box::pin(check_all_deleted(tx, holder)),
        to_changing_identity: no_obstacle,
        to_changing_address: no_obstacle,
    }],
    scenarios: flows::scenarios,
    placeholders: &[
        Placeholder {
            word: "$card",
            shown: "0198c5d2-e175-7368-8fb9-a2d47e8091b3",
            unknown: "01a00000-0000-7000-8000-00000000000a",
            made_by: Some(("POST", "/v1/card/virtual", "cardId")),
        },
        Placeholder {
            word: "$purchase",
            shown: "0198c5d2-f286-7479-9aca-b3e58f91a2c4",
            unknown: "01a00000-0000-7000-8000-00000000000b",
            made_by: Some(("POST", "/v1/sandbox/cards/{cardId}/authorize", "transactionId")),
        },
        Placeholder {
            word: "$challenge",
            shown: "0198c5d3-0397-758a-8bdb-c4f6a0a2b3d5",
            unknown: "01a00000-0000-7000-8000-00000000000c",
            made_by: Some(("POST", "/v1/sandbox/cards/{cardId}/3ds", "challengeId")),
        },
    ],
    ..Family::EMPTY
};

/// What decides whose money is spent, and who a payer is.
static SEALED: [&SealedTable; 7] = {
    let [cards, tries] = store::SEALED;
    let [payments, usages, entries, unclaimed] = flows::store::SEALED;
    [cards, tries, payments, usages, entries, unclaimed, challenge::CHALLENGES.seal()]
};

const EVENTS: &[EventRow] = &[
    EventRow {
        event: EventType::CardTransaction,
        summary: "Card Transaction",
        description: "A card was used, or something happened to a payment by it.",
        payload: Shape::of::<flows::CardTransaction>(),
        example: flows::EXAMPLE,
        render: |app, scope, events| Box::pin(flows::render(app, scope, events)),
    },
    EventRow {
        event: EventType::Card3ds,
        summary: "Card 3DS Code",
        description: "A merchant asks for 3-D Secure: give the code to the user.",
        payload: Shape::of::<challenge::Card3dsPayload>(),
        example: challenge::SECURE_EXAMPLE,
        render: |app, scope, events| Box::pin(challenge::render_secure(app, scope, events)),
    },
    EventRow {
        event: EventType::CardActivation,
        summary: "Card Activation Code",
        description: "A code to activate a card was asked for: give it to the user.",
        payload: Shape::of::<challenge::CardActivationPayload>(),
        example: challenge::ACTIVATION_EXAMPLE,
        render: |app, scope, events| Box::pin(challenge::render_activation(app, scope, events)),
    },
    EventRow {
        event: EventType::CardFee,
        summary: "Card Fee",
        description: "Your EUR balance was too small for the monthly fee of a card, or what was owed is paid now. A \
                      fee that is paid when it comes due emits nothing.",
        payload: Shape::of::<fee::CardFeePayload>(),
        example: fee::EXAMPLE,
        render: RENDER_USER_EVENTS,
    },
];

/// Empties what is known of a user that is erased.
async fn empty(tx: &mut Tx, holder: HolderId) -> Result<(), StoreError> {
    store::empty(tx, holder).await?;
    flows::store::empty(tx, holder).await?;
    challenge::empty(tx, holder).await
}

/// A user with an active card is not suspended: lock or delete the cards first.
async fn check_none_active(tx: &mut Tx, holder: &Holder) -> Result<(), Stop> {
    let cards = store::of_holder(tx.scope(), holder.id).await?;
    let active = cards.iter().filter(|card| card.status == CardStatus::Active).count();
    match active {
        0 => Ok(()),
        _ => Err(Refusal::because(&P454, format_args!("{active}; block or delete them first")).into()),
    }
}

/// A user with a card, or whose money is on hold by one, stays.
async fn check_all_deleted(tx: &mut Tx, holder: &Holder) -> Result<(), Stop> {
    let cards = store::of_holder(tx.scope(), holder.id).await?;
    if cards.iter().any(|card| card.status != CardStatus::Deleted) {
        return Err(Refusal::because(&P456, "a card is not deleted").into());
    }
    match flows::store::is_open(tx.scope(), holder.id).await? {
        true => Err(Refusal::because(&P456, "money is on hold for a card transaction").into()),
        false => Ok(()),
    }
}
