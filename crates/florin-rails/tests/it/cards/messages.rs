//! Every message and every answer, in each dialect.

use super::fake::{
    AGAIN, DECLINED_FROM, IN_PART, NOT_FOUND, PANICS, WAITS, approval, called, cents, pan, till,
};
use florin_iso8583::{
    Advice, AdviceKind, Decline, Dialect, Message, NetworkAction, ResponseCode, ReversalKind,
};
use florin_rails::cards::iso8583::{AcquirerError, Outcome, completion_of, reversal_of};
use std::time::Duration;

#[tokio::test]
async fn authorisations() {
    for dialect in Dialect::ALL {
        let (issuer, acquirer) = called(dialect).await;
        let till = till();
        let approved = acquirer.pay(&till.purchase(&pan(), cents(1_250))).await.unwrap();
        assert_eq!(approved, Outcome::Approved(approval(), cents(1_250)));
        for (place, decline) in (0..).zip(Decline::all()) {
            let declined = acquirer.pay(&till.purchase(&pan(), cents(DECLINED_FROM + place))).await.unwrap();
            assert_eq!(declined, Outcome::Declined(decline.code()));
        }
        let mut request = till.purchase(&pan(), cents(IN_PART));
        let declined = acquirer.pay(&request).await.unwrap();
        assert_eq!(declined, Outcome::Declined(Decline::InsufficientFunds.code()));
        request = till.purchase(&pan(), cents(IN_PART));
        request.additional.takes_part = true;
        let answer = acquirer.tell(&Message::AuthorisationRequest(Box::new(request))).await.unwrap();
        assert_eq!(answer.code, ResponseCode::approved_in_part());
        assert_eq!((answer.amount, answer.asked), (Some(cents(IN_PART / 2)), Some(cents(IN_PART))));
        issuer.stop().await;
    }
}

/// What a host hears is what was said, and it hears repeats, with the key that they repeat.
#[tokio::test]
async fn advices_reversals_and_repeats() {
    let (issuer, acquirer) = called(Dialect::Packed).await;
    let till = till();
    let request = till.purchase(&pan(), cents(1_250));
    let (stan, sent_at) = till.next();
    let mut reversal = reversal_of(&request, ReversalKind::Request, stan, sent_at);
    reversal.remaining = cents(250);
    let advice = Advice {
        kind: AdviceKind::Authorisation,
        original: None,
        ..completion_of(&request, approval(), cents(1_250), till.next().0)
    };
    let completion = completion_of(&request, approval(), cents(1_300), till.next().0);
    let said = [
        Message::AuthorisationRequest(Box::new(request.clone())),
        Message::Advice(Box::new(advice)),
        Message::Reversal(Box::new(reversal)),
        Message::Advice(Box::new(completion)),
    ];
    let mut expected = Vec::new();
    for message in said {
        for is_repeat in [false, true, true] {
            let mut message = message.clone();
            match &mut message {
                Message::AuthorisationRequest(request) => request.is_repeat = is_repeat,
                Message::Advice(advice) => advice.is_repeat = is_repeat,
                Message::Reversal(reversal) => reversal.is_repeat = is_repeat,
                other => panic!("{other:?}"),
            }
            assert_eq!(acquirer.tell(&message).await.unwrap().code, ResponseCode::approved());
            expected.push(message);
        }
    }
    let host = issuer.stop().await;
    assert_eq!(*host.heard.borrow(), expected);
    let key = |message: &Message| match message {
        Message::AuthorisationRequest(request) => request.payment.subject.key,
        Message::Advice(advice) => advice.original_key().unwrap_or(request.payment.subject.key),
        Message::Reversal(reversal) => reversal.original_key(),
        other => panic!("{other:?}"),
    };
    assert!(expected.iter().all(|message| key(message) == request.payment.subject.key));
}

#[tokio::test]
async fn what_can_not_be_taken() {
    let (issuer, acquirer) = called(Dialect::Ascii).await;
    let till = till();
    for (minor, code) in [(AGAIN, "91"), (NOT_FOUND, "25")] {
        let request = till.purchase(&pan(), cents(minor));
        let (stan, sent_at) = till.next();
        let reversal = reversal_of(&request, ReversalKind::Advice, stan, sent_at);
        let completion = completion_of(&request, approval(), cents(minor), till.next().0);
        for message in [Message::Reversal(Box::new(reversal)), Message::Advice(Box::new(completion))] {
            assert_eq!(acquirer.tell(&message).await.unwrap().code.as_str(), code);
        }
    }
    issuer.stop().await;
}

