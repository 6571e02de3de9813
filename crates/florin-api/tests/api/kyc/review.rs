//! Method A from the files to the balances, and every other end.

use super::{passport, photo, send_passport, status, submit, told, upload};
use crate::support::{Setup, TestApp, person};
use crate::users::profile_of;
use florin_api::kit::book::jobs::run_lane;
use florin_api::kit::settings::Settings;
use florin_document::{Kind, samples};
use florin_store::Lane;
use http::Method;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_passport_user_is_verified_by_the_automatic_reviewer() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    let sent = submit(&a, &passport("anna")).await;
    assert_eq!(sent.expect(201), json!({"message": "User verification submitted"}));
    assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "VERIFICATION", ""]);
    let balances = a.balances(Some("anna")).await;
    assert_eq!(balances["fiatBalances"], json!([]));
    a.settle().await;
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    let fiat = a.balances(Some("anna")).await["fiatBalances"][0].clone();
    assert_eq!((&fiat["status"], &fiat["iban"]), (&json!("WAITING_TO_BE_ACTIVATED"), &json!(null)));
    a.settle().await;
    let fiat = a.balances(Some("anna")).await["fiatBalances"][0].clone();
    assert_eq!(fiat["status"], "ACTIVE");
    assert!(fiat["iban"].as_str().is_some_and(|iban| iban.starts_with("LT")));
    let expected = [
        "kyc_verification.status NOT_VERIFIED PENDING",
        "kyc_verification.status NOT_VERIFIED VERIFICATION",
        "kyc_files.status ADDED",
        "kyc_verification.status VERIFIED SUCCESSFUL",
        "user.status ACTIVE",
    ];
    assert_eq!(told(&a, "anna").await, expected);
    submit(&a, &passport("anna")).await.is_refused("P448");
    app.finish().await;
}

/// Advancing the clock does all of it: a test need not poll.
#[tokio::test]
async fn files_are_checked_and_reviewed_when_the_clock_was_advanced() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    submit(&a, &passport("anna")).await.expect(201);
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 1})).send().await.expect(200);
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    assert_eq!(told(&a, "anna").await.last().expect("an event"), "user.status ACTIVE");
    app.finish().await;
}

/// A review that comes due before its files are decoded begins as soon as they are: no time passes here.
#[tokio::test]
async fn a_review_begins_when_its_files_are_decoded() {
    let settings = Settings { settle: Duration::ZERO, ..Settings::sandbox() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let a = app.a();
    let lane = async |lane| run_lane(&app.app, lane).await.expect("jobs can be looked for");
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    submit(&a, &passport("anna")).await.expect(201);
    lane(Lane::Quick).await;
    assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "VERIFICATION", ""], "nothing is decoded yet");
    lane(Lane::Slow).await;
    lane(Lane::Quick).await;
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    // A proof of address does not wait either.
    a.post("/v1/sandbox/poa/anna", &json!({"decision": "REQUIRE"})).send().await.expect(200);
    let bill = samples::valid(Kind::Pdf, 0, 0);
    let upload = a.call(Method::POST, "/v1/user/poa-files/anna");
    upload.multipart(&[("files", "bill.pdf", "application/pdf", &bill)]).send().await.expect(201);
    for each in [Lane::Quick, Lane::Slow, Lane::Quick] {
        assert_eq!(a.balances(Some("anna")).await["poaRequired"], true);
        lane(each).await;
    }
    assert_eq!(a.balances(Some("anna")).await["poaRequired"], false);
    app.finish().await;
}

#[tokio::test]
async fn an_identity_card_needs_its_back() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let mut data = passport("anna");
    for document in ["ID_CARD", "RESIDENCE_PERMIT", "DRIVER_LICENSE"] {
        data["documentType"] = document.into();
        submit(&a, &data).await.is_refused("P449");
    }
    send_passport(&a, "anna").await;
    for document in ["ID_CARD", "RESIDENCE_PERMIT", "DRIVER_LICENSE"] {
        data["documentType"] = document.into();
        submit(&a, &data).await.is_refused("P449");
    }
    upload(&a, "anna", &[photo("back_id")]).send().await.expect(201);
    submit(&a, &data).await.expect(201);
    a.settle().await;
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    app.finish().await;
}

