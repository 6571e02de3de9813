//! Money that goes back to its sender, and what can happen to it on the way.

use super::*;
use crate::support::person;
use florin_api::kit::book::registry::book_of;
use florin_api::sepa::{SepaOperator, Shown, Waiting};
use florin_rails::sepa::Reason;
use florin_types::Text;

/// Accounts outside whose bank does not take money back, sends it back again, and says nothing.
const CLOSED: &str = "LT569999800000000004";
const COMES_BACK: &str = "LT779999800000000014";
const HOLDS: &str = "LT129999800000000020";

async fn strangers_money(client: &Client, user: &str, from: &str) {
    let body = json!({
        "iban": iban_of(client, Some(user)).await, "amount": "25", "senderName": "Charles Babbage", "senderIban": from,
    });
    client.post("/v1/sandbox/sepa/incoming", &body).send().await.expect(201);
}

async fn waiting(app: &TestApp) -> Vec<Waiting> {
    operator(app).suspense().await.expect("a list")
}

fn operator(app: &TestApp) -> SepaOperator<'_> {
    SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") }
}

/// A user of another name.
async fn charles(client: &Client) {
    let mut charles = person("charles");
    (charles["firstName"], charles["lastName"]) = (json!("Charles"), json!("Babbage"));
    client.post("/v1/user/balances/crypto-and-fiat", &charles).send().await.expect(201);
    client.approve("charles").await;
    client.settle().await;
}

#[tokio::test]
async fn money_that_cannot_go_back_waits_for_a_person() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (from, state) in [(CLOSED, "STUCK"), (COMES_BACK, "STUCK")] {
        strangers_money(&a, "anna", from).await;
        a.settle().await;
        a.settle().await;
        let waiting = waiting(&app).await;
        let shown: Vec<_> = waiting.iter().map(|one| (one.amount, one.state, one.user.as_deref())).collect();
        assert_eq!(shown, [(2_500, state, Some("anna"))], "{from}");
        let shown = operator(&app).show(waiting[0].id).await.expect("a read").expect("a deposit");
        let Shown::Deposit(deposit, sender) = shown else { panic!("{shown:?}") };
        assert_eq!(deposit.returns.is_some(), from == COMES_BACK);
        assert_eq!((sender.name.as_str(), sender.iban.as_str()), ("Charles Babbage", from));
        assert_eq!(a.delete("/v1/user/anna").await.code(), "P456");
        let anna = florin_types::ExternalUserId::parse("anna").expect("an id");
        operator(&app).assign(waiting[0].id, &anna).await.expect("a command").expect("a deposit");
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "150.00");
    app.finish().await;
}

/// The banks on the way take their charges.
#[tokio::test]
async fn of_money_that_comes_back_only_what_came_can_be_given() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    strangers_money(&a, "anna", HOLDS).await;
    a.settle().await;
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let ids = app.database().bytes("SELECT id FROM sepa_transfer WHERE refunds IS NOT NULL").await;
    let refund = Uuid::from_slice(&ids[0]).expect("an id");
    say(&app.app, book, "1", (refund, Status::Settled)).await;
    say(&app.app, book, "2", (refund, Status::Returned(2_000, Reason::new(*b"AC04")))).await;
    let shown: Vec<_> = waiting(&app).await.iter().map(|one| (one.amount, one.state)).collect();
    assert_eq!(shown, [(2_000, "STUCK")]);
    app.finish().await;
}

#[tokio::test]
async fn what_a_user_of_ours_may_not_have_comes_back() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    open_the_loop(&app).await;
    charles(&a).await;
    app.b().verified_user("ben").await;
    let strangers = [iban_of(&a, Some("charles")).await, iban_of(&app.b(), Some("ben")).await];
    for (iban, reason) in strangers.iter().zip(["MS03", "AC01"]) {
        let body = json!({
            "amount": "10", "currency": "eur", "destinationIban": iban, "transferTitle": "Rent",
            "receiverType": "LEGAL", "companyName": "Somebody", "sourceExternalUserId": "anna",
        });
        let id = id_of(&a.post("/v1/sepa-transfer", &body).send().await);
        a.settle().await;
        let shown = details(&a, &id).await;
        assert_eq!((&shown["status"], &shown["error"]["reason"]), (&json!("FAILED"), &json!(reason)));
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "98.00", "two fees");
    assert_eq!(a.amount(Some("charles"), "eur").await, "0.00");
    assert_eq!(app.b().amount(Some("ben"), "eur").await, "0.00");
    app.finish().await;
}

