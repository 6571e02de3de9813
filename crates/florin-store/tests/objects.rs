//! Object rows of a batch: commands see what earlier ones made of them, statements see what is buffered, and what is
//! refused leaves nothing behind, wherever it was written by then.

#[expect(dead_code, reason = "what the other tests use")]
mod store;

use florin_store::{Answer, Engine, NewBook, Outcome, Row, Stop, StoreError, Touch, Tx, params};
use florin_types::CurrencyCode;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{PARCELS, Parcel, Running, TestStore, done, outcome};
use uuid::Uuid;

const COUNT: &str = "SELECT COUNT(*), COALESCE(SUM(weight), 0)::bigint FROM parcel WHERE book = $1";
const COUNT_ON_SQLITE: &str = "SELECT COUNT(*), COALESCE(SUM(weight), 0) FROM parcel WHERE book = $1";
const ADD: &str = "UPDATE parcel SET weight = weight + $2 WHERE book = $1";
const DELETE: &str = "DELETE FROM parcel WHERE book = $1 AND id = $2";
/// A direct write that has nothing to do with parcels.
const WRITE_JOB: &str =
    "INSERT INTO job (position, run_at, kind, payload, attempts) VALUES ($2, $1, 'x', $3, 0)";
/// No such table on any engine.
const BROKEN: &str = "SELECT nothing FROM nowhere WHERE $1 = 1";

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn no() -> Stop {
    Stop::Refused(Answer { status: 400, body: "no".into() })
}

fn refused() -> Result<Outcome, StoreError> {
    Ok(Outcome::Answered(Answer { status: 400, body: "no".into() }))
}

/// How many parcels a statement sees, and their weight.
async fn seen(tx: &mut Tx, engine: Engine) -> Result<(i64, i64), StoreError> {
    let count = if engine == Engine::Sqlite { COUNT_ON_SQLITE } else { COUNT };
    let rows = tx.query(count, &[]).await?;
    let row: &Row = rows.first().ok_or_else(|| StoreError::unexpected("a count has a row"))?;
    Ok((row.get(0)?, row.get(1)?))
}

fn expect<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Result<(), StoreError> {
    match found == expected {
        true => Ok(()),
        false => Err(StoreError::unexpected(format!("{found:?} instead of {expected:?}"))),
    }
}

/// Puts a parcel that weighs so much.
fn put(store: &TestStore, number: u128, weight: i64) -> Running<'_> {
    store.run(vec![Parcel::touch(number)], async move |tx: &mut Tx| {
        tx.put(&Parcel::new(number, weight))?;
        done("put")
    })
}

