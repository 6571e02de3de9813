//! JSON-RPC 2.0 over HTTP, with a node that may say anything.

use super::super::NodeError;
use crate::http;
use reqwest::Url;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Characters of a node's own words that are repeated in errors: the longest known ones, with two amounts in them,
/// have 150.
const MAX_WORDS: usize = 200;

/// A connection to a node.
pub struct Rpc {
    http: reqwest::Client,
    url: Url,
    /// The id of the next request.
    next: AtomicU64,
}

/// Why a call has no result.
#[derive(Debug)]
pub enum CallError {
    /// There is no answer that can be used.
    Node(NodeError),
    /// The node has understood, and answered with an error.
    Answer(RpcError),
}

impl From<NodeError> for CallError {
    fn from(error: NodeError) -> Self {
        Self::Node(error)
    }
}

/// For most calls an error is no answer.
impl From<CallError> for NodeError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Node(error) => error,
            CallError::Answer(RpcError { code, message }) => {
                Self::Unavailable(format!("it says {message} ({code})"))
            }
        }
    }
}

/// A node's error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RpcError {
    /// Its number. Nodes give the same number to many errors, so the words count too.
    pub code: i64,
    /// Its words.
    pub message: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    id: Option<Value>,
    /// None: there is none. A result of null is one.
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    error: Option<RpcError>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl Rpc {
    /// A connection that is made when it is needed.
    ///
    /// # Errors
    /// The address is none of HTTP, or this machine has no certificates of authorities for `https`.
    pub fn new(url: &str, connect_timeout: Duration, timeout: Duration) -> Result<Self, String> {
        // The address is not repeated: providers put their customers' keys into it.
        let url = Url::parse(url).map_err(|error| format!("the node's address: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("the node's address must begin with https:// or http://".to_owned());
        }
        let client = http::client(url.scheme() == "https", connect_timeout, timeout);
        let http = client.map_err(|error| format!("the node's address: {}", http::innermost(&error)))?;
        Ok(Self { http, url, next: AtomicU64::new(1) })
    }

    /// Calls a method. An answer of more than `max` bytes is not read.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
        max: usize,
    ) -> Result<T, CallError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let unavailable = |error: reqwest::Error| {
            let why = if error.is_timeout() { "it is too slow".to_owned() } else { http::innermost(&error) };
            NodeError::Unavailable(format!("{method}: {why}"))
        };
        let response = self.http.post(self.url.clone()).json(&request).send().await.map_err(unavailable)?;
        let status = response.status();
        if !status.is_success() {
            return Err(NodeError::Unavailable(format!("{method}: it answers {status}")).into());
        }
        let bytes = http::body(response, max).await.map_err(unavailable)?;
        let bytes = bytes.ok_or_else(|| unbelievable(method, &format!("more than {max} bytes")))?;
        read(&bytes, id).map_err(|error| match error {
            ReadError::Answer(error) => CallError::Answer(error),
            ReadError::Malformed(why) => unbelievable(method, &why).into(),
        })
    }
}

fn unbelievable(method: &str, why: &str) -> NodeError {
    NodeError::Unbelievable(format!("{method}: {}", shortened(why)))
}

/// What is wrong with an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It is a node's error.
    Answer(RpcError),
    /// It is no answer to what was asked.
    Malformed(String),
}

/// Reads an answer to a request.
pub fn read<T: DeserializeOwned>(bytes: &[u8], id: u64) -> Result<T, ReadError> {
    let malformed = |error: serde_json::Error| ReadError::Malformed(error.to_string());
    let answer: Envelope<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
    // A node that could not read the request knows no id.
    let is_other = match &answer.id {
        None | Some(Value::Null) => answer.error.is_none(),
        Some(value) => value.as_u64() != Some(id),
    };
    if is_other {
        return Err(ReadError::Malformed("the answer is to another request".to_owned()));
    }
    match (answer.error, answer.result) {
        (Some(error), result) if result.is_none_or(|result| result.get() == "null") => {
            Err(ReadError::Answer(RpcError { message: shortened(&error.message), ..error }))
        }
        (None, Some(result)) => serde_json::from_str(result.get()).map_err(malformed),
        _ => Err(ReadError::Malformed("the answer has no result, or a result and an error".to_owned())),
    }
}

/// A node's words, fit for a line of a log.
fn shortened(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).take(MAX_WORDS).collect()
}
