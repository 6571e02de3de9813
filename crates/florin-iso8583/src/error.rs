//! Why a message was not read, and why one was not written. Neither holds anything of the message: errors go to logs,
//! and any field may have a card's number in it.

use std::fmt;

use thiserror::Error;

use crate::layout;

/// Why a message was refused, and where.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// What is wrong.
    pub problem: Problem,
    /// Which field has it; none for the message as a whole.
    pub field: Option<u8>,
}

impl ReadError {
    pub(crate) const fn of_message(problem: Problem) -> Self {
        Self { problem, field: None }
    }

    pub(crate) const fn of_field(field: u8, problem: Problem) -> Self {
        Self { problem, field: Some(field) }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            None => write!(f, "the message {}", self.problem),
            Some(field) => write!(f, "{} {}", Named(field), self.problem),
        }
    }
}

impl std::error::Error for ReadError {}

/// A field as texts name it.
struct Named(u8);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match layout::name(self.0) {
            Some(name) => write!(f, "field {} ({name})", self.0),
            None => write!(f, "field {}", self.0),
        }
    }
}

/// What is wrong with a message; each text follows the name of a field.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// More bytes than [`crate::MAX_MESSAGE`].
    #[error("has more than {0} bytes")]
    TooLarge(usize),
    /// It ends within what it announces.
    #[error("is cut off")]
    CutOff,
    /// Bytes after the last field.
    #[error("is followed by something")]
    Trailing,
    /// No message type: four digits, the first of them 0 for the edition of 1987.
    #[error("has no message type of the 1987 edition")]
    Type,
    /// A message type that this link does not have.
    #[error("is of a type that is not known here")]
    UnknownType,
    /// No bitmap.
    #[error("has a bitmap that is none")]
    Bitmap,
    /// A third bitmap: no field of it is known.
    #[error("announces a third bitmap")]
    ThirdBitmap,
    /// A length that is no number.
    #[error("has no length")]
    NoLength,
    /// Longer than the field may be.
    #[error("is longer than {0}")]
    TooLong(usize),
    /// Must be there.
    #[error("is missing")]
    Missing,
    /// A character that the field can't have.
    #[error("has a character that it can't have")]
    Characters,
    /// Not what the field holds.
    #[error("is not {0}")]
    Value(&'static str),
}

/// Why a message was not written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct WriteError {
    /// The field that does not take its value.
    pub field: u8,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not take its value", Named(self.field))
    }
}

impl std::error::Error for WriteError {}
