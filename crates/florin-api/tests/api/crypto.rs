//! Crypto: chains, and what crosses to and from them.

pub mod simulated;
