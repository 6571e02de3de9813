//! The postings of the treasury: money of the house on chains.

use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use florin_ledger::{AccountKey, AccountKind, BookId, Posting, RecordKind};
use florin_types::CurrencyCode;

/// Money of the house came to a chain's wallet, or a chain took a fee. No balance has it.
pub const HOUSE: RecordType = RecordType {
    kind: RecordKind(25),
    history: HistoryType::Adjustment,
    status: HistoryStatus::Successful,
    steps: Steps::Many,
    line: Line::of,
};

fn house(book: BookId, currency: CurrencyCode, kind: AccountKind) -> AccountKey {
    AccountKey::system(book, currency, kind)
}

/// Whose account stands for what the house put into its wallets itself.
pub const fn source(is_sandbox: bool) -> AccountKind {
    if is_sandbox { AccountKind::SandboxFunding } else { AccountKind::FxPosition }
}

/// The house put money of its own into the hot wallet.
pub fn top_up(book: BookId, currency: CurrencyCode, amount: i64, is_sandbox: bool) -> Posting {
    let settlement = house(book, currency, AccountKind::ChainSettlement);
    Posting::between(settlement, house(book, currency, source(is_sandbox)), amount)
}

/// The block that had it is in the chain no more.
pub fn take_back(book: BookId, currency: CurrencyCode, amount: i64, is_sandbox: bool) -> Posting {
    let settlement = house(book, currency, AccountKind::ChainSettlement);
    Posting::between(house(book, currency, source(is_sandbox)), settlement, amount)
}

/// The chain took a fee, in its coin: what the house has earned pays it. Less than nothing: it took less than is
/// booked.
pub fn cost(book: BookId, coin: CurrencyCode, paid: i64) -> Posting {
    let [fees, chain] = [AccountKind::Fees, AccountKind::ChainSettlement].map(|kind| house(book, coin, kind));
    let (from, to) = if paid < 0 { (chain, fees) } else { (fees, chain) };
    Posting::between(from, to, paid.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Money only changes hands, and what is taken back was never there.
        #[test]
        fn legs_balance(amount in 0_i64..1 << 60, is_sandbox in any::<bool>()) {
            let (book, btc) = (BookId(3), CurrencyCode::new("btc"));
            let [came, left] = [top_up, take_back].map(|make| make(book, btc, amount, is_sandbox));
            for posting in [&came, &left, &cost(book, btc, amount), &cost(book, btc, -amount)] {
                prop_assert_eq!(posting.moves().iter().map(|part| part.amount).sum::<i64>(), 0);
            }
            let of = |posting: &Posting, kind| {
                let key = house(book, btc, kind);
                posting.moves().iter().find(|part| part.account == key).map_or(0, |part| part.amount)
            };
            for kind in [AccountKind::ChainSettlement, source(is_sandbox)] {
                prop_assert_eq!(of(&came, kind), -of(&left, kind));
            }
            // What the wallets should hold grows by a top-up, and shrinks by a fee.
            prop_assert_eq!(of(&came, AccountKind::ChainSettlement), -amount);
            for paid in [amount, -amount] {
                prop_assert_eq!(of(&cost(book, btc, paid), AccountKind::ChainSettlement), paid);
            }
        }
    }
}
