//! A request to be, and sending it into the router.

use super::{Answer, Client};
use axum::body::Body;
use florin_api::kit::http::Peer;
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use std::net::SocketAddr;
use tower::ServiceExt;

/// A request to be.
#[derive(Clone)]
#[must_use]
pub struct Call {
    client: Client,
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    peer: Option<SocketAddr>,
    body: Option<Vec<u8>>,
}

impl Call {
    pub(super) fn new(client: Client, method: Method, path: &str) -> Self {
        Self { client, method, path: path.to_owned(), headers: Vec::new(), peer: None, body: None }
    }

    /// With an `Idempotency-Key`.
    pub fn keyed(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// With one more header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .push((HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header's value")));
        self
    }

    /// From this address.
    pub fn at_peer(mut self, address: &str) -> Self {
        self.peer = Some(SocketAddr::new(address.parse().expect("an address"), 4711));
        self
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    /// With this body, said to be JSON.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends it and receives the whole answer.
    pub async fn send(self) -> Answer {
        let Self { client, method, path, headers, peer, body } = self;
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.clone();
        *request.uri_mut() = path.parse().expect("a path");
        if let Some(key) = &client.key {
            request.headers_mut().insert("x-api-key", HeaderValue::from_str(key).expect("a key"));
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer(peer));
        }
        if let Some(body) = &body {
            request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
            *request.body_mut() = Body::from(body.clone());
        }
        for (name, value) in headers {
            request.headers_mut().append(name, value);
        }
        let response = client.router.clone().oneshot(request).await.expect("a router answers");
        let (head, stream) = response.into_parts();
        let received = stream.collect().await.expect("a body is received").to_bytes().to_vec();
        let answer = Answer { status: head.status.as_u16(), headers: head.headers, body: received };
        client.note(&method, &path, body.as_deref(), &answer);
        answer
    }
}
