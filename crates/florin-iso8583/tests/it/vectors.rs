//! The messages of `vectors.json`, which pyiso8583 made (`oracle.py`), say what they say, in each dialect.

use florin_iso8583::{
    Advice, AdviceKind, AmountKind, Answer, Authentication, AuthorisationRequest, Condition, ConversionRate,
    Currency, Dialect, Entry, Expiry, Fields, Institution, MerchantCategory, Message, MessageType, Money,
    MonthDay, NetworkAction, Pan, ProcessingCode, ReadError, ResponseCode, Reversal, ReversalKind, SentAt,
    Stan, TimeOfDay, TransactionKind,
};
use florin_types::Country;

use crate::samples;

/// The bytes of a message in each dialect.
pub fn bytes(name: &str) -> Vec<(Dialect, Vec<u8>)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let rows = all().into_iter().filter(|row| row["name"] == name);
    let found: Vec<_> = rows
        .map(|row| {
            (Dialect::parse(&text(&row["dialect"])).unwrap(), hex::decode(text(&row["bytes"])).unwrap())
        })
        .collect();
    assert_eq!(found.len(), Dialect::ALL.len(), "{name}");
    found
}

/// All of them.
pub fn all() -> Vec<serde_json::Value> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

/// Messages with fields that we would not write.
const WITH_MORE: [&str; 3] = ["fields that nobody uses", "reversal", "reversal of a part"];

/// The message of this name, which every dialect has the same, and which is written as it was read.
fn message(name: &str) -> Result<Message, ReadError> {
    let mut found = Vec::new();
    for (dialect, bytes) in bytes(name) {
        let fields =
            Fields::read(&bytes, dialect).unwrap_or_else(|error| panic!("{name}, {dialect:?}: {error}"));
        assert_eq!(*fields.write(dialect).unwrap(), bytes, "{name}, {dialect:?}");
        let message = Message::from_fields(&fields);
        if let Some(Some(ours)) = message.as_ref().ok().map(Message::to_fields)
            && !WITH_MORE.contains(&name)
        {
            assert_eq!(ours, fields, "{name}");
        }
        found.push(message);
    }
    let first = found.pop().unwrap();
    assert!(found.iter().all(|other| *other == first), "{name}");
    first
}

