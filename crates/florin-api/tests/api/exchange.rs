//! Exchange, section 2.5.

mod locks;
mod rates;

use crate::reference::agree_on_exchange_fee;
use crate::support::{Answer, Call, Client, TestApp};
use florin_types::Timestamp;
use serde_json::{Value, json};

/// Anna with 1,000 EUR, and the same with the partner. Rates stand still: btc 95000.5, eth 2500.5, usdc 0.86.
async fn with_anna(app: &TestApp) -> Client {
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(Some("anna"), "1000", "eur").await;
    a.fund(None, "1000", "eur").await;
    a
}

/// A new lock of a user, or of the partner.
async fn lock(client: &Client, user: Option<&str>) -> Value {
    let path = match user {
        Some(user) => format!("/v1/exchange/get-lock/{user}"),
        None => "/v1/partner/exchange/get-lock".to_owned(),
    };
    client.get(&path).await.expect(200)
}

/// An exchange under a lock.
fn under(client: &Client, user: Option<&str>, (amount, from, to): (&str, &str, &str), lock: &Value) -> Call {
    let mut body = json!({"amount": amount, "currencyFrom": from, "currencyTo": to, "lockId": lock["id"]});
    let path = match user {
        Some(user) => {
            body["sourceExternalUserId"] = json!(user);
            "/v1/exchange"
        }
        None => "/v1/partner/exchange",
    };
    client.post(path, &body)
}

/// An exchange under a lock of its own.
async fn exchange(client: &Client, user: Option<&str>, wanted: (&str, &str, &str)) -> Answer {
    let lock = lock(client, user).await;
    under(client, user, wanted, &lock).send().await
}

fn id_of(made: &Answer) -> String {
    made.expect(201)["exchangeId"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_user_buys_and_sells() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    // 10 EUR buy 0.0001052626… btc. Cut at the scale, with and without the fee of 1.49 %.
    exchange(&a, Some("anna"), ("10", "eur", "BTC")).await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eur").await, "990.00");
    assert_eq!(a.amount(Some("anna"), "btc").await, "0.00010369");
    // And back: 0.00010369 btc are 9.850601… EUR, less the fee 9.703827…
    exchange(&a, Some("anna"), ("0.00010369", "btc", "eur")).await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eur").await, "999.70");
    assert_eq!(a.amount(Some("anna"), "btc").await, "0.00000000");
    // Between two coins: 1 usdc is 0.86 ÷ 2500.5 eth.
    a.fund(Some("anna"), "1", "usdc").await;
    exchange(&a, Some("anna"), ("1", "usdc", "eth")).await.expect(201);
    assert_eq!(a.amount(Some("anna"), "eth").await, "0.00033880");
    assert_eq!(a.amount(None, "eur").await, "1000.00", "the partner's money is not touched");
    app.finish().await;
}

#[tokio::test]
async fn the_partner_exchanges_its_master_balance() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    exchange(&a, None, ("100", "eur", "usdc")).await.expect(201);
    assert_eq!(a.amount(None, "eur").await, "900.00");
    assert_eq!(a.amount(None, "usdc").await, "114.546511");
    let event = a.events().await.pop().expect("an event");
    assert_eq!(event["payload"]["externalUserId"], Value::Null);
    assert_eq!(a.amount(Some("anna"), "eur").await, "1000.00");
    let of_user = lock(&a, None).await;
    let body = json!({
        "sourceExternalUserId": "anna", "amount": "1", "currencyFrom": "eur", "currencyTo": "btc",
        "lockId": of_user["id"],
    });
    let answer = a.post("/v1/partner/exchange", &body).send().await;
    answer
        .is_invalid("sourceExternalUserId cannot be given here: POST /v1/exchange exchanges a user's money");
    // Nor under another name: the master balance would be exchanged in its place.
    for name in
        ["source_external_user_id", "externalUserId", "userId", "sourceExternalUserID", "source", "payer"]
    {
        let mut other = body.clone();
        let fields = other.as_object_mut().expect("an object");
        let id = fields.remove("sourceExternalUserId").expect("the field");
        fields.insert(name.to_owned(), id);
        let answer = a.post("/v1/partner/exchange", &other).send().await;
        answer.is_invalid(&format!("{name} is no field of this call; did you mean sourceExternalUserId?"));
    }
    assert_eq!(a.amount(None, "eur").await, "900.00");
    app.finish().await;
}

