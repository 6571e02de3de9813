//! The folders of the file rail: `staging`, `outbox`, `inbox`, `done` and `aside` under one root, on one file system.
//!
//! **Out.** A file is written to `staging`, and file and folder are synced; the caller notes "written" with its staging
//! name; the file is renamed into `outbox` at once, and both folders are synced; the caller notes "sent". Whoever goes
//! on after a crash with a file noted as written renames it if it is in `staging`; if it is not, it had been renamed.
//! Staging names are drawn anew for each try, so what a process left that was thought dead is never sent.
//!
//! **In.** A file of `inbox` is taken once two looks have seen the same size and time of change, unless its name
//! begins with a dot or ends with `.part` or `.tmp`. What was read goes to `done`, what was not understood to `aside`
//! with its reason.
//!
//! The root has a mark of the installation: a folder that is not mounted, or another installation's, is not taken for
//! an outbox from which the bank has taken everything. And it has the number of the file that was sent last, so that an
//! older copy of the database, which does not know what was sent since, is told.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use thiserror::Error;
use uuid::Uuid;

const STAGING: &str = "staging";
const OUTBOX: &str = "outbox";
const INBOX: &str = "inbox";
const DONE: &str = "done";
const ASIDE: &str = "aside";

/// The file with the installation's id.
const MARK: &str = "florin-installation";

/// The file with the number of the payment file that was sent last.
const LAST_SENT: &str = "florin-last-sent";

/// Files of one name in `done` or `aside`: banks may use a name again, but not for ever.
const MAX_SAME_NAMES: usize = 10_000;

/// The folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    root: PathBuf,
}

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It is not this installation's, or it is not there.
    #[error("the folder of SEPA files {folder} {problem}")]
    NotOurs {
        /// Which one.
        folder: String,
        /// What is wrong.
        problem: String,
    },
    /// The file system says no.
    #[error("the folder of SEPA files: {0}")]
    Io(#[from] io::Error),
}

/// How a staged file came to the outbox.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was renamed now.
    Now,
    /// It had been renamed before.
    Before,
}

/// What a look into the inbox has seen of each file.
pub type Watched = HashMap<OsString, (u64, Option<SystemTime>)>;

