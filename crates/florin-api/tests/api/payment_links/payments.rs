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
