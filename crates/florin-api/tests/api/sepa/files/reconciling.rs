//! The statement against the books.

use super::bank::{entry, from, ours, report};
use super::*;
use crate::support::expect_errors;
use florin_api::sepa::{Difference, SepaOperator, reconcile};
use florin_rails::sepa::files::iso20022::*;
use florin_types::Text;
use std::time::Duration;

/// What differs from the newest statement, in words.
async fn differences(app: &TestApp) -> Vec<String> {
    let compared = reconcile(&app.app, None).await.expect("a comparison").expect("a statement");
    compared.differences.iter().map(Difference::to_string).collect()
}

/// The id of a booking in a difference.
fn id_in(difference: &str, begin: &str) -> String {
    let id = difference.split([' ', ',']).find(|word| word.starts_with(begin));
    id.unwrap_or_else(|| panic!("{difference} has no {begin}")).to_owned()
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
    let with_fee = [paid.clone(), come.clone(), more.clone(), fee];
    let found = given(&with_fee).await;
    let fee_id = id_in(&found[0], "D50/2026-11-23/D/");
    let expected = [
        format!("in the statement and not in the book: {fee_id}, -0.50 eur"),
        "other closing balance: in the statement 17.50 eur, in the books 18.00 eur, by -0.50 eur".to_owned(),
    ];
    assert_eq!(found, expected);
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let said = operator.book(&fee_id, None).await.expect_err("another statement").to_string();
    assert!(said.contains("no booking with this id"), "{said}");
    operator.book(&fee_id, Some(&file)).await.expect("it is booked");
    let said = operator.book(&fee_id, Some(&file)).await.expect_err("once").to_string();
    assert!(said.contains("was booked"), "{said}");
    assert_eq!(given(&with_fee).await, Vec::<String>::new());
    // A notification was lost: the credit is in the statement alone.
    let lost = entry("E", 100, from("Ada Lovelace", OUTSIDE, &to_anna, 100, "Savings"));
    let with_lost: Vec<_> = with_fee.iter().cloned().chain([lost.clone()]).collect();
    let found = given(&with_lost).await;
    let lost_id = id_in(&found[0], "C100/2026-11-23/E/");
    assert_eq!(
        found[1..],
        ["other closing balance: in the statement 18.50 eur, in the books 17.50 eur, by 1.00 eur"]
    );
    operator.book(&lost_id, Some(&file)).await.expect("it is booked");
    assert_eq!(a.amount(Some("anna"), "eur").await, "118.00");
    assert_eq!(given(&with_lost).await, Vec::<String>::new());
    // The notification comes at last, and says something else of it.
    bank.book(
        ReportKind::Notification,
        &[entry("T9", 100, from("Ada Lovelace", OUTSIDE, &to_anna, 100, "Savings and more"))],
    );
    bank.read().await;
    expect_errors(&["perhaps a repetition"]);
    assert_eq!(a.amount(Some("anna"), "eur").await, "118.00");
    assert_eq!(operator.refused().await.expect("a list").len(), 1);
    let wrong = bank.path("wrong.xml");
    std::fs::write(&wrong, "not XML").expect("a file");
    let said = reconcile(&app.app, Some(&wrong)).await.expect_err("it is no statement").to_string();
    assert!(said.contains("wrong.xml: line 1"), "{said}");
    app.finish().await;
}

