//! `POST /v1/user/kyc-files`: what is taken, what is refused, and what stays in the vault.

use super::{passport, photo, send_passport, status, submit, told, upload};
use crate::support::{Client, TestApp, expect_errors};
use florin_document::samples::{Expected, Hostile, hostile, of_size, valid, with_location};
use florin_document::{Kind, samples};
use futures_util::TryStreamExt;
use http::Method;
use serde_json::json;
use std::fs::{remove_file, rename};
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

/// Objects in the vault.
async fn objects(app: &TestApp) -> usize {
    let mut names = pin!(app.app.vault.list());
    let mut count = 0;
    while names.try_next().await.expect("the vault can be listed").is_some() {
        count += 1;
    }
    count
}

async fn one_of(client: &Client, user: &str, part: &str, bytes: Vec<u8>) -> String {
    let answer = upload(client, user, &[(part.to_owned(), bytes)]).send().await;
    if answer.status == 201 { "201".to_owned() } else { answer.code() }
}

#[tokio::test]
async fn files_come_at_once_or_one_by_one_and_replace_earlier_ones() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    assert_eq!(status(&a, "anna").await[0], "P445");
    upload(&a, "anna", &[photo("selfie")]).send().await.expect(201);
    assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "PENDING", ""]);
    assert_eq!(objects(&app).await, 1);
    upload(&a, "anna", &[photo("back_id"), photo("front_id")]).send().await.expect(201);
    assert_eq!(objects(&app).await, 3);
    upload(&a, "anna", &[photo("selfie"), photo("front_id")]).send().await.expect(201);
    assert_eq!(objects(&app).await, 3, "the replaced ones are gone");
    a.settle().await;
    let told = told(&a, "anna").await;
    let pending = told.iter().filter(|line| line.ends_with("PENDING")).count();
    assert_eq!(pending, 1, "one attempt: {told:?}");
    let added = told.iter().filter(|line| *line == "kyc_files.status ADDED").count();
    // The first selfie was replaced before anybody looked at it; the second upload's back is still there.
    assert_eq!(added, 2, "{told:?}");
    app.finish().await;
}

#[tokio::test]
async fn every_kind_is_taken_where_it_may_be() {
    let app = TestApp::start().await;
    let a = app.a();
    for (index, kind) in [Kind::Jpeg, Kind::Png, Kind::Webp, Kind::Heic, Kind::Pdf].into_iter().enumerate() {
        let user = format!("user-{index}");
        a.create_user(&user).await;
        for part in ["front_id", "back_id", "selfie"] {
            let expected = if part == "selfie" && kind == Kind::Pdf { "P426" } else { "201" };
            assert_eq!(one_of(&a, &user, part, valid(kind, 64, 48)).await, expected, "{kind:?} {part}");
        }
        a.settle().await;
        let told = told(&a, &user).await;
        assert!(!told.iter().any(|line| line.ends_with("ERROR")), "{kind:?}: {told:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_longest_file_is_taken_and_one_byte_more_is_not() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    const MAX: usize = 10_485_760;
    assert_eq!(one_of(&a, "anna", "front_id", of_size(Kind::Jpeg, MAX)).await, "201");
    assert_eq!(objects(&app).await, 1);
    assert_eq!(one_of(&a, "anna", "front_id", of_size(Kind::Jpeg, MAX + 1)).await, "P440");
    assert_eq!(one_of(&a, "anna", "selfie", vec![0; MAX + 1]).await, "P426");
    assert_eq!(objects(&app).await, 1);
    app.finish().await;
}

/// What the seed page's own line sends: parts without content.
#[tokio::test]
async fn parts_without_content_are_no_files() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let path = "/v1/user/kyc-files/anna";
    let call = || a.call(Method::POST, path);
    let empty: &[(&str, &str, &str, &[u8])] = &[
        ("front_id", "", "application/octet-stream", b""),
        ("back_id", "", "application/octet-stream", b""),
        ("selfie", "", "application/octet-stream", b""),
    ];
    call().multipart(empty).send().await.is_refused("P439");
    call().multipart(&[]).send().await.is_refused("P439");
    call()
        .multipart(&[("passport", "p.jpg", "image/jpeg", &valid(Kind::Jpeg, 8, 8))])
        .send()
        .await
        .is_refused("P439");
    call().send().await.is_refused("P439");
    call().json(&json!({"front_id": "x"})).send().await.is_refused("P439");
    assert_eq!(status(&a, "anna").await[0], "P445", "nothing was sent");
    app.finish().await;
}

#[tokio::test]
async fn one_bad_part_and_nothing_of_the_request_is_kept() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let bad = ("selfie".to_owned(), b"GIF89a, and no picture".to_vec());
    for parts in [vec![photo("front_id"), bad.clone()], vec![bad.clone(), photo("front_id")]] {
        for key in [None, Some(format!("key-{}", parts[0].0))] {
            let call = upload(&a, "anna", &parts);
            let call = key.map_or(call.clone(), |key| call.keyed(&key));
            call.send().await.is_refused("P426");
        }
    }
    upload(&a, "anna", &[photo("front_id"), photo("front_id")]).send().await.is_refused("P403");
    assert_eq!(objects(&app).await, 0);
    assert_eq!(status(&a, "anna").await[0], "P445");
    app.finish().await;
}

