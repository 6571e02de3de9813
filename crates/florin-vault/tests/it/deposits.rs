//! Deposits, in a folder: what is stored and what leaves nothing.

use crate::support::{Count, content, files, folder, key, name, path, store, write_all};
use bytes::Bytes;
use florin_vault::{Check, DepositError, VaultError, run_low_priority};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

#[tokio::test]
async fn what_is_stored_is_read_again() {
    let (vault, folder) = folder().await;
    let key = key(1);
    for length in [0, 1, 16, 65_535, 65_536, 65_537, 131_072, 1_000_000, 10_485_760] {
        let content = content(length);
        let stored = store(&vault, &key, &content).await;
        assert_eq!((stored.facts, stored.bytes), (length, length as u64));
        let read = vault.read(stored.name, &key, length).await.unwrap();
        assert!(read[..] == content[..], "{length}");
        let sealed = fs::read(path(folder.path(), stored.name)).unwrap();
        if length >= 16 {
            assert!(!sealed.windows(16).any(|window| window == &content[..16]), "{length}: in clear");
        }
    }
}

#[tokio::test]
async fn frames_of_any_size_make_the_same_content() {
    let (vault, _folder) = folder().await;
    let key = key(1);
    let content = content(200_000);
    for frame in [1, 1_000, 65_536, 65_537, 200_000] {
        let mut deposit = vault.receive(name(), &key.recipient(), Count::default()).unwrap();
        deposit.write(Bytes::new()).await.unwrap();
        write_all(&mut deposit, &content, frame).await.unwrap();
        let stored = deposit.finish().await.unwrap();
        assert!(vault.read(stored.name, &key, content.len()).await.unwrap()[..] == content[..], "{frame}");
    }
}

#[tokio::test]
async fn a_deposit_given_up_leaves_nothing() {
    let (vault, folder) = folder().await;
    for length in [0, 10, 65_536, 300_000] {
        let mut deposit = vault.receive(name(), &key(1).recipient(), Count::default()).unwrap();
        write_all(&mut deposit, &content(length), 65_536).await.unwrap();
        deposit.abandon().await;
        assert_eq!(files(folder.path()).len(), 0, "{length}");
    }
}

/// Tells when it is dropped, which its thread does after the file is gone.
struct Telling(mpsc::Sender<()>);

impl Check for Telling {
    type Facts = ();
    type Rejected = ();

    fn push(&mut self, _: &[u8]) -> Result<(), ()> {
        self.0.send(()).map_err(drop)
    }

    fn finish(self) -> Result<(), ()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_dropped_deposit_leaves_nothing() {
    let (vault, folder) = folder().await;
    let (told, tells) = mpsc::channel();
    let mut deposit = vault.receive(name(), &key(1).recipient(), Telling(told)).unwrap();
    deposit.write(content(65_536)).await.unwrap();
    tells.recv().unwrap();
    assert_eq!(files(folder.path()).len(), 1);
    drop(deposit);
    // Fails once the thread has dropped its check, which it does last.
    assert!(tells.recv().is_err());
    assert_eq!(files(folder.path()).len(), 0);
}

/// Waits for leave to end.
struct Waiting(mpsc::Receiver<()>);

impl Check for Waiting {
    type Facts = ();
    type Rejected = ();

    fn push(&mut self, _: &[u8]) -> Result<(), ()> {
        Ok(())
    }

    fn finish(self) -> Result<(), ()> {
        self.0.recv().map_err(drop)
    }
}

#[tokio::test]
async fn a_finish_that_nobody_waits_for_leaves_nothing() {
    let (vault, folder) = folder().await;
    let (leave, waits) = mpsc::channel();
    let mut deposit = vault.receive(name(), &key(1).recipient(), Waiting(waits)).unwrap();
    deposit.write(content(65_536)).await.unwrap();
    let mut finish = Box::pin(deposit.finish());
    // Polled once: it has told the thread to finish.
    assert!(futures_util::poll!(&mut finish).is_pending());
    drop(finish);
    leave.send(()).unwrap();
    // The thread writes and syncs, then finds nobody to tell.
    let gone = |_| (!files(folder.path()).is_empty()).then(thread::yield_now);
    assert!((0..10_000_000).map(gone).any(|present| present.is_none()), "the file stays");
}

/// Refuses at a byte, or at the end.
struct Refuse {
    after: Option<usize>,
}

impl Check for Refuse {
    type Facts = ();
    type Rejected = &'static str;

    fn push(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        let Some(after) = self.after else { return Ok(()) };
        self.after = Some(after.checked_sub(bytes.len()).ok_or("seen enough")?);
        Ok(())
    }

    fn finish(self) -> Result<(), &'static str> {
        if self.after.is_none() { Err("not whole") } else { Ok(()) }
    }
}

