//! Writes a page of every state in every language into a folder, to be looked at:
//!
//!     cargo run -p florin-pages --example gallery -- FOLDER
//!     node crates/florin-pages/tests/browser/look.mjs FOLDER SCREENSHOTS

#[path = "../tests/samples/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod samples;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: gallery FOLDER");
        return ExitCode::FAILURE;
    };
    match samples::write_gallery(Path::new(&folder)) {
        Ok(names) => {
            eprintln!("{} pages in each language are in {folder}", names.len());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot write {folder}: {error}");
            ExitCode::FAILURE
        }
    }
}
