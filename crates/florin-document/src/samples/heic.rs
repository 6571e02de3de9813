//! HEIC files, by hand: a container with right tables around tiles that a real encoder made.

use super::exif;

/// One picture, put together of as many tiles as it takes.
///
/// # Panics
/// When a dimension is 0.
#[must_use]
pub fn heic(width: u32, height: u32) -> Vec<u8> {
    Builder::new(width, height).build()
}

pub(super) fn heic_of_size(bytes: usize) -> Vec<u8> {
    let around = Builder { filler: Some(0), ..Builder::new(256, 192) }.build().len();
    Builder { filler: Some(bytes - around), ..Builder::new(256, 192) }.build()
}

pub(super) fn with_location() -> Vec<u8> {
    Builder { turn: Some(3), location: true, ..Builder::new(64, 48) }.build()
}

/// Width and height of a tile.
const TILE: u32 = 64;

/// What goes into a file.
pub(super) struct Builder {
    pub(super) width: u32,
    pub(super) height: u32,
    /// A unit of filler of so many bytes before the first tile's slice.
    pub(super) filler: Option<usize>,
    pub(super) turn: Option<u8>,
    pub(super) location: bool,
    pub(super) brand: [u8; 4],
    pub(super) kind: [u8; 4],
    /// How large the tiles are said to be; differs from the truth in hostile files.
    pub(super) named: u32,
    /// The slice of the first tile.
    pub(super) slice: Vec<u8>,
}

impl Builder {
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            filler: None,
            turn: None,
            location: false,
            brand: *b"heic",
            kind: *b"hvc1",
            named: TILE,
            slice: SLICE.to_vec(),
        }
    }

    pub(super) fn build(&self) -> Vec<u8> {
        let file_type = atom(b"ftyp", &[&self.brand[..], &[0; 4], &self.brand, b"mif1"].concat());
        let mut items = self.tiles();
        items.push(Item { number: 1, kind: *b"grid", words: b"\0", data: self.grid() });
        if self.location {
            let exif = [&6u32.to_be_bytes()[..], b"Exif\0\0", &exif::exif()].concat();
            let number = items.len() as u16 + 1;
            items.push(Item { number, kind: *b"Exif", words: b"\0", data: exif });
            let words = b"\0application/rdf+xml\0";
            items.push(Item { number: number + 1, kind: *b"mime", words, data: exif::xmp() });
        }
        // The locations need the length of the box that holds them, which does not depend on their values.
        let start = file_type.len() + self.meta(&items, 0).len() + 8;
        let meta = self.meta(&items, start);
        let data: Vec<u8> = items.iter().flat_map(|item| item.data.clone()).collect();
        [file_type, meta, atom(b"mdat", &data)].concat()
    }

    fn columns(&self) -> u32 {
        self.width.div_ceil(TILE)
    }

    fn tiles(&self) -> Vec<Item> {
        let count = self.columns() * self.height.div_ceil(TILE);
        let tile = |at: u32| {
            let mut data = Vec::new();
            if let Some(length) = self.filler.filter(|_| at == 0) {
                // Filler data: type 38, all ones, a bit that ends it.
                data.extend(unit(&[&[38 << 1, 1][..], &vec![0xFF; length], &[0x80]].concat()));
            }
            data.extend(unit(if at == 0 { &self.slice } else { SLICE }));
            Item { number: at as u16 + 2, kind: self.kind, words: b"\0", data }
        };
        (0..count).map(tile).collect()
    }

    /// Rows and columns less one, then the size in 32 bits each.
    fn grid(&self) -> Vec<u8> {
        let (rows, columns) = (self.height.div_ceil(TILE), self.columns());
        let counts = [0, 1, rows as u8 - 1, columns as u8 - 1];
        [counts, self.width.to_be_bytes(), self.height.to_be_bytes()].concat()
    }

    fn meta(&self, items: &[Item], start: usize) -> Vec<u8> {
        let handler = full(b"hdlr", 0, &[&[0; 4], &b"pict"[..], &[0; 13]].concat());
        let primary = full(b"pitm", 0, &1u16.to_be_bytes());
        let count = (items.len() as u16).to_be_bytes();
        let mut at = start;
        let mut ordered: Vec<(&Item, usize)> = Vec::new();
        for item in items {
            ordered.push((item, at));
            at += item.data.len();
        }
        ordered.sort_by_key(|(item, _)| item.number);
        let entries: Vec<u8> = ordered.iter().flat_map(|(item, _)| item.entry()).collect();
        let entries = full(b"iinf", 0, &[&count[..], &entries].concat());
        let places: Vec<u8> = ordered.iter().flat_map(|(item, at)| item.place(*at)).collect();
        let places = full(b"iloc", 0, &[&[0x44, 0x00], &count[..], &places].concat());
        let tiles: Vec<u8> = ordered
            .iter()
            .filter(|(item, _)| item.kind == self.kind)
            .flat_map(|(item, _)| item.number.to_be_bytes())
            .collect();
        let made_of = [&1u16.to_be_bytes()[..], &((tiles.len() / 2) as u16).to_be_bytes(), &tiles].concat();
        let mut references = atom(b"dimg", &made_of);
        for (item, _) in ordered.iter().filter(|(item, _)| item.number > 1 && item.kind != self.kind) {
            let about = [item.number.to_be_bytes(), 1u16.to_be_bytes(), 1u16.to_be_bytes()];
            references.extend(atom(b"cdsc", &about.concat()));
        }
        let references = full(b"iref", 0, &references);
        let parts = [handler, primary, entries, places, self.properties(tiles.len() / 2), references];
        full(b"meta", 0, &parts.concat())
    }

    fn properties(&self, tiles: usize) -> Vec<u8> {
        let size =
            |width: u32, height: u32| full(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat());
        let mut container =
            vec![size(self.width, self.height), atom(b"hvcC", PARAMETERS), size(self.named, self.named)];
        let mut associations = vec![vec![0, 1, 1, 0x01]];
        if let Some(turn) = self.turn {
            container.push(atom(b"irot", &[turn]));
            associations = vec![vec![0, 1, 2, 0x01, 0x84]];
        }
        for tile in 0..tiles as u16 {
            associations.push([&(tile + 2).to_be_bytes()[..], &[2, 0x82, 0x03]].concat());
        }
        let body = [&(associations.len() as u32).to_be_bytes()[..], &associations.concat()].concat();
        atom(b"iprp", &[atom(b"ipco", &container.concat()), full(b"ipma", 0, &body)].concat())
    }
}

