//! The names of objects.

use florin_types::Timestamp;
use std::fmt;
use uuid::Uuid;

/// The name of an object: a UUID version 7 that its caller drew, so that a name tells its age.
///
/// The age is what the sweep goes by: an object that no row knows yet may belong to an upload still under way.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(Uuid);

/// What every object's file is called at its end: what the `age` tool calls its own.
const SUFFIX: &str = ".age";

/// How many folders or prefixes the objects are spread over: two hexadecimal digits, so that a folder of a million
/// objects holds some four thousand entries.
pub(crate) const SHELVES: u16 = 256;

/// The folder or prefix of sheets of keys. It is no shelf.
pub(crate) const SHEETS: &str = "keys";

/// What the file of a sheet is called.
pub(crate) fn sheet_name(sheet: Uuid) -> String {
    format!("{sheet}.keys")
}

/// The file of the vault's [`VaultMark`](florin_types::VaultMark). It is no object's name.
pub(crate) const MARK: &str = "installation";

impl ObjectName {
    /// This UUID as a name; `None` when it is not version 7.
    #[must_use]
    pub fn new(id: Uuid) -> Option<Self> {
        (id.get_version_num() == 7).then_some(Self(id))
    }

    /// Reads what [`fmt::Display`] prints, and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = Self::new(Uuid::try_parse(text).ok()?)?;
        (name.to_string() == text).then_some(name)
    }

    /// The UUID.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.0
    }

    /// When it was drawn, to the millisecond.
    #[must_use]
    pub fn made_at(self) -> Timestamp {
        let bytes = self.0.as_bytes();
        let millis = bytes[..6].iter().fold(0_i64, |millis, byte| millis << 8 | i64::from(*byte));
        Timestamp::from_micros(millis.saturating_mul(1_000))
    }

    /// The folder it is in: the last two digits, which are random, where the first are the time.
    pub(crate) fn shelf(self) -> String {
        shelf_name(u16::from(self.0.as_bytes()[15]))
    }

    /// What its file is called.
    pub(crate) fn file_name(self) -> String {
        format!("{self}{SUFFIX}")
    }

    /// Reads a folder and a file name; `None` for what is not one of ours.
    pub(crate) fn from_stored(shelf: &str, file_name: &str) -> Option<Self> {
        let name = Self::parse(file_name.strip_suffix(SUFFIX)?)?;
        (name.shelf() == shelf).then_some(name)
    }
}

/// The name of the folder of this number.
pub(crate) fn shelf_name(number: u16) -> String {
    format!("{number:02x}")
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0.as_hyphenated(), f)
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 9562, appendix A.6: 2022-02-22T19:22:22Z.
    const EXAMPLE: &str = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

    #[test]
    fn a_name_tells_its_age_and_where_it_is() {
        let name = ObjectName::parse(EXAMPLE).unwrap();
        assert_eq!(name.made_at(), Timestamp::parse("2022-02-22T19:22:22Z").unwrap());
        assert_eq!(name.to_string(), EXAMPLE);
        assert_eq!((name.shelf().as_str(), name.file_name()), ("8f", format!("{EXAMPLE}.age")));
        assert_eq!(ObjectName::from_stored("8f", &name.file_name()), Some(name));
        assert!((0..SHELVES).any(|number| shelf_name(number) == name.shelf()));
    }

    #[test]
    fn other_texts_are_no_names() {
        let upper = EXAMPLE.to_uppercase();
        let version_4 = EXAMPLE.replacen("7cc3", "4cc3", 1);
        let plain = EXAMPLE.replace('-', "");
        for text in ["", "a", "..", "../x", &upper, &version_4, &plain, &format!("{{{EXAMPLE}}}")] {
            assert_eq!(ObjectName::parse(text), None, "{text}");
        }
        let file = format!("{EXAMPLE}.age");
        for (shelf, file) in
            [("8e", file.as_str()), ("8F", &file), ("8f", EXAMPLE), ("8f", ".age"), ("", &file)]
        {
            assert_eq!(ObjectName::from_stored(shelf, file), None, "{shelf}/{file}");
        }
    }
}
