//! The least of an HTTP/1.1 answer that a load generator must understand: its status and where it ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long a single request of ours may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A complete answer at the start of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Bytes of head and body.
    pub length: usize,
}

impl Answer {
    /// The answer in the buffer; nothing while it is incomplete.
    pub fn read(buffer: &[u8]) -> Result<Option<Self>> {
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let head = buffer.get(..end).unwrap_or_default();
        let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let Some(status) = status.filter(|_| head.starts_with(b"HTTP/1.1 ")) else {
            bail!("not an HTTP/1.1 answer: {:?}", String::from_utf8_lossy(head));
        };
        let Some(body) = content_length(head) else {
            bail!("an answer without content-length: {:?}", String::from_utf8_lossy(head));
        };
        let length = end + 4 + body;
        Ok((buffer.len() >= length).then_some(Self { status, length }))
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(NAME.len())?;
        name.eq_ignore_ascii_case(NAME)
            .then(|| std::str::from_utf8(value).ok()?.trim().parse().ok())
            .flatten()
    })
}

/// Sends one request on a connection of its own and returns the whole answer as it came.
pub fn exchange(address: SocketAddr, request: &[u8]) -> Result<(Answer, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request).context("cannot send a request")?;
    receive(&mut stream)
}

/// Waits for an answer on a connection; the whole of it as it came.
pub fn receive(stream: &mut TcpStream) -> Result<(Answer, Vec<u8>)> {
    let mut buffer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).context("no answer")?;
        buffer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if let Some(answer) = Answer::read(&buffer)? {
            return Ok((answer, buffer));
        }
        if count == 0 {
            bail!("the server closed the connection in the middle of an answer");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_with_its_last_byte() {
        let text = b"HTTP/1.1 201 Created\r\nDate: x\r\nContent-Length: 4\r\n\r\n{..}";
        assert_eq!(Answer::read(text).unwrap(), Some(Answer { status: 201, length: text.len() }));
        assert_eq!(Answer::read(&text[..text.len() - 1]).unwrap(), None);
        assert_eq!(Answer::read(&text[..20]).unwrap(), None);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        assert!(Answer::read(b"SSH-2.0-OpenSSH\r\n\r\n").is_err());
        assert!(Answer::read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
