//! A vault on local disk.
//!
//! Objects are written under their final names, at once and in place: no row knows a name before its deposit has
//! finished, an unfinished or cut-off object does not authenticate, and what a crash leaves behind is then an object
//! that no row knows, like any other. A temporary name would add a rename, a second commit of the file system's
//! journal per file, and leftovers that need a sweep of their own. (`object_store`'s local store writes through
//! such names, and cannot be fed by a thread.)

use crate::direct::Direct;
use crate::name::{MARK, SHEETS, SHELVES, sheet_name, shelf_name};
use crate::spool::try_writing;
use crate::turns::Turns;
use crate::{ObjectName, Probe, VaultError};
use rustix::fs::{AtFlags, statat};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempPath;
use tokio::sync::mpsc;
use uuid::Uuid;
use zeroize::Zeroizing;

/// How much of a file is read at a time: about a chunk of `age`.
const READ_AHEAD: usize = 64 << 10;

/// How much of a file is written and waited for at a time. What else must be durable meanwhile, the database's log
/// above all, waits behind the pieces under way and not behind every photo: a disk's flush takes as long as what was
/// written since the last. Less costs rate, since each piece takes a flush and a thread its time to wake, and spares
/// no call anything (`cargo xtask bench uploads` with 256 KiB: four fifths of the rate, the same p99).
const PIECE: usize = 512 << 10;

/// How many deposits may keep the disk busy at a time. With one, it would idle from the end of a piece until a thread
/// of low priority has begun the next; with more, the log would wait longer.
const AT_THE_DISK: usize = 2;

/// A folder of [`SHELVES`] folders, all made when it is opened.
pub(crate) struct Folder {
    root: PathBuf,
    pub(crate) probe: Probe,
    disk: Arc<Turns>,
}

/// A file being written: removed when it is dropped, unless it is kept.
pub(crate) struct NewFile {
    file: Direct,
    path: TempPath,
    disk: Arc<Turns>,
}

impl Folder {
    /// Makes what is not there, durably, and sees whether it can be written to.
    pub(crate) fn open(root: &Path) -> Result<Self, VaultError> {
        let made = || {
            make_folder(root, true)?;
            (0..SHELVES).try_for_each(|number| make_folder(&root.join(shelf_name(number)), false))?;
            make_folder(&root.join(SHEETS), false)?;
            sync_folder(root)?;
            // A relative path of one part has the parent "".
            let parent = root.parent().filter(|parent| !parent.as_os_str().is_empty());
            sync_folder(parent.unwrap_or(Path::new(".")))
        };
        made().map_err(|error| {
            VaultError::Unavailable(format!("the folder {} cannot be made: {error}", root.display()))
        })?;
        try_writing(root)?;
        let probe = Probe::new(root.join(shelf_name(0)));
        Ok(Self { root: root.to_owned(), probe, disk: Arc::new(Turns::of(AT_THE_DISK)) })
    }

    /// Begins an object.
    pub(crate) fn create(&self, name: ObjectName) -> Result<NewFile, VaultError> {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(&path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => VaultError::unexpected("the name is taken"),
            _ => VaultError::io("making a file", &error),
        })?;
        match TempPath::try_from_path(&path) {
            Ok(path) => Ok(NewFile { file: Direct::new(file, PIECE), path, disk: Arc::clone(&self.disk) }),
            Err(error) => {
                // Only a working directory that went away leads here.
                let _ = fs::remove_file(&path);
                Err(VaultError::io("making a file", &error))
            }
        }
    }

    /// The ciphertext and its length.
    pub(crate) fn read(&self, name: ObjectName) -> Result<(BufReader<File>, u64), VaultError> {
        let opened = File::open(self.path(name)).and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((length, file)) => Ok((BufReader::with_capacity(READ_AHEAD, file), length)),
            Err(error) => Err(self.no_object(name, &error, "reading a file")),
        }
    }

    /// Removes these, durably. One that is gone already is fine, as long as its folder is there: an unmounted disk
    /// is not an erased file.
    pub(crate) fn remove(&self, names: &[ObjectName]) -> Result<(), VaultError> {
        let mut shelves = BTreeSet::new();
        for &name in names {
            let removed = fs::remove_file(self.path(name));
            match removed.map_err(|error| self.no_object(name, &error, "removing a file")) {
                Ok(()) | Err(VaultError::Missing) => shelves.insert(name.shelf()),
                Err(error) => return Err(error),
            };
        }
        let synced = shelves.iter().try_for_each(|shelf| sync_folder(&self.root.join(shelf)));
        synced.map_err(|error| VaultError::io("removing files", &error))
    }

    /// Sends every name, until nobody listens.
    pub(crate) fn list(&self, names: &mpsc::Sender<Result<ObjectName, VaultError>>) {
        for number in 0..SHELVES {
            let shelf = shelf_name(number);
            match self.list_shelf(&shelf, names) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    // Nobody may be listening any more.
                    let _ = names.blocking_send(Err(VaultError::io("listing a folder", &error)));
                    return;
                }
            }
        }
    }

    /// Whether somebody still listens.
    fn list_shelf(
        &self,
        shelf: &str,
        names: &mpsc::Sender<Result<ObjectName, VaultError>>,
    ) -> io::Result<bool> {
        for entry in fs::read_dir(self.root.join(shelf))? {
            let file_name = entry?.file_name();
            let name = file_name.to_str().and_then(|file_name| ObjectName::from_stored(shelf, file_name));
            if let Some(name) = name
                && names.blocking_send(Ok(name)).is_err()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The text of the mark, if there is one in a folder that is there: an unmounted disk is not an unmarked one.
    pub(crate) fn read_mark(&self) -> Result<Option<String>, VaultError> {
        match fs::read_to_string(self.root.join(MARK)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if is_absent(&error, &self.root, MARK, Some(&shelf_name(0))) => Ok(None),
            Err(error) => Err(VaultError::io("reading the vault's mark", &error)),
        }
    }

    /// Puts a mark in the place of the one before, durably: a reader sees one of the two as a whole.
    pub(crate) fn write_mark(&self, text: &str) -> Result<(), VaultError> {
        let written = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.root)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(self.root.join(MARK)).map_err(|error| error.error)?;
            sync_folder(&self.root)
        };
        written().map_err(|error| VaultError::io("writing the vault's mark", &error))
    }

    /// Writes a new sheet of keys, durably.
    pub(crate) fn add_sheet(&self, sheet: Uuid, bytes: &[u8]) -> Result<(), VaultError> {
        let written = || {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(self.sheet_path(sheet))?;
            file.write_all(bytes)?;
            file.sync_all()?;
            sync_folder(&self.root.join(SHEETS))
        };
        written().map_err(|error| VaultError::io("writing a sheet of keys", &error))
    }

    /// A sheet of keys.
    pub(crate) fn read_sheet(&self, sheet: Uuid) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        fs::read(self.sheet_path(sheet)).map(Zeroizing::new).map_err(|error| self.no_sheet(sheet, &error))
    }

    /// Overwrites parts of a sheet with zeros, in place and durably: a new file would leave the old one's blocks.
    pub(crate) fn erase_in_sheet(&self, sheet: Uuid, parts: &[Range<usize>]) -> Result<(), VaultError> {
        let file = OpenOptions::new().write(true).open(self.sheet_path(sheet));
        let file = file.map_err(|error| self.no_sheet(sheet, &error))?;
        let erase = |part: &Range<usize>| file.write_all_at(&vec![0; part.len()], part.start as u64);
        let erased = parts.iter().try_for_each(erase).and_then(|()| file.sync_all());
        erased.map_err(|error| VaultError::io("erasing keys", &error))
    }

    fn sheet_path(&self, sheet: Uuid) -> PathBuf {
        self.root.join(SHEETS).join(sheet_name(sheet))
    }

    fn no_sheet(&self, sheet: Uuid, error: &io::Error) -> VaultError {
        no_file(error, &self.root.join(SHEETS), &sheet_name(sheet), "opening a sheet of keys")
    }

    fn no_object(&self, name: ObjectName, error: &io::Error, doing: &str) -> VaultError {
        no_file(error, &self.root.join(name.shelf()), &name.file_name(), doing)
    }

    fn path(&self, name: ObjectName) -> PathBuf {
        self.root.join(name.shelf()).join(name.file_name())
    }
}

