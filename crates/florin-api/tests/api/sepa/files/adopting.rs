//! A database that was restored from a backup, and payment files that it does not know.

use super::bank::{entry, from, ours};
use super::recalling::{answer, asks, original, shown, standing, with_money};
use super::*;
use crate::seals::literal;
use crate::support::expect_errors;
use florin_api::sepa::{FileWork, SepaOperator};
use florin_rails::sepa::files::iso20022::{RecallOutcome, ReportKind};
use florin_types::Text;
use std::time::Duration;

/// Until after the next cut-off.
const TO_CUT_OFF: Duration = Duration::from_secs(2 * 3_600);

/// A restored copy does not know what was sent after it was made. It sends nothing and reads nothing, until an operator
/// has shown it the file; then what was in that file does not go again.
#[tokio::test]
async fn a_restored_database_sends_nothing_twice() {
    let (mut app, a, mut bank) = with_files().await;
    let sent = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    bank.step().await;
    let mut older = app.copy().await;
    let settings = over_files(bank.path("").as_path());
    app.reopen(Setup { settings: settings.clone(), ..Setup::default() }).await;
    bank.restart(&app).await;
    // It is not in the copy.
    let lost = id_of(&outgoing(&app.a(), None, "20", SETTLES).send().await);
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    assert_eq!(bank.take().len(), 1);
    older.reopen(Setup { settings, ..Setup::default() }).await;
    let b = older.a();
    let new = id_of(&outgoing(&b, Some("anna"), "30", SETTLES).send().await);
    older.clock.advance(Duration::from_secs(7 * 86_400));
    let mut work = FileWork::of(&older.app).expect("payments go in files");
    work.free().await.expect("the database answers");
    let to_anna = iban_of(&b, Some("anna")).await;
    bank.book(
        ReportKind::Notification,
        &[
            entry("A", -1_000, ours(1_000, &sent)),
            entry("B", 100, from("Ada Lovelace", OUTSIDE, &to_anna, 100, "Savings")),
        ],
    );
    for _ in 0..2 {
        let said = work.step().await.expect_err("it is behind").to_string();
        assert!(said.contains("payment file 1 was sent") && said.contains("florin sepa adopt"), "{said}");
    }
    assert_eq!((bank.names("outbox"), bank.names("inbox").len()), (Vec::new(), 1));
    let operator = SepaOperator { app: &older.app, name: Text::parse("olga").expect("a name") };
    let said = operator.adopt(&bank.path("done")).await.expect_err("no file").to_string();
    assert!(said.contains("the folder of SEPA files"), "{said}");
    let file = bank.path("sent").join("florin-pain001-000001.xml");
    let text = std::fs::read_to_string(&file).expect("a copy");
    let foreign = bank.path("foreign.xml");
    std::fs::write(&foreign, text.replace("FLORIN-", "FLORIX-")).expect("a file");
    let said = operator.adopt(&foreign).await.expect_err("another's").to_string();
    assert!(said.contains("none of this installation"), "{said}");
    let adopted = operator.adopt(&file).await.expect("it is adopted");
    assert_eq!((adopted.number, adopted.marked, &adopted.otherwise[..]), (1, 1, &[][..]));
    assert_eq!(adopted.unknown, [(Some(lost.parse().expect("an id")), 2_000)]);
    let said = operator.adopt(&file).await.expect_err("once").to_string();
    assert!(said.contains("payment file 1 is known"), "{said}");
    work.step().await.expect("it goes on");
    work.step().await.expect("it goes on");
    let files = bank.take();
    let ids: Vec<_> =
        files.iter().flat_map(|file| &file.payments).map(|one| one.end_to_end_id.clone()).collect();
    assert_eq!(ids, [Some(new.replace('-', ""))], "and nothing goes twice");
    assert!(files[0].message_id.ends_with("-000002"));
    assert_eq!(details(&b, &sent).await["status"], "SUCCESSFUL");
    let lines = operator.files().await.expect("a list");
    let lines: Vec<_> =
        lines.iter().map(|line| (line.number, line.state, line.payments, line.pending)).collect();
    assert_eq!(lines, [(2, "DONE", 1, 1), (1, "DONE", 2, 0)]);
    older.finish().await;
    app.finish().await;
}

/// Seals transfers that the test has changed, as the platform that has changed them would have.
async fn seal_again(app: &TestApp) {
    let mut tables = florin_api::sealed_tables().iter();
    let table = tables.find(|table| table.name == "sepa_transfer").expect("a table");
    let store = &app.app.store;
    let first = florin_store::params![0_i64, Uuid::nil()];
    for row in store.look(table.read, &first).await.expect("the database answers") {
        let (seal, id) =
            (store.seals().seal(table, &row.0[..table.width]), row.get::<Uuid>(1).expect("an id"));
        let [seal, id] = [&seal[..], id.as_bytes()].map(literal);
        app.database().tamper(&format!("UPDATE sepa_transfer SET seal = {seal} WHERE id = {id}")).await;
    }
}

