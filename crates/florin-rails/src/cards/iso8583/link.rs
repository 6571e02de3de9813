//! What keeps a connection to a processor up.

use std::net::IpAddr;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use florin_iso8583::Dialect;
use florin_types::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::CardHost;
use super::pending::lock;
use super::session::{End, Session, Shared};

/// How long a connection may take to be made.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

/// The pause after a first failure. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause: a processor that is back is found within a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pauses between one try and the next to make a connection.
#[derive(Copy, Clone, Debug)]
pub struct Pauses {
    /// After a first failure. It doubles with each further one.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { first: FIRST_PAUSE, longest: LONGEST_PAUSE }
    }
}

impl Pauses {
    fn after(self, pause: Duration) -> Duration {
        pause.saturating_mul(2).min(self.longest)
    }
}

/// A connection that lasted so long was a good one: the next pause is the first again.
const GOOD_AFTER: Duration = Duration::from_secs(60);

/// Connections to us at the same time. Processors make two, for the case that one breaks, and make new ones before they
/// notice that the old ones are gone.
const MAX_CONNECTIONS: usize = 8;

/// Who makes the connection.
#[derive(Debug)]
pub enum Line {
    /// We do, to this host and port.
    Call(String),
    /// The other side does.
    Listen {
        /// Where we listen.
        listener: TcpListener,
        /// From which addresses. Others are turned away: whoever is let in here can ask for money.
        callers: Vec<IpAddr>,
    },
}

/// A link to a processor.
pub struct Link {
    shared: Arc<Shared>,
    pauses: Pauses,
    stop: watch::Sender<bool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether each connection is signed on; closed with it.
    sessions: Vec<watch::Receiver<bool>>,
    /// Why there is none; as it was told last.
    trouble: Option<String>,
}

impl State {
    fn is_up(&self) -> bool {
        self.sessions.iter().any(|session| session.has_changed().is_ok() && *session.borrow())
    }
}

impl Link {
    /// A link that hands messages to a host.
    #[must_use]
    pub fn new(dialect: Dialect, host: Arc<dyn CardHost>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::with_pauses(dialect, host, clock, Pauses::default())
    }

    /// The same with other pauses.
    #[must_use]
    pub fn with_pauses(
        dialect: Dialect,
        host: Arc<dyn CardHost>,
        clock: Arc<dyn Clock>,
        pauses: Pauses,
    ) -> Arc<Self> {
        let shared = Arc::new(Shared { dialect, host, clock, stan: AtomicU32::new(1) });
        Arc::new(Self { shared, pauses, stop: watch::Sender::new(false), state: Mutex::default() })
    }

    /// Keeps the line up until [`Link::stop`]. Ends when messages under way are answered.
    pub async fn run(self: Arc<Self>, line: Line) {
        match line {
            Line::Call(address) => self.call(&address).await,
            Line::Listen { listener, callers } => self.listen(listener, &callers).await,
        }
    }

    /// Ends it.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Why no messages come now; none while a connection is signed on.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let state = lock(&self.state);
        match state.is_up() {
            true => None,
            false => Some(state.trouble.clone().unwrap_or_else(|| "nobody has signed on yet".to_owned())),
        }
    }

    /// Waits for the sign to stop.
    async fn stopped(&self) {
        let _ = self.stop.subscribe().wait_for(|is_wanted| *is_wanted).await;
    }

    async fn call(self: &Arc<Self>, address: &str) {
        let mut pause = self.pauses.first;
        loop {
            let connected = tokio::select! {
                connected = timeout(CONNECTED_WITHIN, TcpStream::connect(address)) => connected,
                () = self.stopped() => return,
            };
            match connected {
                Ok(Ok(stream)) => {
                    let begun = Instant::now();
                    if let End::Stopped = self.serve(stream, true).await {
                        return;
                    }
                    if begun.elapsed() >= GOOD_AFTER {
                        pause = self.pauses.first;
                    }
                }
                Ok(Err(error)) => self.tell(&format!("no connection to the processor: {error}"), true),
                Err(_) => self.tell("no connection to the processor: it does not answer", true),
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stopped() => return,
            }
            pause = self.pauses.after(pause);
        }
    }

    async fn listen(self: &Arc<Self>, listener: TcpListener, callers: &[IpAddr]) {
        let mut sessions = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(ended) = sessions.join_next() => {
                    if ended.is_err() {
                        tracing::error!("a connection of a processor ended in a panic");
                    }
                    continue;
                }
                () = self.stopped() => break,
            };
            match accepted {
                Ok((_, peer)) if !callers.contains(&peer.ip().to_canonical()) => {
                    self.tell(&format!("turned {} away, which is not a known processor", peer.ip()), true);
                }
                Ok(_) if sessions.len() >= MAX_CONNECTIONS => {
                    self.tell("turned a processor away, which has too many connections", true);
                }
                Ok((stream, _)) => {
                    let link = Arc::clone(self);
                    sessions.spawn(async move { link.serve(stream, false).await });
                }
                Err(error) => {
                    self.tell(&format!("no connection could be taken: {error}"), true);
                    // Most likely there are no descriptors: until some are closed, it would say so at once again.
                    sleep(self.pauses.first).await;
                }
            }
        }
        while sessions.join_next().await.is_some() {}
    }

    async fn serve(&self, stream: TcpStream, signs_on: bool) -> End {
        // An answer is small, and nothing follows it that it could wait for.
        let _ = stream.set_nodelay(true);
        let mut started = None;
        let start = |session: watch::Receiver<bool>| {
            started = Some(session.clone());
            let mut state = lock(&self.state);
            state.sessions.retain(|session| session.has_changed().is_ok());
            state.sessions.push(session);
        };
        let end =
            Session::run(Arc::clone(&self.shared), stream, signs_on, self.stop.subscribe(), start).await;
        if started.is_some_and(|session| *session.borrow()) {
            lock(&self.state).trouble = None;
        }
        self.tell(&format!("the connection to the processor has ended: {end}"), end.is_odd());
        end
    }

    /// Tells what went wrong, and the same only once until a connection is signed on again.
    fn tell(&self, what: &str, is_odd: bool) {
        let mut state = lock(&self.state);
        let is_news = state.trouble.as_deref() != Some(what) || state.is_up();
        state.trouble = Some(what.to_owned());
        drop(state);
        match (is_news, is_odd) {
            (true, true) => tracing::warn!("{what}"),
            (true, false) => tracing::info!("{what}"),
            (false, _) => tracing::debug!("{what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let pauses = Pauses::default();
        let all = std::iter::successors(Some(pauses.first), |pause| Some(pauses.after(*pause)));
        let seconds: Vec<u64> = all.take(9).map(|pause| pause.as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }
}
