//! Internal transfers, section 2.4, and the partner's master balance, section 3.

mod amounts;
mod batch;
mod order;

use crate::support::{Client, TestApp};
use serde_json::{Value, json};

const MASTER: &str = "/v1/partner/transfer-master-balance";

/// Anna and Ben, and money with the partner.
async fn with_two(app: &TestApp) -> Client {
    let a = app.a();
    a.fund(None, "100", "eur").await;
    a.verified_user("anna").await;
    a.verified_user("ben").await;
    a
}

#[tokio::test]
async fn money_goes_from_partner_to_user_to_user_and_back() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    a.pay(None, Some("anna"), "50").await;
    a.pay(Some("anna"), Some("ben"), "12.50").await;
    a.pay(Some("ben"), None, "2.25").await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "37.50");
    assert_eq!(a.amount(Some("ben"), "eur").await, "10.25");
    assert_eq!(a.amount(None, "eur").await, "52.25");
    app.finish().await;
}

#[tokio::test]
async fn the_last_cent_can_be_sent_and_not_one_more() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    a.pay(None, Some("anna"), "10").await;
    a.transfer(Some("anna"), Some("ben"), "10.01").send().await.is_refused("P433");
    a.pay(Some("anna"), Some("ben"), "10").await;
    a.transfer(Some("anna"), None, "0.01").send().await.is_refused("P433");
    let of_other_currency = json!({"sourceExternalUserId": "ben", "amount": "1", "currency": "usdc"});
    a.post("/v1/transfer", &of_other_currency).send().await.is_refused("P433");
    assert_eq!(a.history(Some("anna")).await.len(), 2, "a refusal leaves no entry");
    app.finish().await;
}

