//! Tests of the server loop over real sockets of the loopback.

use axum::Router;
use axum::extract::Extension;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinHandle, yield_now};

use super::*;

/// What holds `/slow` up until a test lets it answer.
#[derive(Default)]
struct Gate {
    is_reached: Notify,
    is_open: Notify,
}

struct Server {
    address: SocketAddr,
    slow: Arc<Gate>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

fn app(gate: Arc<Gate>) -> Router {
    Router::new()
        .route("/peer", get(async |Extension(Peer(peer)): Extension<Peer>| peer.ip().to_string()))
        .route("/healthz", get(async || "healthy"))
        .route("/refuse", post(async || "refused"))
        .route("/refuse-later", post(refuse_later))
        .route("/lost", get(async || Extension(LostAnswer)))
        .route("/echo", post(async |body: String| body))
        .route("/large", get(async || vec![b'x'; 64 * 1024 * 1024]))
        .route(
            "/slow",
            get(async move || {
                gate.is_reached.notify_one();
                gate.is_open.notified().await;
                "slow"
            }),
        )
}

/// Reads a little before it refuses.
async fn refuse_later(body: Body) -> &'static str {
    let mut body = body;
    body.frame().await.unwrap().unwrap();
    "refused"
}

async fn start(limits: HttpLimits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let slow = Arc::<Gate>::default();
    let app = app(Arc::clone(&slow));
    let task = tokio::spawn(serve(listener, app, limits, async { stopped.await.unwrap_or_default() }));
    Server { address, slow, stop, task }
}

/// Lets the server deal with everything that was sent to it: each yield looks at the sockets once, and whoever can go
/// on does.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

/// Lets so much time pass for everybody, at once, after what was sent has been dealt with. Time runs on afterwards: a
/// clock that stands jumps to the next timer whenever all wait, also for a socket.
async fn pass(time: Duration) {
    settle().await;
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
    settle().await;
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// From an address of the loopback's.
    async fn connect_from(&self, host: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, host], 0))).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

async fn send(stream: &mut TcpStream, bytes: impl AsRef<[u8]>) {
    stream.write_all(bytes.as_ref()).await.unwrap();
}

/// Everything up to the end that the server makes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_without_a_byte() {
    let server = start(HttpLimits::default()).await;
    let mut stream = server.connect().await;
    send(&mut stream, "GET /lost HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(rest(&mut stream).await, "");
    server.stop().await;
}

