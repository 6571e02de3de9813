//! Writes what the fuzzer begins with: samples of documents, valid and hostile, and messages of cards. Each target has
//! a folder of its own below the one that is named.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use florin_document::{Kind, samples};

/// What is longer makes the fuzzer slow and shows nothing that is not in a short one.
const LONGEST: usize = 16 * 1024;

/// Messages by another implementation, each in hexadecimal digits, with the dialect that it is in.
const MESSAGES: &str = include_str!("../crates/florin-iso8583/tests/it/vectors.json");

fn main() -> io::Result<()> {
    let corpus = PathBuf::from(env::args_os().nth(1).unwrap_or_else(|| "corpus".into()));
    write(&corpus.join("document"), documents())?;
    write(&corpus.join("iso8583"), messages())
}

fn write(folder: &Path, files: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, bytes) in files.enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), bytes)?;
    }
    Ok(())
}

fn documents() -> impl Iterator<Item = Vec<u8>> {
    let valid =
        Kind::ALL.iter().flat_map(|&kind| [samples::valid(kind, 70, 51), samples::with_location(kind)]);
    let more = [samples::webp_lossy(), samples::jpeg_progressive(70, 51), samples::pdf_with_object_stream()];
    let hostile = samples::hostile().into_iter().map(|row| row.bytes);
    valid.chain(more).chain(hostile).filter(|bytes| bytes.len() <= LONGEST)
}

/// The target takes the dialect from the first byte.
fn messages() -> impl Iterator<Item = Vec<u8>> {
    let value = |line: &str, name: &str| {
        let value = line.strip_prefix(name)?.trim_end_matches(',').trim_matches('"');
        Some(value.to_owned())
    };
    let dialects = MESSAGES.lines().filter_map(move |line| value(line, "\"dialect\": "));
    let bytes = MESSAGES.lines().filter_map(move |line| value(line, "\"bytes\": "));
    dialects.zip(bytes).map(|(dialect, digits)| {
        let first = ["ascii", "ascii-binary", "packed"].iter().position(|name| *name == dialect);
        let pairs = digits.as_bytes().chunks_exact(2).filter_map(|pair| std::str::from_utf8(pair).ok());
        let bytes = pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok());
        [first.unwrap_or_default() as u8].into_iter().chain(bytes).collect()
    })
}
