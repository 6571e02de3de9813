//! What the messages of a processor are in the words of this family. Pure.

use crate::cards::decide::DeclineReason;
use crate::cards::flows::{
    Authorisation, AuthorisationTarget, Consulted, MerchantCurrency, Presents, Purchase,
};
use crate::cards::payment::{CardChannel, Merchant};
use florin_iso8583::{
    Advice, AdviceKind, AuthorisationRequest, Condition, Decline, Entry, Key, MerchantCategory, MessageType,
    Payment, Reversal, TransactionKind,
};
use florin_types::{Date, Timestamp};
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

/// A message as it came.
#[derive(Clone)]
pub(super) struct ProcessorMessage {
    /// Which it is.
    own: Which,
    /// Which it is about.
    original: Option<Which>,
    /// What it says.
    pub content: Content,
}

/// A message about a card, with the ids by which it and the one that it is about are known.
#[derive(Clone)]
pub(super) struct Named {
    /// Its own.
    pub id: String,
    /// That of the message that it is about.
    pub original: Option<String>,
    /// What it says.
    pub content: Content,
}

/// What a message says. Amounts are in minor units of the merchant's currency.
#[derive(Clone)]
pub(super) enum Content {
    /// May this be paid? With an original: may more of it? The card and the transaction are not known yet.
    Authorise(Box<Authorisation>),
    /// The network has approved it in our place.
    Advise(Box<Authorisation>),
    /// The merchant takes money.
    Complete(Box<Purchase>),
    /// The merchant gives money back.
    Refund(Box<Purchase>),
    /// All that the original approved does not happen, but for this much.
    Reverse(i64),
    /// All that the original paid is given back, but for this much.
    TakeBack(i64),
    /// Money is due that cannot be booked: a person must look at it.
    Unbookable(Unbookable),
    /// Something that changes nothing: a decline of the network's.
    Nothing,
}

/// Money that is due and cannot be booked, as it is kept: no card number and no secret.
#[derive(Clone, Serialize)]
pub(super) struct Unbookable {
    /// Why.
    #[serde(skip)]
    pub why: &'static str,
    /// What the processor says.
    pub what: &'static str,
    /// In minor units of the currency.
    pub amount: i64,
    /// The merchant's currency, as ISO 4217 writes it.
    pub currency: &'static str,
    /// The merchant.
    pub merchant: String,
}

/// Which message one is: its type, as it was said first, and its key.
type Which = (MessageType, Key);

impl ProcessorMessage {
    /// The message, as one about a card that comes now. Keys are unique on a card and a day, and have no year.
    pub(super) fn about(self, card: Uuid, now: Timestamp) -> Named {
        let id = |(kind, key): Which| {
            let year = key.date.latest(now).map_or(0, Date::year);
            format!("{card}/{year}/{kind}/{key}")
        };
        Named { id: id(self.own), original: self.original.map(id), content: self.content }
    }
}

/// What is asked.
///
/// # Errors
/// It is nothing that we decide about.
pub(super) fn authorisation(request: &AuthorisationRequest) -> Result<ProcessorMessage, Decline> {
    let payment = &request.payment;
    match payment.subject.processing.kind() {
        TransactionKind::Purchase | TransactionKind::Cash | TransactionKind::PurchaseWithCash => {}
        TransactionKind::Refund | TransactionKind::BalanceInquiry => return Err(Decline::NotPermitted),
        TransactionKind::Other(_) => return Err(Decline::InvalidTransaction),
    }
    // A PIN comes enciphered under a key of the processor's, which we do not have. To pass over it would be to say
    // that it is right.
    if request.pin.is_some() {
        return Err(Decline::NotPermitted);
    }
    let expiry = payment.expiry.map(|expiry| format!("{:02}/{:02}", expiry.month(), expiry.year()));
    let cvv = request.additional.verification.as_ref();
    let presents =
        Presents { cvv: cvv.map(|value| Zeroizing::new(value.expose().to_owned())), expiry, pin: None };
    let mut asked = asked(purchase(payment)?);
    (asked.presents, asked.takes_part) = (presents, request.additional.takes_part);
    Ok(ProcessorMessage {
        own: (MessageType::AUTHORISATION_REQUEST, payment.subject.key),
        original: request.original_key().map(|key| (MessageType::AUTHORISATION_REQUEST, key)),
        content: Content::Authorise(Box::new(asked)),
    })
}

fn asked(purchase: Purchase) -> Authorisation {
    Authorisation {
        card: Uuid::nil(),
        wanted: AuthorisationTarget::New(purchase),
        presents: Presents::default(),
        takes_part: false,
        challenge: None,
        partner: Consulted::default(),
        is_advice: false,
    }
}

