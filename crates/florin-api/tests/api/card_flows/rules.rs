//! Limits and terms.

use super::*;
use crate::reference::agree;
use florin_api::kit::book::terms::TermName;
use florin_types::Timestamp;

fn limits(card: &str, [monthly, daily]: [u32; 2], [monthly_atm, daily_atm]: [u32; 2]) -> Value {
    json!({"externalUserId": "anna", "cardId": card, "monthlyTrxAll": monthly, "dailyTrxAll": daily,
        "monthlyTrxAtm": monthly_atm, "dailyTrxAtm": daily_atm, "monthlyTrxEcom": monthly, "dailyTrxEcom": daily / 2})
}

async fn set(client: &Client, body: &Value) {
    client.patch("/v1/card/limits", body).send().await.expect(200);
}

async fn outcome(client: &Client, card: &str, amount: &str, channel: &str) -> String {
    let body =
        with(purchase(amount), &json!({"channel": channel, "merchantName": "Florin Hotel", "pin": "4829"}));
    let answer = authorise(client, card, &body).await;
    answer["declineReason"].as_str().unwrap_or("APPROVED").to_owned()
}

#[tokio::test]
async fn limits_roll_and_know_their_channels() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "10000").await;
    set(&a, &limits(&card, [200, 100], [60, 40])).await;
    for (amount, channel, expected) in [
        ("40.01", "ATM", "DAILY_ATM_LIMIT"),
        ("40", "ATM", "APPROVED"),
        ("0.01", "ATM", "DAILY_ATM_LIMIT"),
        ("50.01", "ECOM", "DAILY_ECOM_LIMIT"),
        ("50", "ECOM", "APPROVED"),
        ("10.01", "POS", "DAILY_LIMIT"),
        ("10", "POS", "APPROVED"),
        ("0.01", "POS", "DAILY_LIMIT"),
    ] {
        assert_eq!(outcome(&a, &card, amount, channel).await, expected, "{amount} {channel}");
    }
    advance(&a, DAY - Duration::from_secs(1)).await;
    assert_eq!(outcome(&a, &card, "0.01", "POS").await, "DAILY_LIMIT");
    advance(&a, Duration::from_secs(1)).await;
    for (amount, channel, expected) in
        [("20.01", "ATM", "MONTHLY_ATM_LIMIT"), ("20", "ATM", "APPROVED"), ("80", "POS", "APPROVED")]
    {
        assert_eq!(outcome(&a, &card, amount, channel).await, expected, "{amount} {channel}");
    }
    advance(&a, DAY).await;
    assert_eq!(outcome(&a, &card, "0.01", "POS").await, "MONTHLY_LIMIT");
    // What was on hold expired after seven days, and counts no more.
    advance(&a, 6 * DAY).await;
    assert_eq!(outcome(&a, &card, "100", "POS").await, "APPROVED");
    app.finish().await;
}

#[tokio::test]
async fn what_is_let_go_counts_no_more_and_what_is_taken_does() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "1000").await;
    set(&a, &limits(&card, [100, 100], [0, 0])).await;
    let id = approved(&a, &card, "100").await;
    assert_eq!(outcome(&a, &card, "0.01", "POS").await, "DAILY_LIMIT");
    step(&a, &card, "reverse", (&id, Some("60"))).await;
    step(&a, &card, "clear", (&id, None)).await;
    step(&a, &card, "refund", (&id, None)).await;
    assert_eq!(outcome(&a, &card, "60.01", "POS").await, "DAILY_LIMIT", "a refund gives no limit back");
    assert_eq!(outcome(&a, &card, "60", "POS").await, "APPROVED");
    // Over the limit, and nobody can refuse it.
    step(&a, &card, "clear", (&id, Some("300"))).await;
    set(&a, &limits(&card, [200, 200], [0, 0])).await;
    assert_eq!(outcome(&a, &card, "0.01", "POS").await, "DAILY_LIMIT");
    set(&a, &limits(&card, [500, 500], [0, 0])).await;
    assert_eq!(outcome(&a, &card, "100", "POS").await, "APPROVED");
    assert_eq!(outcome(&a, &card, "0.01", "ATM").await, "DAILY_LIMIT");
    app.finish().await;
}

#[tokio::test]
async fn categories_and_countries_are_agreed() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "1000").await;
    let asked = |mcc: &str, country: &str| with(purchase("1"), &json!({"mcc": mcc, "country": country}));
    assert_eq!(authorise(&a, &card, &asked("7995", "TR")).await["status"], "APPROVED");
    agree(&app, TermName::CardBlockedCategories, "7995,6050-6051", Timestamp::from_micros(0)).await;
    agree(&app, TermName::CardBlockedCountries, "TR", Timestamp::from_micros(0)).await;
    for (mcc, country, expected) in [
        ("7995", "DE", json!("MERCHANT_BLOCKED")),
        ("6050", "DE", json!("MERCHANT_BLOCKED")),
        ("6052", "DE", Value::Null),
        ("5942", "TR", json!("COUNTRY_BLOCKED")),
        // What is agreed stands in place of the installation's list.
        ("5942", "RU", Value::Null),
    ] {
        let answer = authorise(&a, &card, &asked(mcc, country)).await;
        assert_eq!(answer["declineReason"], expected, "{mcc} {country}");
    }
    app.finish().await;
}