/// A host with a fault says nothing, and the payment is reversed.
#[tokio::test]
async fn a_fault_of_the_host() {
    let (issuer, acquirer) = called(Dialect::Ascii).await;
    acquirer.waits(Duration::from_millis(1));
    let request = till().purchase(&pan(), cents(PANICS));
    // A reversal may not be answered in a millisecond either, and is repeated then.
    match acquirer.pay(&request).await {
        Ok(outcome) => assert_eq!(outcome, Outcome::Reversed(ResponseCode::approved())),
        Err(error) => assert!(matches!(error, AcquirerError::NoAnswer), "{error}"),
    }
    let heard = issuer.host.has_heard(2).await;
    let Message::Reversal(reversal) = &heard[1] else { panic!("{heard:?}") };
    assert_eq!(reversal.original_key(), request.payment.subject.key);
    // The link goes on.
    acquirer.waits(Duration::from_secs(60));
    let approved = acquirer.pay(&till().purchase(&pan(), cents(1))).await.unwrap();
    assert_eq!(approved, Outcome::Approved(approval(), cents(1)));
    issuer.stop().await;
}

/// Under way at the same time, and answered in whatever order: each gets the answer to what it asked.
#[tokio::test]
async fn many_under_way() {
    const COUNT: usize = 500;
    let (issuer, acquirer) = called(Dialect::Packed).await;
    let till = till();
    let requests: Vec<_> = (0..COUNT)
        .map(|number| till.purchase(&pan(), cents(if number % 2 == 0 { WAITS } else { IN_PART })))
        .collect();
    let asked = async {
        let all = requests.iter().map(|request| async { acquirer.pay(request).await.unwrap() });
        futures_util::future::join_all(all).await
    };
    let opened = async {
        issuer.host.has_heard(COUNT).await;
        issuer.host.gate.add_permits(COUNT);
    };
    let (outcomes, ()) = tokio::join!(asked, opened);
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let expected = match number % 2 {
            0 => Outcome::Approved(approval(), cents(WAITS)),
            _ => Outcome::Declined(Decline::InsufficientFunds.code()),
        };
        assert_eq!(outcome, expected);
    }
    issuer.stop().await;
}

/// A reversal that comes while its authorisation is under way has to wait, and so does a repeat.
#[tokio::test]
async fn no_reversal_overtakes_its_authorisation() {
    let (issuer, acquirer) = called(Dialect::Ascii).await;
    let till = till();
    let request = till.purchase(&pan(), cents(WAITS));
    let (stan, sent_at) = till.next();
    let reversal = Message::Reversal(Box::new(reversal_of(&request, ReversalKind::Advice, stan, sent_at)));
    let other = till.purchase(&pan(), cents(1));
    let (reversed, paid, outcome) = tokio::join!(
        biased;
        acquirer.pay(&request),
        acquirer.tell(&reversal),
        async {
            issuer.host.has_heard(1).await;
            // Another payment goes on meanwhile: so the reversal is there, and has not been asked.
            let outcome = acquirer.pay(&other).await.unwrap();
            assert_eq!(issuer.host.heard.borrow().len(), 2);
            issuer.host.gate.add_permits(1);
            outcome
        }
    );
    assert_eq!(reversed.unwrap(), Outcome::Approved(approval(), cents(WAITS)));
    assert_eq!(
        (paid.unwrap().code, outcome),
        (ResponseCode::approved(), Outcome::Approved(approval(), cents(1)))
    );
    let heard = issuer.stop().await.heard.borrow().clone();
    assert!(matches!(heard[..], [_, Message::AuthorisationRequest(_), Message::Reversal(_)]), "{heard:?}");
}

#[tokio::test]
async fn messages_about_the_link() {
    let (issuer, acquirer) = called(Dialect::AsciiBinary).await;
    assert_eq!(acquirer.say(NetworkAction::Echo).await.unwrap(), ResponseCode::approved());
    let request = till().purchase(&pan(), cents(1));
    assert_eq!(acquirer.say(NetworkAction::SignOff).await.unwrap(), ResponseCode::approved());
    let refused = Outcome::Declined(Decline::Unavailable.code());
    assert_eq!(acquirer.pay(&request).await.unwrap(), refused);
    assert!(issuer.link.trouble().is_some());
    assert_eq!(acquirer.say(NetworkAction::SignOn).await.unwrap(), ResponseCode::approved());
    assert_eq!(acquirer.pay(&request).await.unwrap(), Outcome::Approved(approval(), cents(1)));
    assert_eq!(issuer.link.trouble(), None);
    // A change of keys is not ours.
    let fields = b"0800822000000000000004000000000000001130150405000009161";
    let bytes = florin_iso8583::Fields::read(fields, Dialect::Ascii).unwrap();
    let Ok(Message::NetworkRequest(change)) = Message::from_fields(&bytes) else { panic!("no request") };
    assert_eq!(acquirer.say(change.action).await.unwrap(), Decline::InvalidTransaction.code());
    issuer.stop().await;
}
