//! Lengths, characters and codes of the standard's datatypes.

/// Longest texts, by the datatype of the standard that has the number in its name.
pub(crate) const MAX_16: usize = 16;
pub(crate) const MAX_35: usize = 35;
pub(crate) const MAX_50: usize = 50;
pub(crate) const MAX_70: usize = 70;
pub(crate) const MAX_100: usize = 100;
pub(crate) const MAX_512: usize = 512;

/// Most lines of an address.
pub(crate) const MAX_ADDRESS_LINES: usize = 7;

/// The standard's code of an unknown country.
pub(crate) const UNKNOWN_COUNTRY: &str = "XX";

/// Kosovo's code: banks use it, and `Country` knows it, but ISO 3166-1 has not assigned it.
pub(crate) const KOSOVO: &str = "XK";

/// The characters of the datatypes `Max…Text`: space to tilde.
pub(crate) fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The datatype `LEIText`: the form of a Legal Entity Identifier, without its check digits. An identifier in the
/// standard's own example has wrong ones.
pub(crate) fn has_lei_form(text: &str) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let (letters, digits) = text.as_bytes().split_at(text.len().saturating_sub(2));
    letters.len() == 18 && letters.iter().all(is_letter) && digits.iter().all(u8::is_ascii_digit)
}
