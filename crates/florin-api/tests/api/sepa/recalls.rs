//! Money that is asked back: other banks' recalls, and the partner's own.

use super::*;
use florin_api::kit::book::registry::book_of;
use florin_api::sepa::SepaOperator;
use florin_rails::sepa::{Credit, MagicAccount, Reason, RecallOutcome, RecallRequest};
use florin_types::Text;
use std::time::Duration;

/// The account of the made-up bank whose payments are recalled so.
fn magic(recall: RecallOutcome) -> String {
    let found = MagicAccount::ALL.into_iter().find(|account| account.recall == recall);
    found.expect("an account").iban().into_string()
}

/// A deposit of 25 EUR for anna, credited.
async fn deposit(client: &Client) -> String {
    let iban = iban_of(client, Some("anna")).await;
    deposit_of(incoming(client, &iban, "25", "Ada Lovelace")).await
}

async fn deposit_of(call: Call) -> String {
    call.send().await.expect(201)["depositId"].as_str().expect("an id").to_owned()
}

/// Another bank asks for a deposit back.
async fn ask(client: &Client, deposit: &str) -> String {
    let body = json!({"depositId": deposit, "reason": "FRAD", "text": "The customer was deceived"});
    let made = client.post("/v1/sandbox/sepa/recalls", &body).send().await.expect(201);
    made["recallId"].as_str().expect("an id").to_owned()
}

fn answer(client: &Client, recall: &str, body: &Value) -> Call {
    client.post(&format!("/v1/sepa-recall/{recall}/answer"), body)
}

async fn shown(client: &Client, recall: &str) -> Value {
    client.get(&format!("/v1/sepa-recall/details/{recall}")).await.expect(200)
}

async fn standing(client: &Client, recall: &str) -> (String, Option<String>) {
    let shown = shown(client, recall).await;
    (shown["status"].as_str().expect("a word").to_owned(), shown["answer"].as_str().map(str::to_owned))
}

fn stands(status: &str, answer: Option<&str>) -> (String, Option<String>) {
    (status.to_owned(), answer.map(str::to_owned))
}

async fn state_of_deposit(app: &TestApp) -> String {
    let states = ["CREDITED", "RETURNING", "REFUNDED", "STUCK", "UNMATCHED", "PENDING", "HELD"];
    for state in states {
        let sql = format!("SELECT COUNT(*) FROM sepa_deposit WHERE state = '{state}' AND recall IS NOT NULL");
        if app.database().count(&sql).await > 0 {
            return state.to_owned();
        }
    }
    panic!("no deposit is recalled");
}

#[tokio::test]
async fn a_deposit_that_is_asked_for_goes_back() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let deposit = deposit(&a).await;
    let id = ask(&a, &deposit).await;
    let expected = json!({
        "id": id, "direction": "INCOMING", "status": "OPEN", "depositId": deposit, "transferId": null,
        "externalUserId": "anna", "amount": "25.00", "currency": "eur", "reason": "FRAD",
        "text": "The customer was deceived", "answer": null, "answerBy": "2026-12-14T17:00:00.000Z",
        "createdAt": "2026-11-23T12:00:00.501Z",
    });
    assert_eq!(shown(&a, &id).await, expected);
    let first = told(&a).await.pop().expect("an event");
    assert_eq!(first, ("sepa_recall".to_owned(), expected.clone()));
    let page = a.get("/v1/sepa-recalls").await.expect(200);
    assert_eq!(page, json!({"data": [expected], "nextCursor": null}));
    assert_eq!(a.delete("/v1/user/anna").await.code(), "P456");
    // Asked again, it is the same recall.
    assert_eq!(ask(&a, &deposit).await, id);
    answer(&a, &id, &json!({"decision": "ACCEPT", "reason": "CUST"}))
        .send()
        .await
        .is_invalid("reason goes with REFUSE");
    let accept = json!({"decision": "ACCEPT"});
    answer(&a, &id, &accept).send().await.is(200, r#"{"message":"SEPA recall accepted"}"#);
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    assert_eq!(standing(&a, &id).await, stands("ACCEPTED", None));
    assert_eq!(told(&a).await.pop().expect("an event").1["status"], "ACCEPTED");
    let line = &a.history(Some("anna")).await[0];
    assert_eq!(
        (&line["type"], &line["status"], &line["amount"], &line["id"]),
        (&json!("REFUND"), &json!("SUCCESSFUL"), &json!("-25.00"), &json!(id))
    );
    answer(&a, &id, &accept).send().await.is_refused("P473");
    assert_eq!(state_of_deposit(&app).await, "RETURNING");
    a.settle().await;
    assert_eq!(state_of_deposit(&app).await, "REFUNDED");
    // It cannot go back twice.
    let again = ask(&a, &deposit).await;
    assert_eq!(standing(&a, &again).await, stands("REFUSED", Some("ARDT")));
    app.finish().await;
}

