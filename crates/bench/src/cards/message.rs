//! The messages of a processor of cards, as bytes: ISO 8583:1987 in ASCII. No more of it than is needed here.

use anyhow::{Context, Result, bail};

/// The first fields of which the meaning matters here, and those between them, with their lengths; none: two digits
/// before it say it.
const LENGTHS: [(u32, Option<usize>); 17] = [
    (2, None),
    (3, Some(6)),
    (4, Some(12)),
    (7, Some(10)),
    (11, Some(6)),
    (12, Some(6)),
    (13, Some(4)),
    (14, Some(4)),
    (18, Some(4)),
    (22, Some(3)),
    (25, Some(2)),
    (32, None),
    (37, Some(12)),
    (38, Some(6)),
    (39, Some(2)),
    (41, Some(8)),
    (42, Some(15)),
];

/// Reference and code of an answer.
const REFERENCE: u32 = 37;
const CODE: u32 = 39;

/// Fields of our requests.
const FIELDS: [u32; 16] = [2, 3, 4, 7, 11, 12, 13, 18, 22, 25, 32, 37, 41, 42, 43, 49];

/// Bytes of a 0800: type, two bitmaps, fields 7, 11 and 70.
const ABOUT_THE_LINE: usize = 4 + 32 + 10 + 6 + 3;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Came {
    /// About the line: this is the answer.
    Line(Vec<u8>),
    /// A payment's answer.
    Answer {
        /// The reference of the payment.
        reference: u64,
        /// Two digits: 00 is approved.
        code: String,
    },
}

/// May this card pay a cent to a web shop?
pub fn purchase(number: &str, reference: u64) -> Vec<u8> {
    let bitmap = FIELDS.iter().fold(0_u64, |bits, field| bits | 1 << (64 - field));
    let trace = reference % 999_999 + 1;
    let length = number.len();
    format!(
        "0100{bitmap:016X}{length:02}{number}000000000000000001\
         1130150405{trace:06}1504051130\
         594281259070012345{reference:012}BENCH001BOOKSHOP-000001\
         Bookshop                 Vilnius      LT978"
    )
    .into_bytes()
}

/// Reads a message.
pub fn read(message: &[u8]) -> Result<Came> {
    let text = std::str::from_utf8(message).context("a message that is not in ASCII")?;
    match text.get(..4) {
        Some("0800") if text.len() == ABOUT_THE_LINE => {
            let bits = text.get(4..20).and_then(|bits| u64::from_str_radix(bits, 16).ok());
            let bits = bits.context("a bitmap")? | 1 << (64 - CODE);
            let (second, rest) = (text.get(20..36).context("a bitmap")?, text.get(36..52).context("fields")?);
            let last = text.get(52..).context("a field")?;
            Ok(Came::Line(format!("0810{bits:016X}{second}{rest}00{last}").into_bytes()))
        }
        Some("0110") => answer(text).with_context(|| format!("an answer: {text}")),
        _ => bail!("not a message that is expected: {text}"),
    }
}

fn answer(text: &str) -> Result<Came> {
    let bits = text.get(4..20).and_then(|bits| u64::from_str_radix(bits, 16).ok()).context("a bitmap")?;
    let mut rest = text.get(if bits >> 63 == 1 { 36 } else { 20 }..).context("fields")?;
    let mut reference = None;
    for (field, length) in LENGTHS {
        if bits >> (64 - field) & 1 == 0 {
            continue;
        }
        let length = match length {
            Some(length) => length,
            None => {
                let (digits, after) = rest.split_at_checked(2).context("a length")?;
                rest = after;
                digits.parse().context("a length")?
            }
        };
        let (value, after) = rest.split_at_checked(length).context("a field")?;
        rest = after;
        match field {
            REFERENCE => reference = Some(value.parse().context("a reference")?),
            CODE => {
                let reference = reference.context("no reference")?;
                return Ok(Came::Answer { reference, code: value.to_owned() });
            }
            _ => {}
        }
    }
    bail!("no code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_what_its_bitmap_says() {
        let text = String::from_utf8(purchase("9999000012345678", 7)).unwrap();
        assert!(text.starts_with("01007238448108E08000169999"), "{text}");
        assert_eq!(text.len(), 4 + 16 + 18 + 6 + 12 + 10 + 6 + 6 + 4 + 4 + 3 + 2 + 9 + 12 + 8 + 15 + 40 + 3);
    }

    #[test]
    fn a_sign_on_is_answered() {
        let came = read(b"0800822000000000000004000000000000001130150405000001001").unwrap();
        let answer = b"081082200000020000000400000000000000113015040500000100001";
        assert_eq!(came, Came::Line(answer.to_vec()));
    }

    #[test]
    fn an_answer_has_its_reference_and_code() {
        let fields =
            ["0110", "723800010AC08000", "16", "9999000012345678", "000000", "000000000001", "1130150405"];
        let more = ["000008", "150405", "1130", "07", "0012345", "000000000007", "00", "BENCH001"];
        let text = [fields.concat(), more.concat(), "BOOKSHOP-000001978".to_owned()].concat();
        let came = read(text.as_bytes()).unwrap();
        assert_eq!(came, Came::Answer { reference: 7, code: "00".to_owned() });
    }
}
