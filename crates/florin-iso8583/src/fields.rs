//! A message as its fields: the type, and what each field that is there holds.
//!
//! [`Fields::read`] looks at what tells fields apart (the type, the bitmaps, the lengths), and at nothing else. So a
//! message in which one field is wrong can still be answered, by [`Fields::refusal`]. What a field holds is looked at
//! when [`crate::Message::from_fields`] takes it.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::layout::{self, Content, Layout, Length};
use crate::{Decline, Dialect, MessageType, Problem, ReadError, WriteError};

/// The longest message, in bytes. One with all that we use has under 2,000, and one with every private field of a
/// processor filled about 7,000.
pub const MAX_MESSAGE: usize = 8_192;

/// Digits and text as ASCII, whatever the dialect; binary values as bytes.
type Value = Zeroizing<Box<[u8]>>;

/// A message as its fields. It may hold a card's number anywhere, so it is overwritten when it is dropped, and does not
/// print what it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Fields {
    kind: MessageType,
    values: BTreeMap<u8, Value>,
}

/// What an answer repeats of a message, so that the other side finds what it asked.
const REPEATED: [u8; 14] = [2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 70, 90];

/// The response code.
const RESPONSE: u8 = 39;

impl Fields {
    /// A message without fields.
    pub(crate) fn new(kind: MessageType) -> Self {
        Self { kind, values: BTreeMap::new() }
    }

    /// Reads one message.
    ///
    /// # Errors
    /// [`ReadError`] says what is wrong. Where the message ends, and so where the next one begins, can't be believed
    /// any more.
    pub fn read(bytes: &[u8], dialect: Dialect) -> Result<Self, ReadError> {
        if bytes.len() > MAX_MESSAGE {
            return Err(ReadError::of_message(Problem::TooLarge(MAX_MESSAGE)));
        }
        let mut input = Input { rest: bytes, dialect };
        let digits = input.digits(4).map_err(ReadError::of_message)?;
        let kind = MessageType::parse(&digits).ok_or(ReadError::of_message(Problem::Type))?;
        let bits = input.bitmaps().map_err(ReadError::of_message)?;
        let mut values = BTreeMap::new();
        for field in (2..=layout::LAST).filter(|field| bits & bit(*field) != 0) {
            let read = match layout::of(field) {
                Some(layout) => input.value(layout),
                None => Err(Problem::ThirdBitmap),
            };
            values.insert(field, read.map_err(|problem| ReadError::of_field(field, problem))?);
        }
        match input.rest {
            [] => Ok(Self { kind, values }),
            _ => Err(ReadError::of_message(Problem::Trailing)),
        }
    }

    /// Writes the message.
    ///
    /// # Errors
    /// [`WriteError`] names a field whose value does not fit its layout.
    pub fn write(&self, dialect: Dialect) -> Result<Zeroizing<Vec<u8>>, WriteError> {
        // With room for all, so that it does not grow and leave a copy behind.
        let mut output = Output { bytes: Zeroizing::new(Vec::with_capacity(MAX_MESSAGE)), dialect };
        output.digits(&self.kind.digits());
        output.bitmaps(self.values.keys().fold(0, |bits, field| bits | bit(*field)));
        for (field, value) in &self.values {
            match layout::of(*field).filter(|layout| fits(*layout, value)) {
                Some(layout) => output.value(layout, value),
                None => return Err(WriteError { field: *field }),
            }
        }
        Ok(output.bytes)
    }

    /// The type.
    #[must_use]
    pub fn kind(&self) -> MessageType {
        self.kind
    }

    /// Which fields are there.
    pub fn numbers(&self) -> impl Iterator<Item = u8> + '_ {
        self.values.keys().copied()
    }

    /// The answer to a message that is not understood, or is not dealt with now. None: it has no answer.
    #[must_use]
    pub fn refusal(&self, code: Decline) -> Option<Self> {
        let mut answer = self.repeated(self.kind.answer()?);
        answer.set(RESPONSE, code.code().as_str());
        Some(answer)
    }

    /// A message of another type with what an answer repeats.
    pub(crate) fn repeated(&self, kind: MessageType) -> Self {
        let values = self.values.iter().filter(|(field, value)| {
            REPEATED.contains(field) && layout::of(**field).is_some_and(|layout| fits(layout, value))
        });
        Self { kind, values: values.map(|(field, value)| (*field, value.clone())).collect() }
    }

    pub(crate) fn get(&self, field: u8) -> Option<&[u8]> {
        self.values.get(&field).map(|value| &***value)
    }

    pub(crate) fn set(&mut self, field: u8, value: impl AsRef<[u8]>) {
        self.values.insert(field, Zeroizing::new(value.as_ref().into()));
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with the fields {:?}", self.kind, self.values.keys())
    }
}