#[tokio::test]
async fn a_recall_can_be_refused_and_asked_again() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let deposit = deposit(&a).await;
    for (body, code) in
        [(json!({"decision": "REFUSE"}), "CUST"), (json!({"decision": "REFUSE", "reason": "LEGL"}), "LEGL")]
    {
        let id = ask(&a, &deposit).await;
        answer(&a, &id, &body).send().await.is(200, r#"{"message":"SEPA recall refused"}"#);
        assert_eq!(standing(&a, &id).await, stands("REFUSED", Some(code)));
        a.run_jobs().await;
        answer(&a, &id, &json!({"decision": "ACCEPT"})).send().await.is_refused("P473");
        assert_eq!(told(&a).await.pop().expect("an event").1["answer"], code);
    }
    assert_eq!(app.database().count("SELECT COUNT(*) FROM sepa_recall WHERE sending = 'SENT'").await, 2);
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    let wrong =
        answer(&a, &ask(&a, &deposit).await, &json!({"decision": "REFUSE", "reason": "AC01"})).send().await;
    wrong.is_invalid("reason must be one of the following values: CUST, LEGL, NOAS, ARDT, AC04, AM04, NOOR");
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_there_any_more_cannot_go_back() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let deposit = deposit(&a).await;
    let id = ask(&a, &deposit).await;
    a.pay(Some("anna"), None, "100.01").await;
    answer(&a, &id, &json!({"decision": "ACCEPT"})).send().await.is_refused("P433");
    assert_eq!(standing(&a, &id).await, stands("OPEN", None));
    assert_eq!(a.amount(Some("anna"), "eur").await, "24.99");
    a.pay(None, Some("anna"), "0.01").await;
    // Also of a user that is suspended: such money is what is asked for most.
    a.call(http::Method::PATCH, "/v1/user/suspend/anna").send().await.expect(200);
    answer(&a, &id, &json!({"decision": "ACCEPT"})).send().await.expect(200);
    a.settle().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "0.00");
    app.finish().await;
}

#[tokio::test]
async fn a_recall_that_nobody_answers_is_refused_in_time() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let deposit = deposit(&a).await;
    let id = ask(&a, &deposit).await;
    // From Monday noon: 21 days and five hours are fifteen business days and the end of the last.
    let hours = |hours: u64| json!({"seconds": hours * 3_600});
    a.post("/v1/sandbox/clock/advance", &hours(21 * 24 + 4)).send().await.expect(200);
    assert_eq!(standing(&a, &id).await, stands("OPEN", None));
    a.post("/v1/sandbox/clock/advance", &hours(1)).send().await.expect(200);
    assert_eq!(standing(&a, &id).await, stands("REFUSED", Some("NOAS")));
    assert_eq!(told(&a).await.pop().expect("an event").1["answer"], "NOAS");
    a.delete("/v1/user/anna").await.is_refused("P456");
    app.finish().await;
}

/// Money that is nobody's yet, or waits for another reason, goes back from there.
#[tokio::test]
async fn money_in_suspense_goes_back_from_there() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let iban = iban_of(&a, Some("anna")).await;
    let calls = [
        // Nobody has the account.
        incoming(&a, OUTSIDE, "25", "Ada Lovelace"),
        // Nearly the user's name.
        incoming(&a, &iban, "25", "Ada Lovelaco"),
    ];
    for call in calls {
        let deposit = deposit_of(call).await;
        let id = ask(&a, &deposit).await;
        let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
        let anna = florin_types::ExternalUserId::parse("anna").expect("an id");
        let deposit_id: Uuid = deposit.parse().expect("an id");
        let refused = operator.assign(deposit_id, &anna).await.expect_err("it is asked for");
        assert!(refused.to_string().contains("a bank asks for the money back"), "{refused}");
        answer(&a, &id, &json!({"decision": "ACCEPT"})).send().await.expect(200);
        a.settle().await;
        assert_eq!(state_of_deposit(&app).await, "REFUNDED");
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    // A person sends it back: that is the answer.
    let deposit = deposit_of(incoming(&a, OUTSIDE, "25", "Ada Lovelace")).await;
    let id = ask(&a, &deposit).await;
    let back = json!({"outcome": "REJECT"});
    a.post(&format!("/v1/sandbox/sepa/{deposit}"), &back).send().await.expect(200);
    assert_eq!(standing(&a, &id).await, stands("REFUSED", Some("ARDT")));
    a.settle().await;
    app.finish().await;
}