/// The fees that other books have earned pay the bank too; and what the bank has taken can be booked whatever it is.
#[tokio::test]
async fn a_fee_of_the_bank_is_paid_by_what_the_house_has_in_all_books() {
    let (app, a, mut bank) = with_files().await;
    let b = app.b();
    b.fund(None, "50", "eur").await;
    let id = id_of(&outgoing(&b, None, "10", SETTLES).send().await);
    app.clock.advance(Duration::from_secs(2 * 3_600));
    bank.step().await;
    bank.take();
    let paid = entry("A", -1_000, ours(1_000, &id));
    bank.book(ReportKind::Notification, std::slice::from_ref(&paid));
    bank.read().await;
    // All that the house has earned is in the other book.
    let own =
        |name: &str, cents: i64| Entry { transactions: Vec::new(), ..entry(name, -cents, ours(cents, &id)) };
    bank.book(ReportKind::Statement, &[paid, own("B", 100), own("C", 25_000)]);
    bank.read().await;
    let found = differences(&app).await;
    let [small, large] = [id_in(&found[0], "D100/"), id_in(&found[1], "D25000/")];
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    operator.book(&small, None).await.expect("it is booked");
    let said = operator.book(&large, None).await.expect_err("it is hardly a fee").to_string();
    assert!(said.contains("250.00 eur are more than the 0.00 eur"), "{said}");
    assert_eq!(differences(&app).await.len(), 2);
    operator.book_any_fee(&large, None).await.expect("it is booked");
    operator.book_any_fee(&large, None).await.expect_err("once");
    assert_eq!(differences(&app).await, Vec::<String>::new());
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    // The bank's files are read on.
    bank.book(
        ReportKind::Notification,
        &[entry("D", 100, from("Ada Lovelace", OUTSIDE, &iban_of(&a, Some("anna")).await, 100, "Savings"))],
    );
    bank.read().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "101.00");
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
    let found = differences(&app).await;
    let only = id_in(&found[0], "C2500/2026-11-23/B/");
    let expected = [
        format!("in the book and not in the statement: {only}"),
        format!("in the book and not in the statement: payment {id}"),
        "other closing balance: in the statement 50.00 eur, in the books 65.00 eur, by -15.00 eur".to_owned(),
    ];
    assert_eq!(found, expected);
    // A debit of another amount than the payment's.
    let file = bank.path("given.xml");
    let entries = [come("A"), come("B"), entry("D", -999, ours(999, &id))];
    std::fs::write(&file, report(ReportKind::Statement, ACCOUNT, "R-9", &entries)).expect("a file");
    let compared = reconcile(&app.app, Some(&file)).await.expect("a comparison").expect("a statement");
    let found: Vec<_> = compared.differences.iter().map(Difference::to_string).collect();
    assert!(found[0].starts_with("other amount: D999/2026-11-23/D/"), "{found:?}");
    assert!(found[0].ends_with("in the statement -9.99 eur, in the book -10.00 eur"), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
    app.finish().await;
}

/// Both kinds of message tell of the same bookings in other words.
#[tokio::test]
async fn a_statement_may_say_the_same_otherwise() {
    let (app, a, mut bank) = with_files().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    let one = |cents, title: &str| from("Ada Lovelace", OUTSIDE, &to_anna, cents, title);
    let named = |name: &str, transaction: Transaction| Transaction {
        account_servicer_reference: Some(name.to_owned()),
        ..transaction
    };
    let batch = Entry {
        cents: 700,
        transactions: vec![named("T5", one(300, "May")), named("T6", one(400, "June"))],
        ..entry("E3", 700, one(700, ""))
    };
    let ids = [
        id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await),
        id_of(&outgoing(&a, None, "20", SETTLES).send().await),
    ];
    app.clock.advance(Duration::from_secs(2 * 3_600));
    bank.step().await;
    let files = bank.take();
    bank.answer_file(&files[0], Some(TransactionStatus::SettledForDebtor), Vec::new());
    bank.book(
        ReportKind::Notification,
        &[
            entry("E1", 100, named("T1", one(100, "Pocket money for the week"))),
            entry("E2", 200, named("T2", one(200, "Rent"))),
            batch.clone(),
            entry("NONREF", 500, one(500, "Savings")),
        ],
    );
    bank.read().await;
    assert_eq!(ids.iter().map(String::len).collect::<Vec<_>>(), [36, 36]);
    let whole =
        |reference: &str, cents| Entry { transactions: Vec::new(), ..entry(reference, cents, one(1, "")) };
    bank.book(
        ReportKind::Statement,
        &[
            // Without the reference of the transaction, and with a title that is cut.
            entry("E1", 100, one(100, "Pocket money")),
            // With another reference.
            entry("Z2", 200, one(200, "Rent")),
            // The sum of a batch, the file of payments as one debit, and a booking of which nothing is said.
            whole("E3", 700),
            whole("Z4", -3_000),
            whole("NONREF", 500),
        ],
    );
    bank.read().await;
    assert_eq!(differences(&app).await, Vec::<String>::new());
    app.finish().await;
}

