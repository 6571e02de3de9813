//! The monthly fee of cards, from the partner's EUR balance.

use super::{BLOCK, DELETE, block_by_operator, create, of_card, resident};
use crate::reference::agree;
use crate::support::{Client, TestApp};
use crate::webhooks::receiver::Receiver;
use crate::webhooks::{deliver, register};
use florin_api::kit::book::terms::TermName;
use florin_types::Timestamp;
use serde_json::{Value, json};

/// Lets the time come, and runs what comes due until then.
async fn at(app: &TestApp, time: &str) {
    app.clock.set(Timestamp::parse(time).expect("a time"));
    app.a().run_jobs().await;
}

async fn fees(client: &Client) -> Vec<Value> {
    client.history(None).await.into_iter().filter(|line| line["type"] == "FEE").collect()
}

async fn told(client: &Client) -> Vec<Value> {
    let events = client.events().await.into_iter().filter(|event| event["type"] == "card.fee");
    events.map(|event| event["payload"].clone()).collect()
}

/// Has a partner owe the fee of a card of a user: the user has all of the partner's euros.
pub async fn owe(client: &Client, user: &str) {
    client.move_to(user, "DE").await;
    create(client, user).await;
    client.pay(None, Some(user), &client.amount(None, "eur").await).await;
    let month = json!({"seconds": 31 * 24 * 60 * 60});
    client.post("/v1/sandbox/clock/advance", &month).send().await.expect(200);
}

/// Made on 23 November 2026 at noon, less a moment.
#[tokio::test]
async fn each_month_of_a_card_costs_its_fee() {
    let app = TestApp::start().await;
    let a = app.a();
    a.fund(None, "10", "eur").await;
    resident(&a, "anna").await;
    let card = create(&a, "anna").await;
    at(&app, "2026-12-23T12:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "10.00", "a millisecond of the user's making is not over");
    at(&app, "2026-12-23T12:01:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "9.75");
    let line = &fees(&a).await[0];
    assert_eq!(
        (&line["amount"], &line["fee"], &line["balanceAfter"]),
        (&json!("-0.25"), &json!("0.00"), &json!("9.75"))
    );
    assert_eq!((&line["status"], &line["currency"]), (&json!("SUCCESSFUL"), &json!("eur")));
    assert_eq!(line["reference"], format!("Card fee: {}", card["cardId"].as_str().expect("an id")));
    // A locked card costs too, and so does each of several; one that an operator holds does not.
    of_card(&a, BLOCK, "anna", &card).send().await.expect(200);
    let second = create(&a, "anna").await;
    at(&app, "2027-01-24T12:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "9.25");
    block_by_operator(&app, second["cardId"].as_str().expect("an id")).await;
    at(&app, "2027-02-24T12:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "9.00");
    // Months that pass at once are each paid.
    at(&app, "2027-05-01T12:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "8.50");
    of_card(&a, DELETE, "anna", &card).send().await.expect(200);
    at(&app, "2028-05-01T12:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "8.50");
    assert_eq!(fees(&a).await.len(), 6);
    assert!(told(&a).await.is_empty());
    // A user sees nothing of it.
    assert!(a.history(Some("anna")).await.is_empty());
    app.finish().await;
}

/// Nothing is taken below zero; the partner is told once, and what is owed is paid on the day after there is money.
#[tokio::test]
async fn an_empty_balance_owes_the_fee_and_pays_it_later() {
    let app = TestApp::start().await;
    let (a, receiver) = (app.a(), Receiver::start().await);
    resident(&a, "anna").await;
    let card = create(&a, "anna").await;
    register(&a, &receiver.url).await;
    a.fund(None, "0.24", "eur").await;
    at(&app, "2026-12-24T00:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "0.24");
    let unpaid = json!({
        "externalUserId": "anna", "cardId": card["cardId"], "amount": "0.25", "currency": "eur", "status": "UNPAID",
    });
    assert_eq!(told(&a).await, std::slice::from_ref(&unpaid));
    deliver(&app).await;
    let got = receiver.take().into_iter().find(|got| got.path == "/webhook/card/fee").expect("a webhook");
    assert_eq!(serde_json::from_str::<Value>(&got.text).expect("JSON"), unpaid);
    // Days pass, and another month.
    for day in ["2026-12-25T01:00:00Z", "2026-12-26T02:00:00Z", "2027-01-24T00:00:00Z"] {
        at(&app, day).await;
    }
    assert_eq!((told(&a).await.len(), a.amount(None, "eur").await), (1, "0.24".to_owned()));
    // Deleting the card does not forgive what is owed.
    of_card(&a, DELETE, "anna", &card).send().await.expect(200);
    a.fund(None, "1", "eur").await;
    at(&app, "2027-01-25T01:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "0.74");
    let mut paid = unpaid;
    (paid["status"], paid["amount"]) = (json!("PAID"), json!("0.50"));
    assert_eq!(told(&a).await[1], paid);
    assert_eq!(fees(&a).await[0]["amount"], "-0.50");
    at(&app, "2028-01-01T00:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "0.74");
    app.finish().await;
}

/// What is agreed at the end of a month counts for it.
#[tokio::test]
async fn the_fee_is_the_one_that_is_agreed() {
    let app = TestApp::start().await;
    let a = app.a();
    a.fund(None, "10", "eur").await;
    resident(&a, "anna").await;
    create(&a, "anna").await;
    app.clock.set(Timestamp::parse("2026-12-01T00:00:00Z").expect("a time"));
    agree(&app, TermName::CardMonthly, "1.10", app.app.wall()).await;
    at(&app, "2026-12-24T00:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "8.90");
    agree(&app, TermName::CardMonthly, "0", app.app.wall()).await;
    at(&app, "2027-03-24T00:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "8.90");
    app.finish().await;
}

/// A card expires at the end of its 36th month; then it costs nothing any more.
#[tokio::test]
async fn an_expired_card_costs_nothing() {
    let app = TestApp::start().await;
    let a = app.a();
    a.fund(None, "100", "eur").await;
    resident(&a, "anna").await;
    create(&a, "anna").await;
    at(&app, "2029-12-24T00:00:00Z").await;
    assert_eq!((fees(&a).await.len(), a.amount(None, "eur").await), (36, "91.00".to_owned()));
    at(&app, "2031-12-24T00:00:00Z").await;
    assert_eq!(fees(&a).await.len(), 36);
    app.finish().await;
}

/// What another sandbox's reset has closed is not paid for by the new book.
#[tokio::test]
async fn a_reset_ends_the_fees() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    create(&a, "anna").await;
    a.call(http::Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    a.fund(None, "10", "eur").await;
    at(&app, "2027-12-24T00:00:00Z").await;
    assert_eq!(a.amount(None, "eur").await, "10.00");
    assert!(a.get("/v1/card/all/anna").await.code() == "P412");
    app.finish().await;
}
