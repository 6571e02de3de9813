//! The kinds of document that we know, and what the check tells about one.

use std::fmt;

/// The most pixels that a caller should allow.
///
/// The largest photos that today's phones make by default have 12 megapixels, by choice 50 (8192 × 6144 is 50.3
/// million). Sensors with 108 or 200 do not write files below 10 MB at full size.
pub const MAX_PIXELS: u64 = 52_000_000;

/// The most pixels that an image may be wide or high: what a JPEG can be. A row costs a decoder something of its own:
/// an image of one column and fifty million rows took it four seconds, and a photo of as many pixels takes one.
pub const MAX_SIDE: u32 = 65_535;

/// What a file is, by its content.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// JPEG (JFIF or EXIF): baseline, extended or progressive with Huffman coding.
    Jpeg,
    /// PNG, not animated.
    Png,
    /// WebP, lossy or lossless, not animated.
    Webp,
    /// A HEIF container whose images are coded with HEVC.
    Heic,
    /// PDF, not encrypted.
    Pdf,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Jpeg, Self::Png, Self::Webp, Self::Heic, Self::Pdf];

    /// The name under which a file of this kind is kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Pdf => "pdf",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// The registered media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Pdf => "application/pdf",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Heic => "HEIC",
            Self::Pdf => "PDF",
        })
    }
}

/// Width and height in pixels; neither is zero.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// How many pixels that is.
    #[must_use]
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Width and height exchanged: turned by a quarter.
    #[must_use]
    pub fn turned(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

/// What the check learned about a file that passed it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// The image as it is stored, before EXIF orientation or `irot` turn it; none for a PDF.
    pub size: Option<Size>,
}
