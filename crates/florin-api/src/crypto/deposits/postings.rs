//! The postings of deposits, one function per business event.

use super::deposit::Deposit;
use florin_ledger::{Account, AccountKey, AccountKind, Capture, Posting, Rest};

fn house(deposit: &Deposit, kind: AccountKind) -> AccountKey {
    AccountKey::system(deposit.holder.book(), deposit.currency, kind)
}

fn settlement(deposit: &Deposit) -> AccountKey {
    house(deposit, AccountKind::ChainSettlement)
}

fn suspense(deposit: &Deposit) -> AccountKey {
    house(deposit, AccountKind::Suspense)
}

/// What came in becomes its holder's; `debt` is what the holder owes the house.
pub fn credit(deposit: &Deposit, debt: i64) -> Posting {
    Posting::new().pay(settlement(deposit), (deposit.holder, deposit.currency), deposit.amount, debt)
}

/// What waited becomes its holder's.
pub fn credit_from_suspense(deposit: &Deposit, debt: i64) -> Posting {
    Posting::new().pay(suspense(deposit), (deposit.holder, deposit.currency), deposit.amount, debt)
}

/// What came in waits.
pub fn suspend(deposit: &Deposit) -> Posting {
    Posting::between(settlement(deposit), suspense(deposit), deposit.amount)
}

/// What waited has not come in after all.
pub fn take_from_suspense(deposit: &Deposit) -> Posting {
    Posting::between(suspense(deposit), settlement(deposit), deposit.amount)
}

/// What the house has bought has not come in after all.
pub fn take_from_position(deposit: &Deposit) -> Posting {
    Posting::between(house(deposit, AccountKind::FxPosition), settlement(deposit), deposit.amount)
}

/// What was given back has not come in after all, or has: the house bears it.
pub fn lose(deposit: &Deposit, is_back: bool) -> Posting {
    let (fees, settlement) = (house(deposit, AccountKind::Fees), settlement(deposit));
    let (from, to) = if is_back { (settlement, fees) } else { (fees, settlement) };
    Posting::between(from, to, deposit.amount)
}

/// What was to go back, and is on no chain, has not gone: the house does not bear it after all.
pub fn bear_no_more(deposit: &Deposit) -> Posting {
    Posting::between(suspense(deposit), house(deposit, AccountKind::Fees), deposit.amount)
}

/// What was credited has not come in after all: the holder owes what it has spent of it.
pub fn take_back(deposit: &Deposit, account: Account) -> Posting {
    let (amount, to) = (deposit.amount, settlement(deposit));
    Posting::new().capture(Capture { account, held: 0, amount, to, rest: Rest::Released })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::deposits::deposit::DepositState;
    use florin_ledger::{BookId, HolderId};
    use florin_types::{CurrencyCode, Timestamp};
    use proptest::prelude::*;
    use uuid::Uuid;

    const BTC: CurrencyCode = CurrencyCode::new("btc");

    proptest! {
        /// What is credited can be taken back to the last unit, whatever was spent of it, and legs balance.
        #[test]
        fn what_came_in_can_go_again(amount in 1_i64..1 << 50, debt in 0_i64..1 << 51, spent in 0_i64..1 << 50) {
            let holder = HolderId(BookId(3).position(7).0);
            let deposit = Deposit {
                id: Uuid::nil(), holder, currency: BTC, network: String::new(), hash: String::new(), output: 0,
                address: String::new(), sender: None, amount, state: DepositState::Seen, height: None, sealed: None,
                created_at: Timestamp::from_micros(0), pays: None,
            };
            let of = |posting: &Posting, key| {
                posting.moves().iter().find(|part| part.account == key).map_or(0, |part| part.amount)
            };
            let (main, owed) = (AccountKey::main(holder, BTC), AccountKey::receivable(holder, BTC));
            let credited = credit(&deposit, debt);
            prop_assert_eq!((of(&credited, owed), of(&credited, main)), (amount.min(debt), (amount - debt).max(0)));
            let left = (amount - spent).max(0);
            let taken = take_back(&deposit, Account { balance: left, ..Account::new(main) });
            prop_assert_eq!((of(&taken, main), of(&taken, owed)), (-left, left - amount));
            for posting in [
                credited, credit_from_suspense(&deposit, debt), suspend(&deposit), take_from_suspense(&deposit),
                take_from_position(&deposit), taken, lose(&deposit, true), lose(&deposit, false),
                bear_no_more(&deposit),
            ] {
                prop_assert_eq!(posting.moves().iter().map(|part| part.amount).sum::<i64>(), 0);
            }
        }
    }
}
