//! SEPA: payments to and from banks, behind one trait. [`SimulatedBank`] is the bank of a sandbox, [`files`] is a bank
//! that takes and gives files.
//!
//! A payment is handed over by [`SepaRail::submit`] under its own id, which the bank repeats in everything it says
//! about it. What the bank says is a [`Said`]: a message with an id of the bank's, so that one that comes twice is
//! known. A rail that answers at once gives its messages back from `submit`; what comes later is brought by whoever
//! listens to the rail.
//!
//! A recall is a question: a bank asks for the money of a settled payment back (camt.056). The answer is the money, or
//! a refusal (camt.029). Ours are handed over by [`SepaRail::submit_recall`].
//!
//! Amounts are in cents of EUR: SEPA knows no other currency.

pub mod files;
mod reason;
mod simulated;
pub mod vop;

pub use reason::{Reason, ReasonError};
pub use simulated::{MAGIC_NAMES, MagicAccount, Outcome, RecallOutcome, SimulatedBank};

use florin_types::{Date, Iban, Timestamp};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use thiserror::Error;
use uuid::Uuid;

/// How a payment goes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Speed {
    /// A SEPA credit transfer: handed over at the next cut-off, there on the next business day at the latest.
    Standard,
    /// An instant credit transfer: final within ten seconds, at any hour.
    Instant,
}

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The account's holder.
    pub name: String,
    /// The account.
    pub iban: Iban,
}

/// A payment to be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id: the end-to-end id of the payment.
    pub id: Uuid,
    /// How it goes.
    pub speed: Speed,
    /// Cents.
    pub amount: i64,
    /// Who pays.
    pub debtor: Party,
    /// Who is paid.
    pub creditor: Party,
    /// What the payee reads, in the SEPA character set.
    pub title: String,
}

/// What the bank says about a payment of ours.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// The bank works on it.
    Accepted,
    /// The payee's bank has the money: final.
    Settled,
    /// It was not carried out (pacs.002 RJCT): the money never left.
    Rejected(Reason),
    /// The payee's bank sent money back after the settlement (pacs.004), in cents.
    Returned(i64, Reason),
}

/// Money that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// The account that it was paid to.
    pub iban: String,
    /// Cents.
    pub amount: i64,
    /// The sender's name.
    pub sender_name: String,
    /// The sender's account, as the bank writes it.
    pub sender_iban: String,
    /// What the sender wrote.
    pub title: String,
}

/// A bank asks for money back that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecallRequest {
    /// The id of the message that brought the money.
    pub credit: String,
    /// Cents that were sent, as that bank says.
    pub amount: i64,
    /// Why it asks.
    pub reason: Reason,
    /// What it adds, for people; may be empty.
    pub text: String,
    /// What an answer must repeat, on a rail that says so.
    #[serde(default)]
    pub case: Option<Box<RecallCase>>,
}

/// Who asks for money back, and how it names the payment: an answer repeats that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecallCase {
    /// The BIC of the bank that asks.
    pub from: Option<String>,
    /// The BIC of the bank that is asked.
    pub to: Option<String>,
    /// The day on which it asks.
    pub asked_on: String,
    /// The message that the payment was in.
    pub message_id: Option<String>,
    /// Which message that was.
    pub message_name: Option<String>,
    /// The sender's instruction.
    pub instruction_id: Option<String>,
    /// The payer's reference.
    pub end_to_end_id: Option<String>,
    /// The first bank's reference.
    pub transaction_id: Option<String>,
    /// The unique reference.
    pub uetr: Option<Uuid>,
    /// Cents.
    pub amount: i64,
    /// The day on which it settled between the banks.
    pub settled_on: Option<String>,
}

/// What a bank says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// About a payment of ours, by its id.
    Payment(Uuid, Status),
    /// Money came in.
    Credit(Credit),
    /// A bank asks for money back that came in.
    Recall(RecallRequest),
    /// The money of a recall of ours, by its id, does not come back. Money that does is [`Status::Returned`].
    RecallRefused(Uuid, Reason),
}

/// A message with its id: what has the same id is the same message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The bank's own id of the message.
    pub id: String,
    /// What it says.
    pub message: Message,
}

