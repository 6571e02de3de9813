//! Virtual cards: numbers by which a user's EUR is spent.
//!
//! A **card** (`card.rs`) has a number of the installation's range, which is given out once (`number.rs`). What is on
//! it and its PIN are sealed under keys that are derived from the user's own key (`secrets.rs`): they open nothing
//! without the vault, and are destroyed with the user.
//!
//! What happens by a card is a **card transaction** (`payment.rs`, `flows`): an authorisation holds EUR of the user, and a
//! clearing pays the merchant. A **challenge** (`challenge`) is a code that somebody must give.
//!
//! States of a card: active ⇄ locked by the user; blocked or suspended by an operator; deleted. Accounts touched: the
//! partner's main account in EUR and the house's fees, by the monthly fee; users' main accounts in EUR, what they owe, and
//! the house's card settlement, suspense and fees. Events: `card.transaction`, `card.3ds`, `card.activation`.

mod card;
mod challenge;
mod create;
mod decide;
mod details;
mod flows;
mod label;
mod limits;
mod list;
mod named;
mod number;
mod payment;
mod pin;
mod pin_block;
mod secrets;
mod store;
mod usage;

pub use challenge::touch as touch_challenge;
pub use challenge::{
    Answered as ChallengeAnswered, Asked3ds, ChallengeStatus, Code, answer as answer_challenge,
    ask as ask_challenge, seed as challenge_seed,
};
pub use decide::{DeclineReason, PartnerWord};
pub use details::CardId;
pub use flows::{
    Authorisation, CardDecision, CardEntry, CardMessage, CardQuestion, CardTransactionStatus,
    CardTransactionType, Consulted, Follow, Heard, MerchantCurrency, Presents, Preview, Purchase, Said, Told,
    Wanted, charge_in_eur, currency_of, hear, note_late, preview, require_card, touches_of_card,
};
pub use payment::{CardChannel, Impossible, Merchant};

use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{Erasure, EventRow, Family, Placeholder};
use crate::kit::endpoint::table::Shape;
use florin_store::{SealedTable, migration};

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Cards", "Virtual cards of your users: issuing them, and what may be spent by them."),
    endpoints: || {
        let single = [create::endpoint(), list::endpoint(), details::endpoint(), flows::endpoint()];
        single.into_iter().chain(challenge::endpoints()).collect()
    },
    jobs: &[(flows::DUE_JOB, |app, job| Box::pin(flows::work_on_due(app, job)))],
    events: EVENTS,
    records: &[
        payment::AUTHORISED,
        payment::CHANGED,
        payment::CLEARED,
        payment::RELEASED,
        payment::REFUNDED,
        payment::CHARGED_BACK,
        payment::REPRESENTED,
    ],
    statements: &[store::STATEMENTS, flows::store::STATEMENTS, challenge::STATEMENTS],
    sets: &[&store::SETS, &flows::store::SETS, &challenge::SETS],
    migrations: &[migration!(1025, "1025_cards"), migration!(1026, "1026_card_flows")],
    sealed: &SEALED,
    erasures: &[Erasure {
        objects: |tx, holder| {
            Box::pin(async move {
                flows::store::empty(tx, holder).await?;
                challenge::empty(tx, holder).await
            })
        },
        ..Erasure::of_rows(&[])
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
            word: "$cardTransaction",
            shown: "0198c5d2-f286-7479-9aca-b3e58f91a2c4",
            unknown: "01a00000-0000-7000-8000-00000000000b",
            made_by: Some(("POST", "/v1/sandbox/cards/{cardId}/authorize", "transactionId")),
        },
        Placeholder {
            word: "$cardChallenge",
            shown: "0198c5d3-0397-758a-8bdb-c4f6a0a2b3d5",
            unknown: "01a00000-0000-7000-8000-00000000000c",
            made_by: Some(("POST", "/v1/sandbox/cards/{cardId}/3ds", "challengeId")),
        },
    ],
    ..Family::EMPTY
};

/// What decides whose money is spent, and who a payer is.
static SEALED: [&SealedTable; 5] = {
    let [cards] = store::SEALED;
    let [payments, usages, entries] = flows::store::SEALED;
    [cards, payments, usages, entries, challenge::CHALLENGES.seal()]
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
];
