//! What erasing a user destroys: with the master key, the vault and all that the database ever held, a backup included,
//! the user's data stay closed.

use crate::seals::{self, literal};
use crate::support::{Database, Setup, TestApp};
use florin_api::kit::book::key_sheets::{erase_again, give_slots, keep_ahead, load, look_for_missing};
use florin_api::kit::book::seal::{Nonce, Seals, Slot};
use std::collections::BTreeSet;

/// How long a wrapped key is, with a slot and without.
const LENGTHS: [usize; 2] = [91, 72];

/// The wrapped key and the sealed profile of a user, as the database has them now.
async fn kept(database: &Database, user: &str) -> (Vec<u8>, Vec<u8>) {
    let of = |column: &str| {
        format!(
            "SELECT {column} FROM holder h JOIN end_user u ON u.holder = h.id WHERE h.handle = '{user}' \
             AND {column} IS NOT NULL"
        )
    };
    let secret = database.bytes(&of("h.secret")).await.pop().expect("a key");
    (secret, database.bytes(&of("u.profile")).await.pop().expect("a profile"))
}

/// Everything on disk that could be a wrapped key: what begins like one with a slot, and what stands where the wrapped
/// keys stood that are known.
fn candidates(on_disk: &[Vec<u8>], known: &[&[u8]]) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    for bytes in on_disk {
        for length in LENGTHS {
            let is_like = |window: &&[u8]| {
                Slot::of_secret(window).is_some_and(|slot| slot.sheet.get_version_num() == 7)
                    || known.contains(window)
            };
            found.extend(bytes.windows(length).filter(is_like).map(<[u8]>::to_vec));
        }
    }
    found
}

fn opens(seals: &Seals, candidates: &BTreeSet<Vec<u8>>, profile: &[u8]) -> usize {
    candidates.iter().filter(|secret| seals.open(secret, profile).is_some()).count()
}

/// The finding: all of 20 erased users could be opened with the master key, on both engines.
#[tokio::test]
async fn nothing_that_was_kept_opens_an_erased_users_data() {
    let mut app = TestApp::start().await;
    let a = app.a();
    for user in ["anna", "bela"] {
        a.create_user(user).await;
    }
    let (key_of_anna, anna) = kept(app.database(), "anna").await;
    let (key_of_bela, bela) = kept(app.database(), "bela").await;
    let known = [&key_of_anna[..], &key_of_bela];
    let backup = app.database().on_disk().await;
    let sheet = std::fs::read_dir(app.files.path().join("keys")).expect("sheets").next();
    let sheet = sheet.expect("a sheet").expect("an entry").path();
    let sheet_before = std::fs::read(&sheet).expect("a sheet");
    assert_eq!(opens(&app.app.seals, &candidates(&backup, &known), &anna), 1, "a backup has what opens it");

    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    // A process that reads all anew from disk.
    app.reopen(Setup::default()).await;
    let mut on_disk = app.database().on_disk().await;
    on_disk.extend(backup);
    let all = candidates(&on_disk, &known);
    assert!(all.contains(&key_of_anna), "the wrapped key stays where it was");
    assert_eq!(opens(&app.app.seals, &all, &anna), 0);
    assert_eq!(opens(&app.app.seals, &all, &bela), 1);

    // A vault that comes back from a backup is overwritten again.
    std::fs::write(&sheet, &sheet_before).expect("a sheet");
    app.reopen(Setup::default()).await;
    assert_eq!(opens(&app.app.seals, &all, &anna), 1, "what a backup of the vault keeps");
    erase_again(&app.app).await.expect("it is overwritten");
    app.reopen(Setup::default()).await;
    assert_eq!((opens(&app.app.seals, &all, &anna), opens(&app.app.seals, &all, &bela)), (0, 1));

    // Nor does a late request that puts the old sheet back, which a running process does not read.
    std::fs::write(&sheet, &sheet_before).expect("a sheet");
    erase_again(&app.app).await.expect("it is overwritten");
    app.reopen(Setup::default()).await;
    assert_eq!((opens(&app.app.seals, &all, &anna), opens(&app.app.seals, &all, &bela)), (0, 1));
    app.finish().await;
}

/// Keeps a user's profile as older versions did: under a key that the master key alone unwraps.
async fn make_old(app: &TestApp, user: &str) -> (Vec<u8>, String) {
    let seals = &app.app.seals;
    let (secret, profile) = kept(app.database(), user).await;
    let text = seals.open(&secret, &profile).expect("a profile");
    let old = seals.new_partner_secret(&*app.app.entropy).expect("a key");
    let profile = seals.seal(&old, Nonce::draw(&*app.app.entropy), &text).expect("a sealed profile");
    let change = format!(
        "UPDATE end_user SET profile = {} WHERE holder = (SELECT id FROM holder WHERE handle = '{user}'); \
         UPDATE holder SET secret = {} WHERE handle = '{user}'",
        literal(&profile),
        literal(&old)
    );
    app.database().tamper(&change).await;
    (profile, text)
}

