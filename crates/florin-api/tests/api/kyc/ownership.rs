//! Whose the vault is: a copy of the database on the vault of the original neither writes nor removes its files.

use super::{photo, send_passport, upload};
use crate::support::{Setup, TestApp, expect_errors, person};
use florin_api::kyc::{Marks, Operator, RAISE_INTERVAL, SWEEP_AGE, begin_ownership, own_vault, renew, sweep};
use florin_store::StoreError;
use florin_types::{Text, VaultMark};
use florin_vault::{Check, Identity, ObjectName};
use futures_util::FutureExt;
use std::time::Duration;

/// Two sweeps later.
const LATER: Duration = Duration::from_secs(2 * 60 * 60);

fn operator(app: &TestApp) -> Operator<'_> {
    Operator { app: &app.app, name: Text::parse("olga").expect("a name") }
}

/// Why an application may not write files.
fn closed(app: &TestApp) -> String {
    app.app.vault.closed_to_writing().expect("the vault is closed")
}

/// The minutes pass on a server that runs.
async fn run_on(app: &TestApp, for_long: Duration) {
    app.clock.advance(for_long);
    renew(&app.app).await.expect("the vault is ours");
}

/// The code of a refused creation, which names the mending command in the log.
async fn create_fails(app: &TestApp, user: &str) -> String {
    let sent = app.a().post("/v1/user/balances/crypto-and-fiat", &person(user)).send().await;
    expect_errors(&["florin vault adopt"]);
    sent.code()
}

async fn upload_fails(app: &TestApp, user: &str) {
    let sent = upload(&app.a(), user, &[photo("front_id"), photo("selfie")]).send().await;
    assert_eq!(sent.code(), "P501");
    expect_errors(&["florin vault adopt"]);
}

/// The finding: an older dump on the same bucket swept a third of live's files.
#[tokio::test]
async fn a_restored_dump_sweeps_nothing_and_the_original_goes_on() {
    let mut app = TestApp::start().await;
    app.a().create_user("anna").await;
    send_passport(&app.a(), "anna").await;
    let mut copy = app.copy().await;
    // Live goes on, so that the copy does not know all files.
    app.a().create_user("bela").await;
    send_passport(&app.a(), "bela").await;
    run_on(&app, LATER).await;
    assert_eq!(app.vault_files().len(), 4);

    // The dump is restored now, and its server starts.
    copy.clock.set(app.app.wall());
    copy.reopen(Setup::default()).await;
    assert!(closed(&copy).contains("this database is a copy"), "{}", closed(&copy));
    for age in [SWEEP_AGE, Duration::ZERO] {
        let refused = sweep(&copy.app, age).await.expect_err("the vault is not the copy's");
        assert!(matches!(&refused, StoreError::Unavailable(why) if why.contains("florin vault adopt")));
    }
    renew(&copy.app).await.expect_err("the vault is not the copy's");
    // The original may have given the slots that the copy would give to new users.
    assert_eq!(create_fails(&copy, "cora").await, "P501");
    upload_fails(&copy, "anna").await;
    // Nor is anything removed with a user that only the copy deletes: its erasure waits.
    copy.a().delete("/v1/user/anna").await.expect(200);
    copy.a().run_jobs().await;
    expect_errors(&["florin vault adopt"]);
    copy.database().tamper("DELETE FROM job").await;
    assert_eq!(app.vault_files().len(), 4);
    // What it knows it reads.
    assert_eq!(operator(&copy).check().await.expect("files are read"), (2, Vec::new()));

    run_on(&app, LATER).await;
    assert_eq!(sweep(&app.app, SWEEP_AGE).await.expect("a sweep").removed, 0);
    app.a().create_user("dora").await;
    send_passport(&app.a(), "dora").await;
    assert_eq!(operator(&app).check().await.expect("files are read"), (6, Vec::new()));
    copy.finish().await;
    app.finish().await;
}

