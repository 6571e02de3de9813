//! Florin from outside: a real process, real TCP, and nothing but the wire contract.
//!
//! Every test starts a server of its own and ends with [`support::Server::finish`], which stops it and has
//! `florin verify` prove the books. The engine is chosen by `FLORIN_TEST_ENGINE` (`sqlite` or `postgres`,
//! the latter with `FLORIN_TEST_POSTGRES_URL`, the admin's URL of a cluster that may be thrown away).

mod cards;
mod cards_crash;
mod chain_node;
mod clients;
mod clock;
mod conformity;
mod connections;
mod contract;
mod crash;
mod crypto;
mod crypto_crash;
mod demo;
mod hostile;
mod keys;
mod listen;
mod listen_cards;
mod lost_commit;
mod master_key;
mod model;
mod operators;
mod processor;
mod races;
mod restart;
mod sepa_crash;
mod sepa_files;
mod support;
mod terms;
mod unavailable;
mod upgrade;
mod uploads;
mod verify;
mod vop;
mod wallet_seed;
mod webhook_examples;
mod webhooks;
mod workload;
