//! Webhooks while the server is killed: every event arrives, in order per object, and nothing that did not happen.

mod command;
pub mod receiver;

use crate::support::{Call, Client, Deadline, Event, Server, ambient_seed, transfer_body};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use receiver::{Got, Receiver};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::task::JoinSet;

/// Events that are delivered while the server is killed.
const EVENTS: usize = 10_000;

/// Of those, so many are about few objects, one after another.
const OF_USERS: usize = 1_500;

const USERS: usize = 40;

pub const TOKEN: &str = "the-token";

const CLIENTS: usize = 16;

/// How often the server is killed, or stopped, while it delivers.
const CRASHES: usize = 9;

/// Until everything has arrived, however slow the machine.
const ARRIVING: Duration = Duration::from_secs(240);

pub async fn put_endpoint(client: &Client, url: &str, enabled: bool) {
    let body = json!({"url": url, "token": TOKEN, "enabled": enabled}).to_string();
    client.send(&Call::bare("PUT", "/v1/webhooks/endpoint", Some(body))).await.expect(200);
}

/// Makes events while the endpoint is disabled; how many there were before, which do not go out.
async fn make_events(client: &Client, receiver: &Receiver) -> usize {
    client.fund(None, "100000", "eur").await;
    client.verified_user("anna").await;
    for number in 0..USERS {
        client.create_user(&format!("user-{number}")).await;
    }
    let before = client.events().await.len();
    put_endpoint(client, &receiver.url, false).await;
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let client = client.clone();
        clients.spawn(async move {
            for _ in 0..(EVENTS - OF_USERS) / CLIENTS {
                let body = transfer_body(None, Some("anna"), "0.01", "eur");
                client.send(&Call::post("/v1/transfer", &body)).await.expect(201);
            }
            for user in (number..USERS).step_by(CLIENTS) {
                for decision in ["REQUIRE", "QUESTION", "REJECT"].iter().cycle().take(OF_USERS / USERS) {
                    let body = json!({"decision": decision});
                    let path = format!("/v1/sandbox/poa/user-{user}");
                    client.send(&Call::post(path, &body)).await.expect(200);
                }
            }
        });
    }
    clients.join_all().await;
    before
}

async fn advance(client: &Client, seconds: u64) {
    let body = json!({"seconds": seconds});
    client.send(&Call::post("/v1/sandbox/clock/advance", &body)).await.expect(200);
}

async fn pending(client: &Client) -> usize {
    let list = client.get("/v1/webhooks/deliveries?status=PENDING&limit=1").await;
    list["data"].as_array().expect("a list").len()
}

/// Moves the clock on until nothing is pending.
pub async fn until_delivered(client: &Client, receiver: &Receiver) {
    let deadline = Deadline::after(ARRIVING);
    while pending(client).await > 0 {
        advance(client, 60).await;
        deadline.pause(&format!("deliveries; {} arrived", receiver.taken()));
    }
}

/// Ends the server at random moments while it delivers; `end` says how.
async fn deliver_through_crashes(
    server: &mut Server,
    receiver: &Receiver,
    mut end: impl AsyncFnMut(&mut Server, usize),
) {
    let seed = ambient_seed();
    eprintln!("webhooks: FLORIN_TEST_SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    put_endpoint(&server.client(), &receiver.url, true).await;
    let mut moments: Vec<usize> = (0..CRASHES).map(|_| rng.random_range(1..EVENTS * 6 / 10)).collect();
    moments.sort_unstable();
    for (crash, moment) in moments.into_iter().enumerate() {
        let deadline = Deadline::after(ARRIVING);
        while receiver.taken() < moment {
            deadline.pause(&format!("{moment} deliveries; {} arrived", receiver.taken()));
        }
        end(server, crash).await;
        server.start_again().await;
        // Retries come due among the first attempts of others.
        advance(&server.client(), 10).await;
    }
    until_delivered(&server.client(), receiver).await;
}

/// What the event is about.
pub fn object(event: &Event) -> String {
    let payload = &event.payload;
    let of = match &*event.kind {
        "transfer" => &payload["id"],
        "wallet.created" => &payload["walletId"],
        _ => &payload["externalUserId"],
    };
    of.as_str().expect("an object").to_owned()
}

/// The receiver's log against `/v1/events`.
async fn check(client: &Client, receiver: &Receiver, before: usize) {
    let events = client.events().await;
    let told: HashMap<String, &Event> =
        events.iter().skip(before).map(|event| (event.id.clone(), event)).collect();
    assert!(told.len() >= EVENTS * 9 / 10, "{} events", told.len());
    let log = receiver.log();
    let mut delivered: HashMap<&str, &Got> = HashMap::new();
    let mut order: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
    for event in events.iter().skip(before) {
        order.entry(object(event)).or_default().push(event);
    }
    for got in &log {
        let event = told.get(&got.id).unwrap_or_else(|| panic!("{} never happened", got.id));
        let body: Value = serde_json::from_str(&got.body).expect("JSON");
        assert_eq!(body, event.payload, "{}", got.id);
        assert_eq!(got.token, TOKEN);
        let of_object = &order[&object(event)];
        let index = of_object.iter().position(|other| other.id == got.id).expect("it is among them");
        if index > 0 {
            let earlier = &of_object[index - 1];
            assert!(
                delivered.contains_key(&*earlier.id),
                "{} came before {}",
                event.sequence,
                earlier.sequence
            );
        }
        if got.is_taken {
            delivered.entry(&got.id).or_insert(got);
        }
    }
    assert_eq!(delivered.len(), told.len(), "some never arrived");
    let repeated = log.iter().filter(|got| got.is_taken).count() - delivered.len();
    eprintln!("webhooks: {} events, {} requests, {repeated} taken twice", told.len(), log.len());
    assert_eq!(client.get("/v1/webhooks/deliveries?status=FAILED").await["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_arrives_in_order_whenever_the_server_is_killed() {
    let mut server = Server::start().await;
    let receiver = Receiver::start().await;
    let before = make_events(&server.client(), &receiver).await;
    let end = async |server: &mut Server, crash: usize| {
        if crash % 3 == 2 { server.stop() } else { server.kill9() }
    };
    deliver_through_crashes(&mut server, &receiver, end).await;
    check(&server.client(), &receiver, before).await;
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_deliver_and_one_or_the_other_is_killed() {
    let Some((mut server, _)) = Server::start_two().await else { return };
    let receiver = Receiver::start().await;
    let before = make_events(&server.client(), &receiver).await;
    let end = async |server: &mut Server, crash: usize| {
        if crash % 2 == 1 {
            server.change_places();
        }
        server.kill9();
    };
    deliver_through_crashes(&mut server, &receiver, end).await;
    check(&server.client(), &receiver, before).await;
    server.finish().await;
}
