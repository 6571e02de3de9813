//! The card network of a sandbox: merchants clear after a day, unless somebody clears before.

use super::CardProcessor;
use std::time::Duration;

/// The simulated network.
#[derive(Copy, Clone, Debug)]
pub struct SimulatedProcessor {
    /// How long after an approval merchants clear by themselves.
    pub clears_after: Duration,
}

/// What most merchants take: their terminal closes the day at night.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for SimulatedProcessor {
    fn default() -> Self {
        Self { clears_after: A_DAY }
    }
}

impl CardProcessor for SimulatedProcessor {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn clears_after(&self) -> Option<Duration> {
        Some(self.clears_after)
    }

    fn trouble(&self) -> Option<String> {
        None
    }
}
