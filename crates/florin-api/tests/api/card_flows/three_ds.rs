//! 3-D Secure, and the activation of cards.

use super::*;

async fn ask(client: &Client, card: &str, amount: &str, merchant: &str) -> Value {
    let body = json!({"amount": amount, "currency": "eur", "merchantName": merchant});
    call(client, card, "3ds", &body).send().await.expect(201)
}

/// The newest code of a type of event.
async fn code(client: &Client, kind: &str) -> (String, Value) {
    let events = client.events().await;
    let event = events.iter().rfind(|event| event["type"] == kind).expect("an event");
    (event["payload"]["code"].as_str().expect("a code").to_owned(), event["payload"].clone())
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().expect("a number") + 1) % 1_000_000)
}

async fn give(client: &Client, card: &str, challenge: &Value, code: &str) -> (String, i64) {
    let body = json!({"challengeId": challenge, "code": code});
    let answer = call(client, card, "3ds/answer", &body).send().await.expect(200);
    (answer["status"].as_str().expect("a status").to_owned(), answer["triesLeft"].as_i64().expect("a number"))
}

fn status(status: &str, left: i64) -> (String, i64) {
    (status.to_owned(), left)
}

/// An authorisation that refers to a challenge: why it is declined, if it is.
/// A merchant whose payments need 3-D Secure.
const SHOP: &str = "Florin Secure";

async fn pay(client: &Client, card: &str, amount: &str, challenge: &Value) -> Value {
    pay_to(client, card, (amount, SHOP), challenge).await
}

async fn pay_to(client: &Client, card: &str, (amount, payee): (&str, &str), challenge: &Value) -> Value {
    let about = json!({"channel": "ECOM", "merchantName": payee, "challengeId": challenge});
    let body = with(purchase(amount), &about);
    authorise(client, card, &body).await["declineReason"].clone()
}

#[tokio::test]
async fn a_payment_is_authenticated_by_its_code() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let asked = ask(&a, &card, "49.90", "Florin Secure").await;
    assert_eq!(asked["status"], "PENDING");
    let id = &asked["challengeId"];
    assert_eq!(pay(&a, &card, "49.90", id).await, "AUTHENTICATION_FAILED");
    let (code, payload) = code(&a, "card.3ds").await;
    assert_eq!(
        payload,
        json!({"externalUserId": "anna", "cardId": card, "challengeId": id, "code": code, "amount": "49.90",
            "currency": "eur", "merchantName": "Florin Secure", "expiresAt": payload["expiresAt"]})
    );
    assert_eq!(give(&a, &card, id, &wrong(&code)).await, status("PENDING", 2));
    assert_eq!(give(&a, &card, id, &wrong(&code)).await, status("PENDING", 1));
    assert_eq!(give(&a, &card, id, &code).await, status("AUTHENTICATED", 0));
    assert_eq!(pay(&a, &card, "49.91", id).await, "AUTHENTICATION_FAILED");
    let other = card_of(&a, "anna").await.id;
    assert_eq!(pay(&a, &other, "49.90", id).await, "AUTHENTICATION_FAILED");
    // The code was for this payee.
    assert_eq!(pay_to(&a, &card, ("49.90", "Casino"), id).await, "AUTHENTICATION_FAILED");
    assert_eq!(pay(&a, &card, "49.90", id).await, Value::Null);
    // Once.
    assert_eq!(pay(&a, &card, "10", id).await, "AUTHENTICATION_FAILED");
    app.finish().await;
}

#[tokio::test]
async fn three_tries_five_minutes_and_no_more() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let asked = ask(&a, &card, "49.90", "Bookshop").await;
    let id = &asked["challengeId"];
    let (right, _) = code(&a, "card.3ds").await;
    for (left, expected) in [(2, "PENDING"), (1, "PENDING"), (0, "FAILED")] {
        assert_eq!(give(&a, &card, id, &wrong(&right)).await, status(expected, left));
    }
    assert_eq!(give(&a, &card, id, &right).await, status("FAILED", 0));
    assert_eq!(pay(&a, &card, "49.90", id).await, "AUTHENTICATION_FAILED");
    let asked = ask(&a, &card, "49.90", "Bookshop").await;
    let (right, _) = code(&a, "card.3ds").await;
    advance(&a, Duration::from_secs(300)).await;
    assert_eq!(give(&a, &card, &asked["challengeId"], &right).await, status("EXPIRED", 0));
    let body = json!({"challengeId": "01a00000-0000-7000-8000-000000000001", "code": "123456"});
    call(&a, &card, "3ds/answer", &body).send().await.is_refused("P475");
    let other = card_of(&a, "anna").await.id;
    let body = json!({"challengeId": asked["challengeId"], "code": right});
    call(&a, &other, "3ds/answer", &body).send().await.is_refused("P475");
    call(&app.b(), &card, "3ds/answer", &body).send().await.is_refused("P434");
    app.finish().await;
}

