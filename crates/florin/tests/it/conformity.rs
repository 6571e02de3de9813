//! `docs/openapi.json` against the server: schemathesis makes requests of the document, such as fit it and such as do
//! not, and checks that every answer is one that the document has, and that none is P500.
//!
//! `cargo xtask test` says where schemathesis is, and installs it; without it the test is skipped.

use crate::support::{Server, succeeds};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How long it may take over all; the number of requests is fixed and takes a fraction of it.
const SECONDS: &str = "180";

/// The same requests in every run.
const SEED: &str = "15";

/// Requests per call that are made at random, besides those that go through the limits of each field.
const EXAMPLES: &str = "20";

/// What is run beside the checks that schemathesis brings: P500 has status 400 here, so it knows of no fault. And long
/// polls do not wait.
const HOOKS: &str = r#"
import schemathesis

@schemathesis.check
def no_fault(ctx, response, case):
    if response.content.startswith(b'{"errorCode":"P500"'):
        raise AssertionError(response.text)

@schemathesis.hook
def before_call(context, case, kwargs):
    if case.query and "wait" in case.query:
        case.query["wait"] = "0"
"#;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,no_fault";

fn document() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_in_the_document() {
    let Ok(packages) = std::env::var("FLORIN_TEST_SCHEMATHESIS") else {
        return florin_testing::skip(
            "FLORIN_TEST_SCHEMATHESIS names no packages; `cargo xtask test --install` installs them",
        );
    };
    let server = Server::start().await;
    let client = server.client();
    client.verified_user("customer-1001").await;
    client.fund(Some("customer-1001"), "1000", "eur").await;
    client.fund(None, "1000", "eur").await;
    let folder = server.home().to_owned();
    std::fs::write(folder.join("hooks.py"), HOOKS).expect("the hooks are written");
    let mut run = Command::new("timeout");
    run.args([SECONDS, "python3"])
        .arg(Path::new(&packages).join("bin/schemathesis"))
        .arg("run")
        .arg(document());
    run.args(["--url", &server.base_url(), "--header"]);
    run.arg(format!("x-api-key: {}", server.credentials().api_key));
    run.args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED]);
    run.args(["--continue-on-failure", "--request-timeout", "30", "--warnings", "off", "--checks", CHECKS]);
    let path = format!("{packages}:{}", folder.display());
    run.env("PYTHONPATH", path).env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONDONTWRITEBYTECODE", "1");
    run.current_dir(&folder);
    let said = tokio::task::spawn_blocking(move || succeeds(&mut run)).await.expect("no panic");
    let summary = said.lines().find(|line| line.contains("generated")).unwrap_or_default();
    eprintln!("schemathesis: {}", summary.trim());
    assert!(summary.contains("passed"), "{said}");
    server.finish().await;
}
