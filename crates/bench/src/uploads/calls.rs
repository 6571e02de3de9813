//! Other calls while uploads run: reads of balances and transfers, at a fixed rate over kept connections.
//!
//! The rate is the clients', not the server's: a call that is due while its connection still waits for an answer
//! counts from when it was due. One that found its connection free counts from when it was sent, so that a thread of
//! ours that woke late is not held against the server. For the same reason these threads go before those that send.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;

use super::Window;
use super::pulse::longest_absence;
use crate::answer::receive;
use crate::load::latencies;
use crate::requests::{Balances, Recipient, Requests, Transfers};
use crate::turns::take_short_turns;
use xtask::interrupt;

/// Connections of each kind. At 50 calls a second each has one in 160 ms: only a longer wait delays the next.
const CONNECTIONS: u32 = 8;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the calls took, in nanoseconds.
#[derive(Debug, Clone)]
pub struct Seen {
    /// GET /v1/user/balances/{externalUserId}
    pub balances: Histogram<u64>,
    /// POST /v1/transfer
    pub transfers: Histogram<u64>,
    /// The longest time meanwhile in which a processor was not there, where that can be told.
    pub away: Option<Duration>,
}

/// The calls to be made.
pub struct Calls {
    recipient: Recipient,
    accounts: u32,
    per_second: u32,
    /// Of the next stream: each has its own, so that no idempotency key comes twice.
    seed: AtomicU64,
}

impl Calls {
    /// So many of each kind a second, about these users.
    pub fn new(recipient: &Recipient, accounts: u32, per_second: u32, seed: u64) -> Self {
        Self { recipient: recipient.clone(), accounts, per_second, seed: AtomicU64::new(seed << 32) }
    }

    /// Makes them from now on.
    pub fn make(&self, window: Window) -> Result<Seen> {
        let start = Instant::now();
        let between = Duration::from_secs(1) / self.per_second;
        thread::scope(|scope| {
            let stream = |transfers: bool, index| {
                let seed = self.seed.fetch_add(1, Ordering::Relaxed);
                let pace = Pace { next: start + between * index, between: between * CONNECTIONS, window };
                scope.spawn(move || match transfers {
                    true => one_stream(
                        &self.recipient,
                        Transfers::new(&self.recipient, self.accounts, seed),
                        pace,
                    ),
                    false => {
                        one_stream(&self.recipient, Balances::new(&self.recipient, self.accounts, seed), pace)
                    }
                })
            };
            let streams =
                |transfers| (0..CONNECTIONS).map(|index| stream(transfers, index)).collect::<Vec<_>>();
            let pulse = scope.spawn(move || longest_absence(window));
            let (balances, transfers) = (streams(false), streams(true));
            let joined = |streams: Vec<thread::ScopedJoinHandle<'_, Result<Histogram<u64>>>>| {
                streams.into_iter().try_fold(latencies()?, |mut all, stream| {
                    all.add(stream.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)?;
                    Ok::<_, anyhow::Error>(all)
                })
            };
            let (balances, transfers) = (joined(balances)?, joined(transfers)?);
            Ok(Seen { balances, transfers, away: pulse.join().ok().flatten() })
        })
    }
}

/// When the calls of a connection are due.
struct Pace {
    next: Instant,
    between: Duration,
    window: Window,
}

/// The calls of one connection.
fn one_stream(recipient: &Recipient, mut requests: impl Requests, mut pace: Pace) -> Result<Histogram<u64>> {
    take_short_turns();
    let mut seen = latencies()?;
    let mut request = Vec::new();
    let mut stream = TcpStream::connect(recipient.address).context("cannot connect for other calls")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    while pace.next < pace.window.to {
        interrupt::check()?;
        requests.next(&mut request);
        let early = pace.next.saturating_duration_since(Instant::now());
        thread::sleep(early);
        let since = if early.is_zero() { pace.next } else { Instant::now() };
        stream.write_all(&request).context("cannot send a call")?;
        let (answer, text) = receive(&mut stream)?;
        if !requests.accepts(answer.status) {
            bail!("a call was refused:\n{}", String::from_utf8_lossy(&text));
        }
        if pace.next >= pace.window.from {
            seen.saturating_record(u64::try_from(since.elapsed().as_nanos())?);
        }
        pace.next += pace.between;
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{Ipv4Addr, SocketAddr, TcpListener};

    use super::*;

    /// Answers every request after this time, on any number of connections, until the test program ends.
    fn server(after: Duration) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut request = [0; 4096];
                    while let Ok(count @ 1..) = stream.read(&mut request) {
                        thread::sleep(after);
                        let status =
                            if request[..count].starts_with(b"GET") { "200 OK" } else { "201 Created" };
                        let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
                    }
                });
            }
        });
        address
    }

    fn seen(after: Duration, lasts: Duration) -> Seen {
        let recipient = Recipient { address: server(after), api_key: "key".to_owned() };
        let from = Instant::now();
        Calls::new(&recipient, 9, 100, 1).make(Window { from, to: from + lasts }).unwrap()
    }

    #[test]
    fn both_kinds_keep_to_the_rate() {
        let seen = seen(Duration::ZERO, Duration::from_millis(200));
        assert_eq!((seen.balances.len(), seen.transfers.len()), (20, 20));
    }

    #[test]
    fn a_call_that_waits_for_the_one_before_counts_from_when_it_was_due() {
        // Each connection has a call in 80 ms and takes 120 for it: the third is 80 ms late when it is sent.
        let seen = seen(Duration::from_millis(120), Duration::from_millis(240));
        assert_eq!(seen.balances.len(), 24);
        assert!(seen.balances.max() >= 200_000_000, "{}", seen.balances.max());
    }
}
