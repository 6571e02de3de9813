//! The sender against real sockets, with an injected resolver.

use super::*;
use crate::EventPath;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers what it is told, one after another, the last again and again.
struct Scripted(Mutex<VecDeque<Vec<IpAddr>>>);

impl Scripted {
    fn of(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |ips: &&[&str]| ips.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parse).collect())))
    }
}

impl Resolver for Scripted {
    fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        async move { Ok(answer.unwrap_or_default()) }.boxed()
    }
}

/// Never answers.
struct Silent;

impl Resolver for Silent {
    fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        std::future::pending().boxed()
    }
}

/// A server that answers every request with `answer`, and counts connections.
async fn server(answer: Vec<u8>, hangs: bool) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 4_096];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    if stream.write_all(&answer).await.is_err() {
                        return;
                    }
                    if hangs {
                        std::future::pending::<()>().await;
                    }
                }
            });
        }
    });
    (port, connections)
}

fn open() -> Sender {
    Sender::new(Guard::open(), Scripted::of(&[&["127.0.0.1"]]))
}

async fn post(sender: &Sender, url: &str) -> Result<Answered, SendError> {
    sender.post(&Url::parse(url).unwrap(), HeaderMap::new(), Bytes::from_static(b"{}")).await
}

#[tokio::test]
async fn connections_are_used_again() {
    let (port, connections) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec(), false).await;
    let sender = open();
    for _ in 0..5 {
        let answered = post(&sender, &format!("http://partner.test:{port}/x")).await.unwrap();
        assert_eq!((answered.status, answered.body.as_slice()), (200, &b"ok"[..]));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (elsewhere, visits) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), false).await;
    let head = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{elsewhere}/\r\ncontent-length: 0\r\nretry-after: 7\r\n\r\n"
    );
    let (port, _) = server(head.into_bytes(), false).await;
    let answered = post(&open(), &format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!(answered.status, 302);
    assert_eq!(answered.retry_after(Timestamp::from_micros(0)), Some(Duration::from_secs(7)));
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_huge_answer_is_cut_and_costs_its_connection() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".to_vec();
    answer.extend(vec![b'x'; 1 << 20]);
    let (port, connections) = server(answer, true).await;
    let sender = open();
    for sent in 1..=2 {
        let answered = post(&sender, &format!("http://127.0.0.1:{port}/")).await.unwrap();
        assert_eq!((answered.status, answered.body), (200, vec![b'x'; MAX_KEPT]));
        assert_eq!(connections.load(Ordering::SeqCst), sent);
    }
}

/// A body that is always ready never yields to a clock: only its length ends it.
#[tokio::test]
async fn an_endless_answer_is_read_no_further_than_it_is_worth() {
    const CHUNK: usize = 1_000;
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let endless = stream::repeat_with(move || {
        counted.fetch_add(CHUNK, Ordering::SeqCst);
        Ok::<_, io::Error>(vec![b'x'; CHUNK])
    });
    assert_eq!(first_bytes(answer(endless)).await, vec![b'x'; MAX_KEPT]);
    assert!(taken.load(Ordering::SeqCst) <= MAX_DRAINED + CHUNK);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_takes_nothing_from_the_status() {
    let begun = tokio::time::Instant::now();
    let hanging = stream::iter([Ok::<_, io::Error>("abc")]).chain(stream::pending());
    assert_eq!(first_bytes(answer(hanging)).await, b"abc");
    assert_eq!(begun.elapsed(), BODY_TIMEOUT);
    let broken = stream::iter([Ok("abc"), Err(io::Error::from(io::ErrorKind::ConnectionReset))]);
    assert_eq!(first_bytes(answer(broken)).await, b"abc");
}

/// An answer with this body.
fn answer<S, C>(body: S) -> Response
where
    S: stream::Stream<Item = io::Result<C>> + Send + 'static,
    C: Into<Bytes> + Send + 'static,
{
    http::Response::new(reqwest::Body::wrap_stream(body.map(|chunk| chunk.map(Into::into)))).into()
}

#[tokio::test]
async fn who_does_not_answer_is_given_up() {
    let (port, _) = server(Vec::new(), true).await;
    let sender = open();
    // Connected before the clock runs ahead.
    let url = format!("http://127.0.0.1:{port}/");
    let request = tokio::spawn(async move { post(&sender, &url).await });
    tokio::task::yield_now().await;
    tokio::time::pause();
    assert!(matches!(request.await.unwrap(), Err(SendError::Timeout(TIMEOUT))));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_resolved_in_time_is_given_up() {
    let begun = tokio::time::Instant::now();
    let sender = Sender::new(Guard::public_only(Vec::new()), Arc::new(Silent));
    let base = BaseUrl::parse("https://partner.test").unwrap();
    assert_eq!(sender.check(&base).await, Err(AddressError::NoPublicName));
    assert_eq!(begun.elapsed(), LOOKUP_TIMEOUT);
    let error = post(&sender, "https://partner.test/x").await.unwrap_err();
    assert_eq!(error.to_string(), "could not connect: operation timed out");
    assert_eq!(begun.elapsed(), LOOKUP_TIMEOUT + CONNECT_TIMEOUT);
}

/// A server is on the last of three addresses alone.
#[tokio::test]
async fn a_dead_address_leaves_the_others() {
    let (port, _) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), false).await;
    let sender = Sender::new(Guard::open(), Scripted::of(&[&["127.0.0.2", "127.0.0.3", "127.0.0.1"]]));
    assert_eq!(post(&sender, &format!("http://partner.test:{port}/")).await.unwrap().status, 200);
}

