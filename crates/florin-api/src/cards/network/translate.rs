//! What the messages of a processor are in the words of this family. Pure.

use crate::cards::decide::DeclineReason;
use crate::cards::flows::{Authorisation, Consulted, MerchantCurrency, Presents, Purchase, Wanted};
use crate::cards::payment::{CardChannel, Merchant};
use florin_iso8583::{
    Advice, AdviceKind, AuthorisationRequest, Condition, Decline, Entry, Key, MerchantCategory, MessageType,
    Payment, Reversal, TransactionKind,
};
use uuid::Uuid;
use zeroize::Zeroizing;

/// A message with the ids by which it and the one that it is about are known.
#[derive(Clone)]
pub(super) struct Named {
    /// Its own.
    pub id: String,
    /// That of the message that it is about.
    pub original: Option<String>,
    /// What it says.
    pub what: What,
}

/// What a message says. Amounts are in minor units of the merchant's currency.
#[derive(Clone)]
pub(super) enum What {
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
    /// Something that changes nothing: a decline of the network's.
    Nothing,
}

/// The id of a message: its type, as it was said first, and its key.
fn id_of(kind: MessageType, key: &Key) -> String {
    format!("{kind}/{key}")
}

/// What is asked.
///
/// # Errors
/// It is nothing that we decide about.
pub(super) fn authorisation(request: &AuthorisationRequest) -> Result<Named, Decline> {
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
    Ok(Named {
        id: id_of(MessageType::AUTHORISATION_REQUEST, &payment.subject.key),
        original: request.original_key().map(|key| id_of(MessageType::AUTHORISATION_REQUEST, &key)),
        what: What::Authorise(Box::new(asked)),
    })
}

fn asked(purchase: Purchase) -> Authorisation {
    Authorisation {
        card: Uuid::nil(),
        wanted: Wanted::New(purchase),
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
/// It is nothing that can be.
pub(super) fn advice(advice: &Advice) -> Result<Named, Decline> {
    let payment = &advice.payment;
    let (key, kind) = (&payment.subject.key, payment.subject.processing.kind());
    let original = advice.original;
    let original = original.zip(advice.original_key()).map(|(original, key)| id_of(original.kind, &key));
    let own = match advice.kind {
        AdviceKind::Authorisation => MessageType::AUTHORISATION_ADVICE,
        AdviceKind::Completion => MessageType::FINANCIAL_ADVICE,
    };
    let id = id_of(own, key);
    if !advice.code.is_approval() || payment.subject.amount.minor() == 0 {
        return Ok(Named { id, original, what: What::Nothing });
    }
    let purchase = purchase(payment)?;
    let what = match (advice.kind, kind) {
        (_, TransactionKind::Other(_) | TransactionKind::BalanceInquiry) => {
            return Err(Decline::InvalidTransaction);
        }
        (AdviceKind::Completion, TransactionKind::Refund) => What::Refund(Box::new(purchase)),
        (AdviceKind::Completion, _) => What::Complete(Box::new(purchase)),
        // The money of a refund comes with its completion.
        (AdviceKind::Authorisation, TransactionKind::Refund) => What::Nothing,
        (AdviceKind::Authorisation, _) => {
            What::Advise(Box::new(Authorisation { is_advice: true, ..asked(purchase) }))
        }
    };
    Ok(Named { id, original, what })
}

/// What does not happen.
pub(super) fn reversal(reversal: &Reversal) -> Named {
    let (original, remaining) = (reversal.original.kind, reversal.remaining.minor());
    let what = match original {
        MessageType::FINANCIAL_ADVICE => What::TakeBack(remaining),
        _ => What::Reverse(remaining),
    };
    Named {
        // A reversal that is asked for and one that is advised are the same.
        id: id_of(MessageType::REVERSAL_REQUEST, &reversal.subject.key),
        original: Some(id_of(original, &reversal.original_key())),
        what,
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
    let name = place.name.as_ref().map_or(payment.subject.merchant.as_str(), |name| name.as_str());
    let country = place.country.or(place.acquirer_country);
    let merchant = Merchant {
        name: name.to_owned(),
        mcc: format!("{:04}", place.category.number()),
        country: country.map(|country| country.as_str().to_owned()),
    };
    Ok(Purchase { amount: amount.minor(), currency, merchant, channel: channel(payment) })
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
        // Who guesses is not told from when on guessing is in vain.
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
