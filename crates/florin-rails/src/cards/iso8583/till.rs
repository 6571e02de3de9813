//! What a merchant's till says: messages with numbers and references that no other message of it has.

use std::sync::atomic::{AtomicU32, Ordering};

use florin_iso8583::{
    AdditionalData, Advice, AdviceKind, ApprovalCode, AuthorisationRequest, Code, Condition, EntryMode,
    Institution, Key, MerchantCategory, MerchantId, MessageType, Money, Original, Pan, Payment, Place,
    ProcessingCode, Reference, ResponseCode, Reversal, ReversalKind, SentAt, Stan, Subject, Terminal,
};
use florin_types::{Country, Timestamp};

/// A till. Its clock stands still, so that a test says the same each time.
#[derive(Debug)]
pub struct Till {
    /// The merchant's bank.
    pub acquirer: Institution,
    /// The till.
    pub terminal: Terminal,
    /// The merchant.
    pub merchant: MerchantId,
    /// Where it is.
    pub place: Place,
    now: SentAt,
    last: AtomicU32,
}

impl Till {
    /// The till of a café in Vilnius, with this name of its terminal. None: it can't be one.
    #[must_use]
    pub fn of_a_cafe(terminal: &str, now: Timestamp) -> Option<Self> {
        Some(Self {
            acquirer: Institution::parse("0012345").ok()?,
            terminal: Terminal::parse(terminal).ok()?,
            merchant: MerchantId::parse("CAFE-LUMEN").ok()?,
            place: Place {
                category: MerchantCategory::new(5812)?,
                name: Code::parse("Cafe Lumen").ok(),
                city: Code::parse("Vilnius").ok(),
                country: Country::parse("LT").ok(),
                acquirer_country: Country::parse("LT").ok(),
            },
            now: SentAt::of(now),
            last: AtomicU32::new(0),
        })
    }

    pub(super) fn of_network() -> Self {
        let till = Self::of_a_cafe("NETWORK", Timestamp::from_micros(0));
        till.expect("the name is one")
    }

    /// The number of the next message, and its time.
    pub fn next(&self) -> (Stan, SentAt) {
        (Stan::nth(self.last.fetch_add(1, Ordering::Relaxed) + 1), self.now)
    }

    /// May this card pay so much? For goods, by a card whose number was typed into a web shop.
    #[must_use]
    pub fn purchase(&self, pan: &Pan, amount: Money) -> AuthorisationRequest {
        let (stan, sent_at) = self.next();
        let SentAt { day, time } = sent_at;
        let subject = Subject {
            key: Key {
                acquirer: self.acquirer,
                terminal: self.terminal,
                reference: reference(stan),
                stan,
                date: day,
            },
            pan: pan.clone(),
            processing: ProcessingCode::PURCHASE,
            amount,
            sent_at,
            local_time: time,
            merchant: self.merchant,
        };
        let payment = Payment {
            subject,
            billing: None,
            expiry: None,
            settles_on: None,
            place: self.place,
            entry: EntryMode::WEB_SHOP,
            card_sequence: None,
            condition: Condition::WEB_SHOP,
            amounts: Vec::new(),
        };
        let additional = AdditionalData::default();
        AuthorisationRequest { is_repeat: false, payment, pin: None, chip: None, additional, original: None }
    }
}

fn reference(stan: Stan) -> Reference {
    let digits = format!("{:012}", stan.number());
    Reference::parse(&digits).expect("twelve digits are a reference")
}

/// Which message another is about.
#[must_use]
pub fn original_of(request: &AuthorisationRequest) -> Original {
    let subject = &request.payment.subject;
    Original {
        kind: MessageType::AUTHORISATION_REQUEST,
        stan: subject.key.stan,
        sent_at: Some(subject.sent_at),
        acquirer: None,
        forwarder: None,
    }
}

/// All of a payment does not happen. To let a part of it stay, change what remains.
#[must_use]
pub fn reversal_of(
    request: &AuthorisationRequest,
    kind: ReversalKind,
    stan: Stan,
    sent_at: SentAt,
) -> Reversal {
    let mut subject = request.payment.subject.clone();
    subject.key.stan = stan;
    subject.sent_at = sent_at;
    let remaining = Money::zero(subject.amount.currency());
    let original = original_of(request);
    Reversal { kind, is_repeat: false, subject, remaining, approval: None, reason: None, original }
}

/// A payment is complete, for so much.
#[must_use]
pub fn completion_of(
    request: &AuthorisationRequest,
    approval: ApprovalCode,
    amount: Money,
    stan: Stan,
) -> Advice {
    let mut payment = request.payment.clone();
    payment.subject.key.stan = stan;
    payment.subject.amount = amount;
    let original = Some(original_of(request));
    let code = ResponseCode::approved();
    Advice {
        kind: AdviceKind::Completion,
        is_repeat: false,
        payment,
        code,
        approval: Some(approval),
        original,
    }
}
