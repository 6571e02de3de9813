//! HEIC (ISO/IEC 14496-12 and 23008-12): boxes to the file's end, and one `meta` box that is read whole.

use super::walk::{Need, Walk};
use super::{Found, Rejected, sized};
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
}

#[derive(Debug)]
struct Layout {
    size: Size,
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
    /// A box that says that it goes to the file's end.
    Rest,
}

impl Heic {
    pub(super) fn new(max_pixels: u64) -> Self {
        Self { max_pixels, state: State::Header, boxes: 0, found: None }
    }

    fn to(&mut self, state: State, need: Need) -> Need {
        self.state = state;
        need
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
            _ => Ok(self.to(State::Body, Need::Skip(body))),
        }
    }

    fn header(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let name = [bytes[4], bytes[5], bytes[6], bytes[7]];
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
        self.found = Some(Layout { size, end: meta.end() });
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
    const FIRST: Need = Need::Gather(8);

    fn gathered(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        match self.state {
            State::Header => self.header(bytes),
            State::Long(name) => {
                let length = bytes.iter().fold(0, |length, &byte| length << 8 | u64::from(byte));
                let body = length.checked_sub(16).ok_or(Rejected::Broken("HEIC box length"))?;
                self.opened(name, body)
            }
            State::Meta => self.meta(bytes),
            State::Body | State::Rest => Err(Rejected::Broken("HEIC cut off")),
        }
    }

    fn skipped(&mut self) -> Result<Need, Rejected> {
        Ok(self.to(State::Header, Need::Gather(8)))
    }

    fn scan(&mut self, bytes: &[u8]) -> Result<(usize, Option<Need>), Rejected> {
        Ok((bytes.len(), None))
    }

    fn finish(self, length: u64, whole: bool) -> Result<Found, Rejected> {
        let ended = matches!(self.state, State::Header | State::Rest);
        let Some(layout) = self.found.filter(|_| ended && whole) else {
            return Err(Rejected::Broken("HEIC cut off"));
        };
        if layout.end > length {
            return Err(Rejected::Broken("HEIC item outside of the file"));
        }
        Ok(Found { size: Some(layout.size), memory: 0 })
    }
}
