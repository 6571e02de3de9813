//! Data are opened with the master key that they were made with and with no other, and never hold it.

#[expect(dead_code, reason = "what the tests of the door use")]
mod store;

use bytes::Bytes;
use florin_store::{Answer, KeptKey, OpenError, Place, Store, Tx, params};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
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
    let verified = Store::verify_at(place, &OTHER_KEY).await;
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
    assert!(Store::verify_at(&store.place, &MASTER_KEY).await.expect("a report").is_clean());
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
    assert!(Store::verify_at(&place, &MASTER_KEY).await.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
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
