//! The folders of the file rail under one root, on one file system: `staging`, `outbox` and `sent` for files to the
//! bank, `inbox`, `reading`, `done` and `aside` for files of the bank.
//!
//! **Out.** A file is written to `staging`, and file and folder are synced. The caller notes "written" with the staging
//! name. A copy goes to `sent`, then the file is renamed into `outbox`, and the folders are synced. The caller notes
//! "sent". Whoever goes on after a crash with a file noted as written renames it if it is in `staging`; if it is not
//! there, it was renamed before. Staging names are drawn anew for each try, so a file of a process that was thought
//! dead is never sent.
//!
//! A file about a recall has no number: its name, which has the recall's id, is used once. It is written to `staging`
//! and then copied to `sent`; from then on it is sent, and only renamed. All that is done under a lock.
//!
//! **In.** A file of `inbox` is taken once two looks have seen the same size and time of change, unless its name begins
//! with a dot or ends with `.part` or `.tmp`. It is renamed into `reading` before it is read, so a new file of the same
//! name cannot take its place meanwhile. A file that was read goes to `done`. A file that was not understood goes to
//! `aside` with the reason.
//!
//! The root holds the id of the installation. A folder whose disk is not mounted, or one of another installation, is
//! not mistaken for an outbox from which the bank has taken everything. The root also holds the number of the file that
//! was sent last, so an older copy of the database learns that files were sent since.

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
const SENT: &str = "sent";
const INBOX: &str = "inbox";
const READING: &str = "reading";
const DONE: &str = "done";
const ASIDE: &str = "aside";

/// How the name of the file ends that says why another one was set aside.
const REASON: &str = ".reason.txt";

/// The file with the installation's id.
const MARK: &str = "florin-installation";

/// The file with the number of the payment file that was sent last.
const LAST_SENT: &str = "florin-last-sent";

/// Files of one name in a folder: banks may use a name again, but not for ever.
const MAX_SAME_NAMES: usize = 10_000;

/// The folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    root: PathBuf,
}

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It belongs to another installation, or it is not there.
    #[error("the folder of SEPA files {folder} {problem}")]
    NotOurs {
        /// Which one.
        folder: String,
        /// What is wrong.
        problem: String,
    },
    /// The file system refuses.
    #[error("the folder of SEPA files: {0}")]
    Io(#[from] io::Error),
}

/// How a staged file came to the outbox.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was renamed now.
    Now,
    /// It was renamed before.
    Before,
}

/// Size and time of change of each file of the inbox at the last look.
pub type Watched = HashMap<OsString, (u64, Option<SystemTime>)>;

impl Folder {
    /// The folders under a root, which need not exist yet.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes sure that the folders belong to this installation. They are made if it has written no file yet.
    ///
    /// # Errors
    /// They belong to another installation, or are not there.
    pub fn claim(&self, installation: Uuid, has_written: bool) -> Result<(), FolderError> {
        match self.check(installation) {
            Err(FolderError::NotOurs { .. }) if !has_written && !self.has_mark() => {
                fs::create_dir_all(&self.root)?;
                let mut file = File::create(self.root.join(MARK))?;
                writeln!(file, "{installation}")?;
                file.sync_all()?;
            }
            checked => checked?,
        }
        for name in [STAGING, OUTBOX, SENT, INBOX, READING, DONE, ASIDE] {
            fs::create_dir_all(self.root.join(name))?;
        }
        Ok(sync(&self.root)?)
    }

    /// Whether the folder still has this installation's mark: a disk can be unmounted while the server runs.
    ///
    /// # Errors
    /// It has another mark, or none.
    pub fn check(&self, installation: Uuid) -> Result<(), FolderError> {
        let not_ours =
            |problem: String| FolderError::NotOurs { folder: self.root.display().to_string(), problem };
        match fs::read_to_string(self.root.join(MARK)) {
            Ok(text) if text.trim() == installation.to_string() => Ok(()),
            Ok(text) => {
                let other: String = text.trim().chars().take(36).collect();
                Err(not_ours(format!("belongs to installation {other}, not to {installation}")))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(not_ours(format!(
                "has no file {MARK} with {installation}, though payment files were written: is the disk mounted, and \
                 the folder the right one?"
            ))),
            Err(error) => Err(error.into()),
        }
    }

    fn has_mark(&self) -> bool {
        fs::symlink_metadata(self.root.join(MARK)).is_ok()
    }

    /// Writes a file where the bank does not look. When this returns, the file survives a crash.
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

    /// Notes that a file of this number was sent. The number only grows.
    ///
    /// # Errors
    /// It could not be written.
    pub fn note_sent(&self, number: i64) -> io::Result<()> {
        if self.last_sent()? >= number {
            return Ok(());
        }
        write_whole(&self.root, LAST_SENT, format!("{number}\n").as_bytes())
    }

    /// Gives a staged file to the bank by one rename, and keeps a copy in `sent`. When this returns, the bank has it
    /// whatever crashes.
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
            write_whole(&self.root.join(SENT), name, &fs::read(&staged)?)?;
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

    /// Gives a file without a number, whose name is used once, to the bank, and keeps a copy in `sent`. Nothing changes
    /// if that was done before.
    ///
    /// # Errors
    /// It could not be written, or only in part: the next call goes on from there.
    pub fn hand_over(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let _alone = self.lock()?;
        if self.finish(name)? {
            return Ok(());
        }
        write_whole(&self.root.join(STAGING), name, bytes)?;
        // From here on the file is sent, whatever crashes.
        write_whole(&self.root.join(SENT), name, bytes)?;
        self.out_of_staging(name)
    }

    /// Whether [`Self::hand_over`] was called for a name and came so far that the file is sent. One that is still in
    /// the staging folder is given to the bank now.
    ///
    /// # Errors
    /// It is not known.
    pub fn was_handed_over(&self, name: &str) -> io::Result<bool> {
        let _alone = self.lock()?;
        self.finish(name)
    }

    /// The copy of a file that was sent.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn copy(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.root.join(SENT).join(name))
    }

