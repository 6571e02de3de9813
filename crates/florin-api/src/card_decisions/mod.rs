//! The partner decides about authorisations of cards, in real time.
//!
//! A partner registers an endpoint for that (`register.rs`). What the rules would approve is asked there before it is
//! decided (`ask.rs`): a signed request, with the secrets of the partner's webhooks, and a second and a half for the
//! answer (`answer.rs`). What holds without an answer is the partner's choice. In a sandbox questions go to whoever
//! listens (`listen.rs`).
//!
//! No account is touched; no event is made. What was said is kept with the transaction, in the family of cards.

mod answer;
mod ask;
mod listen;
mod register;
mod store;

pub use answer::{MAX_BYTES as MAX_ANSWER, read_answer};
pub use ask::{Pending, consult, touches_of_unasked};

use crate::cards::{Ask, CardNetwork, IsAsked};
use crate::kit::app::App;
use crate::kit::endpoint::family::Family;
use florin_store::migration;
use std::sync::Arc;

/// The product, as a processor of cards sees it, with partners that decide.
pub fn network(app: App) -> Arc<CardNetwork> {
    let is_asked: IsAsked =
        |app, book, card| Box::pin(async move { Ok(touches_of_unasked(app, book, card).await?.is_none()) });
    let ask: Ask = |app, snapshot, terms, message, asked| {
        Box::pin(async move {
            let pending = consult(app, snapshot, terms, Some(message), asked).await?;
            Ok(Box::new(|| pending.follow()) as _)
        })
    };
    CardNetwork::new(app, (is_asked, ask))
}

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Card decisions", "Approve or decline authorisations of cards yourself, in real time."),
    endpoints: || register::endpoints().into_iter().chain(listen::endpoints()).collect(),
    statements: &[store::STATEMENTS],
    migrations: &[migration!(1027, "1027_card_decisions")],
    moves_sealed: &[|tx, book| Box::pin(store::move_to(tx, book))],
    sealed: &[&store::CARD_DECISIONS],
    ..Family::EMPTY
};
