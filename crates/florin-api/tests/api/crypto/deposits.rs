//! What comes in, over nodes that the test drives.

mod persons;

use super::*;
use crate::support::{Engine, allow_errors, engine, expect_errors};
use florin_api::kit::book::jobs::run_due;
use florin_store::Due;
use florin_testing::skip;
use florin_types::format_minor;
use http::Method;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

/// Fewer than EUR 1,000: nobody is asked who sent it.
const SMALL: i64 = 1_000_000;

/// 0.02 BTC: about EUR 1,900.
const LARGE: i64 = 2_000_000;

const WAITS: &str = "WAITING_FOR_VERIFICATION";
const ASKED: &str = "WAITING_FOR_TR_DATA";
const DONE: &str = "SUCCESSFUL";
const NOT: &str = "UNSUCCESSFUL";

fn explain(client: &Client, id: &str, details: &Value) -> crate::support::Call {
    let path = format!("/v1/crypto-deposit/update-travel-rule/{id}");
    client.call(Method::PATCH, &path).json(&json!({"walletType": "SELF_CUSTODY", "details": details}))
}

#[tokio::test]
async fn a_deposit_is_credited_with_its_confirmations() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    c.btc.mine(&[("t1", 0, &to, "btc", SMALL), ("t1", 1, "tb1qnobody", "btc", 5)]);
    c.look().await;
    assert_eq!(c.told().await, [(json!("anna"), WAITS.to_owned(), json!(0.01))]);
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.00000000");
    let id = c.newest().await;
    let seen = c.details(&id).await;
    assert_eq!(
        seen,
        json!({
            "externalUserId": "anna", "cryptoDepositId": id, "amount": 0.01, "currency": "btc", "status": WAITS,
            "transactionHash": "t1", "createdAt": "2026-11-23T12:00:00.000Z", "network": "btc", "address": to,
            "confirmations": 1, "requiredConfirmations": 2,
        })
    );
    // Whatever is looked at again.
    c.look().await;
    c.btc.mine_empty(1);
    c.look().await;
    c.look().await;
    assert_eq!(c.statuses().await, [WAITS, DONE]);
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.01000000");
    let line = &c.a.history(Some("anna")).await[0];
    assert_eq!(
        (&line["type"], &line["amount"], &line["id"]),
        (&json!("CRYPTO_DEPOSIT"), &json!("0.01000000"), &json!(id))
    );
    c.btc.mine_empty(5);
    c.look().await;
    assert_eq!(c.details(&id).await["confirmations"], 7);
    assert_eq!(c.statuses().await.len(), 2);
    c.app.finish().await;
}

#[tokio::test]
async fn each_output_is_a_deposit_and_a_transaction_is_seen_once() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "eth", "ethereum").await;
    let partner = address(&c.a, None, "usdc", "ethereum").await;
    // One address for all currencies; the coin, and two tokens, in one transaction.
    c.ethereum.mine(&[
        ("0x1", 0, &to, "eth", 1_000_000),
        ("0x1", 1, &to, "usdc", 6_000_000),
        ("0x1", 2, &partner, "usdc", 7_000_000),
    ]);
    c.ethereum.mine_empty(11);
    c.look().await;
    assert_eq!(c.a.amount(Some("anna"), "eth").await, "0.01000000");
    assert_eq!(c.a.amount(Some("anna"), "usdc").await, "6.000000");
    assert_eq!(c.a.amount(None, "usdc").await, "7.000000");
    assert_eq!(c.told().await.len(), 6);
    let of_partner: Vec<_> = c.told().await.into_iter().filter(|(user, ..)| user.is_null()).collect();
    assert_eq!(of_partner.len(), 2);
    c.app.finish().await;
}

#[tokio::test]
async fn a_reorganisation_within_the_confirmations_credits_once() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    for depth in 1..4 {
        c.btc.mine_empty(3);
        c.look().await;
        c.btc.leave(depth);
        c.btc.mine_empty(depth - 1);
        c.btc.mine(&[("t1", 0, &to, "btc", SMALL)]);
        c.btc.mine_empty(0);
        c.look().await;
        assert_eq!(c.statuses().await, [WAITS], "{depth}");
        // The block that had it leaves: it is in a later one, or seen in none for a while.
        c.btc.leave(1);
        c.btc.mine_empty(2);
        c.look().await;
    }
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.00000000");
    let id = c.newest().await;
    assert_eq!(c.details(&id).await["confirmations"], 0);
    c.btc.mine(&[("t1", 0, &to, "btc", SMALL)]);
    c.btc.mine_empty(1);
    c.look().await;
    assert_eq!(c.statuses().await, [WAITS, DONE]);
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.01000000");
    // Those that wait to be given up find it credited.
    c.app.clock.advance(Duration::from_secs(25 * 60 * 60));
    c.a.run_jobs().await;
    assert_eq!(c.statuses().await, [WAITS, DONE]);
    c.app.finish().await;
}

