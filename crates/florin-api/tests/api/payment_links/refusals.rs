//! What cannot be made, chosen or cancelled.

use super::*;

#[tokio::test]
async fn what_a_link_cannot_be() {
    let app = TestApp::start().await;
    let a = app.a();
    let long = "x".repeat(201);
    let many: serde_json::Map<String, Value> =
        (0..21).map(|number| (number.to_string(), json!(""))).collect();
    for (field, wrong, message) in [
        ("currency", json!("usdc"), "currency must be eur"),
        ("expiresInSeconds", json!(59), "expiresInSeconds must be from 60 to 5184000"),
        ("successUrl", json!("http://shop.example"), "successUrl must be an https address"),
        ("failureUrl", json!("javascript:alert(1)"), "failureUrl must be an https address"),
        ("metadata", json!([]), "metadata must be an object"),
        ("metadata", json!({"a": 1}), "metadata can have at most 20 names"),
        ("metadata", json!({"a": long}), "metadata can have at most 20 names"),
        ("metadata", json!({"": "a"}), "metadata can have at most 20 names"),
        ("metadata", Value::Object(many), "metadata can have at most 20 names"),
        ("description", json!(" "), "description"),
        ("payerEmail", json!("ada"), "payerEmail"),
    ] {
        for path in ["/v1/payment-link", "/v1/payment-link/checkout"] {
            let mut body = json!({"amount": "1"});
            body[field] = wrong.clone();
            let refused = a.post(path, &body).send().await;
            refused.is_refused("P403");
            assert!(refused.text().contains(message), "{}", refused.text());
        }
    }
    a.post("/v1/payment-link", &json!({"currency": "eur"})).send().await.is_refused("P403");
    app.finish().await;
}

#[tokio::test]
async fn a_link_that_has_ended_takes_no_choice() {
    let app = TestApp::start().await;
    let a = app.a();
    let refused = async |id: &str, currency: &str, why: &str| {
        let body = json!({"currency": currency, "network": currency});
        let answer = a.post(&format!("/v1/sandbox/payment-links/{id}/choose"), &body).send().await;
        answer.is_refused("P476");
        assert!(answer.text().contains(why), "{}", answer.text());
    };
    let id = link(&a).await;
    let (to, _) = choose(&a, &id, "usdc", "polygon").await;
    pay(&a, &to, "50", 1).await;
    refused(&id, "btc", "waits for its confirmations").await;
    cancel(&a, &id).await.is_refused("P476");
    mine(&a, 31).await;
    refused(&id, "btc", "to the address of the first part").await;
    cancel(&a, &id).await.is_refused("P476");
    pay(&a, &to, "70", 32).await;
    refused(&id, "btc", "it is paid").await;
    let id = link(&a).await;
    cancel(&a, &id).await.expect(200);
    refused(&id, "btc", "it is cancelled").await;
    let id = link(&a).await;
    advance(&a, 86_400).await;
    refused(&id, "btc", "it has expired").await;
    cancel(&a, &id).await.is_refused("P476");
    app.finish().await;
}

/// Each choice of another currency makes an address.
#[tokio::test]
async fn the_currency_can_be_changed_a_bounded_number_of_times() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = link(&a).await;
    for number in 0..20 {
        let (currency, network) = if number % 2 == 0 { ("usdc", "polygon") } else { ("btc", "btc") };
        choose(&a, &id, currency, network).await;
    }
    let body = json!({"currency": "usdc", "network": "polygon"});
    let path = format!("/v1/sandbox/payment-links/{id}/choose");
    a.post(&path, &body).send().await.is_refused("P476");
    app.finish().await;
}

/// The id is the secret that opens the page: nothing of it is in the database, nor what the partner said.
#[tokio::test]
async fn the_database_opens_no_page() {
    let app = TestApp::start().await;
    let a = app.a();
    let body = json!({"amount": "100", "description": "Verysecret", "metadata": {"a": "Verysecret"}});
    let made = a.post("/v1/payment-link", &body).send().await.expect(201);
    let id = made["paymentLinkId"].as_str().expect("an id").to_owned();
    let (to, _) = choose(&a, &id, "usdc", "polygon").await;
    pay(&a, &to, "50", 32).await;
    for (table, column) in
        [("payment_link", "sealed"), ("link_order", "memo"), ("event", "data"), ("journal", "memo")]
    {
        let kept = app.database().bytes(&format!("SELECT {column} FROM {table}")).await;
        assert!(!kept.is_empty(), "{table}");
        for bytes in kept {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!text.contains(&id) && !text.contains("Verysecret"), "{table}.{column}");
        }
    }
    app.finish().await;
}
