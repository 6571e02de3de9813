//! Writes the samples, valid and hostile, into the folder that is named: what the fuzzer begins with.

use std::path::PathBuf;
use std::{env, fs, io};

use florin_document::{Kind, samples};

/// What is longer makes the fuzzer slow and shows nothing that is not in a short one.
const LONGEST: usize = 16 * 1024;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).unwrap_or_else(|| "corpus/document".into()));
    fs::create_dir_all(&folder)?;
    let valid = Kind::ALL.iter().flat_map(|&kind| [samples::valid(kind, 70, 51), samples::with_location(kind)]);
    let more = [samples::webp_lossy(), samples::jpeg_progressive(70, 51), samples::pdf_with_object_stream()];
    let hostile = samples::hostile().into_iter().map(|row| row.bytes);
    let files = valid.chain(more).chain(hostile).filter(|bytes| bytes.len() <= LONGEST);
    for (number, bytes) in files.enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), bytes)?;
    }
    Ok(())
}
