//! Purchases in other currencies: the rate, the fee, and that parts cost the whole.

use super::*;
use crate::reference::agree;
use florin_api::kit::book::terms::TermName;
use florin_types::Timestamp;

fn in_usd(amount: &str) -> Value {
    with(purchase(amount), &json!({"currency": "USD", "country": "US"}))
}

#[tokio::test]
async fn a_foreign_purchase_has_its_rate_and_fee() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    // USD 100.00 at 0.86 are EUR 86.00, and 1.49 % of that are 1.2814.
    let answer = authorise(&a, &card, &in_usd("100")).await;
    assert_eq!(answer["approvedAmount"], "100.00");
    assert_eq!(funds(&a, "anna").await, ["12.71", "87.29"]);
    let id = answer["transactionId"].as_str().expect("an id");
    for amount in ["33.33", "33.33", "33.34"] {
        step(&a, &card, "clear", (id, Some(amount))).await;
    }
    assert_eq!(funds(&a, "anna").await, ["12.71", "0.00"]);
    let item = &listed(&a, "anna", &card).await[1];
    let said =
        ["amount", "currency", "merchantAmount", "merchantCurrency", "fee"].map(|field| item[field].clone());
    assert_eq!(said, ["29.10", "eur", "33.33", "usd", "0.43"].map(|text| json!(text)));
    assert_eq!(item["rate"].to_string(), "0.86");
    let line = &a.history(Some("anna")).await[0];
    assert_eq!((&line["amount"], &line["fee"]), (&json!("-86.00"), &json!("1.29")));
    step(&a, &card, "refund", (id, Some("50"))).await;
    step(&a, &card, "refund", (id, None)).await;
    assert_eq!(funds(&a, "anna").await, ["100.00", "0.00"], "a refund gives the fee back");
    check_list(&a, "anna", &card).await;
    app.finish().await;
}

#[tokio::test]
async fn a_fee_is_agreed_and_a_part_is_afforded() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "10").await;
    agree(&app, TermName::CardForeignPercentage, "2", Timestamp::from_micros(0)).await;
    let body = with(in_usd("100"), &json!({"partialApproval": true}));
    // USD 11.40 cost 10.00008, so 11.39 are all that is there.
    let answer = authorise(&a, &card, &body).await;
    assert_eq!(answer["approvedAmount"], "11.39");
    assert_eq!(funds(&a, "anna").await, ["0.00", "10.00"]);
    let yen = with(purchase("1000"), &json!({"currency": "jpy"}));
    a.fund(Some("anna"), "10", "eur").await;
    // JPY 1,000 at 0.0055 are EUR 5.50, with the fee 5.61.
    assert_eq!(authorise(&a, &card, &yen).await["approvedAmount"], "1000");
    assert_eq!(funds(&a, "anna").await, ["4.39", "15.61"]);
    let cents = with(purchase("10.5"), &json!({"currency": "jpy"}));
    call(&a, &card, "authorize", &cents).send().await.is_refused("P403");
    let unknown = with(purchase("1"), &json!({"currency": "btc"}));
    call(&a, &card, "authorize", &unknown).send().await.is_refused("P403");
    app.finish().await;
}
