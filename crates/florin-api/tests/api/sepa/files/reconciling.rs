//! The statement against the books.

use super::bank::{entry, from, ours, report};
use super::*;
use florin_api::sepa::{Difference, reconcile};
use florin_rails::sepa::files::iso20022::{Entry, ReportKind};
use std::time::Duration;

/// What differs from the newest statement, in words.
async fn differences(app: &TestApp) -> Vec<String> {
    let compared = reconcile(&app.app, None).await.expect("a comparison").expect("a statement");
    compared.differences.iter().map(Difference::to_string).collect()
}

#[tokio::test]
async fn what_both_have_does_not_differ_and_what_one_has_does() {
    let (app, a, mut bank) = with_files().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    app.clock.advance(Duration::from_secs(2 * 3_600));
    bank.step().await;
    assert_eq!(reconcile(&app.app, None).await.expect("a comparison"), None);
    bank.take();
    let paid = entry("A", -1_000, ours(1_000, &id));
    let come = entry("B", 2_500, from("Ada Lovelace", OUTSIDE, &to_anna, 2_500, "Savings"));
    let more = entry("C", 300, from("Ada Lovelace", OUTSIDE, &to_anna, 300, "Savings"));
    bank.book(ReportKind::Notification, &[paid.clone(), come.clone(), more.clone()]);
    bank.read().await;
    bank.book(ReportKind::Statement, &[paid.clone(), come.clone(), more.clone()]);
    bank.read().await;
    assert_eq!(differences(&app).await, Vec::<String>::new());
    // A statement without what the notification told of, from a file.
    let file = bank.path("given.xml");
    let given = async |entries: &[Entry]| {
        std::fs::write(&file, report(ReportKind::Statement, ACCOUNT, "R-9", entries)).expect("a file");
        let compared = reconcile(&app.app, Some(&file)).await.expect("a comparison").expect("a statement");
        compared.differences.iter().map(Difference::to_string).collect::<Vec<_>>()
    };
    let fee = Entry { transactions: Vec::new(), ..entry("D", -50, ours(50, &id)) };
    let expected = [
        "in the statement and not in the book: D50/D, -0.50 eur",
        "other closing balance: in the statement 17.50 eur, in the books 18.00 eur, by -0.50 eur",
    ];
    assert_eq!(given(&[paid.clone(), come.clone(), more.clone(), fee]).await, expected);
    let unknown = entry("E", 100, from("Ada Lovelace", OUTSIDE, &to_anna, 100, "Savings"));
    let expected = [
        "in the statement and not in the book: C100/E, 1.00 eur",
        "other closing balance: in the statement 19.00 eur, in the books 18.00 eur, by 1.00 eur",
    ];
    assert_eq!(given(&[paid, come, more, unknown]).await, expected);
    let wrong = bank.path("wrong.xml");
    std::fs::write(&wrong, "not XML").expect("a file");
    let said = reconcile(&app.app, Some(&wrong)).await.expect_err("it is no statement").to_string();
    assert!(said.contains("wrong.xml: line 1"), "{said}");
    app.finish().await;
}

#[tokio::test]
async fn what_no_statement_has_is_in_the_book_alone() {
    let (app, a, mut bank) = with_files().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    app.clock.advance(Duration::from_secs(2 * 3_600));
    bank.step().await;
    let files = bank.take();
    bank.answer(&files[0], &[(&id, TransactionStatus::SettledForDebtor, None)]);
    let come = |name| entry(name, 2_500, from("Ada Lovelace", OUTSIDE, &to_anna, 2_500, "Savings"));
    // The bank books one of them on the next day.
    let tomorrow = florin_types::Date::parse("2026-11-24").ok().map(|day| (day, None));
    bank.book(ReportKind::Notification, &[come("A"), come("B"), Entry { booked: tomorrow, ..come("C") }]);
    bank.book(ReportKind::Statement, &[come("A")]);
    bank.read().await;
    let expected = [
        "in the book and not in the statement: C2500/B".to_owned(),
        format!("in the book and not in the statement: payment {id}"),
        "other closing balance: in the statement 50.00 eur, in the books 65.00 eur, by -15.00 eur".to_owned(),
    ];
    assert_eq!(differences(&app).await, expected);
    // A debit of another amount than the payment's.
    bank.book(ReportKind::Statement, &[come("A"), come("B"), entry("D", -999, ours(999, &id))]);
    bank.read().await;
    let found = differences(&app).await;
    let expected = "other amount: D999/D, in the statement -9.99 eur, in the book -10.00 eur";
    assert!(found.contains(&expected.to_owned()) && found.len() == 2, "{found:?}");
    app.finish().await;
}
