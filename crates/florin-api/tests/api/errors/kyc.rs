//! The codes of verification and of uploads.

use super::own::changed;
use super::{declaring, name_of, refusal};
use crate::support::{Answer, Call, Client, Ids, TestApp, prepared, request_of};
use florin_api::kit::endpoint::table::{Endpoint, FilePart, RequestBody};
use http::Method;
use serde_json::json;

#[track_caller]
fn check(endpoint: &Endpoint, answer: &Answer, status: u16, expected: &str) {
    assert_eq!((answer.status, answer.text()), (status, expected), "{}", name_of(endpoint));
}

fn parts(endpoint: &Endpoint) -> &'static [FilePart] {
    match endpoint.signature.body {
        RequestBody::Multipart(parts) => parts,
        _ => panic!("teach this test how {} takes files", name_of(endpoint)),
    }
}

/// The call with one file in its first part.
fn with_file(client: &Client, endpoint: &Endpoint, ids: &Ids, content: &[u8]) -> Call {
    let parts = [(parts(endpoint)[0].name, "file", "image/png", content)];
    request_of(client, endpoint, ids).multipart(&parts)
}

/// Objects with which each endpoint of a code works.
async fn each(app: &TestApp, code: &str) -> Vec<(Endpoint, Ids)> {
    let mut all = Vec::new();
    for (index, endpoint) in declaring(code).into_iter().enumerate() {
        let ids = prepared(&app.a(), &endpoint, &index.to_string()).await;
        all.push((endpoint, ids));
    }
    all
}

#[tokio::test]
async fn p426_content_of_no_allowed_type() {
    let app = TestApp::start().await;
    for (endpoint, ids) in each(&app, "P426").await {
        let part = parts(&endpoint)[0];
        let kinds: Vec<_> = part.kinds.iter().map(ToString::to_string).collect();
        let (name, kinds) = (part.name, kinds.join(", "));
        let why = format!("{name} is none of {kinds} (6 bytes; with curl write @ before the file's name)");
        let expected = refusal("P426", "invalid-file-type", &format!("Invalid file type: {why}"));
        check(&endpoint, &with_file(&app.a(), &endpoint, &ids, b"GIF89a").send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p439_no_file() {
    let app = TestApp::start().await;
    for (endpoint, ids) in each(&app, "P439").await {
        let names: Vec<_> = parts(&endpoint).iter().map(|part| part.name).collect();
        let names = if names.len() == 1 { "the part " } else { "the parts " }.to_owned() + &names.join(", ");
        let expected = |why: String| refusal("P439", "no-kyc-files", &format!("No KYC files: {why}"));
        let empty = expected(format!("send a file in {names}; there is no content in any part of that name"));
        check(&endpoint, &with_file(&app.a(), &endpoint, &ids, b"").send().await, 400, &empty);
        let json = request_of(&app.a(), &endpoint, &ids).json(&json!({}));
        let other = expected(format!("send multipart/form-data with {names}; got application/json"));
        check(&endpoint, &json.send().await, 400, &other);
    }
    app.finish().await;
}

#[tokio::test]
async fn p440_a_file_that_is_too_long() {
    let app = TestApp::start().await;
    // Longer than any call takes.
    let file = florin_document::samples::of_size(florin_document::Kind::Png, 10_485_761);
    for (endpoint, ids) in each(&app, "P440").await {
        let most = if endpoint.path.contains("/poa-files/") {
            "5 MB (5,242,880 bytes)"
        } else {
            "10 MB (10,485,760 bytes)"
        };
        let why = format!("File too large: {} is larger than {most}", parts(&endpoint)[0].name);
        let expected = refusal("P440", "file-too-large", &why);
        check(&endpoint, &with_file(&app.a(), &endpoint, &ids, &file).send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p445_nothing_was_sent() {
    let app = TestApp::start().await;
    app.a().create_user("anna").await;
    let expected = refusal("P445", "kyc-not-found", "KYC not found");
    for endpoint in declaring("P445") {
        let ids = Ids::unknown().with("$user", "anna");
        let call = request_of(&app.a(), &endpoint, &ids).header("accept", "application/json");
        check(&endpoint, &call.send().await, 404, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p449_files_are_missing() {
    let app = TestApp::start().await;
    app.a().create_user("anna").await;
    let message = "KYC files are incomplete: front_id and selfie are missing";
    let expected = refusal("P449", "kyc-files-incomplete", message);
    for endpoint in declaring("P449") {
        let ids = Ids::unknown().with("$user", "anna");
        check(&endpoint, &request_of(&app.a(), &endpoint, &ids).send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p465_a_review_is_open() {
    let app = TestApp::start().await;
    let a = app.a();
    let submit = declaring("P449").remove(0);
    let ids = prepared(&a, &submit, "x").await;
    request_of(&a, &submit, &ids).send().await.expect(201);
    let expected = refusal("P465", "kyc-in-review", "KYC is already in review");
    for endpoint in declaring("P465") {
        let call = match endpoint.method {
            Method::PATCH => changed(&a, &endpoint, &ids, |body| body["firstName"] = "Eve".into()),
            _ => request_of(&a, &endpoint, &ids),
        };
        check(&endpoint, &call.send().await, 400, &expected);
    }
    app.finish().await;
}

/// Proof of address: not asked for, being checked, accepted.
#[tokio::test]
async fn p460_p211_and_p447_follow_each_other() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let ids = Ids::unknown().with("$user", "anna");
    let refusals = [
        ("P460", 404, refusal("P460", "poa-not-found", "Proof of address verification not found")),
        ("P211", 202, refusal("P211", "poa-pending", "Proof of address is already being checked")),
        ("P447", 400, refusal("P447", "poa-already-verified", "Proof of address is already verified")),
    ];
    let decide = async |decision: &str| {
        a.post("/v1/sandbox/poa/anna", &json!({"decision": decision})).send().await.expect(200);
    };
    for (code, status, expected) in &refusals {
        match *code {
            "P211" => {
                decide("REQUIRE").await;
                let upload =
                    declaring("P426").into_iter().find(|endpoint| endpoint.path.contains("/poa-files/"));
                request_of(&a, &upload.expect("the call"), &ids).send().await.expect(201);
            }
            "P447" => decide("APPROVE").await,
            _ => {}
        }
        for endpoint in declaring(code) {
            let call = match (&endpoint.method, endpoint.path, *code) {
                (&Method::POST, "/v1/sandbox/poa/{externalUserId}", "P460" | "P447") => {
                    request_of(&a, &endpoint, &ids).json(&json!({"decision": "APPROVE"}))
                }
                _ => request_of(&a, &endpoint, &ids),
            };
            check(&endpoint, &call.send().await, *status, expected);
        }
    }
    app.finish().await;
}
