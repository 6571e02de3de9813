//! Clients that call until a SIGKILL.

use super::{Answer, Call, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// What became of one client's calls until the server was killed.
#[derive(Debug)]
pub struct Sent<Kind> {
    pub acknowledged: Vec<(Kind, Answer)>,
    pub in_flight: Option<(Kind, Call)>,
}

/// Endless calls of a client.
pub trait Calls<Kind> {
    /// The next one, after the answer to the one before.
    fn next_call(&mut self, answer: Option<&Answer>) -> (Kind, Call);
}

/// Calls that do not depend on answers.
impl<Kind, I: Iterator<Item = (Kind, Call)>> Calls<Kind> for I {
    fn next_call(&mut self, _answer: Option<&Answer>) -> (Kind, Call) {
        self.next().expect("calls never end")
    }
}

/// Clients that call until the server is gone, each through its own endless calls; it is killed at the `at`-th answer.
pub async fn call_until_killed<Kind: std::fmt::Debug + Send + 'static>(
    server: &mut Server,
    round: &str,
    at: u64,
    clients: impl Iterator<Item = impl Calls<Kind> + Send + 'static>,
) -> Vec<Sent<Kind>> {
    let (answered, burnt) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let mut running = JoinSet::new();
    for mut calls in clients {
        let (client, answered, burnt) = (server.client(), answered.clone(), burnt.clone());
        running.spawn(async move {
            let mut sent = Sent { acknowledged: Vec::new(), in_flight: None };
            loop {
                let (kind, call) = calls.next_call(sent.acknowledged.last().map(|(_, answer)| answer));
                let Ok(answer) = client.try_send(&call).await else {
                    sent.in_flight = Some((kind, call));
                    break;
                };
                sent.acknowledged.push((kind, answer));
                if answered.fetch_add(1, Ordering::Relaxed) + 1 == at {
                    burnt.notify_one();
                }
            }
            sent
        });
    }
    tokio::select! {
        () = burnt.notified() => {}
        ended = running.join_next() => panic!("a client ended before the crash: {ended:?}"),
    }
    server.kill9();
    let sent = running.join_all().await;
    let acknowledged: usize = sent.iter().map(|sent| sent.acknowledged.len()).sum();
    let in_flight = sent.iter().filter(|sent| sent.in_flight.is_some()).count();
    eprintln!("{round}: {acknowledged} acknowledged, {in_flight} in flight");
    sent
}
