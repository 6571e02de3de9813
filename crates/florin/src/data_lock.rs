//! `florin.lock`: one server per data folder. A second one would write its own address into the credentials of the
//! first, and both would work on one SQLite database.
//!
//! The operating system holds the lock for the process and releases it however the process ends. The file itself stays;
//! it names the process and its address for whoever is refused.

use crate::config::Config;
use crate::{Failed, data_folder};
use florin_api::kit::settings::Environment;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file's name.
const NAME: &str = "florin.lock";

/// The longest content that is shown of another process's file: a process id and an address are far shorter.
const MAX_SHOWN: u64 = 100;

/// The lock, held until it is dropped.
pub struct DataLock(File);

impl DataLock {
    /// Takes the folder, which is created if it does not exist.
    fn take(folder: &Path) -> Result<Self, Failed> {
        let failed = |error: std::io::Error| format!("the data folder {}: {error}", folder.display());
        data_folder::create(folder)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(folder.join(NAME)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::Error(error)) => Err(failed(error).into()),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // What cannot be read is not shown; the refusal stands.
                let _ = file.take(MAX_SHOWN).read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another server that is just starting",
                    holder => holder,
                };
                Err(format!("the data folder {} is in use by {holder}", folder.display()).into())
            }
        }
    }

    /// Takes the folder of a server where only one may serve: not where several share a PostgreSQL database in live.
    /// Before the port is known, and so free, a folder that does not exist is not created: it is nobody's.
    pub fn of_server(config: &Config, is_port_free: bool) -> Result<Option<Self>, Failed> {
        let is_exclusive = config.environment() == Environment::Sandbox || !config.uses_server();
        let is_wanted = is_exclusive && (is_port_free || config.data_dir.is_dir());
        is_wanted.then(|| Self::take(&config.data_dir)).transpose()
    }

    /// The lock with this process and its address in the file, taken now if it was not before.
    pub fn signed(early: Option<Self>, config: &Config, address: SocketAddr) -> Result<Option<Self>, Failed> {
        let mut lock = if early.is_none() { Self::of_server(config, true)? } else { early };
        if let Some(lock) = &mut lock {
            lock.sign(address)?;
        }
        Ok(lock)
    }

    /// Names this process and where it listens.
    fn sign(&mut self, address: SocketAddr) -> Result<(), Failed> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        writeln!(self.0, "process {}, which serves at http://{address}", std::process::id())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_once_and_the_second_is_told_by_whom() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let mut first = DataLock::take(&data).expect("nobody has it");
        let refused = || DataLock::take(&data).err().expect("it is taken").to_string();
        let place = data.display();
        assert_eq!(
            refused(),
            format!("the data folder {place} is in use by another server that is just starting")
        );
        first.sign("127.0.0.1:8080".parse().expect("an address")).expect("it can be written");
        let holder = format!("process {}, which serves at http://127.0.0.1:8080", std::process::id());
        assert_eq!(refused(), format!("the data folder {place} is in use by {holder}"));
        drop(first);
        DataLock::take(&data).expect("it is free again");
    }
}