/// What the house had on the account, pages that have not come, and a statement that is missing.
#[tokio::test]
async fn statements_have_pages_and_follow_each_other() {
    let (mut app, _, mut bank) = with_files().await;
    bank.step().await;
    let day = |text: &str| florin_types::Date::parse(text).expect("a day");
    let write = |name: &str, balances: [Option<i64>; 2], date: &str, page: Option<Page>| {
        let bytes = report(ReportKind::Statement, ACCOUNT, name, &[]);
        let Ok(Document::Statement(mut read)) = read(&bytes, Limits::default()) else {
            panic!("no statement")
        };
        let [opening, closing] = balances.map(|cents| cents.map(|cents| Balance { cents, date: day(date) }));
        for account in &mut read.accounts {
            (account.opening, account.closing, account.page) = (opening, closing, page);
        }
        read.to_xml().expect("a file")
    };
    bank.put(&write("MON", [Some(500), Some(500)], "2026-11-23", None));
    bank.read().await;
    let expected = ["other closing balance: in the statement 5.00 eur, in the books 0.00 eur, by 5.00 eur"];
    assert_eq!(differences(&app).await, expected);
    let mut settings = app.app.settings.clone();
    let rail = settings.sepa.files.as_ref().expect("files").as_ref().clone();
    settings.sepa = florin_api::kit::settings::Sepa::over_files(
        florin_types::IbanSeries::of_no_bank(),
        "Berlin".to_owned(),
        FileRail { own_funds: 500, ..rail },
        None,
    );
    app.reopen(Setup { settings, ..Setup::default() }).await;
    bank.restart(&app).await;
    assert_eq!(differences(&app).await, Vec::<String>::new());
    bank.put(&write("WED", [Some(700), Some(700)], "2026-11-25", None));
    bank.read().await;
    let found = differences(&app).await;
    assert_eq!(found[0], "a statement is missing: MON ends at 5.00 eur, this one begins at 7.00 eur");
    let page = |number, is_last| Some(Page { number, is_last });
    bank.put(&write("THU", [Some(700), None], "2026-11-26", page(1, false)));
    bank.put(&write("THU", [None, Some(500)], "2026-11-26", page(3, true)));
    bank.read().await;
    assert_eq!(differences(&app).await, ["page 2 of the statement has not come"]);
    app.finish().await;
}

/// A bank that books each file as one debit, which names no payment, and reports the payments in pain.002.
#[tokio::test]
async fn a_file_that_is_booked_as_one_debit_is_in_the_statement() {
    let (app, a, mut bank) = with_files().await;
    bank.step().await;
    let mut entries = Vec::new();
    // Two cut-offs of the same day: 08:00 and 12:00 in Berlin.
    for (hours, amount) in [(20, 10), (4, 20)] {
        for _ in 0..2 {
            id_of(&outgoing(&a, Some("anna"), &amount.to_string(), SETTLES).send().await);
        }
        app.clock.advance(Duration::from_secs(hours * 3_600));
        bank.step().await;
        let files = bank.take();
        bank.answer_file(&files[0], Some(TransactionStatus::SettledForDebtor), Vec::new());
        bank.read().await;
        let tomorrow = florin_types::Date::parse("2026-11-24").ok().map(|day| (day, None));
        let sum = -2 * amount * 100;
        let debit = Entry {
            transactions: Vec::new(),
            booked: tomorrow,
            ..entry("NONREF", sum, ours(1, &uuid::Uuid::nil().to_string()))
        };
        entries.push(debit);
    }
    let file = bank.path("given.xml");
    std::fs::write(&file, report(ReportKind::Statement, ACCOUNT, "R-9", &entries)).expect("a file");
    let compared = reconcile(&app.app, Some(&file)).await.expect("a comparison").expect("a statement");
    // The balances of this statement are of the day before.
    assert_eq!(
        compared.differences.iter().filter(|one| !matches!(one, Difference::Closing { .. })).count(),
        0
    );
    app.finish().await;
}
