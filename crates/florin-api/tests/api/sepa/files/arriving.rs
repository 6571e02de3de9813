//! Money that comes in by files, and files that are wrong.

use super::bank::{entry, from, report};
use super::recalling::{asks, named, original, standing, with_money};
use super::*;
use crate::support::expect_errors;
use florin_api::sepa::SepaOperator;
use florin_rails::sepa::files::iso20022::{Entry, ReportKind};
use florin_types::Text;

#[tokio::test]
async fn money_is_booked_once_however_often_it_is_told() {
    let (app, a, mut bank) = with_files().await;
    let [to_anna, to_partner] = [iban_of(&a, Some("anna")).await, iban_of(&a, None).await];
    let reference = a.get("/v1/sepa-deposit/info/anna").await.expect(200)["title"].clone();
    let reference = reference.as_str().expect("a reference");
    let entries = [
        entry("A", 2_500, from("Ada Lovelace", OUTSIDE, &to_anna, 2_500, "Savings")),
        entry("B", 700, from("Acme Ltd", OUTSIDE, &to_partner, 700, "Float")),
        entry("C", 300, from("Ada Lovelace", OUTSIDE, ACCOUNT, 300, reference)),
        // The bank's fee.
        Entry { transactions: Vec::new(), ..entry("D", -50, from("", "", "", 50, "")) },
    ];
    bank.step().await;
    // The kind of message that books nothing is read all the same.
    bank.book(ReportKind::Statement, &entries);
    bank.read().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    bank.book(ReportKind::Notification, &entries[..2]);
    bank.read().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    assert_eq!(a.amount(None, "eur").await, "107.00");
    for _ in 0..2 {
        bank.book(ReportKind::Notification, &entries);
        bank.read().await;
        assert_eq!(a.amount(Some("anna"), "eur").await, "128.00");
        assert_eq!(a.amount(None, "eur").await, "107.00");
    }
    assert_eq!(bank.names("aside"), Vec::<String>::new());
    let line = &a.history(Some("anna")).await[0];
    assert_eq!((&line["type"], &line["amount"]), (&json!("SEPA_DEPOSIT"), &json!("3.00")));
    app.finish().await;
}

