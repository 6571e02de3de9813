//! A real processor of cards, by ISO 8583 over TCP: the messages of the crate `florin-iso8583`, each after two bytes
//! that say how long it is.
//!
//! [`Link`] keeps a connection up and hands what comes over it to a [`CardHost`], which is the product. We are the
//! issuer: the other side asks and says, and we answer. Of ourselves we say nothing but sign-on, echo and sign-off.
//!
//! # The life of a connection
//!
//! 1. It is made: by us ([`Line::Call`], again and again with longer pauses), or by the other side ([`Line::Listen`],
//!    from addresses that are known).
//! 2. Who made it signs on (0800). What comes before is answered with 91, and asked of nobody.
//! 3. An echo goes every minute. Who does not answer it in ten seconds is gone.
//! 4. Many messages are under way at the same time; those about one payment one after the other, as they came.
//! 5. A message in which a field is wrong is answered with 30, one of a type that is not known here with 12. Bytes that
//!    are no message close the connection, since nothing after them can be believed.
//!
//! # What is not answered
//!
//! A host that does not answer in time is not waited for, and nothing is said. The other side then takes the payment
//! for declined, and sends a reversal until that is answered. To say "declined" would be worse: the host may have
//! approved and hold money, and nobody would ever reverse that.
//!
//! # What is not here
//!
//! The connection is in clear. It belongs into the processor's private line, a VPN, or a TLS tunnel that checks
//! certificates of both sides. Message authentication codes are not checked, and PINs are not deciphered.

mod acquirer;
mod frame;
mod host;
mod link;
mod pending;
mod processor;
mod session;
mod till;

pub use florin_iso8583::Dialect;

pub use acquirer::{Acquirer, AcquirerError, Network, Outcome};
pub use host::{Boxed, CardHost};
pub use link::{Line, Link, Pauses};
pub use processor::LinkedProcessor;
pub use till::{Till, completion_of, original_of, reversal_of};