/// Before the original has raised the epoch, a copy can't be told from it.
#[tokio::test]
async fn a_copy_of_this_minute_sweeps_nothing_of_the_originals() {
    let mut app = TestApp::start().await;
    run_on(&app, LATER).await;
    let copy = app.copy().await;
    app.a().create_user("anna").await;
    send_passport(&app.a(), "anna").await;
    copy.clock.advance(LATER);
    assert_eq!(copy.app.vault.closed_to_writing(), None);
    assert_eq!(sweep(&copy.app, SWEEP_AGE).await.expect("a sweep").removed, 0);
    run_on(&app, RAISE_INTERVAL).await;
    renew(&copy.app).await.expect_err("the original was faster");
    assert!(closed(&copy).contains("this database is a copy"));
    copy.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn a_vault_is_taken_over_by_command_alone() {
    let mut app = TestApp::start().await;
    app.a().create_user("anna").await;
    send_passport(&app.a(), "anna").await;
    let mut copy = app.copy().await;
    send_passport(&app.a(), "anna").await;
    run_on(&app, LATER).await;
    copy.clock.set(app.app.wall());
    copy.reopen(Setup::default()).await;
    let marks = Marks::read(&copy.app).await.expect("marks");
    let before = marks.vault.expect("a mark").epoch;
    // While the operator reads, the original goes on.
    run_on(&app, RAISE_INTERVAL).await;
    let adopted = operator(&copy).adopt(&marks).await.expect("the vault is taken over");
    assert!(adopted.epoch >= before + 1000, "{adopted:?}");
    assert_eq!(copy.app.vault.closed_to_writing(), None);
    let audit = operator(&copy).audit().await.expect("a list");
    assert_eq!(audit.iter().filter(|(_, entry)| entry.action == "vault.adopt").count(), 2, "{audit:?}");

    // The original is told within a minute.
    app.clock.advance(RAISE_INTERVAL);
    renew(&app.app).await.expect_err("it was taken over");
    upload_fails(&app, "anna").await;
    // Only now do files go that the new owner does not know.
    run_on(&copy, LATER).await;
    assert_eq!(sweep(&copy.app, SWEEP_AGE).await.expect("a sweep").removed, 2);
    copy.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn another_installation_does_not_write() {
    let app = TestApp::start().await;
    let mut other = TestApp::from_nothing(Setup::default()).await;
    other.files = std::sync::Arc::clone(&app.files);
    other.reopen(Setup::default()).await;
    assert!(closed(&other).contains("belongs to installation"), "{}", closed(&other));
    // Its own users' keys are in the vault that it had.
    assert_eq!(create_fails(&other, "anna").await, "P501");
    other.finish().await;
    app.finish().await;
}

/// Takes anything.
struct Anything;

impl Check for Anything {
    type Facts = ();
    type Rejected = ();

    fn push(&mut self, _: &[u8]) -> Result<(), ()> {
        Ok(())
    }

    fn finish(self) -> Result<(), ()> {
        Ok(())
    }
}

/// As a version without marks and sheets leaves a database.
async fn forget_vault(app: &TestApp) {
    let mark = app.app.store.vault_mark().await.expect("a mark");
    let never = VaultMark { epoch: 0, ..mark };
    assert!(app.app.store.raise_vault_mark(&mark, &never).await.expect("a setting"));
    app.database().tamper("DELETE FROM key_sheet").await;
}

/// A vault of an older version has files and no mark.
#[tokio::test]
async fn a_vault_without_a_mark_gets_one_if_all_its_files_are_known() {
    let mut app = TestApp::start().await;
    app.a().create_user("anna").await;
    send_passport(&app.a(), "anna").await;
    let mark = app.files.path().join("installation");
    for unknown in [0, 1] {
        let to = Identity::from_secret(&[1; 32]).recipient();
        for _ in 0..unknown {
            let name = ObjectName::new(app.app.new_id()).expect("a name");
            let deposit = app.app.vault.receive(name, &to, Anything).expect("a deposit");
            deposit.finish().await.expect("a file");
        }
        std::fs::remove_file(&mark).expect("there was a mark");
        forget_vault(&app).await;
        app.clock.advance(LATER);
        app.reopen(Setup::default()).await;
        begin_ownership(&app.app).await.expect("it begins");
        assert!(!mark.exists() && closed(&app).contains("has compared"), "{}", closed(&app));
        // What the server does first in the background.
        let mut work = Box::pin(own_vault(app.app.clone()));
        let is_undecided =
            || app.app.vault.closed_to_writing().is_some_and(|reason| reason.contains("has compared"));
        while is_undecided() {
            assert!((&mut work).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        assert_eq!(mark.exists(), unknown == 0);
        assert_eq!(app.app.vault.closed_to_writing().is_none(), unknown == 0);
    }
    assert!(closed(&app).contains("does not know 1 of its 3 files"), "{}", closed(&app));
    renew(&app.app).await.expect_err("it stays closed");
    assert!(closed(&app).contains("does not know 1 of its 3 files"), "{}", closed(&app));
    app.finish().await;
}

/// The finding: a disk that is not mounted, or a misspelt prefix, was taken for the vault.
#[tokio::test]
async fn an_empty_vault_in_the_place_of_ours_stays_closed() {
    let mut app = TestApp::start().await;
    app.a().create_user("anna").await;
    send_passport(&app.a(), "anna").await;
    let ours =
        std::mem::replace(&mut app.files, std::sync::Arc::new(tempfile::TempDir::new().expect("a folder")));
    app.reopen(Setup::default()).await;
    assert!(closed(&app).contains("is the disk mounted"), "{}", closed(&app));
    assert!(own_vault(app.app.clone()).now_or_never().is_none());
    renew(&app.app).await.expect_err("it stays closed");
    assert_eq!(create_fails(&app, "bela").await, "P501");
    assert!(!app.files.path().join("installation").exists());
    let marks = Marks::read(&app.app).await.expect("marks");
    assert!(marks.needs_sheets && marks.vault.is_none());
    // The disk is mounted.
    app.files = ours;
    app.reopen(Setup::default()).await;
    app.a().create_user("bela").await;
    app.finish().await;
}
