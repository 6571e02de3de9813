//! Withdrawals to chains.

mod paid;
mod persons;
mod refusals;
mod stuck;

use crate::support::{Answer, Call, Client, Setup, TestApp};
use florin_api::crypto::{CryptoOperator, hot_wallet, simulated};
use florin_api::kit::book::jobs::run_inside;
use florin_api::kit::book::registry::book_of;
use florin_api::kit::book::work::Work;
use florin_api::kit::settings::{Chains, Settings};
use florin_types::format_minor;
use florin_wallet::{Branch, Chain, ChainKind, Keychain, Net, Place, Seed};
use serde_json::{Value, json};

/// An address of somebody outside on a network of the sandbox.
pub fn outside(network: &str) -> String {
    let kind = match network {
        "btc" => ChainKind::Bitcoin,
        "ltc" => ChainKind::Litecoin,
        "doge" => ChainKind::Dogecoin,
        _ => ChainKind::Evm,
    };
    let place = Place { book: 1, branch: Branch::Holders, number: 7 };
    let chain = Chain { kind, net: Net::Test };
    Keychain::new(Seed::new([9; 32])).address(chain, place).expect("an address").into_string()
}

/// A withdrawal of a user, or of the partner; not sent yet.
pub fn withdraw(
    client: &Client,
    user: Option<&str>,
    (amount, currency, network): (&str, &str, &str),
    address: &str,
) -> Call {
    let mut body = json!({
        "currency": currency, "amount": amount, "walletAddress": address, "network": network,
        "name": "Charles Babbage", "walletType": "NON_CUSTODIAL", "receiverType": "NATURAL",
    });
    let path = match user {
        Some(user) => {
            body["sourceExternalUserId"] = json!(user);
            "/v1/crypto-withdrawal"
        }
        None => "/v1/partner/crypto-withdrawal",
    };
    client.post(path, &body)
}

fn id_of(made: &Answer) -> String {
    made.expect(200)["withdrawalId"].as_str().expect("an id").to_owned()
}

async fn details(client: &Client, id: &str) -> Value {
    client.get(&format!("/v1/crypto-withdrawal/details/{id}")).await.expect(200)
}

/// The payloads of `crypto_withdrawal`, oldest first.
async fn told(client: &Client) -> Vec<Value> {
    let events = client.events().await.into_iter();
    let ours = events.filter(|event| event["type"] == "crypto_withdrawal");
    ours.map(|event| event["payload"].clone()).collect()
}

/// What is known before a transaction is made.
async fn network_fee(client: &Client, currency: &str, network: &str) -> Value {
    let path = format!("/v1/crypto-withdrawal/get-network-fee?currency={currency}&network={network}");
    client.get(&path).await.expect(200)
}

/// Anna and the partner, with coins and tokens.
async fn with_anna(app: &TestApp) -> Client {
    let a = app.a();
    a.verified_user("anna").await;
    for (amount, currency) in
        [("1", "btc"), ("10", "ltc"), ("1000", "doge"), ("5", "eth"), ("100", "pol"), ("500", "usdc")]
    {
        a.fund(Some("anna"), amount, currency).await;
        a.fund(None, amount, currency).await;
    }
    a
}

/// A sandbox with other rules about chains.
async fn with_chains(chains: Chains) -> TestApp {
    let settings = Settings { chains, ..Settings::sandbox() };
    TestApp::with(Setup { settings, ..Setup::default() }).await
}

/// Somebody pays ten coins to the hot wallet of the first partner's book on a network.
async fn top_up(app: &TestApp, network: &'static str) {
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let kind = if network == "ltc" { ChainKind::Litecoin } else { ChainKind::Evm };
    let keys = app.app.settings.keychain.as_ref().expect("keys");
    let hot =
        keys.address(Chain { kind, net: Net::Test }, hot_wallet(book)).expect("an address").into_string();
    let net = florin_api::crypto::Net::of(network).expect("a network");
    let pay = async move |work: &mut Work<'_>| {
        simulated::pay(work, net, &[(hot.clone(), net.coin, 1_000_000_000)], true).await.map(drop)
    };
    run_inside(&app.app, book, Vec::new(), pay).await.expect("a command");
}

