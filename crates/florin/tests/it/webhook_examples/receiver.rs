//! A receiver under test: a program of its own, or Rust's within this one.

use super::PATIENCE;
use super::cases::Case;
use crate::support::Deadline;
use axum::Router;
use std::io::Seek;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What a receiver is told.
pub struct Settings {
    pub port: u16,
    pub token: String,
    pub secret: String,
    pub public_key: String,
}

enum Running {
    Program(Child, std::fs::File),
    Within(tokio::task::JoinHandle<()>),
}

/// A running receiver. Killed when dropped.
pub struct Receiver {
    url: String,
    running: Running,
    http: reqwest::Client,
}

impl Receiver {
    /// Starts a program.
    pub fn start(settings: &Settings, mut command: Command) -> Self {
        let log = tempfile::tempfile().expect("a file");
        command.env("PORT", settings.port.to_string()).env("WEBHOOK_TOKEN", &settings.token);
        command.env("WEBHOOK_SECRET", &settings.secret).env("WEBHOOK_PUBLIC_KEY", &settings.public_key);
        let output = || log.try_clone().expect("the file twice");
        command.stdin(Stdio::null()).stdout(output()).stderr(output());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self::new(settings, Running::Program(child, log))
    }

    /// Serves these routes.
    pub fn within(settings: &Settings, routes: Router) -> Self {
        let port = settings.port;
        let serving = tokio::spawn(async move {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("the port");
            axum::serve(listener, routes).await.expect("it serves");
        });
        Self::new(settings, Running::Within(serving))
    }

    fn new(settings: &Settings, running: Running) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build();
        Self { url: format!("http://127.0.0.1:{}", settings.port), running, http: http.expect("a client") }
    }

    /// Polls its health.
    pub async fn wait_until_ready(&self) {
        let deadline = Deadline::after(PATIENCE);
        let url = format!("{}/webhook/health", self.url);
        loop {
            match self.http.get(&url).send().await {
                Ok(answer) => return assert_eq!(answer.status(), 200, "{}", self.log()),
                Err(_) if deadline.passed() => panic!("the receiver does not start: {}", self.log()),
                Err(_) => deadline.pause("a receiver"),
            }
        }
    }

    /// The status of its answer.
    pub async fn post(&self, case: &Case) -> u16 {
        let mut request = self.http.post(format!("{}/transfer-webhook", self.url));
        let headers = [
            ("authorization", case.token),
            ("webhook-id", case.id),
            ("webhook-timestamp", case.timestamp.as_deref()),
            ("webhook-signature", case.signature.as_deref()),
        ];
        for (name, value) in headers {
            request = value.into_iter().fold(request, |request, value| request.header(name, value));
        }
        let request = request.header("content-type", "application/json").body(case.body.clone());
        let sent = request.send().await;
        sent.unwrap_or_else(|error| panic!("{}: {error:?}\n{}", case.name, self.log())).status().as_u16()
    }

    /// What it said.
    pub fn log(&self) -> String {
        let Running::Program(_, log) = &self.running else { return String::new() };
        let mut log = log.try_clone().expect("the file twice");
        log.rewind().and_then(|()| std::io::read_to_string(log)).unwrap_or_default()
    }

    /// It is still there, and goes.
    pub fn ends(mut self) {
        if let Running::Program(child, _) = &mut self.running {
            let ended = child.try_wait().expect("the process can be asked");
            assert_eq!(ended, None, "it ended by itself: {}", self.log());
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        match &mut self.running {
            Running::Program(child, _) => {
                let ended = child.kill().and_then(|()| child.wait());
                ended.map_or_else(|error| eprintln!("a receiver is left behind: {error}"), |_| ());
            }
            Running::Within(serving) => serving.abort(),
        }
    }
}
