//! The partner decides about authorisations of cards: each answer and each way to give none, by a real server.

mod calls;
pub mod decider;
mod listen;
mod shares;

use crate::card_flows::{approved, authorise, call, card_of, funds, listed, purchase, with, with_card};
use crate::support::{Client, Setup, TestApp};
use crate::webhooks::register;
use decider::{Decider, Reply};
use florin_api::kit::settings::{Cards, Settings};
use http::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::time::Duration;

/// How long a partner has where a test lets it miss that.
const SHORT: Duration = Duration::from_millis(50);

/// How long it has where a test holds its answer back, and gives it.
const LONG: Duration = Duration::from_secs(120);

/// A platform whose partners have so long to decide.
async fn with_budget(decision_budget: Duration) -> TestApp {
    let cards = Cards { decision_budget, ..Cards::simulated() };
    TestApp::with(Setup { settings: Settings { cards, ..Settings::sandbox() }, ..Setup::default() }).await
}

/// Registers the endpoint for decisions; what holds without an answer is given.
pub async fn decide_at(client: &Client, url: &str, [on_timeout, on_error]: [&str; 2]) -> Value {
    let body = json!({"url": url, "onTimeout": on_timeout, "onError": on_error});
    client.call(Method::PUT, "/v1/card/decisions").json(&body).send().await.expect(200)
}

/// Anna with EUR 100 and a card, and a server that decides. Declined where it does not.
async fn decided(app: &TestApp) -> (Client, String, Decider) {
    let ((a, card), decider) = (with_card(app, "100").await, Decider::start().await);
    register(&a, "http://127.0.0.1:9").await;
    decide_at(&a, &decider.url, ["DECLINE", "DECLINE"]).await;
    (a, card, decider)
}

/// The newest item of the card's list.
async fn newest(client: &Client, card: &str) -> Value {
    listed(client, "anna", card).await.pop().expect("an item")
}

#[tokio::test]
async fn the_partner_approves() {
    let app = TestApp::start().await;
    let ((a, card), decider) = (with_card(&app, "100").await, Decider::start().await);
    let secret = register(&a, "http://127.0.0.1:9").await["signingSecret"].clone();
    decide_at(&a, &format!("{}/own/path", decider.url), ["DECLINE", "DECLINE"]).await;
    let id = approved(&a, &card, "40").await;
    let asked = decider.take();
    assert_eq!(asked.len(), 1);
    let (got, question) = (&asked[0], asked[0].body());
    let expected = json!({"id": got.header("webhook-id"), "transactionId": id, "externalUserId": "anna",
        "cardId": card, "amount": "40.00", "currency": "eur", "merchantName": "Bookshop", "mcc": "5942",
        "merchantCountry": "DE", "channel": "POS", "merchantAmount": "40.00", "merchantCurrency": "eur",
        "rate": null, "fee": "0.00", "isIncremental": false, "createdAt": question["createdAt"]});
    assert_eq!(question, expected);
    assert_eq!((&got.method, got.path.as_str()), (&Method::POST, "/own/path"));
    assert_eq!(got.header("authorization"), "the-token");
    assert_eq!(got.header("content-type"), "application/json");
    // Another implementation signs the same.
    let verifier = Webhook::new(secret.as_str().expect("a secret")).expect("one");
    let seconds = got.header("webhook-timestamp").parse().expect("seconds");
    let signature = verifier.sign(got.header("webhook-id"), seconds, got.text.as_bytes()).expect("it signs");
    let signatures: Vec<_> = got.header("webhook-signature").split(' ').collect();
    assert_eq!((signatures[0], signatures[1].get(..4)), (signature.as_str(), Some("v1a,")));
    let item = newest(&a, &card).await;
    assert_eq!((&item["id"], &item["decidedBy"]), (&json!(id), &json!("PARTNER")));
    let decision = json!({"questionId": question["id"], "decision": "APPROVE", "afterMilliseconds": 0,
        "isLate": false});
    assert_eq!(item["partnerDecision"], decision);
    assert_eq!(a.events().await.last().expect("an event")["payload"], item);
    assert_eq!(funds(&a, "anna").await, ["60.00", "40.00"]);
    app.finish().await;
}

