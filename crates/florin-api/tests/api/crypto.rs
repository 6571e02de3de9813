//! Crypto, section 2.7.

mod withdrawals;
