//! The contract's calls by name, for tests that only need their effect.

use super::answer::Answer;
use super::client::{Call, Client};
use super::decimal::{exact_fields, minor_units, scale_of};
use super::patience::Deadline;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long the sandbox may take to finish by itself what an approval started.
const SETTLING: Duration = Duration::from_secs(20);

/// One row of `GET /v1/events`; `exact` holds the payload's fields as they were written.
#[derive(Clone, Debug)]
pub struct Event {
    pub sequence: u64,
    pub id: String,
    pub kind: String,
    pub payload: Value,
    pub exact: BTreeMap<String, String>,
}

/// The full body of a new user.
pub fn person(external_user_id: &str) -> Value {
    json!({
        "externalUserId": external_user_id,
        "email": format!("{}@example.com", external_user_id.to_lowercase().replace([':', '@'], ".")),
        "phone": "+37060012345",
        "firstName": "Ona",
        "lastName": "Petraitienė",
        "birthDate": "1990-05-17",
        "street": "Gedimino pr.",
        "number": "9",
        "city": "Vilnius",
        "postCode": "01103",
        "country": "LT",
        "citizenship": "LT",
        "hasAcceptedP100Tc": true,
    })
}

/// The body of a transfer; a side that is `None` is the partner.
pub fn transfer_body(source: Option<&str>, destination: Option<&str>, amount: &str, currency: &str) -> Value {
    let mut body = json!({"amount": amount, "currency": currency});
    if let Some(id) = source {
        body["sourceExternalUserId"] = id.into();
    }
    if let Some(id) = destination {
        body["destinationExternalUserId"] = id.into();
    }
    body
}

impl Client {
    pub async fn create_user(&self, id: &str) {
        let answer = self.send(&Call::post("/v1/user/balances/crypto-and-fiat", &person(id))).await;
        assert!(answer.expect(201)["userId"].is_string(), "{}", answer.summary());
    }

    pub async fn approve(&self, id: &str) {
        let body = json!({"decision": "APPROVE"});
        self.send(&Call::post(format!("/v1/sandbox/kyc/{id}"), &body)).await.expect(200);
    }

    /// A user who can send and receive.
    pub async fn verified_user(&self, id: &str) {
        self.create_user(id).await;
        self.approve(id).await;
    }

    /// Money from nowhere, for a user or (without one) the partner. The id of the entry.
    pub async fn fund(&self, id: Option<&str>, amount: &str, currency: &str) -> String {
        let mut body = json!({"amount": amount, "currency": currency});
        if let Some(id) = id {
            body["externalUserId"] = id.into();
        }
        let made = self.send(&Call::post("/v1/sandbox/fund", &body)).await.expect(201);
        made["transferId"].as_str().expect("a transferId").to_owned()
    }

    /// `POST /v1/transfer`.
    pub async fn transfer(
        &self,
        source: Option<&str>,
        destination: Option<&str>,
        amount: &str,
        currency: &str,
    ) -> Answer {
        self.send(&Call::post("/v1/transfer", &transfer_body(source, destination, amount, currency))).await
    }

    /// The answer of the balances call of a user, or of the partner.
    pub async fn balances(&self, id: Option<&str>) -> Value {
        match id {
            Some(id) => self.get(&format!("/v1/user/balances/{id}")).await,
            None => self.get("/v1/partner/balances").await,
        }
    }

    /// What can be spent, in minor units; none when no such balance is listed.
    pub async fn listed_balance(&self, id: Option<&str>, currency: &str) -> Option<i128> {
        let answer = self.balances(id).await;
        let lists = ["fiatBalances", "cryptoBalances"]
            .map(|name| answer[name].as_array().cloned().unwrap_or_default());
        let found = lists.concat().into_iter().find(|item| item["name"] == currency)?;
        Some(minor_units(found["amount"].as_str().expect("an amount"), scale_of(currency)))
    }

    /// What can be spent, in minor units.
    pub async fn balance(&self, id: Option<&str>, currency: &str) -> i128 {
        self.listed_balance(id, currency).await.unwrap_or(0)
    }

    /// Everything a paged list holds, newest first. `path` may already have a query.
    pub async fn pages(&self, path: &str, limit: u32) -> Vec<Value> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{joint}limit={limit}");
        let (mut rows, mut next) = (Vec::new(), first.clone());
        for _ in 0..100_000 {
            let page = self.get(&next).await;
            let data = page["data"].as_array().unwrap_or_else(|| panic!("{next}: {page}"));
            assert!(data.len() <= limit as usize, "{next} answers more than its limit: {}", data.len());
            rows.extend(data.iter().cloned());
            match page["nextCursor"].as_str() {
                Some(cursor) => next = format!("{first}&cursor={cursor}"),
                None => return rows,
            }
        }
        panic!("{path} never ends");
    }

    /// The whole history of a user, or of the partner, newest first.
    pub async fn history(&self, id: Option<&str>) -> Vec<Value> {
        match id {
            Some(id) => self.pages(&format!("/v1/user/transactions/{id}"), 200).await,
            None => self.pages("/v1/partner/transactions", 200).await,
        }
    }

    /// Events after a number, of one page; waits up to `wait` seconds for the first.
    pub async fn events_after(&self, after: u64, wait: u32) -> Vec<Event> {
        let answer = self.send(&Call::get(format!("/v1/events?after={after}&limit=200&wait={wait}"))).await;
        answer.expect(200);
        let fields = exact_fields(&answer.text());
        let rows: Vec<Box<RawValue>> = serde_json::from_str(&fields["data"]).expect("data is a list");
        rows.iter().map(|row| event(row.get())).collect()
    }

    /// All events, which must be numbered 1, 2, 3 … without a gap.
    pub async fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        let mut ids = BTreeSet::new();
        loop {
            let page = self.events_after(events.len() as u64, 0).await;
            if page.is_empty() {
                return events;
            }
            for event in page {
                assert_eq!(event.sequence, events.len() as u64 + 1, "a gap in the events: {event:?}");
                assert!(ids.insert(event.id.clone()), "an event's id is there twice: {event:?}");
                events.push(event);
            }
        }
    }

    /// Waits until these approved users' `User Balance Generation` has been told, so that nothing moves by
    /// itself.
    pub async fn settled(&self, ids: &[&str]) {
        let deadline = Deadline::after(SETTLING);
        let mut missing: Vec<&str> = ids.to_vec();
        let mut after = 0;
        while !missing.is_empty() {
            assert!(!deadline.passed(), "no user.status ACTIVE for {missing:?}");
            for event in self.events_after(after, 5).await {
                after = event.sequence;
                if event.kind == "user.status" && event.payload["status"] == "ACTIVE" {
                    missing.retain(|id| event.payload["externalUserId"] != *id);
                }
            }
        }
    }
}

fn event(row: &str) -> Event {
    let fields = exact_fields(row);
    let text = |name: &str| -> String {
        serde_json::from_str(&fields[name]).unwrap_or_else(|error| panic!("{name}: {error} in {row}"))
    };
    let payload = serde_json::from_str(&fields["payload"]).expect("a payload");
    let sequence = fields["sequence"].parse().expect("a sequence");
    Event { sequence, id: text("id"), kind: text("type"), payload, exact: exact_fields(&fields["payload"]) }
}