/// Users of older versions have keys that the master key alone unwraps.
#[tokio::test]
async fn users_of_older_versions_are_given_slots() {
    let mut app = TestApp::start().await;
    let a = app.a();
    for user in ["anna", "bela", "cora"] {
        a.create_user(user).await;
    }
    let (profile, text) = make_old(&app, "anna").await;
    // One that can't be unwrapped holds up nobody, and costs no slot.
    let (cora, _) = kept(app.database(), "cora").await;
    app.database()
        .tamper(&format!("UPDATE holder SET secret = {} WHERE handle = 'cora'", literal(&[1; 72])))
        .await;
    let of_bela = kept(app.database(), "bela").await;
    seals::make_old(&app).await;
    app.reopen(Setup::default()).await;
    // Reserves slots.
    app.a().create_user("dora").await;
    let seals = &app.app.seals;
    let reserved = seals.reserved();
    give_slots(&app.app).await.expect("slots are given");
    assert_eq!(seals.reserved(), reserved - 1);
    let (given, same) = kept(app.database(), "anna").await;
    assert!(Slot::of_secret(&given).is_some());
    assert_eq!((same, seals.open(&given, &profile)), (profile, Some(text)));
    assert_eq!(kept(app.database(), "bela").await, of_bela);
    assert_eq!(kept(app.database(), "cora").await.0, [1; 72]);
    app.database()
        .tamper(&format!("UPDATE holder SET secret = {} WHERE handle = 'cora'", literal(&cora)))
        .await;
    seals::make_old(&app).await;
    app.reopen(Setup::default()).await;
    let (a, seals) = (app.a(), &app.app.seals);
    // From now on the user can be erased like any other.
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    assert!(seals.is_destroyed(&given));
    app.finish().await;
}

/// The finding: after a failover to a replica without the last reservation, two users shared a slot, and erasing one
/// made the other unreadable.
#[tokio::test]
async fn no_slot_is_given_twice() {
    let mut app = TestApp::start().await;
    app.a().create_user("anna").await;
    app.database().tamper("UPDATE key_sheet SET used = 0").await;
    app.reopen(Setup::default()).await;
    let refused =
        app.a().post("/v1/user/balances/crypto-and-fiat", &crate::support::person("bela")).send().await;
    assert_eq!(refused.code(), "P500");
    crate::support::expect_errors(&["P500"]);
    // What else was reserved then is given to nobody.
    assert_eq!(app.app.seals.reserved(), 0);
    app.a().create_user("bela").await;
    let [anna, bela] = [kept(app.database(), "anna").await.0, kept(app.database(), "bela").await.0];
    assert_ne!(Slot::of_secret(&anna), Slot::of_secret(&bela));
    app.a().delete("/v1/user/anna").await.expect(200);
    app.a().run_jobs().await;
    let (secret, profile) = kept(app.database(), "bela").await;
    assert!(app.app.seals.open(&secret, &profile).is_some());
    app.finish().await;
}

/// A sheet that the vault lost costs none of its slots, and holds up nobody.
#[tokio::test]
async fn a_missing_sheet_keeps_its_slots() {
    let mut app = TestApp::start().await;
    app.a().create_user("anna").await;
    let missing = [9; 16];
    let insert = format!("INSERT INTO key_sheet (id, made_at, used) VALUES ({}, 0, 900)", literal(&missing));
    app.database().tamper(&insert).await;
    app.reopen(Setup::default()).await;
    app.a().create_user("bela").await;
    let kept = format!("SELECT id FROM key_sheet WHERE id = {} AND used = 900", literal(&missing));
    assert_eq!(app.database().bytes(&kept).await, [missing]);
    app.finish().await;
}

/// A refused or repeated call takes no slot.
#[tokio::test]
async fn slots_are_for_users_that_are_created() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let before = app.app.seals.reserved();
    for _ in 0..3 {
        let again = crate::support::person("anna");
        a.post("/v1/user/balances/crypto-and-fiat", &again).send().await.is_refused("P411");
    }
    assert_eq!(app.app.seals.reserved(), before);
    // Nor does a key that is used for something else.
    let create =
        |user| a.post("/v1/user/balances/crypto-and-fiat", &crate::support::person(user)).keyed("one");
    create("bela").send().await.expect(201);
    let before = app.app.seals.reserved();
    create("cora").send().await.is_refused("P470");
    assert_eq!(app.app.seals.reserved(), before);
    app.finish().await;
}

/// The finding: with one sheet missing, all were listed and the one was logged every two seconds.
#[tokio::test]
async fn a_missing_sheet_is_noticed_once_and_found_again() {
    let mut app = TestApp::start().await;
    app.a().create_user("anna").await;
    let folder = app.files.path().join("keys");
    let sheet =
        std::fs::read_dir(&folder).expect("sheets").next().expect("a sheet").expect("an entry").path();
    let aside = app.files.path().join("aside");
    std::fs::rename(&sheet, &aside).expect("it is put aside");
    app.reopen(Setup::default()).await;
    let seals = &app.app.seals;
    let missing = seals.missing_sheets();
    assert_eq!(missing.len(), 1);
    // Slots of another sheet are reserved.
    keep_ahead(&app.app).await.expect("sheets are there");
    // It is back, but sheets are not listed again while their number is right.
    std::fs::rename(&aside, &sheet).expect("it is put back");
    keep_ahead(&app.app).await.expect("sheets are there");
    assert_eq!(seals.missing_sheets(), missing);
    assert!(!seals.note_missing(missing[0]), "it is not logged again");
    assert_eq!(look_for_missing(&app.app).await, Ok(false));
    assert!(seals.has_sheet(missing[0]) && seals.missing_sheets().is_empty());
    load(&app.app).await.expect("all are known");
    app.finish().await;
}
