//! Every statement of the store and of the families is right on this engine: it prepares, and it runs; and none runs
//! that is not registered. Both folders of migrations end in the same tables.

use crate::reference::agree_on_exchange_fee;
use crate::seals::make_old;
use crate::support::{
    Client, Database, Engine, Ids, Setup, TestApp, engine, expect_errors, person, request_of,
};
use crate::webhooks::receiver::Receiver;
use crate::webhooks::{deliver, deliveries, enable, register};
use florin_api::endpoints;
use florin_api::kit::book::housekeeping::{note_uses, prune};
use florin_api::kit::book::jobs::{carry_out, run_due, run_inside, run_lane};
use florin_api::kit::book::key_sheets;
use florin_api::kit::book::registry::{Revoked, book_of};
use florin_api::kit::book::work::Work;
use florin_api::kyc::{Operator, sweep};
use florin_api::sepa::SepaOperator;
use florin_api::webhooks::give_token;
use florin_document::{Kind, samples};
use florin_rails::sepa::Status;
use florin_store::{Due, Lane, NewJob, Store, recorder};
use florin_testing::skip;
use florin_types::{Text, Timestamp};
use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// Every statement in the form that this engine gets for one row, and for sets.
fn registered() -> BTreeSet<String> {
    let single = florin_store::statements().into_iter().chain(florin_api::statements()).map(str::to_owned);
    let sets = florin_store::sets().into_iter().chain(florin_api::sets()).map(|set| set.set_sql());
    single.chain(sets).collect()
}

#[tokio::test]
async fn every_statement_prepares() {
    let app = TestApp::start().await;
    let mut db = app.app.store.connect_for_tests().await.expect("a connection");
    let single = florin_store::statements().into_iter().chain(florin_api::statements()).map(str::to_owned);
    let sets = florin_store::sets().into_iter().chain(florin_api::sets()).map(|set| match engine() {
        Engine::Sqlite => set.row_sql(),
        Engine::Postgres => set.set_sql(),
    });
    for sql in single.chain(sets).collect::<Vec<_>>() {
        if let Err(error) = db.prepare(&sql).await {
            panic!("{error}: {sql}");
        }
    }
    drop(db);
    app.finish().await;
}

#[tokio::test]
async fn every_statement_runs_and_no_other() {
    recorder::start();
    // From an empty database on: the tables, the installation, the partners.
    let mut app = TestApp::from_nothing(Setup::default()).await;
    let a = app.a();
    every_route(&a).await;
    lifecycle(&app, &a).await;
    verification(&app, &a).await;
    operator(&app).await;
    webhooks(&app, &a).await;
    crate::crypto::withdrawals::every_statement(&app).await;
    sepa(&app, &a).await;
    crate::crypto::every_statement(&a).await;
    crate::payment_links::every_statement(&app).await;
    crate::sepa::vop::every_statement(&app).await;
    crate::sepa::files::every_statement(&mut app).await;
    crate::crypto::simulated::every_statement(&app).await;
    let a = app.a();
    assert_eq!(florin_api::wallets::check_seed(&app.app).await, Ok(true));
    florin_api::crypto::reconcile(&app.app).await.expect("the books can be read");
    app.app.store.is_there().await.expect("the database answers");
    Store::kept_master_key(&app.database().place()).await.expect("the settings can be read");
    app.app.store.verify().await.expect("the books can be read");
    a.call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    know_an_account(&a).await;
    crate::payment_links::brand(&a, "Bookshop").await;
    crate::cards::every_statement(&app).await;
    crate::card_flows::every_statement(&app).await;
    // Once more as data from before rows were sealed.
    make_old(&app).await;
    app.reopen(Setup::default()).await;
    app.finish().await;
    let (registered, ran) = (registered(), recorder::ran());
    let missing: Vec<_> = registered.difference(&ran).collect();
    assert!(missing.is_empty(), "never ran: {missing:#?}");
    let unknown: Vec<_> = ran.difference(&registered).collect();
    assert!(unknown.is_empty(), "ran, but is not registered: {unknown:#?}");
}

