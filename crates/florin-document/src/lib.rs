//! What an uploaded document is: told by its content, checked while it streams in, decoded in full afterwards.
//!
//! [`Checker`] runs inside the request: it sees each byte once, keeps a few hundred bytes, and refuses what is not
//! whole. [`decode()`] runs afterwards on a thread of its own and reads every pixel. [`for_export`] makes the copy that
//! may leave the vault.

mod bytes;
mod check;
mod cost;
mod decode;
mod export;
mod heif;
mod jpeg;
mod kind;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
mod segments;
#[cfg(test)]
mod tests;

pub use check::{Checker, Rejected};
pub use cost::MAX_DECODE_MEMORY;
pub use decode::{DecodeLimits, Decoded, Unreadable, decode};
pub use export::for_export;
pub use kind::{Facts, Kind, MAX_PIXELS, MAX_SIDE, Size};
