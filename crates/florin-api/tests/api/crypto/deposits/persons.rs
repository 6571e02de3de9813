//! Deposits that a person decides about.

use super::super::withdrawals::outside;
use super::*;
use florin_api::crypto::CryptoOperator;

fn operator(app: &TestApp) -> CryptoOperator<'_> {
    CryptoOperator { app: &app.app, name: florin_types::Text::parse("olga").expect("a name") }
}

/// Pays on a simulated chain, with all confirmations; the deposit's id.
async fn pay_in(client: &Client, to: &str, (currency, network, amount): (&str, &str, &str)) -> String {
    let body = json!({
        "address": to, "currency": currency, "network": network, "amount": amount, "confirmations": 12,
    });
    let made = client.post("/v1/sandbox/chain/deposit", &body).send().await.expect(201);
    made["cryptoDepositId"].as_str().expect("an id").to_owned()
}

/// On a simulated chain of Ethereum's kind it is known who sent it; on one of Bitcoin's kind a person says where to.
#[tokio::test]
async fn what_nobody_explains_goes_back() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let mut ids = Vec::new();
    for (currency, network, amount) in [("eth", "ethereum", "1"), ("ltc", "ltc", "20")] {
        let to = address(&a, Some("anna"), currency, network).await;
        ids.push(pay_in(&a, &to, (currency, network, amount)).await);
    }
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 31 * 86_400})).send().await.expect(200);
    for _ in 0..4 {
        a.settle().await;
    }
    let error = async |id: &str| {
        let shown = a.get(&format!("/v1/crypto-deposit/details/{id}")).await.expect(200);
        assert_eq!(shown["status"], NOT);
        shown["error"]["status"].clone()
    };
    assert_eq!([error(&ids[0]).await, error(&ids[1]).await], ["RETURNED", "UNEXPLAINED"]);
    let (waiting, _) = operator(&app).deposits().await.expect("a list");
    assert_eq!(waiting.len(), 1);
    let id = waiting[0].id;
    assert_eq!((waiting[0].currency.as_str(), waiting[0].amount.as_str()), ("ltc", "20.00000000"));
    let none = operator(&app).give_back(id, None).await.expect("an answer").expect("a deposit");
    assert!(none.is_err(), "its chain does not say who sent it");
    assert!(
        operator(&app).give_back(id, Some("nonsense")).await.expect("an answer").expect("a deposit").is_err()
    );
    let wallet = address(&app.b(), None, "ltc", "ltc").await;
    let ours = operator(&app).give_back(id, Some(&wallet)).await.expect("an answer").expect("a deposit");
    assert!(ours.is_err(), "it is an address of another partner here");
    operator(&app)
        .give_back(id, Some(&outside("ltc")))
        .await
        .expect("an answer")
        .expect("a deposit")
        .expect("it goes back");
    assert!(operator(&app).credit(id).await.is_err(), "it does not wait any more");
    for _ in 0..4 {
        a.settle().await;
    }
    assert_eq!(error(&ids[1]).await, "RETURNED");
    assert!(operator(&app).deposits().await.expect("a list").0.is_empty());
    // The house has borne nothing: what the network took was taken from what went back.
    assert_eq!(a.events().await.iter().filter(|event| event["type"] == "crypto_withdrawal").count(), 0);
    // A chain that loses what was given back costs the house, and nobody is told again.
    let told = a.events().await.len();
    let body = json!({"network": "ethereum", "depth": 100, "drops": true});
    a.post("/v1/sandbox/chain/reorganise", &body).send().await.expect(200);
    assert_eq!(a.events().await.len(), told);
    app.finish().await;
}

