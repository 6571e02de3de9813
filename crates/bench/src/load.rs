//! The load generator: one thread, one epoll, N connections with one request under way on each.
//!
//! It is on the same machine as what it measures, so it must be cheap: requests are bytes copied from a template, an
//! answer is read as far as its status and length, and nothing is allocated once the connections are open. What it
//! costs all the same it costs floor and product alike.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};

use super::answer::Answer;
use super::requests::Requests;
use xtask::interrupt;

/// No answer on any connection for so long means there will be none.
pub const STALLED: Duration = Duration::from_secs(30);

/// Latencies from a microsecond to a minute, in nanoseconds, to three digits.
const LATENCY: (u64, u64, u8) = (1_000, 60_000_000_000, 3);

/// Room for an answer; ours have some 300 bytes.
const ANSWER_BYTES: usize = 4096;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// When there are no more requests.
    Spent,
    /// After this time; only what is answered between the two is counted.
    Elapsed {
        /// The time before counting starts.
        warm_up: Duration,
        /// The time counted.
        measured: Duration,
    },
}

/// What was seen.
#[derive(Debug)]
pub struct Measured {
    /// Answers counted.
    pub answers: u64,
    /// The time in which they came.
    pub time: Duration,
    /// From the first byte sent to the last byte of the answer, in nanoseconds.
    pub latency: Histogram<u64>,
}

/// One connection and the request under way on it.
pub struct Connection {
    stream: mio::net::TcpStream,
    /// The request.
    pub request: Vec<u8>,
    answer: Vec<u8>,
    filled: usize,
    sent: Instant,
}

/// A run in progress.
struct Run<'a> {
    poll: Poll,
    connections: Vec<Connection>,
    requests: &'a mut dyn Requests,
    under_way: usize,
    from: Instant,
    to: Option<Instant>,
    measured: Measured,
}

/// Drives the server until then. Every answer must have a status that the requests accept.
pub fn drive(
    address: SocketAddr,
    connections: usize,
    requests: &mut dyn Requests,
    until: Until,
) -> Result<Measured> {
    let poll = Poll::new().context("cannot make an epoll")?;
    let open = |index| Connection::open(&poll, index, address);
    let connections = (0..connections).map(open).collect::<Result<Vec<_>>>()?;
    let started = Instant::now();
    let (from, to) = match until {
        Until::Spent => (started, None),
        Until::Elapsed { warm_up, measured } => (started + warm_up, Some(started + warm_up + measured)),
    };
    let measured = Measured { answers: 0, time: Duration::ZERO, latency: latencies()? };
    let mut run = Run { poll, connections, requests, under_way: 0, from, to, measured };
    run.finish()?;
    run.measured.time = to.unwrap_or_else(Instant::now) - from;
    Ok(run.measured)
}

/// Room for latencies.
pub fn latencies() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(LATENCY.0, LATENCY.1, LATENCY.2)?)
}

impl Connection {
    /// Connects; the index is the token of its events.
    pub fn open(poll: &Poll, index: usize, address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
        let answer = vec![0; ANSWER_BYTES];
        Ok(Self { stream, request: Vec::new(), answer, filled: 0, sent: Instant::now() })
    }

    /// Sends the request; it is far smaller than an empty socket's buffer, so it goes out whole.
    pub fn send(&mut self) -> Result<()> {
        self.sent = Instant::now();
        let written = self.stream.write(&self.request).context("cannot send a request")?;
        if written < self.request.len() {
            bail!("a request of {} bytes did not fit into the socket", self.request.len());
        }
        Ok(())
    }

    /// The answer that is expected, once it is complete, is looked at and forgotten. False: it is not complete.
    pub fn finish(&mut self, requests: &mut dyn Requests) -> Result<bool> {
        let Some(answer) = self.receive()? else { return Ok(false) };
        let text = self.answer.get(..answer.length).unwrap_or_default();
        if !requests.accepts(answer.status) {
            let (request, text) = (String::from_utf8_lossy(&self.request), String::from_utf8_lossy(text));
            bail!("an answer that was not expected:\n{text}\n\nto this request:\n{request}");
        }
        requests.answered(&self.request, text);
        self.filled = 0;
        Ok(true)
    }

