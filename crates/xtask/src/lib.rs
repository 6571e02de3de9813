//! What xtask's commands and the benchmarks share: processes, signals, the workspace, throw-away servers.
//!
//! The commands themselves are in `main.rs`. The benchmarks (`crates/bench`) are a program of their own, so that
//! xtask, which every check waits for, is built without a web server and a load generator.
#![expect(clippy::print_stdout, reason = "a command-line tool answers on its standard output")]
#![expect(clippy::disallowed_methods, reason = "xtask measures the real machine, by its real clock")]

pub mod debian;
pub mod engines;
pub mod interrupt;
pub mod permission;
pub mod postgres;
pub mod process;
pub mod supervised;
pub mod workspace;

/// What the benchmarks measure: the name of each command, and what it is about.
pub const MEASUREMENTS: [(&str, &str); 10] = [
    ("transfers", "durable transfers per second between random users, against the floor"),
    ("exchanges", "locks and exchanges per second, against transfers"),
    ("sepa", "SEPA transfers per second, against transfers"),
    ("sepa-inbox", "credits of a bank's file per second"),
    ("chain-deposits", "deposits on simulated chains per second"),
    ("withdrawals", "crypto withdrawals per second, against transfers"),
    ("cards", "authorisations of cards per second, against transfers, and how long one takes"),
    ("uploads", "photos of documents per second, and how much they delay other calls"),
    ("webhooks", "webhooks delivered per second"),
    ("floor", "the floor alone"),
];