/// Half of the connection is closed, the request is whole: it is run, and the answer is waited for.
#[tokio::test]
async fn who_sends_nothing_more_gets_the_answer() {
    let server = start(HttpLimits::default()).await;
    let mut stream = server.connect().await;
    send(&mut stream, SLOW).await;
    stream.shutdown().await.unwrap();
    server.slow.is_reached.notified().await;
    settle().await;
    server.slow.is_open.notify_one();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("slow"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn two_hosts_and_a_host_that_is_none_are_refused() {
    let server = start(HttpLimits::default()).await;
    for (head, status) in [
        ("", 200),
        ("host:\r\n", 200),
        ("host: a.example:8080\r\n", 200),
        ("host: [::1]:80\r\n", 200),
        ("host: a\r\nhost: a\r\n", 400),
        ("host: a\r\nHost: b\r\n", 400),
        ("host: a b\r\n", 400),
        ("host: a/b\r\n", 400),
        ("host: anna@a\r\n", 400),
        ("host: a, b\r\n", 400),
        ("host: \u{e9}\r\n", 400),
    ] {
        let mut stream = server.connect().await;
        send(&mut stream, format!("GET /peer HTTP/1.1\r\n{head}\r\n")).await;
        stream.shutdown().await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head:?}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_line_of_a_head_ends_with_both_characters() {
    let server = start(HttpLimits::default()).await;
    for (head, status) in [
        ("GET /peer HTTP/1.1\r\nhost: x\r\n\r\n", 200),
        ("\r\n\r\nGET /peer HTTP/1.1\r\nhost: x\r\n\r\n", 200),
        ("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n\na\n\n", 200),
        ("GET /peer HTTP/1.1\nhost: x\n\n", 400),
        ("GET /peer HTTP/1.1\r\nhost: x\n\r\n", 400),
        ("GET /peer HTTP/1.1\r\nhost: x\r\n\n", 400),
        ("GET /peer HTTP/1.1\r\na: b\ncontent-length: 5\r\n\r\n", 400),
    ] {
        for piece in [1, 1_000] {
            let mut stream = server.connect().await;
            for bytes in head.as_bytes().chunks(piece) {
                // The server may have closed already.
                let _ = stream.write_all(bytes).await;
                settle().await;
            }
            stream.shutdown().await.unwrap_or_default();
            let answer = rest(&mut stream).await;
            // Of a first line that it cannot read, hyper says nothing.
            let is_refused = status == 400 && answer.is_empty();
            let expected = format!("HTTP/1.1 {status} ");
            assert!(is_refused || answer.starts_with(&expected), "{head:?}: {answer}");
        }
    }
    server.stop().await;
}

/// Reads until this text is there.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(end) {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "ended: {}", String::from_utf8_lossy(&bytes));
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn connections_are_kept_and_know_their_peer() {
    let server = start(HttpLimits::default()).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        send(&mut stream, "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(read_until(&mut stream, "127.0.0.1").await.starts_with("HTTP/1.1 200"));
    }
    send(
        &mut stream,
        "GET /peer HTTP/1.1\r\nhost: x\r\n\r\nGET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(rest(&mut stream).await.matches("HTTP/1.1 200").count(), 2);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_http_gets_a_bare_answer() {
    let server = start(HttpLimits::default()).await;
    let long_head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(MAX_HEAD_BYTES));
    for (bytes, status) in [("nonsense\r\n\r\n", "HTTP/1.1 400"), (&long_head, "HTTP/1.1 431")] {
        let mut stream = server.connect().await;
        send(&mut stream, bytes).await;
        assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with(status));
    }
    server.stop().await;
}

#[tokio::test]
async fn an_early_refusal_is_read_even_while_the_body_is_still_sent() {
    let server = start(HttpLimits::default()).await;
    let mut stream = server.connect().await;
    send(&mut stream, "POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n").await;
    send(&mut stream, [b'x'; 10_000]).await;
    // The answer is there, and most of the body is not sent yet.
    stream.readable().await.unwrap();
    for _ in 1..20 {
        send(&mut stream, [b'x'; 10_000]).await;
        settle().await;
    }
    assert!(read_until(&mut stream, "refused").await.starts_with("HTTP/1.1 200"));
    send(&mut stream, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi")
        .await;
    assert!(rest(&mut stream).await.ends_with("hi"), "the drained connection goes on");
    server.stop().await;
}

#[tokio::test]
async fn an_endless_body_is_not_drained_for_ever() {
    let server = start(HttpLimits::default()).await;
    let mut stream = server.connect().await;
    send(&mut stream, "POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000\r\n\r\n").await;
    let mut sent = 0;
    while stream.write_all(&[b'x'; 10_000]).await.is_ok() {
        sent += 10_000;
        tokio::task::yield_now().await;
    }
    assert!(sent < 50_000_000, "{sent}");
    server.stop().await;
}

const UPLOAD: &str = "host: x\r\ncontent-type: Multipart/form-data; boundary=b\r\n";

/// Most clients send everything before they read anything.
#[tokio::test]
async fn an_upload_is_refused_early_and_its_client_reads_that_after_sending_it_all() {
    let server = start(HttpLimits::default()).await;
    for path in ["/refuse", "/refuse-later"] {
        let mut stream = server.connect().await;
        let head = format!("POST {path} HTTP/1.1\r\n{UPLOAD}content-length: 30000000\r\n\r\n");
        send(&mut stream, head).await;
        for _ in 0..30 {
            send(&mut stream, vec![b'x'; 1_000_000]).await;
        }
        assert!(read_until(&mut stream, "refused").await.starts_with("HTTP/1.1 200"));
        send(&mut stream, "GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        assert!(rest(&mut stream).await.ends_with("127.0.0.1"), "the drained connection goes on");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_endless_upload_is_not_drained_for_ever() {
    let server = start(HttpLimits::default()).await;
    let mut stream = server.connect().await;
    send(&mut stream, format!("POST /refuse HTTP/1.1\r\n{UPLOAD}content-length: 1000000000\r\n\r\n")).await;
    let mut sent = 0;
    while stream.write_all(&[b'x'; 100_000]).await.is_ok() {
        sent += 100_000;
        tokio::task::yield_now().await;
    }
    assert!((FILES.bytes..FILES.bytes + 50_000_000).contains(&sent), "{sent}");
    server.stop().await;
}

/// What comes after an answer is the rest of that request, not a head that takes too long.
#[tokio::test]
async fn a_refused_upload_is_not_taken_for_a_slow_head() {
    let short = Duration::from_secs(1);
    let server = start(HttpLimits { head_timeout: short, ..HttpLimits::default() }).await;
    let mut stream = server.connect().await;
    send(&mut stream, format!("POST /refuse HTTP/1.1\r\n{UPLOAD}content-length: 9\r\n\r\nabc")).await;
    read_until(&mut stream, "refused").await;
    for piece in ["def", "ghi"] {
        send(&mut stream, &piece[..1]).await;
        pass(short * 2).await;
        send(&mut stream, &piece[1..]).await;
    }
    send(&mut stream, "GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(rest(&mut stream).await.ends_with("127.0.0.1"));
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_waited_for_continue_and_is_refused_while_it_sends_reads_that_too() {
    let server = start(HttpLimits::default()).await;
    let mut stream = server.connect().await;
    let head = "expect: 100-continue\r\ncontent-length: 30000000\r\n\r\n";
    send(&mut stream, format!("POST /refuse-later HTTP/1.1\r\n{UPLOAD}{head}")).await;
    read_until(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    for _ in 0..30 {
        send(&mut stream, vec![b'x'; 1_000_000]).await;
    }
    assert!(read_until(&mut stream, "refused").await.starts_with("HTTP/1.1 200"));
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_waits_for_continue_is_refused_without_sending() {
    let server = start(HttpLimits::default()).await;
    let mut stream = server.connect().await;
    send(
        &mut stream,
        "POST /refuse HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n",
    )
    .await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 200"));
    server.stop().await;
}

#[tokio::test]
async fn slow_heads_are_cut_off_but_idle_connections_are_not() {
    let short = Duration::from_secs(1);
    let server = start(HttpLimits { head_timeout: short, ..HttpLimits::default() }).await;
    let mut idle = server.connect().await;
    let mut slow = server.connect().await;
    send(&mut slow, "GET /peer HT").await;
    pass(short * 2).await;
    assert!(slow.read_to_end(&mut Vec::new()).await.is_ok());
    send(&mut idle, "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await;
    read_until(&mut idle, "127.0.0.1").await;
    pass(short * 2).await;
    send(&mut idle, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.slow.is_reached.notified().await;
    pass(short * 2).await;
    server.slow.is_open.notify_one();
    read_until(&mut idle, "\r\n\r\nslow").await;
    send(&mut idle, "G").await;
    pass(short * 2).await;
    assert_eq!(rest(&mut idle).await, "");
    server.stop().await;
}

#[tokio::test]
async fn idle_connections_end_in_time() {
    let server = start(HttpLimits { idle_timeout: Duration::from_millis(50), ..HttpLimits::default() }).await;
    let mut stream = server.connect().await;
    assert_eq!(rest(&mut stream).await, "");
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_not_taken_off_ends_the_connection() {
    let limits =
        HttpLimits { write_timeout: Duration::from_millis(50), max_connections: 1, ..HttpLimits::default() };
    let server = start(limits).await;
    let mut stalled = server.connect().await;
    send(&mut stalled, "GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut next = server.connect().await;
    send(&mut next, "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await;
    read_until(&mut next, "127.0.0.1").await;
    server.stop().await;
}

const PEER: &str = "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n";
const SLOW: &str = "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn while_every_place_is_busy_requests_wait_and_health_checks_do_not() {
    let server = start(HttpLimits { max_connections: 1, ..HttpLimits::default() }).await;
    let mut first = server.connect_from(2).await;
    send(&mut first, SLOW).await;
    server.slow.is_reached.notified().await;
    let mut second = server.connect_from(3).await;
    send(&mut second, PEER).await;
    settle().await;
    let early = second.try_read(&mut [0]).unwrap_err();
    assert_eq!(early.kind(), io::ErrorKind::WouldBlock, "served above the limit");
    let mut checker = server.connect_from(4).await;
    send(&mut checker, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    read_until(&mut checker, "healthy").await;
    server.slow.is_open.notify_one();
    let answer = rest(&mut first).await;
    assert!(answer.contains("connection: close") && answer.ends_with("slow"), "gave its place on: {answer}");
    read_until(&mut second, "127.0.0.3").await;
    server.stop().await;
}

#[tokio::test]
async fn the_longest_idle_connection_closes_when_all_places_are_taken() {
    let server = start(HttpLimits { max_connections: 3, ..HttpLimits::default() }).await;
    let mut idle = Vec::new();
    for address in [2, 3, 4] {
        idle.push(server.connect_from(address).await);
    }
    // Also one that has sent nothing yet is idle. The first has been idle for less time than the second now.
    for at in [0, 2] {
        send(&mut idle[at], PEER).await;
        read_until(&mut idle[at], "127.0.0.").await;
    }
    let mut next = server.connect_from(5).await;
    send(&mut next, PEER).await;
    read_until(&mut next, "127.0.0.5").await;
    assert_eq!(rest(&mut idle.remove(1)).await, "");
    for mut other in idle {
        send(&mut other, PEER).await;
        read_until(&mut other, "127.0.0.").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn one_address_has_half_of_the_places_and_a_proxy_all() {
    let trusted_proxies = vec!["127.0.0.9/32".parse().unwrap()];
    let server = start(HttpLimits { max_connections: 4, trusted_proxies, ..HttpLimits::default() }).await;
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut connection = server.connect_from(2).await;
        send(&mut connection, SLOW).await;
        server.slow.is_reached.notified().await;
        busy.push(connection);
    }
    assert_eq!(rest(&mut server.connect_from(2).await).await, "", "its share is used up");
    for _ in 0..2 {
        let mut connection = server.connect_from(9).await;
        send(&mut connection, SLOW).await;
        server.slow.is_reached.notified().await;
        busy.push(connection);
    }
    // A client that is gone looks like one that only sends nothing more: its place is free when its answer is made.
    drop(busy);
    server.slow.is_open.notify_waiters();
    settle().await;
    for address in [9, 9, 9, 9, 2] {
        let mut connection = server.connect_from(address).await;
        send(&mut connection, PEER).await;
        read_until(&mut connection, "127.0.0.").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn stopping_finishes_what_was_accepted() {
    let server = start(HttpLimits::default()).await;
    let address = server.address;
    let _untouched = server.connect().await;
    let mut idle = server.connect().await;
    send(&mut idle, "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await;
    read_until(&mut idle, "127.0.0.1").await;
    let mut busy = server.connect().await;
    send(&mut busy, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.slow.is_reached.notified().await;
    server.stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "");
    assert!(!server.task.is_finished(), "a request still runs");
    server.slow.is_open.notify_one();
    assert!(rest(&mut busy).await.ends_with("slow"));
    server.task.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn stopping_ends_at_the_deadline() {
    let limits = HttpLimits { shutdown_deadline: Duration::from_millis(20), ..HttpLimits::default() };
    let server = start(limits).await;
    let mut busy = server.connect().await;
    send(&mut busy, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.slow.is_reached.notified().await;
    server.stop().await;
    let mut bytes = Vec::new();
    assert!(!matches!(busy.read_to_end(&mut bytes).await, Ok(length) if length > 0));
}
