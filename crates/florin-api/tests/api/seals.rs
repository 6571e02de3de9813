//! Who can write the database but has not the master key can neither make nor change what decides who may call, who is
//! who, and where money and events go: the row is refused where it is read (P500, logged), and `verify` names it.

use crate::reference::agree;
use crate::support::{Client, Counted, Engine, Setup, TestApp, allow_errors, engine, expect_errors, options};
use crate::webhooks::{deliver, register};
use florin_api::kit::book::registry::unbelieved;
use florin_api::kit::book::terms::TermName;
use florin_api::kit::settings::Environment;
use florin_ledger::{Chain, ChainKey};
use florin_store::{OpenError, Options, Report, Store};
use http::Method;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The key of every installation here.
const MASTER_KEY: [u8; 32] = [7; 32];

/// What is logged of a row that is refused.
const REFUSED: &str = "its seal does not fit";

/// Bytes as SQL.
pub fn literal(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match engine() {
        Engine::Sqlite => format!("X'{hex}'"),
        Engine::Postgres => format!("'\\x{hex}'::bytea"),
    }
}

/// The hash of a key as it was kept before hashes were keyed: everybody can make it.
fn plain_hash(key: &str) -> String {
    literal(&blake3::derive_key("florin 2026 api key v1", key.as_bytes()))
}

/// The check of the master key as a version before seals wrote it: in every backup from then.
fn old_check() -> String {
    let check = blake3::derive_key("florin 2026 master key check v1", &MASTER_KEY);
    format!("UPDATE installation SET value = {} WHERE name = 'master_key_check'", literal(&check))
}

/// Seals books as that version did.
async fn old_books(app: &TestApp) -> Vec<String> {
    let key = ChainKey::new(blake3::derive_key("florin 2026 journal and event chains v1", &MASTER_KEY));
    let database = app.database();
    let mut all = Vec::new();
    for id in 1..=database.count("SELECT MAX(id) FROM book").await {
        let number =
            async |column| database.count(&format!("SELECT {column} FROM book WHERE id = {id}")).await;
        let chain = async |column| {
            database.bytes(&format!("SELECT {column} FROM book WHERE id = {id}")).await.concat()
        };
        let heads = [id, number("journal_head").await, number("event_head").await].map(i64::to_be_bytes);
        let (journal, events) = (chain("journal_chain").await, chain("event_chain").await);
        let seal = Chain::START.next(&key, &[b"heads", heads.as_flattened(), &journal, &events]);
        all.push(format!("UPDATE book SET seal = {} WHERE id = {id}", literal(&seal.0)));
    }
    all
}

/// Makes the data as a version before seals left them.
pub async fn make_old(app: &TestApp) {
    let mut all = old_books(app).await;
    all.push(old_check());
    for table in florin_api::sealed_tables() {
        all.push(format!("UPDATE {} SET seal = NULL", table.name));
    }
    all.push("UPDATE holder SET seal = NULL".to_owned());
    for (client, partner) in [app.a(), app.b()].iter().zip(app.partners) {
        let (hash, partner) =
            (plain_hash(client.key.as_deref().expect("a key")), literal(partner.as_bytes()));
        all.push(format!(
            "UPDATE api_key SET hash = {hash} WHERE partner = {partner} AND revoked_at IS NULL"
        ));
    }
    app.database().tamper(&all.join("; ")).await;
}

async fn verified(app: &TestApp) -> Report {
    app.app.store.verify().await.expect("everything can be read")
}

/// A verified user with an IBAN, another one with a proof of address, money, and an endpoint.
async fn stage() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let a = app.a();
    for user in ["anna", "ben", "carl"] {
        a.verified_user(user).await;
        a.fund(Some(user), "100", "eur").await;
    }
    a.post("/v1/sandbox/poa/carl", &json!({"decision": "REQUIRE"})).send().await.expect(200);
    register(&a, "http://127.0.0.1:9/").await;
    app.clock.advance(Duration::from_secs(1));
    (app, a)
}

/// Changes a column of one row, and later puts it back.
struct Change {
    table: &'static str,
    set: String,
    back: String,
}

