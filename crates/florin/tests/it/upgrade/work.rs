//! The old data can be used: money moves, reviews are decided, what waited comes, users go.

use super::before::Before;
use crate::support::{Call, Client, transfer_body};
use serde_json::{Value, json};
use std::path::Path;

/// What a recorded hold leaves the user of 95.00.
const AVAILABLE: &str = "57.50";

async fn advance(client: &Client, seconds: u64) {
    client.send(&Call::post("/v1/sandbox/clock/advance", &json!({"seconds": seconds}))).await.expect(200);
}

async fn status_of(client: &Client, user: &str) -> (Value, Value) {
    let status = client.get(&format!("/v1/kyc/status/{user}")).await;
    (status["verificationStatus"].clone(), status["attemptStatus"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_moves_between_old_accounts() {
    let before = Before::start().await;
    let client = before.client("first");
    let anna = client.balance(Some("anna"), "eur").await;
    client.verified_user("newcomer").await;
    let pairs = [
        (Some("anna"), Some("bela")),
        (Some("bela"), None),
        (None, Some("anna")),
        (Some("anna"), Some("newcomer")),
        (Some("newcomer"), Some("anna")),
    ];
    for (source, destination) in pairs {
        let mut body = transfer_body(source, destination, "0.40", "eur");
        body["reference"] = "after the upgrade, ąčęė".into();
        let made = client.send(&Call::post("/v1/transfer", &body)).await.expect(201);
        let id = made["transferId"].as_str().expect("an id");
        let details = client.get(&format!("/v1/transfer/details/{id}")).await;
        assert_eq!(details["reference"], body["reference"]);
        assert_eq!(details["sourceExternalUserId"], json!(source));
    }
    assert_eq!(client.balance(Some("anna"), "eur").await, anna);
    client.transfer(None, Some("finn"), "1", "eur").await.expect_refusal("P455");
    client.send(&Call::bare("PATCH", "/v1/user/unsuspend/finn", None)).await.expect(200);
    client.transfer(None, Some("finn"), "1", "eur").await.expect(201);
    client.transfer(Some("anna"), None, "0.00000001", "btc").await.expect(201);
    before.server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_held_stays_held() {
    let before = Before::start().await;
    let client = before.client("first");
    client.transfer(Some("hugo"), None, "57.51", "eur").await.expect_refusal("P433");
    client.send(&Call::delete("/v1/user/hugo")).await.expect_refusal("P456");
    client.transfer(Some("hugo"), Some("anna"), AVAILABLE, "eur").await.expect(201);
    client.transfer(Some("hugo"), None, "0.01", "eur").await.expect_refusal("P433");
    let balances = client.balances(Some("hugo")).await;
    let eur = &balances["fiatBalances"][0];
    assert_eq!(
        [&eur["amount"], &eur["onHold"], &eur["total"]],
        [&json!("0.00"), &json!("37.50"), &json!("37.50")]
    );
    client.send(&Call::delete("/v1/user/hugo")).await.expect_refusal("P456");
    before.server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviews_and_jobs_that_waited_go_on() {
    let before = Before::start().await;
    let client = before.client("first");
    let reviews = &before.recorded.reviews;
    before.decide(&reviews["ivan"], "approve");
    before.decide(&reviews["kara"], "question");
    let verified = (json!("VERIFIED"), json!("SUCCESSFUL"));
    assert_eq!(status_of(&client, "ivan").await, verified);
    client.settled(&["ivan"]).await;
    client.transfer(None, Some("ivan"), "3.21", "eur").await.expect(201);
    // The sandbox's own review of the next one was due a day later.
    let nora = client.balances(Some("nora")).await;
    assert_eq!(nora["fiatBalances"][0]["status"], "WAITING_TO_BE_ACTIVATED", "{nora}");
    assert_eq!(status_of(&client, "lena").await, (json!("NOT_VERIFIED"), json!("VERIFICATION")));
    advance(&client, 86_400).await;
    assert_eq!(status_of(&client, "lena").await, verified);
    // And so were the balances of an approved one.
    let nora = client.balances(Some("nora")).await;
    assert_eq!(nora["fiatBalances"][0]["status"], "ACTIVE", "{nora}");
    client.settled(&["lena", "nora"]).await;
    // What was sent in part is completed; what was rejected begins anew.
    for (user, parts) in [("dora", &["selfie"][..]), ("emil", &["front_id", "selfie"])] {
        let parts: Vec<_> = parts.iter().map(|part| ((*part).to_owned(), "selfie.jpg".to_owned())).collect();
        client.upload(user, &super::before::form(&parts)).await.expect(201);
        let said = json!({"externalUserId": user, "documentType": "PASSPORT", "documentNumber": "LT1",
            "documentExpirationDate": "2099-12-31", "documentIssuingCountry": "LT"});
        client.send(&Call::post("/v1/user/verification", &said)).await.expect(201);
        advance(&client, 1).await;
        client.settled(&[user]).await;
        assert_eq!(status_of(&client, user).await, verified);
    }
    // A document ends ninety days after the data were made.
    assert_eq!(status_of(&client, "mila").await, verified);
    advance(&client, 100 * 86_400).await;
    assert_eq!(status_of(&client, "mila").await, (json!("EXPIRED"), json!("SUCCESSFUL")));
    before.server.finish().await;
}

/// Whether the vault holds a file of this name.
fn is_in(folder: &Path, name: &str) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() { is_in(&path, name) } else { path.to_string_lossy().contains(name) }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_user_is_deleted_and_erased() {
    let before = Before::start().await;
    let client = before.client("first");
    let names: Vec<&str> = before.recorded.exports["anna"]
        .keys()
        .map(|file| file.split_once('-').and_then(|(_, name)| name.split('.').next()).expect("a name"))
        .collect();
    let vault = before.server.vault_dir();
    assert!(names.iter().all(|name| is_in(&vault, name)), "{names:?}");
    for currency in ["fiatBalances", "cryptoBalances"] {
        let balances = client.balances(Some("anna")).await;
        for item in balances[currency].as_array().expect("a list") {
            let (amount, name) =
                (item["amount"].as_str().expect("text"), item["name"].as_str().expect("text"));
            if amount.contains(|digit: char| digit.is_ascii_digit() && digit != '0') {
                client.transfer(Some("anna"), None, amount, name).await.expect(201);
            }
        }
    }
    client.send(&Call::delete("/v1/user/anna")).await.expect(200);
    advance(&client, 1).await;
    client.send(&Call::get("/v1/user/balances/anna")).await.expect_refusal("P412");
    assert!(names.iter().all(|name| !is_in(&vault, name)), "{names:?}");
    let history = client.history(Some("bela")).await;
    let with_anna: Vec<&Value> =
        history.iter().filter(|item| item["counterparty"]["externalUserId"] == "anna").collect();
    assert!(!with_anna.is_empty() && with_anna.iter().all(|item| item["counterparty"]["name"].is_null()));
    before.server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_books_are_reset() {
    let before = Before::start().await;
    let clients = ["first", "second"].map(|partner| before.client(partner));
    for client in &clients {
        client.send(&Call::post("/v1/sandbox/reset", &json!({}))).await.expect(200);
        assert_eq!(client.history(None).await, Vec::<Value>::new());
        client.send(&Call::get("/v1/user/balances/anna")).await.expect_refusal("P412");
        client.verified_user("anna").await;
        client.fund(Some("anna"), "3", "eur").await;
        client.transfer(Some("anna"), None, "1", "eur").await.expect(201);
        assert_eq!(client.balance(Some("anna"), "eur").await, 200);
    }
    // A repeat of the reset that the old server made does not reset again.
    let old = before.recorded.calls.iter().find(|call| call.path.ends_with("/reset")).expect("a reset");
    let again = clients[1].send(&Call::bare("POST", &old.path, None).keyed(&old.key)).await;
    assert!(again.replayed() && again.text() == old.answer, "{}", again.summary());
    assert_eq!(clients[1].balance(Some("anna"), "eur").await, 200);
    before.server.finish().await;
}
