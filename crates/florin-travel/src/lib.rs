//! The travel rule and sanctions screening of crypto transfers, without I/O.
//!
//! - [`ivms101`]: the identity data of a transfer in the form that providers exchange, and its constraints.
//! - [`explain_deposit`] and [`explain_withdrawal`]: from what a partner says and the platform knows to that form.
//! - [`SanctionedAddresses`]: a list of sanctioned addresses, read from a published file.
//!
//! Types that hold personal data do not show it in their `Debug` text.
#![deny(missing_docs)]

mod explain;
pub mod ivms101;
mod screening;
mod write;

pub use explain::{
    Deposit, Details, ExplainError, Field, MAX_LINE, MAX_NAME, MAX_SHORT, ReceiverType, WalletType,
    Withdrawal, explain_deposit, explain_withdrawal,
};
pub use screening::{ListError, ListProblem, SanctionedAddresses, normalised_address};
pub use write::{
    Birth, Company, CompanyId, Identity, Lei, LeiError, NationalId, Party, Person, PostalAddress,
};

/// Implements `Debug` without content, for types that hold personal data.
macro_rules! debug_without_content {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}
pub(crate) use debug_without_content;
