//! Where PostgreSQL's server programs are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Result, bail};

use super::install;

/// Debian keeps one folder per major version and puts none of the server's programs on PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs we call.
const NEEDED: [&str; 2] = ["initdb", "postgres"];

/// The folder of the server's programs. Where none is found, Debian's package is installed if it may be.
pub fn find(may_install: bool) -> Result<Option<PathBuf>> {
    let found = look();
    if found.is_some() || !may_install {
        return Ok(found);
    }
    install::debian_package()?;
    match look() {
        Some(found) => Ok(Some(found)),
        None => bail!("PostgreSQL was installed, but its server programs were not found"),
    }
}

/// The same for a command that can't do without.
pub fn require(may_install: bool) -> Result<PathBuf> {
    match find(may_install)? {
        Some(found) => Ok(found),
        None => bail!("{}", install::missing("`cargo xtask postgres --install` installs them")),
    }
}

/// Debian's newest version, else what `pg_config` names, else PATH.
fn look() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path());
    let debian = newest_first(versions).into_iter().map(|version| version.join("bin"));
    let configured = configured().into_iter();
    let path = env::var_os("PATH").unwrap_or_default();
    debian.chain(configured).chain(env::split_paths(&path)).find(|folder| has_server(folder))
}

/// What `pg_config` says, where it is installed; it can be there without a server.
fn configured() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    (output.status.success()).then(|| PathBuf::from(folder.trim()))
}

/// Folders named by a version, highest version first; others are left out.
fn newest_first(folders: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let version = |folder: &Path| folder.file_name().and_then(OsStr::to_str)?.parse::<u32>().ok();
    let mut found: Vec<_> = folders.filter_map(|folder| Some((version(&folder)?, folder))).collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

fn has_server(folder: &Path) -> bool {
    NEEDED.iter().all(|program| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first_and_by_number() {
        let folders = ["/p/9", "/p/15", "/p/common", "/p/17"].map(PathBuf::from);
        assert_eq!(newest_first(folders.into_iter()), ["/p/17", "/p/15", "/p/9"].map(PathBuf::from));
    }

    #[test]
    fn a_folder_counts_only_with_all_programs() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("initdb"), "").unwrap();
        assert!(!has_server(folder.path()));
        fs::write(folder.path().join("postgres"), "").unwrap();
        assert!(has_server(folder.path()));
    }
}
