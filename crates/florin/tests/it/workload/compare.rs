//! What the server shows against what the model holds.

use crate::model::{Entry, Model, Transfer, User};
use crate::support::{Call, Client, Event, decimal_text, exact_fields, minor_units, scale_of};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many transfers' details are read at the end.
const DETAILS: usize = 200;

/// A user's balances, on a process of their own choice; a deleted user is an unknown one.
pub async fn balances(client: &Client, model: &Model, id: &str) {
    let call = Call::get(format!("/v1/user/balances/{id}"));
    let older = Call::get(format!("/v1/user/{id}/balances"));
    let answer = client.send(&call).await;
    let other = client.send(&older).await;
    let Some(user) = model.known(id) else {
        other.expect_refusal("P412");
        return answer.expect_refusal("P412");
    };
    let listed = listed_balances(&answer.expect(200));
    assert_eq!(listed, listed_balances(&other.expect(200)), "the two paths of {id}'s balances");
    if !user.verified {
        return assert!(listed.is_empty(), "{id} is not verified and has {listed:?}");
    }
    for currency in ["eur", "btc", "eth", "ltc", "doge", "pol", "usdc", "usdt"] {
        let wanted = decimal_text(user.money.balance(currency), scale_of(currency));
        assert_eq!(listed.get(currency), Some(&wanted), "{currency} of {id}");
    }
}

fn listed_balances(answer: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for list in ["fiatBalances", "cryptoBalances"] {
        for item in answer[list].as_array().unwrap_or_else(|| panic!("no {list} in {answer}")) {
            let text =
                |name: &str| item[name].as_str().unwrap_or_else(|| panic!("no {name} in {item}")).to_owned();
            assert_eq!(minor_of(&text("onHold"), &text("name")), 0, "nothing holds here: {item}");
            assert_eq!(text("total"), text("amount"), "{item}");
            let twice = found.insert(text("name"), text("amount"));
            assert!(twice.is_none(), "{} is listed twice", text("name"));
        }
    }
    found
}

/// A user's whole history, read in pages of `limit`.
pub async fn history(client: &Client, model: &Model, id: &str, limit: u32) {
    let path = format!("/v1/user/transactions/{id}");
    let Some(user) = model.known(id) else {
        return client.send(&Call::get(path)).await.expect_refusal("P412");
    };
    let shown = client.pages(&path, limit).await;
    let ids = |rows: &[Value]| -> Vec<String> { rows.iter().map(|row| row["id"].to_string()).collect() };
    assert_eq!(shown.len(), user.money.history.len(), "{id}'s history: {:?}", ids(&shown));
    for (row, entry) in shown.iter().rev().zip(&user.money.history) {
        same_entry(model, row, entry, Some(entry.balance_after));
    }
}

/// The same entries that a filter by currency and type leaves.
async fn filtered_history(client: &Client, model: &Model, id: &str) {
    let Some(user) = model.known(id) else { return };
    let path = format!("/v1/user/transactions/{id}?currency=eur&type=INTERNAL_TRANSFER&status=SUCCESSFUL");
    let shown = client.pages(&path, 3).await;
    let kept = |entry: &&Entry| entry.currency == "eur" && entry.kind == "INTERNAL_TRANSFER";
    let wanted: Vec<&str> =
        user.money.history.iter().rev().filter(kept).map(|entry| entry.id.as_str()).collect();
    let given: Vec<&str> = shown.iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(given, wanted, "{id}'s filtered history");
}

fn same_entry(model: &Model, row: &Value, entry: &Entry, balance_after: Option<i128>) {
    let scale = scale_of(&entry.currency);
    assert_eq!(row["id"], *entry.id, "{row} is not {entry:?}");
    assert_eq!(row["type"], entry.kind, "{row}");
    assert_eq!(row["status"], "SUCCESSFUL", "{row}");
    assert_eq!(row["currency"], *entry.currency, "{row}");
    assert_eq!(row["amount"], decimal_text(entry.amount, scale), "{row}");
    assert_eq!(row["fee"], decimal_text(entry.fee, scale), "{row}");
    if let Some(balance) = balance_after {
        assert_eq!(row["balanceAfter"], decimal_text(balance, scale), "{row}");
    }
    let sides = [entry.counterparty.clone().flatten()];
    assert!(same_reference(model, &row["reference"], entry.reference.as_deref(), &sides), "{row}: {entry:?}");
    assert!(is_time(&row["createdAt"]), "{row}");
    match &entry.counterparty {
        None => {}
        Some(None) => assert_eq!(row["counterparty"]["type"], "PARTNER", "{row}"),
        Some(Some(id)) => {
            assert_eq!(row["counterparty"]["type"], "USER", "{row}");
            assert!(same_user(model, &row["counterparty"]["externalUserId"], id), "{row}");
        }
    }
}

