//! Everything that was there reads the same.

use super::before::{Before, KeyedCall, Read, form};
use crate::restart::fails_plainly;
use crate::support::{Call, Server};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What the ids of the objects begin with for which `tool.rs` held money.
const HOLDS: &str = "00000000-0000-0000-0000-0000501d";

/// A delivery but for what the new server has tried since.
fn as_before(delivery: &Value, attempts: usize) -> Value {
    let mut kept = delivery.clone();
    kept["nextAttemptAt"] = Value::Null;
    kept["attempts"].as_array_mut().expect("attempts").truncate(attempts);
    kept
}

/// The history of a user with holds, without the records by which `tool.rs` made them: no call of the old server held
/// money, so it had no words for that.
fn without_holds(answer: &str) -> Value {
    let mut page: Value = serde_json::from_str(answer).expect("JSON");
    let lines = page["data"].as_array_mut().expect("a page");
    lines.retain(|line| !line["id"].as_str().is_some_and(|id| id.starts_with(HOLDS)));
    assert!(!lines.is_empty(), "{answer}");
    page
}

/// Events without the paths of their webhooks: the old program listed the contract's also where a partner had its own.
fn without_paths(answer: &str) -> Value {
    let mut page: Value = serde_json::from_str(answer).expect("JSON");
    for event in page["data"].as_array_mut().expect("events") {
        assert!(event.as_object_mut().expect("an object").shift_remove("path").is_some(), "{event}");
    }
    page
}

/// An endpoint without the paths of types of events that the old server did not know.
fn without_new_types(answer: &str) -> Value {
    let mut endpoint: Value = serde_json::from_str(answer).expect("JSON");
    if let Some(paths) = endpoint["paths"].as_object_mut() {
        for new in ["sepa_recall", "card.fee"] {
            paths.shift_remove(new);
        }
    }
    endpoint
}

/// A refusal as it read before messages told more after their stable text.
fn before_details(now: String, then: &str) -> String {
    let message = |text: &str| {
        let answer = serde_json::from_str::<Value>(text).ok()?;
        Some(answer["errorMessage"].as_str()?.to_owned())
    };
    let Some((long, short)) = message(&now).zip(message(then)) else { return now };
    let is_longer = long.strip_prefix(&short).is_some_and(|more| more.starts_with(": "));
    if !is_longer {
        return now;
    }
    let mut answer: Value = serde_json::from_str(&now).expect("JSON");
    answer["errorMessage"] = short.into();
    answer.to_string()
}

async fn reads_are_the_same(before: &Before) {
    for Read { partner, path, status, answer } in &before.recorded.reads {
        let now = before.client(partner).send(&Call::get(path)).await;
        if path.starts_with("/v1/user/transactions/hugo") {
            assert_eq!(without_holds(&now.text()), without_holds(answer), "GET {path}");
            continue;
        }
        if path.starts_with("/v1/events") {
            assert_eq!(without_paths(&now.text()), without_paths(answer), "GET {path}");
            continue;
        }
        if path == "/v1/webhooks/endpoint" {
            assert_eq!(without_new_types(&now.text()), without_new_types(answer), "GET {path}");
            continue;
        }
        let now = (now.status, before_details(now.text(), answer));
        assert_eq!(now, (*status, answer.clone()), "GET {path} of the {partner} partner");
    }
    let now = before.client("first").get("/v1/webhooks/deliveries?limit=200").await;
    let now = now["data"].as_array().expect("deliveries");
    assert_eq!(now.len(), before.recorded.deliveries.len());
    for (now, old) in now.iter().zip(&before.recorded.deliveries) {
        let attempts = old["attempts"].as_array().expect("attempts").len();
        assert_eq!(as_before(now, attempts), as_before(old, attempts));
    }
    for page in &before.recorded.pages {
        let page = before.client("first").get(page).await;
        assert!(!page["data"].as_array().expect("deliveries").is_empty(), "{page}");
    }
}