#[tokio::test]
async fn what_the_check_refuses_leaves_nothing() {
    let (vault, folder) = folder().await;
    for (after, expected) in [
        (Some(0), "seen enough"),
        (Some(100_000), "seen enough"),
        (Some(999_999), "seen enough"),
        (None, "not whole"),
    ] {
        let mut deposit = vault.receive(name(), &key(1).recipient(), Refuse { after }).unwrap();
        let result = match write_all(&mut deposit, &content(1_000_000), 4_096).await {
            Ok(()) => deposit.finish().await.map(drop),
            Err(error) => Err(error),
        };
        assert_eq!(result, Err(DepositError::Rejected(expected)), "{after:?}");
        assert_eq!(files(folder.path()).len(), 0, "{after:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_once() {
    let (vault, _folder) = folder().await;
    let mut deposit = vault.receive(name(), &key(1).recipient(), Refuse { after: Some(0) }).unwrap();
    let refused = write_all(&mut deposit, &content(1_000_000), 65_536).await;
    assert_eq!(refused, Err(DepositError::Rejected("seen enough")));
    let again = deposit.write(content(1)).await;
    assert!(matches!(again, Err(DepositError::Vault(VaultError::Unexpected(_)))), "{again:?}");
}

/// A check with a bug.
struct Panic;

impl Check for Panic {
    type Facts = ();
    type Rejected = ();

    fn push(&mut self, _: &[u8]) -> Result<(), ()> {
        panic!("a bug in a check")
    }

    fn finish(self) -> Result<(), ()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_ends_one_deposit_and_leaves_nothing() {
    let (vault, folder) = folder().await;
    let mut deposit = vault.receive(name(), &key(1).recipient(), Panic).unwrap();
    deposit.write(content(10)).await.unwrap();
    let result = deposit.finish().await;
    assert!(matches!(result, Err(DepositError::Vault(VaultError::Unexpected(_)))), "{result:?}");
    assert_eq!(files(folder.path()).len(), 0);
    store(&vault, &key(1), &content(100_000)).await;
}

#[tokio::test]
async fn a_name_is_used_once() {
    let (vault, _folder) = folder().await;
    let key = key(1);
    let stored = store(&vault, &key, &content(10)).await;
    let second = vault.receive(stored.name, &key.recipient(), Count::default()).unwrap();
    let result = second.finish().await;
    assert!(matches!(result, Err(DepositError::Vault(VaultError::Unexpected(_)))), "{result:?}");
    assert_eq!(vault.read(stored.name, &key, 10).await.unwrap()[..], content(10)[..]);
}

#[tokio::test]
async fn many_deposits_at_once() {
    let (vault, folder) = folder().await;
    let key = key(1);
    let content = content(300_000);
    let stored = futures_util::future::join_all((0..64).map(|_| store(&vault, &key, &content))).await;
    assert_eq!(files(folder.path()).len(), 64);
    for stored in stored {
        assert!(vault.read(stored.name, &key, content.len()).await.unwrap()[..] == content[..]);
    }
}

#[tokio::test]
async fn background_work_runs_one_at_a_time_and_may_panic() {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    let work = |number: usize| {
        run_low_priority(move || {
            assert_eq!(RUNNING.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
            let product = (1..=20_u64).product::<u64>();
            RUNNING.fetch_sub(1, Ordering::SeqCst);
            assert_ne!(number, 3, "a bug in some work");
            (number, product)
        })
    };
    for (number, result) in futures_util::future::join_all((0..8).map(work)).await.into_iter().enumerate() {
        match number {
            3 => assert!(matches!(result, Err(VaultError::Unexpected(_)))),
            _ => assert_eq!(result, Ok((number, 2_432_902_008_176_640_000))),
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn threads_are_nicer_than_their_maker() {
    fn nice() -> i64 {
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
        // proc(5): the name is in brackets and may hold spaces; niceness is field 19.
        let fields = stat.rsplit_once(')').unwrap().1;
        fields.split_whitespace().nth(16).unwrap().parse().unwrap()
    }
    struct Nice;
    impl Check for Nice {
        type Facts = i64;
        type Rejected = ();
        fn push(&mut self, _: &[u8]) -> Result<(), ()> {
            Ok(())
        }
        fn finish(self) -> Result<i64, ()> {
            Ok(nice())
        }
    }
    let here = nice();
    let (vault, _folder) = folder().await;
    let deposit = vault.receive(name(), &key(1).recipient(), Nice).unwrap();
    assert_eq!(deposit.finish().await.unwrap().facts, here.max(10));
    assert_eq!(run_low_priority(nice).await.unwrap(), 19);
    assert_eq!(nice(), here);
}