/// Polls it so often, and no more. True: it has ended.
async fn is_done_after<F: Future>(mut look: Pin<&mut F>, polls: usize) -> bool {
    let mut left = polls;
    std::future::poll_fn(|context| match look.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if left == 0 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// At any moment of a look the block at hand leaves the chain, and its transaction is in the one before. The look ends
/// there as in a crash, or goes on after another process has followed.
async fn overtaken(goes_on: bool) {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    let mut other = ChainWork::new(c.app.app.clone());
    for polls in 0.. {
        c.btc.mine_empty(1);
        c.look().await;
        let id = format!("t{polls}");
        c.btc.mine(&[(&id, 0, &to, "btc", SMALL)]);
        let mut look = Box::pin(other.round());
        let is_done = is_done_after(look.as_mut(), polls).await;
        c.btc.leave(2);
        c.btc.mine(&[(&id, 0, &to, "btc", SMALL)]);
        c.btc.mine_empty(1);
        if goes_on && !is_done {
            // A command that was under way comes first, or makes this one begin anew.
            drop(c.work.round().await);
            drop(c.work.round().await);
            // It may find that another process follows.
            drop(look.await);
        } else {
            drop(look);
        }
        for _ in 0..2 {
            c.btc.mine_empty(1);
            // A command that was under way when the look ended may come first.
            drop(c.work.round().await);
            drop(c.work.round().await);
            c.look().await;
        }
        let credited = format_minor(SMALL * (polls as i64 + 1), 8);
        assert_eq!(c.a.amount(Some("anna"), "btc").await, credited, "{polls}");
        if is_done {
            break;
        }
    }
    allow_errors(&["another process follows this chain too"]);
    c.app.finish().await;
}

#[tokio::test]
async fn a_look_that_was_broken_off_loses_nothing() {
    overtaken(false).await;
}

#[tokio::test]
async fn a_look_that_another_process_overtakes_loses_nothing() {
    overtaken(true).await;
}

#[tokio::test]
async fn a_deposit_that_no_block_has_is_given_up_after_a_day() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    c.btc.mine(&[("t1", 0, &to, "btc", SMALL)]);
    c.look().await;
    c.btc.leave(1);
    c.btc.mine_empty(2);
    c.look().await;
    c.app.clock.advance(Duration::from_secs(24 * 60 * 60));
    c.a.run_jobs().await;
    assert_eq!(c.statuses().await, [WAITS, NOT]);
    let id = c.newest().await;
    assert_eq!(c.details(&id).await["error"]["status"], "GONE");
    // And it is a deposit all the same when it comes after all.
    c.btc.mine(&[("t1", 0, &to, "btc", SMALL)]);
    c.btc.mine_empty(1);
    c.look().await;
    assert_eq!(c.statuses().await, [WAITS, NOT, WAITS, DONE]);
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.01000000");
    c.app.finish().await;
}

#[tokio::test]
async fn what_leaves_the_chain_after_it_was_credited_is_owed() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    c.btc.mine(&[("t1", 0, &to, "btc", SMALL)]);
    c.btc.mine_empty(1);
    c.look().await;
    let transfer = json!({"sourceExternalUserId": "anna", "amount": "0.004", "currency": "btc"});
    c.a.post("/v1/transfer", &transfer).send().await.expect(201);
    c.btc.leave(2);
    c.btc.mine_empty(3);
    c.look().await;
    expect_errors(&["left its chain and was taken back"]);
    assert_eq!(c.statuses().await, [WAITS, DONE, WAITS]);
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.00000000");
    // What comes next pays the debt first.
    c.btc.mine(&[("t2", 0, &to, "btc", 500_000)]);
    c.btc.mine_empty(1);
    c.look().await;
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.00100000");
    // Its line of history is about what is left of it, and its details about all of it.
    let paid = c.newest().await;
    let line = c.a.history(Some("anna")).await.into_iter().find(|line| line["id"] == json!(paid));
    assert_eq!(line.expect("a line")["amount"], "0.00100000");
    assert_eq!(c.details(&paid).await["amount"], json!(0.005));
    // And the first one comes back.
    c.btc.mine(&[("t1", 0, &to, "btc", SMALL)]);
    c.btc.mine_empty(1);
    c.look().await;
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.01100000");
    assert_eq!(c.statuses().await, [WAITS, DONE, WAITS, WAITS, DONE, DONE]);
    c.app.finish().await;
}

