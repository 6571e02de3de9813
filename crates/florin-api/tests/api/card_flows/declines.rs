//! Every reason to decline. A decline moves nothing, is an event and an item of the list, and says why.

use super::*;

/// What an authorisation is declined with.
async fn why(client: &Client, card: &str, body: &Value) -> String {
    let answer = authorise(client, card, body).await;
    assert_eq!(
        (&answer["status"], &answer["approvedAmount"]),
        (&json!("DECLINED"), &json!("0.00")),
        "{answer}"
    );
    answer["declineReason"].as_str().expect("a reason").to_owned()
}

#[tokio::test]
async fn what_is_not_there_or_not_right_is_declined() {
    let app = TestApp::start().await;
    let (a, first) = with_card(&app, "100").await;
    let Made { id: card, number, cvv, exp } = card_of(&a, "anna").await;
    assert_eq!(why(&a, &card, &purchase("100.01")).await, "INSUFFICIENT_FUNDS");
    let wrong = |digits: &str| if digits == "123" { "124" } else { "123" }.to_owned();
    for (more, reason) in [
        (json!({"cvv": wrong(&cvv)}), "WRONG_CVV"),
        (json!({"exp": "01/20"}), "WRONG_EXPIRY"),
        (json!({"pin": "4828"}), "WRONG_PIN"),
        (json!({"country": "RU"}), "COUNTRY_BLOCKED"),
        (json!({"merchantName": "Florin Secure"}), "AUTHENTICATION_REQUIRED"),
        (json!({"challengeId": first}), "AUTHENTICATION_FAILED"),
    ] {
        assert_eq!(why(&a, &card, &with(purchase("10"), &more)).await, reason);
    }
    for (amount, reason) in florin_rails::cards::MAGIC_AMOUNTS {
        assert_eq!(why(&a, &card, &purchase(&amount.to_string())).await, reason);
    }
    let right = with(purchase("10"), &json!({"cvv": cvv, "exp": exp, "pin": "4829"}));
    assert_eq!(authorise(&a, &card, &right).await["status"], "APPROVED");
    assert_eq!(funds(&a, "anna").await, ["90.00", "10.00"]);
    let said = told(&a).await;
    assert_eq!(said[0], ["DECLINE", "DECLINED", "100.01"]);
    let item = &listed(&a, "anna", &card).await[0];
    assert_eq!((&item["declineReason"], &item["decidedBy"]), (&json!("INSUFFICIENT_FUNDS"), &json!("RULES")));
    // A declined one is nothing that anything can follow.
    let body = json!({"transactionId": item["id"], "amount": "1"});
    for what in ["authorize", "clear", "reverse", "refund", "chargeback", "represent"] {
        call(&a, &card, what, &body).send().await.is_refused("P403");
    }
    check_list(&a, "anna", &card).await;
    assert!(number.starts_with("99990000"));
    app.finish().await;
}

#[tokio::test]
async fn a_card_that_cannot_be_used_is_declined() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let named = json!({"externalUserId": "anna", "cardId": card});
    let id = approved(&a, &card, "10").await;
    a.patch("/v1/card/block", &named).send().await.expect(200);
    assert_eq!(why(&a, &card, &purchase("1")).await, "CARD_NOT_ACTIVE");
    assert_eq!(why(&a, &card, &json!({"transactionId": id, "amount": "1"})).await, "CARD_NOT_ACTIVE");
    // What was approved before is taken.
    step(&a, &card, "clear", (&id, Some("4"))).await;
    a.patch("/v1/card/unblock", &named).send().await.expect(200);
    approved(&a, &card, "1").await;
    a.call(http::Method::DELETE, "/v1/card").json(&named).send().await.expect(200);
    assert_eq!(why(&a, &card, &purchase("1")).await, "CARD_NOT_ACTIVE");
    step(&a, &card, "clear", (&id, Some("6"))).await;
    step(&a, &card, "refund", (&id, Some("3"))).await;
    assert_eq!(funds(&a, "anna").await, ["92.00", "1.00"]);
    let expired = card_of(&a, "anna").await.id;
    advance(&a, 37 * 31 * DAY).await;
    assert_eq!(why(&a, &expired, &purchase("1")).await, "CARD_EXPIRED");
    app.finish().await;
}

#[tokio::test]
async fn a_user_that_is_suspended_is_declined() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let id = approved(&a, &card, "10").await;
    let named = json!({"externalUserId": "anna", "cardId": card});
    a.patch("/v1/card/block", &named).send().await.expect(200);
    a.call(http::Method::PATCH, "/v1/user/suspend/anna").send().await.expect(200);
    assert_eq!(why(&a, &card, &purchase("1")).await, "CARD_NOT_ACTIVE");
    // Money that the network has taken and given is booked.
    step(&a, &card, "clear", (&id, None)).await;
    step(&a, &card, "refund", (&id, Some("1"))).await;
    a.call(http::Method::PATCH, "/v1/user/unsuspend/anna").send().await.expect(200);
    a.patch("/v1/card/unblock", &named).send().await.expect(200);
    approved(&a, &card, "1").await;
    assert_eq!(funds(&a, "anna").await, ["90.00", "1.00"]);
    app.finish().await;
}

#[tokio::test]
async fn a_card_is_used_thirty_times_an_hour() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    for _ in 0..29 {
        approved(&a, &card, "1").await;
    }
    assert_eq!(why(&a, &card, &purchase("100")).await, "INSUFFICIENT_FUNDS");
    for _ in 0..3 {
        assert_eq!(why(&a, &card, &purchase("1")).await, "VELOCITY");
    }
    // Another card of the user is another matter.
    let other = card_of(&a, "anna").await.id;
    approved(&a, &other, "1").await;
    advance(&a, Duration::from_secs(3_600)).await;
    approved(&a, &card, "1").await;
    app.finish().await;
}

#[tokio::test]
async fn a_part_is_approved_where_the_merchant_takes_one() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "30").await;
    let partly = with(purchase("40"), &json!({"partialApproval": true}));
    let answer = authorise(&a, &card, &partly).await;
    assert_eq!((&answer["status"], &answer["approvedAmount"]), (&json!("APPROVED"), &json!("30.00")));
    assert_eq!(funds(&a, "anna").await, ["0.00", "30.00"]);
    let item = &listed(&a, "anna", &card).await[0];
    assert_eq!((&item["status"], &item["requestedAmount"]), (&json!("PARTIALLY_APPROVED"), &json!("40.00")));
    assert_eq!(why(&a, &card, &partly).await, "INSUFFICIENT_FUNDS");
    app.finish().await;
}
