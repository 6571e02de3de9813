//! What is refused, and which field an error names.

use florin_iso8583::{Decline, Dialect, Fields, MAX_MESSAGE, Message, Problem, ReadError};

use crate::samples;
use crate::vectors::bytes;

/// A message of [`Dialect::Ascii`] in which one piece is replaced by another.
fn with(name: &str, from: &str, to: &str) -> Vec<u8> {
    let (_, bytes) = bytes(name).into_iter().find(|(dialect, _)| *dialect == Dialect::Ascii).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    text.replace(from, to).into_bytes()
}

fn read(bytes: &[u8]) -> Result<Message, ReadError> {
    Fields::read(bytes, Dialect::Ascii).and_then(|fields| Message::from_fields(&fields))
}

#[test]
fn messages_that_close_a_link() {
    let a = "authorisation";
    for (bytes, said) in [
        (Vec::new(), "the message is cut off"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "the message has no message type of the 1987 edition"),
        (with("echo", "0800", "1800"), "the message has no message type of the 1987 edition"),
        (with("echo", "0800", "08O0"), "the message has no message type of the 1987 edition"),
        (with("echo", "08008220", "0800G220"), "the message has a bitmap that is none"),
        (with("echo", "0400000000000000", "8400000000000000"), "field 65 announces a third bitmap"),
        (with("echo", "0400000000000000", "0600000000000000"), "field 71 is cut off"),
        (with(a, "169999", "209999"), "field 2 (card number) is longer than 19"),
        (with(a, "169999", "x69999"), "field 2 (card number) has no length"),
        (with(a, "169999", "-19999"), "field 2 (card number) has no length"),
        (with(a, "018420205", "999420205"), "field 48 (additional data) is cut off"),
        (with(a, "59070012345", "59120012345"), "field 32 (acquirer) is longer than 11"),
        ([with(a, "0100723", "0100723"), b" ".to_vec()].concat(), "the message is followed by something"),
        (vec![b'0'; MAX_MESSAGE + 1], "the message has more than 8192 bytes"),
        (
            with("at a machine, in another currency", "0329F26", "0319F26"),
            "field 55 (chip data) has no length",
        ),
        (
            with("at a machine, in another currency", "0329F26", "032XF26"),
            "field 55 (chip data) has a character",
        ),
    ] {
        let error = Fields::read(&bytes, Dialect::Ascii).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}\n{said}");
    }
}

#[test]
fn messages_that_are_answered_and_refused() {
    let (a, r, machine) = ("authorisation", "reversal of a part", "at a machine, in another currency");
    for (bytes, said) in [
        (with(a, "0100723", "0302723"), "the message is of a type that is not known here"),
        (with(a, "9999000012345674", "999900001234567A"), "field 2 (card number) is not 12 to 19 digits"),
        (with(a, "169999000012345674", "049999"), "field 2 (card number) is not 12 to 19 digits"),
        (with(a, "000000001250", "00000000125x"), "field 4 (transaction amount) is not a number"),
        (with(a, "000000001250", "-00000001250"), "field 4 (transaction amount) is not a number"),
        (with(a, "1130150405", "1131150405"), "field 7 (transmission time) is not a day"),
        (with(a, "1130150405", "1130250405"), "field 7 (transmission time) is not a time"),
        (with(a, "0001231604051130", "0001231604050230"), "field 13 (local date) is not a day"),
        (with(a, "11302912", "11302913"), "field 14 (expiry) is not a year and month"),
        (with(a, "633415000123", "            "), "field 37 (retrieval reference) is not a text"),
        (with(a, "TERM0001", "TERM\x01001"), "field 41 (terminal) has a character that it can't have"),
        (with(a, "420205", "420209"), "field 48 (additional data) is not an authentication"),
        (with(a, "61011", "42011"), "field 48 (additional data) is not a list of elements, each there once"),
        (with(a, "9203123978", "9203123000"), "field 49 (transaction currency) is not a currency"),
        (with(a, "9203123978", "9203123999"), "field 49 (transaction currency) is not a currency"),
        (with(machine, "60062000", "90062000"), "field 10 (conversion rate) is not a rate"),
        (with("with cash", "D000000000500", "D000000001251"), "field 54 (additional amounts) is not a part"),
        (with("with cash", "0040978D", "0040840D"), "field 54 (additional amounts) is not a part"),
        (
            with(r, "000000000750", "000000001250"),
            "field 95 (replacement amounts) is not less than the amount",
        ),
        (
            with(r, "01000001231130", "04000001231130"),
            "field 90 (original message) is not a message that began",
        ),
        (
            with(r, "00000012345000", "00000012346000"),
            "field 90 (original message) is not a message of the same",
        ),
    ] {
        let fields = Fields::read(&bytes, Dialect::Ascii).unwrap();
        let error = Message::from_fields(&fields).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}\n{said}");
        let refusal = fields.refusal(Decline::FormatError).unwrap();
        assert_eq!(refusal.kind(), fields.kind().answer().unwrap());
        assert!(refusal.numbers().any(|field| field == 39) && refusal.write(Dialect::Ascii).is_ok());
    }
}

