//! Reading numbers out of a slice, without ever reading past it.

use std::ops::Range;

/// A place in a slice, moving forward.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Bytes<'a> {
    pub(crate) fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0, end: all.len() }
    }

    /// A reader of `range` only, whose positions are those of `all`.
    pub(crate) fn within(all: &'a [u8], range: Range<usize>) -> Self {
        let end = range.end.min(all.len());
        Self { all, at: range.start.min(end), end }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn left(&self) -> usize {
        self.end - self.at
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        if length > self.left() {
            return None;
        }
        let taken = &self.all[self.at..self.at + length];
        self.at += length;
        Some(taken)
    }

    /// Where the text is that begins here and ends before a zero byte, or with the reader.
    pub(crate) fn text(&self) -> Range<usize> {
        let rest = &self.all[self.at..self.end];
        self.at..self.at + rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N).and_then(|taken| taken.try_into().ok())
    }

    /// A big-endian number of 0 to 8 bytes.
    pub(crate) fn number(&mut self, length: usize) -> Option<u64> {
        let taken = self.take(length)?;
        Some(taken.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }
}
