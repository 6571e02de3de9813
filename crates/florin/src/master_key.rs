//! The master key, from which all other keys are derived. It comes from the configuration. A sandbox without one
//! creates the file `vault.key` in the data folder at its first start. The database keeps only a check value.
//!
//! The file and its folder are synced before the key is used. An existing file is never replaced.

use crate::Failed;
use crate::config::Config;
use crate::system::SystemEntropy;
use florin_store::{KeptKey, OpenError, Store};
use florin_types::Entropy;
use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The file's name.
const NAME: &str = "vault.key";

/// The permissions that the file must not have: any for others than the owner, and execution. 0600 and 0400 pass.
const FORBIDDEN_MODE: u32 = 0o177;

/// Longer than a key file, so that a longer file is detected.
const READ_LIMIT: u64 = 128;

/// The key, and where it comes from.
pub struct MasterKey {
    /// The key.
    pub bytes: [u8; 32],
    source: Source,
}

enum Source {
    Configuration,
    File(PathBuf),
    /// A database of an older version, which kept the key itself.
    Database,
}

impl MasterKey {
    /// Explains an error of opening the data with this key.
    pub fn explain(&self, error: OpenError) -> Failed {
        match (error, &self.source) {
            (OpenError::WrongMasterKey, Source::Configuration) => {
                "FLORIN_MASTER_KEY is not the key that this data was created with: set that key, or unset the variable \
                 if the sandbox has its own vault.key"
                    .into()
            }
            (OpenError::WrongMasterKey, Source::File(file)) => format!(
                "this data was created with another key than {}: copy vault.key from the data folder of the \
                 process that created it, or set FLORIN_MASTER_KEY",
                file.display()
            )
            .into(),
            (error, _) => error.into(),
        }
    }
}

/// The key to open the data with. A sandbox without a key creates one, unless its data were created with another.
pub async fn settle(config: &Config) -> Result<MasterKey, Failed> {
    if let Some(key) = configured(config)? {
        return Ok(key);
    }
    let file = config.data_dir.join(NAME);
    // In this order: a process that creates both writes the file before the data.
    let kept = Store::kept_master_key(&config.place()).await?;
    let found = read(&file)?;
    let bytes = match (kept, found) {
        (KeptKey::Check, None) => return Err(absent(&file)),
        (KeptKey::Check, Some(bytes)) => bytes,
        (KeptKey::Nothing, _) => {
            let mut new = [0; 32];
            SystemEntropy.fill(&mut new);
            keep(&file, &new)?
        }
        (KeptKey::Whole(kept), _) => {
            // Opening the database with the key removes its copy, so the file must exist before.
            if keep(&file, &kept)? != kept {
                return Err(format!(
                    "the database still holds the key that this data was created with, and {} holds another: \
                     move that file away, and the database's key is written there",
                    file.display()
                )
                .into());
            }
            kept
        }
    };
    Ok(MasterKey { bytes, source: Source::File(file) })
}

/// The key of existing data. It creates nothing.
pub async fn find(config: &Config) -> Result<MasterKey, Failed> {
    if let Some(key) = configured(config)? {
        return Ok(key);
    }
    match Store::kept_master_key(&config.place()).await? {
        KeptKey::Nothing => Err("there is no Florin data here".into()),
        KeptKey::Whole(bytes) => Ok(MasterKey { bytes, source: Source::Database }),
        KeptKey::Check => {
            let file = config.data_dir.join(NAME);
            let bytes = read(&file)?.ok_or_else(|| absent(&file))?;
            Ok(MasterKey { bytes, source: Source::File(file) })
        }
    }
}

/// The key of the configuration.
fn configured(config: &Config) -> Result<Option<MasterKey>, Failed> {
    let key = config.master_key()?;
    Ok(key.map(|bytes| MasterKey { bytes, source: Source::Configuration }))
}

fn absent(file: &Path) -> Failed {
    format!(
        "the key that this data was created with is not at {}: name its folder with --data-dir, copy vault.key from \
         the data folder of the process that created it, or set FLORIN_MASTER_KEY",
        file.display()
    )
    .into()
}

/// The key in the file, if there is one. It is an error if others can access the file.
fn read(file: &Path) -> Result<Option<[u8; 32]>, Failed> {
    let (mode, content) = match contents(file) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", file.display()).into()),
    };
    let shown = file.display();
    if mode & FORBIDDEN_MODE != 0 {
        return Err(format!(
            "other users can access {shown} (mode {:04o}): run `chmod 600 {shown}`",
            mode & 0o7777
        )
        .into());
    }
    let mut key = [0; 32];
    let digits = content.strip_suffix(b"\n").unwrap_or(&content);
    match hex::decode_to_slice(digits, &mut key) {
        Ok(()) => Ok(Some(key)),
        Err(_) => Err(format!(
            "{shown} is damaged: it must hold 64 hexadecimal digits and a newline; restore it from a copy"
        )
        .into()),
    }
}

