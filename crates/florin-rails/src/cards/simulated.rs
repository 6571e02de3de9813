//! The card network of a sandbox: merchants clear after a day, unless somebody clears before. Some amounts are
//! declined, and merchants of some names do something else.

use super::{Authentication, CardProcessor, Does, Plan};
use std::time::Duration;

/// The simulated network.
#[derive(Copy, Clone, Debug)]
pub struct SimulatedProcessor {
    /// How long after an approval merchants clear by themselves.
    pub clears_after: Duration,
}

/// What most merchants take: their terminal closes the day at night.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Below how many cents 3-D Secure passes without a code: EUR 30, the limit for small payments on the internet of
/// Regulation (EU) 2018/389, article 16.
pub(super) const SMALL: i64 = 3_000;

/// Amounts that are declined, in whole units of the merchant's currency, each with its reason. The last two digits are
/// the answer of ISO 8583 for it.
pub const MAGIC_AMOUNTS: [(i64, &str); 10] = [
    (9_005, "USER_SUSPENDED"),
    (9_012, "CURRENCY_NOT_SUPPORTED"),
    (9_051, "INSUFFICIENT_FUNDS"),
    (9_054, "CARD_EXPIRED"),
    (9_055, "WRONG_PIN"),
    (9_057, "MERCHANT_BLOCKED"),
    (9_061, "DAILY_LIMIT"),
    (9_062, "CARD_NOT_ACTIVE"),
    (9_065, "VELOCITY"),
    (9_082, "WRONG_CVV"),
];

/// A merchant that does something else than clear what was approved.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum MagicMerchant {
    /// Never takes the money.
    NeverClears,
    /// Takes half of it.
    ClearsLess,
    /// Takes a tenth more.
    ClearsMore,
    /// Lets it go.
    Reverses,
    /// Takes it and gives it back.
    Refunds,
    /// Must have the payer authenticated.
    NeedsAuthentication,
    /// Is declined at 3-D Secure.
    FailsAuthentication,
}

impl MagicMerchant {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NeverClears,
        Self::ClearsLess,
        Self::ClearsMore,
        Self::Reverses,
        Self::Refunds,
        Self::NeedsAuthentication,
        Self::FailsAuthentication,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverClears => "Florin Hotel",
            Self::ClearsLess => "Florin Fuel",
            Self::ClearsMore => "Florin Restaurant",
            Self::Reverses => "Florin Cancelled",
            Self::Refunds => "Florin Returns",
            Self::NeedsAuthentication => "Florin Secure",
            Self::FailsAuthentication => "Florin Fraud",
        }
    }

    /// The merchant of a name, in any letter case.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|magic| magic.name().eq_ignore_ascii_case(name))
    }
}

impl Default for SimulatedProcessor {
    fn default() -> Self {
        Self { clears_after: A_DAY }
    }
}

impl CardProcessor for SimulatedProcessor {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn plan(&self, merchant: &str) -> Option<Plan> {
        let does = match MagicMerchant::of(merchant) {
            Some(MagicMerchant::NeverClears) => Does::Nothing,
            Some(MagicMerchant::ClearsLess) => Does::ClearLess,
            Some(MagicMerchant::ClearsMore) => Does::ClearMore,
            Some(MagicMerchant::Reverses) => Does::Reverse,
            Some(MagicMerchant::Refunds) => Does::ClearAndRefund,
            Some(MagicMerchant::NeedsAuthentication | MagicMerchant::FailsAuthentication) | None => {
                Does::Clear
            }
        };
        Some(Plan { after: self.clears_after, does })
    }

    fn forced_decline(&self, amount: i64, decimals: u8) -> Option<&'static str> {
        let unit = 10_i64.checked_pow(decimals.into())?;
        let found = MAGIC_AMOUNTS.iter().find(|(whole, _)| whole.checked_mul(unit) == Some(amount));
        found.map(|(_, reason)| *reason)
    }

    fn needs_authentication(&self, merchant: &str) -> bool {
        matches!(
            MagicMerchant::of(merchant),
            Some(MagicMerchant::NeedsAuthentication | MagicMerchant::FailsAuthentication)
        )
    }

    fn authentication(&self, merchant: &str, cents: i64) -> Authentication {
        match MagicMerchant::of(merchant) {
            Some(MagicMerchant::FailsAuthentication) => Authentication::Decline,
            Some(MagicMerchant::NeedsAuthentication) => Authentication::Challenge,
            _ if cents < SMALL => Authentication::Frictionless,
            _ => Authentication::Challenge,
        }
    }

    fn trouble(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_amounts_that_do_something_else() {
        let network = SimulatedProcessor::default();
        let does = |name| network.plan(name).map(|plan| plan.does);
        assert_eq!(does("Bookshop"), Some(Does::Clear));
        assert_eq!(does("FLORIN HOTEL"), Some(Does::Nothing));
        for magic in MagicMerchant::ALL {
            assert_eq!(MagicMerchant::of(magic.name()), Some(magic));
        }
        assert_eq!(network.forced_decline(905_100, 2), Some("INSUFFICIENT_FUNDS"));
        assert_eq!(network.forced_decline(9_051, 0), Some("INSUFFICIENT_FUNDS"));
        assert_eq!((network.forced_decline(9_051, 2), network.forced_decline(1, 200)), (None, None));
        assert!(network.needs_authentication("Florin Secure") && !network.needs_authentication("Bookshop"));
        let authentication = |name, cents| network.authentication(name, cents);
        assert_eq!(authentication("Bookshop", 2_999), Authentication::Frictionless);
        assert_eq!(authentication("Bookshop", 3_000), Authentication::Challenge);
        assert_eq!(authentication("Florin Secure", 1), Authentication::Challenge);
        assert_eq!(authentication("Florin Fraud", 1), Authentication::Decline);
    }
}
