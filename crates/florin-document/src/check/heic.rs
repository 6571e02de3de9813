//! HEIC (ISO/IEC 14496-12 and 23008-12): boxes, and one `meta` box that is read whole.
//!
//! The format has no end of its own. Once the data of every item has come, what is no whole box is a trailer.

use super::trailer::Trailer;
use super::walk::{Ended, Need, Walk};
use super::{Found, Rejected, sized};
use crate::cost;
use crate::heif::{BrokenHeif, Meta};
use crate::kind::Size;

/// The longest `meta` box, which is kept until it is whole.
///
/// A photo of 50 megapixels in tiles of 512 × 512 has 192 items of about 60 bytes over all tables: 12 KiB. Twenty
/// times that is for depth maps, gain maps and a generous `idat`.
const META_MAX: u64 = 256 * 1024;

/// `ftyp` lists brands of four bytes each; writers list three to ten.
const FTYP_MAX: u64 = 1024;

/// Boxes at the top; writers put three to ten there.
const BOXES_MAX: u32 = 1000;

/// The walk over the boxes at the top.
#[derive(Debug)]
pub(super) struct Heic {
    max_pixels: u64,
    state: State,
    /// How many boxes came.
    boxes: u32,
    found: Option<Layout>,
    /// Where the box under way begins.
    start: u64,
    /// What is left of a box behind all data, and what is in it: should it not be whole, it is a trailer.
    left: u64,
    behind: Trailer,
    polyglot: Option<Rejected>,
}

#[derive(Debug)]
struct Layout {
    size: Size,
    memory: u64,
    /// Where the last item's data ends.
    end: u64,
}

#[derive(Copy, Clone, Debug)]
enum State {
    /// Length and name.
    Header,
    /// The 64-bit length of the box of that name.
    Long([u8; 4]),
    Meta,
    Body,
    /// The body of a box behind all data.
    Behind,
    /// A box that says that it goes to the file's end.
    Rest,
    Done,
}

impl Heic {
    pub(super) fn new(max_pixels: u64) -> Self {
        Self {
            max_pixels,
            state: State::Header,
            boxes: 0,
            found: None,
            start: 0,
            left: 0,
            behind: Trailer::default(),
            polyglot: None,
        }
    }

    fn to(&mut self, state: State, need: Need) -> Need {
        self.state = state;
        need
    }

    /// Whether the data of every item stands before the box under way.
    fn is_complete(&self) -> bool {
        self.found.as_ref().is_some_and(|layout| self.start >= layout.end)
    }

    /// Looks at a part of a box behind all data.
    fn search(&mut self, bytes: &[u8]) {
        if self.is_complete() && self.polyglot.is_none() {
            self.polyglot = self.behind.push(bytes).err();
        }
    }

    fn opened(&mut self, name: [u8; 4], body: u64) -> Result<Need, Rejected> {
        self.boxes += 1;
        if self.boxes > BOXES_MAX {
            return Err(Rejected::Broken("HEIC of too many boxes"));
        }
        if (&name == b"ftyp") != (self.boxes == 1) {
            return Err(Rejected::Broken("HEIC file type out of place"));
        }
        match &name {
            b"ftyp" if !(8..=FTYP_MAX).contains(&body) => Err(Rejected::Broken("HEIC file type length")),
            b"meta" if self.found.is_some() => Err(Rejected::Broken("second HEIC meta box")),
            b"meta" => match usize::try_from(body) {
                Ok(length) if body <= META_MAX => Ok(self.to(State::Meta, Need::Gather(length))),
                _ => Err(Rejected::Broken("HEIC meta box too long")),
            },
            _ if self.is_complete() && body > 0 => {
                self.left = body;
                Ok(self.to(State::Behind, Need::Scan))
            }
            _ => {
                self.polyglot = None;
                Ok(self.to(State::Body, Need::Skip(body)))
            }
        }
    }

