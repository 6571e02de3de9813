//! The `meta` box of a HEIF file: items, where their bytes are, what is said of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::bytes::Bytes;
use crate::kind::Size;

/// What is wrong with a `meta` box.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum BrokenHeif {
    Wrong(&'static str),
    /// Its image can't be read without a key.
    Protected,
}

const SHORT: BrokenHeif = BrokenHeif::Wrong("HEIC table cut off");

/// Where some of an item's bytes are.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// In `idat`, not in the file.
    pub(crate) inside: bool,
    pub(crate) start: u64,
    pub(crate) length: u64,
}

impl Extent {
    /// As positions in the file or in `idat`; extents are only made where that does not overflow.
    pub(crate) fn range(self) -> Range<u64> {
        self.start..self.start + self.length
    }
}

/// One item: an image, a part of one, or what is said of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) kind: [u8; 4],
    protected: bool,
    pub(crate) extents: Vec<Extent>,
    /// Indices into [`Meta::properties`].
    properties: Vec<usize>,
}

/// A property of items, such as a size or a turn.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) kind: [u8; 4],
    /// Where its name stands.
    pub(crate) name_at: usize,
    pub(crate) body: Range<usize>,
}

/// A `meta` box. Ranges are positions in its body.
#[derive(Debug, Default)]
pub(crate) struct Meta {
    pub(crate) primary: u32,
    pub(crate) items: BTreeMap<u32, Item>,
    pub(crate) properties: Vec<Property>,
    /// From each image that is put together, those that it is put together of.
    parts: BTreeMap<u32, Vec<u32>>,
    pub(crate) idat: Option<Range<usize>>,
    /// Boxes that we have no use for, whole.
    pub(crate) strange: Vec<Range<usize>>,
    /// Where items and the handler have names of their own.
    pub(crate) names: Vec<Range<usize>>,
    sizes: BTreeMap<usize, Size>,
    turns: BTreeMap<usize, u8>,
}

/// Kinds of item that are pictures: coded, or put together of coded ones.
pub(crate) const CODED: &[u8; 4] = b"hvc1";
const DERIVED: [&[u8; 4]; 3] = [b"grid", b"iden", b"iovl"];

/// A box within a box.
struct Inner {
    name: [u8; 4],
    whole: Range<usize>,
    body: Range<usize>,
}

/// The boxes of a range, which they must fill.
fn boxes(all: &[u8], range: Range<usize>) -> Result<Vec<Inner>, BrokenHeif> {
    let mut reader = Bytes::within(all, range);
    let mut found = Vec::new();
    while reader.left() > 0 {
        let start = reader.position();
        let short = reader.u32().ok_or(SHORT)?;
        let name = reader.array().ok_or(SHORT)?;
        let length = match short {
            1 => reader.number(8).ok_or(SHORT)?,
            length => u64::from(length),
        };
        let head = reader.position() - start;
        let body = usize::try_from(length).ok().and_then(|length| length.checked_sub(head)).ok_or(SHORT)?;
        let from = reader.position();
        reader.take(body).ok_or(SHORT)?;
        found.push(Inner { name, whole: start..from + body, body: from..from + body });
    }
    Ok(found)
}

/// Version and flags, with which many boxes begin.
fn version(reader: &mut Bytes<'_>) -> Result<(u8, u32), BrokenHeif> {
    let packed = reader.u32().ok_or(SHORT)?;
    Ok(((packed >> 24) as u8, packed & 0x00FF_FFFF))
}

