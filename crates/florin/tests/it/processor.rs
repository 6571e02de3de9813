//! A running server and a processor of cards that is connected by ISO 8583.

use crate::support::{Call, Client, Options, Server};
use florin_iso8583::{ApprovalCode, Currency, Money, NetworkAction, Pan};
use florin_rails::cards::iso8583::{Acquirer, Dialect, Network, Outcome, Till};
use florin_types::Timestamp;
use serde_json::json;

const EUR_10: i64 = 1_000;

fn till() -> Till {
    let now = Timestamp::parse("2026-11-30T15:04:05Z").expect("a time");
    Till::of_a_cafe("TERM0001", now).expect("a till")
}

async fn approved(acquirer: &Acquirer, pan: &Pan, till: &Till) -> ApprovalCode {
    let amount = Money::new(EUR_10, Currency::EUR).expect("an amount");
    match acquirer.pay(&till.purchase(pan, amount)).await.expect("an answer") {
        Outcome::Approved(code, _) => code,
        other => panic!("{other:?}"),
    }
}

async fn ready(client: &Client) -> String {
    client.send(&Call::bare("GET", "/readyz", None)).await.text().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_called_and_answered_also_after_a_crash() {
    let network = Network::listen(Dialect::Packed).await.expect("a port");
    let file = format!(
        "[cards]\nprocessor = \"iso8583\"\ntest_processor = true\ndialect = \"packed\"\naddress = \"{}\"\n",
        network.address().expect("an address")
    );
    let more = vec![("FLORIN_LOG", "trace".to_owned())];
    let mut server = Server::prepare(Options { more, ..Options::default() }).await;
    std::fs::write(server.home().join("florin.toml"), file).expect("a file");
    server.start_again().await;
    let first = network.accept().await.expect("a call");
    first.asked(1).await;
    let client = server.client();
    client.verified_user("anna").await;
    client
        .send(&Call::bare("PATCH", "/v1/user/anna", Some(json!({"country": "DE"}).to_string())))
        .await
        .expect(200);
    client.fund(Some("anna"), "100", "eur").await;
    let card = json!({"externalUserId": "anna", "label": "Travel", "pin": "4829"});
    let card = client.send(&Call::post("/v1/card/virtual", &card)).await.expect(200);
    let number = card["cardNumber"].as_str().expect("a number").to_owned();
    let pan = Pan::parse(&number).expect("a number");
    let code = approved(&first, &pan, &till()).await;
    server.kill9();
    first.closed().await;
    server.start_again().await;
    let second = network.accept().await.expect("a call");
    second.asked(1).await;
    // The same till says the same again, since its answer could have been lost.
    assert_eq!(approved(&second, &pan, &till()).await, code);
    let client = server.client();
    let balances = client.get("/v1/user/balances/anna").await;
    assert_eq!(balances["fiatBalances"][0]["onHold"], "10.00");
    assert_eq!(ready(&client).await, "ready\n");
    let log = server.log();
    assert!(log.contains("signed on to the network of cards"), "{log}");
    assert!(!log.contains(&number) && !log.contains(&number[6..]), "a card number is in the log");
    server.stop();
    assert_eq!(second.asked(2).await, [NetworkAction::SignOn, NetworkAction::SignOff]);
    server.start_again().await;
    server.finish().await;
}