#[tokio::test]
async fn every_statement_prepares() {
    let store = TestStore::open().await;
    let mut db = store.store.connect_for_tests().await.expect("a connection");
    for statement in PARCELS.statements() {
        let sql =
            if store.store.engine() == Engine::Sqlite { statement.row_sql() } else { statement.set_sql() };
        db.prepare(&sql).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    drop(db);
    store.finish().await;
}

#[tokio::test]
async fn an_object_is_made_changed_and_removed() {
    let store = TestStore::open().await;
    let parcel = Parcel { state: "on the way".to_owned(), note: Some(vec![1, 2]), ..Parcel::new(1, 5) };
    let made = parcel.clone();
    // Not touched: it is new.
    let make = store.run(Vec::new(), async move |tx: &mut Tx| {
        tx.put(&made)?;
        expect(tx.object::<Parcel>(id(1))?.as_ref(), Some(&made))?;
        done("made")
    });
    assert_eq!(make.await, outcome("made"));
    let mut snapshot = store.store.snapshot(store.book).await.expect("a snapshot");
    assert_eq!(snapshot.objects_at::<Parcel>(&[id(1), id(2)]).await, Ok(vec![parcel.clone()]));
    drop(snapshot);
    let change = store.run(vec![Parcel::touch(1), Parcel::touch(2)], async move |tx: &mut Tx| {
        expect(tx.object::<Parcel>(id(1))?.as_ref(), Some(&parcel))?;
        expect(tx.object::<Parcel>(id(2))?, None)?;
        tx.put(&Parcel { note: None, ..parcel.clone() })?;
        done("changed")
    });
    assert_eq!(change.await, outcome("changed"));
    let remove = store.run(Vec::new(), async move |tx: &mut Tx| {
        tx.load(&[Parcel::touch(1)]).await?;
        expect(tx.object::<Parcel>(id(1))?.map(|parcel| parcel.note), Some(None))?;
        tx.remove::<Parcel>(id(1))?;
        expect(tx.object::<Parcel>(id(1))?, None)?;
        done("removed")
    });
    assert_eq!(remove.await, outcome("removed"));
    assert!(store.parcels().await.is_empty());
    store.finish().await;
}

#[tokio::test]
async fn commands_of_a_batch_see_each_others_changes() {
    let store = TestStore::open().await;
    let add = || {
        store.run(vec![Parcel::touch(1)], async |tx: &mut Tx| {
            let weight = tx.object::<Parcel>(id(1))?.map_or(0, |parcel| parcel.weight);
            tx.put(&Parcel::new(1, weight + 1))?;
            done("added")
        })
    };
    for weight in [100, 200] {
        let came = store.batch((0..100).map(|_| add()).collect()).await;
        assert!(came.iter().all(|came| *came == outcome("added")), "{came:?}");
        assert_eq!(store.parcels().await, [(1, weight)]);
    }
    store.finish().await;
}

#[tokio::test]
async fn a_refusal_takes_its_rows_back_and_no_others() {
    let store = TestStore::open().await;
    put(&store, 1, 10).await.expect("stored");
    let refuse = || {
        store.run((1..=3).map(Parcel::touch).collect(), async |tx: &mut Tx| {
            tx.remove::<Parcel>(id(1))?;
            tx.put(&Parcel::new(2, 99))?;
            tx.put(&Parcel::new(3, 99))?;
            tx.put(&Parcel::new(4, 99))?;
            Err(no())
        })
    };
    let look = store.run((1..=4).map(Parcel::touch).collect(), async |tx: &mut Tx| {
        let weights = (1..=4).map(|number| Ok(tx.object::<Parcel>(id(number))?.map(|parcel| parcel.weight)));
        expect(weights.collect::<Result<Vec<_>, StoreError>>()?, vec![Some(10), Some(20), None, None])?;
        done("looked")
    });
    let came = store.batch(vec![refuse(), put(&store, 2, 20), refuse(), look]).await;
    assert_eq!(came, [refused(), outcome("put"), refused(), outcome("looked")]);
    assert_eq!(store.parcels().await, [(1, 10), (2, 20)]);
    store.finish().await;
}

#[tokio::test]
async fn what_was_not_touched_is_a_fault() {
    let store = TestStore::open().await;
    let blind = store.run(vec![Parcel::touch(2)], async |tx: &mut Tx| {
        assert!(tx.object::<Parcel>(id(1)).is_err(), "whether it is there is not known");
        assert!(tx.remove::<Parcel>(id(1)).is_err(), "not touched");
        assert!(tx.remove::<Parcel>(id(2)).is_err(), "touched, and not there");
        done("blind")
    });
    assert_eq!(blind.await, outcome("blind"));
    store.finish().await;
}

/// What only the database knows fails at the flush: the batch is run again one by one, and the others come through.
#[tokio::test]
async fn a_row_that_cannot_be_written_is_its_own_commands_fault() {
    let store = TestStore::open().await;
    put(&store, 1, 10).await.expect("stored");
    let runs = Arc::new(AtomicUsize::new(0));
    for vanishes in [false, true] {
        runs.store(0, Ordering::Relaxed);
        let counted = Arc::clone(&runs);
        let touches = if vanishes { vec![Parcel::touch(1)] } else { Vec::new() };
        let bad = store.run(touches, async move |tx: &mut Tx| {
            counted.fetch_add(1, Ordering::Relaxed);
            if vanishes {
                // In capitals, so that nobody sees which table it is.
                tx.execute("DELETE FROM PARCEL WHERE book = $1 AND id = $2", &params![id(1)]).await?;
            }
            // Not touched but there, or touched but gone.
            tx.put(&Parcel::new(1, 99))?;
            done("never")
        });
        let (first, last) = if vanishes { (4, 5) } else { (2, 3) };
        let came = store.batch(vec![put(&store, first, 20), bad, put(&store, last, 30)]).await;
        assert_eq!([&came[0], &came[2]], [&outcome("put"), &outcome("put")]);
        let Err(StoreError::Unexpected(cause)) = &came[1] else { panic!("{came:?}") };
        assert!(
            !vanishes || cause.contains("a row of parcel that was to be changed is not there"),
            "{cause}"
        );
        assert_eq!(runs.load(Ordering::Relaxed), 2, "once in the batch, once alone");
    }
    assert_eq!(store.parcels().await, [(1, 10), (2, 20), (3, 30), (4, 20), (5, 30)]);
    store.finish().await;
}

/// A statement sees what is buffered, of its own command and of those before it; and a refusal after that takes back
/// the command's own rows alone, in the database and in memory.
#[tokio::test]
async fn a_statement_sees_what_is_buffered() {
    let store = TestStore::open().await;
    let engine = store.store.engine();
    let look = |writes_first: bool, own: Option<u128>, refuses: bool, expected: (i64, i64)| {
        let touches = own.map(Parcel::touch).into_iter().collect();
        store.run(touches, async move |tx: &mut Tx| {
            if writes_first {
                let job = tx.book().position(1_000 + i64::from(refuses));
                tx.execute(WRITE_JOB, &params![job, Vec::new()]).await?;
            }
            if let Some(number) = own {
                let weight = tx.object::<Parcel>(id(number))?.map_or(0, |parcel| parcel.weight);
                tx.put(&Parcel::new(number, weight + 1))?;
            }
            expect(seen(tx, engine).await?, expected)?;
            if refuses { Err(no()) } else { done("put") }
        })
    };
    let came = store
        .batch(vec![
            put(&store, 1, 10),
            look(false, None, false, (1, 10)),
            look(false, Some(1), true, (1, 11)),
            look(true, Some(1), true, (1, 11)),
            put(&store, 2, 20),
            look(true, Some(3), true, (3, 31)),
            look(false, Some(3), true, (3, 31)),
            look(false, None, true, (2, 30)),
            put(&store, 2, 21),
            look(false, Some(3), false, (3, 32)),
            look(false, Some(3), false, (3, 33)),
            put(&store, 3, 5),
        ])
        .await;
    let expected = |index: usize| if [2, 3, 5, 6, 7].contains(&index) { refused() } else { outcome("put") };
    assert_eq!(came, (0..came.len()).map(expected).collect::<Vec<_>>());
    assert_eq!(store.parcels().await, [(1, 10), (2, 21), (3, 5)]);
    assert_eq!(store.jobs().await, 0);
    store.finish().await;
}

/// What a direct write makes of rows is what commands see, at once and later in the batch.
#[tokio::test]
async fn a_direct_write_changes_what_is_known() {
    let store = TestStore::open().await;
    put(&store, 1, 10).await.expect("stored");
    let write = |refuses: bool| {
        store.run((1..=3).map(Parcel::touch).collect(), async move |tx: &mut Tx| {
            tx.put(&Parcel::new(2, 20))?;
            expect(tx.execute(ADD, &params![100_i64]).await?, 2)?;
            expect(tx.object::<Parcel>(id(1))?.map(|parcel| parcel.weight), Some(110))?;
            expect(tx.object::<Parcel>(id(2))?.map(|parcel| parcel.weight), Some(120))?;
            tx.execute(DELETE, &params![id(1)]).await?;
            expect(tx.object::<Parcel>(id(1))?, None)?;
            tx.write_set(
                PARCELS.statements()[1],
                vec![params![tx.book(), id(3), "here", 7_i64, Option::<Vec<u8>>::None].to_vec()],
            )
            .await?;
            expect(tx.object::<Parcel>(id(3))?.map(|parcel| parcel.weight), Some(7))?;
            tx.put(&Parcel::new(3, 8))?;
            if refuses { Err(no()) } else { done("written") }
        })
    };
    let look = |expected: [Option<i64>; 3]| {
        store.run((1..=3).map(Parcel::touch).collect(), async move |tx: &mut Tx| {
            let weights =
                (1..=3).map(|number| Ok(tx.object::<Parcel>(id(number))?.map(|parcel| parcel.weight)));
            expect(weights.collect::<Result<Vec<_>, StoreError>>()?, expected.to_vec())?;
            done("looked")
        })
    };
    let stays = [Some(10), None, None];
    let came = store
        .batch(vec![
            write(true),
            look(stays),
            write(true),
            look(stays),
            write(false),
            look([None, Some(120), Some(8)]),
        ])
        .await;
    let (written, looked) = (outcome("written"), outcome("looked"));
    assert_eq!(came, [refused(), looked.clone(), refused(), looked.clone(), written, looked]);
    assert_eq!(store.parcels().await, [(2, 120), (3, 8)]);
    store.finish().await;
}

/// What a refused command wrote directly and then read is not what the next one finds.
#[tokio::test]
async fn what_is_loaded_is_forgotten_with_the_command() {
    let store = TestStore::open().await;
    put(&store, 1, 10).await.expect("stored");
    let write_and_load = store.run(Vec::new(), async move |tx: &mut Tx| {
        expect(tx.execute(ADD, &params![100_i64]).await?, 1)?;
        tx.load(&[Parcel::touch(1)]).await?;
        expect(tx.object::<Parcel>(id(1))?.map(|parcel| parcel.weight), Some(110))?;
        Err(no())
    });
    let load = store.run(Vec::new(), async move |tx: &mut Tx| {
        tx.load(&[Parcel::touch(1)]).await?;
        expect(tx.object::<Parcel>(id(1))?.map(|parcel| parcel.weight), Some(10))?;
        done("loaded")
    });
    assert_eq!(store.batch(vec![write_and_load, load]).await, [refused(), outcome("loaded")]);
    assert_eq!(store.parcels().await, [(1, 10)]);
    store.finish().await;
}

/// A row of an earlier command that cannot be written early is that command's fault, not the reader's.
#[tokio::test]
async fn who_reads_early_is_not_blamed_for_what_cannot_be_written() {
    let store = TestStore::open().await;
    let engine = store.store.engine();
    put(&store, 1, 10).await.expect("stored");
    let bad = store.run(Vec::new(), async |tx: &mut Tx| {
        tx.put(&Parcel::new(1, 99))?;
        done("never")
    });
    let look = store.run(Vec::new(), async move |tx: &mut Tx| {
        expect(seen(tx, engine).await?, (1, 10))?;
        done("looked")
    });
    let came = store.batch(vec![bad, look]).await;
    assert!(came[0].is_err(), "{came:?}");
    assert_eq!(came[1], outcome("looked"));
    assert_eq!(store.parcels().await, [(1, 10)]);
    store.finish().await;
}

/// A reset in the midst of a batch: rows of the old book stay there, and what comes after finds none in the new one.
#[tokio::test]
async fn objects_stay_in_their_book() {
    let store = TestStore::open().await;
    let reset = store.run(vec![Parcel::touch(1)], async |tx: &mut Tx| {
        tx.put(&Parcel::new(1, 11))?;
        let currencies = vec![CurrencyCode::new("eur")];
        tx.succeed_book(NewBook { partner: id(9), partner_secret: None, currencies }).await?;
        done("reset")
    });
    let after = store.run(vec![Parcel::touch(1), Touch::Partner], async |tx: &mut Tx| {
        expect(tx.partner_holder().map(|partner| partner.uuid), Some(id(9)))?;
        expect(tx.object::<Parcel>(id(1))?, None)?;
        tx.put(&Parcel::new(1, 12))?;
        done("after")
    });
    let came = store.batch(vec![put(&store, 1, 10), reset, after]).await;
    assert_eq!(came, [outcome("put"), outcome("reset"), outcome("after")]);
    assert_eq!(store.parcels().await, [(1, 11), (1, 12)]);
    let mut snapshot = store.store.snapshot(store.book).await.expect("the new book");
    assert_eq!(snapshot.objects_at::<Parcel>(&[id(1)]).await, Ok(vec![Parcel::new(1, 12)]));
    drop(snapshot);
    store.finish().await;
}

/// What one command of the random test does.
#[derive(Copy, Clone, Debug)]
enum Step {
    Put(u128, i64),
    Remove(u128),
    Look,
    Add(i64),
    Job,
    Load(u128),
    Refuse,
    Fail,
}

/// Numbers that look random and are the same at each run (Knuth's MMIX constants).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn step(&mut self) -> Step {
        let number = u128::from(self.below(5));
        match self.below(12) {
            0..4 => Step::Put(number, self.below(1_000) as i64),
            4 | 5 => Step::Remove(number),
            6 => Step::Look,
            7 => Step::Add(self.below(100) as i64),
            8 => Step::Job,
            9 => Step::Load(number),
            10 => Step::Refuse,
            _ => Step::Fail,
        }
    }
}

