//! PNG through the png crate, row by row.

use png::{DecodeOptions, Decoder, Limits, Transformations};

use super::watch::{Stream, Watch};
use super::{DecodeLimits, Orientation, Unreadable};
use crate::segments::png_chunk;

const DATA: Unreadable = Unreadable::Broken("PNG data");

pub(super) fn read(
    bytes: &[u8],
    limits: &DecodeLimits,
    watch: &Watch<'_>,
) -> Result<Orientation, Unreadable> {
    let mut options = DecodeOptions::default();
    // Texts and colour profiles are compressed on their own: never unpacked, they can't be bombs.
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Stream::new(bytes, watch), options);
    decoder.set_limits(Limits { bytes: usize::try_from(limits.max_memory).unwrap_or(usize::MAX) });
    decoder.set_transformations(Transformations::IDENTITY);
    let mut reader = decoder.read_info().map_err(|_| DATA)?;
    while reader.next_interlaced_row().map_err(|_| DATA)?.is_some() {
        watch.ask()?;
    }
    reader.finish().map_err(|_| DATA)?;
    Ok(png_chunk(bytes, *b"eXIf").map_or(Orientation::UPRIGHT, Orientation::from_exif))
}
