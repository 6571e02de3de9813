//! The payer's page, as a browser opens it.

use super::*;
use crate::support::{Answer, Call};
use http_body_util::BodyExt;
use std::time::Duration;
use tower::ServiceExt;

/// What a browser sends: no key.
fn browser(app: &TestApp, method: http::Method, path: &str) -> Call {
    app.a().with_key(None).call(method, path).header("accept-language", "en-GB,en;q=0.9")
}

async fn open(app: &TestApp, path: &str) -> Answer {
    browser(app, http::Method::GET, path).send().await
}

async fn page(app: &TestApp, id: &str) -> String {
    let answer = open(app, &format!("/pay/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text().to_owned()
}

async fn post(app: &TestApp, id: &str, form: &str) -> Answer {
    let call = browser(app, http::Method::POST, &format!("/pay/{id}?lang=en"));
    call.typed("application/x-www-form-urlencoded", form).send().await
}

async fn checkout(client: &Client) -> String {
    let body = json!({
        "amount": "100", "description": "Tickets <b>&", "externalOrderId": "order-7",
        "successUrl": "https://shop.example/ok", "failureUrl": "https://shop.example/sorry",
    });
    let made = client.post("/v1/payment-link/checkout", &body).send().await.expect(201);
    made["paymentLinkId"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_payer_chooses_pays_and_gets_a_receipt() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = checkout(&a).await;
    let first = page(&app, &id).await;
    for text in ["100.00", "Tickets &#60;b&#62;&#38;", "order-7", "Bitcoin", "USD Coin", "116.279069"] {
        assert!(first.contains(text), "{text}\n{first}");
    }
    let chosen = post(&app, &id, "currency=usdc&network=polygon").await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "?lang=en"));
    let to = details(&a, &id).await["walletAddress"].as_str().expect("an address").to_owned();
    let waits = page(&app, &id).await;
    assert!(waits.contains(&to) && waits.contains("116.279069") && waits.contains("<svg"), "{waits}");
    let uri = format!("/transfer?address={to}&#38;uint256=116279069");
    assert!(waits.contains(&uri), "{waits}");
    // Another currency, and back.
    assert_eq!(post(&app, &id, "change=1").await.header("location"), "?lang=en&change=1");
    let again = open(&app, &format!("/pay/{id}?lang=en&change=1")).await;
    assert!(again.text().contains("Bitcoin") && again.text().contains("&amp;change=1"), "{}", again.text());
    // A part, the rest, and the blocks that confirm it.
    pay(&a, &to, "50", 32).await;
    let part = page(&app, &id).await;
    assert!(part.contains("66.279069") && part.contains(&to), "{part}");
    pay(&a, &to, "66.279069", 1).await;
    let seen = page(&app, &id).await;
    assert!(seen.contains("1 of 32"), "{seen}");
    mine(&a, 31).await;
    let paid = page(&app, &id).await;
    assert!(paid.contains("https://shop.example/ok") && paid.contains("116.279069"), "{paid}");
    assert_eq!(statuses(&a, &id).await.last().map(String::as_str), Some(PAID));
    // Nothing can be chosen any more.
    assert_eq!(post(&app, &id, "currency=btc&network=btc").await.status, 303);
    assert_eq!(details(&a, &id).await["status"], PAID);
    app.finish().await;
}

/// Who has chosen again after paying is shown what the payment lacks, and not the whole of the other choice.
#[tokio::test]
async fn a_payment_to_an_earlier_choice_is_completed_there() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = checkout(&a).await;
    let (to, _) = choose(&a, &id, "usdc", "polygon").await;
    let (other, _) = choose(&a, &id, "btc", "btc").await;
    assert!(page(&app, &id).await.contains(&other));
    // The part waits for its blocks: the rest is asked for already.
    for confirmations in [1, 32] {
        pay(&a, &to, "25", confirmations).await;
        let shown = page(&app, &id).await;
        assert!(shown.contains(&to) && !shown.contains(&other), "{shown}");
        assert_eq!(details(&a, &id).await["walletAddress"], to.as_str());
    }
    assert!(page(&app, &id).await.contains("66.279069"));
    pay(&a, &to, "66.279069", 32).await;
    let paid = page(&app, &id).await;
    assert!(paid.contains("https://shop.example/ok") && !paid.contains(&other), "{paid}");
    app.finish().await;
}

/// The partner cancels, and the payment comes all the same: the page says what became of it.
#[tokio::test]
async fn a_cancelled_page_hides_no_payment() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = checkout(&a).await;
    let (to, _) = choose(&a, &id, "usdc", "polygon").await;
    cancel(&a, &id).await.expect(200);
    assert!(page(&app, &id).await.contains("cancelled"));
    pay(&a, &to, "116.279069", 1).await;
    assert!(page(&app, &id).await.contains("1 of 32"));
    mine(&a, 31).await;
    let paid = page(&app, &id).await;
    assert!(paid.contains("116.279069") && !paid.contains("1 of 32"), "{paid}");
    app.finish().await;
}

