//! Wrong PINs and CVVs: after some in a row none is checked any more, and what lets them be checked again. And PINs at
//! cash machines.

use super::*;
use florin_api::cards::CardOperator;
use florin_types::Text;
use uuid::Uuid;

fn wrong(cvv: &str) -> &'static str {
    if cvv == "123" { "124" } else { "123" }
}

/// What an authorisation of EUR 1.00 that presents something comes to.
async fn presents(client: &Client, card: &str, more: Value) -> String {
    let answer = authorise(client, card, &with(purchase("1"), &more)).await;
    answer["declineReason"].as_str().unwrap_or("APPROVED").to_owned()
}

async fn pin(client: &Client, card: &str, pin: &str) -> String {
    presents(client, card, json!({"pin": pin})).await
}

async fn cvv(client: &Client, card: &str, cvv: &str) -> String {
    presents(client, card, json!({"cvv": cvv})).await
}

async fn set_pin(client: &Client, card: &str, pin: &str) {
    let body = json!({"externalUserId": "anna", "cardId": card, "pin": pin});
    client.patch("/v1/card/pin", &body).send().await.expect(200);
}

async fn release(app: &TestApp, card: &str) -> Result<Option<()>, florin_store::StoreError> {
    let operator = CardOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    operator.release(Uuid::parse_str(card).expect("an id")).await
}

#[tokio::test]
async fn after_three_wrong_pins_none_is_checked() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    // A right one begins anew.
    for given in ["4828", "4828", "4829", "4828", "4828"] {
        let expected = if given == "4829" { "APPROVED" } else { "WRONG_PIN" };
        assert_eq!(pin(&a, &card, given).await, expected);
    }
    assert_eq!(pin(&a, &card, "4828").await, "WRONG_PIN");
    for given in ["4829", "4828"] {
        assert_eq!(pin(&a, &card, given).await, "PIN_TRIES_EXCEEDED");
    }
    // A payment without a PIN is none of its business, and neither is time.
    assert_eq!(presents(&a, &card, json!({})).await, "APPROVED");
    advance(&a, 40 * DAY).await;
    assert_eq!(pin(&a, &card, "4829").await, "PIN_TRIES_EXCEEDED");
    set_pin(&a, &card, "7391").await;
    assert_eq!(pin(&a, &card, "7391").await, "APPROVED");
    // Another card of the user has its own.
    let other = card_of(&a, "anna").await.id;
    for _ in 0..3 {
        assert_eq!(pin(&a, &other, "4828").await, "WRONG_PIN");
    }
    assert_eq!(pin(&a, &card, "7391").await, "APPROVED");
    release(&app, &other).await.expect("it is released").expect("there is such a card");
    assert_eq!(pin(&a, &other, "4829").await, "APPROVED");
    assert!(release(&app, &other).await.is_err(), "nothing is locked");
    check_list(&a, "anna", &card).await;
    app.finish().await;
}

#[tokio::test]
async fn after_five_wrong_cvvs_none_is_checked_for_a_day() {
    let app = TestApp::start().await;
    let (a, _) = with_card(&app, "100").await;
    let Made { id: card, cvv: right, .. } = card_of(&a, "anna").await;
    let wrong = wrong(&right);
    for given in [wrong, wrong, wrong, wrong, &right, wrong, wrong, wrong, wrong, wrong] {
        let expected = if given == right { "APPROVED" } else { "WRONG_CVV" };
        assert_eq!(cvv(&a, &card, given).await, expected);
    }
    for given in [right.as_str(), wrong] {
        assert_eq!(cvv(&a, &card, given).await, "CVV_TRIES_EXCEEDED");
    }
    assert_eq!(presents(&a, &card, json!({"pin": "4829"})).await, "APPROVED");
    advance(&a, DAY - Duration::from_secs(1)).await;
    assert_eq!(cvv(&a, &card, &right).await, "CVV_TRIES_EXCEEDED");
    // One more is checked then. If it is wrong too, the next day comes.
    advance(&a, Duration::from_secs(1)).await;
    assert_eq!(cvv(&a, &card, wrong).await, "WRONG_CVV");
    assert_eq!(cvv(&a, &card, &right).await, "CVV_TRIES_EXCEEDED");
    advance(&a, DAY).await;
    assert_eq!(cvv(&a, &card, &right).await, "APPROVED");
    for _ in 0..5 {
        assert_eq!(cvv(&a, &card, wrong).await, "WRONG_CVV");
    }
    assert_eq!(cvv(&a, &card, &right).await, "CVV_TRIES_EXCEEDED");
    set_pin(&a, &card, "7391").await;
    assert_eq!(cvv(&a, &card, &right).await, "CVV_TRIES_EXCEEDED", "a PIN is no CVV");
    release(&app, &card).await.expect("it is released").expect("there is such a card");
    assert_eq!(cvv(&a, &card, &right).await, "APPROVED");
    app.finish().await;
}

