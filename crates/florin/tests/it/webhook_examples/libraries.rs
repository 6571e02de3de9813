//! Libraries of others judge our signatures: Standard Webhooks' own for `v1`, and for `v1a` the Ed25519 of Node
//! (OpenSSL) and of Python's `cryptography`. The Rust ones are in florin-webhook's own tests.

use super::cases::{Case, Keys, cases};
use crate::support::tool;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

fn script(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/webhook_examples")).join(name)
}

/// Has the program judge every case: a list of pairs, whether `v1` and whether `v1a` verify.
fn agrees(mut program: Command) {
    let keys = Keys::of(3);
    let cases = cases(&keys);
    let settings = keys.settings(0);
    let question = json!({
        "secret": settings.secret,
        "publicKey": settings.public_key,
        "cases": cases.iter().map(request).collect::<Vec<_>>(),
    });
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut input = child.stdin.take().expect("an input");
    input.write_all(question.to_string().as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{program:?}");
    let verdicts: Vec<[bool; 2]> = serde_json::from_slice(&output.stdout).expect("verdicts");
    assert_eq!(verdicts.len(), cases.len());
    for (case, verdict) in cases.iter().zip(verdicts) {
        assert_eq!(verdict, [case.v1, case.v1a], "{}", case.name);
    }
}

fn request(case: &Case) -> Value {
    let headers = [
        ("webhook-id", case.id),
        ("webhook-timestamp", case.timestamp.as_deref()),
        ("webhook-signature", case.signature.as_deref()),
    ];
    let given = headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    json!({"headers": Value::Object(given.collect()), "body": case.body})
}

#[test]
fn of_node() {
    let Some(modules) = tool("NODE_MODULES") else { return };
    let mut node = Command::new("node");
    node.arg(script("libraries.cjs")).env("NODE_PATH", modules);
    agrees(node);
}

#[test]
fn of_python() {
    let Some(packages) = tool("PYTHON_PATH") else { return };
    let mut python = Command::new("python3");
    python.arg(script("libraries.py")).env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
    agrees(python);
}
