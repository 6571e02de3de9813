//! JPEG, read to its last coefficient: every code, every block, every restart.
//!
//! What comes behind the coefficients (scaling, the inverse transform, colours) can't fail, so it is not computed:
//! a file whose coefficients are all there can be shown. That costs no memory for pixels, can be interrupted anywhere,
//! and makes no difference between samplings and colour spaces.
//!
//! Why no library: zune-jpeg 0.5 refuses several samplings and RGB, and keeps two bytes per coefficient of a
//! progressive file, 300 MB for the largest; jpeg-decoder 0.3 keeps all planes as well. Here it is a bit per
//! coefficient, which is all that later scans ask for: whether it is zero so far.

use super::watch::Watch;
use super::{Orientation, Unreadable};
use crate::jpeg::{FRAMES, Frame, Scan, ScanPart};
use crate::segments::{JpegPart, jpeg_exif, jpeg_parts};

mod bits;
mod codes;

use bits::Bits;
use codes::Codes;

const DATA: Unreadable = Unreadable::Broken("JPEG data");

/// Blocks between two questions whether the time is over: some 100 microseconds.
const STRETCH: u32 = 1024;

/// Four tables of each kind: the standard's bound.
const TABLES: usize = 4;

pub(super) fn read(bytes: &[u8], watch: &Watch<'_>) -> Result<Orientation, Unreadable> {
    let mut reader = Reader::new(watch);
    for part in jpeg_parts(bytes) {
        match part {
            JpegPart::Segment { name, whole } => reader.segment(name, &bytes[whole.start + 4..whole.end])?,
            JpegPart::Coded(range) => reader.scan(&bytes[range])?,
        }
    }
    reader.finish()?;
    Ok(jpeg_exif(bytes).map_or(Orientation::UPRIGHT, Orientation::from_exif))
}

struct Reader<'a> {
    watch: &'a Watch<'a>,
    frame: Option<Frame>,
    scan: Option<Scan>,
    quantized: [bool; TABLES],
    dc: [Option<Codes>; TABLES],
    ac: [Option<Codes>; TABLES],
    /// Units between two restarts; 0 where there are none.
    interval: u32,
    /// Of each component, whether it was in a scan.
    seen: [bool; 4],
    /// Of each component of a progressive file, per block the coefficients that are not zero so far.
    known: Vec<Vec<u64>>,
    asked: u32,
}

impl<'a> Reader<'a> {
    fn new(watch: &'a Watch<'a>) -> Self {
        Self {
            watch,
            frame: None,
            scan: None,
            quantized: [false; TABLES],
            dc: [const { None }; TABLES],
            ac: [const { None }; TABLES],
            interval: 0,
            seen: [false; 4],
            known: Vec::new(),
            asked: 0,
        }
    }

