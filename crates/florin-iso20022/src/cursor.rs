//! A place in a document: one pass over its elements, with limits, and with the path for errors.
//!
//! A message's reader calls [`Cursor::children`] with a function that takes the children it knows. What it leaves is
//! skipped: unknown elements, and those of another namespace. What it takes may be there once, unless it says so.

use std::borrow::Cow;

use quick_xml::NsReader;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

use crate::{Kind, Limits, Problem, ReadError};

/// Namespace declarations of one element. Real files have three at the most; each makes every later lookup slower.
const MAX_NAMESPACES_PER_ELEMENT: usize = 8;

/// How much of a wrong value an error shows.
const SHOWN_CHARACTERS: usize = 80;

/// No element has it: a declaration without an address takes the namespace away.
const NO_NAMESPACE: &str = "";

/// The result of reading.
pub(crate) type Read<T> = Result<T, ReadError>;

/// Where we are.
pub(crate) struct Cursor<'a> {
    reader: NsReader<&'a [u8]>,
    input: &'a str,
    limits: Limits,
    /// Known once the root was seen.
    kind: Option<Kind>,
    /// That of the kind; a text that is no namespace before.
    namespace: &'static str,
    /// The names of the elements around us, the innermost last.
    path: Vec<&'a str>,
    /// Where the last event began.
    offset: usize,
    /// The last start tag.
    start: Option<BytesStart<'a>>,
    elements: usize,
    transactions: usize,
}

