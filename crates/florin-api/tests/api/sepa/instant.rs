//! Instant payments, and what they fall back to.

use super::messages::HOLDS;
use super::*;
use crate::support::{Setup, expect_errors};
use florin_api::kit::book::registry::book_of;
use florin_api::kit::settings::{Sepa, Settings};
use florin_api::sepa::SepaOperator;
use florin_rails::sepa::{
    Boxed, Later, MagicAccount, Order, Outcome, PayeeCheck, RailError, Reason, SepaRail, SimulatedBank, Speed,
};
use florin_types::{Iban, Text, Timestamp};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The account of the made-up bank that does this.
fn magic(outcome: Outcome) -> String {
    let found = MagicAccount::ALL.into_iter().find(|account| account.outcome == outcome);
    found.expect("an account").iban().into_string()
}

fn unreachable() -> String {
    magic(Outcome::RejectInstant(Reason::new(*b"AB08")))
}

async fn pay_at(client: &Client, iban: &str, speed: &str) -> String {
    id_of(&outgoing_at(client, Some("anna"), "10", (iban, Some(speed))).send().await)
}

/// Status and speed.
async fn standing(client: &Client, id: &str) -> (String, String) {
    let shown = details(client, id).await;
    let text = |field: &str| shown[field].as_str().expect("a word").to_owned();
    (text("status"), text("speed"))
}

fn both(status: &str, speed: &str) -> (String, String) {
    (status.to_owned(), speed.to_owned())
}

/// The second try counts from the time of the first's refusal, not from when the clock call ran them.
#[tokio::test]
async fn one_step_of_the_clock_reaches_both_tries() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let id = pay_at(&a, &unreachable(), "INSTANT_OR_STANDARD").await;
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 60})).send().await.expect(200);
    assert_eq!(standing(&a, &id).await, both("SUCCESSFUL", "STANDARD"));
    app.finish().await;
}

#[tokio::test]
async fn an_instant_payment_settles_at_once() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for speed in ["INSTANT", "INSTANT_OR_STANDARD"] {
        let id = pay_at(&a, SETTLES, speed).await;
        assert_eq!(standing(&a, &id).await, both("PENDING", "INSTANT"));
        a.run_jobs().await;
        assert_eq!(standing(&a, &id).await, both("SUCCESSFUL", "INSTANT"));
        let (kind, told) = told(&a).await.pop().expect("an event");
        assert_eq!(kind, "sepa_transfer");
        assert_eq!((&told["speed"], &told["requestedSpeed"]), (&json!("INSTANT"), &json!(speed)));
    }
    // The same fee as of standard ones; of a user and of the partner.
    assert_eq!(a.amount(Some("anna"), "eur").await, "78.00");
    let id = id_of(&outgoing_at(&a, None, "10", (SETTLES, Some("INSTANT"))).send().await);
    a.run_jobs().await;
    assert_eq!(standing(&a, &id).await, both("SUCCESSFUL", "INSTANT"));
    let answer = outgoing_at(&a, None, "10", (SETTLES, Some("FAST"))).send().await;
    answer.is_invalid("speed must be one of the following values: STANDARD, INSTANT, INSTANT_OR_STANDARD");
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_paid_instantly_fails_or_falls_back() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let timed_out = magic(Outcome::RejectInstant(Reason::new(*b"AB05")));
    for (iban, reason) in [(unreachable(), "AB08"), (timed_out, "AB05")] {
        let id = pay_at(&a, &iban, "INSTANT").await;
        a.run_jobs().await;
        let shown = details(&a, &id).await;
        assert_eq!(
            (&shown["status"], &shown["error"]["status"], &shown["error"]["reason"]),
            (&json!("FAILED"), &json!("REJECTED"), &json!(reason))
        );
        let before = a.amount(Some("anna"), "eur").await;
        let id = pay_at(&a, &iban, "INSTANT_OR_STANDARD").await;
        a.run_jobs().await;
        // Refused, and on its way again: the money is still on hold, and nobody is told.
        assert_eq!(standing(&a, &id).await, both("PENDING", "STANDARD"));
        assert!(told(&a).await.iter().all(|(_, payload)| payload["id"] != id.as_str()));
        a.settle().await;
        assert_eq!(standing(&a, &id).await, both("SUCCESSFUL", "STANDARD"));
        let shown = details(&a, &id).await;
        assert_eq!(shown["requestedSpeed"], "INSTANT_OR_STANDARD");
        let after = a.amount(Some("anna"), "eur").await;
        let cents = |text: &str| text.replace('.', "").parse::<i64>().expect("cents");
        assert_eq!(cents(&before) - cents(&after), 1_100, "it was paid once");
    }
    // A closed account is closed for standard payments too.
    let id = pay_at(&a, "LT569999800000000004", "INSTANT_OR_STANDARD").await;
    a.run_jobs().await;
    assert_eq!(details(&a, &id).await["error"]["reason"], "AC04");
    assert_eq!(standing(&a, &id).await, both("FAILED", "INSTANT"));
    app.finish().await;
}

