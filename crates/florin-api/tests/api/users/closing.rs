//! Deleting, and what is left of a user afterwards.

use crate::kyc::{passport, send_passport, submit};
use crate::support::{Client, Ids, Setup, TestApp, names, person, request_of};
use florin_api::endpoints;
use florin_api::kit::endpoint::table::Access;
use florin_api::kit::settings::Settings;
use florin_document::{Kind, samples};
use florin_ledger::{AccountKey, AccountKind, Capture, Posting, RecordKind, Rest};
use florin_store::{Answer, BookId, Stop, StoreError, Touch, Tx};
use florin_types::CurrencyCode;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Anna has paid Ben with a reference, and has nothing left.
async fn with_history(app: &TestApp) -> (Client, String) {
    let a = app.a();
    a.verified_user("anna").await;
    a.verified_user("ben").await;
    a.fund(Some("anna"), "10", "eur").await;
    let body = json!({
        "sourceExternalUserId": "anna", "destinationExternalUserId": "ben", "amount": "10", "currency": "eur",
        "reference": "for the piano",
    });
    let made = a.post("/v1/transfer", &body).send().await.expect(201);
    (a, made["transferId"].as_str().expect("an id").to_owned())
}

#[tokio::test]
async fn money_left_is_p456_in_any_currency() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    for currency in ["eur", "btc", "usdt"] {
        let id = a.fund(Some("anna"), "0.01", currency).await;
        a.delete("/v1/user/anna").await.is_refused("P456");
        let back = json!({"sourceExternalUserId": "anna", "amount": "0.01", "currency": currency});
        a.post("/v1/transfer", &back).send().await.expect(201);
        a.get(&format!("/v1/transfer/details/{id}")).await.expect(200);
    }
    a.delete("/v1/user/anna").await.is(200, r#"{"message":"User deleted successfully"}"#);
    app.finish().await;
}

/// Who is being reviewed has work pending: identity and address.
#[tokio::test]
async fn an_open_review_is_p456() {
    let app = TestApp::start().await;
    let a = app.a();
    let refused = async |why: &str| {
        let answer = a.delete("/v1/user/anna").await;
        answer.is_refused("P456");
        assert!(answer.text().ends_with(&format!(": {why}\"}}")), "{}", answer.text());
    };
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    let mut data = passport("anna");
    data["documentNumber"] = "HOLD".into();
    submit(&a, &data).await.expect(201);
    refused("the verification is being reviewed").await;
    a.settle().await;
    refused("the verification is being reviewed").await;
    a.post("/v1/sandbox/kyc/anna", &json!({"decision": "REJECT"})).send().await.expect(200);
    a.post("/v1/sandbox/poa/anna", &json!({"decision": "REQUIRE"})).send().await.expect(200);
    let bill = samples::valid(Kind::Png, 64, 48);
    let upload = a.call(Method::POST, "/v1/user/poa-files/anna");
    upload.multipart(&[("files", "bill.png", "image/png", &bill)]).send().await.expect(201);
    refused("the proof of address is being checked").await;
    a.settle().await;
    a.delete("/v1/user/anna").await.expect(200);
    app.finish().await;
}

/// Nothing makes a user owe money yet but the words of the ledger.
#[tokio::test]
async fn a_debt_is_p456() {
    const EUR: CurrencyCode = CurrencyCode::new("eur");
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(Some("anna"), "30", "eur").await;
    let settlement = Touch::SystemAccount(EUR, AccountKind::CardSettlement);
    let touches =
        vec![Touch::UserAccount("anna".into(), EUR), Touch::UserReceivable("anna".into(), EUR), settlement];
    let capture = async move |tx: &mut Tx| -> Result<Answer, Stop> {
        let main = AccountKey::main(tx.holder("anna").expect("the user").id, EUR);
        let account = tx.account(main).expect("touched");
        let to = AccountKey::system(tx.book(), EUR, AccountKind::CardSettlement);
        let capture = Capture { account, held: 0, amount: 9000, to, rest: Rest::Released };
        let posting = Posting::new().capture(capture);
        tx.post(RecordKind(2), Uuid::from_u128(1), &posting, Vec::new()).map_err(StoreError::unexpected)?;
        Ok(Answer { status: 200, body: "".into() })
    };
    app.app.store.door().run(BookId(1), None, touches, capture).await.expect("it comes through");
    a.delete("/v1/user/anna").await.is_refused("P456");
    app.finish().await;
}

#[tokio::test]
async fn a_deleted_user_is_unknown_to_every_call_and_its_id_is_never_free() {
    let app = TestApp::start().await;
    let (a, _) = with_history(&app).await;
    a.delete("/v1/user/anna").await.expect(200);
    for is_erased in [false, true] {
        if is_erased {
            assert_eq!(a.run_jobs().await, 1);
        }
        let ids = Ids::unknown().with("$user", "anna").with("$other", "ben");
        for endpoint in endpoints().into_iter().filter(|endpoint| names(endpoint, "$user")) {
            let answer = request_of(&a, &endpoint, &ids).send().await;
            match endpoint.signature.access {
                // A page, which never says whether a user exists.
                Access::Open => assert_eq!(answer.status, 404),
                Access::Partner | Access::Sandbox => answer.is_refused("P412"),
            }
        }
        a.post("/v1/user/balances/crypto-and-fiat", &person("anna")).send().await.is_refused("P411");
    }
    app.finish().await;
}

