//! Balances and history, section 2.3.

mod filters;
mod history;

use crate::support::{Client, TestApp, person};
use florin_wallet::{Address, Chain, ChainKind, Net};
use serde_json::{Value, json};

/// The text of an answer with every UUID and address replaced by `…` and the user's IBAN by `LT…`.
fn shape(text: &str) -> String {
    let mut parts = text.split('"').map(|part| match part {
        part if uuid::Uuid::parse_str(part).is_ok() => "…".to_owned(),
        part if is_address(part) => "…".to_owned(),
        part if part.starts_with("LT") => "LT…".to_owned(),
        part => part.to_owned(),
    });
    let first = parts.next().unwrap_or_default();
    parts.fold(first, |text, part| text + "\"" + &part)
}

fn is_address(text: &str) -> bool {
    [ChainKind::Bitcoin, ChainKind::Litecoin, ChainKind::Dogecoin, ChainKind::Evm]
        .into_iter()
        .any(|kind| Address::parse(Chain { kind, net: Net::Test }, text).is_ok())
}

/// A balance whose wallet is null.
fn crypto(name: &str, amount: &str, rate: &str, networks: &str) -> String {
    format!(
        concat!(
            r#"{{"id":"…","amount":"{amount}","onHold":"{0}","total":"{amount}","#,
            r#""name":"{name}","wallet":null,"rate":{rate},"networkConfig":{{{networks}}}}}"#,
        ),
        amount.replace(|digit: char| digit.is_ascii_digit(), "0"),
        amount = amount,
        name = name,
        rate = rate,
        networks = networks
    )
}

fn network(slug: &str, name: &str, fee: &str, least: &str, deposit: &str) -> String {
    format!(
        concat!(
            r#""{slug}":{{"mainnet":false,"name":"{name}","withdrawal":{{"feeWithdrawal":{fee},"#,
            r#""minWithdrawal":{least}}},"deposit":{{"minDeposit":{deposit}}}}}"#,
        ),
        slug = slug,
        name = name,
        fee = fee,
        least = least,
        deposit = deposit
    )
}

/// The crypto balances of the contract, with 0.0015 btc and without wallets.
fn crypto_balances() -> String {
    let stable =
        [network("ethereum", "sepolia", "10", "1", "5"), network("polygon", "amoy", "0.5", "2", "0")]
            .join(",");
    let all = [
        crypto("btc", "0.00150000", "95000.5", &network("btc", "test", "0.0003", "0.001", "0")),
        crypto("eth", "0.00000000", "2500.5", &network("ethereum", "sepolia", "0.003", "0.006", "0")),
        crypto("ltc", "0.00000000", "80", &network("ltc", "test", "0.002", "0.001", "0")),
        crypto("doge", "0.00000000", "0.15", &network("doge", "test", "5", "20", "0")),
        crypto("pol", "0.00000000", "0.4", &network("polygon", "amoy", "0.5", "0.00005", "0")),
        crypto("usdc", "0.000000", "0.86", &stable),
        crypto("usdt", "0.000000", "0.86", &stable),
    ];
    all.join(",")
}

fn eur(amount: &str, iban: &str, status: &str) -> String {
    format!(
        concat!(
            r#"{{"id":"…","amount":"{amount}","onHold":"0.00","total":"{amount}","name":"eur","#,
            r#""rate":1,"iban":{iban},"status":"{status}"}}"#,
        ),
        amount = amount,
        iban = iban,
        status = status
    )
}

