//! HEIC: everything that is no part of a picture is overwritten where it is, so that no position changes.

use std::ops::Range;

use crate::decode::Unreadable;
use crate::heif::{Extent, Meta};
use crate::segments::top_boxes;

/// Items that are pictures: coded, put together of others, or the recipe for a wider range of brightness.
const PICTURES: [&[u8; 4]; 6] = [b"hvc1", b"lhv1", b"grid", b"iden", b"iovl", b"tmap"];

/// Properties that say how a picture is shown.
const SHOWN: [&[u8; 4]; 16] = [
    b"hvcC", b"lhvC", b"ispe", b"irot", b"imir", b"pixi", b"colr", b"pasp", b"clap", b"auxC", b"clli",
    b"mdcv", b"cclv", b"rloc", b"lsel", b"rref",
];

const META: Unreadable = Unreadable::Broken("HEIC meta box");

pub(super) fn copy(bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut copy = bytes.to_vec();
    let boxes = top_boxes(bytes);
    let place = boxes.iter().find(|found| &found.name == b"meta").ok_or(META)?.body.clone();
    let meta = Meta::read(&bytes[place.clone()]).map_err(|_| META)?;
    let pictures = pictures(&meta);
    for found in boxes {
        match &found.name {
            b"ftyp" | b"meta" => {}
            b"mdat" => blank_between(&mut copy, found.body, &pictures),
            _ => {
                copy[found.name_at..found.name_at + 4].copy_from_slice(b"free");
                copy[found.body].fill(0);
            }
        }
    }
    blank_tables(&mut copy[place], &meta);
    Ok(copy)
}

/// Where the pictures' bytes are in the file, in order.
fn pictures(meta: &Meta) -> Vec<Range<usize>> {
    let items = meta.items.values().filter(|item| PICTURES.contains(&&item.kind));
    let mut ranges: Vec<_> =
        items.flat_map(|item| &item.extents).filter_map(|extent| in_file(*extent)).collect();
    ranges.sort_by_key(|range| range.start);
    ranges
}

fn in_file(extent: Extent) -> Option<Range<usize>> {
    let range = extent.range();
    (!extent.inside).then_some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

/// Blanks what is in `body` and in none of `kept`.
fn blank_between(copy: &mut [u8], body: Range<usize>, kept: &[Range<usize>]) {
    let mut at = body.start;
    for range in kept {
        if range.start > at && at < body.end {
            copy[at..range.start.min(body.end)].fill(0);
        }
        at = at.max(range.end);
    }
    if at < body.end {
        copy[at..body.end].fill(0);
    }
}

/// Blanks words within the `meta` box: names of items, boxes that nobody knows, and what is inside `idat`.
fn blank_tables(body: &mut [u8], meta: &Meta) {
    for name in &meta.names {
        body[name.clone()].fill(b' ');
    }
    for whole in &meta.strange {
        body[whole.start + 4..whole.start + 8].copy_from_slice(b"free");
        // A length of 64 bits stands before the content.
        let long = body[whole.start..whole.start + 4] == [0, 0, 0, 1];
        body[whole.start + if long { 16 } else { 8 }..whole.end].fill(0);
    }
    for property in meta.properties.iter().filter(|property| !SHOWN.contains(&&property.kind)) {
        body[property.name_at..property.name_at + 4].copy_from_slice(b"free");
        body[property.body.clone()].fill(0);
    }
    let Some(idat) = meta.idat.clone() else { return };
    let mut kept: Vec<Range<usize>> = Vec::new();
    for item in meta.items.values().filter(|item| PICTURES.contains(&&item.kind)) {
        for extent in item.extents.iter().filter(|extent| extent.inside) {
            // Within `idat`, as the tables were read.
            kept.push(idat.start + extent.start as usize..idat.start + extent.range().end as usize);
        }
    }
    kept.sort_by_key(|range| range.start);
    blank_between(body, idat, &kept);
}