/// Whatever a client sends again gets the answer that the old server kept, byte for byte. The keys from before the
/// reset of the second partner's book went with the book.
async fn keys_are_known(before: &Before) {
    let calls = &before.recorded.calls;
    let reset = calls.iter().position(|call| call.path.ends_with("/reset")).expect("a reset");
    let kept = |(index, call): &(usize, &KeyedCall)| call.partner == "first" || *index >= reset;
    for (_, call) in calls.iter().enumerate().filter(kept) {
        let KeyedCall { partner, method, path, key, body, files, status, answer } = call;
        let client = before.client(partner);
        let again = match files {
            Some(parts) => client.try_upload(path, Some(key), &form(parts)).await.expect("an answer"),
            None => {
                let method = ["POST", "PATCH", "DELETE"].into_iter().find(|known| known == method);
                let body = body.as_ref().map(Value::to_string);
                client.send(&Call::bare(method.expect("a method"), path, body).keyed(key)).await
            }
        };
        assert!(again.replayed(), "{method} {path} under {key}: {}", again.summary());
        assert_eq!((again.status, &again.text()), (*status, answer), "{method} {path} under {key}");
    }
}

fn operators_see_the_same(before: &Before) {
    let recorded = &before.recorded;
    let audit = before.server.command(&["audit"]).stdout;
    let audit: Vec<&str> = audit.lines().collect();
    assert_eq!(audit, recorded.audit);
    for (user, review) in &recorded.reviews {
        let shown = before.operate(&["kyc", "show", review]);
        let mut shown: Value = serde_json::from_str(&shown).expect("JSON");
        // The old program knew no versions of what it shows.
        assert!(shown.as_object_mut().expect("an object").shift_remove("version").is_some());
        assert_eq!(shown, recorded.shown[user], "the review of {user}");
    }
    let partner = &recorded.partners["first"].id;
    for (user, files) in &recorded.exports {
        let folder = before.server.home().join(format!("export-{user}"));
        let to = folder.to_str().expect("a path in UTF-8");
        before.operate(&["vault", "export", "--partner", partner, "--user", user, "--to", to]);
        let exported: BTreeMap<String, String> = std::fs::read_dir(&folder)
            .expect("a folder")
            .map(|file| {
                let path = file.expect("a file").path();
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                (name, hex::encode(Sha256::digest(std::fs::read(path).expect("its content"))))
            })
            .collect();
        assert_eq!(&exported, files, "the files of {user}");
    }
    let checked = before.server.command(&["vault", "check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

/// How many migrations have run.
async fn migrations(server: &Server) -> i64 {
    const COUNT: &str = "SELECT COUNT(*) FROM migration";
    match server.database() {
        Some(database) => database.connect().await.query_one(COUNT, &[]).await.expect("a count").get(0),
        None => {
            let file = crate::verify::database_file(&server.data_dir()).expect("a database");
            let database = rusqlite::Connection::open(file).expect("it opens");
            database.query_row(COUNT, [], |row| row.get(0)).expect("a count")
        }
    }
}

/// Only a server seals the rows of an older version: commands refuse them, and change nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_seals_or_upgrades_older_data() {
    let mut before = Before::put_back().await;
    let old = migrations(&before.server).await;
    let partner = before.recorded.partners["first"].id.clone();
    for command in [
        &["partner", "list"][..],
        &["partner", "create", "--name", "A", "--operator", "ona"],
        &["partner", "terms", "show", "--partner", &partner],
        &["key", "list"],
        &["key", "create", "--partner", &partner, "--operator", "ona"],
        &["audit"],
        &["clock", "show"],
    ] {
        fails_plainly(&before.server.command(command), &["start the server of this version once"]);
    }
    let verified = before.server.command(&["verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.stdout.contains("the rows are not sealed yet"), "{verified:?}");
    assert_eq!(migrations(&before.server).await, old, "nothing was changed");
    before.server.start_again().await;
    let verified = before.server.command(&["verify"]);
    assert!(verified.code == Some(0) && !verified.stdout.contains("not sealed yet"), "{verified:?}");
    assert!(!verified.stdout.contains(" 0 sealed rows"), "{verified:?}");
    let listed = before.server.command(&["key", "list", "--partner", &partner]);
    assert!(listed.code == Some(0) && listed.stdout.contains("works"), "{listed:?}");
    reads_are_the_same(&before).await;
    before.server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_reads_as_it_did() {
    let mut before = Before::put_back().await;
    before.server.verify();
    before.server.start_again().await;
    reads_are_the_same(&before).await;
    keys_are_known(&before).await;
    operators_see_the_same(&before);
    // The link that a user was sent.
    let page = reqwest::get(format!("{}{}", before.server.base_url(), before.recorded.page)).await;
    let page = page.expect("an answer");
    assert_eq!(page.status(), 200);
    assert!(page.text().await.expect("a page").contains("Your verification is open"));
    // Nothing of all that changed anything.
    reads_are_the_same(&before).await;
    before.server.finish().await;
}
