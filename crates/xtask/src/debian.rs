//! Installing a package of Debian's where we may: as root, or by a sudo that asks for no password.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;

/// Installs what follows; a machine that has never asked for the lists of packages knows none.
const INSTALL: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
install() { apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "$@" >&2; }
install "$@" || { apt-get -o DPkg::Lock::Timeout=300 update >&2 && install "$@"; }
"#;

/// How root is reached from here.
#[derive(Debug, PartialEq, Eq)]
pub enum Root {
    /// We are it.
    Already,
    /// By sudo, which asks for no password.
    Sudo,
}

/// Installs packages, or says in a few words why it can't.
pub fn install(packages: &[&str]) -> Result<()> {
    eprintln!("installing Debian's {} …", packages.join(" and "));
    run(INSTALL, packages)
}

/// Runs a shell script as root, or says in a few words why it can't.
pub fn run(script: &str, arguments: &[&str]) -> Result<()> {
    if !runs(Command::new("apt-get").arg("--version")) {
        bail!("this is no Debian, so it can't be installed from here");
    }
    let Some(root) = root() else {
        bail!("installing needs root or a sudo that asks for no password");
    };
    let mut shell = shell(&root, script, arguments);
    // A group of its own and not registered for signals: an apt-get ended half way leaves a broken system.
    let status = shell.stdin(Stdio::null()).process_group(0).status().context("cannot run apt-get")?;
    if !status.success() {
        bail!("apt-get could not install it (its own words are above)");
    }
    Ok(())
}

fn root() -> Option<Root> {
    if Uid::effective().is_root() {
        return Some(Root::Already);
    }
    runs(Command::new("sudo").args(["-n", "true"])).then_some(Root::Sudo)
}

fn shell(root: &Root, script: &str, arguments: &[&str]) -> Command {
    let mut command = match root {
        Root::Already => Command::new("sh"),
        Root::Sudo => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        }
    };
    command.args(["-c", script, "sh"]).args(arguments);
    command
}

/// Whether a command can be run and ends well.
pub fn runs(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_valid_shell() {
        assert!(runs(Command::new("sh").args(["-n", "-c", INSTALL])));
    }

    #[test]
    fn sudo_never_waits_for_a_password() {
        let command = shell(&Root::Sudo, INSTALL, &["php-cli"]);
        let arguments: Vec<_> = command.get_args().collect();
        assert_eq!((command.get_program().to_str(), arguments[..3].to_vec()), {
            (Some("sudo"), ["-n", "sh", "-c"].map(std::ffi::OsStr::new).to_vec())
        });
        assert_eq!(arguments.last(), Some(&std::ffi::OsStr::new("php-cli")));
    }
}
