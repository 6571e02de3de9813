//! The bits of a JPEG's coded data: the highest of a byte first, a zero byte behind each 0xFF, restarts in between.

use super::{DATA, Unreadable};

/// The longest that is passed over at once: a code of 16 bits and the coefficient behind it.
const AT_ONCE: u32 = 32;

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

    /// Holds [`AT_ONCE`] bits or more, if there are so many before the next restart.
    fn fill(&mut self) {
        // Four bytes at once where none of them is 0xFF: nearly everywhere.
        if let Some(next) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<4>)
            && !next.contains(&0xFF)
            && self.count <= AT_ONCE
        {
            self.held = self.held << 32 | u64::from(u32::from_be_bytes(*next));
            self.at += 4;
            self.count += 32;
            return;
        }
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
        if self.count < AT_ONCE {
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
        while width > AT_ONCE {
            self.skip(AT_ONCE)?;
            width -= AT_ONCE;
        }
        if self.count < width {
            self.fill();
        }
        self.pass(width)
    }

    /// Passes over bits that [`Self::peek`] has seen to be there: at most [`AT_ONCE`].
    pub(super) fn pass(&mut self, width: u32) -> Result<(), Unreadable> {
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