impl Meta {
    /// Reads the body of a `meta` box.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, BrokenHeif> {
        let mut reader = Bytes::new(bytes);
        version(&mut reader)?;
        let mut meta = Self::default();
        let inner = boxes(bytes, reader.position()..bytes.len())?;
        let one = |name: &[u8; 4]| match inner.iter().filter(|inner| &inner.name == name).count() {
            0 | 1 => Ok(inner.iter().find(|inner| &inner.name == name)),
            _ => Err(BrokenHeif::Wrong("HEIC table twice")),
        };
        let needed = |name| one(name)?.ok_or(BrokenHeif::Wrong("HEIC table missing"));
        meta.read_handler(Bytes::within(bytes, needed(b"hdlr")?.body.clone()))?;
        meta.idat = one(b"idat")?.map(|inner| inner.body.clone());
        meta.read_primary(Bytes::within(bytes, needed(b"pitm")?.body.clone()))?;
        meta.read_items(bytes, needed(b"iinf")?.body.clone())?;
        meta.read_places(Bytes::within(bytes, needed(b"iloc")?.body.clone()))?;
        meta.read_properties(bytes, needed(b"iprp")?.body.clone())?;
        if let Some(references) = one(b"iref")? {
            meta.read_references(bytes, references.body.clone())?;
        }
        let known: [&[u8; 4]; 9] =
            [b"hdlr", b"pitm", b"iinf", b"iloc", b"iprp", b"iref", b"idat", b"dinf", b"grpl"];
        let strange = inner.iter().filter(|inner| !known.contains(&&inner.name));
        meta.strange = strange.map(|inner| inner.whole.clone()).collect();
        meta.judge()?;
        Ok(meta)
    }

    /// The primary item's size as it is stored.
    pub(crate) fn size(&self) -> Result<Size, BrokenHeif> {
        let item = self.items.get(&self.primary);
        let size = item.and_then(|item| item.properties.iter().find_map(|index| self.sizes.get(index)));
        size.copied().ok_or(BrokenHeif::Wrong("HEIC image without a size"))
    }

    /// The coded images of which the primary one consists, each once: itself, or its parts.
    pub(crate) fn picture(&self) -> impl Iterator<Item = &Item> {
        let parts = self.parts.get(&self.primary).filter(|_| !self.is_coded(self.primary));
        let numbers: BTreeSet<u32> = match parts {
            Some(parts) => parts.iter().copied().collect(),
            None => BTreeSet::from([self.primary]),
        };
        numbers.into_iter().filter_map(|number| self.items.get(&number))
    }

    fn is_coded(&self, number: u32) -> bool {
        self.items.get(&number).is_some_and(|item| &item.kind == CODED)
    }

    /// A primary image that is put together of tiles, and the tiles in order.
    pub(crate) fn grid(&self) -> Option<(&Item, impl Iterator<Item = &Item>)> {
        let item = self.items.get(&self.primary).filter(|item| &item.kind == b"grid")?;
        let parts = self.parts.get(&self.primary)?;
        Some((item, parts.iter().filter_map(|number| self.items.get(number))))
    }

    /// Every size that is named.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = Size> + '_ {
        self.sizes.values().copied()
    }

    /// Whether the primary item is shown turned by one or three quarters.
    pub(crate) fn is_turned(&self) -> bool {
        let item = self.items.get(&self.primary);
        let turns =
            item.into_iter().flat_map(|item| &item.properties).filter_map(|index| self.turns.get(index));
        turns.fold(0, |sum, turn| sum ^ (turn & 1)) == 1
    }

    /// Where the last item's bytes in the file end.
    pub(crate) fn end(&self) -> u64 {
        let extents = self.items.values().flat_map(|item| &item.extents).filter(|extent| !extent.inside);
        extents.map(|extent| extent.range().end).max().unwrap_or(0)
    }

    /// The properties of an item.
    pub(crate) fn properties_of(&self, item: &Item) -> impl Iterator<Item = &Property> {
        item.properties.iter().filter_map(|&index| self.properties.get(index))
    }

    /// The size among an item's properties.
    pub(crate) fn size_of(&self, item: &Item) -> Option<Size> {
        item.properties.iter().find_map(|index| self.sizes.get(index)).copied()
    }

    /// Whether the primary image is one that can be read here.
    fn judge(&self) -> Result<(), BrokenHeif> {
        let primary =
            self.items.get(&self.primary).ok_or(BrokenHeif::Wrong("HEIC without its primary item"))?;
        if primary.protected {
            return Err(BrokenHeif::Protected);
        }
        let not_ours = BrokenHeif::Wrong("HEIF image that is not HEVC");
        if &primary.kind == CODED {
            return if primary.extents.is_empty() {
                Err(BrokenHeif::Wrong("HEIC item without data"))
            } else {
                Ok(())
            };
        }
        if !DERIVED.contains(&&primary.kind) {
            return Err(not_ours);
        }
        let parts = self.parts.get(&self.primary).filter(|parts| !parts.is_empty()).ok_or(not_ours)?;
        for part in parts {
            match self.items.get(part) {
                Some(item) if item.protected => return Err(BrokenHeif::Protected),
                Some(item) if &item.kind == CODED && !item.extents.is_empty() => {}
                _ => return Err(not_ours),
            }
        }
        Ok(())
    }

    fn read_handler(&mut self, mut reader: Bytes<'_>) -> Result<(), BrokenHeif> {
        let head = reader.take(24).ok_or(SHORT)?;
        if &head[8..12] != b"pict" {
            return Err(BrokenHeif::Wrong("HEIC meta box is not of pictures"));
        }
        self.names.push(reader.text());
        Ok(())
    }

    fn read_primary(&mut self, mut reader: Bytes<'_>) -> Result<(), BrokenHeif> {
        let (version, _) = version(&mut reader)?;
        self.primary = item_number(&mut reader, version > 0)?;
        Ok(())
    }

    fn read_items(&mut self, all: &[u8], body: Range<usize>) -> Result<(), BrokenHeif> {
        let mut reader = Bytes::within(all, body.clone());
        let (form, _) = version(&mut reader)?;
        let count = reader.number(if form == 0 { 2 } else { 4 }).ok_or(SHORT)?;
        let entries = boxes(all, reader.position()..body.end)?;
        if entries.len() as u64 != count {
            return Err(BrokenHeif::Wrong("HEIC count of items"));
        }
        for entry in entries {
            let mut reader = Bytes::within(all, entry.body);
            let (form, _) = version(&mut reader)?;
            if &entry.name != b"infe" || !(2..=3).contains(&form) {
                return Err(BrokenHeif::Wrong("HEIC item entry"));
            }
            let number = item_number(&mut reader, form == 3)?;
            let protected = reader.u16().ok_or(SHORT)? != 0;
            let kind = reader.array().ok_or(SHORT)?;
            self.names.push(reader.text());
            let item = Item { kind, protected, ..Item::default() };
            if self.items.insert(number, item).is_some() {
                return Err(BrokenHeif::Wrong("HEIC item twice"));
            }
        }
        Ok(())
    }

    fn read_places(&mut self, mut reader: Bytes<'_>) -> Result<(), BrokenHeif> {
        let (form, _) = version(&mut reader)?;
        let widths = reader.u16().ok_or(SHORT)?;
        let width = |shift: u32| match widths >> shift & 15 {
            width @ (0 | 4 | 8) => Ok(usize::from(width)),
            _ => Err(BrokenHeif::Wrong("HEIC location widths")),
        };
        let widths = Widths {
            offset: width(12)?,
            length: width(8)?,
            base: width(4)?,
            index: if form == 0 { 0 } else { width(0)? },
        };
        // Without it an extent is "all there is", and takes no bytes here: a table of them would have no bound.
        if form > 2 || widths.length == 0 {
            return Err(BrokenHeif::Wrong("HEIC location widths"));
        }
        let count = reader.number(if form < 2 { 2 } else { 4 }).ok_or(SHORT)?;
        for _ in 0..count {
            let number = item_number(&mut reader, form == 2)?;
            let method = if form == 0 { 0 } else { reader.u16().ok_or(SHORT)? & 15 };
            let elsewhere = reader.u16().ok_or(SHORT)? != 0;
            if method > 1 || elsewhere {
                return Err(BrokenHeif::Wrong("HEIC item whose data is elsewhere"));
            }
            let extents = self.read_extents(&mut reader, &widths, method == 1)?;
            let item = self.items.get_mut(&number).ok_or(BrokenHeif::Wrong("HEIC location of no item"))?;
            if !item.extents.is_empty() {
                return Err(BrokenHeif::Wrong("HEIC location twice"));
            }
            item.extents = extents;
        }
        Ok(())
    }

    fn read_extents(
        &self,
        reader: &mut Bytes<'_>,
        widths: &Widths,
        inside: bool,
    ) -> Result<Vec<Extent>, BrokenHeif> {
        const FAR: BrokenHeif = BrokenHeif::Wrong("HEIC item out of range");
        let base = reader.number(widths.base).ok_or(SHORT)?;
        let count = reader.u16().ok_or(SHORT)?;
        let mut extents = Vec::new();
        for _ in 0..count {
            reader.number(widths.index).ok_or(SHORT)?;
            let offset = reader.number(widths.offset).ok_or(SHORT)?;
            let length = reader.number(widths.length).ok_or(SHORT)?;
            let start = base.checked_add(offset).ok_or(FAR)?;
            let end = start.checked_add(length).ok_or(FAR)?;
            let room = self.idat.as_ref().map_or(0, |idat| idat.len() as u64);
            if inside && end > room {
                return Err(FAR);
            }
            extents.push(Extent { inside, start, length });
        }
        Ok(extents)
    }

    fn read_properties(&mut self, all: &[u8], body: Range<usize>) -> Result<(), BrokenHeif> {
        for inner in boxes(all, body)? {
            match &inner.name {
                b"ipco" if self.properties.is_empty() => self.read_container(all, inner.body)?,
                b"ipma" => self.read_associations(Bytes::within(all, inner.body))?,
                _ => return Err(BrokenHeif::Wrong("HEIC properties")),
            }
        }
        Ok(())
    }

    fn read_container(&mut self, all: &[u8], body: Range<usize>) -> Result<(), BrokenHeif> {
        for (index, inner) in boxes(all, body)?.into_iter().enumerate() {
            let mut reader = Bytes::within(all, inner.body.clone());
            match &inner.name {
                b"ispe" => {
                    version(&mut reader)?;
                    let (width, height) = (reader.u32().ok_or(SHORT)?, reader.u32().ok_or(SHORT)?);
                    self.sizes.insert(index, Size { width, height });
                }
                b"irot" => {
                    self.turns.insert(index, reader.u8().ok_or(SHORT)? & 3);
                }
                _ => {}
            }
            let name_at = inner.whole.start + 4;
            self.properties.push(Property { kind: inner.name, name_at, body: inner.body });
        }
        Ok(())
    }

    fn read_associations(&mut self, mut reader: Bytes<'_>) -> Result<(), BrokenHeif> {
        let (form, flags) = version(&mut reader)?;
        let wide = flags & 1 != 0;
        let count = reader.u32().ok_or(SHORT)?;
        for _ in 0..count {
            let number = item_number(&mut reader, form > 0)?;
            let associations = reader.u8().ok_or(SHORT)?;
            for _ in 0..associations {
                // The highest bit says that the property is essential; 0 is none.
                let index = if wide {
                    usize::from(reader.u16().ok_or(SHORT)? & 0x7FFF)
                } else {
                    usize::from(reader.u8().ok_or(SHORT)? & 0x7F)
                };
                if index > self.properties.len() {
                    return Err(BrokenHeif::Wrong("HEIC property out of range"));
                }
                if let (Some(index), Some(item)) = (index.checked_sub(1), self.items.get_mut(&number)) {
                    item.properties.push(index);
                }
            }
        }
        Ok(())
    }

    fn read_references(&mut self, all: &[u8], body: Range<usize>) -> Result<(), BrokenHeif> {
        let mut reader = Bytes::within(all, body.clone());
        let (form, _) = version(&mut reader)?;
        for inner in boxes(all, reader.position()..body.end)? {
            let mut reader = Bytes::within(all, inner.body);
            let from = item_number(&mut reader, form > 0)?;
            let count = reader.u16().ok_or(SHORT)?;
            let mut to = Vec::new();
            for _ in 0..count {
                to.push(item_number(&mut reader, form > 0)?);
            }
            if &inner.name == b"dimg" {
                self.parts.insert(from, to);
            }
        }
        Ok(())
    }
}

/// How many bytes the numbers of an item's location have.
struct Widths {
    offset: usize,
    length: usize,
    base: usize,
    index: usize,
}

fn item_number(reader: &mut Bytes<'_>, long: bool) -> Result<u32, BrokenHeif> {
    let number = if long { reader.u32() } else { reader.u16().map(u32::from) };
    number.ok_or(SHORT)
}