#[tokio::test]
async fn balances_look_as_the_contract_says() {
    let app = TestApp::start().await;
    let a = app.a();
    let text = async |user: Option<&str>| {
        let path = user.map_or("/v1/partner/balances".to_owned(), |id| format!("/v1/user/balances/{id}"));
        shape(a.get(&path).await.text())
    };
    let user = |fiat: &str, crypto: &str| {
        format!(r#"{{"userId":"…","poaRequired":false,"fiatBalances":[{fiat}],"cryptoBalances":[{crypto}]}}"#)
    };
    a.create_user("anna").await;
    assert_eq!(text(Some("anna")).await, user("", ""));
    a.approve("anna").await;
    a.fund(Some("anna"), "0.0015", "btc").await;
    a.fund(Some("anna"), "12.5", "eur").await;
    let waiting = eur("12.50", "null", "WAITING_TO_BE_ACTIVATED");
    assert_eq!(text(Some("anna")).await, user(&waiting, &crypto_balances()));
    a.settle().await;
    let active = eur("12.50", r#""LT…""#, "ACTIVE");
    let with_wallets = crypto_balances().replace(r#""wallet":null"#, r#""wallet":"…""#);
    assert_eq!(text(Some("anna")).await, user(&active, &with_wallets));
    a.fund(None, "0.0015", "btc").await;
    let partner = format!(
        r#"{{"fiatBalances":[{}],"cryptoBalances":[{}]}}"#,
        eur("0.00", "null", "ACTIVE"),
        crypto_balances()
    );
    assert_eq!(text(None).await, partner);
    app.finish().await;
}

#[tokio::test]
async fn the_older_path_answers_the_same() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.create_user("ben").await;
    for id in ["anna", "ben", "nobody"] {
        let older = a.get(&format!("/v1/user/{id}/balances")).await;
        assert_eq!(older.comparable(), a.get(&format!("/v1/user/balances/{id}")).await.comparable());
    }
    app.finish().await;
}

async fn iban_of(client: &Client, id: &str, country: &str) -> Value {
    let mut body = person(id);
    body["country"] = json!(country);
    client.post("/v1/user/balances/crypto-and-fiat", &body).send().await.expect(201);
    client.approve(id).await;
    client.settle().await;
    let eur = client.balances(Some(id)).await["fiatBalances"][0].clone();
    assert_eq!(eur["status"], "ACTIVE");
    eur["iban"].clone()
}

#[tokio::test]
async fn an_iban_comes_where_the_residence_has_one() {
    let app = TestApp::start().await;
    let mut ibans = Vec::new();
    for client in [app.a(), app.b()] {
        for (id, country) in [("gb", "GB"), ("am", "AM"), ("gp", "GP"), ("sj", "SJ")] {
            let iban = iban_of(&client, id, country).await;
            let iban = iban.as_str().unwrap_or_else(|| panic!("{country} has no IBAN"));
            assert!(florin_types::Iban::parse(iban).is_ok() && iban.starts_with("LT"), "{iban}");
            ibans.push(iban.to_owned());
        }
        for (id, country) in [("us", "US"), ("au", "AU")] {
            assert_eq!(iban_of(&client, id, country).await, Value::Null, "{country}");
        }
    }
    let all = ibans.len();
    ibans.sort_unstable();
    ibans.dedup();
    assert_eq!(ibans.len(), all, "an IBAN was given twice");
    app.finish().await;
}

/// Of one template, two platforms give the same user the same IBAN; where somebody has it already, another.
#[tokio::test]
async fn an_iban_that_somebody_has_is_not_given_again() {
    let mut ibans = Vec::new();
    for is_taken in [false, false, true] {
        let app = TestApp::start().await;
        if is_taken {
            let row = format!("(1099511627775000, 1000, 'ACTIVE', '{}')", ibans[0]);
            let columns = "bank_account (holder, book, status, iban)";
            app.database().tamper(&format!("INSERT INTO {columns} VALUES {row}")).await;
        }
        let iban = iban_of(&app.a(), "anna", "DE").await;
        ibans.push(iban.as_str().expect("an IBAN").to_owned());
        // It is nobody's row, and has no seal.
        app.database().tamper("DELETE FROM bank_account WHERE book = 1000").await;
        app.finish().await;
    }
    assert_eq!(ibans[0], ibans[1]);
    assert_ne!(ibans[1], ibans[2]);
}

/// The rails take their time: until then EUR can be had and sent, but has no IBAN.
#[tokio::test]
async fn eur_waits_for_its_activation_for_as_long_as_rails_take() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    a.approve("anna").await;
    let status = async || {
        a.run_jobs().await;
        a.balances(Some("anna")).await["fiatBalances"][0]["status"].clone()
    };
    app.clock.advance(std::time::Duration::from_millis(499));
    assert_eq!(status().await, "WAITING_TO_BE_ACTIVATED");
    app.clock.advance(std::time::Duration::from_millis(1));
    assert_eq!(status().await, "ACTIVE");
    let mut types: Vec<_> = a.events().await.iter().map(|event| event["type"].clone()).collect();
    types.dedup();
    // The wallets are there when the user is told to be active.
    assert_eq!(types, ["kyc_verification.status", "wallet.created", "user.status"]);
    app.finish().await;
}
