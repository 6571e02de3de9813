//! Creating and managing users, sections 2.1 and 2.2.

mod closing;
mod erasure;
mod managing;

use crate::support::{Client, TestApp, person};
use florin_api::users;
use florin_store::BookId;
use serde_json::{Value, json};

const CREATE: &str = "/v1/user/balances/crypto-and-fiat";

/// The person with some fields set, or taken away by null.
fn with(id: &str, changes: &[(&str, Value)]) -> Value {
    let mut body = person(id);
    for (name, value) in changes {
        body[*name] = value.clone();
    }
    body
}

/// What is stored of a person.
pub async fn profile_of(app: &TestApp, id: &str) -> Value {
    let book = app.database().count(&format!("SELECT book FROM holder WHERE handle = '{id}'")).await;
    let mut snapshot = app.app.store.snapshot(BookId(book)).await.expect("a snapshot");
    let holder = snapshot.holder(id).await.expect("an answer").expect("a holder");
    let user = users::find(&mut snapshot, holder.id).await.expect("a user");
    serde_json::to_value(user.profile(&app.app.seals, &holder).expect("a profile")).expect("JSON")
}

#[tokio::test]
async fn creation_answers_our_id_and_whether_a_proof_of_address_is_needed() {
    let app = TestApp::start().await;
    for (id, country, poa) in [
        ("gb", "GB", false),
        ("am", "AM", true),
        ("gp", "GP", false),
        ("ua", "UA", true),
        ("xk", "xk", false),
    ] {
        let answer = app.a().post(CREATE, &with(id, &[("country", json!(country))])).send().await;
        let made = answer.expect(201);
        let user_id = made["userId"].as_str().expect("an id");
        assert_eq!(uuid::Uuid::parse_str(user_id).expect("a UUID").get_version_num(), 7);
        assert_eq!(
            answer.text(),
            format!(r#"{{"userId":"{user_id}","poaRequiredForExtended":{poa},"poaRequired":{poa}}}"#)
        );
        let balances = app.a().balances(Some(id)).await;
        assert_eq!((&balances["userId"], &balances["poaRequired"]), (&json!(user_id), &json!(poa)));
    }
    app.finish().await;
}

#[tokio::test]
async fn what_was_sent_is_stored_and_unknown_fields_are_ignored() {
    let app = TestApp::start().await;
    let body = with(
        "anna",
        &[("colour", json!("red")), ("nationality", json!("PL")), ("birthCountry", json!("DE"))],
    );
    app.a().post(CREATE, &body).send().await.expect(201);
    let mut expected = body.as_object().expect("an object").clone();
    for name in ["externalUserId", "colour", "hasAcceptedP100Tc"] {
        expected.remove(name);
    }
    expected["phone"] = json!("447700900123");
    assert_eq!(profile_of(&app, "anna").await, Value::Object(expected));
    app.finish().await;
}

#[tokio::test]
async fn older_clients_send_one_line_and_document_data() {
    let app = TestApp::start().await;
    let older = with(
        "anna",
        &[
            ("street", Value::Null),
            ("number", Value::Null),
            ("birthDate", Value::Null),
            ("phone", json!("+48 (22) 123-45.67")),
            ("address", json!("ul. Prosta 1, 00-001 Warszawa")),
            ("pesel", json!("90121012345")),
            ("documentType", json!("ID_CARD")),
            ("documentNumber", json!("ABC123456")),
            ("hasAcceptedP100Tc", Value::Null),
        ],
    );
    app.a().post(CREATE, &older).send().await.expect(201);
    let stored = profile_of(&app, "anna").await;
    for name in ["address", "pesel", "documentType", "documentNumber"] {
        assert_eq!(stored[name], older[name], "{name}");
    }
    assert_eq!(stored["phone"], "48221234567");
    assert_eq!((stored.get("street"), stored.get("birthDate")), (None, None));
    app.finish().await;
}

#[tokio::test]
async fn every_failure_is_told_at_once() {
    let app = TestApp::start().await;
    let missing = [
        "externalUserId",
        "email",
        "phone",
        "firstName",
        "lastName",
        "street",
        "number",
        "city",
        "postCode",
        "country",
        "citizenship",
    ];
    let message = missing.map(|name| format!("{name} is required")).join(". ");
    app.a().post(CREATE, &json!({})).send().await.is_invalid(&message);
    let wrong = with(
        "a b",
        &[
            ("email", json!("no address")),
            ("phone", json!(447_700_900_123_i64)),
            ("firstName", json!("")),
            ("birthDate", json!("1990-02-30")),
            ("country", json!("XX")),
            ("citizenship", json!("gb ")),
            ("hasAcceptedP100Tc", json!(false)),
        ],
    );
    let message = "externalUserId can only contain letters, digits and the characters ._:@-. email must be an email: \
        an address such as ada@example.com. phone must be a string. firstName must not be empty. birthDate must be a \
        date in the form YYYY-MM-DD. country must be an ISO 3166-1 alpha-2 country code: two letters such as DE. \
        citizenship must be an ISO 3166-1 alpha-2 country code: two letters such as DE. hasAcceptedP100Tc must be true";
    app.a().post(CREATE, &wrong).send().await.is_invalid(message);
    app.finish().await;
}

async fn created(client: &Client, body: &Value) -> u16 {
    client.post(CREATE, body).send().await.status
}

#[tokio::test]
async fn an_id_is_an_opaque_string_of_the_partners() {
    let app = TestApp::start().await;
    let a = app.a();
    for id in ["a", "A", "0", "a.b_c:d@e-f", "...", "7c9e6679-nota-uuid", &"x".repeat(64), "Suspend", "user"]
    {
        a.create_user(id).await;
        a.get(&format!("/v1/user/balances/{id}")).await.expect(200);
    }
    let reserved = [
        ".",
        "..",
        "balances",
        "kyc-files",
        "poa-files",
        "suspend",
        "transactions",
        "unsuspend",
        "verification",
        "wallet",
    ];
    for id in reserved.into_iter().chain(["", " ", "a b", "a/b", "é", "a\n", "a%41", "a+b", &"x".repeat(65)])
    {
        let answer = a.post(CREATE, &person(id)).send().await;
        assert_eq!((answer.status, answer.code()), (400, "P403".to_owned()), "{id:?}");
    }
    for id in [json!(1), json!(["a"]), json!({"a": 1}), json!(true), Value::Null] {
        a.post(CREATE, &with("x", &[("externalUserId", id)])).send().await.is_refused("P403");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_adult_is_18_on_the_clock_of_the_book() {
    let app = TestApp::start().await;
    let a = app.a();
    let born = |id: &str, date: &str| with(id, &[("birthDate", json!(date))]);
    // Today is 2026-11-23.
    assert_eq!(created(&a, &born("just", "2008-11-23")).await, 201);
    let young = a.post(CREATE, &born("young", "2008-11-24")).send().await;
    young.is_invalid("birthDate must be at least 18 years ago");
    assert_eq!(created(&a, &born("oldest", "1900-01-01")).await, 201);
    a.post(CREATE, &born("older", "1899-12-31"))
        .send()
        .await
        .is_invalid("birthDate must be 1900-01-01 or later");
    a.patch("/v1/user/oldest", &json!({"birthDate": "0001-01-01"})).send().await.is_refused("P403");
    assert_eq!(created(&a, &born("leap", "2008-02-29")).await, 201);
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 43_199})).send().await.expect(200);
    assert_eq!(created(&a, &born("young", "2008-11-24")).await, 400);
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 1})).send().await.expect(200);
    assert_eq!(created(&a, &born("young", "2008-11-24")).await, 201);
    assert_eq!(created(&app.b(), &born("young", "2008-11-24")).await, 400, "another book's clock is its own");
    // P403 comes before P470, in both calls.
    let b = app.b();
    b.post(CREATE, &born("old", "1990-01-01")).keyed("k").send().await.expect(201);
    b.post(CREATE, &born("old", "2008-11-24")).keyed("k").send().await.is_refused("P403");
    b.patch("/v1/user/old", &json!({"city": "Leeds"})).keyed("l").send().await.expect(200);
    b.patch("/v1/user/old", &json!({"birthDate": "2008-11-24"})).keyed("l").send().await.is_refused("P403");
    b.patch("/v1/user/old", &json!({"birthDate": "2008-11-23"})).keyed("l").send().await.is_refused("P470");
    app.finish().await;
}
