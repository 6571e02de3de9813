//! Reference data, section 7.

use crate::support::{Client, TestApp};
use florin_api::kit::book::audit::Deed;
use florin_api::kit::book::registry::book_of;
use florin_api::kit::book::set_terms::set_terms;
use florin_api::kit::book::terms::{Term, TermName};
use florin_types::{Text, Timestamp};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn rows(client: &Client, name: &str) -> Vec<Value> {
    let answer = client.get(&format!("/v1/reference/{name}")).await.expect(200);
    assert_eq!(answer.as_object().expect("an object").len(), 1);
    answer["data"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn countries_say_what_residence_means() {
    let app = TestApp::start().await;
    let countries = rows(&app.a(), "countries").await;
    assert_eq!(countries.len(), 250);
    let codes = |field: &str, value: bool| -> String {
        let with =
            countries.iter().filter(|country| country[field] == value && country["countsAs"].is_null());
        let mut codes: Vec<_> = with.map(|country| country["code"].as_str().expect("a code")).collect();
        codes.sort_unstable();
        codes.join(" ")
    };
    let ibans = "AM AT AZ BE BG CH CY CZ DE DK EE ES FI FR GB GE GR HR HU IE IL IN IS IT LI LT LU LV MD MT NL NO PL PT \
                 RO SE SI SK UA";
    assert_eq!(codes("iban", true), ibans);
    let union = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";
    assert_eq!(codes("cards", true), union);
    assert_eq!(codes("accepted", false), "AF BY CU IR KP MM RU SD SY");
    assert_eq!(codes("poaRequired", true), "AM AR AZ GE IL MD UA");
    for (region, parent) in
        [("GP", "FR"), ("GF", "FR"), ("MQ", "FR"), ("RE", "FR"), ("MF", "FR"), ("SJ", "NO")]
    {
        let row = countries.iter().find(|country| country["code"] == region).expect("a region");
        assert_eq!((&row["countsAs"], &row["iban"]), (&json!(parent), &json!(true)));
    }
    app.finish().await;
}

#[tokio::test]
async fn currencies_fees_and_errors_are_the_contracts() {
    let app = TestApp::start().await;
    let a = app.a();
    let currencies = rows(&a, "currencies").await;
    let scales: Vec<_> =
        currencies.iter().map(|c| (c["code"].as_str().unwrap_or_default(), c["decimals"].clone())).collect();
    let expected =
        [("eur", 2), ("btc", 8), ("eth", 8), ("ltc", 8), ("doge", 8), ("pol", 8), ("usdc", 6), ("usdt", 6)];
    assert_eq!(scales, expected.map(|(code, decimals)| (code, json!(decimals))));
    let fees = rows(&a, "fees").await;
    let sepa = json!({
        "operation": "SEPA_TRANSFER", "currency": "eur", "network": null, "percentage": 0.1, "minimum": 1,
        "fixed": null,
    });
    assert_eq!(fees[0], sepa);
    let errors = rows(&a, "errors").await;
    let p412 = errors.iter().find(|error| error["errorCode"] == "P412").expect("P412");
    assert_eq!(
        (&p412["errorName"], &p412["errorMessage"]),
        (&json!("invalid-user"), &json!("User does not exist"))
    );
    let p403 = errors.iter().find(|error| error["errorCode"] == "P403").expect("P403");
    assert_eq!(p403["errorName"], Value::Null);
    assert_eq!(errors.len(), 59);
    app.finish().await;
}

/// Agrees with the first partner on the fee of exchanges from a time on.
pub async fn agree_on_exchange_fee(app: &TestApp, percentage: &str, effective_from: Timestamp) {
    agree(app, TermName::ExchangePercentage, percentage, effective_from).await;
}

/// Agrees with the first partner on a term from a time on.
pub async fn agree(app: &TestApp, name: TermName, value: &str, effective_from: Timestamp) {
    let partner = app.partners[0];
    let book = book_of(&app.app.store, partner).await.expect("a read").expect("a book");
    let term = Term {
        name,
        scope: String::new(),
        effective_from,
        set_at: app.app.wall(),
        value: value.to_owned(),
        operator: "olga".to_owned(),
    };
    let by = Text::parse("olga").expect("a name");
    let deed = Deed { operator: by, action: "terms.set", object: partner, detail: name.to_string() };
    set_terms(&app.app, book, partner, term, deed).await.expect("a command");
}

/// Terms belong to one partner, count from a time of its book, and are in the audit.
#[tokio::test]
async fn a_partners_terms_count_from_their_time() {
    let app = TestApp::start().await;
    let (a, b) = (app.a(), app.b());
    let exchange = async |client: &Client| {
        let fees = rows(client, "fees").await;
        let of_exchange = |fee: &&Value| fee["operation"] == "EXCHANGE";
        fees.iter().find(of_exchange).expect("a fee")["percentage"].to_string()
    };
    agree_on_exchange_fee(&app, "0.99", app.app.wall().saturating_add(Duration::from_secs(3_600))).await;
    assert_eq!((exchange(&a).await, exchange(&b).await), ("1.49".to_owned(), "1.49".to_owned()));
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 3_600})).send().await.expect(200);
    assert_eq!((exchange(&a).await, exchange(&b).await), ("0.99".to_owned(), "1.49".to_owned()));
    // The terms are the partner's, not the book's.
    a.call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    assert_eq!(exchange(&a).await, "1.49", "the new book's clock is the wall's again");
    app.finish().await;
}
