//! PDF, read from its first byte to its last: every object, without trusting the table that says where they are.
//!
//! Why no library (looked at: lopdf 0.47, hayro-syntax 0.9): lopdf bounds each object stream, but not their sum, none
//! can be interrupted, and none says what runs when a file is opened. What is needed here is little: that the pages
//! are there, and nothing runs. So objects are read as tokens, in one pass, and object streams are unpacked up to a
//! bound.
//!
//! Active content (JavaScript, programs started) is refused: a scan or a bill has none, and the file is for a
//! reviewer's viewer. Attachments are not: electronic invoices carry one, and no viewer opens it by itself. Nor are
//! the number and date formats of Acrobat's forms ([`forms`]).

mod forms;
mod lexer;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;

use super::Unreadable;
use super::watch::Watch;
use lexer::{Lexer, Token};
use value::{Dictionary, OBJECT, value};

/// The longest object stream once unpacked, and all streams' sum. Writers put 100 to 200 objects into one: some 50
/// KiB.
const OBJECT_STREAM_MAX: usize = 4 * 1024 * 1024;
const OBJECT_STREAMS_MAX: usize = 64 * 1024 * 1024;

/// What all compressed streams may unpack to; it is only counted. Five pages scanned in colour at 600 dots per
/// inch, or forty at 200, are as much when their images are compressed by Flate alone.
const UNPACKED_MAX: u64 = 512 * 1024 * 1024;

const STREAM: Unreadable = Unreadable::Broken("PDF stream");

/// A stream of a document: what its dictionary says, and where its content is.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) kind: Option<Vec<u8>>,
    pub(crate) filters: Vec<Vec<u8>>,
    pub(crate) content: Range<usize>,
}

/// Reads the document; tells how many pages it has.
pub(super) fn read(bytes: &[u8], watch: &Watch<'_>) -> Result<u32, Unreadable> {
    let mut document = Document::new(watch);
    document.file(bytes)?;
    document.pages()
}

/// The streams of a document, in order.
pub(crate) fn streams(bytes: &[u8]) -> Result<Vec<Stream>, Unreadable> {
    let watch = Watch::new(&|| false);
    let mut document = Document { listed: Some(Vec::new()), ..Document::new(&watch) };
    document.file(bytes)?;
    Ok(document.listed.unwrap_or_default())
}

struct Document<'a> {
    watch: &'a Watch<'a>,
    /// The catalog, the nodes of the tree of pages, and the pages; a later object replaces an earlier one.
    nodes: BTreeMap<u32, Node>,
    root: Option<u32>,
    /// Bytes of object streams, and of all others.
    packed: usize,
    unpacked: u64,
    inflater: Decompress,
    sink: Vec<u8>,
    /// The streams so far, where they are wanted; nothing is unpacked then.
    listed: Option<Vec<Stream>>,
}

#[derive(Debug)]
enum Node {
    Catalog { pages: u32 },
    Pages(Vec<u32>),
    Page,
}

impl<'a> Document<'a> {
    fn new(watch: &'a Watch<'a>) -> Self {
        Self {
            watch,
            nodes: BTreeMap::new(),
            root: None,
            packed: 0,
            unpacked: 0,
            inflater: Decompress::new(true),
            sink: vec![0; 64 * 1024],
            listed: None,
        }
    }

    /// Objects, tables and trailers, in the order in which they stand.
    fn file(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        let mut lexer = Lexer::new(bytes, 0);
        let mut numbers = [None; 2];
        let mut asked = 0;
        while let Some(token) = lexer.next()? {
            if lexer.at() >= asked {
                self.watch.ask()?;
                asked = lexer.at() + 64 * 1024;
            }
            match token {
                Token::Integer(number) => numbers = [numbers[1], Some(number)],
                Token::Word(b"obj") => {
                    let number = numbers[0].and_then(|number| u32::try_from(number).ok()).ok_or(OBJECT)?;
                    self.object(&mut lexer, bytes, number)?;
                    numbers = [None; 2];
                }
                Token::Word(b"trailer") => {
                    let Some(dictionary) = value(&mut lexer)? else { continue };
                    self.root = dictionary.root.or(self.root);
                }
                _ => numbers = [None; 2],
            }
        }
        Ok(())
    }

    /// An object from behind `obj` on.
    fn object(&mut self, lexer: &mut Lexer<'_>, bytes: &[u8], number: u32) -> Result<(), Unreadable> {
        let Some(dictionary) = value(lexer)? else {
            return Ok(());
        };
        let behind = lexer.at();
        if lexer.next()? != Some(Token::Word(b"stream")) {
            lexer.go(behind);
            self.keep(number, dictionary);
            return Ok(());
        }
        let content = content(bytes, lexer.at(), dictionary.length).ok_or(STREAM)?;
        lexer.go(content.end);
        self.root = dictionary.root.or(self.root);
        if let Some(listed) = &mut self.listed {
            listed.push(Stream { kind: dictionary.kind, filters: dictionary.filters, content });
            return Ok(());
        }
        let packed = &bytes[content];
        if dictionary.kind.as_deref() == Some(b"ObjStm") {
            return self.object_stream(&dictionary, packed);
        }
        if dictionary.filters.iter().any(|filter| filter == b"FlateDecode" || filter == b"Fl") {
            // Filters before it would have to be undone first; only what is compressed at once can be a bomb at once.
            self.count(packed)?;
        }
        Ok(())
    }

