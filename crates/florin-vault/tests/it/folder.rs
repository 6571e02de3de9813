//! A vault on local disk: what is listed and removed, and what a disk can do to it.

use crate::support::{
    Count, content, files, folder, key, mark_is_kept, name, name_at, one, path, sheets_are_kept, store,
    write_all,
};
use florin_testing::skip;
use florin_types::Timestamp;
use florin_vault::{DepositError, ObjectName, Place, Vault, VaultError};
use futures_util::{StreamExt, TryStreamExt};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

fn is_unavailable<T>(result: &Result<T, VaultError>) -> bool {
    matches!(result, Err(VaultError::Unavailable(_)))
}

async fn listed(vault: &Vault) -> BTreeSet<ObjectName> {
    vault.list().try_collect().await.unwrap()
}

#[tokio::test]
async fn thousands_are_listed_with_their_age() {
    let (vault, folder) = folder().await;
    assert_eq!(listed(&vault).await, BTreeSet::new());
    let names: BTreeSet<_> = (0..5_000).map(|_| name_at("2026-11-23T17:26:57.123Z")).collect();
    for &name in &names {
        fs::write(path(folder.path(), name), "").unwrap();
    }
    for foreign in ["00/.nfs0001", "00/readme.txt", "lost+found", &format!("ff/{}.age", name())] {
        fs::write(folder.path().join(foreign), "").unwrap();
    }
    let listed = listed(&vault).await;
    assert_eq!(listed, names);
    let made = Timestamp::parse("2026-11-23T17:26:57.123Z").unwrap();
    assert!(listed.iter().all(|name| name.made_at() == made));
    // One that is read no further ends its thread too.
    assert!(vault.list().next().await.unwrap().is_ok());
}

#[tokio::test]
async fn what_is_removed_is_gone() {
    let (vault, folder) = folder().await;
    let key = key(1);
    let first = store(&vault, &key, &content(10)).await.name;
    let second = store(&vault, &key, &content(10)).await.name;
    assert_eq!(vault.remove(&[]).await, Ok(()));
    assert_eq!(vault.remove(&[first, name(), first]).await, Ok(()));
    assert_eq!(vault.read(first, &key, 10).await, Err(VaultError::Missing));
    assert_eq!(files(folder.path()), [path(folder.path(), second)]);
    assert_eq!(listed(&vault).await, BTreeSet::from([second]));
}

#[tokio::test]
async fn only_its_owner_can_read_it() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/vault");
    let vault = Vault::open(&Place::Folder(folder.clone())).await.unwrap();
    let stored = store(&vault, &key(1), &content(10)).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = path(&folder, stored.name);
    assert_eq!((mode(&folder), mode(file.parent().unwrap()), mode(&file)), (0o700, 0o700, 0o600));
}

#[tokio::test]
async fn an_open_vault_is_opened_again() {
    let (vault, folder) = folder().await;
    let stored = store(&vault, &key(1), &content(10)).await;
    let again = Vault::open(&Place::Folder(folder.path().to_owned())).await.unwrap();
    assert_eq!(again.read(stored.name, &key(1), 10).await.unwrap()[..], content(10)[..]);
}

#[tokio::test]
async fn a_folder_that_went_away_is_unavailable_and_not_empty() {
    let (vault, folder) = folder().await;
    let stored = store(&vault, &key(1), &content(10)).await;
    assert_eq!(vault.is_there().await, Ok(()));
    let elsewhere = folder.path().with_extension("moved");
    fs::rename(folder.path(), &elsewhere).unwrap();
    assert!(is_unavailable(&vault.is_there().await));
    assert!(is_unavailable(&vault.read(stored.name, &key(1), 10).await));
    assert!(is_unavailable(&vault.remove(&[stored.name]).await));
    assert!(is_unavailable(&vault.list().next().await.unwrap()));
    let deposit = vault.receive(name(), &key(1).recipient(), Count::default()).unwrap();
    let result = deposit.finish().await;
    assert!(matches!(result, Err(DepositError::Vault(VaultError::Unavailable(_)))), "{result:?}");
    fs::rename(&elsewhere, folder.path()).unwrap();
    assert_eq!(vault.read(stored.name, &key(1), 10).await.unwrap()[..], content(10)[..]);
}

#[tokio::test]
async fn a_place_that_cannot_be_a_folder_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for place in [file.clone(), file.join("below"), "/proc/florin".into()] {
        let error = Vault::open(&Place::Folder(place.clone())).await.err().unwrap();
        assert!(
            matches!(&error, VaultError::Unavailable(text) if text.contains(place.to_str().unwrap())),
            "{error}"
        );
    }
}

/// A file system of 4 MiB, taken away when it is dropped. `None` where this process may not mount one.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_leaves_nothing() {
    let Some(small) = Small::mount() else {
        return skip("no disk may be mounted here");
    };
    let folder = small.0.path();
    let vault = Vault::open(&Place::Folder(folder.to_owned())).await.unwrap();
    let kept = store(&vault, &key(1), &content(100_000)).await;
    let mut deposit = vault.receive(name(), &key(1).recipient(), Count::default()).unwrap();
    let result = match write_all(&mut deposit, &content(10_485_760), 65_536).await {
        Ok(()) => deposit.finish().await.map(drop),
        Err(error) => Err(error),
    };
    assert!(matches!(result, Err(DepositError::Vault(VaultError::Unavailable(_)))), "{result:?}");
    assert_eq!(files(folder), [path(folder, kept.name)]);
    store(&vault, &key(1), &content(3_000_000)).await;
    fs::write(folder.join("filler"), vec![0; 900_000]).unwrap();
    let full = Vault::open(&Place::Folder(folder.to_owned())).await.map(drop);
    let again = is_unavailable(&full) || full.is_ok();
    assert!(again, "{full:?}");
}

#[tokio::test]
async fn the_mark_is_kept() {
    let (vault, folder) = folder().await;
    mark_is_kept(&vault).await;
    std::fs::write(folder.path().join("installation"), "florin vault mark v9").unwrap();
    assert!(matches!(vault.mark().await, Err(VaultError::Unexpected(_))));
    // A disk that is not mounted is not a vault without a mark.
    std::fs::remove_dir_all(folder.path()).unwrap();
    assert!(matches!(vault.mark().await, Err(VaultError::Unavailable(_))));
}

#[tokio::test]
async fn a_closed_vault_is_read_only() {
    let (vault, _folder) = folder().await;
    let stored = store(&vault, &key(1), &content(1_000)).await;
    assert!(vault.close_to_writing(Some("it is another's")));
    assert!(!vault.close_to_writing(Some("it is another's")));
    let refused = VaultError::NotOurs("it is another's".to_owned());
    assert_eq!(vault.receive(name(), &key(1).recipient(), Count::default()).err(), Some(refused.clone()));
    assert_eq!(vault.remove(&[stored.name]).await, Err(refused));
    assert_eq!(vault.read(stored.name, &key(1), 1_000).await.unwrap()[..], content(1_000)[..]);
    assert!(vault.close_to_writing(None));
    assert_eq!(vault.remove(&[stored.name]).await, Ok(()));
}

#[tokio::test]
async fn sheets_of_keys_are_kept() {
    let (vault, folder) = folder().await;
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    let sheet = name().uuid();
    vault.add_sheet(sheet, vec![1; 64].into()).await.unwrap();
    let path = folder.path().join(format!("keys/{sheet}.keys"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = inode(&path);
    vault.erase_in_sheet(sheet, one(0..32)).await.unwrap();
    assert_eq!(inode(&path), before, "a new file would leave the old one's blocks");
    sheets_are_kept(&vault).await;
}