struct Item {
    number: u16,
    kind: [u8; 4],
    /// Its name and, for some kinds, its type.
    words: &'static [u8],
    data: Vec<u8>,
}

impl Item {
    fn entry(&self) -> Vec<u8> {
        full(b"infe", 2, &[&self.number.to_be_bytes()[..], &[0, 0], &self.kind, self.words].concat())
    }

    fn place(&self, at: usize) -> Vec<u8> {
        let (at, length) = (at as u32, self.data.len() as u32);
        [&self.number.to_be_bytes()[..], &[0, 0, 0, 1], &at.to_be_bytes(), &length.to_be_bytes()].concat()
    }
}

/// A box.
pub(super) fn atom(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat()
}

/// A box with version and flags.
pub(super) fn full(name: &[u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    atom(name, &[&[version, 0, 0, 0], body].concat())
}

/// A unit with its length before it.
fn unit(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// What Debian's `heif-enc` 1.15 (x265) made of 64 × 64 pixels of a slope: the decoder configuration record, with
/// lengths of four bytes and the three parameter sets.
#[rustfmt::skip]
const PARAMETERS: &[u8] = &[
    0x01, 0x03, 0x70, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1E, 0xF0, 0x00, 0xFC, 0xFD, 0xF8,
    0xF8, 0x00, 0x00, 0x0F, 0x03, 0x20, 0x00, 0x01, 0x00, 0x18, 0x40, 0x01, 0x0C, 0x01, 0xFF, 0xFF, 0x03, 0x70,
    0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x1E, 0xBA, 0x02, 0x40, 0x21, 0x00,
    0x01, 0x00, 0x2B, 0x42, 0x01, 0x01, 0x03, 0x70, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00,
    0x03, 0x00, 0x1E, 0xA0, 0x20, 0x81, 0x05, 0x96, 0xEA, 0x49, 0x29, 0xAE, 0x6E, 0x04, 0x04, 0x0C, 0x08, 0x00,
    0x00, 0x03, 0x00, 0x08, 0x00, 0x00, 0x03, 0x00, 0x08, 0x40, 0x22, 0x00, 0x01, 0x00, 0x07, 0x44, 0x01, 0xC1,
    0x72, 0xB0, 0x22, 0x40,
];

/// And the one slice.
#[rustfmt::skip]
pub(super) const SLICE: &[u8] = &[
    0x28, 0x01, 0xAF, 0x0B, 0x60, 0xFA, 0xC7, 0xD1, 0x67, 0x7B, 0xC4, 0x5D, 0x03, 0x8F, 0xA1, 0xF7, 0x6A, 0x79,
    0xDB, 0x7E, 0x08, 0x63, 0x83, 0x6A, 0x7A, 0xBE, 0x1B, 0x4B, 0x77, 0x48, 0x6B, 0xBF, 0xE2, 0x19, 0xF6, 0x00,
    0x16, 0xEB, 0x39, 0x4F, 0x46, 0x80,
];
