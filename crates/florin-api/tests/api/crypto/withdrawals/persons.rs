//! Withdrawals at which a person looks.

use super::{details, id_of, outside, told, with_anna, with_chains, withdraw};
use crate::support::{Client, Setup, TestApp};
use florin_api::crypto::{CryptoOperator, WaitingWithdrawal};
use florin_api::kit::settings::{Chains, Settings};
use florin_travel::SanctionedAddresses;
use florin_types::Text;
use http::Method;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

fn operator(app: &TestApp) -> CryptoOperator<'_> {
    CryptoOperator { app: &app.app, name: Text::parse("olga").expect("a name") }
}

async fn waiting(app: &TestApp) -> Vec<WaitingWithdrawal> {
    operator(app).list().await.expect("a list").waiting
}

async fn settle(a: &Client) {
    for _ in 0..4 {
        a.settle().await;
    }
}

fn uuid(text: &str) -> Uuid {
    Uuid::parse_str(text).expect("an id")
}

#[tokio::test]
async fn what_is_worth_much_waits_for_a_person() {
    let app = with_chains(Chains { approve_above: Some(100_000), ..Chains::simulated() }).await;
    let a = with_anna(&app).await;
    let made = withdraw(&a, Some("anna"), ("10", "usdc", "polygon"), &outside("polygon")).send().await;
    let small = id_of(&made);
    settle(&a).await;
    assert_eq!(details(&a, &small).await["status"], "SUCCESSFUL");
    let btc = || withdraw(&a, Some("anna"), ("0.2", "btc", "btc"), &outside("btc"));
    let [one, other] = [id_of(&btc().send().await), id_of(&btc().send().await)];
    settle(&a).await;
    assert_eq!(details(&a, &one).await["status"], "PENDING");
    let list = waiting(&app).await;
    assert_eq!(list.len(), 2);
    let WaitingWithdrawal { amount, currency, waits, user, state, .. } = &list[0];
    assert_eq!((&**amount, &**currency, *waits, *state), ("0.20000000", "btc", Some("VALUE"), "APPROVAL"));
    assert_eq!(user.as_deref(), Some("anna"));
    assert_eq!(operator(&app).approve(Uuid::nil()).await, Ok(None));
    assert_eq!(operator(&app).reject(Uuid::nil()).await, Ok(None));
    assert!(operator(&app).approve(uuid(&small)).await.is_err());
    assert!(operator(&app).reject(uuid(&small)).await.is_err());
    assert_eq!(operator(&app).approve(uuid(&one)).await, Ok(Some(())));
    assert!(operator(&app).approve(uuid(&one)).await.is_err(), "once");
    let before = a.amount(Some("anna"), "btc").await;
    assert_eq!(operator(&app).reject(uuid(&other)).await, Ok(Some(())));
    settle(&a).await;
    assert_eq!(details(&a, &one).await["status"], "SUCCESSFUL");
    let shown = details(&a, &other).await;
    assert_eq!((&shown["status"], &shown["error"]["status"]), (&json!("FAILED"), &json!("REJECTED")));
    assert_ne!(a.amount(Some("anna"), "btc").await, before);
    let last = told(&a).await.into_iter().find(|payload| payload["id"] == json!(other)).expect("an event");
    assert_eq!(
        (&last["status"], &last["transactionHash"], &last["user"]["externalUserId"]),
        (&json!("FAILED"), &json!(null), &json!("anna"))
    );
    app.finish().await;
}

#[tokio::test]
async fn a_sanctioned_address_is_never_paid() {
    let list = SanctionedAddresses::read(outside("ethereum").to_lowercase().as_bytes()).expect("a list");
    let app = with_chains(Chains { sanctions: Arc::new(list), ..Chains::simulated() }).await;
    let a = with_anna(&app).await;
    let made = withdraw(&a, None, ("1", "eth", "ethereum"), &outside("ethereum")).send().await;
    let id = id_of(&made);
    settle(&a).await;
    assert_eq!(details(&a, &id).await["status"], "PENDING");
    assert_eq!(waiting(&app).await[0].waits, Some("SANCTIONED"));
    assert!(operator(&app).approve(uuid(&id)).await.is_err());
    settle(&a).await;
    assert_eq!(details(&a, &id).await["status"], "PENDING");
    assert_eq!(operator(&app).reject(uuid(&id)).await, Ok(Some(())));
    assert_eq!(details(&a, &id).await["error"]["status"], "REJECTED");
    assert_eq!(a.amount(None, "eth").await.parse::<f64>(), Ok(5.0));
    app.finish().await;
}

/// The list has grown while a withdrawal waited: it is looked up again before it is signed.
#[tokio::test]
async fn what_is_approved_is_looked_up_again() {
    let mut app = with_chains(Chains { approve_above: Some(100_000), ..Chains::simulated() }).await;
    let a = with_anna(&app).await;
    let id = id_of(&withdraw(&a, Some("anna"), ("0.2", "btc", "btc"), &outside("btc")).send().await);
    let list = SanctionedAddresses::read(outside("btc").as_bytes()).expect("a list");
    let chains = Chains { sanctions: Arc::new(list), ..app.app.settings.chains.clone() };
    let settings = Settings { chains, ..app.app.settings.clone() };
    app.reopen(Setup { settings, ..Setup::default() }).await;
    let a = app.a();
    assert_eq!(operator(&app).approve(uuid(&id)).await, Ok(Some(())));
    settle(&a).await;
    assert_eq!(details(&a, &id).await["status"], "PENDING");
    assert_eq!(waiting(&app).await[0].waits, Some("SANCTIONED"));
    assert!(operator(&app).approve(uuid(&id)).await.is_err());
    assert_eq!(operator(&app).reject(uuid(&id)).await, Ok(Some(())));
    assert_eq!(details(&a, &id).await["error"]["status"], "REJECTED");
    app.finish().await;
}

#[tokio::test]
async fn a_user_that_is_suspended_before_is_not_paid() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let made = withdraw(&a, Some("anna"), ("1", "ltc", "ltc"), &outside("ltc")).send().await;
    a.call(Method::PATCH, "/v1/user/suspend/anna").send().await.expect(200);
    settle(&a).await;
    let shown = details(&a, &id_of(&made)).await;
    assert_eq!((&shown["status"], &shown["error"]["status"]), (&json!("FAILED"), &json!("USER_SUSPENDED")));
    assert_eq!(a.amount(Some("anna"), "ltc").await.parse::<f64>(), Ok(10.0));
    assert_eq!(told(&a).await.len(), 1);
    app.finish().await;
}
