//! JPEG files, made of one strip of noise that is coded once and then repeated.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::{Noise, exif};

/// Rows of a strip: one line of blocks at 4:2:0.
const STRIP: u32 = 16;

/// A baseline photo of 4:2:0.
///
/// # Panics
/// When a dimension is 0 or more than 65,535.
#[must_use]
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    Strip::new(width, 60).file(height, Vec::new(), &[])
}

/// A photo at the low quality that lets the largest stay below the longest file.
pub(super) fn jpeg_coarse(width: u32, height: u32) -> Vec<u8> {
    Strip::new(width, 20).file(height, Vec::new(), &[])
}

/// A progressive photo.
///
/// # Panics
/// When a dimension is 0 or more than 65,535.
#[must_use]
pub fn jpeg_progressive(width: u32, height: u32) -> Vec<u8> {
    encode(width, height, |encoder| encoder.set_progressive(true))
}

/// A baseline photo of exactly so many bytes, nearly all of them image data: as heavy for a decoder as a real one.
///
/// # Panics
/// When `bytes` is less than 1,024.
#[must_use]
pub fn jpeg_of_size(bytes: usize) -> Vec<u8> {
    assert!(bytes >= 1024, "a JPEG's tables alone need that");
    // Of noise at this quality a pixel takes about a byte, and photos are about as high as wide.
    let width =
        (1..).map(|step| step * 64).find(|width| width * width >= bytes || *width == 4032).unwrap_or(64);
    let strip = [width, 16]
        .map(|width| Strip::new(width as u32, 90))
        .into_iter()
        .find(|strip| strip.file(STRIP, Vec::new(), &[]).len() <= bytes);
    let strip = strip.expect("16 × 16 pixels fit into 1,024 bytes");
    let fixed = strip.file(STRIP, Vec::new(), &[]).len();
    let strips = 1 + (bytes - fixed) / (strip.coded.len() + 2);
    let height = strips as u32 * STRIP;
    let left = bytes - strip.file(height, Vec::new(), &[]).len();
    strip.file(height, padding(left), &[])
}

/// The length of the trailer of [`with_location`].
pub(super) const TRAILER: usize = 4 + exif::PLANTED.len() + 8;

/// With EXIF, XMP, a comment, IPTC, and a trailer as phones write it.
pub(super) fn with_location() -> Vec<u8> {
    let mut before = segment(0xE1, &[b"Exif\0\0", exif::exif().as_slice()].concat());
    before.extend(segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", exif::xmp().as_slice()].concat()));
    before.extend(segment(0xED, &[b"Photoshop 3.0\0", exif::PLANTED.as_bytes()].concat()));
    before.extend(segment(0xFE, exif::PLANTED.as_bytes()));
    let trailer = [b"\0\0\x30\x0A", exif::PLANTED.as_bytes(), b"SEFHSEFT"].concat();
    Strip::new(64, 60).file(48, before, &trailer)
}

/// A segment of any marker.
pub(super) fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).expect("a segment of at most 65,533 bytes");
    [&[0xFF, marker], &length.to_be_bytes()[..], body].concat()
}

/// Comments of so many bytes in all; fewer than four are fill bytes, which may stand before any marker.
fn padding(mut bytes: usize) -> Vec<u8> {
    let mut padding = Vec::new();
    while bytes >= 4 {
        let body = (bytes - 4).min(65_533);
        padding.extend(segment(0xFE, &vec![b' '; body]));
        bytes -= body + 4;
    }
    padding.extend(vec![0xFF; bytes]);
    padding
}

pub(super) fn noise(width: u32, height: u32) -> Vec<u8> {
    // Noise around a slope, so that it looks like something when opened.
    let mut noise = Noise::new(u64::from(width));
    let sample = |at: usize| ((at / 3 % width as usize) * 160 / width as usize) as u8;
    (0..width as usize * height as usize * 3).map(|at| sample(at) + noise.next() % 96).collect()
}

pub(super) fn encode(width: u32, height: u32, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 60);
    set(&mut encoder);
    let (across, down) =
        (width.try_into().expect("a JPEG's width"), height.try_into().expect("a JPEG's height"));
    encoder.encode(&noise(width, height), across, down, ColorType::Rgb).expect("noise can be encoded");
    bytes
}

/// One line of blocks, coded so that it can be repeated: it ends where a restart marker goes.
struct Strip {
    /// SOI and, after it, everything up to the coded data.
    head: Vec<u8>,
    coded: Vec<u8>,
}

impl Strip {
    fn new(width: u32, quality: u8) -> Self {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.set_restart_interval(width.div_ceil(STRIP).try_into().expect("a JPEG's width"));
        let across = width.try_into().expect("a JPEG's width");
        encoder
            .encode(&noise(width, STRIP), across, STRIP as u16, ColorType::Rgb)
            .expect("noise can be encoded");
        let scan = bytes.windows(2).position(|two| two == [0xFF, 0xDA]).expect("a scan");
        let head = scan + 2 + usize::from(u16::from_be_bytes([bytes[scan + 2], bytes[scan + 3]]));
        let coded = bytes[head..bytes.len() - 2].to_vec();
        bytes.truncate(head);
        Self { head: bytes, coded }
    }

    fn file(&self, height: u32, before: Vec<u8>, after: &[u8]) -> Vec<u8> {
        let mut file = self.head.clone();
        let frame = file.windows(2).position(|two| two == [0xFF, 0xC0]).expect("a baseline frame");
        let height = u16::try_from(height).expect("a JPEG's height");
        file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        // After SOI and JFIF's own segment.
        let jfif = 4 + usize::from(u16::from_be_bytes([file[4], file[5]]));
        file.splice(jfif..jfif, before);
        for strip in 0..u32::from(height).div_ceil(STRIP) {
            if strip > 0 {
                file.extend([0xFF, 0xD0 + ((strip - 1) % 8) as u8]);
            }
            file.extend(&self.coded);
        }
        file.extend([0xFF, 0xD9]);
        file.extend(after);
        file
    }
}
