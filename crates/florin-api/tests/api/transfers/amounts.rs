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

/// No amount of any currency, whether sent bare or as a text.
const NO_AMOUNTS: &[&str] = &[
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
    "1 000",
    "eur 5",
    "5,0",
];

/// No amount either, and only thinkable as a text.
const NO_AMOUNT_TEXTS: &[&str] = &[
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

/// Too fine or too much for EUR: of a currency that is not known, that can't be said.
const NO_AMOUNTS_OF_EUR: &[&str] = &[
    "1.001",
    "0.001",
    "0.009",
    "1.005",
    "1.0000000000000000000001",
    "92233720368547758.08",
    "92233720368547759",
    "9223372036854775807",
    "18446744073709551616",
    "99999999999999999999999999",
];

const NO_NUMBERS: &[&str] = &["null", "true", "[]", "[1]", "{}"];

#[tokio::test]
async fn what_is_no_amount_is_p403() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let long = ["9".repeat(400), format!("1.{}1", "0".repeat(400)), "9".repeat(10_000)];
    let quoted = |text: &&str| json!(text).to_string();
    let bare = NO_AMOUNTS.iter().chain(NO_NUMBERS).map(|text| (*text).to_owned());
    let odd: Vec<String> = bare.chain(NO_AMOUNTS.iter().chain(NO_AMOUNT_TEXTS).map(quoted)).collect();
    let long = long.iter().map(String::as_str);
    let of_eur: Vec<&str> = NO_AMOUNTS_OF_EUR.iter().copied().chain(long).collect();
    let of_eur = of_eur.iter().flat_map(|text| [(*text).to_owned(), quoted(text)]);
    for amount in odd.iter().cloned().chain(of_eur) {
        assert_eq!(sent(&a, &amount, "\"eur\"").await, (400, "P403".to_owned()), "{amount}");
    }
    for amount in &odd {
        assert_eq!(sent(&a, amount, "\"xyz\"").await, (400, "P403".to_owned()), "{amount} of no currency");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_other_money_calls_read_amounts_alike() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    for path in ["/v1/sandbox/fund", "/v1/partner/transfer-master-balance"] {
        for amount in ["0", "-1", "1e3", "\"+5\"", "\"007\"", "\"1.001\"", "\"\"", "null", "true", "[1]"] {
            let body =
                format!(r#"{{"destinationExternalUserId":"anna","amount":{amount},"currency":"eur"}}"#);
            let answer = a.call(Method::POST, path).body(body).send().await;
            assert_eq!((answer.status, answer.code()), (400, "P403".to_owned()), "{path} {amount}");
        }
    }
    app.finish().await;
}

/// Great amounts are amounts: there is just not so much money.
#[tokio::test]
async fn more_than_there_is_is_p433() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    for amount in ["900000000000000.00", "\"900000000000000.00\"", "100.01", "101", "101.000", "\"100.0100\""]
    {
        assert_eq!(sent(&a, amount, "\"eur\"").await, (400, "P433".to_owned()), "{amount}");
    }
    a.fund(None, "10", "btc").await;
    assert_eq!(sent(&a, "10.00000001", "\"BTC\"").await, (400, "P433".to_owned()));
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
