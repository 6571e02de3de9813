//! What the payer's page is given.

use super::*;
use florin_api::kit::endpoint::failure::Failure;
use florin_api::payment_links::{PaymentLinkStatus, PaymentLinkType, payer::PayerView};

async fn view(app: &TestApp, id: &str) -> PayerView {
    payer::view(&app.app, id).await.expect("a view").expect("a link")
}

async fn refused(app: &TestApp, id: &str, currency: &str, network: &str) -> String {
    match payer::choose(&app.app, id, currency, network).await {
        Err(Failure::Refused(refusal)) => refusal.code.code.to_owned(),
        Err(Failure::Fault(fault)) => panic!("{fault}"),
        Ok(_) => panic!("{currency} was chosen"),
    }
}

#[tokio::test]
async fn a_payer_sees_chooses_and_pays() {
    let app = TestApp::start().await;
    let a = app.a();
    let branding = json!({"name": "Bookshop", "primaryColor": "#0b5fff"});
    a.call(http::Method::PUT, "/v1/partner/branding").json(&branding).send().await.expect(200);
    let body = json!({"amount": "4", "description": "Tickets", "successUrl": "https://shop.example/ok"});
    let made = a.post("/v1/payment-link/checkout", &body).send().await.expect(201);
    let id = made["paymentLinkId"].as_str().expect("an id");
    let new = view(&app, id).await;
    assert_eq!((new.kind, new.status), (PaymentLinkType::Checkout, PaymentLinkStatus::Active));
    assert_eq!((new.amount, new.missing, new.settled, new.can_choose), (400, 400, 0, true));
    assert_eq!(
        (new.description.as_deref(), new.success_url.as_deref()),
        (Some("Tickets"), Some("https://shop.example/ok"))
    );
    assert_eq!(new.branding.name.as_deref(), Some("Bookshop"));
    assert!(new.order.is_none() && new.transactions.is_empty());
    let offered: Vec<_> =
        new.offers.iter().map(|offer| (offer.currency.as_str(), offer.network.as_str())).collect();
    // On ethereum 5 usdc are the least.
    assert!(offered.contains(&("usdc", "polygon")) && offered.contains(&("btc", "btc")), "{offered:?}");
    assert!(!offered.contains(&("usdc", "ethereum")), "{offered:?}");
    let usdc =
        new.offers.iter().find(|offer| offer.network == "polygon" && offer.currency.as_str() == "usdc");
    assert_eq!(usdc.map(|offer| offer.required), Some(4_651_162));
    assert_eq!(refused(&app, id, "usdc", "ethereum").await, "P450");
    assert_eq!(refused(&app, id, "xyz", "ethereum").await, "P410");
    assert_eq!(refused(&app, id, "usdc", "btc").await, "P410");
    assert_eq!(refused(&app, id, "eur", "btc").await, "P457");
    let chosen =
        payer::choose(&app.app, id, "USDC", "Polygon").await.map_err(|_| "refused").expect("a choice");
    let order = chosen.order.expect("an order");
    assert_eq!(
        (chosen.status, order.required, order.missing),
        (PaymentLinkStatus::AwaitingPayment, 4_651_162, 4_651_162)
    );
    assert!(order.expires_at > Some(chosen.now) && order.required_confirmations == 32);
    let to = order.address.expect("an address");
    pay(&a, &to, "1", 1).await;
    let seen = view(&app, id).await;
    let order = seen.order.expect("an order");
    assert_eq!(
        (order.seen, order.received, order.missing, order.confirmations),
        (1_000_000, 0, 3_651_162, 1)
    );
    assert_eq!(
        (seen.status, seen.can_choose, seen.offers.len()),
        (PaymentLinkStatus::AwaitingConfirmation, false, 0)
    );
    assert_eq!(refused(&app, id, "btc", "btc").await, "P476");
    pay(&a, &to, "3.651162", 32).await;
    let paid = view(&app, id).await;
    assert_eq!((paid.status, paid.settled, paid.missing), (PaymentLinkStatus::Paid, 400, 0));
    assert_eq!(paid.transactions.len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_link_and_one_of_a_closed_book_show_nothing() {
    let app = TestApp::start().await;
    let a = app.a();
    for id in ["", "x", "00000000000000000000000000000001"] {
        assert!(payer::view(&app.app, id).await.expect("a view").is_none());
        assert_eq!(refused(&app, id, "usdc", "polygon").await, "P444");
    }
    let id = link(&a).await;
    a.post("/v1/sandbox/reset", &json!({})).send().await.expect(200);
    assert!(payer::view(&app.app, &id).await.expect("a view").is_none());
    assert_eq!(refused(&app, &id, "usdc", "polygon").await, "P444");
    app.finish().await;
}
