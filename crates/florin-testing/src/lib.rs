//! What the tests of every crate share: how a test reports that it was skipped.
//!
//! A test that can't run here (no tool, no right to mount a disk, the other engine) calls [`skip`] and returns. The
//! test framework knows no such outcome and counts the test as passed. `cargo xtask test` therefore names a file by
//! [`SKIPPED`], takes what is in it out of the passed tests, and lists the reasons.
//!
//! A file and not the output: the framework keeps what a passed test prints to itself, and a line written past it
//! could end up in the middle of one of the framework's own.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// The variable that names the file of skipped tests: a line each, the test's name, a tab and the reason.
pub const SKIPPED: &str = "FLORIN_TEST_SKIPPED";

/// Reports that the running test is skipped. Call it once in a test, on the test's own thread, and return.
///
/// # Panics
///
/// When the file that [`SKIPPED`] names can't be written: the test must not count as passed.
pub fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
    if let Some(file) = std::env::var_os(SKIPPED) {
        let written = write(Path::new(&file), reason);
        written.unwrap_or_else(|error| panic!("{SKIPPED}: {error}"));
    }
}

/// Appends in one write, so that lines of tests that run at the same time stay whole.
fn write(file: &Path, reason: &str) -> io::Result<()> {
    let thread = std::thread::current();
    // The framework names a test's thread after the test.
    let line = format!("{}\t{reason}\n", thread.name().unwrap_or("a test"));
    File::options().create(true).append(true).open(file)?.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn a_skipped_test_is_a_line_with_its_name_and_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skipped");
        write(&file, "no tool").unwrap();
        write(&file, "no disk").unwrap();
        let name = "tests::a_skipped_test_is_a_line_with_its_name_and_the_reason";
        assert_eq!(std::fs::read_to_string(file).unwrap(), format!("{name}\tno tool\n{name}\tno disk\n"));
    }
}
