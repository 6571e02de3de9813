//! `florin listen`: a partner's engineer hears of everything, over a restart of the bank and a reset of the sandbox.

use crate::support::{Call, Deadline, Server, florin, free_port};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use florin_webhook::{SigningSecret, signatures};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Anything that is to be seen is seen well within this, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// `florin listen` as a process; killed when dropped.
pub struct Listener {
    child: Child,
    output: PathBuf,
}

impl Listener {
    pub fn start(server: &Server, arguments: &[&str]) -> Self {
        let output = server.home().join("listen.out");
        let file = std::fs::File::create(&output).expect("a file");
        let mut command = florin();
        command.arg("listen").arg("--data-dir").arg(server.data_dir()).args(arguments);
        command.stdout(file.try_clone().expect("the file twice")).stderr(file);
        Self { child: command.spawn().expect("the binary starts"), output }
    }

    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Waits until it has printed a line with all of these; the line.
    pub fn line(&mut self, words: &[&str]) -> String {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let said = self.said();
            let is_whole = |line: &&str| said.contains(&format!("{line}\n"));
            let found = said.lines().find(|line| words.iter().all(|word| line.contains(word)));
            if let Some(line) = found.filter(is_whole) {
                return line.to_owned();
            }
            let ended = self.child.try_wait().expect("the process can be asked");
            assert!(ended.is_none() && !deadline.passed(), "no line with {words:?}: {said}");
            deadline.pause("a line");
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        ended.map_or_else(|error| eprintln!("a listener is left behind: {error}"), |_| ());
    }
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub struct Got {
    pub path: String,
    pub headers: axum::http::HeaderMap,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().expect("text")
    }
}

type Taken = Arc<Mutex<Vec<Got>>>;