/// What a deposit pays of a debt is in no balance, so history has no line where that is all of it.
#[tokio::test]
async fn a_deposit_that_pays_a_debt_alone_has_no_line() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    c.btc.mine(&[("t1", 0, &to, "btc", SMALL)]);
    c.btc.mine_empty(1);
    c.look().await;
    let transfer = json!({"sourceExternalUserId": "anna", "amount": "0.01", "currency": "btc"});
    c.a.post("/v1/transfer", &transfer).send().await.expect(201);
    c.btc.leave(2);
    c.btc.mine(&[("t2", 0, &to, "btc", 500_000)]);
    c.btc.mine_empty(3);
    c.look().await;
    expect_errors(&["left its chain and was taken back"]);
    let paid = c.newest().await;
    let shown = c.details(&paid).await;
    assert_eq!((&shown["status"], &shown["amount"]), (&json!(DONE), &json!(0.005)));
    assert!(c.a.history(Some("anna")).await.iter().all(|line| line["id"] != json!(paid)));
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.00000000");
    c.app.finish().await;
}

#[tokio::test]
async fn a_large_deposit_waits_until_it_is_said_who_sent_it() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    c.btc.mine(&[("t1", 0, &to, "btc", LARGE)]);
    c.look().await;
    let id = c.newest().await;
    let owner = json!({"iAmOwnerOfWallet": true});
    explain(&c.a, &id, &owner).send().await.is_refused("P446");
    c.btc.mine_empty(1);
    c.look().await;
    assert_eq!(c.statuses().await, [WAITS, ASKED]);
    assert_eq!(c.a.delete("/v1/user/anna").await.code(), "P456");
    for (details, message) in [
        (json!({}), "details.firstName is required"),
        (
            json!({"firstName": "Ada", "lastName": "Lovelace"}),
            "details.city is required. details.street is required",
        ),
        (json!({"companyName": "Acme"}), "details.vatId is required"),
    ] {
        let answer = explain(&c.a, &id, &details).send().await;
        assert_eq!(answer.code(), "P403");
        assert!(answer.text().contains(message), "{} lacks {message}", answer.text());
    }
    // What was given and is wrong is not missing besides.
    let wrong = json!({
        "firstName": "Ada", "lastName": "x".repeat(500), "street": "Strand 1", "city": "London", "postCode": "WC2R",
        "country": "XX",
    });
    let answer = explain(&c.a, &id, &wrong).send().await;
    answer.is_refused("P403");
    let said = answer.json()["errorMessage"].as_str().expect("a message").to_owned();
    assert!(said.contains("details.country must be an ISO 3166-1"), "{said}");
    assert!(said.contains("details.lastName") && !said.contains("is required"), "{said}");
    let missing = json!({"details": owner});
    c.a.patch(&format!("/v1/crypto-deposit/update-travel-rule/{id}"), &missing)
        .send()
        .await
        .is_invalid("walletType is required");
    for path in ["0198c5d2-ad31-7f24-9c85-6e903b4c5d7f", "x"] {
        explain(&c.a, path, &owner).send().await.is_refused("P442");
    }
    explain(&c.app.b(), &id, &owner).send().await.is_refused("P442");
    // It is a user's, not the partner's.
    let path = format!("/v1/partner/crypto-deposit/update-travel-rule/{id}");
    let body = json!({"walletType": "NON_CUSTODIAL", "details": owner});
    c.a.patch(&path, &body).send().await.is_refused("P442");
    // Another user's it is not.
    let path = format!("/v1/crypto-deposit/update-travel-rule/{id}");
    let body = json!({"walletType": "NON_CUSTODIAL", "externalUserId": "ben", "details": owner});
    c.a.patch(&path, &body).send().await.is_refused("P412");
    c.a.verified_user("ben").await;
    c.a.patch(&path, &body).send().await.is_refused("P442");
    let said = explain(&c.a, &id, &owner).keyed("k").send().await;
    said.is(200, r#"{"message":"Travel rule data updated successfully"}"#);
    assert_eq!(c.statuses().await, [WAITS, ASKED, DONE]);
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.02000000");
    explain(&c.a, &id, &owner).send().await.is_refused("P446");
    assert!(explain(&c.a, &id, &owner).keyed("k").send().await.is_replayed());
    // The job that would give it up finds it credited.
    c.app.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    c.a.run_jobs().await;
    assert_eq!(c.statuses().await.len(), 3);
    c.app.finish().await;
}

