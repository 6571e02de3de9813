//! Cards: what merchants ask and say through a network, behind one trait. [`SimulatedProcessor`] is the network of a
//! sandbox.
//!
//! A processor brings messages: an authorisation, a clearing, a reversal. What is answered is decided from the books
//! and not here.

pub mod iso8583;
mod simulated;

pub use simulated::SimulatedProcessor;

use std::time::Duration;

/// The way to a card network.
pub trait CardProcessor: Send + Sync {
    /// Its name, for logs and reports.
    fn name(&self) -> &'static str;

    /// How long after an approval the merchant clears by itself, by the clock of the book. None: the network says when.
    fn clears_after(&self) -> Option<Duration>;

    /// Why no messages come now; none while all is well.
    fn trouble(&self) -> Option<String>;
}
