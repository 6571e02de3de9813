//! What is paid to links.

use super::*;

#[tokio::test]
async fn a_link_is_paid_exactly() {
    let app = TestApp::start().await;
    let a = app.a();
    let body = json!({
        "amount": 100, "currency": "EUR", "description": "Two tickets", "externalOrderId": "o-1",
        "payerEmail": "ada@example.com", "expiresInSeconds": 3600, "successUrl": "https://shop.example/ok",
        "failureUrl": "https://shop.example/no", "metadata": {"cart": "7", "a": ""},
    });
    let made = a.post("/v1/payment-link", &body).keyed("k").send().await.expect(201);
    let id = made["paymentLinkId"].as_str().expect("an id");
    let url = format!("{}/pay/{id}", app.app.settings.public_url);
    assert_eq!(made, json!({"paymentLinkId": id, "url": url, "expiresAt": "2026-11-23T13:00:00.000Z"}));
    assert_eq!(id.len(), 32);
    let mut expected = json!({
        "paymentLinkId": id, "type": "LINK", "status": ACTIVE, "amount": 100, "currency": "eur",
        "receivedAmount": 0, "settledAmount": 0, "selectedCurrency": null, "network": null, "walletAddress": null,
        "url": url, "expiresAt": "2026-11-23T13:00:00.000Z", "createdAt": "2026-11-23T12:00:00.000Z",
        "externalOrderId": "o-1", "transactions": [], "metadata": {"a": "", "cart": "7"},
    });
    assert_eq!(details(&a, id).await, expected);
    let (to, amount) = choose(&a, id, "usdc", "polygon").await;
    assert_eq!(amount, json!(116.279069));
    // The same choice is the same order.
    assert_eq!(choose(&a, id, "usdc", "polygon").await.0, to);
    expected["status"] = json!(WAITS);
    expected["selectedCurrency"] = json!("usdc");
    expected["network"] = json!("polygon");
    expected["walletAddress"] = json!(to);
    assert_eq!(details(&a, id).await, expected);
    pay(&a, &to, "116.279069", 1).await;
    assert_eq!(details(&a, id).await["status"], CONFIRMS);
    mine(&a, 31).await;
    let paid = details(&a, id).await;
    let hash = paid["transactions"][0]["transactionHash"].clone();
    expected["status"] = json!(PAID);
    expected["receivedAmount"] = json!(116.279069);
    expected["settledAmount"] = json!(100);
    expected["transactions"] = json!([{
        "transactionHash": hash, "amount": 116.279069, "currency": "usdc", "network": "polygon",
        "confirmations": 32, "status": "CONFIRMED", "settledAmount": 100, "isLate": false,
    }]);
    assert_eq!(paid, expected);
    assert_eq!(eur(&a).await, "100.00");
    let line = &a.history(None).await[0];
    assert_eq!(
        (&line["type"], &line["amount"], &line["reference"]),
        (&json!("PAYMENT_LINK"), &json!("100.00"), &json!(id))
    );
    // The order can be looked at by the id of its line, and has no events of its own.
    let order =
        a.get(&format!("/v1/order/details/{}", line["id"].as_str().expect("an id"))).await.expect(200);
    assert_eq!(order["status"], "COMPLETED");
    assert!(a.events().await.iter().all(|event| event["type"] != "order"));
    assert_eq!(statuses(&a, id).await, [WAITS, CONFIRMS, PAID]);
    // The end of its time changes nothing.
    advance(&a, 7_200).await;
    assert_eq!(statuses(&a, id).await.len(), 3);
    assert_eq!(details(&a, id).await["status"], PAID);
    app.finish().await;
}

#[tokio::test]
async fn parts_to_one_address_come_to_the_whole() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = link(&a).await;
    let (to, _) = choose(&a, &id, "usdc", "polygon").await;
    pay(&a, &to, "50", 32).await;
    let partly = details(&a, &id).await;
    assert_eq!((&partly["status"], &partly["settledAmount"]), (&json!(PARTLY), &json!(43)));
    pay(&a, &to, "66.279069", 32).await;
    assert_eq!((details(&a, &id).await["status"].clone(), eur(&a).await), (json!(PAID), "100.00".to_owned()));
    let told = told(&a, &id).await;
    let told: Vec<_> = told.iter().map(|(status, settled)| (status.as_str(), settled.as_str())).collect();
    assert_eq!(told, [(WAITS, "0"), (PARTLY, "43"), (PAID, "100")]);
    // Twice the whole: nothing is lost.
    pay(&a, &to, "116.279069", 32).await;
    let over = details(&a, &id).await;
    assert_eq!((&over["status"], &over["settledAmount"]), (&json!(PAID), &json!(199.99)));
    assert_eq!(eur(&a).await, "199.99");
    assert_eq!(statuses(&a, &id).await.last().map(String::as_str), Some(PAID));
    app.finish().await;
}

