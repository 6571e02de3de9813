//! The postings of withdrawals, one function per business event.

use super::withdrawal::Withdrawal;
use florin_ledger::{AccountKey, AccountKind, Posting};

/// An account of the house in the withdrawal's currency.
fn house(withdrawal: &Withdrawal, kind: AccountKind) -> AccountKey {
    AccountKey::system(withdrawal.holder.book(), withdrawal.currency, kind)
}

fn payer(withdrawal: &Withdrawal) -> AccountKey {
    AccountKey::main(withdrawal.holder, withdrawal.currency)
}

/// Amount and fees are put on hold.
pub fn hold(withdrawal: &Withdrawal) -> Posting {
    Posting::new().hold(payer(withdrawal), withdrawal.held())
}

/// The amount leaves, and the house gets both fees: what the chain has taken it pays itself.
pub fn settle(withdrawal: &Withdrawal) -> Posting {
    let settlement = house(withdrawal, AccountKind::ChainSettlement);
    release(withdrawal).move_money(payer(withdrawal), settlement, withdrawal.amount).move_money(
        payer(withdrawal),
        house(withdrawal, AccountKind::Fees),
        withdrawal.fee + withdrawal.network_fee,
    )
}

/// Amount and fees can be spent again.
pub fn release(withdrawal: &Withdrawal) -> Posting {
    Posting::new().release(payer(withdrawal), withdrawal.held())
}

/// What waited in suspense goes back to its sender, less what the network takes.
pub fn give_back(withdrawal: &Withdrawal) -> Posting {
    let suspense = house(withdrawal, AccountKind::Suspense);
    Posting::between(suspense, house(withdrawal, AccountKind::ChainSettlement), withdrawal.amount).move_money(
        suspense,
        house(withdrawal, AccountKind::Fees),
        withdrawal.fee + withdrawal.network_fee,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::withdrawals::withdrawal::State;
    use florin_ledger::{BookId, HolderId};
    use florin_types::{CurrencyCode, Timestamp};
    use proptest::prelude::*;
    use uuid::Uuid;

    const BOOK: BookId = BookId(3);

    proptest! {
        /// Whatever ends a withdrawal releases what its beginning held, and money only changes hands.
        #[test]
        fn holds_end_and_legs_balance(
            amount in 1_i64..1 << 50, fee in 0_i64..1 << 40, network_fee in 0_i64..1 << 40,
        ) {
            let currency = CurrencyCode::new("usdc");
            let holder = HolderId(BOOK.position(7).0);
            let withdrawal = Withdrawal {
                id: Uuid::nil(), holder, currency, network: "polygon".to_owned(), amount, fee, network_fee,
                state: State::Held, waits: None, failure: None, sealed: None, hash: None, height: None,
                confirmations: 0, returns: None, created_at: Timestamp::from_micros(0),
            };
            let sums = |posting: &Posting| {
                let moves = posting.moves().iter();
                moves.fold((0, 0), |(moved, held), part| (moved + part.amount, held + part.hold))
            };
            let held = amount + fee + network_fee;
            prop_assert_eq!(sums(&hold(&withdrawal)), (0, held));
            prop_assert_eq!(sums(&settle(&withdrawal)), (0, -held));
            prop_assert_eq!(sums(&release(&withdrawal)), (0, -held));
            let of = |posting: &Posting, key| {
                posting.moves().iter().find(|part| part.account == key).map_or(0, |part| part.amount)
            };
            let settled = settle(&withdrawal);
            prop_assert_eq!(of(&settled, payer(&withdrawal)), -held);
            prop_assert_eq!(of(&settled, house(&withdrawal, AccountKind::Fees)), fee + network_fee);
            prop_assert_eq!(of(&settled, house(&withdrawal, AccountKind::ChainSettlement)), amount);
        }
    }
}
