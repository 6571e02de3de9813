//! `florin verify` finds what was done to rows that are sealed: who may call, who is who, where money and events go.

use super::rows::Copy;
use super::{Tampering, all_are_found, change_columns, stopped_server};

/// The tables with seals that a stopped sandbox has rows in, and columns of each by which somebody would gain.
const SEALED: [(&str, &[&str]); 6] = [
    ("holder", &["handle", "uuid", "gate", "secret", "seal"]),
    ("partner", &["name", "book", "seal"]),
    ("api_key", &["hash", "partner", "allowed", "created", "expires", "revoked", "seal"]),
    ("bank_account", &["status", "iban", "seal"]),
    ("verification", &["status", "attempt", "reason", "seal"]),
    ("webhook_endpoint", &["url", "enabled", "paths", "secrets", "seal"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_rows_with_seals_are_found() {
    let server = stopped_server().await;
    let copy = Copy::of(&server).await;
    let mut plan = Vec::new();
    for (table, words) in SEALED {
        // `disabled_reason` is words for the partner, and not sealed.
        let of_table = change_columns(&copy, table, words).await;
        plan.extend(of_table.into_iter().filter(|change| !change.name.contains("disabled_reason")));
    }
    copy.remove().await;
    let change = |table, name: &str, statements: &[&str]| Tampering {
        table,
        name: format!("{table}: {name}"),
        statements: statements.iter().map(|statement| (*statement).to_owned()).collect(),
    };
    let anna = "UPDATE holder SET handle = 'nobody' WHERE handle = 'anna'";
    let bela = "UPDATE holder SET handle = 'anna' WHERE handle = 'bela'";
    let nobody = "UPDATE holder SET handle = 'bela' WHERE handle = 'nobody'";
    plan.push(change("holder", "handles exchanged", &[anna, bela, nobody]));
    plan.push(change("holder", "a row deleted", &["DELETE FROM holder WHERE handle = 'anna'"]));
    // Any bytes of the right length: the hash of a key that somebody else knows.
    let id = "substr(hash, 1, 16)";
    let insert = format!(
        "INSERT INTO api_key (id, hash, partner, allowed, created_at, seal) \
         SELECT {id}, substr(seal, 1, 16), partner, allowed, created_at, seal FROM api_key"
    );
    plan.push(change("api_key", "a key inserted", &[&insert]));
    all_are_found(&server, plan).await;
    server.finish().await;
}
