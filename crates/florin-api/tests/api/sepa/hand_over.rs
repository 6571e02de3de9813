//! How a transfer is handed over to a bank that fails, forgets to answer, and is asked by several at once.

use super::*;
use crate::support::{Setup, expect_errors};
use florin_api::kit::book::jobs::run_lane;
use florin_api::kit::settings::{Sepa, Settings};
use florin_rails::sepa::{Boxed, Later, Order, PayeeCheck, RailError, SepaRail, Speed};
use florin_store::Lane;
use florin_types::{Iban, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A bank that counts how often it was given a payment, and loses its first answers.
#[derive(Default)]
struct Bank(Mutex<Ledger>);

#[derive(Default)]
struct Ledger {
    given: BTreeMap<Uuid, usize>,
    answers_to_lose: usize,
    is_away: bool,
}

impl Bank {
    fn settled(order: &Order) -> Later {
        let message = Message::Payment(order.id, Status::Settled);
        vec![(Duration::ZERO, Said { id: format!("{}/settled", order.id), message })]
    }

    fn given(&self) -> Vec<usize> {
        self.0.lock().expect("a ledger").given.values().copied().collect()
    }
}

impl SepaRail for Bank {
    fn name(&self) -> &'static str {
        "test"
    }

    fn handed_over_at(&self, _: Speed, now: Timestamp) -> Timestamp {
        now
    }

    fn submit<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Later, RailError>> {
        Box::pin(async move {
            {
                let mut ledger = self.0.lock().expect("a ledger");
                if ledger.is_away {
                    return Err(RailError::Unavailable("away".to_owned()));
                }
                *ledger.given.entry(order.id).or_default() += 1;
                if ledger.answers_to_lose > 0 {
                    ledger.answers_to_lose -= 1;
                    return Err(RailError::Unavailable("no answer".to_owned()));
                }
            }
            // Others get their turn meanwhile.
            tokio::task::yield_now().await;
            Ok(Self::settled(order))
        })
    }

    fn find<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Option<Later>, RailError>> {
        Box::pin(async move {
            let ledger = self.0.lock().expect("a ledger");
            Ok(ledger.given.contains_key(&order.id).then(|| Self::settled(order)))
        })
    }

    fn verify_payee<'a>(&'a self, _: &'a Iban, _: &'a str) -> Boxed<'a, Result<PayeeCheck, RailError>> {
        Box::pin(async { Err(RailError::Unavailable("away".to_owned())) })
    }
}

fn setup(bank: &Arc<Bank>) -> Setup {
    let base = Settings::sandbox();
    let sepa = Sepa { rail: bank.clone(), ..base.sepa.clone() };
    Setup { settings: Settings { sepa, ..base }, ..Setup::default() }
}

/// Lets the time pass that a failed job waits, and runs what is due.
async fn try_again(app: &TestApp) {
    app.clock.advance(Duration::from_secs(60));
    app.a().run_jobs().await;
}

#[tokio::test]
async fn a_payment_whose_answer_was_lost_is_not_given_twice() {
    let bank = Arc::new(Bank::default());
    let mut app = TestApp::with(setup(&bank)).await;
    let a = with_anna(&app).await;
    bank.0.lock().expect("a ledger").answers_to_lose = 1;
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    a.run_jobs().await;
    expect_errors(&["a job failed; it will be tried again"]);
    assert_eq!(details(&a, &id).await["status"], "PENDING");
    // The process dies, and another goes on.
    app.reopen(setup(&bank)).await;
    try_again(&app).await;
    assert_eq!(
        (details(&app.a(), &id).await["status"].clone(), bank.given()),
        (json!("SUCCESSFUL"), vec![1])
    );
    app.finish().await;
}

#[tokio::test]
async fn a_bank_that_is_away_gets_the_payment_later() {
    let bank = Arc::new(Bank::default());
    let app = TestApp::with(setup(&bank)).await;
    let a = with_anna(&app).await;
    bank.0.lock().expect("a ledger").is_away = true;
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    a.run_jobs().await;
    try_again(&app).await;
    expect_errors(&["a job failed; it will be tried again"; 2]);
    bank.0.lock().expect("a ledger").is_away = false;
    try_again(&app).await;
    assert_eq!((details(&a, &id).await["status"].clone(), bank.given()), (json!("SUCCESSFUL"), vec![1]));
    let asked =
        a.post("/v1/sepa-transfer/verify-payee", &json!({"iban": OUTSIDE, "name": "Ada"})).send().await;
    assert_eq!(asked.code(), "P501");
    expect_errors(&["answered P501"]);
    app.finish().await;
}

/// Each of several workers, as the processes of an installation, takes what nobody else works on.
#[tokio::test]
async fn several_workers_give_each_payment_once() {
    let bank = Arc::new(Bank::default());
    let app = TestApp::with(setup(&bank)).await;
    let a = with_anna(&app).await;
    for _ in 0..10 {
        id_of(&outgoing(&a, Some("anna"), "1", SETTLES).send().await);
    }
    let work = || run_lane(&app.app, Lane::Rail);
    let (one, two, three) = tokio::join!(work(), work(), work());
    one.and(two).and(three).expect("jobs can be looked for");
    a.run_jobs().await;
    assert_eq!(bank.given(), [1; 10]);
    assert_eq!(a.amount(Some("anna"), "eur").await, "80.00");
    app.finish().await;
}

#[tokio::test]
async fn a_payment_of_a_user_that_was_suspended_meanwhile_is_not_handed_over() {
    let bank = Arc::new(Bank::default());
    let app = TestApp::with(setup(&bank)).await;
    let a = with_anna(&app).await;
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    a.call(http::Method::PATCH, "/v1/user/suspend/anna").send().await.expect(200);
    a.run_jobs().await;
    let shown = details(&a, &id).await;
    assert_eq!((&shown["status"], &shown["error"]["status"]), (&json!("FAILED"), &json!("USER_SUSPENDED")));
    assert_eq!(a.amount(Some("anna"), "eur").await, "100.00");
    let event = told(&a).await.pop().expect("an event").1;
    assert_eq!((&event["id"], &event["error"]["status"]), (&json!(id), &json!("USER_SUSPENDED")));
    a.call(http::Method::PATCH, "/v1/user/unsuspend/anna").send().await.expect(200);
    try_again(&app).await;
    assert_eq!(bank.given(), [0; 0]);
    // One that the bank may have goes on.
    bank.0.lock().expect("a ledger").answers_to_lose = 1;
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    a.run_jobs().await;
    expect_errors(&["a job failed; it will be tried again"]);
    a.call(http::Method::PATCH, "/v1/user/suspend/anna").send().await.expect(200);
    try_again(&app).await;
    assert_eq!((details(&a, &id).await["status"].clone(), bank.given()), (json!("SUCCESSFUL"), vec![1]));
    app.finish().await;
}

#[tokio::test]
async fn a_persons_decision_goes_before_the_simulated_banks() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (iban, outcome, status, left) in [
        (SETTLES, "REJECT", "FAILED", "100.00"),
        // An account whose payments are rejected.
        ("LT569999800000000004", "SETTLE", "SUCCESSFUL", "89.00"),
    ] {
        let id = id_of(&outgoing(&a, Some("anna"), "10", iban).send().await);
        a.run_jobs().await;
        let decided = json!({"outcome": outcome});
        a.post(&format!("/v1/sandbox/sepa/{id}"), &decided).send().await.expect(200);
        a.settle().await;
        assert_eq!(details(&a, &id).await["status"], status);
        assert_eq!(a.amount(Some("anna"), "eur").await, left);
    }
    app.finish().await;
}
