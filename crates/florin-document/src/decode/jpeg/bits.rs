//! The bits of a JPEG's coded data: the highest of a byte first, a zero byte behind each 0xFF, restarts in between.

use super::{DATA, Unreadable};

/// Bits of one scan.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, held: 0, count: 0 }
    }

    /// Holds 32 bits or more, if there are so many before the next restart.
    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..) {
                Some([0xFF, 0x00, ..]) => {
                    self.at += 2;
                    0xFF
                }
                // A fill byte.
                Some([0xFF, 0xFF, ..]) => {
                    self.at += 1;
                    continue;
                }
                // A restart, or the scan's end.
                Some([0xFF, ..] | []) | None => return,
                Some(&[byte, ..]) => {
                    self.at += 1;
                    byte
                }
            };
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// The next 16 bits, zeros where there are fewer.
    pub(super) fn peek(&mut self) -> u16 {
        if self.count < 16 {
            self.fill();
        }
        if self.count >= 16 {
            (self.held >> (self.count - 16)) as u16
        } else {
            (self.held << (16 - self.count)) as u16
        }
    }

    /// Passes over bits.
    pub(super) fn skip(&mut self, mut width: u32) -> Result<(), Unreadable> {
        while width > 32 {
            self.skip(32)?;
            width -= 32;
        }
        if self.count < width {
            self.fill();
        }
        self.count = self.count.checked_sub(width).ok_or(DATA)?;
        Ok(())
    }

    /// A number of at most 16 bits.
    pub(super) fn take(&mut self, width: u32) -> Result<u32, Unreadable> {
        let next = u32::from(self.peek()) >> (16 - width);
        self.skip(width)?;
        Ok(next)
    }

    /// Goes on behind the next restart marker. What is left before it counts for nothing.
    pub(super) fn restart(&mut self) -> Result<(), Unreadable> {
        (self.held, self.count) = (0, 0);
        while let Some(found) = self.bytes.get(self.at..).and_then(|rest| memchr::memchr(0xFF, rest)) {
            self.at += found + 1;
            if let Some(0xD0..=0xD7) = self.bytes.get(self.at) {
                self.at += 1;
                return Ok(());
            }
        }
        Err(DATA)
    }
}
