//! Compares a given name with a person's: pairs their words, then judges the words that are left over.

use strsim::osa_distance;

use super::Comparison;
use super::fold::{Joint, Word, words};
use super::lists::FORMS;

/// Words with fewer letters are not searched for typing errors: one edit makes Jan of Jon, and Anna of Hanna.
const MIN_TYPO_LETTERS: usize = 5;

/// Longer words are not searched either: the time grows with the square, and no name has a word so long.
const MAX_TYPO_LETTERS: usize = 40;

/// How many full words more than the account's name the given name may have: a second given name and a second
/// family name. With more, one request could try a list of names.
const MAX_EXTRA_WORDS: usize = 2;

/// How many of them the payer's own name may have: with two it can be another person's.
const MAX_EXTRA_WORDS_OF_OWN: usize = 1;

/// How many words written apart can be one word on the other side: "de la Cruz" and "Delacruz" need three.
const MAX_JOINED: usize = 4;

/// How many persons a given name may list: two, and one more for "Mr and Mrs Jan and Anna Nowak".
const MAX_PERSONS: usize = 3;

/// What a comparison found.
#[derive(Copy, Clone, Debug)]
pub(super) struct Verdict {
    pub(super) comparison: Comparison,
    /// Whether the name is good enough for the first-party check.
    pub(super) is_own: bool,
}

const NO_MATCH: Verdict = Verdict { comparison: Comparison::NoMatch, is_own: false };

pub(super) fn compare(given: &str, first_names: &str, last_names: &str) -> Verdict {
    let not_possible = Verdict { comparison: Comparison::NotPossible, is_own: false };
    let (Some(given), Some(first), Some(last)) = (words(given), words(first_names), words(last_names)) else {
        return not_possible;
    };
    if given.is_empty() || (first.is_empty() && last.is_empty()) {
        return not_possible;
    }
    if ends_in_a_form(&given, &first, &last) {
        return NO_MATCH;
    }
    let whole = compare_words(given.clone(), &first, &last);
    if whole.comparison == Comparison::Match || !names_one_of_several(&given, &first, &last) {
        return whole;
    }
    Verdict { comparison: Comparison::CloseMatch, is_own: true }
}

/// Whether the letters at the end of a name are a company's form, written with dots: "Jan Nowak S.A.". They are
/// initials where the name is not whole without them: "Nowak S.A." can be Stefan Adam.
fn ends_in_a_form(given: &[Word], first: &[Word], last: &[Word]) -> bool {
    let letters = given.iter().rev().take_while(|word| word.is_initial).count();
    let (name, form) = given.split_at(given.len() - letters);
    if letters < 2 || name.is_empty() {
        return false;
    }
    let is_form = FORMS.iter().any(|(known, _)| {
        known.len() == form.len() && known.iter().zip(form).all(|(known, word)| word.is_in(&[known]))
    });
    let is_word = Word::joined(form).is_some_and(|word| word.class().is_no_person);
    (is_form || is_word) && compare_words(name.to_vec(), first, last).comparison == Comparison::Match
}

/// Whether a word of a list says that it does not list persons: "Jan Nowak et Fils" too.
fn is_no_person(word: &Word) -> bool {
    word.class().is_no_person || word.is_in(&["fils", "pere"])
}

/// Whether the given name lists persons ("Jan Nowak und Anna Nowak", "Jan und Anna Nowak") of whom one is exactly
/// this one.
fn names_one_of_several(given: &[Word], first: &[Word], last: &[Word]) -> bool {
    let persons: Vec<&[Word]> =
        given.split(|word| word.class().is_connector).filter(|part| !part.is_empty()).collect();
    if !(2..=MAX_PERSONS).contains(&persons.len()) || given.iter().any(is_no_person) {
        return false;
    }
    let is_person = |words: Vec<Word>| compare_words(words, first, last).comparison == Comparison::Match;
    persons.iter().enumerate().any(|(index, person)| {
        // "Jan und Anna Nowak": the family name of the others, in front or behind, is Jan's too.
        let shares_family = !last.is_empty()
            && !person.iter().any(|word| last.iter().any(|family| family.is(word)))
            && persons.iter().enumerate().any(|(other, words)| {
                let is_longer = other != index && words.len() > last.len();
                is_longer
                    && (is_same_run(&words[words.len() - last.len()..], last)
                        || is_same_run(&words[..last.len()], last))
            });
        is_person(person.to_vec()) || (shares_family && is_person([*person, last].concat()))
    })
}

