//! Identifiers: ours (UUID version 7) and the partner's own for a user.
//!
//! Secrets are not made here: they come from the operating system's generator alone, never from a seeded
//! [`Entropy`], and are never version 7.

use std::fmt;

use thiserror::Error;
use uuid::{Builder, Uuid};

use crate::time::Timestamp;

/// What gives random bytes: the operating system's generator, or a seeded one in tests and simulations.
pub trait Entropy: Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The largest value of a version 7 UUID's 48 bits of milliseconds.
const MAX_UUID_MILLIS: u64 = (1 << 48) - 1;

/// A UUID version 7 (RFC 9562, section 5.7): milliseconds, then 74 random bits.
///
/// Sorts by time to the millisecond and says nothing about order within one. Instants before 1970 count as 1970.
#[must_use]
pub fn uuid_v7(at: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let millis = u64::try_from(at.millis()).unwrap_or(0).min(MAX_UUID_MILLIS);
    let mut random = [0; 10];
    entropy.fill(&mut random);
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The most characters of an [`ExternalUserId`], as the contract says.
const MAX_EXTERNAL_USER_ID_CHARACTERS: usize = 64;

/// What follows `/v1/user/` literally in some path, so that a user of that name could not be addressed; and the two
/// names that URL libraries resolve away.
const RESERVED: [&str; 10] = [
    ".",
    "..",
    "balances",
    "kyc-files",
    "poa-files",
    "suspend",
    "transactions",
    "unsuspend",
    "verification",
    "wallet",
];

/// Why a text is no [`ExternalUserId`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum ExternalUserIdError {
    /// Nothing.
    #[error("must not be empty")]
    Empty,
    /// More than 64 characters.
    #[error("can have at most {MAX_EXTERNAL_USER_ID_CHARACTERS} characters")]
    TooLong,
    /// A character that is not one of `A-Za-z0-9._:@-`.
    #[error("can only contain letters, digits and the characters ._:@-")]
    Character,
    /// A name that paths need for themselves.
    #[error("must not be a reserved word")]
    Reserved,
}

/// A partner's own id for a user: 1 to 64 of `A-Za-z0-9._:@-`, opaque, letter case kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalUserId(String);

impl ExternalUserId {
    /// Takes the text as it is, or refuses it.
    ///
    /// # Errors
    /// [`ExternalUserIdError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, ExternalUserIdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:@-".contains(&byte);
        if text.is_empty() {
            Err(ExternalUserIdError::Empty)
        } else if !text.bytes().all(allowed) {
            Err(ExternalUserIdError::Character)
        } else if text.len() > MAX_EXTERNAL_USER_ID_CHARACTERS {
            Err(ExternalUserIdError::TooLong)
        } else if RESERVED.contains(&text) {
            Err(ExternalUserIdError::Reserved)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ExternalUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same byte, over and over.
    struct Constant(u8);

    impl Entropy for Constant {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn uuids_hold_the_milliseconds_and_the_random_bits() {
        // The instant of RFC 9562, appendix A.6.
        let at = Timestamp::parse("2022-02-22T14:22:22-05:00").unwrap();
        assert_eq!(uuid_v7(at, &Constant(0)).to_string(), "017f22e2-79b0-7000-8000-000000000000");
        assert_eq!(uuid_v7(at, &Constant(0xff)).to_string(), "017f22e2-79b0-7fff-bfff-ffffffffffff");
        assert_eq!(uuid_v7(at, &Constant(7)).get_version_num(), 7);
        for (micros, start) in
            [(i64::MIN, "00000000-0000-7"), (-1, "00000000-0000-7"), (i64::MAX, "ffffffff-ffff-7")]
        {
            assert!(uuid_v7(Timestamp::from_micros(micros), &Constant(0)).to_string().starts_with(start));
        }
    }

    #[test]
    fn external_user_ids() {
        let longest = "x".repeat(64);
        for id in [
            longest.as_str(),
            "a",
            "user-1",
            "A.b_c:d@e-f",
            "...",
            "Balances",
            "balances2",
            "crypto-and-fiat",
        ] {
            assert_eq!(ExternalUserId::parse(id).map(|id| id.to_string()), Ok(id.to_owned()));
        }
        let too_long = "x".repeat(65);
        for (text, error) in [
            ("", ExternalUserIdError::Empty),
            (too_long.as_str(), ExternalUserIdError::TooLong),
            (" a", ExternalUserIdError::Character),
            ("a/b", ExternalUserIdError::Character),
            ("a%2f", ExternalUserIdError::Character),
            ("é", ExternalUserIdError::Character),
            ("a\0", ExternalUserIdError::Character),
        ] {
            assert_eq!(ExternalUserId::parse(text), Err(error), "{text:?}");
        }
        for reserved in RESERVED {
            assert_eq!(ExternalUserId::parse(reserved), Err(ExternalUserIdError::Reserved));
        }
    }

    proptest! {
        #[test]
        fn uuids_sort_by_millisecond(one in 0_i64..1 << 47, other in 0_i64..1 << 47, random in any::<(u8, u8)>()) {
            prop_assume!(one != other);
            let id = |millis: i64, byte| uuid_v7(Timestamp::from_micros(millis * 1_000), &Constant(byte));
            prop_assert_eq!(id(one, random.0).cmp(&id(other, random.1)), one.cmp(&other));
        }

        #[test]
        fn any_allowed_text_is_kept(text in "[A-Za-z0-9._:@-]{1,64}") {
            prop_assume!(!RESERVED.contains(&text.as_str()));
            let id = ExternalUserId::parse(&text).unwrap();
            prop_assert_eq!(id.as_str(), text);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = ExternalUserId::parse(&text);
        }
    }
}
