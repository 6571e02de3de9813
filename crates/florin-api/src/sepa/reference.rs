//! The reference of a holder: what a payer writes into the title, so that money to a shared account finds its owner.
//!
//! It is the holder's number, enciphered under a key of the installation, in 14 letters and digits that are not easily
//! mistaken for each other (Crockford's base 32), the last of which is a check: `FL` and then, say, `7K2M9QX3V0TBAW`.
//! It needs no row, and tells nothing of how many users there are.

use crate::kit::app::App;
use florin_ledger::HolderId;
use florin_store::{Scope, StoreError};
use std::collections::{HashMap, HashSet};

/// What a reference begins with.
const PREFIX: &str = "FL";

/// Crockford's alphabet: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of a number of 64 bits, and of the check.
const DIGITS: usize = 13;

/// Characters of a group, as banks write IBANs.
const GROUP: usize = 4;

/// Rounds of the cipher: four make a pseudo-random permutation of a keyed function that is one (Luby and Rackoff).
const ROUNDS: u8 = 4;

/// A holder's reference.
pub fn of(app: &App, holder: HolderId) -> String {
    text_of(&key(app), holder.0)
}

/// The holders whose references stand in titles, where there is one in this book: by the title.
pub async fn find_all<'a>(
    app: &App,
    scope: &mut Scope,
    titles: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, HolderId>, StoreError> {
    let (key, book) = (key(app), scope.book());
    let of_book = |title: &str| -> Vec<_> {
        candidates(&key, title).map(HolderId).filter(|id| id.book() == book).collect()
    };
    let named: Vec<_> =
        titles.map(|title| (title, of_book(title))).filter(|(_, ids)| !ids.is_empty()).collect();
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let mut ids: Vec<_> = named.iter().flat_map(|(_, ids)| ids).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let holders: HashSet<_> = scope.holders(&ids).await?.into_iter().map(|holder| holder.id).collect();
    let only = |(title, ids): (&str, Vec<HolderId>)| {
        let mut found = ids.into_iter().filter(|id| holders.contains(id));
        let first = found.next()?;
        // Two references in one title are as good as none.
        found.next().is_none().then(|| (title.to_owned(), first))
    };
    Ok(named.into_iter().filter_map(only).collect())
}

/// The holders whose references stand in a title, of any book, whether they are there or not.
pub fn holders_in(app: &App, title: &str) -> Vec<HolderId> {
    candidates(&key(app), title).map(HolderId).collect()
}

/// Whether something in the form of a reference stands in a title, right or not: `FL` and 14 letters and digits, one
/// more or one less, as people mistype them. It is written in one piece, or in groups as an IBAN is, or with `FL`
/// apart; and has a digit, as all but one of 200 references do, and as no name or word has.
pub fn has_form(title: &str) -> bool {
    let words: Vec<&str> =
        title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let is_one = |text: &str| {
        let rest = text.get(..PREFIX.len()).filter(|start| start.eq_ignore_ascii_case(PREFIX));
        let has_length = text.len().abs_diff(PREFIX.len() + DIGITS + 1) <= 1;
        rest.is_some() && has_length && text.bytes().any(|c| c.is_ascii_digit())
    };
    let in_groups = |group: &[&str]| {
        let (last, before) = group.split_last().map_or(("", group), |(last, before)| (*last, before));
        let is_even = before.iter().all(|word| word.len() == GROUP) && last.len().abs_diff(GROUP) <= 1;
        is_even && is_one(&group.concat())
    };
    words.iter().any(|word| is_one(word))
        || words.windows(2).any(|pair| pair[0].eq_ignore_ascii_case(PREFIX) && is_one(&pair.concat()))
        || words.windows((PREFIX.len() + DIGITS + 1) / GROUP).any(in_groups)
}

fn key(app: &App) -> [u8; 32] {
    app.store.derive_key("florin 2026 SEPA references v1")
}

fn text_of(key: &[u8; 32], number: i64) -> String {
    let enciphered = permute(key, number.cast_unsigned(), (0..ROUNDS).collect());
    let mut digits: Vec<u8> = (0..DIGITS).rev().map(|place| digit(enciphered, place)).collect();
    digits.push(check(key, enciphered));
    digits.iter().map(|digit| char::from(ALPHABET[usize::from(*digit)])).fold(
        PREFIX.to_owned(),
        |mut text, digit| {
            text.push(digit);
            text
        },
    )
}

fn digit(number: u64, place: usize) -> u8 {
    u8::try_from((number >> (5 * place)) & 31).unwrap_or_default()
}

fn check(key: &[u8; 32], enciphered: u64) -> u8 {
    blake3::keyed_hash(key, &enciphered.to_be_bytes()).as_bytes()[0] & 31
}

