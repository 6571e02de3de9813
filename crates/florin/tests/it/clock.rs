//! A system clock that is far ahead of the data at a start, or behind: in live nothing is written until an operator
//! says that it is right.

use crate::support::{Call, Client, Deadline, Options, Server, person};
use serde_json::Value;
use std::time::Duration;

/// Longer than the server takes until it looks for an operator's word.
const HEARD: Duration = Duration::from_secs(30);

/// What a false clock looks like from here: the newest time in the data is long ago, or to come.
async fn set_known(server: &Server, known: i64) {
    let known = known.to_be_bytes();
    let (time, book) = ("DELETE FROM installation WHERE name = 'known_time'", "UPDATE book SET last_at = 0");
    let insert =
        |value: &str| format!("INSERT INTO installation (name, value) VALUES ('known_time', {value})");
    match server.database() {
        Some(database) => {
            let client = database.connect().await;
            client.batch_execute(&format!("{time}; {book}")).await.expect("statements");
            client.execute(&insert("$1"), &[&known.as_slice()]).await.expect("a statement");
        }
        None => {
            let file = crate::verify::database_file(&server.data_dir()).expect("a database");
            let database = rusqlite::Connection::open(file).expect("it opens");
            database.execute_batch(&format!("{time}; {book}")).expect("statements");
            database.execute(&insert("?1"), [known.as_slice()]).expect("a statement");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_far_ahead_of_the_data_needs_an_operators_word() {
    needs_a_word(1_795_435_200_000_000 - 40 * 86_400_000_000).await;
}

/// The year 2100.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_behind_the_data_needs_an_operators_word() {
    needs_a_word(4_102_444_800_000_000).await;
}

async fn needs_a_word(known: i64) {
    let mut server = Server::start_with(Options { environment: Some("live"), ..Options::default() }).await;
    let client = server.second_partner("Shop");
    client.create_user("anna").await;
    let shown = server.command(&["clock", "show"]);
    assert!(shown.code == Some(0) && shown.stdout.contains("the system clock is believed"), "{shown:?}");
    server.stop();
    set_known(&server, known).await;

    server.expect_error("florin clock show");
    server.start_unready().await;
    let client = Client::new(&server.base_url(), client.api_key());
    let user: Value = client.get("/v1/user/balances/anna").await;
    assert!(user["fiatBalances"].is_array(), "what is read is read: {user}");
    client.send(&Call::delete("/v1/user/anna")).await.expect_refusal("P501");
    // Nor is a key set aside for a user who is refused.
    let before = keys_set_aside(&server).await;
    client
        .send(&Call::post("/v1/user/balances/crypto-and-fiat", &person("ben")))
        .await
        .expect_refusal("P501");
    assert_eq!(keys_set_aside(&server).await, before);
    // A balancer that asks twice gets the reason both times; the log has it once.
    for _ in 0..2 {
        let (status, body) = ready(&server).await;
        assert!(status == 503 && body.contains(r#""errorCode":"P501""#), "{status} {body}");
        assert!(body.contains("nothing is written: see `florin clock show`"), "{body}");
    }
    is_logged_once(&server, "not ready: the system clock shows");
    assert!(server.log().contains("nothing is written: see `florin clock show`"), "{}", server.log());

    let repair = ["clock", "repair", "--operator", "Eva"];
    let asked = server.command(&repair);
    assert!(asked.code == Some(1) && asked.stdout.contains("Nothing was changed"), "{asked:?}");
    let done = server.command(&[&repair[..], &["--yes"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    let deadline = Deadline::after(HEARD);
    while ready(&server).await.0 != 200 {
        deadline.pause("the server to hear of it");
    }
    is_logged_once(&server, "ready again");
    client.send(&Call::delete("/v1/user/anna")).await.expect(200);
    let audit = server.command(&["audit"]);
    assert!(audit.stdout.contains("Eva  clock.repair"), "{audit:?}");
    server.finish().await;
}

/// How many keys of the sheets are taken or reserved.
async fn keys_set_aside(server: &Server) -> i64 {
    const SUM: &str = "SELECT CAST(SUM(used) AS BIGINT) FROM key_sheet";
    match server.database() {
        Some(database) => database.connect().await.query_one(SUM, &[]).await.expect("a sum").get(0),
        None => {
            let file = crate::verify::database_file(&server.data_dir()).expect("a database");
            let database = rusqlite::Connection::open(file).expect("it opens");
            database.query_row(SUM, [], |row| row.get(0)).expect("a sum")
        }
    }
}

/// By each process: there are two on PostgreSQL. The log is written behind the answer.
fn is_logged_once(server: &Server, text: &str) {
    let deadline = Deadline::after(HEARD);
    while !server.log().contains(text) {
        deadline.pause(text);
    }
    let processes = if server.database().is_some() { 2 } else { 1 };
    assert!(server.log().matches(text).count() <= processes, "{}", server.log());
}

/// The status and the body of `/readyz`, which is no call of the API.
async fn ready(server: &Server) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.get(format!("{}/readyz", server.base_url())).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}
