//! Tests of the travel rule.

mod explain;
mod ivms101;
mod support;
