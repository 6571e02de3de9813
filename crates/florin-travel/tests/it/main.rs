//! Tests of the travel rule and of screening.

mod explain;
mod ivms101;
mod screening;
mod support;