#[tokio::test]
async fn the_rest_is_chosen_anew_once_the_time_of_a_part_is_over() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = link(&a).await;
    let (first, _) = choose(&a, &id, "usdc", "polygon").await;
    pay(&a, &first, "50", 32).await;
    advance(&a, 901).await;
    let late = details(&a, &id).await;
    assert_eq!((&late["status"], &late["walletAddress"]), (&json!(PARTLY), &json!(first)));
    // EUR 57.00 are missing; one btc costs EUR 95,000 here.
    let (second, amount) = choose(&a, &id, "btc", "btc").await;
    let chosen = details(&a, &id).await;
    assert_eq!((&chosen["selectedCurrency"], &chosen["walletAddress"]), (&json!("btc"), &json!(second)));
    assert_eq!((&chosen["receivedAmount"], &chosen["settledAmount"]), (&json!(0), &json!(43)));
    let body = json!({
        "address": second, "currency": "btc", "network": "btc", "amount": amount, "confirmations": 2,
    });
    a.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
    let paid = details(&a, &id).await;
    assert_eq!(
        (&paid["status"], &paid["settledAmount"], &paid["receivedAmount"]),
        (&json!(PAID), &json!(100), &amount)
    );
    let currencies: Vec<_> = [0, 1].map(|number| paid["transactions"][number]["currency"].clone()).into();
    assert_eq!(currencies, [json!("usdc"), json!("btc")]);
    // What still comes to the first address is settled, too.
    pay(&a, &first, "10", 32).await;
    let over = details(&a, &id).await;
    assert_eq!((&over["settledAmount"], &over["transactions"][2]["isLate"]), (&json!(108.6), &json!(true)));
    assert_eq!(eur(&a).await, "108.60");
    app.finish().await;
}

