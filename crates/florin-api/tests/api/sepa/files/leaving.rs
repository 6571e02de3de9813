//! Payments out, and what the bank says about them.

use super::bank::{entry, from, is_valid, ours};
use super::*;
use crate::seals::literal;
use crate::support::expect_errors;
use florin_api::sepa::{FileWork, PaymentOutcome, SepaOperator};
use florin_rails::sepa::Reason;
use florin_rails::sepa::files::iso20022::{
    GroupStatus, PaymentStatus, ReportKind, StatusReason, Transaction, TransactionStatus,
};
use florin_types::Text;
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
    // Another notification tells it again.
    bank.book(ReportKind::Notification, &[entry("A", -1_602, ours(1_602, &id))]);
    bank.read().await;
    assert_eq!(told(&a).await.len(), 1);
    assert_eq!(bank.names("done").len(), 3);
    app.finish().await;
}

#[tokio::test]
async fn a_payment_of_a_user_who_is_suspended_before_the_cut_off_fails() {
    let (app, a, mut bank) = with_files().await;
    let id = id_of(&outgoing(&a, Some("anna"), "16.02", SETTLES).send().await);
    let other = id_of(&outgoing(&a, None, "20", SETTLES).send().await);
    a.call(http::Method::PATCH, "/v1/user/suspend/anna").send().await.expect(200);
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    let files = bank.take();
    let sent: Vec<_> = files[0].payments.iter().map(|one| one.end_to_end_id.clone()).collect();
    assert_eq!((files.len(), sent), (1, vec![Some(other.replace('-', ""))]));
    assert_eq!(details(&a, &id).await["error"]["status"], "USER_SUSPENDED");
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
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
    bank.book(
        ReportKind::Notification,
        &[entry("A", -2_000, ours(2_000, &returned)), entry("B", 2_000, back)],
    );
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
    assert_eq!(bank.take(), [], "there is nothing to send");
    let error = details(&a, &large).await["error"].clone();
    assert_eq!((&error["status"], &error["reason"]), (&json!("REJECTED"), &json!("AM02")));
    id_of(&outgoing(&a, None, "10", SETTLES).send().await);
    app.clock.advance(Duration::from_secs(86_400));
    bank.step().await;
    // No number is used for nothing.
    assert_eq!(bank.names("outbox"), ["florin-pain001-000001.xml"]);
    let files = bank.take();
    // The rejection of that file is none of a payment that was never in it.
    bank.answer_file(&files[0], Some(TransactionStatus::Rejected), Vec::new());
    bank.read().await;
    assert_eq!(details(&a, &large).await["error"]["reason"], "AM02");
    assert_eq!(a.amount(None, "eur").await, "2000000100.00");
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
        bank.restart(&app).await;
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
    bank.book(ReportKind::Notification, &entries);
    bank.read().await;
    for id in &ids {
        assert_eq!(details(&a, id).await["status"], "SUCCESSFUL");
    }
    app.finish().await;
}

#[tokio::test]
async fn one_process_at_a_time_works_on_files() {
    let (mut app, a, mut bank) = with_files().await;
    id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    bank.step().await;
    app.clock.advance(TO_CUT_OFF);
    // The process before this one has ended without a word.
    let settings = app.app.settings.clone();
    app.reopen(Setup { settings, ..Setup::default() }).await;
    bank.start(&app);
    bank.step().await;
    assert_eq!(bank.names("outbox"), Vec::<String>::new());
    // Its lease lapses by the database's clock.
    app.database().tamper("UPDATE sepa_lease SET until = 1").await;
    bank.step().await;
    assert_eq!(bank.names("outbox").len(), 1);
    app.finish().await;
}

/// Two processes that both believe to have the lease: the state of the file's row decides.
#[tokio::test]
async fn two_processes_at_once_put_each_payment_into_one_file() {
    let (app, a, mut bank) = with_files().await;
    let mut other = FileWork::of(&app.app).expect("payments go in files");
    let (mut made, mut got) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        for _ in 0..5 {
            made.push(id_of(&outgoing(&a, None, "1", SETTLES).send().await).replace('-', ""));
        }
        app.clock.advance(Duration::from_secs(7 * 86_400));
        // What one of them cannot do the other has done.
        let (_, _) = tokio::join!(bank.try_step(), other.step());
        bank.step().await;
        for file in bank.take() {
            let ids = file.payments.iter().filter_map(|payment| payment.end_to_end_id.clone());
            got.extend(ids.map(|id| (id, file.message_id.clone())));
        }
    }
    let mut ids: Vec<_> = got.iter().map(|(id, _)| id.clone()).collect();
    ids.sort_unstable();
    made.sort_unstable();
    assert_eq!(ids, made, "each payment is in one file");
    let counted = "SELECT COUNT(*) FROM sepa_file f WHERE f.payments <> (SELECT COUNT(*) FROM sepa_transfer t \
                   WHERE t.file = f.number) OR f.state <> 'DONE'";
    assert_eq!(app.database().count(counted).await, 0);
    app.finish().await;
}

