//! A partner's server: as cheap as it can be, so that what is measured is the product. A thread per connection.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};

const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// The server.
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    count: AtomicU64,
    /// Answers nothing while this is set.
    hangs: AtomicBool,
    /// Notes when each transfer arrived, while this is set.
    notes: AtomicBool,
    arrivals: Mutex<HashMap<String, Instant>>,
}

impl Receiver {
    /// Starts it; it ends with the process.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen")?;
        let this = Self { address: listener.local_addr()?, state: Arc::default() };
        let state = Arc::clone(&this.state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                thread::spawn(move || serve(stream, &state));
            }
        });
        Ok(this)
    }

    /// How many POSTs were answered.
    pub fn count(&self) -> u64 {
        self.state.count.load(Ordering::Relaxed)
    }

    /// Whether it answers from now on.
    pub fn hang(&self, hangs: bool) {
        self.state.hangs.store(hangs, Ordering::Relaxed);
    }

    /// Whether arrivals are noted from now on.
    pub fn note(&self, notes: bool) {
        self.state.notes.store(notes, Ordering::Relaxed);
    }

    /// When each transfer arrived first.
    pub fn arrivals(&self) -> HashMap<String, Instant> {
        self.state.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers one request after another.
fn serve(mut stream: TcpStream, state: &State) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut buffer, mut filled) = (vec![0; 1 << 16], 0);
    loop {
        let read = stream.read(buffer.get_mut(filled..)?).ok().filter(|read| *read > 0)?;
        filled += read;
        while let Some(length) = request_length(buffer.get(..filled)?) {
            let request = buffer.get(..length)?;
            if request.starts_with(b"POST") {
                if state.hangs.load(Ordering::Relaxed) {
                    // Until the other side gives up.
                    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
                    return None;
                }
                if state.notes.load(Ordering::Relaxed)
                    && let Some(id) = transfer_id(request)
                {
                    let mut arrivals = state.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
                    arrivals.entry(id).or_insert_with(Instant::now);
                }
            }
            stream.write_all(TAKEN).ok()?;
            if request.starts_with(b"POST") {
                state.count.fetch_add(1, Ordering::Relaxed);
            }
            buffer.copy_within(length..filled, 0);
            filled -= length;
        }
    }
}

/// Bytes of the request at the start of a buffer; nothing while it is incomplete.
fn request_length(buffer: &[u8]) -> Option<usize> {
    let end = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(buffer.get(..end)?).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = end + 4 + length.and_then(|value| value.trim().parse().ok()).unwrap_or(0);
    (buffer.len() >= length).then_some(length)
}

/// The id in the body of a transfer's webhook.
fn transfer_id(request: &[u8]) -> Option<String> {
    const BEFORE: &[u8] = br#"{"id":""#;
    let at = request.windows(BEFORE.len()).position(|window| window == BEFORE)? + BEFORE.len();
    String::from_utf8(request.get(at..at + 36)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_complete_with_its_last_byte() {
        let text = b"POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET";
        assert_eq!(request_length(text), Some(text.len() - 3));
        assert_eq!(request_length(&text[..text.len() - 4]), None);
        assert_eq!(request_length(b"GET /x HTTP/1.1\r\n\r\n"), Some(19));
    }

    #[test]
    fn the_transfer_is_found_in_its_webhook() {
        let id = "01a20d93-6eed-7662-9fb6-91f8e238ad5e";
        let request = format!("POST / HTTP/1.1\r\n\r\n{{\"id\":\"{id}\",\"amount\":1}}");
        assert_eq!(transfer_id(request.as_bytes()).as_deref(), Some(id));
    }
}
