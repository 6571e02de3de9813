//! How an image is turned before it is shown.

use exif::{In, Reader, Tag};

use crate::kind::Size;

/// EXIF's orientation: 1 is upright, 5 to 8 exchange width and height.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Orientation(u8);

/// A camera's EXIF takes one segment of a JPEG (64 KiB), preview included. What is longer is not read: its image is
/// shown as it is stored.
const EXIF_MAX: usize = 64 * 1024;

impl Orientation {
    pub(crate) const UPRIGHT: Self = Self(1);
    /// Turned by a quarter, one way or the other.
    pub(crate) const QUARTER: Self = Self(6);

    /// What an EXIF body (from its TIFF header on) says; upright where it says nothing that can be read.
    pub(crate) fn from_exif(body: &[u8]) -> Self {
        if body.len() > EXIF_MAX {
            return Self::UPRIGHT;
        }
        let read = Reader::new().read_raw(body.to_vec());
        let said =
            read.ok().and_then(|exif| exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0));
        match said.and_then(|said| u8::try_from(said).ok()) {
            Some(said @ 2..=8) => Self(said),
            _ => Self::UPRIGHT,
        }
    }

    /// The number that EXIF has for it.
    pub(crate) fn number(self) -> u8 {
        self.0
    }

    /// The size that a viewer shows.
    pub(crate) fn apply(self, size: Size) -> Size {
        if self.0 >= 5 { size.turned() } else { size }
    }
}
