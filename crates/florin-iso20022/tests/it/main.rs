//! Tests of the messages: what is written is read and valid, and what is hostile is refused.

mod hostile;
mod messages;
mod round_trip;
mod samples;
mod schemas;
