//! Every message that we write is valid against the official schema, by xmllint.
//!
//! The schemas are ISO's and not part of this repository. They are looked for in the folder that `FLORIN_ISO20022_XSD`
//! names, in `shared/iso20022` beside the checkout, and in the Python package `sepaxml`, which has that of pain.001.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use florin_iso20022::Document;
use florin_testing::skip;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::samples;

/// Documents of each message: enough that each optional element is there and absent.
const DOCUMENTS: usize = 64;

fn schema(message: &str) -> Option<PathBuf> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = [
        env::var_os("FLORIN_ISO20022_XSD").map(PathBuf::from),
        Some(checkout.join("../shared/iso20022")),
        env::var_os("FLORIN_TEST_SEPAXML").map(|folder| Path::new(&folder).join("sepaxml/schemas")),
    ];
    folders
        .into_iter()
        .flatten()
        .map(|folder| folder.join(format!("{message}.xsd")))
        .find(|path| path.is_file())
}

fn has_xmllint() -> bool {
    let status =
        Command::new("xmllint").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn validate(message: &str, strategy: impl Strategy<Value = Document>) {
    let Some(schema) = schema(message) else {
        return skip(&format!("no schema {message}.xsd (FLORIN_ISO20022_XSD names its folder)"));
    };
    if !has_xmllint() {
        return skip("no xmllint");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::deterministic();
    let mut lint = Command::new("xmllint");
    lint.args(["--nonet", "--noout", "--schema"]).arg(schema);
    for number in 0..DOCUMENTS {
        let file = folder.path().join(format!("{number}.xml"));
        let document = strategy.new_tree(&mut runner).unwrap().current();
        fs::write(&file, document.to_xml().unwrap()).unwrap();
        lint.arg(file);
    }
    let output = lint.output().unwrap();
    let said: Vec<_> = String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect();
    assert!(
        output.status.success(),
        "{:#?}",
        said.iter().filter(|line| !line.ends_with("validates")).collect::<Vec<_>>()
    );
    assert_eq!(said.iter().filter(|line| line.ends_with("validates")).count(), DOCUMENTS);
}

#[test]
fn pain_001() {
    validate("pain.001.001.09", samples::credit_transfer());
}

#[test]
fn pain_002() {
    validate("pain.002.001.10", samples::status_report());
}

#[test]
fn camt_053() {
    validate("camt.053.001.08", samples::statement());
}

#[test]
fn camt_054() {
    validate("camt.054.001.08", samples::notification());
}

#[test]
fn camt_056() {
    validate("camt.056.001.08", samples::recall_request());
}

#[test]
fn camt_029() {
    validate("camt.029.001.09", samples::recall_answer());
}

#[test]
fn pacs_004() {
    validate("pacs.004.001.09", samples::payment_return());
}