fn request(name: &str) -> AuthorisationRequest {
    match message(name) {
        Ok(Message::AuthorisationRequest(request)) => *request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_authorisation() {
    let mut expected = samples::request();
    expected.payment.expiry = Expiry::new(29, 12);
    let found = request("authorisation");
    assert_eq!(found.additional.authentication, Some(Authentication::Full));
    assert!(
        found.additional.takes_part
            && found.additional.verification.as_ref().is_some_and(|value| value.is("123"))
    );
    expected.additional = found.additional.clone();
    assert_eq!(found, expected);
    assert_eq!(found.payment.entry.entry(), Entry::WebShop);
    let key = found.payment.subject.key.to_string();
    assert_eq!(key, "0012345/TERM0001/633415000123/000123/1130");
}

#[test]
fn a_repeat_has_the_key_of_what_it_repeats() {
    let found = request("repeat");
    assert!(found.is_repeat);
    assert_eq!(found.payment.subject.key, samples::payment().subject.key);
    assert_ne!(found.payment.subject.sent_at, samples::payment().subject.sent_at);
}

#[test]
fn cash_in_another_currency() {
    let found = request("at a machine, in another currency");
    let payment = found.payment;
    assert_eq!(payment.subject.processing.kind(), TransactionKind::Cash);
    assert_eq!(payment.subject.amount, Money::new(10_000, Currency::of_number(392).unwrap()).unwrap());
    let billing = payment.billing.unwrap();
    assert_eq!(billing.amount, Money::new(62, Currency::EUR).unwrap());
    assert_eq!(billing.rate, ConversionRate::new(62_000, 6));
    assert_eq!(payment.settles_on, MonthDay::new(12, 1));
    assert_eq!(payment.place.category, MerchantCategory::CASH_MACHINE);
    assert_eq!(payment.place.acquirer_country, Country::parse("JP").ok());
    assert_eq!((payment.entry.entry(), payment.card_sequence), (Entry::Chip, Some(1)));
    assert_eq!(payment.condition, Condition::NORMAL);
    assert_eq!(found.pin.unwrap().expose(), b"\x01\x23\x45\x67\x89\xab\xcd\xef");
    let chip = b"\x9f\x26\x08\xaa\xbb\xcc\xdd\xee\xff\x00\x11\x9f\x36\x02\x00\xff";
    assert_eq!(found.chip.unwrap().expose(), chip);
}

#[test]
fn a_purchase_with_cash() {
    let found = request("with cash");
    assert_eq!(found.payment.subject.processing, ProcessingCode::PURCHASE_WITH_CASH);
    assert_eq!(found.payment.cash(), Money::new(500, Currency::EUR));
    assert_eq!(found.payment.amounts[0].kind, AmountKind::Cash);
}

#[test]
fn more_of_a_payment() {
    let found = request("more");
    assert_eq!(found.original, Some(samples::original()));
    assert_eq!(found.original_key(), Some(samples::payment().subject.key));
    assert_eq!(found.payment.subject.amount, Money::new(300, Currency::EUR).unwrap());
}

#[test]
fn a_number_of_odd_length() {
    assert_eq!(request("an odd card number").payment.subject.pan, Pan::parse("378282246310005").unwrap());
}

#[test]
fn fields_that_nobody_uses_are_passed_over() {
    assert_eq!(request("fields that nobody uses"), samples::request());
}

#[test]
fn advices() {
    let advice = |name: &str| match message(name) {
        Ok(Message::Advice(advice)) => *advice,
        other => panic!("{other:?}"),
    };
    let mut expected = Advice {
        kind: AdviceKind::Authorisation,
        is_repeat: false,
        payment: samples::payment(),
        code: ResponseCode::approved(),
        approval: Some(samples::approval()),
        original: None,
    };
    assert_eq!(advice("advice"), expected);
    expected.kind = AdviceKind::Completion;
    expected.payment.subject.key.stan = Stan::nth(900);
    expected.original = Some(samples::original());
    assert_eq!(advice("completion"), expected);
    assert_eq!(expected.original_key(), Some(samples::payment().subject.key));
}

#[test]
fn reversals() {
    let reversal = |name: &str| match message(name) {
        Ok(Message::Reversal(reversal)) => *reversal,
        other => panic!("{other:?}"),
    };
    let mut expected = Reversal {
        kind: ReversalKind::Request,
        is_repeat: false,
        subject: samples::payment().subject,
        remaining: Money::new(0, Currency::EUR).unwrap(),
        approval: Some(samples::approval()),
        reason: None,
        original: samples::original(),
    };
    expected.subject.key.stan = Stan::nth(124);
    assert_eq!(reversal("reversal"), expected);
    assert_eq!(expected.original_key(), samples::payment().subject.key);
    let of_a_part = reversal("reversal of a part");
    assert_eq!((of_a_part.kind, of_a_part.is_repeat), (ReversalKind::Advice, true));
    assert_eq!(of_a_part.remaining, Money::new(750, Currency::EUR).unwrap());
    assert_eq!(of_a_part.reason.map(|code| code.as_str().to_owned()), Some("68".to_owned()));
    assert_eq!(of_a_part.original.acquirer, Institution::parse("12345").ok());
}

#[test]
fn messages_about_the_link() {
    for (name, action, stan) in [("sign-on", NetworkAction::SignOn, 1), ("echo", NetworkAction::Echo, 2)] {
        let Ok(Message::NetworkRequest(found)) = message(name) else { panic!("{name}") };
        assert_eq!((found.action, found.stan, found.is_repeat), (action, Stan::nth(stan), false));
        let (day, time) = (MonthDay::new(11, 30).unwrap(), TimeOfDay::new(15, 4, 5).unwrap());
        assert_eq!(found.sent_at, SentAt { day, time });
    }
    let Ok(Message::NetworkAnswer(found)) = message("answer to an echo") else { panic!("no answer") };
    assert_eq!((found.action, found.stan), (NetworkAction::Echo, Stan::nth(2)));
    assert_eq!(found.code, ResponseCode::approved());
}

#[test]
fn an_answer() {
    let expected = Answer {
        kind: MessageType::AUTHORISATION_ANSWER,
        code: ResponseCode::approved_in_part(),
        approval: Some(samples::approval()),
        amount: Money::new(500, Currency::EUR),
        asked: Money::new(1_250, Currency::EUR),
    };
    assert_eq!(message("answer"), Ok(Message::Answer(Box::new(expected))));
}
