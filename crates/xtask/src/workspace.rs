//! Where the workspace is, and how `cargo` and `git` are called in it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    let own = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&own).ancestors().nth(2).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// `cargo`, in the workspace, in the environment it would have if it were typed by hand.
///
/// `cargo run` describes xtask's own package in the environment; build scripts that read those names would be built
/// again each time a command comes from here instead of from a shell.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|own| name.starts_with(own))
        {
            command.env_remove(&*name);
        }
    }
    command
}

/// Takes the settings of a developer's own server out of a command's environment; those for tests stay.
pub fn without_settings(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("FLORIN_") && !name.starts_with("FLORIN_TEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// A package of the workspace, as `cargo metadata` tells it.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What it depends on, of any kind: ordinary, build and test.
    pub dependencies: Vec<Dependency>,
}

/// One dependency of a package.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// None for an ordinary one, else `dev` or `build`.
    pub kind: Option<String>,
}

impl Dependency {
    /// Whether only tests, benches and examples use it.
    pub fn is_for_tests(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

/// What `cargo metadata` tells about the workspace.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

/// The packages of the workspace.
pub fn packages() -> Result<Vec<Package>> {
    Ok(metadata()?.packages)
}

/// The folder of the build's products, and of what else can be made again.
pub fn target() -> Result<PathBuf> {
    Ok(metadata()?.target_directory)
}

fn metadata() -> Result<Metadata> {
    let output = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    serde_json::from_slice(&output).context("`cargo metadata` answered something else")
}

/// Every file that is in version control or would be with the next `git add`.
pub fn files() -> Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.current_dir(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = output(&mut git)?;
    let names = String::from_utf8(listed).context("a file name is not UTF-8")?;
    let mut files: Vec<_> = names.split_terminator('\0').map(PathBuf::from).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// Standard output of a command that must succeed; what it complains about is shown.
pub fn output(command: &mut Command) -> Result<Vec<u8>> {
    let name = crate::process::shown(command);
    let run = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let run = run.with_context(|| format!("cannot run `{name}`"))?;
    if !run.status.success() {
        bail!("`{name}` failed ({})", run.status);
    }
    Ok(run.stdout)
}
