//! The server as a partner sees it: reads its events by long polls, and waits while it is away.

use super::{Access, say};
use crate::Failed;
use florin_api::cards::CardDecision;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::time::Duration;

/// Seconds that one call waits for an event. A reset of a quiet sandbox is noticed after this time.
const WAIT: u64 = 5;

/// The time-out of a call, longer than its own wait.
const PATIENCE: Duration = Duration::from_secs(WAIT + 30);

/// The pause between attempts to reach a server that is away.
const PAUSE: Duration = Duration::from_millis(500);

/// The greatest number that an event can have.
const MAX_SEQUENCE: u64 = (1 << 40) - 1;

/// An event, as `/v1/events` lists it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its `webhook-id`.
    pub id: String,
    /// Its number.
    pub sequence: u64,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where its webhook goes, below the base URL.
    pub path: String,
    /// The body of its webhook, byte for byte.
    pub payload: Box<RawValue>,
    /// When it happened.
    pub created_at: String,
}

/// Some events.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The events, oldest first.
    pub data: Vec<Event>,
    /// Where the next page begins.
    pub next_after: u64,
}

/// Questions about authorisations of cards.
#[derive(Deserialize)]
pub struct Questions {
    /// Each as the server would send it to an endpoint.
    pub data: Vec<Box<RawValue>>,
}

/// The part of a registered endpoint that is used here.
#[derive(Deserialize)]
struct Registered {
    paths: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    error_code: String,
    error_message: String,
}

/// Why a call failed.
enum Problem {
    /// The server is away or overloaded. A later call may work.
    Away(String),
    /// The server refused. A repeat will be refused too.
    Refused(Refused),
    /// The answer is not a Florin server's.
    Strange(String),
}

impl From<reqwest::Error> for Problem {
    fn from(error: reqwest::Error) -> Self {
        Self::Away(innermost(&error))
    }
}

/// The bank.
pub struct Bank<'a> {
    http: reqwest::Client,
    access: Access,
    /// Reads URL and key again.
    find: Box<dyn Fn() -> Result<Access, Failed> + 'a>,
}

impl<'a> Bank<'a> {
    /// Takes URL and key, and a function that reads them again when the server is away.
    pub fn new(access: Access, find: impl Fn() -> Result<Access, Failed> + 'a) -> Result<Self, Failed> {
        let url = Url::parse(&access.url).map_err(|error| format!("--url: {error}"))?;
        let mut builder = reqwest::Client::builder().timeout(PATIENCE);
        if is_here(&url) {
            // Without a proxy: it could not reach this machine.
            builder = builder.no_proxy();
        }
        Ok(Self { http: builder.build()?, access, find: Box::new(find) })
    }

    /// Events after a number, as soon as there are any, or none after some seconds.
    pub async fn events(&mut self, after: u64, kind: Option<&str>) -> Result<Page, Failed> {
        let mut query = vec![("after", after.to_string()), ("wait", WAIT.to_string())];
        query.extend(kind.map(|kind| ("type", kind.to_owned())));
        self.get("/v1/events", &query).await
    }

    /// Questions about authorisations of cards, as soon as there are any, or none after some seconds.
    pub async fn questions(&mut self) -> Result<Questions, Failed> {
        self.get("/v1/sandbox/card-decisions", &[("wait", WAIT.to_string())]).await
    }

    /// Where questions are answered, meanwhile.
    pub fn answers(&self) -> Answers {
        let url = format!("{}/v1/sandbox/card-decisions", self.access.url);
        Answers { http: self.http.clone(), url, key: self.access.key.clone() }
    }

    /// Whether there is an event of this number, which is not 0.
    pub async fn has(&mut self, sequence: u64) -> Result<bool, Failed> {
        let query = [("after", (sequence - 1).to_string()), ("limit", "1".to_owned())];
        let page: Page = self.get("/v1/events", &query).await?;
        Ok(!page.data.is_empty())
    }

