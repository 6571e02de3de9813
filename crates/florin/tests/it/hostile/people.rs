//! New users that cannot be: every field missing, wrongly typed or out of its range.

use super::{Stage, USERS};
use crate::support::{Call, person};
use serde_json::{Value, json};

const PATH: &str = "/v1/user/balances/crypto-and-fiat";
const REQUIRED: [&str; 11] = [
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

fn with(field: &str, value: Value) -> Value {
    let mut body = person("dora");
    body[field] = value;
    body
}

async fn refused(stage: &Stage, body: &Value) {
    let text = body.to_string();
    stage.attack_post(&text, PATH, text.as_bytes(), &["P403"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_missing_or_of_another_type_is_p403() {
    let stage = Stage::set().await;
    for field in REQUIRED {
        let mut without = person("dora");
        without.as_object_mut().expect("an object").shift_remove(field);
        refused(&stage, &without).await;
        for value in
            [json!(null), json!(true), json!(7), json!(["x"]), json!({"x": 1}), json!(""), json!("a\u{0}b")]
        {
            refused(&stage, &with(field, value)).await;
        }
    }
    // The older form of the call leaves it out.
    for value in [json!(true), json!(7), json!(["x"]), json!({"x": 1}), json!("a\u{0}b")] {
        refused(&stage, &with("birthDate", value)).await;
    }
    for value in [json!(false), json!("true"), json!(1), json!([])] {
        refused(&stage, &with("hasAcceptedP100Tc", value)).await;
    }
    dora_does_not_exist(&stage).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_out_of_its_range_is_p403() {
    let stage = Stage::set().await;
    let sixty_five = "a".repeat(65);
    let cases: [(&str, &[&str]); 6] = [
        (
            "externalUserId",
            &[&sixty_five, "a b", "a/b", "a\\b", "a%20b", "\u{e4}", "a\nb", ".", "..", "a?b", "a#b"],
        ),
        (
            "externalUserId",
            &["balances", "transactions", "suspend", "unsuspend", "kyc-files", "verification"],
        ),
        ("email", &["anna", "@example.com", "anna@", "a b@example.com", "anna@example.com\n"]),
        ("phone", &["+", "abc", "+370-6000", "+3706001234x"]),
        (
            "birthDate",
            &["1990-02-30", "1990-13-01", "17.05.1990", "1990-5-7", "2999-01-01", "2020-01-01", "0"],
        ),
        ("country", &["XX", "LTU", "Lithuania", "L", "1T"]),
    ];
    for (field, values) in cases {
        for value in values {
            refused(&stage, &with(field, json!(value))).await;
        }
    }
    refused(&stage, &with("citizenship", json!("ZZ"))).await;
    refused(&stage, &with("firstName", json!("x".repeat(50_000)))).await;
    dora_does_not_exist(&stage).await;
    stage.end().await;
}

/// All failures in one message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failure_is_named() {
    let stage = Stage::set().await;
    let mut body = person("dora");
    for field in ["email", "street", "city"] {
        body[field] = json!(null);
    }
    let answer = stage.client.send(&Call::post(PATH, &body)).await;
    answer.expect_refusal("P403");
    for field in ["email", "street", "city"] {
        assert!(answer.message().contains(field), "{field} is not named: {}", answer.message());
    }
    assert!(answer.message().contains(". "), "failures are joined with a full stop: {}", answer.message());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_and_updates_that_are_none_are_p403() {
    let stage = Stage::set().await;
    let decisions = ["{}", "[]", "", "{\"decision\":\"MAYBE\"}", "{\"decision\":1}", "{\"decision\":null}"];
    for body in decisions {
        stage.attack_post(body, "/v1/sandbox/kyc/cili", body.as_bytes(), &["P403"]).await;
    }
    let reason = r#"{"decision":"REJECT","rejectionReason":"BECAUSE"}"#;
    stage.attack_post(reason, "/v1/sandbox/kyc/cili", reason.as_bytes(), &["P403"]).await;
    for body in [r#"{"email":"x"}"#, r#"{"phone":7}"#, r#"{"country":"XX"}"#, "[]"] {
        let request =
            stage.request("PATCH", "/v1/user/cili", &["content-type: application/json"], body.as_bytes());
        stage.attack(body, "PATCH", request, &["P403"]).await;
    }
    for body in [r#"{"seconds":-1}"#, r#"{"seconds":"x"}"#, r#"{"seconds":1e30}"#, "{}", "[]"] {
        stage.attack_post(body, "/v1/sandbox/clock/advance", body.as_bytes(), &["P403"]).await;
    }
    stage.end().await;
}

async fn dora_does_not_exist(stage: &Stage) {
    assert!(!USERS.contains(&"dora"));
    stage.client.send(&Call::get("/v1/user/balances/dora")).await.expect_refusal("P412");
}
