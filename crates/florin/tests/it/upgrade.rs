//! Data of commit 25b713a, before exchange was built, under today's binary: everything reads as it did, everything that
//! waited goes on, and all of it can be used. `tests/fixtures/before-exchange/README.md` says what is in it.

mod before;
mod deliver;
mod read;
mod work;
