//! The door under commands that misbehave: each hurts only itself. Whatever else is in its batch succeeds, and the
//! books are right afterwards.

#[expect(dead_code, reason = "what the other tests use")]
mod store;

use florin_ledger::{AccountKey, AccountKind, Posting, RecordKind};
use florin_store::{
    Answer, Engine, Keyed, Outcome, SetStatement, Stop, StoreError, Touch, Tx, Type, Value, params,
};
use florin_types::CurrencyCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use store::{Gate, TestStore, done, outcome};
use uuid::Uuid;

const EUR: CurrencyCode = CurrencyCode::new("eur");

fn keyed(key: &str) -> Option<Keyed> {
    Some(Keyed { key: key.to_owned(), fields: vec![("path".into(), "/".to_owned())] })
}

/// A unit of the book's made-up money goes to the partner.
fn pay(tx: &mut Tx) -> Result<(), Stop> {
    let source = AccountKey::system(tx.book(), EUR, AccountKind::SandboxFunding);
    let posting = Posting::between(source, AccountKey::main(tx.book().partner(), EUR), 1);
    tx.post(RecordKind(1), Uuid::nil(), &posting, Vec::new()).map_err(|e| StoreError::unexpected(e).into())
}

fn accounts() -> Vec<Touch> {
    vec![Touch::PartnerAccount(EUR), Touch::SystemAccount(EUR, AccountKind::SandboxFunding)]
}

/// Runs a bad command between two good ones in one batch, and returns its result. It can run more than once.
async fn among_neighbours(store: &TestStore, bad: impl florin_store::Command) -> Result<Outcome, StoreError> {
    let book = store.book;
    let before = store.balance(EUR).await;
    let gate = Gate::close(store, book).await;
    let door = store.store.door();
    let good = || {
        door.run(book, None, accounts(), async |tx: &mut Tx| {
            pay(tx)?;
            done("good")
        })
    };
    let mut first = Box::pin(good());
    let mut bad = Box::pin(door.run(book, None, accounts(), bad));
    let mut last = Box::pin(good());
    // All three are in the queue after one look at each; then the writer may go on.
    assert!(futures_util::poll!(first.as_mut()).is_pending());
    assert!(futures_util::poll!(bad.as_mut()).is_pending());
    assert!(futures_util::poll!(last.as_mut()).is_pending());
    gate.open();
    assert_eq!((first.await, last.await), (outcome("good"), outcome("good")));
    let came = bad.await;
    assert_eq!(store.balance(EUR).await, before + 2, "the neighbours' money moved, and once");
    came
}

fn is_unexpected(came: &Result<Outcome, StoreError>, text: &str) {
    let Err(StoreError::Unexpected(cause)) = came else { panic!("{came:?}") };
    assert!(cause.contains(text), "{cause}");
}

/// No such table on any engine.
const BROKEN: &str = "SELECT nothing FROM nowhere WHERE $1 = 1";
/// Fails when it runs, not when it is prepared: the installation's name is taken.
const TAKEN: &str =
    "INSERT INTO installation (name, value) SELECT name, value FROM installation WHERE $1 > 0";
const WRITE: &str = "INSERT INTO job (position, run_at, kind, payload, attempts) VALUES ($2, $1, 'x', $3, 0)";

#[tokio::test]
async fn a_panic_is_a_fault_of_its_own_command() {
    let store = TestStore::open().await;
    let came = among_neighbours(&store, async |tx: &mut Tx| {
        pay(tx)?;
        if tx.book().0 > 0 {
            panic!("on purpose");
        }
        done("never")
    });
    is_unexpected(&came.await, "a command panicked: on purpose");
    store.finish().await;
}

#[tokio::test]
async fn a_panic_inside_a_savepoint_takes_its_rows_back() {
    let store = TestStore::open().await;
    let came = among_neighbours(&store, async |tx: &mut Tx| {
        pay(tx)?;
        tx.execute(WRITE, &params![1_i64, Vec::new()]).await?;
        if tx.book().0 > 0 {
            panic!("on purpose");
        }
        done("never")
    });
    is_unexpected(&came.await, "on purpose");
    assert_eq!(store.jobs().await, 0);
    store.finish().await;
}

#[tokio::test]
async fn a_swallowed_error_is_found() {
    let store = TestStore::open().await;
    let came = among_neighbours(&store, async |tx: &mut Tx| {
        pay(tx)?;
        let _ = tx.query(BROKEN, &[]).await;
        done("as if nothing had been")
    });
    is_unexpected(&came.await, "a command went on after a statement had failed");
    store.finish().await;
}

