//! What banks say in any order, twice, or wrongly.

use super::*;
use crate::support::expect_errors;
use florin_api::kit::book::registry::book_of;
use florin_api::sepa::{SepaOperator, Shown};
use florin_rails::sepa::Reason;
use florin_types::Text;

/// An account whose bank says nothing by itself.
pub(super) const HOLDS: &str = "LT129999800000000020";

const WHY: Reason = Reason::new(*b"AC04");

/// A transfer of 10 EUR that was handed over.
async fn handed_over(a: &Client) -> Uuid {
    let id = id_of(&outgoing(a, Some("anna"), "10", HOLDS).send().await);
    a.run_jobs().await;
    id.parse().expect("an id")
}

/// Every order of these messages, each of them twice, ends in the same status and balance.
#[tokio::test]
async fn messages_may_overtake_each_other_and_come_twice() {
    let (accepted, settled, rejected, returned) =
        (Status::Accepted, Status::Settled, Status::Rejected(WHY), Status::Returned(1_000, WHY));
    // What the bank says, the status at the end, and what of 100 EUR is left.
    let cases: [(&[Status], &str, &str); 7] = [
        (&[accepted, settled], "SUCCESSFUL", "89.00"),
        (&[settled, accepted], "SUCCESSFUL", "89.00"),
        (&[accepted, rejected], "FAILED", "100.00"),
        (&[rejected, accepted], "FAILED", "100.00"),
        (&[accepted, settled, returned], "FAILED", "99.00"),
        (&[returned, accepted, settled], "FAILED", "99.00"),
        (&[settled, returned, accepted], "FAILED", "99.00"),
    ];
    let app = TestApp::start().await;
    for (number, (says, status, left)) in cases.into_iter().enumerate() {
        let a = app.a();
        let user = format!("anna-{number}");
        a.verified_user(&user).await;
        a.fund(Some(&user), "100", "eur").await;
        let id = id_of(&outgoing(&a, Some(&user), "10", HOLDS).send().await);
        a.run_jobs().await;
        let payment: Uuid = id.parse().expect("an id");
        let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
        for _ in 0..2 {
            for (index, said) in says.iter().enumerate() {
                say(&app.app, book, &format!("{id}-{index}"), (payment, *said)).await;
            }
        }
        assert_eq!(details(&a, &id).await["status"], status, "{says:?}");
        assert_eq!(a.amount(Some(&user), "eur").await, left, "{says:?}");
        let expected = if status == "FAILED" && left == "99.00" { 2 } else { 1 };
        let events = told(&a).await.into_iter().filter(|(_, payload)| payload["id"] == id.as_str()).count();
        assert_eq!(events, expected, "{says:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_true_is_kept_for_a_person() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let payment = handed_over(&a).await;
    say(&app.app, book, "1", (payment, Status::Rejected(WHY))).await;
    // Nobody knows this one.
    say(&app.app, book, "3", (Uuid::nil(), Status::Settled)).await;
    // Rejected after it was settled: the money comes back by a booking of its own, or not at all.
    let settled = handed_over(&a).await;
    say(&app.app, book, "6", (settled, Status::Settled)).await;
    say(&app.app, book, "7", (settled, Status::Rejected(WHY))).await;
    assert_eq!(details(&a, &settled.to_string()).await["status"], "SUCCESSFUL");
    // More than was sent comes back.
    let other = handed_over(&a).await;
    say(&app.app, book, "4", (other, Status::Settled)).await;
    say(&app.app, book, "5", (other, Status::Returned(1_001, WHY))).await;
    expect_errors(&["a message of the bank was refused and waits for a person"; 3]);
    assert_eq!(a.amount(Some("anna"), "eur").await, "78.00");
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let refused = operator.refused().await.expect("a list");
    let mut why: Vec<_> =
        refused.iter().map(|(_, item)| (item.external_id.as_str(), item.reason.as_deref())).collect();
    why.sort_unstable();
    let expected = [
        ("3", Some("no payment has this id")),
        ("5", Some("more came back than was sent, or nothing")),
        ("7", Some("it was settled: money that comes back is booked as a return")),
    ];
    assert_eq!(why, expected);
    // Said again, it is not new. The money is there all the same: it waits for a person.
    say(&app.app, book, "5", (other, Status::Returned(1_001, WHY))).await;
    let waiting = operator.suspense().await.expect("a list");
    assert_eq!(waiting.iter().map(|one| (one.amount, one.state)).collect::<Vec<_>>(), [(1_001, "UNMATCHED")]);
    for (partner, item) in &refused {
        // A person sees what the bank said.
        let shown = operator.show(item.id).await.expect("a read").expect("a message");
        let Shown::Message(of, found, Some(content)) = shown else { panic!("{shown:?}") };
        assert_eq!((&of, &found, &content["id"]), (partner, item, &json!(item.external_id)));
        let payment = match &*item.external_id {
            "3" => Uuid::nil(),
            "5" => other,
            _ => settled,
        };
        assert_eq!(content["message"]["Payment"][0], payment.to_string());
        operator.done(item.id).await.expect("a command").expect("a message");
    }
    assert_eq!(operator.refused().await.expect("a list"), []);
    assert_eq!(operator.done(refused[0].1.id).await.expect("a command"), None);
    app.finish().await;
}

/// Banks may send money back in parts, or keep charges of it: each part is credited, and is told as what it is.
#[tokio::test]
async fn money_may_come_back_in_parts() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let payment = handed_over(&a).await;
    say(&app.app, book, "1", (payment, Status::Settled)).await;
    let error = |returned: &str, description: &str| {
        let description = format!("{description}: the account is closed (AC04)");
        json!({"description": description, "status": "RETURNED", "reason": "AC04", "returnedAmount": returned})
    };
    let part = error("4.00", "The payee's bank sent 4.00 of 10.00 EUR back");
    let whole = error("10.00", "The payee's bank sent the money back");
    for (id, cents, left, error) in [("2", 400, "93.00", &part), ("3", 600, "99.00", &whole)] {
        for _ in 0..2 {
            say(&app.app, book, id, (payment, Status::Returned(cents, WHY))).await;
        }
        assert_eq!(a.amount(Some("anna"), "eur").await, left);
        let shown = details(&a, &payment.to_string()).await;
        assert_eq!((&shown["status"], &shown["error"]), (&json!("FAILED"), error));
    }
    // What was said of the first part stays as it was.
    let events: Vec<_> = told(&a).await.into_iter().map(|(_, payload)| payload["error"].clone()).collect();
    assert_eq!(events, [Value::Null, part, whole]);
    let lines = a.history(Some("anna")).await;
    let back: Vec<_> =
        lines.iter().filter(|line| line["type"] == "REFUND").map(|line| &line["amount"]).collect();
    assert_eq!(back, [&json!("6.00"), &json!("4.00")]);
    // More than was sent is not the user's without a person.
    say(&app.app, book, "4", (payment, Status::Returned(1, WHY))).await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    assert_eq!(a.amount(Some("anna"), "eur").await, "99.00");
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let waiting = operator.suspense().await.expect("a list");
    let shown: Vec<_> = waiting.iter().map(|one| (one.amount, one.state, one.returns)).collect();
    assert_eq!(shown, [(1, "UNMATCHED", Some(payment))]);
    app.finish().await;
}

/// A bank that takes its rejection back: the payee has the money, so the payer owes it.
#[tokio::test]
async fn what_was_paid_after_all_is_owed() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let payment = handed_over(&a).await;
    say(&app.app, book, "1", (payment, Status::Rejected(WHY))).await;
    a.pay(Some("anna"), None, "95").await;
    say(&app.app, book, "2", (payment, Status::Settled)).await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "0.00");
    let shown = details(&a, &payment.to_string()).await;
    assert_eq!((&shown["status"], &shown["fee"]), (&json!("SUCCESSFUL"), &json!(0)));
    assert_eq!(a.delete("/v1/user/anna").await.code(), "P456", "five euros are owed");
    // What was told before stays as it was.
    let first = told(&a).await.remove(0).1;
    assert_eq!((&first["status"], &first["error"]["status"]), (&json!("FAILED"), &json!("REJECTED")));
    // What comes in pays the debt first; and so does what comes back.
    incoming(&a, &iban_of(&a, Some("anna")).await, "2", "Ada Lovelace").send().await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eur").await, "0.00");
    say(&app.app, book, "3", (payment, Status::Returned(1_000, WHY))).await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "7.00");
    a.pay(Some("anna"), None, "7").await;
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    app.finish().await;
}
