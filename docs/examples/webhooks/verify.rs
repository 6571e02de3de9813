//! Receives Florin's webhooks and verifies them.
//!
//!     cargo add axum base64 ed25519-dalek hmac sha2 subtle && cargo add tokio --features full
//!     WEBHOOK_TOKEN=… WEBHOOK_SECRET=whsec_… WEBHOOK_PUBLIC_KEY=whpk_… cargo run

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use subtle::ConstantTimeEq;

const TOLERANCE_SECONDS: u64 = 5 * 60;

/// The keys that webhooks are verified with.
pub struct Verifier {
    token: String,
    secret: Vec<u8>,
    public_key: VerifyingKey,
}

impl Verifier {
    /// Takes the values that the registration answered. `None` if one of them has another form.
    pub fn new(token: &str, secret: &str, public_key: &str) -> Option<Self> {
        let secret = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        let public_key = STANDARD.decode(public_key.strip_prefix("whpk_")?).ok()?;
        let public_key = VerifyingKey::from_bytes(public_key.as_slice().try_into().ok()?).ok()?;
        Some(Self { token: token.to_owned(), secret, public_key })
    }

    /// Whether Florin sent this body within the last minutes. Pass the raw bytes, before any JSON parser.
    pub fn is_genuine(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !bool::from(header("authorization").as_bytes().ct_eq(self.token.as_bytes())) {
            return false;
        }

        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let is_recent = |sent: u64| sent.abs_diff(now) <= TOLERANCE_SECONDS;
        if id.is_empty() || !timestamp.parse().is_ok_and(is_recent) {
            return false;
        }

        // The header holds several signatures, more of them while a secret is rotated; one that verifies is enough.
        let content = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        header("webhook-signature").split(' ').any(|one| self.verifies(one, &content).unwrap_or(false))
    }

    fn verifies(&self, signature: &str, content: &[u8]) -> Option<bool> {
        let (version, text) = signature.split_once(',')?;
        let bytes = STANDARD.decode(text).ok()?;
        match version {
            "v1" => {
                let mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
                Some(mac.chain_update(content).verify_slice(&bytes).is_ok())
            }
            "v1a" => {
                let signature = Signature::from_slice(&bytes).ok()?;
                Some(self.public_key.verify_strict(content, &signature).is_ok())
            }
            _ => None, // An unknown version.
        }
    }
}

/// The routes of a receiver. axum refuses bodies of more than 2 MB.
pub fn receiver(verifier: Verifier) -> Router {
    let health = get(|| async { StatusCode::OK });
    Router::new()
        .route("/webhook/health", health)
        .fallback_service(post(receive).with_state(Arc::new(verifier)))
}

async fn receive(
    State(verifier): State<Arc<Verifier>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if !verifier.is_genuine(&headers, &body) {
        return StatusCode::UNAUTHORIZED;
    }
    // Store the event before you answer, with webhook-id as a unique key. If you have it already, do nothing.
    // To parse it use serde_json with the feature `arbitrary_precision`: amounts must not become an f64.
    println!("{uri} {:?} {}", headers.get("webhook-id"), String::from_utf8_lossy(&body));
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [token, secret, public_key] =
        ["WEBHOOK_TOKEN", "WEBHOOK_SECRET", "WEBHOOK_PUBLIC_KEY"].map(std::env::var);
    let verifier = Verifier::new(&token?, &secret?, &public_key?).ok_or("the settings are damaged")?;
    let port: u16 = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, receiver(verifier)).await?;
    Ok(())
}
