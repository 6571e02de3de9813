//! What the tests share.

use bytes::Bytes;
use florin_types::{Entropy, Timestamp, VaultMark, uuid_v7};
use florin_vault::{Check, Deposit, DepositError, Identity, ObjectName, Place, Stored, Vault, VaultError};
use futures_util::StreamExt;
use std::convert::Infallible;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// Different bytes at every call, the same in every run.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let seed = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        blake3::Hasher::new().update(&seed).finalize_xof().fill(bytes);
    }
}

/// A new name, drawn at this instant.
pub fn name_at(at: &str) -> ObjectName {
    static ENTROPY: Counting = Counting(AtomicU64::new(0));
    ObjectName::new(uuid_v7(Timestamp::parse(at).unwrap(), &ENTROPY)).unwrap()
}

/// A new name.
pub fn name() -> ObjectName {
    name_at("2026-11-23T17:26:57Z")
}

/// The key of a user.
pub fn key(of: u8) -> Identity {
    Identity::from_secret(&[of; 32])
}

/// Bytes without a pattern, so many.
pub fn content(length: usize) -> Bytes {
    let mut content = vec![0; length];
    blake3::Hasher::new().update(b"content").finalize_xof().fill(&mut content);
    content.into()
}

/// Counts, and refuses nothing.
#[derive(Default)]
pub struct Count(usize);

impl Check for Count {
    type Facts = usize;
    type Rejected = Infallible;

    fn push(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0 += bytes.len();
        Ok(())
    }

    fn finish(self) -> Result<usize, Infallible> {
        Ok(self.0)
    }
}

/// A vault in a new folder.
pub async fn folder() -> (Vault, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(&Place::Folder(folder.path().to_owned())).await.unwrap();
    (vault, folder)
}

/// Writes all of it, in frames of so many bytes.
pub async fn write_all<F, R>(
    deposit: &mut Deposit<F, R>,
    content: &Bytes,
    frame: usize,
) -> Result<(), DepositError<R>> {
    for start in (0..content.len()).step_by(frame) {
        deposit.write(content.slice(start..content.len().min(start + frame))).await?;
    }
    Ok(())
}

/// Stores this under a new name, encrypted to this key.
pub async fn store(vault: &Vault, key: &Identity, content: &Bytes) -> Stored<usize> {
    let mut deposit = vault.receive(name(), &key.recipient(), Count::default()).unwrap();
    write_all(&mut deposit, content, 10_007).await.unwrap();
    deposit.finish().await.unwrap()
}

/// A vault's mark is set, replaced and read, and is no object.
pub async fn mark_is_kept(vault: &Vault) {
    assert_eq!(vault.mark().await, Ok(None));
    let raised_at = Timestamp::parse("2026-11-23T17:26:57Z").unwrap();
    let first = VaultMark { installation: name().uuid(), epoch: 1, draw: name().uuid(), raised_at };
    let second = VaultMark { epoch: 2, draw: name().uuid(), ..first };
    for mark in [first, second] {
        vault.set_mark(&mark).await.unwrap();
        assert_eq!(vault.mark().await, Ok(Some(mark)));
    }
    assert!(vault.list().next().await.is_none());
}

/// A single part of a sheet.
pub fn one(part: Range<usize>) -> Vec<Range<usize>> {
    vec![part]
}

/// A sheet of keys is kept, and parts of it are overwritten.
pub async fn sheets_are_kept(vault: &Vault) {
    let (sheet, bytes) = (name().uuid(), Zeroizing::new(content(1_024).to_vec()));
    assert_eq!(vault.sheet(sheet).await, Err(VaultError::Missing));
    assert_eq!(vault.erase_in_sheet(sheet, one(0..1)).await, Err(VaultError::Missing));
    vault.add_sheet(sheet, bytes.clone()).await.unwrap();
    assert_eq!(vault.sheet(sheet).await.unwrap(), bytes);
    assert_eq!(vault.sheet_now(sheet).unwrap(), bytes);
    assert_eq!(vault.sheet_now(name().uuid()), Err(VaultError::Missing));
    let mut expected = bytes;
    for parts in [one(32..64), vec![32..64, 992..1_024]] {
        parts.iter().for_each(|part| expected[part.clone()].fill(0));
        vault.erase_in_sheet(sheet, parts).await.unwrap();
        assert_eq!(vault.sheet(sheet).await.unwrap(), expected);
    }
    assert!(vault.list().next().await.is_none(), "it is no object");
    vault.close_to_writing(Some("it is another's"));
    let refused = VaultError::NotOurs("it is another's".to_owned());
    assert_eq!(vault.erase_in_sheet(sheet, one(0..1)).await, Err(refused.clone()));
    assert_eq!(vault.add_sheet(name().uuid(), expected.clone()).await, Err(refused));
    assert_eq!(vault.sheet(sheet).await.unwrap(), expected);
}

/// Every file in a folder and below.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files
}

/// Where this object is in a folder.
pub fn path(folder: &Path, name: ObjectName) -> PathBuf {
    let text = name.to_string();
    folder.join(&text[text.len() - 2..]).join(format!("{text}.age"))
}