impl Change {
    /// A column, its new value, and which row.
    async fn of(app: &TestApp, table: &'static str, (column, value): (&str, &str), row: &str) -> Self {
        let kept = format!("kept_{table}_{column}");
        let keep = format!("CREATE TABLE {kept} AS SELECT {column} AS value FROM {table} WHERE {row}");
        app.database().tamper(&keep).await;
        Self {
            table,
            set: format!("UPDATE {table} SET {column} = {value} WHERE {row}"),
            back: format!(
                "UPDATE {table} SET {column} = (SELECT value FROM {kept}) WHERE {row}; DROP TABLE {kept}"
            ),
        }
    }

    /// Each of these calls is refused while it is so, and `verify` names the table; then it is put back.
    async fn expect_refusal(self, app: &TestApp, calls: &[(Method, &str)]) {
        app.database().tamper(&self.set).await;
        app.clock.advance(Duration::from_secs(1));
        for (method, path) in calls {
            let answer = app.a().call(method.clone(), path).send().await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "P500"),
                "{}: {path}: {}",
                self.set,
                answer.text()
            );
            expect_errors(&[REFUSED]);
        }
        let report = verified(app).await;
        let named = report.findings.iter().any(|finding| finding.starts_with(self.table));
        assert!(named, "{}: {:?}", self.set, report.findings);
        app.database().tamper(&self.back).await;
        assert!(verified(app).await.is_clean(), "{}", self.back);
    }
}

#[tokio::test]
async fn an_inserted_key_is_no_key() {
    let (app, a) = stage().await;
    let forged = "florin_sandbox_forged";
    let insert = |id: &str, hash: &str| {
        format!(
            "INSERT INTO api_key (id, hash, partner, allowed, created_at, seal) \
             SELECT {id}, {hash}, partner, allowed, created_at, seal FROM api_key WHERE partner = {}",
            literal(app.partners[0].as_bytes())
        )
    };
    app.database().tamper(&insert(&literal(&[1; 16]), &plain_hash(forged))).await;
    let answer = a.with_key(Some(forged)).get("/v1/partner/balances").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "P401"));
    assert!(verified(&app).await.findings[0].starts_with("api_key: row 01010101-"));
    let remove = format!("DELETE FROM api_key WHERE id = {}", literal(&[1; 16]));
    app.database().tamper(&remove).await;
    app.finish().await;
}

#[tokio::test]
async fn changed_keys_and_partners_are_refused() {
    let (app, _) = stage().await;
    let [a, b] = app.partners.map(|partner| literal(partner.as_bytes()));
    let balances: &[_] = &[(Method::GET, "/v1/partner/balances")];
    // With the other partner's key gone, this one could be made to open its book.
    let of_a = format!("partner = {a}");
    for (column, value) in [("partner", b.as_str()), ("allowed", "'10.0.0.0/8'"), ("expires_at", "1")] {
        let row = if column == "partner" { first_key_of(&app, &a).await } else { of_a.clone() };
        Change::of(&app, "api_key", (column, value), &row).await.expect_refusal(&app, balances).await;
    }
    let partner = format!("id = {a}");
    Change::of(&app, "partner", ("book", "2"), &partner).await.expect_refusal(&app, balances).await;
    app.finish().await;
}

/// A partner's row that cannot be believed stands in nobody else's way, and is named.
#[tokio::test]
async fn operators_go_on_beside_a_forged_partner() {
    let (app, _) = stage().await;
    let [a, b] = app.partners.map(|partner| literal(partner.as_bytes()));
    let iban = app.b().get("/v1/partner/sepa-deposit/info").await.expect(200)["iban"].clone();
    let title = "FL7K2M9QX3V0TBAW";
    let body = json!({
        "iban": iban, "amount": "3", "senderName": "Ada", "senderIban": "DE89370400440532013000", "title": title,
    });
    app.b().post("/v1/sandbox/sepa/incoming", &body).send().await.expect(201);
    let name = Change::of(&app, "partner", ("name", "'Mallory'"), &format!("id = {a}")).await;
    app.database().tamper(&name.set).await;
    let olga = florin_types::Text::parse("olga").expect("a name");
    let operator = florin_api::sepa::SepaOperator { app: &app.app, name: olga.clone() };
    let waiting = operator.suspense().await.expect("a list");
    assert_eq!(waiting.iter().map(|one| one.amount).collect::<Vec<_>>(), [300]);
    operator.assign_to_partner(waiting[0].id).await.expect("a command").expect("a deposit");
    let audit = florin_api::kyc::Operator { app: &app.app, name: olga }.audit().await.expect("a list");
    assert!(audit.iter().any(|(_, entry)| entry.action == "sepa.assign"));
    allow_errors(&["a partner's row cannot be believed"]);
    let named = unbelieved(&app.app.store).await.expect("a read");
    assert!(named.len() == 1 && named[0].to_string().starts_with("partner: row "), "{named:?}");
    let partners = app.administer(async |registry| registry.partners().await).await;
    assert_eq!(partners.iter().map(Result::is_ok).filter(|is_good| *is_good).count(), 1);
    let keys = app.administer(async |registry| registry.keys(None).await).await;
    assert_eq!(keys.len(), 1, "of {b} alone");
    app.database().tamper(&name.back).await;
    app.finish().await;
}

