//! Installs Debian's `postgresql` where we may.
//!
//! The work is one shell script, `install.sh`, so that the guards it puts up (no cluster is made, no service is
//! started) are taken down by the same process, whatever happens to xtask meanwhile.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;

const SCRIPT: &str = include_str!("install.sh");

const MISSING: &str = "PostgreSQL's server programs (initdb, postgres) are missing: none in \
     /usr/lib/postgresql/*/bin, by pg_config or on PATH";
const BY_HAND: &str = "Install them (Debian, Ubuntu: `sudo apt-get install postgresql`; Fedora: `sudo dnf install \
     postgresql-server`; macOS: `brew install postgresql`) or leave PostgreSQL out: `cargo xtask test --engine sqlite`";

/// How root is reached from here.
#[derive(Debug, PartialEq, Eq)]
enum Root {
    /// We are it.
    Already,
    /// By sudo, which asks for no password.
    Sudo,
}

/// Installs the package, or says in one line what is missing and how to get it.
pub fn debian_package() -> Result<()> {
    if !runs(Command::new("apt-get").arg("--version")) {
        bail!("{MISSING}; this is no Debian, so they can't be installed from here. {BY_HAND}");
    }
    let Some(root) = root() else {
        bail!("{MISSING}; installing needs root or a sudo that asks for no password. {BY_HAND}");
    };
    eprintln!("installing Debian's postgresql (no cluster is made, no service is started) …");
    // A group of its own and not registered for signals: an apt-get ended half way leaves a broken system.
    let status = shell(&root).stdin(Stdio::null()).process_group(0).status().context("cannot run apt-get")?;
    if !status.success() {
        bail!("{MISSING}, and apt-get could not install them (its own words are above). {BY_HAND}");
    }
    Ok(())
}

fn root() -> Option<Root> {
    if Uid::effective().is_root() {
        return Some(Root::Already);
    }
    runs(Command::new("sudo").args(["-n", "true"])).then_some(Root::Sudo)
}

fn shell(root: &Root) -> Command {
    let mut command = match root {
        Root::Already => Command::new("sh"),
        Root::Sudo => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        }
    };
    command.args(["-c", SCRIPT]);
    command
}

fn runs(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_valid_shell() {
        assert!(runs(Command::new("sh").args(["-n", "-c", SCRIPT])));
    }

    #[test]
    fn sudo_never_waits_for_a_password() {
        let command = shell(&Root::Sudo);
        let arguments: Vec<_> = command.get_args().take(3).collect();
        assert_eq!(
            (command.get_program().to_str(), arguments.as_slice()),
            (Some("sudo"), ["-n", "sh", "-c"].map(std::ffi::OsStr::new).as_slice())
        );
    }
}
