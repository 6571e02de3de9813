//! The product: the Partner API, one folder per family, over `kit`, what every endpoint needs.
//!
//! The way of a request: `kit::edge` (connection, router, key) → [`kit::request`] (typed request, idempotency key) →
//! the family's handler → `kit::book::command` → the store's door → the family's command on the open transaction → the
//! answer, after the commit.
//!
//! A family imports only from those before it in [`FAMILIES`]:

pub mod balances;
pub mod card_decisions;
pub mod cards;
pub mod crypto;
pub mod events;
pub mod exchange;
pub mod kit;
pub mod kyc;
pub mod orders;
pub mod payment_links;
pub mod rates;
pub mod reference;
pub mod sandbox;
pub mod sepa;
pub mod transfers;
pub mod users;
pub mod wallets;
pub mod webhooks;

pub mod asyncapi;
pub mod openapi;

use florin_store::{Migration, SealedTable, SetStatement, Statement, migration};
use kit::endpoint::events::EventType;
use kit::endpoint::family::{EventRow, Families};
use kit::endpoint::table::Endpoint;
use std::sync::OnceLock;

/// The families, in reading order.
pub static FAMILIES: Families = Families(&[
    &users::FAMILY,
    &rates::FAMILY,
    &wallets::FAMILY,
    &balances::FAMILY,
    &kyc::FAMILY,
    &transfers::FAMILY,
    &exchange::FAMILY,
    &sepa::FAMILY,
    &cards::FAMILY,
    &crypto::FAMILY,
    &orders::FAMILY,
    &payment_links::FAMILY,
    &events::FAMILY,
    &webhooks::FAMILY,
    &card_decisions::FAMILY,
    &reference::FAMILY,
    &sandbox::FAMILY,
]);

/// Every call of the API.
pub fn endpoints() -> Vec<Endpoint> {
    FAMILIES.0.iter().flat_map(|family| (family.endpoints)()).collect()
}

/// Every type of events that happens today, in the order of the contract.
pub fn event_rows() -> impl Iterator<Item = &'static EventRow> {
    let find =
        |kind: &EventType| FAMILIES.0.iter().flat_map(|family| family.events).find(|row| row.event == *kind);
    EventType::ALL.iter().filter_map(find)
}

/// The families' tables, in the order of their numbers.
pub fn migrations() -> &'static [Migration] {
    static ALL: OnceLock<Vec<Migration>> = OnceLock::new();
    ALL.get_or_init(|| {
        let kit = [
            migration!(1001, "1001_partners"),
            migration!(1005, "1005_terms"),
            migration!(1009, "1009_key_sheets"),
            migration!(1010, "1010_inbox"),
            migration!(1012, "1012_row_seals"),
            migration!(1017, "1017_more_row_seals"),
        ];
        let families = FAMILIES.0.iter().flat_map(|family| family.migrations.iter().copied());
        let mut all: Vec<_> = kit.into_iter().chain(families).collect();
        all.sort_by_key(|migration| migration.number);
        all
    })
}

/// The families' tables whose rows are sealed.
pub fn sealed_tables() -> &'static [&'static SealedTable] {
    static ALL: OnceLock<Vec<&'static SealedTable>> = OnceLock::new();
    ALL.get_or_init(|| {
        let kit = [
            &kit::book::api_keys::API_KEYS,
            &kit::book::registry::PARTNERS,
            &kit::book::terms::PARTNER_TERMS,
            kit::book::inbox::SEALED,
        ];
        kit.into_iter().chain(FAMILIES.0.iter().flat_map(|family| family.sealed.iter().copied())).collect()
    })
}

/// Every statement of the families, for the test that prepares them all.
pub fn statements() -> Vec<Statement> {
    let kit = [
        kit::book::registry::STATEMENTS,
        kit::book::api_keys::STATEMENTS,
        kit::book::audit::STATEMENTS,
        kit::book::terms::STATEMENTS,
        kit::book::key_sheets::STATEMENTS,
        kit::book::inbox::STATEMENTS,
    ]
    .concat();
    let families = FAMILIES.0.iter().flat_map(|family| {
        let lists =
            [family.statements.concat().as_slice(), family.forgets, family.outlived, family.moves].concat();
        lists
            .into_iter()
            .chain(family.erasures.iter().flat_map(|one| one.list.iter().chain(one.statements)).copied())
    });
    let of_seals = FAMILIES.0.iter().flat_map(|family| family.sealed.iter().map(|table| table.read));
    kit.into_iter().chain(families).chain(of_seals).collect()
}

/// Every statement of the families over a set of rows, looked up or written, for the same test.
pub fn sets() -> Vec<&'static SetStatement> {
    let families = FAMILIES.0.iter().flat_map(|family| family.sets.concat());
    let of_seals = sealed_tables().iter().map(|table| &table.write);
    kit::book::inbox::SETS.into_iter().chain(families).chain(of_seals).collect()
}