/// The condition that finds the one key of a partner by its id.
async fn first_key_of(app: &TestApp, partner: &str) -> String {
    let ids = app.database().bytes(&format!("SELECT id FROM api_key WHERE partner = {partner}")).await;
    format!("id = {}", literal(&ids[0]))
}

#[tokio::test]
async fn a_changed_holder_is_refused_and_no_other() {
    let (app, a) = stage().await;
    let anna = "/v1/user/balances/anna";
    let anna_row = "handle = 'anna'";
    for (column, value) in [("gate", "1023"), ("secret", "NULL"), ("uuid", "secret"), ("book", "2")] {
        let ids = app.database().count("SELECT id FROM holder WHERE handle = 'anna'").await;
        let row = format!("id = {ids}");
        let change = Change::of(&app, "holder", (column, value), &row).await;
        if column == "book" {
            // In another book nobody finds it; there it is refused.
            app.database().tamper(&change.set).await;
            assert_eq!(a.get(anna).await.code(), "P412");
            app.clock.advance(Duration::from_secs(1));
            let elsewhere = app.b().get(anna).await;
            assert_eq!(elsewhere.code(), "P500");
            expect_errors(&[REFUSED]);
            app.database().tamper(&change.back).await;
        } else {
            change.expect_refusal(&app, &[(Method::GET, anna)]).await;
        }
    }
    // In a batch with others, only who touches the row is refused.
    let gate = Change::of(&app, "holder", ("gate", "1023"), anna_row).await;
    app.database().tamper(&gate.set).await;
    let (bad, good) = tokio::join!(
        a.transfer(Some("anna"), None, "1").keyed("bad").send(),
        a.transfer(Some("ben"), Some("carl"), "1").keyed("good").send()
    );
    assert_eq!((bad.code().as_str(), good.status), ("P500", 201));
    expect_errors(&[REFUSED]);
    app.database().tamper(&gate.back).await;
    app.finish().await;
}

#[tokio::test]
async fn exchanged_handles_pay_out_nobodys_money() {
    let (app, a) = stage().await;
    let exchange = "UPDATE holder SET handle = 'nobody' WHERE handle = 'anna'; \
        UPDATE holder SET handle = 'anna' WHERE handle = 'ben'; \
        UPDATE holder SET handle = 'ben' WHERE handle = 'nobody'";
    app.database().tamper(exchange).await;
    for user in ["anna", "ben"] {
        let paid = a.transfer(Some(user), None, "1").keyed(user).send().await;
        assert_eq!((paid.status, paid.code().as_str()), (400, "P500"), "{user}");
        expect_errors(&[REFUSED]);
    }
    let named = verified(&app).await.findings;
    assert!(named.len() == 2 && named.iter().all(|finding| finding.starts_with("holder: row ")), "{named:?}");
    app.database().tamper(exchange).await;
    app.finish().await;
}

