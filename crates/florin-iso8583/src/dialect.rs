//! How the same fields are written as bytes.

/// How a link writes messages. ISO 8583 leaves it to the two sides, and these are the three usual ways.
///
/// | | message type, digits, lengths | text | bitmaps, binary fields |
/// | --- | --- | --- | --- |
/// | `Ascii` | ASCII | ASCII | hexadecimal digits |
/// | `AsciiBinary` | ASCII | ASCII | bytes |
/// | `Packed` | two digits a byte | ASCII | bytes |
///
/// An odd number of packed digits has a zero before them. A length counts what is written: digits or characters, and
/// for binary fields bytes (in `Ascii`, their hexadecimal digits).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Everything can be read by eye.
    Ascii,
    /// As `Ascii`, with binary bitmaps and fields.
    AsciiBinary,
    /// Binary-coded decimals.
    Packed,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ascii, Self::AsciiBinary, Self::Packed];

    /// The name, as settings have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ascii => "ascii",
            Self::AsciiBinary => "ascii-binary",
            Self::Packed => "packed",
        }
    }

    /// The dialect of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// Whether two digits are in a byte.
    pub(crate) const fn is_packed(self) -> bool {
        matches!(self, Self::Packed)
    }

    /// Whether binary values are written as hexadecimal digits.
    pub(crate) const fn is_hex(self) -> bool {
        matches!(self, Self::Ascii)
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn every_dialect_has_a_name_of_its_own() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::parse(dialect.name()), Some(dialect));
        }
        assert_eq!(Dialect::parse("ASCII"), None);
    }
}
