//! The pages in a real browser: `browser/look.mjs`, over a gallery of every state.

#[path = "samples/mod.rs"]
#[expect(dead_code, reason = "the other tests use more of it")]
mod samples;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the packages by which a browser is driven.
const PACKAGES: &str = "FLORIN_TEST_BROWSER";
/// The browser.
const CHROMIUM: &str = "FLORIN_TEST_CHROMIUM";

#[test]
fn every_page_works_in_chromium() {
    let (Some(packages), Some(chromium)) = (env::var_os(PACKAGES), env::var_os(CHROMIUM)) else {
        return florin_testing::skip("there is no Chromium with what drives it");
    };
    let folder = tempfile::tempdir().unwrap();
    samples::write_gallery(folder.path()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/look.mjs");
    let mut node = Command::new("node");
    node.arg(script).arg(folder.path()).env(PACKAGES, packages).env(CHROMIUM, chromium);
    // Somebody wants to see.
    node.args(env::var_os("FLORIN_TEST_SCREENSHOTS").map(PathBuf::from));
    let looked = node.output().unwrap();
    let said = [looked.stdout, looked.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(looked.status.success(), "{}", said.join("\n"));
}
