//! Files by many encoders, in their samplings and options: each is taken, and the full decode says `ADDED`.
//!
//! Encoders in Rust are here at any time. The others are programs that `cargo xtask test` finds or installs; it runs
//! their tests where it has them, and where not they are skipped.

mod here;
mod programs;

use super::{told, upload};
use crate::support::TestApp;
use florin_document::{Kind, samples};
use florin_testing::skip;
use std::env;
use std::path::Path;
use std::process::Command;

/// A file and where it comes from.
struct Made {
    name: String,
    bytes: Vec<u8>,
}

impl Made {
    fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), bytes }
    }
}

/// Uploads each as a user's document. All must be taken, and found readable.
async fn all_are_taken(what: &str, files: Vec<Made>) {
    let app = TestApp::start().await;
    let a = app.a();
    let mut wrong = Vec::new();
    for (index, Made { name, bytes }) in files.iter().enumerate() {
        let user = format!("user-{index}");
        a.create_user(&user).await;
        let answer = upload(&a, &user, &[("front_id".to_owned(), bytes.clone())]).send().await;
        if answer.status != 201 {
            wrong.push(format!("{name}: {}", answer.text()));
            continue;
        }
        a.run_jobs().await;
        let told: Vec<_> =
            told(&a, &user).await.into_iter().filter(|line| line.starts_with("kyc_files")).collect();
        if told != ["kyc_files.status ADDED"] {
            wrong.push(format!("{name}: {told:?}"));
        }
    }
    eprintln!("{what}: {} of {} files are taken", files.len() - wrong.len(), files.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    app.finish().await;
}

/// 71 × 53 pixels of a slope with something on it, three bytes each: odd in both directions, as crops are.
fn pixels(width: u32, height: u32) -> Vec<u8> {
    let at = |x: u32, y: u32| [(x * 3) as u8, (y * 4) as u8, ((x * x + y * y) / 16) as u8];
    (0..height).flat_map(|y| (0..width).flat_map(move |x| at(x, y))).collect()
}

const WIDTH: u32 = 71;
const HEIGHT: u32 = 53;

#[tokio::test]
async fn with_encoders_in_rust() {
    all_are_taken("encoders in Rust", here::made()).await;
}

/// What stands around and between a file's own bytes.
#[tokio::test]
async fn with_tails_and_heads() {
    let mut files = Vec::new();
    let tails: [(&str, &[u8]); 5] = [
        ("a zero byte", b"\0"),
        ("zero bytes", &[0; 4096]),
        ("a line break", b"\r\n"),
        ("the rest of a crop", &[0xA7; 3000]),
        ("text", b"saved by an app"),
    ];
    for &kind in Kind::ALL {
        for (tail, bytes) in tails {
            let file = [&samples::valid(kind, WIDTH, HEIGHT), bytes].concat();
            files.push(Made::new(format!("{kind} with {tail} behind it"), file));
        }
    }
    let pdf = samples::pdf(2);
    for before in [&b"\xEF\xBB\xBF"[..], b"\r\n", b"\x1B%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE=PDF\r\n"] {
        files.push(Made::new(format!("PDF behind {before:?}"), [before, &pdf].concat()));
    }
    let behind: [&[u8]; 5] =
        [b"\x1A", b"%%EOF\n", b"% signed", b"<html><body>(:</body></html>", b"\x1B%-12345X@PJL EOJ\r\n"];
    for behind in behind {
        let name = format!("PDF before {}", String::from_utf8_lossy(behind));
        files.push(Made::new(name, [&pdf, behind].concat()));
    }
    all_are_taken("tails and heads", files).await;
}

#[tokio::test]
async fn with_libjpeg() {
    if !has_programs(&["cjpeg", "jpegtran"]) {
        return;
    }
    all_are_taken("libjpeg-turbo", programs::libjpeg()).await;
}

#[tokio::test]
async fn with_large_pictures() {
    if !has_programs(&["cjpeg"]) {
        return;
    }
    all_are_taken("large pictures", programs::large()).await;
}

#[tokio::test]
async fn with_libheif() {
    if !has_programs(&["heif-enc"]) {
        return;
    }
    all_are_taken("libheif", programs::libheif()).await;
}

#[tokio::test]
async fn with_libwebp() {
    if !has_programs(&["cwebp"]) {
        return;
    }
    all_are_taken("libwebp", programs::libwebp()).await;
}

#[tokio::test]
async fn with_qpdf() {
    if !has_programs(&["qpdf"]) {
        return;
    }
    all_are_taken("qpdf", programs::qpdf()).await;
}

#[tokio::test]
async fn with_pillow() {
    if env::var_os("FLORIN_TEST_PILLOW").is_none() {
        return skip("needs Pillow");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut python = Command::new("python3");
    if let Some(path) = env::var_os("FLORIN_TEST_PILLOW") {
        python.env("PYTHONPATH", path);
    }
    python.args(["-c", include_str!("matrix/pillow.py")]).arg(folder.path());
    run(&mut python);
    all_are_taken("Pillow", in_folder(folder.path())).await;
}

/// Whether all of these programs are on PATH; where not, the test is skipped.
fn has_programs(programs: &[&str]) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &&str| env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let missing = programs.iter().copied().find(|name| !is_there(name));
    if let Some(missing) = missing {
        skip(&format!("needs {missing}"));
    }
    missing.is_none()
}

/// Runs a program to its end.
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The files of a folder, by their names.
fn in_folder(folder: &Path) -> Vec<Made> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = entries.collect();
    paths.sort();
    let read = |path: &Path| Made::new(path.display().to_string(), std::fs::read(path).expect("a file"));
    paths.iter().map(|path| read(path)).collect()
}
