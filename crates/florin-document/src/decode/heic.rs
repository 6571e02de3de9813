//! HEIC: each coded image has its parameter sets, their size is the one that is named, and its data is whole units.

use std::borrow::Cow;

use super::watch::Watch;
use super::{Orientation, Unreadable};
use crate::bytes::Bytes;
use crate::heif::{CODED, Extent, Item, Meta};
use crate::kind::Size;
use crate::segments::top_boxes;

const PARAMETERS: Unreadable = Unreadable::Broken("HEIC parameter sets");
const DATA: Unreadable = Unreadable::Broken("HEIC data");

/// NAL unit types (ITU-T H.265, table 7-1).
const SEQUENCE: u8 = 33;
const NEEDED: [u8; 3] = [32, SEQUENCE, 34];
/// Slices from which decoding can begin.
const RANDOM_ACCESS: std::ops::RangeInclusive<u8> = 16..=21;

pub(super) fn read(bytes: &[u8], watch: &Watch<'_>) -> Result<Orientation, Unreadable> {
    let boxes = top_boxes(bytes);
    let found = boxes.iter().find(|found| &found.name == b"meta");
    let body = &bytes[found.ok_or(Unreadable::Broken("HEIC meta box"))?.body.clone()];
    let meta = Meta::read(body).map_err(|_| Unreadable::Broken("HEIC meta box"))?;
    let mut left = bytes.len() as u64;
    for item in meta.items.values().filter(|item| &item.kind == CODED) {
        watch.ask()?;
        // Items that share their bytes could make a short file long to read; nobody writes them so.
        let lengths = item.extents.iter().try_fold(0u64, |sum, extent| sum.checked_add(extent.length));
        left = lengths.and_then(|length| left.checked_sub(length)).ok_or(DATA)?;
        // The copy for export keeps nothing of other boxes.
        let placed =
            |extent: &Extent| extent.inside || boxes.iter().any(|found| found.is_data_of(extent.range()));
        if !item.extents.iter().all(placed) {
            return Err(DATA);
        }
        let width = parameters(body, &meta, item)?;
        units(&item_bytes(bytes, body, &meta, item)?, width)?;
    }
    Ok(if meta.is_turned() { Orientation::QUARTER } else { Orientation::UPRIGHT })
}

/// An item's bytes in order.
fn item_bytes<'a>(
    bytes: &'a [u8],
    body: &'a [u8],
    meta: &Meta,
    item: &Item,
) -> Result<Cow<'a, [u8]>, Unreadable> {
    let place = |extent: &Extent| {
        let range = extent.range();
        let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
        match (extent.inside, &meta.idat) {
            (true, Some(idat)) => body.get(idat.clone())?.get(range),
            (true, None) => None,
            (false, _) => bytes.get(range),
        }
    };
    match &item.extents[..] {
        [only] => place(only).map(Cow::Borrowed).ok_or(DATA),
        several => {
            let mut joined = Vec::new();
            for extent in several {
                joined.extend_from_slice(place(extent).ok_or(DATA)?);
            }
            Ok(joined.into())
        }
    }
}

/// Checks `hvcC`; tells how many bytes the lengths of units have.
fn parameters(body: &[u8], meta: &Meta, item: &Item) -> Result<usize, Unreadable> {
    let named = meta.size_of(item).ok_or(PARAMETERS)?;
    let record = meta.properties_of(item).find(|property| &property.kind == b"hvcC").ok_or(PARAMETERS)?;
    let mut reader = Bytes::within(body, record.body.clone());
    let head = reader.take(22).ok_or(PARAMETERS)?;
    let width = usize::from(head[21] & 3) + 1;
    let mut seen = [false; NEEDED.len()];
    for _ in 0..reader.u8().ok_or(PARAMETERS)? {
        let kind = reader.u8().ok_or(PARAMETERS)? & 0x3F;
        for _ in 0..reader.u16().ok_or(PARAMETERS)? {
            let length = reader.u16().ok_or(PARAMETERS)?;
            let unit = reader.take(usize::from(length)).ok_or(PARAMETERS)?;
            if kind == SEQUENCE && sequence_size(unit).ok_or(PARAMETERS)? != named {
                return Err(Unreadable::Broken("HEIC image of another size than its parameter sets"));
            }
            if let Some(at) = NEEDED.iter().position(|&needed| needed == kind) {
                seen[at] = true;
            }
        }
    }
    if seen == [true; NEEDED.len()] { Ok(width) } else { Err(PARAMETERS) }
}

