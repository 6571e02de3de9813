//! Whether a folder takes files now.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use tokio::sync::{Semaphore, oneshot};

/// What is written to see whether there is room. A disk with less left has no room for a batch of writes either.
const WRITTEN: usize = 64 << 10;

/// Looks whether a folder takes a file, for health checks.
///
/// It looks from a thread of its own, one at a time: a disk that hangs then holds up this thread, and nothing that
/// others share.
#[derive(Clone, Debug)]
pub struct Probe {
    folder: PathBuf,
    turn: Arc<Semaphore>,
}

impl Probe {
    /// Of a folder that need not be there.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, turn: Arc::new(Semaphore::new(1)) }
    }

    /// Writes a file without a name there, and drops it. Never ends while the disk hangs.
    ///
    /// # Errors
    /// The folder is gone, read-only or full.
    pub async fn look(&self) -> io::Result<()> {
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(io::Error::other)?;
        let (answer, answered) = oneshot::channel();
        let folder = self.folder.clone();
        let body = move || {
            let written = tempfile::tempfile_in(folder).and_then(|mut file| file.write_all(&[0; WRITTEN]));
            drop(turn);
            // Nobody may be waiting any more.
            let _ = answer.send(written);
        };
        let thread = thread::Builder::new().name("probe".to_owned());
        thread.spawn(body)?;
        answered.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// The threads that all blocking work shares are busy for good.
    #[test]
    fn it_needs_no_shared_thread() {
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let (end, ended) = mpsc::channel::<()>();
        let blocked = runtime.spawn_blocking(move || ended.recv());
        let folder = tempfile::TempDir::new().unwrap();
        let (there, gone) = (Probe::new(folder.path().into()), Probe::new(folder.path().join("gone")));
        runtime.block_on(async {
            there.look().await.unwrap();
            assert_eq!(gone.look().await.unwrap_err().kind(), io::ErrorKind::NotFound);
        });
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it leaves nothing");
        end.send(()).unwrap();
        runtime.block_on(blocked).unwrap().unwrap();
    }
}
