//! What happens to a purchase: each way, its money, its events, its list and its history.

use super::*;

/// History lines of a user, oldest first: type, status, amount.
async fn history(client: &Client, user: &str) -> Vec<[String; 3]> {
    let lines = client.history(Some(user)).await;
    let text = |line: &Value, field: &str| line[field].as_str().expect("a text").to_owned();
    let lines = lines.iter().rev().filter(|line| line["type"] != "ADJUSTMENT");
    lines.map(|line| ["type", "status", "amount"].map(|field| text(line, field))).collect()
}

fn three(texts: [&str; 3]) -> [String; 3] {
    texts.map(str::to_owned)
}

#[tokio::test]
async fn a_purchase_is_held_cleared_and_refunded() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let id = approved(&a, &card, "40").await;
    assert_eq!(funds(&a, "anna").await, ["60.00", "40.00"]);
    assert_eq!(history(&a, "anna").await, [three(["CARD_TRANSACTION", "PENDING", "-40.00"])]);
    step(&a, &card, "clear", (&id, Some("15.50"))).await;
    assert_eq!(funds(&a, "anna").await, ["60.00", "24.50"]);
    assert_eq!(history(&a, "anna").await, [three(["CARD_TRANSACTION", "SUCCESSFUL", "-15.50"])]);
    step(&a, &card, "clear", (&id, None)).await;
    assert_eq!(funds(&a, "anna").await, ["60.00", "0.00"]);
    step(&a, &card, "refund", (&id, Some("10"))).await;
    step(&a, &card, "refund", (&id, None)).await;
    assert_eq!(funds(&a, "anna").await, ["100.00", "0.00"]);
    let said = [
        three(["AUTHORIZATION", "APPROVED", "40.00"]),
        three(["CLEARING", "CLEARED", "15.50"]),
        three(["CLEARING", "CLEARED", "24.50"]),
        three(["REFUND", "REFUNDED", "10.00"]),
        three(["REFUND", "REFUNDED", "30.00"]),
    ];
    assert_eq!(told(&a).await, said);
    let lines = [
        three(["CARD_TRANSACTION", "SUCCESSFUL", "-40.00"]),
        three(["REFUND", "SUCCESSFUL", "10.00"]),
        three(["REFUND", "SUCCESSFUL", "30.00"]),
    ];
    assert_eq!(history(&a, "anna").await, lines);
    let first = &listed(&a, "anna", &card).await[0];
    assert_eq!(
        *first,
        json!({"id": id, "externalUserId": "anna", "cardId": card, "type": "AUTHORIZATION", "status": "APPROVED",
            "amount": "40.00", "currency": "eur", "merchantName": "Bookshop", "mcc": "5942", "merchantCountry": "DE",
            "channel": "POS", "merchantAmount": "40.00", "merchantCurrency": "eur", "rate": null, "fee": "0.00",
            "requestedAmount": "40.00", "decidedBy": "RULES", "createdAt": first["createdAt"]})
    );
    check_list(&a, "anna", &card).await;
    app.finish().await;
}

#[tokio::test]
async fn more_is_authorised_and_less_is_cleared() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let id = approved(&a, &card, "40").await;
    let more = |amount: &str| json!({"transactionId": id, "amount": amount});
    let answer = authorise(&a, &card, &more("20")).await;
    assert_eq!(answer, json!({"transactionId": id, "status": "APPROVED", "approvedAmount": "20.00"}));
    assert_eq!(funds(&a, "anna").await, ["40.00", "60.00"]);
    let answer = authorise(&a, &card, &more("40.01")).await;
    let declined = json!({"transactionId": id, "status": "DECLINED", "approvedAmount": "0.00",
        "declineReason": "INSUFFICIENT_FUNDS"});
    assert_eq!(answer, declined);
    assert_eq!(funds(&a, "anna").await, ["40.00", "60.00"]);
    let last = json!({"transactionId": id, "amount": "50", "final": true});
    call(&a, &card, "clear", &last).send().await.expect(201);
    assert_eq!(funds(&a, "anna").await, ["50.00", "0.00"]);
    call(&a, &card, "authorize", &more("1")).send().await.is_refused("P403");
    check_list(&a, "anna", &card).await;
    app.finish().await;
}

