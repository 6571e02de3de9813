//! HEIC files, by hand: a container with right tables and parameter sets. What stands for coded pixels is noise.

use super::{Noise, exif};

/// One coded image.
///
/// # Panics
/// When a dimension is 0.
#[must_use]
pub fn heic(width: u32, height: u32) -> Vec<u8> {
    Builder::new(width, height).build()
}

pub(super) fn heic_of_size(bytes: usize) -> Vec<u8> {
    let around = Builder { coded: 64, ..Builder::new(4032, 3024) }.build().len() - 64;
    Builder { coded: bytes - around, ..Builder::new(4032, 3024) }.build()
}

pub(super) fn with_location() -> Vec<u8> {
    Builder { turn: Some(3), location: true, ..Builder::new(64, 48) }.build()
}

/// What goes into a file.
pub(super) struct Builder {
    pub(super) width: u32,
    pub(super) height: u32,
    /// How many bytes of coded data.
    pub(super) coded: usize,
    pub(super) turn: Option<u8>,
    pub(super) location: bool,
    pub(super) brand: [u8; 4],
    pub(super) kind: [u8; 4],
    /// What `hvcC` says; differs from the truth in hostile files.
    pub(super) parameters: (u32, u32),
}

impl Builder {
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            coded: 256,
            turn: None,
            location: false,
            brand: *b"heic",
            kind: *b"hvc1",
            parameters: (width, height),
        }
    }

    pub(super) fn build(&self) -> Vec<u8> {
        let file_type = atom(b"ftyp", &[&self.brand[..], &[0; 4], &self.brand, b"mif1"].concat());
        let mut data = vec![self.picture()];
        if self.location {
            data.push([&6u32.to_be_bytes()[..], b"Exif\0\0", &exif::exif()].concat());
            data.push(exif::xmp());
        }
        // The locations need the length of the box that holds them, which does not depend on their values.
        let start = file_type.len() + self.meta(&data, 0).len() + 8;
        let meta = self.meta(&data, start);
        [file_type, meta, atom(b"mdat", &data.concat())].concat()
    }

    /// One NAL unit: length, the header of an IDR slice, noise that has no start code in it.
    fn picture(&self) -> Vec<u8> {
        let noise = Noise::new(3).bytes(self.coded - 6);
        let noise: Vec<u8> = noise.into_iter().map(|byte| byte | 1).collect();
        [&(self.coded as u32 - 4).to_be_bytes()[..], &[19 << 1, 1], &noise].concat()
    }

    fn meta(&self, data: &[Vec<u8>], start: usize) -> Vec<u8> {
        let handler = full(b"hdlr", 0, &[&[0; 4], &b"pict"[..], &[0; 13]].concat());
        let primary = full(b"pitm", 0, &1u16.to_be_bytes());
        let mut entries = vec![entry(1, &self.kind, b"\0")];
        if self.location {
            entries.push(entry(2, b"Exif", b"\0"));
            entries.push(entry(3, b"mime", b"\0application/rdf+xml\0"));
        }
        let count = (data.len() as u16).to_be_bytes();
        let items = full(b"iinf", 0, &[&count[..], &entries.concat()].concat());
        let mut places = [&[0x44, 0x00], &count[..]].concat();
        let mut at = start;
        for (index, part) in data.iter().enumerate() {
            places.extend((index as u16 + 1).to_be_bytes());
            places.extend([0, 0, 0, 1]);
            places.extend((at as u32).to_be_bytes());
            places.extend((part.len() as u32).to_be_bytes());
            at += part.len();
        }
        let places = full(b"iloc", 0, &places);
        let about = |number: u16| {
            atom(b"cdsc", &[number.to_be_bytes(), 1u16.to_be_bytes(), 1u16.to_be_bytes()].concat())
        };
        let references = full(b"iref", 0, &[about(2), about(3)].concat());
        let parts = [handler, primary, items, places, self.properties()].concat();
        full(b"meta", 0, &if self.location { [parts, references].concat() } else { parts })
    }

    fn properties(&self) -> Vec<u8> {
        let size = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        let mut container = vec![atom(b"hvcC", &configuration(self.parameters)), full(b"ispe", 0, &size)];
        let mut associations = vec![0x81, 0x02];
        if let Some(turn) = self.turn {
            container.push(atom(b"irot", &[turn]));
            associations.push(0x83);
        }
        let mut body = [1u32.to_be_bytes().as_slice(), &1u16.to_be_bytes()].concat();
        body.push(associations.len() as u8);
        body.extend(associations);
        atom(b"iprp", &[atom(b"ipco", &container.concat()), full(b"ipma", 0, &body)].concat())
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

fn entry(number: u16, kind: &[u8; 4], rest: &[u8]) -> Vec<u8> {
    full(b"infe", 2, &[&number.to_be_bytes()[..], &[0, 0], kind, rest].concat())
}

/// The decoder configuration record: 22 bytes, of which the last gives the width of NAL lengths, then three arrays.
fn configuration((width, height): (u32, u32)) -> Vec<u8> {
    let mut record =
        vec![1, 3, 0x70, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 90, 0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F, 3];
    for (kind, unit) in
        [(32, vec![32 << 1, 1, 0x0C, 1]), (33, sequence(width, height)), (34, vec![34 << 1, 1, 0xC0])]
    {
        record.extend([0x80 | kind, 0, 1]);
        record.extend((unit.len() as u16).to_be_bytes());
        record.extend(unit);
    }
    record
}

/// A sequence parameter set, as far as the size: 4:2:0, no cropping.
fn sequence(width: u32, height: u32) -> Vec<u8> {
    let mut bits = Bits(Vec::new());
    // No sub-layers, nesting; a main still picture profile; level 3.
    bits.push(0b0000_0001, 8);
    bits.push(0x03, 8);
    bits.push(0x7000_0000, 32);
    bits.push(0xB0_0000, 24);
    bits.push(0x00_0000, 24);
    bits.push(90, 8);
    bits.golomb(0);
    bits.golomb(1);
    bits.golomb(width);
    bits.golomb(height);
    bits.push(0, 1);
    for value in [0, 0, 4] {
        bits.golomb(value);
    }
    bits.push(1, 1);
    [vec![33 << 1, 1], bits.escaped()].concat()
}

struct Bits(Vec<bool>);

impl Bits {
    fn push(&mut self, value: u64, width: u32) {
        self.0.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
    }

    fn golomb(&mut self, value: u32) {
        let value = u64::from(value) + 1;
        let width = 64 - value.leading_zeros();
        self.push(0, width - 1);
        self.push(value, width);
    }

    /// As bytes, a 3 put in wherever two zero bytes and one up to 3 would follow each other.
    fn escaped(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::new();
        for chunk in self.0.chunks(8) {
            let byte = chunk.iter().enumerate().fold(0, |byte, (at, &bit)| byte | u8::from(bit) << (7 - at));
            if byte <= 3 && bytes.ends_with(&[0, 0]) {
                bytes.push(3);
            }
            bytes.push(byte);
        }
        bytes
    }
}
