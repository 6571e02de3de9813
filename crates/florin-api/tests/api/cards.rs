//! Virtual cards, section 2.8: issuing them, what is kept of them, and their fee.

mod count;
pub mod fee;
mod secrets;

use crate::support::{Call, Client, Setup, TestApp, expect_errors};
use florin_api::cards::CardOperator;
use florin_api::kit::settings::{Cards, Settings};
use florin_types::{CardNumber, CardRange, Text};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

/// A verified user who can have cards.
pub async fn resident(client: &Client, user: &str) {
    client.verified_user(user).await;
    client.move_to(user, "DE").await;
}

/// Asks for a card; not sent yet.
pub fn ask(client: &Client, user: &str) -> Call {
    client.post("/v1/card/virtual", &json!({"externalUserId": user, "label": "Travel", "pin": "4829"}))
}

/// A new card of a user.
pub async fn create(client: &Client, user: &str) -> Value {
    ask(client, user).send().await.expect(200)
}

/// A call that names a card.
pub fn of_card(client: &Client, (method, path): (Method, &str), user: &str, card: &Value) -> Call {
    client.call(method, path).json(&json!({"externalUserId": user, "cardId": card["cardId"]}))
}

/// The cards of a user, as its list shows them.
pub async fn list(client: &Client, user: &str) -> Vec<Value> {
    let list = client.get(&format!("/v1/card/all/{user}")).await.expect(200);
    list["cards"].as_array().expect("a list").clone()
}

async fn details(client: &Client, user: &str, card: &Value) -> Value {
    let id = card["cardId"].as_str().expect("an id");
    client.get(&format!("/v1/card/details/{user}/{id}")).await.expect(200)
}

fn operator(app: &TestApp) -> CardOperator<'_> {
    CardOperator { app: &app.app, name: Text::parse("olga").expect("a name") }
}

/// An operator blocks a card.
pub async fn block_by_operator(app: &TestApp, card: &str) {
    let card = Uuid::parse_str(card).expect("an id");
    operator(app).block(card).await.expect("it is blocked").expect("there is such a card");
}

/// What only an operator and the month's fee look at.
pub async fn every_statement(app: &TestApp) {
    let a = app.a();
    resident(&a, "carla").await;
    create(&a, "carla").await;
    assert!(!operator(app).list().await.expect("a list").is_empty());
    app.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    a.run_jobs().await;
}

const BLOCK: (Method, &str) = (Method::PATCH, "/v1/card/block");
const UNBLOCK: (Method, &str) = (Method::PATCH, "/v1/card/unblock");
const DELETE: (Method, &str) = (Method::DELETE, "/v1/card");

#[tokio::test]
async fn a_card_is_made_and_shown() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let card = create(&a, "anna").await;
    let names: Vec<_> = card.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["cardId", "cardNumber", "cvv", "exp"]);
    let text = |name: &str| card[name].as_str().expect("a text").to_owned();
    let number = CardNumber::parse(&text("cardNumber")).expect("a check digit");
    assert!(number.as_str().starts_with("99990000") && number.as_str().len() == 16);
    assert!(text("cvv").len() == 3 && text("cvv").bytes().all(|byte| byte.is_ascii_digit()));
    // Made in November 2026.
    assert_eq!(card["exp"], "11/29");
    let shown = json!({
        "cardId": card["cardId"], "status": "ACTIVE", "label": "Travel", "cardLastDigits": number.last4(),
    });
    assert_eq!(list(&a, "anna").await, [shown]);
    let known =
        json!({"status": "ACTIVE", "cardNumber": card["cardNumber"], "cvv": card["cvv"], "exp": card["exp"]});
    assert_eq!(details(&a, "anna", &card).await, known);
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_card_is_invalid() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let ask = async |field: &str, value: Value| {
        let mut body = json!({"externalUserId": "anna", "label": "Travel", "pin": "4829"});
        body[field] = value;
        a.post("/v1/card/virtual", &body).send().await
    };
    for pin in ["482", "48290", "48x9", "４８２９", " 4829"] {
        ask("pin", pin.into()).await.is_invalid("pin must be exactly 4 digits");
    }
    ask("pin", 4829.into()).await.is_invalid("pin must be a string");
    ask("pin", "".into()).await.is_invalid("pin must be exactly 4 digits");
    for label in ["ab", "", "  ab  "] {
        assert_eq!(ask("label", label.into()).await.code(), "P403");
    }
    assert_eq!(ask("label", "x".repeat(31).into()).await.code(), "P403");
    ask("label", "x".repeat(30).into()).await.expect(200);
    ask("label", "abc".into()).await.expect(200);
    app.finish().await;
}

