//! How checkouts look.

use super::*;
use http::Method;

async fn put(client: &Client, body: &Value) -> crate::support::Answer {
    client.call(Method::PUT, "/v1/partner/branding").json(body).send().await
}

#[tokio::test]
async fn a_branding_is_set_and_replaced() {
    let app = TestApp::start().await;
    let a = app.a();
    let none = json!({
        "name": null, "logo": null, "primaryColor": null, "primaryTextColor": null, "accentColor": null,
    });
    assert_eq!(a.get("/v1/partner/branding").await.expect(200), none);
    // <svg xmlns="http://www.w3.org/2000/svg"></svg>
    let clean = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciPjwvc3ZnPg==";
    let body =
        json!({"name": "Bookshop", "logo": clean, "primaryColor": "#FFCC00", "accentColor": "#7a1fa2"});
    let set = put(&a, &body).await.expect(200);
    let expected = json!({
        "name": "Bookshop", "logo": clean, "primaryColor": "#ffcc00", "primaryTextColor": "#000000",
        "accentColor": "#7a1fa2",
    });
    assert_eq!(set, expected);
    assert_eq!(a.get("/v1/partner/branding").await.expect(200), expected);
    assert_eq!(app.b().get("/v1/partner/branding").await.expect(200), none);
    put(&a, &json!({"name": "Shop"})).await.expect(200);
    let shown = a.get("/v1/partner/branding").await.expect(200);
    assert_eq!((&shown["name"], &shown["logo"]), (&json!("Shop"), &json!(null)));
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_or_trusted_is_refused() {
    let app = TestApp::start().await;
    let a = app.a();
    for (field, wrong, message) in [
        (
            "accentColor",
            "#ffcc00",
            "accentColor must have a contrast with white of at least 4.5 to 1; it has 1.5",
        ),
        ("primaryColor", "yellow", "primaryColor must be a colour such as #0b5fff"),
        // <svg xmlns="http://www.w3.org/2000/svg"><script/></svg>
        (
            "logo",
            "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciPjxzY3JpcHQvPjwvc3ZnPg==",
            "logo must be an SVG without the element script",
        ),
        ("logo", "https://shop.example/logo.png", "logo must begin with data:image/png;base64,"),
    ] {
        let refused = put(&a, &json!({field: wrong})).await;
        refused.is_refused("P403");
        assert!(refused.text().contains(message), "{}", refused.text());
    }
    app.finish().await;
}
