//! The ways in which a word can be written in ASCII.
//!
//! Each way is one consistent scheme, such as that of a country's passports: nobody mixes two in a word. What no
//! table names is written as `any_ascii` does.

use any_ascii::any_ascii_char;

/// The spellings of a word of letters and digits, in lower case: the plainest first, none twice. Empty if it has no
/// letter that is known.
pub(super) fn spellings(word: &str) -> Vec<String> {
    if word.is_ascii() {
        return vec![word.to_ascii_lowercase()];
    }
    let letters: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    let ways: Vec<String> = if letters.iter().any(|letter| ('\u{400}'..='\u{52F}').contains(letter)) {
        (0..CYRILLIC_WAYS).map(|way| cyrillic(&letters, way)).collect()
    } else if letters.iter().any(|letter| ('\u{370}'..='\u{3FF}').contains(letter)) {
        (0..GREEK_WAYS).map(|way| greek(&letters, way)).collect()
    } else {
        (0..LATIN_WAYS).map(|way| latin(&letters, way)).collect()
    };
    let mut distinct: Vec<String> = Vec::new();
    for way in ways {
        if !way.is_empty() && !distinct.contains(&way) {
            distinct.push(way);
        }
    }
    distinct
}

/// Adds a letter as `any_ascii` writes it, without its signs.
fn add_plain(spelling: &mut String, letter: char) {
    let letters = any_ascii_char(letter).bytes().filter(u8::is_ascii_alphanumeric);
    spelling.extend(letters.map(|byte| char::from(byte.to_ascii_lowercase())));
}

const LATIN_WAYS: usize = 4;

/// Without the sign; all written out; only umlauts written out; only the ring and the bar of đ written out.
const LATIN: &[(char, [&str; LATIN_WAYS])] = &[
    ('ä', ["a", "ae", "ae", "a"]),
    ('ö', ["o", "oe", "oe", "o"]),
    ('ü', ["u", "ue", "ue", "u"]),
    ('ø', ["o", "oe", "oe", "o"]),
    ('ő', ["o", "oe", "oe", "o"]),
    ('ű', ["u", "ue", "ue", "u"]),
    ('å', ["a", "aa", "a", "aa"]),
    ('đ', ["d", "dj", "d", "dj"]),
    ('ß', ["ss", "ss", "ss", "ss"]),
    ('æ', ["ae", "ae", "ae", "ae"]),
    ('œ', ["oe", "oe", "oe", "oe"]),
    ('þ', ["th", "th", "th", "th"]),
];

fn latin(letters: &[char], way: usize) -> String {
    let mut spelling = String::with_capacity(letters.len() + 2);
    for letter in letters {
        match LATIN.iter().find(|(known, _)| known == letter) {
            Some((_, ways)) => spelling.push_str(ways[way]),
            None => add_plain(&mut spelling, *letter),
        }
    }
    spelling
}

const CYRILLIC_COLUMNS: usize = 9;

/// The English ways are there twice: the second time with "ye" for an "е" at the start and after a vowel.
const CYRILLIC_WAYS: usize = CYRILLIC_COLUMNS + 2;

/// The way that passports of Ukraine (2010) and of Belarus are written has other letters at the start of a word.
const UKRAINE: usize = 1;
const BELARUS: usize = 2;
/// The English way in which "-ий" and "-ый" at the end are one "y": Dostoevsky.
const ENGLISH_SHORT: usize = 4;

/// The English way with long endings.
const ENGLISH: usize = 3;