#[tokio::test]
async fn who_has_paid_nothing_can_change_the_currency() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = link(&a).await;
    let (first, _) = choose(&a, &id, "usdc", "polygon").await;
    let (second, _) = choose(&a, &id, "usdc", "ethereum").await;
    assert_ne!(first, second);
    // The first address still pays the link.
    pay(&a, &first, "116.279069", 32).await;
    assert_eq!((details(&a, &id).await["status"].clone(), eur(&a).await), (json!(PAID), "100.00".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn a_link_that_has_expired_is_paid_late() {
    let app = TestApp::start().await;
    let a = app.a();
    let made = a.post("/v1/payment-link", &json!({"amount": "100", "expiresInSeconds": 600}));
    let id = made.send().await.expect(201)["paymentLinkId"].as_str().expect("an id").to_owned();
    let untouched = a.post("/v1/payment-link", &json!({"amount": "100", "expiresInSeconds": 600}));
    let untouched = untouched.send().await.expect(201)["paymentLinkId"].as_str().expect("an id").to_owned();
    let (to, _) = choose(&a, &id, "usdc", "polygon").await;
    // Who has chosen in time has its quarter of an hour.
    advance(&a, 601).await;
    assert_eq!(details(&a, &id).await["status"], WAITS);
    assert_eq!(details(&a, &untouched).await["status"], EXPIRED);
    assert_eq!(statuses(&a, &untouched).await, [EXPIRED]);
    advance(&a, 300).await;
    assert_eq!(details(&a, &id).await["status"], EXPIRED);
    a.post("/v1/sandbox/rates", &json!({"currency": "usdc", "rate": 0.5})).send().await.expect(200);
    pay(&a, &to, "16.279069", 32).await;
    let part = details(&a, &id).await;
    assert_eq!((&part["status"], &part["settledAmount"]), (&json!(EXPIRED), &json!(8.13)));
    pay(&a, &to, "100", 32).await;
    let paid = details(&a, &id).await;
    assert_eq!((&paid["status"], &paid["settledAmount"]), (&json!(PAID), &json!(58.13)));
    assert_eq!(eur(&a).await, "58.13");
    let told = told(&a, &id).await;
    let told: Vec<_> = told.iter().map(|(status, settled)| (status.as_str(), settled.as_str())).collect();
    assert_eq!(told, [(WAITS, "0"), (EXPIRED, "0"), (EXPIRED, "8.13"), (PAID, "58.13")]);
    app.finish().await;
}

#[tokio::test]
async fn what_is_paid_to_a_cancelled_link_is_settled() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = link(&a).await;
    let (to, _) = choose(&a, &id, "usdc", "polygon").await;
    cancel(&a, &id).await.expect(200);
    // It can be cancelled again, which changes nothing.
    cancel(&a, &id).await.expect(200);
    pay(&a, &to, "116.279069", 32).await;
    let paid = details(&a, &id).await;
    assert_eq!((&paid["status"], &paid["settledAmount"]), (&json!(CANCELLED), &json!(100)));
    assert_eq!(eur(&a).await, "100.00");
    let told = told(&a, &id).await;
    let told: Vec<_> = told.iter().map(|(status, settled)| (status.as_str(), settled.as_str())).collect();
    assert_eq!(told, [(WAITS, "0"), (CANCELLED, "0"), (CANCELLED, "100")]);
    app.finish().await;
}

/// On chains of Ethereum's kind an address is one of all currencies and networks.
#[tokio::test]
async fn another_currency_is_the_partners_and_pays_nothing() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = link(&a).await;
    let (to, _) = choose(&a, &id, "usdc", "polygon").await;
    let body = json!({
        "address": to, "currency": "usdt", "network": "polygon", "amount": "7", "confirmations": 32,
    });
    a.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
    let waits = details(&a, &id).await;
    assert_eq!((&waits["status"], &waits["transactions"]), (&json!(WAITS), &json!([])));
    assert_eq!((a.amount(None, "usdt").await, eur(&a).await), ("7.000000".to_owned(), "0.00".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn a_payment_that_leaves_its_chain_is_taken_back() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let id = link(&a).await;
    let (to, _) = choose(&a, &id, "usdc", "polygon").await;
    pay(&a, &to, "116.279069", 32).await;
    a.pay(None, Some("anna"), "30").await;
    let reorganise = json!({"network": "polygon", "depth": 40});
    a.post("/v1/sandbox/chain/reorganise", &reorganise).send().await.expect(200);
    let lost = details(&a, &id).await;
    assert_eq!((&lost["status"], &lost["settledAmount"]), (&json!(WAITS), &json!(0)));
    let line = a.history(None).await.into_iter().find(|line| line["type"] == "ADJUSTMENT");
    assert_eq!(line.expect("a line")["reference"], json!(id));
    // The next blocks have it: the debt of 30 is paid first.
    mine(&a, 32).await;
    assert_eq!((details(&a, &id).await["status"].clone(), eur(&a).await), (json!(PAID), "70.00".to_owned()));
    assert_eq!(statuses(&a, &id).await, [WAITS, PAID, WAITS, PAID]);
    app.finish().await;
}

/// The second order was for what was missing beside the first part: without that part it is not the whole.
#[tokio::test]
async fn a_link_is_not_paid_once_an_earlier_part_is_lost() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = link(&a).await;
    let (first, _) = choose(&a, &id, "usdc", "polygon").await;
    pay(&a, &first, "50", 32).await;
    advance(&a, 901).await;
    let (second, amount) = choose(&a, &id, "btc", "btc").await;
    let body = json!({
        "address": second, "currency": "btc", "network": "btc", "amount": amount, "confirmations": 2,
    });
    a.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
    assert_eq!(details(&a, &id).await["status"], PAID);
    let reorganise = json!({"network": "polygon", "depth": 40, "drops": true});
    a.post("/v1/sandbox/chain/reorganise", &reorganise).send().await.expect(200);
    let lost = details(&a, &id).await;
    assert_eq!((&lost["status"], &lost["settledAmount"]), (&json!(PARTLY), &json!(57)));
    app.finish().await;
}
