//! Compares a given name with a company's: the names without their legal forms, then the forms.

use super::Comparison;
use super::fold::{Joint, Word, words};
use super::lists::{COMPANY_CONNECTORS, COMPANY_TITLES, FORMS, FORMS_IN_FRONT};
use super::person::differ_by_a_typo;

/// A form with fewer letters is only looked for at the ends of a name: "AS" and "SE" can be part of the name itself.
const MIN_FORM_LETTERS_ANYWHERE: usize = 4;

/// How many words must be the same when one word is left over: "Nowak Transport" is close to "Nowak Transport Polska",
/// but "Bank" isn't close to "Deutsche Bank".
const MIN_SAME_WORDS: usize = 2;

/// A word that is left over must have as many letters. Shorter ones, and numbers, tell companies of a group apart.
const MIN_LEFTOVER_LETTERS: usize = 3;

pub(super) fn compare(given: &str, name: &str) -> Comparison {
    let (Some(given), Some(name)) = (words(given), words(name)) else { return Comparison::NotPossible };
    if given.is_empty() || name.is_empty() {
        return Comparison::NotPossible;
    }
    let (given, name) = (Company::read(given), Company::read(name));
    let is_same = |one: &[Word], other: &[Word]| match (Word::joined(one), Word::joined(other)) {
        (Some(one), Some(other)) => one.is(&other),
        _ => false,
    };
    if is_same(&given.name, &name.name) {
        return if given.form == name.form { Comparison::Match } else { Comparison::CloseMatch };
    }
    let (given, name) = (without_connectors(&given.name), without_connectors(&name.name));
    let is_close =
        is_same(&given, &name) || has_one_typo(&given, &name) || has_same_words_but_one(&given, &name);
    if is_close { Comparison::CloseMatch } else { Comparison::NoMatch }
}

struct Company {
    name: Vec<Word>,
    form: Option<&'static str>,
}

impl Company {
    /// Takes the legal form out of a name. A name without anything else keeps it.
    fn read(words: Vec<Word>) -> Self {
        let mut name = join_dotted(words);
        for word in &mut name {
            if word.is_in(COMPANY_CONNECTORS) {
                word.spellings = vec![super::fold::CONNECTOR.to_owned()];
            }
        }
        if name.len() > 1 && name[0].is_in(COMPANY_TITLES) {
            name.remove(0);
        }
        let form = Self::find_form(&name).map(|(start, length, form)| {
            name.drain(start..start + length);
            form
        });
        Self { name, form }
    }

    /// Where the form is, how many words it has, and what it stands for. The longest at the end of the name counts,
    /// then one in front of it, then one in between ("Müller GmbH Berlin").
    fn find_form(name: &[Word]) -> Option<(usize, usize, &'static str)> {
        let is_at = |start: usize, form: &[&str]| {
            let words = name.get(start..start + form.len());
            words.is_some_and(|words| words.iter().zip(form).all(|(word, part)| is_form_word(word, part)))
        };
        let forms = || FORMS.iter().filter(|(form, _)| form.len() < name.len());
        let at_end = forms()
            .filter(|(form, _)| is_at(name.len() - form.len(), form))
            .max_by_key(|(form, _)| form.len());
        if let Some((form, stands_for)) = at_end {
            return Some((name.len() - form.len(), form.len(), stands_for));
        }
        let in_front =
            forms().find(|(form, stands_for)| FORMS_IN_FRONT.contains(stands_for) && is_at(0, form));
        if let Some((form, stands_for)) = in_front {
            return Some((0, form.len(), stands_for));
        }
        let letters = |form: &[&str]| form.iter().map(|part| part.len()).sum::<usize>();
        (1..name.len()).find_map(|start| {
            let long = forms().filter(|(form, _)| letters(form) >= MIN_FORM_LETTERS_ANYWHERE);
            let longest = long.filter(|(form, _)| is_at(start, form)).max_by_key(|(form, _)| form.len());
            longest.map(|(form, stands_for)| (start, form.len(), *stands_for))
        })
    }
}

/// Whether the word is the part of a form; every "and" in a form is the same.
fn is_form_word(word: &Word, part: &str) -> bool {
    let part = if COMPANY_CONNECTORS.contains(&part) { super::fold::CONNECTOR } else { part };
    word.spellings.iter().any(|spelling| spelling == part)
}

/// Joins single letters with dots between them: "S.A.R.L." is "sarl", "o.o." is "oo".
fn join_dotted(words: Vec<Word>) -> Vec<Word> {
    let mut joined: Vec<Word> = Vec::with_capacity(words.len());
    let mut was_initial = false;
    for word in words {
        let is_initial = word.is_initial;
        match joined.last_mut() {
            Some(before) if is_initial && was_initial && word.joint == Joint::Dot => {
                if let Some(run) = Word::joined(&[before.clone(), word]) {
                    *before = run;
                }
            }
            _ => joined.push(word),
        }
        was_initial = is_initial;
    }
    joined
}

fn without_connectors(name: &[Word]) -> Vec<Word> {
    name.iter().filter(|word| !word.is_in(COMPANY_CONNECTORS)).cloned().collect()
}

/// Whether all words are the same but one, which differs by a typing error.
fn has_one_typo(given: &[Word], name: &[Word]) -> bool {
    let mut different = given.iter().zip(name).filter(|(given, known)| !given.is(known));
    let first = different.next();
    given.len() == name.len()
        && different.next().is_none()
        && first.is_some_and(|(given, known)| differ_by_a_typo(given, known))
}

/// Whether both have the same words, in any order, but for one that is missing on one side.
fn has_same_words_but_one(given: &[Word], name: &[Word]) -> bool {
    let (short, long) = if given.len() <= name.len() { (given, name) } else { (name, given) };
    let mut left: Vec<&Word> = long.iter().collect();
    for word in short {
        let Some(place) = left.iter().position(|other| other.is(word)) else { return false };
        left.remove(place);
    }
    let may_be_missing = |word: &Word| {
        let spelling = word.way(0);
        spelling.len() >= MIN_LEFTOVER_LETTERS
            && !spelling.bytes().any(|byte| byte.is_ascii_digit())
            && word.class().generation.is_none()
    };
    match left.as_slice() {
        [] => !short.is_empty(),
        [word] => short.len() >= MIN_SAME_WORDS && may_be_missing(word),
        _ => false,
    }
}
