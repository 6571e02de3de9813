//! Messages about the link itself.

use crate::take::Read;
use crate::values::{Parsed, number};
use crate::{Fields, MessageType, ResponseCode, SentAt, Stan};

/// What one side wants of the link (field 70).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum NetworkAction {
    /// It is there, and takes and sends messages: 001.
    SignOn,
    /// It goes: 002.
    SignOff,
    /// Is anybody there? 301.
    Echo,
    /// Any other, such as an exchange of keys; never one of those above.
    Other(OtherAction),
}

/// The three digits of an action that has no name here.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct OtherAction(u16);

impl NetworkAction {
    fn parse(text: &str) -> Parsed<Self> {
        Ok(match number(text)? {
            1 => Self::SignOn,
            2 => Self::SignOff,
            301 => Self::Echo,
            other => Self::Other(OtherAction(other)),
        })
    }

    fn digits(self) -> String {
        let number = match self {
            Self::SignOn => 1,
            Self::SignOff => 2,
            Self::Echo => 301,
            Self::Other(OtherAction(other)) => other,
        };
        format!("{number:03}")
    }
}

/// A message about the link (0800, as a repeat 0801).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NetworkRequest {
    /// Whether it was said before.
    pub is_repeat: bool,
    /// What is wanted.
    pub action: NetworkAction,
    /// Its number (field 11).
    pub stan: Stan,
    /// When it was sent (7).
    pub sent_at: SentAt,
}

impl NetworkRequest {
    pub(crate) fn read(fields: &Fields) -> Read<Self> {
        Ok(Self {
            is_repeat: fields.kind().is_repeat(),
            action: fields.required(70, NetworkAction::parse)?,
            stan: fields.required(11, Stan::parse)?,
            sent_at: fields.required(7, SentAt::parse)?,
        })
    }

    pub(crate) fn fields(&self) -> Fields {
        let mut fields = Fields::new(MessageType::NETWORK_REQUEST.said_again(self.is_repeat));
        fields.set(70, self.action.digits());
        fields.set(11, self.stan.digits());
        fields.set(7, self.sent_at.digits());
        fields
    }
}

/// The answer to it (0810).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NetworkAnswer {
    /// What was wanted.
    pub action: NetworkAction,
    /// The number of what is answered.
    pub stan: Stan,
    /// Whether it is so.
    pub code: ResponseCode,
}

impl NetworkAnswer {
    pub(crate) fn read(fields: &Fields) -> Read<Self> {
        Ok(Self {
            action: fields.required(70, NetworkAction::parse)?,
            stan: fields.required(11, Stan::parse)?,
            code: fields.required(39, ResponseCode::parse)?,
        })
    }
}