/// A field's place in both bitmaps, of which the first begins at the highest bit.
const fn bit(field: u8) -> u128 {
    1 << (128 - field as u32)
}

/// A bit that is set where there is another bitmap, as the first of its own.
const MORE: u64 = 1 << 63;

fn fits(layout: Layout, value: &[u8]) -> bool {
    let fits_length = match layout.length {
        Length::Fixed(length) => value.len() == length,
        Length::Variable { max, .. } => value.len() <= max,
    };
    let fits_content = match layout.content {
        Content::Digits => value.iter().all(u8::is_ascii_digit),
        Content::Track => value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'='),
        Content::Signed => match value.split_first() {
            Some((sign, digits)) => matches!(sign, b'C' | b'D') && digits.iter().all(u8::is_ascii_digit),
            None => false,
        },
        Content::Text | Content::Binary => true,
    };
    fits_length && fits_content
}

struct Input<'a> {
    rest: &'a [u8],
    dialect: Dialect,
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Problem> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Problem::CutOff)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Digits as ASCII. What is packed and no digit becomes a letter, which no reader of a field takes.
    fn digits(&mut self, count: usize) -> Result<Value, Problem> {
        if !self.dialect.is_packed() {
            return Ok(Zeroizing::new(self.take(count)?.into()));
        }
        let bytes = self.take(count.div_ceil(2))?;
        let mut digits = Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
        digits.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit));
        let padding = digits.len() - count;
        match digits.split_at_checked(padding) {
            Some(([] | [b'0'], digits)) => Ok(Zeroizing::new(digits.into())),
            _ => Err(Problem::Characters),
        }
    }

    /// Bytes, written as themselves or as hexadecimal digits.
    fn binary(&mut self, count: usize) -> Result<Value, Problem> {
        if !self.dialect.is_hex() {
            return Ok(Zeroizing::new(self.take(count)?.into()));
        }
        let digits = self.take(count * 2)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(count));
        for pair in digits.chunks_exact(2) {
            let mut nibbles = pair.iter().map(|digit| char::from(*digit).to_digit(16));
            let (Some(Some(high)), Some(Some(low))) = (nibbles.next(), nibbles.next()) else {
                return Err(Problem::Characters);
            };
            bytes.extend(u8::try_from(high << 4 | low));
        }
        Ok(Zeroizing::new(bytes.as_slice().into()))
    }

    fn bitmap(&mut self) -> Result<u64, Problem> {
        let bytes = self.binary(8).map_err(|problem| match problem {
            Problem::Characters => Problem::Bitmap,
            other => other,
        })?;
        Ok(bytes.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
    }

    fn bitmaps(&mut self) -> Result<u128, Problem> {
        let first = self.bitmap()?;
        let second = if first & MORE != 0 { self.bitmap()? } else { 0 };
        Ok(u128::from(first & !MORE) << 64 | u128::from(second))
    }

    fn length(&mut self, digits: usize) -> Result<usize, Problem> {
        let digits = self.digits(digits)?;
        let digits = digits.iter().try_fold(0, |length: usize, digit| {
            digit.is_ascii_digit().then(|| length * 10 + usize::from(digit - b'0'))
        });
        digits.ok_or(Problem::NoLength)
    }

    fn value(&mut self, layout: Layout) -> Result<Value, Problem> {
        let length = match layout.length {
            Length::Fixed(length) => length,
            Length::Variable { digits, max } => {
                let said = self.length(digits)?;
                let length = match layout.content {
                    Content::Binary if self.dialect.is_hex() && said % 2 == 1 => {
                        return Err(Problem::NoLength);
                    }
                    Content::Binary if self.dialect.is_hex() => said / 2,
                    _ => said,
                };
                if length > max {
                    return Err(Problem::TooLong(max));
                }
                length
            }
        };
        match layout.content {
            Content::Digits => self.digits(length),
            Content::Text => Ok(Zeroizing::new(self.take(length)?.into())),
            Content::Binary => self.binary(length),
            Content::Track => {
                let mut track = self.digits(length)?;
                // The separator is written so where digits are packed, and in some of the other places.
                track.iter_mut().filter(|byte| **byte == b'D').for_each(|byte| *byte = b'=');
                Ok(track)
            }
            Content::Signed => {
                let mut signed = Zeroizing::new(Vec::with_capacity(length));
                signed.extend(self.take(1)?);
                signed.extend(self.digits(length - 1)?.iter());
                Ok(Zeroizing::new(signed.as_slice().into()))
            }
        }
    }
}

fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 }
}

struct Output {
    bytes: Zeroizing<Vec<u8>>,
    dialect: Dialect,
}

