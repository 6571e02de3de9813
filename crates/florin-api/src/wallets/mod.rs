//! Wallets: the addresses at which holders are paid on chains.
//!
//! A wallet is a currency on a network, of a user or of the partner. Its address is derived from the seed of the
//! installation (`florin-wallet`), so it is never another holder's; on networks of Ethereum's kind a holder has one
//! address for all currencies. Those of a user are made with its balances, any other when it is asked for.
//!
//! A wallet outlives its holder: what is paid to it later is still known to be for nobody else. Events:
//! `wallet.created`.

mod create;
mod events;
mod store;
mod wallet;

pub use create::{names, not_on};
pub use store::{addresses, all_addresses, first_on, holders_of_addresses};
pub use wallet::{chain_of, check_seed, is_followed, make_all, place_of};

use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{EventRow, Family, Placeholder};
use crate::kit::endpoint::table::Shape;
use florin_store::migration;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Wallets", "Addresses at which your users and you are paid on chains."),
    endpoints: || create::endpoints().into(),
    events: &[EventRow {
        event: EventType::WalletCreated,
        summary: "Create Wallet",
        description: "A wallet was made. `externalUserId` is null for a wallet of your master balance.",
        payload: Shape::of::<events::WalletPayload>(),
        example: events::EXAMPLE,
        render: |app, scope, events| Box::pin(events::render(app, scope, events)),
    }],
    statements: &[store::STATEMENTS],
    sets: &[&[&store::FIND_SET, &store::FIND_ADDRESSES]],
    migrations: &[migration!(1020, "1020_wallets")],
    sealed: &[&store::WALLETS],
    placeholders: &[Placeholder {
        word: "$wallet",
        shown: "0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17",
        unknown: "0x0000000000000000000000000000000000000001",
        made_by: Some(("POST", "/v1/user/wallet/{externalUserId}", "address")),
    }],
    ..Family::EMPTY
};
