//! The outside world: for each part of it a trait, a simulator, and the real ones behind the same trait.
//!
//! [`rates`] are prices of currencies, [`sepa`] is payments to and from banks, [`chain`] is coins on chains, [`cards`]
//! is the way to a card network. Nothing here knows a table, a partner or a call of the API.

pub mod cards;
pub mod chain;
mod http;
pub mod rates;
pub mod sepa;
