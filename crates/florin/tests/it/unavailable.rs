//! P501: the database is gone or held by somebody else. Nothing is lost, nothing happens twice, and it
//! recovers.

use crate::support::{
    Answer, Call, Client, Database, Deadline, Engine, Options, Proxy, Server, engine, transfer_body,
};
use florin_testing::skip;
use std::time::Duration;

/// Longer than any time-out of the server's statements and queues.
const PATIENCE: Duration = Duration::from_secs(60);

async fn with_money(client: &Client) -> Call {
    client.verified_user("anna").await;
    client.settled(&["anna"]).await;
    client.fund(None, "10", "eur").await;
    Call::post("/v1/transfer", &transfer_body(None, Some("anna"), "1", "eur")).keyed("while-away")
}

fn is_unavailable(answer: &Answer) {
    answer.expect_refusal("P501");
    let wait = answer.header("retry-after").unwrap_or_default();
    assert!(wait.parse::<u32>().is_ok(), "Retry-After is {wait:?}");
    assert_eq!(answer.json()["errorName"], "service-unavailable");
    assert!(!answer.replayed());
}

/// Asks until the answer is no P501 any more.
async fn until_back(client: &Client, call: &Call) -> Answer {
    let deadline = Deadline::after(PATIENCE);
    loop {
        let answer = client.send(call).await;
        if answer.code() != "P501" {
            return answer;
        }
        deadline.pause("the database to be found again");
    }
}

async fn happened_once(client: &Client, call: &Call) {
    until_back(client, call).await.expect(201);
    let again = client.send(call).await;
    assert!(again.replayed() && again.status == 201, "{}", again.summary());
    assert_eq!(client.balance(Some("anna"), "eur").await, 100);
    assert_eq!(client.balance(None, "eur").await, 900);
}

/// PostgreSQL goes away while the server runs, and comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_database_is_p501_until_it_is_back() {
    if engine() == Engine::Sqlite {
        return skip("for PostgreSQL only");
    }
    let Some(target) = Database::cluster_address() else {
        return skip("the cluster is reached through a file");
    };
    let proxy = Proxy::to(target).await;
    let options = Options { database_address: Some(proxy.address), ..Options::default() };
    let mut server = Server::start_with(options).await;
    server.expect_error("");
    let client = server.client();
    let call = with_money(&client).await;
    for _ in 0..3 {
        proxy.cut();
        is_unavailable(&client.send(&call).await);
        is_unavailable(&client.send(&Call::get("/v1/user/balances/anna")).await);
        proxy.mend();
        until_back(&client, &Call::get("/v1/user/balances/anna")).await.expect(200);
    }
    happened_once(&client, &call).await;
    server.finish().await;
}

/// Somebody else holds SQLite's write lock: reads go on, writes are refused in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_lock_is_p501_until_it_is_free() {
    if engine() == Engine::Postgres {
        return skip("for SQLite only");
    }
    let mut server = Server::start().await;
    server.expect_error("");
    let client = server.client();
    let call = with_money(&client).await;
    let Some(lock) = hold_write_lock(&server) else {
        skip("the server lets nobody else lock its database");
        return server.finish().await;
    };
    is_unavailable(&client.send(&call).await);
    assert_eq!(client.balance(None, "eur").await, 1000, "reads do not wait for the writer");
    lock.execute_batch("ROLLBACK").expect("the lock is given back");
    drop(lock);
    happened_once(&client, &call).await;
    server.finish().await;
}

/// A connection of ours inside a write transaction.
fn hold_write_lock(server: &Server) -> Option<rusqlite::Connection> {
    let file = crate::verify::database_file(&server.data_dir())?;
    let database = rusqlite::Connection::open(file).ok()?;
    database.busy_timeout(Duration::from_secs(10)).ok()?;
    database.execute_batch("BEGIN IMMEDIATE").ok()?;
    Some(database)
}