/// A deleted user's handle may still be shown or not.
fn same_user(model: &Model, given: &Value, id: &str) -> bool {
    given.as_str() == Some(id) || model.users.get(id).is_none_or(|user| user.deleted)
}

/// The text of a transfer may be erased together with a user on one of its sides.
fn same_reference(model: &Model, given: &Value, wanted: Option<&str>, sides: &[Option<String>]) -> bool {
    let deleted = |id: &String| model.users.get(id).is_some_and(|user| user.deleted);
    given.as_str() == wanted || (given.is_null() && sides.iter().flatten().any(deleted))
}

fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T' && text.as_bytes()[19] == b'.'
}

/// `GET /v1/transfer/details/{id}`.
pub async fn details(client: &Client, model: &Model, transfer: &Transfer) {
    let answer = client.send(&Call::get(format!("/v1/transfer/details/{}", transfer.id))).await;
    let row = answer.expect(200);
    let amount = &exact_fields(&answer.text())["amount"];
    assert_eq!(minor_units(amount, scale_of(&transfer.currency)), transfer.minor, "{row}");
    assert_eq!(row["id"], *transfer.id, "{row}");
    assert_eq!(row["status"], "SUCCESSFUL", "{row}");
    assert_eq!(row["currency"], transfer.currency.to_uppercase(), "{row}");
    let sides = [transfer.source.clone(), transfer.destination.clone()];
    assert!(
        same_reference(model, &row["reference"], transfer.reference.as_deref(), &sides),
        "{row}: {transfer:?}"
    );
    assert!(is_time(&row["createdAt"]), "{row}");
    for (side, email, id) in [
        ("sourceExternalUserId", "sourceEmail", &transfer.source),
        ("destinationExternalUserId", "destinationEmail", &transfer.destination),
    ] {
        let Some(id) = id else {
            assert!(row[side].is_null(), "{row}");
            continue;
        };
        assert!(same_user(model, &row[side], id), "{row}");
        let user = &model.users[id];
        let known = user.emails.iter().any(|known| row[email] == **known);
        assert!(known || user.deleted, "{row} has none of {:?}", user.emails);
    }
}

/// Everything: balances, histories and details of all users, the partner's, and the events.
///
/// `beginning` is what was in the book before the clients' models took over.
pub async fn everything(clients: &[Client], beginning: &Model, models: &[Model]) {
    let events = all_events(&clients[0], models).await;
    for (number, model) in models.iter().enumerate() {
        let client = &clients[number % clients.len()];
        for id in model.users.keys() {
            balances(client, model, id).await;
            history(client, model, id, 50).await;
            filtered_history(client, model, id).await;
        }
        for transfer in model.transfers.iter().rev().take(DETAILS / models.len()) {
            details(client, model, transfer).await;
        }
        transfer_events(&events, model);
        user_events(&events, model);
    }
    let transfers: usize = models.iter().map(|model| model.transfers.len()).sum();
    let fundings = models.iter().flat_map(|model| &model.fundings).chain(&beginning.fundings);
    let fundings: BTreeSet<&str> = fundings.map(String::as_str).collect();
    let told =
        events.iter().filter(|event| event.kind == "transfer" && !fundings.contains(text(event, "id")));
    assert_eq!(told.count(), transfers, "one transfer event for each transfer");
    let exchanges: usize = models.iter().map(|model| model.exchanges).sum();
    assert_eq!(events.iter().filter(|event| event.kind == "exchange").count(), exchanges);
    assert!(exchanges > 0, "no exchange was accepted");
    partner(clients, beginning, models).await;
}

