//! Uploads over a number of connections, each with one under way.
//!
//! A thread a connection, and a request is two writes of bytes that are there already: what is left for the processor
//! is the kernel's copying, which nobody who sends over a socket is spared.

use std::io::Write;
use std::net::TcpStream;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::form::Form;
use crate::answer::receive;
use crate::requests::{Recipient, user};
use xtask::interrupt;

/// How long a server may take nothing of a body, or not answer: sixty-four uploads are 1.6 GB for one disk.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was sent and acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Bodies.
    pub uploads: u32,
    /// Their bytes.
    pub bytes: u64,
    /// From the first byte to the last answer.
    pub time: Duration,
}

/// Users, of whom each is uploaded for once.
pub struct Users {
    first: u32,
    next: AtomicU32,
    end: AtomicU32,
}

impl Users {
    /// None yet; the first will have this number.
    pub fn from(first: u32) -> Self {
        Self { first, next: AtomicU32::new(first), end: AtomicU32::new(first) }
    }

    /// Those up to here are made.
    pub fn allow(&self, end: u32) {
        self.end.store(end, Ordering::Relaxed);
    }

    /// Those that must be made for there to be so many unused ones.
    pub fn missing(&self, enough: u32) -> Range<u32> {
        let end = self.end.load(Ordering::Relaxed);
        end..end.max(self.next.load(Ordering::Relaxed) + enough)
    }

    /// How many were uploaded for.
    pub fn taken(&self) -> u32 {
        self.next.load(Ordering::Relaxed) - self.first
    }

    fn take(&self) -> Result<String> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.end.load(Ordering::Relaxed) {
            bail!("there are too few users for a machine as fast as this");
        }
        Ok(user(number))
    }
}

/// Begins uploads until then, and sees each to its end.
///
/// All that was acknowledged counts, and all the time until the last answer: counting only what ends within a time
/// would count by whole waves of uploads.
pub fn send(to: &Recipient, form: &Form, users: &Users, connections: usize, until: Instant) -> Result<Sent> {
    let open = |_| connect(to);
    let streams = (0..connections).map(open).collect::<Result<Vec<_>>>()?;
    let started = Instant::now();
    let uploads = thread::scope(|scope| {
        let sender = |stream| scope.spawn(move || in_turn(stream, to, form, users, until));
        let senders: Vec<_> = streams.into_iter().map(sender).collect();
        let ended = senders
            .into_iter()
            .map(|sender| sender.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ended.sum::<Result<u32>>()
    })?;
    let bytes = u64::from(uploads) * form.body().len() as u64;
    Ok(Sent { uploads, bytes, time: started.elapsed() })
}

fn connect(to: &Recipient) -> Result<TcpStream> {
    let stream =
        TcpStream::connect(to.address).with_context(|| format!("cannot connect to {}", to.address))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// One upload after the other on a connection; how many.
fn in_turn(mut stream: TcpStream, to: &Recipient, form: &Form, users: &Users, until: Instant) -> Result<u32> {
    let mut uploads = 0;
    while Instant::now() < until {
        interrupt::check()?;
        stream.write_all(&form.head(to, &users.take()?)).context("cannot send an upload")?;
        // Refused, it may not be taken whole: then the answer says more than the failed write.
        let sent = stream.write_all(form.body());
        let (answer, text) = receive(&mut stream)?;
        if answer.status != 201 {
            bail!("an upload was refused:\n{}", String::from_utf8_lossy(&text));
        }
        sent.context("cannot send an upload")?;
        uploads += 1;
    }
    Ok(uploads)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    /// Takes bodies and answers with this status, on any number of connections, until the test program ends.
    fn server(status: &'static str) -> Recipient {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || while answer(&stream, status).is_some() {});
            }
        });
        Recipient { address, api_key: "key".to_owned() }
    }

    fn answer(mut stream: &TcpStream, status: &str) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
            let value = line.strip_prefix("content-length: ");
            length = value.map_or(length, |value| value.trim().parse().unwrap());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}").ok()
    }

    #[test]
    fn every_upload_is_for_a_user_of_its_own_and_counted() {
        let (users, form) = (Users::from(7), Form::new(&[7; 10_000]).unwrap());
        users.allow(u32::MAX);
        let until = Instant::now() + Duration::from_millis(30);
        let sent = send(&server("201 Created"), &form, &users, 3, until).unwrap();
        assert!(sent.uploads > 0 && sent.uploads == users.taken());
        assert_eq!(sent.bytes, u64::from(sent.uploads) * form.body().len() as u64);
    }

    #[test]
    fn a_refusal_is_an_error_that_shows_the_answer() {
        let (users, form) = (Users::from(0), Form::new(b"photo").unwrap());
        users.allow(9);
        let until = Instant::now() + Duration::from_secs(10);
        let error = send(&server("415 P426"), &form, &users, 1, until).unwrap_err();
        assert!(error.to_string().contains("P426"), "{error}");
    }

    #[test]
    fn no_user_is_used_twice_or_before_it_is_made() {
        let users = Users::from(5);
        assert_eq!(users.missing(2), 5..7);
        users.allow(7);
        assert_ne!(users.take().unwrap(), users.take().unwrap());
        assert!(users.take().is_err());
    }
}