/// What goes back by itself waits for approval where a withdrawal would; once it is rejected, a person decides.
#[tokio::test]
async fn what_goes_back_may_need_approval() {
    let mut app = TestApp::start().await;
    let chains = Chains { approve_above: Some(1_000_000), ..Chains::simulated() };
    app.reopen(Setup { settings: Settings { chains, ..app.app.settings.clone() }, ..Setup::default() }).await;
    let a = app.a();
    a.verified_user("anna").await;
    let to = address(&a, Some("anna"), "eth", "ethereum").await;
    let mut ids = Vec::new();
    for amount in ["1", "5", "6"] {
        ids.push(pay_in(&a, &to, ("eth", "ethereum", amount)).await);
    }
    let settle = async || {
        for _ in 0..4 {
            a.settle().await;
        }
    };
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 31 * 86_400})).send().await.expect(200);
    settle().await;
    let waiting = operator(&app).list().await.expect("a list").waiting;
    let waits: Vec<_> = waiting.iter().map(|one| (one.state, one.waits)).collect();
    assert_eq!(waits, [("APPROVAL", Some("VALUE")); 2]);
    let is_of = |amount: &str| waiting.iter().find(|one| one.amount.starts_with(amount)).expect("it").id;
    let (approved, rejected) = (is_of("4"), is_of("5"));
    operator(&app).approve(approved).await.expect("a command").expect("a withdrawal");
    operator(&app).reject(rejected).await.expect("a command").expect("a withdrawal");
    settle().await;
    let mut states = Vec::new();
    for id in &ids {
        let shown = a.get(&format!("/v1/crypto-deposit/details/{id}")).await.expect(200);
        states.push(shown["error"]["status"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(states, ["RETURNED", "RETURNED", "UNEXPLAINED"]);
    // Who sent it stays known after its user is erased, until it has gone back.
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    let senders = "SELECT COUNT(*) FROM crypto_deposit WHERE sender IS NOT NULL";
    assert_eq!(app.database().count(senders).await, 1);
    let unexplained = operator(&app).deposits().await.expect("a list").0[0].id;
    operator(&app).give_back(unexplained, None).await.expect("an answer").expect("a deposit").expect("back");
    settle().await;
    assert!(operator(&app).deposits().await.expect("a list").0.is_empty());
    assert_eq!(app.database().count(senders).await, 0);
    app.finish().await;
}

/// A suspended user's deposit stays: its own withdrawals would fail, too.
#[tokio::test]
async fn what_a_suspended_user_got_does_not_go_back() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let to = address(&a, Some("anna"), "eth", "ethereum").await;
    pay_in(&a, &to, ("eth", "ethereum", "1")).await;
    a.patch("/v1/user/suspend/anna", &json!({})).send().await.expect(200);
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 31 * 86_400})).send().await.expect(200);
    a.settle().await;
    let (waiting, _) = operator(&app).deposits().await.expect("a list");
    assert_eq!((waiting.len(), waiting[0].state), (1, "UNEXPLAINED"));
    assert!(operator(&app).credit(waiting[0].id).await.is_err(), "not while its user is suspended");
    a.patch("/v1/user/unsuspend/anna", &json!({})).send().await.expect(200);
    operator(&app).credit(waiting[0].id).await.expect("a command").expect("a deposit");
    assert_eq!(a.amount(Some("anna"), "eth").await.parse::<f64>(), Ok(1.0));
    app.finish().await;
}

/// What is left of it after the network's fee could not be paid.
#[tokio::test]
async fn dust_does_not_go_back() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    let fee = c.a.get("/v1/crypto-withdrawal/get-network-fee?currency=btc").await.expect(200);
    let fee = (fee["networkFee"].as_f64().expect("a fee") * 1e8).round() as i64;
    c.a.delete("/v1/user/anna").await.expect(200);
    c.btc.mine(&[("aa", 0, &to, "btc", fee + 545), ("bb", 0, &to, "btc", fee + 546)]);
    c.btc.mine_empty(11);
    c.look().await;
    let (waiting, _) = operator(&c.app).deposits().await.expect("a list");
    assert_eq!(waiting.len(), 2);
    for one in waiting {
        let answer = operator(&c.app).give_back(one.id, Some(&outside("btc"))).await;
        let answer = answer.expect("an answer").expect("a deposit");
        assert_eq!(answer.is_ok(), one.transaction == "bb");
    }
    c.app.finish().await;
}

/// Its sender is put on the list of sanctioned addresses while it waits: only a person credits it then.
#[tokio::test]
async fn what_waits_is_looked_up_again() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "usdt", "ethereum").await;
    c.ethereum.mine(&[("0x1", 1, &to, "usdt", 2_000_000_000)]);
    c.ethereum.mine_empty(11);
    c.look().await;
    assert_eq!(c.statuses().await, [WAITS, ASKED]);
    c.sanction().await;
    let id = c.newest().await;
    explain(&c.a, &id, &json!({"iAmOwnerOfWallet": true})).send().await.expect(200);
    c.a.run_jobs().await;
    assert_eq!(c.statuses().await, [WAITS, ASKED, WAITS]);
    assert_eq!(c.a.amount(Some("anna"), "usdt").await, "0.000000");
    let (waiting, _) = operator(&c.app).deposits().await.expect("a list");
    assert_eq!(waiting[0].state, "SANCTIONED");
    operator(&c.app).credit(waiting[0].id).await.expect("a command").expect("a deposit");
    assert_eq!(c.statuses().await, [WAITS, ASKED, WAITS, DONE]);
    assert_eq!(c.a.amount(Some("anna"), "usdt").await, "2000.000000");
    c.app.finish().await;
}

