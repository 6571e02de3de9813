//! The shapes of the answers: every field the contract names, and the texts that it fixes.

use crate::support::{CODES, CURRENCIES, Call, Client, Server, exact_fields, person, transfer_body};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn keys(value: &Value) -> BTreeSet<&str> {
    let object = value.as_object().unwrap_or_else(|| panic!("{value} is no object"));
    object.keys().map(String::as_str).collect()
}

fn has_exactly(value: &Value, fields: &str) {
    assert_eq!(keys(value), fields.split(' ').collect(), "{value}");
}

async fn two_users(client: &Client) {
    for id in ["anna", "bela"] {
        client.verified_user(id).await;
    }
    client.settled(&["anna", "bela"]).await;
    client.fund(None, "100", "eur").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fixed_texts() {
    let server = Server::start().await;
    let client = server.client();
    for (call, status, code, name, message) in [
        (
            Call::get("/v1/user/balances/nobody"),
            400,
            "P412",
            "invalid-user",
            r#"User does not exist: externalUserId \"nobody\""#,
        ),
        (
            Call::post("/v1/transfer", &json!({"amount": 1, "currency": "eur"})),
            400,
            "P424",
            "source-or-destination-required",
            "Source or destination must be provided.",
        ),
    ] {
        let answer = client.send(&call).await;
        let body = format!(r#"{{"errorCode":"{code}","errorName":"{name}","errorMessage":"{message}"}}"#);
        assert_eq!((answer.status, answer.text()), (status, body));
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
    }
    let invalid = client.send(&Call::post("/v1/transfer", &json!({"amount": 0, "currency": 5}))).await;
    has_exactly(&invalid.json(), "errorCode errorMessage");
    server.finish().await;
}

/// The refusals of onboarding and account management, one after another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_life_of_a_user() {
    let server = Server::start().await;
    let client = server.client();
    let create = |body: &Value| Call::post("/v1/user/balances/crypto-and-fiat", body);
    let patch = |path: &str, body: Value| Call::bare("PATCH", path, Some(body.to_string()));
    let decide = |body: Value| Call::post("/v1/sandbox/kyc/anna", &body);
    let mut body = person("anna");
    body["country"] = "KP".into();
    client.send(&create(&body)).await.expect_refusal("P431");
    body["country"] = "FR".into();
    body.as_object_mut().expect("an object").shift_remove("hasAcceptedP100Tc");
    let made = client.send(&create(&body)).await.expect(201);
    has_exactly(&made, "userId poaRequiredForExtended poaRequired");
    client.send(&create(&body)).await.expect_refusal("P411");
    assert_eq!(client.balances(Some("anna")).await["fiatBalances"], json!([]));
    assert_eq!(client.transfer(None, Some("anna"), "1", "eur").await.code(), "P459");
    client.send(&decide(json!({"decision": "APPROVE"}))).await.expect_refusal("P464");
    client
        .send(&patch("/v1/user/anna", json!({"hasAcceptedP100Tc": true, "firstName": "Anne"})))
        .await
        .expect(200);
    client.send(&decide(json!({"decision": "REJECT", "rejectionReason": "NO_FACE_FOUND"}))).await.expect(200);
    assert_eq!(client.transfer(None, Some("anna"), "1", "eur").await.code(), "P459");
    client.send(&decide(json!({"decision": "APPROVE"}))).await.expect(200);
    client.send(&patch("/v1/user/anna", json!({"firstName": "Anni"}))).await.expect_refusal("P448");
    client.send(&patch("/v1/user/anna", json!({"country": "IR"}))).await.expect_refusal("P431");
    client.fund(Some("anna"), "1", "eur").await;
    client.send(&Call::delete("/v1/user/anna")).await.expect_refusal("P456");
    for _ in 0..2 {
        client.send(&Call::bare("PATCH", "/v1/user/suspend/anna", None)).await.expect(200);
    }
    assert_eq!(client.transfer(Some("anna"), None, "1", "eur").await.code(), "P455");
    client.send(&Call::bare("PATCH", "/v1/user/unsuspend/anna", None)).await.expect(200);
    client.settled(&["anna"]).await;
    client.transfer(Some("anna"), None, "1", "eur").await.expect(201);
    client.send(&Call::delete("/v1/user/anna")).await.expect(200);
    client.send(&Call::delete("/v1/user/anna")).await.expect_refusal("P412");
    client.send(&create(&person("anna"))).await.expect_refusal("P411");
    client.send(&decide(json!({"decision": "APPROVE"}))).await.expect_refusal("P412");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_have_every_currency_and_network() {
    let server = Server::start().await;
    let client = server.client();
    two_users(&client).await;
    let user = client.balances(Some("anna")).await;
    assert_eq!(user, client.get("/v1/user/anna/balances").await, "the older path");
    has_exactly(&user, "userId poaRequired fiatBalances cryptoBalances");
    assert_eq!(user["poaRequired"], false);
    for answer in [&user, &client.balances(None).await] {
        let [fiat, crypto] =
            ["fiatBalances", "cryptoBalances"].map(|list| answer[list].as_array().expect("a list"));
        let names: Vec<&str> = fiat.iter().chain(crypto).filter_map(|item| item["name"].as_str()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>(), CURRENCIES.iter().map(|(slug, _)| slug).collect());
        assert_eq!(names.len(), CURRENCIES.len());
        for item in fiat {
            for field in ["id", "amount", "name", "rate", "iban", "status", "onHold", "total"] {
                assert!(item.get(field).is_some(), "no {field} in {item}");
            }
            assert_eq!(item["rate"], 1, "{item}");
        }
        for item in crypto {
            for field in ["id", "amount", "name", "wallet", "rate", "networkConfig", "onHold", "total"] {
                assert!(item.get(field).is_some(), "no {field} in {item}");
            }
            assert!(item["rate"].as_f64().is_some_and(|rate| rate > 0.0), "{item}");
            network_config(item);
        }
    }
    server.finish().await;
}

fn network_config(item: &Value) {
    let networks: &[(&str, &str)] = match item["name"].as_str() {
        Some("btc") => &[("btc", "test")],
        Some("ltc") => &[("ltc", "test")],
        Some("doge") => &[("doge", "test")],
        Some("eth") => &[("ethereum", "sepolia")],
        Some("pol") => &[("polygon", "amoy")],
        Some("usdc" | "usdt") => &[("ethereum", "sepolia"), ("polygon", "amoy")],
        _ => panic!("{item} is not of the contract"),
    };
    let config = &item["networkConfig"];
    assert_eq!(keys(config), networks.iter().map(|(network, _)| *network).collect(), "{item}");
    for (network, name) in networks {
        let one = &config[*network];
        assert_eq!((&one["mainnet"], &one["name"]), (&json!(false), &json!(name)), "{item}");
        assert!(one["withdrawal"]["feeWithdrawal"].is_number(), "{item}");
        assert!(one["withdrawal"]["minWithdrawal"].is_number(), "{item}");
        assert!(one["deposit"]["minDeposit"].is_number(), "{item}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_and_all_that_tells_of_it() {
    let server = Server::start().await;
    let client = server.client();
    two_users(&client).await;
    client.fund(Some("anna"), "40", "EUR").await;
    let mut body = transfer_body(Some("anna"), Some("bela"), "25.00", "Eur");
    body["reference"] = "rent".into();
    let made = client.send(&Call::post("/v1/transfer", &body)).await.expect(201);
    has_exactly(&made, "transferId");
    let id = made["transferId"].as_str().expect("an id");

    let answer = client.send(&Call::get(format!("/v1/transfer/details/{id}"))).await;
    let details = answer.expect(200);
    let fields = "id sourceEmail destinationEmail sourceExternalUserId destinationExternalUserId status \
                  amount currency reference createdAt";
    has_exactly(&details, &fields.split_whitespace().collect::<Vec<_>>().join(" "));
    assert_eq!(exact_fields(&answer.text())["amount"], "25");
    assert_eq!(details["currency"], "EUR");
    assert_eq!(details["sourceEmail"], "anna@example.com");

    for (user, amount, after, other) in
        [("anna", "-25.00", "15.00", "bela"), ("bela", "25.00", "25.00", "anna")]
    {
        let entry = client.history(Some(user)).await.remove(0);
        has_exactly(
            &entry,
            "id type status amount fee currency balanceAfter counterparty reference createdAt",
        );
        has_exactly(&entry["counterparty"], "type externalUserId name");
        assert_eq!(
            (&entry["id"], &entry["amount"], &entry["balanceAfter"]),
            (&json!(id), &json!(amount), &json!(after))
        );
        assert_eq!(
            (&entry["counterparty"]["externalUserId"], &entry["reference"]),
            (&json!(other), &json!("rent"))
        );
        assert_eq!(entry["createdAt"], details["createdAt"]);
    }

    let listed = client.get("/v1/events?after=0&limit=200&type=transfer").await;
    let rows = listed["data"].as_array().expect("a list");
    let row = rows.iter().find(|row| row["payload"]["id"] == id).expect("the transfer's event");
    has_exactly(row, "id sequence type path payload createdAt");
    assert_eq!(row["path"], "/transfer-webhook");
    assert_eq!((&row["payload"]["amount"], &row["payload"]["status"]), (&json!(25), &json!("SUCCESSFUL")));
    assert!(rows.iter().all(|row| row["type"] == "transfer"), "the filter by type leaves other events");
    server.finish().await;
}

/// `from` is inclusive, `to` exclusive, and a filter leaves what it names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_can_be_cut_by_time_currency_and_type() {
    let server = Server::start().await;
    let client = server.client();
    two_users(&client).await;
    for _ in 0..3 {
        client.fund(Some("anna"), "2", "eur").await;
        client.fund(Some("anna"), "2", "btc").await;
        client.transfer(Some("anna"), None, "1", "eur").await.expect(201);
        client.send(&Call::post("/v1/sandbox/clock/advance", &json!({"seconds": 60}))).await.expect(200);
    }
    let all = client.history(Some("anna")).await;
    assert_eq!(all.len(), 9);
    let times: Vec<&str> = all.iter().map(|row| row["createdAt"].as_str().expect("a time")).collect();
    let path = "/v1/user/transactions/anna";
    let (from, to) = (times[5], times[2]);
    let wanted: Vec<&Value> =
        all.iter().filter(|row| (from..to).contains(&row["createdAt"].as_str().unwrap())).collect();
    let shown = client.pages(&format!("{path}?from={from}&to={to}"), 2).await;
    assert_eq!(shown.iter().collect::<Vec<_>>(), wanted);
    for (filter, field, value) in [
        ("currency=btc", "currency", "btc"),
        ("type=ADJUSTMENT", "type", "ADJUSTMENT"),
        ("currency=EUR", "currency", "eur"),
    ] {
        let shown = client.pages(&format!("{path}?{filter}"), 2).await;
        let wanted: Vec<&Value> = all.iter().filter(|row| row[field] == value).collect();
        assert_eq!(shown.iter().collect::<Vec<_>>(), wanted, "{filter}");
    }
    assert_eq!(client.pages(&format!("{path}?status=PENDING"), 50).await, Vec::<Value>::new());
    server.finish().await;
}

/// A page goes on where it stopped, whatever has come since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_is_stable_while_new_rows_arrive() {
    let server = Server::start().await;
    let client = server.client();
    for _ in 0..7 {
        client.fund(None, "1", "eur").await;
    }
    let before = client.history(None).await;
    let mut seen = Vec::new();
    let mut path = "/v1/partner/transactions?limit=2".to_owned();
    loop {
        let page = client.get(&path).await;
        seen.extend(page["data"].as_array().expect("a list").iter().cloned());
        client.fund(None, "1", "eur").await;
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("/v1/partner/transactions?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, before);
    server.finish().await;
}

/// What is served beside the calls: reference data, the document of the API and its page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reference_data_and_documents() {
    let server = Server::start().await;
    let client = server.client();
    for path in ["countries", "currencies", "fees", "errors"] {
        client.get(&format!("/v1/reference/{path}")).await;
    }
    let errors = client.get("/v1/reference/errors").await.to_string();
    for (code, _, name) in CODES {
        assert!(errors.contains(code) && errors.contains(name), "/v1/reference/errors has no {code} {name}");
    }
    let currencies = client.get("/v1/reference/currencies").await.to_string();
    CURRENCIES.iter().for_each(|(slug, _)| assert!(currencies.contains(&format!("\"{slug}\"")), "{slug}"));
    let nobody = client.with_key(None);
    let document = nobody.get("/openapi.json").await;
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    for path in ["/v1/transfer", "/v1/events", "/v1/user/{externalUserId}", "/v1/sandbox/fund"] {
        assert!(document["paths"].get(path).is_some(), "{path} is not in the document");
    }
    let (mut page, mut path) = (nobody.send(&Call::get("/docs")).await, "/docs".to_owned());
    if (301..=308).contains(&page.status) {
        path = page.header("location").expect("a location").to_owned();
        page = nobody.send(&Call::get(&path)).await;
    }
    page.expect(200);
    let text = page.text();
    for outside in ["src=\"http", "src=\"//", "href=\"http", "href=\"//", "url(http"] {
        assert!(!text.contains(outside), "{path} loads something from elsewhere: {outside}");
    }
    nobody.send(&Call::get("/healthz")).await.expect(200);
    nobody.send(&Call::get("/readyz")).await.expect(200);
    server.finish().await;
}