#[tokio::test]
async fn silence_is_no_refusal() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let late = magic(Outcome::SettleLate);
    let id = pay_at(&a, &late, "INSTANT_OR_STANDARD").await;
    for (seconds, expected) in [(1, "PENDING"), (10, "PENDING"), (18, "PENDING"), (2, "SUCCESSFUL")] {
        a.post("/v1/sandbox/clock/advance", &json!({"seconds": seconds})).send().await.expect(200);
        assert_eq!(standing(&a, &id).await, both(expected, "INSTANT"));
    }
    // For weeks, too.
    let id = pay_at(&a, HOLDS, "INSTANT_OR_STANDARD").await;
    for _ in 0..20 {
        a.post("/v1/sandbox/clock/advance", &json!({"seconds": 86_400})).send().await.expect(200);
    }
    assert_eq!(standing(&a, &id).await, both("PENDING", "INSTANT"));
    a.post(&format!("/v1/sandbox/sepa/{id}"), &json!({"outcome": "SETTLE"})).send().await.expect(200);
    assert_eq!(standing(&a, &id).await, both("SUCCESSFUL", "INSTANT"));
    app.finish().await;
}

/// A person may decide about each of the two tries.
#[tokio::test]
async fn the_sandbox_decides_about_both_tries() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let decide = async |id: &str, body: Value| {
        a.post(&format!("/v1/sandbox/sepa/{id}"), &body).send().await.expect(200);
    };
    let id = pay_at(&a, HOLDS, "INSTANT_OR_STANDARD").await;
    decide(&id, json!({"outcome": "REJECT", "reason": "AB06"})).await;
    assert_eq!(standing(&a, &id).await, both("PENDING", "STANDARD"));
    a.settle().await;
    decide(&id, json!({"outcome": "REJECT", "reason": "AB06"})).await;
    assert_eq!(standing(&a, &id).await, both("FAILED", "STANDARD"));
    // What the simulated bank says about the second try counts, though a person decided about the first.
    let id = pay_at(&a, SETTLES, "INSTANT_OR_STANDARD").await;
    decide(&id, json!({"outcome": "REJECT", "reason": "AB06"})).await;
    a.settle().await;
    assert_eq!(standing(&a, &id).await, both("SUCCESSFUL", "STANDARD"));
    assert_eq!(a.amount(Some("anna"), "eur").await, "89.00");
    app.finish().await;
}

