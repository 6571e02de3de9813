//! Processes that die while they decode: the files are decoded by the next one within seconds, and a file over which
//! process after process died is not decoded once more.

use super::{passport, send_passport, status, submit, told};
use crate::support::{Counted, TestApp, expect_errors, options};
use florin_api::kit::app::App;
use florin_api::kit::book::jobs::{carry_out, run_inside, run_lane};
use florin_api::kit::book::registry::book_of;
use florin_api::kit::book::work::Work;
use florin_api::kit::endpoint::family::{Families, Family};
use florin_store::{Answer, BookId, Due, Job, Lane, NewJob, Options, Outcome, Store, Tx};
use florin_types::Entropy;
use florin_vault::Vault;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// How long a dead process's lease lasts.
const LEASE: Duration = Duration::from_secs(15);

/// The one slow job that is due.
async fn slow_job(app: &TestApp) -> Job {
    let due = app.app.store.due_jobs(app.app.wall(), Due::Any).await.expect("jobs can be looked for");
    let slow: Vec<_> = due.into_iter().filter(|job| job.lane == Lane::Slow).collect();
    assert_eq!(slow.len(), 1, "{slow:?}");
    slow.into_iter().next().expect("one")
}

/// Another process leases the job and dies. False: it was leased already.
async fn begin_and_die(app: &TestApp, owner: u8) -> bool {
    let (job, now) = (slow_job(app).await.position, app.app.wall());
    let until = now.saturating_add(LEASE);
    let command = async move |tx: &mut Tx| {
        let is_taken = tx.lease_job(job, [owner; 16], (now, until)).await?;
        Ok(Answer { status: if is_taken { 200 } else { 409 }, body: bytes::Bytes::new() })
    };
    let outcome = app.app.store.door().run(job.book(), None, Vec::new(), command).await.expect("a command");
    matches!(outcome, Outcome::Answered(answer) if answer.status == 200)
}

async fn work(app: &TestApp) {
    run_lane(&app.app, Lane::Slow).await.expect("jobs can be looked for");
}

#[tokio::test]
async fn a_dead_processs_files_are_decoded_when_its_lease_is_over() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    assert!(begin_and_die(&app, 1).await);
    assert!(!begin_and_die(&app, 2).await, "it is leased");
    let before = told(&a, "anna").await;
    app.clock.advance(LEASE - Duration::from_millis(1));
    work(&app).await;
    assert_eq!(told(&a, "anna").await, before, "it is leased still");
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(slow_job(&app).await.open_attempts, 1);
    work(&app).await;
    assert_eq!(told(&a, "anna").await.last().expect("an event"), "kyc_files.status ADDED");
    app.finish().await;
}

#[tokio::test]
async fn files_over_which_three_processes_died_are_unreadable() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    submit(&a, &passport("anna")).await.expect(201);
    for owner in 1..=3 {
        assert!(begin_and_die(&app, owner).await);
        app.clock.advance(LEASE);
    }
    assert_eq!(slow_job(&app).await.open_attempts, 3);
    a.settle().await;
    expect_errors(&["the process died while it decoded a file"; 2]);
    let events = told(&a, "anna").await;
    assert!(events.contains(&"kyc_files.status ERROR".to_owned()), "{events:?}");
    assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "REJECTED_BY_PROVIDER", "DOCUMENT_UNREADABLE"]);
    // Other files are decoded as ever.
    send_passport(&a, "anna").await;
    work(&app).await;
    assert_eq!(told(&a, "anna").await.last().expect("an event"), "kyc_files.status ADDED");
    app.finish().await;
}

/// What ends, with a failure or because the server stops, is no death.
#[tokio::test]
async fn an_attempt_that_ends_is_not_counted() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    let job = slow_job(&app).await.position;
    let (now, owner) = (app.app.wall(), [1; 16]);
    let until = now.saturating_add(LEASE);
    for is_failure in [true, false, true, false] {
        let command = async move |tx: &mut Tx| {
            assert!(tx.lease_job(job, owner, (now, until)).await?, "it is free");
            tx.renew_job(job, owner, until).await?;
            // Nobody else can end it.
            tx.put_off_job(job, Some([2; 16]), until).await?;
            tx.return_job(job, [2; 16]).await?;
            if is_failure {
                tx.put_off_job(job, Some(owner), now).await?;
            } else {
                tx.return_job(job, owner).await?;
            }
            Ok(Answer { status: 200, body: bytes::Bytes::new() })
        };
        app.app.store.door().run(job.book(), None, Vec::new(), command).await.expect("a command");
        assert_eq!(slow_job(&app).await.open_attempts, 0);
    }
    assert_eq!(slow_job(&app).await.attempts, 2);
    assert!(begin_and_die(&app, 3).await);
    app.app.store.free_jobs().await.expect("the leases end");
    work(&app).await;
    assert_eq!(told(&a, "anna").await.last().expect("an event"), "kyc_files.status ADDED");
    app.finish().await;
}

/// Rings when [`ENDLESS`] has begun.
static BEGUN: Notify = Notify::const_new();

/// Rings when the job has begun that asks a node which hangs.
static ASKED: Notify = Notify::const_new();