#[tokio::test]
async fn details_look_as_the_contract_says() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let body = json!({
        "destinationExternalUserId": "anna", "amount": "25.00", "currency": "eur", "reference": "Größe 38 – ok",
    });
    let answer = a.post("/v1/transfer", &body).send().await;
    let id = answer.expect(201)["transferId"].as_str().expect("an id").to_owned();
    answer.is(201, &format!(r#"{{"transferId":"{id}"}}"#));
    let expected = format!(
        concat!(
            r#"{{"id":"{id}","sourceEmail":null,"destinationEmail":"anna@example.com","#,
            r#""sourceExternalUserId":null,"destinationExternalUserId":"anna","#,
            r#""status":"SUCCESSFUL","amount":25,"currency":"EUR","reference":"Größe 38 – ok","#,
            r#""createdAt":"2026-11-23T12:00:01.002Z"}}"#,
        ),
        id = id
    );
    a.get(&format!("/v1/transfer/details/{id}")).await.is(200, &expected);
    // Letter case does not matter in a UUID.
    a.get(&format!("/v1/transfer/details/{}", id.to_uppercase())).await.is(200, &expected);
    let id = a.pay(Some("anna"), Some("ben"), "0.1").await;
    let details = a.get(&format!("/v1/transfer/details/{id}")).await.expect(200);
    assert_eq!((&details["amount"], &details["reference"]), (&json!(0.1), &Value::Null));
    assert_eq!(details["sourceEmail"], "anna@example.com");
    app.finish().await;
}

#[tokio::test]
async fn made_up_money_has_details_too() {
    let app = TestApp::start().await;
    let a = app.a();
    let id = a.fund(None, "0.00000001", "btc").await;
    let details = a.get(&format!("/v1/transfer/details/{id}")).await.expect(200);
    assert_eq!((&details["id"], &details["currency"]), (&json!(id), &json!("BTC")));
    assert!(a.get(&format!("/v1/transfer/details/{id}")).await.text().contains(r#""amount":0.00000001,"#));
    app.finish().await;
}

/// Who leaves the source out has the master balance pay: so another word for it must not count as leaving it out.
#[tokio::test]
async fn another_word_for_an_absent_side_is_p403_and_moves_nothing() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let (source, destination) = ("sourceExternalUserId", "destinationExternalUserId");
    let sources =
        ["sourceUserId", "sourceId", "source", "from", "fromUserId", "sender", "sender_id", "payerAccount"];
    let destinations =
        ["destinationUserId", "destinationId", "to", "toUser", "receiver", "recipientId", "beneficiary"];
    for (present, absent, words) in
        [(destination, source, &sources[..]), (source, destination, &destinations)]
    {
        for word in words {
            let body = json!({present: "anna", *word: "ben", "amount": "1", "currency": "eur"});
            for path in ["/v1/transfer", MASTER] {
                let answer = a.post(path, &body).send().await;
                answer.is_invalid(&format!("{word} is no field of this call; did you mean {absent}?"));
            }
        }
    }
    for word in ["user", "userId", "customerId", "client", "account", "to", "receiver", "destination"] {
        let body = json!({"amount": "1", "currency": "eur", word: "anna"});
        let answer = a.post("/v1/sandbox/fund", &body).send().await;
        answer.is_invalid(&format!("{word} is no field of this call; did you mean externalUserId?"));
    }
    assert_eq!(a.amount(None, "eur").await, "100.00");
    // Beside a side that is given, and with any other name, a field is ignored as ever.
    let body = json!({
        source: "anna", destination: "ben", "from": "x", "receiver": "y", "amount": "1", "currency": "eur",
    });
    a.post("/v1/transfer", &body).send().await.is_refused("P433");
    let body = json!({
        destination: "ben", "fromDate": "x", "senderName": "y", "tag": "z", "amount": "1", "currency": "eur",
    });
    let answer = a.post("/v1/transfer", &body).send().await;
    answer.expect(201);
    assert_eq!(answer.header("x-ignored-fields"), "fromDate, senderName, tag");
    app.finish().await;
}

#[tokio::test]
async fn nobody_pays_himself() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    for id in ["anna", "nobody"] {
        let same = a.transfer(Some(id), Some(id), "1").send().await;
        same.is_invalid("destinationExternalUserId must be another user than sourceExternalUserId");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_reference_has_at_most_140_characters() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let with = |reference: &Value| {
        let body = json!({
            "destinationExternalUserId": "anna", "amount": 1, "currency": "eur", "reference": reference,
        });
        a.post("/v1/transfer", &body).send()
    };
    let longest = "é".repeat(140);
    with(&json!(longest)).await.expect(201);
    assert_eq!(a.history(Some("anna")).await[0]["reference"], longest);
    with(&Value::Null).await.expect(201);
    for reference in [json!("é".repeat(141)), json!(7), json!("a\u{0}b"), json!("a\nb"), json!(["x"])] {
        with(&reference).await.is_refused("P403");
    }
    app.finish().await;
}

/// The same object, codes, event and details as a one-sided transfer.
#[tokio::test]
async fn the_master_balance_is_the_other_side() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let to = json!({
        "destinationExternalUserId": "anna", "amount": "30", "currency": "eur", "reference": "ignored",
    });
    let answer = a.post(MASTER, &to).send().await;
    let id = answer.expect(201)["transferId"].as_str().expect("an id").to_owned();
    answer.is(201, &format!(r#"{{"transferId":"{id}"}}"#));
    let from = json!({"sourceExternalUserId": "anna", "amount": 5, "currency": "EUR"});
    a.post(MASTER, &from).send().await.expect(201);
    assert_eq!(
        (a.amount(None, "eur").await, a.amount(Some("anna"), "eur").await),
        ("75.00".into(), "25.00".into())
    );
    let details = a.get(&format!("/v1/transfer/details/{id}")).await.expect(200);
    assert_eq!((&details["destinationExternalUserId"], &details["amount"]), (&json!("anna"), &json!(30)));
    let event = a.events().await.into_iter().find(|event| event["payload"]["id"] == json!(id));
    assert_eq!(event.expect("an event")["type"], "transfer");
    let both = json!({
        "sourceExternalUserId": "anna", "destinationExternalUserId": "ben", "amount": 1, "currency": "eur",
    });
    let message = "only one of sourceExternalUserId and destinationExternalUserId can be given";
    a.post(MASTER, &both).send().await.is_invalid(message);
    a.post(MASTER, &json!({"amount": 1, "currency": "eur"})).send().await.is_refused("P424");
    app.finish().await;
}

/// 64 at once for the last cents: as many win as there is money, and nothing is lost.
#[tokio::test]
async fn many_at_once_never_overdraw() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    a.pay(None, Some("anna"), "0.10").await;
    let calls = (0..64).map(|_| a.transfer(Some("anna"), Some("ben"), "0.01").send());
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 10);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer.code() == "P433"));
    assert_eq!(a.amount(Some("ben"), "eur").await, "0.10");
    app.finish().await;
}