/// International passports (ICAO 9303, also Russia's); Ukraine's passports; Belarus's; English; English with a short
/// ending; Ukrainian in English; Bulgaria's passports; Serbia, North Macedonia and the libraries; Polish.
#[rustfmt::skip]
const CYRILLIC: &[(char, [&str; CYRILLIC_COLUMNS])] = &[
    ('а', ["a", "a", "a", "a", "a", "a", "a", "a", "a"]),
    ('б', ["b", "b", "b", "b", "b", "b", "b", "b", "b"]),
    ('в', ["v", "v", "v", "v", "v", "v", "v", "v", "w"]),
    ('г', ["g", "h", "h", "g", "g", "h", "g", "g", "g"]),
    ('ґ', ["g", "g", "g", "g", "g", "g", "g", "g", "g"]),
    ('д', ["d", "d", "d", "d", "d", "d", "d", "d", "d"]),
    ('е', ["e", "e", "ie", "e", "e", "e", "e", "e", "e"]),
    ('ё', ["e", "e", "io", "yo", "e", "yo", "yo", "e", "io"]),
    ('є', ["ie", "ie", "ie", "ye", "ie", "ye", "e", "je", "je"]),
    ('ж', ["zh", "zh", "zh", "zh", "zh", "zh", "zh", "z", "z"]),
    ('з', ["z", "z", "z", "z", "z", "z", "z", "z", "z"]),
    ('и', ["i", "y", "y", "i", "i", "y", "i", "i", "i"]),
    ('і', ["i", "i", "i", "i", "i", "i", "i", "i", "i"]),
    ('ї', ["i", "i", "i", "yi", "i", "yi", "i", "ji", "ji"]),
    ('й', ["i", "i", "i", "y", "y", "y", "y", "j", "j"]),
    ('к', ["k", "k", "k", "k", "k", "k", "k", "k", "k"]),
    ('л', ["l", "l", "l", "l", "l", "l", "l", "l", "l"]),
    ('м', ["m", "m", "m", "m", "m", "m", "m", "m", "m"]),
    ('н', ["n", "n", "n", "n", "n", "n", "n", "n", "n"]),
    ('о', ["o", "o", "o", "o", "o", "o", "o", "o", "o"]),
    ('п', ["p", "p", "p", "p", "p", "p", "p", "p", "p"]),
    ('р', ["r", "r", "r", "r", "r", "r", "r", "r", "r"]),
    ('с', ["s", "s", "s", "s", "s", "s", "s", "s", "s"]),
    ('т', ["t", "t", "t", "t", "t", "t", "t", "t", "t"]),
    ('у', ["u", "u", "u", "u", "u", "u", "u", "u", "u"]),
    ('ў', ["u", "u", "u", "u", "u", "u", "u", "u", "u"]),
    ('ф', ["f", "f", "f", "f", "f", "f", "f", "f", "f"]),
    ('х', ["kh", "kh", "kh", "kh", "kh", "kh", "h", "h", "ch"]),
    ('ц', ["ts", "ts", "ts", "ts", "ts", "ts", "ts", "c", "c"]),
    ('ч', ["ch", "ch", "ch", "ch", "ch", "ch", "ch", "c", "cz"]),
    ('ш', ["sh", "sh", "sh", "sh", "sh", "sh", "sh", "s", "sz"]),
    ('щ', ["shch", "shch", "shch", "shch", "shch", "shch", "sht", "sc", "szcz"]),
    ('ъ', ["ie", "", "", "", "", "", "a", "", ""]),
    ('ы', ["y", "y", "y", "y", "y", "y", "y", "y", "y"]),
    ('ь', ["", "", "", "", "", "", "y", "", ""]),
    ('э', ["e", "e", "e", "e", "e", "e", "e", "e", "e"]),
    ('ю', ["iu", "iu", "iu", "yu", "yu", "yu", "yu", "ju", "ju"]),
    ('я', ["ia", "ia", "ia", "ya", "ya", "ya", "ya", "ja", "ja"]),
    ('ђ', ["dj", "dj", "dj", "dj", "dj", "dj", "dj", "dj", "d"]),
    ('ѓ', ["g", "g", "g", "gj", "gj", "gj", "g", "g", "g"]),
    ('ѕ', ["dz", "dz", "dz", "dz", "dz", "dz", "dz", "dz", "dz"]),
    ('ј', ["j", "j", "j", "j", "j", "j", "j", "j", "j"]),
    ('љ', ["lj", "lj", "lj", "lj", "lj", "lj", "lj", "lj", "l"]),
    ('њ', ["nj", "nj", "nj", "nj", "nj", "nj", "nj", "nj", "n"]),
    ('ћ', ["c", "c", "c", "c", "c", "c", "c", "c", "c"]),
    ('ќ', ["k", "k", "k", "kj", "kj", "kj", "k", "k", "k"]),
    ('џ', ["dz", "dz", "dz", "dz", "dz", "dz", "dz", "dz", "dz"]),
];