    /// The names of the files that were sent, of those whose copies are still there.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn copies(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join(SENT))? {
            // Ours have plain names.
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Keeps other threads and processes from files without a number, until the result is dropped or the process ends.
    /// A thread that was thought dead may still write.
    fn lock(&self) -> io::Result<File> {
        let mark = OpenOptions::new().write(true).open(self.root.join(MARK))?;
        match mark.lock() {
            // A file system without locks: then a file is written by one process, which has the lease of a job.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(mark),
            locked => locked.map(|()| mark),
        }
    }

    fn finish(&self, name: &str) -> io::Result<bool> {
        if !self.root.join(SENT).join(name).try_exists()? {
            // A folder that cannot be used does not have everything.
            fs::metadata(self.root.join(SENT))?;
            return Ok(false);
        }
        if self.root.join(STAGING).join(name).try_exists()? {
            self.out_of_staging(name)?;
        }
        Ok(true)
    }

    fn out_of_staging(&self, name: &str) -> io::Result<()> {
        let (staging, outbox) = (self.root.join(STAGING), self.root.join(OUTBOX));
        fs::rename(staging.join(name), outbox.join(name))?;
        sync(&outbox)?;
        sync(&staging)
    }

    /// Removes staged files of smaller numbers, which were tries: the files of these numbers are sent. A staging name
    /// begins with its file's number. One of the same number may be the one that is noted as written by now.
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
            // A file may have been taken away meanwhile.
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

    /// Takes a file out of the inbox to be read.
    ///
    /// # Errors
    /// It stays where it is.
    pub fn take(&self, name: &OsStr) -> io::Result<()> {
        self.move_file(INBOX, name, READING).map(drop)
    }

    /// The files that were taken out of the inbox and are not read to the end, by name.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn reading(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join(READING))? {
            names.push(entry?.file_name());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The files of the bank whose content is not known: of the inbox, those that are being read, and those that were
    /// set aside. Each with its folder.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn unread(&self) -> io::Result<Vec<(&'static str, OsString)>> {
        let mut unread = Vec::new();
        for folder in [INBOX, READING, ASIDE] {
            for entry in fs::read_dir(self.root.join(folder))? {
                let name = entry?.file_name();
                if folder != ASIDE || !name.to_string_lossy().ends_with(REASON) {
                    unread.push((folder, name));
                }
            }
        }
        unread.sort_unstable();
        Ok(unread)
    }

    /// The bytes of a file that was taken; none if it is no plain file or has more than `max` bytes.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, name: &OsStr, max: usize) -> io::Result<Option<Vec<u8>>> {
        let path = self.root.join(READING).join(name);
        if !fs::symlink_metadata(&path)?.is_file() {
            return Ok(None);
        }
        read_up_to(&path, max)
    }

    /// Puts away a file that was read.
    ///
    /// # Errors
    /// It stays where it is.
    pub fn done(&self, name: &OsStr) -> io::Result<()> {
        self.move_file(READING, name, DONE).map(drop)
    }

    /// Puts away a file that was not understood, with the reason beside it.
    ///
    /// # Errors
    /// It stays where it is.
    pub fn set_aside(&self, name: &OsStr, reason: &str) -> io::Result<()> {
        let mut reasons = self.move_file(READING, name, ASIDE)?.into_os_string();
        reasons.push(REASON);
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

    fn move_file(&self, from: &str, name: &OsStr, to: &str) -> io::Result<PathBuf> {
        let (from, folder) = (self.root.join(from), self.root.join(to));
        for number in 1..MAX_SAME_NAMES {
            let mut other = name.to_owned();
            if number > 1 {
                other.push(format!(".{number}"));
            }
            let to = folder.join(other);
            if fs::symlink_metadata(&to).is_err() {
                fs::rename(from.join(name), &to)?;
                sync(&folder)?;
                sync(&from)?;
                return Ok(to);
            }
        }
        let text = format!("{} has too many files of one name", folder.display());
        Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
    }
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let staged = folder.join(format!("{name}.tmp"));
    let mut file = File::create(&staged)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(staged, folder.join(name))?;
    sync(folder)
}

/// The bytes of a file; none if it has more than `max`.
pub fn read_up_to(path: &Path, max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= max).then_some(bytes))
}

/// Whether a file is still being written, by its name.
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