/// A bank that takes its refusal of the first try back, at each moment of the second.
#[tokio::test]
async fn what_is_paid_after_all_goes_out_once_or_waits_for_a_person() {
    let app = TestApp::start().await;
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let offline = Reason::new(*b"AB08");
    // What the bank says about the second try before; how it ends; the message waits; what of 100 EUR is left.
    for (number, (second, status, speed, waits, left)) in [
        (None, "SUCCESSFUL", "INSTANT", false, "89.00"),
        (Some(vec![]), "PENDING", "STANDARD", true, "89.00"),
        (Some(vec![Status::Settled]), "SUCCESSFUL", "STANDARD", true, "89.00"),
        (Some(vec![Status::Rejected(offline)]), "SUCCESSFUL", "INSTANT", false, "90.00"),
        (Some(vec![Status::Settled, Status::Returned(1_000, offline)]), "FAILED", "STANDARD", true, "99.00"),
    ]
    .into_iter()
    .enumerate()
    {
        let (a, user) = (app.a(), format!("anna-{number}"));
        a.verified_user(&user).await;
        a.fund(Some(&user), "100", "eur").await;
        let to = (HOLDS, Some("INSTANT_OR_STANDARD"));
        let id = id_of(&outgoing_at(&a, Some(&user), "10", to).send().await);
        a.run_jobs().await;
        let first: Uuid = id.parse().expect("an id");
        let mut text = id.clone();
        text.replace_range(14..15, "8");
        let second_order: Uuid = text.parse().expect("an id");
        say(&app.app, book, &format!("{id}/1"), (first, Status::Rejected(offline))).await;
        assert_eq!(standing(&a, &id).await, both("PENDING", "STANDARD"));
        if let Some(says) = second {
            a.run_jobs().await;
            for (index, said) in says.into_iter().enumerate() {
                say(&app.app, book, &format!("{id}/2-{index}"), (second_order, said)).await;
            }
        }
        // Repeated, and late.
        say(&app.app, book, &format!("{id}/3"), (first, Status::Rejected(offline))).await;
        say(&app.app, book, &format!("{id}/4"), (first, Status::Accepted)).await;
        say(&app.app, book, &format!("{id}/5"), (first, Status::Settled)).await;
        a.run_jobs().await;
        assert_eq!(standing(&a, &id).await, both(status, speed), "{number}");
        assert_eq!(a.amount(Some(&user), "eur").await, left, "{number}");
        let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
        let refused = operator.refused().await.expect("a list");
        let is_kept = refused.iter().any(|(_, item)| item.external_id == format!("{id}/5"));
        assert_eq!(is_kept, waits, "{number}");
    }
    expect_errors(&["a message of the bank was refused and waits for a person"; 3]);
    app.finish().await;
}

/// A bank that takes a payment, says nothing, and answers when it is asked.
#[derive(Default)]
struct Silent(Mutex<Ledger>);

#[derive(Default)]
struct Ledger {
    /// The orders that it was given.
    given: Vec<Uuid>,
    /// How often it was asked about one that it has.
    asked: usize,
    answers: bool,
    loses_answer: bool,
}

impl SepaRail for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    fn speeds(&self) -> &'static [Speed] {
        &[Speed::Standard, Speed::Instant]
    }

    fn handed_over_at(&self, _: Speed, now: Timestamp) -> Timestamp {
        now
    }

    fn submit<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Later, RailError>> {
        Box::pin(async {
            let mut ledger = self.0.lock().expect("a ledger");
            ledger.given.push(order.id);
            match std::mem::take(&mut ledger.loses_answer) {
                true => Err(RailError::Unavailable("no answer".to_owned())),
                false => Ok(Vec::new()),
            }
        })
    }

    fn find<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Option<Later>, RailError>> {
        Box::pin(async {
            let mut ledger = self.0.lock().expect("a ledger");
            if !ledger.given.contains(&order.id) {
                return Ok(None);
            }
            ledger.asked += 1;
            let said = Said {
                id: format!("{}/settled", order.id),
                message: Message::Payment(order.id, Status::Settled),
            };
            Ok(Some(if ledger.answers { vec![(Duration::ZERO, said)] } else { Vec::new() }))
        })
    }

    fn verify_payee<'a>(&'a self, _: &'a Iban, _: &'a str) -> Boxed<'a, Result<PayeeCheck, RailError>> {
        Box::pin(async { Ok(PayeeCheck::Match) })
    }
}

fn setup(rail: Arc<dyn SepaRail>) -> Setup {
    let base = Settings::sandbox();
    let sepa = Sepa { rail, ..base.sepa.clone() };
    Setup { settings: Settings { sepa, ..base }, ..Setup::default() }
}