#[tokio::test]
async fn a_return_to_a_suspended_user_is_held_and_told_of_when_it_is_credited() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let id = id_of(&outgoing(&a, Some("anna"), "10", COMES_BACK).send().await);
    a.settle().await;
    a.call(http::Method::PATCH, "/v1/user/suspend/anna").send().await.expect(200);
    a.settle().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "89.00");
    assert_eq!(details(&a, &id).await["error"]["status"], "RETURNED");
    a.call(http::Method::PATCH, "/v1/user/unsuspend/anna").send().await.expect(200);
    a.run_jobs().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "99.00");
    assert_eq!(told(&a).await.pop().expect("an event").0, "sepa_deposit");
    app.finish().await;
}

/// Nothing about people is in clear, and what is kept about a user goes with it.
#[tokio::test]
async fn names_and_accounts_are_sealed_and_erased() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    incoming(&a, &iban_of(&a, Some("anna")).await, "25", "Ada Lovelace").send().await.expect(201);
    strangers_money(&a, "anna", "FR1420041010050500013M02606").await;
    id_of(&outgoing(&a, Some("anna"), "10", OUTSIDE).send().await);
    a.settle().await;
    for bytes in app.database().on_disk().await {
        for text in ["Babbage", OUTSIDE, "FR1420041010050500013M02606", "Savings"] {
            let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{text} is in clear");
        }
    }
    a.pay(Some("anna"), None, &a.amount(Some("anna"), "eur").await).await;
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    for sql in [
        "SELECT COUNT(*) FROM sepa_transfer WHERE sealed IS NOT NULL",
        "SELECT COUNT(*) FROM sepa_deposit WHERE sealed IS NOT NULL",
        "SELECT COUNT(*) FROM sepa_contact",
        "SELECT COUNT(*) FROM inbox WHERE sealed IS NOT NULL",
    ] {
        assert_eq!(app.database().count(sql).await, 0, "{sql}");
    }
    app.finish().await;
}

/// Whatever a person decides about a payment between two users of ours, its money is there once.
#[tokio::test]
async fn a_payment_within_is_never_doubled() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    open_the_loop(&app).await;
    a.verified_user("ben").await;
    let iban = iban_of(&a, Some("ben")).await;
    let pay = async || {
        let body = json!({
            "amount": "10", "currency": "eur", "destinationIban": iban, "transferTitle": "Rent",
            "receiverType": "LEGAL", "companyName": "Somebody", "sourceExternalUserId": "anna",
        });
        id_of(&a.post("/v1/sepa-transfer", &body).send().await)
    };
    let decide = |id: &str| a.post(&format!("/v1/sandbox/sepa/{id}"), &json!({"outcome": "RETURN"}));
    // Before it comes in, after it has, and while its payee is suspended.
    let id = pay().await;
    a.run_jobs().await;
    decide(&id).send().await.expect(200);
    a.settle().await;
    assert_eq!(
        (a.amount(Some("anna"), "eur").await, a.amount(Some("ben"), "eur").await),
        ("99.00".into(), "0.00".into())
    );
    let id = pay().await;
    a.settle().await;
    decide(&id).send().await.is_invalid("outcome does not fit: it went to an account of yours, which has it");
    assert_eq!(
        (a.amount(Some("anna"), "eur").await, a.amount(Some("ben"), "eur").await),
        ("88.00".into(), "10.00".into())
    );
    a.call(http::Method::PATCH, "/v1/user/suspend/ben").send().await.expect(200);
    // Nor by asking for it.
    let recall = a.post(&format!("/v1/sepa-transfer/{id}/recall"), &json!({"reason": "DUPL"}));
    let refused = recall.send().await;
    assert_eq!(refused.code(), "P473");
    assert!(refused.text().contains("it went to an account of yours, which has it"), "{}", refused.text());
    pay().await;
    a.settle().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "87.00", "it came back");
    app.finish().await;
}
