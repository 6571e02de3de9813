//! Asking whether the time is over, and readers that ask.

use std::cell::Cell;
use std::io::{self, BufRead, Read, Seek, SeekFrom};

use zune_core::bytestream::{ZByteIoError, ZByteReaderTrait, ZSeekFrom};

use super::Unreadable;

/// The caller's question, and whether it was ever answered with yes.
pub(super) struct Watch<'a> {
    is_over: &'a dyn Fn() -> bool,
    over: Cell<bool>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(is_over: &'a dyn Fn() -> bool) -> Self {
        Self { is_over, over: Cell::new(false) }
    }

    pub(super) fn was_over(&self) -> bool {
        self.over.get()
    }

    /// Asks.
    pub(super) fn ask(&self) -> Result<(), Unreadable> {
        if self.over.get() || (self.is_over)() {
            self.over.set(true);
            return Err(Unreadable::TimeOver);
        }
        Ok(())
    }
}

/// How many bytes are read between two questions: some 100 microseconds of decoding.
const STRETCH: usize = 64 * 1024;

/// A slice as a stream that fails when the time is over.
pub(super) struct Stream<'a, 'w> {
    bytes: &'a [u8],
    at: usize,
    watch: &'w Watch<'w>,
}

impl<'a, 'w> Stream<'a, 'w> {
    pub(super) fn new(bytes: &'a [u8], watch: &'w Watch<'w>) -> Self {
        Self { bytes, at: 0, watch }
    }
}

impl Read for Stream<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Stream<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.watch.ask().map_err(|_| io::ErrorKind::TimedOut)?;
        let rest = &self.bytes[self.at..];
        Ok(&rest[..rest.len().min(STRETCH)])
    }

    fn consume(&mut self, read: usize) {
        self.at = (self.at + read).min(self.bytes.len());
    }
}

impl Seek for Stream<'_, '_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut cursor = io::Cursor::new(self.bytes);
        cursor.set_position(self.at as u64);
        let at = cursor.seek(to)?;
        self.at = usize::try_from(at).unwrap_or(usize::MAX).min(self.bytes.len());
        Ok(self.at as u64)
    }
}

/// The same between two questions of a JPEG: a progressive scan over all of an image can take as little as 60 bytes.
const SHORT_STRETCH: usize = 64;

/// The same for zune's own reading, byte by byte: asks each time [`SHORT_STRETCH`] more bytes are read. Behind the
/// slice come some zero bytes.
pub(super) struct ByteStream<'a, 'w> {
    bytes: &'a [u8],
    end: usize,
    at: usize,
    left: usize,
    watch: &'w Watch<'w>,
}

impl<'a, 'w> ByteStream<'a, 'w> {
    pub(super) fn new(bytes: &'a [u8], padding: usize, watch: &'w Watch<'w>) -> Self {
        Self { bytes, end: bytes.len() + padding, at: 0, left: 0, watch }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), ZByteIoError> {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => {
                self.watch.ask().map_err(|_| ZByteIoError::Generic("the time is over"))?;
                self.left = SHORT_STRETCH;
            }
        }
        Ok(())
    }

    /// As many bytes as there are.
    fn peek(&self, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.end - self.at);
        let real = self.bytes.get(self.at..).unwrap_or_default();
        let real = &real[..real.len().min(count)];
        buffer[..real.len()].copy_from_slice(real);
        buffer[real.len()..count].fill(0);
        count
    }
}

impl ZByteReaderTrait for ByteStream<'_, '_> {
    fn read_byte_no_error(&mut self) -> u8 {
        if self.at >= self.end || self.spend(1).is_err() {
            return 0;
        }
        self.at += 1;
        self.bytes.get(self.at - 1).copied().unwrap_or_default()
    }

    fn read_exact_bytes(&mut self, buffer: &mut [u8]) -> Result<(), ZByteIoError> {
        self.spend(buffer.len())?;
        self.peek_exact_bytes(buffer)?;
        self.at += buffer.len();
        Ok(())
    }

    fn read_bytes(&mut self, buffer: &mut [u8]) -> Result<usize, ZByteIoError> {
        self.spend(buffer.len())?;
        let count = self.peek(buffer);
        self.at += count;
        Ok(count)
    }

    fn peek_bytes(&mut self, buffer: &mut [u8]) -> Result<usize, ZByteIoError> {
        Ok(self.peek(buffer))
    }

    fn peek_exact_bytes(&mut self, buffer: &mut [u8]) -> Result<(), ZByteIoError> {
        if buffer.len() > self.end - self.at {
            return Err(ZByteIoError::NotEnoughBytes(self.end - self.at, buffer.len()));
        }
        self.peek(buffer);
        Ok(())
    }

    fn z_seek(&mut self, from: ZSeekFrom) -> Result<u64, ZByteIoError> {
        let (from, by) = match from {
            ZSeekFrom::Start(at) => (0, i64::try_from(at).ok()),
            ZSeekFrom::Current(by) => (self.at, Some(by)),
            ZSeekFrom::End(by) => (self.end, Some(by)),
        };
        let at =
            by.and_then(|by| (from as u64).checked_add_signed(by)).and_then(|at| usize::try_from(at).ok());
        self.at = at.ok_or(ZByteIoError::Generic("before the start"))?.min(self.end);
        Ok(self.at as u64)
    }

    fn is_eof(&mut self) -> Result<bool, ZByteIoError> {
        Ok(self.at >= self.end)
    }

    fn z_position(&mut self) -> Result<u64, ZByteIoError> {
        Ok(self.at as u64)
    }

    fn read_remaining(&mut self, sink: &mut Vec<u8>) -> Result<usize, ZByteIoError> {
        let before = sink.len();
        sink.resize(before + self.end - self.at, 0);
        self.read_bytes(&mut sink[before..])
    }
}
