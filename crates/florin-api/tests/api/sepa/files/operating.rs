//! What an operator does about payments that go in files.

use super::bank::{entry, from};
use super::*;
use florin_api::sepa::{PaymentOutcome, SepaOperator, hand_over_one_by_one};
use florin_rails::sepa::Reason;
use florin_types::Text;
use std::time::Duration;

const WHY: Reason = Reason::new(*b"AC04");

/// A bank that never says how a payment ended.
#[tokio::test]
async fn a_payment_that_the_bank_never_reports_is_ended_by_hand() {
    let (app, a, mut bank) = with_files().await;
    let [settled, rejected] =
        [outgoing(&a, Some("anna"), "10", SETTLES), outgoing(&a, Some("anna"), "20", SETTLES)];
    let [settled, rejected] = [id_of(&settled.send().await), id_of(&rejected.send().await)];
    let [settled_id, rejected_id] = [&settled, &rejected].map(|id| id.parse::<Uuid>().expect("an id"));
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    bank.step().await;
    let said =
        operator.end_payment(settled_id, PaymentOutcome::Settled).await.expect_err("it waits").to_string();
    assert!(said.contains("the payment is HELD"), "{said}");
    app.clock.advance(Duration::from_secs(2 * 3_600));
    bank.step_without("outbox").await;
    let said =
        operator.end_payment(settled_id, PaymentOutcome::Settled).await.expect_err("not sent").to_string();
    assert!(said.contains("has not been sent yet"), "{said}");
    bank.step().await;
    assert_eq!(operator.files().await.expect("a list")[0].pending, 2);
    operator.end_payment(settled_id, PaymentOutcome::Settled).await.expect("it ends").expect("a payment");
    operator
        .end_payment(rejected_id, PaymentOutcome::Rejected(WHY))
        .await
        .expect("it ends")
        .expect("a payment");
    assert_eq!(details(&a, &settled).await["status"], "SUCCESSFUL");
    assert_eq!(details(&a, &rejected).await["error"]["reason"], "AC04");
    assert_eq!(a.amount(Some("anna"), "eur").await, "89.00");
    for outcome in [PaymentOutcome::Settled, PaymentOutcome::Rejected(WHY)] {
        let said = operator.end_payment(settled_id, outcome).await.expect_err("it has ended").to_string();
        assert!(said.contains("the payment is SETTLED"), "{said}");
    }
    assert_eq!(
        operator.end_payment(Uuid::from_u128(1), PaymentOutcome::Settled).await.expect("a look"),
        None
    );
    assert_eq!(operator.files().await.expect("a list")[0].pending, 0);
    let payments = operator.payments_of(1).await.expect("a list");
    assert_eq!(payments.iter().map(|(_, state, _)| *state).collect::<Vec<_>>(), ["SETTLED", "FAILED"]);
    let olga = florin_api::kyc::Operator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let deeds = olga.audit().await.expect("a list");
    assert_eq!(deeds.iter().filter(|entry| format!("{entry:?}").contains("sepa.")).count(), 2);
    app.finish().await;
}

/// Payments wait for a job on one rail, and for a file on the other. A change of rail leaves none behind.
#[tokio::test]
async fn a_change_of_rail_leaves_no_payment_behind() {
    let app = TestApp::start().await;
    let mut app = app;
    let a = with_anna(&app).await;
    let one_by_one = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    let folder = tempfile::TempDir::new().expect("a folder");
    let settings = over_files(folder.path());
    app.reopen(Setup { settings, ..Setup::default() }).await;
    let (a, mut bank) = (app.a(), Bank::new(&app, folder));
    a.run_jobs().await;
    app.clock.advance(Duration::from_secs(2 * 3_600));
    bank.step().await;
    let files = bank.take();
    assert_eq!(files[0].payments[0].end_to_end_id, Some(one_by_one.replace('-', "")));
    let waits = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    app.reopen(Setup::default()).await;
    hand_over_one_by_one(&app.app).await.expect("they are left to jobs");
    let a = app.a();
    app.clock.advance(Duration::from_secs(86_400));
    a.run_jobs().await;
    assert_eq!(details(&a, &waits).await["status"], "SUCCESSFUL");
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let id = one_by_one.parse().expect("an id");
    operator.end_payment(id, PaymentOutcome::Settled).await.expect("it ends").expect("a payment");
    app.finish().await;
}

/// The accounts and names of the made-up bank are nothing to another one.
#[tokio::test]
async fn a_sandbox_on_a_test_bank_lists_no_made_up_accounts() {
    let (made_up, (over_files, b, _bank)) = (TestApp::start().await, with_files().await);
    for (client, is_listed) in [(made_up.a(), true), (b, false)] {
        let scenarios = client.get("/v1/sandbox/scenarios").await.expect(200);
        let calls = scenarios["data"].as_array().expect("a list").iter().map(|one| one["call"].as_str());
        assert_eq!(calls.flatten().any(|call| call.contains("sepa")), is_listed, "{scenarios}");
    }
    made_up.finish().await;
    over_files.finish().await;
}

/// Money in the book for what concerns no other, whose owner turns out to be another partner's user.
#[tokio::test]
async fn money_is_moved_to_another_partner_once() {
    let (app, _, mut bank) = with_files().await;
    let b = app.b();
    b.verified_user("bob").await;
    bank.step().await;
    bank.book(
        ReportKind::Notification,
        &[entry("A", 400, from("Ada Lovelace", OUTSIDE, ACCOUNT, 400, "for bob"))],
    );
    bank.read().await;
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    let waiting = operator.suspense().await.expect("a list");
    let (id, to) = (waiting[0].id, app.partners[1]);
    assert_eq!(&*waiting[0].partner, "A");
    let said = operator.move_to(id, app.partners[0]).await.expect_err("it is there").to_string();
    assert!(said.contains("this partner's"), "{said}");
    operator.move_to(id, to).await.expect("it is moved").expect("a deposit");
    let said = operator.move_to(id, to).await.expect_err("once").to_string();
    assert!(said.contains("the deposit is MOVED"), "{said}");
    assert_eq!(operator.move_to(Uuid::from_u128(1), to).await.expect("a look"), None);
    app.a().run_jobs().await;
    let waiting = operator.suspense().await.expect("a list");
    assert_eq!(waiting.iter().map(|one| (one.amount, &*one.partner)).collect::<Vec<_>>(), [(400, "B")]);
    let shown = operator.show(waiting[0].id).await.expect("it is shown").expect("a deposit");
    let florin_api::sepa::Shown::Deposit(_, sender) = shown else { panic!("{shown:?}") };
    assert_eq!(sender.title, "for bob");
    let bob = florin_types::ExternalUserId::parse("bob").expect("an id");
    operator.assign(waiting[0].id, &bob).await.expect("it is assigned").expect("a deposit");
    assert_eq!(b.amount(Some("bob"), "eur").await, "4.00");
    app.finish().await;
}
