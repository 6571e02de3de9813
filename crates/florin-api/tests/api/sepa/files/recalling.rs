//! Recalls over files: a bank's, which we answer, and ours, which a bank answers.

use super::bank::{entry, from, is_valid, ours};
use super::*;
use crate::support::expect_errors;
use florin_api::sepa::SepaOperator;
use florin_rails::sepa::files::iso20022::{
    Entry, Original, RecallAnswer, RecallDecision, RecallOutcome, RecallRequest, RecalledPayment, ReportKind,
    StatusReason, Transaction,
};
use florin_types::{Date, Text, Timestamp};
use std::time::Duration;

/// Until after the next cut-off.
const TO_CUT_OFF: Duration = Duration::from_secs(2 * 3_600);

/// Money for an account, with the references of its sender and of its bank.
pub fn named(number: &str, to: &str, references: [Option<&str>; 2]) -> Entry {
    let [end_to_end_id, transaction_id] = references.map(|text| text.map(str::to_owned));
    let money = from("Ada Lovelace", OUTSIDE, to, 2_500, "Savings");
    entry(number, 2_500, Transaction { end_to_end_id, transaction_id, ..money })
}

/// A payment of 25 EUR as a recall names it.
pub fn original(references: [Option<&str>; 2], day: &str) -> Original {
    let [end_to_end_id, transaction_id] = references.map(|text| text.map(str::to_owned));
    let (cents, settlement_date) = (Some(2_500), Date::parse(day).ok());
    Original { end_to_end_id, transaction_id, cents, settlement_date, ..Original::default() }
}

/// The bytes of a bank's recall.
pub fn asks(id: &str, originals: &[Original]) -> Vec<u8> {
    let payment = |original: &Original| RecalledPayment {
        recall_id: None,
        original: original.clone(),
        reason: Some(StatusReason { info: Text::parse("Paid twice").ok(), ..StatusReason::code("DUPL") }),
    };
    let request = RecallRequest {
        id: id.to_owned(),
        created_at: Timestamp::from_micros(1_795_435_200_000_000),
        from: Bic::parse("HABALT22").ok(),
        to: Bic::parse("BYLADEM1001").ok(),
        payments: originals.iter().map(payment).collect(),
    };
    request.to_xml().expect("a file")
}

/// Statuses and answers of the recalls, the oldest first.
pub async fn standing(client: &Client) -> Vec<(String, String, Value)> {
    let mut all = client.get("/v1/sepa-recalls?limit=200").await.expect(200)["data"]
        .as_array()
        .expect("a list")
        .clone();
    all.reverse();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    all.iter().map(|one| (text(&one["id"]), text(&one["status"]), one["answer"].clone())).collect()
}

async fn last(client: &Client) -> (String, Value) {
    let (_, status, answer) = standing(client).await.pop().expect("a recall");
    (status, answer)
}

pub async fn answer(client: &Client, recall: &str, body: &Value) {
    client.post(&format!("/v1/sepa-recall/{recall}/answer"), body).send().await.expect(200);
}

fn stands(status: &str, answer: Option<&str>) -> (String, Value) {
    (status.to_owned(), json!(answer))
}

/// Each answer with the payment that it is about.
pub fn shown(answers: &[RecallAnswer]) -> Vec<(Original, RecallOutcome, Option<String>)> {
    let reason = |decision: &RecallDecision| {
        let reason = decision.reason.as_ref().and_then(|reason| reason.reason.as_ref());
        reason.map(|reason| reason.as_str().to_owned())
    };
    let decisions = answers.iter().flat_map(|answer| &answer.decisions);
    decisions.map(|one| (one.original.clone(), one.outcome, reason(one))).collect()
}

/// The bank asks for the first payment back, and the partner gives it. Answers by what the bank names it.
async fn accept(client: &Client, bank: &mut Bank) -> Original {
    let known = original([Some("RENT"), Some("T1")], "2026-11-23");
    bank.put(&asks("R-1", std::slice::from_ref(&known)));
    bank.read().await;
    let (id, ..) = standing(client).await.pop().expect("a recall");
    answer(client, &id, &json!({"decision": "ACCEPT"})).await;
    known
}

