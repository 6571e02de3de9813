//! Two authorisations race for the last euro, or for the last of a limit: one wins.

use super::*;

/// How many of ten that come at once are approved.
async fn race(client: &Client, card: &[String], amount: &str) -> usize {
    let body = purchase(amount);
    let asked = card.iter().cycle().take(10).map(|card| authorise(client, card, &body));
    let answers = futures_util::future::join_all(asked).await;
    answers.iter().filter(|answer| answer["status"] == "APPROVED").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_euro_is_spent_once() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "1").await;
    let other = card_of(&a, "anna").await.id;
    assert_eq!(race(&a, &[card, other], "1").await, 1);
    assert_eq!(funds(&a, "anna").await, ["0.00", "1.00"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_a_limit_is_spent_once() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "1000").await;
    let limits = json!({"externalUserId": "anna", "cardId": card, "monthlyTrxAll": 100, "dailyTrxAll": 100,
        "monthlyTrxAtm": 0, "dailyTrxAtm": 0, "monthlyTrxEcom": 0, "dailyTrxEcom": 0});
    a.patch("/v1/card/limits", &limits).send().await.expect(200);
    assert_eq!(race(&a, &[card], "40").await, 2);
    assert_eq!(funds(&a, "anna").await, ["920.00", "80.00"]);
    app.finish().await;
}

/// A clearing and a reversal of one hold, and a message that comes many times.
#[tokio::test(flavor = "multi_thread")]
async fn one_hold_ends_once() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let id = approved(&a, &card, "40").await;
    let body = json!({"transactionId": id});
    let calls = ["reverse", "reverse", "reverse", "reverse"].map(|what| call(&a, &card, what, &body).send());
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(funds(&a, "anna").await, ["100.00", "0.00"]);
    let body = with(purchase("10"), &json!({"messageId": "m-1"}));
    let calls = (0..6).map(|_| call(&a, &card, "authorize", &body).send());
    let answers = futures_util::future::join_all(calls).await;
    let ids: std::collections::BTreeSet<_> =
        answers.iter().map(|answer| answer.expect(201)["transactionId"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(funds(&a, "anna").await, ["90.00", "10.00"]);
    app.finish().await;
}