/// What needs no answer of the partner's.
#[tokio::test]
async fn what_cannot_be_asked_for_is_answered_by_itself() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let made = a.post("/v1/sandbox/sepa/recalls", &json!({"reason": "TECH"})).send().await.expect(201);
    let id = made["recallId"].as_str().expect("an id");
    assert_eq!(standing(&a, id).await, stands("REFUSED", Some("NOOR")));
    let deposit = deposit(&a).await;
    a.pay(Some("anna"), None, "125").await;
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    let id = ask(&a, &deposit).await;
    assert_eq!(standing(&a, &id).await, stands("REFUSED", Some("AC04")));
    a.run_jobs().await;
    assert_eq!(app.database().count("SELECT COUNT(*) FROM sepa_recall WHERE sending = 'SENT'").await, 2);
    assert!(told(&a).await.iter().all(|(kind, _)| kind != "sepa_recall"));
    app.finish().await;
}

/// A message names the message that brought the money, and comes twice.
#[tokio::test]
async fn a_bank_names_the_message_that_brought_the_money() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let credit = Credit {
        iban: iban_of(&a, Some("anna")).await,
        amount: 2_500,
        sender_name: "Ada Lovelace".to_owned(),
        sender_iban: OUTSIDE.to_owned(),
        title: "Savings".to_owned(),
    };
    bring(&app.app, book, Said { id: "c".to_owned(), message: Message::Credit(credit) }).await;
    let reason = Reason::new(*b"DUPL");
    for (id, credit) in [("r1", "c"), ("r1", "c"), ("r2", "c"), ("r3", "other")] {
        let (credit, text, case) = (credit.to_owned(), String::new(), None);
        let request = RecallRequest { credit, amount: 2_500, reason, text, case };
        bring(&app.app, book, Said { id: id.to_owned(), message: Message::Recall(request) }).await;
    }
    let all = a.get("/v1/sepa-recalls").await.expect(200);
    let all: Vec<_> = all["data"].as_array().expect("a list").iter().map(|one| &one["status"]).collect();
    assert_eq!(all.len(), 2);
    assert!(all.contains(&&json!("OPEN")) && all.contains(&&json!("REFUSED")));
    // Of another book the list is empty.
    assert_eq!(app.b().get("/v1/sepa-recalls").await.expect(200)["data"], json!([]));
    // Pages.
    let page = a.get("/v1/sepa-recalls?limit=1").await.expect(200);
    let cursor = page["nextCursor"].as_str().expect("a cursor");
    let next = a.get(&format!("/v1/sepa-recalls?limit=1&cursor={cursor}")).await.expect(200);
    assert_ne!(page["data"][0]["id"], next["data"][0]["id"]);
    assert_eq!(next["nextCursor"], Value::Null);
    a.get("/v1/sepa-recalls?cursor=AAAAAAAAAAAAAAAAAAAAAAAA")
        .await
        .is_invalid("cursor is not one that this list gave");
    app.finish().await;
}

/// A transfer of 10 EUR to an account, settled, and a recall of it.
async fn recalled(client: &Client, iban: &str) -> (String, String) {
    let transfer = id_of(&outgoing(client, Some("anna"), "10", iban).send().await);
    client.settle().await;
    (transfer.clone(), recall(client, &transfer).await)
}