/// Money of the house is booked when it comes, and taken back with its block. Every test ends by checking the books.
#[tokio::test]
async fn top_ups_are_the_houses_money() {
    let app = TestApp::start().await;
    let a = app.a();
    for network in ["ltc", "ethereum"] {
        top_up(&app, network).await;
        let count = "SELECT COUNT(*) FROM chain_top_up WHERE height IS NOT NULL";
        let play = async |call: &str, more: (&str, u64)| {
            let mut body = json!({"network": network});
            body[more.0] = json!(more.1);
            a.post(&format!("/v1/sandbox/chain/{call}"), &body).send().await.expect(200);
            a.run_jobs().await;
            app.database().count(count).await
        };
        let with = play("mine", ("blocks", 1)).await;
        assert_eq!(play("reorganise", ("depth", 1)).await, with - 1, "{network}");
        assert_eq!(play("mine", ("blocks", 1)).await, with, "{network}");
    }
    assert_eq!(a.history(None).await, Vec::<Value>::new());
    app.finish().await;
}

/// Runs every statement of this part.
pub async fn every_statement(app: &TestApp) {
    let a = app.a();
    a.verified_user("wanda").await;
    a.fund(Some("wanda"), "1", "ltc").await;
    let fee = network_fee(&a, "ltc", "ltc").await["networkFee"].as_f64().expect("a number");
    let fee: i64 = format!("{fee:.8}").replace('.', "").parse().expect("a number");
    let all = format_minor(100_000_000 - 200_000 - fee, 8);
    id_of(&withdraw(&a, Some("wanda"), (&all, "ltc", "ltc"), &outside("ltc")).send().await);
    a.run_jobs().await;
    top_up(app, "ltc").await;
    let body = json!({"network": "ltc", "blocks": 1});
    a.post("/v1/sandbox/chain/mine", &body).send().await.expect(200);
    a.run_jobs().await;
    a.fund(None, "5", "pol").await;
    for _ in 0..2 {
        withdraw(&a, None, ("1", "pol", "polygon"), &outside("polygon")).send().await.expect(200);
        a.run_jobs().await;
    }
    let body = json!({"network": "ltc", "depth": 1});
    a.post("/v1/sandbox/chain/reorganise", &body).send().await.expect(200);
    for _ in 0..4 {
        a.settle().await;
    }
    let name = florin_types::Text::parse("olga").expect("a name");
    let operator = CryptoOperator { app: &app.app, name };
    operator.list().await.expect("a list");
    operator.deposits().await.expect("a list");
    a.delete("/v1/user/wanda").await.expect(200);
    a.run_jobs().await;
}

/// A held balance and what can be spent, in whole units.
async fn number(client: &Client, user: Option<&str>, currency: &str) -> f64 {
    client.amount(user, currency).await.parse().expect("a number")
}

#[tokio::test]
async fn amount_and_both_fees_are_held() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (user, before) in [(Some("anna"), 1.0), (None, 1.0)] {
        let fee = network_fee(&a, "btc", "BTC").await;
        assert_eq!(fee["minWithdrawal"], json!(0.001));
        let quoted = fee["networkFee"].as_f64().expect("a number");
        assert!(quoted > 0.0 && quoted < 0.001, "{fee}");
        let id = id_of(&withdraw(&a, user, ("0.25", "btc", "BTC"), &outside("btc")).send().await);
        let left = number(&a, user, "btc").await;
        assert!((before - 0.25 - 0.0003 - quoted - left).abs() < 1e-9, "{left} {quoted}");
        let shown = details(&a, &id).await;
        let expected = json!({
            "id": id, "amount": 0.25, "fee": 0.0003, "networkFee": fee["networkFee"], "currency": "btc",
            "network": "btc", "destination": outside("btc"), "status": "PENDING", "transactionHash": null,
            "confirmations": 0, "requiredConfirmations": 2, "createdAt": shown["createdAt"],
        });
        assert_eq!(shown, expected);
        let line = &a.history(user).await[0];
        assert_eq!(
            (&line["type"], &line["status"], &line["currency"]),
            (&json!("CRYPTO_WITHDRAWAL"), &json!("PENDING"), &json!("btc"))
        );
    }
    assert_eq!(told(&a).await, Vec::<Value>::new());
    app.finish().await;
}