/// A user whose account is known, and a lock of an order: the reset has forgotten the others.
async fn know_an_account(a: &Client) {
    let lock = json!({"currency": "usdc", "amount": "5", "network": "polygon"});
    a.post("/v1/order/lock-rate", &lock).send().await.expect(200);
    a.verified_user("anna").await;
    let iban = a.get("/v1/sepa-deposit/info/anna").await.expect(200)["iban"].clone();
    let body = json!({
        "iban": iban, "amount": "5", "senderName": "Ada Lovelace", "senderIban": "DE89370400440532013000",
    });
    a.post("/v1/sandbox/sepa/incoming", &body).send().await.expect(201);
}

/// Every example, one after the other, on the same few users.
async fn every_route(a: &Client) {
    // An older client's user, in a sandbox that verifies such users.
    let settings = json!({"autoVerify": true});
    a.call(Method::PUT, "/v1/sandbox/settings").json(&settings).send().await.expect(200);
    let mut older = person("olaf");
    older.as_object_mut().expect("an object").remove("birthDate");
    a.post("/v1/user/balances/crypto-and-fiat", &older).send().await.expect(201);
    a.settle().await;
    a.create_user("anna").await;
    a.post("/v1/sandbox/kyc/anna", &json!({"decision": "REJECT"})).send().await.expect(200);
    a.approve("anna").await;
    a.verified_user("ben").await;
    a.fund(None, "100", "eur").await;
    let transfer = a.pay(None, Some("anna"), "50").await;
    let (user, other, new) = ("anna".to_owned(), "ben".to_owned(), "carl".to_owned());
    let ids = Ids::unknown()
        .with("$user", &user)
        .with("$other", &other)
        .with("$new", &new)
        .with("$transfer", &transfer);
    for endpoint in endpoints() {
        request_of(a, &endpoint, &ids)
            .keyed(&format!("{} {}", endpoint.method, endpoint.path).replace(' ', "-"))
            .send()
            .await;
    }
    // The reset was among them.
    a.verified_user("anna").await;
}

/// A job that no family runs is put off.
async fn put_off_a_job(app: &TestApp) {
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    let leave = async |work: &mut Work<'_>| {
        let due = work.now();
        work.enqueue(NewJob { kind: "nobody's", lane: Lane::Quick, due, payload: Vec::new() });
        Ok(())
    };
    run_inside(&app.app, book, Vec::new(), leave).await.expect("a command");
    run_due(&app.app, Due::Any).await.expect("jobs can be looked for");
    expect_errors(&["nobody runs this kind of job"]);
    // It comes again for ever; the books are checked for jobs that are left.
    let job = app.app.store.due_jobs(Timestamp::from_micros(i64::MAX), Due::Any).await.expect("a read");
    let job = job.into_iter().find(|job| job.kind == "nobody's").expect("it is put off");
    carry_out(&app.app, &job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await.expect("it is taken away");
}

/// A slow job that is leased, kept and given back; and all leases are ended.
async fn give_a_job_back(app: &TestApp) {
    let due = app.app.store.due_jobs(app.app.wall(), Due::Any).await.expect("a read");
    let job = due.iter().find(|job| job.lane == Lane::Slow).expect("files to decode").position;
    let (owner, now) = ([7; 16], app.app.wall());
    let until = now.saturating_add(Duration::from_secs(15));
    let lease_and_return = async move |work: &mut Work<'_>| {
        assert!(work.lease_job(job, owner, (now, until)).await?, "it is free");
        work.renew_job(job, owner, until).await?;
        Ok(work.return_job(job, owner).await?)
    };
    run_inside(&app.app, job.book(), Vec::new(), lease_and_return).await.expect("a command");
    app.app.store.free_jobs().await.expect("the leases end");
}

