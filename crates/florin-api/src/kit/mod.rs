//! What every endpoint needs and no family: who calls, what they sent, how it is answered; the table of routes, jobs,
//! pages, limits. A family imports from here and from families before it; nothing here imports a family.

pub mod answers;
pub mod app;
pub mod audit;
pub mod body;
pub mod call;
pub mod codes;
pub mod command;
pub mod endpoint;
pub mod failure;
pub mod fault;
pub mod fields;
pub mod housekeeping;
pub mod http;
pub mod jobs;
pub mod json;
pub mod number;
pub mod outgoing;
pub mod page;
pub mod partner;
pub mod query;
pub mod rate_limit;
pub mod record;
pub mod refusal;
pub mod request_id;
pub mod router;
pub mod seal;
mod socket;
pub mod tables;
pub mod upload;