/// A report about a whole file is about its payments that are open, and not about those that it names.
#[tokio::test]
async fn a_status_of_a_file_reaches_only_what_is_open_in_it() {
    let (app, a, mut bank) = with_files().await;
    let [settled, named, open] = [(); 3].map(|()| outgoing(&a, Some("anna"), "10", SETTLES));
    let [settled, named, open] =
        [id_of(&settled.send().await), id_of(&named.send().await), id_of(&open.send().await)];
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    let files = bank.take();
    bank.book(ReportKind::Notification, &[entry("A", -1_000, ours(1_000, &settled))]);
    bank.read().await;
    let group = |payments| GroupStatus {
        original_id: files[0].message_id.clone(),
        status: None,
        reason: None,
        payments,
    };
    let waits = PaymentStatus {
        original_instruction_id: None,
        original_end_to_end_id: ours(1, &named).end_to_end_id,
        status: Some(TransactionStatus::Pending),
        reason: None,
        accepted_at: None,
        account_servicer_reference: None,
    };
    // Two groups, one of which names a payment that is not decided.
    let groups = vec![group(vec![waits]), group(Vec::new())];
    bank.answer_file(&files[0], Some(TransactionStatus::Rejected), groups);
    bank.read().await;
    assert_eq!(details(&a, &settled).await["status"], "SUCCESSFUL");
    assert_eq!(details(&a, &named).await["status"], "PENDING");
    assert_eq!(details(&a, &open).await["status"], "FAILED");
    assert_eq!(a.amount(Some("anna"), "eur").await, "78.00");
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    assert_eq!(operator.refused().await.expect("a list"), []);
    app.finish().await;
}

/// A bank that gets a file twice refuses the second: its payments go on, and their money must not be released.
#[tokio::test]
async fn a_refusal_as_a_duplicate_changes_no_payment() {
    let (app, a, mut bank) = with_files().await;
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    let files = bank.take();
    bank.refuse_file(&files[0], "AM05");
    bank.refuse_file(&files[0], "DU01");
    bank.answer(&files[0], &[(&id, TransactionStatus::Rejected, Some("AM05"))]);
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"; 3]);
    assert_eq!(details(&a, &id).await["status"], "PENDING");
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let refused = operator.refused().await.expect("a list");
    assert!(
        refused.iter().all(|(_, item)| item.reason.as_deref().is_some_and(|why| why.contains("already")))
    );
    assert_eq!(refused.len(), 3);
    bank.book(ReportKind::Notification, &[entry("A", -1_000, ours(1_000, &id))]);
    bank.read().await;
    assert_eq!(details(&a, &id).await["status"], "SUCCESSFUL");
    app.finish().await;
}

/// What cannot be read of one payment, or sent now, holds up neither the others nor the bank's files.
#[tokio::test]
async fn what_fails_holds_up_nothing_else() {
    let (app, a, mut bank) = with_files().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    let broken = id_of(&outgoing(&a, None, "10", SETTLES).send().await);
    let good = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    let row = literal(broken.parse::<Uuid>().expect("an id").as_bytes());
    let change = |by: i64| format!("UPDATE sepa_transfer SET amount = amount + {by} WHERE id = {row}");
    app.database().tamper(&change(1)).await;
    app.clock.advance(TO_CUT_OFF);
    let said = bank.try_step().await.expect_err("one payment").to_string();
    assert!(said.contains("its seal does not fit"), "{said}");
    let files = bank.take();
    assert_eq!(
        files[0].payments.iter().map(|one| one.end_to_end_id.clone()).collect::<Vec<_>>(),
        [Some(good.replace('-', ""))]
    );
    assert_eq!(details(&a, &good).await["status"], "PENDING");
    bank.book(
        ReportKind::Notification,
        &[entry("B", 100, from("Ada Lovelace", OUTSIDE, &to_anna, 100, "Savings"))],
    );
    bank.try_step().await.expect_err("one payment");
    id_of(&outgoing(&a, None, "1", SETTLES).send().await);
    app.clock.advance(Duration::from_secs(7 * 86_400));
    // The outbox is away, and what came is booked.
    bank.step_without("outbox").await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "90.00");
    bank.try_step().await.expect_err("one payment");
    assert_eq!(bank.take().len(), 1);
    app.database().tamper(&change(-1)).await;
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let rejected = PaymentOutcome::Rejected(Reason::new(*b"AC04"));
    // It is in no file, so it can be ended.
    operator
        .end_payment(broken.parse().expect("an id"), rejected)
        .await
        .expect("a command")
        .expect("a payment");
    assert_eq!(details(&a, &broken).await["error"]["reason"], "AC04");
    app.finish().await;
}

