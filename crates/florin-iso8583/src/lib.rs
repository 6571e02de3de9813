//! ISO 8583:1987, the messages of card networks: what an acquirer asks an issuer about a card, and what it is answered.
//!
//! | type | is | answer |
//! | --- | --- | --- |
//! | 0100 | [`AuthorisationRequest`]: may a card pay this? | 0110 |
//! | 0120 | [`Advice`]: the network has decided for us | 0130 |
//! | 0220 | [`Advice`]: a payment is complete | 0230 |
//! | 0400, 0420 | [`Reversal`]: a payment does not happen, or not all of it | 0410, 0430 |
//! | 0800 | [`NetworkRequest`]: sign-on, sign-off, echo | 0810 |
//!
//! The same with an odd last digit (0101, 0121) says once more what was said before.
//!
//! # Reading, in two steps
//!
//! [`Fields::read`] takes bytes apart, by one of three usual [`Dialect`]s. If that fails, the two sides do not speak
//! the same dialect or something else is on the line, and nothing that follows can be believed: a link closes.
//! [`Message::from_fields`] reads what the fields say. If that fails, the message is wrong and the next one may be
//! right: it is answered by [`Fields::refusal`].
//!
//! A message may be hostile. It has at most [`MAX_MESSAGE`] bytes, no length is believed beyond what the field may
//! have, and nothing is left over. Errors name the field and hold nothing of it. Card numbers, PIN blocks, verification
//! values and chip data do not print, and are overwritten when they are dropped.
//!
//! # Not here
//!
//! Message authentication codes (fields 64 and 128) are passed over, and so is the magnetic stripe: this is for cards
//! that have none. Nothing here is a clock: times are the caller's.
#![deny(missing_docs)]

mod additional;
mod answer;
mod codes;
mod dialect;
mod error;
mod fields;
mod layout;
mod mti;
mod network;
mod payment;
mod request;
mod secret;
mod take;
mod time;
mod values;

pub use additional::{AdditionalAmount, AdditionalData, AmountKind, Authentication, OtherAmount};
pub use answer::{Answer, Match};
pub use codes::{Decline, ResponseCode};
pub use dialect::Dialect;
pub use error::{Problem, ReadError, WriteError};
pub use fields::{Fields, MAX_MESSAGE};
pub use mti::MessageType;
pub use network::{NetworkAction, NetworkAnswer, NetworkRequest, OtherAction};
pub use payment::{Billing, Key, Original, Payment, Place, Subject};
pub use request::{
    Advice, AdviceKind, AuthorisationAnswer, AuthorisationRequest, Receipt, Reversal, ReversalKind,
};
pub use secret::{ChipData, Pan, PinBlock, VerificationValue};
pub use time::{Expiry, MonthDay, SentAt, TimeOfDay};
pub use values::{
    ApprovalCode, Code, Condition, ConversionRate, Currency, Entry, EntryMode, Institution, MerchantCategory,
    MerchantId, Money, OtherKind, ProcessingCode, Reference, Stan, Terminal, TransactionKind,
};

/// A message that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// May a card pay this?
    AuthorisationRequest(Box<AuthorisationRequest>),
    /// Something has happened.
    Advice(Box<Advice>),
    /// Something does not happen.
    Reversal(Box<Reversal>),
    /// The link itself.
    NetworkRequest(NetworkRequest),
    /// An answer about a payment.
    Answer(Box<Answer>),
    /// An answer about the link.
    NetworkAnswer(NetworkAnswer),
}

impl Message {
    /// Reads what the fields say.
    ///
    /// # Errors
    /// [`ReadError`] names the field that is wrong or missing.
    pub fn from_fields(fields: &Fields) -> Result<Self, ReadError> {
        Ok(match fields.kind().first() {
            MessageType::AUTHORISATION_REQUEST => {
                Self::AuthorisationRequest(Box::new(AuthorisationRequest::read(fields)?))
            }
            MessageType::AUTHORISATION_ADVICE => {
                Self::Advice(Box::new(Advice::read(fields, AdviceKind::Authorisation)?))
            }
            MessageType::FINANCIAL_ADVICE => {
                Self::Advice(Box::new(Advice::read(fields, AdviceKind::Completion)?))
            }
            MessageType::REVERSAL_REQUEST => {
                Self::Reversal(Box::new(Reversal::read(fields, ReversalKind::Request)?))
            }
            MessageType::REVERSAL_ADVICE => {
                Self::Reversal(Box::new(Reversal::read(fields, ReversalKind::Advice)?))
            }
            MessageType::NETWORK_REQUEST => Self::NetworkRequest(NetworkRequest::read(fields)?),
            MessageType::AUTHORISATION_ANSWER
            | MessageType::AUTHORISATION_ADVICE_ANSWER
            | MessageType::FINANCIAL_ADVICE_ANSWER
            | MessageType::REVERSAL_ANSWER
            | MessageType::REVERSAL_ADVICE_ANSWER => Self::Answer(Box::new(Answer::read(fields)?)),
            MessageType::NETWORK_ANSWER => Self::NetworkAnswer(NetworkAnswer::read(fields)?),
            _ => return Err(ReadError::of_message(Problem::UnknownType)),
        })
    }

    /// The fields of a message that asks or says something. None for answers: those are made of what they answer.
    #[must_use]
    pub fn to_fields(&self) -> Option<Fields> {
        match self {
            Self::AuthorisationRequest(message) => Some(message.fields()),
            Self::Advice(message) => Some(message.fields()),
            Self::Reversal(message) => Some(message.fields()),
            Self::NetworkRequest(message) => Some(message.fields()),
            Self::Answer(_) | Self::NetworkAnswer(_) => None,
        }
    }
}