#[tokio::test]
async fn who_may_not_send_is_told_in_the_order_of_refusals() {
    let app = TestApp::start().await;
    let a = app.a();
    let files = || [photo("front_id"), photo("selfie")];
    upload(&a, "nobody", &files()).send().await.is_refused("P412");
    upload(&a, "nobody", &[photo("selfie"), photo("selfie")]).send().await.is_refused("P403");
    upload(&a, "nobody", &[("selfie".to_owned(), b"nothing".to_vec())]).send().await.is_refused("P412");
    a.call(Method::POST, "/v1/user/kyc-files/nobody").multipart(&[]).send().await.is_refused("P412");
    a.create_user("gone").await;
    a.delete("/v1/user/gone").await.expect(200);
    upload(&a, "gone", &files()).send().await.is_refused("P412");
    a.verified_user("known").await;
    upload(&a, "known", &files()).send().await.is_refused("P448");
    a.create_user("waiting").await;
    send_passport(&a, "waiting").await;
    let mut data = super::passport("waiting");
    data["documentNumber"] = "HOLD".into();
    submit(&a, &data).await.expect(201);
    upload(&a, "waiting", &files()).send().await.is_refused("P465");
    assert_eq!(objects(&app).await, 2);
    app.finish().await;
}

#[tokio::test]
async fn a_repeat_with_the_same_key_keeps_one_set_of_files() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let send = |parts: Vec<_>| upload(&a, "anna", &parts).keyed("k").send();
    let first = send(vec![photo("front_id"), photo("selfie")]).await;
    assert!(!first.is_replayed());
    first.expect(201);
    let again = send(vec![photo("selfie"), photo("front_id")]).await;
    assert!(again.is_replayed(), "the order of parts does not count: {}", again.text());
    again.expect(201);
    let other = send(vec![("front_id".to_owned(), valid(Kind::Png, 9, 9)), photo("selfie")]).await;
    other.is_refused("P470");
    assert!(other.text().contains("front_id"), "{}", other.text());
    send(vec![photo("front_id")]).await.is_refused("P470");
    assert_eq!(objects(&app).await, 2);
    app.finish().await;
}

/// Every hostile file of the table, through HTTP.
#[tokio::test]
async fn hostile_files_are_refused_or_found_out() {
    let app = TestApp::start().await;
    let a = app.a();
    let table = hostile();
    assert!(table.len() >= 60, "{}", table.len());
    for (index, file) in table.into_iter().enumerate() {
        let user = format!("user-{index}");
        a.create_user(&user).await;
        let found = one_of(&a, &user, "front_id", file.bytes.clone()).await;
        let expected = match file.expected {
            Expected::Rejected if file.bytes.is_empty() => "P439",
            Expected::Rejected if file.bytes.len() > 10_485_760 => "P440",
            Expected::Rejected => "P426",
            Expected::Accepted | Expected::Unreadable => "201",
        };
        assert_eq!(found, expected, "{}", file.name);
        a.run_jobs().await;
        let outcome = told(&a, &user).await;
        let files: Vec<_> = outcome.iter().filter(|line| line.starts_with("kyc_files")).collect();
        let expected: &[&str] = match file.expected {
            Expected::Rejected => &[],
            Expected::Accepted => &["kyc_files.status ADDED"],
            Expected::Unreadable => &["kyc_files.status ERROR"],
        };
        assert_eq!(files, expected, "{}", file.name);
    }
    app.finish().await;
}

/// Of the two files in the vault: the first, the second one's shelf, and a place to move that to.
fn first_and_shelf_of_second(app: &TestApp) -> [PathBuf; 3] {
    let mut files: Vec<_> = app.vault_files().into_iter().map(|(path, _)| path).collect();
    files.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    let [first, second] = files.as_slice() else { panic!("two files: {files:?}") };
    let shelf = second.parent().expect("a shelf");
    assert_ne!(first.parent(), Some(shelf), "the first one must stay where it is");
    [first.clone(), shelf.to_owned(), app.files.path().join("away")]
}

