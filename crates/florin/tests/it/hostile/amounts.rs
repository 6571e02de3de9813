//! Odd numbers, as JSON number and as text: only what the contract calls an amount is one.

use super::{Stage, transfer_text};
use crate::support::transfer_body;
use serde_json::json;

/// No amount of EUR, whether sent bare or as a text.
const NO_AMOUNTS: [&str; 40] = [
    "0",
    "0.0",
    "0.00",
    "-0",
    "-0.0",
    "-1",
    "-1.00",
    "--1",
    "1e3",
    "1E3",
    "1e0",
    "1e-2",
    "1.5e1",
    "1e400",
    "+5",
    ".5",
    "5.",
    "007",
    "00",
    "01.00",
    "-01",
    "1_000",
    "1,000",
    "1,5",
    "1.0.0",
    "0x10",
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "1.001",
    "0.001",
    "0.009",
    "1.0000000000000000000001",
    "92233720368547758.08",
    "92233720368547759",
    "9223372036854775807",
    "18446744073709551616",
    "1 000",
    "eur 5",
];

/// No amount either, and only thinkable as a text.
const NO_AMOUNT_TEXTS: [&str; 14] = [
    "",
    " ",
    " 5",
    "5 ",
    "5\u{a0}",
    "-",
    ".",
    "+",
    "5\u{20ac}",
    "\u{0665}",
    "\u{ff15}",
    "\u{2212}5",
    "five",
    "1\u{2009}000",
];

async fn refused(stage: &Stage, path: &str, body: &str) {
    stage.attack_post(body, path, body.as_bytes(), &["P403"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_amount_is_p403() {
    let stage = Stage::set().await;
    let long = ["9".repeat(400), format!("1.{}1", "0".repeat(400)), format!("-{}", "1".repeat(400))];
    for amount in NO_AMOUNTS.into_iter().chain(long.iter().map(String::as_str)) {
        refused(&stage, "/v1/transfer", &transfer_text(&[("amount", Some(amount))])).await;
        let text = json!(amount).to_string();
        refused(&stage, "/v1/transfer", &transfer_text(&[("amount", Some(&text))])).await;
    }
    for amount in NO_AMOUNT_TEXTS {
        let text = json!(amount).to_string();
        refused(&stage, "/v1/transfer", &transfer_text(&[("amount", Some(&text))])).await;
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_money_calls_read_amounts_alike() {
    let stage = Stage::set().await;
    for amount in ["0", "-1", "1e3", "\"+5\"", "\"007\"", "\"1.001\"", "\"\"", "null", "true", "[1]"] {
        let fund = format!("{{\"amount\":{amount},\"currency\":\"eur\"}}");
        refused(&stage, "/v1/sandbox/fund", &fund).await;
        let master = transfer_text(&[("sourceExternalUserId", None), ("amount", Some(amount))]);
        refused(&stage, "/v1/partner/transfer-master-balance", &master).await;
    }
    for (currency, amount) in [("btc", "0.000000001"), ("usdc", "0.0000001"), ("btc", "92233720368.54775808")]
    {
        let quoted = json!(currency).to_string();
        let body = transfer_text(&[("amount", Some(amount)), ("currency", Some(&quoted))]);
        refused(&stage, "/v1/transfer", &body).await;
    }
    stage.end().await;
}

/// Great amounts are amounts: there is just not so much money.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_edges_of_what_is_an_amount() {
    let stage = Stage::set().await;
    for amount in ["900000000000000.00", "\"900000000000000.00\"", "10.01", "11", "11.000", "\"10.0100\""] {
        let body = transfer_text(&[("amount", Some(amount))]);
        stage.attack_post(&body, "/v1/transfer", body.as_bytes(), &["P433"]).await;
    }
    let satoshi = transfer_text(&[("amount", Some("10.00000001")), ("currency", Some("\"BTC\""))]);
    stage.attack_post(&satoshi, "/v1/transfer", satoshi.as_bytes(), &["P433"]).await;
    stage.end().await;
}

/// Nobody can own more than fits: refused at some point, and the books stay right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_do_not_overflow() {
    let stage = Stage::set().await;
    let fund = json!({"amount": "900000000", "currency": "doge", "externalUserId": "anna"}).to_string();
    let step = 90_000_000_000_000_000;
    let mut owned = 0;
    loop {
        let request = stage.post("/v1/sandbox/fund", fund.as_bytes());
        let answer = stage.attack("more and more", "POST", request, &FUNDED_OR_NOT).await.expect("an answer");
        if answer.status != 201 {
            break;
        }
        owned += step;
        assert!(owned <= i128::from(i64::MAX), "more money than fits");
    }
    assert!(owned > 0, "no funding at all");
    assert_eq!(stage.client.balance(Some("anna"), "doge").await, owned);
    let all = transfer_body(Some("anna"), None, "900000000", "doge").to_string();
    stage.attack_post(&all, "/v1/transfer", all.as_bytes(), &["201"]).await;
    assert_eq!(stage.client.balance(Some("anna"), "doge").await, owned - step);
    assert_eq!(stage.client.balance(None, "doge").await, step);
    stage.server.finish().await;
}

/// The contract does not say which refusal.
const FUNDED_OR_NOT: [&str; 3] = ["201", "P403", "P433"];