fn cyrillic(letters: &[char], way: usize) -> String {
    let has_ye = way >= CYRILLIC_COLUMNS;
    let way = if has_ye { way - CYRILLIC_COLUMNS + ENGLISH } else { way };
    let mut spelling = String::with_capacity(letters.len() * 2);
    let is_passport = way == UKRAINE || way == BELARUS;
    for (index, letter) in letters.iter().enumerate() {
        let rest = &letters[index..];
        let at_start = match letter {
            'є' if is_passport => "ye",
            'ї' if is_passport => "yi",
            'й' if is_passport => "y",
            'ю' if is_passport => "yu",
            'я' if is_passport => "ya",
            'е' if way == BELARUS => "ye",
            'ё' if way == BELARUS => "yo",
            _ => "",
        };
        let before = index.checked_sub(1).map(|before| letters[before]);
        if index == 0 && !at_start.is_empty() {
            spelling.push_str(at_start);
        } else if way == ENGLISH_SHORT && matches!(rest, ['и' | 'ы', 'й']) {
            spelling.push('y');
            break;
        } else if way == UKRAINE && *letter == 'г' && before == Some('з') {
            // "zh" would be another letter.
            spelling.push_str("gh");
        } else if has_ye && *letter == 'е' && before.is_none_or(|before| "аеиоуыэюяьъ".contains(before))
        {
            spelling.push_str("ye");
        } else if let Some((_, ways)) = CYRILLIC.iter().find(|(known, _)| known == letter) {
            spelling.push_str(ways[way]);
        } else {
            add_plain(&mut spelling, *letter);
        }
    }
    spelling
}

const GREEK_WAYS: usize = 4;

/// Letter by letter; as passports are (ELOT 743); the same with the sounds of μπ, ντ and γκ; as older papers are.
#[rustfmt::skip]
const GREEK: &[(&str, [&str; GREEK_WAYS])] = &[
    ("ου", ["oy", "ou", "ou", "u"]),
    ("μπ", ["mp", "mp", "b", "b"]),
    ("ντ", ["nt", "nt", "d", "nt"]),
    ("γγ", ["gg", "ng", "ng", "ng"]),
    ("γκ", ["gk", "gk", "g", "g"]),
    ("γξ", ["gx", "nx", "nx", "nx"]),
    ("γχ", ["gch", "nch", "nch", "nch"]),
    ("α", ["a", "a", "a", "a"]),
    ("β", ["v", "v", "v", "v"]),
    ("γ", ["g", "g", "g", "g"]),
    ("δ", ["d", "d", "d", "d"]),
    ("ε", ["e", "e", "e", "e"]),
    ("ζ", ["z", "z", "z", "z"]),
    ("η", ["i", "i", "i", "i"]),
    ("θ", ["th", "th", "th", "th"]),
    ("ι", ["i", "i", "i", "i"]),
    ("κ", ["k", "k", "k", "k"]),
    ("λ", ["l", "l", "l", "l"]),
    ("μ", ["m", "m", "m", "m"]),
    ("ν", ["n", "n", "n", "n"]),
    ("ξ", ["x", "x", "x", "x"]),
    ("ο", ["o", "o", "o", "o"]),
    ("π", ["p", "p", "p", "p"]),
    ("ρ", ["r", "r", "r", "r"]),
    ("σ", ["s", "s", "s", "s"]),
    ("ς", ["s", "s", "s", "s"]),
    ("τ", ["t", "t", "t", "t"]),
    ("υ", ["y", "y", "y", "i"]),
    ("φ", ["f", "f", "f", "ph"]),
    ("χ", ["ch", "ch", "ch", "h"]),
    ("ψ", ["ps", "ps", "ps", "ps"]),
    ("ω", ["o", "o", "o", "o"]),
];

/// Before these, and at the end, the υ of αυ, ευ and ηυ sounds as f, elsewhere as v.
const VOICELESS: &str = "θκξπστφχψς";

fn greek(letters: &[char], way: usize) -> String {
    let bare: String = letters.iter().map(|letter| without_accent(*letter)).collect();
    let mut spelling = String::with_capacity(letters.len() * 2);
    let mut rest = bare.as_str();
    let mut before = None;
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        let is_f_or_v = letter == 'υ' && way > 0 && matches!(before, Some('α' | 'ε' | 'η'));
        before = Some(letter);
        if is_f_or_v {
            let is_f = after.chars().next().is_none_or(|next| VOICELESS.contains(next));
            spelling.push(if is_f { 'f' } else { 'v' });
            rest = after;
        } else if let Some((known, ways)) = GREEK.iter().find(|(known, _)| rest.starts_with(known)) {
            spelling.push_str(ways[way]);
            rest = &rest[known.len()..];
        } else {
            add_plain(&mut spelling, letter);
            rest = after;
        }
    }
    spelling
}

/// The letter that an accented Greek letter is built on.
fn without_accent(letter: char) -> char {
    let mut base = letter;
    let mut is_first = true;
    unicode_normalization::char::decompose_canonical(letter, |part| {
        if is_first {
            base = part;
        }
        is_first = false;
    });
    base
}