#[tokio::test]
async fn a_merchant_takes_more_than_there_is() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let id = approved(&a, &card, "40").await;
    step(&a, &card, "clear", (&id, Some("90"))).await;
    assert_eq!(funds(&a, "anna").await, ["10.00", "0.00"]);
    // Again, and now 15.00 are missing: the next money pays them.
    step(&a, &card, "clear", (&id, Some("25"))).await;
    assert_eq!(funds(&a, "anna").await, ["0.00", "0.00"]);
    a.fund(Some("anna"), "20", "eur").await;
    step(&a, &card, "refund", (&id, Some("15"))).await;
    assert_eq!(funds(&a, "anna").await, ["20.00", "0.00"], "the refund pays what is owed");
    step(&a, &card, "refund", (&id, Some("5"))).await;
    assert_eq!(funds(&a, "anna").await, ["25.00", "0.00"]);
    app.finish().await;
}

#[tokio::test]
async fn money_that_was_never_authorised_is_taken_and_given() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "10").await;
    let taken = call(&a, &card, "clear", &purchase("12.50")).send().await.expect(201);
    assert_eq!(funds(&a, "anna").await, ["0.00", "0.00"]);
    let given = call(&a, &card, "refund", &purchase("100")).send().await.expect(201);
    assert_ne!(taken["transactionId"], given["transactionId"]);
    assert_eq!(funds(&a, "anna").await, ["97.50", "0.00"]);
    let said = [three(["CLEARING", "CLEARED", "12.50"]), three(["REFUND", "REFUNDED", "100.00"])];
    assert_eq!(told(&a).await, said);
    let id = given["transactionId"].as_str().expect("an id");
    let again = json!({"transactionId": id});
    for what in ["refund", "clear", "reverse", "chargeback", "represent"] {
        call(&a, &card, what, &again).send().await.is_refused("P403");
    }
    check_list(&a, "anna", &card).await;
    app.finish().await;
}

#[tokio::test]
async fn a_hold_is_let_go() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let id = approved(&a, &card, "40").await;
    step(&a, &card, "reverse", (&id, Some("10"))).await;
    assert_eq!(funds(&a, "anna").await, ["70.00", "30.00"]);
    let too_much = json!({"transactionId": id, "amount": "30.01"});
    call(&a, &card, "reverse", &too_much).send().await.is_refused("P403");
    step(&a, &card, "reverse", (&id, None)).await;
    assert_eq!(funds(&a, "anna").await, ["100.00", "0.00"]);
    call(&a, &card, "reverse", &json!({"transactionId": id})).send().await.is_refused("P403");
    assert_eq!(history(&a, "anna").await, [three(["CARD_TRANSACTION", "FAILED", "-40.00"])]);
    // It comes all the same.
    step(&a, &card, "clear", (&id, Some("25"))).await;
    assert_eq!(funds(&a, "anna").await, ["75.00", "0.00"]);
    assert_eq!(history(&a, "anna").await, [three(["CARD_TRANSACTION", "SUCCESSFUL", "-25.00"])]);
    let said = [
        three(["AUTHORIZATION", "APPROVED", "40.00"]),
        three(["REVERSAL", "REVERSED", "10.00"]),
        three(["REVERSAL", "REVERSED", "30.00"]),
        three(["CLEARING", "CLEARED", "25.00"]),
    ];
    assert_eq!(told(&a).await, said);
    app.finish().await;
}