#[tokio::test]
async fn each_book_gets_its_money_and_nobodys_waits_in_the_one_that_is_named() {
    let (mut app, _, mut bank) = with_files().await;
    let mut settings = app.app.settings.clone();
    settings.sepa.unmatched = Some(app.partners[0]);
    app.reopen(Setup { settings, ..Setup::default() }).await;
    bank.restart(&app).await;
    let b = app.b();
    b.verified_user("bob").await;
    let to_bob = iban_of(&b, Some("bob")).await;
    let of_bob = b.get("/v1/sepa-deposit/info/bob").await.expect(200)["title"].clone();
    bank.step().await;
    bank.book(
        ReportKind::Notification,
        &[
            entry("A", 100, from("Ada Lovelace", OUTSIDE, &to_bob, 100, "hello")),
            entry("B", 200, from("Ada Lovelace", OUTSIDE, ACCOUNT, 200, of_bob.as_str().expect("a title"))),
            entry("C", 400, from("Nobody", OUTSIDE, ACCOUNT, 400, "no reference")),
            entry("D", 800, from("Nobody", "", "LT139999800000000099", 800, "no account of ours")),
        ],
    );
    bank.read().await;
    assert_eq!(b.amount(Some("bob"), "eur").await, "3.00");
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let waiting = operator.suspense().await.expect("a list");
    let mut waiting: Vec<_> = waiting.iter().map(|one| (one.amount, one.state, &*one.partner)).collect();
    waiting.sort_unstable();
    assert_eq!(waiting, [(400, "UNMATCHED", "A"), (800, "UNMATCHED", "A")]);
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_understood_is_set_aside_and_holds_nothing_up() {
    let (app, a, mut bank) = with_files().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    bank.step().await;
    let good = entry("A", 2_500, from("Ada Lovelace", OUTSIDE, &to_anna, 2_500, "Savings"));
    let other = report(ReportKind::Statement, OUTSIDE, "R-0", std::slice::from_ref(&good));
    let text = String::from_utf8(report(ReportKind::Statement, ACCOUNT, "R-1", std::slice::from_ref(&good)));
    let dollars = text.expect("text").replace("Ccy=\"EUR\"", "Ccy=\"USD\"");
    bank.put(b"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>");
    bank.put(b"not XML");
    bank.put(&other);
    bank.put(dollars.as_bytes());
    bank.put(&[0xff, 0xfe, 0, 1]);
    std::os::unix::fs::symlink("/etc/passwd", bank.path("inbox").join("link.xml")).expect("a link");
    std::fs::write(bank.path("inbox").join("half.xml.part"), "<Doc").expect("a file");
    bank.book(ReportKind::Notification, &[good]);
    bank.step().await;
    bank.step().await;
    expect_errors(&["a file of the bank was set aside"; 6]);
    assert_eq!(bank.names("inbox"), ["half.xml.part"]);
    assert_eq!(bank.names("done"), ["0006.xml"]);
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    let reason = |name: &str| {
        std::fs::read_to_string(bank.path("aside").join(format!("{name}.reason.txt"))).expect("a reason")
    };
    assert!(reason("0001.xml").contains("document type"), "{}", reason("0001.xml"));
    assert!(reason("0003.xml").contains("another account"), "{}", reason("0003.xml"));
    assert!(reason("0004.xml").contains("currency"), "{}", reason("0004.xml"));
    assert!(reason("link.xml").contains("no plain file"), "{}", reason("link.xml"));
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_true_waits_for_a_person_and_undoes_nothing() {
    let (app, a, mut bank) = with_files().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    bank.step().await;
    let id = uuid::Uuid::from_u128(9).to_string();
    bank.book(
        ReportKind::Notification,
        &[
            entry("A", 100, from("Ada Lovelace", OUTSIDE, &to_anna, 100, "one")),
            // No payment of ours.
            entry("B", -100, super::bank::ours(100, &id)),
            entry("C", 100, from("Ada Lovelace", OUTSIDE, &to_anna, 100, "two")),
        ],
    );
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    assert_eq!(a.amount(Some("anna"), "eur").await, "102.00");
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let refused = operator.refused().await.expect("a list");
    assert_eq!(refused.len(), 1);
    assert!(refused[0].1.external_id.starts_with("D100/2026-11-23/B/"), "{refused:?}");
    app.finish().await;
}

/// More money than an account can have: the messages around it are booked all the same.
#[tokio::test]
async fn a_message_that_no_book_can_take_undoes_no_other() {
    let (app, a, mut bank) = with_files().await;
    let [to_anna, to_partner] = [iban_of(&a, Some("anna")).await, iban_of(&a, None).await];
    bank.step().await;
    let most = 99_999_999_999_999_999;
    let large = |number| entry(&format!("L{number}"), most, from("Acme", OUTSIDE, &to_partner, most, ""));
    let small = |name| entry(name, 100, from("Ada Lovelace", OUTSIDE, &to_anna, 100, "one"));
    let entries: Vec<_> = [small("A")].into_iter().chain((0..93).map(large)).chain([small("B")]).collect();
    bank.book(ReportKind::Notification, &entries);
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    assert_eq!(a.amount(Some("anna"), "eur").await, "102.00");
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let refused = operator.refused().await.expect("a list");
    assert_eq!(refused.len(), 1);
    assert!(refused[0].1.external_id.starts_with(&format!("C{most}/2026-11-23/L92/")), "{refused:?}");
    app.finish().await;
}

/// The process ends after a file was told to the books and before it is put away.
#[tokio::test]
async fn a_file_that_is_read_again_changes_nothing() {
    let (app, a, mut bank) = with_files().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    bank.step().await;
    bank.book(
        ReportKind::Notification,
        &[entry("A", 2_500, from("Ada Lovelace", OUTSIDE, &to_anna, 2_500, "Savings"))],
    );
    bank.step().await;
    let said = bank.step_without("done").await;
    assert!(said.contains("the folder of SEPA files"), "{said}");
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    bank.restart(&app).await;
    bank.read().await;
    assert_eq!(bank.names("done"), ["0001.xml"]);
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    app.finish().await;
}

/// Banks use words for references, and use a reference again.
#[tokio::test]
async fn what_may_be_a_repetition_waits_and_nothing_is_lost() {
    let (app, a, mut bank) = with_files().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    let one =
        |reference: &str| entry(reference, 100, from("Ada Lovelace", OUTSIDE, &to_anna, 100, "Pocket money"));
    bank.step().await;
    // Two equal ones in one file are two.
    bank.book(ReportKind::Notification, &[one("NONREF"), one("NONREF")]);
    bank.read().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "102.00");
    // Another file has one that is equal: it may be the third, or tell of the first again.
    bank.book(ReportKind::Notification, &[one("NONREF")]);
    let file = std::fs::read(bank.path("inbox").join("0002.xml")).expect("a file");
    bank.read().await;
    // The very file again is known.
    bank.put(&file);
    bank.read().await;
    expect_errors(&["perhaps a repetition"]);
    assert_eq!(a.amount(Some("anna"), "eur").await, "102.00");
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let refused = operator.refused().await.expect("a list");
    assert_eq!(refused.len(), 1, "{refused:?}");
    // A person has asked the bank: it was the third.
    let id = refused[0].1.id.to_string();
    operator.book(&id, None).await.expect("it is booked").expect("a message");
    assert_eq!(a.amount(Some("anna"), "eur").await, "103.00");
    let said = operator.book(&id, None).await.expect_err("once").to_string();
    assert!(said.contains("was dealt with"), "{said}");
    assert_eq!(operator.book(&uuid::Uuid::from_u128(1).to_string(), None).await.expect("a look"), None);
    bank.put(&file);
    bank.read().await;
    // A reference of the bank's own, told again by another file, is known. On another day it is another booking.
    bank.book(ReportKind::Notification, &[one("R1")]);
    bank.book(ReportKind::Notification, &[one("R1")]);
    let tomorrow = florin_types::Date::parse("2026-11-24").ok().map(|day| (day, None));
    bank.book(ReportKind::Notification, &[Entry { booked: tomorrow, ..one("R1") }]);
    bank.read().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "105.00");
    assert_eq!(operator.refused().await.expect("a list"), []);
    app.finish().await;
}

