//! Two partners: whatever one asks about the other's objects is answered, byte for byte, as for objects that do not
//! exist. Every route of the table is walked, and every id that its path or its example names.

use crate::support::{Answer, Client, Contract, Ids, TestApp, names, prepared, request_of, resolved};
use florin_api::endpoints;
use florin_api::kit::endpoint::table::Endpoint;
use http::Method;
use serde_json::json;

/// Everything that can be read with these ids: status and body of each GET.
async fn everything(client: &Client, ids: &Ids) -> Vec<(u16, Vec<u8>)> {
    let mut read = Vec::new();
    let reads = |endpoint: &Endpoint| endpoint.method == Method::GET && !endpoint.is_writing_get;
    for endpoint in endpoints().into_iter().filter(reads) {
        let answer = request_of(client, &endpoint, ids).send().await;
        read.push((answer.status, answer.comparable_body()));
    }
    read
}

/// An answer as it can be compared: an id that the request named may be repeated (so the length goes by the id), and
/// nothing else may differ.
fn without(answer: &Answer, id: &str) -> (u16, Vec<(String, Vec<u8>)>, String) {
    let (status, mut headers, body) = answer.comparable();
    headers.retain(|(name, _)| name != "content-length");
    (status, headers, String::from_utf8(body).expect("text").replace(id, "(id)"))
}

/// Objects of an endpoint, and what a stranger gets for them.
async fn walk(app: &TestApp, endpoint: &Endpoint, tag: usize) -> usize {
    let (a, b) = (app.a(), app.b());
    let owners = prepared(&a, endpoint, &format!("a{tag}")).await;
    let strangers = prepared(&b, endpoint, &format!("b{tag}")).await;
    let mut walked = 0;
    let before = everything(&a, &owners).await;
    for ((placeholder, owned), (_, unknown)) in owners.each().zip(Ids::unknown().each()) {
        if placeholder == "$new" || !names(endpoint, placeholder) {
            continue;
        }
        let ask = async |id: &str, key: &str| {
            let call = request_of(&b, endpoint, &strangers.clone().with(placeholder, id));
            call.keyed(&format!("{key}-{tag}-{placeholder}")).send().await
        };
        let (of_owned, of_unknown) = (ask(owned, "owned").await, ask(unknown, "unknown").await);
        let name = format!("{} {} with another partner's {placeholder}", endpoint.method, endpoint.path);
        assert!(matches!(of_unknown.status, 400 | 404), "{name}: {}", of_unknown.text());
        assert_eq!(without(&of_owned, owned), without(&of_unknown, unknown), "{name}");
        walked += 1;
    }
    assert_eq!(
        everything(&a, &owners).await,
        before,
        "{} {} changed another's data",
        endpoint.method,
        endpoint.path
    );
    walked
}

#[tokio::test]
async fn a_stranger_learns_nothing_from_any_route() {
    let app = TestApp::start().await;
    let mut walked = 0;
    for (tag, endpoint) in endpoints().iter().enumerate() {
        walked += walk(&app, endpoint, tag).await;
    }
    assert!(walked >= 13, "only {walked} ids were tried");
    app.finish().await;
}

/// Calls whose sides can each be left out.
const ONE_SIDED: [&str; 2] = ["/v1/transfer", "/v1/partner/transfer-master-balance"];

/// The walk goes by the examples; one-sided calls have another side that they do not show.
#[tokio::test]
async fn the_side_that_the_example_leaves_out_is_closed_too() {
    let app = TestApp::start().await;
    app.a().verified_user("anna").await;
    app.a().fund(Some("anna"), "10", "eur").await;
    for path in ONE_SIDED {
        for side in ["sourceExternalUserId", "destinationExternalUserId"] {
            let ask = async |id: &str| {
                let body = json!({side: id, "amount": "1", "currency": "eur"});
                without(&app.b().post(path, &body).send().await, id)
            };
            assert_eq!(ask("anna").await, ask("nobody").await, "{path} {side}");
        }
    }
    assert_eq!(app.a().amount(Some("anna"), "eur").await, "10.00");
    app.finish().await;
}

