//! What an acquirer asks and says about payments, and what an issuer answers.

use crate::additional::amounts_text;
use crate::take::Read;
use crate::{
    AdditionalAmount, AdditionalData, AmountKind, ApprovalCode, ChipData, Decline, Fields, Key, MessageType,
    Money, Original, Payment, PinBlock, Problem, ReadError, ResponseCode, Subject,
};

/// May a card pay this? (0100, as a repeat 0101.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorisationRequest {
    /// Whether it was asked before. What has the same key has the same answer.
    pub is_repeat: bool,
    /// What is to be paid.
    pub payment: Payment,
    /// The PIN that was entered (field 52).
    pub pin: Option<PinBlock>,
    /// What the chip says (55).
    pub chip: Option<ChipData>,
    /// What else is told (48).
    pub additional: AdditionalData,
    /// The authorisation to whose amount this adds (90): an incremental authorisation.
    pub original: Option<Original>,
}

impl AuthorisationRequest {
    /// The key of the authorisation to whose amount this adds.
    #[must_use]
    pub fn original_key(&self) -> Option<Key> {
        self.original.map(|original| Key { stan: original.stan, ..self.payment.subject.key })
    }

    pub(crate) fn read(fields: &Fields) -> Read<Self> {
        let payment = Payment::read(fields)?;
        let acquirer = payment.subject.key.acquirer;
        Ok(Self {
            is_repeat: fields.kind().is_repeat(),
            original: fields.optional(90, |text| Original::parse(text, acquirer))?,
            payment,
            pin: fields.bytes(52, |bytes| {
                bytes.try_into().map(PinBlock::new).map_err(|_| Problem::Value("eight bytes"))
            })?,
            chip: fields.bytes(55, ChipData::new)?,
            additional: fields.optional(48, AdditionalData::parse)?.unwrap_or_default(),
        })
    }

    pub(crate) fn fields(&self) -> Fields {
        let mut fields = Fields::new(MessageType::AUTHORISATION_REQUEST.said_again(self.is_repeat));
        self.payment.write(&mut fields);
        fields.set_if(52, self.pin.as_ref().map(PinBlock::expose));
        fields.set_if(55, self.chip.as_ref().map(ChipData::expose));
        fields.set_if(48, self.additional.text().as_ref().map(|text| text.as_bytes()));
        fields.set_if(90, self.original.map(|original| original.digits()));
        fields
    }

    /// An approval for a part of the amount. None: the merchant does not take one, or it is no part.
    #[must_use]
    pub fn approve_in_part(&self, approval: ApprovalCode, minor: i64) -> Option<AuthorisationAnswer> {
        let asked = self.payment.subject.amount;
        let is_part = self.additional.takes_part && (1..asked.minor()).contains(&minor);
        let amount = Money::new(minor, asked.currency()).filter(|_| is_part)?;
        Some(AuthorisationAnswer(Outcome::ApprovedInPart { approval, amount, asked }))
    }
}

/// What an issuer says to an [`AuthorisationRequest`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct AuthorisationAnswer(Outcome);

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Approved(ApprovalCode),
    ApprovedInPart { approval: ApprovalCode, amount: Money, asked: Money },
    Declined(Decline),
}

impl AuthorisationAnswer {
    /// The whole amount is approved. For a part: [`AuthorisationRequest::approve_in_part`].
    #[must_use]
    pub const fn approved(approval: ApprovalCode) -> Self {
        Self(Outcome::Approved(approval))
    }

    /// Nothing is.
    #[must_use]
    pub const fn declined(decline: Decline) -> Self {
        Self(Outcome::Declined(decline))
    }

    /// The answer to the message that asked. None: that was no request.
    #[must_use]
    pub fn to(&self, request: &Fields) -> Option<Fields> {
        let mut answer = request.repeated(request.kind().answer()?);
        let code = match self.0 {
            Outcome::Approved(approval) => {
                answer.set(38, approval.padded());
                ResponseCode::approved()
            }
            Outcome::ApprovedInPart { approval, amount, asked } => {
                answer.set(38, approval.padded());
                answer.set(4, amount.digits());
                let asked = AdditionalAmount { kind: AmountKind::Asked, money: asked, is_debit: true };
                answer.set_if(54, amounts_text(&[asked]));
                ResponseCode::approved_in_part()
            }
            Outcome::Declined(decline) => decline.code(),
        };
        answer.set(39, code.as_str());
        Some(answer)
    }
}

/// What an advice is about.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum AdviceKind {
    /// An authorisation that the network decided for us (0120).
    Authorisation,
    /// A payment that is complete: its money is due (0220).
    Completion,
}

/// Something that has happened, and can't be refused any more (0120 and 0220, as repeats 0121 and 0221).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What it is about.
    pub kind: AdviceKind,
    /// Whether it was said before.
    pub is_repeat: bool,
    /// The payment.
    pub payment: Payment,
    /// What was decided (field 39): a decline too.
    pub code: ResponseCode,
    /// What the approval is known by (38).
    pub approval: Option<ApprovalCode>,
    /// The authorisation that it is about (90), where there was one that was asked of us.
    pub original: Option<Original>,
}

