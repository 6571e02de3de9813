//! JPEG (ITU-T T.81): markers from SOI to EOI.
//!
//! As libjpeg does, bytes between two segments that begin no marker are passed over: some writers leave a segment a
//! few bytes longer than it says, or lose the 0xFF of one that no decoder needs.

use memchr::memchr;

use super::trailer::Trailer;
use super::walk::{Ended, Need, Walk};
use super::{Found, Rejected};
use crate::cost;
use crate::jpeg::{FRAMES, Frame, MAX_SCANS, Scan};

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// The walk from SOI to EOI.
#[derive(Debug)]
pub(super) struct Jpeg {
    max_pixels: u64,
    state: State,
    frame: Option<Frame>,
    scans: u32,
    /// The last byte of what is scanned was 0xFF.
    escaped: bool,
    /// What stands between the segments.
    between: Trailer,
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
    /// Bytes between segments.
    Between,
    Done,
}

impl Jpeg {
    pub(super) fn new(max_pixels: u64) -> Self {
        Self {
            max_pixels,
            state: State::Begin,
            frame: None,
            scans: 0,
            escaped: false,
            between: Trailer::default(),
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
            EOI => Ok(self.to(State::Done, Need::End)),
            0xC4 | 0xDB | 0xDD | 0xE0..=0xEF | 0xFE | SOS => {
                Ok(self.to(State::Length(code), Need::Gather(2)))
            }
            _ if FRAMES.contains(&code) => Ok(self.to(State::Length(code), Need::Gather(2))),
            0xC3 | 0xC5..=0xCF => Err(Rejected::Broken("JPEG coding that nobody shows")),
            _ => Err(Rejected::Broken("JPEG marker out of place")),
        }
    }

    /// Two bytes that should be a marker.
    fn begin(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        if bytes[0] == 0xFF && !is_no_marker(bytes[1]) {
            return self.marker(bytes[1]);
        }
        self.between = Trailer::default();
        self.between.push(bytes)?;
        self.escaped = bytes[1] == 0xFF;
        Ok(self.to(State::Between, Need::Scan))
    }

    fn length(&mut self, code: u8, bytes: &[u8]) -> Result<Need, Rejected> {
        let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
        let body = length.checked_sub(2).ok_or(Rejected::Broken("JPEG segment length"))?;
        match code {
            SOS if self.frame.is_none() => Err(Rejected::Broken("JPEG scan before its frame")),
            SOS => Ok(self.to(State::ScanHeader, Need::Gather(body))),
            _ if FRAMES.contains(&code) && self.frame.is_some() => Err(Rejected::Broken("second JPEG frame")),
            _ if FRAMES.contains(&code) => Ok(self.to(State::Frame(code), Need::Gather(body))),
            _ => Ok(self.to(State::Segment, Need::Skip(body as u64))),
        }
    }

    fn scan_header(&mut self, bytes: &[u8]) -> Result<Need, Rejected> {
        let frame = self.frame.as_ref().ok_or(Rejected::Broken("JPEG scan before its frame"))?;
        Scan::read(frame, bytes)?;
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(Rejected::Broken("JPEG of too many scans"));
        }
        Ok(self.to(State::Entropy, Need::Scan))
    }

    /// Bytes up to the next marker, and the marker: in coded data 0xFF is followed by 0 where it is data, and by a
    /// restart number in between.
    fn pass_over(&mut self, bytes: &[u8]) -> (usize, Option<u8>) {
        let mut at = 0;
        loop {
            if !self.escaped {
                let Some(found) = memchr(0xFF, &bytes[at..]) else { return (bytes.len(), None) };
                at += found + 1;
                self.escaped = true;
            }
            let Some(&code) = bytes.get(at) else { return (at, None) };
            at += 1;
            match code {
                0xFF => {}
                _ if is_no_marker(code) => self.escaped = false,
                _ => {
                    self.escaped = false;
                    return (at, Some(code));
                }
            }
        }
    }
}

/// Behind 0xFF: a byte of data, a restart of coded data, and the one marker that means nothing.
pub(crate) fn is_no_marker(code: u8) -> bool {
    matches!(code, 0x00 | 0x01 | 0xD0..=0xD7)
}

impl Walk for Jpeg {
    fn first(&self) -> Need {
        Need::Gather(2)
    }

    fn gathered(&mut self, bytes: &[u8], _at: u64) -> Result<Need, Rejected> {
        match self.state {
            State::Begin if bytes == [0xFF, SOI] => Ok(self.to(State::Marker, Need::Gather(2))),
            State::Marker => self.begin(bytes),
            State::Filled => self.marker(bytes[0]),
            State::Length(code) => self.length(code, bytes),
            State::Frame(code) => {
                self.frame = Some(Frame::read(code, bytes, self.max_pixels)?);
                Ok(self.to(State::Marker, Need::Gather(2)))
            }
            State::ScanHeader => self.scan_header(bytes),
            _ => Err(Rejected::Broken("JPEG without a marker where one must be")),
        }
    }

    fn skipped(&mut self) -> Result<Need, Rejected> {
        Ok(self.to(State::Marker, Need::Gather(2)))
    }

    fn scan(&mut self, bytes: &[u8]) -> Result<(usize, Option<Need>), Rejected> {
        let between = matches!(self.state, State::Between);
        let (used, marker) = self.pass_over(bytes);
        if between {
            self.between.push(&bytes[..used])?;
        }
        Ok((used, marker.map(|code| self.marker(code)).transpose()?))
    }

    fn finish(self, ended: Ended<'_>) -> Result<Found, Rejected> {
        match (ended.end, self.frame) {
            (Some(end), Some(frame)) => {
                Ok(Found { size: Some(frame.size), memory: cost::jpeg(&frame), extent: 0..end })
            }
            _ => Err(Rejected::Broken("JPEG cut off")),
        }
    }
}
