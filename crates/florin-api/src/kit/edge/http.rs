//! The server loop: connections in, one service over all of them, a stop that finishes what was accepted.
//!
//! 1. Each connection has one of `max_connections` places (`crate::kit::edge::connections`). When all are taken, the
//!    connection that has been idle for longest closes. When none is idle, requests wait for a place, but health checks
//!    do not; above a small reserve clients queue in the kernel's backlog.
//! 2. Each connection is one task: hyper's HTTP/1 over a guarded socket (`crate::kit::edge::socket`), which closes it
//!    when a head arrives too slowly, an idle connection stays too long or an answer is not taken off.
//! 3. Each request gets its peer's address ([`Peer`]), and a body whose rest is thrown away when nobody reads
//!    it.
//! 4. On `shutdown` the listener closes, idle connections close, running requests finish; what still runs
//!    after `shutdown_deadline` is cut off.
//!
//! Not here: TLS and HTTP/2 (a proxy's work), time limits of requests (the endpoint knows what it waits for),
//! and what the answers say. What is no HTTP request gets a bare 400 or 431.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, EXPECT, HOST};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::kit::edge::connections::{Admitted, Places};
use crate::kit::edge::socket::{Guarded, Phase, Stalls};

/// Longest head of a request (start line and headers). The longest of ours, with a cursor and an idempotency
/// key, is under 2 KiB; proxies add as much again.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Read buffer of one connection at its largest: the longest head and then some. 10,000 connections at that
/// are 320 MB at the very worst; a usual one stays at 8 KiB.
const MAX_BUFFER_BYTES: usize = 32 * 1024;

/// How much of an unread body is read and thrown away, so that the client gets to read its answer. One that sends more
/// after a refusal has to live with a reset.
#[derive(Debug, Clone, Copy)]
struct Drain {
    /// Bytes of it.
    bytes: usize,
    /// From the refusal on.
    time: Duration,
    /// Without any of it.
    idle: Duration,
}

/// JSON: four of the longest bodies.
const SMALL: Drain = Drain { bytes: 256 * 1024, time: Duration::from_secs(1), idle: Duration::from_secs(1) };

/// Files: twice the longest body that any call takes. Many clients read no answer before they have sent everything;
/// the times are those of nginx's `lingering_close`, in which 30 MB come over a line of 8 Mbit/s.
const FILES: Drain =
    Drain { bytes: 64 * 1024 * 1024, time: Duration::from_secs(30), idle: Duration::from_secs(5) };

/// Pause after a failed accept. Out of file descriptors is the usual reason; connections that end free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Limits of the server loop; the defaults are argued beside each field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections at a time. 10,000 of them idle take some 100 MB; partners' clients pool a few dozen each.
    pub max_connections: usize,
    /// Proxies: their addresses have no share, because they bring the connections of many.
    pub trusted_proxies: Vec<IpNet>,
    /// From the first byte of a head to its last. Ten seconds is far above any honest line, and ends a
    /// slow-loris.
    pub head_timeout: Duration,
    /// Without a request. Above the 60 s of the usual load balancers, which otherwise send a request into a
    /// connection that is just closing.
    pub idle_timeout: Duration,
    /// Without the client taking any byte of a pending answer.
    pub write_timeout: Duration,
    /// What running requests may take after `shutdown`. Container platforms kill after 30 s by default.
    pub shutdown_deadline: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            trusted_proxies: Vec::new(),
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            shutdown_deadline: Duration::from_secs(30),
        }
    }
}

/// Request extension: the other end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Response extension: the connection is closed in place of this answer, as a network does that fails just then.
#[derive(Debug, Clone, Copy)]
pub struct LostAnswer;

/// Why a request gets no answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost, as the request asked for")]
struct Lost;

/// What can be served: an axum `Router`, or one in layers.
pub trait HttpApp:
    tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S> HttpApp for S where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// Paths that are answered without a place: who looks after the server must hear of it above all when it is full.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

/// Serves until `shutdown` is ready, then finishes what was accepted.
pub async fn serve<S: HttpApp>(
    listener: TcpListener,
    app: S,
    limits: HttpLimits,
    shutdown: impl Future<Output = ()>,
) {
    let places = Places::new(limits.max_connections, limits.trusted_proxies.clone());
    let limits = Arc::new(limits);
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok(connection) => {
                connections.spawn(serve_connection(
                    connection,
                    app.clone(),
                    Arc::clone(&limits),
                    stopping.clone(),
                ));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.try_join_next().is_some() {}
    let running = connections.len();
    tracing::info!(running, "stopping: no new connections, finishing the running requests");
    drop(stop);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.shutdown_deadline, ended).await.is_err() {
        let cut_off = connections.len();
        tracing::warn!(cut_off, "stopped at the deadline with requests still running");
    }
}

/// A connection that may stay.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    phase: Phase,
    admitted: Admitted,
}

