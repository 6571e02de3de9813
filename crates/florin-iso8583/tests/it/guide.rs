//! The guide for whoever connects a processor says what is so.

use florin_iso8583::{Decline, Dialect, Message, ResponseCode};

use crate::samples;

const GUIDE: &str = include_str!("../../../../docs/cards-iso8583.md");

/// The cells of each row of the tables in a section.
fn rows(section: &str) -> Vec<Vec<&'static str>> {
    let (_, text) = GUIDE.split_once(&format!("\n## {section}\n")).unwrap();
    let text = text.split_once("\n## ").map_or(text, |(text, _)| text);
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    text.lines().filter(|line| line.starts_with('|')).map(cells).collect()
}

#[test]
fn it_has_every_code_and_no_other() {
    let mut said: Vec<&str> =
        rows("Response codes").into_iter().skip(2).flat_map(|row| [row[0], row[2]]).collect();
    said.retain(|code| !code.is_empty());
    said.sort_unstable();
    let approvals = [ResponseCode::approved(), ResponseCode::approved_in_part()];
    let codes = Decline::all().map(Decline::code).chain(approvals);
    let mut codes: Vec<String> = codes.map(|code| code.as_str().to_owned()).collect();
    codes.sort_unstable();
    assert_eq!(said, codes);
}

#[test]
fn it_has_every_dialect() {
    let said: Vec<_> = rows("Dialects").into_iter().skip(2).map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(said, Dialect::ALL.map(Dialect::name));
}

#[test]
fn it_says_which_fields_must_be_there() {
    let must = |column: usize| -> Vec<u8> {
        let rows = rows("Fields").into_iter().skip(2).filter(|row| row.len() > column && row[column] == "●");
        let mut fields: Vec<u8> = rows
            .flat_map(|row| {
                let numbers = row[0].split([' ', ',']).filter_map(|word| word.parse().ok());
                numbers.collect::<Vec<u8>>()
            })
            .collect();
        fields.sort_unstable();
        fields
    };
    let of = |message: Message| message.to_fields().unwrap().numbers().collect::<Vec<u8>>();
    let request = samples::request();
    assert_eq!(must(1), of(Message::AuthorisationRequest(Box::new(request))));
    let reversal = samples::plain_reversal();
    assert_eq!(must(3), of(Message::Reversal(Box::new(reversal))));
    assert_eq!(must(4), of(Message::NetworkRequest(samples::echo())));
}