#[tokio::test]
async fn each_reason_can_be_had_and_another_attempt_begins_afresh() {
    let app = TestApp::start().await;
    let a = app.a();
    let scenarios = a.get("/v1/sandbox/scenarios").await.expect(200);
    let numbers: Vec<_> = scenarios["data"].as_array().expect("a list").iter().collect();
    assert_eq!(numbers.len(), 90);
    a.create_user("anna").await;
    for number in numbers.iter().filter_map(|scenario| scenario["value"].as_str()) {
        let Some(reason) = number.strip_prefix("REJECT-") else { continue };
        send_passport(&a, "anna").await;
        assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "PENDING", ""], "before {reason}");
        let mut data = passport("anna");
        data["documentNumber"] = number.into();
        submit(&a, &data).await.expect(201);
        a.settle().await;
        assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "REJECTED_BY_PROVIDER", reason]);
        submit(&a, &data).await.is_refused("P449");
    }
    send_passport(&a, "anna").await;
    submit(&a, &passport("anna")).await.expect(201);
    a.settle().await;
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    app.finish().await;
}

#[tokio::test]
async fn a_review_that_is_held_is_decided_by_the_sandbox_call() {
    let app = TestApp::start().await;
    let a = app.a();
    for (user, body, expected) in [
        ("anna", json!({"decision": "APPROVE"}), ["VERIFIED", "SUCCESSFUL", ""]),
        (
            "bert",
            json!({"decision": "REJECT", "rejectionReason": "SUSPECTED_FRAUD"}),
            ["NOT_VERIFIED", "REJECTED_BY_PROVIDER", "SUSPECTED_FRAUD"],
        ),
    ] {
        a.create_user(user).await;
        send_passport(&a, user).await;
        let mut data = passport(user);
        data["documentNumber"] = "HOLD".into();
        submit(&a, &data).await.expect(201);
        a.settle().await;
        a.settle().await;
        assert_eq!(status(&a, user).await, ["NOT_VERIFIED", "VERIFICATION", ""]);
        submit(&a, &passport(user)).await.is_refused("P465");
        a.post(&format!("/v1/sandbox/kyc/{user}"), &body).send().await.expect(200);
        assert_eq!(status(&a, user).await, expected);
    }
    app.finish().await;
}

/// A file counts from its 201 on; if the full decode fails later, the review ends so.
#[tokio::test]
async fn a_file_that_can_not_be_decoded_ends_the_review() {
    let app = TestApp::start().await;
    let a = app.a();
    let unreadable =
        samples::hostile().into_iter().find(|file| file.expected == samples::Expected::Unreadable);
    let unreadable = unreadable.expect("one that is found out late").bytes;
    a.create_user("anna").await;
    let parts = [("front_id".to_owned(), unreadable), photo("selfie")];
    upload(&a, "anna", &parts).send().await.expect(201);
    submit(&a, &passport("anna")).await.expect(201);
    a.settle().await;
    let rejected = ["NOT_VERIFIED", "REJECTED_BY_PROVIDER", "DOCUMENT_UNREADABLE"];
    assert_eq!(status(&a, "anna").await, rejected);
    assert!(told(&a, "anna").await.contains(&"kyc_files.status ERROR".to_owned()));
    // Replaced in time it does no harm.
    upload(&a, "anna", &parts).send().await.expect(201);
    a.run_jobs().await;
    upload(&a, "anna", &[photo("front_id")]).send().await.expect(201);
    submit(&a, &passport("anna")).await.expect(201);
    a.settle().await;
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    app.finish().await;
}

