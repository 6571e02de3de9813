//! Multipart bodies as real clients write them, misspelt parts, and what a refused upload is told.

use super::{photo, status, upload};
use crate::support::{Call, Client, TestApp};
use florin_document::{Kind, samples};
use http::Method;
use serde_json::json;

fn call(client: &Client) -> Call {
    client.call(Method::POST, "/v1/user/kyc-files/anna")
}

/// A body of one part with this head, and this at its end.
fn body(boundary: &str, disposition: &str, end: &str) -> Vec<u8> {
    let head = format!("--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
    let end = format!("\r\n--{boundary}--{end}");
    [head.as_bytes(), &samples::valid(Kind::Jpeg, 64, 48), end.as_bytes()].concat()
}

#[tokio::test]
async fn framings_of_real_clients_are_taken() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    const NAME: &str = "name=\"front_id\"";
    let signs = "------------------------a1b2c3";
    let table = [
        ("*****", format!("{NAME}; filename=\"a.jpg\""), "\r\n"),
        ("a&b{c}#~", NAME.to_owned(), "\r\n"),
        ("{3f2504e0-4f89-41d3-9a0c-0305e82c3301}", NAME.to_owned(), "\r\n"),
        (signs, NAME.to_owned(), "\n"),
        (signs, NAME.to_owned(), ""),
        (signs, format!("{NAME}; filename=my photo.jpg"), "\r\n"),
        (signs, format!("{NAME}; filename=\"the \"best\" photo.jpg\""), "\r\n"),
        (signs, format!("filename=\"the \"best\" photo.jpg\"; {NAME}"), "\r\n"),
        (signs, format!("{NAME}; filename=\"C:\\photos\\a.jpg\""), "\r\n"),
    ];
    for (boundary, disposition, end) in table {
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let answer = call(&a).typed(&content_type, body(boundary, &disposition, end)).send().await;
        assert_eq!(answer.status, 201, "{boundary} {disposition} {end:?}: {}", answer.text());
    }
    for content_type in ["multipart/form-data; boundary=\"a\\\"b\"", "multipart/form-data; boundary="] {
        call(&a).typed(content_type, body("b", NAME, "")).send().await.is_invalid(
            "Content-Type must have a boundary of 1 to 70 characters, without quotes and control characters",
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn a_misspelt_part_is_told_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let named = |name: &str| (name.to_owned(), photo("selfie").1);
    for (name, meant) in [
        ("frontId", "front_id"),
        ("FRONT_ID", "front_id"),
        ("front-id", "front_id"),
        ("front_i", "front_id"),
        ("front", "front_id"),
        ("frontid", "front_id"),
        ("backId", "back_id"),
        ("back_d", "back_id"),
    ] {
        let answer = upload(&a, "anna", &[named(name), photo("selfie")]).keyed("k").send().await;
        answer.is_invalid(&format!("{name} is no part of this call; did you mean {meant}?"));
    }
    let answer = upload(&a, "anna", &[named("self"), named("frontID")]).send().await;
    answer.is_invalid(
        "self is no part of this call; did you mean selfie?. frontID is no part of this call; did you mean front_id?",
    );
    let poa = a.call(Method::POST, "/v1/user/poa-files/anna");
    let file = samples::valid(Kind::Png, 9, 9);
    let answer = poa.multipart(&[("file", "a.png", "image/png", &file)]).send().await;
    answer.is_invalid("file is no part of this call; did you mean files?");
    assert_eq!(app.vault_files().len(), 0);
    assert_eq!(status(&a, "anna").await[0], "P445");
    app.finish().await;
}

#[tokio::test]
async fn other_parts_are_named_in_the_answer() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let other = |name: &str| (name.to_owned(), b"x".to_vec());
    // A near miss of a part that came is another part.
    let parts = [photo("front_id"), other("frontId"), other("csrf, token"), other("frontId"), other("é")];
    for _ in 0..2 {
        let answer = upload(&a, "anna", &parts).keyed("k").send().await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.header("x-ignored-fields"), "frontId, csrf%2C%20token, %C3%A9");
    }
    let answer = upload(&a, "anna", &[photo("front_id")]).send().await;
    assert_eq!(answer.header("x-ignored-fields"), "");
    // Empty parts are none, however they are called.
    let answer = upload(&a, "anna", &[("frontId".to_owned(), Vec::new()), photo("selfie")]).send().await;
    assert_eq!((answer.status, answer.header("x-ignored-fields")), (201, "frontId"));
    app.finish().await;
}

#[tokio::test]
async fn a_refused_file_is_told_why() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let png = samples::valid(Kind::Png, 64, 48);
    let table = [
        (
            "front_id",
            b"front.jpg".to_vec(),
            "front_id is none of JPEG, PNG, WebP, HEIC, PDF (9 bytes; with curl write @ before the file's name)",
        ),
        ("front_id", vec![b'a'; 5000], "front_id is none of JPEG, PNG, WebP, HEIC, PDF"),
        ("selfie", samples::pdf(1), "selfie is PDF, and must be one of JPEG, PNG, WebP, HEIC"),
        ("front_id", samples::pdf_encrypted(), "front_id is encrypted"),
        ("back_id", png[..png.len() - 1].to_vec(), "back_id is broken: PNG cut off"),
        (
            "front_id",
            [&png[..], b"<script>alert(1)</script>"].concat(),
            "front_id carries a second format around the picture or document",
        ),
    ];
    for (part, content, why) in table {
        let answer = upload(&a, "anna", &[(part.to_owned(), content)]).send().await;
        answer.is_refused("P426");
        assert_eq!(answer.json()["errorMessage"], format!("Invalid file type: {why}"));
    }
    let long = samples::of_size(Kind::Jpeg, 10_485_761);
    let answer = upload(&a, "anna", &[("back_id".to_owned(), long)]).send().await;
    let expected = "File too large: back_id is larger than 10 MB (10,485,760 bytes)";
    assert_eq!(answer.json()["errorMessage"], expected);
    let answer = call(&a).json(&json!({"front_id": "x"})).send().await;
    let parts = "the parts front_id, back_id, selfie";
    let expected = format!("No KYC files: send multipart/form-data with {parts}; got application/json");
    assert_eq!(answer.json()["errorMessage"], expected);
    let answer = call(&a).typed("image/jpeg", samples::valid(Kind::Jpeg, 8, 8)).send().await;
    assert_eq!(answer.json()["errorMessage"], expected.replace("application/json", "image/jpeg"));
    let answer = upload(&a, "anna", &[("front_id".to_owned(), Vec::new())]).send().await;
    let expected =
        format!("No KYC files: send a file in {parts}; there is no content in any part of that name");
    assert_eq!(answer.json()["errorMessage"], expected);
    app.finish().await;
}
