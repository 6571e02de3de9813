//! Rates: where they come from, and how a sandbox moves them.

use super::{exchange, lock, with_anna};
use crate::support::{Engine, Setup, TestApp, expect_errors};
use florin_api::kit::settings::{Rater, Settings};
use florin_rails::rates::{Board, EUR, Market, Quotes, Rates};
use florin_types::{CurrencyCode, Rate};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const RATES: &str = "/v1/exchange/get-rate";

#[tokio::test]
async fn rates_are_those_of_the_source() {
    let app = TestApp::start().await;
    let a = app.a();
    let expected =
        r#"{"eur":1,"btc":95000.5,"eth":2500.5,"ltc":80,"doge":0.15,"pol":0.4,"usdc":0.86,"usdt":0.86}"#;
    a.get(RATES).await.is(200, expected);
    a.get("/v1/partner/exchange/get-rate").await.is(200, expected);
    app.finish().await;
}

#[tokio::test]
async fn a_sandbox_sets_its_own_rates() {
    let app = TestApp::start().await;
    let (a, b) = (with_anna(&app).await, app.b());
    let set = |currency: &str, rate: Value| {
        a.post("/v1/sandbox/rates", &json!({"currency": currency, "rate": rate})).send()
    };
    set("BTC", json!("60000.12")).await.is(200, r#"{"message":"Rate of btc set to 60000.12"}"#);
    set("doge", json!(0.000000000001)).await.is_refused("P403");
    a.post("/v1/sandbox/rates", &json!({"currency": "doge", "rate": "0.000000000001"}))
        .send()
        .await
        .expect(200);
    let rates = a.get(RATES).await;
    assert!(rates.text().starts_with(r#"{"eur":1,"btc":60000.12,"eth":2500.5,"#), "{}", rates.text());
    assert!(rates.text().contains(r#""doge":0.000000000001"#), "{}", rates.text());
    assert_eq!(lock(&a, Some("anna")).await["rates"]["btc"], json!(60000.12));
    let balances = a.balances(Some("anna")).await;
    assert_eq!(balances["cryptoBalances"][0]["rate"], json!(60000.12));
    exchange(&a, Some("anna"), ("60.01", "eur", "btc")).await.expect(201);
    assert_eq!(b.get(RATES).await.expect(200)["btc"], json!(95000.5), "another sandbox has its own");
    for (currency, rate, why) in [
        ("eur", json!(2), "currency must not be eur: its rate is always 1"),
        ("btc", json!(0), "rate must be greater than zero"),
        ("btc", json!("-1"), "rate must be a positive decimal number"),
        ("btc", json!("0.0000000000001"), "rate can have at most 12 decimal places"),
        ("btc", json!("1000000000001"), "rate is too large"),
        ("btc", json!(true), "rate must be a decimal number"),
    ] {
        set(currency, rate).await.is_invalid(why);
    }
    set("xyz", json!(1)).await.is_refused("P403");
    let released = a.post("/v1/sandbox/rates", &json!({"currency": "doge"})).send().await;
    released.is(200, r#"{"message":"Rate of doge comes from the market again"}"#);
    assert_eq!(a.get(RATES).await.expect(200)["doge"], json!(0.15));
    a.post("/v1/sandbox/rates", &json!({"currency": "doge", "rat": "2"})).send().await.is_refused("P403");
    a.post("/v1/sandbox/reset", &json!({})).send().await.expect(200);
    assert_eq!(a.get(RATES).await.expect(200)["btc"], json!(95000.5), "a reset forgets them");
    assert_eq!(app.database().count("SELECT COUNT(*) FROM sandbox_rate").await, 0);
    app.finish().await;
}

#[tokio::test]
async fn a_simulated_market_moves_with_the_clock_of_the_book() {
    let levels: Rates = Settings::sandbox().reference.rates();
    let rate_source = Rater(Arc::new(Market::new(1, levels)));
    let settings = Settings { rate_source, ..Settings::sandbox() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let (a, b) = (with_anna(&app).await, app.b());
    let btc = async |client: &crate::support::Client| client.get(RATES).await.expect(200)["btc"].to_string();
    let before = btc(&a).await;
    assert_eq!(btc(&a).await, before, "time stands still");
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 3600})).send().await.expect(200);
    assert_ne!(btc(&a).await, before);
    assert_eq!(btc(&b).await, before);
    let rates = lock(&a, Some("anna")).await["rates"].clone();
    assert_eq!(rates["btc"].to_string(), btc(&a).await);
    exchange(&a, Some("anna"), ("10", "eur", "btc")).await.expect(201);
    app.finish().await;
}

/// Absent and old rates are P501, never a rate. A lock that was given in time is still good.
#[tokio::test]
async fn absent_and_old_rates_are_unavailable() {
    let board = Arc::new(Board::default());
    let settings = Settings { rate_source: Rater(Arc::<Board>::clone(&board)), ..Settings::sandbox() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let a = with_anna(&app).await;
    a.create_user("new").await;
    let paths = [RATES, "/v1/exchange/get-lock/anna", "/v1/user/balances/anna", "/v1/partner/balances"];
    for path in paths {
        a.get(path).await.is_refused("P501");
    }
    a.get("/v1/user/balances/new").await.expect(200);
    let codes = app.app.currencies.codes().into_iter().filter(|code| *code != EUR);
    let rates: Vec<(CurrencyCode, Rate)> = codes.map(|code| (code, Rate::ONE)).collect();
    let publish = |rates: &[(CurrencyCode, Rate)]| {
        let (rates, at) = (rates.to_vec(), app.app.wall());
        board.put(&Quotes { rates, at, max_age: Duration::from_secs(20) }, at);
    };
    publish(&rates);
    for path in paths {
        a.get(path).await.expect(200);
    }
    let lock = lock(&a, Some("anna")).await;
    app.clock.advance(Duration::from_secs(21));
    for path in paths {
        a.get(path).await.is_refused("P501");
    }
    super::under(&a, Some("anna"), ("1", "eur", "btc"), &lock).send().await.expect(201);
    // One that is there does not hide behind those that are not; balances show all, so they need all.
    let btc = CurrencyCode::new("btc");
    publish(&[(btc, Rate::ONE)]);
    a.get(RATES).await.is(200, r#"{"eur":1,"btc":1}"#);
    exchange(&a, Some("anna"), ("1", "eur", "btc")).await.expect(201);
    let refused = exchange(&a, Some("anna"), ("1", "eur", "eth")).await;
    refused.is_refused("P436");
    assert!(refused.text().contains("there was no rate of eth when it was given; get another lock"));
    a.get("/v1/user/balances/anna").await.is_refused("P501");
    expect_errors(&["there is no rate of btc", "the rate of btc is 21 s old", "the rate of eth is absent"]);
    // A rate that the sandbox has set needs no source.
    for (code, _) in &rates {
        a.post("/v1/sandbox/rates", &json!({"currency": code.as_str(), "rate": 2})).send().await.expect(200);
    }
    app.clock.advance(Duration::from_secs(21));
    assert_eq!(a.get(RATES).await.expect(200)["eth"], json!(2));
    // The end of the test reads the balances of both partners.
    publish(&rates);
    app.finish().await;
}

/// In live nobody sets rates, whatever was set before.
#[tokio::test]
async fn live_does_not_look_at_rates_that_a_sandbox_set() {
    let settings = Settings { rate_limit: None, ..Settings::live() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let book = app.database().count("SELECT MIN(book) FROM partner").await;
    let id = if crate::support::engine() == Engine::Sqlite {
        "zeroblob(16)"
    } else {
        r"'\x00000000000000000000000000000000'::bytea"
    };
    let row = format!("INSERT INTO sandbox_rate (book, id, rates) VALUES ({book}, {id}, 'btc=1')");
    app.database().tamper(&row).await;
    assert_eq!(app.a().get(RATES).await.expect(200)["btc"], json!(95000.5));
    app.finish().await;
}
