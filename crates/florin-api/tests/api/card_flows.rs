//! What happens by a card, section 2.8: authorisations and what follows, 3-D Secure, activation.

mod declines;
mod flows;
mod foreign;
mod network;
mod races;
mod rules;
mod three_ds;
mod tries;
mod unclaimed;
mod workload;

use crate::support::{Call, Client, TestApp};
use florin_api::card_decisions;
use florin_api::cards::{CardDecision, CardOperator, note_late};
use florin_api::kit::book::registry::book_of;
use florin_iso8583::{Currency, Money, Pan};
use florin_rails::cards::iso8583::{CardHost, Till};
use florin_types::Text;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(86_400);

/// What is on a card.
pub struct Made {
    pub id: String,
    number: String,
    cvv: String,
    exp: String,
}

/// A card of a user.
pub async fn card_of(client: &Client, user: &str) -> Made {
    let body = json!({"externalUserId": user, "label": "Travel", "pin": "4829"});
    let made = client.post("/v1/card/virtual", &body).send().await.expect(200);
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    Made { id: text("cardId"), number: text("cardNumber"), cvv: text("cvv"), exp: text("exp") }
}

/// Anna with so much EUR, and a card.
pub async fn with_card(app: &TestApp, eur: &str) -> (Client, String) {
    let a = app.a();
    a.verified_user("anna").await;
    a.move_to("anna", "DE").await;
    a.fund(Some("anna"), eur, "eur").await;
    let card = card_of(&a, "anna").await.id;
    (a, card)
}

/// A call of the simulated network.
pub fn call(client: &Client, card: &str, what: &str, body: &Value) -> Call {
    client.post(&format!("/v1/sandbox/cards/{card}/{what}"), body)
}

/// A purchase in EUR in a shop.
pub fn purchase(amount: &str) -> Value {
    json!({"amount": amount, "currency": "eur", "merchantName": "Bookshop", "mcc": "5942", "channel": "POS",
        "country": "DE"})
}

/// The same with other fields.
pub fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

/// An authorisation's answer.
pub async fn authorise(client: &Client, card: &str, body: &Value) -> Value {
    call(client, card, "authorize", body).send().await.expect(201)
}

/// An authorisation that is approved: its id.
pub async fn approved(client: &Client, card: &str, amount: &str) -> String {
    let answer = authorise(client, card, &purchase(amount)).await;
    assert_eq!(answer["status"], "APPROVED", "{answer}");
    answer["transactionId"].as_str().expect("an id").to_owned()
}

/// A step of a transaction that works; none is the whole amount.
async fn step(client: &Client, card: &str, what: &str, (id, amount): (&str, Option<&str>)) {
    let mut body = json!({"transactionId": id});
    if let Some(amount) = amount {
        body["amount"] = json!(amount);
    }
    let made = call(client, card, what, &body).send().await.expect(201);
    assert_eq!(made["transactionId"], id);
}

/// What a user can spend, and what is on hold.
pub async fn funds(client: &Client, user: &str) -> [String; 2] {
    let balances = client.balances(Some(user)).await;
    let eur = &balances["fiatBalances"][0];
    ["amount", "onHold"].map(|field| eur[field].as_str().expect("an amount").to_owned())
}

/// What was said about a card's transactions, oldest first: type, status, amount.
async fn told(client: &Client) -> Vec<[String; 3]> {
    let events = client.events().await;
    let of_cards = events.iter().filter(|event| event["type"] == "card.transaction");
    let text = |event: &Value, field: &str| event["payload"][field].as_str().expect("a text").to_owned();
    of_cards.map(|event| ["type", "status", "amount"].map(|field| text(event, field))).collect()
}