/// Something about a recall that is to be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecallOrder {
    /// The id of the recall.
    pub id: Uuid,
    /// This installation, of which a rail may leave a mark with the bank.
    pub installation: Uuid,
    /// When it is said.
    pub at: Timestamp,
    /// Why we ask, or why we refuse.
    pub reason: Reason,
    /// What it is.
    pub what: RecallWhat,
}

/// What is said about a recall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecallWhat {
    /// We ask for the money of a payment of ours back.
    Ask {
        /// The payment.
        order: Order,
        /// The number of the file by which it went, where it went by one.
        file: Option<i64>,
        /// The day on which the bank booked it, where that is known.
        paid_on: Option<Date>,
    },
    /// We refuse what a bank asks for.
    Refuse {
        /// The id of its message.
        message: String,
        /// What it named.
        case: Option<Box<RecallCase>>,
    },
    /// We give what a bank asks for: the money goes as a payment of its own. Only where
    /// [`SepaRail::tells_acceptance`].
    Accept {
        /// The id of its message.
        message: String,
        /// What it named.
        case: Option<Box<RecallCase>>,
    },
}

/// Why a rail did not do what it was asked. The caller asks again later.
#[derive(Debug, Error)]
pub enum RailError {
    /// The bank cannot be reached, or answers that it can't now.
    #[error("the bank is not available: {0}")]
    Unavailable(String),
    /// The bank was told the opposite before.
    #[error("{0}")]
    Contradicted(String),
}

/// What a bank knows of an account's holder (Verification of Payee).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayeeCheck {
    /// The name is the holder's.
    Match,
    /// It is nearly the holder's name, which is this.
    CloseMatch(String),
    /// It is not.
    NoMatch,
    /// The bank can't say, for this reason.
    NotPossible(&'static str),
}

/// What a bank says by itself, and how long after a payment was handed over, by the clock of the book.
pub type Later = Vec<(Duration, Said)>;

/// A future of a rail.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The way to the banks.
pub trait SepaRail: Send + Sync {
    /// Its name, which is kept with each of its messages: it never changes.
    fn name(&self) -> &'static str;

    /// Whether payments wait and go together, in files. Then neither [`Self::submit`] nor [`Self::find`] is asked.
    fn gathers(&self) -> bool {
        false
    }

    /// How fast its payments can be. Every rail has standard ones.
    fn speeds(&self) -> &'static [Speed] {
        &[Speed::Standard]
    }

    /// When a payment that is made now is handed over; an instant one at once.
    fn handed_over_at(&self, speed: Speed, now: Timestamp) -> Timestamp;

    /// Hands a payment over. What the bank says by itself later comes after the given time, by the clock of the book.
    /// Called for a payment that [`Self::find`] does not know; one that is handed over again all the same, by its id,
    /// is the same payment.
    fn submit<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Later, RailError>>;

    /// Whether the bank has a payment, so that after a crash it is not handed over a second time: what `submit` gave
    /// back for it, if it has. A bank that knows nothing of the id answers with none.
    fn find<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Option<Later>, RailError>>;

    /// Whether recalls can be handed over. A rail that has none brings none either.
    fn has_recalls(&self) -> bool {
        false
    }

    /// Whether a bank is told that its recall is accepted. Else the money alone says so.
    fn tells_acceptance(&self) -> bool {
        false
    }

    /// Hands a recall of ours over, or the answer to one, as [`Self::submit`] does a payment.
    fn submit_recall<'a>(&'a self, _: &'a RecallOrder) -> Boxed<'a, Result<Later, RailError>> {
        Box::pin(async { Err(RailError::Unavailable("it takes no recalls".to_owned())) })
    }

    /// Whether the bank has what was said about a recall, as [`Self::find`] does of a payment.
    fn find_recall<'a>(&'a self, _: &'a RecallOrder) -> Boxed<'a, Result<Option<Later>, RailError>> {
        Box::pin(async { Err(RailError::Unavailable("it takes no recalls".to_owned())) })
    }

    /// Asks the payee's bank whether an account is held under a name.
    fn verify_payee<'a>(&'a self, iban: &'a Iban, name: &'a str) -> Boxed<'a, Result<PayeeCheck, RailError>>;
}
