//! Money that comes back for a user that has been deleted, until an operator gives it to somebody.

use super::*;
use florin_api::cards::CardOperator;
use florin_types::{ExternalUserId, Text};

fn operator(app: &TestApp) -> CardOperator<'_> {
    CardOperator { app: &app.app, name: Text::parse("olga").expect("a name") }
}

/// What is in suspense, in cents.
async fn suspense(app: &TestApp) -> i64 {
    app.database().count("SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM account WHERE kind = 8").await
}

/// A purchase for EUR 40.00 by a user that is deleted since: card and transaction.
pub async fn paid_and_left(app: &TestApp, user: &str) -> (String, String) {
    let a = app.a();
    a.verified_user(user).await;
    a.move_to(user, "DE").await;
    a.fund(Some(user), "40", "eur").await;
    let card = card_of(&a, user).await.id;
    let id = approved(&a, &card, "40").await;
    step(&a, &card, "clear", (&id, None)).await;
    let named = json!({"externalUserId": user, "cardId": card});
    a.call(http::Method::DELETE, "/v1/card").json(&named).send().await.expect(200);
    a.delete(&format!("/v1/user/{user}")).await.expect(200);
    a.run_jobs().await;
    (card, id)
}

#[tokio::test]
async fn money_for_a_user_that_has_left_is_given_to_somebody() {
    let mut app = TestApp::start().await;
    let a = app.a();
    a.fund(None, "1", "eur").await;
    let (card, id) = paid_and_left(&app, "anna").await;
    step(&a, &card, "refund", (&id, Some("15"))).await;
    step(&a, &card, "chargeback", (&id, Some("20"))).await;
    step(&a, &card, "refund", (&id, Some("5"))).await;
    assert_eq!(suspense(&app).await, 4_000);
    let mut waiting = operator(&app).unclaimed().await.expect("a list");
    // They came at the same time.
    waiting.sort_by_key(|one| one.amount);
    let amounts: Vec<_> = waiting.iter().map(|one| (one.amount, one.payment.to_string() == id)).collect();
    assert_eq!(amounts, [(500, true), (1_500, true), (2_000, true)]);
    let refused = async |user: &str| {
        let user = ExternalUserId::parse(user).expect("an id");
        operator(&app).assign(waiting[0].id, Some(&user)).await.expect_err("it is refused").to_string()
    };
    assert!(refused("nobody").await.contains("nobody"));
    a.create_user("carl").await;
    assert_eq!(refused("carl").await, "the user is not verified, or is suspended");
    a.verified_user("ben").await;
    a.call(http::Method::PATCH, "/v1/user/suspend/ben").send().await.expect(200);
    assert_eq!(refused("ben").await, "the user is not verified, or is suspended");
    a.call(http::Method::PATCH, "/v1/user/unsuspend/ben").send().await.expect(200);
    let ben = ExternalUserId::parse("ben").expect("an id");
    for (one, user) in waiting.iter().zip([Some(&ben), None, None]) {
        operator(&app).assign(one.id, user).await.expect("it is assigned").expect("there is such money");
    }
    assert_eq!(
        (a.amount(Some("ben"), "eur").await, a.amount(None, "eur").await),
        ("5.00".into(), "36.00".into())
    );
    let line = &a.history(Some("ben")).await[0];
    assert_eq!(
        (&line["type"], &line["status"], &line["amount"]),
        (&json!("REFUND"), &json!("SUCCESSFUL"), &json!("5.00"))
    );
    assert_eq!((suspense(&app).await, operator(&app).unclaimed().await.expect("a list")), (0, Vec::new()));
    let again = operator(&app).assign(waiting[0].id, None).await.expect_err("once").to_string();
    assert_eq!(again, "somebody has this money already");
    let nothing = operator(&app).assign(uuid::Uuid::from_u128(7), None).await.expect("no fault");
    assert_eq!(nothing, None);
    app.reopen(crate::support::Setup::default()).await;
    app.finish().await;
}

/// Who left owes what a merchant took late; money that comes back pays that, and waits for nobody.
#[tokio::test]
async fn money_for_a_user_that_has_left_pays_what_is_owed() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.move_to("anna", "DE").await;
    a.fund(Some("anna"), "40", "eur").await;
    let card = card_of(&a, "anna").await.id;
    // It never clears by itself.
    let asked = with(purchase("40"), &json!({"merchantName": "Florin Hotel"}));
    let id = authorise(&a, &card, &asked).await["transactionId"].as_str().expect("an id").to_owned();
    app.clock.advance(DAY * 8);
    a.settle().await;
    a.pay(Some("anna"), None, "40").await;
    let named = json!({"externalUserId": "anna", "cardId": card});
    a.call(http::Method::DELETE, "/v1/card").json(&named).send().await.expect(200);
    a.delete("/v1/user/anna").await.expect(200);
    step(&a, &card, "clear", (&id, Some("40"))).await;
    step(&a, &card, "refund", (&id, Some("30"))).await;
    assert_eq!((suspense(&app).await, operator(&app).unclaimed().await.expect("a list").len()), (0, 0));
    step(&a, &card, "refund", (&id, Some("10"))).await;
    assert_eq!((suspense(&app).await, operator(&app).unclaimed().await.expect("a list").len()), (0, 0));
    app.finish().await;
}
