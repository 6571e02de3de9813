//! The check inside the request: bytes come in chunks of any size, each is seen once, and the first thing wrong
//! ends it.
//!
//! The same bytes give the same answer however they are cut. Memory: some KiB at most, for HEIC the `meta` box
//! (`META_MAX` in `heic`).

mod heic;
mod jpeg;
mod overlap;
mod pdf;
mod png;
mod trailer;
mod walk;
mod webp;

use std::ops::Range;

use thiserror::Error;

use crate::kind::{Facts, Kind, MAX_SIDE, Size};
pub(crate) use jpeg::is_no_marker;
use walk::Walker;

/// Why a file was not taken. The texts are for the sender and for our log, and hold nothing of the file.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum Rejected {
    /// The first bytes are of no kind that we know.
    #[error("is of no known kind")]
    UnknownType,
    /// A kind that we know, but not here.
    #[error("is {0}, which is not taken here")]
    NotAllowed(Kind),
    /// Its structure is not whole.
    #[error("is broken: {0}")]
    Broken(&'static str),
    /// The image is larger than allowed.
    #[error("has more than {0} pixels")]
    TooManyPixels(u64),
    /// The image is wider or higher than allowed.
    #[error("is more than {0} pixels wide or high")]
    TooLong(u32),
    /// One row of the image needs more memory than decoding may take.
    #[error("has rows that are too long to be decoded")]
    Memory,
    /// It can't be read without a password.
    #[error("is encrypted")]
    Encrypted,
    /// More than one picture in time: which of them would be the document?
    #[error("is animated")]
    Animated,
    /// Another program would open the same bytes as something else.
    #[error("carries a second format around the picture or document")]
    Polyglot,
}

/// What the check learned, for [`crate::decode()`] too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Structure {
    pub(crate) facts: Facts,
    /// What decoding takes, as far as headers say; 0 where the decoder keeps rows only.
    pub(crate) memory: u64,
    /// Where the file is within its bytes: without what stands before its beginning and behind its end.
    pub(crate) extent: Range<usize>,
}

/// What a walk learned by the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Found {
    size: Option<Size>,
    memory: u64,
    extent: Range<u64>,
}

/// Enough to tell every kind but a PDF with something before it: `RIFF`, four bytes of length, `WEBP`; four bytes of
/// length, `ftyp`, brand.
const SNIFF: usize = 12;

/// The check of one file.
#[derive(Debug)]
pub struct Checker {
    allowed: &'static [Kind],
    max_pixels: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Fewer than [`SNIFF`] bytes so far.
    Start(Vec<u8>),
    Jpeg(Walker<jpeg::Jpeg>),
    Png(Walker<png::Png>),
    Webp(Walker<webp::Webp>),
    Heic(Walker<heic::Heic>),
    Pdf(Walker<pdf::Pdf>),
    Over(Rejected),
}

impl Checker {
    /// A check that takes only the kinds in `allowed`, and images of at most `max_pixels`.
    #[must_use]
    pub fn new(allowed: &'static [Kind], max_pixels: u64) -> Self {
        Self { allowed, max_pixels, state: State::Start(Vec::new()) }
    }

