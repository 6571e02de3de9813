//! PNG (W3C, third edition): chunk order, lengths and checksums, from the signature to IEND.

use super::walk::{Ended, Need, Walk};
use super::{Found, Rejected, sized};
use crate::cost;
use crate::kind::Size;

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The standard's bound on lengths and dimensions.
const MAX_31_BITS: u32 = 0x7FFF_FFFF;

/// The walk over the chunks.
#[derive(Debug)]
pub(super) struct Png {
    max_pixels: u64,
    state: State,
    /// The chunk under way.
    name: [u8; 4],
    left: u32,
    checksum: crc32fast::Hasher,
    header: Option<Header>,
    palette: bool,
    data: Data,
}

#[derive(Copy, Clone, Debug)]
struct Header {
    size: Size,
    colour: u8,
    memory: u64,
}

#[derive(Copy, Clone, Debug)]
enum State {
    Signature,
    Chunk,
    Header,
    Body,
    Checksum,
    Done,
}

/// IDAT chunks follow each other without another between them.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Data {
    Before,
    Within,
    After,
}

impl Png {
    pub(super) fn new(max_pixels: u64) -> Self {
        Self {
            max_pixels,
            state: State::Signature,
            name: [0; 4],
            left: 0,
            checksum: crc32fast::Hasher::new(),
            header: None,
            palette: false,
            data: Data::Before,
        }
    }

    /// Length and name.
    fn chunk(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        let (length, name) = bytes.split_at(4);
        self.left = u32::from_be_bytes(length.try_into().unwrap_or_default());
        self.name.copy_from_slice(name);
        if self.left > MAX_31_BITS {
            return Err(Rejected::Broken("PNG chunk length"));
        }
        if !self.name.iter().all(u8::is_ascii_alphabetic) {
            return Err(Rejected::Broken("PNG chunk name"));
        }
        self.ordered()?;
        self.checksum = crc32fast::Hasher::new();
        self.checksum.update(&self.name);
        if &self.name == b"IHDR" {
            self.state = State::Header;
            return Ok(Need::Gather(13));
        }
        Ok(self.body())
    }

    fn body(&mut self) -> Need {
        if self.left == 0 {
            self.state = State::Checksum;
            return Need::Gather(4);
        }
        self.state = State::Body;
        Need::Scan
    }

    /// Whether the chunk may stand here.
    fn ordered(&mut self) -> Result<(), Rejected> {
        let broken = |what| Err(Rejected::Broken(what));
        match (&self.name, self.header) {
            (b"IHDR", Some(_)) => return broken("second PNG header"),
            (b"IHDR", None) if self.left != 13 => return broken("PNG header length"),
            (b"IHDR", None) => return Ok(()),
            (_, None) => return broken("PNG does not begin with its header"),
            (b"acTL" | b"fcTL" | b"fdAT", _) => return Err(Rejected::Animated),
            (b"IDAT", Some(Header { colour: 3, .. })) if !self.palette => {
                return broken("PNG without its palette");
            }
            (b"IDAT", _) if self.data == Data::After => return broken("PNG data in two places"),
            (b"IDAT", _) => {
                self.data = Data::Within;
                return Ok(());
            }
            (b"IEND", _) if self.left != 0 => return broken("PNG end with content"),
            (b"IEND", _) if self.data == Data::Before => return broken("PNG without data"),
            (b"IEND", _) => return Ok(()),
            (b"PLTE", Some(header)) => {
                let fits = self.left.is_multiple_of(3) && (3..=768).contains(&self.left);
                if self.palette || self.data != Data::Before || !fits || matches!(header.colour, 0 | 4) {
                    return broken("PNG palette");
                }
                self.palette = true;
            }
            ([first, ..], _) if first.is_ascii_uppercase() => return broken("PNG chunk that nobody knows"),
            _ => {}
        }
        if self.data == Data::Within {
            self.data = Data::After;
        }
        Ok(())
    }

    /// Width, height, bits, colour, and three methods.
    fn header(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let (width, height) = (number(0), number(4));
        if width > MAX_31_BITS || height > MAX_31_BITS {
            return Err(Rejected::Broken("PNG dimensions"));
        }
        let coded = match (bytes[9], bytes[8]) {
            (0, 1 | 2 | 4 | 8 | 16) | (3, 1 | 2 | 4 | 8) | (2 | 4 | 6, 8 | 16) => true,
            (_, _) => false,
        };
        if !coded || bytes[10] != 0 || bytes[11] != 0 || bytes[12] > 1 {
            return Err(Rejected::Broken("PNG coding"));
        }
        let channels = match bytes[9] {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        let size = sized(width, height, self.max_pixels)?;
        let memory = cost::png(width, channels * bytes[8]);
        if memory > cost::MAX_DECODE_MEMORY {
            return Err(Rejected::Memory);
        }
        self.header = Some(Header { size, colour: bytes[9], memory });
        self.checksum.update(bytes);
        self.state = State::Checksum;
        Ok(Need::Gather(4))
    }

    fn checksum(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        if bytes != self.checksum.clone().finalize().to_be_bytes() {
            return Err(Rejected::Broken("PNG checksum"));
        }
        if &self.name == b"IEND" {
            self.state = State::Done;
            return Ok(Need::End);
        }
        self.state = State::Chunk;
        Ok(Need::Gather(8))
    }
}

impl Walk for Png {
    fn first(&self) -> Need {
        Need::Gather(SIGNATURE.len())
    }

    fn gathered(&mut self, bytes: &[u8], _at: u64) -> Result<Need, Rejected> {
        match self.state {
            State::Signature => {
                self.state = State::Chunk;
                Ok(Need::Gather(8))
            }
            State::Chunk => self.chunk(bytes),
            State::Header => self.header(bytes),
            State::Checksum => self.checksum(bytes),
            State::Body | State::Done => Err(Rejected::Broken("PNG cut off")),
        }
    }

    fn skipped(&mut self) -> Result<Need, Rejected> {
        Err(Rejected::Broken("PNG cut off"))
    }

    fn scan(&mut self, bytes: &[u8]) -> Result<(usize, Option<Need>), Rejected> {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let taken = bytes.len().min(left);
        self.checksum.update(&bytes[..taken]);
        self.left -= u32::try_from(taken).unwrap_or(self.left);
        if self.left > 0 {
            return Ok((taken, None));
        }
        self.state = State::Checksum;
        Ok((taken, Some(Need::Gather(4))))
    }

    fn finish(self, ended: Ended<'_>) -> Result<Found, Rejected> {
        match (ended.end, self.header) {
            (Some(end), Some(Header { size, memory, .. })) => {
                Ok(Found { size: Some(size), memory, extent: 0..end })
            }
            _ => Err(Rejected::Broken("PNG cut off")),
        }
    }
}
