//! Reads a name into words that can be compared: lower-case ASCII, one word for each run of letters and digits.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::lists::{Class, class};
use super::spelling::spellings;

/// The longest name that is read, in characters. A name in a SEPA message has at most 140; twice that leaves room
/// for a name with its separators written out, and bounds the time of a comparison.
const MAX_CHARACTERS: usize = 280;

/// The most words that are read. Two persons with four given and four family names each have 17 with the "and"
/// between them; the pairs of words, which the time grows with, stay under 600.
const MAX_WORDS: usize = 24;

/// The word for `&`, `+` and `/`, which stand between two persons or two parts of a company's name.
pub(super) const CONNECTOR: &str = "&";

/// What stands between a word and the word before it. The strongest counts: "Nowak - Kowalska" has a hyphen.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Joint {
    /// A dot without a space: `M.Sc.`
    Dot,
    /// A space, a comma or other punctuation.
    Space,
    /// A hyphen.
    Hyphen,
}

/// A word of a name.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// The ways to write it in ASCII: at least one, the plainest first, none twice.
    pub(super) spellings: Vec<String>,
    /// Whether it is a single letter of an alphabet, as the `J` of "J. Nowak".
    pub(super) is_initial: bool,
    /// How it is joined to the word before it.
    pub(super) joint: Joint,
}

impl Word {
    /// Whether the two words have a spelling in common.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.spellings.iter().any(|one| other.spellings.contains(one))
    }

    /// Whether a spelling of this word is in the list.
    pub(super) fn is_in(&self, list: &[&str]) -> bool {
        self.spellings.iter().any(|one| list.contains(&one.as_str()))
    }

    /// How many letters the shortest spelling has.
    pub(super) fn shortest(&self) -> usize {
        self.spellings.iter().map(String::len).min().unwrap_or_default()
    }

    /// How many letters the longest spelling has.
    pub(super) fn longest(&self) -> usize {
        self.spellings.iter().map(String::len).max().unwrap_or_default()
    }

    /// What the word can be beside a name.
    pub(super) fn class(&self) -> Class {
        let mut classes = self.spellings.iter().map(|spelling| class(spelling));
        let first = classes.next().unwrap_or_default();
        classes.fold(first, |one, other| Class {
            is_title: one.is_title || other.is_title,
            is_degree_part: one.is_degree_part || other.is_degree_part,
            is_particle: one.is_particle || other.is_particle,
            is_connector: one.is_connector || other.is_connector,
            is_no_person: one.is_no_person || other.is_no_person,
            generation: one.generation.or(other.generation),
        })
    }

    /// Words written as one, in the spellings of each.
    pub(super) fn joined(words: &[Self]) -> Option<Self> {
        let ways = words.iter().map(|word| word.spellings.len()).max()?;
        let way = |index: usize| words.iter().map(|word| word.way(index)).collect();
        let joint = words.first()?.joint;
        Some(Self { spellings: (0..ways).map(way).collect(), is_initial: false, joint })
    }

    /// The spelling at the index, or the last.
    pub(super) fn way(&self, index: usize) -> &str {
        self.spellings.get(index).or(self.spellings.last()).map_or("", String::as_str)
    }
}

/// The words of a name, or nothing if it is too long to be one.
pub(super) fn words(text: &str) -> Option<Vec<Word>> {
    let mut reader = Reader { words: Vec::new(), current: String::new(), joint: None };
    // Compatibility forms can be longer than what they are forms of, so the limit holds for both.
    if text.chars().nth(MAX_CHARACTERS).is_some() {
        return None;
    }
    let read = |reader: &mut Reader, index: usize, character: char| {
        reader.read(character);
        index < MAX_CHARACTERS && reader.words.len() <= MAX_WORDS
    };
    let complete = if text.is_ascii() {
        text.chars().enumerate().all(|(index, character)| read(&mut reader, index, character))
    } else {
        let visible = text.chars().filter(|character| !is_hidden(*character) && !is_apostrophe(*character));
        visible.nfkc().enumerate().all(|(index, character)| read(&mut reader, index, character))
    };
    reader.end_word();
    (complete && reader.words.len() <= MAX_WORDS).then_some(reader.words)
}

struct Reader {
    words: Vec<Word>,
    /// The letters of the word that is being read.
    current: String,
    /// What was read since the last word.
    joint: Option<Joint>,
}

impl Reader {
    fn read(&mut self, character: char) {
        match character {
            _ if is_apostrophe(character) => {}
            _ if character.is_alphanumeric() || is_combining_mark(character) => self.current.push(character),
            '.' => self.end_word_with(Joint::Dot),
            '&' | '+' | '/' => {
                self.end_word();
                self.words.push(Word {
                    spellings: vec![CONNECTOR.to_owned()],
                    is_initial: false,
                    joint: Joint::Space,
                });
            }
            '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}' => self.end_word_with(Joint::Hyphen),
            _ => self.end_word_with(Joint::Space),
        }
    }

    fn end_word_with(&mut self, joint: Joint) {
        self.end_word();
        self.joint = self.joint.max(Some(joint));
    }

    fn end_word(&mut self) {
        if self.current.is_empty() {
            return;
        }
        let spellings = spellings(&self.current);
        // Chinese and Japanese write a whole family name in one character.
        let is_initial = self.current.chars().filter(|character| !is_combining_mark(*character)).count() == 1
            && self.current.chars().all(|character| character.is_alphabetic() && character < '\u{1100}');
        self.current.clear();
        let joint = self.joint.take().unwrap_or(Joint::Space);
        if !spellings.is_empty() {
            self.words.push(Word { spellings, is_initial, joint });
        }
    }
}

/// Apostrophes and what is typed for them. They vanish, so that "O'Connor" and "OConnor" are the same.
fn is_apostrophe(character: char) -> bool {
    matches!(
        character,
        '\'' | '`' | '´' | '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{2035}' | '\u{02B0}'..='\u{02FF}' | '\u{FF07}'
    )
}

/// Characters without a width of their own: they change nothing in a name but how it looks.
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}'
    )
}