#[tokio::test]
async fn a_changed_iban_status_or_endpoint_is_refused() {
    let (app, a) = stage().await;
    let holder = |user: &str| format!("holder = (SELECT id FROM holder WHERE handle = '{user}')");
    let (anna, carl) = (holder("anna"), holder("carl"));
    let iban = Change::of(&app, "bank_account", ("iban", "'LT123'"), &anna).await;
    iban.expect_refusal(&app, &[(Method::GET, "/v1/user/balances/anna")]).await;
    let status = Change::of(&app, "verification", ("status", "'NOT_VERIFIED'"), &anna).await;
    status.expect_refusal(&app, &[(Method::GET, "/v1/kyc/status/anna")]).await;
    let proof = Change::of(&app, "poa", ("status", "'APPROVED'"), &carl).await;
    app.database().tamper(&proof.set).await;
    let decided = a.post("/v1/sandbox/poa/carl", &json!({"decision": "REQUIRE"})).send().await;
    assert_eq!((decided.status, decided.code().as_str()), (400, "P500"));
    expect_errors(&[REFUSED]);
    proof.expect_refusal(&app, &[]).await;
    let url = Change::of(&app, "webhook_endpoint", ("url", "'http://127.0.0.1:10/'"), "book = 1").await;
    // A reset would seal it anew.
    let calls = [(Method::GET, "/v1/webhooks/endpoint"), (Method::POST, "/v1/sandbox/reset")];
    url.expect_refusal(&app, &calls).await;
    a.call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(a.get("/v1/webhooks/endpoint").await.expect(200)["url"], "http://127.0.0.1:9");
    deliver(&app).await;
    app.finish().await;
}

/// What is agreed with a partner and whose account is known decide who may be paid; payments are what is paid.
#[tokio::test]
async fn changed_terms_contacts_and_payments_are_refused() {
    let (app, a) = stage().await;
    agree(&app, TermName::SepaLoop, "CLOSED", app.app.wall()).await;
    let terms = Change::of(&app, "partner_terms", ("value", "'OPEN'"), "name = 'sepa_loop'").await;
    terms.expect_refusal(&app, &[(Method::GET, "/v1/partner/balances")]).await;
    app.clock.advance(Duration::from_secs(1));
    let iban = a.get("/v1/sepa-deposit/info/anna").await.expect(200)["iban"].clone();
    let outside = "DE89370400440532013000";
    let body = json!({"iban": iban, "amount": "1", "senderName": "Ada Lovelace", "senderIban": outside});
    a.post("/v1/sandbox/sepa/incoming", &body).send().await.expect(201);
    let ben = app.database().count("SELECT id FROM holder WHERE handle = 'ben'").await.to_string();
    let contact = Change::of(&app, "sepa_contact", ("holder", &ben), "book = 1").await;
    app.database().tamper(&contact.set).await;
    let pay = json!({
        "sourceExternalUserId": "anna", "amount": "1", "currency": "eur", "destinationIban": outside,
        "transferTitle": "Rent",
    });
    assert_eq!(a.post("/v1/sepa-transfer", &pay).send().await.code(), "P500");
    expect_errors(&[REFUSED]);
    contact.expect_refusal(&app, &[(Method::GET, "/v1/sepa-deposit/contacts/ben")]).await;
    let id = a.post("/v1/sepa-transfer", &pay).send().await.expect(200)["transferId"].clone();
    // A payment that waits is not made a greater one, or another's.
    let details = format!("/v1/sepa-transfer/details/{}", id.as_str().expect("an id"));
    for (column, value) in
        [("amount", "1000000"), ("holder", &ben), ("sealed", "NULL"), ("state", "'SETTLED'")]
    {
        let payment = Change::of(&app, "sepa_transfer", (column, value), "book = 1").await;
        payment.expect_refusal(&app, &[(Method::GET, &details)]).await;
    }
    let deposit = Change::of(&app, "sepa_deposit", ("state", "'PENDING'"), "book = 1").await;
    deposit.expect_refusal(&app, &[]).await;
    let message = Change::of(&app, "inbox", ("external_id", "'another'"), "book = 1").await;
    message.expect_refusal(&app, &[]).await;
    a.settle().await;
    app.finish().await;
}