/// The numbers of all references in a text. People and banks add spaces, hyphens and lower case.
fn candidates(key: &[u8; 32], title: &str) -> impl Iterator<Item = i64> {
    let letters: Vec<u8> =
        title.bytes().filter(u8::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let length = PREFIX.len() + DIGITS + 1;
    let mut numbers: Vec<i64> = letters
        .windows(length)
        .filter_map(|window| window.strip_prefix(PREFIX.as_bytes()))
        .filter_map(|digits| number_of(key, digits))
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter()
}

fn number_of(key: &[u8; 32], digits: &[u8]) -> Option<i64> {
    let values = digits.iter().map(|digit| {
        let digit = match digit {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => *other,
        };
        ALPHABET.iter().position(|known| *known == digit).and_then(|value| u64::try_from(value).ok())
    });
    let values = values.collect::<Option<Vec<u64>>>()?;
    let (last, rest) = values.split_last()?;
    // 13 digits hold 65 bits: the first is 0 to 15.
    let enciphered =
        rest.iter().try_fold(0_u64, |number, value| number.checked_mul(32)?.checked_add(*value))?;
    let is_right = u64::from(check(key, enciphered)) == *last;
    is_right.then(|| permute(key, enciphered, (0..ROUNDS).rev().collect()).cast_signed())
}

/// A Feistel network over two halves of 32 bits. With its rounds reversed, and the halves swapped before and after, it
/// undoes itself.
fn permute(key: &[u8; 32], number: u64, rounds: Vec<u8>) -> u64 {
    let half = |shift: u32| u32::try_from((number >> shift) & u64::from(u32::MAX)).unwrap_or_default();
    let is_forward = rounds.first() == Some(&0);
    let (mut left, mut right) = if is_forward { (half(32), half(0)) } else { (half(0), half(32)) };
    for round in rounds {
        let mut input = [round; 5];
        input[1..].copy_from_slice(&right.to_be_bytes());
        let hash = blake3::keyed_hash(key, &input);
        let mut word = [0; 4];
        word.copy_from_slice(&hash.as_bytes()[..4]);
        (left, right) = (right, left ^ u32::from_be_bytes(word));
    }
    let (high, low) = if is_forward { (left, right) } else { (right, left) };
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    fn found(title: &str) -> Vec<i64> {
        candidates(&KEY, title).collect()
    }

    proptest! {
        #[test]
        fn a_reference_is_found_as_people_write_it(number in 1_i64.., noise in "[ .,/a-z0-9]{0,20}") {
            let text = text_of(&KEY, number);
            prop_assert_eq!(text.len(), 16);
            let spaced: String = text.chars().flat_map(|c| [c.to_ascii_lowercase(), ' ']).collect();
            for title in [text.clone(), spaced, format!("{noise} {text}"), text.replace('0', "O").replace('1', "I")] {
                prop_assert!(found(&title).contains(&number), "{}", title);
            }
        }

        #[test]
        fn one_wrong_character_is_noticed_31_times_in_32(number in 1_i64.., place in 2_usize..16) {
            let mut bytes = text_of(&KEY, number).into_bytes();
            bytes[place] = if bytes[place] == b'7' { b'8' } else { b'7' };
            let wrong = String::from_utf8(bytes).unwrap();
            prop_assert!(!found(&wrong).contains(&number));
        }

        #[test]
        fn no_title_panics(title in any::<String>()) {
            let _ = found(&title);
        }
    }

    #[test]
    fn what_looks_like_a_reference_is_told_from_other_titles() {
        for (title, looks_so) in [
            ("FL7K2M9QX3V0TBAW", true),
            ("for fl7k2m9qx3v0tbaw, thanks", true),
            ("FL 7K2M9QX3V0TBAW", true),
            ("FL-7K2M9QX3V0TBAW", true),
            ("FL7K 2M9Q X3V0 TBAW", true),
            ("savings FL7K-2M9Q-X3V0-TBA rent", true),
            ("FL7K2M9QX3V0TBA", true),
            ("FL7K2M9QX3V0TBAWW", true),
            ("FL7K2M9QX3V0", false),
            ("", false),
            ("Savings", false),
            ("FLORIAN SCHNEIDER", false),
            ("FlorianSchneider", false),
            ("flight 2026-10-12 AB", false),
            ("flat 12, rent for January 2026", false),
            ("invoice 2026-0012345678901", false),
            ("RF18 5390 0754 7034", false),
        ] {
            assert_eq!(has_form(title), looks_so, "{title}");
        }
    }

    #[test]
    fn neighbours_look_nothing_alike() {
        let all: std::collections::BTreeSet<String> =
            (1..1_000).map(|number| text_of(&KEY, number)[..8].to_owned()).collect();
        assert!(all.len() > 990);
        assert!(found("a title without a reference, of FLORIN").is_empty());
    }
}