/// A row that breaks after its payment was put into a file is left out of it, and a person ends the payment.
#[tokio::test]
async fn a_payment_that_breaks_in_its_file_is_left_out() {
    let (app, a, mut bank) = with_files().await;
    let broken = id_of(&outgoing(&a, None, "10", SETTLES).send().await);
    let good = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    bank.step().await;
    app.clock.advance(TO_CUT_OFF);
    bank.step_without("staging").await;
    let id = broken.parse::<Uuid>().expect("an id");
    let row = literal(id.as_bytes());
    let change = async |what: &str| {
        app.database().tamper(&format!("UPDATE sepa_transfer SET {what} WHERE id = {row}")).await;
    };
    change("amount = amount + 1, state = 'WHAT'").await;
    bank.step().await;
    expect_errors(&["a payment cannot be read and is left out of its file"]);
    // It is said once, and the next file goes.
    bank.step().await;
    let next = id_of(&outgoing(&a, Some("anna"), "20", SETTLES).send().await);
    app.clock.advance(Duration::from_secs(7 * 86_400));
    bank.step().await;
    let files = bank.take();
    let ids: Vec<_> =
        files.iter().flat_map(|file| &file.payments).map(|one| one.end_to_end_id.clone()).collect();
    assert_eq!(ids, [&good, &next].map(|id| Some(id.replace('-', ""))));
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    assert_eq!(operator.left_out().await.expect("a list"), [(1, id)]);
    // What the bank says of the whole file is not about it, though it can be read again.
    change("amount = amount - 1, state = 'SUBMITTING'").await;
    bank.answer_file(&files[0], Some(TransactionStatus::SettledForDebtor), Vec::new());
    bank.read().await;
    let statuses = [details(&a, &good).await, details(&a, &broken).await].map(|all| all["status"].clone());
    assert_eq!(statuses, [json!("SUCCESSFUL"), json!("PENDING")]);
    let lines = operator.files().await.expect("a list");
    let lines: Vec<_> =
        lines.iter().map(|line| (line.number, line.payments, line.amount, line.pending)).collect();
    assert_eq!(lines, [(2, 1, 2_000, 1), (1, 1, 1_000, 0)]);
    let rejected = PaymentOutcome::Rejected(Reason::new(*b"AC04"));
    operator.end_payment(id, rejected).await.expect("a command").expect("a payment");
    assert_eq!(details(&a, &broken).await["error"]["reason"], "AC04");
    assert_eq!(operator.left_out().await.expect("a list"), []);
    app.finish().await;
}

/// A reset ends a book whose payments wait or are with the bank: nothing of it goes out or is heard any more.
#[tokio::test]
async fn a_reset_ends_the_payments_of_its_book() {
    let (app, a, mut bank) = with_files().await;
    let sent = id_of(&outgoing(&a, None, "10", SETTLES).send().await);
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    let files = bank.take();
    id_of(&outgoing(&a, Some("anna"), "20", SETTLES).send().await);
    a.post("/v1/sandbox/reset", &json!({})).send().await.expect(200);
    app.clock.advance(Duration::from_secs(7 * 86_400));
    bank.answer(&files[0], &[(&sent, TransactionStatus::Rejected, Some("AC04"))]);
    bank.read().await;
    assert_eq!(bank.names("outbox"), Vec::<String>::new());
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    assert_eq!(operator.refused().await.expect("a list"), []);
    let lines = operator.files().await.expect("a list");
    assert_eq!(lines.iter().map(|line| (line.number, line.pending)).collect::<Vec<_>>(), [(1, 0)]);
    app.finish().await;
}

/// A disk that is unmounted while the server runs.
#[tokio::test]
async fn a_folder_that_loses_its_mark_is_not_used() {
    let (app, a, mut bank) = with_files().await;
    id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    bank.step().await;
    let mark = bank.path("florin-installation");
    let text = std::fs::read_to_string(&mark).expect("a mark");
    std::fs::remove_file(&mark).expect("it is gone");
    app.clock.advance(TO_CUT_OFF);
    let said = bank.try_step().await.expect_err("no mark").to_string();
    assert!(said.contains("is the disk mounted"), "{said}");
    assert_eq!(bank.names("outbox"), Vec::<String>::new());
    std::fs::write(&mark, text).expect("it is back");
    bank.step().await;
    assert_eq!(bank.names("outbox").len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn files_are_valid_by_the_official_schema() {
    let (app, a, mut bank) = with_files().await;
    for user in [Some("anna"), None] {
        id_of(&outgoing(&a, user, "10", SETTLES).send().await);
    }
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    let path = bank.path("outbox").join("florin-pain001-000001.xml");
    app.finish().await;
    match is_valid("pain.001.001.09", &path) {
        Some(valid) => assert_eq!(valid, Ok(())),
        None => florin_testing::skip("no schema (FLORIN_ISO20022_XSD names its folder), or no xmllint"),
    }
}

/// A payment of the bank before is not known to this one.
#[tokio::test]
async fn what_went_over_another_bank_cannot_be_asked_for() {
    let mut app = TestApp::start().await;
    let a = with_anna(&app).await;
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    a.settle().await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let settings = over_files(folder.path());
    app.reopen(Setup { settings, ..Setup::default() }).await;
    let said =
        app.a().post(&format!("/v1/sepa-transfer/{id}/recall"), &json!({"reason": "DUPL"})).send().await;
    said.is_refused("P473");
    assert!(said.text().contains("it did not go over this bank"), "{}", said.text());
    app.finish().await;
}
