//! One value of a PDF: what a dictionary says that is looked for, and whether anything in it is run.

use super::super::Unreadable;
use super::forms;
use super::lexer::{self, Lexer, Token};

pub(super) const OBJECT: Unreadable = Unreadable::Broken("PDF object");

/// Names that as a value, wherever it stands, say that something is run. As a key they mean nothing: a picture may be
/// called so.
const ACTIVE: [&[u8]; 3] = [b"JavaScript", b"Launch", b"RichMedia"];

/// How deep values may lie in each other; the deepest in use are outlines and forms with a dozen.
const DEPTH_MAX: usize = 128;

/// What a dictionary at the top of an object says, of what we look for.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    pub(super) kind: Option<Vec<u8>>,
    pub(super) length: Option<usize>,
    pub(super) filters: Vec<Vec<u8>>,
    pub(super) predictor: bool,
    pub(super) count: Option<usize>,
    pub(super) first: Option<usize>,
    pub(super) root: Option<u32>,
    pub(super) pages: Option<u32>,
    pub(super) kids: Option<Vec<u32>>,
}

/// Reads one value to its end; tells what it says when it is a dictionary.
pub(super) fn value(lexer: &mut Lexer<'_>) -> Result<Option<Dictionary>, Unreadable> {
    let mut dictionary = Dictionary::default();
    let mut levels: Vec<Level> = Vec::new();
    // The key at the top whose value is under way, and the integers in it so far, for references.
    let mut key: Option<Vec<u8>> = None;
    let mut numbers = [None; 2];
    let mut top_is_dictionary = false;
    while let Some(token) = lexer.next()? {
        let depth = levels.len() as u32;
        match token {
            Token::Open | Token::OpenArray => {
                if levels.is_empty() {
                    top_is_dictionary = token == Token::Open;
                }
                levels.push(Level { is_dictionary: token == Token::Open, ..Level::default() });
                if levels.len() > DEPTH_MAX {
                    return Err(OBJECT);
                }
            }
            Token::Close | Token::CloseArray => {
                levels.pop().ok_or(OBJECT)?.judge()?;
                has_value(&mut levels);
            }
            Token::Name(name) => {
                let name = lexer::plain(name);
                let level = levels.last_mut();
                if let Some(level) = level.filter(|level| level.is_dictionary && !level.waits) {
                    level.begin(&name);
                    if depth == 1 {
                        dictionary.begin(&name)?;
                        key = Some(name.into_owned());
                    }
                    numbers = [None; 2];
                    continue;
                }
                runs(levels.last_mut(), &name)?;
                dictionary.name(key.as_deref(), depth, &name);
            }
            Token::Integer(number) => {
                dictionary.integer(key.as_deref(), depth, number);
                numbers = [numbers[1], Some(number)];
                // The next may be the second number of a reference, or the next key.
                if has_value(&mut levels) {
                    continue;
                }
            }
            Token::Word(b"R") => {
                let to = numbers[0].and_then(|number| u32::try_from(number).ok());
                dictionary.reference(key.as_deref(), depth, to);
            }
            // Nothing at all, which is null.
            Token::Word(b"endobj") if levels.is_empty() => return Ok(None),
            Token::Word(b"endobj" | b"stream" | b"obj") => return Err(OBJECT),
            Token::Text(text) => {
                if let Some(level) = levels.last_mut() {
                    level.text(text);
                }
            }
            Token::Word(_) | Token::Other => {
                has_value(&mut levels);
            }
        }
        numbers = [None; 2];
        if levels.is_empty() {
            return Ok(top_is_dictionary.then_some(dictionary));
        }
    }
    Err(OBJECT)
}

/// A value has come. Answers whether it is one within a list or a dictionary.
fn has_value(levels: &mut [Level]) -> bool {
    let level = levels.last_mut();
    level.map(|level| level.waits = false).is_some()
}

/// A list or a dictionary under way.
#[derive(Debug, Default)]
struct Level {
    is_dictionary: bool,
    /// A key has come, and its value not.
    waits: bool,
    key: Key,
    /// It has an `/S`, as each action has; it is a script's.
    is_action: bool,
    is_script: bool,
    /// How many `/JS` it has, and how many of them are formats of Acrobat's.
    scripts: u32,
    formats: u32,
}

/// The keys of an action.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
enum Key {
    #[default]
    Other,
    Action,
    Script,
}

impl Level {
    fn begin(&mut self, key: &[u8]) {
        self.waits = true;
        self.key = match key {
            b"S" => Key::Action,
            b"JS" => Key::Script,
            _ => Key::Other,
        };
        self.is_action |= self.key == Key::Action;
        self.scripts += u32::from(self.key == Key::Script);
    }

    fn text(&mut self, text: &[u8]) {
        if self.waits && self.key == Key::Script && forms::is_format(text) {
            self.formats += 1;
        }
        self.waits = false;
    }

    /// A script is run by an action that is a script's or has one.
    fn judge(&self) -> Result<(), Unreadable> {
        let runs = self.is_script || (self.is_action && self.scripts > 0);
        let is_format = self.scripts == 1 && self.formats == 1;
        if runs && !is_format { Err(Unreadable::Active) } else { Ok(()) }
    }
}

/// A name as a value: whether something is run by it.
fn runs(level: Option<&mut Level>, name: &[u8]) -> Result<(), Unreadable> {
    let is_active = ACTIVE.contains(&name);
    let Some(level) = level else { return if is_active { Err(Unreadable::Active) } else { Ok(()) } };
    let is_script = level.is_dictionary && level.waits && level.key == Key::Action && name == b"JavaScript";
    level.waits = false;
    level.is_script |= is_script;
    if is_active && !is_script { Err(Unreadable::Active) } else { Ok(()) }
}

impl Dictionary {
    fn begin(&mut self, key: &[u8]) -> Result<(), Unreadable> {
        match key {
            b"Encrypt" => return Err(Unreadable::Rejected(crate::Rejected::Encrypted)),
            b"Filter" | b"F" => self.filters.clear(),
            b"Kids" => self.kids = Some(Vec::new()),
            _ => {}
        }
        Ok(())
    }

    fn name(&mut self, key: Option<&[u8]>, depth: u32, name: &[u8]) {
        match (key, depth) {
            (Some(b"Type"), 1) => self.kind = Some(name.to_vec()),
            (Some(b"Filter"), 1 | 2) => self.filters.push(name.to_vec()),
            (Some(b"DecodeParms" | b"DP"), _) if name == b"Predictor" => self.predictor = true,
            _ => {}
        }
    }

    fn integer(&mut self, key: Option<&[u8]>, depth: u32, number: i64) {
        let number = usize::try_from(number).ok();
        match (key, depth) {
            (Some(b"Length"), 1) if self.length.is_none() => self.length = number,
            (Some(b"N"), 1) => self.count = number,
            (Some(b"First"), 1) => self.first = number,
            _ => {}
        }
    }

    fn reference(&mut self, key: Option<&[u8]>, depth: u32, to: Option<u32>) {
        let Some(to) = to else { return };
        match (key, depth) {
            (Some(b"Root"), 1) => self.root = Some(to),
            (Some(b"Pages"), 1) => self.pages = Some(to),
            (Some(b"Kids"), 2) => self.kids.get_or_insert_default().push(to),
            // A length that stands elsewhere is not looked up.
            (Some(b"Length"), 1) => self.length = None,
            _ => {}
        }
    }
}
