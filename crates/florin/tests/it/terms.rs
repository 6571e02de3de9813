//! `florin partner terms`: what an operator agrees with a partner counts for its calls, and is in the audit.

use crate::restart::fails_plainly;
use crate::support::{Call, Client, Outcome, Server};
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
    let shown = terms(&server, &["show"]);
    assert!(shown.code == Some(0) && shown.stdout.lines().count() == 2, "{shown:?}");
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
