//! The two sides of a transaction.

use florin_types::{Bic, Iban, Text};

use crate::MAX_NAME;

/// The account of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountNumber {
    /// An IBAN with right check digits.
    Iban(Iban),
    /// Anything else: an account of a country without IBANs, or an IBAN that is wrong. It can't be paid to.
    Other(Text<34>),
}

/// One side of a transaction, as far as the bank names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The name.
    pub name: Option<Text<MAX_NAME>>,
    /// The account.
    pub account: Option<AccountNumber>,
    /// The bank.
    pub bic: Option<Bic>,
}