/// All 27 countries, and the regions that count as one of them.
#[tokio::test]
async fn residents_of_the_union_have_cards_and_keep_them() {
    let app = TestApp::start().await;
    let a = app.a();
    let union = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";
    assert_eq!(union.split(' ').count(), 27);
    for country in union.split(' ').chain(["GP", "RE"]) {
        let user = format!("of-{country}");
        a.verified_user(&user).await;
        ask(&a, &user).send().await.is_refused("P451");
        a.move_to(&user, country).await;
        create(&a, &user).await;
        a.move_to(&user, "GB").await;
        assert_eq!(list(&a, &user).await.len(), 1);
        ask(&a, &user).send().await.is_refused("P451");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_user_locks_and_unlocks_a_card() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let card = create(&a, "anna").await;
    for (call, status, message) in [
        (UNBLOCK, "ACTIVE", "Card unblocked successfully"),
        (BLOCK, "LOCKED_BY_USER", "Card blocked successfully"),
        (BLOCK, "LOCKED_BY_USER", "Card blocked successfully"),
        (UNBLOCK, "ACTIVE", "Card unblocked successfully"),
    ] {
        let answer = of_card(&a, call, "anna", &card).send().await.expect(200);
        assert_eq!(answer, json!({"message": message}));
        assert_eq!(list(&a, "anna").await[0]["status"], status);
        assert_eq!(details(&a, "anna", &card).await["status"], status);
    }
    app.finish().await;
}

/// What an operator does stands above what the user does, and the user's lock outlives it.
#[tokio::test]
async fn an_operator_blocks_suspends_and_releases_a_card() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let card = create(&a, "anna").await;
    let id = Uuid::parse_str(card["cardId"].as_str().expect("an id")).expect("an id");
    let status = async || list(&a, "anna").await[0]["status"].clone();
    let refused = |error: florin_store::StoreError| error.to_string();
    let olga = operator(&app);
    assert_eq!(
        olga.release(id).await.map_err(refused),
        Err("the card is neither blocked nor suspended, and neither its PIN nor its CVV is locked".to_owned())
    );
    olga.block(id).await.expect("done").expect("a card");
    assert_eq!(status().await, "BLOCKED");
    of_card(&a, UNBLOCK, "anna", &card).send().await.is_refused("P453");
    of_card(&a, BLOCK, "anna", &card).send().await.is_refused("P453");
    olga.suspend(id).await.expect("done").expect("a card");
    assert_eq!(status().await, "SUSPENDED");
    olga.release(id).await.expect("done").expect("a card");
    assert_eq!(status().await, "ACTIVE");
    of_card(&a, BLOCK, "anna", &card).send().await.expect(200);
    olga.suspend(id).await.expect("done").expect("a card");
    olga.release(id).await.expect("done").expect("a card");
    assert_eq!(status().await, "LOCKED_BY_USER");
    let shown = olga.list().await.expect("a list");
    assert_eq!(shown.len(), 1);
    assert_eq!(
        (shown[0].id, shown[0].status, shown[0].user.as_deref()),
        (id, "LOCKED_BY_USER", Some("anna"))
    );
    assert_eq!(shown[0].exp, "11/29");
    of_card(&a, DELETE, "anna", &card).send().await.expect(200);
    assert_eq!(olga.block(id).await.map_err(refused), Err("the card is deleted".to_owned()));
    assert_eq!(olga.block(Uuid::nil()).await, Ok(None));
    assert!(olga.list().await.expect("a list").is_empty());
    let audit = "SELECT COUNT(*) FROM audit WHERE operator = 'olga' AND action LIKE 'cards.%'";
    assert_eq!(app.database().count(audit).await, 5);
    app.finish().await;
}

