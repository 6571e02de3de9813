//! JPEG (ITU-T T.81): markers from SOI to EOI, and what cameras append after it.
//!
//! Phones write behind the image's end: a second JPEG (gain map, preview; CIPA DC-007), an MP4 (motion photo),
//! blocks of Samsung's, Xiaomi's or vivo's own. No reader of JPEG looks at them, and [`crate::for_export`] drops
//! them, so they are passed over; but what makes the file a web page, a PDF or a ZIP archive for another program is
//! refused.

use memchr::{memchr, memchr3};

use super::overlap::Overlap;
use super::walk::{Need, Walk};
use super::{Found, Rejected, sized};
use crate::cost::{self, JpegFrame};

/// A file of more scans is made to be slow: encoders write about ten, the largest standard script has 30, and each
/// costs a decoder a pass over the whole image.
pub(crate) const MAX_SCANS: u32 = 100;

/// What a trailer may not hold, in any letter case of its second letter and on. The ZIP word is the record at an
/// archive's end with its disk numbers, which is all that readers look for; four bytes alone would meet one motion
/// photo in a thousand by chance.
const FOREIGN: [&[u8]; 7] =
    [b"<script", b"<html", b"<!doctype", b"<svg", b"<?php", b"%PDF-", b"PK\x05\x06\0\0\0\0"];

/// The longest of [`FOREIGN`].
const LONGEST: usize = 9;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
/// Baseline, extended, progressive: with Huffman coding. No viewer shows the others of the standard.
const SOF: std::ops::RangeInclusive<u8> = 0xC0..=0xC2;
const SOF_PROGRESSIVE: u8 = 0xC2;

/// The walk from SOI to the end of the file.
#[derive(Debug)]
pub(super) struct Jpeg {
    max_pixels: u64,
    state: State,
    frame: Option<JpegFrame>,
    scans: u32,
    /// The scan's last byte was 0xFF.
    escaped: bool,
    trailer: Overlap,
}

#[derive(Copy, Clone, Debug)]
enum State {
    Begin,
    Marker,
    /// A marker after fill bytes: its last byte is missing.
    Filled,
    Length(u8),
    Frame(u8),
    ScanHeader,
    Segment,
    Entropy,
    Trailer,
}

impl Jpeg {
    pub(super) fn new(max_pixels: u64) -> Self {
        Self {
            max_pixels,
            state: State::Begin,
            frame: None,
            scans: 0,
            escaped: false,
            trailer: Overlap::default(),
        }
    }

    fn to(&mut self, state: State, need: Need) -> Need {
        self.state = state;
        need
    }

    fn marker(&mut self, code: u8) -> Result<Need, Rejected> {
        match code {
            0xFF => Ok(self.to(State::Filled, Need::Gather(1))),
            EOI if self.scans == 0 => Err(Rejected::Broken("JPEG without a scan")),
            EOI => Ok(self.to(State::Trailer, Need::Scan)),
            0xC4 | 0xDB | 0xDD | 0xE0..=0xEF | 0xFE | SOS => {
                Ok(self.to(State::Length(code), Need::Gather(2)))
            }
            _ if SOF.contains(&code) => Ok(self.to(State::Length(code), Need::Gather(2))),
            0xC3 | 0xC5..=0xCF => Err(Rejected::Broken("JPEG coding that nobody shows")),
            _ => Err(Rejected::Broken("JPEG marker out of place")),
        }
    }

    fn length(&mut self, code: u8, bytes: &[u8]) -> Result<Need, Rejected> {
        let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
        let body = length.checked_sub(2).ok_or(Rejected::Broken("JPEG segment length"))?;
        match code {
            SOS if self.frame.is_none() => Err(Rejected::Broken("JPEG scan before its frame")),
            SOS => Ok(self.to(State::ScanHeader, Need::Gather(body))),
            _ if SOF.contains(&code) && self.frame.is_some() => Err(Rejected::Broken("second JPEG frame")),
            _ if SOF.contains(&code) => Ok(self.to(State::Frame(code), Need::Gather(body))),
            _ => Ok(self.to(State::Segment, Need::Skip(body as u64))),
        }
    }

