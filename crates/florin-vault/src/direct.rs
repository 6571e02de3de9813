//! Writing a file past the system's cache of pages.
//!
//! A file of the vault is written once and not again. Through the cache, a good part of the processor time of an upload
//! would go into taking, marking, writing back and reclaiming its pages, and the disk would be busy whenever the system
//! likes, not when the vault says.
//!
//! Linux takes such writes by whole blocks, from memory that begins where a block could (open(2), O_DIRECT): the last
//! bytes of a file go through the cache. Where a file system or a disk takes none, or another system has no such
//! writes, all of them do.

use aligned_vec::{AVec, ConstAlign};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// What a block is: 4 KiB, the most that disks of today ask for. What a disk of larger ones is sent goes through the
/// cache.
const BLOCK: usize = 4096;

/// A file that is written from its beginning on.
pub(crate) struct Direct {
    file: File,
    /// What comes next, up to a piece of it.
    gathered: AVec<u8, ConstAlign<BLOCK>>,
    piece: usize,
    written: u64,
    is_direct: bool,
}

impl Direct {
    /// Of this empty file, which is written by pieces of so many whole blocks.
    pub(crate) fn new(file: File, piece: usize) -> Self {
        let is_direct = set_direct(&file, true).is_ok();
        Self { file, gathered: AVec::with_capacity(BLOCK, piece), piece, written: 0, is_direct }
    }

    /// Takes what there is room for until a piece is whole; what is left of the bytes, for after [`Direct::put`].
    pub(crate) fn gather<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let room = self.piece - self.gathered.len();
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        self.gathered.extend_from_slice(now);
        later
    }

    /// Whether a piece waits to be written.
    pub(crate) fn is_full(&self) -> bool {
        self.gathered.len() == self.piece
    }

    /// Writes the piece and waits until the disk has it.
    pub(crate) fn put(&mut self) -> io::Result<()> {
        self.write(0, self.gathered.len())?;
        self.gathered.clear();
        self.file.sync_data()
    }

    /// Writes what is left and waits until the disk has all of it.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let (length, part) = (self.gathered.len(), self.gathered.len() % BLOCK);
        self.write(0, length - part)?;
        self.use_cache()?;
        self.write(length - part, length)?;
        // Given back by this thread: the one that goes on with the file answers calls.
        self.gathered = AVec::new(BLOCK);
        self.file.sync_all()
    }

    fn write(&mut self, from: usize, to: usize) -> io::Result<()> {
        let bytes = &self.gathered[from..to];
        match self.file.write_all_at(bytes, self.written) {
            // A disk of larger blocks, or a file system that says only now that it has no such writes.
            Err(error) if self.is_direct && error.raw_os_error().is_some_and(is_not_taken) => {
                self.use_cache()?;
                self.file.write_all_at(&self.gathered[from..to], self.written)?;
            }
            written => written?,
        }
        self.written += (to - from) as u64;
        Ok(())
    }

    fn use_cache(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_direct) { set_direct(&self.file, false) } else { Ok(()) }
    }
}

/// Whether the system answers so to a direct write that it can't make.
fn is_not_taken(error: i32) -> bool {
    [Errno::INVAL, Errno::OPNOTSUPP].contains(&Errno::from_raw_os_error(error))
}

/// Whether later writes go past the cache. An error: here none does.
#[cfg(target_os = "linux")]
fn set_direct(file: &File, is_direct: bool) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let mut flags = fcntl_getfl(file)?;
    flags.set(OFlags::DIRECT, is_direct);
    Ok(fcntl_setfl(file, flags)?)
}

#[cfg(not(target_os = "linux"))]
fn set_direct(_: &File, _: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn written(length: usize, piece: usize, step: usize) -> Vec<u8> {
        let mut kept = tempfile::tempfile().unwrap();
        let mut direct = Direct::new(kept.try_clone().unwrap(), piece);
        for mut bytes in content(length).chunks(step) {
            while !bytes.is_empty() {
                bytes = direct.gather(bytes);
                if direct.is_full() {
                    direct.put().unwrap();
                }
            }
        }
        direct.finish().unwrap();
        let mut found = Vec::new();
        kept.read_to_end(&mut found).unwrap();
        found
    }

    fn content(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index % 251) as u8).collect()
    }

    #[test]
    fn every_length_is_written_whole() {
        for length in [0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 16_384, 24_576, 24_577, 40_000] {
            for step in [1 << 20, 8192, 1000] {
                assert!(written(length, 8192, step) == content(length), "{length} bytes by {step}");
            }
        }
    }

    #[test]
    fn a_write_that_is_refused_after_others_is_made_in_its_place() {
        let (mut kept, content) = (tempfile::tempfile().unwrap(), content(16_384));
        let mut direct = Direct::new(kept.try_clone().unwrap(), 8192);
        assert!(direct.gather(&content[..8192]).is_empty());
        direct.put().unwrap();
        assert!(direct.gather(&content[8192..]).is_empty());
        direct.write(0, 1000).unwrap();
        direct.write(1000, 8192).unwrap();
        direct.gathered.clear();
        direct.finish().unwrap();
        let mut found = Vec::new();
        kept.read_to_end(&mut found).unwrap();
        assert!(found == content);
    }

    /// Pieces that are no whole blocks stand for a disk that wants larger ones.
    #[test]
    fn what_the_disk_does_not_take_goes_through_the_cache() {
        for piece in [1000, 4098] {
            assert!(written(20_000, piece, 3000) == content(20_000), "pieces of {piece}");
        }
    }
}
