//! What the frame of a multipart body can be wrong in, and its limits.

/// Longest head of a part. A file name of 255 four-byte characters, percent-encoded and given twice (`filename` and
/// `filename*`), is 6 KiB; the rest is room for the other headers.
pub const MAX_PART_HEAD: usize = 8 * 1024;

/// Parts of a body, wanted or not. The calls want three at most; forms bring some fields along.
pub const MAX_PARTS: usize = 64;

/// Longest boundary: RFC 2046's.
pub const MAX_BOUNDARY: usize = 70;

/// What the frame of a body can be wrong in: each a P403.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The first boundary is not there.
    #[error("multipart body does not begin with its boundary")]
    NoBoundary,
    /// Something stands on a boundary's line.
    #[error("multipart body has a boundary that is followed by other characters")]
    BoundaryLine,
    /// A part's head has no end in sight.
    #[error("multipart body has a part whose headers take more than {MAX_PART_HEAD} bytes")]
    LongHead,
    /// A part's head can't be read.
    #[error("multipart body has a part with malformed headers")]
    Head,
    /// A part has no name.
    #[error("multipart body has a part without Content-Disposition: form-data and a name")]
    Disposition,
    /// A part would have to be decoded.
    #[error("multipart body has a part with a Content-Transfer-Encoding other than binary")]
    TransferEncoding,
    /// More parts than anybody needs.
    #[error("multipart body can have at most {MAX_PARTS} parts")]
    ManyParts,
    /// The end came before the last boundary.
    #[error("multipart body ends before its last boundary")]
    Unfinished,
}
