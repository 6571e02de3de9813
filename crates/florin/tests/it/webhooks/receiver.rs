//! A partner's server that fails a third of what it is sent.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// How often one event fails at most: far from the end of the schedule.
const MOST_FAILURES: u32 = 6;

/// A request that came.
#[derive(Clone, Debug)]
pub struct Got {
    pub id: String,
    pub token: String,
    pub body: String,
    /// It was answered 2xx.
    pub is_taken: bool,
}

#[derive(Default)]
struct Log {
    got: Vec<Got>,
    taken: usize,
    failures: HashMap<String, u32>,
}

/// The server.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    log: Arc<Mutex<Log>>,
    chance: Arc<Mutex<ChaCha8Rng>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let chance = Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(1)));
        let this = Self { url, log: Arc::default(), chance };
        let routes = Router::new().fallback(handle).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        this
    }

    /// How many were answered 2xx so far.
    pub fn taken(&self) -> usize {
        self.log.lock().expect("no panic").taken
    }

    /// Everything that came, in order.
    pub fn log(&self) -> Vec<Got> {
        self.log.lock().expect("no panic").got.clone()
    }

    /// What is answered to the next request for an event.
    fn decide(&self, log: &mut Log, id: &str) -> u16 {
        let failures = log.failures.entry(id.to_owned()).or_default();
        let mut chance = self.chance.lock().expect("no panic");
        if *failures >= MOST_FAILURES || chance.random_range(0..3) > 0 {
            return 204;
        }
        *failures += 1;
        [500, 404, 302, 503][chance.random_range(0..4_usize)]
    }
}

async fn handle(State(receiver): State<Receiver>, request: Request) -> Response {
    if request.method() == Method::GET {
        return StatusCode::OK.into_response();
    }
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        let value = parts.headers.get(name).unwrap_or_else(|| panic!("no {name}"));
        value.to_str().expect("text").to_owned()
    };
    let (id, token) = (header("webhook-id"), header("authorization"));
    let bytes = axum::body::to_bytes(body, 1 << 20).await;
    // A request that broke off with its server never came.
    let Ok(bytes) = bytes else { return StatusCode::BAD_REQUEST.into_response() };
    let body = String::from_utf8(bytes.to_vec()).expect("text");
    let mut log = receiver.log.lock().expect("no panic");
    let status = receiver.decide(&mut log, &id);
    let is_taken = status == 204;
    log.taken += usize::from(is_taken);
    log.got.push(Got { id, token, body, is_taken });
    (StatusCode::from_u16(status).expect("a status"), [("location", "/elsewhere")]).into_response()
}
