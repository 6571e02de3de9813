//! Cards: what merchants ask and say through a network, behind one trait. [`SimulatedProcessor`] is the network of a
//! sandbox.
//!
//! A processor brings messages: an authorisation, a clearing, a reversal. What is answered is decided from the books
//! and not here.

pub mod iso8583;
mod simulated;

pub use simulated::{MAGIC_AMOUNTS, MagicMerchant, SimulatedProcessor};

use std::time::Duration;

/// The way to a card network.
pub trait CardProcessor: Send + Sync {
    /// Its name, for logs and reports.
    fn name(&self) -> &'static str;

    /// What a merchant of this name does by itself once a purchase is approved. None: the network says what happens.
    fn plan(&self, merchant: &str) -> Option<Plan> {
        let _ = merchant;
        None
    }

    /// Why an authorisation of this amount is declined whatever speaks for it: in minor units of a currency of so many
    /// decimals. None: nothing speaks against it.
    fn forced_decline(&self, amount: i64, decimals: u8) -> Option<&'static str> {
        let _ = (amount, decimals);
        None
    }

    /// Whether a merchant of this name must have the payer authenticated.
    fn needs_authentication(&self, merchant: &str) -> bool {
        let _ = merchant;
        false
    }

    /// What happens where a merchant of this name asks for 3-D Secure, for an amount in cents.
    fn authentication(&self, merchant: &str, cents: i64) -> Authentication {
        let _ = (merchant, cents);
        Authentication::Challenge
    }

    /// Why no messages come now; none while all is well.
    fn trouble(&self) -> Option<String>;
}

/// What a merchant does by itself after an approval.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How long after it, by the clock of the book.
    pub after: Duration,
    /// What.
    pub does: Does,
}

/// What a merchant does.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// Takes what was approved.
    Clear,
    /// Takes half of it, and lets the rest go.
    ClearLess,
    /// Takes a tenth more than was approved.
    ClearMore,
    /// Lets it go.
    Reverse,
    /// Takes what was approved, and gives it back after the same time.
    ClearAndRefund,
    /// Nothing, until the hold ends.
    Nothing,
}

/// What comes of asking for 3-D Secure.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// The payer gets a code, and must give it.
    Challenge,
    /// It is passed without a code: the amount is small.
    Frictionless,
    /// It is declined.
    Decline,
}