fn contents(file: &Path) -> io::Result<(u32, Vec<u8>)> {
    let file = File::open(file)?;
    let mode = file.metadata()?.permissions().mode();
    let mut content = Vec::new();
    file.take(READ_LIMIT).read_to_end(&mut content)?;
    Ok((mode, content))
}

/// Writes the key to the file unless the file exists, and returns the key that the file then holds.
fn keep(file: &Path, key: &[u8; 32]) -> Result<[u8; 32], Failed> {
    write(file, key).map_err(|error| format!("{}: {error}", file.display()))?;
    read(file)?.ok_or_else(|| format!("{} is gone again", file.display()).into())
}

/// Writes the file atomically and durably, readable by its owner alone. An existing file stays.
fn write(file: &Path, key: &[u8; 32]) -> io::Result<()> {
    let folder = parent(file);
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // tempfile creates files with mode 0600.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(new, "{}", hex::encode(key))?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(file) {
        Ok(_) => {}
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.error),
    }
    // Also if another process has just created the file; the folder may be new too.
    File::open(folder)?.sync_all()?;
    File::open(parent(folder))?.sync_all()
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Barrier;
    use tempfile::TempDir;

    const KEY: [u8; 32] = [0xa5; 32];

    fn written() -> (TempDir, PathBuf) {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("data").join(NAME);
        assert_eq!(keep(&file, &KEY).expect("it is written"), KEY);
        (folder, file)
    }

    fn set_mode(file: &Path, mode: u32) {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).expect("a mode");
    }

    #[test]
    fn a_kept_key_is_the_owners_alone_and_is_not_replaced() {
        let (_folder, file) = written();
        let content = std::fs::read_to_string(&file).expect("text");
        assert_eq!(content, format!("{}\n", "a5".repeat(32)));
        assert_eq!(contents(&file).expect("it is there").0 & 0o7777, 0o600);
        assert_eq!(
            std::fs::metadata(parent(&file)).expect("it is there").permissions().mode() & 0o7777,
            0o700
        );
        assert_eq!(keep(&file, &[1; 32]).expect("the first stays"), KEY);
        let names = std::fs::read_dir(parent(&file)).expect("a folder");
        assert_eq!(names.count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_open_to_others_is_refused() {
        let (_folder, file) = written();
        for mode in [0o640, 0o604, 0o644, 0o620, 0o601, 0o700, 0o777] {
            set_mode(&file, mode);
            let said = read(&file).expect_err("open to others").to_string();
            assert!(said.contains(&format!("mode {mode:04o}")), "{said}");
            assert!(said.contains(&format!("chmod 600 {}", file.display())), "{said}");
            assert!(keep(&file, &KEY).is_err(), "{mode:o}");
        }
        for mode in [0o600, 0o400] {
            set_mode(&file, mode);
            assert_eq!(read(&file).expect("the owner's"), Some(KEY), "{mode:o}");
        }
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_as_it_is() {
        let (_folder, file) = written();
        let digits = "a5".repeat(32);
        let long = "a5".repeat(1_000);
        let damaged = [
            "",
            "\n",
            &digits[1..],
            &digits.replace('5', "g"),
            &format!(" {digits}"),
            &format!("{digits}\n\n"),
            &long,
        ];
        for content in damaged {
            std::fs::write(&file, content).expect("written");
            let said = read(&file).expect_err("damaged").to_string();
            assert!(said.contains("damaged") && said.contains(NAME) && !said.contains("a5a5"), "{said}");
            assert!(keep(&file, &KEY).is_err(), "{content:?}");
            assert_eq!(std::fs::read_to_string(&file).expect("text"), content);
        }
        for content in [digits.clone(), digits.to_uppercase()] {
            std::fs::write(&file, content).expect("written");
            assert_eq!(read(&file).expect("a key"), Some(KEY));
        }
    }

    #[test]
    fn who_makes_a_key_at_once_ends_with_the_same() {
        for _ in 0..50 {
            let folder = TempDir::new().expect("a folder");
            let file = folder.path().join("data").join(NAME);
            let start = Barrier::new(8);
            let make = |number: u8| {
                start.wait();
                keep(&file, &[number; 32]).expect("a key")
            };
            let keys: BTreeSet<_> = std::thread::scope(|scope| {
                let makers: Vec<_> = (0..8).map(|number| scope.spawn(move || make(number))).collect();
                makers.into_iter().map(|maker| maker.join().expect("no panic")).collect()
            });
            assert_eq!(keys.len(), 1, "{keys:?}");
            assert_eq!(std::fs::read_dir(parent(&file)).expect("a folder").count(), 1);
        }
    }
}
