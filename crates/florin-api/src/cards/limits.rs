//! What may be spent by a card.

/// Limits of a card, in cents. A day is 24 hours and a month is 30 days, and both roll.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CardLimits {
    /// By all means, in a month.
    pub monthly_all: i64,
    /// By all means, in a day.
    pub daily_all: i64,
    /// At cash machines, in a month.
    pub monthly_atm: i64,
    /// At cash machines, in a day.
    pub daily_atm: i64,
    /// In web shops and apps, in a month.
    pub monthly_ecom: i64,
    /// In web shops and apps, in a day.
    pub daily_ecom: i64,
}

impl CardLimits {
    /// Those of a new card: EUR 2,500 a day and 10,000 a month, of which 500 and 2,500 in cash. It covers what most
    /// people spend in a month with a large purchase, and bounds what a thief can take before the user locks the card.
    pub const DEFAULT: Self = Self {
        monthly_all: 1_000_000,
        daily_all: 250_000,
        monthly_atm: 250_000,
        daily_atm: 50_000,
        monthly_ecom: 1_000_000,
        daily_ecom: 250_000,
    };
}
