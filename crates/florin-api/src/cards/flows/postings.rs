//! The postings of card transactions, one function per business event.

use crate::cards::payment::{CardPayment, Change};
use florin_ledger::{Account, AccountKey, AccountKind, BookId, Capture, HolderId, Posting, Rest};
use florin_types::CurrencyCode;

/// The currency of all cards.
pub const EUR: CurrencyCode = CurrencyCode::new("eur");

/// An account of the house.
pub const fn house(book: BookId, kind: AccountKind) -> AccountKey {
    AccountKey::system(book, EUR, kind)
}

fn settlement(holder: HolderId) -> AccountKey {
    house(holder.book(), AccountKind::CardSettlement)
}

/// More is on hold, or less.
pub fn hold(payment: &CardPayment, change: Change) -> Posting {
    let key = AccountKey::main(payment.holder, EUR);
    if change.held < 0 {
        Posting::new().release(key, -change.held)
    } else {
        Posting::new().hold(key, change.held)
    }
}

/// The merchant takes money: out of what is on hold, then out of what is free. What is missing the holder owes.
pub fn take(payment: &CardPayment, change: Change, account: Account) -> Posting {
    let (amount, to) = (change.paid, settlement(payment.holder));
    // Just so much of the hold is let go as the transaction says: after a refund a cent more or less may be paid.
    let (held, rest) = (-change.held, Rest::Released);
    let posting = Posting::new().capture(Capture { account, held, amount, to, rest });
    share(posting, payment.holder, change.fee)
}

/// Money comes back to the holder, who pays first what is owed; `debt` is that.
pub fn give_back(payment: &CardPayment, change: Change, debt: i64) -> Posting {
    let posting = share(Posting::new(), payment.holder, change.fee);
    posting.pay(settlement(payment.holder), (payment.holder, EUR), -change.paid, debt)
}

/// Money comes back to a holder that has left: it pays what is owed, and so much waits for a person.
pub fn suspend(payment: &CardPayment, change: Change, waits: i64) -> Posting {
    let (holder, settlement) = (payment.holder, settlement(payment.holder));
    share(Posting::new(), holder, change.fee)
        .move_money(settlement, AccountKey::receivable(holder, EUR), -change.paid - waits)
        .move_money(settlement, house(holder.book(), AccountKind::Suspense), waits)
}

/// The house's fee goes out of what the network gets, or back into it.
fn share(posting: Posting, holder: HolderId, fee: i64) -> Posting {
    let (settlement, fees) = (settlement(holder), house(holder.book(), AccountKind::Fees));
    if fee < 0 {
        posting.move_money(fees, settlement, -fee)
    } else {
        posting.move_money(settlement, fees, fee)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cards::payment::{CardChannel, Charge};
    use florin_types::{Percentage, Price, Rate, Timestamp};
    use proptest::prelude::*;
    use uuid::Uuid;

    const BOOK: BookId = BookId(3);

    fn sums(posting: &Posting) -> (i64, i64) {
        let moves = posting.moves().iter();
        moves.fold((0, 0), |(moved, held), part| (moved + part.amount, held + part.hold))
    }

    fn of(posting: &Posting, key: AccountKey) -> i64 {
        posting.moves().iter().find(|part| part.account == key).map_or(0, |part| part.amount)
    }

    proptest! {
        /// Each step moves what it says between the holder, the network and the house, and lets go what it says.
        #[test]
        fn postings_are_the_changes(
            rate in 1_u64..5_000_000, authorised in 1_i64..100_000, cleared in 1_i64..150_000, is_last: bool,
            more in 0_i64..200_000, returned in 1_i64..150_000, debt in 0_i64..50_000,
        ) {
            let holder = HolderId(BOOK.position(7).0);
            let rate = Rate::parse(&format!("{}.{:05}", rate / 100_000, rate % 100_000)).unwrap();
            let charge = Charge {
                currency: CurrencyCode::new("usd"), price: Price { rate, decimals: 2 },
                percentage: Percentage::parse("1.49").unwrap(), at: Timestamp::from_micros(0),
            };
            let new = CardPayment::new(Uuid::nil(), (holder, Uuid::nil()), CardChannel::Pos, charge);
            let (payment, change) = new.authorise(authorised, Timestamp::from_micros(1)).unwrap();
            prop_assert_eq!(sums(&hold(&payment, change)), (0, change.held));
            let mut account = Account::new(AccountKey::main(holder, EUR));
            (account.balance, account.held) = (payment.held + more, payment.held);
            let (payment, change) = payment.clear(Some(cleared), is_last).unwrap();
            let taken = take(&payment, change, account);
            prop_assert_eq!(sums(&taken), (0, change.held));
            let (main, owed) = (AccountKey::main(holder, EUR), AccountKey::receivable(holder, EUR));
            prop_assert_eq!(of(&taken, main) + of(&taken, owed), -change.paid);
            prop_assert!(account.balance + of(&taken, main) >= 0);
            prop_assert!(of(&taken, owed) == 0 || account.balance + of(&taken, main) == payment.held);
            let (fees, network) = (house(BOOK, AccountKind::Fees), house(BOOK, AccountKind::CardSettlement));
            prop_assert_eq!(of(&taken, fees), change.fee);
            prop_assert_eq!(of(&taken, network), change.paid - change.fee);
            let (payment, change) = payment.refund(Some(returned.min(cleared))).unwrap();
            let back = give_back(&payment, change, debt);
            prop_assert_eq!(sums(&back), (0, 0));
            prop_assert_eq!(of(&back, owed), debt.min(-change.paid));
            prop_assert_eq!(of(&back, main) + of(&back, owed), -change.paid);
            prop_assert_eq!((of(&back, fees), of(&back, network)), (change.fee, change.paid - change.fee));
            account.balance += of(&taken, main) + of(&back, main);
            account.held = payment.held;
            let disputed = payment.clone().charge_back(None);
            if let Ok((payment, change)) = disputed.and_then(|(payment, _)| payment.represent(None)) {
                let again = take(&payment, change, account);
                prop_assert_eq!(sums(&again), (0, 0));
                prop_assert_eq!(of(&again, main) + of(&again, owed), -change.paid);
                prop_assert!(account.balance + of(&again, main) >= payment.held);
            }
            let waits = suspend(&payment, change, -change.paid - debt.min(-change.paid));
            prop_assert_eq!(of(&waits, owed), debt.min(-change.paid));
            prop_assert_eq!(of(&waits, house(BOOK, AccountKind::Suspense)) + of(&waits, owed), -change.paid);
            // More is taken after all of it came back.
            if let Ok((payment, _)) = payment.refund(None) {
                let (payment, change) = payment.clear(Some(cleared), is_last).unwrap();
                prop_assert_eq!(sums(&take(&payment, change, account)), (0, change.held));
            }
        }
    }
}
