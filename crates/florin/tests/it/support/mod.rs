//! What every test here stands on: a server process, clients for it, and a look at all that it stores.
//!
//! Nothing here knows the server's code. It knows the wire contract, the command line and the two
//! databases' drivers.

mod answer;
mod calls;
mod chance;
mod client;
mod codes;
mod database;
mod decimal;
mod form;
mod kill;
mod log;
mod patience;
mod process;
mod proxy;
mod raw;
mod server;
mod snapshot;
mod tools;

pub use answer::Answer;
pub use calls::{Event, person, transfer_body};
pub use chance::{ambient_seed, fresh_word};
pub use client::{Call, Client};
pub use codes::CODES;
pub use database::{Database, Engine, engine};
pub use decimal::{CURRENCIES, decimal_text, exact_fields, minor_units, scale_of};
pub use form::Form;
pub use kill::{Calls, Sent, call_until_killed};
pub use patience::Deadline;
pub use process::{Outcome, florin, free_port, run_florin, run_florin_with};
pub use proxy::{Loss, Proxy};
pub use raw::{Raw, exchange};
pub use server::{Options, Place, Server, key_file, write_key};
pub use snapshot::Snapshot;
pub use tools::{succeeds, tool};
