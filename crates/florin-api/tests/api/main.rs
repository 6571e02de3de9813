//! The Partner API through the whole router, in one process, on the engine that `FLORIN_TEST_ENGINE` names.
//!
//! Every test starts a [`support::TestApp`] and ends with its `finish`, which checks the books. Time stands still
//! until a test moves it; nothing sleeps. Every answer is checked against the OpenAPI document on the way (see
//! `support::contract`).

mod asyncapi;
mod balances;
mod card_decisions;
mod card_flows;
mod cards;
mod clock;
mod crypto;
mod errors;
mod events;
mod exchange;
mod guide;
mod idempotency;
mod keys;
mod kyc;
mod near_misses;
mod openapi;
mod orders;
mod payment_links;
mod reference;
mod sandbox;
mod seals;
mod sepa;
mod statements;
mod support;
mod tenancy;
mod transfers;
mod upgrade;
mod users;
mod wallets;
mod webhooks;