#[tokio::test]
async fn without_a_code_it_is_passed_or_declined() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let small = ask(&a, &card, "29.99", "Bookshop").await;
    assert_eq!(small["status"], "FRICTIONLESS");
    let paid = pay_to(&a, &card, ("29.99", "Bookshop"), &small["challengeId"]).await;
    assert_eq!(paid, Value::Null);
    let fraud = ask(&a, &card, "29.99", "Florin Fraud").await;
    assert_eq!(fraud["status"], "DECLINED");
    assert_eq!(pay(&a, &card, "1", &fraud["challengeId"]).await, "AUTHENTICATION_FAILED");
    a.patch("/v1/card/block", &json!({"externalUserId": "anna", "cardId": card})).send().await.expect(200);
    assert_eq!(ask(&a, &card, "50", "Bookshop").await["status"], "DECLINED");
    assert!(a.events().await.iter().all(|event| event["type"] != "card.3ds"), "no code was made");
    app.finish().await;
}

#[tokio::test]
async fn a_card_is_activated_by_its_code() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let named = json!({"externalUserId": "anna", "cardId": card});
    let path = format!("/v1/card/activation/anna/{card}");
    let state = async || {
        let state = a.get(&path).await.expect(200);
        (
            state["status"].as_str().expect("a status").to_owned(),
            state["triesLeft"].as_i64().expect("a number"),
        )
    };
    let give = async |code: &str| {
        let answer =
            a.post("/v1/card/activation/answer", &with(named.clone(), &json!({"code": code}))).send().await;
        let answer = answer.expect(200);
        (
            answer["status"].as_str().expect("a status").to_owned(),
            answer["triesLeft"].as_i64().expect("a number"),
        )
    };
    let ask = async || a.post("/v1/card/activation", &named).send().await.expect(200);
    assert_eq!(state().await, status("NOT_ASKED", 0));
    let unknown = with(named.clone(), &json!({"code": "123456"}));
    a.post("/v1/card/activation/answer", &unknown).send().await.is_refused("P475");
    ask().await;
    let (old, payload) = code(&a, "card.activation").await;
    assert_eq!(payload, json!({"externalUserId": "anna", "cardId": card, "code": old}));
    for (left, expected) in [(2, "PENDING"), (1, "PENDING"), (0, "FAILED")] {
        assert_eq!(give(&wrong(&old)).await, status(expected, left));
    }
    assert_eq!(give(&old).await, status("FAILED", 0));
    ask().await;
    assert_eq!(state().await, status("PENDING", 3));
    advance(&a, Duration::from_secs(300)).await;
    assert_eq!(state().await, status("EXPIRED", 0));
    ask().await;
    let (new, _) = code(&a, "card.activation").await;
    // It is no code of 3-D Secure: by the merchant it is neither given nor used up.
    for code in [&new, &wrong(&new)] {
        let body = json!({"challengeId": card, "code": code});
        call(&a, &card, "3ds/answer", &body).send().await.is_refused("P475");
    }
    assert_eq!(state().await, status("PENDING", 3));
    assert_eq!(give(&new).await, status("ACTIVATED", 0));
    assert_eq!(state().await, status("ACTIVATED", 0));
    // Asked again, for a wallet: the card stays activated.
    ask().await;
    assert_eq!(state().await, status("ACTIVATED", 0));
    let (newest, _) = code(&a, "card.activation").await;
    assert_eq!(give(&wrong(&newest)).await, status("PENDING", 2));
    assert_eq!(give(&newest).await, status("ACTIVATED", 0));
    a.patch("/v1/card/block", &named).send().await.expect(200);
    a.post("/v1/card/activation", &named).send().await.is_refused("P453");
    app.finish().await;
}

/// Codes, merchants and what is presented are in the database in no form that opens without the user's key.
#[tokio::test]
async fn no_code_is_anywhere_in_clear() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let name = "Zanzibar Antiquarian";
    ask(&a, &card, "49.90", name).await;
    a.post("/v1/card/activation", &json!({"externalUserId": "anna", "cardId": card}))
        .send()
        .await
        .expect(200);
    let codes = [code(&a, "card.3ds").await.0, code(&a, "card.activation").await.0];
    authorise(&a, &card, &with(purchase("10"), &json!({"merchantName": name, "pin": "4829"}))).await;
    for file in app.database().on_disk().await {
        for text in codes.iter().map(String::as_str).chain([name]) {
            // A code of six digits may stand in a number by chance; not between quotes or as a field of its own.
            let quoted = format!("\"{text}\"");
            let found = |text: &str| file.windows(text.len()).any(|bytes| bytes == text.as_bytes());
            assert!(!found(&quoted), "{text} is in the database");
            assert!(text.len() == 6 || !found(text), "{text} is in the database");
        }
    }
    app.finish().await;
}