async fn accept(listener: &TcpListener, places: &Places) -> io::Result<Accepted> {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let phase = Phase::default();
                match places.admit(peer.ip(), &phase).await {
                    Some(admitted) => return Ok(Accepted { stream, peer, phase, admitted }),
                    None => {
                        tracing::debug!(%peer, "closed: its address has used up its share of connections")
                    }
                }
            }
            // The client went away while it waited in the backlog; the next one may be fine.
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve_connection<S: HttpApp>(
    connection: Accepted,
    app: S,
    limits: Arc<HttpLimits>,
    mut stopping: watch::Receiver<()>,
) {
    let Accepted { stream, peer, phase, admitted } = connection;
    // Answers are written in one piece; waiting to join it with a next one would only delay it.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let stalls = Stalls { head: limits.head_timeout, write: limits.write_timeout };
    let socket = TokioIo::new(Guarded::new(stream, phase.clone(), stalls));
    let admitted = &admitted;
    let service = service_fn(move |request: Request<Incoming>| {
        phase.request();
        let (app, phase) = (app.clone(), phase.clone());
        async move {
            if !has_plain_host(request.headers()) {
                return Ok(bare_400());
            }
            if !HEALTH.contains(&request.uri().path()) {
                admitted.place().await;
            }
            let Ok(mut response) = app.oneshot(prepare(request, peer, &phase)).await;
            if admitted.became_idle(&phase) {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            if response.extensions().get::<LostAnswer>().is_some() { Err(Lost) } else { Ok(response) }
        }
    });
    let mut http = http1::Builder::new();
    // hyper's own timeout runs from the end of one request to the whole head of the next: that is the idle
    // time. The number of headers stays at hyper's 100, which it keeps on the stack.
    http.timer(TokioTimer::new())
        // Who says that nothing more comes still waits for the answer. A client that is gone looks the same until it is
        // written to, so its request runs to its end; the longest, a long poll, takes 30 s.
        .half_close(true)
        .header_read_timeout(limits.idle_timeout)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_BUFFER_BYTES);
    let mut http = pin!(http.serve_connection(socket, service));
    let ended = tokio::select! {
        ended = &mut http => ended,
        _ = async { tokio::select! { _ = stopping.changed() => {}, () = admitted.close.notified() => {} } } => {
            // An idle one closes now, another after its answer.
            http.as_mut().graceful_shutdown();
            http.await
        }
    };
    if let Err(error) = ended {
        // Nothing of ours: a client that went away, was too slow, or spoke no HTTP.
        tracing::debug!(%error, "connection ended");
    }
}

/// Whether a request names no host or one. With two, or one that is none, a proxy and a server may think of different
/// servers (RFC 9112, section 3.2). None at all is what simple health checkers send.
fn has_plain_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => true,
        (Some(host), None) => host.to_str().is_ok_and(|host| {
            host.is_empty() || !host.contains('@') && host.parse::<http::uri::Authority>().is_ok()
        }),
        (Some(_), Some(_)) => false,
    }
}

/// The answer to what is no request: nothing that came after it on the connection is read.
fn bare_400() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The request as the app sees it.
fn prepare(request: Request<Incoming>, peer: SocketAddr, phase: &Phase) -> Request<Body> {
    let (mut head, incoming) = request.into_parts();
    head.extensions.insert(Peer(peer));
    if incoming.is_end_stream() {
        return Request::from_parts(head, Body::empty());
    }
    // A client that waits for "100 Continue" has not begun to send: an early refusal has nothing to drain.
    let is_sent = !head.headers.contains_key(EXPECT);
    let drain = if is_multipart(&head.headers) { FILES } else { SMALL };
    let drained = Drained { incoming: Some(incoming), is_sent, drain, phase: phase.clone() };
    Request::from_parts(head, Body::new(drained))
}

fn is_multipart(headers: &HeaderMap) -> bool {
    const START: &[u8] = b"multipart/";
    let value = headers.get(CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
    value.get(..START.len()).is_some_and(|start| start.eq_ignore_ascii_case(START))
}

/// A body whose unread rest is read and thrown away after it is dropped, beside the answer being written: a
/// socket closed with unread bytes is reset, and the client would never see the refusal.
struct Drained {
    incoming: Option<Incoming>,
    is_sent: bool,
    drain: Drain,
    phase: Phase,
}

impl HttpBody for Drained {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.is_sent = true;
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(incoming).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.incoming = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let unread = self.incoming.take().filter(|incoming| self.is_sent && !incoming.is_end_stream());
        if let (Some(incoming), Ok(runtime)) = (unread, tokio::runtime::Handle::try_current()) {
            let (drain, phase) = (self.drain, self.phase.clone());
            phase.drain(true);
            runtime.spawn(async move {
                // Over or not: nothing more is read.
                let _ = tokio::time::timeout(drain.time, throw_away(incoming, drain)).await;
                phase.drain(false);
            });
        }
    }
}

async fn throw_away(mut incoming: Incoming, drain: Drain) {
    let mut drained = 0;
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(drain.idle, incoming.frame()).await {
        drained += frame.data_ref().map_or(0, Bytes::len);
        if drained >= drain.bytes {
            break;
        }
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