    /// Reads what has come; the answer, once it is complete.
    fn receive(&mut self) -> Result<Option<Answer>> {
        loop {
            let room = self.answer.get_mut(self.filled..).unwrap_or_default();
            let space = room.len();
            match self.stream.read(room) {
                Ok(0) if space > 0 => bail!("the server closed a connection"),
                Ok(0) => bail!("an answer of more than {ANSWER_BYTES} bytes"),
                Ok(count) => {
                    self.filled += count;
                    // Less than there was room for: the socket is empty, and epoll will tell when more comes.
                    if count < space {
                        return Answer::read(self.answer.get(..self.filled).unwrap_or_default());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("cannot read an answer"),
            }
        }
    }
}

impl Run<'_> {
    fn finish(&mut self) -> Result<()> {
        for index in 0..self.connections.len() {
            self.send_next(index)?;
        }
        let mut events = Events::with_capacity(self.connections.len().max(1));
        while self.under_way > 0 {
            match self.poll.poll(&mut events, Some(STALLED)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled.context("cannot wait for answers")?,
            }
            interrupt::check()?;
            if events.is_empty() {
                bail!("{} requests without an answer for {STALLED:?}", self.under_way);
            }
            for event in &events {
                self.answered(event.token().0)?;
            }
        }
        Ok(())
    }

    /// Something came on this connection.
    fn answered(&mut self, index: usize) -> Result<()> {
        let Some(connection) = self.connections.get_mut(index) else { return Ok(()) };
        let (now, latency) = match connection.finish(self.requests)? {
            true => (Instant::now(), connection.sent.elapsed()),
            false => return Ok(()),
        };
        self.under_way -= 1;
        if now >= self.from && self.to.is_none_or(|to| now < to) {
            self.measured.answers += 1;
            self.measured.latency.saturating_record(u64::try_from(latency.as_nanos())?);
        }
        if self.to.is_none_or(|to| now < to) { self.send_next(index) } else { Ok(()) }
    }

    fn send_next(&mut self, index: usize) -> Result<()> {
        let Some(connection) = self.connections.get_mut(index) else { return Ok(()) };
        if self.requests.next(&mut connection.request) {
            connection.send()?;
            self.under_way += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    use super::*;

    /// Answers every read with this text, on any number of connections, until the test program ends.
    fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut request = [0; 1024];
                    while stream.read(&mut request).is_ok_and(|count| count > 0) {
                        // In two parts: an answer need not come at once.
                        let (first, second) = answer.split_at(answer.len() / 2);
                        stream.write_all(first.as_bytes()).unwrap();
                        stream.write_all(second.as_bytes()).unwrap();
                    }
                });
            }
        });
        address
    }

    /// So many requests.
    struct Few(u32);

    impl Requests for Few {
        fn next(&mut self, into: &mut Vec<u8>) -> bool {
            into.clear();
            into.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
            self.0 = self.0.saturating_sub(1);
            self.0 > 0
        }

        fn accepts(&self, status: u16) -> bool {
            status == 201
        }
    }

    const CREATED: &str = "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";

    #[test]
    fn every_request_is_answered_once() {
        let measured = drive(server(CREATED), 7, &mut Few(101), Until::Spent).unwrap();
        assert_eq!((measured.answers, measured.latency.len()), (100, 100));
    }

    #[test]
    fn only_answers_in_the_measured_time_count() {
        let (warm_up, measured) = (Duration::from_millis(20), Duration::from_millis(50));
        let seen =
            drive(server(CREATED), 3, &mut Few(u32::MAX), Until::Elapsed { warm_up, measured }).unwrap();
        assert_eq!(seen.time, measured);
        assert!(seen.answers > 0 && seen.answers == seen.latency.len());
    }

    #[test]
    fn another_status_is_an_error_that_shows_the_answer() {
        let refusing = server("HTTP/1.1 400 Bad Request\r\ncontent-length: 4\r\n\r\nP433");
        let error = drive(refusing, 1, &mut Few(9), Until::Spent).unwrap_err().to_string();
        assert!(error.contains("P433"), "{error}");
    }
}
