//! How a connection is made, kept, lost and ended.

use super::fake::{Issuer, WAITS, approval, called, cents, pan, till};
use florin_iso8583::{Decline, Dialect, Message, NetworkAction, Receipt, ResponseCode};
use florin_rails::cards::iso8583::{Acquirer, AcquirerError, Network, Outcome};
use std::net::{IpAddr, Ipv4Addr};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[tokio::test]
async fn a_lost_connection_is_made_again() {
    let network = Network::listen(Dialect::Packed).await.unwrap();
    let issuer = Issuer::calls(Dialect::Packed, &network);
    let first = network.accept().await.unwrap();
    first.asked(1).await;
    drop(first);
    // A network that does not want it, and one that says what is no message.
    let second = network.accept().await.unwrap();
    second.says_to_sign_on(Some(Receipt::Refused(Decline::Fault)));
    second.closed().await;
    let third = network.accept().await.unwrap();
    third.bytes(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    third.closed().await;
    let fourth = network.accept().await.unwrap();
    fourth.asked(1).await;
    let paid = fourth.pay(&till().purchase(&pan(), cents(1))).await.unwrap();
    assert_eq!(paid, Outcome::Approved(approval(), cents(1)));
    assert_eq!(issuer.link.trouble(), None);
    issuer.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let network = Network::listen(Dialect::Packed).await.unwrap();
    let issuer = Issuer::calls(Dialect::Packed, &network);
    assert_eq!(issuer.link.trouble().as_deref(), Some("nobody has signed on yet"));
    let acquirer = network.accept().await.unwrap();
    acquirer.says_to_sign_on(Some(Receipt::Refused(Decline::Fault)));
    acquirer.closed().await;
    let next = network.accept().await.unwrap();
    let trouble = issuer.link.trouble().unwrap();
    assert_eq!(
        trouble,
        "the connection to the processor has ended: the other side refused the sign-on with 96"
    );
    next.asked(1).await;
    next.say(NetworkAction::Echo).await.unwrap();
    assert_eq!(issuer.link.trouble(), None);
    issuer.stop().await;
}

#[tokio::test]
async fn the_other_side_calls() {
    let (issuer, address) = Issuer::listens(Dialect::Ascii, &[HERE]).await;
    let acquirer = Acquirer::call(address, Dialect::Ascii).await.unwrap();
    let request = till().purchase(&pan(), cents(1));
    // Before it has signed on, nobody is asked.
    assert_eq!(acquirer.pay(&request).await.unwrap(), Outcome::Declined(Decline::Unavailable.code()));
    assert!(issuer.host.heard.borrow().is_empty() && issuer.link.trouble().is_some());
    assert_eq!(acquirer.say(NetworkAction::SignOn).await.unwrap(), ResponseCode::approved());
    assert_eq!(acquirer.pay(&request).await.unwrap(), Outcome::Approved(approval(), cents(1)));
    // A second connection, and what is about one payment may come over both.
    let second = Acquirer::call(address, Dialect::Ascii).await.unwrap();
    second.say(NetworkAction::SignOn).await.unwrap();
    let mut repeat = request.clone();
    repeat.is_repeat = true;
    assert_eq!(second.pay(&repeat).await.unwrap(), Outcome::Approved(approval(), cents(1)));
    drop(acquirer);
    assert_eq!(second.pay(&repeat).await.unwrap(), Outcome::Approved(approval(), cents(1)));
    assert_eq!(issuer.link.trouble(), None);
    issuer.stop().await;
}

#[tokio::test]
async fn strangers_and_too_many_are_turned_away() {
    let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let (issuer, address) = Issuer::listens(Dialect::Ascii, &[elsewhere]).await;
    Acquirer::call(address, Dialect::Ascii).await.unwrap().closed().await;
    let trouble = issuer.link.trouble();
    assert_eq!(trouble.as_deref(), Some("turned 127.0.0.1 away, which is not a known processor"));
    issuer.stop().await;
    let (issuer, address) = Issuer::listens(Dialect::Ascii, &[HERE]).await;
    let mut acquirers = Vec::new();
    for _ in 0..8 {
        let acquirer = Acquirer::call(address, Dialect::Ascii).await.unwrap();
        acquirer.say(NetworkAction::SignOn).await.unwrap();
        acquirers.push(acquirer);
    }
    Acquirer::call(address, Dialect::Ascii).await.unwrap().closed().await;
    assert_eq!(acquirers[0].say(NetworkAction::Echo).await.unwrap(), ResponseCode::approved());
    issuer.stop().await;
}

/// What is under way at a stop is answered, what comes then is not taken, and the network is told.
#[tokio::test]
async fn a_stop_answers_what_is_under_way() {
    let (issuer, acquirer) = called(Dialect::Packed).await;
    let (waiting, late) = (till().purchase(&pan(), cents(WAITS)), till().purchase(&pan(), cents(WAITS)));
    let link = issuer.link.clone();
    let stopping = async {
        issuer.host.has_heard(1).await;
        link.stop();
        while acquirer.say(NetworkAction::Echo).await.is_ok() && link.trouble().is_none() {}
        let mut late = late.clone();
        late.payment.subject.key.stan = florin_iso8583::Stan::nth(77);
        assert_eq!(acquirer.pay(&late).await.unwrap(), Outcome::Declined(Decline::Unavailable.code()));
        issuer.host.gate.add_permits(1);
        assert_eq!(acquirer.asked(2).await, [NetworkAction::SignOn, NetworkAction::SignOff]);
        acquirer.closed().await;
    };
    let (outcome, ()) = tokio::join!(acquirer.pay(&waiting), stopping);
    assert_eq!(outcome.unwrap(), Outcome::Approved(approval(), cents(WAITS)));
    issuer.task.await.unwrap();
    let message = Message::AuthorisationRequest(Box::new(late));
    assert!(matches!(acquirer.tell(&message).await, Err(AcquirerError::Closed)));
}

#[tokio::test]
async fn a_link_that_nobody_answers_can_be_stopped() {
    // A port that nobody listens at: it was free just now.
    let network = Network::listen(Dialect::Packed).await.unwrap();
    let issuer = {
        let address = network.address().unwrap();
        drop(network);
        Issuer::run(Dialect::Packed, florin_rails::cards::iso8583::Line::Call(address.to_string()))
    };
    while !issuer.link.trouble().is_some_and(|trouble| trouble.starts_with("no connection to the processor"))
    {
        tokio::task::yield_now().await;
    }
    issuer.stop().await;
}
