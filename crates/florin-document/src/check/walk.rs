//! A walk through a container: the format says what it needs next, and gets it however the bytes were cut.

use super::{Found, Rejected};

/// What a walk needs next.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Exactly so many bytes, at once.
    Gather(usize),
    /// So many bytes passed over.
    Skip(u64),
    /// Whatever comes, as it comes.
    Scan,
    /// Nothing more: a further byte is one too many.
    End,
}

/// How one format is walked.
pub(super) trait Walk {
    /// What it needs first.
    const FIRST: Need;

    /// The bytes asked for by [`Need::Gather`].
    fn gathered(&mut self, bytes: &[u8]) -> Result<Need, Rejected>;

    /// What was to be skipped is.
    fn skipped(&mut self) -> Result<Need, Rejected>;

    /// The next bytes; tells how many were used, and what is needed then when it is no longer a scan.
    fn scan(&mut self, bytes: &[u8]) -> Result<(usize, Option<Need>), Rejected>;

    /// The end of the file, `length` bytes long. `whole`: nothing was asked for that came in part only.
    fn finish(self, length: u64, whole: bool) -> Result<Found, Rejected>;
}

/// Drives a [`Walk`].
#[derive(Debug)]
pub(super) struct Walker<W> {
    walk: W,
    need: Need,
    gathered: Vec<u8>,
    length: u64,
}

impl<W: Walk> Walker<W> {
    pub(super) fn new(walk: W) -> Self {
        Self { walk, need: W::FIRST, gathered: Vec::new(), length: 0 }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), Rejected> {
        self.length += bytes.len() as u64;
        loop {
            match self.need {
                Need::Gather(wanted) => {
                    let taken = bytes.len().min(wanted - self.gathered.len());
                    self.gathered.extend_from_slice(&bytes[..taken]);
                    bytes = &bytes[taken..];
                    if self.gathered.len() < wanted {
                        return Ok(());
                    }
                    self.need = self.walk.gathered(&self.gathered)?;
                    self.gathered.clear();
                }
                Need::Skip(0) => self.need = self.walk.skipped()?,
                Need::Skip(left) => {
                    let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    bytes = &bytes[taken..];
                    self.need = Need::Skip(left - taken as u64);
                    if left > taken as u64 {
                        return Ok(());
                    }
                }
                Need::Scan => {
                    if bytes.is_empty() {
                        return Ok(());
                    }
                    let (used, need) = self.walk.scan(bytes)?;
                    bytes = &bytes[used..];
                    match need {
                        Some(need) => self.need = need,
                        None if bytes.is_empty() => return Ok(()),
                        None => {}
                    }
                }
                Need::End if bytes.is_empty() => return Ok(()),
                Need::End => return Err(Rejected::Broken("bytes after its end")),
            }
        }
    }

    pub(super) fn finish(self) -> Result<Found, Rejected> {
        let whole = match self.need {
            Need::Gather(_) => self.gathered.is_empty(),
            Need::Skip(left) => left == 0,
            Need::Scan | Need::End => true,
        };
        self.walk.finish(self.length, whole)
    }
}
