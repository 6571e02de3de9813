//! HTTP itself: what is none, what is cut into pieces, what comes all at once and what does not come at all.

use super::{Stage, outcome, transfer_text};
use crate::support::{Answer, Raw};

const TRANSFER: &str = "/v1/transfer";
const BALANCES: &str = "/v1/partner/balances";
const JSON: &str = "content-type: application/json";

fn too_much() -> String {
    transfer_text(&[("amount", Some("5000"))])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http_is_refused_barely() {
    let stage = Stage::set().await;
    let garbage: [&[u8]; 12] = [
        b"\r\n\r\n\r\n\r\nX\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /v1/partner/balances\r\n\r\n",
        b"GET /v1/partner/balances HTTP/9.9\r\n\r\n",
        b"GET /v1/partner/balances HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /v1/partner/balances HTTP/1.1\r\n: empty\r\n\r\n",
        b"GET /v1/partner/balances HTTP/1.1\r\nx-\x00: y\r\n\r\n",
        b"GET /v1/partner/\x00balances HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\xff\xfe\xfd\xfc\r\n\r\n",
    ];
    for bytes in garbage {
        let name = String::from_utf8_lossy(bytes).into_owned();
        stage.attack(&name, "GET", bytes.to_vec(), &["bare", "closed", "P401", "P404"]).await;
    }
    stage.end().await;
}

/// Two answers to "where does the body end" are none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubtful_lengths_store_nothing() {
    let stage = Stage::set().await;
    let body = transfer_text(&[]);
    let head = |length: &str| {
        let whole = String::from_utf8(stage.request("POST", TRANSFER, &[JSON], b"")).expect("text");
        whole.replace("content-length: 0", length)
    };
    for length in [
        "content-length: -1".to_owned(),
        "content-length: abc".to_owned(),
        "content-length: 99999999999999999999".to_owned(),
        format!("content-length: 5\r\ncontent-length: {}", body.len()),
        "transfer-encoding: gzip".to_owned(),
        format!("transfer-encoding: identity\r\ncontent-length: {}", body.len() - 3),
    ] {
        let bytes = format!("{}{body}", head(&length));
        stage.attack(&length, "POST", bytes.into_bytes(), &["bare", "closed", "P403"]).await;
    }
    for chunks in ["zz\r\n", "-1\r\n\r\n", "5\r\nab\r\n", "ffffffffffffffffff\r\nx", "3\r\nabcd\r\n0\r\n\r\n"]
    {
        let bytes = format!("{}{chunks}", head("transfer-encoding: chunked"));
        let mut raw = Raw::connect(stage.address()).await;
        raw.write(bytes.as_bytes()).await;
        raw.close_writing().await;
        let answer = raw.read_answer("POST").await;
        let seen = outcome(chunks, answer.as_ref());
        assert!(["bare", "closed", "P403"].contains(&seen.as_str()), "{chunks:?}: {seen}");
    }
    stage.end().await;
}

