//! Data are opened with the master key that they were made with and with no other, and never hold it.

#[expect(dead_code, reason = "what the tests of the door use")]
mod store;

use bytes::Bytes;
use florin_store::{Answer, KeptKey, OpenError, Place, Store, Tx, params};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, SystemTime};
use store::{MASTER_KEY, TestStore, options};

const OTHER_KEY: [u8; 32] = [8; 32];

/// As an older version left them: with the key among the settings.
async fn aged(store: &TestStore) {
    let mut administration = store.store.administer().await.expect("a transaction");
    let keep = "INSERT INTO installation (name, value) VALUES ($1, $2)";
    administration.execute(keep, &params!["master_key", MASTER_KEY]).await.expect("a row");
    administration.commit().await.expect("a commit");
}

async fn kept(place: &Place) -> KeptKey {
    Store::kept_master_key(place).await.expect("the settings can be read")
}

async fn is_refused(place: &Place) {
    let options = florin_store::Options { master_key: OTHER_KEY, ..options(place) };
    assert!(matches!(Store::open(options).await.err(), Some(OpenError::WrongMasterKey)));
    let verified = Store::verify_at(place, &OTHER_KEY, &[]).await;
    assert!(matches!(verified, Err(OpenError::WrongMasterKey)), "{verified:?}");
}

#[tokio::test]
async fn another_key_is_refused() {
    let store = TestStore::open().await;
    store.store.close();
    assert!(kept(&store.place).await == KeptKey::Check);
    is_refused(&store.place).await;
    let again = Store::open(options(&store.place)).await.expect("the right key opens");
    again.close();
    assert!(Store::verify_at(&store.place, &MASTER_KEY, &[]).await.expect("a report").is_clean());
    store.finish().await;
}

#[tokio::test]
async fn a_kept_key_goes_when_the_data_are_opened_with_it() {
    let store = TestStore::open().await;
    aged(&store).await;
    store.store.close();
    is_refused(&store.place).await;
    assert!(kept(&store.place).await == KeptKey::Whole(MASTER_KEY), "looking and refusing change nothing");
    Store::open(options(&store.place)).await.expect("the right key opens").close();
    assert!(kept(&store.place).await == KeptKey::Check);
    let Place::File(file) = store.place.clone() else { return store.finish().await };
    store.store.look("PRAGMA wal_checkpoint(TRUNCATE)", &[]).await.expect("the log is copied back");
    for end in ["", "-wal"] {
        let file = format!("{}{end}", file.display());
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(MASTER_KEY.len()).any(|window| window == MASTER_KEY), "the key is in {file}");
    }
    store.finish().await;
}

#[tokio::test]
async fn looking_for_a_key_makes_nothing() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let place = Place::File(folder.path().join("florin.db"));
    assert!(kept(&place).await == KeptKey::Nothing);
    assert!(Store::verify_at(&place, &MASTER_KEY, &[]).await.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// The files of a folder, with their content and their time.
fn files(folder: &Path) -> BTreeMap<PathBuf, Option<(Vec<u8>, SystemTime)>> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let read = |path: PathBuf| {
        let time = std::fs::metadata(&path).and_then(|found| found.modified()).expect("a time");
        let content = std::fs::read(&path).expect("a file");
        // Shared memory is where processes agree; it holds no data.
        let is_shared = path.to_string_lossy().ends_with("-shm");
        (path, (!is_shared).then_some((content, time)))
    };
    entries.map(read).collect()
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

/// A copy of a database with a log that was not copied back: alone, with its log, and with all its files. Verifying
/// reads it, also where it may not be written, and leaves every byte as it was.
#[tokio::test]
async fn verifying_changes_no_file_and_reads_what_cannot_be_written() {
    let store = TestStore::open().await;
    let Place::File(file) = store.place.clone() else { return store.finish().await };
    // Everything is in the file now, but for the next commit, which is in the log.
    store.store.look("PRAGMA wal_checkpoint(TRUNCATE)", &[]).await.expect("the log is copied back");
    aged(&store).await;
    for ends in [&[""][..], &["", "-wal"], &["", "-wal", "-shm"]] {
        for mode in [0o755, 0o555] {
            let folder = tempfile::Builder::new().prefix("a copy? of 100% #").tempdir().expect("a folder");
            let copy = folder.path().join("florin.db");
            for end in ends {
                std::fs::copy(with_end(&file, end), with_end(&copy, end)).expect("a copy");
                set_mode(&with_end(&copy, end), if mode == 0o755 { 0o644 } else { 0o444 });
            }
            set_mode(folder.path(), mode);
            let before = files(folder.path());
            let place = Place::File(copy);
            let is_in_log = kept(&place).await == KeptKey::Whole(MASTER_KEY);
            assert_eq!(is_in_log, ends.len() > 1, "the log is read: {ends:?} {mode:o}");
            let report = Store::verify_at(&place, &MASTER_KEY, &[]).await.expect("the books can be read");
            assert!(report.is_clean(), "{:?}", report.findings);
            let after = files(folder.path());
            assert!(before == after, "a file was changed, made or removed: {ends:?} {mode:o}");
            set_mode(folder.path(), 0o755);
        }
    }
    store.finish().await;
}

fn with_end(file: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", file.display()))
}

/// Part of a command: lets the store go when it is dropped itself, after everybody else has.
struct Last {
    store: Option<Arc<Store>>,
    others_are_gone: Mutex<mpsc::Receiver<()>>,
    ended: mpsc::Sender<bool>,
}

impl Drop for Last {
    fn drop(&mut self) {
        let others = self.others_are_gone.lock().unwrap_or_else(PoisonError::into_inner);
        let in_time = others.recv_timeout(Duration::from_secs(30)).is_ok();
        let ended = catch_unwind(AssertUnwindSafe(|| drop(self.store.take())));
        self.ended.send(in_time && ended.is_ok()).expect("the test listens");
    }
}

#[tokio::test]
async fn a_store_may_end_on_a_worker_of_its_own() {
    let test = TestStore::open().await;
    let store = Arc::new(Store::open(options(&test.place)).await.expect("it opens"));
    let ((gone, others_are_gone), (ended, has_ended)) = (mpsc::channel(), mpsc::channel());
    let last = Last { store: Some(store.clone()), others_are_gone: Mutex::new(others_are_gone), ended };
    let command = async move |_: &mut Tx| {
        let _ = &last;
        Ok(Answer { status: 204, body: Bytes::new() })
    };
    store.door().run(test.book, None, Vec::new(), command).await.expect("an answer");
    drop(store);
    gone.send(()).expect("the command is still there");
    assert!(has_ended.recv().expect("the command goes"), "the worker waited for itself");
    test.finish().await;
}

/// Whoever reads for long keeps all readers busy, and the health check does not wait for them.
#[tokio::test]
async fn that_the_database_answers_is_told_past_busy_readers() {
    let store = TestStore::open().await;
    let mut busy = Vec::new();
    for _ in 0..12 {
        busy.push(store.store.snapshot(store.book).await.expect("a snapshot"));
    }
    for _ in 0..2 {
        let told = tokio::time::timeout(Duration::from_secs(5), store.store.is_there()).await;
        told.expect("an answer in time").expect("the database answers");
    }
    drop(busy);
    store.finish().await;
}