#[tokio::test]
async fn erasure_leaves_the_books_and_nothing_of_the_person() {
    let app = TestApp::start().await;
    let (a, transfer) = with_history(&app).await;
    let details = format!("/v1/transfer/details/{transfer}");
    a.delete("/v1/user/anna").await.expect(200);
    let seen = a.get(&details).await.expect(200);
    assert_eq!(
        (&seen["sourceEmail"], &seen["reference"]),
        (&json!("anna@example.com"), &json!("for the piano"))
    );
    assert_eq!(a.run_jobs().await, 1);
    let seen = a.get(&details).await.expect(200);
    assert_eq!((&seen["sourceEmail"], &seen["reference"]), (&Value::Null, &Value::Null));
    assert_eq!((&seen["destinationEmail"], &seen["amount"]), (&json!("ben@example.com"), &json!(10)));
    let entry = &a.history(Some("ben")).await[0];
    let counterparty = json!({"type": "USER", "externalUserId": "anna", "name": null});
    assert_eq!((&entry["counterparty"], &entry["reference"]), (&counterparty, &Value::Null));
    let left = "SELECT COUNT(*) FROM end_user WHERE erased_at IS NOT NULL AND profile IS NOT NULL";
    assert_eq!(app.database().count(left).await, 0);
    assert_eq!(app.database().count("SELECT COUNT(*) FROM end_user WHERE erased_at IS NOT NULL").await, 1);
    let iban = "SELECT COUNT(*) FROM bank_account b JOIN holder h ON h.id = b.holder WHERE h.handle = 'anna' \
        AND b.iban IS NOT NULL";
    assert_eq!(app.database().count(iban).await, 0);
    let keys = "SELECT COUNT(*) FROM holder WHERE handle = 'anna' AND secret IS NOT NULL";
    assert_eq!(app.database().count(keys).await, 0);
    let events = a.events().await;
    assert!(
        events.iter().any(|event| event["payload"]["sourceExternalUserId"] == "anna"),
        "what happened stays"
    );
    app.finish().await;
}

/// What is known of a person stands nowhere in clear, so that destroying the key destroys it, in copies too.
#[tokio::test]
async fn a_profile_is_kept_under_the_users_own_key() {
    let app = TestApp::start().await;
    let (a, transfer) = with_history(&app).await;
    a.patch("/v1/user/anna", &json!({"email": "anna.new@example.com"})).send().await.expect(200);
    let rows = app.database().bytes("SELECT profile FROM end_user WHERE profile IS NOT NULL").await;
    assert_eq!(rows.len(), 2);
    let person = person("anna");
    let texts = ["firstName", "lastName", "city", "phone"].map(|name| person[name].as_str().expect("a text"));
    for text in texts.into_iter().chain(["anna", "example.com", "{\"", "email"]) {
        let is_in = |row: &Vec<u8>| row.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!rows.iter().any(is_in), "{text} stands in a row in clear");
    }
    let details = format!("/v1/transfer/details/{transfer}");
    assert_eq!(a.get(&details).await.expect(200)["sourceEmail"], "anna.new@example.com");
    app.finish().await;
}

/// The reference is the payer's word: it goes with the payer, not with the one who was paid.
#[tokio::test]
async fn erasing_the_other_side_leaves_the_reference() {
    let app = TestApp::start().await;
    let (a, _) = with_history(&app).await;
    a.pay(Some("ben"), None, "10").await;
    a.delete("/v1/user/ben").await.expect(200);
    a.run_jobs().await;
    let entry = &a.history(Some("anna")).await[0];
    assert_eq!(
        (&entry["reference"], &entry["counterparty"]["name"]),
        (&json!("for the piano"), &Value::Null)
    );
    app.finish().await;
}

#[tokio::test]
async fn data_is_kept_as_long_as_the_operator_says() {
    let retention = Duration::from_secs(1_000);
    let settings = Settings { retention, ..Settings::sandbox() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let (a, transfer) = with_history(&app).await;
    a.delete("/v1/user/anna").await.expect(200);
    let details = format!("/v1/transfer/details/{transfer}");
    app.clock.advance(Duration::from_secs(600));
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 399})).send().await.expect(200);
    assert_eq!(a.run_jobs().await, 0);
    assert_eq!(a.get(&details).await.expect(200)["sourceEmail"], "anna@example.com");
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 1})).send().await.expect(200);
    assert_eq!(a.get(&details).await.expect(200)["sourceEmail"], Value::Null);
    app.finish().await;
}

#[tokio::test]
async fn a_user_closed_before_its_iban_came_gets_none() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    a.approve("anna").await;
    a.delete("/v1/user/anna").await.expect(200);
    a.settle().await;
    let told: Vec<_> =
        a.events().await.iter().map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(told, ["kyc_verification.status"]);
    assert_eq!(app.database().count("SELECT COUNT(*) FROM job").await, 0);
    app.finish().await;
}
