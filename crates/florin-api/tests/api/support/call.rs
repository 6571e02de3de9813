//! A request to be, and sending it into the router.

use super::contract::{self, Exchange};
use super::{Answer, Client};
use axum::body::Body;
use florin_api::kit::edge::http::Peer;
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
    /// Its type, and the body.
    body: Option<(String, Vec<u8>)>,
}

/// What multipart bodies are made with here.
pub const BOUNDARY: &str = "------------------------a1b2c3d4e5f60718";

/// A file as a part: name of the part, name of the file, declared type, content.
pub type File<'a> = (&'a str, &'a str, &'a str, &'a [u8]);

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
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        self.typed("application/json", body)
    }

    /// With this body, said to be of this type.
    pub fn typed(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some((content_type.to_owned(), body.into()));
        self
    }

    /// With a multipart body of these files, as `curl` makes it.
    pub fn multipart(self, files: &[File<'_>]) -> Self {
        let mut body = Vec::new();
        for (name, file_name, declared, content) in files {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
                 Content-Type: {declared}\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.multipart_body(body)
    }

    /// With this body, said to be multipart with [`BOUNDARY`].
    pub fn multipart_body(self, body: impl Into<Vec<u8>>) -> Self {
        self.typed(&format!("multipart/form-data; boundary={BOUNDARY}"), body)
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
        if let Some((content_type, body)) = &body {
            let content_type = HeaderValue::from_str(content_type).expect("a type");
            request.headers_mut().insert("content-type", content_type);
            *request.body_mut() = Body::from(body.clone());
        }
        for (name, value) in headers {
            request.headers_mut().append(name, value);
        }
        let response = client.router.clone().oneshot(request).await.expect("a router answers");
        let (head, stream) = response.into_parts();
        let received = stream.collect().await.expect("a body is received").to_bytes().to_vec();
        let answer = Answer { status: head.status.as_u16(), headers: head.headers, body: received };
        contract::check(&Exchange {
            environment: client.app.settings.environment,
            method: &method,
            path: &path,
            body: body.as_ref().map(|(content_type, body)| (&content_type[..], &body[..])),
            answer: &answer,
        });
        client.note(&method, &path, body.as_ref().map(|(_, body)| &body[..]), &answer);
        answer
    }
}
