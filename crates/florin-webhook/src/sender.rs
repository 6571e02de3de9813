//! Sends, to nowhere that the guard does not allow: the address that is connected to is one that was checked, since the
//! client gets its addresses from here.

use crate::address::{AddressError, BaseUrl, Guard};
use crate::names::{LOOKUP_TIMEOUT, Resolver};
use bytes::Bytes;
use florin_types::Timestamp;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, redirect};
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use url::{Host, Url};

/// How long an endpoint may take to answer: the contract's.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How long connecting may take over all addresses of a host, each of which gets its share: one that is dead leaves
/// time for the next, and for the answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long it may take over its answer's body, which nobody needs, once the status is known.
const BODY_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the probe of its health may take: somebody waits for it.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// How much of an answer is read, so that the connection can be used again. Who answers more pays with a new one.
const MAX_DRAINED: usize = 64 << 10;

/// How much of an answer is kept for people to see: a message, or the beginning of a page.
const MAX_KEPT: usize = 512;

/// Connections of an endpoint kept open: as many as it gets requests at once.
const MAX_IDLE: usize = 64;

/// How long they are kept: shorter than the usual 60 s of servers, so that they do not close one as we use it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends messages over connections that it keeps.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    guard: Guard,
    resolver: Arc<dyn Resolver>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// The first bytes of its body.
    pub body: Vec<u8>,
    retry_after: Option<String>,
}

impl Answered {
    /// How long the endpoint asks to be left alone (RFC 9110, section 10.2.3: seconds or a date).
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let text = self.retry_after.as_deref()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        let date = Timestamp::from_micros(i64::try_from(date.as_micros()).ok()?);
        Some(date.saturating_since(now))
    }
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Where it would go is not allowed.
    #[error("not sent: the address {0}")]
    Address(#[from] AddressError),
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// Nobody is there.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The answer is longer than any that can be read.
    #[error("an answer of more than {0} bytes")]
    TooLong(usize),
    /// The connection broke.
    #[error("no answer: {0}")]
    Broken(String),
    /// An answer to a probe that is no success.
    #[error("answered {0}")]
    Unhealthy(u16),
}

/// The client's way to addresses.
struct Checked {
    guard: Guard,
    resolver: Arc<dyn Resolver>,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, resolver) = (self.guard.clone(), Arc::clone(&self.resolver));
        Box::pin(async move {
            let found = guard.resolve(&*resolver, name.as_str().to_owned()).await?;
            // The client puts the URL's port in.
            Ok(Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl Sender {
    /// With what is allowed, and who knows names.
    ///
    /// A machine without certificates of authorities can send without TLS: a sandbox in a small container does. Over
    /// TLS it then trusts nobody, and the log says so.
    ///
    /// # Panics
    /// Where the system has no randomness for TLS.
    #[must_use]
    #[expect(clippy::expect_used, reason = "nothing else that is configured here can be wrong")]
    pub fn new(guard: Guard, resolver: Arc<dyn Resolver>) -> Self {
        let settings = || {
            let checked = Checked { guard: guard.clone(), resolver: Arc::clone(&resolver) };
            Client::builder()
                .dns_resolver(Arc::new(checked))
                .no_proxy()
                .redirect(redirect::Policy::none())
                .http1_only()
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_max_idle_per_host(MAX_IDLE)
                .pool_idle_timeout(IDLE_TIMEOUT)
        };
        let client = settings().build().unwrap_or_else(|error| {
            let error = innermost(&error);
            tracing::warn!(error, "webhooks can't be sent over TLS: install the certificates of authorities");
            settings().tls_certs_only([]).build().expect("a client of these settings can be built")
        });
        Self { client, guard, resolver }
    }

    /// Whether messages may go to a base URL: its scheme, and every address of its host.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self, base: &BaseUrl) -> Result<(), AddressError> {
        let url = base.join(&crate::EventPath::parse("/").map_err(|_| AddressError::Malformed)?);
        self.guard.check_url(&url)?;
        match url.host() {
            Some(Host::Domain(host)) if self.guard.is_strict() => {
                let found = self.guard.resolve(&*self.resolver, host.to_owned());
                let found = tokio::time::timeout(LOOKUP_TIMEOUT, found).await;
                found.unwrap_or_else(|_| Err(self.guard.not_resolved())).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Posts a message. Any answer is one, redirects too, which are not followed.
    ///
    /// # Errors
    /// Why there was no answer.
    pub async fn post(&self, url: &Url, headers: HeaderMap, body: Bytes) -> Result<Answered, SendError> {
        self.guard.check_url(url)?;
        let request = self.client.post(url.clone()).headers(headers).body(body).send();
        let response = tokio::time::timeout(TIMEOUT, request).await;
        let response =
            response.map_err(|_| SendError::Timeout(TIMEOUT))?.map_err(|error| cause(url, error))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        Ok(Answered { status, retry_after, body: first_bytes(response).await })
    }

    /// Posts a question, and reads the whole answer, which may have so many bytes. All of it may take as long as the
    /// caller waits: who gives up drops this, and the connection with it. A redirect is an answer.
    ///
    /// # Errors
    /// Why there was no answer.
    pub async fn ask(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        max: usize,
    ) -> Result<Answered, SendError> {
        self.guard.check_url(url)?;
        let request = self.client.post(url.clone()).headers(headers).body(body).send();
        let mut response = request.await.map_err(|error| cause(url, error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| cause(url, error))? {
            if body.len() + chunk.len() > max {
                return Err(SendError::TooLong(max));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answered { status: response.status().as_u16(), body, retry_after: None })
    }

    /// Asks whether an endpoint is well: any 2xx.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn probe(&self, url: &Url) -> Result<(), SendError> {
        self.guard.check_url(url)?;
        let response = tokio::time::timeout(PROBE_TIMEOUT, self.client.get(url.clone()).send()).await;
        let response = response.map_err(|_| SendError::Timeout(PROBE_TIMEOUT))?;
        let response = response.map_err(|error| cause(url, error))?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(SendError::Unhealthy(status.as_u16())),
        }
    }
}

/// Reads an answer's body as far as it is worth it; what is not read goes with the connection.
async fn first_bytes(mut response: Response) -> Vec<u8> {
    let (mut kept, mut drained) = (Vec::new(), 0);
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            drained += chunk.len();
            let room = MAX_KEPT.saturating_sub(kept.len()).min(chunk.len());
            kept.extend_from_slice(&chunk[..room]);
            if drained > MAX_DRAINED {
                break;
            }
        }
    };
    // Too slow is as good as too long.
    let _ = tokio::time::timeout(BODY_TIMEOUT, read).await;
    kept
}

/// How the TLS library begins what it says of a certificate that it does not trust.
const BAD_CERTIFICATE: &str = "invalid peer certificate";

/// What a partner can make something of: the innermost cause, never the URL.
fn cause(url: &Url, error: reqwest::Error) -> SendError {
    let error = error.without_url();
    if let Some(address) = causes(&error).find_map(|cause| cause.downcast_ref::<AddressError>()) {
        return SendError::Address(address.clone());
    }
    let innermost = innermost(&error);
    if innermost.starts_with(BAD_CERTIFICATE) {
        tracing::warn!(host = url.host_str(), error = innermost, "a partner's server has a bad certificate");
    }
    if error.is_connect() { SendError::Connect(innermost) } else { SendError::Broken(innermost) }
}

/// An error, and what caused it, and so on.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |&error| error.source())
}

fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
#[path = "sender_tests.rs"]
mod tests;
