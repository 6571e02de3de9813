//! An answer as the side reads it that asked.

use crate::additional::parse_amounts;
use crate::take::Read;
use crate::{
    AmountKind, ApprovalCode, Currency, Fields, MessageType, Money, Problem, ReadError, Reference,
    ResponseCode, Stan, Terminal,
};

/// What finds the question that an answer belongs to, among those of one sender. The terminal and the reference are
/// missing in messages about the link.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Match {
    /// The type of the answer.
    kind: MessageType,
    stan: Stan,
    reference: Option<Reference>,
    terminal: Option<Terminal>,
}

impl Match {
    /// Of a message that has an answer, or of an answer. None: it has no number.
    #[must_use]
    pub fn of(fields: &Fields) -> Option<Self> {
        Some(Self {
            kind: fields.kind().answer().unwrap_or(fields.kind()),
            stan: fields.optional(11, Stan::parse).ok()??,
            reference: fields.optional(37, Reference::parse).ok()?,
            terminal: fields.optional(41, Terminal::parse).ok()?,
        })
    }
}

/// An answer about a payment (0110, 0130, 0230, 0410, 0430). It may repeat less than it should: what could not be read
/// can't be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its type.
    pub kind: MessageType,
    /// What the issuer says (field 39).
    pub code: ResponseCode,
    /// What an approval is known by (38).
    pub approval: Option<ApprovalCode>,
    /// How much (4, 49): what was approved, where that is a part.
    pub amount: Option<Money>,
    /// What was asked, where a part of it was approved (54).
    pub asked: Option<Money>,
}

impl Answer {
    pub(crate) fn read(fields: &Fields) -> Read<Self> {
        let code = fields.required(39, ResponseCode::parse)?;
        let currency = fields.optional(49, Currency::parse)?;
        let amount = match currency {
            Some(currency) => fields.optional(4, |text| Money::parse(text, currency))?,
            None => None,
        };
        let amounts = fields.optional(54, parse_amounts)?.unwrap_or_default();
        let asked = amounts.iter().find(|amount| amount.kind == AmountKind::Asked).map(|amount| amount.money);
        let approval = fields.optional(38, ApprovalCode::parse)?;
        if code.is_approval() && fields.kind() == MessageType::AUTHORISATION_ANSWER && approval.is_none() {
            return Err(ReadError::of_field(38, Problem::Missing));
        }
        Ok(Self { kind: fields.kind(), code, approval, amount, asked })
    }
}
