//! The vault from outside: what is stored is read again, what is refused leaves nothing.

mod bucket;
mod deposits;
mod faults;
mod folder;
mod format;
mod support;
