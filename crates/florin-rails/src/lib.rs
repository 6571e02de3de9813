//! The outside world: for each part of it a trait, a simulator, and the real ones behind the same trait.
//!
//! [`rates`] are prices of currencies, [`sepa`] is payments to and from banks. Nothing here knows a table, a partner
//! or a call of the API.

pub mod rates;
pub mod sepa;
