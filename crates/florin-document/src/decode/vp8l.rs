//! Lossless WebP (RFC 9649, section 3), read without being kept: the codes, the copies and the pixels' number must be
//! right. What the transforms would make of the values can't fail, so only the image that chooses codes is kept.

use super::Unreadable;
use super::watch::Watch;

const DATA: Unreadable = Unreadable::Broken("WebP lossless data");

/// Bytes of code tables at once. An encoder gives a photo some thousand groups of about 2 KiB at most.
const TABLES_MAX: usize = 32 * 1024 * 1024;

/// Pixels between two questions whether the time is over.
const STRETCH: u64 = 64 * 1024;

/// Literals, and prefixes of lengths behind them.
const LITERALS: u16 = 256;
const LENGTHS: u16 = 24;
const DISTANCES: u16 = 40;

/// The order in which the lengths of the code for lengths are written.
const LENGTH_ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// The first 120 distances: steps to the left and up of the nearest pixels.
#[rustfmt::skip]
const NEAR: [(i8, u8); 120] = [
    (0, 1), (1, 0), (1, 1), (-1, 1), (0, 2), (2, 0), (1, 2), (-1, 2), (2, 1), (-2, 1), (2, 2), (-2, 2),
    (0, 3), (3, 0), (1, 3), (-1, 3), (3, 1), (-3, 1), (2, 3), (-2, 3), (3, 2), (-3, 2), (0, 4), (4, 0),
    (1, 4), (-1, 4), (4, 1), (-4, 1), (3, 3), (-3, 3), (2, 4), (-2, 4), (4, 2), (-4, 2), (0, 5), (3, 4),
    (-3, 4), (4, 3), (-4, 3), (5, 0), (1, 5), (-1, 5), (5, 1), (-5, 1), (2, 5), (-2, 5), (5, 2), (-5, 2),
    (4, 4), (-4, 4), (3, 5), (-3, 5), (5, 3), (-5, 3), (0, 6), (6, 0), (1, 6), (-1, 6), (6, 1), (-6, 1),
    (2, 6), (-2, 6), (6, 2), (-6, 2), (4, 5), (-4, 5), (5, 4), (-5, 4), (3, 6), (-3, 6), (6, 3), (-6, 3),
    (0, 7), (7, 0), (1, 7), (-1, 7), (5, 5), (-5, 5), (7, 1), (-7, 1), (4, 6), (-4, 6), (6, 4), (-6, 4),
    (2, 7), (-2, 7), (7, 2), (-7, 2), (3, 7), (-3, 7), (7, 3), (-7, 3), (5, 6), (-5, 6), (6, 5), (-6, 5),
    (8, 0), (4, 7), (-4, 7), (7, 4), (-7, 4), (8, 1), (8, 2), (6, 6), (-6, 6), (8, 3), (5, 7), (-5, 7),
    (7, 5), (-7, 5), (8, 4), (6, 7), (-6, 7), (7, 6), (-7, 6), (8, 5), (7, 7), (-7, 7), (8, 6), (8, 7),
];

/// Reads the body of a `VP8L` chunk.
pub(super) fn read(body: &[u8], watch: &Watch<'_>) -> Result<(), Unreadable> {
    let mut image = Image { bits: Bits { bytes: body, at: 0, held: 0, count: 0 }, watch, tables: 0 };
    image.bits.take(8)?;
    let (mut width, height) = (image.bits.take(14)? + 1, image.bits.take(14)? + 1);
    image.bits.take(4)?;
    let mut seen = [false; 4];
    while image.bits.take(1)? == 1 {
        let transform = image.bits.take(2)?;
        if std::mem::replace(&mut seen[transform as usize], true) {
            return Err(DATA);
        }
        match transform {
            // Predictors and colours per block.
            0 | 1 => {
                let shift = image.bits.take(3)? + 2;
                image.part(blocks(width, shift), blocks(height, shift), None)?;
            }
            // A table of colours; several indices then share a pixel.
            3 => {
                let colours = image.bits.take(8)? + 1;
                image.part(colours, 1, None)?;
                let shift = match colours {
                    ..=2 => 3,
                    3..=4 => 2,
                    5..=16 => 1,
                    _ => 0,
                };
                width = blocks(width, shift);
            }
            _ => {}
        }
    }
    image.whole(width, height)
}

fn blocks(pixels: u32, shift: u32) -> u32 {
    pixels.div_ceil(1 << shift)
}

struct Image<'a> {
    bits: Bits<'a>,
    watch: &'a Watch<'a>,
    /// Bytes in code tables.
    tables: usize,
}

/// Which group of codes a pixel has.
struct Choice {
    shift: u32,
    across: usize,
    groups: Vec<u16>,
}

/// Green (with lengths and cached colours), red, blue, alpha, distance.
type Group = [Code; 5];

