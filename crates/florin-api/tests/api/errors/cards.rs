//! The codes of card calls.

use super::{agrees, declaring, name_of, refusal};
use crate::cards::{block_by_operator, create};
use crate::support::{Answer, TestApp, prepared, request_of};
use florin_api::kit::endpoint::table::Endpoint;
use http::Method;
use serde_json::json;
use uuid::Uuid;

#[track_caller]
fn check(endpoint: &Endpoint, answer: &Answer, expected: &str) {
    let (text, name) = (answer.text(), name_of(endpoint));
    assert!(
        answer.status == 400 && agrees(text, expected),
        "{name}: {} {text}, not {expected}",
        answer.status
    );
}

#[tokio::test]
async fn p434_an_unknown_card_a_deleted_one_and_another_users() {
    let app = TestApp::start().await;
    let a = app.a();
    let expected = refusal("P434", "invalid-card", "Card does not exist");
    for (index, endpoint) in declaring("P434").iter().enumerate() {
        let made = prepared(&a, endpoint, &index.to_string()).await;
        let (user, other, card) = (made.get("$user"), made.get("$other"), made.get("$card"));
        let is_of_path = endpoint.method == Method::GET;
        for id in [Uuid::nil().to_string(), Uuid::max().to_string()] {
            check(
                endpoint,
                &request_of(&a, endpoint, &made.clone().with("$card", id)).send().await,
                &expected,
            );
        }
        if is_of_path {
            for odd in ["x", "%00", &format!("{card}0"), &card.replace('-', "")] {
                let ids = made.clone().with("$card", odd);
                check(endpoint, &request_of(&a, endpoint, &ids).send().await, &expected);
            }
        }
        if endpoint.path.starts_with("/v1/sandbox/") {
            // A network knows the card alone, and asks about a deleted one too.
            continue;
        }
        a.move_to(other, "DE").await;
        let of_other = create(&a, other).await;
        let ids = made.clone().with("$card", of_other["cardId"].as_str().expect("an id"));
        check(endpoint, &request_of(&a, endpoint, &ids).send().await, &expected);
        let deleted = json!({"externalUserId": user, "cardId": card});
        a.call(Method::DELETE, "/v1/card").json(&deleted).send().await.expect(200);
        if endpoint.id == "getCardTransactions" {
            // What comes after a deletion can be read.
            request_of(&a, endpoint, &made).send().await.expect(200);
            continue;
        }
        check(endpoint, &request_of(&a, endpoint, &made).send().await, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p451_a_residence_without_cards() {
    let app = TestApp::start().await;
    let expected = refusal("P451", "forbidden-country-card", "Cards are not available in the user's country");
    for (index, endpoint) in declaring("P451").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        for country in ["GB", "CH", "NO", "IS", "LI", "US", "UA"] {
            app.a().move_to(made.get("$user"), country).await;
            check(endpoint, &request_of(&app.a(), endpoint, &made).send().await, &expected);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p452_too_many_cards() {
    let app = TestApp::start().await;
    let expected = refusal("P452", "card-limit-reached", "Card limit reached");
    for (index, endpoint) in declaring("P452").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        for _ in 0..5 {
            create(&app.a(), made.get("$user")).await;
        }
        check(endpoint, &request_of(&app.a(), endpoint, &made).send().await, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p453_a_card_that_an_operator_holds() {
    let app = TestApp::start().await;
    let expected = refusal("P453", "invalid-card-state", "Card state does not allow this operation");
    for (index, endpoint) in declaring("P453").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        block_by_operator(&app, made.get("$card")).await;
        check(endpoint, &request_of(&app.a(), endpoint, &made).send().await, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p454_a_user_with_an_active_card() {
    let app = TestApp::start().await;
    let expected = refusal("P454", "active-cards", "User has active cards");
    for (index, endpoint) in declaring("P454").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        app.a().move_to(made.get("$user"), "DE").await;
        create(&app.a(), made.get("$user")).await;
        check(endpoint, &request_of(&app.a(), endpoint, &made).send().await, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p461_a_user_whose_address_is_to_be_proved() {
    let app = TestApp::start().await;
    let expected = refusal("P461", "user-not-extended", "User does not have the extended level");
    for (index, endpoint) in declaring("P461").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        let poa = format!("/v1/sandbox/poa/{}", made.get("$user"));
        app.a().post(&poa, &json!({"decision": "REQUIRE"})).send().await.expect(200);
        check(endpoint, &request_of(&app.a(), endpoint, &made).send().await, &expected);
        app.a().post(&poa, &json!({"decision": "APPROVE"})).send().await.expect(200);
        request_of(&app.a(), endpoint, &made).send().await.expect(200);
    }
    app.finish().await;
}

/// Ids that nothing has, and none at all.
async fn check_unknown(code: &str, placeholder: &'static str, expected: &str) {
    let app = TestApp::start().await;
    for (index, endpoint) in declaring(code).iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        let ids = made.clone().with(placeholder, Uuid::nil().to_string());
        let is_named = endpoint.example().is_some_and(|example| example.contains(placeholder));
        let call = match (is_named, endpoint.path) {
            (true, _) => request_of(&app.a(), endpoint, &ids),
            // Without a code that was asked for.
            (false, "/v1/card/activation/answer") => {
                let card = create(&app.a(), made.get("$user")).await;
                request_of(&app.a(), endpoint, &made.with("$card", card["cardId"].as_str().expect("an id")))
            }
            // More of a transaction.
            (false, _) => {
                let more = json!({"transactionId": Uuid::nil(), "amount": "1"});
                let path = crate::support::path_of(endpoint, &made);
                app.a().post(&path, &more)
            }
        };
        let answer = call.send().await;
        let (status, text) = (answer.status, answer.text());
        assert!(status == 404 && agrees(text, expected), "{}: {status} {text}", name_of(endpoint));
    }
    app.finish().await;
}

#[tokio::test]
async fn p474_an_unknown_card_transaction() {
    let expected = refusal("P474", "card-transaction-not-found", "Card transaction not found");
    check_unknown("P474", "$purchase", &expected).await;
}

#[tokio::test]
async fn p475_an_unknown_challenge() {
    let expected = refusal("P475", "card-challenge-not-found", "Card challenge not found");
    check_unknown("P475", "$challenge", &expected).await;
}
