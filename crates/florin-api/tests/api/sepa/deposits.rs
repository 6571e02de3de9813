//! Payments in.

use super::*;
use florin_api::kyc::Operator;
use florin_api::sepa::{SepaOperator, Shown};
use florin_rails::sepa::Reason;
use florin_types::{ExternalUserId, Text};
use http::Method;

#[tokio::test]
async fn money_under_the_users_name_is_credited() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let iban = iban_of(&a, Some("anna")).await;
    let made = incoming(&a, &iban, "25", "LOVELACE Ada").keyed("k").send().await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    let status = |status: &str| {
        ("iban.status".to_owned(), json!({"externalUserId": "anna", "iban": OUTSIDE, "status": status}))
    };
    let deposit = json!({
        "id": made["depositId"], "externalUserId": "anna", "amount": "25.00", "currency": "eur",
        "senderName": "LOVELACE Ada", "senderIban": OUTSIDE, "title": "Savings", "status": "SUCCESSFUL",
        "createdAt": "2026-11-23T12:00:00.501Z",
    });
    let deposit = ("sepa_deposit".to_owned(), deposit);
    assert_eq!(told(&a).await, [status("PENDING"), status("APPROVED"), deposit]);
    // A known account needs no check, whatever name its bank gives.
    incoming(&a, &iban, "1", "A. LOVELACE").send().await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eur").await, "126.00");
    assert_eq!(told(&a).await.len(), 4);
    let line = &a.history(Some("anna")).await[0];
    assert_eq!(
        (&line["type"], &line["amount"], &line["reference"]),
        (&json!("SEPA_DEPOSIT"), &json!("1.00"), &json!("Savings"))
    );
    assert_eq!(
        line["counterparty"],
        json!({"type": "EXTERNAL", "externalUserId": null, "name": "A. LOVELACE"})
    );
    let contacts = a.get("/v1/sepa-deposit/contacts/anna").await.expect(200);
    let contact = json!({
        "iban": OUTSIDE, "name": "LOVELACE Ada", "status": "APPROVED", "addedAt": "2026-11-23T12:00:00.501Z",
    });
    assert_eq!(contacts, json!({"data": [contact]}));
    // And transfers may go there.
    let id = id_of(&outgoing(&a, Some("anna"), "10", OUTSIDE).send().await);
    a.settle().await;
    assert_eq!(details(&a, &id).await["status"], "SUCCESSFUL");
    app.finish().await;
}

#[tokio::test]
async fn money_under_another_name_goes_back() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let iban = iban_of(&a, Some("anna")).await;
    incoming(&a, &iban, "25", "Charles Babbage").send().await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    let statuses: Vec<_> =
        told(&a).await.into_iter().map(|(kind, payload)| (kind, payload["status"].clone())).collect();
    let status = |status: &str| ("iban.status".to_owned(), json!(status));
    assert_eq!(statuses, [status("PENDING"), status("REJECTED")]);
    assert_eq!(a.delete("/v1/user/anna").await.code(), "P456");
    a.settle().await;
    assert_eq!(told(&a).await.len(), 2, "the way back is the house's");
    assert_eq!(a.get("/v1/sepa-deposit/contacts/anna").await.expect(200), json!({"data": []}));
    app.finish().await;
}

#[tokio::test]
async fn a_name_that_is_nearly_right_waits_for_a_person() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let iban = iban_of(&a, Some("anna")).await;
    let decide = |id: &Value, outcome: &str| {
        let path = format!("/v1/sandbox/sepa/{}", id.as_str().expect("an id"));
        a.post(&path, &json!({"outcome": outcome}))
    };
    let id = incoming(&a, &iban, "25", "Ada Lovelaco").send().await.expect(201)["depositId"].clone();
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    decide(&id, "SETTLE").send().await.is(200, r#"{"message":"SEPA deposit settled"}"#);
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    decide(&id, "SETTLE").send().await.is_invalid("outcome does not fit: the deposit is CREDITED");
    // The account is known from now on.
    assert_eq!(a.get("/v1/sepa-deposit/contacts/anna").await.expect(200)["data"][0]["name"], "Ada Lovelaco");
    let mut other = json!({
        "iban": iban, "amount": "25", "senderName": "Ada Lovelaco", "senderIban": "FR1420041010050500013M02606",
    });
    let waits = a.post("/v1/sandbox/sepa/incoming", &other).send().await.expect(201);
    let id = waits["depositId"].clone();
    decide(&id, "REJECT").send().await.expect(200);
    a.settle().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    decide(&id, "SETTLE").send().await.is_invalid("outcome does not fit: the deposit is REFUNDED");
    other["senderIban"] = json!(OUTSIDE);
    a.post("/v1/sandbox/sepa/incoming", &other).send().await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eur").await, "150.00");
    app.finish().await;
}

