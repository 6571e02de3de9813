//! Cards in a running server: what an operator does about them, and that nothing by which somebody could pay is in a
//! log, however much is logged.

use crate::restart::fails_plainly;
use crate::support::{Call, Client, Options, Outcome, Server};
use serde_json::{Value, json};

fn done(outcome: Outcome) -> String {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome.stdout
}

fn patch(path: &str, body: &Value) -> Call {
    Call::bare("PATCH", path, Some(body.to_string()))
}

/// A card of a new user.
async fn card_of(client: &Client, user: &str, pin: &str) -> Value {
    client.verified_user(user).await;
    client.send(&patch(&format!("/v1/user/{user}"), &json!({"country": "DE"}))).await.expect(200);
    let asked = json!({"externalUserId": user, "label": "Travel", "pin": pin});
    client.send(&Call::post("/v1/card/virtual", &asked).keyed(format!("card-{user}"))).await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_blocks_and_releases_cards() {
    let server = Server::start().await;
    let client = server.client();
    let card = card_of(&client, "anna", "4829").await;
    let id = card["cardId"].as_str().expect("an id");
    let number = card["cardNumber"].as_str().expect("a number");
    let list = done(server.command(&["cards", "list"]));
    let start = format!("{id}  ACTIVE  {}  {}  ", &number[12..], card["exp"].as_str().expect("an expiry"));
    assert!(list.starts_with(&start) && list.contains("  0.00  anna  ("), "{list}");
    assert!(!list.contains(number), "{list}");
    let by_olga = |word: &str| server.command(&["cards", word, id, "--operator", "olga"]);
    fails_plainly(&by_olga("release"), &["the card is neither blocked nor suspended"]);
    assert_eq!(done(by_olga("block")), "blocked\n");
    let named = json!({"externalUserId": "anna", "cardId": id});
    let refused = client.send(&patch("/v1/card/unblock", &named)).await;
    assert_eq!((refused.status, &refused.json()["errorCode"]), (400, &json!("P453")));
    assert_eq!(done(by_olga("suspend")), "suspended\n");
    assert_eq!(done(by_olga("release")), "released\n");
    client.send(&patch("/v1/card/unblock", &named)).await.expect(200);
    let unknown = ["cards", "block", "01a00000-0000-7000-8000-00000000000a", "--operator", "olga"];
    fails_plainly(&server.command(&unknown), &["there is no such card"]);
    let audit = done(server.command(&["audit"]));
    assert!(audit.contains("  olga  cards.block  ") && audit.contains("  olga  cards.release  "), "{audit}");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_numbers_begin_as_is_set_and_no_log_has_them() {
    let more = vec![("FLORIN_CARD_BIN", "9999123456".to_owned()), ("FLORIN_LOG", "trace".to_owned())];
    let server = Server::start_with(Options { more, ..Options::default() }).await;
    let client = server.client();
    let card = card_of(&client, "anna", "4829").await;
    let number = card["cardNumber"].as_str().expect("a number").to_owned();
    assert!(number.starts_with("9999123456"), "{number}");
    let id = card["cardId"].as_str().expect("an id");
    let named = json!({"externalUserId": "anna", "cardId": id});
    assert_eq!(client.get(&format!("/v1/card/details/anna/{id}")).await["cvv"], card["cvv"]);
    let pin = json!({"externalUserId": "anna", "cardId": id, "pin": "7391"});
    client.send(&patch("/v1/card/pin", &pin)).await.expect(200);
    let wrong = json!({"externalUserId": "anna", "cardId": id, "pin": "97531"});
    assert_eq!(client.send(&patch("/v1/card/pin", &wrong)).await.status, 400);
    let bought = json!({"amount": "10", "currency": "eur", "merchantName": "Bookshop", "mcc": "5942",
        "channel": "ATM", "cvv": card["cvv"], "pin": "7391"});
    let of_sandbox = |what: &str| format!("/v1/sandbox/cards/{id}/{what}");
    client.send(&Call::post(of_sandbox("authorize"), &bought)).await.expect(201);
    let asked = json!({"amount": "49.90", "currency": "eur", "merchantName": "Bookshop"});
    let challenge = client.send(&Call::post(of_sandbox("3ds"), &asked)).await.expect(201);
    client.send(&Call::post("/v1/card/activation", &named)).await.expect(200);
    let events = client.get("/v1/events").await["data"].clone();
    let events = events.as_array().expect("a list");
    let code = |kind: &str| {
        let event = events.iter().find(|event| event["type"] == kind).expect("an event");
        event["payload"]["code"].as_str().expect("a code").to_owned()
    };
    let (secure, activation) = (code("card.3ds"), code("card.activation"));
    let given = json!({"challengeId": challenge["challengeId"], "code": secure});
    client.send(&Call::post(of_sandbox("3ds/answer"), &given)).await.expect(200);
    let given = json!({"externalUserId": "anna", "cardId": id, "code": activation});
    client.send(&Call::post("/v1/card/activation/answer", &given)).await.expect(200);
    assert!(done(server.command(&["config"])).contains("\ncard_bin = \"9999123456\"\n"));
    let log = server.log();
    assert!(log.contains("/v1/card/virtual"), "the log has each call: {log}");
    // Quoted digits, as JSON and as a debug text have them: the bare ones are in times and counts by chance.
    let quoted = |digits: &str| format!("\"{digits}\"");
    let cvv = quoted(card["cvv"].as_str().expect("a CVV"));
    let (secure, activation) = (quoted(&secure), quoted(&activation));
    for secret in [&number[6..], &cvv, "\"4829\"", "\"7391\"", "97531", &secure, &activation] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    server.finish().await;
}
