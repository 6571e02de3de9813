//! WebP (RFC 9649): a RIFF file that is at least as long as it says, with one picture.

use super::walk::{Ended, Need, Walk};
use super::{Found, Rejected, sized};
use crate::cost;
use crate::kind::Size;

/// The flag of `VP8X` that says so.
const ANIMATION: u8 = 0x02;

/// The walk over the chunks.
#[derive(Debug)]
pub(super) struct Webp {
    max_pixels: u64,
    state: State,
    /// Bytes of the RIFF body that are not read yet.
    left: u64,
    /// What `VP8X` says, where it begins the file.
    canvas: Option<Size>,
    chunks: u32,
    alpha: bool,
    image: Option<(Size, u64)>,
}

#[derive(Copy, Clone, Debug)]
enum State {
    Riff,
    Chunk,
    Canvas { rest: u64 },
    Lossy { rest: u64 },
    Lossless { rest: u64 },
    Body,
    Done,
}

impl Webp {
    pub(super) fn new(max_pixels: u64) -> Self {
        Self { max_pixels, state: State::Riff, left: 0, canvas: None, chunks: 0, alpha: false, image: None }
    }

    fn to(&mut self, state: State, need: Need) -> Need {
        self.state = state;
        need
    }

    fn next(&mut self) -> Need {
        if self.left == 0 { self.to(State::Done, Need::End) } else { self.to(State::Chunk, Need::Gather(8)) }
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        let length = u64::from(u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]));
        let padded = length + length % 2;
        self.left = self
            .left
            .checked_sub(8)
            .and_then(|left| left.checked_sub(padded))
            .ok_or(Rejected::Broken("WebP chunk length"))?;
        let first = self.chunks == 0;
        self.chunks = self.chunks.saturating_add(1);
        let rest = |head: u64| padded.checked_sub(head).ok_or(Rejected::Broken("WebP chunk length"));
        match &bytes[..4] {
            b"VP8X" if first => Ok(self.to(State::Canvas { rest: rest(10)? }, Need::Gather(10))),
            b"VP8X" => Err(Rejected::Broken("second WebP header")),
            b"VP8 " | b"VP8L" if self.image.is_some() => Err(Rejected::Broken("second WebP image")),
            b"VP8 " => Ok(self.to(State::Lossy { rest: rest(10)? }, Need::Gather(10))),
            b"VP8L" => Ok(self.to(State::Lossless { rest: rest(5)? }, Need::Gather(5))),
            b"ANIM" | b"ANMF" => Err(Rejected::Animated),
            _ if first => Err(Rejected::Broken("WebP does not begin with its image")),
            b"ALPH" if self.alpha || self.image.is_some() => Err(Rejected::Broken("WebP alpha out of place")),
            b"ALPH" => {
                self.alpha = true;
                Ok(self.to(State::Body, Need::Skip(padded)))
            }
            _ => Ok(self.to(State::Body, Need::Skip(padded))),
        }
    }

    /// Flags, three reserved bytes, then width and height less one in three bytes each.
    fn canvas(&mut self, bytes: &[u8], rest: u64) -> Result<Need, Rejected> {
        if bytes[0] & ANIMATION != 0 {
            return Err(Rejected::Animated);
        }
        let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], 0]) + 1;
        self.canvas = Some(sized(number(4), number(7), self.max_pixels)?);
        Ok(self.to(State::Body, Need::Skip(rest)))
    }

    /// A frame tag of three bytes, the start code, then width and height in 14 bits each.
    fn lossy(&mut self, bytes: &[u8], rest: u64) -> Result<Need, Rejected> {
        if bytes[0] & 1 != 0 || bytes[3..6] != [0x9D, 0x01, 0x2A] {
            return Err(Rejected::Broken("WebP key frame"));
        }
        let number = |at: usize| u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]) & 0x3FFF);
        let size = sized(number(6), number(8), self.max_pixels)?;
        self.image(size, cost::webp_lossy(size), rest)
    }

    /// A signature byte, then width and height less one in 14 bits each, alpha, and a version of three bits.
    fn lossless(&mut self, bytes: &[u8], rest: u64) -> Result<Need, Rejected> {
        let packed = u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]);
        if bytes[0] != 0x2F || packed >> 29 != 0 {
            return Err(Rejected::Broken("WebP lossless header"));
        }
        let size = sized((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, self.max_pixels)?;
        self.image(size, 0, rest)
    }

    fn image(&mut self, size: Size, memory: u64, rest: u64) -> Result<Need, Rejected> {
        if self.canvas.is_some_and(|canvas| canvas != size) {
            return Err(Rejected::Broken("WebP image of another size than its canvas"));
        }
        if memory > cost::MAX_DECODE_MEMORY {
            return Err(Rejected::Memory);
        }
        self.image = Some((size, memory));
        Ok(self.to(State::Body, Need::Skip(rest)))
    }
}

impl Walk for Webp {
    fn first(&self) -> Need {
        Need::Gather(12)
    }

    fn gathered(&mut self, bytes: &[u8], _at: u64) -> Result<Need, Rejected> {
        match self.state {
            State::Riff => {
                let length = u64::from(u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]));
                self.left = length.checked_sub(4).ok_or(Rejected::Broken("WebP file length"))?;
                Ok(self.next())
            }
            State::Chunk => self.chunk(bytes),
            State::Canvas { rest } => self.canvas(bytes, rest),
            State::Lossy { rest } => self.lossy(bytes, rest),
            State::Lossless { rest } => self.lossless(bytes, rest),
            State::Body | State::Done => Err(Rejected::Broken("WebP cut off")),
        }
    }

    fn skipped(&mut self) -> Result<Need, Rejected> {
        Ok(self.next())
    }

    fn scan(&mut self, _bytes: &[u8]) -> Result<(usize, Option<Need>), Rejected> {
        Err(Rejected::Broken("WebP cut off"))
    }

    fn finish(self, ended: Ended<'_>) -> Result<Found, Rejected> {
        match (ended.end, self.image) {
            (Some(end), Some((size, memory))) => Ok(Found { size: Some(size), memory, extent: 0..end }),
            (Some(_), None) => Err(Rejected::Broken("WebP without an image")),
            (None, _) => Err(Rejected::Broken("WebP cut off")),
        }
    }
}
