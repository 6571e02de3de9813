//! The postings of this family, one function per business event.

use florin_ledger::{AccountKey, HolderId, Posting};
use florin_types::{Amount, CurrencyCode};

/// Money goes from one holder to another.
pub fn transfer(source: HolderId, destination: HolderId, currency: CurrencyCode, amount: Amount) -> Posting {
    let account = |holder| AccountKey::main(holder, currency);
    Posting::between(account(source), account(destination), amount.minor())
}
