//! The postings of orders, one function per business event.

use florin_ledger::{Account, AccountKey, AccountKind, BookId, Capture, Posting, Rest};
use florin_types::CurrencyCode;

/// What orders are settled in.
pub const EUR: CurrencyCode = CurrencyCode::new("eur");

fn house(book: BookId, currency: CurrencyCode, kind: AccountKind) -> AccountKey {
    AccountKey::system(book, currency, kind)
}

/// The house buys what was paid, and the partner gets EUR for it, less its `debt`.
pub fn settle(book: BookId, (currency, amount): (CurrencyCode, i64), (cents, debt): (i64, i64)) -> Posting {
    let position = |currency| house(book, currency, AccountKind::FxPosition);
    let sold = house(book, currency, AccountKind::Suspense);
    Posting::between(sold, position(currency), amount).pay(position(EUR), (book.partner(), EUR), cents, debt)
}

/// The partner gives EUR back: it owes what it has spent of them.
pub fn take_back(book: BookId, account: Account, cents: i64) -> Posting {
    let to = house(book, EUR, AccountKind::FxPosition);
    Posting::new().capture(Capture { account, held: 0, amount: cents, to, rest: Rest::Released })
}
