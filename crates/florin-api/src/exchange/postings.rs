//! The postings of this family, one function per business event.

use super::completed::Exchange;
use florin_ledger::{AccountKey, AccountKind, BookId, Posting};
use florin_types::CurrencyCode;

/// The house's accounts that an exchange moves, besides the holder's own.
pub fn house_accounts(from: CurrencyCode, to: CurrencyCode) -> [(CurrencyCode, AccountKind); 3] {
    [(from, AccountKind::FxPosition), (to, AccountKind::FxPosition), (to, AccountKind::Fees)]
}

/// The holder sells to the house and buys from it; the house takes its fee out of what is bought. Five legs: both main
/// accounts, both FX positions, and the fees.
pub fn exchange(book: BookId, exchange: &Exchange) -> Posting {
    let Exchange { holder, from, to, fee, .. } = exchange;
    let [sold_to, bought_from, fees] = house_accounts(from.currency, to.currency)
        .map(|(currency, kind)| AccountKey::system(book, currency, kind));
    Posting::new()
        .move_money(AccountKey::main(*holder, from.currency), sold_to, from.amount)
        .move_money(bought_from, AccountKey::main(*holder, to.currency), to.amount)
        .move_money(bought_from, fees, *fee)
}

#[cfg(test)]
#[path = "postings_tests.rs"]
mod tests;
