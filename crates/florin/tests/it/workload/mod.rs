//! A random workload against the model: every answer is predicted, and at the end all that can be read is
//! compared.
//!
//! One seed decides everything; a failure prints the command that replays it up to the step that failed.

mod compare;
mod draw;
mod render;

use crate::model::{Lock, Model, Money, Request, Verdict};
use crate::support::{
    Answer, Call, Client, Deadline, Engine, Options, Server, ambient_seed, decimal_text, engine, scale_of,
};
use draw::{Draw, MOVED};
use rand::RngExt;
use rand::seq::IndexedRandom;
use render::render;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long each workload runs.
const RUN: Duration = Duration::from_secs(10);
/// Clients of the concurrent run, each with users of its own.
const CLIENTS: u64 = 8;
/// What the partner owns of each currency where clients share it: more than they can spend.
const SHARED_FUNDS: i128 = 1_000_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sequential() {
    let mut server = moving_rates().await;
    let replay = Replay::new("sequential");
    let clients = server.everywhere().await;
    let walk =
        Walk::new(clients.clone(), Draw::new(replay.seed, 0, false), Model::default(), replay.steps.clone());
    let model = walk.run().await;
    compare::everything(&clients, &Model::default(), &[model]).await;
    replay.report();
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent() {
    let mut server = moving_rates().await;
    let replay = Replay::new("concurrent");
    let clients = server.everywhere().await;
    let beginning = shared_beginning(&clients[0]).await;
    let mut walks = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let mut model = Model::default();
        model.partner.balances = beginning.partner.balances.clone();
        let mut own = clients.clone();
        own.rotate_left(number as usize % clients.len());
        let draw = Draw::new(replay.seed, number + 1, true);
        walks.spawn(Walk::new(own, draw, model, replay.steps.clone()).run());
    }
    let models = walks.join_all().await;
    compare::everything(&clients, &beginning, &models).await;
    replay.report();
    server.finish().await;
}

/// A server whose rates move by themselves.
async fn moving_rates() -> Server {
    let more = vec![("FLORIN_RATE_SOURCE", "simulated".to_owned())];
    Server::start_with(Options { more, ..Options::default() }).await
}

/// The partner's funds, as one model that the clients' models add to.
async fn shared_beginning(client: &Client) -> Model {
    let mut model = Model::default();
    for currency in MOVED {
        let text = decimal_text(SHARED_FUNDS, scale_of(currency));
        let id = client.fund(None, &text, currency).await;
        let money = Money { text, currency: currency.to_owned(), minor: Some(SHARED_FUNDS) };
        model.apply(&Request::Fund { to: None, money }, &id);
    }
    model
}

/// Prints how to see a failure again.
struct Replay {
    test: &'static str,
    seed: u64,
    steps: Arc<AtomicU64>,
}

impl Replay {
    fn new(test: &'static str) -> Self {
        Self { test, seed: ambient_seed(), steps: Arc::default() }
    }

    fn report(&self) {
        let steps = self.steps.load(Ordering::Relaxed);
        eprintln!("workload::{}: {steps} steps on {:?}, seed {}", self.test, engine(), self.seed);
        assert!(steps > 0, "the workload did nothing");
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let engine = if engine() == Engine::Sqlite { "sqlite" } else { "postgres" };
        eprintln!(
            "failed after {} steps; again: FLORIN_TEST_ENGINE={engine} FLORIN_TEST_SEED={} \
             FLORIN_TEST_STEPS={} cargo test -p florin --test it -- --exact workload::{}",
            self.steps.load(Ordering::Relaxed),
            self.seed,
            self.steps.load(Ordering::Relaxed) + 1,
            self.test,
        );
    }
}

/// A keyed request whose answer is kept by the server.
struct Past {
    key: String,
    request: Request,
    answer: Answer,
}

/// One client's way through its part of the book.
struct Walk {
    /// Every process; the first gets the writes, any of them the reads.
    clients: Vec<Client>,
    draw: Draw,
    model: Model,
    pasts: Vec<Past>,
    /// Keys of requests that were P403: nothing is kept for them, so they can be used again.
    free_keys: Vec<String>,
    steps: Arc<AtomicU64>,
}