/// What needs many entries, or much time.
async fn lifecycle(app: &TestApp, a: &Client) {
    join_all((0..300).map(|_| a.fund(Some("anna"), "1", "eur"))).await;
    a.get("/v1/user/transactions/anna?to=2026-11-23T12:00:01.000Z").await.expect(200);
    let reference =
        json!({"sourceExternalUserId": "anna", "amount": "300", "currency": "eur", "reference": "rent"});
    a.post("/v1/transfer", &reference).keyed("k").send().await.expect(201);
    a.get("/v1/partner/transactions").await.expect(200);
    // Twice: the first price of a sandbox is a new row.
    for rate in [60_000, 61_000] {
        a.post("/v1/sandbox/rates", &json!({"currency": "btc", "rate": rate})).send().await.expect(200);
    }
    let lock = a.get("/v1/partner/exchange/get-lock").await.expect(200);
    let exchange = json!({"amount": "1", "currencyFrom": "eur", "currencyTo": "btc", "lockId": lock["id"]});
    a.fund(None, "1", "eur").await;
    a.post("/v1/partner/exchange", &exchange).send().await.expect(201);
    a.patch("/v1/user/anna", &json!({"email": "ada@example.org"})).send().await.expect(200);
    a.delete("/v1/user/anna").await.expect(200);
    put_off_a_job(app).await;
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 40 * 86_400})).send().await.expect(200);
    prune(&app.app).await.expect("housekeeping");
}

/// Payments in and out with all that can happen to them.
async fn sepa(app: &TestApp, a: &Client) {
    let operator = SepaOperator { app: &app.app, name: Text::parse("olga").expect("a name") };
    operator.suspense().await.expect("a list");
    let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
    crate::sepa::say(&app.app, book, "x", (uuid::Uuid::nil(), Status::Settled)).await;
    expect_errors(&["a message of the bank was refused and waits for a person"]);
    let refused = operator.refused().await.expect("a list");
    operator.done(refused[0].1.id).await.expect("a command").expect("a message");
    let iban = a.get("/v1/sepa-deposit/info/ida").await.expect(200)["iban"].clone();
    let come_in = async |sender: &str| {
        let body = json!({
            "iban": iban, "amount": "5", "senderName": sender, "senderIban": "DE89370400440532013000",
        });
        a.post("/v1/sandbox/sepa/incoming", &body).send().await.expect(201)
    };
    come_in("Charles Babbage").await;
    let credit = come_in("Ada Lovelace").await;
    let recall = json!({"depositId": credit["depositId"], "reason": "DUPL"});
    let recall = a.post("/v1/sandbox/sepa/recalls", &recall).send().await.expect(201);
    let answer = format!("/v1/sepa-recall/{}/answer", recall["recallId"].as_str().expect("an id"));
    a.post(&answer, &json!({"decision": "REFUSE"})).send().await.expect(200);
    a.call(Method::PATCH, "/v1/user/suspend/ida").send().await.expect(200);
    come_in("Ada Lovelace").await;
    a.call(Method::PATCH, "/v1/user/unsuspend/ida").send().await.expect(200);
    let outgoing = json!({
        "sourceExternalUserId": "ida", "amount": "1", "currency": "eur",
        "destinationIban": "LT779999800000000014", "transferTitle": "Rent",
    });
    a.post("/v1/sepa-transfer", &outgoing).send().await.expect(200);
    a.settle().await;
    a.settle().await;
    a.delete("/v1/user/ida").await;
}

/// Deliveries that come through, fail, are sent again; an endpoint that ends.
async fn webhooks(app: &TestApp, a: &Client) {
    let (partner, receiver) = (app.partners[0], Receiver::start().await);
    let book = book_of(&app.app.store, partner).await.expect("the database answers").expect("a book");
    give_token(&app.app, book, "token").await.expect("the database answers");
    a.fund(None, "100", "eur").await;
    a.verified_user("ida").await;
    register(a, &receiver.url).await;
    for (status, amount) in [(200, "1"), (500, "2"), (410, "3")] {
        receiver.answers(move |_| status);
        a.pay(None, Some("ida"), amount).await;
        deliveries(a, "").await;
        deliver(app).await;
        deliveries(a, "status=FAILED").await;
        let id = deliveries(a, "").await[0]["id"].as_str().expect("an id").to_owned();
        a.call(Method::POST, &format!("/v1/webhooks/deliveries/{id}/retry")).send().await.expect(200);
    }
    // The last answer has disabled it.
    receiver.answers(|_| 204);
    enable(a, &receiver.url, true).await.expect(200);
}