/// Who could exchange an address would be paid in a user's place.
#[tokio::test]
async fn a_changed_wallet_is_refused() {
    let (app, a) = stage().await;
    let anna = app.database().count("SELECT id FROM holder WHERE handle = 'anna'").await;
    let row = format!("holder = {anna} AND currency = 'usdc' AND network = 'polygon'");
    let asked = json!({"currency": "usdc", "network": "polygon"});
    let calls = [(Method::GET, "/v1/user/balances/anna"), (Method::GET, "/v1/events?type=wallet.created")];
    let kept = a.post("/v1/user/wallet/anna", &asked).send().await.expect(200);
    for (column, value) in
        [("address", "'0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17'"), ("created_at", "1"), ("seal", "NULL")]
    {
        let wallet = Change::of(&app, "wallet", (column, value), &row).await;
        app.database().tamper(&wallet.set).await;
        a.post("/v1/user/wallet/anna", &asked).send().await.is_refused("P500");
        expect_errors(&[REFUSED]);
        wallet.expect_refusal(&app, &calls).await;
    }
    // Another holder's, and another currency's.
    let network = Change::of(&app, "wallet", ("network", "'ltc'"), &row).await;
    app.database().tamper(&network.set).await;
    assert!(!verified(&app).await.is_clean());
    let back = network.back.replace("network = 'polygon'", "network = 'ltc'");
    app.database().tamper(&back).await;
    assert_eq!(a.post("/v1/user/wallet/anna", &asked).send().await.expect(200), kept);
    app.finish().await;
}

#[tokio::test]
async fn holders_that_were_removed_are_missed() {
    let (app, _) = stage().await;
    let gone = "CREATE TABLE gone AS SELECT * FROM holder WHERE handle = 'ben'; \
        DELETE FROM holder WHERE handle = 'ben'";
    app.database().tamper(gone).await;
    let findings = verified(&app).await.findings;
    assert!(
        findings.iter().any(|finding| finding == "holder: book 1 should have 4, but has 3"),
        "{findings:?}"
    );
    app.database().tamper("INSERT INTO holder SELECT * FROM gone; DROP TABLE gone").await;
    app.finish().await;
}

#[tokio::test]
async fn older_data_are_sealed_once() {
    let (mut app, _) = stage().await;
    make_old(&app).await;
    app.reopen(Setup::default()).await;
    let a = app.a();
    a.pay(Some("anna"), Some("ben"), "1").await;
    a.get("/v1/kyc/status/carl").await.expect(200);
    a.get("/v1/webhooks/endpoint").await.expect(200);
    let report = verified(&app).await;
    assert!(report.is_clean() && report.sealed > 10, "{report:?}");
    // A row without a seal is not from before any more.
    let ben = "/v1/user/balances/ben";
    let seal = Change::of(&app, "holder", ("seal", "NULL"), "handle = 'ben'").await;
    app.database().tamper(&seal.set).await;
    app.reopen(Setup::default()).await;
    assert_eq!(app.a().get(ben).await.code(), "P500");
    expect_errors(&[REFUSED]);
    app.database().tamper(&seal.back).await;
    app.a().get(ben).await.expect(200);
    app.finish().await;
}

/// Whether a server that starts now refuses the data.
async fn refusal(app: &TestApp, may_seal: bool) -> Option<OpenError> {
    let entropy = Arc::new(Counted::new(0x5ea1));
    let options = options(app.database().place(), Environment::Sandbox, entropy);
    let opened = Store::open(Options { may_seal, ..options }).await;
    opened.map(|store| store.close()).err()
}

/// Who has an old backup has the check from before seals. With it alone nothing is sealed again, whatever else is
/// changed in rows: the books say that rows are sealed.
#[tokio::test]
async fn an_old_check_of_the_master_key_seals_nothing_again() {
    let (app, _) = stage().await;
    let check = "SELECT value FROM installation WHERE name = 'master_key_check'";
    let set_check = |bytes: &[u8]| {
        format!("UPDATE installation SET value = {} WHERE name = 'master_key_check'", literal(bytes))
    };
    let kept = app.database().bytes(check).await.concat();
    let unsealed = "SELECT COUNT(*) FROM holder WHERE seal IS NULL";
    let gate = "CREATE TABLE kept AS SELECT gate AS g, seal AS s FROM holder WHERE handle = 'ben'; \
        UPDATE holder SET gate = 1023, seal = NULL WHERE handle = 'ben'";
    app.database().tamper(&[gate, &old_check()].join("; ")).await;
    let refused = refusal(&app, true).await.expect("it does not open").to_string();
    assert!(refused.contains("somebody changed this database"), "{refused}");
    let removed = "DELETE FROM installation WHERE name = 'master_key_check'";
    app.database().tamper(removed).await;
    let refused = refusal(&app, true).await.expect("it does not open").to_string();
    assert!(refused.contains("the check of the master key is missing"), "{refused}");
    let insert =
        format!("INSERT INTO installation (name, value) VALUES ('master_key_check', {})", literal(&[1; 32]));
    app.database().tamper(&insert).await;
    assert!(matches!(refusal(&app, true).await, Some(OpenError::WrongMasterKey)));
    assert_eq!(app.database().count(unsealed).await, 1, "nothing was sealed");
    let back = "UPDATE holder SET gate = (SELECT g FROM kept), seal = (SELECT s FROM kept) WHERE handle = 'ben'; \
        DROP TABLE kept";
    app.database().tamper(&[back, &set_check(&kept)].join("; ")).await;
    assert!(refusal(&app, true).await.is_none());
    app.finish().await;
}