/// Answers 500 to what is about 13, 204 to everything else.
async fn take(State(taken): State<Taken>, request: Request) -> (StatusCode, &'static str) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let body = String::from_utf8(body.to_vec()).expect("text");
    let is_bad = body.contains(r#""amount":13,"#);
    taken.lock().expect("no panic").push(Got {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body,
    });
    match is_bad {
        true => (StatusCode::INTERNAL_SERVER_ERROR, "no thirteens\nhere"),
        false => (StatusCode::NO_CONTENT, ""),
    }
}

async fn receiver(port: u16) -> Taken {
    let taken = Taken::default();
    let routes = Router::new().fallback(take).with_state(taken.clone());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("the port");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    taken
}

async fn pay(server: &Server, amount: &str) {
    let client = server.client();
    client.fund(None, amount, "eur").await;
    client.transfer(None, Some("anna"), amount, "eur").await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_printed_and_forwarded_as_webhooks() {
    let mut server = Server::start().await;
    server.client().verified_user("anna").await;
    server.client().settled(&["anna"]).await;
    let before = server.client().events().await.len();
    let number = |more: usize| format!("#{}", before + more);
    let paths =
        json!({"url": "http://127.0.0.1:1/nobody", "enabled": false, "paths": {"transfer": "/own/path"}});
    let registration = Call::bare("PUT", "/v1/webhooks/endpoint", Some(paths.to_string()));
    server.client().send(&registration).await.expect(200);
    let (port, secret) = (free_port(), SigningSecret::from_bytes([4; 32]));
    let target = format!("http://127.0.0.1:{port}/base");
    let taken = receiver(port).await;
    let mut listener = Listener::start(&server, &["--forward-to", &target, "--secret", &secret.spelt()]);
    assert!(listener.line(&["WEBHOOK_SECRET"]).contains(&secret.spelt()));
    listener.line(&["WEBHOOK_PUBLIC_KEY", "whpk_"]);
    listener.line(&[&format!("events after {}", number(0))]);
    pay(&server, "12.5").await;
    listener.line(&[&number(1), "transfer", "/own/path", "anna", "12.5 eur", "→ 204"]);
    pay(&server, "13").await;
    listener.line(&[&number(2), "transfer", "→ failed: 500 no thirteens here"]);

    let events = server.client().events().await;
    let got = taken.lock().expect("no panic").clone();
    assert_eq!(got.len(), 2, "what failed is not sent again, and what was before is not sent: {got:?}");
    for (event, got) in events[before..].iter().zip(&got) {
        assert_eq!(got.path, "/base/own/path");
        assert_eq!(got.header("authorization"), server.credentials().webhook_token);
        assert_eq!(got.header("content-type"), "application/json");
        assert_eq!(got.header("webhook-id"), event.id);
        assert!(got.header("user-agent").starts_with("Florin/"));
        let key = florin_webhook::SigningKey::from_seed(&[0; 32]);
        let seconds = got.header("webhook-timestamp").parse().expect("seconds");
        let expected =
            signatures(&event.id, seconds, got.body.as_bytes(), std::slice::from_ref(&secret), &key);
        let (v1, _) = expected.split_once(' ').expect("two");
        assert!(got.header("webhook-signature").starts_with(&format!("{v1} v1a,")));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&got.body).expect("JSON"), event.payload);
    }

    server.stop();
    listener.line(&["is away"]);
    server.start_again().await;
    listener.line(&["answers again", &server.base_url()]);
    pay(&server, "14").await;
    listener.line(&[&number(3), "transfer", "14 eur", "→ 204"]);
    assert_eq!(listener.said().matches("is away").count(), 1, "{}", listener.said());
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_begins_where_it_is_told_and_shows_what_is_asked_for() {
    let server = Server::start().await;
    let client = server.client();
    client.verified_user("anna").await;
    client.settled(&["anna"]).await;
    let before = client.events().await.len();
    let (first, second) = (format!("#{}", before + 1), format!("#{}", before + 2));
    pay(&server, "1").await;
    pay(&server, "2").await;
    let mut listener = Listener::start(&server, &["--after", "0", "--type", "transfer"]);
    listener.line(&[&first, "1 eur"]);
    listener.line(&[&second, "2 eur"]);
    let said = listener.said();
    assert!(!said.contains("user.status") && !said.contains('→') && !said.contains("WEBHOOK"), "{said}");
    drop(listener);
    let mut listener = Listener::start(&server, &["--after", first.trim_start_matches('#')]);
    listener.line(&[&second, "2 eur"]);
    assert!(!listener.said().contains(&format!("{first}  ")), "{}", listener.said());
    client.send(&Call::post("/v1/sandbox/reset", &json!({}))).await.expect(200);
    listener.line(&["the sandbox was reset"]);
    client.verified_user("bela").await;
    listener.line(&["#1", "kyc_verification.status", "bela VERIFIED"]);
    server.finish().await;
}

/// How it ends, and what it says.
fn ends(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command: Command = florin();
    let output = command.arg("listen").args(arguments).current_dir(directory).stdout(Stdio::piped()).output();
    let output = output.expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_in_a_line() {
    let server = Server::start().await;
    let data_dir = server.data_dir();
    let folder = ["--data-dir", data_dir.to_str().expect("a path")];
    let url = server.base_url();
    for (arguments, words) in [
        (vec!["--data-dir", "nowhere"], "nowhere/sandbox-credentials.json"),
        ([&folder[..], &["--key", "wrong"]].concat(), "P401"),
        ([&folder[..], &["--type", "wrong"]].concat(), "P403"),
        ([&folder[..], &["--after", "7"]].concat(), "the newest event is #0"),
        ([&folder[..], &["--forward-to", "nowhere"]].concat(), "--forward-to must be a URL"),
        ([&folder[..], &["--forward-to", &url, "--secret", "s"]].concat(), "--secret must be whsec_"),
        ([&folder[..], &["--url", "nowhere"]].concat(), "--url"),
    ] {
        let (code, said) = ends(server.home(), &arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{arguments:?}: {said}");
    }
    server.finish().await;
}
