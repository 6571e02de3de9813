//! Payments out, and what the bank says about them.

use super::bank::{entry, ours};
use super::*;
use florin_rails::sepa::files::iso20022::{ReportKind, StatusReason, Transaction, TransactionStatus};
use std::time::Duration;

/// Until after the next cut-off: 15:00 in Berlin, which is 14:00 UTC; the tests begin at 12:00 UTC.
const TO_CUT_OFF: Duration = Duration::from_secs(2 * 3_600);

#[tokio::test]
async fn a_payment_goes_at_the_cut_off_and_is_settled() {
    let (app, a, mut bank) = with_files().await;
    let id = id_of(&outgoing(&a, Some("anna"), "16.02", SETTLES).send().await);
    bank.step().await;
    assert_eq!(bank.names("outbox"), Vec::<String>::new(), "the cut-off has not come");
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    assert_eq!(bank.names("outbox"), ["florin-pain001-000001.xml"]);
    assert_eq!(bank.names("staging"), Vec::<String>::new());
    let files = bank.take();
    assert_eq!(
        (files[0].debtor.iban.as_str(), files[0].debtor.name.as_str()),
        (ACCOUNT, "Florin Payments GmbH")
    );
    assert_eq!(files[0].requested_date.to_string(), "2026-11-23");
    assert!(files[0].message_id.starts_with("FLORIN-") && files[0].message_id.ends_with("-000001"));
    let payment = &files[0].payments[0];
    let expected = (id.replace('-', ""), 1_602, SETTLES, "Ada Lovelace", Some("Rent".to_owned()));
    let remittance = payment.remittance.as_ref().map(|title| title.as_str().to_owned());
    let found = (
        payment.end_to_end_id.clone().expect("an id"),
        payment.cents,
        payment.creditor_iban.as_str(),
        payment.creditor_name.as_str(),
        remittance,
    );
    assert_eq!(found, expected);
    // Nothing goes twice.
    bank.step().await;
    assert_eq!(bank.names("outbox"), Vec::<String>::new());
    assert_eq!(details(&a, &id).await["status"], "PENDING");
    bank.answer(&files[0], &[(&id, TransactionStatus::SettlementInProcess, None)]);
    bank.read().await;
    assert_eq!(details(&a, &id).await["status"], "PENDING");
    bank.book(ReportKind::Notification, &[entry("A", -1_602, ours(1_602, &id))]);
    bank.read().await;
    assert_eq!(details(&a, &id).await["status"], "SUCCESSFUL");
    assert_eq!(a.amount(Some("anna"), "eur").await, "82.98");
    assert_eq!(told(&a).await.len(), 1);
    // The statement of the day tells it again.
    bank.book(ReportKind::Statement, &[entry("A", -1_602, ours(1_602, &id))]);
    bank.read().await;
    assert_eq!(told(&a).await.len(), 1);
    assert_eq!(bank.names("done").len(), 3);
    app.finish().await;
}

#[tokio::test]
async fn payments_are_rejected_and_come_back() {
    let (app, a, mut bank) = with_files().await;
    let [rejected, returned] = [outgoing(&a, Some("anna"), "10", SETTLES), outgoing(&a, None, "20", SETTLES)];
    let [rejected, returned] = [id_of(&rejected.send().await), id_of(&returned.send().await)];
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    let files = bank.take();
    assert_eq!(
        files.iter().map(|file| file.payments.len()).collect::<Vec<_>>(),
        [2],
        "one file for all books"
    );
    bank.answer(&files[0], &[(&rejected, TransactionStatus::Rejected, Some("AC04"))]);
    bank.book(ReportKind::Notification, &[entry("A", -2_000, ours(2_000, &returned))]);
    bank.read().await;
    let error = details(&a, &rejected).await["error"].clone();
    assert_eq!((&error["status"], &error["reason"]), (&json!("REJECTED"), &json!("AC04")));
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    assert_eq!(details(&a, &returned).await["status"], "SUCCESSFUL");
    let back = Transaction { return_reason: Some(StatusReason::code("MD07")), ..ours(2_000, &returned) };
    bank.book(ReportKind::Notification, &[entry("B", 2_000, back.clone())]);
    bank.read().await;
    assert_eq!(details(&a, &returned).await["error"]["reason"], "MD07");
    assert_eq!(a.amount(None, "eur").await, "99.00");
    bank.book(ReportKind::Statement, &[entry("A", -2_000, ours(2_000, &returned)), entry("B", 2_000, back)]);
    bank.read().await;
    assert_eq!(a.amount(None, "eur").await, "99.00");
    app.finish().await;
}