#[tokio::test]
async fn a_swallowed_error_inside_a_savepoint_is_found() {
    let store = TestStore::open().await;
    for sql in [BROKEN, TAKEN] {
        let came = among_neighbours(&store, async move |tx: &mut Tx| {
            tx.execute(WRITE, &params![1_i64, Vec::new()]).await?;
            let _ = tx.execute(sql, &[]).await;
            pay(tx)?;
            done("as if nothing had been")
        });
        is_unexpected(&came.await, "a command went on after a statement had failed");
        assert_eq!(store.jobs().await, 0);
    }
    store.finish().await;
}

#[tokio::test]
async fn an_error_inside_a_savepoint_is_its_own_commands() {
    let store = TestStore::open().await;
    let came = among_neighbours(&store, async |tx: &mut Tx| {
        pay(tx)?;
        tx.execute(WRITE, &params![1_i64, Vec::new()]).await?;
        tx.execute(TAKEN, &[]).await?;
        done("never")
    });
    assert!(matches!(came.await, Err(StoreError::Unexpected(_))));
    assert_eq!(store.jobs().await, 0);
    store.finish().await;
}

/// Savepoints of one batch after another: what is kept, taken back or refused is the rows of its own command, whether
/// the statement that fails is the first after the savepoint or a later one.
#[tokio::test]
async fn rows_of_a_batch_stand_and_fall_with_their_own_command() {
    let store = TestStore::open().await;
    let (gate, door) = (Gate::close(&store, store.book).await, store.store.door());
    let write = async |tx: &mut Tx, row: i64| tx.execute(WRITE, &params![row, Vec::new()]).await;
    let keep = |row| {
        Box::pin(door.run(store.book, None, accounts(), async move |tx: &mut Tx| {
            write(tx, row).await?;
            pay(tx)?;
            done("kept")
        }))
    };
    let fail = |row: Option<i64>| {
        Box::pin(door.run(store.book, None, accounts(), async move |tx: &mut Tx| {
            if let Some(row) = row {
                write(tx, row).await?;
            }
            tx.execute(TAKEN, &[]).await?;
            done("never")
        }))
    };
    let refuse = Box::pin(door.run(store.book, None, accounts(), async move |tx: &mut Tx| {
        write(tx, 5).await?;
        Err(Stop::Refused(Answer { status: 400, body: "no".into() }))
    }));
    let batch = async {
        let kept = futures_util::future::join3(keep(1), keep(3), keep(6));
        let failed = futures_util::future::join(fail(None), fail(Some(2)));
        futures_util::future::join3(kept, failed, refuse).await
    };
    let mut batch = Box::pin(batch);
    assert!(futures_util::poll!(batch.as_mut()).is_pending());
    gate.open();
    let ((one, three, six), failed, refused) = batch.await;
    assert_eq!([one, three, six], [outcome("kept"), outcome("kept"), outcome("kept")]);
    assert!(failed.0.is_err() && failed.1.is_err(), "{failed:?}");
    assert_eq!(refused, Ok(Outcome::Answered(Answer { status: 400, body: "no".into() })));
    assert_eq!(store.jobs().await, 3);
    store.finish().await;
}

/// A set whose table is not there fails when it is prepared: on PostgreSQL before the savepoint is sent.
#[tokio::test]
async fn a_set_that_fails_before_its_savepoint_is_its_own_commands() {
    static NOWHERE: SetStatement =
        SetStatement::Insert { table: "nowhere", columns: &[("number", Type::Int)] };
    let store = TestStore::open().await;
    let write = async |tx: &mut Tx, row: i64| tx.execute(WRITE, &params![row, Vec::new()]).await;
    for is_first in [true, false] {
        let gate = Gate::close(&store, store.book).await;
        let door = store.store.door();
        let keep = |row| {
            Box::pin(door.run(store.book, None, accounts(), async move |tx: &mut Tx| {
                write(tx, row).await?;
                pay(tx)?;
                done("kept")
            }))
        };
        let fail = Box::pin(door.run(store.book, None, accounts(), async move |tx: &mut Tx| {
            if !is_first {
                tx.query("SELECT COUNT(*) FROM job WHERE position = $1", &[]).await?;
            }
            tx.write_set(&NOWHERE, vec![vec![Value::Int(1)]]).await?;
            done("never")
        }));
        let first = if is_first { 1 } else { 3 };
        let mut batch = Box::pin(futures_util::future::join3(keep(first), fail, keep(first + 1)));
        assert!(futures_util::poll!(batch.as_mut()).is_pending());
        gate.open();
        let (one, failed, two) = batch.await;
        assert_eq!([one, two], [outcome("kept"), outcome("kept")]);
        is_unexpected(&failed, "nowhere");
        assert_eq!(store.jobs().await, first + 1);
    }
    store.finish().await;
}