#[tokio::test]
async fn money_of_a_suspended_user_is_held_until_the_end_of_it() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let iban = iban_of(&a, Some("anna")).await;
    a.call(Method::PATCH, "/v1/user/suspend/anna").send().await.expect(200);
    incoming(&a, &iban, "25", "Ada Lovelace").send().await.expect(201);
    incoming(&a, &iban, "5", "Ada Lovelace").send().await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    a.call(Method::PATCH, "/v1/user/unsuspend/anna").send().await.expect(200);
    a.run_jobs().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "130.00");
    let deposits = told(&a).await.into_iter().filter(|(kind, _)| kind == "sepa_deposit").count();
    assert_eq!(deposits, 2);
    app.finish().await;
}

#[tokio::test]
async fn money_to_the_partner_is_the_partners_or_the_users_whose_reference_it_has() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let balance = async || a.get("/v1/partner/balances").await.expect(200)["fiatBalances"][0]["iban"].clone();
    assert_eq!(balance().await, Value::Null, "nobody has asked how it is paid");
    let iban = iban_of(&a, None).await;
    assert_eq!(iban_of(&a, None).await, iban, "it stays the same");
    assert_eq!(balance().await, json!(iban));
    incoming(&a, &iban, "7", "Acme Ltd").send().await.expect(201);
    assert_eq!(a.amount(None, "eur").await, "107.00");
    assert_eq!(told(&a).await.pop().expect("an event").1["externalUserId"], Value::Null);
    let info = a.get("/v1/sepa-deposit/info/anna").await.expect(200);
    assert_eq!((&info["swift"], &info["accountHolder"]), (&json!("FLORLT2X"), &json!("Ada Lovelace")));
    let title = format!("for {}, thanks", info["title"].as_str().expect("a title").to_lowercase());
    let body = json!({
        "iban": iban, "amount": "3", "senderName": "Ada Lovelace", "senderIban": OUTSIDE, "title": title,
    });
    a.post("/v1/sandbox/sepa/incoming", &body).send().await.expect(201);
    assert_eq!(
        (a.amount(None, "eur").await, a.amount(Some("anna"), "eur").await),
        ("107.00".into(), "103.00".into())
    );
    // Money to the partner's account makes the account that sent it a contact of the partner.
    assert_eq!(a.get("/v1/partner/sepa-deposit/contacts").await.expect(200)["data"][0]["name"], "Acme Ltd");
    app.finish().await;
}

/// Whoever writes a reference means a user: while nobody can say which, the money is not the partner's.
#[tokio::test]
async fn money_with_a_mistyped_or_unknown_reference_waits_for_a_person() {
    let app = TestApp::start().await;
    let (a, b) = (with_anna(&app).await, app.b());
    b.verified_user("ben").await;
    let reference = async |client: &Client, user: &str| {
        let info = client.get(&format!("/v1/sepa-deposit/info/{user}")).await.expect(200);
        info["title"].as_str().expect("a title").to_owned()
    };
    let (of_anna, of_ben) = (reference(&a, "anna").await, reference(&b, "ben").await);
    let mut mistyped = of_anna.clone();
    let wrong = if mistyped.ends_with('7') { "8" } else { "7" };
    mistyped.replace_range(15.., wrong);
    let iban = iban_of(&a, None).await;
    let both = format!("{of_anna} {}", reference(&a, "anna").await.replace('F', "f"));
    for (title, is_partners) in [
        (mistyped.clone(), false),
        (format!("{} {}", &mistyped[..2], &mistyped[2..]), false),
        (mistyped[..15].to_owned(), false),
        (of_ben, false),
        ("Rent of the flat, January 2026".to_owned(), true),
    ] {
        let before = a.amount(None, "eur").await;
        let body = json!({
            "iban": iban, "amount": "3", "senderName": "Ada Lovelace", "senderIban": OUTSIDE, "title": title,
        });
        a.post("/v1/sandbox/sepa/incoming", &body).send().await.expect(201);
        assert_eq!(a.amount(None, "eur").await != before, is_partners, "{title}");
    }
    // The same reference twice is one.
    let body = json!({
        "iban": iban, "amount": "3", "senderName": "Ada Lovelace", "senderIban": OUTSIDE, "title": both,
    });
    a.post("/v1/sandbox/sepa/incoming", &body).send().await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eur").await, "103.00");
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let waiting = operator.suspense().await.expect("a list");
    let states: Vec<_> = waiting.iter().map(|one| (one.amount, one.state, one.user.as_deref())).collect();
    assert_eq!(states, [(300, "UNMATCHED", None); 4]);
    // A person finds out that one was meant for the partner.
    operator.assign_to_partner(waiting[0].id).await.expect("a command").expect("a deposit");
    assert_eq!(a.amount(None, "eur").await, "106.00");
    let event = told(&a).await.pop().expect("an event");
    assert_eq!((event.0.as_str(), &event.1["externalUserId"]), ("sepa_deposit", &Value::Null));
    assert_eq!(event.1["senderName"], "Ada Lovelace");
    let again = operator.assign_to_partner(waiting[0].id).await.expect_err("it has the money");
    assert_eq!(again.to_string(), "the deposit is CREDITED");
    app.finish().await;
}