/// The partner's balances and history: every model's part of it, in an order that keeps each client's own.
async fn partner(clients: &[Client], beginning: &Model, models: &[Model]) {
    // An exchange has two entries of one id.
    let mut expected: HashMap<(&str, &str), (&Model, &Entry)> = HashMap::new();
    for model in models.iter().chain([beginning]) {
        expected.extend(model.partner.history.iter().map(|entry| (key_of(entry), (model, entry))));
    }
    let mut shown = clients[0].history(None).await;
    shown.reverse();
    assert_eq!(shown.len(), expected.len(), "entries of the partner");
    let mut running: BTreeMap<&str, i128> = BTreeMap::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for (place, row) in shown.iter().enumerate() {
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let key = (text("id"), text("currency"));
        let (model, entry) = expected.get(&key).unwrap_or_else(|| panic!("nobody asked for {row}"));
        let balance = running.entry(&entry.currency).or_default();
        *balance += entry.amount;
        same_entry(model, row, entry, Some(*balance));
        assert!(places.insert(key, place).is_none(), "{key:?} is there twice");
    }
    for model in models {
        let order: Vec<usize> = model.partner.history.iter().map(|entry| places[&key_of(entry)]).collect();
        assert!(order.is_sorted(), "a client's entries changed their order");
    }
    for client in clients {
        for (currency, balance) in &running {
            assert_eq!(client.balance(None, currency).await, *balance, "{currency} of the partner");
        }
    }
}

fn key_of(entry: &Entry) -> (&str, &str) {
    (&entry.id, &entry.currency)
}

/// The events, once those of every approval are there.
async fn all_events(client: &Client, models: &[Model]) -> Vec<Event> {
    let users = models.iter().flat_map(|model| &model.users);
    let living = users.filter(|(_, user)| user.verified && !user.deleted);
    let verified: Vec<&str> = living.map(|(id, _)| id.as_str()).collect();
    client.settled(&verified).await;
    client.events().await
}

fn text<'event>(event: &'event Event, name: &str) -> &'event str {
    event.payload[name].as_str().unwrap_or_default()
}

/// Each transfer is told once, in the order they were made, with what they were.
fn transfer_events(events: &[Event], model: &Model) {
    let mut told: HashMap<&str, &Event> = HashMap::new();
    for event in events.iter().filter(|event| event.kind == "transfer") {
        assert!(told.insert(text(event, "id"), event).is_none(), "told twice: {event:?}");
    }
    let mut before = 0;
    for transfer in &model.transfers {
        let event = told.get(transfer.id.as_str()).unwrap_or_else(|| panic!("not told: {transfer:?}"));
        assert!(event.sequence > before, "out of order: {event:?}");
        before = event.sequence;
        assert_eq!(minor_of(&event.exact["amount"], &transfer.currency), transfer.minor, "{event:?}");
        assert_eq!(text(event, "currency").to_lowercase(), transfer.currency, "{event:?}");
        assert_eq!(text(event, "status"), "SUCCESSFUL", "{event:?}");
        assert!(is_time(&event.payload["createdAt"]), "{event:?}");
        let sides = [
            (&event.payload["sourceExternalUserId"], &transfer.source),
            (&event.payload["destinationExternalUserId"], &transfer.destination),
        ];
        for (given, wanted) in sides {
            let same = wanted.as_ref().map_or(given.is_null(), |id| same_user(model, given, id));
            assert!(same, "{event:?} is not of {transfer:?}");
        }
    }
}

fn minor_of(amount: &str, currency: &str) -> i128 {
    minor_units(amount, scale_of(currency))
}

/// Every decision is told, in order; `ACTIVE` to those who were approved and to nobody else.
fn user_events(events: &[Event], model: &Model) {
    let living = model.users.iter().filter(|(_, user)| !user.deleted);
    for (id, user) in living {
        let own: Vec<&Event> = events.iter().filter(|event| text(event, "externalUserId") == id).collect();
        let decided = |event: &&&Event| {
            let ends = ["SUCCESSFUL", "REJECTED_BY_PROVIDER"];
            event.kind == "kyc_verification.status" && ends.contains(&text(event, "attemptStatus"))
        };
        let told: Vec<bool> =
            own.iter().filter(decided).map(|event| text(event, "attemptStatus") == "SUCCESSFUL").collect();
        assert_eq!(told, user.decisions, "decisions on {id}: {own:?}");
        own.iter().filter(decided).for_each(|event| decision_event(event, user));
        let active = own.iter().any(|event| event.kind == "user.status" && text(event, "status") == "ACTIVE");
        assert_eq!(active, user.verified, "user.status of {id}: {own:?}");
    }
}

fn decision_event(event: &Event, user: &User) {
    let approved = text(event, "attemptStatus") == "SUCCESSFUL";
    let status = if approved { "VERIFIED" } else { "NOT_VERIFIED" };
    assert_eq!(text(event, "verificationStatus"), status, "{event:?} of {user:?}");
    assert_eq!(event.payload["rejectionReason"].is_null(), approved, "{event:?}");
}