/// On SQLite some errors (a full disk, say) end the whole transaction, savepoint or not: what follows must not commit
/// by itself.
#[tokio::test]
async fn an_error_that_ends_the_whole_transaction_hurts_nobody_else() {
    const ENDS_IT: &str = "INSERT OR ROLLBACK INTO installation (name, value) \
         SELECT name, value FROM installation WHERE $1 > 0";
    let store = TestStore::open().await;
    if store.store.engine() != Engine::Sqlite {
        florin_testing::skip("for SQLite only");
        return store.finish().await;
    }
    for is_swallowed in [false, true] {
        let came = among_neighbours(&store, async move |tx: &mut Tx| {
            pay(tx)?;
            tx.execute(WRITE, &params![1_i64, Vec::new()]).await?;
            match tx.execute(ENDS_IT, &[]).await {
                Err(error) if !is_swallowed => return Err(error.into()),
                _ => tx.execute(WRITE, &params![2_i64, Vec::new()]).await?,
            };
            done("as if nothing had been")
        });
        assert!(matches!(came.await, Err(StoreError::Unexpected(_))));
        assert_eq!(store.jobs().await, 0);
    }
    store.finish().await;
}

#[tokio::test]
async fn a_refusal_leaves_nothing_behind() {
    let store = TestStore::open().await;
    let came = among_neighbours(&store, async |tx: &mut Tx| {
        pay(tx)?;
        tx.execute(WRITE, &params![1_i64, Vec::new()]).await?;
        Err(Stop::Refused(Answer { status: 400, body: "no".into() }))
    });
    assert_eq!(came.await, Ok(Outcome::Answered(Answer { status: 400, body: "no".into() })));
    assert_eq!(store.jobs().await, 0);
    store.finish().await;
}

/// What fails only when the batch is written: the commands run again one by one, and the others come through.
#[tokio::test]
async fn a_flush_that_fails_is_run_again_one_by_one() {
    let store = TestStore::open().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let came = among_neighbours(&store, async move |tx: &mut Tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        // Opened without looking whether it is there: the row is already taken.
        tx.open_account(AccountKey::main(tx.book().partner(), CurrencyCode::new("btc")));
        done("never")
    });
    assert!(matches!(came.await, Err(StoreError::Unexpected(_))));
    assert_eq!(runs.load(Ordering::Relaxed), 2, "once in the batch, once alone");
    store.finish().await;
}

#[tokio::test]
async fn a_command_that_waited_too_long_is_not_run() {
    let store = TestStore::open().await;
    let gate = Gate::close(&store, store.book).await;
    let door = store.store.door();
    let run = door.run(store.book, None, accounts(), async |tx: &mut Tx| {
        pay(tx)?;
        done("late")
    });
    let mut late = Box::pin(run);
    assert!(futures_util::poll!(late.as_mut()).is_pending());
    store.clock.advance(Duration::from_millis(10_001));
    gate.open();
    assert!(matches!(late.await, Err(StoreError::Unavailable(_))));
    assert_eq!(store.balance(EUR).await, 0);
    store.finish().await;
}

/// Whoever brought a command may go away: it is done all the same, and its key tells a repeat so.
#[tokio::test]
async fn a_caller_that_goes_away_leaves_its_command_at_the_door() {
    let store = TestStore::open().await;
    let gate = Gate::close(&store, store.book).await;
    let door = store.store.door();
    let pay_once = || {
        door.run(store.book, keyed("k"), accounts(), async |tx: &mut Tx| {
            pay(tx)?;
            done("paid")
        })
    };
    let mut gone = Box::pin(pay_once());
    assert!(futures_util::poll!(gone.as_mut()).is_pending());
    drop(gone);
    assert_eq!(pay_once().await, Ok(Outcome::InProgress), "the key is still in use");
    gate.open();
    // The next command of the book runs after it.
    door.run(store.book, None, Vec::new(), async |_: &mut Tx| done("after")).await.expect("an answer");
    let again = pay_once().await;
    assert!(matches!(again, Ok(Outcome::Replayed(ref answer)) if *answer.body == *b"paid"), "{again:?}");
    assert_eq!(store.balance(EUR).await, 1);
    store.finish().await;
}

/// A fault keeps no answer: the same key runs anew.
#[tokio::test]
async fn a_fault_leaves_its_key_free() {
    let store = TestStore::open().await;
    let door = store.store.door();
    let broken = door.run(store.book, keyed("k"), Vec::new(), async |tx: &mut Tx| {
        tx.query(BROKEN, &[]).await?;
        done("never")
    });
    assert!(broken.await.is_err());
    let right = door.run(store.book, keyed("k"), Vec::new(), async |_: &mut Tx| done("now")).await;
    assert_eq!(right, outcome("now"));
    store.finish().await;
}

#[tokio::test]
async fn a_closed_store_takes_no_more_commands() {
    let store = TestStore::open().await;
    store.store.close();
    let late = store.store.door().run(store.book, None, Vec::new(), async |_: &mut Tx| done("late")).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    store.finish().await;
}