impl Folder {
    /// The folders under a root, which need not be there yet.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes sure that the folders are this installation's. Those of one that has written no file yet are made.
    ///
    /// # Errors
    /// They are another's, or not there.
    pub fn claim(&self, installation: Uuid, has_written: bool) -> Result<(), FolderError> {
        let not_ours =
            |problem: String| FolderError::NotOurs { folder: self.root.display().to_string(), problem };
        let mark = self.root.join(MARK);
        match fs::read_to_string(&mark) {
            Ok(text) if text.trim() == installation.to_string() => {}
            Ok(text) => {
                let other: String = text.trim().chars().take(36).collect();
                return Err(not_ours(format!("belongs to installation {other}, not to {installation}")));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !has_written => {
                fs::create_dir_all(&self.root)?;
                let mut file = File::create(&mark)?;
                writeln!(file, "{installation}")?;
                file.sync_all()?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(not_ours(format!(
                    "has no file {MARK}, though payment files were written: is the disk mounted, and the folder the \
                     right one?"
                )));
            }
            Err(error) => return Err(error.into()),
        }
        for name in [STAGING, OUTBOX, INBOX, DONE, ASIDE] {
            fs::create_dir_all(self.root.join(name))?;
        }
        Ok(sync(&self.root)?)
    }

    /// Writes a file where the bank does not look. When this returns, it is there whatever crashes.
    ///
    /// # Errors
    /// It could not be written.
    pub fn stage(&self, staging_name: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = self.root.join(STAGING);
        let mut file = OpenOptions::new().write(true).create_new(true).open(folder.join(staging_name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        sync(&folder)
    }

    /// The number of the file that was sent last; 0 before the first.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn last_sent(&self) -> io::Result<i64> {
        match fs::read_to_string(self.root.join(LAST_SENT)) {
            Ok(text) => {
                text.trim().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn note_sent(&self, number: i64) -> io::Result<()> {
        let staged = self.root.join(format!("{LAST_SENT}.tmp"));
        let mut file = File::create(&staged)?;
        writeln!(file, "{number}")?;
        file.sync_all()?;
        fs::rename(staged, self.root.join(LAST_SENT))?;
        sync(&self.root)
    }

    /// Gives a staged file to the bank by one rename. When this returns, it has it whatever crashes.
    ///
    /// # Errors
    /// It could not be renamed, or there is another file of this name.
    pub fn send(&self, number: i64, staging_name: &str, name: &str) -> io::Result<Sent> {
        let (staging, outbox) = (self.root.join(STAGING), self.root.join(OUTBOX));
        let staged = staging.join(staging_name);
        let sent = if staged.try_exists()? {
            let to = outbox.join(name);
            if to.try_exists()? {
                let text = format!("there is a file {} that was not sent from here", to.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
            }
            self.note_sent(number)?;
            fs::rename(&staged, &to)?;
            Sent::Now
        } else {
            Sent::Before
        };
        sync(&outbox)?;
        sync(&staging)?;
        Ok(sent)
    }

    /// Removes what tries for files of smaller numbers have left: those files are sent. A staging name begins with its
    /// file's number. One of the same number may be the one that is noted as written by now.
    ///
    /// # Errors
    /// Something could not be removed.
    pub fn clear_staging(&self, before: i64) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join(STAGING))? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.split_once('.')?.0.parse::<i64>().ok());
            if number.is_some_and(|number| number < before) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The files of the inbox that have not changed since the last look, by name. `watched` is for the next look.
    ///
    /// # Errors
    /// The inbox cannot be read.
    pub fn arrived(&self, watched: &mut Watched) -> io::Result<Vec<OsString>> {
        let mut seen = Watched::new();
        for entry in fs::read_dir(self.root.join(INBOX))? {
            let entry = entry?;
            let name = entry.file_name();
            if is_unfinished(&name) {
                continue;
            }
            // What was taken away meanwhile is not there.
            let Ok(metadata) = entry.metadata() else { continue };
            if !metadata.is_dir() {
                seen.insert(name, (metadata.len(), metadata.modified().ok()));
            }
        }
        let mut arrived: Vec<_> = seen
            .iter()
            .filter(|(name, size)| watched.get(*name) == Some(size))
            .map(|(name, _)| name.clone())
            .collect();
        arrived.sort_unstable();
        *watched = seen;
        Ok(arrived)
    }

    /// The bytes of a file of the inbox; none if it is no plain file or has more than `max` bytes.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, name: &OsStr, max: usize) -> io::Result<Option<Vec<u8>>> {
        let path = self.root.join(INBOX).join(name);
        if !fs::symlink_metadata(&path)?.is_file() {
            return Ok(None);
        }
        read_up_to(&path, max)
    }

    /// Moves a file that was read out of the inbox.
    ///
    /// # Errors
    /// It stays where it is.
    pub fn done(&self, name: &OsStr) -> io::Result<()> {
        self.put_away(name, DONE).map(drop)
    }

    /// Moves a file that was not understood out of the inbox, with the reason beside it.
    ///
    /// # Errors
    /// It stays where it is.
    pub fn set_aside(&self, name: &OsStr, reason: &str) -> io::Result<()> {
        let mut reasons = self.put_away(name, ASIDE)?.into_os_string();
        reasons.push(".reason.txt");
        fs::write(reasons, format!("{reason}\n"))
    }

    /// The files that were read: newest first by their time of change.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn read_done(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.root.join(DONE))? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_file() {
                files.push((metadata.modified()?, entry.path()));
            }
        }
        files.sort_unstable_by(|one, other| other.cmp(one));
        Ok(files.into_iter().map(|(_, path)| path).collect())
    }

    fn put_away(&self, name: &OsStr, folder: &str) -> io::Result<PathBuf> {
        let (inbox, folder) = (self.root.join(INBOX), self.root.join(folder));
        for number in 1..MAX_SAME_NAMES {
            let mut other = name.to_owned();
            if number > 1 {
                other.push(format!(".{number}"));
            }
            let to = folder.join(other);
            if fs::symlink_metadata(&to).is_err() {
                fs::rename(inbox.join(name), &to)?;
                sync(&folder)?;
                sync(&inbox)?;
                return Ok(to);
            }
        }
        let text = format!("{} has too many files of one name", folder.display());
        Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
    }
}

/// The bytes of a file; none if it has more than `max`.
fn read_up_to(path: &Path, max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= max).then_some(bytes))
}

/// Whether somebody still writes a file, by its name.
fn is_unfinished(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    name.starts_with('.') || name.ends_with(".part") || name.ends_with(".tmp")
}

/// Makes renames and new names in a folder last.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
