//! Wallets, section 2.7.

mod addresses;
mod refusals;

use crate::support::{Call, Client, Setup, TestApp};
use crate::webhooks::receiver::Receiver;
use crate::webhooks::{deliver, register};
use florin_api::kit::settings::Settings;
use florin_api::wallets::check_seed;
use florin_wallet::{Keychain, Seed};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Asks for a wallet of a user, or of the partner; not sent yet.
fn ask(client: &Client, user: Option<&str>, currency: &str, network: &str) -> Call {
    let path = user.map_or("/v1/partner/wallet".to_owned(), |id| format!("/v1/user/wallet/{id}"));
    client.post(&path, &json!({"currency": currency, "network": network}))
}

/// The wallets of the currencies and networks of the sandbox.
fn pairs(app: &TestApp) -> Vec<(String, String)> {
    let rows = app.app.settings.reference.currencies().iter();
    rows.flat_map(|row| {
        let code = row.currency.code.to_string();
        row.networks.iter().map(move |network| (code.clone(), network.slug.clone()))
    })
    .collect()
}

/// Another platform over the same data, with the keys of this seed, or with none.
async fn reopen_with(app: &mut TestApp, seed: Option<[u8; 32]>) {
    let keychain = seed.map(|seed| Arc::new(Keychain::new(Seed::new(seed))));
    let settings = Settings { keychain, ..Settings::sandbox() };
    app.reopen(Setup { settings, ..Setup::default() }).await;
}

/// The payloads of `wallet.created`, oldest first.
async fn created(client: &Client) -> Vec<Value> {
    let events = client.events().await.into_iter();
    let of_wallets = events.filter(|event| event["type"] == "wallet.created");
    of_wallets.map(|event| event["payload"].clone()).collect()
}

/// The address that the balances show for a currency.
async fn shown(client: &Client, user: Option<&str>, currency: &str) -> Value {
    let balances = client.balances(user).await;
    let list = balances["cryptoBalances"].as_array().expect("a list");
    list.iter().find(|balance| balance["name"] == currency).expect("a balance")["wallet"].clone()
}

#[tokio::test]
async fn a_wallet_is_made_once() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    a.approve("anna").await;
    for user in [None, Some("anna")] {
        let made = ask(&a, user, "usdc", "polygon").send().await.expect(201);
        let names: Vec<_> = made.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["walletId", "currency", "network", "address", "createdAt"]);
        assert_eq!((&made["currency"], &made["network"]), (&json!("usdc"), &json!("polygon")));
        assert_eq!(made["createdAt"], "2026-11-23T12:00:00.000Z");
        for (currency, network) in [("usdc", "polygon"), ("USDC", "Polygon"), ("uSdC", "POLYGON")] {
            assert_eq!(ask(&a, user, currency, network).send().await.expect(200), made);
        }
    }
    // The balances of anna become active: the wallet that was there before is not made again.
    a.settle().await;
    let of_anna: Vec<_> =
        created(&a).await.into_iter().filter(|payload| payload["externalUserId"] == "anna").collect();
    let ids: BTreeSet<_> = of_anna.iter().map(|payload| payload["walletId"].to_string()).collect();
    assert_eq!((of_anna.len(), ids.len()), (pairs(&app).len(), pairs(&app).len()));
    app.finish().await;
}

