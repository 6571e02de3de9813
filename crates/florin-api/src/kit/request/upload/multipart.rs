//! The frame of a `multipart/form-data` body (RFC 7578, RFC 2046 section 5.1), as a push parser: bytes in as they
//! arrive, parts out, in memory that no client can grow.
//!
//! Why not `multer`, which axum uses (looked at in 3.1, the last of 2024): it reads the body until that has to wait, so
//! that a client that is faster than the disk fills memory; a part's head and what stands before the first boundary are
//! bounded only by the length of the whole body, and searched again from their start at every frame; a part's name is
//! found by searching for `name`, also inside a quoted file name; what comes after the last boundary is not read. Its
//! fork `multra` (1.2, weeks old) mends these: to be looked at again when others have used it.
//!
//! Content is passed on as slices of the frames that came. Kept between frames is at most a part's head, or the bytes
//! at the end of a frame with which a boundary could begin.

use super::head::parse_head;
pub use super::wrong::{Broken, MAX_BOUNDARY, MAX_PART_HEAD, MAX_PARTS};
use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;

/// What may stand before the first boundary. Clients send nothing, some an empty line; mail programs a sentence.
pub const MAX_PREAMBLE: usize = 1024;

/// What comes out, in the order of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A part begins; its name as it was sent.
    Part(Vec<u8>),
    /// Content of it, never empty.
    Data(Bytes),
    /// It ends.
    End,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum State {
    /// Before any byte: the first boundary has no line before it.
    Start,
    /// Skips what comes before the first boundary's line; so much of it has been.
    Preamble(usize),
    /// After a boundary: either `--`, or the rest of its line.
    Boundary,
    /// White space up to the end of a boundary's line.
    BoundaryLine,
    /// A part's head; so much of it was searched for its end.
    Head(usize),
    /// At the first byte of a part's content: a part may have none at all, then the empty line is the boundary's own.
    ContentStart,
    /// A part's content.
    Content,
    /// White space up to the end of the last boundary's line.
    LastLine,
    /// What comes after; counts for nothing.
    Epilogue,
}

/// The parser. Give it a frame ([`Parser::push`]), take what it finds until there is nothing more ([`Parser::event`]),
/// and so on; at the end of the body ask whether it was whole ([`Parser::finish`]).
pub struct Parser {
    /// `CRLF--boundary`.
    delimiter: Finder<'static>,
    state: State,
    unread: Bytes,
    parts: usize,
}

impl Parser {
    /// A parser for a body with this boundary.
    pub fn new(boundary: &[u8]) -> Self {
        let delimiter = [b"\r\n--", boundary].concat();
        let delimiter = Finder::new(&delimiter).into_owned();
        Self { delimiter, state: State::Start, unread: Bytes::new(), parts: 0 }
    }

    /// The next bytes of the body, after `event` has found nothing more in those before.
    pub fn push(&mut self, frame: Bytes) {
        if self.unread.is_empty() {
            self.unread = frame;
            return;
        }
        // Once joined it is ours alone, and grows in place.
        let kept = std::mem::take(&mut self.unread);
        let mut joined = kept.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        joined.extend_from_slice(&frame);
        self.unread = joined.freeze();
    }

    /// What comes next, none when more bytes are needed.
    ///
    /// # Errors
    /// What is wrong with the frame. Nothing more comes after that.
    pub fn event(&mut self) -> Result<Option<Event>, Broken> {
        loop {
            let state = self.state;
            let event = match state {
                State::Start => self.start()?,
                State::Preamble(skipped) => self.preamble(skipped)?,
                State::Boundary => self.boundary(),
                State::BoundaryLine => self.line(State::Head(0))?,
                State::Head(searched) => self.head(searched)?,
                State::ContentStart => self.content_start(),
                State::Content => self.content(),
                State::LastLine => self.line(State::Epilogue)?,
                State::Epilogue => {
                    self.unread.clear();
                    None
                }
            };
            if event.is_some() || self.state == state {
                return Ok(event);
            }
        }
    }

    /// Whether the body may end here.
    ///
    /// # Errors
    /// That it may not.
    pub fn finish(self) -> Result<(), Broken> {
        match self.state {
            // Without the line break that many clients leave out, but with nothing else either.
            State::LastLine if self.unread.is_empty() => Ok(()),
            State::LastLine => Err(Broken::BoundaryLine),
            State::Epilogue => Ok(()),
            State::Start | State::Preamble(_) => Err(Broken::NoBoundary),
            _ => Err(Broken::Unfinished),
        }
    }

