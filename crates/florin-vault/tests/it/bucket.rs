//! A vault in a bucket of a real S3 server, where `cargo xtask test` brought one; and what is told without one.

use crate::support::{Count, content, files, key, mark_is_kept, name, sheets_are_kept, store, write_all};
use florin_testing::skip;
use florin_vault::{BucketSettings, Check, DepositError, Place, Vault, VaultError};
use futures_util::{StreamExt, TryStreamExt};
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::env;
use tempfile::TempDir;

/// The bucket that the environment names, under a prefix of this test's own.
fn settings() -> Option<BucketSettings> {
    let value = |name: &str| env::var(format!("FLORIN_TEST_S3_{name}")).ok();
    let Some(endpoint) = value("ENDPOINT") else {
        skip("FLORIN_TEST_S3_ENDPOINT names no S3 server");
        return None;
    };
    let given = |name: &str| value(name).unwrap_or_else(|| panic!("FLORIN_TEST_S3_{name} is not set"));
    Some(BucketSettings {
        endpoint: Some(endpoint),
        region: value("REGION").unwrap_or_else(|| "us-east-1".to_owned()),
        bucket: given("BUCKET"),
        // Each test has its folder, and no two runs share one.
        prefix: format!(
            "vault-tests/{}",
            tempfile::Builder::new().tempdir().unwrap().path().file_name()?.to_str()?
        ),
        access_key_id: given("ACCESS_KEY"),
        secret_access_key: SecretString::from(given("SECRET_KEY")),
        allow_http: true,
    })
}

async fn open(settings: &BucketSettings) -> (Result<Vault, VaultError>, TempDir) {
    let spool = tempfile::tempdir().unwrap();
    let place = Place::Bucket { settings: settings.clone(), spool: spool.path().to_owned() };
    (Vault::open(&place).await, spool)
}

#[tokio::test]
async fn what_is_stored_is_read_again() {
    let Some(settings) = settings() else { return };
    let (vault, spool) = open(&settings).await;
    let (vault, key) = (vault.unwrap(), key(1));
    for length in [0, 1, 65_536, 1_000_000, 10_485_760] {
        let content = content(length);
        let stored = store(&vault, &key, &content).await;
        assert_eq!(stored.bytes, length as u64);
        assert!(vault.read(stored.name, &key, length).await.unwrap()[..] == content[..], "{length}");
        assert_eq!(vault.read(stored.name, &crate::support::key(2), length).await, Err(VaultError::Damaged));
    }
    assert!(matches!(vault.read(name(), &key, 10).await, Err(VaultError::Missing)));
    assert_eq!(vault.is_there().await, Ok(()));
    assert_eq!(files(spool.path()).len(), 0);
}

#[tokio::test]
async fn the_mark_is_kept() {
    let Some(settings) = settings() else { return };
    let (vault, _spool) = open(&settings).await;
    mark_is_kept(&vault.unwrap()).await;
}

#[tokio::test]
async fn many_at_once_are_listed_and_removed() {
    let Some(settings) = settings() else { return };
    let (vault, _spool) = open(&settings).await;
    let (vault, key) = (vault.unwrap(), key(1));
    let content = content(150_000);
    let stored = futures_util::future::join_all((0..64).map(|_| store(&vault, &key, &content))).await;
    let names: BTreeSet<_> = stored.iter().map(|stored| stored.name).collect();
    assert_eq!(vault.list().try_collect::<BTreeSet<_>>().await.unwrap(), names);
    let all: Vec<_> = names.into_iter().chain([name()]).collect();
    assert_eq!(vault.remove(&all).await, Ok(()));
    assert_eq!(vault.remove(&all).await, Ok(()));
    assert!(vault.list().next().await.is_none());
    assert_eq!(vault.read(all[0], &key, content.len()).await, Err(VaultError::Missing));
}

/// Refuses at the end.
struct Refuse;

