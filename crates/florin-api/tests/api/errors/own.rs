//! The codes that belong to single calls.

use super::{agrees, declaring, name_of, refusal};
use crate::support::{Answer, Client, Ids, TestApp, names, person, prepared, request_of};
use florin_api::kit::endpoint::table::Endpoint;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// The endpoint's example with real ids, changed.
pub(super) fn changed(
    client: &Client,
    endpoint: &Endpoint,
    ids: &Ids,
    change: impl FnOnce(&mut Value),
) -> crate::support::Call {
    let example = endpoint.example().unwrap_or_else(|| panic!("{} has no JSON body", name_of(endpoint)));
    let filled = ids.each().fold(example.to_owned(), |text, (name, id)| text.replace(name, id));
    let mut body = serde_json::from_str(&filled).expect("an example is JSON");
    change(&mut body);
    request_of(client, endpoint, ids).json(&body)
}

/// The part of an example that says what is done: of a list, its one item.
fn item(body: &mut Value) -> &mut Value {
    if body.get("transfers").is_some() { &mut body["transfers"][0] } else { body }
}

/// Replaces a field that must be in the example.
fn set(body: &mut Value, field: &str, value: impl Into<Value>) {
    let body = item(body);
    assert!(!body[field].is_null(), "teach this test how the example without {field} is refused: {body}");
    body[field] = value.into();
}

#[track_caller]
fn check(endpoint: &Endpoint, answer: &Answer, status: u16, expected: &str) {
    let (text, name) = (answer.text(), name_of(endpoint));
    assert!(
        answer.status == status && agrees(text, expected),
        "{name}: {} {text}, not {expected}",
        answer.status
    );
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn p410_an_unknown_currency() {
    let app = TestApp::start().await;
    let expected = refusal("P410", "invalid-currency", "Currency or network is not supported");
    for (index, endpoint) in declaring("P410").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        if endpoint.example().is_none() {
            let answer = app.a().get(&format!("{}?currency=xyz", endpoint.path)).await;
            check(endpoint, &answer, 400, &expected);
            continue;
        }
        let answer = changed(&app.a(), endpoint, &made, |body| {
            let names = item(body).as_object().into_iter().flat_map(|fields| fields.keys());
            let names: Vec<_> = names.filter(|name| name.starts_with("currency")).cloned().collect();
            assert!(!names.is_empty(), "teach this test how {} names a currency", name_of(endpoint));
            names.iter().for_each(|name| set(body, name, "xyz"));
        });
        let answer = answer.send().await;
        check(endpoint, &answer, 400, &expected);
        assert!(answer.text().ends_with("\\\"xyz\\\"\"}"), "{}", answer.text());
    }
    app.finish().await;
}