/// A platform whose bank has booked two payments of 25 EUR for Anna, and one of a later day.
pub async fn with_money() -> (TestApp, Client, Bank) {
    let (app, a, mut bank) = with_files().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    bank.step().await;
    let later = Entry {
        booked: Date::parse("2026-11-24").ok().map(|day| (day, None)),
        ..named("C", &to_anna, [Some("LATER"), None])
    };
    bank.book(
        ReportKind::Notification,
        &[
            named("A", &to_anna, [Some("RENT"), Some("T1")]),
            named("B", &to_anna, [Some("RENT"), Some("T2")]),
            later,
        ],
    );
    bank.read().await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "175.00");
    (app, a, bank)
}

#[tokio::test]
async fn a_bank_asks_for_payments_and_each_is_answered_once() {
    let (app, a, mut bank) = with_money().await;
    let known = original([Some("RENT"), Some("T2")], "2026-11-23");
    let unknown = original([Some("NEVER"), Some("T9")], "2026-11-20");
    let file = asks("R-1", &[unknown.clone(), known.clone()]);
    bank.put(&file);
    bank.read().await;
    let mut all = standing(&a).await;
    all.sort_by(|one, other| one.1.cmp(&other.1));
    let words: Vec<_> = all.iter().map(|(_, status, answer)| (status.as_str(), answer.clone())).collect();
    assert_eq!(words, [("OPEN", Value::Null), ("REFUSED", json!("NOOR"))]);
    let id = all[0].0.clone();
    let details = a.get(&format!("/v1/sepa-recall/details/{id}")).await.expect(200);
    assert_eq!(
        (&details["externalUserId"], &details["amount"], &details["reason"], &details["text"]),
        (&json!("anna"), &json!("25.00"), &json!("DUPL"), &json!("Paid twice"))
    );
    a.run_jobs().await;
    let answers = bank.take_answers();
    assert_eq!(shown(&answers), [(unknown, RecallOutcome::Refused, Some("NOOR".to_owned()))]);
    let banks = [&answers[0].from, &answers[0].to].map(|bic| bic.as_ref().expect("a bank").as_str());
    assert_eq!((banks, &*answers[0].confirmation), (["BYLADEM1001", "HABALT22"], "RJCR"));
    // The same again, and one of the two alone.
    bank.put(&file);
    bank.put(&asks("R-1", std::slice::from_ref(&known)));
    bank.read().await;
    assert_eq!(standing(&a).await.len(), 2);
    answer(&a, &id, &json!({"decision": "REFUSE", "reason": "LEGL"})).await;
    // What the answer repeats goes with the user, so the user stays until the bank has it.
    a.delete("/v1/user/anna").await.is_refused("P456");
    a.run_jobs().await;
    a.run_jobs().await;
    assert_eq!(shown(&bank.take_answers()), [(known, RecallOutcome::Refused, Some("LEGL".to_owned()))]);
    bank.put(&file);
    bank.read().await;
    a.run_jobs().await;
    assert_eq!(bank.names("outbox"), Vec::<String>::new());
    assert_eq!(bank.names("aside"), Vec::<String>::new());
    let sent = bank.names("sent");
    assert_eq!(sent.len(), 2, "{sent:?}");
    let valid: Vec<_> =
        sent.iter().map(|name| is_valid("camt.029.001.09", &bank.path("sent").join(name))).collect();
    app.finish().await;
    match valid.into_iter().collect::<Option<Vec<_>>>() {
        Some(valid) => assert_eq!(valid, [Ok(()), Ok(())]),
        None => florin_testing::skip("no schema (FLORIN_ISO20022_XSD names its folder), or no xmllint"),
    }
}