/// The operator changes whose book keeps what is nobody's, and a user its account: what was heard is heard.
#[tokio::test]
async fn a_change_of_routing_books_nothing_twice_and_stops_nothing() {
    let (mut app, _, mut bank) = with_files().await;
    let to_nobody =
        |reference: &str| entry(reference, 400, from("Nobody", OUTSIDE, ACCOUNT, 400, "no reference"));
    bank.step().await;
    bank.book(ReportKind::Notification, &[to_nobody("A"), to_nobody("NONREF")]);
    bank.read().await;
    let mut settings = app.app.settings.clone();
    settings.sepa.unmatched = Some(app.partners[1]);
    app.reopen(Setup { settings, ..Setup::default() }).await;
    bank.restart(&app).await;
    bank.book(ReportKind::Notification, &[to_nobody("A"), to_nobody("NONREF"), to_nobody("B")]);
    bank.step().await;
    bank.read().await;
    expect_errors(&["perhaps a repetition"]);
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let waiting = operator.suspense().await.expect("a list");
    let waiting: Vec<_> = waiting.iter().map(|one| (one.amount, &*one.partner)).collect();
    assert_eq!(waiting, [(400, "A"), (400, "A"), (400, "B")]);
    let refused = operator.refused().await.expect("a list");
    assert_eq!(refused.iter().map(|(partner, _)| &**partner).collect::<Vec<_>>(), ["A"]);
    assert_eq!(bank.names("done").len(), 2);
    app.finish().await;
}

/// Money that its owner's account cannot take is in suspense, and an operator can try again.
#[tokio::test]
async fn money_that_its_owner_cannot_have_waits_in_suspense() {
    let (app, a, mut bank) = with_files().await;
    let to_partner = iban_of(&a, None).await;
    for _ in 0..92 {
        a.fund(None, "999999999999999.99", "eur").await;
    }
    bank.step().await;
    let most = 99_999_999_999_999_999;
    bank.book(ReportKind::Notification, &[entry("A", most, from("Acme", OUTSIDE, &to_partner, most, ""))]);
    bank.read().await;
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let waiting = operator.suspense().await.expect("a list");
    assert_eq!(waiting.iter().map(|one| (one.amount, one.state)).collect::<Vec<_>>(), [(most, "UNMATCHED")]);
    assert_eq!(operator.refused().await.expect("a list"), []);
    app.finish().await;
}

/// A recall does not mean what a book had that a reset has ended.
#[tokio::test]
async fn a_recall_finds_no_money_of_a_book_that_is_gone() {
    let (app, a, mut bank) = with_money().await;
    a.post("/v1/sandbox/reset", &json!({})).send().await.expect(200);
    a.verified_user("anna").await;
    let to_anna = iban_of(&a, Some("anna")).await;
    bank.book(ReportKind::Notification, &[named("Z", &to_anna, [Some("RENT"), Some("T1")])]);
    bank.read().await;
    bank.put(&asks("R-1", &[original([Some("RENT"), Some("T1")], "2026-11-23")]));
    bank.read().await;
    let all = standing(&a).await;
    assert_eq!(all.iter().map(|(_, status, _)| &**status).collect::<Vec<_>>(), ["OPEN"]);
    app.finish().await;
}
