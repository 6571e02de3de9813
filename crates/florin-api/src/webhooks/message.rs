//! An event as it goes over the wire: `POST`, flat JSON, the partner's token, and signatures of Standard Webhooks
//! (standardwebhooks.com, specification 1.0).

use super::endpoint::{Paths, Secrets, WebhookEndpoint};
use super::store;
use crate::kit::app::App;
use florin_store::{Scope, StoreError};
use florin_types::Timestamp;
use florin_webhook::{SigningKey, SigningSecret, signatures};
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// Who sends.
const AGENT: &str = concat!("Florin/", env!("CARGO_PKG_VERSION"));

/// What signs the messages of one book at one time.
#[derive(Clone)]
pub struct Signer {
    paths: Paths,
    token: HeaderValue,
    secrets: Vec<SigningSecret>,
    key: SigningKey,
}

impl Signer {
    /// With an endpoint's secrets; `now` is business time, by which a rotated one ends.
    pub(super) fn of(app: &App, endpoint: &WebhookEndpoint, now: Timestamp) -> Result<Self, StoreError> {
        let secrets = Secrets::open(&app.seals, &endpoint.secrets)?;
        let mut token = HeaderValue::from_str(&secrets.token).map_err(StoreError::unexpected)?;
        token.set_sensitive(true);
        let (signing, key) = (secrets.signing_secrets(now), secrets.signing_key());
        Ok(Self { paths: endpoint.paths.clone(), token, secrets: signing, key })
    }

    /// Where an event type goes, below the base URL.
    pub fn path_of(&self, kind: &str) -> Option<String> {
        self.paths.of(kind).map(|path| path.as_str().to_owned())
    }

    /// With the secrets of a book, whether or not an endpoint is registered; none where it has none yet.
    pub async fn of_book(app: &App, scope: &mut Scope, now: Timestamp) -> Result<Option<Self>, StoreError> {
        let endpoint = store::find(scope).await?;
        endpoint.map(|endpoint| Self::of(app, &endpoint, now)).transpose()
    }
}

/// The head of a message at a time of the wall clock.
pub fn headers(signer: &Signer, id: Uuid, wall: Timestamp, body: &[u8]) -> Result<HeaderMap, StoreError> {
    let (id, seconds) = (id.to_string(), wall.millis().div_euclid(1_000));
    let signature = signatures(&id, seconds, body, &signer.secrets, &signer.key);
    let value = |text: &str| HeaderValue::from_str(text).map_err(StoreError::unexpected);
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(AUTHORIZATION, signer.token.clone());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(HeaderName::from_static("webhook-id"), value(&id)?);
    headers.insert(HeaderName::from_static("webhook-timestamp"), value(&seconds.to_string())?);
    headers.insert(HeaderName::from_static("webhook-signature"), value(&signature)?);
    Ok(headers)
}