/// A file that is not there in a folder that is there is missing; anything else is the disk's fault.
fn no_file(error: &io::Error, folder: &Path, file_name: &str, doing: &str) -> VaultError {
    if is_absent(error, folder, file_name, None) { VaultError::Missing } else { VaultError::io(doing, error) }
}

/// Whether a file that was not found is missing from its folder. It is looked for once more, through a folder that is
/// held, and with what must be beside it: when a disk comes back just after a file on it was not found, the folder is
/// there, and so is the file.
fn is_absent(error: &io::Error, folder: &Path, file_name: &str, beside: Option<&str>) -> bool {
    let is_missing = || {
        let folder = File::open(folder)?;
        let stat = |name: &str| statat(&folder, name, AtFlags::empty());
        beside.map(stat).transpose()?;
        io::Result::Ok(matches!(stat(file_name), Err(Errno::NOENT)))
    };
    error.kind() == ErrorKind::NotFound && is_missing().unwrap_or(false)
}

impl NewFile {
    /// Appends, and waits for the disk whenever a piece has gathered, so that the sync at the end has little to do.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), VaultError> {
        while !bytes.is_empty() {
            bytes = self.file.gather(bytes);
            if self.file.is_full() {
                let _turn = self.disk.take();
                self.file.put().map_err(|error| VaultError::io("writing a file", &error))?;
            }
        }
        Ok(())
    }

    /// Makes it durable: content, then the entry in its folder.
    pub(crate) fn sync(&mut self) -> Result<(), VaultError> {
        let _turn = self.disk.take();
        let synced = self.file.finish().and_then(|()| self.path.parent().map_or(Ok(()), sync_folder));
        synced.map_err(|error| VaultError::io("syncing a file", &error))
    }

    /// Lets it stay.
    pub(crate) fn keep(self) -> Result<(), VaultError> {
        self.path.keep().map(drop).map_err(|error| VaultError::io("keeping a file", &error.error))
    }
}

/// Makes a folder that only this user can read; one that is there is left as it is.
fn make_folder(path: &Path, parents: bool) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    match builder.recursive(parents).mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Makes a folder's entries durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The disk came back between the first look and the second.
    #[test]
    fn a_file_that_is_back_is_not_missing() {
        let root = tempfile::TempDir::new().unwrap();
        let not_found = io::Error::from(ErrorKind::NotFound);
        let folder = root.path().join("00");
        let found = |beside| {
            no_file(&not_found, &folder, "a.age", "reading a file") == VaultError::Missing
                || is_absent(&not_found, root.path(), MARK, beside)
        };
        assert!(!found(Some("00")), "no folder");
        fs::create_dir(&folder).unwrap();
        assert_eq!(no_file(&not_found, &folder, "a.age", "reading a file"), VaultError::Missing);
        assert!(is_absent(&not_found, root.path(), MARK, Some("00")));
        fs::write(folder.join("a.age"), "a").unwrap();
        fs::write(root.path().join(MARK), "mark").unwrap();
        assert!(!found(Some("00")), "the files are there");
        assert!(!is_absent(&io::Error::from(ErrorKind::PermissionDenied), &folder, "b.age", None));
    }
}
