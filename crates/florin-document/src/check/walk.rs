//! A walk through a container: the format says what it needs next, and gets it however the bytes were cut.

use super::trailer::Trailer;
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
    /// Nothing more: the file ends here. What comes behind is a trailer.
    End,
    /// The file has ended before the bytes that were just gathered.
    Ended,
}

/// How one format is walked.
pub(super) trait Walk {
    /// What it needs first.
    fn first(&self) -> Need;

    /// The bytes asked for by [`Need::Gather`]; `at` is the position behind them.
    fn gathered(&mut self, bytes: &[u8], at: u64) -> Result<Need, Rejected>;

    /// What was to be skipped is.
    fn skipped(&mut self) -> Result<Need, Rejected>;

    /// The next bytes; tells how many were used, and what is needed then when it is no longer a scan.
    fn scan(&mut self, bytes: &[u8]) -> Result<(usize, Option<Need>), Rejected>;

    /// The end of the bytes.
    fn finish(self, ended: Ended<'_>) -> Result<Found, Rejected>;
}

/// How the bytes ended.
#[derive(Copy, Clone, Debug)]
pub(super) struct Ended<'a> {
    /// How many there were.
    pub(super) length: u64,
    /// Where the file ended, when the walk has said so.
    pub(super) end: Option<u64>,
    /// What was gathered of a [`Need::Gather`] that asked for more.
    pub(super) rest: &'a [u8],
}

/// Drives a [`Walk`].
#[derive(Debug)]
pub(super) struct Walker<W> {
    walk: W,
    need: Need,
    gathered: Vec<u8>,
    /// How many bytes were given to the walk or to the trailer.
    at: u64,
    end: Option<u64>,
    trailer: Trailer,
}

impl<W: Walk> Walker<W> {
    pub(super) fn new(walk: W) -> Self {
        let need = walk.first();
        Self { walk, need, gathered: Vec::new(), at: 0, end: None, trailer: Trailer::default() }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), Rejected> {
        loop {
            match self.need {
                Need::Gather(wanted) => {
                    let taken = bytes.len().min(wanted - self.gathered.len());
                    self.gathered.extend_from_slice(&bytes[..taken]);
                    self.pass(&mut bytes, taken);
                    if self.gathered.len() < wanted {
                        return Ok(());
                    }
                    self.need = self.walk.gathered(&self.gathered, self.at)?;
                    if self.need == Need::Ended {
                        self.end = Some(self.at - self.gathered.len() as u64);
                        self.trailer.push(&self.gathered)?;
                    }
                    self.gathered.clear();
                }
                Need::Skip(0) => self.need = self.walk.skipped()?,
                Need::Skip(left) => {
                    let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    self.pass(&mut bytes, taken);
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
                    self.pass(&mut bytes, used);
                    match need {
                        Some(need) => self.need = need,
                        None if bytes.is_empty() => return Ok(()),
                        None => {}
                    }
                }
                Need::End | Need::Ended => {
                    self.end.get_or_insert(self.at);
                    self.trailer.push(bytes)?;
                    self.at += bytes.len() as u64;
                    return Ok(());
                }
            }
        }
    }

    fn pass(&mut self, bytes: &mut &[u8], count: usize) {
        *bytes = &bytes[count..];
        self.at += count as u64;
    }

    pub(super) fn finish(self) -> Result<Found, Rejected> {
        self.walk.finish(Ended { length: self.at, end: self.end, rest: &self.gathered })
    }
}
