//! `florin webhook`: what an operator registers is what the API shows, and the audit knows of it.

use crate::support::Server;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_registers_an_endpoint() {
    let server = Server::start().await;
    let partner = server.credentials().partner_id.clone();
    let missing = server.command(&["webhook", "show", "--partner", &partner]);
    assert!(missing.code != Some(0) && missing.stderr.contains("Webhook endpoint not found"), "{missing:?}");
    let set = ["webhook", "set", "--partner", &partner, "--operator", "ona"];
    let bad = server.command(&[&set[..], &["--url", "nowhere"]].concat());
    assert!(bad.code != Some(0) && bad.stderr.contains("url must be a URL"), "{bad:?}");
    let path = ["--path", "transfer=/mine", "--token", "a-token"];
    let made = server.command(&[&set[..], &["--url", "http://127.0.0.1:9/x"], &path].concat());
    assert_eq!(made.code, Some(0), "{made:?}");
    let made: Value = serde_json::from_str(&made.stdout).expect("JSON");
    assert!(made["signingSecret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    let shown = server.client().get("/v1/webhooks/endpoint").await;
    assert_eq!(
        (&shown["url"], &shown["paths"]["transfer"]),
        (&json!("http://127.0.0.1:9/x"), &json!("/mine"))
    );
    let by_command = server.command(&["webhook", "show", "--partner", &partner]);
    assert_eq!(serde_json::from_str::<Value>(&by_command.stdout).expect("JSON"), shown);
    let audit = server.command(&["audit"]);
    assert!(audit.stdout.contains("ona  webhook.set"), "{audit:?}");
    let nobody = ["webhook", "show", "--partner", "00000000-0000-0000-0000-000000000000"];
    assert!(server.command(&nobody).stderr.contains("florin partner list"));
    server.finish().await;
}
