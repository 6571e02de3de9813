//! What is offered for gas (EIP-1559).

use serde::{Deserialize, Serialize};

/// What a transaction offers, in wei per gas.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The most that is paid.
    pub max_fee: u128,
    /// What of it may go to the maker of the block.
    pub max_priority_fee: u128,
}

/// What is offered now.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Offers {
    /// For a transaction that is to be in one of the next blocks.
    pub usual: Offer,
    /// For one that has waited too long.
    pub urgent: Offer,
}

impl Offers {
    /// From the base fee of the next block and the priority fee that the node proposes. The base fee grows by an eighth
    /// a block at most, so twice the base fee is enough for 5 full blocks and four times for 11. What is offered and
    /// not needed is not paid.
    pub(in crate::chain) fn new(base: u128, priority: u128, limit: u128) -> Self {
        let offer = |times: u128| {
            let max_priority_fee = priority.saturating_mul(times);
            let max_fee = base.saturating_mul(2 * times).saturating_add(max_priority_fee);
            Offer { max_fee, max_priority_fee }.limited(limit)
        };
        Self { usual: offer(1), urgent: offer(2) }
    }
}

impl Offer {
    fn limited(self, limit: u128) -> Self {
        let max_fee = self.max_fee.min(limit);
        Self { max_fee, max_priority_fee: self.max_priority_fee.min(max_fee) }
    }

    /// This offer, raised until nodes let it replace a transaction that waits with the same nonce. They want a tenth
    /// more of both fees (geth's `PriceBump`, and others' likewise); an eighth is given, which no rounding makes too
    /// little. None: it would be more than the limit.
    #[must_use]
    pub fn replacing(self, before: Self, limit: u128) -> Option<Self> {
        let raised = |fee: u128| fee.saturating_add(fee / 8).saturating_add(1);
        let max_priority_fee = self.max_priority_fee.max(raised(before.max_priority_fee));
        let max_fee = self.max_fee.max(raised(before.max_fee)).max(max_priority_fee);
        (max_fee <= limit).then_some(Self { max_fee, max_priority_fee })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_offer_covers_a_rise_of_the_base_fee() {
        let offers = Offers::new(100, 3, 1_000);
        assert_eq!(offers.usual, Offer { max_fee: 203, max_priority_fee: 3 });
        assert_eq!(offers.urgent, Offer { max_fee: 406, max_priority_fee: 6 });
        assert_eq!(Offers::new(100, 3, 300).urgent, Offer { max_fee: 300, max_priority_fee: 6 });
        assert_eq!(Offers::new(0, 50, 30).usual, Offer { max_fee: 30, max_priority_fee: 30 });
    }

    #[test]
    fn a_replacement_stops_at_the_limit() {
        let usual = Offers::new(100, 3, 1_000).usual;
        assert_eq!(usual.replacing(usual, 1_000), Some(Offer { max_fee: 229, max_priority_fee: 4 }));
        assert_eq!(usual.replacing(usual, 228), None);
    }

    proptest! {
        /// Whatever a node says, no more than the limit is offered, and never more to the maker than in all.
        #[test]
        fn a_lie_costs_no_more_than_the_limit(base: u128, priority: u128, limit: u128) {
            let Offers { usual, urgent } = Offers::new(base, priority, limit);
            for offer in [usual, urgent] {
                prop_assert!(offer.max_fee <= limit && offer.max_priority_fee <= offer.max_fee);
            }
            prop_assert!(usual.max_fee <= urgent.max_fee);
            if let Some(next) = urgent.replacing(usual, limit) {
                prop_assert!(next.max_fee <= limit && next.max_priority_fee <= next.max_fee);
                // A tenth more, as nodes count it.
                let tenth_more = usual.max_fee.saturating_add(usual.max_fee.div_ceil(10));
                prop_assert!(next.max_fee >= tenth_more);
                prop_assert!(next.max_priority_fee > usual.max_priority_fee);
            }
        }
    }
}
