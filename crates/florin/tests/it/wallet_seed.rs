//! The seed of all wallets: another one than the database's is refused, and no message shows one.

use crate::restart::fails_plainly;
use crate::support::{Call, Client, Options, Server, run_florin_with};
use serde_json::{Value, json};

const SEED: &str = "FLORIN_WALLET_SEED";

fn seed(byte: &str) -> String {
    byte.repeat(32)
}

/// A server with a seed, or without one.
fn options(environment: Option<&'static str>, byte: Option<&str>) -> Options {
    let mut more: Vec<_> = byte.map(|byte| (SEED, seed(byte))).into_iter().collect();
    if environment == Some("live") {
        more.push(("FLORIN_TEST_NETWORKS", "true".to_owned()));
    }
    Options { environment, more, ..Options::default() }
}

async fn wallet(client: &Client, status: u16) -> Value {
    let asked = json!({"currency": "doge", "network": "doge"});
    client.send(&Call::post("/v1/partner/wallet", &asked)).await.expect(status)
}

/// A client of a new partner in live.
fn live_client(server: &Server) -> Client {
    let made = server.command(&["partner", "create", "--name", "P", "--operator", "olga"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let made: Value = serde_json::from_str(&made.stdout).expect("JSON");
    Client::new(&server.base_url(), made["apiKey"].as_str())
}

/// Neither starts nor works as an operator with this seed on the server's data, and shows none.
fn is_refused(server: &Server, text: Option<&str>, said: &str) {
    let mut variables = server.variables();
    variables.retain(|(name, _)| name != SEED);
    variables.extend(text.map(|text| (SEED.to_owned(), text.to_owned())));
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["kyc", "list"]] {
        let place = crate::support::Place { data_dir: &server.data_dir(), database: server.database() };
        let outcome = place.command(arguments, &variables, server.home());
        fails_plainly(&outcome, &[&said.to_lowercase()]);
        shows_none(&outcome.said());
    }
}

fn shows_none(text: &str) {
    let shown = ["0a", "0b", "xyz"].into_iter().find(|byte| text.to_lowercase().contains(&byte.repeat(4)));
    assert_eq!(shown, None, "a seed is shown: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_seed_than_the_databases_is_refused() {
    let mut server = Server::start_with(options(None, Some("0a"))).await;
    let made = wallet(&server.client(), 201).await;
    server.stop();
    is_refused(&server, Some(&seed("0b")), "were not derived from this seed");
    // A sandbox without one derives one.
    is_refused(&server, None, "were not derived from this seed");
    is_refused(&server, Some(&"xyz".repeat(21)), "FLORIN_WALLET_SEED must be 64 hexadecimal digits");
    is_refused(&server, Some("0a0a0a0a"), "FLORIN_WALLET_SEED must be 64 hexadecimal digits");
    server.start_again().await;
    assert_eq!(wallet(&server.client(), 200).await, made);
    let shown = server.command(&["config"]);
    assert!(shown.stdout.contains("wallet_seed = \"(hidden)\""), "{shown:?}");
    shows_none(&shown.said());
    shows_none(&server.log());
    server.finish().await;
}

/// Its seed comes from the master key: the same after a restart, another one in another sandbox.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_without_a_seed_has_one_of_its_own() {
    let mut addresses = Vec::new();
    for _ in ["one", "another"] {
        let mut server = Server::start().await;
        let made = wallet(&server.client(), 201).await;
        server.stop();
        is_refused(&server, Some(&seed("0a")), "remove the setting");
        server.start_again().await;
        assert_eq!(wallet(&server.client(), 200).await, made);
        let shown = server.command(&["config"]);
        assert!(shown.stdout.contains("# wallet_seed"), "{shown:?}");
        addresses.push(made["address"].clone());
        server.finish().await;
    }
    assert_ne!(addresses[0], addresses[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_without_a_seed_makes_no_wallets() {
    let server = Server::start_with(options(Some("live"), None)).await;
    let refused = wallet(&live_client(&server), 400).await;
    assert_eq!(refused["errorCode"], "P457");
    server.finish().await;
}

/// In live nobody sees what comes to an address of a network without a node: none is given out, and what was given out
/// while there was a node cannot be compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_without_a_node_makes_no_wallets() {
    let mut server = Server::start_with(options(Some("live"), Some("0a"))).await;
    server.expect_error("a chain can't be followed now");
    let client = live_client(&server);
    let refused = wallet(&client, 400).await;
    assert_eq!(refused["errorCode"], "P457");
    let compared = server.command(&["crypto", "reconcile"]);
    assert_eq!(compared.code, Some(0), "there is nothing to compare: {compared:?}");
    server.stop();
    // A node that does not answer is one all the same: the server goes on when it does.
    let file = server.home().join("florin.toml");
    std::fs::write(&file, "[chains.doge]\nurl = \"http://127.0.0.1:9\"\n").expect("a file");
    server.start_again().await;
    let client = Client::new(&server.base_url(), client.api_key());
    let made = wallet(&client, 201).await;
    server.stop();
    std::fs::remove_file(&file).expect("the file goes");
    server.start_again().await;
    let client = Client::new(&server.base_url(), client.api_key());
    assert_eq!(wallet(&client, 200).await, made);
    let compared = server.command(&["crypto", "reconcile"]);
    assert_eq!(compared.code, Some(1), "{compared:?}");
    let why = "doge could not be compared: addresses of it were given out, and it has no node";
    assert!(compared.stdout.contains(why) && compared.stdout.contains("do NOT agree"), "{compared:?}");
    server.finish().await;
}

/// Wallets keep the addresses that they were made with.
#[tokio::test]
async fn live_makes_no_wallets_for_test_networks_unless_it_is_meant() {
    let home = tempfile::tempdir().expect("a folder");
    let variables = [
        ("FLORIN_ENVIRONMENT", "live".to_owned()),
        ("FLORIN_MASTER_KEY", "5e".repeat(32)),
        ("FLORIN_PUBLIC_URL", "https://bank.example".to_owned()),
        ("FLORIN_SIMULATED_RAILS", "true".to_owned()),
        ("FLORIN_RATE_SOURCE", "fixed".to_owned()),
        (SEED, seed("0a")),
    ];
    let mut variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let refused = run_florin_with(&["config"], &variables, home.path());
    fails_plainly(&refused, &["is no main network", "florin_test_networks"]);
    variables.push(("FLORIN_TEST_NETWORKS".to_owned(), "true".to_owned()));
    let meant = run_florin_with(&["config"], &variables, home.path());
    assert_eq!(meant.code, Some(0), "{meant:?}");
}

/// A seed in the file, and a line of the file that cannot be read.
#[test]
fn a_seed_in_the_file_is_not_shown() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |line: &str| std::fs::write(home.path().join("florin.toml"), line).expect("a file");
    write(&format!("wallet_seed = \"{}\"", seed("0a")));
    let shown = run_florin_with(&["config"], &[], home.path());
    assert!(shown.code == Some(0) && shown.stdout.contains("(hidden)"), "{shown:?}");
    shows_none(&shown.said());
    for line in [format!("wallet_seed = {}", "0b".repeat(32)), format!("wallet_seed = [\"{}\"]", seed("0b"))]
    {
        write(&line);
        let refused = run_florin_with(&["config"], &[], home.path());
        assert_ne!(refused.code, Some(0), "{refused:?}");
        shows_none(&refused.said());
    }
}
