//! The postings of this family, one function per business event.

use super::transfer::Transfer;
use florin_ledger::{Account, AccountKey, AccountKind, BookId, Capture, HolderId, Posting, Rest};
use florin_types::CurrencyCode;

/// SEPA knows no other currency.
pub const EUR: CurrencyCode = CurrencyCode::new("eur");

/// An account of the house.
pub const fn house(book: BookId, kind: AccountKind) -> AccountKey {
    AccountKey::system(book, EUR, kind)
}

/// Amount and fee are put on hold.
pub fn hold(transfer: &Transfer) -> Posting {
    Posting::new().hold(AccountKey::main(transfer.holder, EUR), transfer.amount + transfer.fee)
}

/// The amount leaves, and the house gets its fee.
pub fn settle(transfer: &Transfer) -> Posting {
    let (payer, book) = (AccountKey::main(transfer.holder, EUR), transfer.holder.book());
    release(transfer).move_money(payer, house(book, AccountKind::SepaSettlement), transfer.amount).move_money(
        payer,
        house(book, AccountKind::Fees),
        transfer.fee,
    )
}

/// The amount has left though its hold was released: the payer owes what cannot be paid. The fee is not taken.
pub fn settle_late(transfer: &Transfer, account: Account) -> Posting {
    let to = house(transfer.holder.book(), AccountKind::SepaSettlement);
    let (amount, rest) = (transfer.amount, Rest::Released);
    Posting::new().capture(Capture { account, held: 0, amount, to, rest })
}

/// Amount and fee can be spent again.
pub fn release(transfer: &Transfer) -> Posting {
    Posting::new().release(AccountKey::main(transfer.holder, EUR), transfer.amount + transfer.fee)
}

/// Money that came in becomes a holder's; `debt` is what the holder owes the house.
pub fn credit(holder: HolderId, amount: i64, debt: i64) -> Posting {
    let settlement = house(holder.book(), AccountKind::SepaSettlement);
    Posting::new().pay(settlement, (holder, EUR), amount, debt)
}

/// Money comes in, and waits.
pub fn suspend(book: BookId, amount: i64) -> Posting {
    let settlement = house(book, AccountKind::SepaSettlement);
    Posting::between(settlement, house(book, AccountKind::Suspense), amount)
}

/// Money that was credited is asked back, and waits until it has gone.
pub fn take_back(holder: HolderId, amount: i64) -> Posting {
    let suspense = house(holder.book(), AccountKind::Suspense);
    Posting::between(AccountKey::main(holder, EUR), suspense, amount)
}

/// Money that waited becomes a holder's; `debt` is what the holder owes the house.
pub fn assign(holder: HolderId, amount: i64, debt: i64) -> Posting {
    Posting::new().pay(house(holder.book(), AccountKind::Suspense), (holder, EUR), amount, debt)
}

/// Money that waited goes back to where it came from.
pub fn refund(book: BookId, amount: i64) -> Posting {
    let suspense = house(book, AccountKind::Suspense);
    Posting::between(suspense, house(book, AccountKind::SepaSettlement), amount)
}

/// The bank takes a fee: what the house has earned pays it.
pub fn bank_fee(book: BookId, amount: i64) -> Posting {
    Posting::between(house(book, AccountKind::Fees), house(book, AccountKind::SepaSettlement), amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sepa::transfer::{RequestedSpeed, State};
    use florin_rails::sepa::Speed;
    use florin_types::Timestamp;
    use proptest::prelude::*;
    use uuid::Uuid;

    const BOOK: BookId = BookId(3);

    proptest! {
        /// Whatever ends a payment releases what its beginning held, and money only changes hands.
        #[test]
        fn holds_end_and_legs_balance(
            amount in 1_i64..1 << 50, fee in 0_i64..1 << 40, debt in 0_i64..1 << 51,
        ) {
            let holder = HolderId(BOOK.position(7).0);
            let transfer = Transfer {
                id: Uuid::nil(), holder, amount, fee, speed: Speed::Standard, requested: RequestedSpeed::Standard,
                fell_back: None, state: State::Held, failure: None, refunds: None, recall: None, sealed: None,
                created_at: Timestamp::from_micros(0), file: None,
                returned: 0,
            };
            let sums = |posting: &Posting| {
                let moves = posting.moves().iter();
                moves.fold((0, 0), |(moved, held), part| (moved + part.amount, held + part.hold))
            };
            let held = amount + fee;
            prop_assert_eq!(sums(&hold(&transfer)), (0, held));
            prop_assert_eq!(sums(&settle(&transfer)), (0, -held));
            prop_assert_eq!(sums(&release(&transfer)), (0, -held));
            let of = |posting: &Posting, key| {
                posting.moves().iter().find(|part| part.account == key).map_or(0, |part| part.amount)
            };
            prop_assert_eq!(of(&settle(&transfer), AccountKey::main(holder, EUR)), -held);
            prop_assert_eq!(of(&settle(&transfer), house(BOOK, AccountKind::Fees)), fee);
            let [credited, suspended] = [credit(holder, amount, debt), suspend(BOOK, amount)];
            prop_assert_eq!(of(&credited, AccountKey::receivable(holder, EUR)), amount.min(debt));
            prop_assert_eq!(of(&credited, AccountKey::main(holder, EUR)), (amount - debt).max(0));
            let taken = take_back(holder, amount);
            prop_assert_eq!(of(&taken, AccountKey::main(holder, EUR)), -amount);
            for posting in [credited, suspended, taken, assign(holder, amount, debt), refund(BOOK, amount)] {
                prop_assert_eq!(sums(&posting), (0, 0));
            }
        }
    }
}