#[tokio::test]
async fn money_that_a_bank_asks_for_goes_back_as_a_payment_and_the_bank_is_told() {
    let (app, a, mut bank) = with_money().await;
    let known = accept(&a, &mut bank).await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "150.00");
    a.run_jobs().await;
    assert_eq!(shown(&bank.take_answers()), [(known.clone(), RecallOutcome::Accepted, None)]);
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    let files = bank.take();
    let payment = &files[0].payments[0];
    assert_eq!((payment.cents, payment.creditor_iban.as_str()), (2_500, OUTSIDE));
    let back = payment.end_to_end_id.clone().expect("an id");
    bank.book(ReportKind::Notification, &[entry("D", -2_500, ours(2_500, &back))]);
    bank.read().await;
    assert_eq!(last(&a).await, stands("ACCEPTED", None));
    // It cannot go back twice.
    bank.put(&asks("R-2", &[known]));
    bank.read().await;
    assert_eq!(last(&a).await, stands("REFUSED", Some("ARDT")));
    a.run_jobs().await;
    let sent = bank.names("sent");
    let answers = sent.iter().filter(|name| name.starts_with("florin-camt029-"));
    for name in answers {
        let valid = is_valid("camt.029.001.09", &bank.path("sent").join(name));
        assert!(!matches!(valid, Some(Err(_))), "{valid:?}");
    }
    app.finish().await;
}

/// Money that went back and came back again is here: nobody is told that its sender has it.
#[tokio::test]
async fn money_that_came_back_was_not_returned_already() {
    let (app, a, mut bank) = with_money().await;
    let known = accept(&a, &mut bank).await;
    a.run_jobs().await;
    bank.take_answers();
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    let back = bank.take()[0].payments[0].end_to_end_id.clone().expect("an id");
    bank.book(ReportKind::Notification, &[entry("D", -2_500, ours(2_500, &back))]);
    let again = Transaction { return_reason: Some(StatusReason::code("AC04")), ..ours(2_500, &back) };
    bank.book(ReportKind::Notification, &[entry("E", 2_500, again)]);
    bank.read().await;
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let suspense = async || {
        let all = operator.suspense().await.expect("a list");
        all.iter().map(|one| (one.amount, one.state)).collect::<Vec<_>>()
    };
    assert_eq!(suspense().await, [(2_500, "STUCK")]);
    bank.put(&asks("R-2", &[known]));
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    assert_eq!(last(&a).await, stands("ACCEPTED", None));
    assert_eq!(waiting(&app, ["came back"]).await, [1]);
    a.run_jobs().await;
    assert_eq!(bank.take_answers(), []);
    assert_eq!(suspense().await, [(2_500, "STUCK")]);
    app.finish().await;
}

/// The process ends while the answer is written, and after that before it is noted.
#[tokio::test]
async fn an_answer_is_written_once_whatever_crashes() {
    let (mut app, a, mut bank) = with_money().await;
    bank.put(&asks("R-1", &[original([None, Some("T1")], "2026-11-23")]));
    bank.read().await;
    let (id, ..) = standing(&a).await.pop().expect("a recall");
    answer(&a, &id, &json!({"decision": "REFUSE"})).await;
    let mut older = app.copy().await;
    let settings = over_files(bank.path("").as_path());
    older.reopen(Setup { settings: settings.clone(), ..Setup::default() }).await;
    app.reopen(Setup { settings, ..Setup::default() }).await;
    // Before the file is whole, and before it is in the outbox.
    for of in ["staging", "sent", "outbox"] {
        std::fs::rename(bank.path(of), bank.path("away")).expect("it is moved");
        app.a().run_jobs().await;
        expect_errors(&["a job failed; it will be tried again"]);
        std::fs::rename(bank.path("away"), bank.path(of)).expect("it is moved back");
        assert_eq!(bank.names("outbox"), Vec::<String>::new());
        app.clock.advance(Duration::from_secs(3_600));
    }
    app.a().run_jobs().await;
    assert_eq!(bank.take_answers().len(), 1);
    // The database is as it was before, and the bank has taken the file.
    older.clock.advance(Duration::from_secs(3_600));
    for _ in 0..2 {
        older.a().run_jobs().await;
        assert_eq!(bank.names("outbox"), Vec::<String>::new());
    }
    let sent = "SELECT COUNT(*) FROM sepa_recall WHERE sending = 'SENT'";
    assert_eq!((app.database().count(sent).await, older.database().count(sent).await), (1, 1));
    assert_eq!(bank.names("staging"), Vec::<String>::new());
    older.finish().await;
    app.finish().await;
}

