//! Recalls: a bank asks for the money of a settled payment back. Another bank asks for a deposit (incoming, camt.056),
//! and the partner answers; or the partner asks for a transfer's money (outgoing), and the payee's bank answers. The
//! answer is a refusal (camt.029), or the money.
//!
//! States: open → accepted or refused; an outgoing one that was refused is accepted if the money comes all the same.
//! What is to be said to the bank (a request of ours, our answer) is handed over once, by a job of its own. An accepted
//! incoming one sends the deposit back, as a payment out: see `sepa/refund.rs`. Over files the bank is told that, too.

mod answer;
mod ask;
mod book;
mod recall;
mod send;
mod show;
mod store;

pub use book::{arrive, end_unanswered, require_deposit};
pub use recall::TAKEN_BACK;
pub use send::send;
pub use show::{EXAMPLE, SepaRecall, render};

pub(super) use book::{
    ANSWER_FIRST, end_where_gone, end_with_money, forget_words, hear, hear_refusal, open_one,
    require_none_open,
};
pub(super) use recall::{DUE_JOB, Recall, RecallStatus, SEND_JOB};
pub(super) use store::{RECALLS, STATEMENTS, empty, is_open};

use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::endpoint::table::Endpoint;

/// The calls.
pub fn endpoints() -> Vec<Endpoint> {
    [ask::endpoint(), answer::endpoint()].into_iter().chain(show::endpoints()).collect()
}

uuid_in_path!(
    RecallId,
    "recallId",
    "The id of the recall, from the event `sepa_recall`, `GET /v1/sepa-recalls`, or the call that made it.",
    "$sepaRecall"
);
