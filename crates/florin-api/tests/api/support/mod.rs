//! What every test stands on: a platform of its own ([`TestApp`]), two partners as clients of it, calls and answers.

mod answer;
mod app;
mod call;
mod check;
mod client;
mod contract;
mod database;
mod entropy;
mod log;
mod schema;
mod template;
mod walk;
mod workload;

pub use answer::Answer;
pub use app::{START, Setup, TestApp, options};
pub use call::{BOUNDARY, Call, File};
pub use client::{Client, person};
pub use contract::{Contract, Exchange};
pub use database::{Database, Engine, engine};
pub use entropy::Counted;
pub use log::{allow_errors, expect_errors};
pub use schema::{Strictness, misfits, resolved, validator};
pub use template::seed;
pub use walk::{Ids, example_of, files_of, names, path_of, prepared, request_of, works};
pub use workload::run_workload;