/// A verification with all that can happen to it, what an operator does, and the sweep.
async fn verification(app: &TestApp, a: &Client) {
    let photo = samples::valid(Kind::Jpeg, 64, 48);
    let data = json!({
        "externalUserId": "dora", "documentType": "PASSPORT", "documentNumber": "HOLD",
        "documentExpirationDate": "2030-01-01", "documentIssuingCountry": "GB",
    });
    a.create_user("dora").await;
    for _ in 0..2 {
        let file = |name| (name, "photo.jpg", "image/jpeg", &photo[..]);
        let upload = a.call(Method::POST, "/v1/user/kyc-files/dora");
        upload.multipart(&[file("front_id"), file("selfie")]).send().await.expect(201);
    }
    a.post("/v1/user/verification", &data).send().await.expect(201);
    give_a_job_back(app).await;
    run_lane(&app.app, Lane::Slow).await.expect("jobs can be looked for");
    a.settle().await;
    a.post("/v1/sandbox/poa/dora", &json!({"decision": "REQUIRE"})).send().await.expect(200);
    let bill = a.call(Method::POST, "/v1/user/poa-files/dora");
    bill.multipart(&[("files", "bill.png", "image/png", &samples::valid(Kind::Png, 9, 9))])
        .send()
        .await
        .expect(201);
    let operator = Operator { app: &app.app, name: Text::parse("olga").expect("a name") };
    for review in operator.reviews().await.expect("a list") {
        operator.show(review.id).await.expect("it is shown").expect("there is one");
    }
    operator.audit().await.expect("a list");
    assert_eq!(operator.check().await.expect("all are read").1, []);
    sweep(&app.app, Duration::ZERO).await.expect("a sweep");
    // Known by nothing but its verification id.
    let begun = json!({
        "externalUserId": "emil", "documentType": "PASSPORT", "country": "GB", "incomeSource": "SALARY",
        "occupation": "IT", "openAccountReason": "DAILY_USE",
    });
    a.create_user("emil").await;
    let made = a.post("/v1/kyc", &begun).send().await.expect(201);
    let id = made["verificationId"].as_str().expect("an id");
    a.get(&format!("/v1/kyc/status/{id}")).await.expect(200);
    a.with_key(None).get(&format!("/v1/kyc/verification/emil/{id}")).await;
    a.delete("/v1/user/emil").await.expect(200);
    a.run_jobs().await;
}

/// What an operator does with partners and keys.
async fn operator(app: &TestApp) {
    agree_on_exchange_fee(app, "0.99", app.app.wall()).await;
    let issued = app.issue_key(0, &[]).await;
    let (key, partner) = (issued.api_key.clone(), issued.partner);
    let known = app
        .administer(async |registry| {
            let known = (registry.knows_key(&key).await?, registry.has_partner(partner).await?);
            Ok((known, registry.first_partner().await?, registry.partners().await?.len()))
        })
        .await;
    assert_eq!(known, ((true, true), Some(app.partners[0]), 2));
    let keys = app.administer(async |registry| registry.keys(None).await).await;
    assert!(keys.len() == 3 && keys.iter().all(Result::is_ok), "{keys:?}");
    assert!(app.revoke_key(&issued.api_key).await);
    key_sheets::keep_ahead(&app.app).await.expect("sheets are made");
    key_sheets::erase_again(&app.app).await.expect("nothing is to be erased");
    key_sheets::give_slots(&app.app).await.expect("all have slots");
    let olga =
        florin_api::kyc::Operator { app: &app.app, name: florin_types::Text::parse("olga").expect("a name") };
    assert!(olga.deletion(app.partners[0], "emil").await.expect("looked").is_some());
    let counted = florin_api::kyc::count(&app.app).await.expect("the files are counted");
    assert!(counted.known > 0 && counted.missing == 0, "{counted:?}");
    app.app.store.note_time(app.app.wall()).await.expect("the time is noted");
    assert_eq!(app.app.store.newest_time().await, Ok(Some(app.app.wall())));
    app.administer(async |registry| registry.revoke_keys(Revoked::Id(issued.id)).await).await;
    note_uses(&app.app).await;
    app.clock.advance(Duration::from_secs(1));
}

