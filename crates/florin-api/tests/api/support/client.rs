//! A partner as a client of the platform.

use super::{Answer, Call};
use axum::Router;
use florin_api::kit::app::App;
use florin_api::kit::book::jobs::run_due;
use florin_store::Due;
use florin_types::ManualClock;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CREATE_USER: &str = "/v1/user/balances/crypto-and-fiat";

/// A partner with its key, or somebody without one. Remembers the users it made, whose books are checked at the end.
#[derive(Clone)]
pub struct Client {
    pub(super) router: Router,
    pub(super) app: App,
    pub(super) clock: Arc<ManualClock>,
    /// What it sends as `x-api-key`.
    pub key: Option<String>,
    pub(super) users: Arc<Mutex<BTreeSet<String>>>,
}

/// A person who can be created, with this id.
pub fn person(id: &str) -> Value {
    // An id may have characters that an address may not.
    let name: String = id.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let name = if name.is_empty() { "ada" } else { &name };
    json!({
        "externalUserId": id, "email": format!("{name}@example.com"), "phone": "+447700900123",
        "firstName": "Ada", "lastName": "Lovelace", "birthDate": "1990-12-10", "street": "St James's Square",
        "number": "12", "city": "London", "postCode": "SW1Y 4LE", "country": "GB", "citizenship": "GB",
        "hasAcceptedP100Tc": true,
    })
}

impl Client {
    /// The router, for answers that are read in pieces.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// The same platform with another key, or none.
    pub fn with_key(&self, key: Option<&str>) -> Self {
        Self { key: key.map(str::to_owned), users: Arc::default(), ..self.clone() }
    }

    /// Any call.
    pub fn call(&self, method: Method, path: &str) -> Call {
        Call::new(self.clone(), method, path)
    }

    /// A GET, sent.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    /// A POST with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call(Method::POST, path).json(body)
    }

    /// A PATCH with a JSON body.
    pub fn patch(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PATCH, path).json(body)
    }

    /// A DELETE, sent.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path).send().await
    }

    /// A user that has accepted the terms and is not verified.
    pub async fn create_user(&self, id: &str) -> Value {
        self.post(CREATE_USER, &person(id)).send().await.expect(201)
    }

    /// A verification's decision.
    pub async fn approve(&self, id: &str) {
        let body = json!({"decision": "APPROVE"});
        self.post(&format!("/v1/sandbox/kyc/{id}"), &body).send().await.expect(200);
    }

    /// A user that is verified, with balances that are active.
    pub async fn verified_user(&self, id: &str) {
        self.create_user(id).await;
        self.approve(id).await;
        self.settle().await;
    }

    /// A user moves to another country.
    pub async fn move_to(&self, user: &str, country: &str) {
        let moved = json!({"country": country});
        self.patch(&format!("/v1/user/{user}"), &moved).send().await.expect(200);
    }

    /// Lets the rails' own time pass, and runs what came due by it.
    pub async fn settle(&self) {
        self.clock.advance(self.app.settings.settle + Duration::from_millis(1));
        self.run_jobs().await;
    }

    /// Runs the jobs that are due.
    pub async fn run_jobs(&self) -> usize {
        run_due(&self.app, Due::Any).await.expect("jobs can be looked for")
    }

    /// Made-up money for a user, or for the partner.
    pub async fn fund(&self, user: Option<&str>, amount: &str, currency: &str) -> String {
        let body = json!({"amount": amount, "currency": currency, "externalUserId": user});
        let made = self.post("/v1/sandbox/fund", &body).send().await.expect(201);
        made["transferId"].as_str().expect("an id").to_owned()
    }

    /// A transfer in EUR, not sent yet; none is the partner.
    pub fn transfer(&self, source: Option<&str>, destination: Option<&str>, amount: &str) -> Call {
        let body = json!({
            "sourceExternalUserId": source, "destinationExternalUserId": destination,
            "amount": amount, "currency": "eur",
        });
        self.post("/v1/transfer", &body)
    }

    /// A transfer in EUR that works; its id.
    pub async fn pay(&self, source: Option<&str>, destination: Option<&str>, amount: &str) -> String {
        let made = self.transfer(source, destination, amount).send().await.expect(201);
        made["transferId"].as_str().expect("an id").to_owned()
    }

    /// Balances of a user, or of the partner.
    pub async fn balances(&self, user: Option<&str>) -> Value {
        let path = user.map_or("/v1/partner/balances".to_owned(), |id| format!("/v1/user/balances/{id}"));
        self.get(&path).await.expect(200)
    }

    /// What can be spent in a currency.
    pub async fn amount(&self, user: Option<&str>, currency: &str) -> String {
        let balances = self.balances(user).await;
        let lists =
            ["fiatBalances", "cryptoBalances"].map(|list| balances[list].as_array().expect("a list").clone());
        let found = lists.into_iter().flatten().find(|balance| balance["name"] == currency);
        found.expect("a balance in the currency")["amount"].as_str().expect("an amount").to_owned()
    }

    /// Path of the history of a user, or of the partner.
    pub fn history_path(user: Option<&str>) -> String {
        user.map_or("/v1/partner/transactions".to_owned(), |id| format!("/v1/user/transactions/{id}"))
    }

    /// The whole history with these filters (`limit=2&type=…`), page by page: the pages.
    pub async fn pages(&self, user: Option<&str>, query: &str) -> Vec<Vec<Value>> {
        let (mut pages, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("{}?{query}{cursor}", Self::history_path(user));
            let page = self.get(&path).await.expect(200);
            pages.push(page["data"].as_array().expect("a list").clone());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return pages,
            }
        }
    }

    /// The whole history, newest first.
    pub async fn history(&self, user: Option<&str>) -> Vec<Value> {
        self.pages(user, "limit=200").await.concat()
    }

    /// All events, oldest first.
    pub async fn events(&self) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), Value::from(0));
        loop {
            let page = self.get(&format!("/v1/events?limit=200&after={after}")).await.expect(200);
            let data = page["data"].as_array().expect("a list");
            if data.is_empty() {
                return all;
            }
            all.extend(data.iter().cloned());
            after = page["nextAfter"].clone();
        }
    }

    /// Remembers a user that was created, and forgets all at a reset.
    pub(super) fn note(&self, method: &Method, path: &str, body: Option<&[u8]>, answer: &Answer) {
        let mut users = self.users.lock().expect("no test thread has panicked with it");
        if *method == Method::POST && path == CREATE_USER && answer.status == 201 {
            let body: Value = serde_json::from_slice(body.unwrap_or_default()).expect("a JSON body");
            users.insert(body["externalUserId"].as_str().expect("an id").to_owned());
        }
        if path == "/v1/sandbox/reset" && answer.status == 200 && !answer.is_replayed() {
            users.clear();
        }
    }
}