type Model = BTreeMap<u128, i64>;

/// What the parcels are after these steps, and how the command ends.
fn model_of(before: &Model, steps: &[Step]) -> (Model, Option<bool>) {
    let mut model = before.clone();
    for step in steps {
        match step {
            Step::Put(number, weight) => drop(model.insert(*number, *weight)),
            Step::Remove(number) => drop(model.remove(number)),
            Step::Add(more) => model.values_mut().for_each(|weight| *weight += more),
            Step::Refuse => return (before.clone(), Some(false)),
            Step::Fail => return (before.clone(), None),
            Step::Look | Step::Job | Step::Load(_) => {}
        }
    }
    (model, Some(true))
}

async fn carry_out(tx: &mut Tx, steps: &[Step], before: &Model, engine: Engine) -> Result<Answer, Stop> {
    let mut model = before.clone();
    for (index, step) in steps.iter().enumerate() {
        match step {
            Step::Put(number, weight) => tx.put(&Parcel::new(*number, *weight))?,
            Step::Remove(number) if model.contains_key(number) => tx.remove::<Parcel>(id(*number))?,
            Step::Remove(number) => expect(tx.object::<Parcel>(id(*number))?, None)?,
            Step::Look => expect(seen(tx, engine).await?, (model.len() as i64, model.values().sum()))?,
            Step::Add(more) => drop(tx.execute(ADD, &params![*more]).await?),
            Step::Job => drop(tx.put_off_job(tx.book().position(9), None, tx.now()).await?),
            Step::Load(number) => tx.load(&[Parcel::touch(*number)]).await?,
            Step::Refuse => return Err(no()),
            Step::Fail => drop(tx.query(BROKEN, &[]).await?),
        }
        model = model_of(before, &steps[..=index]).0;
        for number in 0..5 {
            let weight = tx.object::<Parcel>(id(number))?.map(|parcel| parcel.weight);
            expect(weight, model.get(&number).copied())?;
        }
    }
    done("kept")
}

