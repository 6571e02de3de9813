//! Generated clients: generators that partners use make a client from `docs/openapi.json`, strict type checkers take it
//! together with a program that uses it (docs/examples/clients), and that program does its work against a sandbox.
//!
//! `cargo xtask test` says where the generators are (see [`tool`]); without them the tests are skipped.

use crate::support::{Server, succeeds, tool};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

fn repository(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// A folder with the program, and a place beside it for the client.
fn workshop(program: &str) -> TempDir {
    let folder = tempfile::Builder::new().prefix("florin-client-").tempdir().expect("a directory");
    let source = repository("docs/examples/clients").join(program);
    std::fs::copy(source, folder.path().join(program)).expect("the program is copied");
    folder
}

/// Runs the program against a sandbox of its own.
async fn works(mut program: Command) {
    let server = Server::start().await;
    program.env("FLORIN_URL", server.base_url()).env("FLORIN_API_KEY", &server.credentials().api_key);
    let photos = ["passport_front.jpg", "passport_selfie.jpg"];
    program.args(photos.map(|name| repository("crates/florin/assets/documents").join(name)));
    let said = tokio::task::spawn_blocking(move || succeeds(&mut program)).await.expect("no panic");
    assert_eq!(said.trim_end(), "done");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typescript() {
    let Some(modules) = tool("NODE_MODULES") else { return };
    let folder = workshop("flow.ts");
    let node = |script: &str| {
        let mut node = Command::new("node");
        node.arg(format!("{modules}/{script}")).current_dir(folder.path());
        node
    };
    let mut generator = node("@hey-api/openapi-ts/bin/run.js");
    generator.arg("-i").arg(repository("docs/openapi.json"));
    succeeds(generator.args("-o florin -c @hey-api/client-fetch --no-log-file".split(' ')));
    let mut compiler = node("typescript/bin/tsc");
    compiler.args("--strict --target es2022 --lib es2022,dom,dom.iterable --types node".split(' '));
    compiler.args("--module commonjs --moduleResolution node10 --outDir compiled flow.ts".split(' '));
    succeeds(compiler.arg("--typeRoots").arg(format!("{modules}/@types")));
    let mut program = Command::new("node");
    program.arg("compiled/flow.js").current_dir(folder.path());
    works(program).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python() {
    let Some(packages) = tool("PYTHON_PATH") else { return };
    let folder = workshop("flow.py");
    let base = user_base(folder.path(), &packages);
    let python = |arguments: &str| {
        let mut python = Command::new("python3");
        python.args(arguments.split(' ')).current_dir(folder.path());
        python.env("PYTHONPATH", &packages).env("PYTHONUSERBASE", &base).env("PYTHONDONTWRITEBYTECODE", "1");
        python
    };
    // No hooks: they would format the client by a program that need not be there.
    std::fs::write(folder.path().join("settings.yaml"), "post_hooks: []\n").expect("settings");
    let mut generator = python("-m openapi_python_client generate --meta none --fail-on-warning");
    generator.args("--output-path florin --config settings.yaml --path".split(' '));
    succeeds(generator.arg(repository("docs/openapi.json")));
    succeeds(&mut python("-m mypy --strict --cache-dir cache flow.py florin"));
    works(python("flow.py")).await;
}

/// A place where Python's type checker takes the packages for installed ones, whose faults are not ours.
fn user_base(folder: &Path, packages: &str) -> PathBuf {
    let base = folder.join("base");
    let mut question = Command::new("python3");
    question.args(["-c", "import site; print(site.getusersitepackages())"]).env("PYTHONUSERBASE", &base);
    let installed = PathBuf::from(succeeds(&mut question).trim_end());
    std::fs::create_dir_all(installed.parent().expect("a folder above")).expect("a directory");
    std::os::unix::fs::symlink(packages, installed).expect("a link");
    base
}