    /// `--boundary`.
    fn dash_boundary(&self) -> &[u8] {
        &self.delimiter.needle()[2..]
    }

    /// Whether `--boundary` stands here; none when more bytes are needed to tell.
    fn begins_with_boundary(&self) -> Option<bool> {
        let (unread, boundary) = (&self.unread[..], self.dash_boundary());
        match unread.len() >= boundary.len() {
            true => Some(unread.starts_with(boundary)),
            false => (!boundary.starts_with(unread)).then_some(false),
        }
    }

    /// Where the delimiter is, whole, or as far as its beginning stands at the end of what is there.
    fn delimiter_at(&self) -> (usize, bool) {
        if let Some(at) = self.delimiter.find(&self.unread) {
            return (at, true);
        }
        // It has a single CR, its first byte: only the last one can begin it.
        let tail = self.unread.len().saturating_sub(self.delimiter.needle().len() - 1);
        let begun = memchr::memrchr(b'\r', &self.unread[tail..]).map(|at| tail + at);
        let begun = begun.filter(|at| self.delimiter.needle().starts_with(&self.unread[*at..]));
        (begun.unwrap_or(self.unread.len()), false)
    }

    fn skip(&mut self, count: usize) {
        self.unread.advance(count);
    }

    fn start(&mut self) -> Result<Option<Event>, Broken> {
        match self.begins_with_boundary() {
            None => {}
            Some(false) => self.state = State::Preamble(0),
            Some(true) => {
                self.skip(self.dash_boundary().len());
                self.state = State::Boundary;
            }
        }
        Ok(None)
    }

    fn preamble(&mut self, skipped: usize) -> Result<Option<Event>, Broken> {
        let (at, is_whole) = self.delimiter_at();
        if skipped + at > MAX_PREAMBLE {
            return Err(Broken::NoBoundary);
        }
        if is_whole {
            self.skip(at + self.delimiter.needle().len());
            self.state = State::Boundary;
        } else if at > 0 {
            self.skip(at);
            self.state = State::Preamble(skipped + at);
        }
        Ok(None)
    }

    fn boundary(&mut self) -> Option<Event> {
        match &self.unread[..] {
            [] | [b'-'] => {}
            [b'-', b'-', ..] => {
                self.skip(2);
                self.state = State::LastLine;
            }
            _ => self.state = State::BoundaryLine,
        }
        None
    }

    /// White space and a line break, which behind the last boundary may be a line feed alone; then `after`.
    fn line(&mut self, after: State) -> Result<Option<Event>, Broken> {
        let padding = self.unread.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.skip(padding);
        match &self.unread[..] {
            [] | [b'\r'] => {}
            [b'\r', b'\n', ..] => {
                self.skip(2);
                self.state = after;
            }
            [b'\n', ..] if after == State::Epilogue => {
                self.skip(1);
                self.state = after;
            }
            _ => return Err(Broken::BoundaryLine),
        }
        Ok(None)
    }

    fn head(&mut self, searched: usize) -> Result<Option<Event>, Broken> {
        // A head without a line is its empty line alone.
        let end = match self.unread.starts_with(b"\r\n") {
            true => Some(0),
            false => memchr::memmem::find(&self.unread[searched..], b"\r\n\r\n").map(|at| searched + at + 2),
        };
        let Some(end) = end.filter(|end| *end <= MAX_PART_HEAD) else {
            self.state = State::Head(self.unread.len().saturating_sub(3));
            // The empty line may have begun.
            return if self.unread.len() > MAX_PART_HEAD + 1 { Err(Broken::LongHead) } else { Ok(None) };
        };
        if self.parts == MAX_PARTS {
            return Err(Broken::ManyParts);
        }
        self.parts += 1;
        let name = parse_head(&self.unread[..end])?;
        self.skip(end + 2);
        self.state = State::ContentStart;
        Ok(Some(Event::Part(name)))
    }

    fn content_start(&mut self) -> Option<Event> {
        match self.begins_with_boundary() {
            None => None,
            Some(false) => {
                self.state = State::Content;
                None
            }
            Some(true) => {
                self.skip(self.dash_boundary().len());
                self.state = State::Boundary;
                Some(Event::End)
            }
        }
    }

    fn content(&mut self) -> Option<Event> {
        let (at, is_whole) = self.delimiter_at();
        if at > 0 {
            return Some(Event::Data(self.unread.split_to(at)));
        }
        if !is_whole {
            return None;
        }
        self.skip(self.delimiter.needle().len());
        self.state = State::Boundary;
        Some(Event::End)
    }
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
