//! Method B: the link, the page behind it, and what follows.

use super::{passport, status, submit, told};
use crate::support::{Client, TestApp};
use http::Method;
use serde_json::{Value, json};

fn wanted(user: &str) -> Value {
    json!({
        "externalUserId": user, "documentType": "ID_CARD", "country": "GB", "incomeSource": "SALARY",
        "occupation": "IT", "openAccountReason": "DAILY_USE", "returnUrl": "https://partner.example/done?a=1&b=2",
    })
}

async fn create(client: &Client, user: &str) -> Value {
    client.post("/v1/kyc", &wanted(user)).send().await.expect(201)
}

/// The path of a link.
fn path_of(made: &Value) -> String {
    let url = made["redirectUrl"].as_str().expect("an address");
    url.strip_prefix("http://localhost").expect("this server's").to_owned()
}

#[tokio::test]
async fn a_link_is_a_secret_and_leads_to_a_page() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let made = create(&a, "anna").await;
    let id = made["verificationId"].as_str().expect("an id");
    assert_eq!(id.len(), 32);
    assert_eq!(made["expiresAt"], "2026-11-30T12:00:00.000Z");
    assert_eq!(path_of(&made), format!("/v1/kyc/verification/anna/{id}"));
    assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "PENDING", ""]);
    assert_eq!(status(&a, id).await, ["NOT_VERIFIED", "PENDING", ""]);
    assert_eq!(a.get(&format!("/v1/kyc/status/{id}")).await.json()["verificationId"], id);
    assert_eq!(status(&app.b(), id).await[0], "P412");
    let page = app.a().with_key(None).get(&path_of(&made)).await;
    assert_eq!(page.status, 200);
    let header = |name: &str| page.headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert_eq!(
        (header("referrer-policy"), header("cache-control")),
        ("no-referrer".into(), "no-store".into())
    );
    assert!(header("content-security-policy").starts_with("default-src 'none'; style-src 'nonce-"));
    assert!(page.text().contains("https://partner.example/done?a=1&#38;b=2"), "{}", page.text());
    assert!(!page.text().contains("anna") && !page.text().contains(id));
    app.finish().await;
}

#[tokio::test]
async fn whatever_does_not_fit_is_answered_alike() {
    let app = TestApp::start().await;
    let (a, b) = (app.a(), app.b());
    a.create_user("anna").await;
    a.create_user("bert").await;
    b.create_user("anna").await;
    let path = path_of(&create(&a, "anna").await);
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let open = a.with_key(None);
    let unknown = "0".repeat(32);
    let wrong = [
        format!("/v1/kyc/verification/bert/{id}"),
        format!("/v1/kyc/verification/nobody/{id}"),
        format!("/v1/kyc/verification/anna/{unknown}"),
        format!("/v1/kyc/verification/nobody/{unknown}"),
        format!("/v1/kyc/verification/anna/{}", id.to_uppercase().replace(char::is_numeric, "A")),
        "/v1/kyc/verification/anna/%00".to_owned(),
    ];
    let mut pages = Vec::new();
    for path in &wrong {
        let page = open.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        let nonce_free: String =
            page.text().split("nonce=\"").map(|part| &part[part.len().min(32)..]).collect();
        pages.push(nonce_free);
        let json = open.call(Method::GET, path).header("accept", "application/json").send().await;
        assert_eq!((json.status, json.code().as_str()), (404, "P445"), "{path}");
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]), "a page gives something away");
    // A new link takes the place of the one before.
    let newer = path_of(&create(&a, "anna").await);
    assert_eq!(open.get(&path).await.status, 404);
    assert_eq!(open.get(&newer).await.status, 200);
    assert_eq!(told(&a, "anna").await, ["kyc_verification.status NOT_VERIFIED PENDING"]);
    // It ends after a week.
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 7 * 86_400 - 1})).send().await.expect(200);
    assert_eq!(open.get(&newer).await.status, 200);
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 1})).send().await.expect(200);
    assert_eq!(open.get(&newer).await.status, 404);
    // And with the book.
    let newest = path_of(&create(&a, "anna").await);
    assert_eq!(open.get(&newest).await.status, 200);
    a.call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    assert_eq!(open.get(&newest).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn balances_come_with_the_user_verification() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let path = path_of(&create(&a, "anna").await);
    submit(&a, &passport("anna")).await.is_refused("P459");
    a.approve("anna").await;
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    assert_eq!(a.with_key(None).get(&path).await.status, 200);
    a.settle().await;
    assert_eq!(a.balances(Some("anna")).await["fiatBalances"], json!([]));
    a.fund(None, "10", "eur").await;
    a.transfer(None, Some("anna"), "1").send().await.is_refused("P459");
    a.post("/v1/kyc", &wanted("anna")).send().await.is_refused("P448");
    submit(&a, &passport("anna")).await.expect(201);
    assert_eq!(a.balances(Some("anna")).await["fiatBalances"][0]["status"], "WAITING_TO_BE_ACTIVATED");
    a.settle().await;
    a.pay(None, Some("anna"), "1").await;
    submit(&a, &passport("anna")).await.is_refused("P448");
    let expected = [
        "kyc_verification.status NOT_VERIFIED PENDING",
        "kyc_verification.status VERIFIED SUCCESSFUL",
        "user.status ACTIVE",
    ];
    assert_eq!(told(&a, "anna").await, expected);
    app.finish().await;
}

