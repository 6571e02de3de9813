//! Messages on a stream of bytes: two bytes say how long a message is, then it follows.

use std::io;
use std::time::Duration;

use florin_iso8583::MAX_MESSAGE;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// How long the rest of a message may take once it has begun. It is in one packet or two.
const REST_WITHIN: Duration = Duration::from_secs(10);

/// How long a message may take to be written. The other side reads them all, or is gone.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// Bytes of a length.
const LENGTH: usize = 2;

/// Why no message came.
#[derive(Debug, Error)]
pub(super) enum FrameError {
    /// The other side has closed, between two messages.
    #[error("the other side has closed the connection")]
    Closed,
    /// It has closed within one.
    #[error("the other side has closed the connection within a message")]
    CutOff,
    /// It does not go on.
    #[error("a message has begun and does not go on")]
    Slow,
    /// A length that no message has.
    #[error("a message is said to have {0} bytes")]
    TooLong(usize),
    /// The connection is broken.
    #[error("the connection is broken: {0}")]
    Broken(io::ErrorKind),
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutOff,
            kind => Self::Broken(kind),
        }
    }
}

/// The next message, which may have nothing in it. Some networks send that to keep the line open.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Zeroizing<Vec<u8>>, FrameError> {
    let mut length = [0; LENGTH];
    let (first, _) = length.split_at_mut(1);
    if stream.read(first).await? == 0 {
        return Err(FrameError::Closed);
    }
    let rest = async {
        let (_, second) = length.split_at_mut(1);
        stream.read_exact(second).await?;
        let length = usize::from(u16::from_be_bytes(length));
        if length > MAX_MESSAGE {
            return Err(FrameError::TooLong(length));
        }
        let mut message = Zeroizing::new(vec![0; length]);
        stream.read_exact(&mut message).await?;
        Ok(message)
    };
    timeout(REST_WITHIN, rest).await.unwrap_or(Err(FrameError::Slow))
}

/// Writes a message, of at most [`MAX_MESSAGE`] bytes.
pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> Result<(), FrameError> {
    let length = u16::try_from(message.len()).map_err(|_| FrameError::TooLong(message.len()))?;
    // In one piece, so that it goes in one packet.
    let mut frame = Zeroizing::new(Vec::with_capacity(LENGTH + message.len()));
    frame.extend(length.to_be_bytes());
    frame.extend(message);
    let written = async {
        stream.write_all(&frame).await?;
        stream.flush().await
    };
    timeout(WRITTEN_WITHIN, written).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(bytes: &[u8]) -> String {
        match read(&mut &bytes[..]).await {
            Ok(message) => format!("{} bytes", message.len()),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn messages_and_what_is_none() {
        assert_eq!(said(b"\0\x03abcd").await, "3 bytes");
        assert_eq!(said(b"\0\0").await, "0 bytes");
        assert_eq!(said(b"").await, "the other side has closed the connection");
        for begun in [b"\0".as_slice(), b"\0\x03", b"\0\x03ab"] {
            assert_eq!(said(begun).await, "the other side has closed the connection within a message");
        }
        assert_eq!(said(b"GET / HTTP/1.1\r\n\r\n").await, "a message is said to have 18245 bytes");
        assert_eq!(said(b"\x20\x01").await, "a message is said to have 8193 bytes");
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_does_not_go_on_or_is_not_read() {
        let (mut near, mut far) = tokio::io::duplex(8);
        far.write_all(b"\0\x09").await.unwrap();
        assert!(matches!(read(&mut near).await, Err(FrameError::Slow)));
        assert!(matches!(write(&mut near, &[0; 9]).await, Err(FrameError::Broken(io::ErrorKind::TimedOut))));
        assert!(matches!(write(&mut near, &[0; 70_000]).await, Err(FrameError::TooLong(70_000))));
    }
}
