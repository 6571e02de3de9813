//! Tests of the messages: another implementation's are read, ours are read by it, and what is hostile is refused.

mod guide;
mod hostile;
mod oracle;
mod round_trip;
mod samples;
mod vectors;
