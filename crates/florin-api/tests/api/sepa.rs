//! SEPA, section 2.6.

mod deposits;
pub mod files;
mod hand_over;
mod ibans;
mod instant;
mod messages;
mod recalls;
mod transfers;
pub mod vop;
mod way_back;
mod workload;

use crate::reference::agree;
use crate::support::{Answer, Call, Client, TestApp};
use florin_api::kit::app::App;
use florin_api::kit::book::jobs::run_inside;
use florin_api::kit::book::terms::TermName;
use florin_api::kit::book::work::Work;
use florin_api::sepa::{Ready, hear};
use florin_rails::sepa::{Message, Said, Status};
use florin_store::BookId;
use serde_json::{Value, json};
use uuid::Uuid;

/// An account outside, which is nobody's yet.
const OUTSIDE: &str = "DE89370400440532013000";

/// Accounts of the made-up bank: what happens to a payment to them.
const SETTLES: &str = "LT139999800000000099";

/// The account of a holder.
async fn iban_of(client: &Client, user: Option<&str>) -> String {
    let path = match user {
        Some(user) => format!("/v1/sepa-deposit/info/{user}"),
        None => "/v1/partner/sepa-deposit/info".to_owned(),
    };
    client.get(&path).await.expect(200)["iban"].as_str().expect("an IBAN").to_owned()
}

/// Money that comes in from an account outside.
fn incoming(client: &Client, iban: &str, amount: &str, sender: &str) -> Call {
    let body = json!({
        "iban": iban, "amount": amount, "senderName": sender, "senderIban": OUTSIDE, "title": "Savings",
    });
    client.post("/v1/sandbox/sepa/incoming", &body)
}

/// A payment out.
fn outgoing(client: &Client, user: Option<&str>, amount: &str, iban: &str) -> Call {
    outgoing_at(client, user, amount, (iban, None))
}

/// A payment out, to an account, at a speed.
fn outgoing_at(
    client: &Client,
    user: Option<&str>,
    amount: &str,
    (iban, speed): (&str, Option<&str>),
) -> Call {
    let mut body =
        json!({"amount": amount, "currency": "eur", "destinationIban": iban, "transferTitle": "Rent"});
    if let Some(speed) = speed {
        body["speed"] = json!(speed);
    }
    let path = match user {
        Some(user) => {
            body["sourceExternalUserId"] = json!(user);
            "/v1/sepa-transfer"
        }
        None => "/v1/partner/sepa-transfer",
    };
    client.post(path, &body)
}

fn id_of(made: &Answer) -> String {
    made.expect(200)["transferId"].as_str().expect("an id").to_owned()
}

async fn details(client: &Client, id: &str) -> Value {
    client.get(&format!("/v1/sepa-transfer/details/{id}")).await.expect(200)
}

/// Types and payloads of the events of this family.
async fn told(client: &Client) -> Vec<(String, Value)> {
    let events = client.events().await;
    let of_family = |event: &Value| {
        let kind = event["type"].as_str().expect("a type").to_owned();
        let is_ours = kind.starts_with("sepa_") || kind == "iban.status";
        is_ours.then(|| (kind, event["payload"].clone()))
    };
    events.iter().filter_map(of_family).collect()
}

/// Anna with 100 EUR, and the partner with as much.
async fn with_anna(app: &TestApp) -> Client {
    let a = app.a();
    a.verified_user("anna").await;
    a.fund(Some("anna"), "100", "eur").await;
    a.fund(None, "100", "eur").await;
    a
}

/// Lets the bank say something about a payment, under an id of its own.
pub async fn say(app: &App, book: BookId, id: &str, (payment, status): (Uuid, Status)) {
    bring(app, book, Said { id: id.to_owned(), message: Message::Payment(payment, status) }).await;
}

/// Brings a message of the bank.
pub async fn bring(app: &App, book: BookId, said: Said) {
    let mut snapshot = app.store.snapshot(book).await.expect("a snapshot");
    let (ready, touches) = Ready::of(app, &mut snapshot, said).await.expect("a read");
    drop(snapshot);
    let log = ready.log();
    let hear = async move |work: &mut Work<'_>| hear(work, &ready).await.map(drop);
    run_inside(app, book, touches, hear).await.expect("a command");
    log();
}

/// Lets transfers of a partner go to everybody.
async fn open_the_loop(app: &TestApp) {
    agree(app, TermName::SepaLoop, "OPEN", app.app.wall()).await;
}
