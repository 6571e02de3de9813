//! The book: commands at the store's door, jobs, seals, kinds of records, the audit.

pub mod api_keys;
pub mod aside;
pub mod audit;
pub mod clock;
pub mod command;
pub mod housekeeping;
pub mod inbox;
pub mod jobs;
pub mod key_sheets;
pub mod keyed_id;
pub mod memo;
pub mod record;
pub mod registry;
pub mod seal;
pub mod sealed;
pub mod set_terms;
pub mod terms;
pub mod work;