#[tokio::test]
async fn a_dispute_goes_back_and_forth() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let id = approved(&a, &card, "40").await;
    call(&a, &card, "chargeback", &json!({"transactionId": id})).send().await.is_refused("P403");
    step(&a, &card, "clear", (&id, None)).await;
    step(&a, &card, "chargeback", (&id, Some("30"))).await;
    assert_eq!(funds(&a, "anna").await, ["90.00", "0.00"]);
    call(&a, &card, "refund", &json!({"transactionId": id, "amount": "10.01"}))
        .send()
        .await
        .is_refused("P403");
    a.pay(Some("anna"), None, "80").await;
    step(&a, &card, "represent", (&id, None)).await;
    assert_eq!(funds(&a, "anna").await, ["0.00", "0.00"]);
    a.pay(None, Some("anna"), "30").await;
    assert_eq!(
        funds(&a, "anna").await,
        ["30.00", "0.00"],
        "a transfer does not pay what is owed to the house"
    );
    step(&a, &card, "refund", (&id, None)).await;
    assert_eq!(funds(&a, "anna").await, ["50.00", "0.00"], "40.00, of which 20.00 were owed");
    let said = [
        three(["AUTHORIZATION", "APPROVED", "40.00"]),
        three(["CLEARING", "CLEARED", "40.00"]),
        three(["REFUND", "CHARGED_BACK", "30.00"]),
        three(["CLEARING", "REPRESENTED", "30.00"]),
        three(["REFUND", "REFUNDED", "40.00"]),
    ];
    assert_eq!(told(&a).await, said);
    check_list(&a, "anna", &card).await;
    app.finish().await;
}

#[tokio::test]
async fn merchants_clear_by_themselves_after_a_day() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "1000").await;
    let names = [
        "Bookshop",
        "Florin Hotel",
        "Florin Fuel",
        "florin restaurant",
        "Florin Cancelled",
        "Florin Returns",
    ];
    for name in names {
        let body = with(purchase("10"), &json!({"merchantName": name}));
        assert_eq!(authorise(&a, &card, &body).await["status"], "APPROVED");
    }
    let driven = approved(&a, &card, "20").await;
    step(&a, &card, "clear", (&driven, Some("5"))).await;
    assert_eq!(funds(&a, "anna").await, ["920.00", "75.00"]);
    advance(&a, DAY - Duration::from_secs(1)).await;
    assert_eq!(funds(&a, "anna").await, ["920.00", "75.00"]);
    advance(&a, Duration::from_secs(1)).await;
    // 10 + 0 + 5 + 11 + 0 + 10 + 5 are paid, and 10 + 15 are on hold.
    assert_eq!(funds(&a, "anna").await, ["934.00", "25.00"]);
    advance(&a, DAY).await;
    assert_eq!(funds(&a, "anna").await, ["944.00", "25.00"]);
    advance(&a, 5 * DAY).await;
    assert_eq!(funds(&a, "anna").await, ["969.00", "0.00"]);
    let said = told(&a).await;
    let expired: Vec<_> = said.iter().filter(|said| said[1] == "EXPIRED").collect();
    assert_eq!(expired, [&three(["REVERSAL", "EXPIRED", "10.00"]), &three(["REVERSAL", "EXPIRED", "15.00"])]);
    assert_eq!(said.iter().filter(|said| said[0] == "REFUND").count(), 1);
    check_list(&a, "anna", &card).await;
    app.finish().await;
}

#[tokio::test]
async fn more_that_is_authorised_begins_the_hold_anew() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let body = with(purchase("10"), &json!({"merchantName": "Florin Hotel"}));
    let id = authorise(&a, &card, &body).await["transactionId"].clone();
    advance(&a, 6 * DAY).await;
    authorise(&a, &card, &json!({"transactionId": id, "amount": "5"})).await;
    advance(&a, 6 * DAY).await;
    assert_eq!(funds(&a, "anna").await, ["85.00", "15.00"]);
    advance(&a, DAY).await;
    assert_eq!(funds(&a, "anna").await, ["100.00", "0.00"]);
    app.finish().await;
}

