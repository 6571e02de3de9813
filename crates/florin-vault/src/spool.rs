//! A file without a name: ciphertext on its way to an object store.

use crate::VaultError;
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// How much of it is read at a time. Sixty-four uploads at once hold 8 MiB of these.
const PIECE: usize = 128 << 10;

/// Ciphertext on local disk. The file has no name, so that nothing of it outlives the process; it is never synced,
/// since after a crash nobody would look for it.
#[derive(Clone)]
pub(crate) struct Spooled(Arc<Mutex<File>>);

impl Spooled {
    /// Of this file, which is complete.
    pub(crate) fn new(file: File) -> Self {
        Self(Arc::new(Mutex::new(file)))
    }

    /// What stands from here on, at most a piece of it; empty at the end.
    ///
    /// Each read seeks: an attempt that was given up may read on for a moment while the next has begun.
    pub(crate) fn piece(&self, from: u64) -> io::Result<Bytes> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(from))?;
        let mut piece = Vec::with_capacity(PIECE);
        (&mut *file).take(PIECE as u64).read_to_end(&mut piece)?;
        Ok(piece.into())
    }
}

/// Sees whether a folder takes files, by writing one without a name and syncing it.
pub(crate) fn try_writing(folder: &Path) -> Result<(), VaultError> {
    let attempt = || {
        let mut file = tempfile::tempfile_in(folder)?;
        file.write_all(&[0; 4096])?;
        file.sync_all()
    };
    attempt().map_err(|error| {
        VaultError::Unavailable(format!("the folder {} cannot be written to: {error}", folder.display()))
    })
}
