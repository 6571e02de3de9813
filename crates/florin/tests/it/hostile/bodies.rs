//! Bodies of a transfer: broken, huge, deep, wrongly typed, not UTF-8, with characters that no text has.

use super::{Stage, transfer_text};
use crate::support::Raw;

const PATH: &str = "/v1/transfer";

/// What is no JSON object at all.
const BROKEN: [&str; 22] = [
    "",
    " ",
    "{",
    "}",
    "{]",
    "[]",
    "null",
    "true",
    "1",
    "\"text\"",
    "{'amount':1}",
    "{amount:1}",
    "{\"amount\":}",
    "{\"amount\" 1}",
    "{\"amount\":1,}",
    "{,}",
    "{} {}",
    "{}x",
    "/* */{}",
    "\u{feff}{}",
    "amount=1&currency=eur",
    "<transfer/>",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_json_is_p403() {
    let stage = Stage::set().await;
    for body in BROKEN {
        stage.attack_post(body, PATH, body.as_bytes(), &["P403"]).await;
    }
    let valid = transfer_text(&[]);
    for length in 0..valid.len() {
        let name = format!("the first {length} bytes of {valid}");
        stage.attack_post(&name, PATH, &valid.as_bytes()[..length], &["P403"]).await;
    }
    for place in 0..valid.len() {
        let mut body = valid.clone().into_bytes();
        body[place] = 0xff;
        stage.attack_post(&format!("byte {place} is 0xff"), PATH, &body, &["P403"]).await;
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_types_and_missing_fields_are_p403() {
    let stage = Stage::set().await;
    for field in ["sourceExternalUserId", "destinationExternalUserId", "amount", "currency", "reference"] {
        for value in ["1", "1.5", "true", "false", "[]", "{}", "[\"anna\"]", "{\"eur\":1}"] {
            let number = value.starts_with('1');
            if field == "amount" && number {
                continue;
            }
            let body = transfer_text(&[(field, Some(value))]);
            stage.attack_post(&body, PATH, body.as_bytes(), &["P403"]).await;
        }
    }
    for field in ["amount", "currency"] {
        for value in [None, Some("null")] {
            let body = transfer_text(&[(field, value)]);
            stage.attack_post(&body, PATH, body.as_bytes(), &["P403"]).await;
        }
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_that_are_none_are_refused() {
    let stage = Stage::set().await;
    let mut cases: Vec<(String, &[&str])> = Vec::new();
    for field in ["sourceExternalUserId", "destinationExternalUserId", "currency", "reference", "amount"] {
        for text in [r#""\u0000""#, r#""a\u0000b""#, r#""\u0001""#, r#""x\u001f""#, r#""a\nb""#, r#""a\tb""#]
        {
            cases.push((transfer_text(&[(field, Some(text))]), &["P403"]));
        }
        for text in ["\"a\u{0}b\"", "\"a\nb\"", r#""\ud800""#, r#""\udc00x""#, r#""\x41""#, r#""\u12""#] {
            cases.push((transfer_text(&[(field, Some(text))]), &["P403"]));
        }
    }
    let long = format!("\"{}\"", "a".repeat(65));
    for text in [&long, "\"an/na\"", "\" anna\"", "\"anna \"", "\"ann\u{e4}\"", "\"..\""] {
        for field in ["sourceExternalUserId", "destinationExternalUserId"] {
            cases.push((transfer_text(&[(field, Some(text))]), &["P403", "P412"]));
        }
    }
    for text in ["\"\"", "\"eur \"", "\" eur\"", "\"e\u{301}ur\"", "\"euro\"", "\"\u{20ac}\""] {
        cases.push((transfer_text(&[("currency", Some(text))]), &["P403", "P410"]));
    }
    let reference = format!("\"{}\"", "\u{1f3e0}".repeat(141));
    cases.push((transfer_text(&[("reference", Some(&reference))]), &["P403"]));
    cases.push((transfer_text(&[("currency", Some("\"xyz\""))]), &["P410"]));
    cases.push((transfer_text(&[("sourceExternalUserId", Some("\"ANNA\""))]), &["P412"]));
    cases.push((transfer_text(&[("destinationExternalUserId", Some("\"anna\""))]), &["P403"]));
    for (body, expected) in cases {
        stage.attack_post(&body, PATH, body.as_bytes(), expected).await;
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicate_keys_are_p403() {
    let stage = Stage::set().await;
    let valid = transfer_text(&[]);
    let inner = valid.trim_end_matches('}');
    for tail in [
        r#""amount":"1.00""#,
        r#""amount":"2.00""#,
        r#""\u0061mount":"1.00""#,
        r#""currency":"eur""#,
        r#""sourceExternalUserId":"bela""#,
        r#""destinationExternalUserId":null"#,
        r#""reference":"a","reference":"a""#,
        r#""unknown":1,"unknown":2"#,
    ] {
        let body = format!("{inner},{tail}}}");
        stage.attack_post(&body, PATH, body.as_bytes(), &["P403"]).await;
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_bodies_are_p403() {
    let stage = Stage::set().await;
    let nest =
        |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    for depth in [130, 1_000, 12_000] {
        let arrays = nest("[", "]", depth);
        let objects = format!("{}1{}", "{\"a\":".repeat(depth.min(9_000)), "}".repeat(depth.min(9_000)));
        for (name, body) in [
            ("arrays", arrays.clone()),
            ("arrays left open", "[".repeat(depth)),
            ("objects", objects.clone()),
            ("objects left open", "{\"a\":".repeat(depth.min(12_000))),
            ("an amount of arrays", transfer_text(&[("amount", Some(&arrays))])),
            ("a reference of objects", transfer_text(&[("reference", Some(&objects))])),
            (
                "an unknown field, the amount missing",
                transfer_text(&[("amount", None), ("unknown", Some(&arrays))]),
            ),
        ] {
            stage.attack_post(&format!("{name}, {depth} deep"), PATH, body.as_bytes(), &["P403"]).await;
        }
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huge_bodies_are_p403() {
    let stage = Stage::set().await;
    let valid = transfer_text(&[]);
    for size in [64 * 1024 + 1, 1024 * 1024, 10 * 1024 * 1024] {
        let spaces = " ".repeat(size - valid.len());
        for (name, body) in
            [("spaces before", format!("{spaces}{valid}")), ("spaces after", format!("{valid}{spaces}"))]
        {
            stage.attack_post(&format!("{size} bytes, {name}"), PATH, body.as_bytes(), &["P403"]).await;
            let chunked = chunked_request(&stage, body.as_bytes());
            stage.attack(&format!("{size} bytes in chunks, {name}"), "POST", chunked, &["P403"]).await;
        }
        let long = format!("\"{}\"", "a".repeat(size));
        let body = transfer_text(&[("reference", Some(&long))]);
        stage.attack_post(&format!("a reference of {size}"), PATH, body.as_bytes(), &["P403"]).await;
    }
    stage.end().await;
}

fn chunked_request(stage: &Stage, body: &[u8]) -> Vec<u8> {
    let headers = ["content-type: application/json", "transfer-encoding: chunked"];
    let whole = stage.request("POST", PATH, &headers, b"");
    let head = String::from_utf8(whole).expect("text").replace("content-length: 0\r\n", "");
    let mut bytes = head.into_bytes();
    for chunk in body.chunks(8_000) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

/// A declared length that is not kept: the client goes away, or stops talking but still listens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncated_bodies_store_nothing() {
    let stage = Stage::set().await;
    let whole = stage.post(PATH, transfer_text(&[]).as_bytes());
    for missing in [1, 10, 60] {
        let mut gone = Raw::connect(stage.address()).await;
        gone.write(&whole[..whole.len() - missing]).await;
        drop(gone);
        let mut quiet = Raw::connect(stage.address()).await;
        quiet.write(&whole[..whole.len() - missing]).await;
        quiet.close_writing().await;
        let answer = quiet.read_answer("POST").await;
        let seen = super::outcome("a truncated body", answer.as_ref());
        assert!(["closed", "bare", "P403"].contains(&seen.as_str()), "{seen}: {answer:?}");
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_content_type_is_p403() {
    let stage = Stage::set().await;
    let body = transfer_text(&[]);
    for kind in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application",
        "json",
        "*/*",
        "",
    ] {
        let header = format!("content-type: {kind}");
        let request = stage.request("POST", PATH, &[&header], body.as_bytes());
        stage.attack(&header, "POST", request, &["P403"]).await;
    }
    let untyped = stage.request("POST", PATH, &[], body.as_bytes());
    stage.attack("no content type", "POST", untyped, &["P403"]).await;
    let too_much = transfer_text(&[("amount", Some("5000"))]);
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"] {
        let header = format!("Content-Type: {kind}");
        let request = stage.request("POST", PATH, &[&header], too_much.as_bytes());
        stage.attack(&header, "POST", request, &["P433"]).await;
    }
    stage.end().await;
}
