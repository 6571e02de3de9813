//! Addresses: valid for their chain, of one holder, and those of the documented path.

use super::{ask, pairs};
use crate::support::{Client, Setup, TestApp};
use florin_api::kit::settings::Settings;
use florin_api::kit::tables::{Reference, Tables};
use florin_types::Currencies;
use florin_wallet::{Address, Branch, Chain, ChainKind, Keychain, Net, Place, Seed};
use http::Method;
use std::collections::{BTreeMap, BTreeSet};

/// The kind of a network's chain.
fn kind_of(network: &str) -> ChainKind {
    match network {
        "btc" => ChainKind::Bitcoin,
        "ltc" => ChainKind::Litecoin,
        "doge" => ChainKind::Dogecoin,
        "ethereum" | "polygon" => ChainKind::Evm,
        other => panic!("teach this test the chain of {other}"),
    }
}

/// The addresses of a holder on all networks of all currencies, by currency and network.
async fn all_of(app: &TestApp, client: &Client, user: Option<&str>) -> BTreeMap<(String, String), String> {
    let mut all = BTreeMap::new();
    for (currency, network) in pairs(app) {
        let answer = ask(client, user, &currency, &network).send().await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        let address = answer.json()["address"].as_str().expect("an address").to_owned();
        all.insert((currency, network), address);
    }
    all
}

/// A sandbox over main networks or over those to try things on.
async fn over(is_main: bool) -> TestApp {
    let mut tables = Tables::default();
    let networks = tables.currencies.iter_mut().flat_map(|currency| &mut currency.networks);
    networks.for_each(|network| network.mainnet = is_main);
    let reference = Reference::new(&tables, &Currencies::default()).expect("tables");
    let settings = Settings { reference, ..Settings::sandbox() };
    TestApp::with(Setup { settings, ..Setup::default() }).await
}

#[tokio::test]
async fn every_currency_has_a_valid_address_on_each_network() {
    for is_main in [false, true] {
        let app = over(is_main).await;
        let a = app.a();
        a.verified_user("anna").await;
        for user in [None, Some("anna")] {
            let all = all_of(&app, &a, user).await;
            assert_eq!(all.len(), 9);
            for ((currency, network), address) in &all {
                let chain =
                    Chain { kind: kind_of(network), net: if is_main { Net::Main } else { Net::Test } };
                let parsed = Address::parse(chain, address).map(Address::into_string);
                assert_eq!(parsed.as_ref(), Ok(address), "{currency} on {network}");
            }
            let evm = all.iter().filter(|((_, network), _)| kind_of(network) == ChainKind::Evm);
            let evm: Vec<_> = evm.map(|(_, address)| address).collect();
            assert!(evm.len() == 6 && evm.iter().all(|address| *address == evm[0]), "{evm:?}");
            let others: BTreeSet<_> = all.values().collect();
            assert_eq!(others.len(), 4, "on all other chains the address is another one");
        }
        app.finish().await;
    }
}

/// Users of one partner, the same ids with another, partners, and all of them again after a reset.
#[tokio::test]
async fn no_two_holders_have_the_same_address() {
    let app = TestApp::start().await;
    let (mut seen, mut holders) = (BTreeSet::new(), 0);
    for round in ["first", "after a reset", "after another"] {
        for client in [app.a(), app.b()] {
            for user in ["anna", "ben"] {
                client.verified_user(user).await;
            }
            for user in [None, Some("anna"), Some("ben")] {
                let of_holder: BTreeSet<_> = all_of(&app, &client, user).await.into_values().collect();
                assert!(seen.is_disjoint(&of_holder), "{user:?}, {round}");
                seen.extend(of_holder);
                holders += 1;
            }
            client.call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
        }
    }
    assert_eq!(seen.len(), holders * 4);
    app.finish().await;
}

/// What `docs/crypto.md` says of the path: the book as account, the holder's number within it.
#[tokio::test]
async fn addresses_come_from_the_documented_path() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    let keys = Keychain::new(Seed::new([0; 32]));
    let holder = app.database().count("SELECT id FROM holder WHERE handle = 'anna'").await;
    let place = Place { book: holder >> 40, branch: Branch::Holders, number: holder & 0xFF_FFFF_FFFF };
    for ((currency, network), address) in all_of(&app, &a, Some("anna")).await {
        let chain = Chain { kind: kind_of(&network), net: Net::Test };
        let expected = keys.address(chain, place).expect("an address");
        assert_eq!(address, expected.as_str(), "{currency} on {network}");
    }
    app.finish().await;
}
