//! Takes the viewer's two files (Swagger UI) out of the archive that a crate carries, for `openapi/viewer`.
//!
//! `utoipa-swagger-ui` does the same, with a regular-expression engine and a writer of archives that this program
//! needs for nothing else, and puts every file of the archive into the program.

use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::{env, fs};

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

const FILES: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    for name in FILES {
        fs::write(Path::new(&folder).join(name), file(name)?)?;
    }
    Ok(())
}

/// The content of this file of the archive's folder `dist`.
fn file(name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let archive = ZipArchive::from_slice(SWAGGER_UI_VENDORED)?;
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry()? {
        if !entry.file_path().try_normalize()?.as_ref().ends_with(&format!("/dist/{name}")) {
            continue;
        }
        if entry.compression_method() != CompressionMethod::DEFLATE {
            return Err(format!("{name} is compressed in another way").into());
        }
        let packed = archive.get_entry(entry.wayfinder())?;
        let mut content = Vec::new();
        packed.verifying_reader(DeflateDecoder::new(packed.data())).read_to_end(&mut content)?;
        return Ok(content);
    }
    Err(format!("{name} is not in the archive").into())
}