impl Output {
    fn digits(&mut self, digits: &[u8]) {
        if !self.dialect.is_packed() {
            return self.bytes.extend(digits);
        }
        let nibble = |digit: &u8| if *digit == b'=' { 13 } else { digit.wrapping_sub(b'0') & 15 };
        let (first, pairs) = digits.split_at(digits.len() % 2);
        self.bytes.extend(first.iter().map(nibble));
        self.bytes.extend(
            pairs.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | nibble(digit))),
        );
    }

    fn binary(&mut self, bytes: &[u8]) {
        match self.dialect.is_hex() {
            true => self.bytes.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit)),
            false => self.bytes.extend(bytes),
        }
    }

    fn bitmaps(&mut self, bits: u128) {
        let [first, second] = [bits >> 64, bits].map(|bits| bits as u64);
        match second {
            0 => self.binary(&first.to_be_bytes()),
            _ => [first | MORE, second].iter().for_each(|bits| self.binary(&bits.to_be_bytes())),
        }
    }

    fn value(&mut self, layout: Layout, value: &[u8]) {
        if let Length::Variable { digits, .. } = layout.length {
            let in_hex = layout.content == Content::Binary && self.dialect.is_hex();
            let length = if in_hex { value.len() * 2 } else { value.len() };
            self.digits(format!("{length:0digits$}").as_bytes());
        }
        match layout.content {
            Content::Digits | Content::Track => self.digits(value),
            Content::Text => self.bytes.extend(value),
            Content::Binary => self.binary(value),
            Content::Signed => {
                let (sign, digits) = value.split_at(1.min(value.len()));
                self.bytes.extend(sign);
                self.digits(digits);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(kind: &str, values: &[(u8, &[u8])]) -> Fields {
        let mut fields = Fields::new(MessageType::parse(kind.as_bytes()).unwrap());
        values.iter().for_each(|(field, value)| fields.set(*field, value));
        fields
    }

    #[test]
    fn the_bytes_of_each_dialect() {
        let message = fields("0800", &[(2, b"123"), (11, b"000007"), (55, b"\x9f\x36"), (70, b"301")]);
        let of = |dialect| message.write(dialect).unwrap().to_vec();
        let text = b"0800C020000000000200040000000000000003123000007004".as_slice();
        assert_eq!(of(Dialect::Ascii), [text, b"9F36301"].concat());
        let bitmaps = b"\xc0\x20\x00\x00\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00";
        assert_eq!(
            of(Dialect::AsciiBinary),
            [b"0800".as_slice(), bitmaps, b"03123000007002\x9f\x36301"].concat()
        );
        let values = b"\x03\x01\x23\x00\x00\x07\x00\x02\x9f\x36\x03\x01";
        assert_eq!(of(Dialect::Packed), [b"\x08\x00".as_slice(), bitmaps, values].concat());
        for dialect in Dialect::ALL {
            assert_eq!(Fields::read(&of(dialect), dialect), Ok(message.clone()));
        }
    }

    /// Whoever pads on the other side, or with something else, speaks another dialect.
    #[test]
    fn padding_is_a_zero() {
        let mut bytes = fields("0800", &[(2, b"123")]).write(Dialect::Packed).unwrap();
        assert_eq!(bytes[10..], [0x03, 0x01, 0x23]);
        bytes[11] = 0x11;
        let refused = Err(ReadError { problem: Problem::Characters, field: Some(2) });
        assert_eq!(Fields::read(&bytes, Dialect::Packed), refused);
    }

    #[test]
    fn a_refusal_repeats_what_fits_and_nothing_secret() {
        let values: [(u8, &[u8]); 6] = [
            (2, b"4000"),
            (4, b"12"),
            (11, b"000007"),
            (35, b"4000=2912"),
            (52, b"12345678"),
            (41, b"TERM0001"),
        ];
        let refusal = fields("0101", &values).refusal(Decline::FormatError).unwrap();
        assert_eq!(refusal, fields("0110", &[(2, b"4000"), (11, b"000007"), (39, b"30"), (41, b"TERM0001")]));
        assert_eq!(refusal.refusal(Decline::FormatError), None);
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        for (field, value) in [
            (1, b"".as_slice()),
            (65, b""),
            (2, b"12345678901234567890"),
            (2, b"12a"),
            (4, b"1"),
            (28, b"X00000001"),
            (28, b""),
            (35, b"A"),
            (52, b"1"),
        ] {
            assert_eq!(fields("0100", &[(field, value)]).write(Dialect::Ascii), Err(WriteError { field }));
        }
    }

    #[test]
    fn signed_numbers_and_tracks_are_packed() {
        let message = fields("0100", &[(28, b"D00000125"), (35, b"4000000000000002=2912")]);
        for dialect in Dialect::ALL {
            assert_eq!(Fields::read(&message.write(dialect).unwrap(), dialect), Ok(message.clone()));
        }
        let packed = message.write(Dialect::Packed).unwrap();
        assert_eq!(packed[10..15], *b"D\x00\x00\x01\x25");
    }
}
