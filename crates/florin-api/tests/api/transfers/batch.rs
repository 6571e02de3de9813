//! Many transfers in one call, section 2.4.

use super::with_two;
use crate::support::{Answer, Client, TestApp};
use serde_json::{Value, json};

const PATH: &str = "/v1/transfers";

fn transfer(source: Option<&str>, destination: Option<&str>, amount: &str) -> Value {
    json!({
        "sourceExternalUserId": source, "destinationExternalUserId": destination, "amount": amount, "currency": "eur",
    })
}

async fn send(client: &Client, mode: &str, transfers: &[Value]) -> Answer {
    client.post(PATH, &json!({"mode": mode, "transfers": transfers})).send().await
}

fn results(answer: &Answer) -> Vec<Value> {
    answer.expect(200)["results"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn all_are_made_in_their_order() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    // Anna pays what she has just got.
    let transfers = [
        transfer(None, Some("anna"), "10"),
        transfer(Some("anna"), Some("ben"), "7.50"),
        transfer(Some("ben"), None, "1"),
    ];
    let made = results(&send(&a, "ALL_OR_NONE", &transfers).await);
    assert_eq!(made.len(), 3);
    for (result, amount) in made.iter().zip([10.0, 7.5, 1.0]) {
        let id = result["transferId"].as_str().expect("an id");
        assert_eq!(
            a.get(&format!("/v1/transfer/details/{id}")).await.expect(200)["amount"].as_f64(),
            Some(amount)
        );
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "2.50");
    assert_eq!(a.amount(Some("ben"), "eur").await, "6.50");
    let told: Vec<_> = a.events().await.iter().map(|event| event["payload"]["id"].clone()).collect();
    assert!(told.ends_with(&made.iter().map(|result| result["transferId"].clone()).collect::<Vec<_>>()));
    app.finish().await;
}

/// Transfers that are refused, each with its code and what its message says.
async fn refused(a: &Client) -> Vec<(Value, &'static str, &'static str)> {
    a.create_user("carl").await;
    a.verified_user("susi").await;
    a.call(http::Method::PATCH, "/v1/user/suspend/susi").send().await.expect(200);
    let mut unknown = transfer(None, Some("anna"), "1");
    unknown["currency"] = "xyz".into();
    vec![
        (transfer(None, None, "1"), "P424", "Source or destination must be provided.: transfers[1]"),
        (unknown, "P410", r#"Currency or network is not supported: transfers[1].currency "xyz""#),
        (
            transfer(None, Some("x9"), "1"),
            "P412",
            r#"User does not exist: transfers[1].destinationExternalUserId "x9""#,
        ),
        (
            transfer(Some("carl"), None, "1"),
            "P459",
            r#"User is not verified: transfers[1].sourceExternalUserId "carl""#,
        ),
        (
            transfer(Some("anna"), Some("susi"), "1"),
            "P455",
            r#"User is suspended: transfers[1].destinationExternalUserId "susi""#,
        ),
        (
            transfer(Some("anna"), None, "99"),
            "P433",
            r#"Insufficient funds: transfers[1].sourceExternalUserId "anna" has 1.00 eur, and needs 99.00 eur"#,
        ),
        (
            transfer(None, Some("anna"), "99.01"),
            "P433",
            "Insufficient funds: your master balance pays, since no transfers[1].sourceExternalUserId was given: it \
             has 99.00 eur, and needs 99.01 eur",
        ),
    ]
}

#[tokio::test]
async fn all_or_none_answers_the_first_refusal_and_makes_none() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let good = transfer(None, Some("anna"), "1");
    let (events, before) = (a.events().await.len(), a.history(None).await.len());
    for (bad, code, message) in refused(&a).await {
        let answer = send(&a, "ALL_OR_NONE", &[good.clone(), bad, transfer(None, None, "1")]).await;
        answer.is_refused(code);
        assert_eq!(answer.json()["errorMessage"], message);
    }
    assert_eq!((a.amount(None, "eur").await, a.history(None).await.len()), ("100.00".to_owned(), before));
    assert_eq!(a.events().await.iter().skip(events).filter(|event| event["type"] == "transfer").count(), 0);
    app.finish().await;
}

#[tokio::test]
async fn each_has_its_own_result() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let good = transfer(None, Some("anna"), "1");
    for (bad, code, message) in refused(&a).await {
        let made = results(&send(&a, "EACH", &[good.clone(), bad, good.clone()]).await);
        assert!(made[0]["transferId"].is_string() && made[2]["transferId"].is_string(), "{made:?}");
        let single = made[1].as_object().expect("an object");
        assert_eq!(
            (single["errorCode"].as_str(), single["errorMessage"].as_str()),
            (Some(code), Some(message))
        );
        assert!(single["errorName"].is_string() && single.len() == 3, "{single:?}");
        // There is money again for the next round.
        a.fund(None, "2", "eur").await;
        a.pay(Some("anna"), None, "2").await;
        a.pay(None, Some("ben"), "2").await;
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "0.00");
    // Nothing but refusals is an answer too.
    let none =
        results(&send(&a, "EACH", &[transfer(None, Some("x1"), "1"), transfer(None, Some("x2"), "1")]).await);
    assert_eq!((none[0]["errorCode"].as_str(), none[1]["errorCode"].as_str()), (Some("P412"), Some("P412")));
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_in_form_is_p403_and_makes_none() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let good = transfer(None, Some("anna"), "1");
    for mode in ["ALL_OR_NONE", "EACH"] {
        let mut bad = transfer(Some("anna"), Some("anna"), "1.001");
        bad["reference"] = 7.into();
        let answer = send(&a, mode, &[good.clone(), bad]).await;
        answer.is_invalid(
            "transfers[1].amount can have at most 2 decimal places. transfers[1].reference must be a string. \
             transfers[1].destinationExternalUserId must be another user than transfers[1].sourceExternalUserId",
        );
        let near =
            json!({"destinationExternalUserId": "anna", "from": "ben", "amount": "1", "currency": "eur"});
        send(&a, mode, &[near]).await.is_invalid(
            "transfers[0].from is no field of this call; did you mean transfers[0].sourceExternalUserId?",
        );
        send(&a, mode, &[good.clone(), json!("x")]).await.is_invalid("transfers[1] must be an object");
        send(&a, mode, &[]).await.is_invalid("transfers must have 1 to 1000 items");
        send(&a, mode, &vec![good.clone(); 1_001]).await.is_invalid("transfers must have 1 to 1000 items");
    }
    a.post(PATH, &json!({"mode": "SOME", "transfers": {}})).send().await.is_refused("P403");
    // Who sends nothing but mistakes gets the first of them.
    let many = send(&a, "EACH", &vec![json!({}); 1_000]).await;
    many.is_refused("P403");
    assert!(many.text().len() < 10_000, "{}", many.text().len());
    // Unknown fields are named with their place.
    let mut unknown = good.clone();
    unknown["note"] = "x".into();
    let answer = send(&a, "EACH", &[good, unknown]).await;
    assert_eq!(results(&answer).len(), 2);
    assert_eq!(answer.header("x-ignored-fields"), "transfers[1].note");
    app.finish().await;
}

