//! Asking whether the time is over, and readers that ask.

use std::cell::Cell;
use std::io::{self, BufRead, Read, Seek, SeekFrom};

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