impl Image<'_> {
    /// The image itself, whose codes may change from block to block.
    fn whole(&mut self, width: u32, height: u32) -> Result<(), Unreadable> {
        let cache = self.cache()?;
        let mut choice = None;
        let mut count = 1;
        if self.bits.take(1)? == 1 {
            let shift = self.bits.take(3)? + 2;
            let (across, down) = (blocks(width, shift), blocks(height, shift));
            let mut kept = Vec::new();
            self.part(across, down, Some(&mut kept))?;
            let groups: Vec<u16> = kept.into_iter().map(|pixel| (pixel >> 8) as u16).collect();
            count = groups.iter().max().map_or(1, |&highest| usize::from(highest) + 1);
            choice = Some(Choice { shift, across: across as usize, groups });
        }
        let groups = self.groups(count, cache)?;
        self.pixels((width, height), &groups, choice.as_ref(), None)
    }

    /// An image that says something of blocks, with one group of codes.
    fn part(&mut self, width: u32, height: u32, kept: Option<&mut Vec<u32>>) -> Result<(), Unreadable> {
        let cache = self.cache()?;
        let groups = self.groups(1, cache)?;
        let kept =
            kept.map(|pixels| Kept { pixels, cache: vec![0; 1 << cache.unwrap_or(0)], cache_bits: cache });
        self.pixels((width, height), &groups, None, kept)
    }

    /// How many bits an index into the cache of colours has.
    fn cache(&mut self) -> Result<Option<u32>, Unreadable> {
        if self.bits.take(1)? == 0 {
            return Ok(None);
        }
        match self.bits.take(4)? {
            bits @ 1..=11 => Ok(Some(bits)),
            _ => Err(DATA),
        }
    }

    fn groups(&mut self, count: usize, cache: Option<u32>) -> Result<Vec<Group>, Unreadable> {
        let cached = cache.map_or(0, |bits| 1 << bits);
        let mut groups = Vec::new();
        for _ in 0..count {
            self.watch.ask()?;
            groups.push([
                self.code(LITERALS + LENGTHS + cached)?,
                self.code(LITERALS)?,
                self.code(LITERALS)?,
                self.code(LITERALS)?,
                self.code(DISTANCES)?,
            ]);
        }
        // The next image has tables of its own; these are gone by then.
        self.tables = 0;
        Ok(groups)
    }

    fn code(&mut self, alphabet: u16) -> Result<Code, Unreadable> {
        let mut lengths = vec![0; usize::from(alphabet)];
        if self.bits.take(1)? == 1 {
            let two = self.bits.take(1)? == 1;
            let width = if self.bits.take(1)? == 1 { 8 } else { 1 };
            for width in [Some(width), two.then_some(8)].into_iter().flatten() {
                let symbol = self.bits.take(width)?;
                *lengths.get_mut(symbol as usize).ok_or(DATA)? = 1;
            }
        } else {
            self.lengths(&mut lengths)?;
        }
        let code = Code::new(&lengths)?;
        self.tables += size_of::<Code>() + code.symbols.len() * 2;
        if self.tables > TABLES_MAX { Err(Unreadable::Memory) } else { Ok(code) }
    }

    /// Lengths of a code that are themselves coded.
    fn lengths(&mut self, lengths: &mut [u8]) -> Result<(), Unreadable> {
        let mut first = [0; 19];
        let count = self.bits.take(4)? as usize + 4;
        for &at in LENGTH_ORDER.iter().take(count) {
            first[at] = self.bits.take(3)? as u8;
        }
        let code = Code::new(&first)?;
        let mut left = lengths.len();
        if self.bits.take(1)? == 1 {
            let width = self.bits.take(3)? * 2 + 2;
            left = self.bits.take(width)? as usize + 2;
            if left > lengths.len() {
                return Err(DATA);
            }
        }
        let (mut at, mut before) = (0, 8);
        while at < lengths.len() && left > 0 {
            left -= 1;
            let (length, times) = match code.next(&mut self.bits)? {
                16 => (before, 3 + self.bits.take(2)?),
                17 => (0, 3 + self.bits.take(3)?),
                18 => (0, 11 + self.bits.take(7)?),
                length => (length as u8, 1),
            };
            lengths.get_mut(at..at + times as usize).ok_or(DATA)?.fill(length);
            at += times as usize;
            if length != 0 {
                before = length;
            }
        }
        Ok(())
    }

    fn pixels(
        &mut self,
        (width, height): (u32, u32),
        groups: &[Group],
        choice: Option<&Choice>,
        mut kept: Option<Kept<'_>>,
    ) -> Result<(), Unreadable> {
        let (width, total) = (u64::from(width), u64::from(width) * u64::from(height));
        let (mut at, mut asked) = (0u64, 0u64);
        while at < total {
            if at >= asked {
                self.watch.ask()?;
                asked = at + STRETCH;
            }
            let group = match choice {
                None => 0,
                Some(choice) => {
                    let (x, y) =
                        ((at % width) as usize >> choice.shift, (at / width) as usize >> choice.shift);
                    usize::from(choice.groups[y * choice.across + x])
                }
            };
            let [green, red, blue, alpha, distance] = groups.get(group).ok_or(DATA)?;
            match green.next(&mut self.bits)? {
                literal @ 0..LITERALS => {
                    let red = u32::from(red.next(&mut self.bits)?);
                    let blue = u32::from(blue.next(&mut self.bits)?);
                    let alpha = u32::from(alpha.next(&mut self.bits)?);
                    if let Some(kept) = &mut kept {
                        kept.push(alpha << 24 | red << 16 | u32::from(literal) << 8 | blue);
                    }
                    at += 1;
                }
                prefix if prefix < LITERALS + LENGTHS => {
                    let length = self.prefixed(prefix - LITERALS)?;
                    let prefix = distance.next(&mut self.bits)?;
                    let back = reach(self.prefixed(prefix)?, width);
                    if back > at || length > total - at {
                        return Err(DATA);
                    }
                    if let Some(kept) = &mut kept {
                        kept.copy(back, length);
                    }
                    at += length;
                }
                cached => {
                    if let Some(kept) = &mut kept {
                        kept.cached(cached - LITERALS - LENGTHS);
                    }
                    at += 1;
                }
            }
        }
        Ok(())
    }

    /// A length or a distance: a prefix, and the bits that it asks for.
    fn prefixed(&mut self, prefix: u16) -> Result<u64, Unreadable> {
        let prefix = u32::from(prefix);
        if prefix < 4 {
            return Ok(u64::from(prefix) + 1);
        }
        let width = (prefix - 2) >> 1;
        let offset = (2 + u64::from(prefix & 1)) << width;
        Ok(offset + u64::from(self.bits.take(width)?) + 1)
    }
}

