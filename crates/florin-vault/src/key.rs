//! The keys of files: an X25519 identity per user, as the `age` tool knows it.

use crate::VaultError;
use age::x25519;
use bech32::Hrp;
use secrecy::SecretString;
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// What stands before the digits of an identity (age-encryption.org/v1).
const IDENTITY_PREFIX: Hrp = Hrp::parse_unchecked("age-secret-key-");

/// What decrypts a user's files. Never printed; overwritten in memory when it is dropped.
#[derive(Clone)]
pub struct Identity(x25519::Identity);

impl Identity {
    /// The identity of these secret bytes: the same bytes make the same identity. They must be random and used for
    /// nothing else; every 32 bytes are a key of X25519.
    #[must_use]
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        // The library takes an identity as text only.
        let encoded = bech32::encode::<bech32::Bech32>(IDENTITY_PREFIX, secret).map(Zeroizing::new);
        let encoded = encoded.expect("63 characters are within what bech32 holds");
        let text = Zeroizing::new(encoded.to_ascii_uppercase());
        Self(x25519::Identity::from_str(&text).expect("an encoding of 32 bytes is an identity"))
    }

    /// To whom files of this identity are encrypted.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// `AGE-SECRET-KEY-1…`, as `age --decrypt --identity FILE` reads it.
    #[must_use]
    pub fn to_age_string(&self) -> SecretString {
        self.0.to_string()
    }

    pub(crate) fn age(&self) -> &dyn age::Identity {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// To whom a file is encrypted: the public half of an [`Identity`].
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(x25519::Recipient);

impl Recipient {
    /// Reads `age1…`.
    ///
    /// # Errors
    /// [`VaultError::Unexpected`] for every other text.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        x25519::Recipient::from_str(text)
            .map(Self)
            .map_err(|error| VaultError::Unexpected(format!("no recipient: {error}")))
    }

    pub(crate) fn age(&self) -> &dyn age::Recipient {
        &self.0
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn the_same_secret_is_the_same_identity_and_never_printed() {
        let identity = Identity::from_secret(&[7; 32]);
        let text = identity.to_age_string();
        assert!(text.expose_secret().starts_with("AGE-SECRET-KEY-1"));
        assert_eq!(text.expose_secret(), Identity::from_secret(&[7; 32]).to_age_string().expose_secret());
        assert_ne!(identity.recipient(), Identity::from_secret(&[8; 32]).recipient());
        assert_eq!(format!("{identity:?} {text:?}").find("KEY"), None);
        for extreme in [[0; 32], [255; 32]] {
            let identity = Identity::from_secret(&extreme);
            let read = x25519::Identity::from_str(identity.to_age_string().expose_secret()).unwrap();
            assert_eq!(read.to_public(), identity.0.to_public());
        }
    }

    #[test]
    fn recipients_are_read_as_they_print() {
        let recipient = Identity::from_secret(&[7; 32]).recipient();
        assert!(recipient.to_string().starts_with("age1"));
        assert_eq!(Recipient::parse(&recipient.to_string()).unwrap(), recipient);
        for text in ["", "age1", "AGE-SECRET-KEY-1", &recipient.to_string().to_uppercase()[1..]] {
            assert!(Recipient::parse(text).is_err(), "{text}");
        }
    }
}