impl Walk {
    fn new(clients: Vec<Client>, draw: Draw, model: Model, steps: Arc<AtomicU64>) -> Self {
        Self { clients, draw, model, pasts: Vec::new(), free_keys: Vec::new(), steps }
    }

    /// Steps until the time is over, or `FLORIN_TEST_STEPS` (of all clients) are done.
    async fn run(mut self) -> Model {
        let limit: Option<u64> =
            std::env::var("FLORIN_TEST_STEPS").ok().map(|text| text.parse().expect("a number"));
        let deadline = Deadline::after(RUN);
        loop {
            let over =
                limit.map_or_else(|| deadline.passed(), |limit| self.steps.load(Ordering::Relaxed) >= limit);
            if over {
                return self.model;
            }
            match self.draw.rng.random_range(0..100) {
                0..62 => self.fresh().await,
                62..71 => self.lock().await,
                71..72 => self.move_market().await,
                72..80 => self.retry().await,
                80..86 => self.reuse_key().await,
                _ => self.read().await,
            }
            self.steps.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request whose answer the contract decides.
    fn judged(&mut self) -> (Request, Verdict) {
        loop {
            let request = self.draw.request(&self.model);
            if let Some(verdict) = self.model.judge(&request) {
                return (request, verdict);
            }
        }
    }

    async fn fresh(&mut self) {
        let (request, verdict) = self.judged();
        let mut call = render(&request, &mut self.draw);
        if self.draw.one_in(2) {
            let freed = if self.draw.one_in(3) { self.free_keys.pop() } else { None };
            call.idempotency_key = Some(freed.unwrap_or_else(|| self.draw.key()));
        }
        let answer = self.clients[0].send(&call).await;
        assert!(!answer.replayed(), "a first request is no replay: {call:?}");
        match verdict {
            Verdict::Refuse(code) => {
                assert_eq!(answer.code(), code, "{} to {call:?} ({request:?})", answer.summary());
            }
            Verdict::Accept => {
                let id = accepted(&request, &call, &answer);
                self.model.apply(&request, &id);
            }
        }
        let Some(key) = call.idempotency_key else { return };
        if answer.code() == "P403" {
            self.free_keys.push(key);
        } else {
            self.pasts.push(Past { key, request, answer });
        }
    }

    /// A rate lock, to be used by a later request.
    async fn lock(&mut self) {
        let owner = self.draw.owner(&self.model);
        let path = match &owner {
            Some(id) => format!("/v1/exchange/get-lock/{id}"),
            None => "/v1/partner/exchange/get-lock".to_owned(),
        };
        let answer = self.clients[0].send(&Call::get(path)).await;
        if owner.as_deref().is_some_and(|id| self.model.known(id).is_none()) {
            return answer.expect_refusal("P412");
        }
        let body = answer.expect(200);
        let exact: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&answer.text()).expect("an object");
        let rates: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(exact["rates"].get()).expect("an object");
        let rates = rates.into_iter().map(|(code, rate)| (code, rate.get().to_owned())).collect();
        let (id, fee) = (uuid_in(&body["id"]), exact["feePercentage"].get().to_owned());
        self.model.locks.push(Lock { id, owner, rates, fee, is_used: false });
    }

    /// Another price of a currency: locks that were given before keep theirs.
    async fn move_market(&mut self) {
        let (currency, rate) = self.draw.price();
        let body = json!({"currency": currency, "rate": rate});
        self.clients[0].send(&Call::post("/v1/sandbox/rates", &body)).await.expect(200);
    }

    /// An earlier request again: the same bytes come back, whatever has happened since.
    async fn retry(&mut self) {
        let Some(past) = self.pasts.choose(&mut self.draw.rng) else { return };
        let call = render(&past.request, &mut self.draw).keyed(&past.key);
        let answer = self.any_client(call.idempotency_key.as_deref()).send(&call).await;
        assert!(answer.replayed(), "no replay: {call:?} answered {}", answer.summary());
        assert_eq!(answer.status, past.answer.status, "{call:?}");
        assert_eq!(answer.text(), past.answer.text(), "{call:?}");
    }

    /// The key of an earlier request with another one.
    async fn reuse_key(&mut self) {
        let Some(past) = self.pasts.choose(&mut self.draw.rng) else { return };
        let (other, field) = match raised(&past.request) {
            Some(other) if self.draw.one_in(2) => (other, "amount"),
            _ => (self.draw.request(&self.model), ""),
        };
        if other == past.request {
            return;
        }
        let invalid = self.model.is_malformed(&other);
        let call = render(&other, &mut self.draw).keyed(&past.key);
        let answer = self.clients[0].send(&call).await;
        let code = if invalid { "P403" } else { "P470" };
        assert_eq!(answer.code(), code, "{} to {call:?} after {:?}", answer.summary(), past.request);
        if !invalid {
            assert!(answer.message().contains(field), "P470 does not name {field}: {}", answer.message());
        }
    }

    async fn read(&mut self) {
        let id = self.draw.user(&self.model);
        let limit = self.draw.rng.random_range(1..9);
        let client = self.clients.choose(&mut self.draw.rng).expect("a client");
        match self.draw.rng.random_range(0..3) {
            0 => compare::balances(client, &self.model, &id).await,
            1 => compare::history(client, &self.model, &id, limit).await,
            _ => {
                if let Some(transfer) = self.model.transfers.choose(&mut self.draw.rng) {
                    compare::details(client, &self.model, transfer).await;
                }
            }
        }
    }

    /// Retries go to any process, chosen by the key so that no chance is drawn for it.
    fn any_client(&self, key: Option<&str>) -> &Client {
        let sum: usize = key.unwrap_or_default().bytes().map(usize::from).sum();
        &self.clients[sum % self.clients.len()]
    }
}

/// The same money request with one unit more.
fn raised(request: &Request) -> Option<Request> {
    let mut other = request.clone();
    let (Request::Fund { money, .. } | Request::Transfer { money, .. } | Request::Exchange { money, .. }) =
        &mut other
    else {
        return None;
    };
    let minor = money.minor.filter(|minor| *minor < i128::from(i64::MAX))? + 1;
    let scale = if money.currency == "xyz" { 2 } else { scale_of(&money.currency) };
    *money = Money { text: decimal_text(minor, scale), currency: money.currency.clone(), minor: Some(minor) };
    Some(other)
}

/// Checks the answer of an accepted request; the id it gives, if any.
fn accepted(request: &Request, call: &Call, answer: &Answer) -> String {
    let status = match request {
        Request::Create { .. }
        | Request::Fund { .. }
        | Request::Transfer { .. }
        | Request::Exchange { .. } => 201,
        _ => 200,
    };
    assert_eq!(answer.status, status, "{} to {call:?}", answer.summary());
    let body = answer.json();
    let message = match request {
        Request::Create { .. } => {
            assert_eq!(body["poaRequiredForExtended"], false, "{body}");
            return uuid_in(&body["userId"]);
        }
        Request::Fund { .. } | Request::Transfer { .. } => return uuid_in(&body["transferId"]),
        Request::Exchange { .. } => return uuid_in(&body["exchangeId"]),
        Request::Decide { .. } => {
            assert!(body["message"].is_string(), "{body}");
            return String::new();
        }
        Request::Suspend { on: true, .. } => "User suspended successfully",
        Request::Suspend { on: false, .. } => "User unsuspended successfully",
        Request::Delete { .. } => "User deleted successfully",
        Request::Update { .. } => "User updated successfully",
    };
    assert_eq!(body["message"], message, "{call:?}");
    String::new()
}

/// Our ids: UUID version 7 in lower case.
fn uuid_in(value: &serde_json::Value) -> String {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no id"));
    let parsed: uuid::Uuid = text.parse().unwrap_or_else(|error| panic!("{text} is no UUID: {error}"));
    assert_eq!(parsed.get_version_num(), 7, "{text}");
    assert_eq!(parsed.hyphenated().to_string(), text, "lower case, hyphenated");
    text.to_owned()
}