#[tokio::test]
async fn each_end_has_its_screen_and_each_language_its_words() {
    let app = TestApp::start().await;
    let a = app.a();
    let cancelled = checkout(&a).await;
    cancel(&a, &cancelled).await.expect(200);
    let screen = page(&app, &cancelled).await;
    assert!(screen.contains("https://shop.example/sorry") && screen.contains("cancelled"), "{screen}");
    let id = checkout(&a).await;
    post(&app, &id, "currency=usdc&network=polygon").await;
    advance(&a, 901).await;
    let ended = page(&app, &id).await;
    assert!(ended.contains("name=\"change\""), "{ended}");
    let again = open(&app, &format!("/pay/{id}?change=1")).await;
    assert!(again.text().contains("Bitcoin"), "{}", again.text());
    advance(&a, 86_400 * 8).await;
    let over = page(&app, &id).await;
    assert!(over.contains("https://shop.example/sorry") && !over.contains("name=\"change\""), "{over}");
    for language in ["en", "de", "pl", "fr", "es", "it"] {
        let spoken = open(&app, &format!("/pay/{id}?lang={language}")).await;
        assert!(spoken.text().contains(&format!("<html lang=\"{language}\"")), "{}", spoken.text());
    }
    app.finish().await;
}

/// An unknown link, another's and one that is none are answered alike; no page is kept, framed or passed on.
#[tokio::test]
async fn a_page_guards_its_secret() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = checkout(&a).await;
    let unknown = open(&app, "/pay/00000000000000000000000000000001").await;
    for other in ["x", "0", "%00", &format!("{id}0"), "..%2f"] {
        let answer = open(&app, &format!("/pay/{other}")).await;
        assert_eq!((answer.status, answer.text()), (404, unknown.text()), "{other}");
    }
    for answer in [&unknown, &open(&app, &format!("/pay/{id}")).await] {
        let header = |name: &str| answer.header(name).to_owned();
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(
            (header("referrer-policy"), header("cache-control")),
            ("no-referrer".into(), "no-store".into())
        );
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
    }
    // A form of another site.
    let form =
        browser(&app, http::Method::POST, &format!("/pay/{id}")).header("sec-fetch-site", "cross-site");
    let form = form.typed("application/x-www-form-urlencoded", "currency=btc&network=btc").send().await;
    assert_eq!(form.status, 403);
    assert_eq!(details(&a, &id).await["status"], ACTIVE);
    // One address does not ask for ever.
    let mut last = 200;
    for _ in 0..300 {
        last =
            browser(&app, http::Method::GET, &format!("/pay/{id}")).at_peer("192.0.2.7").send().await.status;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
    assert_eq!(open(&app, &format!("/pay/{id}")).await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn a_checkout_has_its_partners_looks_and_files() {
    let app = TestApp::start().await;
    let a = app.a();
    let svg = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciPjxyZWN0IHdpZHRoPSI0IiBoZWlnaHQ9IjQiLz48L3N2Zz4=";
    let looks = json!({
        "name": "Bookshop", "primaryColor": "#0b5fff", "accentColor": "#7a1fa2",
        "logo": format!("data:image/svg+xml;base64,{svg}"),
    });
    a.call(http::Method::PUT, "/v1/partner/branding").json(&looks).send().await.expect(200);
    let id = checkout(&a).await;
    let shown = page(&app, &id).await;
    assert!(shown.contains("Bookshop") && shown.contains(&format!("/pay/{id}/logo")), "{shown}");
    let logo = open(&app, &format!("/pay/{id}/logo")).await;
    assert_eq!((logo.status, logo.header("content-type")), (200, "image/svg+xml"));
    assert!(logo.header("content-security-policy").ends_with("sandbox"));
    let colours = open(&app, &format!("/pay/{id}/brand.css")).await;
    assert_eq!((colours.status, colours.header("content-type")), (200, "text/css; charset=utf-8"));
    // A plain link has its partner's name alone.
    let plain = page(&app, &link(&a).await).await;
    assert!(
        plain.contains("Bookshop") && !plain.contains("/logo") && !plain.contains("brand.css"),
        "{plain}"
    );
    // Every file that a page names is there.
    let files = plain.split('"').filter(|text| text.starts_with("/pay/assets/"));
    let mut count = 0;
    for file in files {
        assert_eq!(open(&app, file).await.status, 200, "{file}");
        count += 1;
    }
    assert!(count >= 3);
    app.finish().await;
}

/// The stream sends the present screen at once.
#[tokio::test]
async fn a_page_is_followed() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = checkout(&a).await;
    let first = async |path: String| {
        let request = http::Request::get(path).body(axum::body::Body::empty()).expect("a request");
        let response = a.router().oneshot(request).await.expect("a router answers");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut body = response.into_body();
        let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.expect("in time");
        let frame = frame.expect("a piece").expect("no fault").into_data().expect("data");
        String::from_utf8(frame.to_vec()).expect("text")
    };
    let sent = first(format!("/pay/{id}/live?lang=de")).await;
    assert!(sent.starts_with("event: live\ndata: ") && sent.contains("Bitcoin"), "{sent}");
    post(&app, &id, "currency=usdc&network=polygon").await;
    assert!(first(format!("/pay/{id}/live?lang=de")).await.contains("116.279069"));
    let changing = first(format!("/pay/{id}/live?lang=de&change=1")).await;
    assert!(changing.contains("Bitcoin"), "{changing}");
    assert_eq!(open(&app, "/pay/00000000000000000000000000000001/live").await.status, 404);
    app.finish().await;
}