/// The network's fee of a token is what the coin costs, in the token.
#[tokio::test]
async fn a_tokens_network_fee_is_in_the_token() {
    let app = TestApp::start().await;
    let a = app.a();
    let of = async |currency: &str, network: &str| {
        network_fee(&a, currency, network).await["networkFee"].as_f64().expect("a number")
    };
    let (coin, token) = (of("eth", "ethereum").await, of("usdc", "ethereum").await);
    assert!(coin > 0.0 && token > coin, "{coin} {token}");
    // Tokens go by ethereum where nothing else is said; a coin has one network.
    for (query, same) in [("currency=usdc", token), ("currency=USDC&network=Ethereum", token)] {
        let fee = a.get(&format!("/v1/crypto-withdrawal/get-network-fee?{query}")).await.expect(200);
        assert_eq!(fee["networkFee"].as_f64(), Some(same), "{query}");
    }
    a.get("/v1/crypto-withdrawal/get-network-fee?currency=ltc").await.expect(200);
    for (query, code) in [
        ("currency=xyz", "P410"),
        ("currency=btc&network=polygon", "P410"),
        ("currency=eur", "P457"),
        ("network=btc", "P403"),
    ] {
        a.get(&format!("/v1/crypto-withdrawal/get-network-fee?{query}")).await.is_refused(code);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_key_makes_one_withdrawal() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let ask = |amount: &str| withdraw(&a, Some("anna"), (amount, "eth", "ethereum"), &outside("ethereum"));
    let first = ask("1").keyed("k").send().await;
    let again = ask("1").keyed("k").send().await;
    assert_eq!((id_of(&first), again.is_replayed()), (id_of(&again), true));
    ask("2").keyed("k").send().await.is_refused("P470");
    assert_eq!(
        a.history(Some("anna")).await.iter().filter(|line| line["type"] == "CRYPTO_WITHDRAWAL").count(),
        1
    );
    app.finish().await;
}

#[tokio::test]
async fn only_the_own_partner_sees_it() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let id = id_of(&withdraw(&a, Some("anna"), ("1", "ltc", "ltc"), &outside("ltc")).send().await);
    for path in [id.as_str(), "x", "01a00000-0000-7000-8000-000000000007"] {
        app.b().get(&format!("/v1/crypto-withdrawal/details/{path}")).await.is_refused("P441");
    }
    a.get("/v1/crypto-withdrawal/details/x").await.is_refused("P441");
    app.finish().await;
}

/// A user whose withdrawal has not ended stays; afterwards the address is erased with the user.
#[tokio::test]
async fn a_user_leaves_when_all_has_ended() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("ben").await;
    let fee = network_fee(&a, "btc", "btc").await["networkFee"].as_f64().expect("a number");
    a.fund(Some("ben"), &format!("{:.8}", 0.01 + 0.0003 + fee), "btc").await;
    let id = id_of(&withdraw(&a, Some("ben"), ("0.01", "btc", "btc"), &outside("btc")).send().await);
    assert_eq!(a.amount(Some("ben"), "btc").await, "0.00000000");
    a.delete("/v1/user/ben").await.is_refused("P456");
    for _ in 0..4 {
        a.settle().await;
    }
    assert_eq!(details(&a, &id).await["status"], "SUCCESSFUL");
    a.delete("/v1/user/ben").await.expect(200);
    a.run_jobs().await;
    let shown = details(&a, &id).await;
    assert_eq!((&shown["destination"], &shown["status"]), (&Value::Null, &json!("SUCCESSFUL")));
    app.finish().await;
}