#[tokio::test]
async fn a_rejected_one_may_be_tried_again_by_either_method() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    create(&a, "anna").await;
    let no_face = json!({"decision": "REJECT", "rejectionReason": "NO_FACE_FOUND"});
    a.post("/v1/sandbox/kyc/anna", &no_face).send().await.expect(200);
    assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "REJECTED_BY_PROVIDER", "NO_FACE_FOUND"]);
    submit(&a, &passport("anna")).await.is_refused("P459");
    create(&a, "anna").await;
    assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "PENDING", ""]);
    super::send_passport(&a, "anna").await;
    submit(&a, &passport("anna")).await.expect(201);
    a.settle().await;
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    app.finish().await;
}

#[tokio::test]
async fn what_is_needed_depends_on_the_income() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    for (income, field, value) in [
        ("BUSINESS_ACTIVITY", "taxId", "5252248481"),
        ("SALARY", "occupation", "LEGAL_SERVICES"),
        ("OTHER", "additionalInfo", "Lottery"),
        ("MAINTAINED_BY_FAMILY", "additionalInfo", "Parents"),
        ("INVESTMENTS", "additionalInfo", "Shares"),
        ("SOCIAL_BENEFITS", "additionalInfo", "Pension"),
        ("TENANCY", "additionalInfo", "A flat"),
    ] {
        let mut body = wanted("anna");
        body["incomeSource"] = income.into();
        body.as_object_mut().expect("an object").remove("occupation");
        let refused = a.post("/v1/kyc", &body).send().await;
        assert_eq!(refused.code(), "P403");
        assert!(refused.text().contains(&format!("{field} is required when")), "{}", refused.text());
        body[field] = value.into();
        a.post("/v1/kyc", &body).send().await.expect(201);
    }
    for (field, value) in [
        ("returnUrl", "http://partner.example"),
        ("documentType", "LIBRARY_CARD"),
        ("openAccountReason", "INVESTMENTS_OR_CRYPTOCURRENCIES"),
        ("country", "UTO"),
    ] {
        let mut body = wanted("anna");
        body[field] = value.into();
        let refused = a.post("/v1/kyc", &body).send().await;
        assert_eq!(refused.code(), "P403", "{field}");
        assert!(refused.text().contains(&format!("\"{field} ")), "{}", refused.text());
    }
    a.post("/v1/kyc", &wanted("nobody")).send().await.is_refused("P412");
    app.finish().await;
}

/// Whatever the method, the new document's data count, and its date ends the verification.
#[tokio::test]
async fn an_expired_user_renews_by_a_page_and_the_new_document() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    create(&a, "anna").await;
    a.approve("anna").await;
    let mut data = passport("anna");
    data["documentExpirationDate"] = "2026-11-30".into();
    submit(&a, &data).await.expect(201);
    a.settle().await;
    a.fund(Some("anna"), "10", "eur").await;
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 8 * 86_400})).send().await.expect(200);
    assert_eq!(status(&a, "anna").await, ["EXPIRED", "SUCCESSFUL", ""]);
    create(&a, "anna").await;
    a.approve("anna").await;
    a.transfer(Some("anna"), None, "1").send().await.is_refused("P459");
    data["documentExpirationDate"] = "2026-12-31".into();
    submit(&a, &data).await.expect(201);
    a.pay(Some("anna"), None, "1").await;
    submit(&a, &data).await.is_refused("P448");
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 31 * 86_400})).send().await.expect(200);
    assert_eq!(status(&a, "anna").await, ["EXPIRED", "SUCCESSFUL", ""]);
    app.finish().await;
}
