//! The forwarder: it sends events exactly as the server sends webhooks, but only once each, and questions about
//! authorisations as the server asks them.

use super::bank::Event;
use crate::Failed;
use crate::system::{SystemClock, SystemEntropy};
use axum::body::Bytes;
use florin_api::card_decisions::{MAX_ANSWER, read_answer};
use florin_api::cards::CardDecision;
use florin_api::kit::settings::DECISION_BUDGET;
use florin_types::{Clock, Entropy};
use florin_webhook::{
    Answered, BaseUrl, EventPath, Guard, Sender, SigningKey, SigningSecret, SystemResolver, signatures,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::value::RawValue;
use std::sync::Arc;

/// The user agent.
const AGENT: &str = concat!("Florin/", env!("CARGO_PKG_VERSION"));

/// Derives the Ed25519 key from the secret, so that the same secret has the same public key.
const KEY_CONTEXT: &str = "florin 2026 florin listen's Ed25519 key v1";

/// Characters of a failure's answer that are printed.
const SHOWN: usize = 100;

/// Sends events to a base URL.
pub struct Forwarder {
    sender: Sender,
    target: BaseUrl,
    token: String,
    secret: SigningSecret,
    key: SigningKey,
}

impl Forwarder {
    /// Draws the token and the secret if they are not given.
    pub fn new(target: &str, token: Option<String>, secret: Option<&str>) -> Result<Self, Failed> {
        let target = BaseUrl::parse(target).map_err(|error| format!("--forward-to {error}"))?;
        let secret = match secret {
            Some(text) => {
                SigningSecret::parse(text).ok_or("--secret must be whsec_ and 32 bytes in base64")?
            }
            None => SigningSecret::from_bytes(drawn()),
        };
        Ok(Self {
            // The target is the engineer's own machine, so no address is refused.
            sender: Sender::new(Guard::open(), Arc::new(SystemResolver::default())),
            target,
            token: token.unwrap_or_else(|| hex::encode(drawn())),
            key: SigningKey::from_seed(&blake3::derive_key(KEY_CONTEXT, secret.as_bytes())),
            secret,
        })
    }

    /// Where events go.
    pub fn target(&self) -> &BaseUrl {
        &self.target
    }

    /// The value of the header `authorization`.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The secret to verify `v1` with.
    pub fn secret(&self) -> String {
        self.secret.spelt()
    }

    /// The public key to verify `v1a` with.
    pub fn public_key(&self) -> String {
        self.key.public().to_string()
    }

    /// Sends an event, and returns the result as a text.
    pub async fn forward(&self, event: &Event) -> Result<String, Failed> {
        let path = EventPath::parse(&event.path).map_err(|error| format!("the path {error}"))?;
        let body = Bytes::copy_from_slice(event.payload.get().as_bytes());
        let headers = self.headers(&event.id, &body)?;
        Ok(match self.sender.post(&self.target.join(&path), headers, body).await {
            Ok(answered) => answer(&answered),
            Err(error) => error.to_string(),
        })
    }

    /// Asks the target about an authorisation, as the server would; what it says, or why it says nothing.
    pub async fn ask(&self, id: &str, question: &RawValue) -> Result<Result<CardDecision, String>, Failed> {
        let body = Bytes::copy_from_slice(question.get().as_bytes());
        let headers = self.headers(id, &body)?;
        let url = self.target.url();
        let asked = self.sender.ask(&url, headers, body, MAX_ANSWER);
        Ok(match tokio::time::timeout(DECISION_BUDGET, asked).await {
            Ok(Ok(answered)) => read_answer(answered.status, &answered.body),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} ms", DECISION_BUDGET.as_millis())),
        })
    }

    fn headers(&self, id: &str, body: &[u8]) -> Result<HeaderMap, Failed> {
        let seconds = SystemClock.now().millis().div_euclid(1_000);
        let signature = signatures(id, seconds, body, std::slice::from_ref(&self.secret), &self.key);
        let fields = [
            ("authorization", self.token.as_str()),
            ("content-type", "application/json"),
            ("user-agent", AGENT),
            ("webhook-id", id),
            ("webhook-timestamp", &seconds.to_string()),
            ("webhook-signature", &signature),
        ];
        let mut headers = HeaderMap::with_capacity(fields.len());
        for (name, value) in fields {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
        Ok(headers)
    }
}

fn drawn() -> [u8; 32] {
    let mut bytes = [0; 32];
    SystemEntropy.fill(&mut bytes);
    bytes
}

/// The status, and for a failure the start of the answer.
fn answer(answered: &Answered) -> String {
    if (200..300).contains(&answered.status) {
        return answered.status.to_string();
    }
    let text = String::from_utf8_lossy(&answered.body);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = text.chars().filter(|character| !character.is_control()).take(SHOWN).collect();
    format!("failed: {} {short}", answered.status).trim_end().to_owned()
}
