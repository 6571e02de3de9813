//! Messages to servers that partners name: how they are signed, where they may go, and how they are sent.
//!
//! Never here: a table, or what a message says.

mod address;
mod names;
mod sender;
mod signature;

pub use address::{AddressError, BaseUrl, EventPath, Guard};
pub use names::{Resolver, SystemResolver};
pub use sender::{Answered, SendError, Sender};
pub use signature::{PublicKey, SigningKey, SigningSecret, signatures};