#[tokio::test]
async fn money_to_nobody_waits_in_suspense() {
    let app = TestApp::start().await;
    let (a, b) = (with_anna(&app).await, app.b());
    // An account that nobody has, and one of another partner's user.
    let iban = iban_of(&a, Some("anna")).await;
    for (client, iban) in [(&a, OUTSIDE), (&b, iban.as_str())] {
        let made = incoming(client, iban, "25", "Ada Lovelace").send().await.expect(201);
        let path = format!("/v1/sandbox/sepa/{}", made["depositId"].as_str().expect("an id"));
        let answer = client.post(&path, &json!({"outcome": "SETTLE"})).send().await;
        answer.is_invalid("outcome does not fit: nobody knows whose money it is; an operator assigns it");
        client.post(&path, &json!({"outcome": "REJECT"})).send().await.expect(200);
        client.settle().await;
        assert_eq!(told(client).await, []);
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    app.finish().await;
}

#[tokio::test]
async fn an_operator_assigns_money_or_sends_it_back() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    incoming(&a, OUTSIDE, "25", "Ada Lovelace").send().await.expect(201);
    incoming(&a, OUTSIDE, "5", "Ada Lovelace").send().await.expect(201);
    let iban = iban_of(&a, Some("anna")).await;
    incoming(&a, &iban, "3", "Ada Lovelaco").send().await.expect(201);
    let mut waiting = operator.suspense().await.expect("a list");
    // All came at one time, which stands still here.
    waiting.sort_by_key(|one| std::cmp::Reverse(one.amount));
    let states: Vec<_> = waiting.iter().map(|one| (one.amount, one.state, one.user.as_deref())).collect();
    assert_eq!(
        states,
        [(2_500, "UNMATCHED", None), (500, "UNMATCHED", None), (300, "PENDING", Some("anna"))]
    );
    let shown = operator.show(waiting[0].id).await.expect("a read").expect("a deposit");
    let Shown::Deposit(deposit, sender) = shown else { panic!("{shown:?}") };
    assert_eq!(deposit, waiting[0]);
    assert_eq!(
        (sender.name.as_str(), sender.iban.as_str(), sender.to.as_str()),
        ("Ada Lovelace", OUTSIDE, OUTSIDE)
    );
    let anna = ExternalUserId::parse("anna").expect("an id");
    operator.assign(waiting[0].id, &anna).await.expect("a command").expect("a deposit");
    operator.send_back(waiting[1].id, Reason::new(*b"AC01")).await.expect("a command").expect("a deposit");
    operator.approve(waiting[2].id).await.expect("a command").expect("a deposit");
    assert_eq!(a.amount(Some("anna"), "eur").await, "128.00");
    a.settle().await;
    assert_eq!(operator.suspense().await.expect("a list"), []);
    assert_eq!(operator.refused().await.expect("a list"), []);
    assert_eq!(operator.show(uuid::Uuid::nil()).await.expect("a read"), None);
    let again = operator.assign(waiting[0].id, &anna).await;
    assert!(again.is_err_and(|error| error.to_string().contains("the deposit is CREDITED")));
    let audit = Operator { app: &app.app, name: Text::parse("olga").expect("a name") }.audit().await;
    let mut deeds: Vec<_> = audit.expect("a list").into_iter().map(|(_, entry)| entry.action).collect();
    // The rest is of the partners and keys that every test begins with.
    deeds.retain(|action| action.starts_with("sepa."));
    deeds.sort_unstable();
    assert_eq!(deeds, ["sepa.approve", "sepa.assign", "sepa.return", "sepa.show"]);
    app.finish().await;
}
