//! The values of Florin: what the rest of the platform trusts once it has one in hand.
//!
//! Each type is parsed once, at the edge, and is right from then on: an [`Amount`] is positive and within the cap,
//! an [`Iban`] has its check digits, a [`Country`] exists. Nothing here reads a clock, a random source, a file or a
//! socket ([`Clock`] and [`Entropy`] are passed in), and nothing is a float.
//!
//! Every error is a small enum whose text can follow a field name: `amount` + "can have at most 2 decimal places".
//! Types that hold personal data ([`Email`], [`Phone`], [`Text`], [`Iban`], [`CardNumber`]) keep it out of their
//! `Debug` text and have no `Display`.
#![deny(missing_docs)]

pub mod bic;
pub mod calendar;
pub mod card_number;
pub mod clock_guard;
pub mod country;
pub mod currency;
pub mod iban;
pub mod iban_series;
pub mod id;
pub mod money;
pub mod payee;
pub mod person;
pub mod rate;
pub mod sepa_text;
pub mod time;
pub mod vault_mark;

pub use bic::*;
pub use calendar::*;
pub use card_number::*;
pub use clock_guard::*;
pub use country::*;
pub use currency::*;
pub use iban::*;
pub use iban_series::*;
pub use id::*;
pub use money::*;
pub use payee::*;
pub use person::*;
pub use rate::*;
pub use sepa_text::*;
pub use time::*;
pub use vault_mark::*;
