//! A partner's server that decides: keeps what it is asked, and answers as it is told.

pub use crate::webhooks::receiver::Got;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How it answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status and a body.
    With(u16, String),
    /// To another place.
    RedirectTo(String),
    /// Not at all.
    Never,
    /// With a head, and a body that does not end.
    HalfABody,
    /// With the second, once the first lets it.
    After(Arc<Semaphore>, Box<Reply>),
}

impl Reply {
    /// 200 with a body.
    pub fn json(body: &str) -> Self {
        Self::With(200, body.to_owned())
    }
}

/// The server.
#[derive(Clone)]
pub struct Decider {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
    reply: Arc<Mutex<Reply>>,
    arrived: Arc<Semaphore>,
}

impl Decider {
    /// One that approves everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let reply = Arc::new(Mutex::new(Reply::json(r#"{"decision":"APPROVE"}"#)));
        let this = Self { url, got: Arc::default(), reply, arrived: Arc::new(Semaphore::new(0)) };
        let routes = Router::new().fallback(handle).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        this
    }

    /// How it answers from now on.
    pub fn answers(&self, reply: Reply) {
        *self.reply.lock().expect("no panic") = reply;
    }

    /// It answers so from now on, one for each permit that is added.
    pub fn holds(&self, reply: Reply) -> Arc<Semaphore> {
        let hold = Arc::new(Semaphore::new(0));
        self.answers(Reply::After(Arc::clone(&hold), Box::new(reply)));
        self.arrived.forget_permits(Semaphore::MAX_PERMITS);
        hold
    }

    /// Waits until one more question has come since it holds them.
    pub async fn arrived(&self) {
        self.arrived.acquire().await.expect("it stays open").forget();
    }

    /// What came since the last call of this.
    pub fn take(&self) -> Vec<Got> {
        std::mem::take(&mut *self.got.lock().expect("no panic"))
    }
}

async fn handle(State(decider): State<Decider>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let path = parts.uri.path().to_owned();
    let got = Got { method: parts.method, path, headers: parts.headers, text };
    decider.got.lock().expect("no panic").push(got);
    let mut reply = decider.reply.lock().expect("no panic").clone();
    decider.arrived.add_permits(1);
    if let Reply::After(hold, then) = reply {
        hold.acquire().await.expect("it stays open").forget();
        reply = *then;
    }
    let response = Response::builder();
    let response = match reply {
        Reply::With(status, body) => response.status(status).body(Body::from(body)),
        Reply::RedirectTo(url) => response.status(307).header("location", url).body(Body::empty()),
        Reply::HalfABody => {
            let begin =
                futures_util::stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{\"decision\":"))]);
            response.body(Body::from_stream(begin.chain(futures_util::stream::pending())))
        }
        Reply::Never | Reply::After(..) => std::future::pending().await,
    };
    response.expect("a response")
}