#[tokio::test]
async fn the_partner_declines() {
    let app = TestApp::start().await;
    let (a, card, decider) = decided(&app).await;
    decider.answers(Reply::json(r#"{"decision":"DECLINE","reason":"not today"}"#));
    let answer = authorise(&a, &card, &purchase("40")).await;
    assert_eq!(
        (&answer["status"], &answer["declineReason"]),
        (&json!("DECLINED"), &json!("PARTNER_DECLINED"))
    );
    let item = newest(&a, &card).await;
    assert_eq!((&item["id"], &item["decidedBy"]), (&answer["transactionId"], &json!("PARTNER")));
    assert_eq!(item["partnerDecision"]["decision"], "DECLINE");
    assert_eq!(funds(&a, "anna").await, ["100.00", "0.00"]);
    app.finish().await;
}

/// Every way to give no answer, with both things that can be set for it.
#[tokio::test]
async fn without_an_answer_holds_what_is_set() {
    let app = with_budget(SHORT).await;
    let (a, card, decider) = decided(&app).await;
    let elsewhere = Decider::start().await;
    let no_answer = "no answer within 50 ms";
    let no_decision = "answered 200 without a decision";
    let (yes, large) =
        (r#"{"decision":"APPROVE"}"#, format!(r#"{{"decision":"APPROVE","x":"{}"}}"#, "x".repeat(4_096)));
    let cases = [
        (Reply::Never, "TIMEOUT", no_answer),
        (Reply::HalfABody, "TIMEOUT", no_answer),
        (Reply::With(500, yes.to_owned()), "ERROR", "answered 500"),
        (Reply::With(204, String::new()), "ERROR", "answered 204"),
        (Reply::json("approve"), "ERROR", no_decision),
        (Reply::json(r#"{"decision":"MAYBE"}"#), "ERROR", no_decision),
        (Reply::json(&large), "ERROR", "an answer of more than 4096 bytes"),
        (Reply::RedirectTo(elsewhere.url.clone()), "ERROR", "answered 307"),
    ];
    for (reply, by, error) in cases {
        decider.answers(reply.clone());
        for (on_timeout, on_error) in [("APPROVE", "DECLINE"), ("DECLINE", "APPROVE")] {
            decide_at(&a, &decider.url, [on_timeout, on_error]).await;
            let is_approved = if by == "TIMEOUT" { on_timeout == "APPROVE" } else { on_error == "APPROVE" };
            let answer = authorise(&a, &card, &purchase("1")).await;
            let item = newest(&a, &card).await;
            assert_eq!(answer["status"] == "APPROVED", is_approved, "{reply:?}: {item}");
            let reason = format!("PARTNER_{by}");
            let reason = if is_approved { Value::Null } else { json!(reason) };
            assert_eq!((&item["decidedBy"], &answer["declineReason"]), (&json!(by), &reason), "{reply:?}");
            let said = &item["partnerDecision"];
            assert_eq!((&said["decision"], &said["error"]), (&Value::Null, &json!(error)), "{reply:?}");
        }
        assert_eq!(decider.take().len(), 2, "{reply:?}");
    }
    assert!(elsewhere.take().is_empty(), "no redirect is followed");
    // Nobody is there.
    decide_at(&a, "http://127.0.0.1:9", ["DECLINE", "APPROVE"]).await;
    approved(&a, &card, "1").await;
    let said = newest(&a, &card).await["partnerDecision"]["error"].clone();
    assert!(said.as_str().is_some_and(|error| error.starts_with("could not connect: ")), "{said}");
    app.finish().await;
}

#[tokio::test]
async fn a_late_answer_is_noted_and_changes_nothing() {
    let app = with_budget(SHORT).await;
    let (a, card, decider) = decided(&app).await;
    let hold = decider.holds(Reply::json(r#"{"decision":"APPROVE"}"#));
    let answer = authorise(&a, &card, &purchase("40")).await;
    assert_eq!(answer["declineReason"], "PARTNER_TIMEOUT");
    let before = newest(&a, &card).await;
    assert_eq!(before["partnerDecision"]["decision"], Value::Null);
    app.clock.advance(Duration::from_millis(1_700));
    hold.add_permits(1);
    let noted = loop {
        let item = newest(&a, &card).await;
        if item["partnerDecision"]["isLate"] == true {
            break item;
        }
        tokio::task::yield_now().await;
    };
    let late = json!({"questionId": before["partnerDecision"]["questionId"], "decision": "APPROVE",
        "afterMilliseconds": 1_700, "isLate": true});
    assert_eq!(noted, with(before.clone(), &json!({"partnerDecision": late})));
    assert_eq!(a.events().await.last().expect("an event")["payload"], before, "an event does not change");
    assert_eq!(funds(&a, "anna").await, ["100.00", "0.00"]);
    app.finish().await;
}

/// The partner is asked about what the rules would approve, and nothing else; and they have the last word.
#[tokio::test]
async fn what_the_rules_decline_is_not_asked_and_not_approved() {
    let app = with_budget(LONG).await;
    let (a, card, decider) = decided(&app).await;
    let answer = authorise(&a, &card, &purchase("100.01")).await;
    assert_eq!(answer["declineReason"], "INSUFFICIENT_FUNDS");
    call(&a, "01a00000-0000-7000-8000-00000000000a", "authorize", &purchase("1"))
        .send()
        .await
        .is_refused("P434");
    assert!(decider.take().is_empty());
    let item = newest(&a, &card).await;
    assert_eq!((&item["decidedBy"], item.get("partnerDecision")), (&json!("RULES"), None));
    // While the partner thinks, the money goes.
    let hold = decider.holds(Reply::json(r#"{"decision":"APPROVE"}"#));
    let asked = tokio::spawn({
        let (a, card) = (a.clone(), card.clone());
        async move { authorise(&a, &card, &purchase("60")).await }
    });
    decider.arrived().await;
    a.pay(Some("anna"), None, "50").await;
    hold.add_permits(1);
    let answer = asked.await.expect("no panic");
    assert_eq!(answer["declineReason"], "INSUFFICIENT_FUNDS");
    let item = newest(&a, &card).await;
    assert_eq!(
        (&item["decidedBy"], &item["partnerDecision"]["decision"]),
        (&json!("RULES"), &json!("APPROVE"))
    );
    app.finish().await;
}

/// A part, more of a transaction, and a foreign currency: the question says what would be on hold.
#[tokio::test]
async fn the_question_is_about_what_would_be_on_hold() {
    let app = with_budget(LONG).await;
    let (a, card, decider) = decided(&app).await;
    let id = approved(&a, &card, "40").await;
    decider.take();
    // Of 80 there are 60. Meanwhile 100 more come: no more than asked for is approved.
    let hold = decider.holds(Reply::json(r#"{"decision":"APPROVE"}"#));
    let asked = tokio::spawn({
        let (a, card) = (a.clone(), card.clone());
        let body = with(purchase("80"), &json!({"partialApproval": true}));
        async move { authorise(&a, &card, &body).await }
    });
    decider.arrived().await;
    a.fund(Some("anna"), "100", "eur").await;
    hold.add_permits(1);
    let answer = asked.await.expect("no panic");
    assert_eq!((&answer["status"], &answer["approvedAmount"]), (&json!("APPROVED"), &json!("60.00")));
    let question = decider.take()[0].body();
    assert_eq!((&question["amount"], &question["requestedAmount"]), (&json!("60.00"), &json!("80.00")));
    decider.answers(Reply::json(r#"{"decision":"APPROVE"}"#));
    let more = json!({"transactionId": id, "amount": "5"});
    assert_eq!(authorise(&a, &card, &more).await["status"], "APPROVED");
    let question = decider.take()[0].body();
    assert_eq!((&question["transactionId"], &question["isIncremental"]), (&json!(id), &json!(true)));
    assert_eq!((&question["amount"], &question["merchantName"]), (&json!("5.00"), &json!("Bookshop")));
    let foreign = with(purchase("10"), &json!({"currency": "usd"}));
    assert_eq!(authorise(&a, &card, &foreign).await["status"], "APPROVED");
    let (question, item) = (decider.take()[0].body(), newest(&a, &card).await);
    for field in ["amount", "fee", "rate", "merchantAmount", "merchantCurrency"] {
        assert_eq!(question[field], item[field], "{field}");
    }
    assert_eq!(question["merchantCurrency"], "usd");
    app.finish().await;
}

/// A network's message that comes again is answered as it was, and asked about once.
#[tokio::test]
async fn a_repeated_message_is_asked_once() {
    let app = TestApp::start().await;
    let (a, card, decider) = decided(&app).await;
    decider.answers(Reply::json(r#"{"decision":"DECLINE"}"#));
    let body = with(purchase("10"), &json!({"messageId": "m-1"}));
    let first = authorise(&a, &card, &body).await;
    decider.answers(Reply::json(r#"{"decision":"APPROVE"}"#));
    assert_eq!(authorise(&a, &card, &body).await, first);
    assert_eq!((decider.take().len(), &first["declineReason"]), (1, &json!("PARTNER_DECLINED")));
    app.finish().await;
}

/// A request with its `Idempotency-Key` again is answered from what is kept. While the first still waits for the
/// partner, it is told so.
#[tokio::test]
async fn a_repeated_request_is_asked_once() {
    let app = with_budget(LONG).await;
    let (a, card, decider) = decided(&app).await;
    decider.answers(Reply::json(r#"{"decision":"DECLINE"}"#));
    let send = async |key: &str, amount: &str| {
        call(&a, &card, "authorize", &purchase(amount)).keyed(key).send().await
    };
    let first = send("k-1", "10").await.expect(201);
    decider.answers(Reply::json(r#"{"decision":"APPROVE"}"#));
    let again = send("k-1", "10").await;
    assert_eq!((again.is_replayed(), again.expect(201)), (true, first.clone()));
    assert_eq!((decider.take().len(), &first["declineReason"]), (1, &json!("PARTNER_DECLINED")));
    send("k-1", "11").await.is_refused("P470");
    assert_eq!((decider.take().len(), told_of(&a).await), (0, 1));
    // Twice at the same time.
    let hold = decider.holds(Reply::json(r#"{"decision":"APPROVE"}"#));
    let waiting = tokio::spawn({
        let (a, card) = (a.clone(), card.clone());
        async move { call(&a, &card, "authorize", &purchase("10")).keyed("k-2").send().await.expect(201) }
    });
    decider.arrived().await;
    send("k-2", "10").await.is_refused("P471");
    hold.add_permits(1);
    let approved = waiting.await.expect("no panic");
    assert_eq!(send("k-2", "10").await.expect(201), approved);
    assert_eq!((decider.take().len(), told_of(&a).await), (1, 2));
    decider.answers(Reply::json(r#"{"decision":"APPROVE"}"#));
    // A request that was wrong has not used its key.
    send("k-3", "0").await.is_refused("P403");
    assert_eq!(send("k-3", "0.01").await.expect(201)["status"], "APPROVED");
    app.finish().await;
}

async fn told_of(client: &Client) -> usize {
    client.events().await.iter().filter(|event| event["type"] == "card.transaction").count()
}

/// More of a transaction about which the partner is being asked: there is none yet, whatever comes of the question, and
/// nothing is approved past the partner.
#[tokio::test]
async fn nothing_is_added_past_the_partner() {
    let app = with_budget(LONG).await;
    let (a, card, decider) = decided(&app).await;
    let hold = decider.holds(Reply::json(r#"{"decision":"APPROVE"}"#));
    let asked = tokio::spawn({
        let (a, card) = (a.clone(), card.clone());
        async move { authorise(&a, &card, &purchase("10")).await }
    });
    decider.arrived().await;
    let id = decider.take()[0].body()["transactionId"].clone();
    decider.answers(Reply::json(r#"{"decision":"DECLINE"}"#));
    // It is looked for before it is there, and decided after.
    let held = app.hold_books().await;
    hold.add_permits(1);
    a_while().await;
    let more = json!({"transactionId": id, "amount": "5"});
    let adds = tokio::spawn({
        let (a, card, more) = (a.clone(), card.clone(), more.clone());
        async move { call(&a, &card, "authorize", &more).send().await }
    });
    a_while().await;
    drop(held);
    assert_eq!(asked.await.expect("no panic")["transactionId"], id);
    let answer = adds.await.expect("no panic");
    // Where it was looked for late, the partner was asked.
    match decider.take().as_slice() {
        [] => answer.is_refused("P474"),
        _ => assert_eq!(answer.expect(201)["declineReason"], "PARTNER_DECLINED"),
    }
    assert_eq!(funds(&a, "anna").await, ["90.00", "10.00"]);
    assert_eq!(authorise(&a, &card, &more).await["declineReason"], "PARTNER_DECLINED");
    assert_eq!(decider.take()[0].body()["isIncremental"], true);
    app.finish().await;
}

/// Lets everything else go on until it waits.
async fn a_while() {
    for _ in 0..20_000 {
        tokio::task::yield_now().await;
    }
}