/// Longer than the pause after a first failure.
async fn try_again(app: &TestApp) {
    app.clock.advance(Duration::from_secs(60));
    app.a().run_jobs().await;
}

/// The vault fails at the second file: the first one's decode counts, and is not made again.
#[tokio::test]
async fn a_job_of_decodes_goes_on_where_it_failed() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    let [first, shelf, away] = first_and_shelf_of_second(&app);
    rename(&shelf, &away).expect("a shelf can be moved");
    a.run_jobs().await;
    expect_errors(&["the vault", "kyc.decode"]);
    assert!(!told(&a, "anna").await.iter().any(|line| line.starts_with("kyc_files")));
    rename(&away, &shelf).expect("a shelf can be moved");
    remove_file(first).expect("a file can be removed");
    try_again(&app).await;
    let told = told(&a, "anna").await;
    let files: Vec<_> = told.iter().filter(|line| line.starts_with("kyc_files")).collect();
    assert_eq!(files, ["kyc_files.status ADDED"]);
    app.finish().await;
}

/// What is found of one file while another can't be had is not acted on before the partner is told.
#[tokio::test]
async fn no_review_goes_ahead_of_what_is_told_of_the_files() {
    // Names are drawn: one of the two is decoded before the other, whichever it is.
    for is_bad_last in [false, true] {
        with_one_bad_file(is_bad_last).await;
    }
}

async fn with_one_bad_file(is_bad_last: bool) {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let is_bad = |file: &Hostile| file.expected == Expected::Unreadable;
    let bad = hostile().into_iter().find(is_bad).expect("one that is found out by its decode");
    let mut parts = [("front_id".to_owned(), bad.bytes), photo("selfie")];
    if is_bad_last {
        parts.reverse();
    }
    upload(&a, "anna", &parts).send().await.expect(201);
    submit(&a, &passport("anna")).await.expect(201);
    let [_, shelf, away] = first_and_shelf_of_second(&app);
    rename(&shelf, &away).expect("a shelf can be moved");
    a.settle().await;
    expect_errors(&["the vault", "kyc.decode"]);
    assert_eq!(status(&a, "anna").await[1], "VERIFICATION");
    rename(&away, &shelf).expect("a shelf can be moved");
    try_again(&app).await;
    let told = told(&a, "anna").await;
    let rejected = "kyc_verification.status NOT_VERIFIED REJECTED_BY_PROVIDER DOCUMENT_UNREADABLE";
    let of_files = told.iter().position(|line| line == "kyc_files.status ERROR").expect("it is told");
    assert_eq!(told.iter().position(|line| line == rejected), Some(of_files + 1), "{told:?}");
    app.finish().await;
}

/// Names and declared types are not looked at, and what is in them goes nowhere.
#[tokio::test]
async fn names_and_declared_types_do_not_matter() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let bytes = valid(Kind::Png, 16, 16);
    for (name, declared) in [
        ("../../../etc/passwd", "image/jpeg"),
        ("..\\..\\boot.ini", "application/pdf"),
        ("a\u{7f}\u{1}b.png", "text/html"),
        ("", "application/x-php"),
        ("CON", "image/png; charset=utf-8"),
        (&"n".repeat(2_000), "application/octet-stream"),
    ] {
        let parts: &[(&str, &str, &str, &[u8])] = &[("front_id", name, declared, &bytes)];
        a.call(Method::POST, "/v1/user/kyc-files/anna").multipart(parts).send().await.expect(201);
    }
    let parts: &[(&str, &str, &str, &[u8])] = &[("front_id", "a.jpg", "image/jpeg", b"<html></html>")];
    a.call(Method::POST, "/v1/user/kyc-files/anna").multipart(parts).send().await.is_refused("P426");
    assert_eq!(objects(&app).await, 1);
    app.finish().await;
}

/// What is planted in a file is neither in the vault in clear nor in what is exported or logged.
#[tokio::test]
async fn nothing_of_a_file_is_kept_in_clear() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    for kind in [Kind::Jpeg, Kind::Png, Kind::Webp, Kind::Heic] {
        assert_eq!(one_of(&a, "anna", "front_id", with_location(kind)).await, "201", "{kind:?}");
        let planted = samples::PLANTED.as_bytes();
        for (path, bytes) in app.vault_files() {
            let is_there = bytes.windows(planted.len()).any(|part| part == planted);
            assert!(!is_there, "{} holds it", path.display());
        }
    }
    app.finish().await;
}