/// An answer repeats what the bank wrote, so nobody gets the money, and the words with it, before it is handed over.
#[tokio::test]
async fn money_is_given_to_nobody_before_the_bank_has_its_answer() {
    let (app, a, mut bank) = with_files().await;
    bank.step().await;
    bank.book(ReportKind::Notification, &[named("A", OUTSIDE, [None, Some("T1")])]);
    bank.read().await;
    bank.put(&asks("R-1", &[original([None, Some("T1")], "2026-11-23")]));
    bank.read().await;
    let (id, ..) = standing(&a).await.pop().expect("a recall");
    let shown = a.get(&format!("/v1/sepa-recall/details/{id}")).await.expect(200);
    let deposit = shown["depositId"].as_str().expect("a deposit").parse().expect("an id");
    answer(&a, &id, &json!({"decision": "REFUSE"})).await;
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let anna = florin_types::ExternalUserId::parse("anna").expect("an id");
    let assign = async || operator.assign(deposit, &anna).await;
    let said = assign().await.expect_err("the bank has no answer").to_string();
    assert!(said.contains("not told our answer yet"), "{said}");
    a.run_jobs().await;
    assert_eq!(bank.take_answers().len(), 1);
    assign().await.expect("it is assigned").expect("a deposit");
    assert_eq!(a.amount(Some("anna"), "eur").await, "125.00");
    app.finish().await;
}