#[tokio::test]
async fn terms_come_before_the_review() {
    let app = TestApp::start().await;
    let a = app.a();
    let mut new = person("anna");
    new.as_object_mut().expect("an object").remove("hasAcceptedP100Tc");
    a.post("/v1/user/balances/crypto-and-fiat", &new).send().await.expect(201);
    send_passport(&a, "anna").await;
    submit(&a, &passport("anna")).await.is_refused("P464");
    a.patch("/v1/user/anna", &json!({"hasAcceptedP100Tc": true})).send().await.expect(200);
    submit(&a, &passport("anna")).await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn a_document_is_valid_through_its_last_day() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    let mut data = passport("anna");
    // The test's clock stands at 2026-11-23.
    for (field, value, message) in [
        ("documentExpirationDate", "2026-11-22", "documentExpirationDate must not be in the past"),
        ("documentIssueDate", "2026-11-24", "documentIssueDate must not be in the future"),
        ("documentIssueDate", "2031-04-16", "documentIssueDate must not be after documentExpirationDate"),
        ("documentExpirationDate", "2026-11-31", "documentExpirationDate must be a date: YYYY-MM-DD"),
        ("documentIssuingCountry", "XX", "documentIssuingCountry must be an ISO 3166-1"),
        ("documentNumber", "", "documentNumber must be 1 to 35 characters"),
    ] {
        let good = std::mem::replace(&mut data[field], value.into());
        let answer = submit(&a, &data).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "P403"), "{field} {}", answer.text());
        assert!(answer.text().contains(field), "{} instead of {message}", answer.text());
        data[field] = good;
    }
    data["documentExpirationDate"] = "2026-11-23".into();
    submit(&a, &data).await.expect(201);
    app.finish().await;
}

/// Nobody is verified twice at once, whatever races.
#[tokio::test]
async fn many_submissions_at_once_open_one_review() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    let data = passport("anna");
    let answers = futures_util::future::join_all((0..16).map(|_| submit(&a, &data))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer.code() == "P465"));
    a.settle().await;
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    app.finish().await;
}

/// Approval and user verification may come in either order: balances come with the later.
#[tokio::test]
async fn an_approval_of_files_waits_for_the_data() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    a.approve("anna").await;
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    assert_eq!(a.balances(Some("anna")).await["fiatBalances"], json!([]));
    submit(&a, &passport("anna")).await.expect(201);
    a.settle().await;
    assert_eq!(a.balances(Some("anna")).await["fiatBalances"][0]["status"], "ACTIVE");
    submit(&a, &passport("anna")).await.is_refused("P448");
    app.finish().await;
}

/// Older clients create users without a date of birth; whoever asks for a verification must know it.
#[tokio::test]
async fn a_verification_needs_a_date_of_birth() {
    let app = TestApp::start().await;
    let a = app.a();
    let hosted = |user: &str| {
        json!({
            "externalUserId": user, "documentType": "PASSPORT", "country": "XK", "incomeSource": "SALARY",
            "occupation": "IT", "openAccountReason": "DAILY_USE",
        })
    };
    for user in ["patched", "given"] {
        let mut older = person(user);
        older.as_object_mut().expect("an object").remove("birthDate");
        a.post("/v1/user/balances/crypto-and-fiat", &older).send().await.expect(201);
        let required = "birthDate is required: give it by PATCH /v1/user/{externalUserId}";
        a.post("/v1/kyc", &hosted(user)).send().await.is_invalid(required);
        submit(&a, &passport(user)).await.is_invalid(required);
        send_passport(&a, user).await;
        submit(&a, &passport(user)).await.is_invalid(required);
    }
    a.patch("/v1/user/patched", &json!({"birthDate": "1990-12-10"})).send().await.expect(200);
    let mut data = passport("patched");
    data["birthDate"] = "1990-12-11".into();
    let other = "birthDate must be the one that the user has: change it by PATCH /v1/user/{externalUserId}";
    submit(&a, &data).await.is_invalid(other);
    data["birthDate"] = "1990-12-10".into();
    submit(&a, &data).await.expect(201);
    let mut data = passport("given");
    for wrong in ["1899-12-31", "2020-01-01", "10.12.1990"] {
        data["birthDate"] = wrong.into();
        submit(&a, &data).await.is_refused("P403");
    }
    data["birthDate"] = "1980-01-31".into();
    submit(&a, &data).await.expect(201);
    a.settle().await;
    for user in ["patched", "given"] {
        assert_eq!(status(&a, user).await, ["VERIFIED", "SUCCESSFUL", ""], "{user}");
        submit(&a, &passport(user)).await.is_refused("P448");
    }
    assert_eq!(profile_of(&app, "given").await["birthDate"], "1980-01-31");
    app.finish().await;
}
