//! `florin partner terms`: what an operator agrees with a partner counts for its calls, and is in the audit.

use crate::restart::fails_plainly;
use crate::support::{Call, Client, Outcome, Server, person};
use serde_json::json;

async fn exchange_fee(client: &Client) -> String {
    let fees = client.get("/v1/reference/fees").await;
    let fees = fees["data"].as_array().expect("a list");
    let exchange = fees.iter().find(|fee| fee["operation"] == "EXCHANGE").expect("a fee");
    exchange["percentage"].to_string()
}

/// Runs it for the sandbox's partner.
fn terms(server: &Server, words: &[&str]) -> Outcome {
    let partner = &server.credentials().partner_id;
    server.command(&[&["partner", "terms"], words, &["--partner", partner]].concat())
}

fn set(server: &Server, words: &[&str]) -> Outcome {
    terms(server, &[&["set", "--operator", "olga"], words].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_count_at_once_and_after_a_reset() {
    let mut server = Server::start().await;
    let client = server.client();
    assert_eq!(exchange_fee(&client).await, "1.49");
    client.send(&Call::post("/v1/sandbox/clock/advance", &json!({"seconds": 86_400}))).await.expect(200);
    let done = set(&server, &["--name", "exchange_percentage", "--value", "0.99"]);
    assert!(done.code == Some(0) && done.stdout.contains("exchange_percentage = 0.99"), "{done:?}");
    let done = set(&server, &["--name", "withdrawal_fee", "--scope", "USDC/Polygon", "--value", "0.25"]);
    assert!(done.code == Some(0) && done.stdout.contains("withdrawal_fee usdc/polygon = 0.25"), "{done:?}");
    let audit = server.command(&["audit"]);
    assert!(audit.stdout.contains("terms.set") && audit.stdout.contains("olga"), "{audit:?}");
    // A running server looks a key up again after some seconds.
    server.stop();
    server.start_again().await;
    let client = server.client();
    assert_eq!(exchange_fee(&client).await, "0.99");
    client.send(&Call::post("/v1/sandbox/reset", &json!({}))).await.expect(200);
    assert_eq!(exchange_fee(&client).await, "0.99");
    let audit = server.command(&["audit"]);
    assert!(audit.stdout.contains("terms.set"), "a reset keeps what operators did: {audit:?}");
    let shown = terms(&server, &["show"]);
    assert!(shown.code == Some(0) && shown.stdout.lines().count() == 2, "{shown:?}");
    server.finish().await;
}

/// An older client's user, who has no date of birth.
async fn create_older(client: &Client, user: &str) {
    let mut body = person(user);
    body.as_object_mut().expect("an object").remove("birthDate");
    client.send(&Call::post("/v1/user/balances/crypto-and-fiat", &body)).await.expect(201);
    client.send(&Call::post("/v1/sandbox/clock/advance", &json!({"seconds": 1}))).await.expect(200);
}

async fn is_verified(client: &Client, user: &str) -> bool {
    let status = client.send(&Call::get(format!("/v1/kyc/status/{user}"))).await;
    status.status == 200 && status.expect(200)["verificationStatus"] == "VERIFIED"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_has_users_of_older_clients_verified_by_themselves() {
    let mut server = Server::start().await;
    create_older(&server.client(), "before").await;
    assert!(!is_verified(&server.client(), "before").await);
    let done = set(&server, &["--auto-verify"]);
    assert!(done.code == Some(0) && done.stdout.contains("auto_verify = ON"), "{done:?}");
    fails_plainly(
        &set(&server, &["--name", "auto_verify", "--value", "yes"]),
        &["--value must be on or off"],
    );
    server.stop();
    server.start_again().await;
    let client = server.client();
    // Unlike a partner's own setting, it outlives a reset.
    client.send(&Call::post("/v1/sandbox/reset", &json!({}))).await.expect(200);
    create_older(&client, "anna").await;
    assert!(is_verified(&client, "anna").await);
    client
        .send(&Call::bare("PUT", "/v1/sandbox/settings", Some(r#"{"autoVerify":false}"#.to_owned())))
        .await
        .expect(200);
    create_older(&client, "ben").await;
    assert!(!is_verified(&client, "ben").await, "the partner's own setting goes before");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_has_a_name() {
    let server = Server::start().await;
    for name in ["", "  ", &"x".repeat(141), "a\nb"] {
        fails_plainly(
            &server.command(&["partner", "create", "--name", name, "--operator", "olga"]),
            &["--name must", "--name can"],
        );
    }
    let listed = server.command(&["partner", "list"]);
    assert!(listed.code == Some(0) && listed.stdout.lines().count() == 1, "{listed:?}");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_that_cannot_be_are_refused_and_change_nothing() {
    let server = Server::start().await;
    for (words, said) in [
        (&["--name", "rent", "--value", "1"][..], "--name must be one of"),
        (&["--name", "exchange_percentage", "--value", "100.1"], "--value must be at most 100 per cent"),
        (&["--name", "withdrawal_fee", "--value", "1"], "--scope must be currency/network"),
        (&["--name", "card_monthly", "--value", "1", "--from", "2020-01-01T00:00:00Z"], "not be in the past"),
    ] {
        fails_plainly(&set(&server, words), &[said]);
    }
    let stranger = uuid::Uuid::nil().to_string();
    let outcome = server.command(&["partner", "terms", "show", "--partner", &stranger]);
    fails_plainly(&outcome, &["there is no partner"]);
    assert_eq!(terms(&server, &["show"]).stdout, "");
    server.finish().await;
}