#[tokio::test]
async fn a_bank_that_says_nothing_is_asked_until_it_does() {
    let bank = Arc::new(Silent::default());
    let app = TestApp::with(setup(bank.clone())).await;
    let a = with_anna(&app).await;
    let id = pay_at(&a, SETTLES, "INSTANT_OR_STANDARD").await;
    let asked = || bank.0.lock().expect("a ledger").asked;
    // After ten seconds, and then after ever longer pauses.
    for (seconds, times) in [(9, 0), (2, 1), (5, 1), (10, 2), (40, 3)] {
        a.post("/v1/sandbox/clock/advance", &json!({"seconds": seconds})).send().await.expect(200);
        assert_eq!(asked(), times, "after {seconds} seconds more");
        assert_eq!(standing(&a, &id).await, both("PENDING", "INSTANT"));
    }
    bank.0.lock().expect("a ledger").answers = true;
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 100})).send().await.expect(200);
    assert_eq!(standing(&a, &id).await, both("SUCCESSFUL", "INSTANT"));
    // Once it has answered, nobody asks.
    let before = asked();
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 86_400})).send().await.expect(200);
    assert_eq!((asked(), bank.0.lock().expect("a ledger").given.len()), (before, 1));
    app.finish().await;
}

/// The answer to the hand-over is lost, and the refusal is heard before the job tries again: by then the second try is
/// with the bank, and the job of the first has nothing to do with it.
#[tokio::test]
async fn the_job_of_the_first_try_leaves_the_second_alone() {
    let bank = Arc::new(Silent::default());
    let app = TestApp::with(setup(bank.clone())).await;
    let a = with_anna(&app).await;
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    bank.0.lock().expect("a ledger").loses_answer = true;
    let id = pay_at(&a, SETTLES, "INSTANT_OR_STANDARD").await;
    a.run_jobs().await;
    expect_errors(&["a job failed; it will be tried again"]);
    let first: Uuid = id.parse().expect("an id");
    say(&app.app, book, "1", (first, Status::Rejected(Reason::new(*b"AB08")))).await;
    bank.0.lock().expect("a ledger").loses_answer = true;
    a.run_jobs().await;
    expect_errors(&["a job failed; it will be tried again"]);
    let given = bank.0.lock().expect("a ledger").given.clone();
    assert_eq!((given.len(), given[0]), (2, first));
    assert_ne!(given[1], first);
    // Both jobs try again; neither gives anything a second time.
    for _ in 0..3 {
        app.clock.advance(Duration::from_secs(60));
        a.run_jobs().await;
    }
    assert_eq!(bank.0.lock().expect("a ledger").given, given);
    assert_eq!(standing(&a, &id).await, both("PENDING", "STANDARD"));
    say(&app.app, book, "2", (given[1], Status::Settled)).await;
    assert_eq!(standing(&a, &id).await, both("SUCCESSFUL", "STANDARD"));
    assert_eq!(a.amount(Some("anna"), "eur").await, "89.00");
    app.finish().await;
}

/// A bank without instant payments.
struct Slow(SimulatedBank);

impl SepaRail for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn handed_over_at(&self, speed: Speed, now: Timestamp) -> Timestamp {
        self.0.handed_over_at(speed, now)
    }

    fn submit<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Later, RailError>> {
        self.0.submit(order)
    }

    fn find<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Option<Later>, RailError>> {
        self.0.find(order)
    }

    fn verify_payee<'a>(&'a self, iban: &'a Iban, name: &'a str) -> Boxed<'a, Result<PayeeCheck, RailError>> {
        self.0.verify_payee(iban, name)
    }
}

#[tokio::test]
async fn a_bank_without_instant_payments_has_standard_ones() {
    let app =
        TestApp::with(setup(Arc::new(Slow(SimulatedBank { settle: Duration::from_millis(500) })))).await;
    let a = with_anna(&app).await;
    let id = pay_at(&a, SETTLES, "INSTANT").await;
    let shown = details(&a, &id).await;
    assert_eq!(
        (&shown["status"], &shown["error"]["status"]),
        (&json!("FAILED"), &json!("INSTANT_NOT_AVAILABLE"))
    );
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    let id = pay_at(&a, SETTLES, "INSTANT_OR_STANDARD").await;
    a.settle().await;
    assert_eq!(standing(&a, &id).await, both("SUCCESSFUL", "STANDARD"));
    // It takes no recalls either.
    let recall = a.post(&format!("/v1/sepa-transfer/{id}/recall"), &json!({"reason": "DUPL"})).send().await;
    recall.is_refused("P473");
    app.finish().await;
}
