//! OFAC's `SDN.XML`: `sdnList/sdnEntry/idList/id`, each with `idType` and `idNumber`.
//!
//! One pass over the elements. All others are skipped, and the namespace is not compared: OFAC has changed it when the
//! place of publication changed.

use super::{ListError, ListProblem, SanctionedAddresses, at};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// The type of an identity document that is an address, before ` - ` and the currency.
const DIGITAL_CURRENCY: &str = "digital currency address";

/// The deepest element of the file is the fifth.
const MAX_DEPTH: usize = 16;

/// Longest type or number of an identity document, in bytes. Those of the list have up to about 110.
const MAX_VALUE: usize = 1024;

/// How much of the parser's words an error shows, for they can have a name of the file in them.
const SHOWN_CHARACTERS: usize = 80;

#[derive(Copy, Clone, PartialEq, Eq)]
enum Element {
    Id,
    Type,
    Number,
    Other,
}

/// An `id` that is being read.
#[derive(Default)]
struct Id {
    kind: Option<String>,
    number: Option<String>,
}

pub(super) fn read(text: &str, list: &mut SanctionedAddresses) -> Result<(), ListError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut scan = Scan { list, path: Vec::new(), has_root: false, id: Id::default() };
    loop {
        let offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(|error| malformed(&error));
        let is_end = matches!(event, Ok(Event::Eof));
        event.and_then(|event| scan.event(event)).map_err(|problem| at(text.as_bytes(), offset, problem))?;
        if is_end {
            return Ok(());
        }
    }
}

struct Scan<'a> {
    list: &'a mut SanctionedAddresses,
    /// The elements around us, the innermost last.
    path: Vec<Element>,
    has_root: bool,
    id: Id,
}

impl Scan<'_> {
    fn event(&mut self, event: Event<'_>) -> Result<(), ListProblem> {
        match event {
            Event::Start(start) => self.open(start.local_name().as_ref()),
            Event::End(_) => self.close(),
            Event::Text(text) => self.text(&text),
            Event::CData(text) => self.text(&text),
            Event::GeneralRef(reference) => self.text(resolved(&reference)?.as_bytes()),
            Event::DocType(_) => Err(ListProblem::Doctype),
            Event::Eof if self.path.is_empty() && self.has_root => Ok(()),
            Event::Eof => Err(ListProblem::Xml("the file ends within an element".to_owned())),
            // Empty elements come as a start and an end.
            Event::Empty(_) | Event::Decl(_) | Event::Comment(_) | Event::PI(_) => Ok(()),
        }
    }

    fn open(&mut self, name: &[u8]) -> Result<(), ListProblem> {
        let parent = self.path.last().copied();
        let element = match (parent, name) {
            (None, b"sdnList") if !self.has_root => {
                self.has_root = true;
                Element::Other
            }
            (None, _) => return Err(ListProblem::Root),
            (Some(Element::Type | Element::Number), _) => return Err(ListProblem::Value),
            (Some(Element::Id), b"idType") => open_value(&mut self.id.kind, Element::Type)?,
            (Some(Element::Id), b"idNumber") => open_value(&mut self.id.number, Element::Number)?,
            (Some(Element::Other), b"id") => {
                self.id = Id::default();
                Element::Id
            }
            (Some(Element::Id | Element::Other), _) => Element::Other,
        };
        self.path.push(element);
        if self.path.len() > MAX_DEPTH { Err(ListProblem::TooDeep) } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), ListProblem> {
        if self.path.pop() != Some(Element::Id) {
            return Ok(());
        }
        let Id { kind, number } = std::mem::take(&mut self.id);
        let Some(kind) = kind else { return Ok(()) };
        if !kind.trim().to_ascii_lowercase().starts_with(DIGITAL_CURRENCY) {
            return Ok(());
        }
        let currency = kind.rsplit_once(" - ").map(|(_, currency)| currency.trim());
        let number = number.ok_or(ListProblem::NoNumber)?;
        self.list.add(number.trim(), currency.filter(|currency| !currency.is_empty()))
    }

    fn text(&mut self, bytes: &[u8]) -> Result<(), ListProblem> {
        let text = std::str::from_utf8(bytes).map_err(|_| ListProblem::Encoding)?;
        let value = match self.path.last() {
            Some(Element::Type) => &mut self.id.kind,
            Some(Element::Number) => &mut self.id.number,
            None if !text.trim().is_empty() => {
                return Err(ListProblem::Xml("text outside the root".to_owned()));
            }
            _ => return Ok(()),
        };
        let value = value.get_or_insert_default();
        value.push_str(text);
        if value.len() > MAX_VALUE { Err(ListProblem::Value) } else { Ok(()) }
    }
}

/// Begins a value, which an `id` has once.
fn open_value(value: &mut Option<String>, element: Element) -> Result<Element, ListProblem> {
    match value.replace(String::new()) {
        None => Ok(element),
        Some(_) => Err(ListProblem::Value),
    }
}

fn resolved(reference: &BytesRef<'_>) -> Result<String, ListProblem> {
    let name: &[u8] = reference;
    let known = match name {
        b"amp" => "&",
        b"lt" => "<",
        b"gt" => ">",
        b"quot" => "\"",
        b"apos" => "'",
        _ if reference.is_char_ref() => {
            let character = reference.resolve_char_ref().map_err(|error| malformed(&error))?;
            return Ok(character.map(String::from).unwrap_or_default());
        }
        _ => return Err(ListProblem::Xml("an unknown entity".to_owned())),
    };
    Ok(known.to_owned())
}

fn malformed(error: &impl ToString) -> ListProblem {
    ListProblem::Xml(error.to_string().chars().take(SHOWN_CHARACTERS).collect())
}