/// Units fill the item, and one of them is a slice from which decoding can begin.
fn units(item: &[u8], width: usize) -> Result<(), Unreadable> {
    let mut reader = Bytes::new(item);
    let mut begins = false;
    while reader.left() > 0 {
        let length = reader.number(width).and_then(|length| usize::try_from(length).ok()).ok_or(DATA)?;
        let unit = reader.take(length).ok_or(DATA)?;
        let kind = unit.first().ok_or(DATA)? >> 1 & 0x3F;
        begins |= RANDOM_ACCESS.contains(&kind) && unit.len() > 2;
    }
    if begins { Ok(()) } else { Err(DATA) }
}

/// Width and height of a sequence parameter set, cropping applied (section 7.3.2.2).
fn sequence_size(unit: &[u8]) -> Option<Size> {
    let mut bits = Bits { bytes: unit.get(2..)?, at: 0, zeros: 0, left: 0, held: 0 };
    bits.skip(4)?;
    let layers = bits.take(3)?;
    bits.skip(1)?;
    // General profile and level.
    bits.skip(88 + 8)?;
    let present: Vec<(u32, u32)> =
        (0..layers).map(|_| Some((bits.take(1)?, bits.take(1)?))).collect::<Option<_>>()?;
    if layers > 0 {
        bits.skip(2 * (8 - layers))?;
    }
    for (profile, level) in present {
        bits.skip(profile * 88 + level * 8)?;
    }
    bits.golomb()?;
    let chroma = bits.golomb()?;
    if chroma == 3 {
        bits.skip(1)?;
    }
    let (width, height) = (bits.golomb()?, bits.golomb()?);
    let mut cropped = [0; 4];
    if bits.take(1)? == 1 {
        for side in &mut cropped {
            *side = bits.golomb()?;
        }
    }
    // Cropping counts in steps of chroma samples.
    let across = if matches!(chroma, 1 | 2) { 2 } else { 1 };
    let down = if chroma == 1 { 2 } else { 1 };
    let less = |size: u32, first: u32, second: u32, step: u32| {
        size.checked_sub(first.checked_add(second)?.checked_mul(step)?)
    };
    Some(Size {
        width: less(width, cropped[0], cropped[1], across)?,
        height: less(height, cropped[2], cropped[3], down)?,
    })
}

/// Bits of a unit, the highest of a byte first, without the bytes put in to keep start codes out.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    zeros: u32,
    left: u32,
    held: u8,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            if self.zeros >= 2 && self.bytes.get(self.at) == Some(&3) {
                self.at += 1;
                self.zeros = 0;
            }
            self.held = *self.bytes.get(self.at)?;
            self.at += 1;
            self.zeros = if self.held == 0 { self.zeros + 1 } else { 0 };
            self.left = 8;
        }
        self.left -= 1;
        Some(u32::from(self.held >> self.left & 1))
    }

    fn take(&mut self, width: u32) -> Option<u32> {
        (0..width).try_fold(0, |taken, _| Some(taken << 1 | self.bit()?))
    }

    fn skip(&mut self, width: u32) -> Option<()> {
        (0..width).try_for_each(|_| self.bit().map(|_| ()))
    }

    /// An unsigned number of Exp-Golomb's code, below 2^31.
    fn golomb(&mut self) -> Option<u32> {
        let mut width = 0;
        while self.bit()? == 0 {
            width += 1;
            if width > 30 {
                return None;
            }
        }
        Some((1 << width) - 1 + self.take(width)?)
    }
}
