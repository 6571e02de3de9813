//! Hostile input over raw TCP: a clear refusal, never P500, never a panic, and nothing stored.
//!
//! Each file is a table of cases. A case names the outcomes it may have: an error code (`P403`), a status
//! without an error code (`200`), `bare` (the HTTP library's own refusal, without our envelope), or
//! `closed` (no answer at all). Where the contract decides, there is one.

mod bodies;
mod headers;
mod methods;
mod order;
mod paths;
mod people;
mod wire;

use crate::support::{Answer, Client, Server, Snapshot, exchange};
use serde_json::json;
use std::net::SocketAddr;

/// Two who may move money and one who may not.
const USERS: [&str; 3] = ["anna", "bela", "cili"];

/// A book with something in it, and what it looked like before the attack.
struct Stage {
    server: Server,
    client: Client,
    before: Snapshot,
}

impl Stage {
    async fn set() -> Self {
        let server = Server::start().await;
        let client = server.client();
        for id in USERS {
            client.create_user(id).await;
        }
        for id in ["anna", "bela"] {
            client.approve(id).await;
        }
        client.settled(&["anna", "bela"]).await;
        client.fund(None, "100", "eur").await;
        client.fund(Some("anna"), "10", "eur").await;
        client.fund(Some("anna"), "10", "btc").await;
        client.transfer(Some("anna"), Some("bela"), "5000", "eur").await.expect_refusal("P433");
        let before = Snapshot::take(&client, &USERS).await;
        Self { server, client, before }
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    fn api_key(&self) -> &str {
        &self.server.credentials().api_key
    }

    /// A request of ours, well-formed as far as the parts are.
    fn request(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
        let key = format!("x-api-key: {}", self.api_key());
        let mut all = vec![key.as_str()];
        all.extend(headers);
        plain_request(method, path, &all, body)
    }

    /// A JSON POST with the partner's key.
    fn post(&self, path: &str, body: &[u8]) -> Vec<u8> {
        self.request("POST", path, &["content-type: application/json"], body)
    }

    /// Sends bytes on a connection of their own and fails unless the outcome is one of these.
    async fn attack(&self, name: &str, method: &str, bytes: Vec<u8>, expected: &[&str]) -> Option<Answer> {
        let answer = exchange(self.address(), method, bytes).await;
        let seen = outcome(name, answer.as_ref());
        let shown = answer.as_ref().map(Answer::summary);
        assert!(expected.contains(&seen.as_str()), "{name}: {seen}, expected {expected:?}; {shown:?}");
        answer
    }

    /// A JSON POST that must be answered like this.
    async fn attack_post(&self, name: &str, path: &str, body: &[u8], expected: &[&str]) {
        self.attack(name, "POST", self.post(path, body), expected).await;
    }

    /// Nothing was stored, and the server is well.
    async fn end(self) {
        let after = Snapshot::take(&self.client, &USERS).await;
        assert_eq!(after, self.before, "something was stored");
        self.server.finish().await;
    }
}

/// Exactly these headers, and a host and a length.
fn plain_request(method: &str, path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: florin.test\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    if !body.is_empty() || ["POST", "PATCH", "PUT"].contains(&method) {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// One word for what happened; what speaks our envelope must speak it well.
fn outcome(name: &str, answer: Option<&Answer>) -> String {
    let Some(answer) = answer else { return "closed".to_owned() };
    assert!(answer.status < 500, "{name}: {}", answer.summary());
    let code = answer.code();
    if !code.is_empty() || answer.status < 400 {
        answer.check_contract(name);
    }
    if code.is_empty() && answer.status >= 400 {
        return "bare".to_owned();
    }
    if code.is_empty() { answer.status.to_string() } else { code }
}

/// A transfer that would work, with some fields replaced (`None` leaves a field out).
fn transfer_text(changes: &[(&str, Option<&str>)]) -> String {
    let valid = [
        ("sourceExternalUserId", "\"anna\""),
        ("destinationExternalUserId", "\"bela\""),
        ("amount", "\"1.00\""),
        ("currency", "\"eur\""),
    ];
    let mut fields: Vec<(&str, Option<&str>)> =
        valid.iter().map(|(name, text)| (*name, Some(*text))).collect();
    for (name, text) in changes {
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some(field) => field.1 = *text,
            None => fields.push((*name, *text)),
        }
    }
    let texts: Vec<String> =
        fields.iter().filter_map(|(name, text)| Some(format!("{}:{}", json!(name), (*text)?))).collect();
    format!("{{{}}}", texts.join(","))
}
