//! JPEG through zune-jpeg: safe, fast, and strict about what is missing. Only grey is asked for, one byte per
//! pixel; of print colours (CMYK), which it does not turn to grey, RGB.

use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::watch::{ByteStream, Watch};
use super::{Orientation, Unreadable};
use crate::check::MAX_SCANS;
use crate::segments::{JpegPart, jpeg_exif, jpeg_parts};

const DATA: Unreadable = Unreadable::Broken("JPEG data");

/// Zero bytes behind the data: the decoder reads ahead by eight and takes note when there is nothing.
const PADDING: usize = 16;

pub(super) fn read(bytes: &[u8], watch: &Watch<'_>) -> Result<Orientation, Unreadable> {
    // JPEG's own bound; ours is checked already.
    let side = usize::from(u16::MAX);
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(side)
        .set_max_height(side)
        .jpeg_set_max_scans(MAX_SCANS as usize)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ByteStream::new(data(bytes), PADDING, watch), options);
    decoder.decode_headers().map_err(|_| DATA)?;
    if decoder.input_colorspace().is_some_and(|colours| colours.num_components() == 4) {
        decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::RGB));
    }
    let pixels = decoder.decode().map_err(|_| DATA)?;
    drop(pixels);
    Ok(jpeg_exif(bytes).map_or(Orientation::UPRIGHT, Orientation::from_exif))
}

/// What the decoder is to see.
///
/// Where it sees EOI it takes what is missing for zeros, as browsers do, and half a document would be readable. So
/// EOI is kept from it, and it fails when it needs more than there is. Not where it is progressive: there the
/// decoder asks for EOI itself, and what is missing makes the picture coarser, not shorter.
fn data(bytes: &[u8]) -> &[u8] {
    let mut end = bytes.len();
    for part in jpeg_parts(bytes) {
        match part {
            JpegPart::Segment { name: 0xC2, .. } => return bytes,
            JpegPart::Segment { whole, .. } => end = whole.end,
            JpegPart::Coded(range) => end = range.end,
        }
    }
    &bytes[..end]
}