fn compare_words(mut given: Vec<Word>, first: &[Word], last: &[Word]) -> Verdict {
    if is_same_run(&given, &[first, last].concat()) || is_same_run(&given, &[last, first].concat()) {
        return Verdict { comparison: Comparison::Match, is_own: true };
    }
    let (mut first, mut last) = (first.to_vec(), last.to_vec());
    join(&mut given, &[&first, &last]);
    join(&mut first, &[&given]);
    join(&mut last, &[&given]);
    let mut pairing = Pairing::new(&given, &first, &last);
    pairing.pair(Found::Exact, Word::is);
    pairing.pair_umlauts();
    pairing.pair_one_typo();
    pairing.pair(Found::Initial, |given, known| {
        let starts = |short: &Word, long: &Word| {
            short.spellings.iter().any(|start| long.spellings.iter().any(|word| word.starts_with(start)))
        };
        given.is_initial != known.is_initial
            && if given.is_initial { starts(given, known) } else { starts(known, given) }
    });
    pairing.pair_run_of_initials();
    pairing.judge()
}

/// Whether the words are the same and in the same order, or the given name is all of them in one word, as Chinese
/// names are written.
fn is_same_run(given: &[Word], known: &[Word]) -> bool {
    match given {
        [one] => Word::joined(known).is_some_and(|known| known.is(one)),
        _ => given.len() == known.len() && given.iter().zip(known).all(|(given, known)| given.is(known)),
    }
}

/// Joins words that are one word on the other side: "Anne-Marie" for "Annemarie", "O Connor" for "O'Connor".
fn join(words: &mut Vec<Word>, others: &[&[Word]]) {
    let others = || others.iter().flat_map(|words| words.iter());
    let mut start = 0;
    while start < words.len() {
        let is_known = |word: &Word| others().any(|other| other.is(word));
        let joined = (2..=MAX_JOINED).rev().find_map(|length| {
            let run = words.get(start..start + length)?;
            let shortest: usize = run.iter().map(Word::shortest).sum();
            let may_be_known = others().any(|other| other.longest() >= shortest);
            let is_different = may_be_known && run.iter().any(|word| !is_known(word));
            is_different.then(|| Word::joined(run)).flatten().filter(is_known).map(|joined| (length, joined))
        });
        if let Some((length, joined)) = joined {
            words.splice(start..start + length, [joined]);
        }
        start += 1;
    }
}

/// How a word of the account's name was found in the given name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Found {
    /// The same, or another spelling of the same.
    Exact,
    /// The same but for a typing error.
    Typo,
    /// By its first letter.
    Initial,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Part {
    First,
    Last,
}

/// A word of the account's name.
struct Known<'a> {
    word: &'a Word,
    part: Part,
    /// How it was found, and where.
    found: Option<(Found, usize)>,
}

struct Pairing<'a> {
    given: &'a [Word],
    /// For each given word, the known word that was found by it.
    taken: Vec<Option<usize>>,
    known: Vec<Known<'a>>,
}

/// Words that are left over on one side.
#[derive(Default)]
struct Leftover {
    /// Full words.
    names: usize,
    initials: usize,
    particles: usize,
    /// Words for "and" and "or".
    connectors: usize,
    generations: Vec<u8>,
    /// Whether there is a word that no person's name has.
    is_foreign: bool,
}