    /// The next bytes of the file.
    ///
    /// # Errors
    /// [`Rejected`] as soon as it is certain; from then on always the same.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Rejected> {
        let result = self.advance(bytes);
        if let Err(rejected) = result {
            self.state = State::Over(rejected);
        }
        result
    }

    /// The file is at its end.
    ///
    /// # Errors
    /// [`Rejected`] when it was before, or when something is missing.
    pub fn finish(self) -> Result<Facts, Rejected> {
        self.structure().map(|structure| structure.facts)
    }

    pub(crate) fn structure(mut self) -> Result<Structure, Rejected> {
        if let State::Start(begun) = &mut self.state {
            let begun = std::mem::take(begun);
            if let Sniff::Kind(kind, head) = sniff(&begun) {
                self.begin(kind, head, &begun)?;
            }
        }
        let (kind, found) = match self.state {
            State::Start(_) => return Err(Rejected::UnknownType),
            State::Jpeg(walker) => (Kind::Jpeg, walker.finish()?),
            State::Png(walker) => (Kind::Png, walker.finish()?),
            State::Webp(walker) => (Kind::Webp, walker.finish()?),
            State::Heic(walker) => (Kind::Heic, walker.finish()?),
            State::Pdf(walker) => (Kind::Pdf, walker.finish()?),
            State::Over(rejected) => return Err(rejected),
        };
        let position = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let extent = position(found.extent.start)..position(found.extent.end);
        Ok(Structure { facts: Facts { kind, size: found.size }, memory: found.memory, extent })
    }

    fn advance(&mut self, mut bytes: &[u8]) -> Result<(), Rejected> {
        while let State::Start(begun) = &mut self.state
            && !bytes.is_empty()
        {
            let wanted = if begun.len() < SNIFF { SNIFF } else { pdf::HEAD_MAX + SNIFF };
            let (head, rest) = bytes.split_at(bytes.len().min(wanted - begun.len()));
            begun.extend_from_slice(head);
            bytes = rest;
            if begun.len() < SNIFF {
                return Ok(());
            }
            match sniff(begun) {
                Sniff::Kind(kind, head) => {
                    let begun = std::mem::take(begun);
                    self.begin(kind, head, &begun)?;
                }
                Sniff::More => {}
                Sniff::Unknown => return Err(Rejected::UnknownType),
            }
        }
        self.walk(bytes)
    }

    /// Takes the walk of the kind and gives it the first bytes, of which `head` stand before the file.
    fn begin(&mut self, kind: Kind, head: usize, begun: &[u8]) -> Result<(), Rejected> {
        if !self.allowed.contains(&kind) {
            return Err(Rejected::NotAllowed(kind));
        }
        self.state = match kind {
            Kind::Jpeg => State::Jpeg(Walker::new(jpeg::Jpeg::new(self.max_pixels))),
            Kind::Png => State::Png(Walker::new(png::Png::new(self.max_pixels))),
            Kind::Webp => State::Webp(Walker::new(webp::Webp::new(self.max_pixels))),
            Kind::Heic => State::Heic(Walker::new(heic::Heic::new(self.max_pixels))),
            Kind::Pdf => State::Pdf(Walker::new(pdf::Pdf::new(head))),
        };
        self.walk(begun)
    }

    fn walk(&mut self, bytes: &[u8]) -> Result<(), Rejected> {
        match &mut self.state {
            State::Start(_) => Ok(()),
            State::Jpeg(walker) => walker.push(bytes),
            State::Png(walker) => walker.push(bytes),
            State::Webp(walker) => walker.push(bytes),
            State::Heic(walker) => walker.push(bytes),
            State::Pdf(walker) => walker.push(bytes),
            State::Over(rejected) => Err(*rejected),
        }
    }
}

/// The whole check over bytes that are in memory.
pub(crate) fn structure(bytes: &[u8], max_pixels: u64) -> Result<Structure, Rejected> {
    let mut checker = Checker::new(Kind::ALL, max_pixels);
    checker.push(bytes)?;
    checker.structure()
}

/// HEIF brands that name HEVC, and the two general ones, under which the items must show it.
///
/// ISO/IEC 23008-12, annex B, and ISO/IEC 23000-22: `heic` is what phones write. AVIF comes under `avif`, or under
/// `mif1` with items that are no HEVC.
const HEIF_BRANDS: [&[u8; 4]; 10] =
    [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"];

/// What the first bytes say.
enum Sniff {
    /// The kind, and how many bytes stand before the file.
    Kind(Kind, usize),
    /// It may be a PDF whose header is still to come.
    More,
    Unknown,
}

fn sniff(begun: &[u8]) -> Sniff {
    if begun.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Sniff::Kind(Kind::Jpeg, 0)
    } else if begun.starts_with(png::SIGNATURE) {
        Sniff::Kind(Kind::Png, 0)
    } else if begun.starts_with(b"RIFF") && begun.get(8..12) == Some(b"WEBP") {
        Sniff::Kind(Kind::Webp, 0)
    } else if begun.get(4..8) == Some(b"ftyp")
        && HEIF_BRANDS.iter().any(|brand| begun.get(8..12) == Some(&brand[..]))
    {
        Sniff::Kind(Kind::Heic, 0)
    } else {
        match pdf::head(begun) {
            pdf::Head::Length(length) => Sniff::Kind(Kind::Pdf, length),
            pdf::Head::More => Sniff::More,
            pdf::Head::None => Sniff::Unknown,
        }
    }
}

/// Width and height of which neither may be zero, nor both together too large.
pub(crate) fn sized(width: u32, height: u32, max_pixels: u64) -> Result<Size, Rejected> {
    let size = Size { width, height };
    match size.pixels() {
        0 => Err(Rejected::Broken("no width or no height")),
        _ if width.max(height) > MAX_SIDE => Err(Rejected::TooLong(MAX_SIDE)),
        pixels if pixels > max_pixels => Err(Rejected::TooManyPixels(max_pixels)),
        _ => Ok(size),
    }
}