/// What has happened.
///
/// # Errors
/// It is nothing that can be, and no money is due.
pub(super) fn advice(advice: &Advice) -> Result<ProcessorMessage, Decline> {
    let payment = &advice.payment;
    let original = advice.original.zip(advice.original_key()).map(|(original, key)| (original.kind, key));
    let own = match advice.kind {
        AdviceKind::Authorisation => MessageType::AUTHORISATION_ADVICE,
        AdviceKind::Completion => MessageType::FINANCIAL_ADVICE,
    };
    let said = |content| Ok(ProcessorMessage { own: (own, payment.subject.key), original, content });
    if !advice.code.is_approval() || payment.subject.amount.minor() == 0 {
        return said(Content::Nothing);
    }
    let (is_due, kind) = (advice.kind == AdviceKind::Completion, payment.subject.processing.kind());
    let is_unknown = matches!(kind, TransactionKind::Other(_) | TransactionKind::BalanceInquiry);
    match (purchase(payment), kind) {
        (_, _) if is_unknown && !is_due => Err(Decline::InvalidTransaction),
        (_, _) if is_unknown => said(unbookable(payment, is_due, "it is no purchase and no refund")),
        // The money of a refund comes with its completion.
        (_, TransactionKind::Refund) if !is_due => said(Content::Nothing),
        (Err(_), _) => said(unbookable(payment, is_due, "its currency is not served")),
        (Ok(purchase), TransactionKind::Refund) => said(Content::Refund(Box::new(purchase))),
        (Ok(purchase), _) if is_due => said(Content::Complete(Box::new(purchase))),
        (Ok(purchase), _) => {
            said(Content::Advise(Box::new(Authorisation { is_advice: true, ..asked(purchase) })))
        }
    }
}

fn unbookable(payment: &Payment, is_due: bool, why: &'static str) -> Content {
    let amount = payment.subject.amount;
    Content::Unbookable(Unbookable {
        why,
        what: match (payment.subject.processing.kind(), is_due) {
            (TransactionKind::Refund, _) => "refund",
            (_, true) => "payment",
            (_, false) => "approval in our place",
        },
        amount: amount.minor(),
        currency: amount.currency().code(),
        merchant: merchant_name(payment),
    })
}

/// What does not happen.
pub(super) fn reversal(reversal: &Reversal) -> ProcessorMessage {
    let (original, remaining) = (reversal.original.kind, reversal.remaining.minor());
    let content = match original {
        MessageType::FINANCIAL_ADVICE => Content::TakeBack(remaining),
        _ => Content::Reverse(remaining),
    };
    ProcessorMessage {
        // A reversal that is asked for and one that is advised are the same.
        own: (MessageType::REVERSAL_REQUEST, reversal.subject.key),
        original: Some((original, reversal.original_key())),
        content,
    }
}

fn purchase(payment: &Payment) -> Result<Purchase, Decline> {
    let (amount, place) = (payment.subject.amount, &payment.place);
    let currency = MerchantCurrency::of(&amount.currency().code().to_ascii_lowercase());
    let same_scale =
        |currency: &MerchantCurrency| currency.currency().decimals == amount.currency().decimals();
    let currency = currency.filter(same_scale).ok_or(Decline::NotPermitted)?;
    if amount.minor() == 0 {
        return Err(Decline::InvalidAmount);
    }
    let country = place.country.or(place.acquirer_country);
    let merchant = Merchant {
        name: merchant_name(payment),
        mcc: format!("{:04}", place.category.number()),
        country: country.map(|country| country.as_str().to_owned()),
    };
    Ok(Purchase { amount: amount.minor(), currency, merchant, channel: channel(payment) })
}

fn merchant_name(payment: &Payment) -> String {
    let name = payment.place.name.as_ref();
    name.map_or(payment.subject.merchant.as_str(), |name| name.as_str()).to_owned()
}

/// How a card was used. What was read from no card is a web shop, mail or telephone: for limits the same.
fn channel(payment: &Payment) -> CardChannel {
    let is_cash = payment.subject.processing.kind() == TransactionKind::Cash;
    let is_remote = matches!(payment.entry.entry(), Entry::WebShop | Entry::OnFile | Entry::Typed)
        || [Condition::WEB_SHOP, Condition::BY_MAIL].contains(&payment.condition);
    match () {
        () if is_cash || payment.place.category == MerchantCategory::CASH_MACHINE => CardChannel::Atm,
        () if is_remote => CardChannel::Ecom,
        () => CardChannel::Pos,
    }
}

/// The response code of a reason. It does not say how the holder stands with us: that is not the merchant's business.
pub(super) const fn reason(reason: DeclineReason) -> Decline {
    use DeclineReason as Why;
    match reason {
        Why::CardNotActive | Why::CountryBlocked | Why::MerchantBlocked => Decline::Restricted,
        Why::CardExpired | Why::WrongExpiry => Decline::Expired,
        // Who guesses is not details from when on guessing is in vain.
        Why::WrongCvv | Why::CvvTriesExceeded => Decline::WrongVerificationValue,
        // At 55 a machine asks for the PIN.
        Why::WrongPin | Why::PinRequired => Decline::WrongPin,
        Why::PinTriesExceeded => Decline::TooManyPins,
        Why::AuthenticationRequired => Decline::AuthenticationRequired,
        Why::AuthenticationFailed => Decline::SuspectedFraud,
        Why::CurrencyNotSupported => Decline::NotPermitted,
        Why::Velocity => Decline::TooOften,
        Why::DailyLimit
        | Why::MonthlyLimit
        | Why::DailyAtmLimit
        | Why::MonthlyAtmLimit
        | Why::DailyEcomLimit
        | Why::MonthlyEcomLimit => Decline::OverLimit,
        Why::InsufficientFunds => Decline::InsufficientFunds,
        Why::UserSuspended | Why::PartnerDeclined | Why::PartnerTimeout | Why::PartnerError => {
            Decline::DoNotHonour
        }
    }
}