#[tokio::test]
async fn a_deposit_that_nobody_explains_is_given_up() {
    let mut c = Chained::start().await;
    let to = address(&c.a, None, "btc", "btc").await;
    c.btc.mine(&[("t1", 0, &to, "btc", LARGE)]);
    c.btc.mine_empty(1);
    c.look().await;
    let id = c.newest().await;
    c.app.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    c.a.run_jobs().await;
    assert_eq!(c.statuses().await, [WAITS, ASKED, NOT]);
    let details = c.details(&id).await;
    assert_eq!(details["error"]["status"], "UNEXPLAINED");
    let owner = json!({"iAmOwnerOfWallet": true});
    explain(&c.a, &id, &owner).send().await.is_refused("P442");
    let path = format!("/v1/partner/crypto-deposit/update-travel-rule/{id}");
    let body = json!({"walletType": "CUSTODIAL", "details": owner});
    c.a.patch(&path, &body).send().await.is_refused("P446");
    assert_eq!(c.a.amount(None, "btc").await, "0.00000000");
    c.app.finish().await;
}

/// A look that is broken off between what a block brings and the cursor: the deposit was seen already.
async fn see_and_break_off(c: &mut Chained, to: &str) {
    c.btc.mine_empty(3);
    c.look().await;
    c.app.database().tamper("ALTER TABLE chain_coin RENAME TO elsewhere").await;
    c.btc.mine(&[("t1", 0, to, "btc", SMALL)]);
    assert!(c.work.round().await.is_err());
    c.app.database().tamper("ALTER TABLE elsewhere RENAME TO chain_coin").await;
    expect_errors(&["no such table", "does not exist"]);
    assert_eq!(c.statuses().await, [WAITS]);
    assert_eq!(c.details(&c.newest().await).await["confirmations"], 0, "the cursor has not moved");
}

#[tokio::test]
async fn a_look_that_is_broken_off_goes_on() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    see_and_break_off(&mut c, &to).await;
    c.btc.mine_empty(1);
    c.look().await;
    assert_eq!(c.statuses().await, [WAITS, DONE]);
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.01000000");
    c.app.finish().await;
}

#[tokio::test]
async fn what_a_broken_off_look_saw_leaves_with_its_block() {
    // In no block any more; a block later; and in an earlier one.
    for (depth, before, after) in [(1, 1, None), (1, 1, Some(0)), (3, 0, Some(3)), (3, 1, Some(1))] {
        let mut c = Chained::start().await;
        let to = address(&c.a, Some("anna"), "btc", "btc").await;
        see_and_break_off(&mut c, &to).await;
        c.btc.leave(depth);
        c.btc.mine_empty(before);
        if let Some(after) = after {
            c.btc.mine(&[("t1", 0, &to, "btc", SMALL)]);
            c.btc.mine_empty(after);
        }
        c.btc.mine_empty(1);
        c.look().await;
        let is_credited = after.is_some();
        let amount = if is_credited { "0.01000000" } else { "0.00000000" };
        assert_eq!(c.a.amount(Some("anna"), "btc").await, amount, "{depth} {before} {after:?}");
        assert_eq!(c.statuses().await.len(), if is_credited { 2 } else { 1 });
        let confirmations = after.map_or(0, |after| after + 2);
        assert_eq!(c.details(&c.newest().await).await["confirmations"], confirmations);
        c.app.finish().await;
    }
}

/// Two processes over nodes that do not agree: at any moment of a look at a block, another look finds another block in
/// its place and is broken off at any moment, and the first goes on. Or the other has followed that block, and is
/// broken off when it finds the first one again.
async fn disagree(comes_back: bool) {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    let mut credited = 0;
    let (mut first, mut second) = (0, 0);
    loop {
        let [mut one, mut other] = [ChainWork::new(c.app.app.clone()), ChainWork::new(c.app.app.clone())];
        c.btc.mine_empty(1);
        c.look().await;
        credited += 1;
        c.btc.mine(&[(&format!("t{credited}"), 0, &to, "btc", SMALL)]);
        let chain = c.btc.blocks();
        let mut look = Box::pin(one.round());
        let is_done = is_done_after(look.as_mut(), first).await;
        c.btc.leave(1);
        c.btc.mine_empty(1);
        if comes_back {
            // A command that was under way comes first, or makes this one begin anew.
            drop(c.work.round().await);
            drop(c.work.round().await);
            c.btc.switch_to(chain.clone());
        }
        let mut other_look = Box::pin(other.round());
        let is_other_done = is_done_after(other_look.as_mut(), second).await;
        c.btc.switch_to(chain);
        if !is_done {
            // It may find that another process follows.
            drop(look.await);
        }
        drop(other_look);
        for _ in 0..2 {
            c.btc.mine_empty(1);
            // A command that was under way when the other look ended may come first.
            drop(c.work.round().await);
            drop(c.work.round().await);
            c.look().await;
        }
        let amount = format_minor(SMALL * credited, 8);
        assert_eq!(c.a.amount(Some("anna"), "btc").await, amount, "{first} {second}");
        (first, second) = if is_other_done { (first + 1, 0) } else { (first, second + 1) };
        if is_done {
            break;
        }
    }
    allow_errors(&["another process follows this chain too"]);
    c.app.finish().await;
}

