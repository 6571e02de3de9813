//! A partner's server: keeps what it is sent, and answers as it is told.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What came.
#[derive(Clone, Debug)]
pub struct Got {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub text: String,
}

impl Got {
    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().expect("text")
    }

    /// The body.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }
}

type Rule = Box<dyn Fn(&Got) -> u16 + Send>;

/// The server.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
    rule: Arc<Mutex<Rule>>,
}

impl Receiver {
    /// One that answers 200 to everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let this = Self { url, got: Arc::default(), rule: Arc::new(Mutex::new(Box::new(|_| 200))) };
        let routes = Router::new().fallback(handle).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        this
    }

    /// How it answers from now on.
    pub fn answers(&self, rule: impl Fn(&Got) -> u16 + Send + 'static) {
        *self.rule.lock().expect("no panic") = Box::new(rule);
    }

    /// What came since the last call of this.
    pub fn take(&self) -> Vec<Got> {
        std::mem::take(&mut *self.got.lock().expect("no panic"))
    }
}

async fn handle(State(receiver): State<Receiver>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let path = parts.uri.path().to_owned();
    let got = Got { method: parts.method, path, headers: parts.headers, text };
    let status = (receiver.rule.lock().expect("no panic"))(&got);
    receiver.got.lock().expect("no panic").push(got);
    (StatusCode::from_u16(status).expect("a status"), format!("answer {status}")).into_response()
}