impl Check for Refuse {
    type Facts = ();
    type Rejected = ();

    fn push(&mut self, _: &[u8]) -> Result<(), ()> {
        Ok(())
    }

    fn finish(self) -> Result<(), ()> {
        Err(())
    }
}

#[tokio::test]
async fn what_is_refused_or_given_up_is_never_put() {
    let Some(settings) = settings() else { return };
    let (vault, spool) = open(&settings).await;
    let (vault, to) = (vault.unwrap(), key(1).recipient());
    let mut refused = vault.receive(name(), &to, Refuse).unwrap();
    write_all(&mut refused, &content(200_000), 65_536).await.unwrap();
    assert_eq!(refused.finish().await, Err(DepositError::Rejected(())));
    let mut dropped = vault.receive(name(), &to, Count::default()).unwrap();
    write_all(&mut dropped, &content(200_000), 65_536).await.unwrap();
    dropped.abandon().await;
    assert!(vault.list().next().await.is_none());
    assert_eq!(files(spool.path()).len(), 0);
}

#[tokio::test]
async fn what_is_wrong_with_a_bucket_is_told_when_it_is_opened() {
    let Some(settings) = settings() else { return };
    let missing = BucketSettings { bucket: "florin-no-such-bucket".to_owned(), ..settings.clone() };
    let wrong_key = BucketSettings {
        secret_access_key: SecretString::from("not-the-key".to_owned()),
        ..settings.clone()
    };
    for settings in [missing, wrong_key] {
        let error = open(&settings).await.0.err().unwrap();
        assert!(
            matches!(&error, VaultError::Unavailable(text) if text.contains(&settings.bucket)),
            "{error}"
        );
        assert!(!error.to_string().contains("not-the-key"), "{error}");
    }
}

/// A bucket at this address.
pub fn reached_at(endpoint: &str) -> BucketSettings {
    BucketSettings {
        endpoint: Some(endpoint.to_owned()),
        region: "us-east-1".to_owned(),
        bucket: "bucket".to_owned(),
        prefix: "kyc".to_owned(),
        access_key_id: "key".to_owned(),
        secret_access_key: SecretString::from("secret-of-the-key".to_owned()),
        allow_http: true,
    }
}

/// Port 1 (tcpmux) listens nowhere.
fn nowhere() -> BucketSettings {
    reached_at("http://127.0.0.1:1")
}

#[tokio::test]
async fn a_store_out_of_reach_is_unavailable() {
    let error = open(&nowhere()).await.0.err().unwrap();
    assert!(matches!(&error, VaultError::Unavailable(text) if text.contains("127.0.0.1:1")), "{error}");
}

#[tokio::test]
async fn settings_that_cannot_be_right() {
    let settings = nowhere();
    assert!(!format!("{settings:?}").contains("secret-of-the-key"));
    let of = |change: fn(&mut BucketSettings)| {
        let mut settings = nowhere();
        change(&mut settings);
        settings
    };
    for settings in [
        of(|settings| settings.allow_http = false),
        of(|settings| settings.endpoint = Some("ftp://127.0.0.1".to_owned())),
        of(|settings| settings.endpoint = Some("127.0.0.1:1".to_owned())),
        of(|settings| settings.bucket = String::new()),
        of(|settings| settings.bucket = "a/b".to_owned()),
        of(|settings| settings.prefix = "a b".to_owned()),
        of(|settings| settings.prefix = "a//b".to_owned()),
        of(|settings| settings.prefix = "../b".to_owned()),
    ] {
        let error = open(&settings).await.0.err().unwrap();
        assert!(matches!(error, VaultError::Unexpected(_)), "{settings:?}: {error}");
    }
}

#[tokio::test]
async fn sheets_of_keys_are_kept() {
    let Some(settings) = settings() else { return };
    let (vault, _spool) = open(&settings).await;
    sheets_are_kept(&vault.unwrap()).await;
}
