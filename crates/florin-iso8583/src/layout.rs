//! What each field is: the table of ISO 8583:1987.
//!
//! It has every field and not only those that we use. A message does not say how long its fields are, so one that is
//! not in the table would make the rest of the message unreadable.

/// The last field there can be without a third bitmap.
pub(crate) const LAST: u8 = 128;

/// What a field is made of, and how long it is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub content: Content,
    pub length: Length,
}

/// What a field is made of.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Digits (`n`).
    Digits,
    /// A letter for debit or credit, then digits (`x+n`).
    Signed,
    /// Digits and a separator, of a magnetic stripe (`z`).
    Track,
    /// Characters (`a`, `an`, `ans`).
    Text,
    /// Bytes (`b`).
    Binary,
}

/// How long a field is: in digits, characters or bytes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// Always so long.
    Fixed(usize),
    /// At most so long, after a length of so many digits.
    Variable { digits: usize, max: usize },
}

const fn fixed(content: Content, length: usize) -> Layout {
    Layout { content, length: Length::Fixed(length) }
}

const fn up_to(content: Content, max: usize) -> Layout {
    let digits = if max < 100 { 2 } else { 3 };
    Layout { content, length: Length::Variable { digits, max } }
}

/// The layout of a field. None: a bitmap, or no field.
pub(crate) const fn of(field: u8) -> Option<Layout> {
    use Content::{Binary, Digits, Signed, Text, Track};
    Some(match field {
        2 => up_to(Digits, 19),
        3 | 11 | 12 | 73 => fixed(Digits, 6),
        4..=6 | 82..=85 => fixed(Digits, 12),
        7 | 74..=81 => fixed(Digits, 10),
        8..=10 => fixed(Digits, 8),
        13..=18 | 71 | 72 => fixed(Digits, 4),
        19..=24 | 49..=51 | 68..=70 => fixed(Digits, 3),
        25 | 26 | 67 => fixed(Digits, 2),
        27 | 66 => fixed(Digits, 1),
        28..=31 => fixed(Signed, 9),
        32 | 33 | 99 | 100 => up_to(Digits, 11),
        34 => up_to(Text, 28),
        35 => up_to(Track, 37),
        36 => up_to(Track, 104),
        37 => fixed(Text, 12),
        38 => fixed(Text, 6),
        39 => fixed(Text, 2),
        40 => fixed(Text, 3),
        41 => fixed(Text, 8),
        42 => fixed(Text, 15),
        43 => fixed(Text, 40),
        44 => up_to(Text, 25),
        45 => up_to(Text, 76),
        52 | 64 | 96 | 128 => fixed(Binary, 8),
        53 | 86..=89 => fixed(Digits, 16),
        54 => up_to(Text, 240),
        55 => up_to(Binary, 255),
        46..=48 | 56..=63 | 105..=127 => up_to(Text, 999),
        90 => fixed(Digits, 42),
        91 => fixed(Text, 1),
        92 => fixed(Text, 2),
        93 => fixed(Digits, 5),
        94 => fixed(Text, 7),
        95 => fixed(Text, 42),
        97 => fixed(Signed, 17),
        98 => fixed(Text, 25),
        101 => up_to(Text, 17),
        102 | 103 => up_to(Text, 28),
        104 => up_to(Text, 100),
        _ => return None,
    })
}

/// The names of the fields that we use.
pub(crate) const fn name(field: u8) -> Option<&'static str> {
    Some(match field {
        2 => "card number",
        3 => "processing code",
        4 => "transaction amount",
        6 => "billing amount",
        7 => "transmission time",
        10 => "conversion rate",
        11 => "trace number",
        12 => "local time",
        13 => "local date",
        14 => "expiry",
        15 => "settlement date",
        18 => "merchant category",
        19 => "acquirer's country",
        22 => "entry mode",
        23 => "card sequence number",
        25 => "condition of the point of service",
        32 => "acquirer",
        37 => "retrieval reference",
        38 => "approval code",
        39 => "response code",
        41 => "terminal",
        42 => "merchant",
        43 => "merchant's name and place",
        48 => "additional data",
        49 => "transaction currency",
        51 => "billing currency",
        52 => "PIN block",
        54 => "additional amounts",
        55 => "chip data",
        70 => "network management code",
        90 => "original message",
        95 => "replacement amounts",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_but_the_bitmaps_has_a_layout() {
        let without: Vec<u8> = (0..=u8::MAX).filter(|field| of(*field).is_none()).collect();
        let expected: Vec<u8> = [0, 1, 65].into_iter().chain(LAST + 1..=u8::MAX).collect();
        assert_eq!(without, expected);
    }

    #[test]
    fn a_length_has_digits_enough_for_the_longest() {
        for layout in (2..=LAST).filter_map(of) {
            if let Length::Variable { digits, max } = layout.length {
                assert!(max.to_string().len() <= digits);
            }
        }
    }
}
