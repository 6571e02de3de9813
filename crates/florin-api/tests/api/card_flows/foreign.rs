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

/// What a user pays is rounded up, and what a user gets is rounded down: nobody makes money of fractions of a cent.
#[tokio::test]
async fn what_a_user_gets_is_rounded_down() {
    let app = TestApp::start().await;
    let (a, card) = with_card(&app, "100").await;
    let in_rupiah = |amount: &str| with(purchase(amount), &json!({"currency": "idr"}));
    // IDR 0.01 at 0.000052 is less than a cent: nothing comes of it.
    for _ in 0..3 {
        call(&a, &card, "refund", &in_rupiah("0.01")).send().await.expect(201);
    }
    assert_eq!(funds(&a, "anna").await, ["100.00", "0.00"]);
    let item = listed(&a, "anna", &card).await.pop().expect("an item");
    assert_eq!((&item["amount"], &item["merchantAmount"]), (&json!("0.00"), &json!("0.01")));
    // IDR 1,000.00 are EUR 0.052.
    call(&a, &card, "refund", &in_rupiah("1000")).send().await.expect(201);
    assert_eq!(funds(&a, "anna").await, ["100.05", "0.00"]);
    // IDR 10,000.00 cost EUR 0.527748 with the fee.
    let taken = call(&a, &card, "clear", &in_rupiah("10000")).send().await.expect(201);
    assert_eq!(funds(&a, "anna").await, ["99.52", "0.00"]);
    // Parts come back without the fractions, and the last with what is left of the whole.
    let id = taken["transactionId"].as_str().expect("an id");
    for (amount, has) in [("1", "99.52"), ("999", "99.57"), ("4000", "99.78"), ("4999", "100.04")] {
        step(&a, &card, "refund", (id, Some(amount))).await;
        assert_eq!(funds(&a, "anna").await, [has, "0.00"], "{amount}");
    }
    step(&a, &card, "refund", (id, None)).await;
    assert_eq!(funds(&a, "anna").await, ["100.05", "0.00"]);
    // A dispute of a part, and back.
    let taken = call(&a, &card, "clear", &in_rupiah("10000")).send().await.expect(201);
    let id = taken["transactionId"].as_str().expect("an id");
    step(&a, &card, "chargeback", (id, Some("5000"))).await;
    assert_eq!(funds(&a, "anna").await, ["99.78", "0.00"]);
    step(&a, &card, "represent", (id, None)).await;
    assert_eq!(funds(&a, "anna").await, ["99.52", "0.00"]);
    check_list(&a, "anna", &card).await;
    app.finish().await;
}
