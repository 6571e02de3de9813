//! The receivers of the guide "Webhooks", run as a partner would run them: against signatures of ours, good and bad,
//! and against a bank that delivers to them. And libraries of others against the same signatures.
//!
//! `cargo xtask test` brings what other languages need, and says where in `FLORIN_TEST_…`; without those variables only
//! Rust's is run. Nothing here depends on the database, so all but Rust's is run on SQLite alone.

mod cases;
mod guide;
mod libraries;
mod receiver;
#[path = "../../../../../docs/examples/webhooks/verify.rs"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, dead_code, reason = "it is a program of its own")]
mod verify;

use crate::support::{Call, Client, Deadline, Server, free_port, succeeds, tool};
use cases::{Keys, cases};
use receiver::{Receiver, Settings};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Interpreters start, and a transfer is delivered, well within this on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The folder of the examples.
fn examples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/examples/webhooks"))
}

/// How a receiver is started with its settings.
type Start<'s> = &'s dyn Fn(&Settings) -> Receiver;

/// A receiver takes what is genuine and nothing else.
async fn judges(start: Start<'_>) {
    let keys = Keys::of(1);
    let receiver = start(&keys.settings(free_port()));
    receiver.wait_until_ready().await;
    for case in cases(&keys) {
        let (status, genuine) = (receiver.post(&case).await, case.is_genuine());
        assert_eq!(status, if genuine { 204 } else { 401 }, "{}\n{}", case.name, receiver.log());
    }
    receiver.ends();
}

/// A receiver takes what a bank delivers, before and after a rotation of the secret.
async fn takes_deliveries(start: Start<'_>) {
    let server = Server::start().await;
    let client = server.client();
    let token = server.credentials().webhook_token.clone();
    let port = free_port();
    let endpoint = |more: serde_json::Value| {
        let mut body = json!({"url": format!("http://127.0.0.1:{port}")});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Call::bare("PUT", "/v1/webhooks/endpoint", Some(body.to_string()))
    };
    let made = client.send(&endpoint(json!({}))).await.expect(200);
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    let settings = Settings { port, token, secret: text("signingSecret"), public_key: text("publicKey") };
    let receiver = start(&settings);
    receiver.wait_until_ready().await;
    client.verified_user("Zoe:1").await;
    client.settled(&["Zoe:1"]).await;
    client.send(&endpoint(json!({"rotateSecret": true}))).await.expect(200);
    client.fund(None, "12.5", "eur").await;
    client.transfer(None, Some("Zoe:1"), "12.5", "eur").await.expect(201);
    // Verified, nine wallets, active, paid.
    delivered(&client, 12, &receiver).await;
    receiver.ends();
    server.finish().await;
}

/// Waits until so many deliveries, which are all there are, were each taken by the first attempt.
async fn delivered(client: &Client, count: usize, receiver: &Receiver) {
    let deadline = Deadline::after(PATIENCE);
    loop {
        let list = client.get("/v1/webhooks/deliveries").await;
        let deliveries = list["data"].as_array().expect("a list");
        assert_eq!(deliveries.len(), count, "{list}");
        let refused = deliveries.iter().flat_map(|delivery| delivery["attempts"].as_array().expect("a list"));
        refused.for_each(|attempt| {
            assert_eq!(attempt["statusCode"], 204, "{list}\n{}", receiver.log());
        });
        if deliveries.iter().all(|delivery| delivery["status"] == "DELIVERED") {
            return;
        }
        deadline.pause("the deliveries");
    }
}

async fn works(start: Start<'_>) {
    judges(start).await;
    takes_deliveries(start).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rust() {
    works(&|settings| {
        let verifier = verify::Verifier::new(&settings.token, &settings.secret, &settings.public_key);
        Receiver::within(settings, verify::receiver(verifier.expect("settings that are right")))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rust_without_settings_that_are_right() {
    let settings = Keys::of(1).settings(1);
    for (secret, key) in [
        ("", settings.public_key.as_str()),
        (&settings.secret[6..], &settings.public_key),
        (&settings.secret, "whpk_AA=="),
    ] {
        assert!(verify::Verifier::new("token", secret, key).is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python() {
    let Some(packages) = tool("PYTHON_PATH") else { return };
    works(&|settings| {
        let mut python = Command::new("python3");
        python
            .arg(examples().join("verify.py"))
            .env("PYTHONPATH", &packages)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Receiver::start(settings, python)
    })
    .await;
}

/// Checked by the compiler as a partner's own program would be, and then run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typescript() {
    let Some(modules) = tool("NODE_MODULES") else { return };
    let folder = tempfile::tempdir().expect("a directory");
    let mut compiler = Command::new("node");
    compiler.arg(format!("{modules}/typescript/bin/tsc")).arg(examples().join("verify.ts"));
    compiler.args("--strict --skipLibCheck --target es2022 --module nodenext --types node".split(' '));
    compiler.args(["--typeRoots", &format!("{modules}/@types")]).arg("--outDir").arg(folder.path());
    succeeds(&mut compiler);
    works(&|settings| {
        let mut node = Command::new("node");
        node.arg(folder.path().join("verify.js"));
        Receiver::start(settings, node)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go() {
    let Some(go) = tool("GO") else { return };
    let Some(cache) = tool("GO_CACHE") else { return };
    let folder = tempfile::tempdir().expect("a directory");
    let program = folder.path().join("verify");
    let mut compiler = Command::new(go);
    compiler.arg("build").arg("-o").arg(&program).arg(examples().join("verify.go"));
    compiler.env("GOCACHE", cache).env("CGO_ENABLED", "0").env("GOTOOLCHAIN", "local").env("GOPROXY", "off");
    succeeds(&mut compiler);
    works(&|settings| Receiver::start(settings, Command::new(&program))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn php() {
    let Some(php) = tool("PHP") else { return };
    works(&|settings| {
        let mut command = Command::new(&php);
        command.arg("-S").arg(format!("127.0.0.1:{}", settings.port)).arg(examples().join("verify.php"));
        Receiver::start(settings, command)
    })
    .await;
}