impl<'a> Pairing<'a> {
    fn new(given: &'a [Word], first: &'a [Word], last: &'a [Word]) -> Self {
        let known = |part: Part| move |word: &'a Word| Known { word, part, found: None };
        // Given names last: if both have the same word, it is the family name that must not be missing.
        let known = last.iter().map(known(Part::Last)).chain(first.iter().map(known(Part::First))).collect();
        Self { given, taken: vec![None; given.len()], known }
    }

    /// Pairs words, each with the first of the others that it goes with.
    fn pair(&mut self, how: Found, goes_with: impl Fn(&Word, &Word) -> bool) {
        for (index, known) in self.known.iter_mut().enumerate().filter(|(_, known)| known.found.is_none()) {
            let mut free = (0..self.given.len()).filter(|place| self.taken[*place].is_none());
            if let Some(place) = free.find(|place| goes_with(&self.given[*place], known.word)) {
                known.found = Some((how, place));
                self.taken[place] = Some(index);
            }
        }
    }

    /// Pairs words of which one has an umlaut written out and the other has it left out: Mueller and Muller. For a
    /// family name they are the same, for a given name they may be two (Michael and Michal).
    fn pair_umlauts(&mut self) {
        for part in [Part::Last, Part::First] {
            let how = if part == Part::Last { Found::Exact } else { Found::Typo };
            for index in 0..self.known.len() {
                let known = &self.known[index];
                if known.part != part || known.found.is_some() {
                    continue;
                }
                let same = |place: &usize| are_same_but_for_umlauts(&self.given[*place], known.word);
                let mut free = (0..self.given.len()).filter(|place| self.taken[*place].is_none());
                if let Some(place) = free.find(same) {
                    self.known[index].found = Some((how, place));
                    self.taken[place] = Some(index);
                }
            }
        }
    }

    /// Pairs one word, and one only, with a word that differs by a typing error.
    fn pair_one_typo(&mut self) {
        if self.known.iter().any(|known| known.found.is_some_and(|(how, _)| how == Found::Typo)) {
            return;
        }
        for (index, known) in self.known.iter_mut().enumerate().filter(|(_, known)| known.found.is_none()) {
            let mut free = (0..self.given.len()).filter(|place| self.taken[*place].is_none());
            if let Some(place) = free.find(|place| differ_by_a_typo(&self.given[*place], known.word)) {
                known.found = Some((Found::Typo, place));
                self.taken[place] = Some(index);
                return;
            }
        }
    }

    /// Pairs "JP" with Jan Piotr.
    fn pair_run_of_initials(&mut self) {
        let initials: String = (self.known.iter())
            .filter(|known| known.part == Part::First && known.found.is_none())
            .filter_map(|known| known.word.way(0).chars().next())
            .collect();
        let run = |place: &usize| self.taken[*place].is_none() && self.given[*place].is_in(&[&initials]);
        if initials.len() < 2 {
            return;
        }
        if let Some(place) = (0..self.given.len()).find(run) {
            for (index, known) in self.known.iter_mut().enumerate() {
                if known.part == Part::First && known.found.is_none() {
                    known.found = Some((Found::Initial, place));
                    self.taken[place] = Some(index);
                }
            }
        }
    }