/// How many pixels back a distance goes in an image of that width.
fn reach(distance: u64, width: u64) -> u64 {
    let Some(&(left, up)) = usize::try_from(distance - 1).ok().and_then(|near| NEAR.get(near)) else {
        return distance - NEAR.len() as u64;
    };
    (u64::from(up) * width).saturating_add_signed(i64::from(left)).max(1)
}

/// Pixels that are needed later, with the cache of colours that they come from.
struct Kept<'a> {
    pixels: &'a mut Vec<u32>,
    cache: Vec<u32>,
    cache_bits: Option<u32>,
}

impl Kept<'_> {
    fn push(&mut self, pixel: u32) {
        if let Some(bits) = self.cache_bits {
            self.cache[(pixel.wrapping_mul(0x1E35_A7BD) >> (32 - bits)) as usize] = pixel;
        }
        self.pixels.push(pixel);
    }

    fn copy(&mut self, back: u64, length: u64) {
        for _ in 0..length {
            let pixel = self.pixels[self.pixels.len() - back as usize];
            self.push(pixel);
        }
    }

    fn cached(&mut self, index: u16) {
        let pixel = self.cache.get(usize::from(index)).copied().unwrap_or_default();
        self.push(pixel);
    }
}

/// A canonical prefix code: how many symbols have each length, and the symbols in the order of their codes.
struct Code {
    counts: [u16; 16],
    symbols: Box<[u16]>,
}

impl Code {
    /// A code that leaves no word without meaning; or one symbol, which takes no bits.
    fn new(lengths: &[u8]) -> Result<Self, Unreadable> {
        let mut counts = [0u16; 16];
        for &length in lengths {
            counts[usize::from(length & 15)] += 1;
        }
        counts[0] = 0;
        let mut starts = [0usize; 16];
        let mut open = 1i32;
        for length in 1..16 {
            starts[length] = starts[length - 1] + usize::from(counts[length - 1]);
            open = open * 2 - i32::from(counts[length]);
            if open < 0 {
                return Err(DATA);
            }
        }
        let total: u16 = counts.iter().sum();
        if total == 0 || (total > 1 && open != 0) {
            return Err(DATA);
        }
        let mut symbols = vec![0; usize::from(total)].into_boxed_slice();
        for (symbol, &length) in lengths.iter().enumerate().filter(|&(_, &length)| length > 0) {
            symbols[starts[usize::from(length)]] = symbol as u16;
            starts[usize::from(length)] += 1;
        }
        Ok(Self { counts, symbols })
    }

    fn next(&self, bits: &mut Bits<'_>) -> Result<u16, Unreadable> {
        if let [only] = self.symbols[..] {
            return Ok(only);
        }
        let (mut code, mut first, mut index) = (0u32, 0u32, 0u32);
        for &count in &self.counts[1..] {
            code |= bits.take(1)?;
            let count = u32::from(count);
            if code < first + count {
                return self.symbols.get((index + code - first) as usize).copied().ok_or(DATA);
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(DATA)
    }
}

/// Bits, the lowest of a byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl Bits<'_> {
    /// Up to 24 bits.
    fn take(&mut self, width: u32) -> Result<u32, Unreadable> {
        while self.count < width {
            let byte = *self.bytes.get(self.at).ok_or(DATA)?;
            self.held |= u64::from(byte) << self.count;
            self.at += 1;
            self.count += 8;
        }
        let taken = (self.held & ((1 << width) - 1)) as u32;
        self.held >>= width;
        self.count -= width;
        Ok(taken)
    }
}