/// A body that hides a second request must not become one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hidden_request_is_not_run() {
    let stage = Stage::set().await;
    let hidden = String::from_utf8(stage.post(TRANSFER, transfer_text(&[]).as_bytes())).expect("text");
    let body = format!("0\r\n\r\n{hidden}");
    let both = ["transfer-encoding: chunked", JSON];
    let bytes = stage.request("POST", TRANSFER, &both, body.as_bytes());
    let mut raw = Raw::connect(stage.address()).await;
    raw.write(&bytes).await;
    raw.close_writing().await;
    let first = raw.read_answer("POST").await;
    assert!(
        ["bare", "closed", "P403"].contains(&outcome("two lengths", first.as_ref()).as_str()),
        "{first:?}"
    );
    assert!(
        raw.read_answer("POST").await.is_none_or(|answer| answer.status != 201),
        "the hidden request ran"
    );
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_may_come_in_pieces() {
    let stage = Stage::set().await;
    let body = too_much();
    let whole =
        String::from_utf8(stage.request("POST", TRANSFER, &[JSON, "transfer-encoding: chunked"], b""));
    let head = whole.expect("text").replace("content-length: 0\r\n", "");
    let mut raw = Raw::connect(stage.address()).await;
    raw.write(head.as_bytes()).await;
    for piece in body.as_bytes().chunks(7) {
        raw.write(format!("{:x};note=x\r\n{}\r\n", piece.len(), String::from_utf8_lossy(piece)).as_bytes())
            .await;
    }
    raw.write(b"0\r\nx-trailer: y\r\n\r\n").await;
    assert_eq!(outcome("chunks", raw.read_answer("POST").await.as_ref()), "P433");
    let plain = stage.post(TRANSFER, body.as_bytes());
    for byte in &plain {
        raw.write(&[*byte]).await;
    }
    assert_eq!(outcome("byte by byte", raw.read_answer("POST").await.as_ref()), "P433");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_may_ask_before_it_sends() {
    let stage = Stage::set().await;
    let body = too_much();
    let bytes = stage.request("POST", TRANSFER, &[JSON, "expect: 100-continue"], body.as_bytes());
    let head = &bytes[..bytes.len() - body.len()];
    let mut raw = Raw::connect(stage.address()).await;
    raw.write(head).await;
    let first = raw.read_any_answer("POST").await.expect("an answer");
    assert_eq!(first.status, 100, "{}", first.summary());
    raw.write(body.as_bytes()).await;
    assert_eq!(outcome("after 100", raw.read_answer("POST").await.as_ref()), "P433");

    let mut stranger = Raw::connect(stage.address()).await;
    let denied = String::from_utf8(head.to_vec()).expect("text").replace(stage.api_key(), "wrong");
    stranger.write(denied.as_bytes()).await;
    let answer = stranger.read_any_answer("POST").await.expect("an answer");
    assert!([100, 401].contains(&answer.status), "{}", answer.summary());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_a_row_are_answered_in_order() {
    let stage = Stage::set().await;
    let body = too_much();
    let wrong = plain_wrong_key(&stage);
    let requests = [
        (stage.request("GET", BALANCES, &[], b""), "200"),
        (stage.post(TRANSFER, body.as_bytes()), "P433"),
        (stage.post(TRANSFER, b"{"), "P403"),
        (stage.request("GET", "/v1/nothing", &[], b""), "P404"),
        (stage.request("PUT", TRANSFER, &[], b""), "P405"),
        (wrong, "P401"),
        (stage.request("GET", "/v1/user/balances/nobody", &[], b""), "P412"),
        (stage.request("GET", BALANCES, &[], b""), "200"),
    ];
    let mut raw = Raw::connect(stage.address()).await;
    let all: Vec<u8> = requests.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
    raw.write(&all).await;
    for (_, expected) in &requests {
        assert_eq!(outcome("all at once", raw.read_answer("GET").await.as_ref()), *expected);
    }
    for (bytes, expected) in &requests {
        raw.write(bytes).await;
        assert_eq!(outcome("one by one", raw.read_answer("GET").await.as_ref()), *expected);
    }
    stage.end().await;
}

fn plain_wrong_key(stage: &Stage) -> Vec<u8> {
    let text = String::from_utf8(stage.request("GET", BALANCES, &[], b"")).expect("text");
    text.replace(stage.api_key(), "wrong").into_bytes()
}

/// Old and bare clients.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_forms_of_a_request() {
    let stage = Stage::set().await;
    let key = stage.api_key();
    let old = format!("GET {BALANCES} HTTP/1.0\r\nx-api-key: {key}\r\n\r\n");
    stage.attack("HTTP/1.0", "GET", old.into_bytes(), &["200"]).await;
    let homeless = format!("GET {BALANCES} HTTP/1.1\r\nx-api-key: {key}\r\n\r\n");
    stage.attack("no host", "GET", homeless.into_bytes(), &["200", "bare"]).await;
    let close = stage.request("GET", BALANCES, &["connection: close"], b"");
    let mut raw = Raw::connect(stage.address()).await;
    raw.write(&close).await;
    assert_eq!(raw.read_answer("GET").await.map(|answer: Answer| answer.status), Some(200));
    assert!(raw.is_closed().await, "connection: close is kept");
    let upgrade = stage.request("GET", BALANCES, &["connection: upgrade", "upgrade: websocket"], b"");
    stage.attack("an upgrade", "GET", upgrade, &["200", "bare"]).await;
    let with_body = stage.request("GET", BALANCES, &[JSON], b"{\"amount\":1}");
    stage.attack("a GET with a body", "GET", with_body, &["200", "P403"]).await;
    stage.end().await;
}

/// The server does not wait for ever, and nobody waits for the slow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_requests_are_given_up() {
    let stage = Stage::set().await;
    let whole = stage.post(TRANSFER, transfer_text(&[]).as_bytes());
    let mut halves = Vec::new();
    for length in [whole.len() - 5, 40, 1] {
        let mut raw = Raw::connect(stage.address()).await;
        raw.write(&whole[..length]).await;
        halves.push(raw);
    }
    for _ in 0..20 {
        stage
            .attack("a quick one meanwhile", "GET", stage.request("GET", BALANCES, &[], b""), &["200"])
            .await;
    }
    for mut raw in halves {
        let answer = raw.read_answer("POST").await;
        let seen = outcome("a slow request", answer.as_ref());
        assert!(["closed", "bare", "P403"].contains(&seen.as_str()), "{seen}: {answer:?}");
        if answer.is_some() {
            assert!(raw.is_closed().await, "a connection given up is closed");
        }
    }
    stage.end().await;
}