/// The list of a card's transactions, oldest first.
pub async fn listed(client: &Client, user: &str, card: &str) -> Vec<Value> {
    let (mut all, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let page = client.get(&format!("/v1/card/transactions/{user}/{card}{query}")).await.expect(200);
        all.extend(page["data"].as_array().expect("a list").clone());
        match page["nextCursor"].as_str() {
            Some(cursor) => query = format!("?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    all.reverse();
    all
}

/// Everything was said as it is listed.
async fn check_list(client: &Client, user: &str, card: &str) {
    let events = client.events().await;
    let of_card = |event: &&Value| event["type"] == "card.transaction" && event["payload"]["cardId"] == card;
    let said: Vec<Value> = events.iter().filter(of_card).map(|event| event["payload"].clone()).collect();
    assert_eq!(listed(client, user, card).await, said);
}

/// Lets time pass, and runs what came due.
async fn advance(client: &Client, by: Duration) {
    let body = json!({"seconds": by.as_secs()});
    client.post("/v1/sandbox/clock/advance", &body).send().await.expect(200);
}

/// Every kind of event of this family: for a user that is verified, and has some EUR.
pub async fn one_of_each(client: &Client, user: &str) {
    client.move_to(user, "DE").await;
    client.fund(Some(user), "100", "eur").await;
    let card = card_of(client, user).await.id;
    let id = approved(client, &card, "10").await;
    authorise(client, &card, &purchase("1000")).await;
    authorise(client, &card, &with(purchase("10"), &json!({"currency": "usd"}))).await;
    step(client, &card, "reverse", (&id, Some("1"))).await;
    step(client, &card, "clear", (&id, None)).await;
    step(client, &card, "chargeback", (&id, Some("2"))).await;
    step(client, &card, "represent", (&id, None)).await;
    step(client, &card, "refund", (&id, None)).await;
    let asked = json!({"amount": "49.90", "currency": "eur", "merchantName": "Bookshop"});
    call(client, &card, "3ds", &asked).send().await.expect(201);
    let named = json!({"externalUserId": user, "cardId": card});
    client.post("/v1/card/activation", &named).send().await.expect(200);
}

/// For the walk of all statements: a payment of each kind, the list, and a card that is found by its number.
pub async fn every_statement(app: &TestApp) {
    let a = app.a();
    a.verified_user("dora").await;
    one_of_each(&a, "dora").await;
    let card = a.get("/v1/card/all/dora").await.expect(200)["cards"][0]["cardId"].clone();
    let card = card.as_str().expect("an id");
    check_list(&a, "dora", card).await;
    let again = with(purchase("1"), &json!({"messageId": "m-1"}));
    assert_eq!(authorise(&a, card, &again).await, authorise(&a, card, &again).await);
    let asked = json!({"amount": "49.90", "currency": "eur", "merchantName": "Bookshop"});
    let challenge = call(&a, card, "3ds", &asked).send().await.expect(201)["challengeId"].clone();
    let guess = json!({"challengeId": challenge, "code": "000000"});
    call(&a, card, "3ds/answer", &guess).send().await.expect(200);
    for _ in 0..2 {
        authorise(&a, card, &with(purchase("1"), &json!({"pin": "4828"}))).await;
    }
    let (left, id) = unclaimed::paid_and_left(app, "lena").await;
    step(&a, &left, "refund", (&id, None)).await;
    let operator = CardOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let waits = operator.unclaimed().await.expect("a list").pop().expect("money that waits");
    operator.assign(waits.id, None).await.expect("it is assigned").expect("there is such money");
    // A partner's answer comes too late.
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let entry = app.database().bytes("SELECT id FROM card_entry").await.pop().expect("an entry");
    let entry = Uuid::from_slice(&entry).expect("an id");
    note_late(&app.app, book, entry, (CardDecision::Approve, 1_740)).await.expect("it is noted");
    let shown = a.get(&format!("/v1/card/details/dora/{card}")).await.expect(200);
    let number = Pan::parse(shown["cardNumber"].as_str().expect("a number")).expect("a number");
    let till = Till::of_a_cafe("TERM0001", app.app.wall()).expect("a till");
    let purchase = till.purchase(&number, Money::new(100, Currency::EUR).expect("an amount"));
    card_decisions::network(app.app.clone()).authorise(purchase).await.expect("an answer");
}
