//! What must be true at the end of every test.

use super::{Answer, Client};
use florin_api::kit::app::App;
use florin_store::Due;
use florin_types::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Events are numbered from 1 without gaps, their ids differ, and they are as their document says.
pub async fn events(client: &Client) {
    let events = client.events().await;
    let endpoint = client.get("/v1/webhooks/endpoint").await;
    let paths = if endpoint.status == 200 { endpoint.json()["paths"].clone() } else { Value::Null };
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["sequence"], index + 1, "{event}");
        let misfits = crate::asyncapi::misfits(event, &paths);
        assert!(misfits.is_empty(), "{misfits:?}: {event}");
    }
    let mut ids: Vec<_> = events.iter().map(|event| event["id"].as_str().expect("an id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "an id is used twice");
}

/// What history adds up to is what the balances say, for the partner and for every user that it made.
pub async fn histories(client: &Client) {
    let users: Vec<_> = client.users.lock().expect("a list").iter().cloned().collect();
    history(client, None).await;
    for user in users {
        history(client, Some(&user)).await;
    }
}

async fn history(client: &Client, user: Option<&str>) {
    let path = user.map_or("/v1/partner/balances".to_owned(), |id| format!("/v1/user/balances/{id}"));
    let balances = client.get(&path).await;
    if is_closed(&balances) {
        return;
    }
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    let history_of = client.history(user).await;
    // What is on hold, or was, has not moved. Whoever pays pays a fee on top.
    for item in history_of.iter().filter(|item| item["status"] == "SUCCESSFUL") {
        let (amount, fee) = (digits(&item["amount"]), digits(&item["fee"]));
        let currency = item["currency"].as_str().expect("a currency").to_owned();
        *sums.entry(currency).or_default() += if amount < 0 { amount - fee } else { amount };
    }
    // Where nothing had two phases, the newest entry has left what there is.
    let has_two_phases = |item: &Value| {
        ["SEPA_TRANSFER", "CRYPTO_WITHDRAWAL", "CARD_TRANSACTION"].iter().any(|kind| item["type"] == *kind)
    };
    if !history_of.iter().any(has_two_phases) {
        let mut newest: BTreeMap<String, i128> = BTreeMap::new();
        for item in &history_of {
            let currency = item["currency"].as_str().expect("a currency").to_owned();
            newest.entry(currency).or_insert_with(|| digits(&item["balanceAfter"]));
        }
        assert_eq!(sums, newest, "{user:?}: the entries do not add up to the newest balance");
    }
    let balances = balances.expect(200);
    for list in ["fiatBalances", "cryptoBalances"] {
        for balance in balances[list].as_array().expect("a list") {
            let name = balance["name"].as_str().expect("a name");
            assert_eq!(digits(&balance["total"]), sums.remove(name).unwrap_or(0), "{user:?} {name}");
            assert_eq!(digits(&balance["amount"]) + digits(&balance["onHold"]), digits(&balance["total"]));
        }
    }
    assert_eq!(sums, BTreeMap::new(), "{user:?} has entries without a balance");
}

/// A user that was deleted has no balances to compare.
fn is_closed(balances: &Answer) -> bool {
    balances.code() == "P412"
}

/// A padded decimal in its minor units.
fn digits(amount: &Value) -> i128 {
    let text = amount.as_str().expect("an amount is a string");
    text.replace('.', "").parse().expect("an amount is a decimal")
}

/// No job was tried in vain.
pub async fn jobs(app: &App) {
    let jobs =
        app.store.due_jobs(Timestamp::from_micros(i64::MAX), Due::Any).await.expect("jobs can be looked for");
    let failed: Vec<_> = jobs.iter().filter(|job| job.attempts > 0).collect();
    assert!(failed.is_empty(), "jobs failed: {failed:?}");
}

/// What is on chains is what the books say, where that can be compared.
pub async fn chains(app: &App) {
    let outcome = florin_api::crypto::reconcile(app).await.expect("the books can be read");
    let differs = outcome.currencies.iter().any(|line| line.difference() != 0);
    assert!(!differs && outcome.addresses.is_empty(), "chains and books differ: {outcome:#?}");
}

/// The books are right.
pub async fn books(app: &App) {
    let report = app.store.verify().await.expect("the books can be read");
    assert!(report.is_clean(), "{:#?}", report.findings);
}