/// A family with jobs that end only when they are told to, and one that ends at once.
static ENDLESS: Family = Family {
    jobs: &[
        ("endless", |_, _| {
            Box::pin(async {
                BEGUN.notify_one();
                pending().await
            })
        }),
        ("hanging", |_, _| {
            Box::pin(async {
                ASKED.notify_one();
                pending().await
            })
        }),
        ("short", |app, job| Box::pin(carry_out(app, job, Vec::new(), async |_: &mut Work<'_>| Ok(())))),
    ],
    ..Family::EMPTY
};

/// Whether the lease of the slow job ends within this time.
async fn ends_within(app: &TestApp, time: Duration) -> bool {
    let at = app.app.wall().saturating_add(time);
    !app.app.store.due_jobs(at, Due::Free(Lane::Slow)).await.expect("a read").is_empty()
}

/// Lets the time between renewals pass, until the lease was renewed at this moment of the clock.
async fn pass_a_renewal(app: &TestApp, book: BookId) {
    for _ in 0..20 {
        // Only as long as nothing is waited for: time that stands would end the waiting.
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(5)).await;
        tokio::task::yield_now().await;
        tokio::time::resume();
        // The process that renews may not have come to it, or may still wait for the answer to its last renewal.
        for _ in 0..50 {
            if !ends_within(app, LEASE - Duration::from_millis(1)).await {
                return;
            }
            // Commands of a book run one after the other: a renewal that was sent is before this one.
            run_inside(&app.app, book, Vec::new(), async |_: &mut Work<'_>| Ok(())).await.expect("a command");
        }
    }
    panic!("the lease is not renewed");
}

static ONLY_ENDLESS: Families = Families(&[&ENDLESS]);

/// Another process over the same data, which knows the endless job alone.
async fn another_process(app: &TestApp) -> App {
    let entropy: Arc<dyn Entropy> = Arc::new(Counted::new(9));
    let settings = app.app.settings.clone();
    let options = options(app.database().place(), settings.environment, Arc::clone(&entropy));
    let options = Options { clock: app.clock.clone(), ..options };
    let store = Store::open(options).await.expect("the store opens");
    let folder = florin_vault::Place::Folder(app.files.path().to_owned());
    let vault = Vault::open(&folder).await.expect("the vault opens");
    App::new(store, vault, app.clock.clone(), entropy, settings, &ONLY_ENDLESS)
}

#[tokio::test]
async fn a_lease_is_kept_while_the_work_runs_and_given_back_at_a_stop() {
    let app = TestApp::start().await;
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let leave = async |work: &mut Work<'_>| {
        let due = work.now();
        work.enqueue(NewJob { kind: "endless", lane: Lane::Slow, due, payload: Vec::new() });
        Ok(())
    };
    run_inside(&app.app, book, Vec::new(), leave).await.expect("a command");
    let other = another_process(&app).await;
    let at_work = other.clone();
    let working = tokio::spawn(async move { run_lane(&at_work, Lane::Slow).await });
    BEGUN.notified().await;
    // Three times the time of a lease, in which it is renewed.
    for round in 0..3 {
        app.clock.advance(LEASE - Duration::from_secs(1));
        assert!(!ends_within(&app, Duration::ZERO).await, "the lease is kept, round {round}");
        pass_a_renewal(&app, book).await;
    }
    other.stop_waiting();
    working.await.expect("no panic").expect("the job is given back");
    assert!(ends_within(&app, Duration::ZERO).await, "it is free at once");
    let job = slow_job(&app).await;
    assert_eq!((job.attempts, job.open_attempts), (0, 0), "a stop is no attempt");
    other.store.close();
    carry_out(&app.app, &job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await.expect("it is taken away");
    app.finish().await;
}

/// A chain's node that hangs holds up neither banks nor files.
#[tokio::test]
async fn a_lane_that_hangs_holds_up_no_other() {
    let app = TestApp::start().await;
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let leave = async |work: &mut Work<'_>| {
        let due = work.now();
        work.enqueue(NewJob { kind: "hanging", lane: Lane::Chain, due, payload: Vec::new() });
        for lane in [Lane::Rail, Lane::Slow, Lane::Quick] {
            work.enqueue(NewJob { kind: "short", lane, due, payload: Vec::new() });
        }
        Ok(())
    };
    run_inside(&app.app, book, Vec::new(), leave).await.expect("a command");
    let other = another_process(&app).await;
    let at_work = other.clone();
    let hanging = tokio::spawn(async move { run_lane(&at_work, Lane::Chain).await });
    ASKED.notified().await;
    for lane in [Lane::Rail, Lane::Slow, Lane::Quick] {
        run_lane(&other, lane).await.expect("jobs can be looked for");
    }
    other.stop_waiting();
    hanging.await.expect("no panic").expect("the job is given back");
    let left = app.app.store.due_jobs(app.app.wall(), Due::Any).await.expect("a read");
    let left: Vec<_> = left.into_iter().map(|job| (job.kind.clone(), job)).collect();
    assert_eq!(left.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["hanging"]);
    other.store.close();
    carry_out(&app.app, &left[0].1, Vec::new(), async |_: &mut Work<'_>| Ok(())).await.expect("taken away");
    app.finish().await;
}