    fn judge(&self) -> Verdict {
        let places = (0..self.given.len()).filter(|place| self.taken[*place].is_none());
        let extra = leftover(places.map(|place| (&self.given[place], is_title(self.given, place))));
        let missing = self.known.iter().filter(|known| known.found.is_none());
        let missing = leftover(missing.map(|known| (known.word, known.word.class().is_title)));
        let has_names = |left: &Leftover| left.names + left.initials > 0;
        if extra.is_foreign
            || missing.is_foreign
            || extra.connectors > extra.initials + extra.particles
            || (extra.connectors > 0 && extra.names > 0)
            || extra.names + extra.initials > MAX_EXTRA_WORDS
            || (has_names(&extra) && has_names(&missing))
            || (!extra.generations.is_empty()
                && !missing.generations.is_empty()
                && extra.generations != missing.generations)
        {
            return NO_MATCH;
        }
        let nothing_left = |left: &Leftover| {
            left.names + left.initials + left.particles + left.connectors == 0 && left.generations.is_empty()
        };
        let in_order = [self.is_in_order(Part::First), self.is_in_order(Part::Last)];
        let all_exact = self.known.iter().all(|known| known.found.is_none_or(|(how, _)| how == Found::Exact));
        let has_part = |part: Part| {
            let mut known = self.known.iter().filter(|known| known.part == part).peekable();
            known.peek().is_none() || known.any(|known| known.found.is_some())
        };
        let has_parts = has_part(Part::First) && has_part(Part::Last);
        if has_parts && all_exact && in_order == [true; 2] && nothing_left(&extra) && nothing_left(&missing) {
            return Verdict { comparison: Comparison::Match, is_own: true };
        }
        if !self.has_both_parts() {
            return NO_MATCH;
        }
        let has_typo = self.known.iter().any(|known| known.found.is_some_and(|(how, _)| how == Found::Typo));
        let is_own = !has_typo
            && in_order[0]
            && extra.names <= MAX_EXTRA_WORDS_OF_OWN
            && !self.repeats_a_name()
            && self.has_the_first_given_name_first();
        Verdict { comparison: Comparison::CloseMatch, is_own }
    }

    /// Whether enough of the given names and enough of the family names was found for a close match.
    fn has_both_parts(&self) -> bool {
        let found = |part: Part, how: Found| {
            let mut found =
                self.names(part).filter(|known| known.found.is_some_and(|(found, _)| found == how));
            found.next().is_some()
        };
        let all_of = |part: Part| {
            self.names(part).all(|known| known.found.is_some_and(|(how, _)| how == Found::Exact))
        };
        let first = found(Part::First, Found::Exact);
        let last = found(Part::Last, Found::Exact);
        // A typing error in one part needs the other exact; initials need the whole family name.
        (first && (last || found(Part::Last, Found::Typo)))
            || (last && found(Part::First, Found::Typo))
            || (last && found(Part::First, Found::Initial) && all_of(Part::Last))
    }

    /// The words of a part that are names, or all if none is: "Pan" and "Van" are names of people too.
    fn names(&self, part: Part) -> impl Iterator<Item = &Known<'a>> {
        let is_name = |known: &Known<'_>| !known.word.class().is_particle && !known.word.class().is_title;
        let of_part = move |known: &&Known<'a>| known.part == part;
        let has_names = self.known.iter().filter(of_part).any(is_name);
        self.known.iter().filter(of_part).filter(move |known| !has_names || is_name(known))
    }

    /// Whether the words of a part come in the account's order: "Maria José" is not "José María". Particles are not
    /// counted: "Berg, Jan van der".
    fn is_in_order(&self, part: Part) -> bool {
        let places = self.names(part).filter_map(|known| known.found.map(|(_, place)| place));
        places.is_sorted()
    }

    /// Whether a word is left over that is in the account's name too: "Jan Nowak Anna Nowak".
    fn repeats_a_name(&self) -> bool {
        let mut left = (0..self.given.len()).filter(|place| self.taken[*place].is_none());
        left.any(|place| self.known.iter().any(|known| known.word.is(&self.given[place])))
    }

    /// Whether the first of the given words that is not part of the family name is the account's first given name.
    fn has_the_first_given_name_first(&self) -> bool {
        let Some(wanted) = self.names(Part::First).next().and_then(|known| known.found) else { return false };
        let is_family =
            |place: usize| self.taken[place].is_some_and(|known| self.known[known].part == Part::Last);
        let is_joined_to_family = |place: usize| {
            let is_joined =
                |word: usize| self.given.get(word).is_some_and(|word| word.joint == Joint::Hyphen);
            (place > 0 && is_joined(place) && is_family(place - 1))
                || (is_joined(place + 1) && place + 1 < self.given.len() && is_family(place + 1))
        };
        let mut others = (0..self.given.len()).filter(|place| {
            let is_small = self.given[*place].class().is_particle || is_title(self.given, *place);
            let is_left = self.taken[*place].is_none();
            !is_family(*place) && !(is_left && (is_small || is_joined_to_family(*place)))
        });
        others.next() == Some(wanted.1)
    }
}

