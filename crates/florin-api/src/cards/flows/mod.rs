//! What happens by a card: authorisations, and what merchants and the network do afterwards.
//!
//! `authorise.rs` decides about an authorisation and holds the money; `follow.rs` does all that comes later. Both are
//! steps of a command: a sandbox call, a message of a network or a job runs them. `hear.rs` applies a message of a
//! network once. Each step is told by an event and kept as an entry (`entry.rs`), which is also what a repeated message
//! is answered from.

mod authorise;
mod consulted;
mod due;
mod entry;
mod follow;
mod foreign;
mod hear;
mod known;
mod postings;
mod presents;
mod scenarios;
pub(super) mod store;
mod transactions;

pub use authorise::{Authorisation, AuthorisationTarget, Purchase, touches as touches_of_authorisation};
pub use consulted::{
    CardDecision, CardQuestion, Consulted, PartnerReply, Preview, currency_of, note_late, preview,
};
pub(super) use due::{DUE_JOB, work_on_due};
pub use entry::{CardEntry, CardTransaction, CardTransactionStatus, CardTransactionType, StepDetails};
pub(super) use entry::{EXAMPLE, render};
pub use follow::Follow;
pub use foreign::{MerchantCurrency, charge_in_eur};
pub(super) use hear::rail;
pub(super) use hear::touches_of_holder;
pub use hear::{CardMessage, Heard, hear, require_card, touches_of_card, touches_of_message};
pub use presents::Presents;
pub(super) use scenarios::scenarios;
pub(super) use transactions::endpoint;