#[tokio::test]
async fn details_and_event_look_as_the_contract_says() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let lock = lock(&a, Some("anna")).await;
    let made = under(&a, Some("anna"), ("10.00", "eur", "btc"), &lock).send().await;
    let id = id_of(&made);
    made.is(201, &format!(r#"{{"exchangeId":"{id}"}}"#));
    let lock_id = lock["id"].as_str().expect("an id");
    let expected = format!(
        concat!(
            r#"{{"exchangeId":"{id}","status":"COMPLETED","currencyFrom":"eur","currencyTo":"btc","#,
            r#""amountFrom":"10.00","amountTo":"0.00010369","rateFrom":1,"rateTo":95000.5,"fee":"0.00000157","#,
            r#""feePercentage":1.49,"lockId":"{lock_id}","createdAt":"{at}","error":null,"externalUserId":"anna"}}"#,
        ),
        id = id,
        lock_id = lock_id,
        at = lock["createdAt"].as_str().expect("a time"),
    );
    a.get(&format!("/v1/exchange/details/{id}")).await.is(200, &expected);
    a.get(&format!("/v1/partner/exchange/details/{id}")).await.is(200, &expected);
    let event = a.events().await.pop().expect("an event");
    assert_eq!((&event["type"], &event["path"]), (&json!("exchange"), &json!("/exchange-webhook")));
    assert_eq!(event["payload"].to_string(), serde_json::from_str::<Value>(&expected).unwrap().to_string());
    app.finish().await;
}

#[tokio::test]
async fn history_has_a_line_of_each_balance() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let id = id_of(&exchange(&a, Some("anna"), ("10", "eur", "btc")).await);
    let history = a.pages(Some("anna"), "type=EXCHANGE").await.concat();
    let lines: Vec<_> = history
        .iter()
        .map(|line| {
            assert_eq!((&line["id"], &line["status"]), (&json!(id), &json!("SUCCESSFUL")));
            assert_eq!((&line["counterparty"], &line["reference"]), (&Value::Null, &Value::Null));
            ["currency", "amount", "fee", "balanceAfter"]
                .map(|field| line[field].as_str().expect("text").to_owned())
        })
        .collect();
    let eur = ["eur", "-10.00", "0.00", "990.00"].map(str::to_owned);
    let btc = ["btc", "0.00010369", "0.00000157", "0.00010369"].map(str::to_owned);
    assert!(lines.len() == 2 && lines.contains(&eur) && lines.contains(&btc), "{lines:?}");
    app.finish().await;
}

/// What the house has is what it bought and sold: nothing is made or lost.
#[tokio::test]
async fn the_house_holds_the_other_side() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    exchange(&a, Some("anna"), ("10", "eur", "btc")).await.expect(201);
    exchange(&a, None, ("20", "eur", "btc")).await.expect(201);
    let of_house = async |kind: u8, currency: &str| {
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM account WHERE kind = {kind} \
             AND currency = '{currency}'"
        );
        app.database().count(&sql).await
    };
    let (position, fees) = (4, 3);
    assert_eq!(of_house(position, "eur").await, 3_000);
    assert_eq!(of_house(position, "btc").await, -(10_526 + 21_052));
    assert_eq!(of_house(fees, "btc").await, 157 + 314);
    app.finish().await;
}

#[tokio::test]
async fn what_buys_nothing_or_the_same_is_refused() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    a.fund(Some("anna"), "0.00000010", "btc").await;
    a.fund(Some("anna"), "900000000", "btc").await;
    let lock = lock(&a, Some("anna")).await;
    let refused = |wanted| under(&a, Some("anna"), wanted, &lock).send();
    refused(("0.00000010", "btc", "eur"))
        .await
        .is_invalid("amount buys less than 0.01 eur after a fee of 1.49 %");
    refused(("900000000", "btc", "doge")).await.is_invalid("amount buys more doge than an amount can be");
    refused(("1", "eur", "EUR")).await.is_invalid("currencyTo must be another currency than currencyFrom");
    refused(("0", "eur", "btc")).await.is_refused("P403");
    refused(("1.001", "eur", "btc")).await.is_refused("P403");
    for (from, to) in [("xyz", "eur"), ("eur", "xyz"), ("xyz", "xyz1")] {
        refused(("1", from, to)).await.is_refused("P410");
    }
    refused(("1000.01", "eur", "btc")).await.is_refused("P433");
    under(&a, Some("nobody"), ("1", "eur", "btc"), &lock).send().await.is_refused("P412");
    // None of these has used the lock.
    refused(("0.01", "eur", "btc")).await.expect(201);
    app.finish().await;
}

#[tokio::test]
async fn users_who_may_not_pay_do_not_exchange() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let of_anna = lock(&a, Some("anna")).await;
    a.create_user("ben").await;
    // A lock is no money: anybody may have one.
    let of_ben = lock(&a, Some("ben")).await;
    under(&a, Some("ben"), ("1", "eur", "btc"), &of_ben).send().await.is_refused("P459");
    a.patch("/v1/user/suspend/anna", &json!({})).send().await.expect(200);
    under(&a, Some("anna"), ("1", "eur", "btc"), &of_anna).send().await.is_refused("P455");
    a.get("/v1/exchange/get-lock/nobody").await.is_refused("P412");
    // A hundred per cent leave nothing.
    agree_on_exchange_fee(&app, "100", Timestamp::from_micros(0)).await;
    exchange(&a, None, ("1", "eur", "btc"))
        .await
        .is_invalid("amount buys less than 0.00000001 btc after a fee of 100 %");
    app.finish().await;
}
