//! Texts for SEPA messages: the characters that every bank of the scheme takes.
//!
//! Source: EPC217-08, "SEPA requirements for an extended character set", which also recommends how to convert others.
//! Identifiers and texts neither begin nor end with `/` and have no `//` (EPC implementation guidelines, section 1.4).

/// Characters that [`any_ascii`] maps differently from what banks and passports write.
const LETTERS: [(char, &str); 14] = [
    ('ä', "ae"),
    ('Ä', "Ae"),
    ('ö', "oe"),
    ('Ö', "Oe"),
    ('ü', "ue"),
    ('Ü', "Ue"),
    ('ß', "ss"),
    ('ẞ', "SS"),
    ('ø', "oe"),
    ('Ø', "Oe"),
    ('å', "aa"),
    ('Å', "Aa"),
    ('&', "+"),
    ('_', "-"),
];

/// Letters that are written as two code points when a text is decomposed (Unicode NFD).
const COMPOSED: [(char, char, char); 8] = [
    ('a', '\u{308}', 'ä'),
    ('A', '\u{308}', 'Ä'),
    ('o', '\u{308}', 'ö'),
    ('O', '\u{308}', 'Ö'),
    ('u', '\u{308}', 'ü'),
    ('U', '\u{308}', 'Ü'),
    ('a', '\u{30A}', 'å'),
    ('A', '\u{30A}', 'Å'),
];

/// The text in the SEPA character set `A-Za-z0-9/-?:().,'+` and space, cut at `max` characters.
///
/// Letters of other alphabets are transliterated, brackets become round ones, and any other character becomes a space.
/// Several spaces become one, several slashes one, and both are removed at the ends. What remains may be empty.
#[must_use]
pub fn sepa_text(text: &str, max: usize) -> String {
    let mut plain = String::new();
    for character in composed(text).flat_map(|(character, follows_upper)| to_ascii(character, follows_upper))
    {
        if plain.len() == max {
            break;
        }
        let at_start = plain.is_empty() && matches!(character, ' ' | '/');
        let repeated = matches!(character, ' ' | '/') && plain.ends_with(character);
        if !at_start && !repeated {
            plain.push(character);
        }
    }
    plain.truncate(plain.trim_end_matches([' ', '/']).len());
    plain
}

/// The characters, decomposed umlauts composed, each with whether a neighbour of it is in upper case.
fn composed(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    std::iter::from_fn(move || {
        let mut character = rest.next()?;
        let next = rest.peek().copied().unwrap_or(' ');
        if let Some((_, _, one)) = COMPOSED.iter().find(|(base, mark, _)| (*base, *mark) == (character, next))
        {
            character = *one;
            rest.next();
        }
        let next = rest.peek().copied().unwrap_or(' ');
        let neighbour = if next.is_alphabetic() { next } else { before };
        before = character;
        Some((character, neighbour.is_uppercase()))
    })
}

/// One character in the SEPA character set.
fn to_ascii(character: char, in_upper: bool) -> Vec<char> {
    let own = LETTERS.iter().find(|(from, _)| *from == character).map(|(_, to)| *to);
    let ascii = own.unwrap_or_else(|| any_ascii::any_ascii_char(character));
    // `any_ascii` names an emoji: `:tada:`. A payment's text is better without it.
    if ascii.len() > 1 && ascii.starts_with(':') {
        return vec![' '];
    }
    // ÄRZTE is AERZTE, Ärzte is Aerzte.
    let all_upper = in_upper && character.is_uppercase();
    let ascii = ascii.chars().map(|one| if all_upper { one.to_ascii_uppercase() } else { one });
    ascii.map(allowed).collect()
}

/// The character, or what stands for it.
fn allowed(character: char) -> char {
    match character {
        'A'..='Z' | 'a'..='z' | '0'..='9' => character,
        '/' | '-' | '?' | ':' | '(' | ')' | '.' | ',' | '\'' | '+' => character,
        '[' | '{' => '(',
        ']' | '}' => ')',
        '`' => '\'',
        ';' => ',',
        _ => ' ',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::sepa_text;

    #[test]
    fn texts_of_people() {
        for (text, plain) in [
            ("", ""),
            ("Rent for May", "Rent for May"),
            ("Jürgen Müller-Lüdenscheidt", "Juergen Mueller-Luedenscheidt"),
            ("Ju\u{308}rgen A\u{30A}gren", "Juergen Aagren"),
            ("ÄRZTE ÜBER ÖL", "AERZTE UEBER OEL"),
            ("MÜ", "MUE"),
            ("Ärzte Über Öl", "Aerzte Ueber Oel"),
            ("Weiß, STRAẞE", "Weiss, STRASSE"),
            ("Søren Ångström", "Soeren Aangstroem"),
            ("François Æsir Łukasz Šarūnas Žemaitė", "Francois Aesir Lukasz Sarunas Zemaite"),
            ("İstanbul çığ", "Istanbul cig"),
            ("Αθήνα", "Athina"),
            ("Борис", "Boris"),
            ("Smith & Sons, no. 5 (paid)", "Smith + Sons, no. 5 (paid)"),
            ("a_b; [c] {d} `e`", "a-b, (c) (d) 'e'"),
            ("100 % <b>\"x\"</b> #1 * @ $ = ~ ^ | \\", "100 b x /b 1"),
            ("price 5€", "price 5EUR"),
            ("party 🎉 time", "party time"),
            ("one\ttwo\r\nthree\0four", "one two three four"),
            ("no\u{a0}break \u{200b}zero\u{feff}", "no break zero"),
            ("“quoted” – it’s…", "quoted - it's..."),
            ("/INV/2026//17/", "INV/2026/17"),
            ("// / x / //", "x"),
            ("  a   b  ", "a b"),
            ("???", "???"),
            ("***", ""),
        ] {
            assert_eq!(sepa_text(text, 140), plain, "{text:?}");
        }
    }

    #[test]
    fn a_cut_leaves_no_space_and_no_slash_at_the_end() {
        for (max, plain) in
            [(0, ""), (1, "a"), (2, "a"), (3, "a b"), (4, "a b"), (5, "a b/c"), (6, "a b/cu"), (7, "a b/cue")]
        {
            assert_eq!(sepa_text("a b/cü", max), plain, "{max}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_fits(text in any::<String>(), near in "[a-z /ÄöøÅ&🎉\u{308}]{0,40}", max in 0_usize..50) {
            for text in [text, near] {
                let plain = sepa_text(&text, max);
                prop_assert!(plain.len() <= max);
                let is_allowed = |c: char| c.is_ascii_alphanumeric() || "/-?:().,'+ ".contains(c);
                prop_assert!(plain.chars().all(is_allowed), "{plain:?}");
                prop_assert!(!plain.starts_with('/') && !plain.ends_with('/') && !plain.contains("//"));
                prop_assert_eq!(plain.trim(), &plain);
                prop_assert_eq!(sepa_text(&plain, max), plain);
            }
        }
    }
}
