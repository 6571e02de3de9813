//! A TCP client that sends exactly the bytes it is given, well-formed or not.

use super::answer::Answer;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

/// Longer than every time-out of the server: after it, a silent server is a fault.
const SILENCE: Duration = Duration::from_secs(30);

/// One connection.
pub struct Raw {
    reader: OwnedReadHalf,
    writer: Option<OwnedWriteHalf>,
    received: Vec<u8>,
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).await.expect("the server accepts connections")
    }

    /// None when nobody listens there.
    pub async fn try_connect(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (reader, writer) = stream.into_split();
        Some(Self { reader, writer: Some(writer), received: Vec::new() })
    }

    /// Sends; an error is left for the reader to meet.
    pub async fn write(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("the writing side is open");
        writer.write_all(bytes).await.unwrap_or_default();
        writer.flush().await.unwrap_or_default();
    }

    /// Sends a great deal while answers are read, as a client has to.
    pub fn write_in_background(&mut self, bytes: Vec<u8>) -> tokio::task::JoinHandle<OwnedWriteHalf> {
        let mut writer = self.writer.take().expect("the writing side is open");
        tokio::spawn(async move {
            writer.write_all(&bytes).await.unwrap_or_default();
            writer
        })
    }

    /// Says that nothing more comes.
    pub async fn close_writing(&mut self) {
        if let Some(mut writer) = self.writer.take() {
            writer.shutdown().await.unwrap_or_default();
        }
    }

    /// The next final answer (1xx are passed over), or none when the server closed the connection without
    /// one.
    pub async fn read_answer(&mut self, method: &str) -> Option<Answer> {
        loop {
            let answer = self.read_any_answer(method).await?;
            if answer.status >= 200 {
                return Some(answer);
            }
        }
    }

    /// The next answer, 1xx included.
    pub async fn read_any_answer(&mut self, method: &str) -> Option<Answer> {
        let end = loop {
            if let Some(end) = position(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
            if !self.receive().await {
                assert!(
                    self.received.is_empty(),
                    "half an answer: {:?}",
                    String::from_utf8_lossy(&self.received)
                );
                return None;
            }
        };
        let head = String::from_utf8_lossy(&self.received[..end]).into_owned();
        self.received.drain(..end);
        let mut answer = parse_head(&head);
        let bodiless =
            method == "HEAD" || answer.status < 200 || answer.status == 204 || answer.status == 304;
        if !bodiless {
            answer.body = self.read_body(&answer).await;
        }
        Some(answer)
    }

    /// Has the server closed the connection, with nothing more to read?
    pub async fn is_closed(&mut self) -> bool {
        self.received.is_empty() && !self.receive().await
    }

    async fn read_body(&mut self, answer: &Answer) -> Vec<u8> {
        if answer.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return self.read_chunks().await;
        }
        if let Some(length) = answer.header("content-length") {
            return self.read_exactly(length.parse().expect("a length")).await;
        }
        while self.receive().await {}
        std::mem::take(&mut self.received)
    }

    async fn read_chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = position(&self.received, b"\r\n") {
                    break end + 2;
                }
                assert!(self.receive().await, "the answer ends within a chunk's size");
            };
            let line = String::from_utf8(self.read_exactly(end).await).expect("a chunk's size");
            let size =
                usize::from_str_radix(line.trim().split(';').next().unwrap_or_default(), 16).expect("a size");
            body.extend(self.read_exactly(size).await);
            self.read_exactly(2).await;
            if size == 0 {
                return body;
            }
        }
    }

    async fn read_exactly(&mut self, length: usize) -> Vec<u8> {
        while self.received.len() < length {
            assert!(self.receive().await, "the answer is shorter than it said");
        }
        self.received.drain(..length).collect()
    }

    /// Reads once; false when there is nothing more.
    async fn receive(&mut self) -> bool {
        let mut bytes = [0_u8; 16_384];
        let read = timeout(SILENCE, self.reader.read(&mut bytes)).await;
        let read =
            read.unwrap_or_else(|_| panic!("the server neither answered nor closed within {SILENCE:?}"));
        let length = read.unwrap_or(0);
        self.received.extend_from_slice(&bytes[..length]);
        length > 0
    }
}

/// Sends these bytes on a connection of their own and takes the first answer.
pub async fn exchange(address: SocketAddr, method: &str, bytes: Vec<u8>) -> Option<Answer> {
    let mut raw = Raw::connect(address).await;
    let writing = raw.write_in_background(bytes);
    let answer = raw.read_answer(method).await;
    writing.abort();
    answer
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn parse_head(head: &str) -> Answer {
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status line: {first:?}"));
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    Answer { status, headers: lines.filter_map(header).collect(), body: Vec::new() }
}
