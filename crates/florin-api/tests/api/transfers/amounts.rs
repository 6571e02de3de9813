//! How amounts and currencies are read.

use super::with_two;
use crate::support::{Client, TestApp};
use http::Method;
use serde_json::json;

/// A transfer to Anna of an amount as it stands in the JSON text.
async fn sent(client: &Client, amount: &str, currency: &str) -> (u16, String) {
    let body = format!(r#"{{"destinationExternalUserId":"anna","amount":{amount},"currency":{currency}}}"#);
    let answer = client.call(Method::POST, "/v1/transfer").body(body).send().await;
    (answer.status, answer.code())
}

#[tokio::test]
async fn numbers_and_strings_are_read_exactly() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    for (index, amount) in ["0.01", "\"0.01\"", "0.010", "\"0.0100000000000000000000\""].iter().enumerate() {
        assert_eq!(sent(&a, amount, "\"eur\"").await.0, 201, "{amount}");
        assert_eq!(a.amount(Some("anna"), "eur").await, format!("0.0{}", index + 1));
    }
    for amount in ["0.3", "1.1", "\"2.2\"", "4.35", "8.67"] {
        assert_eq!(sent(&a, amount, "\"eur\"").await.0, 201, "{amount}");
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "16.66");
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_amount_is_p403() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let odd = [
        "0",
        "\"0\"",
        "0.00",
        "-1",
        "\"-1\"",
        "-0",
        "0.001",
        "\"1.005\"",
        "1e1",
        "\"1e1\"",
        "1E1",
        "\"+5\"",
        "\".5\"",
        "\"5.\"",
        "\"007\"",
        "\" 5\"",
        "\"5 \"",
        "\"\"",
        "\"5,0\"",
        "\"1_000\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"0x10\"",
        "\"٥\"",
        "null",
        "true",
        "[]",
        "{}",
        "92233720368547758.08",
        "\"99999999999999999999999999\"",
    ];
    for amount in odd {
        for currency in ["\"eur\"", "\"xyz\""] {
            let too_fine = ["0.001", "\"1.005\"", "92233720368547758.08", "\"99999999999999999999999999\""];
            if currency == "\"xyz\"" && too_fine.contains(&amount) {
                // Without a scale it can't be said.
                continue;
            }
            assert_eq!(sent(&a, amount, currency).await, (400, "P403".to_owned()), "{amount} {currency}");
        }
    }
    let long = format!("\"{}\"", "9".repeat(10_000));
    assert_eq!(sent(&a, &long, "\"eur\"").await, (400, "P403".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn the_scale_is_the_currencys() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    for (currency, finest, too_fine) in [
        ("eur", "0.01", "0.001"),
        ("usdc", "0.000001", "0.0000001"),
        ("usdt", "0.000001", "0.0000001"),
        ("btc", "0.00000001", "0.000000001"),
        ("doge", "0.00000001", "0.000000001"),
    ] {
        a.fund(None, "1", currency).await;
        let quoted = format!("\"{currency}\"");
        assert_eq!(sent(&a, too_fine, &quoted).await, (400, "P403".to_owned()), "{currency}");
        assert_eq!(sent(&a, finest, &quoted).await.0, 201, "{currency}");
        assert_eq!(a.amount(Some("anna"), currency).await, finest);
    }
    let answer = a.transfer(None, Some("anna"), "1.001").send().await;
    answer.is_invalid("amount can have at most 2 decimal places");
    app.finish().await;
}

#[tokio::test]
async fn a_currency_is_read_in_any_letter_case() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    for currency in ["eur", "EUR", "Eur", "eUR"] {
        assert_eq!(sent(&a, "1", &format!("\"{currency}\"")).await.0, 201, "{currency}");
    }
    for currency in ["xyz", "", " eur", "eur ", "euro", "€", "ＥＵＲ", "EUR\u{301}"] {
        assert_eq!(
            sent(&a, "1", &json!(currency).to_string()).await,
            (400, "P410".to_owned()),
            "{currency:?}"
        );
    }
    for currency in ["978", "null", "true", "[\"eur\"]", "{}"] {
        assert_eq!(sent(&a, "1", currency).await, (400, "P403".to_owned()), "{currency}");
    }
    app.finish().await;
}

/// What no account can hold is refused, and nothing wraps around.
#[tokio::test]
async fn more_than_an_account_can_take_is_refused() {
    let app = TestApp::start().await;
    let a = app.a();
    let most = "100000000000";
    let fund = || a.post("/v1/sandbox/fund", &json!({"amount": most, "currency": "usdc"})).send();
    let mut made = 0;
    while fund().await.status == 201 {
        made += 1;
        assert!(made < 100, "there is no end to it");
    }
    fund().await.is_invalid("amount is more than the account can take");
    assert_eq!(a.amount(None, "usdc").await, format!("{made}00000000000.000000"));
    assert_eq!(made, 92, "as many as 64 bits hold");
    let over = json!({"amount": "100000000000.000001", "currency": "usdc"});
    a.post("/v1/sandbox/fund", &over).send().await.is_refused("P403");
    app.finish().await;
}