    fn header(&mut self, bytes: &[u8], at: u64) -> Result<Need, Rejected> {
        self.start = at - bytes.len() as u64;
        let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let name = [bytes[4], bytes[5], bytes[6], bytes[7]];
        let is_box = matches!(length, 0 | 1 | 8..) && name.iter().all(|byte| (b' '..=b'~').contains(byte));
        if self.is_complete() && (!is_box || &name == b"ftyp") {
            return Ok(self.to(State::Done, Need::Ended));
        }
        self.behind = Trailer::default();
        self.search(bytes);
        match length {
            // Only image data may be left open, and it is the last box then.
            0 if &name == b"mdat" && self.boxes > 0 => Ok(self.to(State::Rest, Need::Scan)),
            1 => Ok(self.to(State::Long(name), Need::Gather(8))),
            8.. => self.opened(name, u64::from(length) - 8),
            _ => Err(Rejected::Broken("HEIC box length")),
        }
    }

    fn meta(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        let meta = Meta::read(bytes)?;
        let stored = meta.size()?;
        let size = sized(stored.width, stored.height, self.max_pixels)?;
        for part in meta.sizes() {
            sized(part.width, part.height, self.max_pixels)?;
        }
        let largest = meta.picture().filter_map(|item| meta.size_of(item)).map(cost::heic).max();
        self.found = Some(Layout { size, memory: largest.unwrap_or(0), end: meta.end() });
        Ok(self.to(State::Header, Need::Gather(8)))
    }
}

impl From<BrokenHeif> for Rejected {
    fn from(broken: BrokenHeif) -> Self {
        match broken {
            BrokenHeif::Wrong(what) => Self::Broken(what),
            BrokenHeif::Protected => Self::Encrypted,
        }
    }
}

impl Walk for Heic {
    fn first(&self) -> Need {
        Need::Gather(8)
    }

    fn gathered(&mut self, bytes: &[u8], at: u64) -> Result<Need, Rejected> {
        match self.state {
            State::Header => self.header(bytes, at),
            State::Long(name) => {
                let length = bytes.iter().fold(0, |length, &byte| length << 8 | u64::from(byte));
                self.search(bytes);
                let body = length.checked_sub(16).ok_or(Rejected::Broken("HEIC box length"))?;
                self.opened(name, body)
            }
            State::Meta => self.meta(bytes),
            State::Body | State::Behind | State::Rest | State::Done => Err(Rejected::Broken("HEIC cut off")),
        }
    }

    fn skipped(&mut self) -> Result<Need, Rejected> {
        Ok(self.to(State::Header, Need::Gather(8)))
    }

    fn scan(&mut self, bytes: &[u8]) -> Result<(usize, Option<Need>), Rejected> {
        let State::Behind = self.state else { return Ok((bytes.len(), None)) };
        let taken = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.search(&bytes[..taken]);
        self.left -= taken as u64;
        if self.left > 0 {
            return Ok((taken, None));
        }
        // A whole box, of which nobody knows the name: its content is its own.
        self.polyglot = None;
        Ok((taken, Some(self.to(State::Header, Need::Gather(8)))))
    }

    fn finish(self, ended: Ended<'_>) -> Result<Found, Rejected> {
        let cut = Rejected::Broken("HEIC cut off");
        let Some(layout) = &self.found else { return Err(cut) };
        let end = match self.state {
            State::Done => ended.end.unwrap_or(ended.length),
            State::Header => ended.length - ended.rest.len() as u64,
            State::Rest => ended.length,
            State::Long(_) | State::Behind if self.is_complete() => self.start,
            _ => return Err(cut),
        };
        if let Some(polyglot) = self.polyglot {
            return Err(polyglot);
        }
        if let State::Header | State::Long(_) = self.state {
            Trailer::default().push(ended.rest)?;
        }
        if layout.end > end {
            return Err(Rejected::Broken("HEIC item outside of the file"));
        }
        Ok(Found { size: Some(layout.size), memory: layout.memory, extent: 0..end })
    }
}
