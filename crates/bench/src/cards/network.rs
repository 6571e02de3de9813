//! A processor of cards that the product calls: it asks about payments over one connection, many at a time.

use std::collections::HashMap;
use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::deck::Deck;
use super::message::{Came, purchase, read};
use crate::load::{Measured, STALLED, Until, latencies};
use crate::paced::{Pace, Paced, Schedule};
use crate::turns::take_short_turns;
use xtask::interrupt;

/// How long the product may take to call and to sign on.
const CALLED_WITHIN: Duration = Duration::from_secs(60);

/// The answer's code of an approval.
const APPROVED: &str = "00";

/// Where the product calls.
pub struct Network {
    listener: TcpListener,
}

/// The connection.
pub struct Line {
    writer: Arc<Mutex<TcpStream>>,
    answers: Receiver<Came>,
    /// The last reference that was given to a payment.
    last: u64,
    /// What is under way: when it was sent, or due.
    under_way: HashMap<u64, Instant>,
}

impl Network {
    /// Listens.
    pub fn listen() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen for a call")?;
        Ok(Self { listener })
    }

    /// The section of the product's configuration.
    pub fn section(&self) -> Result<String> {
        let address: SocketAddr = self.listener.local_addr()?;
        Ok(format!(
            "[cards]\nprocessor = \"iso8583\"\ntest_processor = true\ndialect = \"ascii\"\naddress = \"{address}\"\n"
        ))
    }

    /// Waits for the product, which is let sign on.
    pub fn accept(&self) -> Result<Line> {
        let (stream, _) = self.listener.accept().context("nobody calls")?;
        stream.set_nodelay(true)?;
        let writer = Arc::new(Mutex::new(stream.try_clone()?));
        let (sender, answers) = channel();
        let to_line = Arc::clone(&writer);
        thread::spawn(move || read_all(stream, &to_line, &sender));
        let line = Line { writer, answers, last: 0, under_way: HashMap::new() };
        match line.answers.recv_timeout(CALLED_WITHIN) {
            Ok(Came::Line(_)) => Ok(line),
            _ => bail!("the product has called and does not sign on"),
        }
    }
}

/// Answers what is about the line, and passes all on, until the connection ends.
fn read_all(stream: TcpStream, writer: &Mutex<TcpStream>, sender: &Sender<Came>) -> Option<()> {
    take_short_turns();
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    let mut message = Vec::new();
    loop {
        let mut length = [0; 2];
        reader.read_exact(&mut length).ok()?;
        message.resize(usize::from(u16::from_be_bytes(length)), 0);
        reader.read_exact(&mut message).ok()?;
        let came = read(&message).map_err(|error| eprintln!("bench: {error:#}")).ok()?;
        if let Came::Line(answer) = &came {
            write(writer, answer).ok()?;
        }
        sender.send(came).ok()?;
    }
}

fn write(writer: &Mutex<TcpStream>, message: &[u8]) -> Result<()> {
    let length = u16::try_from(message.len())?;
    let frame = [&length.to_be_bytes(), message].concat();
    writer.lock().unwrap_or_else(PoisonError::into_inner).write_all(&frame).context("cannot send a message")
}

impl Line {
    /// Asks again as soon as an answer comes, with so many under way.
    pub fn drive(&mut self, deck: &mut Deck, at_once: usize, until: Until) -> Result<Measured> {
        let Until::Elapsed { warm_up, measured: time } = until else { bail!("a line has no end") };
        let from = Instant::now() + warm_up;
        let to = from + time;
        let mut measured = Measured { answers: 0, time, latency: latencies()? };
        for _ in 0..at_once {
            self.send(deck, Instant::now())?;
        }
        while !self.under_way.is_empty() {
            let Some(sent) = self.answer(Instant::now() + STALLED)? else {
                bail!("no answer for {STALLED:?}")
            };
            let now = Instant::now();
            if now >= from && now < to {
                measured.answers += 1;
                measured.latency.saturating_record(u64::try_from((now - sent).as_nanos())?);
            }
            if now < to {
                self.send(deck, now)?;
            }
        }
        Ok(measured)
    }

    /// Asks at a pace.
    pub fn drive_at(&mut self, deck: &mut Deck, pace: Pace) -> Result<Paced> {
        take_short_turns();
        let mut schedule = Schedule::new(pace)?;
        let mut news = Instant::now();
        while schedule.next_due().is_some() || !self.under_way.is_empty() {
            while let Some(due) = schedule.send(Instant::now()) {
                self.send(deck, due)?;
            }
            let until = schedule.next_due().unwrap_or_else(|| Instant::now() + STALLED);
            if let Some(due) = self.answer(until)? {
                schedule.answered(due);
                news = Instant::now();
            }
            if news.elapsed() > STALLED {
                bail!("no answer for {STALLED:?}");
            }
        }
        Ok(schedule.finish())
    }

    fn send(&mut self, deck: &mut Deck, since: Instant) -> Result<()> {
        self.last += 1;
        self.under_way.insert(self.last, since);
        write(&self.writer, &purchase(&deck.draw().number, self.last))
    }

    /// The next answer, if one comes until then: when its question was sent, or due.
    fn answer(&mut self, until: Instant) -> Result<Option<Instant>> {
        loop {
            interrupt::check()?;
            match self.answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Came::Line(_)) => {}
                Ok(Came::Answer { reference, code }) if code == APPROVED => {
                    let since = self.under_way.remove(&reference);
                    return since.map(Some).context("an answer to nothing that was asked");
                }
                Ok(Came::Answer { code, .. }) => bail!("an authorisation was answered {code}"),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => bail!("the product has closed the connection"),
            }
        }
    }
}
