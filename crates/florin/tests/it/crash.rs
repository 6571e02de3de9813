//! SIGKILL in the middle of a load of transfers: what was acknowledged is there, what was not can be asked
//! again.

use crate::support::{Answer, Call, Client, Server, ambient_seed, transfer_body};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;
use tokio::task::JoinSet;

const ROUNDS: u64 = 4;
const CLIENTS: u64 = 16;
/// The crash comes after at most so many acknowledged transfers of a round.
const LATEST: u64 = 400;

/// Counts acknowledged transfers and calls for the crash at one of them.
struct Fuse {
    acknowledged: AtomicU64,
    at: u64,
    burnt: Notify,
}

/// What became of one client's requests in a round.
#[derive(Debug, Default)]
struct Sent {
    acknowledged: Vec<(Call, Answer)>,
    in_flight: Vec<Call>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_keeps_every_acknowledged_transfer() {
    let seed = ambient_seed();
    eprintln!("crash: FLORIN_TEST_SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut server = Server::start().await;
    let client = server.client();
    client.verified_user("anna").await;
    client.fund(None, "100000", "eur").await;
    let mut made: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..ROUNDS {
        let at = rng.random_range(1..LATEST);
        let sent = load_until_killed(&mut server, round, at).await;
        server.start_again().await;
        let client = server.client();
        check_acknowledged(&client, &sent, &mut made).await;
        ask_again(&client, &sent, &mut made).await;
        check_effects(&client, &made).await;
        server.stop();
        server.verify();
        server.start_again().await;
    }
    server.finish().await;
}

/// Clients that transfer one cent at a time until the server is gone; it is killed at the `at`-th answer.
async fn load_until_killed(server: &mut Server, round: u64, at: u64) -> Vec<Sent> {
    let fuse = Arc::new(Fuse { acknowledged: AtomicU64::new(0), at, burnt: Notify::new() });
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(send_until_gone(server.client(), format!("{round}-{number}"), fuse.clone()));
    }
    tokio::select! {
        () = fuse.burnt.notified() => {}
        ended = clients.join_next() => panic!("a client ended before the crash: {ended:?}"),
    }
    server.kill9();
    let sent = clients.join_all().await;
    let acknowledged: usize = sent.iter().map(|sent| sent.acknowledged.len()).sum();
    let in_flight: usize = sent.iter().map(|sent| sent.in_flight.len()).sum();
    eprintln!("crash: round {round}: {acknowledged} acknowledged, {in_flight} in flight");
    assert!(acknowledged as u64 >= at);
    sent
}

async fn send_until_gone(client: Client, name: String, fuse: Arc<Fuse>) -> Sent {
    let mut sent = Sent::default();
    for number in 0_u64.. {
        let body = transfer_body(None, Some("anna"), "0.01", "eur");
        let call = Call::post("/v1/transfer", &body).keyed(format!("{name}-{number}"));
        let Ok(answer) = client.try_send(&call).await else {
            sent.in_flight.push(call);
            return sent;
        };
        answer.expect(201);
        sent.acknowledged.push((call, answer));
        if fuse.acknowledged.fetch_add(1, Ordering::Relaxed) + 1 == fuse.at {
            fuse.burnt.notify_one();
        }
    }
    unreachable!("the numbers do not end")
}

fn transfer_id(answer: &Answer) -> String {
    answer.expect(201)["transferId"].as_str().expect("a transferId").to_owned()
}

fn key_of(call: &Call) -> String {
    call.idempotency_key.clone().expect("a key")
}

/// Every acknowledged transfer is in the history; a few are asked again and give the same answer.
async fn check_acknowledged(client: &Client, sent: &[Sent], made: &mut BTreeMap<String, String>) {
    let shown = ids(&client.history(Some("anna")).await);
    for (call, answer) in sent.iter().flat_map(|sent| &sent.acknowledged) {
        let id = transfer_id(answer);
        assert!(shown.contains_key(&id), "an acknowledged transfer is lost: {call:?} {id}");
        made.insert(key_of(call), id);
    }
    let newest = sent.iter().filter_map(|sent| sent.acknowledged.last());
    for (call, answer) in newest {
        let again = client.send(call).await;
        assert!(again.replayed(), "no replay after the crash: {call:?} {}", again.summary());
        assert_eq!(again.body, answer.body, "{call:?}");
    }
}

/// Every request that got no answer is sent again under its key, twice.
async fn ask_again(client: &Client, sent: &[Sent], made: &mut BTreeMap<String, String>) {
    for call in sent.iter().flat_map(|sent| &sent.in_flight) {
        let first = client.send(call).await;
        let second = client.send(call).await;
        assert!(second.replayed() && second.body == first.body, "{call:?}: {}", second.summary());
        made.insert(key_of(call), transfer_id(&first));
    }
}

/// One history entry, one event and one cent for every key.
async fn check_effects(client: &Client, made: &BTreeMap<String, String>) {
    let shown = ids(&client.history(Some("anna")).await);
    assert!(shown.values().all(|count| *count == 1), "an entry is there twice");
    let events = client.events().await.into_iter().filter(|event| event.kind == "transfer");
    let told: Vec<Value> =
        events.map(|event| event.payload).filter(|payload| payload["amount"] == 0.01).collect();
    let told = ids(&told);
    let mut unique = BTreeMap::new();
    for (key, id) in made {
        assert!(unique.insert(id, key).is_none(), "two keys made the same transfer {id}");
        assert!(shown.contains_key(id), "{key} made {id}, which is not in the history");
        assert_eq!(told.get(id), Some(&1), "{key} made {id}, which is not told once");
    }
    assert_eq!(shown.len(), made.len(), "more entries than keys");
    assert_eq!(told.len(), made.len(), "more events than keys");
    assert_eq!(client.balance(Some("anna"), "eur").await, made.len() as i128);
    assert_eq!(client.balance(None, "eur").await, 10_000_000 - made.len() as i128);
}

/// How often each id is there.
fn ids(rows: &[Value]) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    for row in rows {
        *found.entry(row["id"].as_str().expect("an id").to_owned()).or_default() += 1;
    }
    found
}
