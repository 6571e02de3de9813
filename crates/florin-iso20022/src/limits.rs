//! How much a document may ask of us.

/// Limits of one document. [`Limits::default`] is for files from a bank.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document.
    pub bytes: usize,
    /// Elements inside each other.
    pub depth: usize,
    /// Elements of all kinds, skipped ones too.
    pub elements: usize,
    /// Entries and transactions, which are what stays in memory.
    pub transactions: usize,
}

/// An entry with all parties takes about 2 KB in files of banks, so 30,000 fit. Banks' channels commonly stop at
/// 20 to 50 MB.
const MAX_BYTES: usize = 64 << 20;

/// The deepest element that we know is the fourteenth; the deepest of the schemas (taxes within remittances) about the
/// twentieth. Supplementary data may add a few.
const MAX_DEPTH: usize = 32;

/// An entry has 40 to 60 elements, so the bytes end first for a true file. A file of `<a/>` would have 16 million: it
/// costs time only, about a second.
const MAX_ELEMENTS: usize = 4_000_000;

/// An entry and its transaction take about 1 KB in memory, so 100 MB at the most.
const MAX_TRANSACTIONS: usize = 100_000;

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: MAX_BYTES, depth: MAX_DEPTH, elements: MAX_ELEMENTS, transactions: MAX_TRANSACTIONS }
    }
}