    /// Precision, height, width, and three bytes per component: number, sampling, quantization table.
    fn frame(&mut self, code: u8, bytes: &[u8]) -> Result<Need, Rejected> {
        let (&[precision, h0, h1, w0, w1, count], components) =
            bytes.split_first_chunk().ok_or(Rejected::Broken("JPEG frame length"))?;
        if precision != 8 {
            return Err(Rejected::Broken("JPEG of other than 8 bits"));
        }
        if !matches!(count, 1 | 3 | 4) || components.len() != usize::from(count) * 3 {
            return Err(Rejected::Broken("JPEG components"));
        }
        let size =
            sized(u16::from_be_bytes([w0, w1]).into(), u16::from_be_bytes([h0, h1]).into(), self.max_pixels)?;
        let (mut blocks, mut widest, mut highest) = (0, 1, 1);
        for component in components.chunks_exact(3) {
            let (across, down) = (u64::from(component[1] >> 4), u64::from(component[1] & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) || component[2] > 3 {
                return Err(Rejected::Broken("JPEG sampling"));
            }
            blocks += across * down;
            widest = widest.max(across);
            highest = highest.max(down);
        }
        let samples = (blocks * 64).div_ceil(widest * highest);
        let buffered = code == SOF_PROGRESSIVE;
        let frame = JpegFrame { size, samples, components: count, buffered };
        self.frame = Some(frame);
        affordable(frame)?;
        Ok(self.to(State::Marker, Need::Gather(2)))
    }

    /// Count, two bytes per component, three of spectrum.
    fn scan_header(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        let count = *bytes.first().ok_or(Rejected::Broken("JPEG scan header"))?;
        if !(1..=4).contains(&count) || bytes.len() != 4 + usize::from(count) * 2 {
            return Err(Rejected::Broken("JPEG scan header"));
        }
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(Rejected::Broken("JPEG of too many scans"));
        }
        if let Some(frame) = &mut self.frame {
            if count > frame.components {
                return Err(Rejected::Broken("JPEG scan header"));
            }
            frame.buffered |= count < frame.components;
            affordable(*frame)?;
        }
        Ok(self.to(State::Entropy, Need::Scan))
    }

    /// Coded data up to the next marker: 0xFF is followed by 0 where it is data, and by a restart number in between.
    fn entropy(&mut self, bytes: &[u8]) -> Result<(usize, Option<Need>), Rejected> {
        let mut at = 0;
        loop {
            if !self.escaped {
                let Some(found) = memchr(0xFF, &bytes[at..]) else { return Ok((bytes.len(), None)) };
                at += found + 1;
                self.escaped = true;
            }
            let Some(&code) = bytes.get(at) else { return Ok((at, None)) };
            at += 1;
            match code {
                0xFF => {}
                0x00 | 0xD0..=0xD7 => self.escaped = false,
                _ => {
                    self.escaped = false;
                    return self.marker(code).map(|need| (at, Some(need)));
                }
            }
        }
    }
}

impl Walk for Jpeg {
    const FIRST: Need = Need::Gather(2);

    fn gathered(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        match self.state {
            State::Begin if bytes == [0xFF, SOI] => Ok(self.to(State::Marker, Need::Gather(2))),
            State::Marker if bytes[0] == 0xFF => self.marker(bytes[1]),
            State::Filled => self.marker(bytes[0]),
            State::Length(code) => self.length(code, bytes),
            State::Frame(code) => self.frame(code, bytes),
            State::ScanHeader => self.scan_header(bytes),
            _ => Err(Rejected::Broken("JPEG without a marker where one must be")),
        }
    }

    fn skipped(&mut self) -> Result<Need, Rejected> {
        Ok(self.to(State::Marker, Need::Gather(2)))
    }

    fn scan(&mut self, bytes: &[u8]) -> Result<(usize, Option<Need>), Rejected> {
        if let State::Entropy = self.state {
            return self.entropy(bytes);
        }
        self.trailer.push(bytes, LONGEST, foreign)?;
        Ok((bytes.len(), None))
    }

    fn finish(self, _length: u64, _whole: bool) -> Result<Found, Rejected> {
        match (self.state, self.frame) {
            (State::Trailer, Some(frame)) => Ok(Found { size: Some(frame.size), memory: cost::jpeg(frame) }),
            _ => Err(Rejected::Broken("JPEG cut off")),
        }
    }
}

fn affordable(frame: JpegFrame) -> Result<(), Rejected> {
    if cost::jpeg(frame) > cost::MAX_DECODE_MEMORY { Err(Rejected::TooManyPixels) } else { Ok(()) }
}

/// Looks for [`FOREIGN`] in a part of a trailer; tells how much of it is decided.
fn foreign(part: &[u8]) -> Result<usize, Rejected> {
    let mut at = 0;
    while let Some(found) = memchr3(b'<', b'%', b'P', &part[at..]) {
        at += found;
        let rest = &part[at..part.len().min(at + LONGEST)];
        let meets = |word: &&[u8]| {
            let common = rest.len().min(word.len());
            rest[..common].eq_ignore_ascii_case(&word[..common])
        };
        match FOREIGN.iter().find(|word| meets(word)) {
            Some(word) if word.len() <= rest.len() => return Err(Rejected::Polyglot),
            Some(_) => return Ok(at),
            None => at += 1,
        }
    }
    Ok(part.len())
}