#[tokio::test]
async fn a_key_stands_for_the_whole_batch() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let batch = |mode: &str, amounts: &[&str]| {
        let transfers: Vec<_> = amounts.iter().map(|amount| transfer(None, Some("anna"), amount)).collect();
        a.post(PATH, &json!({"mode": mode, "transfers": transfers})).keyed("k").send()
    };
    let first = batch("ALL_OR_NONE", &["1", "2.00"]).await;
    // The same amounts, written otherwise.
    let again = batch("ALL_OR_NONE", &["1.0", "2"]).await;
    assert!(again.is_replayed() && again.body == first.body, "{}", again.text());
    for (mode, amounts, differs) in [
        ("ALL_OR_NONE", &["2", "1"][..], "transfers"),
        ("ALL_OR_NONE", &["1"], "transfers"),
        ("EACH", &["1", "2"], "mode"),
    ] {
        let other = batch(mode, amounts).await;
        other.is_refused("P470");
        assert!(other.text().contains(&format!("differs in: {differs}\"")), "{}", other.text());
    }
    assert_eq!(a.amount(Some("anna"), "eur").await, "3.00");
    app.finish().await;
}

/// A thousand, each as long as it may be.
#[tokio::test]
async fn a_thousand_of_the_longest_are_made() {
    let app = TestApp::start().await;
    let a = with_two(&app).await;
    let (payer, payee) = ("p".repeat(64), "q".repeat(64));
    a.verified_user(&payer).await;
    a.verified_user(&payee).await;
    a.fund(Some(&payer), "10", "eur").await;
    let reference = "\u{1f600}".repeat(140);
    let longest = |amount: &str| {
        let mut transfer = transfer(Some(&payer), Some(&payee), amount);
        transfer["reference"] = reference.as_str().into();
        transfer
    };
    let many = vec![longest("0.01"); 1_000];
    let made = results(&send(&a, "ALL_OR_NONE", &many).await);
    assert_eq!(made.len(), 1_000);
    assert_eq!(
        (a.amount(Some(&payer), "eur").await, a.amount(Some(&payee), "eur").await),
        ("0.00".into(), "10.00".into())
    );
    // One cent too many, at the end.
    a.fund(Some(&payer), "9.99", "eur").await;
    let answer = send(&a, "ALL_OR_NONE", &many).await;
    answer.is_refused("P433");
    assert!(answer.text().contains("transfers[999]."), "{}", answer.text());
    assert_eq!(a.amount(Some(&payer), "eur").await, "9.99");
    app.finish().await;
}