/// The copy was made while payments were put into the file: what was not in it in the end waits again.
#[tokio::test]
async fn a_copy_made_in_the_middle_of_a_file_is_put_right() {
    let (mut app, a, mut bank) = with_files().await;
    bank.step().await;
    let sent = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    app.clock.advance(TO_CUT_OFF);
    bank.step_without("staging").await;
    let mut older = app.copy().await;
    let settings = over_files(bank.path("").as_path());
    app.reopen(Setup { settings: settings.clone(), ..Setup::default() }).await;
    bank.restart(&app).await;
    bank.step().await;
    bank.take();
    older.reopen(Setup { settings, ..Setup::default() }).await;
    // In the copy another payment gets into the file of this number.
    let other = id_of(&outgoing(&older.a(), Some("anna"), "20", SETTLES).send().await);
    let database = older.database();
    database.tamper("UPDATE sepa_transfer SET state = 'SUBMITTING', file = 1 WHERE state = 'HELD'").await;
    seal_again(&older).await;
    database
        .tamper("UPDATE sepa_file SET payments = payments + 1, amount = amount + 2000 WHERE number = 1")
        .await;
    let mut work = FileWork::of(&older.app).expect("payments go in files");
    work.free().await.expect("the database answers");
    work.step().await.expect_err("it is behind");
    let operator = SepaOperator { app: &older.app, name: Text::parse("olga").expect("a name") };
    let file = bank.path("sent").join("florin-pain001-000001.xml");
    let adopted = operator.adopt(&file).await.expect("it is adopted");
    assert_eq!((adopted.marked, adopted.unknown, adopted.otherwise), (1, Vec::new(), Vec::new()));
    older.clock.advance(Duration::from_secs(7 * 86_400));
    work.step().await.expect("it goes on");
    let files = bank.take();
    let ids: Vec<_> =
        files.iter().flat_map(|file| &file.payments).map(|one| one.end_to_end_id.clone()).collect();
    assert_eq!(ids, [Some(other.replace('-', ""))], "it waited again");
    assert_eq!(details(&older.a(), &sent).await["status"], "PENDING");
    older.finish().await;
    app.finish().await;
}

/// A copy that is restored answers no bank before it knows what was sent, and does not take the opposite answer for its
/// own.
#[tokio::test]
async fn a_restored_database_answers_no_bank_otherwise_than_before() {
    let (mut app, a, mut bank) = with_money().await;
    let asked = original([None, Some("T1")], "2026-11-23");
    bank.put(&asks("R-1", std::slice::from_ref(&asked)));
    bank.read().await;
    let (id, ..) = standing(&a).await.pop().expect("a recall");
    let mut older = app.copy().await;
    let settings = over_files(bank.path("").as_path());
    app.reopen(Setup { settings: settings.clone(), ..Setup::default() }).await;
    bank.restart(&app).await;
    let a = app.a();
    answer(&a, &id, &json!({"decision": "REFUSE"})).await;
    // Another recall that the copy does not have, and a payment file.
    bank.put(&asks("R-2", &[original([None, Some("T2")], "2026-11-23")]));
    bank.read().await;
    let all = standing(&a).await;
    let (other, ..) = all.iter().find(|(other, ..)| *other != id).expect("another recall");
    answer(&a, other, &json!({"decision": "REFUSE"})).await;
    id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    a.run_jobs().await;
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    assert_eq!((bank.take_answers().len(), bank.take().len()), (2, 1));
    older.reopen(Setup { settings, ..Setup::default() }).await;
    let b = older.a();
    answer(&b, &id, &json!({"decision": "ACCEPT"})).await;
    let is = async |sending: &str| {
        older.database().count(&format!("SELECT COUNT(*) FROM sepa_recall WHERE sending = '{sending}'")).await
            == 1
    };
    b.run_jobs().await;
    expect_errors(&["a job failed; it will be tried again"]);
    assert!(is("WAITING").await, "nothing is said before all is known");
    let operator = SepaOperator { app: &older.app, name: Text::parse("olga").expect("a name") };
    let adopted =
        operator.adopt(&bank.path("sent").join("florin-pain001-000001.xml")).await.expect("it is adopted");
    let mut expected = [
        (id.parse().expect("an id"), "was answered RJCR, and is ACCEPTED here".to_owned()),
        (other.parse::<Uuid>().expect("an id"), "was answered RJCR, and is not in this database".to_owned()),
    ];
    expected.sort();
    let mut found = adopted.recalls;
    found.sort();
    assert_eq!(found, expected);
    for _ in 0..2 {
        older.clock.advance(Duration::from_secs(3_600));
        b.run_jobs().await;
        expect_errors(&["a job failed; it will be tried again"]);
        assert!(is("SUBMITTING").await, "the bank has the opposite");
        assert_eq!(bank.take_answers(), []);
    }
    // The bank agrees to have another answer.
    let copy = format!("florin-camt029-{}.xml", id.replace('-', ""));
    std::fs::remove_file(bank.path("sent").join(copy)).expect("a copy");
    older.clock.advance(Duration::from_secs(86_400));
    b.run_jobs().await;
    assert_eq!(shown(&bank.take_answers()), [(asked, RecallOutcome::Accepted, None)]);
    assert!(is("SENT").await);
    older.finish().await;
    app.finish().await;
}