/// In a process of its own, since where the certificates are is said by its environment.
#[test]
fn a_machine_without_certificates_sends_without_tls() {
    let mut process = std::process::Command::new(std::env::current_exe().unwrap());
    let process = process.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent");
    let name = concat!(module_path!(), "::connections_are_used_again");
    let name = name.split_once("::").unwrap().1;
    let output = process.args(["--exact", name]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
async fn nobody_there_is_said_plainly() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = post(&open(), &format!("http://127.0.0.1:{port}/secret")).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, SendError::Connect(_)) && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn every_answer_of_the_resolver_is_checked_and_inner_names_look_like_unknown_ones() {
    let answers = [&[][..], &["10.0.0.1"], &["8.8.8.8", "127.0.0.1"], &["::1"], &["::ffff:192.168.0.1"]];
    for (guard, answers) in
        [Guard::public_only, Guard::public].iter().flat_map(|guard| answers.map(|answers| (guard, answers)))
    {
        let sender = Sender::new(guard(Vec::new()), Scripted::of(&[answers]));
        let error = post(&sender, "https://partner.test/x").await.unwrap_err();
        assert!(matches!(error, SendError::Address(AddressError::NoPublicName)), "{answers:?}: {error:?}");
        let base = BaseUrl::parse("https://partner.test").unwrap();
        assert_eq!(sender.check(&base).await, Err(AddressError::NoPublicName));
    }
}

/// A name that led to a public address when it was registered, and to ours when it is connected to.
#[tokio::test]
async fn a_name_is_checked_again_when_it_is_connected_to() {
    let (port, connections) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), false).await;
    let sender = Sender::new(Guard::public_only(Vec::new()), Scripted::of(&[&["8.8.8.8"], &["127.0.0.1"]]));
    let base = BaseUrl::parse(&format!("https://partner.test:{port}")).unwrap();
    assert_eq!(sender.check(&base).await, Ok(()));
    let url = base.join(&EventPath::parse("/x").unwrap());
    let error = sender.post(&url, HeaderMap::new(), Bytes::new()).await.unwrap_err();
    assert!(matches!(error, SendError::Address(AddressError::NoPublicName)), "{error:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn literals_and_plain_http_are_refused_in_live() {
    let sender = Sender::new(Guard::public_only(Vec::new()), Scripted::of(&[&["8.8.8.8"]]));
    for (url, expected) in [
        ("http://8.8.8.8/", AddressError::NotSecure),
        ("https://127.0.0.1/", AddressError::NotPublic),
        ("https://[::1]/", AddressError::NotPublic),
        ("https://2130706433/", AddressError::NotPublic),
    ] {
        match post(&sender, url).await {
            Err(SendError::Address(error)) => assert_eq!(error, expected, "{url}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn only_2xx_is_healthy() {
    let (port, _) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), false).await;
    let url = |port: u16| Url::parse(&format!("http://127.0.0.1:{port}/webhook/health")).unwrap();
    open().probe(&url(port)).await.unwrap();
    let (port, _) = server(b"HTTP/1.1 301 Moved\r\ncontent-length: 0\r\n\r\n".to_vec(), false).await;
    assert!(matches!(open().probe(&url(port)).await, Err(SendError::Unhealthy(301))));
}

#[test]
fn a_date_can_say_how_long_to_wait() {
    let answered =
        |text: &str| Answered { status: 503, body: Vec::new(), retry_after: Some(text.to_owned()) };
    let now = Timestamp::parse("2015-10-21T07:27:00.000Z").unwrap();
    assert_eq!(answered("Wed, 21 Oct 2015 07:28:00 GMT").retry_after(now), Some(Duration::from_secs(60)));
    assert_eq!(answered("Wed, 21 Oct 2015 07:20:00 GMT").retry_after(now), Some(Duration::ZERO));
    assert_eq!(answered("120").retry_after(now), Some(Duration::from_secs(120)));
    assert_eq!(answered("soon").retry_after(now), None);
}