#[test]
fn every_field_that_must_be_there_is_named() {
    let full = Message::AuthorisationRequest(Box::new(samples::request())).to_fields().unwrap();
    let bytes = full.write(Dialect::AsciiBinary).unwrap();
    // Without one field: its bit and its bytes are taken out, found by writing what is before it.
    let lengths = [
        (2, 18),
        (3, 6),
        (4, 12),
        (7, 10),
        (11, 6),
        (12, 6),
        (13, 4),
        (18, 4),
        (22, 3),
        (25, 2),
        (32, 9),
        (37, 12),
        (41, 8),
        (42, 15),
        (43, 40),
        (49, 3),
    ];
    assert_eq!(lengths.map(|(field, _)| field).to_vec(), full.numbers().collect::<Vec<_>>());
    let mut at = 12;
    for (field, length) in lengths {
        let mut without = bytes.to_vec();
        without[4 + usize::from(field - 1) / 8] &= !(0x80 >> ((field - 1) % 8));
        without.drain(at..at + length);
        at += length;
        let fields = Fields::read(&without, Dialect::AsciiBinary).unwrap();
        let error = Message::from_fields(&fields).unwrap_err();
        assert_eq!((error.field, error.problem), (Some(field), Problem::Missing));
    }
    assert_eq!(at, bytes.len());
}

#[test]
fn a_name_with_other_letters_is_no_reason_to_refuse() {
    let bytes = with("authorisation", "Cafe Lumen", "Caf\u{e9} Lume");
    let Ok(Message::AuthorisationRequest(found)) = read(&bytes) else { panic!("refused") };
    assert_eq!(found.payment.place.name.unwrap().as_str(), "Caf?? Lume");
}

/// Errors and debug texts go to logs.
#[test]
fn nothing_secret_is_printed() {
    for name in ["authorisation", "at a machine, in another currency", "answer", "reversal"] {
        for (dialect, bytes) in bytes(name) {
            let fields = Fields::read(&bytes, dialect).unwrap();
            let texts = format!("{fields:?} {:#?}", Message::from_fields(&fields));
            for secret in [
                samples::PAN,
                "9999000",
                "12345674",
                "9203123",
                "\"123\"",
                "ABCDEF",
                "239, 205",
                "205, 239",
                "AABBCC",
                "170, 187",
            ] {
                assert!(!texts.contains(secret), "{secret}: {texts}");
            }
        }
    }
    let wrong = with("authorisation", "9999000012345674", "999900001234567A");
    assert!(!format!("{0} {0:?}", read(&wrong).unwrap_err()).contains("9999"));
}

/// A message in the wrong dialect is no message.
#[test]
fn the_dialects_are_told_apart() {
    for name in ["authorisation", "sign-on", "reversal"] {
        for (written_in, bytes) in bytes(name) {
            for dialect in Dialect::ALL.into_iter().filter(|dialect| *dialect != written_in) {
                assert!(Fields::read(&bytes, dialect).is_err(), "{name}: {written_in:?} as {dialect:?}");
            }
        }
    }
}