async fn recall(client: &Client, transfer: &str) -> String {
    let call = client.post(&format!("/v1/sepa-transfer/{transfer}/recall"), &json!({"reason": "DUPL"}));
    call.send().await.expect(201)["recallId"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_bank_answers_with_the_money_or_a_refusal() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let closed = RecallOutcome::Refuse(Reason::new(*b"AC04"));
    let customer = RecallOutcome::Refuse(Reason::new(*b"CUST"));
    for (outcome, status, refusal, left) in [
        (RecallOutcome::Accept, "ACCEPTED", None, "99.00"),
        (RecallOutcome::AcceptLess, "ACCEPTED", None, "97.00"),
        (customer, "REFUSED", Some("CUST"), "86.00"),
        (closed, "REFUSED", Some("AC04"), "75.00"),
        (RecallOutcome::Silence, "OPEN", None, "64.00"),
    ] {
        let (transfer, id) = recalled(&a, &magic(outcome)).await;
        assert_eq!(standing(&a, &id).await, stands("OPEN", None));
        let second =
            a.post(&format!("/v1/sepa-transfer/{transfer}/recall"), &json!({"reason": "DUPL"})).send().await;
        second.is_refused("P473");
        a.settle().await;
        assert_eq!(standing(&a, &id).await, stands(status, refusal), "{outcome:?}");
        assert_eq!(a.amount(Some("anna"), "eur").await, left, "{outcome:?}");
        let expected = if status == "ACCEPTED" { "FAILED" } else { "SUCCESSFUL" };
        let shown = details(&a, &transfer).await;
        assert_eq!(shown["status"], expected);
        if status == "ACCEPTED" {
            assert_eq!(shown["error"]["reason"], "FOCR");
        }
        if status != "OPEN" {
            let events = told(&a).await;
            let ended =
                events.iter().find(|(kind, payload)| kind == "sepa_recall" && payload["id"] == id.as_str());
            let ended = &ended.expect("an event").1;
            assert_eq!((&ended["status"], &ended["transferId"]), (&json!(status), &json!(transfer)));
        }
    }
    // Nobody answers the last one, and the user stays until its time is over.
    a.pay(Some("anna"), None, "64").await;
    assert_eq!(a.delete("/v1/user/anna").await.code(), "P456");
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 22 * 86_400})).send().await.expect(200);
    let page = a.get("/v1/sepa-recalls?limit=1").await.expect(200);
    assert_eq!((&page["data"][0]["status"], &page["data"][0]["answer"]), (&json!("REFUSED"), &json!("NOAS")));
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn only_settled_money_can_be_asked_for() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let ask = async |id: &str| {
        a.post(&format!("/v1/sepa-transfer/{id}/recall"), &json!({"reason": "TECH"})).send().await
    };
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    let early = ask(&id).await;
    early.is_refused("P473");
    assert!(early.text().contains("the transfer has not settled yet"), "{}", early.text());
    a.settle().await;
    let first = recall(&a, &id).await;
    // The money comes back by itself before the recall is handed over.
    a.post(&format!("/v1/sandbox/sepa/{id}"), &json!({"outcome": "RETURN"})).send().await.expect(200);
    assert_eq!(standing(&a, &first).await, stands("ACCEPTED", None));
    a.settle().await;
    ask(&id).await.is_refused("P473");
    assert_eq!(app.database().count("SELECT COUNT(*) FROM sepa_recall WHERE sending = 'WAITING'").await, 1);
    let wrong = a.post(&format!("/v1/sepa-transfer/{id}/recall"), &json!({"reason": "AC01"})).send().await;
    wrong.is_invalid("reason must be one of the following values: DUPL, TECH, FRAD, CUST, AC03, AM09");
    // The partner's own.
    let id = id_of(&outgoing(&a, None, "10", SETTLES).send().await);
    a.settle().await;
    let own = recall(&a, &id).await;
    a.settle().await;
    let own = shown(&a, &own).await;
    assert_eq!((&own["status"], &own["externalUserId"]), (&json!("ACCEPTED"), &Value::Null));
    answer(&a, own["id"].as_str().expect("an id"), &json!({"decision": "ACCEPT"}))
        .send()
        .await
        .is_refused("P473");
    app.finish().await;
}

