//! Installs Debian's `postgresql` where we may.
//!
//! The work is one shell script, `install.sh`, so that the guards it puts up (no cluster is made, no service is
//! started) are taken down by the same process, whatever happens to xtask meanwhile.

use anyhow::{Result, anyhow};

use crate::debian;

const SCRIPT: &str = include_str!("install.sh");

const MISSING: &str = "PostgreSQL's server programs (initdb, postgres) are missing: none in \
     /usr/lib/postgresql/*/bin, by pg_config or on PATH";
const BY_HAND: &str = "Install them (Debian, Ubuntu: `sudo apt-get install postgresql`; Fedora: `sudo dnf install \
     postgresql-server`; macOS: `brew install postgresql`) or leave PostgreSQL out: `cargo xtask test --engine sqlite`";

/// Installs the package, or says in one line what is missing and how to get it.
pub fn debian_package() -> Result<()> {
    eprintln!("installing Debian's postgresql (no cluster is made, no service is started) …");
    debian::run(SCRIPT, &[]).map_err(|error| anyhow!("{}", missing(&error.to_string())))
}

/// One line: what is missing, why or what to do, and how to get it by hand.
pub fn missing(why: &str) -> String {
    format!("{MISSING}; {why}. {BY_HAND}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn the_script_is_valid_shell() {
        assert!(debian::runs(Command::new("sh").args(["-n", "-c", SCRIPT])));
    }
}
