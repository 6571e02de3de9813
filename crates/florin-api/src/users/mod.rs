//! Users: who they are, whether they may move money, and how they leave.
//!
//! A user is a *holder* of the book (number, handle, gate, own key) with a row of `end_user` beside it, in which what
//! is known of the person is sealed under that key. What other families must know before money moves is in the
//! [`Gate`], which the batch has in memory.
//!
//! States: created → (verified, by the KYC family) → suspended ⇄ active → closed → erased. Closed: every call P412,
//! the id is never free again; after the retention time a job destroys the user's key, and with it the profile.
//! Accounts touched: none. Events: none.

mod auto_verify;
mod birth_date;
mod changes;
mod create;
mod delete;
mod erase;
mod events;
mod job;
mod owner;
mod path;
mod store;
mod suspend;
mod update;
mod user;

pub use auto_verify::{AUTO_VERIFY_JOB, set_auto_verify};
pub use birth_date::{BirthDate, require_birth_date};
pub use events::RENDER_USER_EVENTS;
pub use job::carry_out_for;
pub use owner::{Owner, PAYEE_WORDS, PAYER_WORDS, Role, USER_WORDS, admit, is_suspended, not_paid};
pub use path::UserId;
pub use store::{Deletion, User, accept_terms, deletion, find, find_many, set_poa_required, set_profile};
pub use user::{Gate, Profile, existing, require};

use crate::kit::endpoint::family::{Family, Placeholder};
use crate::kit::endpoint::table::Endpoint;
use florin_store::migration;

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("Users", "Your customers: who they are, and whether they may move money."),
    endpoints,
    jobs: &[(erase::ERASE_JOB, |app, job| Box::pin(erase::erase(app, job)))],
    statements: &[store::STATEMENTS, auto_verify::STATEMENTS],
    sets: &[store::SETS],
    migrations: &[migration!(1002, "1002_users"), migration!(1006, "1006_sandbox_settings")],
    forgets: &[auto_verify::FORGET],
    placeholders: &[
        Placeholder { word: "$user", shown: "customer-1001", unknown: "nobody", made_by: None },
        Placeholder { word: "$other", shown: "customer-1002", unknown: "nobody-else", made_by: None },
        Placeholder { word: "$new", shown: "customer-1001", unknown: "newcomer", made_by: None },
    ],
    ..Family::EMPTY
};

fn endpoints() -> Vec<Endpoint> {
    let own = [create::endpoint(), update::endpoint(), delete::endpoint()];
    own.into_iter().chain(suspend::endpoints()).collect()
}
