//! Searching a stream for words that may lie across two chunks.

/// What was not decided at the end of a chunk, to be looked at again with the next.
#[derive(Debug, Default)]
pub(super) struct Overlap {
    carry: Vec<u8>,
}

impl Overlap {
    /// Lets `search` see all bytes in order. It tells how many are done with; what it leaves it sees again with more
    /// behind it. It must not leave `longest` bytes or more.
    pub(super) fn push<E>(
        &mut self,
        mut bytes: &[u8],
        longest: usize,
        mut search: impl FnMut(&[u8]) -> Result<usize, E>,
    ) -> Result<(), E> {
        while !self.carry.is_empty() && !bytes.is_empty() {
            let before = self.carry.len();
            let joined = bytes.len().min(longest);
            self.carry.extend_from_slice(&bytes[..joined]);
            let done = search(&self.carry)?;
            if done >= before {
                self.carry.clear();
                bytes = &bytes[done - before..];
            } else {
                // Only when few bytes came: all of them are in the carry now.
                self.carry.drain(..done);
                bytes = &bytes[joined..];
            }
        }
        if !bytes.is_empty() {
            let done = search(bytes)?;
            self.carry.extend_from_slice(&bytes[done..]);
        }
        Ok(())
    }
}
