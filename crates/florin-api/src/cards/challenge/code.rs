//! The codes themselves.

use crate::cards::number::CardStream;
use crate::kit::app::App;
use crate::kit::request::types::{FieldType, text_schema};
use std::fmt;
use subtle::ConstantTimeEq;
use utoipa::openapi::schema::ObjectBuilder;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Digits of a code: what banks send by text message.
const DIGITS: usize = 6;

/// A code. It has neither `Display` nor a telling `Debug`.
#[derive(Clone)]
pub struct Code(Zeroizing<String>);

impl Code {
    /// A new one.
    pub(in crate::cards) fn draw(stream: &CardStream) -> Self {
        // Of 2^64 numbers to a million codes none is more likely than another by more than one in 10^13.
        Self(Zeroizing::new(format!("{:06}", stream.number() % 1_000_000)))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it: a hash with its challenge's id, under a key of the installation.
    pub fn kept(&self, app: &App, challenge: Uuid) -> Vec<u8> {
        let key = app.store.derive_key("florin 2026 card challenge codes v1");
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(challenge.as_bytes()).update(self.0.as_bytes());
        hasher.finalize().as_bytes().to_vec()
    }

    /// Whether this is what was kept.
    pub fn is(&self, app: &App, challenge: Uuid, kept: &[u8]) -> bool {
        self.kept(app, challenge).ct_eq(kept).into()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

impl FieldType for Code {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        let is_code = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| Self(Zeroizing::new(text.to_owned()))).ok_or("must be 6 digits")
    }

    fn canonical(&self) -> String {
        self.0.to_string()
    }

    fn schema() -> ObjectBuilder {
        text_schema().pattern(Some("^[0-9]{6}$")).examples(["482913"])
    }
}
