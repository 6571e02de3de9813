//! An open loop: requests at a constant rate, however long their answers take. Each is timed from when it was due, so a
//! server that stops for a while is charged with all that it kept waiting, also with what could not be sent meanwhile.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use mio::{Events, Poll, Token, Waker};

use super::load::{Connection, Measured, STALLED, latencies};
use super::requests::Requests;
use super::turns::take_short_turns;
use xtask::interrupt;

/// The event of the thread that says when something is due. The system's own wait counts in milliseconds.
const DUE: Token = Token(usize::MAX);

/// It says so at most so often: several requests that are due within it are sent together.
const TICK: Duration = Duration::from_micros(500);

/// When requests are due.
#[derive(Copy, Clone, Debug)]
pub struct Pace {
    /// How many a second.
    pub per_second: u32,
    /// The time before counting starts.
    pub warm_up: Duration,
    /// The time counted.
    pub measured: Duration,
}

/// What was seen.
#[derive(Debug)]
pub struct Paced {
    /// The answers to what was due in the measured time.
    pub measured: Measured,
    /// How long after its time each was sent, in nanoseconds: what the server did not cause, unless it kept all
    /// connections busy.
    pub late: Histogram<u64>,
}

/// The requests of a pace, one after the other.
pub struct Schedule {
    due: Instant,
    between: Duration,
    from: Instant,
    to: Instant,
    seen: Paced,
}

impl Schedule {
    /// Begins now.
    pub fn new(pace: Pace) -> Result<Self> {
        let (now, between) = (Instant::now(), Duration::from_secs(1) / pace.per_second);
        let (from, to) = (now + pace.warm_up, now + pace.warm_up + pace.measured);
        let measured = Measured { answers: 0, time: pace.measured, latency: latencies()? };
        Ok(Self { due: now, between, from, to, seen: Paced { measured, late: latencies()? } })
    }

    /// When the next one is due; none when there are no more.
    pub fn next_due(&self) -> Option<Instant> {
        Some(self.due).filter(|due| *due < self.to)
    }

    /// One that is due is sent now. When it was due.
    pub fn send(&mut self, now: Instant) -> Option<Instant> {
        let due = self.next_due().filter(|due| *due <= now)?;
        if due >= self.from {
            self.seen.late.saturating_record(nanoseconds(now - due));
        }
        self.due += self.between;
        Some(due)
    }

    /// One that was due then is answered.
    pub fn answered(&mut self, due: Instant) {
        if due >= self.from {
            self.seen.measured.answers += 1;
            self.seen.measured.latency.saturating_record(nanoseconds(due.elapsed()));
        }
    }

    /// What was seen.
    pub fn finish(self) -> Paced {
        self.seen
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Drives the server at that pace over so many connections. Every answer must have a status that the requests accept.
pub fn drive_at(
    address: SocketAddr,
    connections: usize,
    requests: &mut dyn Requests,
    pace: Pace,
) -> Result<Paced> {
    let poll = Poll::new().context("cannot make an epoll")?;
    let open = |index| Connection::open(&poll, index, address).map(|connection| (connection, None));
    let connections = (0..connections).map(open).collect::<Result<Vec<_>>>()?;
    let waker = Waker::new(poll.registry(), DUE).context("cannot make a waker")?;
    let is_over = AtomicBool::new(false);
    let schedule = Schedule::new(pace)?;
    let between = schedule.between.max(TICK);
    thread::scope(|scope| {
        scope.spawn(|| tick(&waker, between, &is_over));
        let idle = (0..connections.len()).collect();
        let seen = Run { poll, connections, idle, requests, schedule }.finish();
        is_over.store(true, Ordering::Relaxed);
        seen
    })
}

/// Wakes the poll again and again.
fn tick(waker: &Waker, between: Duration, is_over: &AtomicBool) {
    take_short_turns();
    let mut next = Instant::now();
    while !is_over.load(Ordering::Relaxed) && waker.wake().is_ok() {
        next += between;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// A run in progress: each connection with the time at which its request was due.
struct Run<'a> {
    poll: Poll,
    connections: Vec<(Connection, Option<Instant>)>,
    idle: Vec<usize>,
    requests: &'a mut dyn Requests,
    schedule: Schedule,
}

impl Run<'_> {
    fn finish(mut self) -> Result<Paced> {
        take_short_turns();
        let mut events = Events::with_capacity(self.connections.len() + 1);
        let mut news = Instant::now();
        while self.schedule.next_due().is_some() || self.idle.len() < self.connections.len() {
            self.send_due()?;
            match self.poll.poll(&mut events, Some(STALLED)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled.context("cannot wait for answers")?,
            }
            interrupt::check()?;
            for event in events.iter().filter(|event| event.token() != DUE) {
                self.answered(event.token().0)?;
                news = Instant::now();
            }
            if news.elapsed() > STALLED {
                bail!("requests without an answer for {STALLED:?}");
            }
        }
        Ok(self.schedule.finish())
    }

    fn send_due(&mut self) -> Result<()> {
        while let Some(index) = self.idle.last().copied() {
            let Some(due) = self.schedule.send(Instant::now()) else { return Ok(()) };
            self.idle.pop();
            let Some((connection, since)) = self.connections.get_mut(index) else { return Ok(()) };
            self.requests.next(&mut connection.request);
            connection.send()?;
            *since = Some(due);
        }
        Ok(())
    }

    fn answered(&mut self, index: usize) -> Result<()> {
        let Some((connection, since)) = self.connections.get_mut(index) else { return Ok(()) };
        if connection.finish(self.requests)?
            && let Some(due) = since.take()
        {
            self.schedule.answered(due);
            self.idle.push(index);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    struct Endless;

    impl Requests for Endless {
        fn next(&mut self, into: &mut Vec<u8>) -> bool {
            *into = b"GET / HTTP/1.1\r\n\r\n".to_vec();
            true
        }

        fn accepts(&self, status: u16) -> bool {
            status == 201
        }
    }

    /// Answers every request after this time, on any number of connections, until the test program ends.
    fn server(after: Duration) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut request = [0; 1024];
                    while stream.read(&mut request).is_ok_and(|count| count > 0) {
                        thread::sleep(after);
                        stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}").unwrap();
                    }
                });
            }
        });
        address
    }

    fn seen(after: Duration, connections: usize) -> Paced {
        let (warm_up, measured) = (Duration::from_millis(50), Duration::from_millis(200));
        let pace = Pace { per_second: 100, warm_up, measured };
        drive_at(server(after), connections, &mut Endless, pace).unwrap()
    }

    #[test]
    fn the_rate_is_kept() {
        let seen = seen(Duration::ZERO, 4);
        assert_eq!((seen.measured.answers, seen.late.len()), (20, 20));
    }

    #[test]
    fn what_cannot_be_sent_counts_from_when_it_was_due() {
        // One connection takes 50 ms for each, and one is due every 10 ms: the last of 25 waits for a second.
        let seen = seen(Duration::from_millis(50), 1);
        assert_eq!(seen.measured.answers, 20);
        assert!(seen.measured.latency.max() >= 900_000_000, "{}", seen.measured.latency.max());
    }
}