#[tokio::test]
async fn the_same_message_again_is_answered_alike() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let message = |body: Value, id: &str| with(body, &json!({"messageId": id}));
    let first = authorise(&a, &card, &message(purchase("40"), "m-1")).await;
    assert_eq!(authorise(&a, &card, &message(purchase("40"), "m-1")).await, first);
    let declined = authorise(&a, &card, &message(purchase("61"), "m-2")).await;
    assert_eq!(declined["declineReason"], "INSUFFICIENT_FUNDS");
    a.fund(Some("anna"), "100", "eur").await;
    assert_eq!(authorise(&a, &card, &message(purchase("61"), "m-2")).await, declined);
    let clear = message(json!({"transactionId": first["transactionId"], "amount": "10"}), "m-3");
    for _ in 0..3 {
        call(&a, &card, "clear", &clear).send().await.expect(201);
    }
    assert_eq!(funds(&a, "anna").await, ["160.00", "30.00"]);
    assert_eq!(told(&a).await.len(), 3);
    // Another partner's message of the same id is another one.
    let b = app.b();
    b.verified_user("anna").await;
    b.move_to("anna", "DE").await;
    b.fund(Some("anna"), "100", "eur").await;
    let other = card_of(&b, "anna").await.id;
    let theirs = authorise(&b, &other, &message(purchase("40"), "m-1")).await;
    assert_ne!(theirs["transactionId"], first["transactionId"]);
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_there_is_refused() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let id = approved(&a, &card, "40").await;
    let other = card_of(&a, "anna").await.id;
    let nobody = "01a00000-0000-7000-8000-000000000001";
    for what in ["clear", "reverse", "refund", "chargeback", "represent"] {
        let body = json!({"transactionId": id});
        call(&a, nobody, what, &body).send().await.is_refused("P434");
        call(&a, "no-card", what, &body).send().await.is_refused("P434");
        call(&a, &other, what, &body).send().await.is_refused("P474");
        call(&a, &card, what, &json!({"transactionId": nobody})).send().await.is_refused("P474");
        call(&app.b(), &card, what, &body).send().await.is_refused("P434");
        for amount in ["0", "-1", "1.001", "x"] {
            let body = json!({"transactionId": id, "amount": amount});
            call(&a, &card, what, &body).send().await.is_refused("P403");
        }
    }
    call(&a, &other, "authorize", &json!({"transactionId": id, "amount": "1"}))
        .send()
        .await
        .is_refused("P474");
    call(&app.b(), &card, "authorize", &purchase("1")).send().await.is_refused("P434");
    // Another partner learns nothing of it with a card of its own.
    let b = app.b();
    b.verified_user("bert").await;
    b.move_to("bert", "DE").await;
    b.fund(Some("bert"), "10", "eur").await;
    let theirs = card_of(&b, "bert").await.id;
    for id in [id.as_str(), nobody] {
        call(&b, &theirs, "authorize", &json!({"transactionId": id, "amount": "1"}))
            .send()
            .await
            .is_refused("P474");
    }
    let asked = json!({"amount": "49.90", "currency": "eur", "merchantName": "Bookshop"});
    let challenge = call(&a, &card, "3ds", &asked).send().await.expect(201)["challengeId"].clone();
    let declined = async |challenge: &serde_json::Value| {
        let with_challenge = with(purchase("1"), &json!({"challengeId": challenge}));
        authorise(&b, &theirs, &with_challenge).await["declineReason"].clone()
    };
    assert_eq!(declined(&challenge).await, declined(&json!(nobody)).await);
    let body = json!({"amount": "1"});
    let answer = call(&a, &card, "clear", &body).send().await;
    answer.is_invalid("currency is required. merchantName is required. mcc is required. channel is required");
    app.b().get(&format!("/v1/card/transactions/anna/{card}")).await.is_refused("P412");
    a.get(&format!("/v1/card/transactions/anna/{nobody}")).await.is_refused("P434");
    a.get(&format!("/v1/card/transactions/anna/{card}?cursor=AAAAAAAAAAAAAAAAAAAAAAAA"))
        .await
        .is_refused("P403");
    assert_eq!(funds(&a, "anna").await, ["60.00", "40.00"]);
    app.finish().await;
}