/// The document knows more fields than the examples show: an id among them is walked above, or here.
#[test]
fn every_id_of_a_request_is_walked() {
    let document = &Contract::get().document;
    for endpoint in endpoints() {
        let operation = &document["paths"][endpoint.path][endpoint.method.as_str().to_ascii_lowercase()];
        let content = &operation["requestBody"]["content"]["application/json"];
        let fields = resolved(document, &content["schema"])["properties"].as_object();
        for name in fields.into_iter().flat_map(|fields| fields.keys()).filter(|name| is_id(name)) {
            let is_walked = content["example"].get(name).is_some() || ONE_SIDED.contains(&endpoint.path);
            let named = (endpoint.path, name.as_str());
            let is_walked = is_walked || ALIASES.contains(&named) || TRIED.contains(&named);
            assert!(is_walked, "{} {}: {name}", endpoint.method, endpoint.path);
        }
    }
}

fn is_id(field: &str) -> bool {
    (field == "id" || field.ends_with("Id")) && !NO_OBJECTS.contains(&field)
}

/// Other names of an id that the example has.
const ALIASES: [(&str, &str); 1] = [("/v1/sepa-transfer", "externalUserId")];

/// Ids that the example leaves out, and that `card_flows::flows::what_is_not_there_is_refused` tries.
const TRIED: [(&str, &str); 2] = [
    ("/v1/sandbox/cards/{cardId}/authorize", "transactionId"),
    ("/v1/sandbox/cards/{cardId}/authorize", "challengeId"),
];

/// Ids that other institutions gave.
const NO_OBJECTS: [&str; 2] = ["taxId", "messageId"];

/// Money that was made up has an id too, and it is its owner's.
#[tokio::test]
async fn made_up_money_is_its_owners_alone() {
    let app = TestApp::start().await;
    app.a().verified_user("anna").await;
    for user in [None, Some("anna")] {
        let id = app.a().fund(user, "5", "eur").await;
        let path = |id: &str| format!("/v1/transfer/details/{id}");
        app.a().get(&path(&id)).await.expect(200);
        let (foreign, unknown) =
            (app.b().get(&path(&id)).await, app.b().get(&path(Ids::unknown().get("$transfer"))).await);
        foreign.is_refused("P437");
        assert_eq!(foreign.comparable(), unknown.comparable());
    }
    app.finish().await;
}

/// The same id with both partners is two users: whatever one does to its own, the other's stays.
#[tokio::test]
async fn equal_ids_are_two_users() {
    let app = TestApp::start().await;
    let (a, b) = (app.a(), app.b());
    for client in [&a, &b] {
        client.verified_user("same").await;
        client.fund(Some("same"), "10", "eur").await;
    }
    let ids = Ids::unknown().with("$user", "same");
    let before = everything(&a, &ids).await;
    b.pay(Some("same"), None, "10").await;
    b.patch("/v1/user/same", &json!({"email": "other@example.com"})).send().await.expect(200);
    b.call(Method::PATCH, "/v1/user/suspend/same").send().await.expect(200);
    assert_eq!(everything(&a, &ids).await, before);
    b.call(Method::PATCH, "/v1/user/unsuspend/same").send().await.expect(200);
    b.delete("/v1/user/same").await.expect(200);
    b.run_jobs().await;
    b.call(Method::POST, "/v1/sandbox/clock/advance").body(r#"{"seconds":86400}"#).send().await.expect(200);
    b.call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    assert_eq!(everything(&a, &ids).await, before);
    b.create_user("same").await;
    assert_eq!(everything(&a, &ids).await, before);
    app.finish().await;
}

/// What one partner was given to come back with means nothing in another's hands.
#[tokio::test]
async fn a_cursor_is_its_owners_alone() {
    let app = TestApp::start().await;
    for client in [app.a(), app.b()] {
        client.verified_user("same").await;
        for _ in 0..3 {
            client.fund(None, "1", "eur").await;
            client.fund(Some("same"), "1", "eur").await;
        }
    }
    for path in ["/v1/partner/transactions", "/v1/user/transactions/same"] {
        let page = app.a().get(&format!("{path}?limit=1")).await.expect(200);
        let cursor = page["nextCursor"].as_str().expect("a cursor");
        let path = format!("{path}?limit=1&cursor=");
        app.a().get(&format!("{path}{cursor}")).await.expect(200);
        let (foreign, damaged) = (
            app.b().get(&format!("{path}{cursor}")).await,
            app.b().get(&format!("{path}{}", &cursor[1..])).await,
        );
        foreign.is_invalid("cursor is not one that this list gave");
        assert_eq!(foreign.comparable(), damaged.comparable());
    }
    app.finish().await;
}
