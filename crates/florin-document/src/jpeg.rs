//! The headers of a JPEG (ITU-T T.81) that say how its data is coded. The check in the request and the full decode
//! both read them here, so that they can't disagree about what is valid.
//!
//! The rules are those of libjpeg, by which browsers and most viewers show a picture: what it refuses is refused, and
//! nothing else.

use crate::check::{Rejected, sized};
use crate::kind::Size;

/// A file of more scans is made to be slow: encoders write about ten, the largest standard script has 30, and each
/// costs a decoder a pass over the whole image.
pub(crate) const MAX_SCANS: u32 = 100;

/// Blocks of one unit of a scan that holds several components: the standard's bound (section B.2.3).
const MAX_BLOCKS_IN_UNIT: u32 = 10;

/// Baseline, extended, progressive: with Huffman coding. No viewer shows the others of the standard.
pub(crate) const FRAMES: std::ops::RangeInclusive<u8> = 0xC0..=0xC2;
const PROGRESSIVE: u8 = 0xC2;

const HEADER: Rejected = Rejected::Broken("JPEG scan header");

/// One component: luma, a colour, or one of the print colours.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Component {
    id: u8,
    /// Blocks of a unit across and down.
    pub(crate) across: u32,
    pub(crate) down: u32,
    pub(crate) quantization: u8,
}

/// What the frame header says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) size: Size,
    pub(crate) is_progressive: bool,
    components: [Component; 4],
    count: usize,
    /// The most blocks of any component across and down.
    widest: u32,
    highest: u32,
}

impl Frame {
    /// Precision, height, width, and three bytes per component: number, sampling, quantization table.
    pub(crate) fn read(code: u8, bytes: &[u8], max_pixels: u64) -> Result<Self, Rejected> {
        let (&[precision, h0, h1, w0, w1, count], coded) =
            bytes.split_first_chunk().ok_or(Rejected::Broken("JPEG frame length"))?;
        if precision != 8 {
            return Err(Rejected::Broken("JPEG of other than 8 bits"));
        }
        let count = usize::from(count);
        if !matches!(count, 1 | 3 | 4) || coded.len() != count * 3 {
            return Err(Rejected::Broken("JPEG components"));
        }
        let size =
            sized(u16::from_be_bytes([w0, w1]).into(), u16::from_be_bytes([h0, h1]).into(), max_pixels)?;
        let mut components = [Component::default(); 4];
        for (component, coded) in components.iter_mut().zip(coded.chunks_exact(3)) {
            let (across, down) = (u32::from(coded[1] >> 4), u32::from(coded[1] & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) || coded[2] > 3 {
                return Err(Rejected::Broken("JPEG sampling"));
            }
            *component = Component { id: coded[0], across, down, quantization: coded[2] };
        }
        let used = &components[..count];
        let widest = used.iter().map(|component| component.across).max().unwrap_or(1);
        let highest = used.iter().map(|component| component.down).max().unwrap_or(1);
        // 3 to 2 and the like: no decoder in use scales by fractions.
        let scales = |one: &Component| widest % one.across == 0 && highest % one.down == 0;
        if !used.iter().all(scales) {
            return Err(Rejected::Broken("JPEG sampling by fractions, which no viewer shows"));
        }
        Ok(Self { size, is_progressive: code == PROGRESSIVE, components, count, widest, highest })
    }

    pub(crate) fn components(&self) -> &[Component] {
        &self.components[..self.count]
    }

    /// How many blocks a component has, across and down: those of the picture, and with what fills up whole units.
    pub(crate) fn blocks(&self, component: &Component) -> Blocks {
        let along = |pixels: u32, most: u32, own: u32| {
            ((pixels * own).div_ceil(most).div_ceil(8), pixels.div_ceil(8 * most) * own)
        };
        let (across, padded_across) = along(self.size.width, self.widest, component.across);
        let (down, padded_down) = along(self.size.height, self.highest, component.down);
        Blocks { across, down, padded_across, padded_down }
    }

    /// Units of a scan of several components, across and down.
    pub(crate) fn units(&self) -> (u32, u32) {
        (self.size.width.div_ceil(8 * self.widest), self.size.height.div_ceil(8 * self.highest))
    }

    /// Blocks over all components, padding included.
    pub(crate) fn all_blocks(&self) -> u64 {
        let blocks = self.components().iter().map(|component| self.blocks(component));
        blocks.map(|blocks| u64::from(blocks.padded_across) * u64::from(blocks.padded_down)).sum()
    }
}

/// Blocks of a component.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blocks {
    pub(crate) across: u32,
    pub(crate) down: u32,
    pub(crate) padded_across: u32,
    pub(crate) padded_down: u32,
}

/// A component of a scan: its place in the frame, and its two code tables.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScanPart {
    pub(crate) component: usize,
    pub(crate) dc: usize,
    pub(crate) ac: usize,
}

/// What a scan header says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    parts: [ScanPart; 4],
    count: usize,
    /// First and last coefficient.
    pub(crate) first: u8,
    pub(crate) last: u8,
    /// Whether it makes coefficients of earlier scans more exact.
    pub(crate) refines: bool,
}

impl Scan {
    /// Count, two bytes per component, three of spectrum.
    pub(crate) fn read(frame: &Frame, bytes: &[u8]) -> Result<Self, Rejected> {
        let count = usize::from(*bytes.first().ok_or(HEADER)?);
        if !(1..=frame.count).contains(&count) || bytes.len() != 4 + count * 2 {
            return Err(HEADER);
        }
        let mut parts = [ScanPart::default(); 4];
        for (at, coded) in bytes[1..=count * 2].chunks_exact(2).enumerate() {
            let component = frame.components().iter().position(|one| one.id == coded[0]).ok_or(HEADER)?;
            let (dc, ac) = (usize::from(coded[1] >> 4), usize::from(coded[1] & 15));
            if dc > 3 || ac > 3 || parts[..at].iter().any(|part| part.component == component) {
                return Err(HEADER);
            }
            parts[at] = ScanPart { component, dc, ac };
        }
        let [first, last, exact] = bytes[1 + count * 2..] else { return Err(HEADER) };
        let scan = Self { parts, count, first, last, refines: exact >> 4 != 0 };
        let blocks = scan.parts().iter().map(|part| frame.components[part.component]);
        let in_unit: u32 = blocks.map(|component| component.across * component.down).sum();
        if count > 1 && in_unit > MAX_BLOCKS_IN_UNIT {
            return Err(Rejected::Broken("JPEG scan with more blocks in a unit than the standard allows"));
        }
        if frame.is_progressive { scan.progressive(exact) } else { Ok(scan) }
    }

    /// The first coefficient comes alone, the others of one component at a time, each bit after the one above it.
    fn progressive(self, exact: u8) -> Result<Self, Rejected> {
        let (before, now) = (exact >> 4, exact & 15);
        let is_band = self.first <= self.last && self.last <= 63 && self.count == 1;
        let is_spectrum = if self.first == 0 { self.last == 0 } else { is_band };
        if is_spectrum && now <= 13 && (before == 0 || before == now + 1) { Ok(self) } else { Err(HEADER) }
    }

    pub(crate) fn parts(&self) -> &[ScanPart] {
        &self.parts[..self.count]
    }
}