/// What a sanctioned sender has paid for an order keeps nothing open, and settles the order once a person says so.
#[tokio::test]
async fn an_order_is_paid_by_a_sanctioned_sender() {
    let mut c = Chained::start().await;
    c.sanction().await;
    c.look().await;
    let id = c.order().await;
    c.a.run_jobs().await;
    let status = async |c: &Chained| c.order_details(&id).await["status"].clone();
    let to = c.order_address(&id).await;
    c.ethereum.mine(&[("0x1", 1, &to, "usdc", 116_279_069)]);
    c.ethereum.mine_empty(1);
    c.look().await;
    c.a.run_jobs().await;
    assert_eq!(status(&c).await, "WAITING_FOR_CONFIRMATION");
    c.ethereum.mine_empty(11);
    c.look().await;
    c.a.run_jobs().await;
    assert_eq!(status(&c).await, "WAITING_FOR_PAYMENT");
    c.app.clock.advance(Duration::from_secs(3_600));
    c.a.run_jobs().await;
    assert_eq!(status(&c).await, "EXPIRED");
    let (waiting, _) = operator(&c.app).deposits().await.expect("a list");
    assert_eq!(waiting[0].state, "SANCTIONED");
    operator(&c.app).credit(waiting[0].id).await.expect("a command").expect("a deposit");
    c.a.run_jobs().await;
    assert_eq!((status(&c).await, c.a.amount(None, "eur").await), (json!("COMPLETED"), "100.00".to_owned()));
    assert_eq!(c.a.amount(None, "usdc").await, "0.000000");
    c.app.finish().await;
}

/// What is to go back leaves its chain first: it does not go back, nobody bears anything, and it is as if it came for
/// the first time once a block has it.
#[tokio::test]
async fn what_is_on_no_chain_does_not_go_back() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "btc", "btc").await;
    c.btc.mine(&[("t1", 0, &to, "btc", LARGE)]);
    c.btc.mine_empty(2);
    c.look().await;
    c.app.clock.advance(Duration::from_secs(31 * 86_400));
    c.a.run_jobs().await;
    assert_eq!(c.statuses().await, [WAITS, ASKED, NOT]);
    let id = operator(&c.app).deposits().await.expect("a list").0[0].id;
    let outside = "tb1qtke5lpwdy0d4mpadh9kwkervskffcdkghfgvcr";
    let begun = operator(&c.app).give_back(id, Some(outside)).await.expect("an answer").expect("a deposit");
    begun.expect("it goes back");
    c.btc.leave(3);
    c.btc.mine_empty(3);
    c.look().await;
    expect_errors(&["left its chain and was taken back"]);
    c.a.run_jobs().await;
    assert!(operator(&c.app).deposits().await.expect("a list").0.is_empty());
    assert!(operator(&c.app).list().await.expect("a list").waiting.is_empty());
    assert_eq!(c.details(&id.to_string()).await["confirmations"], 0);
    let moved = "SELECT COUNT(*) FROM account WHERE currency = 'btc' AND balance <> 0";
    assert_eq!(c.app.database().count(moved).await, 0);
    c.btc.mine(&[("t1", 0, &to, "btc", LARGE)]);
    c.btc.mine_empty(2);
    c.look().await;
    let details = json!({"iAmOwnerOfWallet": true});
    explain(&c.a, &id.to_string(), &details).send().await.expect(200);
    assert_eq!(c.statuses().await, [WAITS, ASKED, NOT, WAITS, ASKED, DONE]);
    assert_eq!(c.a.amount(Some("anna"), "btc").await, "0.02000000");
    c.app.finish().await;
}

#[tokio::test]
async fn a_person_credits_what_was_too_small() {
    let mut c = Chained::start().await;
    let to = address(&c.a, Some("anna"), "usdt", "ethereum").await;
    c.ethereum.mine(&[("0x1", 1, &to, "usdt", 4_999_999)]);
    c.ethereum.mine_empty(11);
    c.look().await;
    let (waiting, _) = operator(&c.app).deposits().await.expect("a list");
    // A person is told that its sender is on the list by now, before it is credited.
    c.sanction().await;
    assert_eq!(operator(&c.app).credit(waiting[0].id).await, Ok(Some(false)));
    assert_eq!(c.a.amount(Some("anna"), "usdt").await, "0.000000");
    assert_eq!(operator(&c.app).deposits().await.expect("a list").0[0].state, "SANCTIONED");
    assert_eq!(operator(&c.app).credit(waiting[0].id).await, Ok(Some(true)));
    assert_eq!(c.statuses().await, [WAITS, NOT, WAITS, DONE]);
    assert_eq!(c.a.amount(Some("anna"), "usdt").await, "4.999999");
    assert_eq!(operator(&c.app).credit(uuid::Uuid::nil()).await.expect("a read"), None);
    c.app.finish().await;
}