/// A column: its table, name, type, and whether it may be null.
type Column = (String, String, String, bool);
/// An index: its table, columns in order, and whether it is unique.
type Index = (String, Vec<String>, bool);

#[tokio::test]
async fn both_folders_of_migrations_end_in_the_same_tables() {
    if engine() == Engine::Sqlite {
        // Compared where both engines are at hand.
        return skip("for PostgreSQL only");
    }
    let app = TestApp::start().await;
    let (columns, indexes) = postgres_tables(app.database()).await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("florin.db");
    crate::support::seed(florin_store::Place::File(file.clone())).await;
    let sqlite = rusqlite::Connection::open(file).expect("the file opens");
    assert_eq!(sqlite_columns(&sqlite), columns);
    assert_eq!(sqlite_indexes(&sqlite), indexes);
    app.finish().await;
}

const SQLITE_COLUMNS: &str = "SELECT m.name, c.name, c.type, c.\"notnull\" = 0 FROM sqlite_master m, \
     pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.name";

fn sqlite_columns(sqlite: &rusqlite::Connection) -> Vec<Column> {
    let mut statement = sqlite.prepare(SQLITE_COLUMNS).expect("a statement");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    rows.expect("columns").collect::<Result<_, _>>().expect("columns")
}

/// Primary keys included, which SQLite keeps as an index or as the order of the table itself.
const SQLITE_KEYS: &str = "SELECT m.name, (SELECT group_concat(name, ',') FROM \
     (SELECT name FROM pragma_table_info(m.name) WHERE pk > 0 ORDER BY pk)) \
     FROM sqlite_master m WHERE m.type = 'table'";
const SQLITE_INDEXES: &str = "SELECT m.name, (SELECT group_concat(name, ',') FROM \
     (SELECT COALESCE(name, '(expression)') AS name FROM pragma_index_info(l.name) ORDER BY seqno)), \
     l.\"unique\" \
     FROM sqlite_master m, pragma_index_list(m.name) l WHERE m.type = 'table' AND l.origin = 'c'";

fn sqlite_indexes(sqlite: &rusqlite::Connection) -> BTreeSet<Index> {
    let split = |columns: String| columns.split(',').map(str::to_owned).collect::<Vec<_>>();
    let mut keys = sqlite.prepare(SQLITE_KEYS).expect("a statement");
    let keys = keys.query_map([], |row| Ok((row.get(0)?, split(row.get(1)?), true))).expect("keys");
    let mut found: BTreeSet<Index> = keys.collect::<Result<_, _>>().expect("keys");
    let mut indexes = sqlite.prepare(SQLITE_INDEXES).expect("a statement");
    let indexes =
        indexes.query_map([], |row| Ok((row.get(0)?, split(row.get(1)?), row.get(2)?))).expect("indexes");
    found.extend(indexes.collect::<Result<Vec<_>, _>>().expect("indexes"));
    found
}

/// Types as SQLite spells them. Texts must collate by bytes, as SQLite's do.
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text, \
     CASE WHEN data_type = 'bigint' THEN 'INTEGER' WHEN data_type = 'bytea' THEN 'BLOB' \
          WHEN data_type = 'text' AND collation_name = 'C' THEN 'TEXT' \
          ELSE data_type || ' ' || COALESCE(collation_name, '') END, \
     is_nullable = 'YES' FROM information_schema.columns WHERE table_schema = 'public' \
     ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"";
const POSTGRES_INDEXES: &str = "SELECT t.relname::text, i.indisunique, \
     (SELECT array_agg(COALESCE(a.attname::text, '(expression)') ORDER BY k.n) \
      FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, n) \
      LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) \
     FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace \
     WHERE s.nspname = 'public'";

async fn postgres_tables(database: &Database) -> (Vec<Column>, BTreeSet<Index>) {
    let client = database.connect().await;
    let rows = client.query(POSTGRES_COLUMNS, &[]).await.expect("columns");
    let columns = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    let rows = client.query(POSTGRES_INDEXES, &[]).await.expect("indexes");
    let indexes = rows.iter().map(|row| (row.get(0), row.get(2), row.get(1))).collect();
    (columns, indexes)
}
