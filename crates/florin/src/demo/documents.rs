//! The documents of the demo's two users: photos of specimens that no state has issued, of people who do not exist
//! (`assets/documents`), and the data that a partner's form would ask for.

use serde_json::{Value, json};
use std::fmt::{Display, Formatter, Result};

/// A file, as a part of an upload.
#[derive(Copy, Clone)]
pub struct File {
    /// The name of the part.
    pub part: &'static str,
    /// The name that the file goes by.
    pub name: &'static str,
    /// What is in it.
    pub content: &'static [u8],
}

impl Display for File {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "{}: {} ({} bytes)", self.part, self.name, self.content.len())
    }
}

macro_rules! photo {
    ($part:literal, $name:literal) => {
        File { part: $part, name: $name, content: include_bytes!(concat!("../../assets/documents/", $name)) }
    };
}

/// Both sides of Ada's identity card.
pub const CARD: [File; 2] = [photo!("front_id", "id_card_front.jpg"), photo!("back_id", "id_card_back.jpg")];

/// Ada herself.
pub const ADA: File = photo!("selfie", "id_card_selfie.jpg");

/// A text file with the name of a photo.
pub const NO_PHOTO: File =
    File { part: "selfie", name: "me.jpg", content: b"A text is no photo, whatever its name.\n" };

/// The page of Borys's passport, and Borys himself.
pub const PASSPORT: [File; 2] =
    [photo!("front_id", "passport_front.jpg"), photo!("selfie", "passport_selfie.jpg")];

/// The data of Ada's card. Its country, Utopia, has no two-letter code, so her own country is used.
pub fn ada() -> Value {
    json!({
        "externalUserId": "ada",
        "documentType": "ID_CARD",
        "documentNumber": "FLN904117",
        "documentIssueDate": "2026-01-15",
        "documentExpirationDate": "2036-01-14",
        "documentIssuingCountry": "SE",
    })
}

/// The data of Borys's passport, and the optional statements about his income.
pub fn borys() -> Value {
    json!({
        "externalUserId": "borys",
        "documentType": "PASSPORT",
        "documentNumber": "FLP310582",
        "documentIssueDate": "2025-06-20",
        "documentExpirationDate": "2035-06-19",
        "documentIssuingCountry": "PL",
        "incomeSource": "SALARY",
        "occupation": "ENGINEERING",
        "openAccountReason": "DAILY_USE",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The program that drew the documents.
    const DRAWN_BY: &str = include_str!("../../assets/documents/papers.py");

    #[test]
    fn the_data_are_those_of_the_photos() {
        for (name, said) in [("CARD", ada()), ("PASSPORT", borys())] {
            let assigned = format!("{name}_NUMBER, {name}_ISSUED, {name}_EXPIRES = ");
            let line = DRAWN_BY.lines().find_map(|line| line.strip_prefix(&assigned)).expect("the line");
            // As in the machine readable zone: 2036-01-14 is 360114.
            let zone = |field: &str| said[field].as_str().expect("a date").replace('-', "")[2..].to_owned();
            let drawn: Vec<_> = line.split('"').skip(1).step_by(2).collect();
            let [number, _, issued, _, expires] = drawn[..] else { panic!("{line}") };
            assert_eq!(number, said["documentNumber"]);
            assert_eq!(issued, zone("documentIssueDate"));
            assert_eq!(expires, zone("documentExpirationDate"));
        }
    }
}