#[tokio::test]
async fn two_that_do_not_agree_lose_nothing() {
    disagree(false).await;
}

#[tokio::test]
async fn a_block_that_comes_again_is_another_one() {
    // There are ten times as many moments of each look with PostgreSQL, and the fence is the same.
    if engine() != Engine::Sqlite {
        return skip("runs with SQLite, once is enough");
    }
    disagree(true).await;
}

/// Two processes at once: what one begins, the other does not begin again.
#[tokio::test]
async fn two_that_follow_at_once_credit_once() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    for round in 0..5 {
        c.btc.mine(&[(&format!("t{round}"), 0, &to, "btc", 1_000)]);
        c.btc.mine_empty(1);
        let mut others = [ChainWork::new(c.app.app.clone()), ChainWork::new(c.app.app.clone())];
        let [first, second] = &mut others;
        // One of them may find the other at work, and begins anew with the next round.
        let _ = tokio::join!(first.round(), second.round(), c.work.round());
        c.look().await;
    }
    allow_errors(&["another process follows this chain too"]);
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.00005000");
    assert_eq!(c.statuses().await.len(), 10);
    c.app.finish().await;
}

#[tokio::test]
async fn what_comes_while_a_user_is_suspended_is_held() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    c.a.patch("/v1/user/suspend/anna", &json!({})).send().await.expect(200);
    c.btc.mine(&[("t1", 0, &to, "btc", SMALL), ("t2", 0, &to, "btc", SMALL)]);
    c.btc.mine_empty(1);
    c.look().await;
    assert_eq!(c.statuses().await, [WAITS, WAITS]);
    c.a.patch("/v1/user/unsuspend/anna", &json!({})).send().await.expect(200);
    c.a.run_jobs().await;
    assert_eq!(c.statuses().await, [WAITS, WAITS, DONE, DONE]);
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.02000000");
    c.app.finish().await;
}

#[tokio::test]
async fn what_is_below_the_minimum_is_not_credited() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "usdt", "ethereum").await;
    c.ethereum.mine(&[("0x1", 1, &to, "usdt", 4_999_999), ("0x2", 1, &to, "usdt", 5_000_000)]);
    c.ethereum.mine_empty(11);
    c.look().await;
    assert_eq!(c.statuses().await, [WAITS, WAITS, NOT, DONE].map(str::to_owned));
    assert_eq!(c.a.amount(Some("anna"), "usdt").await, "5.000000");
    c.app.finish().await;
}

#[tokio::test]
async fn a_node_that_is_away_or_of_another_chain_credits_nothing_and_nothing_is_lost() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    c.look().await;
    c.btc.mine(&[("t1", 0, &to, "btc", SMALL)]);
    c.btc.mine_empty(1);
    c.btc.trouble(Some("away"));
    for _ in 0..3 {
        assert!(c.work.round().await.is_err());
    }
    c.btc.trouble(None);
    c.btc.be_other_chain(true);
    assert!(c.work.round().await.is_err());
    assert!(c.statuses().await.is_empty());
    // It is said once, and once more where it is something else.
    expect_errors(&["away", "another chain"]);
    // The other chain goes on all the while.
    let other = address(&c.a, Some("anna"), "eth", "ethereum").await;
    c.ethereum.mine(&[("0x1", 0, &other, "eth", 1_000_000)]);
    assert!(c.work.round().await.is_err());
    assert_eq!(c.statuses().await, [WAITS]);
    c.btc.be_other_chain(false);
    // It goes backwards: nothing is taken back for that alone.
    c.look().await;
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.01000000");
    c.btc.leave(2);
    c.look().await;
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.01000000");
    run_due(&c.app.app, Due::Any).await.expect("jobs");
    c.app.finish().await;
}