#[tokio::test]
async fn p411_an_id_that_is_taken() {
    let app = TestApp::start().await;
    app.a().create_user("taken").await;
    let expected = refusal("P411", "user-exists", "User already exists");
    for endpoint in declaring("P411") {
        let ids = Ids::unknown().with("$new", "taken");
        check(&endpoint, &request_of(&app.a(), &endpoint, &ids).send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p412_an_unknown_user() {
    let app = TestApp::start().await;
    let expected = refusal("P412", "invalid-user", "User does not exist");
    for endpoint in declaring("P412") {
        check(&endpoint, &request_of(&app.a(), &endpoint, &Ids::unknown()).send().await, 400, &expected);
        if endpoint.path.contains("{externalUserId}") {
            // What can't be an id at all is no known user either.
            for odd in ["%00", "%ff", "a%2Fb", "%20", "%E2%82%AC", &"x".repeat(65)] {
                let ids = Ids::unknown().with("$user", odd);
                check(&endpoint, &request_of(&app.a(), &endpoint, &ids).send().await, 400, &expected);
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p424_neither_side() {
    let app = TestApp::start().await;
    let expected =
        refusal("P424", "source-or-destination-required", "Source or destination must be provided.");
    for endpoint in declaring("P424") {
        let call = changed(&app.a(), &endpoint, &Ids::unknown(), |body| {
            let fields = item(body).as_object_mut().expect("an object");
            fields.retain(|name, _| !name.ends_with("ExternalUserId"));
        });
        check(&endpoint, &call.send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p431_a_country_that_is_not_served() {
    let app = TestApp::start().await;
    let expected = refusal("P431", "forbidden-country", "Country is not served");
    for (index, endpoint) in declaring("P431").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        for country in ["AF", "BY", "CU", "IR", "KP", "MM", "RU", "SD", "SY"] {
            let call = changed(&app.a(), endpoint, &made, |body| body["country"] = country.into());
            check(endpoint, &call.send().await, 400, &expected);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p433_more_than_there_is() {
    let app = TestApp::start().await;
    let expected = refusal("P433", "insufficient-funds", "Insufficient funds");
    for (index, endpoint) in declaring("P433").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        let call = match endpoint.path {
            "/v1/sepa-recall/{recallId}/answer" => spent_before_the_answer(&app.a(), endpoint, made).await,
            _ => changed(&app.a(), endpoint, &made, |body| set(body, "amount", "90000000")),
        };
        check(endpoint, &call.send().await, 400, &expected);
    }
    app.finish().await;
}

/// Money of a user that a bank asks for, and that is not there any more.
async fn spent_before_the_answer(a: &Client, endpoint: &Endpoint, made: Ids) -> crate::support::Call {
    let user = made.get("$user");
    let iban = a.get(&format!("/v1/sepa-deposit/info/{user}")).await.expect(200)["iban"].clone();
    let credit = json!({
        "iban": iban, "amount": "90", "senderName": "Ada Lovelace", "senderIban": "DE89370400440532013000",
    });
    let credit = a.post("/v1/sandbox/sepa/incoming", &credit).send().await.expect(201);
    let recall = json!({"depositId": credit["depositId"], "reason": "DUPL"});
    let recall = a.post("/v1/sandbox/sepa/recalls", &recall).send().await.expect(201);
    a.pay(Some(user), None, "90").await;
    let id = recall["recallId"].as_str().expect("an id");
    let ids = made.clone().with("$sepaRecall", id);
    request_of(a, endpoint, &ids).json(&json!({"decision": "ACCEPT"}))
}

#[tokio::test]
async fn p472_an_unknown_sepa_recall() {
    let app = TestApp::start().await;
    let expected = refusal("P472", "sepa-recall-not-found", "SEPA recall not found");
    for endpoint in declaring("P472") {
        let unknown = Ids::unknown();
        for recall in [unknown.get("$sepaRecall"), "nothing", "%00", "%ff"] {
            let ids = Ids::unknown().with("$sepaRecall", recall);
            check(&endpoint, &request_of(&app.a(), &endpoint, &ids).send().await, 404, &expected);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p473_a_recall_that_was_answered_or_cannot_be_made() {
    let app = TestApp::start().await;
    let expected = refusal("P473", "sepa-recall-not-possible", "SEPA recall is not possible");
    for (index, endpoint) in declaring("P473").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        let first = request_of(&app.a(), endpoint, &made).send().await;
        assert_eq!(first.status, endpoint.signature.success[0].0, "{}", first.text());
        check(endpoint, &request_of(&app.a(), endpoint, &made).send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p435_a_lock_that_has_expired() {
    let app = TestApp::start().await;
    for (index, endpoint) in declaring("P435").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        let minute = json!({"seconds": 60});
        app.a().post("/v1/sandbox/clock/advance", &minute).send().await.expect(200);
        let expected = refusal("P435", "rate-lock-expired", "Rate lock has expired");
        check(endpoint, &request_of(&app.a(), endpoint, &made).send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p436_a_lock_that_is_not_there_or_was_used() {
    let app = TestApp::start().await;
    let expected = refusal("P436", "rate-lock-invalid", "Rate lock is not valid for this operation");
    for (index, endpoint) in declaring("P436").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        let locks = ["$lock", "$partnerLock", "$rateLock"];
        let unknown =
            locks.into_iter().fold(made.clone(), |ids, lock| ids.with(lock, Uuid::nil().to_string()));
        check(endpoint, &request_of(&app.a(), endpoint, &unknown).send().await, 400, &expected);
        assert_eq!(
            request_of(&app.a(), endpoint, &made).send().await.status,
            endpoint.signature.success[0].0
        );
        check(endpoint, &request_of(&app.a(), endpoint, &made).send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p428_an_unknown_sepa_transfer() {
    let app = TestApp::start().await;
    let expected = refusal("P428", "sepa-transfer-not-found", "SEPA transfer not found");
    for endpoint in declaring("P428") {
        let unknown = Ids::unknown();
        for transfer in [unknown.get("$sepaTransfer"), "nothing", "%00", "%ff"] {
            let ids = Ids::unknown().with("$sepaTransfer", transfer);
            check(&endpoint, &request_of(&app.a(), &endpoint, &ids).send().await, 404, &expected);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p462_an_iban_that_cannot_be_right() {
    let app = TestApp::start().await;
    let expected = refusal("P462", "invalid-iban", "IBAN is not valid");
    for (index, endpoint) in declaring("P462").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        // Wrong check digits, a country without IBANs, and a length that the country does not have.
        for iban in [
            "DE89370400440532013001",
            "de21 3704 0044 0532 0130 00",
            "XX861000011101001000",
            "LT35100001110100100",
        ] {
            let call = changed(&app.a(), endpoint, &made, |body| {
                let field = if body["iban"].is_null() { "destinationIban" } else { "iban" };
                set(body, field, iban);
            });
            check(endpoint, &call.send().await, 400, &expected);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p438_an_unknown_exchange() {
    let app = TestApp::start().await;
    let expected = refusal("P438", "exchange-not-found", "Exchange not found");
    for endpoint in declaring("P438") {
        let unknown = Ids::unknown();
        for exchange in [unknown.get("$exchange"), "nothing", "%00", "%ff"] {
            let ids = Ids::unknown().with("$exchange", exchange);
            check(&endpoint, &request_of(&app.a(), &endpoint, &ids).send().await, 404, &expected);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p437_an_unknown_transfer() {
    let app = TestApp::start().await;
    let made = prepared(&app.a(), &declaring("P437")[0], "x").await;
    let expected = refusal("P437", "transfer-not-found", "Transfer not found");
    let (unknown, bare) = (Ids::unknown(), made.get("$transfer").replace('-', ""));
    let ids = [unknown.get("$transfer"), "nothing", "%00", "%ff", &bare];
    for endpoint in declaring("P437") {
        for transfer in ids {
            let ids = Ids::unknown().with("$transfer", transfer);
            check(&endpoint, &request_of(&app.a(), &endpoint, &ids).send().await, 404, &expected);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p448_a_verified_user() {
    let app = TestApp::start().await;
    app.a().verified_user("anna").await;
    let ids = Ids::unknown().with("$user", "anna");
    let expected = refusal("P448", "kyc-already-verified", "User is already verified");
    for endpoint in declaring("P448") {
        let calls = match (&endpoint.method, endpoint.path) {
            (&Method::POST, "/v1/sandbox/kyc/{externalUserId}") => ["APPROVE", "REJECT"]
                .map(|decision| changed(&app.a(), &endpoint, &ids, |body| set(body, "decision", decision)))
                .to_vec(),
            (&Method::PATCH, "/v1/user/{externalUserId}") => {
                let fields = [
                    ("firstName", "Eve"),
                    ("lastName", "Eve"),
                    ("birthDate", "1990-01-01"),
                    ("citizenship", "PL"),
                ];
                let call = |(field, value)| {
                    changed(&app.a(), &endpoint, &ids, |body| body[field] = Value::from(value))
                };
                fields.map(call).to_vec()
            }
            _ => vec![request_of(&app.a(), &endpoint, &ids)],
        };
        for call in calls {
            check(&endpoint, &call.send().await, 400, &expected);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p455_a_suspended_user() {
    let app = TestApp::start().await;
    let expected = refusal("P455", "user-suspended", "User is suspended");
    for (index, endpoint) in declaring("P455").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        if names(endpoint, "$card") {
            // Nobody with an active card is suspended.
            let card = json!({"externalUserId": made.get("$user"), "cardId": made.get("$card")});
            app.a().patch("/v1/card/block", &card).send().await.expect(200);
        }
        let suspend = format!("/v1/user/suspend/{}", made.get("$user"));
        app.a().call(Method::PATCH, &suspend).send().await.expect(200);
        check(endpoint, &request_of(&app.a(), endpoint, &made).send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p456_a_user_with_money() {
    let app = TestApp::start().await;
    app.a().verified_user("anna").await;
    app.a().fund(Some("anna"), "0.01", "eur").await;
    let expected = refusal("P456", "user-has-balance", "User has a balance or pending operations");
    for endpoint in declaring("P456") {
        let ids = Ids::unknown().with("$user", "anna");
        check(&endpoint, &request_of(&app.a(), &endpoint, &ids).send().await, 400, &expected);
    }
    app.finish().await;
}

/// A code for an id that nobody has.
pub(super) async fn unknown(code: &str, name: &str, message: &str) {
    let app = TestApp::start().await;
    app.a().verified_user("anna").await;
    let expected = refusal(code, name, message);
    for endpoint in declaring(code) {
        let ids = Ids::unknown().with("$user", "anna");
        check(&endpoint, &request_of(&app.a(), &endpoint, &ids).send().await, 404, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p441_an_unknown_crypto_withdrawal() {
    unknown("P441", "crypto-withdrawal-not-found", "Crypto withdrawal not found").await;
}

#[tokio::test]
async fn p442_an_unknown_crypto_deposit() {
    unknown("P442", "crypto-deposit-not-found", "Crypto deposit not found").await;
}

#[tokio::test]
async fn p443_an_unknown_order() {
    unknown("P443", "order-not-found", "Order not found").await;
}

#[tokio::test]
async fn p446_a_deposit_of_which_it_was_said_who_sent_it() {
    let app = TestApp::start().await;
    let expected = refusal("P446", "travel-rule-not-expected", "Deposit is not waiting for travel rule data");
    for (index, endpoint) in declaring("P446").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        request_of(&app.a(), endpoint, &made).send().await.expect(200);
        check(endpoint, &request_of(&app.a(), endpoint, &made).send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p450_less_than_the_least() {
    let app = TestApp::start().await;
    let expected = refusal("P450", "amount-below-minimum", "Amount is below the minimum");
    for (index, endpoint) in declaring("P450").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        if endpoint.path.contains("payment-links") {
            let small = app.a().post("/v1/payment-link", &json!({"amount": "0.43"})).send().await.expect(201);
            let ids = made.with("$paymentLink", small["paymentLinkId"].as_str().expect("an id"));
            let call = changed(&app.a(), endpoint, &ids, |body| set(body, "network", "ethereum"));
            check(endpoint, &call.send().await, 400, &expected);
            continue;
        }
        // Of usdc on ethereum 5 are the least that can come in, and 1 that can go out.
        let call = changed(&app.a(), endpoint, &made, |body| {
            set(body, "currency", "usdc");
            set(body, "network", "ethereum");
            set(body, "amount", "0.5");
            if body.get("walletAddress").is_some() {
                set(body, "walletAddress", crate::crypto::withdrawals::outside("ethereum"));
            }
        });
        check(endpoint, &call.send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p458_what_is_no_address_of_the_network() {
    let app = TestApp::start().await;
    let expected = refusal("P458", "invalid-address", "Wallet address is not valid for this network");
    for (index, endpoint) in declaring("P458").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        let call = changed(&app.a(), endpoint, &made, |body| {
            let name = if body.get("address").is_some() { "address" } else { "walletAddress" };
            set(body, name, "nonsense");
        });
        check(endpoint, &call.send().await, 400, &expected);
    }
    app.finish().await;
}

const WALLET_UNAVAILABLE: &str = "Wallet is not available for this currency and network";

#[tokio::test]
async fn p457_a_currency_without_wallets() {
    let app = TestApp::start().await;
    let expected = refusal("P457", "wallet-not-available", WALLET_UNAVAILABLE);
    for (index, endpoint) in declaring("P457").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        let answer = match endpoint.example() {
            None => app.a().get(&format!("{}?currency=eur", endpoint.path)).await,
            Some(_) => changed(&app.a(), endpoint, &made, |body| set(body, "currency", "eur")).send().await,
        };
        check(endpoint, &answer, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p459_a_user_that_is_not_verified() {
    let app = TestApp::start().await;
    let expected = refusal("P459", "user-not-verified", "User is not verified");
    app.a().create_user("anna").await;
    for (index, endpoint) in declaring("P459").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        if endpoint.path == "/v1/user/verification" {
            // Of a hosted verification that is not successful.
            let wanted = declaring("P448").into_iter().find(|endpoint| endpoint.path == "/v1/kyc");
            let ids = Ids::unknown().with("$user", "anna");
            request_of(&app.a(), &wanted.expect("the call"), &ids).send().await.expect(201);
        }
        let ids = made.with("$user", "anna");
        check(endpoint, &request_of(&app.a(), endpoint, &ids).send().await, 400, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p464_terms_that_are_not_accepted() {
    let app = TestApp::start().await;
    let expected = refusal("P464", "terms-not-accepted", "Terms and conditions are not accepted");
    for (index, endpoint) in declaring("P464").iter().enumerate() {
        let user = format!("anna-{index}");
        let mut anna = person(&user);
        anna.as_object_mut().expect("an object").remove("hasAcceptedP100Tc");
        app.a().post("/v1/user/balances/crypto-and-fiat", &anna).send().await.expect(201);
        let ids = Ids::unknown().with("$user", &user);
        if endpoint.path == "/v1/user/verification" {
            let files = declaring("P426").into_iter().find(|endpoint| endpoint.path.contains("/kyc-files/"));
            request_of(&app.a(), &files.expect("the call"), &ids).send().await.expect(201);
        }
        check(endpoint, &request_of(&app.a(), endpoint, &ids).send().await, 400, &expected);
        let accepted = json!({"hasAcceptedP100Tc": true});
        app.a().patch(&format!("/v1/user/{}", ids.get("$user")), &accepted).send().await.expect(200);
        request_of(&app.a(), endpoint, &ids).send().await.expect(endpoint.signature.success[0].0);
    }
    app.finish().await;
}

#[tokio::test]
async fn p466_an_unknown_delivery() {
    let app = TestApp::start().await;
    let expected = refusal("P466", "delivery-not-found", "Webhook delivery not found");
    for (index, endpoint) in declaring("P466").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        let unknown = Ids::unknown();
        for delivery in [unknown.get("$delivery"), "nothing", "%00", made.get("$transfer")] {
            let ids = made.clone().with("$delivery", delivery);
            check(endpoint, &request_of(&app.a(), endpoint, &ids).send().await, 404, &expected);
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn p467_no_webhook_endpoint() {
    let app = TestApp::start().await;
    let expected = refusal("P467", "webhook-endpoint-not-found", "Webhook endpoint not found");
    for endpoint in declaring("P467") {
        check(&endpoint, &request_of(&app.a(), &endpoint, &Ids::unknown()).send().await, 404, &expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn p468_an_endpoint_that_is_not_well() {
    let app = TestApp::start().await;
    for (index, endpoint) in declaring("P468").iter().enumerate() {
        let made = prepared(&app.a(), endpoint, &index.to_string()).await;
        // Nobody listens there.
        let url = |body: &mut Value| set(body, "url", "http://127.0.0.1:9");
        let off = |body: &mut Value| {
            url(body);
            set(body, "enabled", false);
        };
        changed(&app.a(), endpoint, &made, off).send().await.expect(200);
        let answer = changed(&app.a(), endpoint, &made, url).send().await;
        let body = answer.expect(400);
        assert_eq!(
            (&body["errorCode"], &body["errorName"]),
            (&json!("P468"), &json!("webhook-endpoint-unhealthy"))
        );
        let message = body["errorMessage"].as_str().expect("a message");
        let start = "Webhook endpoint is not healthy: GET /webhook/health: could not connect: ";
        assert!(message.starts_with(start), "{message}");
    }
    app.finish().await;
}