/// Counts the words that are left over, each given with whether it is a title.
fn leftover<'a>(words: impl Iterator<Item = (&'a Word, bool)>) -> Leftover {
    let mut left = Leftover::default();
    for (word, is_title) in words {
        if is_title {
            continue;
        }
        let class = word.class();
        if let Some(generation) = class.generation {
            left.generations.push(generation);
        } else if class.is_no_person {
            left.is_foreign = true;
        } else if class.is_particle {
            left.particles += 1;
        } else if word.is_initial {
            left.initials += 1;
        } else if !class.is_connector {
            left.names += 1;
        }
        left.connectors += usize::from(class.is_connector);
    }
    left
}

/// Whether the word is a title, belongs to the one in front ("Dr. rer. nat.") or stands in a run of letters that is
/// one ("M.Sc."). "Sr." is Spanish for Mr in front of a name, and senior behind it.
fn is_title(words: &[Word], place: usize) -> bool {
    let mut start = place;
    while start > 0 && words[start].joint == Joint::Dot {
        start -= 1;
    }
    let length = 1 + words[start + 1..].iter().take_while(|word| word.joint == Joint::Dot).count();
    words[place].class().is_title
        || (place == 0 && words[place].is_in(&["sr"]))
        || (place > 0 && words[place].class().is_degree_part && is_title(words, place - 1))
        || (length > 1 && Word::joined(&words[start..start + length]).is_some_and(|run| run.class().is_title))
}

/// Whether two long words differ by one edit: a letter more, less or other, or two letters swapped.
pub(super) fn differ_by_a_typo(one: &Word, other: &Word) -> bool {
    let may_be_typed_wrong = |word: &str| {
        (MIN_TYPO_LETTERS..=MAX_TYPO_LETTERS).contains(&word.len())
            && !word.bytes().any(|byte| byte.is_ascii_digit())
    };
    let pairs = one.spellings.iter().flat_map(|one| other.spellings.iter().map(move |other| (one, other)));
    let mut likely = pairs
        .filter(|(one, other)| one.len().abs_diff(other.len()) <= 1)
        .filter(|(one, other)| may_be_typed_wrong(one) && may_be_typed_wrong(other));
    likely.any(|(one, other)| osa_distance(one, other) == 1)
}

/// Whether two long words differ by the "e" of umlauts that are written out (ae, oe, ue before a consonant).
fn are_same_but_for_umlauts(one: &Word, other: &Word) -> bool {
    let pairs = one.spellings.iter().flat_map(|one| other.spellings.iter().map(move |other| (one, other)));
    let mut long = pairs
        .filter(|(one, other)| one.len().min(other.len()) >= MIN_TYPO_LETTERS && one.len() != other.len());
    long.any(|(one, other)| {
        let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
        without_umlauts(long) == *short
    })
}

/// The word with every "e" left out that can stand for an umlaut.
fn without_umlauts(word: &str) -> String {
    let letters = word.as_bytes();
    let is_vowel = |letter: Option<&u8>| letter.is_none_or(|letter| b"aeiouy".contains(letter));
    let stands_for_umlaut = |place: usize| {
        let before = place.checked_sub(1).and_then(|before| letters.get(before));
        let before_that = place.checked_sub(2).and_then(|before| letters.get(before));
        letters[place] == b'e'
            && before.is_some_and(|letter| b"aou".contains(letter))
            && !before_that.is_some_and(|letter| b"aeiouyq".contains(letter))
            && !is_vowel(letters.get(place + 1))
    };
    word.char_indices().filter(|(place, _)| !stands_for_umlaut(*place)).map(|(_, letter)| letter).collect()
}