#[tokio::test]
async fn refusal_and_money_end_the_same_in_either_order() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let why = Reason::new(*b"CUST");
    for money_first in [true, false] {
        let (transfer, id) = recalled(&a, &magic(RecallOutcome::Silence)).await;
        a.settle().await;
        let (order, recall): (Uuid, Uuid) = (transfer.parse().expect("an id"), id.parse().expect("an id"));
        let money = Message::Payment(order, Status::Returned(1_000, Reason::RECALLED));
        let refusal = Message::RecallRefused(recall, why);
        let messages = if money_first { [money, refusal] } else { [refusal, money] };
        for _ in 0..2 {
            for (index, message) in messages.iter().enumerate() {
                let said = Said { id: format!("{id}/{index}"), message: message.clone() };
                bring(&app.app, book, said).await;
            }
        }
        assert_eq!(standing(&a, &id).await, stands("ACCEPTED", None));
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "98.00");
    // Nobody knows this one; nobody asked for that one yet.
    let (_, early) = recalled(&a, SETTLES).await;
    for recall in [Uuid::nil(), early.parse().expect("an id")] {
        let said = Said { id: format!("x/{recall}"), message: Message::RecallRefused(recall, why) };
        bring(&app.app, book, said).await;
    }
    crate::support::expect_errors(&["a message of the bank was refused and waits for a person"; 2]);
    a.settle().await;
    app.finish().await;
}

/// The words of the asking bank go with the user.
#[tokio::test]
async fn what_a_bank_wrote_is_erased_with_the_user() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let id = ask(&a, &deposit(&a).await).await;
    answer(&a, &id, &json!({"decision": "ACCEPT"})).send().await.expect(200);
    a.settle().await;
    a.pay(Some("anna"), None, "100").await;
    a.delete("/v1/user/anna").await.expect(200);
    app.clock.advance(Duration::from_secs(1));
    a.run_jobs().await;
    assert_eq!(shown(&a, &id).await["text"], Value::Null);
    assert_eq!(app.database().count("SELECT COUNT(*) FROM sepa_recall WHERE sealed IS NOT NULL").await, 0);
    app.finish().await;
}

/// Neither the end of a suspension nor a person gives money away that a bank asks for.
#[tokio::test]
async fn money_that_is_asked_for_is_given_to_nobody() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let suspend = async |word: &str| {
        let path = format!("/v1/user/{word}/anna");
        a.call(http::Method::PATCH, &path).send().await.expect(200);
    };
    suspend("suspend").await;
    let held = deposit(&a).await;
    let id = ask(&a, &held).await;
    suspend("unsuspend").await;
    a.run_jobs().await;
    assert_eq!(
        (state_of_deposit(&app).await.as_str(), a.amount(Some("anna"), "eur").await),
        ("HELD", "100.00".into())
    );
    answer(&a, &id, &json!({"decision": "REFUSE"})).send().await.expect(200);
    a.run_jobs().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    let iban = iban_of(&a, Some("anna")).await;
    let pending = deposit_of(incoming(&a, &iban, "25", "Ada Lovelase")).await;
    let id = ask(&a, &pending).await;
    let settle = a.post(&format!("/v1/sandbox/sepa/{pending}"), &json!({"outcome": "SETTLE"}));
    settle.send().await.is_invalid("outcome does not fit: a bank asks for the money back: answer that first");
    answer(&a, &id, &json!({"decision": "ACCEPT"})).send().await.expect(200);
    a.settle().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    app.finish().await;
}

/// A refund that its bank had rejected is paid all the same, while another bank asks for the same money.
#[tokio::test]
async fn money_that_went_back_late_does_not_go_back_again() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let closed = "LT569999800000000004";
    let body = json!({
        "iban": iban_of(&a, Some("anna")).await, "amount": "25", "senderName": "Charles Babbage", "senderIban": closed,
    });
    let deposit = deposit_of(a.post("/v1/sandbox/sepa/incoming", &body)).await;
    a.settle().await;
    let id = ask(&a, &deposit).await;
    assert_eq!(
        (state_of_deposit(&app).await.as_str(), standing(&a, &id).await),
        ("STUCK", stands("OPEN", None))
    );
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let ids = app.database().bytes("SELECT id FROM sepa_transfer WHERE refunds IS NOT NULL").await;
    let refund = Uuid::from_slice(&ids[0]).expect("an id");
    say(&app.app, book, "late", (refund, florin_rails::sepa::Status::Settled)).await;
    assert_eq!(state_of_deposit(&app).await, "REFUNDED");
    assert_eq!(standing(&a, &id).await, stands("REFUSED", Some("ARDT")));
    answer(&a, &id, &json!({"decision": "ACCEPT"})).send().await.is_refused("P473");
    a.settle().await;
    assert_eq!(app.database().count("SELECT COUNT(*) FROM sepa_transfer WHERE refunds IS NOT NULL").await, 1);
    app.finish().await;
}