/// What is answered before a value is looked at tells nothing about it, and counts for nothing.
#[tokio::test]
async fn what_is_not_looked_at_does_not_count() {
    let app = TestApp::start().await;
    let (a, _) = with_card(&app, "100").await;
    let Made { id: card, cvv: right, .. } = card_of(&a, "anna").await;
    let wrong = wrong(&right);
    for _ in 0..4 {
        let more = json!({"exp": "01/20", "cvv": wrong, "pin": "4828"});
        assert_eq!(presents(&a, &card, more).await, "WRONG_EXPIRY");
    }
    for _ in 0..4 {
        assert_eq!(presents(&a, &card, json!({"cvv": wrong, "pin": "4828"})).await, "WRONG_CVV");
    }
    let named = json!({"externalUserId": "anna", "cardId": card});
    a.patch("/v1/card/block", &named).send().await.expect(200);
    for _ in 0..4 {
        assert_eq!(presents(&a, &card, json!({"cvv": wrong, "pin": "4828"})).await, "CARD_NOT_ACTIVE");
    }
    a.patch("/v1/card/unblock", &named).send().await.expect(200);
    // Four CVVs were wrong, and no PIN. The same message again is the same try.
    let message = json!({"cvv": right, "pin": "4828", "messageId": "m-1"});
    for _ in 0..4 {
        assert_eq!(presents(&a, &card, message.clone()).await, "WRONG_PIN");
    }
    assert_eq!(presents(&a, &card, json!({"cvv": right, "pin": "4829"})).await, "APPROVED");
    app.finish().await;
}

/// A cash machine always asks for a PIN, so a payment there without one is none of its holder's.
#[tokio::test]
async fn a_cash_machine_needs_a_pin() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let at_machine = async |more: Value| presents(&a, &card, with(json!({"channel": "ATM"}), &more)).await;
    for _ in 0..4 {
        assert_eq!(at_machine(json!({})).await, "PIN_REQUIRED");
    }
    assert_eq!(at_machine(json!({"pin": "4828"})).await, "WRONG_PIN");
    assert_eq!(at_machine(json!({"pin": "4829"})).await, "APPROVED", "no PIN is no wrong PIN");
    // More at the machine is one more question of it.
    let body = with(purchase("10"), &json!({"channel": "ATM", "pin": "4829"}));
    let id = authorise(&a, &card, &body).await["transactionId"].clone();
    let more = json!({"transactionId": id, "amount": "1"});
    assert_eq!(authorise(&a, &card, &more).await["declineReason"], "PIN_REQUIRED");
    let more = with(more, &json!({"pin": "4829"}));
    assert_eq!(authorise(&a, &card, &more).await["status"], "APPROVED");
    // A card that is deleted has no PIN any more.
    let named = json!({"externalUserId": "anna", "cardId": card});
    a.call(http::Method::DELETE, "/v1/card").json(&named).send().await.expect(200);
    for more in [json!({}), json!({"pin": "4829"})] {
        assert_eq!(at_machine(more).await, "CARD_NOT_ACTIVE");
    }
    app.finish().await;
}