    fn keep(&mut self, number: u32, dictionary: Dictionary) {
        let node = match (dictionary.kind.as_deref(), dictionary.pages, dictionary.kids) {
            (Some(b"Catalog"), Some(pages), _) => Node::Catalog { pages },
            (Some(b"Pages"), _, Some(kids)) => Node::Pages(kids),
            (Some(b"Page"), ..) => Node::Page,
            _ => {
                self.nodes.remove(&number);
                return;
            }
        };
        self.nodes.insert(number, node);
    }

    /// Objects that are compressed together: pairs of number and place, then the objects.
    fn object_stream(&mut self, dictionary: &Dictionary, packed: &[u8]) -> Result<(), Unreadable> {
        let objects = match &dictionary.filters[..] {
            [] => packed.to_vec(),
            [filter] if (filter == b"FlateDecode" || filter == b"Fl") && !dictionary.predictor => {
                self.unpack(packed)?
            }
            _ => return Err(Unreadable::Broken("PDF object stream of a coding that nobody writes")),
        };
        self.packed += objects.len();
        if self.packed > OBJECT_STREAMS_MAX {
            return Err(Unreadable::Memory);
        }
        let (Some(count), Some(first)) = (dictionary.count, dictionary.first) else { return Err(OBJECT) };
        let mut index = Lexer::new(&objects, 0);
        let mut before = None;
        for _ in 0..count {
            let (Some(Token::Integer(number)), Some(Token::Integer(place))) = (index.next()?, index.next()?)
            else {
                return Err(OBJECT);
            };
            let number = u32::try_from(number).map_err(|_| OBJECT)?;
            let place =
                usize::try_from(place).ok().and_then(|place| place.checked_add(first)).ok_or(OBJECT)?;
            // In order: else the same bytes could be read as any number of objects.
            if place > objects.len() || before.is_some_and(|before| place < before) {
                return Err(OBJECT);
            }
            self.watch.ask()?;
            let mut lexer = Lexer::new(&objects, place);
            if let Some(dictionary) = value(&mut lexer)? {
                self.keep(number, dictionary);
            }
            before = Some(lexer.at());
        }
        Ok(())
    }

    fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let mut inflater = Decompress::new(true);
        let mut unpacked = Vec::with_capacity(packed.len().saturating_mul(4).clamp(1024, 64 * 1024));
        loop {
            self.watch.ask()?;
            let rest = &packed[usize::try_from(inflater.total_in()).unwrap_or(packed.len())..];
            let (read, written) = (inflater.total_in(), inflater.total_out());
            let status =
                inflater.decompress_vec(rest, &mut unpacked, FlushDecompress::None).map_err(|_| STREAM)?;
            match status {
                Status::StreamEnd => return Ok(unpacked),
                _ if unpacked.len() >= OBJECT_STREAM_MAX => return Err(Unreadable::Memory),
                _ if unpacked.len() == unpacked.capacity() => unpacked.reserve(unpacked.len()),
                _ if (inflater.total_in(), inflater.total_out()) == (read, written) => return Err(STREAM),
                _ => {}
            }
        }
    }

    /// How much a stream would unpack to. One that is broken on the way is a viewer's to judge.
    fn count(&mut self, packed: &[u8]) -> Result<(), Unreadable> {
        let inflater = &mut self.inflater;
        inflater.reset(true);
        loop {
            self.watch.ask()?;
            let (read, written) = (inflater.total_in(), inflater.total_out());
            let rest = &packed[usize::try_from(read).unwrap_or(packed.len())..];
            let status = inflater.decompress(rest, &mut self.sink, FlushDecompress::None);
            self.unpacked += inflater.total_out() - written;
            if self.unpacked > UNPACKED_MAX {
                return Err(Unreadable::Memory);
            }
            match status {
                Ok(Status::Ok) if (inflater.total_in(), inflater.total_out()) != (read, written) => {}
                _ => return Ok(()),
            }
        }
    }

    /// Counts the pages from the catalog on.
    fn pages(&self) -> Result<u32, Unreadable> {
        let named = self.root.and_then(|root| self.nodes.get(&root));
        let Some(Node::Catalog { pages }) = named else {
            return Err(Unreadable::Broken("PDF without its catalog"));
        };
        let mut open = vec![*pages];
        let mut seen = BTreeSet::new();
        let mut count = 0;
        while let Some(number) = open.pop() {
            if !seen.insert(number) {
                continue;
            }
            match self.nodes.get(&number) {
                Some(Node::Pages(kids)) => open.extend(kids),
                Some(Node::Page) => count += 1,
                _ => {}
            }
        }
        if count == 0 {
            // A tree that is written in a way which we do not follow, such as a list of kids in an object of its own.
            count = self.nodes.values().filter(|node| matches!(node, Node::Page)).count();
        }
        match u32::try_from(count) {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(Unreadable::Broken("PDF without a page")),
        }
    }
}

/// Where a stream's content is: as long as its dictionary says when `endstream` follows there, else up to the next
/// one.
fn content(bytes: &[u8], at: usize, length: Option<usize>) -> Option<Range<usize>> {
    let start = match bytes.get(at..)? {
        [b'\r', b'\n', ..] => at + 2,
        [b'\r' | b'\n', ..] => at + 1,
        _ => at,
    };
    let ends = |end: usize| {
        let behind = bytes.get(end..)?;
        let spaces = behind.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        behind[spaces..].starts_with(b"endstream").then_some(end)
    };
    if let Some(end) = length.and_then(|length| start.checked_add(length)).and_then(ends) {
        return Some(start..end);
    }
    memmem::find(&bytes[start..], b"endstream").map(|found| start..start + found)
}
