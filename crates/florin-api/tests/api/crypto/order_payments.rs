//! Orders over nodes that the test drives.

use super::*;
use crate::support::allow_errors;
use florin_store::Due;
use std::time::Duration;

impl Chained {
    /// An order of EUR 100.00 in usdc on Ethereum. One costs EUR 0.86: 116.279069 must be paid.
    pub(super) async fn order(&self) -> String {
        let body = json!({"currency": "usdc", "amount": "100", "network": "ethereum"});
        let lock = self.a.post("/v1/order/lock-rate", &body).send().await.expect(200);
        let made = self.a.post("/v1/order", &json!({"lockId": lock["lockId"]})).send().await.expect(200);
        made["orderId"].as_str().expect("an id").to_owned()
    }

    /// The address of an order that has one.
    pub(super) async fn order_address(&self, id: &str) -> String {
        self.order_details(id).await["walletAddress"].as_str().expect("an address").to_owned()
    }

    /// An order is paid exactly, and the payment confirmed.
    async fn pay_order(&mut self, to: &str) {
        self.ethereum.mine(&[("0x1", 1, to, "usdc", 116_279_069)]);
        self.ethereum.mine_empty(11);
        self.look().await;
        self.a.run_jobs().await;
    }

    pub(super) async fn order_details(&self, id: &str) -> Value {
        self.a.get(&format!("/v1/order/details/{id}")).await.expect(200)
    }
}

/// An order's address is shown once its chain is followed: what comes before would be overlooked.
#[tokio::test]
async fn an_address_waits_for_its_chain() {
    let mut c = Chained::start().await;
    c.ethereum.trouble(Some("it is away"));
    let id = c.order().await;
    c.a.run_jobs().await;
    assert_eq!(c.order_details(&id).await["walletAddress"], Value::Null);
    c.ethereum.trouble(None);
    c.look().await;
    c.app.clock.advance(Duration::from_secs(60));
    c.a.run_jobs().await;
    let to = c.order_address(&id).await;
    c.pay_order(&to).await;
    assert_eq!(c.order_details(&id).await["status"], "COMPLETED");
    c.app.finish().await;
}

/// The block says when it was paid, not the moment in which the block was followed.
#[tokio::test]
async fn who_pays_in_time_is_in_time_however_late_it_is_seen() {
    let mut c = Chained::start().await;
    c.look().await;
    let id = c.order().await;
    c.a.run_jobs().await;
    let to = c.order_address(&id).await;
    c.ethereum.mine(&[("0x1", 1, &to, "usdc", 116_279_069)]);
    c.app.clock.advance(Duration::from_secs(3_600));
    c.a.run_jobs().await;
    assert_eq!(c.order_details(&id).await["status"], "EXPIRED");
    c.ethereum.mine_empty(11);
    c.look().await;
    c.a.run_jobs().await;
    let paid = c.order_details(&id).await;
    assert_eq!((&paid["status"], &paid["transactions"][0]["isLate"]), (&json!("COMPLETED"), &json!(false)));
    c.app.finish().await;
}

/// A partner without wallets is followed, too.
#[tokio::test]
async fn the_first_order_of_all_is_paid() {
    let mut c = Chained::start().await;
    c.look().await;
    c.a = c.app.b();
    let id = c.order().await;
    c.a.run_jobs().await;
    let to = c.order_address(&id).await;
    c.pay_order(&to).await;
    assert_eq!(c.order_details(&id).await["status"], "COMPLETED");
    c.app.finish().await;
}

/// Who sends many small payments makes no more work than one payment.
#[tokio::test]
async fn many_payments_in_a_block_leave_one_look() {
    let mut c = Chained::start().await;
    let id = c.order().await;
    c.look().await;
    c.a.run_jobs().await;
    let to = c.order_address(&id).await;
    let hashes: Vec<_> = (0..40).map(|number| format!("dust-{number}")).collect();
    let dust: Vec<_> = hashes.iter().map(|hash| (hash.as_str(), 0, to.as_str(), "usdc", 10_000)).collect();
    c.ethereum.mine(&dust);
    c.look().await;
    let due = c.app.app.store.due_jobs(c.app.app.wall(), Due::Any).await.expect("a read");
    assert_eq!(due.iter().filter(|job| job.kind == "order.look").count(), 1);
    c.app.finish().await;
}

/// A payer is shown no address of a chain that is not followed yet.
#[tokio::test]
async fn a_choice_for_a_link_waits_for_its_chain() {
    let mut c = Chained::start().await;
    c.ethereum.trouble(Some("it is away"));
    let made = c.a.post("/v1/payment-link", &json!({"amount": "100"})).send().await.expect(201);
    let id = made["paymentLinkId"].as_str().expect("an id").to_owned();
    let choice = json!({"currency": "usdc", "network": "ethereum"});
    let path = format!("/v1/sandbox/payment-links/{id}/choose");
    c.a.post(&path, &choice).send().await.is_refused("P501");
    allow_errors(&["the chain is not followed yet"]);
    c.ethereum.trouble(None);
    c.look().await;
    let chosen = c.a.post(&path, &choice).send().await.expect(201);
    c.pay_order(chosen["walletAddress"].as_str().expect("an address")).await;
    let paid = c.a.get(&format!("/v1/payment-link/details/{id}")).await.expect(200);
    assert_eq!((&paid["status"], &paid["settledAmount"]), (&json!("PAID"), &json!(100)));
    c.app.finish().await;
}