/// A release makes no active card of a suspended user, and no eleventh one.
#[tokio::test]
async fn a_release_keeps_the_rules_of_cards() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let olga = operator(&app);
    let card = create(&a, "anna").await;
    let id = Uuid::parse_str(card["cardId"].as_str().expect("an id")).expect("an id");
    olga.block(id).await.expect("done").expect("a card");
    a.call(Method::PATCH, "/v1/user/suspend/anna").send().await.expect(200);
    olga.release(id).await.expect("done").expect("a card");
    assert_eq!(list(&a, "anna").await[0]["status"], "LOCKED_BY_USER");
    of_card(&a, UNBLOCK, "anna", &card).send().await.is_refused("P455");
    a.call(Method::PATCH, "/v1/user/unsuspend/anna").send().await.expect(200);
    of_card(&a, UNBLOCK, "anna", &card).send().await.expect(200);
    olga.block(id).await.expect("done").expect("a card");
    for number in 0..10 {
        if number % 4 == 0 {
            app.clock.advance(Duration::from_secs(24 * 60 * 60));
        }
        if number == 8 {
            app.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
        }
        create(&a, "anna").await;
    }
    let refused = olga.release(id).await.map_err(|error| error.to_string());
    assert_eq!(refused, Err("Card limit reached: the user has 10 cards".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn limits_are_those_that_were_set() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let card = create(&a, "anna").await;
    let path = format!("/v1/card/limits/anna/{}", card["cardId"].as_str().expect("an id"));
    let is = async |[all, atm, ecom]: [[&str; 2]; 3]| {
        let shown = format!(
            r#"{{"monthlyTrxAll":{},"dailyTrxAll":{},"monthlyTrxAtm":{},"dailyTrxAtm":{},"#,
            all[0], all[1], atm[0], atm[1]
        );
        let shown = format!(r#"{shown}"monthlyTrxEcom":{},"dailyTrxEcom":{}}}"#, ecom[0], ecom[1]);
        a.get(&path).await.is(200, &shown);
    };
    is([["10000", "2500"], ["2500", "500"], ["10000", "2500"]]).await;
    let set = async |fields: &str| {
        let id = card["cardId"].as_str().expect("an id");
        let body = format!(r#"{{"externalUserId":"anna","cardId":"{id}",{fields}}}"#);
        a.call(Method::PATCH, "/v1/card/limits").body(body).send().await
    };
    let all = |daily: &str, monthly: &str| {
        format!(
            r#""monthlyTrxAll":{monthly},"dailyTrxAll":{daily},"monthlyTrxAtm":2500,"dailyTrxAtm":0,
            "monthlyTrxEcom":40000,"dailyTrxEcom":0.01"#
        )
    };
    // Numbers and texts, exactly.
    set(&all("1000.10", r#""5000.00""#)).await.is(200, r#"{"message":"Card limits set successfully"}"#);
    let second = [["5000", "1000.1"], ["2500", "0"], ["40000", "0.01"]];
    is(second).await;
    set(&all("5000.01", "5000")).await.is_invalid("dailyTrxAll cannot be more than monthlyTrxAll");
    set(&all("1000", "40000.01")).await.is_invalid("monthlyTrxAll must be at most 40000");
    set(&all("10000.01", "40000")).await.is_invalid("dailyTrxAll must be at most 10000");
    set(&all("0.001", "40000")).await.is_invalid("dailyTrxAll can have at most 2 decimal places");
    for wrong in ["-1", "1e3", r#""""#, "true", "null", r#""007""#, "99999999999999999999"] {
        assert_eq!(set(&all(wrong, "40000")).await.code(), "P403", "{wrong}");
    }
    // All six must be there.
    assert_eq!(set(r#""monthlyTrxAll":5000,"dailyTrxAll":1000"#).await.code(), "P403");
    is(second).await;
    set(&all("0", "0")).await.expect(200);
    app.finish().await;
}

/// The body of a DELETE is read, and a deleted card is gone.
#[tokio::test]
async fn a_deleted_card_leaves_the_list() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let (first, second) = (create(&a, "anna").await, create(&a, "anna").await);
    assert_eq!(list(&a, "anna").await.len(), 2);
    let empty = a.call(Method::DELETE, "/v1/card").json(&json!({})).send().await;
    empty.is_invalid("externalUserId is required. cardId is required");
    let deleted = of_card(&a, DELETE, "anna", &first).keyed("once").send().await;
    deleted.is(200, r#"{"message":"Card deleted successfully"}"#);
    let again = of_card(&a, DELETE, "anna", &first).keyed("once").send().await;
    assert!(again.is_replayed() && again.body == deleted.body);
    of_card(&a, DELETE, "anna", &first).send().await.is_refused("P434");
    let left = list(&a, "anna").await;
    assert_eq!((left.len(), &left[0]["cardId"]), (1, &second["cardId"]));
    for call in [BLOCK, UNBLOCK] {
        of_card(&a, call, "anna", &first).send().await.is_refused("P434");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_user_with_cards_is_neither_suspended_nor_deleted() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let card = create(&a, "anna").await;
    let suspend = || a.call(Method::PATCH, "/v1/user/suspend/anna").send();
    suspend().await.is_refused("P454");
    a.delete("/v1/user/anna").await.is_refused("P456");
    of_card(&a, BLOCK, "anna", &card).send().await.expect(200);
    suspend().await.expect(200);
    // A suspended user gets no active card in any way.
    ask(&a, "anna").send().await.is_refused("P455");
    of_card(&a, UNBLOCK, "anna", &card).send().await.is_refused("P455");
    // What the user may not do is said before the card is looked for.
    let unknown = json!({"cardId": Uuid::nil()});
    of_card(&a, UNBLOCK, "anna", &unknown).send().await.is_refused("P455");
    of_card(&a, BLOCK, "anna", &unknown).send().await.is_refused("P434");
    a.delete("/v1/user/anna").await.is_refused("P456");
    a.call(Method::PATCH, "/v1/user/unsuspend/anna").send().await.expect(200);
    of_card(&a, UNBLOCK, "anna", &card).send().await.expect(200);
    of_card(&a, DELETE, "anna", &card).send().await.expect(200);
    a.delete("/v1/user/anna").await.expect(200);
    app.finish().await;
}

#[tokio::test]
async fn a_key_makes_one_card() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let first = ask(&a, "anna").keyed("one").send().await;
    let again = ask(&a, "anna").keyed("one").send().await;
    assert!(first.status == 200 && again.is_replayed());
    assert_eq!(first.body, again.body);
    assert_eq!(list(&a, "anna").await.len(), 1);
    // Another PIN is another request, and is named.
    let other = json!({"externalUserId": "anna", "label": "Travel", "pin": "4820"});
    let refused = a.post("/v1/card/virtual", &other).keyed("one").send().await;
    refused.is_refused("P470");
    assert!(refused.text().contains("differs in: pin"), "{}", refused.text());
    app.finish().await;
}

fn with_range(bin: &str) -> Settings {
    let range = CardRange::parse(bin).expect("a range");
    Settings { cards: Cards { range, ..Cards::simulated() }, ..Settings::sandbox() }
}

/// A clash draws again, whichever book has the number: a range of 100,000 of which nearly all are taken.
#[tokio::test]
async fn no_number_is_given_twice_over_books_resets_and_erasures() {
    let mut app = TestApp::with(Setup { settings: with_range("9999000000"), ..Setup::default() }).await;
    let mut numbers = BTreeSet::new();
    for (client, user) in [(app.a(), "anna"), (app.b(), "anna")] {
        resident(&client, user).await;
        for _ in 0..5 {
            let card = create(&client, user).await;
            assert!(numbers.insert(card["cardNumber"].to_string()));
        }
    }
    // The same draws again, as the same random numbers: all are taken, and the next free ones are found.
    app.reopen(Setup { settings: with_range("9999000000"), ..Setup::default() }).await;
    app.clock.advance(Duration::from_secs(24 * 60 * 60));
    let a = app.a();
    for _ in 0..5 {
        assert!(numbers.insert(create(&a, "anna").await["cardNumber"].to_string()));
    }
    for card in list(&a, "anna").await {
        of_card(&a, DELETE, "anna", &card).send().await.expect(200);
    }
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    a.call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    let taken = app.database().count("SELECT COUNT(DISTINCT pan_key) FROM card").await;
    assert_eq!(usize::try_from(taken).expect("few"), numbers.len());
    app.finish().await;
}

/// The index is the last word: a number whose hash is taken is not given out, whatever the look before said.
#[tokio::test]
async fn a_range_that_is_used_up_is_p501() {
    let mut app = TestApp::with(Setup { settings: with_range("9999000000"), ..Setup::default() }).await;
    resident(&app.a(), "anna").await;
    create(&app.a(), "anna").await;
    // Every number of the range is taken: by a book that is closed.
    let range = CardRange::parse("9999000000").expect("a range");
    let key = app.app.store.derive_key("florin 2026 card numbers v1");
    let literal = |draw: u64| {
        let number = range.number(draw);
        let hash = blake3::keyed_hash(&key, number.as_str().as_bytes());
        crate::seals::literal(&hash.as_bytes()[..16])
    };
    for thousand in 0..100_u64 {
        let rows = (0..1_000).map(|at| {
            let draw = thousand * 1_000 + at;
            let id = crate::seals::literal(&u128::from(draw).to_be_bytes());
            format!("(999, {id}, {})", literal(draw))
        });
        let rows: Vec<_> = rows.collect();
        let columns = "status, is_locked, last4, monthly_all, daily_all, monthly_atm, daily_atm, monthly_ecom, \
                       daily_ecom, activation, fee_months, fee_owed, created_at, expires_at, holder";
        let sql = format!(
            "WITH v(book, id, pan_key) AS (VALUES {}) INSERT INTO card (book, id, pan_key, {columns}) \
             SELECT book, id, pan_key, 'DELETED', 0, '0000', 0, 0, 0, 0, 0, 0, 'NOT_ASKED', 0, 0, 0, 0, 0 FROM v \
             WHERE pan_key NOT IN (SELECT pan_key FROM card)",
            rows.join(", ")
        );
        app.database().tamper(&sql).await;
    }
    assert_eq!(app.database().count("SELECT COUNT(*) FROM card").await, 100_000);
    assert_eq!(ask(&app.a(), "anna").send().await.code(), "P501");
    expect_errors(&["no free card number was found"]);
    // With another range there are cards again.
    app.database().tamper("DELETE FROM card WHERE book = 999").await;
    app.reopen(Setup { settings: with_range("9999000001"), ..Setup::default() }).await;
    let card = create(&app.a(), "anna").await;
    assert!(card["cardNumber"].as_str().expect("a number").starts_with("9999000001"));
    app.finish().await;
}

#[tokio::test]
async fn without_a_processor_no_card_is_made() {
    let mut app = TestApp::start().await;
    resident(&app.a(), "anna").await;
    let card = create(&app.a(), "anna").await;
    let cards = Cards { processor: None, ..Cards::simulated() };
    app.reopen(Setup { settings: Settings { cards, ..Settings::sandbox() }, ..Setup::default() }).await;
    let a = app.a();
    assert_eq!(ask(&a, "anna").send().await.code(), "P501");
    expect_errors(&["no card processor is set"]);
    // What there is can still be seen and ended.
    details(&a, "anna", &card).await;
    of_card(&a, DELETE, "anna", &card).send().await.expect(200);
    assert!(Settings::live().cards.processor.is_none());
    app.finish().await;
}
