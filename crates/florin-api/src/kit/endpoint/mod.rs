//! The endpoint: the table of calls, the closed table of codes, answers and pages.

pub mod answers;
pub mod codes;
pub mod events;
pub mod failure;
pub mod family;
pub mod handler;
pub mod page;
pub mod refusal;
pub mod shape;
pub mod table;