impl Advice {
    /// The key of the authorisation that it is about, where there was one.
    #[must_use]
    pub fn original_key(&self) -> Option<Key> {
        self.original.map(|original| Key { stan: original.stan, ..self.payment.subject.key })
    }

    pub(crate) fn read(fields: &Fields, kind: AdviceKind) -> Read<Self> {
        let payment = Payment::read(fields)?;
        let acquirer = payment.subject.key.acquirer;
        Ok(Self {
            kind,
            is_repeat: fields.kind().is_repeat(),
            code: match kind {
                AdviceKind::Authorisation => fields.required(39, ResponseCode::parse)?,
                // What was declined is never complete, so not everybody says that it was not.
                AdviceKind::Completion => {
                    fields.optional(39, ResponseCode::parse)?.unwrap_or(ResponseCode::approved())
                }
            },
            approval: fields.optional(38, ApprovalCode::parse)?,
            original: fields.optional(90, |text| Original::parse(text, acquirer))?,
            payment,
        })
    }

    pub(crate) fn fields(&self) -> Fields {
        let kind = match self.kind {
            AdviceKind::Authorisation => MessageType::AUTHORISATION_ADVICE,
            AdviceKind::Completion => MessageType::FINANCIAL_ADVICE,
        };
        let mut fields = Fields::new(kind.said_again(self.is_repeat));
        self.payment.write(&mut fields);
        fields.set(39, self.code.as_str());
        fields.set_if(38, self.approval.as_ref().map(ApprovalCode::padded));
        fields.set_if(90, self.original.map(|original| original.digits()));
        fields
    }
}

/// Whether a reversal can be refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReversalKind {
    /// 0400.
    Request,
    /// 0420: it has happened.
    Advice,
}

/// A payment does not happen, or not all of it (0400 and 0420, as repeats 0401 and 0421).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// Whether it can be refused.
    pub kind: ReversalKind,
    /// Whether it was said before.
    pub is_repeat: bool,
    /// What was to be paid.
    pub subject: Subject,
    /// How much of it stays (field 95): zero, or a part of the amount.
    pub remaining: Money,
    /// What the approval is known by (38).
    pub approval: Option<ApprovalCode>,
    /// Why (39): a code of the acquirer's.
    pub reason: Option<ResponseCode>,
    /// The message that is reversed (90).
    pub original: Original,
}

/// What field 95 says of the amounts that we do not use: nothing.
const NO_OTHER_AMOUNTS: &str = "000000000000D00000000D00000000";

impl Reversal {
    /// The key of what is reversed.
    #[must_use]
    pub fn original_key(&self) -> Key {
        Key { stan: self.original.stan, ..self.subject.key }
    }

    pub(crate) fn read(fields: &Fields, kind: ReversalKind) -> Read<Self> {
        let subject = Subject::read(fields)?;
        let amount = subject.amount;
        let replacement = fields.optional(95, |text| {
            let digits = text.get(..12).ok_or(Problem::Value("amounts"))?;
            Money::parse(digits, amount.currency())
        })?;
        let remaining = replacement.unwrap_or(Money::zero(amount.currency()));
        let is_part = |remaining: &Money| remaining.minor() == 0 || remaining.minor() < amount.minor();
        let not_less = ReadError::of_field(95, Problem::Value("less than the amount"));
        Ok(Self {
            kind,
            is_repeat: fields.kind().is_repeat(),
            remaining: Some(remaining).filter(is_part).ok_or(not_less)?,
            approval: fields.optional(38, ApprovalCode::parse)?,
            reason: fields.optional(39, ResponseCode::parse)?,
            original: fields.required(90, |text| Original::parse(text, subject.key.acquirer))?,
            subject,
        })
    }

    pub(crate) fn fields(&self) -> Fields {
        let kind = match self.kind {
            ReversalKind::Request => MessageType::REVERSAL_REQUEST,
            ReversalKind::Advice => MessageType::REVERSAL_ADVICE,
        };
        let mut fields = Fields::new(kind.said_again(self.is_repeat));
        self.subject.write(&mut fields);
        let remaining = self.remaining;
        fields.set_if(95, (remaining.minor() > 0).then(|| remaining.digits() + NO_OTHER_AMOUNTS));
        fields.set_if(38, self.approval.as_ref().map(ApprovalCode::padded));
        fields.set_if(39, self.reason.as_ref().map(ResponseCode::as_str));
        fields.set(90, self.original.digits());
        fields
    }
}

/// What an issuer says to an [`Advice`] or a [`Reversal`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is taken, perhaps was before.
    Taken,
    /// It is not, and never will be.
    Refused(Decline),
    /// It can't be taken now: say it again.
    Again,
}

impl Receipt {
    /// The answer to the message that said it. None: that has no answer.
    #[must_use]
    pub fn to(&self, message: &Fields) -> Option<Fields> {
        let code = match self {
            Self::Taken => ResponseCode::approved(),
            Self::Refused(decline) => decline.code(),
            Self::Again => Decline::Unavailable.code(),
        };
        let mut answer = message.repeated(message.kind().answer()?);
        answer.set(39, code.as_str());
        Some(answer)
    }
}
