//! HEIC: every coded image has its parameter sets and whole units, and those of the picture itself are decoded.
//!
//! Thumbnails, depth maps and gain maps are not: a viewer shows the picture without them.

mod pixels;

use std::borrow::Cow;

use super::watch::Watch;
use super::{DecodeLimits, Orientation, Unreadable};
use crate::bytes::Bytes;
use crate::heif::{CODED, Extent, Item, Meta};
use crate::kind::Size;
use crate::segments::top_boxes;

const PARAMETERS: Unreadable = Unreadable::Broken("HEIC parameter sets");
const DATA: Unreadable = Unreadable::Broken("HEIC data");

const GRID: Unreadable = Unreadable::Broken("HEIC grid of tiles");

/// Types of units (ITU-T H.265, table 7-1): slices from which decoding can begin.
const RANDOM_ACCESS: std::ops::RangeInclusive<u8> = 16..=21;

pub(super) fn read(
    bytes: &[u8],
    limits: &DecodeLimits,
    watch: &Watch<'_>,
) -> Result<Orientation, Unreadable> {
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
        let (_, width) = parameters(body, &meta, item)?;
        begins(units(&item_bytes(bytes, body, &meta, item)?, width)?)?;
    }
    if let Some((item, tiles)) = meta.grid() {
        let tiles: Option<Vec<Size>> = tiles.map(|tile| meta.size_of(tile)).collect();
        let size = meta.size().map_err(|_| GRID)?;
        is_covered(&item_bytes(bytes, body, &meta, item)?, size, &tiles.ok_or(GRID)?).ok_or(GRID)?;
    }
    for item in meta.picture() {
        watch.ask()?;
        let size = meta.size_of(item).ok_or(PARAMETERS)?;
        let (sets, width) = parameters(body, &meta, item)?;
        let data = item_bytes(bytes, body, &meta, item)?;
        pixels::read(sets, units(&data, width)?, (size, limits.max_memory), watch)?;
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

/// The parameter sets of `hvcC`, and how many bytes the lengths of units have.
fn parameters<'a>(body: &'a [u8], meta: &Meta, item: &Item) -> Result<(Vec<&'a [u8]>, usize), Unreadable> {
    let record = meta.properties_of(item).find(|property| &property.kind == b"hvcC").ok_or(PARAMETERS)?;
    let mut reader = Bytes::within(body, record.body.clone());
    let head = reader.take(22).ok_or(PARAMETERS)?;
    let width = usize::from(head[21] & 3) + 1;
    let mut sets = Vec::new();
    for _ in 0..reader.u8().ok_or(PARAMETERS)? {
        reader.u8().ok_or(PARAMETERS)?;
        for _ in 0..reader.u16().ok_or(PARAMETERS)? {
            let length = reader.u16().ok_or(PARAMETERS)?;
            sets.push(reader.take(usize::from(length)).ok_or(PARAMETERS)?);
        }
    }
    Ok((sets, width))
}

/// The units of an item, which they fill.
fn units(item: &[u8], width: usize) -> Result<Vec<&[u8]>, Unreadable> {
    let mut reader = Bytes::new(item);
    let mut units = Vec::new();
    while reader.left() > 0 {
        let length = reader.number(width).and_then(|length| usize::try_from(length).ok()).ok_or(DATA)?;
        units.push(reader.take(length).filter(|unit| unit.len() > 2).ok_or(DATA)?);
    }
    Ok(units)
}

/// One of the units is a slice from which decoding can begin.
fn begins(units: Vec<&[u8]>) -> Result<(), Unreadable> {
    let is_slice = |unit: &&[u8]| RANDOM_ACCESS.contains(&(unit[0] >> 1 & 0x3F));
    if units.iter().any(is_slice) { Ok(()) } else { Err(DATA) }
}

/// A grid (ISO/IEC 23008-12, section 6.6.2.3) has as many tiles as it says, all of one size, and they cover it.
fn is_covered(grid: &[u8], size: Size, tiles: &[Size]) -> Option<()> {
    let mut reader = Bytes::new(grid);
    let [_, flags, rows, columns] = reader.array()?;
    let (rows, columns) = (u32::from(rows) + 1, u32::from(columns) + 1);
    let width = if flags & 1 == 0 { 2 } else { 4 };
    let named = (reader.number(width)?, reader.number(width)?);
    let first = *tiles.first()?;
    let covers = |tile: u32, count: u32, whole: u32| u64::from(tile) * u64::from(count) >= u64::from(whole);
    let is_right = named == (size.width.into(), size.height.into())
        && tiles.len() as u64 == u64::from(rows) * u64::from(columns)
        && tiles.iter().all(|tile| *tile == first)
        && covers(first.width, columns, size.width)
        && covers(first.height, rows, size.height);
    is_right.then_some(())
}