#[tokio::test]
async fn a_file_that_is_rejected_fails_all_its_payments() {
    let (app, a, mut bank) = with_files().await;
    let b = app.b();
    b.fund(None, "50", "eur").await;
    let of_a = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    let of_b = id_of(&outgoing(&b, None, "10", SETTLES).send().await);
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    let files = bank.take();
    assert_eq!(files[0].payments.len(), 2);
    bank.answer_file(&files[0], Some(TransactionStatus::Rejected), Vec::new());
    bank.read().await;
    for (client, id) in [(&a, &of_a), (&b, &of_b)] {
        assert_eq!(details(client, id).await["error"]["reason"], "MS03");
    }
    assert_eq!(b.amount(None, "eur").await, "50.00");
    // The next payments go in a file of the next number.
    id_of(&outgoing(&a, None, "10", SETTLES).send().await);
    app.clock.advance(Duration::from_secs(86_400));
    bank.step().await;
    assert_eq!(bank.names("outbox"), ["florin-pain001-000002.xml"]);
    app.finish().await;
}

#[tokio::test]
async fn a_payment_that_no_file_can_have_fails_alone() {
    let (app, a, mut bank) = with_files().await;
    a.fund(None, "2000000000", "eur").await;
    let large = id_of(&outgoing(&a, None, "1000000000", SETTLES).send().await);
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    assert_eq!(bank.take(), [], "a number is used for nothing");
    let error = details(&a, &large).await["error"].clone();
    assert_eq!((&error["status"], &error["reason"]), (&json!("REJECTED"), &json!("AM02")));
    id_of(&outgoing(&a, None, "10", SETTLES).send().await);
    app.clock.advance(Duration::from_secs(86_400));
    bank.step().await;
    assert_eq!(bank.names("outbox"), ["florin-pain001-000002.xml"]);
    app.finish().await;
}

/// The process ends at each step, and another goes on. The folder ends it: it says no where the step would have been.
#[tokio::test]
async fn a_file_goes_once_wherever_a_process_ends() {
    let (app, a, mut bank) = with_files().await;
    bank.step().await;
    let mut ids = Vec::new();
    for number in 1..=3 {
        ids.push(id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await));
        app.clock.advance(Duration::from_secs(7 * 86_400));
        let name = format!("florin-pain001-{number:06}.xml");
        match number {
            // Gathered, and nothing written.
            1 => {
                let said = bank.step_without("staging").await;
                assert!(said.contains("the folder of SEPA files"), "{said}");
            }
            // Written, and not in the outbox.
            2 => {
                bank.step_without("outbox").await;
                assert_eq!(bank.names("staging").len(), 1);
            }
            // In the outbox, which was not noted; the bank has taken it.
            _ => {
                bank.step_without("outbox").await;
                let staged = bank.names("staging").pop().expect("a staged file");
                let to = bank.path("outbox").join(&name);
                std::fs::rename(bank.path("staging").join(staged), to).expect("a rename");
                assert_eq!(bank.take().len(), 1);
            }
        }
        bank.restart(&app);
        bank.step().await;
        bank.step().await;
        let expected = if number == 3 { Vec::new() } else { vec![name] };
        assert_eq!(bank.names("outbox"), expected);
        for file in bank.take() {
            assert_eq!(file.payments.len(), 1, "what went before does not go again");
        }
        assert_eq!(bank.names("staging"), Vec::<String>::new());
    }
    // All of them are with the bank: each can be settled.
    let entries: Vec<_> = ids.iter().map(|id| entry(&id[..8], -1_000, ours(1_000, id))).collect();
    bank.book(ReportKind::Statement, &entries);
    bank.read().await;
    for id in &ids {
        assert_eq!(details(&a, id).await["status"], "SUCCESSFUL");
    }
    app.finish().await;
}

/// A restored dump does not know what was sent after it was made, and would send it again.
#[tokio::test]
async fn an_older_copy_of_the_database_sends_nothing() {
    let (mut app, a, mut bank) = with_files().await;
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    bank.step().await;
    let copy = app.copy().await;
    let settings = over_files(bank.path("").as_path());
    app.reopen(Setup { settings: settings.clone(), ..Setup::default() }).await;
    bank.restart(&app);
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    assert_eq!(bank.take().len(), 1);
    let mut older = copy;
    older.reopen(Setup { settings, ..Setup::default() }).await;
    older.clock.advance(TO_CUT_OFF);
    let mut work = florin_api::sepa::FileWork::of(&older.app).expect("payments go in files");
    let said = work.step().await.expect_err("it is behind").to_string();
    assert!(said.contains("payment file 1 was sent, and this database does not know it"), "{said}");
    assert_eq!(bank.names("outbox"), Vec::<String>::new());
    assert_eq!(details(&older.a(), &id).await["status"], "PENDING");
    older.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn one_process_at_a_time_works_on_files() {
    let (mut app, a, mut bank) = with_files().await;
    id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    app.clock.advance(TO_CUT_OFF.saturating_sub(Duration::from_secs(10)));
    bank.step().await;
    // A process that ends without a word keeps the others away for some seconds.
    let settings = app.app.settings.clone();
    app.reopen(Setup { settings, ..Setup::default() }).await;
    bank.restart(&app);
    app.clock.advance(Duration::from_secs(10));
    bank.step().await;
    assert_eq!(bank.names("outbox"), Vec::<String>::new());
    app.clock.advance(Duration::from_secs(11));
    bank.step().await;
    assert_eq!(bank.names("outbox").len(), 1);
    app.finish().await;
}
