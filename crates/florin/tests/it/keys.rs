//! `florin key`: keys are listed and revoked by id, end when they were said to, and no command line shows one.

use crate::restart::fails_plainly;
use crate::support::{Client, Outcome, Server};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// How long a test waits for what should come within a second, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

fn key(server: &Server, words: &[&str]) -> Outcome {
    server.command(&[&["key"], words].concat())
}

fn done(outcome: Outcome) -> String {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome.stdout
}

/// A new key: its id and the key.
fn create(server: &Server, words: &[&str]) -> (String, String) {
    let partner = server.credentials().partner_id.clone();
    let words = [&["create", "--partner", &partner, "--operator", "olga"], words].concat();
    let made: Value = serde_json::from_str(&done(key(server, &words))).expect("JSON");
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    (text("keyId"), text("apiKey"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_listed_without_the_secret_and_revoked_by_id() {
    let server = Server::start().await;
    let partner = server.credentials().partner_id.clone();
    let (id, secret) = create(&server, &["--expires", "2999-01-31"]);
    let list = done(key(&server, &["list", "--partner", &partner]));
    let line = list.lines().find(|line| line.starts_with(&id)).expect("the key is listed");
    for part in
        [&partner[..], "made 20", "expires 2999-01-31T00:00:00", "used never", "from anywhere", "works"]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(!list.contains("florin_sandbox_") && !list.contains(&secret));
    let client = Client::new(&server.base_url(), Some(&secret));
    client.get("/v1/partner/balances").await;
    assert_eq!(done(key(&server, &["revoke", "--id", &id, "--operator", "olga"])), format!("revoked {id}\n"));
    let list = done(key(&server, &["list"]));
    assert!(list.lines().any(|line| line.starts_with(&id) && line.contains("  revoked 20")), "{list}");
    fails_plainly(&key(&server, &["revoke", "--id", &id, "--operator", "olga"]), &["revoked before"]);
    fails_plainly(
        &key(&server, &["create", "--partner", &partner, "--operator", "o", "--expires", "1999-01-01"]),
        &["future"],
    );
    for words in [&[][..], &["--all"], &["--partner", &partner], &[&secret], &["--id", &id, "--stdin"]] {
        let refused = key(&server, &[&["revoke", "--operator", "olga"], words].concat());
        assert_eq!(refused.code, Some(2), "{words:?}: {refused:?}");
    }
    fails_plainly(
        &key(&server, &["create", "--partner", &partner, "--operator", "o", "--allow", "10.0.0.0/8"]),
        &["--allow is for live"],
    );
    let audit = done(server.command(&["audit"]));
    let is_first = |line: &str| line.contains("  florin  partner.create  ") && line.contains(&partner);
    assert!(audit.lines().any(is_first), "{audit}");
    for deed in ["key.create", "key.revoke"] {
        let is_it = |line: &str| line.contains(deed) && line.contains("olga") && line.contains(&id);
        assert!(audit.lines().any(is_it), "{deed}: {audit}");
    }
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_keys_long_poll_ends_on_every_process() {
    let mut server = Server::start().await;
    let everywhere = server.everywhere().await;
    let (id, secret) = create(&server, &[]);
    let mut waiting = Vec::new();
    for client in everywhere {
        for path in ["/v1/events?after=0&wait=30", "/v1/sandbox/inbox?wait=30"] {
            let client = client.with_key(Some(&secret));
            waiting.push(tokio::spawn(async move { client.send(&crate::support::Call::get(path)).await }));
        }
    }
    done(key(&server, &["revoke", "--id", &id, "--operator", "olga"]));
    for call in waiting {
        let answer = timeout(PATIENCE, call).await.expect("it does not wait on").expect("a task");
        assert_eq!(answer.status, 401, "{}", answer.summary());
    }
    server.finish().await;
}