#[tokio::test]
async fn batches_of_anything_come_to_what_a_model_says() {
    let store = TestStore::open().await;
    let engine = store.store.engine();
    let (mut numbers, mut model) = (Numbers(17), Model::new());
    for round in 0..150 {
        let (mut commands, mut expected): (Vec<Running<'_>>, Vec<_>) = (Vec::new(), Vec::new());
        for _ in 0..=numbers.below(6) {
            let steps: Vec<Step> = (0..=numbers.below(6)).map(|_| numbers.step()).collect();
            let before = model.clone();
            let (after, ends) = model_of(&before, &steps);
            expected.push((ends, steps.clone()));
            model = after;
            let touches: Vec<Touch> = (0..5).map(Parcel::touch).collect();
            commands.push(
                store.run(touches, async move |tx: &mut Tx| carry_out(tx, &steps, &before, engine).await),
            );
        }
        let came = store.batch(commands).await;
        for (came, (ends, steps)) in came.iter().zip(&expected) {
            let is_right = match ends {
                Some(true) => *came == outcome("kept"),
                Some(false) => *came == refused(),
                None => {
                    matches!(came, Err(StoreError::Unexpected(cause)) if cause.contains("nowhere"))
                }
            };
            assert!(is_right, "round {round}: {came:?} after {steps:?} in {expected:?}");
        }
        let stored: Model = store.parcels().await.into_iter().collect();
        assert_eq!(stored, model, "round {round}: {expected:?}");
    }
    store.finish().await;
}