    /// The newest event's number, found by binary search, since numbers have no gaps.
    pub async fn last(&mut self) -> Result<u64, Failed> {
        let (mut there, mut absent) = (0, 1);
        while absent <= MAX_SEQUENCE && self.has(absent).await? {
            (there, absent) = (absent, absent * 2);
        }
        while absent - there > 1 {
            let middle = there.midpoint(absent);
            if self.has(middle).await? {
                there = middle;
            } else {
                absent = middle;
            }
        }
        Ok(there)
    }

    /// The paths by type of the registered endpoint, where there is one.
    pub async fn own_paths(&mut self) -> Result<HashMap<String, String>, Failed> {
        match self.ask("/v1/webhooks/endpoint", &[]).await? {
            Ok(Registered { paths }) => Ok(paths),
            Err(_) => Ok(HashMap::new()),
        }
    }

    async fn get<T: for<'de> Deserialize<'de>>(
        &mut self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, Failed> {
        let asked = self.ask(path, query).await?;
        asked.map_err(|Refused { error_code, error_message }| {
            format!("the server refuses GET {path}: {error_code} {error_message}").into()
        })
    }

    /// The answer, or the refusal; waits while the bank is away.
    async fn ask<T: for<'de> Deserialize<'de>>(
        &mut self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Result<T, Refused>, Failed> {
        loop {
            match self.attempt(path, query).await {
                Ok(answer) => return Ok(Ok(answer)),
                Err(Problem::Refused(refused)) => return Ok(Err(refused)),
                Err(Problem::Strange(what)) => {
                    return Err(format!("{} is not a Florin server: {what}", self.access.url).into());
                }
                Err(Problem::Away(why)) => {
                    say(&format!("the server at {} is away ({why}); waiting for it", self.access.url))?;
                    self.wait().await;
                    say(&format!("the server answers again, at {}", self.access.url))?;
                }
            }
        }
    }

    /// Waits until the server answers anything.
    async fn wait(&mut self) {
        let question = [("limit", "1".to_owned())];
        while let Err(Problem::Away(_)) = self.attempt::<Page>("/v1/events", &question).await {
            tokio::time::sleep(PAUSE).await;
            // While it starts, the file may be missing.
            if let Ok(access) = (self.find)() {
                self.access = access;
            }
        }
    }

    async fn attempt<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, Problem> {
        let strange = |error: &dyn std::fmt::Display| Problem::Strange(error.to_string());
        let mut url = Url::parse(&format!("{}{path}", self.access.url)).map_err(|error| strange(&error))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let response = self.http.get(url).header("x-api-key", &self.access.key).send().await?;
        let status = response.status();
        let body = response.bytes().await?;
        match status {
            StatusCode::OK => serde_json::from_slice(&body).map_err(|error| strange(&error)),
            StatusCode::TOO_MANY_REQUESTS => Err(Problem::Away("too many calls".to_owned())),
            status if status.is_server_error() => Err(Problem::Away(format!("it answers {status}"))),
            status => match serde_json::from_slice(&body) {
                Ok(refused) => Err(Problem::Refused(refused)),
                Err(_) => Err(strange(&format!("GET {path} answers {status}"))),
            },
        }
    }
}

/// Where questions about authorisations are answered.
pub struct Answers {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl Answers {
    /// Answers a question. It is not tried again: a question waits for a second and a half.
    pub async fn answer(&self, question: &str, decision: CardDecision) -> Result<(), String> {
        let body = serde_json::json!({"id": question, "decision": decision});
        let request = self.http.post(&self.url).header("x-api-key", &self.key).json(&body).send().await;
        match request.map(|response| response.status()) {
            Ok(StatusCode::OK) => Ok(()),
            Ok(status) => Err(format!("the server answers {status}")),
            Err(error) => Err(innermost(&error)),
        }
    }
}

/// Whether a URL names this machine.
fn is_here(url: &Url) -> bool {
    match url.host_str() {
        Some(host) => {
            let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// The innermost cause.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_here() {
        for (url, is) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost", true),
            ("http://[::1]:1", true),
            ("https://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_here(&Url::parse(url).unwrap()), is, "{url}");
        }
    }
}
