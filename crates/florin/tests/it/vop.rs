//! `florin vop`: a bank is let ask, asks, and is revoked, while the server runs.

use crate::restart::fails_plainly;
use crate::support::{Outcome, Server};
use serde_json::{Value, json};

fn asker(server: &Server, words: &[&str]) -> Outcome {
    server.command(&[&["vop", "asker"], words].concat())
}

fn done(outcome: Outcome) -> String {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome.stdout
}

/// The status and the body of an answer.
async fn ask(server: &Server, token: &str) -> (u16, Value) {
    let request = reqwest::Client::new()
        .post(format!("{}/vop/v1/payee-verifications", server.base_url()))
        .bearer_auth(token)
        .header("x-request-id", "0198c5d2-ad31-7f24-9c85-6e903b4c5d7f")
        .header("x-request-timestamp", "2026-11-23T12:00:00Z")
        .json(&json!({
            "party": {"name": "Ada Lovelace"},
            "partyAccount": {"iban": "LT299999900000000000"},
            "partyAgent": {"financialInstitutionId": {"bicfi": "FLORLT2X"}},
            "requestingAgent": {"financialInstitutionId": {"bicfi": "HABALT22"}},
        }));
    let answer = request.send().await.expect("the server answers");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_asks_until_it_is_revoked() {
    let mut server = Server::start().await;
    assert_eq!(ask(&server, "x").await.0, 404);
    assert_eq!(asker(&server, &["list"]).stderr, "no askers\n");
    let words = ["create", "--name", "Hansabank", "--bic", "HABALT22", "--operator", "olga"];
    let made: Value = serde_json::from_str(&done(asker(&server, &words))).expect("JSON");
    let (id, token) = (made["askerId"].as_str().expect("an id"), made["token"].as_str().expect("a token"));
    assert_eq!(ask(&server, token).await, (200, json!({"partyNameMatch": "NOAP"})));
    assert_eq!(ask(&server, "x").await.0, 401);
    // What a server has counted is written when it stops.
    server.stop();
    let list = done(asker(&server, &["list"]));
    let mut lines = list.lines();
    let line = lines.next().expect("a line");
    for part in [id, "Hansabank", "HABALT22", "misses a day 2000", "made 20", "may ask"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(lines.next().is_some_and(|line| line.ends_with("  NOAP  1")) && lines.next().is_none(), "{list}");
    assert!(!list.contains(token));
    server.start_again().await;
    let revoke = ["revoke", "--id", id, "--operator", "olga"];
    assert_eq!(done(asker(&server, &revoke)), format!("revoked {id}\n"));
    assert_eq!(ask(&server, token).await.0, 404, "nobody may ask");
    fails_plainly(&asker(&server, &revoke), &["revoked before"]);
    assert!(done(asker(&server, &["list"])).contains("  revoked 20"));
    let nameless = ["create", "--name", "", "--operator", "olga"];
    fails_plainly(&asker(&server, &nameless), &["--name"]);
    let wrong = ["create", "--name", "Hansabank", "--bic", "HABA", "--operator", "olga"];
    fails_plainly(&asker(&server, &wrong), &["--bic must be a bic"]);
    let audit = done(server.command(&["audit"]));
    for deed in ["vop.asker.create", "vop.asker.revoke"] {
        let is_it = |line: &str| line.contains(deed) && line.contains("olga") && line.contains(id);
        assert!(audit.lines().any(is_it), "{deed}: {audit}");
    }
    assert!(!server.log().contains("Lovelace"));
    server.finish().await;
}