    fn segment(&mut self, name: u8, body: &[u8]) -> Result<(), Unreadable> {
        match name {
            0xC4 => self.huffman(body),
            0xDB => self.quantization(body),
            0xDD => match body {
                &[high, low] => {
                    self.interval = u32::from(u16::from_be_bytes([high, low]));
                    Ok(())
                }
                _ => Err(Unreadable::Broken("JPEG restart interval")),
            },
            0xDA => {
                let frame = self.frame.as_ref().ok_or(DATA)?;
                self.scan = Some(Scan::read(frame, body)?);
                Ok(())
            }
            _ if FRAMES.contains(&name) => {
                let frame = Frame::read(name, body, u64::MAX)?;
                if frame.is_progressive {
                    let blocks = frame.components().iter().map(|component| frame.blocks(component));
                    let count = |across: u32, down: u32| across as usize * down as usize;
                    self.known = blocks
                        .map(|blocks| vec![0; count(blocks.padded_across, blocks.padded_down)])
                        .collect();
                }
                self.frame = Some(frame);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn huffman(&mut self, mut body: &[u8]) -> Result<(), Unreadable> {
        const TABLE: Unreadable = Unreadable::Broken("JPEG code table");
        while let Some((&place, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(TABLE)?;
            let length = counts.iter().map(|&count| usize::from(count)).sum();
            let symbols = rest.get(..length).ok_or(TABLE)?;
            let tables = if place >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let table = tables.get_mut(usize::from(place & 15)).filter(|_| place >> 4 <= 1).ok_or(TABLE)?;
            *table = Some(Codes::new(counts, symbols).ok_or(TABLE)?);
            body = &rest[length..];
        }
        Ok(())
    }

    fn quantization(&mut self, mut body: &[u8]) -> Result<(), Unreadable> {
        const TABLE: Unreadable = Unreadable::Broken("JPEG quantization table");
        while let Some((&place, rest)) = body.split_first() {
            let length = if place >> 4 == 0 { 64 } else { 128 };
            *self.quantized.get_mut(usize::from(place & 15)).ok_or(TABLE)? = true;
            body = rest.get(length..).ok_or(TABLE)?;
        }
        Ok(())
    }

    fn scan(&mut self, coded: &[u8]) -> Result<(), Unreadable> {
        let (Some(frame), Some(scan)) = (self.frame, self.scan.take()) else { return Err(DATA) };
        let missing =
            |part: &ScanPart| !self.quantized[usize::from(frame.components()[part.component].quantization)];
        if scan.parts().iter().any(missing) {
            return Err(Unreadable::Broken("JPEG without a quantization table"));
        }
        if !frame.is_progressive {
            self.assume_tables();
        }
        for part in scan.parts() {
            self.seen[part.component] = true;
        }
        let mut pass = Pass { scan, bits: Bits::new(coded), run: 0, left: self.interval };
        if let &[part] = scan.parts() {
            let blocks = frame.blocks(&frame.components()[part.component]);
            for row in 0..blocks.down {
                for column in 0..blocks.across {
                    self.unit(&mut pass)?;
                    self.block(&mut pass, part, row * blocks.padded_across + column)?;
                }
            }
            return Ok(());
        }
        let (across, down) = frame.units();
        for unit in 0..across * down {
            self.unit(&mut pass)?;
            for &part in scan.parts() {
                let component = frame.components()[part.component];
                let stride = across * component.across;
                let corner = unit / across * component.down * stride + unit % across * component.across;
                for block in 0..component.across * component.down {
                    let place = corner + block / component.across * stride + block % component.across;
                    self.block(&mut pass, part, place)?;
                }
            }
        }
        Ok(())
    }

    /// Before each unit: a restart where one is due, and a question now and then.
    fn unit(&mut self, pass: &mut Pass<'_>) -> Result<(), Unreadable> {
        if self.interval > 0 {
            if pass.left == 0 {
                pass.bits.restart()?;
                (pass.left, pass.run) = (self.interval, 0);
            }
            pass.left -= 1;
        }
        self.asked += 1;
        if self.asked >= STRETCH {
            self.asked = 0;
            self.watch.ask()?;
        }
        Ok(())
    }

    fn block(&mut self, pass: &mut Pass<'_>, part: ScanPart, place: u32) -> Result<(), Unreadable> {
        let Some(known) = self.known.get_mut(part.component) else { return self.whole(pass, part) };
        let known = known.get_mut(place as usize).ok_or(DATA)?;
        match (pass.scan.first, pass.scan.refines) {
            (0, true) => pass.bits.skip(1),
            (0, false) => code(&self.dc, part.dc)?.difference(&mut pass.bits),
            (_, false) => pass.band(code(&self.ac, part.ac)?, known),
            (_, true) => pass.refined_band(code(&self.ac, part.ac)?, known),
        }
    }

    /// A block of a sequential file: the first coefficient, then the others, each behind so many zeros.
    fn whole(&self, pass: &mut Pass<'_>, part: ScanPart) -> Result<(), Unreadable> {
        code(&self.dc, part.dc)?.difference(&mut pass.bits)?;
        let codes = code(&self.ac, part.ac)?;
        let mut at = 1;
        while at < 64 {
            let (zeros, length) = codes.pair(&mut pass.bits)?;
            match (zeros, length) {
                (15, 0) => at += 16,
                (_, 0) => return Ok(()),
                _ => at += zeros + 1,
            }
        }
        if at > 64 { Err(DATA) } else { Ok(()) }
    }

    /// Frames of a film in JPEG leave the tables out: they are the standard's.
    fn assume_tables(&mut self) {
        for (tables, standard) in [(&mut self.dc, codes::STANDARD_DC), (&mut self.ac, codes::STANDARD_AC)] {
            for (table, (counts, symbols)) in tables.iter_mut().zip(standard) {
                if table.is_none() {
                    *table = Codes::new(counts, symbols);
                }
            }
        }
    }

    fn finish(&self) -> Result<(), Unreadable> {
        let Some(frame) = &self.frame else { return Err(DATA) };
        // Of a progressive file a component may be missing: the picture is coarser then, not shorter.
        let are_all_seen = self.seen[..frame.components().len()].iter().all(|seen| *seen);
        if frame.is_progressive || are_all_seen { Ok(()) } else { Err(DATA) }
    }
}

/// One scan under way.
struct Pass<'a> {
    scan: Scan,
    bits: Bits<'a>,
    /// Blocks of the band that have nothing more (`EOBRUN`).
    run: u32,
    /// Units up to the next restart.
    left: u32,
}

impl Pass<'_> {
    /// A band of coefficients, for the first time.
    fn band(&mut self, codes: &Codes, known: &mut u64) -> Result<(), Unreadable> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let last = u32::from(self.scan.last);
        let mut at = u32::from(self.scan.first);
        while at <= last {
            let (zeros, length) = codes.pair(&mut self.bits)?;
            match (zeros, length) {
                (15, 0) => at += 16,
                (_, 0) => {
                    self.run = (1 << zeros) + self.bits.take(zeros)? - 1;
                    return Ok(());
                }
                _ => {
                    at += zeros;
                    if at > last {
                        return Err(DATA);
                    }
                    *known |= 1 << at;
                    at += 1;
                }
            }
        }
        Ok(())
    }

    /// A further bit of a band: one for each coefficient that is not zero, and those that only now are not.
    fn refined_band(&mut self, codes: &Codes, known: &mut u64) -> Result<(), Unreadable> {
        let last = u32::from(self.scan.last);
        let mut at = u32::from(self.scan.first);
        while self.run == 0 && at <= last {
            let (mut zeros, length) = codes.pair(&mut self.bits)?;
            match length {
                0 if zeros < 15 => {
                    self.run = (1 << zeros) + self.bits.take(zeros)?;
                    break;
                }
                0 | 1 => {}
                _ => return Err(DATA),
            }
            while at <= last {
                if *known >> at & 1 == 1 {
                    self.bits.skip(1)?;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                at += 1;
            }
            if length == 1 {
                if at > last {
                    return Err(DATA);
                }
                *known |= 1 << at;
            }
            at += 1;
        }
        if self.run > 0 {
            self.run -= 1;
            let rest = if at > last { 0 } else { *known >> at & (u64::MAX >> (63 - (last - at))) };
            self.bits.skip(rest.count_ones())?;
        }
        Ok(())
    }
}

fn code(tables: &[Option<Codes>; TABLES], which: usize) -> Result<&Codes, Unreadable> {
    tables[which].as_ref().ok_or(Unreadable::Broken("JPEG without a code table"))
}