/// What is not certain waits for a person, who can look again.
#[tokio::test]
async fn what_a_recall_means_must_be_certain() {
    let (app, a, mut bank) = with_money().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    let several = original([Some("RENT"), None], "2026-11-23");
    let other_amount = Original { cents: Some(2_400), ..original([None, Some("T1")], "2026-11-23") };
    let early = original([Some("SOON"), None], "2026-11-24");
    let never = original([Some("NEVER"), None], "2026-11-24");
    bank.put(&asks("R-1", &[several, other_amount, early, never]));
    // No bank would take this reference back.
    let strange = asks("R-2", &[original([Some("STRANGE"), None], "2026-11-20")]);
    bank.put(String::from_utf8(strange).expect("text").replace("STRANGE", "STR_NGE").as_bytes());
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    assert_eq!(standing(&a).await, []);
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let refused = operator.refused().await.expect("a list");
    let waiting = |why: &str| {
        let of = refused.iter().filter(|(_, item)| item.reason.as_ref().is_some_and(|all| all.contains(why)));
        of.map(|(_, item)| item.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(refused.len(), 5, "{refused:?}");
    for (why, said) in [
        ("several fit", "several fit"),
        ("another amount", "another amount"),
        ("no answer can repeat", "answer the bank by hand"),
    ] {
        let [id] = &waiting(why)[..] else { panic!("{refused:?}") };
        let told = operator.book(id, None).await.expect_err("nobody knows").to_string();
        assert!(told.contains(said), "{told}");
    }
    bank.book(ReportKind::Notification, &[named("D", &to_anna, [Some("SOON"), None])]);
    bank.read().await;
    let may_come = waiting("may come yet");
    assert_eq!(may_come.len(), 2, "{refused:?}");
    for id in &may_come {
        let (one, other) = tokio::join!(operator.book(id, None), operator.book(id, None));
        let booked = [one, other].into_iter().filter(|told| matches!(told, Ok(Some(())))).count();
        assert_eq!(booked, 1, "two persons at once");
        operator.book(id, None).await.expect_err("once");
    }
    let mut found: Vec<_> =
        standing(&a).await.into_iter().map(|(_, status, answer)| (status, answer)).collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(found, [stands("OPEN", None), stands("REFUSED", Some("NOOR"))]);
    assert_eq!(operator.refused().await.expect("a list").len(), 3);
    a.run_jobs().await;
    app.finish().await;
}

/// The answers to all recalls, in order.
async fn said(client: &Client) -> Vec<String> {
    let mut answers: Vec<_> =
        standing(client).await.into_iter().map(|(.., answer)| answer.to_string()).collect();
    answers.sort();
    answers
}

/// How many messages wait for a reason that has these words.
async fn waiting<const N: usize>(app: &TestApp, why: [&str; N]) -> [usize; N] {
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let refused = operator.refused().await.expect("a list");
    why.map(|why| refused.iter().filter(|item| format!("{item:?}").contains(why)).count())
}

/// That a payment never came is said without a person only if no credit can be it, and everything was read.
#[tokio::test]
async fn a_bank_is_told_that_a_payment_never_came_only_when_that_is_certain() {
    let (app, a, mut bank) = with_money().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    // A credit whose bank gives the payer's reference alone, and a sum without any.
    let later = |one: Entry| Entry { booked: Date::parse("2026-11-25").ok().map(|day| (day, None)), ..one };
    let bare = later(named("E", &to_anna, [Some("BARE"), None]));
    let sum = from("Ada Lovelace", OUTSIDE, &to_anna, 9_900, "");
    bank.book(ReportKind::Notification, &[bare, later(entry("F", 9_900, sum))]);
    bank.read().await;
    let never = |id, cents| Original { cents: Some(cents), ..original([Some(id), Some("T9")], "2026-11-20") };
    bank.put(&asks(
        "R-1",
        &[
            original([None, None], "2026-11-20"),
            original([Some("RENT"), Some("T9")], "2026-11-20"),
            original([None, Some("T9")], "2026-11-20"),
            // The sum may have it.
            never("NEVER-1", 100),
            // Its bank may book it on the next business day.
            Original { cents: Some(20_000), ..original([Some("NEVER-2"), None], "2026-11-24") },
            never("NEVER-3", 20_000),
        ],
    ));
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    assert_eq!(said(&a).await, ["\"NOOR\""], "the last one alone");
    let reasons = ["no reference", "other references", "has perhaps come", "may come yet"];
    assert_eq!(waiting(&app, reasons).await, [1, 1, 2, 1]);
    // A person may say it.
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    for (_, item) in operator.refused().await.expect("a list") {
        operator.book(&item.id.to_string(), None).await.expect("it is said").expect("a message");
    }
    assert_eq!(said(&a).await, ["\"NOOR\""; 6]);
    a.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_bank_is_told_that_a_payment_never_came_only_when_all_was_read() {
    let (app, a, mut bank) = with_money().await;
    let to_anna = iban_of(&a, Some("anna")).await;
    let never = |id| original([Some(id), Some("T9")], "2026-11-20");
    // What has the payment may be in a file that was not understood, or in one that comes after the recall.
    bank.put(b"no message");
    bank.read().await;
    expect_errors(&["a file of the bank was set aside"]);
    bank.put(&asks("R-1", &[never("NEVER-1")]));
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    for name in bank.names("aside") {
        std::fs::remove_file(bank.path("aside").join(name)).expect("it is removed");
    }
    let late = Entry {
        booked: Date::parse("2026-11-20").ok().map(|day| (day, None)),
        ..named("G", &to_anna, [Some("LATE"), None])
    };
    bank.put(&asks("R-2", &[original([Some("LATE"), None], "2026-11-20")]));
    bank.book(ReportKind::Notification, &[late]);
    bank.round_without("done").await;
    bank.round_without("done").await;
    bank.put(&asks("R-3", &[never("NEVER-1")]));
    bank.round_without("done").await;
    bank.round_without("done").await;
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);

    assert_eq!(said(&a).await, ["null"], "the payment is found, and nothing else is said");
    assert_eq!(waiting(&app, ["is not read"]).await, [2]);
    // Now all was read.
    bank.put(&asks("R-4", &[never("NEVER-3")]));
    bank.read().await;
    assert_eq!(said(&a).await, ["\"NOOR\"", "null"]);
    a.run_jobs().await;
    app.finish().await;
}

/// Money of another partner, and money that a person has booked.
#[tokio::test]
async fn a_recall_is_of_the_book_that_has_the_money() {
    let (app, a, mut bank) = with_money().await;
    let b = app.b();
    b.verified_user("bob").await;
    let to_bob = iban_of(&b, Some("bob")).await;
    let one = |id| named("NONREF", &to_bob, [Some(id), None]);
    bank.book(ReportKind::Notification, &[one("X")]);
    bank.book(ReportKind::Notification, &[one("X"), one("Y")]);
    bank.read().await;
    expect_errors(&["perhaps a repetition"]);
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let refused = operator.refused().await.expect("a list");
    // The one that waits is perhaps none, so the other is meant.
    bank.put(&asks("R-1", &[original([Some("X"), None], "2026-11-23")]));
    bank.read().await;
    assert_eq!(last(&b).await, stands("OPEN", None));
    assert_eq!(standing(&a).await, []);
    // It was a second one: now two fit.
    operator.book(&refused[0].1.id.to_string(), None).await.expect("it is booked").expect("a message");
    bank.put(&asks("R-2", &[original([Some("X"), None], "2026-11-23")]));
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    assert_eq!(standing(&b).await.len(), 1);
    app.finish().await;
}

/// A transfer of 10 EUR that the bank has paid.
async fn paid(app: &TestApp, client: &Client, bank: &mut Bank) -> String {
    let id = id_of(&outgoing(client, Some("anna"), "10", SETTLES).send().await);
    app.clock.advance(TO_CUT_OFF);
    bank.step().await;
    assert_eq!(bank.take().len(), 1);
    bank.book(ReportKind::Notification, &[entry("A", -1_000, ours(1_000, &id))]);
    bank.read().await;
    id
}

/// The bytes of the bank's answer to a recall of ours.
fn answers(id: &str, request: &RecallRequest, outcome: RecallOutcome) -> Vec<u8> {
    let answer = RecallAnswer {
        id: id.to_owned(),
        created_at: Timestamp::from_micros(1_795_435_200_000_000),
        from: request.to.clone(),
        to: request.from.clone(),
        confirmation: outcome.code().to_owned(),
        decisions: vec![RecallDecision {
            answer_id: None,
            recall_ids: request.payments[0].recall_id.iter().cloned().collect(),
            original: request.payments[0].original.clone(),
            outcome,
            reason: Some(StatusReason::code("CUST")),
        }],
    };
    answer.to_xml().expect("a file")
}

/// Asks for the money of a transfer: what the bank gets.
async fn recall(client: &Client, bank: &Bank, transfer: &str) -> RecallRequest {
    let call = client.post(&format!("/v1/sepa-transfer/{transfer}/recall"), &json!({"reason": "DUPL"}));
    call.send().await.expect(201);
    client.run_jobs().await;
    client.run_jobs().await;
    let name = bank.names("outbox").pop().expect("a file");
    let valid = is_valid("camt.056.001.08", &bank.path("outbox").join(name));
    assert!(!matches!(valid, Some(Err(_))), "{valid:?}");
    let [request] = bank.take_requests().try_into().expect("one");
    request
}

/// Recalls both ways, of a transfer that is paid: for the test of statements.
pub async fn every_statement(client: &Client, bank: &mut Bank, transfer: &str) {
    bank.put(&asks("R-1", &[original([Some("NEVER"), None], "2026-11-19")]));
    let request = recall(client, bank, transfer).await;
    bank.put(&answers("A-1", &request, RecallOutcome::Refused));
    bank.read().await;
}

#[tokio::test]
async fn a_recall_of_ours_is_asked_once_and_answered() {
    let (app, a, mut bank) = with_files().await;
    bank.step().await;
    let id = paid(&app, &a, &mut bank).await;
    let request = recall(&a, &bank, &id).await;
    let original = &request.payments[0].original;
    assert_eq!((&original.end_to_end_id, original.cents), (&Some(id.replace('-', "")), Some(1_000)));
    assert_eq!(original.settlement_date.map(|day| day.to_string()).as_deref(), Some("2026-11-23"));
    assert!(original.message_id.as_ref().is_some_and(|id| id.ends_with("-000001")), "{original:?}");
    assert_eq!(request.payments[0].reason, Some(StatusReason::code("DUPL")));
    // Not decided, then refused, twice.
    let pending = answers("A-1", &request, RecallOutcome::Pending);
    let refusal = answers("A-2", &request, RecallOutcome::Refused);
    for file in [&pending, &refusal, &refusal] {
        bank.put(file);
    }
    bank.read().await;
    assert_eq!(last(&a).await, stands("REFUSED", Some("CUST")));
    app.clock.advance(Duration::from_secs(1));
    // Asked again, the bank says that it comes; the money says it in the books.
    let request = recall(&a, &bank, &id).await;
    bank.put(&refusal);
    bank.put(&answers("A-3", &request, RecallOutcome::Accepted));
    bank.read().await;
    assert_eq!(last(&a).await, stands("OPEN", None));
    let back = Transaction { return_reason: Some(StatusReason::code("FOCR")), ..ours(1_000, &id) };
    bank.book(ReportKind::Notification, &[entry("B", 1_000, back)]);
    bank.read().await;
    assert_eq!(last(&a).await, stands("ACCEPTED", None));
    assert_eq!(details(&a, &id).await["error"]["reason"], "FOCR");
    // Nobody has asked for this one.
    let mut other = request;
    other.payments[0].original.end_to_end_id = Some(Uuid::from_u128(9).simple().to_string());
    bank.put(&answers("A-4", &other, RecallOutcome::Refused));
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    assert_eq!(bank.names("aside"), Vec::<String>::new());
    app.finish().await;
}

/// A late answer to an earlier recall of a payment does not end a newer one.
#[tokio::test]
async fn an_answer_ends_the_recall_that_it_names() {
    let (app, a, mut bank) = with_files().await;
    bank.step().await;
    let id = paid(&app, &a, &mut bank).await;
    let first = recall(&a, &bank, &id).await;
    // The bank has answered nothing in time.
    app.clock.advance(Duration::from_secs(30 * 86_400));
    a.run_jobs().await;
    assert_eq!(last(&a).await, stands("REFUSED", Some("NOAS")));
    let second = recall(&a, &bank, &id).await;
    let nameless = |id: &str| {
        let mut request = second.clone();
        request.payments[0].recall_id = None;
        answers(id, &request, RecallOutcome::Refused)
    };
    bank.put(&answers("A-1", &first, RecallOutcome::Refused));
    bank.put(&nameless("A-2"));
    bank.read().await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    assert_eq!(last(&a).await, stands("OPEN", None));
    // A person knows that it is the newest one's.
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let refused = operator.refused().await.expect("a list");
    assert_eq!(refused.len(), 1, "{refused:?}");
    operator.book(&refused[0].1.id.to_string(), None).await.expect("it is booked").expect("a message");
    assert_eq!(last(&a).await, stands("REFUSED", Some("CUST")));
    app.clock.advance(Duration::from_secs(1));
    let third = recall(&a, &bank, &id).await;
    bank.put(&answers("A-3", &third, RecallOutcome::Refused));
    bank.read().await;
    assert_eq!(last(&a).await, stands("REFUSED", Some("CUST")));
    app.finish().await;
}