/// What a key has answered stays what it was: 201 for the request that made the wallet.
#[tokio::test]
async fn a_key_replays_the_first_status_and_body() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    a.approve("anna").await;
    for (index, user) in [None, Some("anna")].into_iter().enumerate() {
        let keyed = |network: &'static str, key: &str| {
            ask(&a, user, "usdt", network).keyed(&format!("{key}-{index}")).send()
        };
        let first = keyed("ethereum", "first").await;
        let found = keyed("ethereum", "second").await;
        assert_eq!((first.status, found.status), (201, 200));
        assert_eq!(first.body, found.body);
        for (key, status) in [("first", 201), ("second", 200), ("first", 201)] {
            let again = keyed("ethereum", key).await;
            assert_eq!((again.status, &again.body, again.is_replayed()), (status, &first.body, true));
        }
        keyed("polygon", "first").await.is_refused("P470");
    }
    assert_eq!(created(&a).await.len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn many_at_once_make_one_wallet() {
    let app = TestApp::start().await;
    let a = app.a();
    let calls = (0..16).map(|_| ask(&a, None, "btc", "btc").send());
    let answers = futures_util::future::join_all(calls).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1);
    assert!(answers.iter().all(|answer| answer.body == made[0].body && answer.status <= 201));
    assert_eq!(created(&a).await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn balances_show_wallets() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    a.approve("anna").await;
    for (currency, _) in pairs(&app) {
        assert_eq!(shown(&a, Some("anna"), &currency).await, Value::Null);
        assert_eq!(shown(&a, None, &currency).await, Value::Null);
    }
    a.settle().await;
    for (currency, network) in pairs(&app) {
        let wallet = ask(&a, Some("anna"), &currency, &network).send().await.expect(200);
        assert_eq!(shown(&a, Some("anna"), &currency).await, wallet["address"]);
        // The partner's are made when they are asked for.
        let wallet = ask(&a, None, &currency, &network).send().await;
        assert_eq!(shown(&a, None, &currency).await, wallet.expect(201)["address"]);
    }
    app.finish().await;
}

/// In the path of the contract, each once, and before the user is told to be active.
#[tokio::test]
async fn wallet_created_goes_to_the_contracts_path() {
    let app = TestApp::start().await;
    let (a, receiver) = (app.a(), Receiver::start().await);
    register(&a, &receiver.url).await;
    let made = ask(&a, None, "doge", "doge").send().await.expect(201);
    deliver(&app).await;
    let got = receiver.take();
    assert_eq!((got.len(), got[0].path.as_str()), (1, "/webhook/wallet/created"));
    let address = made["address"].as_str().expect("an address");
    let expected = format!(
        r#"{{"externalUserId":null,"walletId":{},"currency":"doge","network":"doge","address":"{address}"}}"#,
        made["walletId"]
    );
    assert_eq!(got[0].text, expected);
    a.verified_user("anna").await;
    deliver(&app).await;
    let got = receiver.take().into_iter().filter(|got| got.path == "/webhook/wallet/created");
    let got: BTreeSet<_> = got.map(|got| got.text).collect();
    assert_eq!(got.len(), pairs(&app).len());
    let events = a.events().await;
    let types: Vec<_> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert!(types.ends_with(&["wallet.created", "user.status"]), "{types:?}");
    app.finish().await;
}

/// What is paid to it later is still known to be for nobody else. Its id is never used again, so it can stay.
#[tokio::test]
async fn events_of_an_erased_user_stay_as_they_were() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let before = created(&a).await;
    assert!(before.len() > 1 && before.iter().all(|payload| payload["externalUserId"] == "anna"));
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    assert_eq!(created(&a).await, before);
    let again = crate::support::person("anna");
    a.post("/v1/user/balances/crypto-and-fiat", &again).send().await.is_refused("P411");
    app.finish().await;
}

#[tokio::test]
async fn another_seed_is_noticed() {
    let mut app = TestApp::start().await;
    let is_right = async |app: &TestApp| check_seed(&app.app).await.expect("the database answers");
    reopen_with(&mut app, Some([1; 32])).await;
    assert!(is_right(&app).await, "there are no wallets yet");
    let made = ask(&app.a(), None, "btc", "btc").send().await.expect(201);
    assert!(is_right(&app).await);
    reopen_with(&mut app, Some([2; 32])).await;
    assert!(!is_right(&app).await);
    // Without a seed what was made is still shown.
    reopen_with(&mut app, None).await;
    assert!(is_right(&app).await);
    assert_eq!(ask(&app.a(), None, "btc", "btc").send().await.expect(200), made);
    assert_eq!(shown(&app.a(), None, "btc").await, made["address"]);
    // A reset forgets the wallets of the book, and not the seed that they came from.
    reopen_with(&mut app, Some([1; 32])).await;
    app.a().call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    reopen_with(&mut app, Some([2; 32])).await;
    assert!(!is_right(&app).await);
    reopen_with(&mut app, Some([1; 32])).await;
    assert!(is_right(&app).await);
    app.finish().await;
}