/// What comes next.
enum Step<'a> {
    /// An element begins; false when it is of another namespace.
    Open(&'a str, bool),
    Text(Cow<'a, str>),
    Close,
    End,
}

/// The namespace of an element.
enum Namespace {
    /// The root's.
    Ours,
    /// Another, or none. Its text is there for the root only.
    Other(String),
    /// Its prefix was not declared.
    Undeclared,
}

impl<'a> Cursor<'a> {
    /// At the start of a document, whose size was checked.
    pub fn new(input: &'a str, limits: Limits) -> Self {
        let mut reader = NsReader::from_str(input);
        reader.config_mut().check_comments = true;
        reader.config_mut().expand_empty_elements = true;
        reader.resolver_mut().set_max_declarations_per_element(MAX_NAMESPACES_PER_ELEMENT);
        Self {
            reader,
            input,
            limits,
            kind: None,
            namespace: NO_NAMESPACE,
            path: Vec::new(),
            offset: 0,
            start: None,
            elements: 0,
            transactions: 0,
        }
    }

    /// Opens the root, and says by its namespace what the document is.
    pub fn open_root(&mut self) -> Read<Kind> {
        loop {
            match self.step()? {
                Step::Open("Document", _) => {
                    return self.kind.ok_or_else(|| self.error(Problem::Root("Document")));
                }
                Step::Open(..) => return Err(self.error(Problem::Root("Document"))),
                Step::Text(text) if is_blank(&text) => {}
                Step::End => return Err(self.error(Problem::Missing("Document"))),
                Step::Text(_) | Step::Close => return Err(self.error(Problem::MixedContent)),
            }
        }
    }

    /// Makes sure that nothing comes after the root.
    pub fn end(&mut self) -> Read<()> {
        loop {
            match self.step()? {
                Step::End => return Ok(()),
                Step::Text(text) if is_blank(&text) => {}
                _ => {
                    self.path.clear();
                    return Err(self.error(Problem::Trailing));
                }
            }
        }
    }

    /// Reads the present element to its end, and calls `each` for each child, inside of it. A child that `each` takes
    /// may be there once, unless it is one of `many`.
    pub fn children(&mut self, many: &[&str], mut each: impl FnMut(&mut Self, &str) -> Read<()>) -> Read<()> {
        let mut seen: Vec<&str> = Vec::new();
        loop {
            match self.step()? {
                Step::Close => return Ok(()),
                Step::Open(_, false) => self.skip()?,
                Step::Open(name, true) => {
                    let inside = self.path.len();
                    each(self, name)?;
                    if self.path.len() == inside {
                        self.skip()?;
                        continue;
                    }
                    if seen.contains(&name) {
                        self.path.push(name);
                        return Err(self.error(Problem::Duplicate));
                    }
                    if !many.contains(&name) {
                        seen.push(name);
                    }
                }
                Step::Text(text) if is_blank(&text) => {}
                Step::Text(_) => return Err(self.error(Problem::MixedContent)),
                Step::End => return Err(self.cut_off()),
            }
        }
    }

    /// Reads the present element's text to its end and gives it, without the spaces around it, to `parse`.
    pub fn value<T>(&mut self, parse: impl FnOnce(&str) -> Result<T, Problem>) -> Read<T> {
        let name = self.path.last().copied().unwrap_or_default();
        let mut whole: Cow<'a, str> = Cow::Borrowed("");
        loop {
            match self.step()? {
                Step::Close => break,
                Step::Text(text) if whole.is_empty() => whole = text,
                Step::Text(text) => whole.to_mut().push_str(&text),
                Step::Open(..) => {
                    self.path.pop();
                    return Err(self.error(Problem::ElementInText));
                }
                Step::End => return Err(self.cut_off()),
            }
        }
        parse(whole.trim()).map_err(|problem| {
            self.path.push(name);
            self.error(problem)
        })
    }

    /// An attribute of the element that has just begun, as it is written.
    pub fn attribute(&self, name: &str) -> Read<Option<String>> {
        let Some(start) = &self.start else { return Ok(None) };
        let found = start.try_get_attribute(name);
        let found = found.map_err(|error| self.error(malformed(&error)))?;
        Ok(found.map(|attribute| String::from_utf8_lossy(&attribute.value).into_owned()))
    }

    /// Counts an entry or a transaction, which stays in memory.
    pub fn count_transaction(&mut self) -> Read<()> {
        self.transactions += 1;
        if self.transactions > self.limits.transactions {
            return Err(self.error(Problem::TooManyTransactions(self.limits.transactions)));
        }
        Ok(())
    }

    /// What must be there, inside the present element.
    pub fn required<T>(&self, value: Option<T>, name: &'static str) -> Read<T> {
        value.ok_or_else(|| self.error(Problem::Missing(name)))
    }

    /// An error in the child that has just ended.
    pub fn error_in(&self, name: &str, problem: Problem) -> ReadError {
        let mut error = self.error(problem);
        error.path.extend(["/", name]);
        error
    }

    /// An error here.
    pub fn error(&self, problem: Problem) -> ReadError {
        let before = self.input.as_bytes().get(..self.offset).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let path: Vec<String> = self.path.iter().map(|name| shown(name)).collect();
        ReadError { problem, path: path.join("/"), line, offset: self.offset }
    }

    fn skip(&mut self) -> Read<()> {
        let inside = self.path.len();
        while self.path.len() >= inside {
            if matches!(self.step()?, Step::End) {
                return Err(self.cut_off());
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Read<Step<'a>> {
        loop {
            self.offset = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
            let (namespace, event) = match self.reader.read_resolved_event() {
                Ok(found) => found,
                Err(error) => return Err(self.error(malformed(&error))),
            };
            match event {
                Event::Start(start) => {
                    // Of other namespaces only the root's is kept: a long one must not be copied for each element.
                    let namespace = match namespace {
                        ResolveResult::Bound(found) if found.0 == self.namespace.as_bytes() => {
                            Namespace::Ours
                        }
                        ResolveResult::Bound(found) if self.kind.is_none() => {
                            Namespace::Other(String::from_utf8_lossy(found.0).into_owned())
                        }
                        ResolveResult::Bound(_) | ResolveResult::Unbound => Namespace::Other(String::new()),
                        ResolveResult::Unknown(_) => Namespace::Undeclared,
                    };
                    return self.open(start, namespace);
                }
                Event::End(_) => {
                    self.path.pop();
                    return Ok(Step::Close);
                }
                Event::Text(text) => return self.text(text.into_inner()).map(Step::Text),
                Event::CData(text) => return self.text(text.into_inner()).map(Step::Text),
                Event::GeneralRef(reference) => return self.reference(&reference).map(Step::Text),
                Event::Eof if self.path.is_empty() => return Ok(Step::End),
                Event::Eof => return Err(self.cut_off()),
                Event::DocType(_) => return Err(self.error(Problem::Doctype)),
                Event::Decl(declaration) => self.declaration(&declaration)?,
                Event::Comment(_) | Event::PI(_) => {}
                // Empty elements are expanded to a start and an end.
                Event::Empty(_) => return Err(self.error(Problem::Xml("an empty element".to_owned()))),
            }
        }
    }

    fn open(&mut self, start: BytesStart<'a>, namespace: Namespace) -> Read<Step<'a>> {
        // A tag begins with `<`, then its name: taken from the input, where it lives as long as the path.
        let name =
            self.input.get(self.offset + 1..self.offset + 1 + start.name().0.len()).unwrap_or_default();
        let name = name.rsplit_once(':').map_or(name, |(_, local)| local);
        self.path.push(name);
        self.start = Some(start);
        self.elements += 1;
        if self.path.len() > self.limits.depth {
            return Err(self.error(Problem::TooDeep(self.limits.depth)));
        }
        if self.elements > self.limits.elements {
            return Err(self.error(Problem::TooManyElements(self.limits.elements)));
        }
        match (namespace, self.kind) {
            (Namespace::Ours, _) => Ok(Step::Open(name, true)),
            (Namespace::Undeclared, _) => Err(self.error(Problem::Xml("an undeclared prefix".to_owned()))),
            (Namespace::Other(_), Some(_)) => Ok(Step::Open(name, false)),
            (Namespace::Other(namespace), None) => {
                let kind = Kind::of_namespace(&namespace);
                let kind = kind.ok_or_else(|| self.error(Problem::Namespace(shown(&namespace))))?;
                (self.kind, self.namespace) = (Some(kind), kind.namespace());
                Ok(Step::Open(name, true))
            }
        }
    }

    fn text(&self, bytes: Cow<'a, [u8]>) -> Read<Cow<'a, str>> {
        // The input is UTF-8, and its pieces end at markup.
        let text = match bytes {
            Cow::Borrowed(bytes) => str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        };
        text.ok_or_else(|| self.error(Problem::Encoding))
    }

    fn reference(&self, reference: &BytesRef<'a>) -> Read<Cow<'a, str>> {
        let name: &[u8] = reference;
        let known = match name {
            b"amp" => "&",
            b"lt" => "<",
            b"gt" => ">",
            b"quot" => "\"",
            b"apos" => "'",
            _ if reference.is_char_ref() => {
                let character = reference.resolve_char_ref();
                let character = character.map_err(|error| self.error(malformed(&error)))?;
                return Ok(Cow::Owned(character.map(String::from).unwrap_or_default()));
            }
            _ => return Err(self.error(Problem::Entity)),
        };
        Ok(Cow::Borrowed(known))
    }

    fn declaration(&self, declaration: &BytesDecl<'a>) -> Read<()> {
        if self.offset != 0 {
            return Err(self.error(Problem::Xml("an XML declaration inside the document".to_owned())));
        }
        let version = declaration.version();
        let version = version.map_err(|error| self.error(malformed(&error)))?;
        if *version != *b"1.0" {
            return Err(self.error(Problem::Xml("a version other than 1.0".to_owned())));
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if name.eq_ignore_ascii_case(b"UTF-8") => Ok(()),
            Some(_) => Err(self.error(Problem::Encoding)),
        }
    }

    fn cut_off(&self) -> ReadError {
        self.error(Problem::Xml("the document ends within an element".to_owned()))
    }
}

/// The parser's words, which may have a name of any length in them.
fn malformed(error: &impl ToString) -> Problem {
    Problem::Xml(shown(&error.to_string()))
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// The beginning of a wrong value, for an error.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARACTERS).collect()
}