/// Who has an old backup whole has its books too, and can put all back until a server has started. What that start
/// seals does not fit the books of before.
#[tokio::test]
async fn what_another_sealing_sealed_is_refused() {
    let (mut app, _) = stage().await;
    let keep = "CREATE TABLE kept AS SELECT id AS k, seal AS s FROM book; CREATE TABLE kept_check AS \
        SELECT value AS v FROM installation WHERE name = 'master_key_check'; \
        CREATE TABLE kept_ben AS SELECT gate AS g, seal AS s FROM holder WHERE handle = 'ben'; \
        UPDATE holder SET gate = 1023, seal = NULL WHERE handle = 'ben'";
    app.database().tamper(&[keep, &old_check(), &old_books(&app).await.join("; ")].join("; ")).await;
    assert!(refusal(&app, true).await.is_none());
    let sealed = "SELECT COUNT(*) FROM holder WHERE handle = 'ben' AND seal IS NOT NULL";
    assert_eq!(app.database().count(sealed).await, 1);
    let back = "UPDATE book SET seal = (SELECT s FROM kept WHERE k = book.id); DROP TABLE kept; \
        UPDATE installation SET value = (SELECT v FROM kept_check) WHERE name = 'master_key_check'; \
        DROP TABLE kept_check";
    app.database().tamper(back).await;
    app.reopen(Setup::default()).await;
    assert_eq!(app.a().get("/v1/user/balances/ben").await.code(), "P500");
    expect_errors(&[REFUSED]);
    let named = verified(&app).await.findings;
    assert!(named.len() == 1 && named[0].starts_with("holder: row "), "{named:?}");
    let ben = "UPDATE holder SET gate = (SELECT g FROM kept_ben), seal = (SELECT s FROM kept_ben) \
        WHERE handle = 'ben'; DROP TABLE kept_ben";
    app.database().tamper(ben).await;
    app.finish().await;
}

#[tokio::test]
async fn only_a_server_seals_older_data() {
    let (mut app, _) = stage().await;
    make_old(&app).await;
    assert!(matches!(refusal(&app, false).await, Some(OpenError::NotSealed)));
    let sealed = "SELECT COUNT(*) FROM holder WHERE seal IS NOT NULL";
    assert_eq!(app.database().count(sealed).await, 0);
    app.reopen(Setup::default()).await;
    assert!(refusal(&app, false).await.is_none());
    assert!(verified(&app).await.is_clean());
    app.finish().await;
}

/// A version before may have written what is sealed in another spelling: what moves is sealed as it is written.
#[tokio::test]
async fn an_endpoint_with_paths_in_another_spelling_survives_a_reset() {
    let (mut app, a) = stage().await;
    let body = json!({"url": "http://127.0.0.1:9/", "paths": {"transfer": "/t", "exchange": "/e"}});
    a.call(Method::PUT, "/v1/webhooks/endpoint").json(&body).send().await.expect(200);
    let spelt = "UPDATE webhook_endpoint SET paths = ' ' || paths";
    make_old(&app).await;
    app.database().tamper(spelt).await;
    app.reopen(Setup::default()).await;
    app.a().call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.a().get("/v1/webhooks/endpoint").await.expect(200)["paths"]["transfer"], "/t");
    assert!(verified(&app).await.is_clean());
    app.finish().await;
}
