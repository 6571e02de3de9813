//! Writes a valid photo of exactly so many bytes to standard output: `sample 8388608 > photo.jpg`.

use std::io::Write;

use florin_document::samples::jpeg_of_size;

fn main() -> std::io::Result<()> {
    let bytes = std::env::args().nth(1).and_then(|bytes| bytes.parse().ok()).unwrap_or(8 << 20);
    std::io::stdout().write_all(&jpeg_of_size(bytes))
}
