//! Pages of history: what an item says, and where a cursor leads.

use crate::support::{Client, TestApp};
use futures_util::future::join_all;
use serde_json::{Value, json};

#[tokio::test]
async fn an_item_says_what_happened_from_its_holders_side() {
    let app = TestApp::start().await;
    let a = app.a();
    a.fund(None, "100", "eur").await;
    a.verified_user("anna").await;
    a.verified_user("ben").await;
    a.pay(None, Some("anna"), "40").await;
    let body = json!({
        "sourceExternalUserId": "anna", "destinationExternalUserId": "ben", "amount": "12.5", "currency": "EUR",
        "reference": "Zażółć \"gęślą\" jaźń",
    });
    let made = a.post("/v1/transfer", &body).send().await.expect(201);
    let id = made["transferId"].as_str().expect("an id");
    let page = a.get("/v1/user/transactions/anna?limit=1").await;
    let expected = format!(
        concat!(
            r#"{{"data":[{{"id":"{id}","type":"INTERNAL_TRANSFER","status":"SUCCESSFUL","#,
            r#""amount":"-12.50","fee":"0.00","currency":"eur","balanceAfter":"27.50","#,
            r#""counterparty":{{"type":"USER","externalUserId":"ben","name":"Ada Lovelace"}},"#,
            r#""reference":"Zażółć \"gęślą\" jaźń","createdAt":"2026-11-23T12:00:01.002Z"}}],"#,
            r#""nextCursor":"{}"}}"#,
        ),
        page.json()["nextCursor"].as_str().expect("a cursor"),
        id = id
    );
    page.is(200, &expected);
    let of_ben = &a.history(Some("ben")).await[0];
    assert_eq!((&of_ben["amount"], &of_ben["balanceAfter"]), (&json!("12.50"), &json!("12.50")));
    assert_eq!(of_ben["counterparty"]["externalUserId"], "anna");
    assert_eq!(of_ben["reference"], body["reference"]);
    let of_anna = &a.history(Some("anna")).await[1];
    let partner = json!({"type": "PARTNER", "externalUserId": null, "name": null});
    assert_eq!((&of_anna["counterparty"], &of_anna["reference"]), (&partner, &Value::Null));
    let of_partner = &a.history(None).await[0];
    assert_eq!(
        (&of_partner["amount"], &of_partner["counterparty"]["type"]),
        (&json!("-40.00"), &json!("USER"))
    );
    app.finish().await;
}

/// Entries in two currencies for anna, each with a number of its own as the amount.
async fn with_entries(app: &TestApp, count: usize) -> Client {
    let a = app.a();
    a.verified_user("anna").await;
    for number in 1..=count {
        let currency = if number % 3 == 0 { "btc" } else { "eur" };
        a.fund(Some("anna"), &number.to_string(), currency).await;
    }
    a
}

/// The whole units of an item's amount.
fn number(item: &Value) -> usize {
    item["amount"].as_str().and_then(|amount| amount.split('.').next()?.parse().ok()).expect("a number")
}

#[tokio::test]
async fn pages_are_newest_first_over_all_currencies() {
    let app = TestApp::start().await;
    let a = with_entries(&app, 60).await;
    let expected: Vec<usize> = (1..=60).rev().collect();
    for (query, size) in
        [("limit=1", 1), ("limit=7", 7), ("limit=59", 59), ("limit=60", 60), ("limit=200", 60), ("", 50)]
    {
        let pages = a.pages(Some("anna"), query).await;
        assert_eq!(pages[0].len(), size, "{query}");
        let all: Vec<_> = pages.concat().iter().map(number).collect();
        assert_eq!(all, expected, "{query}");
    }
    for limit in ["0", "201", "-1", "1.0", "x"] {
        a.get(&format!("/v1/user/transactions/anna?limit={limit}")).await.is_refused("P403");
    }
    assert_eq!(a.get("/v1/user/transactions/anna?limit=200").await.expect(200)["nextCursor"], Value::Null);
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_is_stable_while_new_rows_arrive() {
    let app = TestApp::start().await;
    let a = with_entries(&app, 10).await;
    let first = a.get("/v1/user/transactions/anna?limit=4").await.expect(200);
    let cursor = first["nextCursor"].as_str().expect("a cursor");
    let path = format!("/v1/user/transactions/anna?limit=4&cursor={cursor}");
    let second = a.get(&path).await;
    for number in 11..=20 {
        a.fund(Some("anna"), &number.to_string(), if number % 2 == 0 { "eur" } else { "doge" }).await;
    }
    assert_eq!(a.get(&path).await.comparable(), second.comparable());
    let numbers: Vec<_> = second.json()["data"].as_array().expect("a list").iter().map(number).collect();
    assert_eq!(numbers, [6, 5, 4, 3]);
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list_and_its_filters() {
    let app = TestApp::start().await;
    let a = with_entries(&app, 5).await;
    a.verified_user("ben").await;
    a.fund(Some("ben"), "1", "eur").await;
    a.fund(Some("ben"), "1", "eur").await;
    let cursor_of = async |path: &str| {
        let page = a.get(path).await.expect(200);
        page["nextCursor"].as_str().expect("a cursor").to_owned()
    };
    let cursor = cursor_of("/v1/user/transactions/anna?limit=1").await;
    // Another size of page is the same list.
    a.get(&format!("/v1/user/transactions/anna?limit=3&cursor={cursor}")).await.expect(200);
    let other_lists = [
        format!("/v1/user/transactions/ben?cursor={cursor}"),
        format!("/v1/partner/transactions?cursor={cursor}"),
        format!("/v1/user/transactions/anna?currency=eur&cursor={cursor}"),
        format!("/v1/user/transactions/anna?type=ADJUSTMENT&cursor={cursor}"),
        format!("/v1/user/transactions/anna?status=SUCCESSFUL&cursor={cursor}"),
        format!("/v1/user/transactions/anna?from=2026-01-01T00:00:00Z&cursor={cursor}"),
        format!("/v1/user/transactions/anna?to=2100-01-01T00:00:00Z&cursor={cursor}"),
    ];
    let mut damaged: Vec<String> = vec!["x".to_owned(), cursor[1..].to_owned(), cursor.clone() + "A"];
    damaged.extend((0..cursor.len()).step_by(5).map(|at| {
        let other = if &cursor[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &cursor[..at], &cursor[at + 1..])
    }));
    let damaged = damaged.iter().map(|cursor| format!("/v1/user/transactions/anna?cursor={cursor}"));
    for path in other_lists.into_iter().chain(damaged) {
        a.get(&path).await.is_invalid("cursor is not one that this list gave");
    }
    app.finish().await;
}

/// More entries than stand between two marks, and more than one page may read.
#[tokio::test]
async fn a_filter_that_matches_little_answers_short_pages_with_a_cursor() {
    let app = TestApp::start().await;
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(None, "100000", "eur").await;
    a.fund(Some("anna"), "7", "eur").await;
    join_all((0..2_100).map(|_| a.pay(None, Some("anna"), "1"))).await;
    let pages = a.pages(Some("anna"), "type=ADJUSTMENT&limit=200").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1], "nothing among the newest 2,000");
    assert_eq!(number(&pages[1][0]), 7);
    app.finish().await;
}
