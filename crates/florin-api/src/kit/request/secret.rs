//! A secret of few possible values as a field of a request, such as a PIN. What is kept of a field for an idempotency
//! key is a keyed hash of its text, the same for each request: whoever reads the database would see who has the same
//! PIN, and the most common ones are known. So what is kept of a secret depends on the idempotency key too.

use super::fields::Slot;
use super::types::FieldType;

/// The character with which the canonical text of a secret begins; no text of a request has it.
const MARK: char = '\0';

impl Slot<'_, '_> {
    /// A secret of a type.
    pub fn secret_text<T: FieldType>(mut self) -> Option<T> {
        self.describe_as(T::NAME, T::schema);
        let text = self.string()?;
        let parsed = T::parse(text).map(|value| (format!("{MARK}{}", value.canonical()), value));
        self.outcome(parsed)
    }
}

/// The text of a field as it is compared with that of a repeat under the same idempotency key.
pub(super) fn compared(key: &str, text: String) -> String {
    match text.strip_prefix(MARK) {
        Some(secret) => {
            let key = blake3::derive_key("florin 2026 secrets in repeated requests v1", key.as_bytes());
            blake3::keyed_hash(&key, secret.as_bytes()).to_string()
        }
        None => text,
    }
}
