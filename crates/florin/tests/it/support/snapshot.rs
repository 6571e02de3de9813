//! All that calls can read of a partner's book, to show that something left no trace.

use super::client::Client;
use serde_json::Value;

/// The balances, histories and events at one moment.
#[derive(Debug, PartialEq)]
pub struct Snapshot {
    partner: (Value, Vec<Value>),
    users: Vec<(String, Value, Vec<Value>)>,
    events: Vec<String>,
}

impl Snapshot {
    /// Of the partner and these users.
    pub async fn take(client: &Client, ids: &[&str]) -> Self {
        let mut users = Vec::new();
        for id in ids {
            let balances = client.balances(Some(id)).await;
            users.push(((*id).to_owned(), balances, client.history(Some(id)).await));
        }
        let events = client.events().await.iter().map(|event| format!("{event:?}")).collect();
        let partner = (client.balances(None).await, client.history(None).await);
        Self { partner, users, events }
    }
}
