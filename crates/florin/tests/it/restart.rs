//! What survives a restart, what a reset leaves, and how a server says that it cannot start.

use crate::support::{
    Call, Client, Database, Engine, Options, Outcome, Server, Snapshot, engine, run_florin, run_florin_with,
    transfer_body,
};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

async fn restart(server: &mut Server) {
    server.stop();
    server.start_again().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_keys_and_answers_survive() {
    let mut server = Server::start().await;
    let client = server.client();
    for id in ["anna", "bela"] {
        client.verified_user(id).await;
    }
    client.settled(&["anna", "bela"]).await;
    client.fund(Some("anna"), "12.50", "eur").await;
    let call =
        Call::post("/v1/transfer", &transfer_body(Some("anna"), Some("bela"), "2.50", "eur")).keyed("one");
    let refused = Call::post("/v1/transfer", &transfer_body(Some("anna"), None, "99", "eur")).keyed("two");
    let answers = [client.send(&call).await, client.send(&refused).await];
    let before = Snapshot::take(&client, &["anna", "bela"]).await;
    let credentials = server.credentials().clone();
    restart(&mut server).await;
    assert_eq!(server.credentials().api_key, credentials.api_key, "the credentials file is kept");
    assert_eq!(server.credentials().partner_id, credentials.partner_id);
    assert_eq!(server.credentials().webhook_token, credentials.webhook_token);
    let client = server.client();
    assert_eq!(Snapshot::take(&client, &["anna", "bela"]).await, before);
    for (call, answer) in [call, refused].iter().zip(&answers) {
        let again = client.send(call).await;
        assert!(again.replayed() && again.body == answer.body, "{}", again.summary());
    }
    server.finish().await;
}

/// Whatever port the second asks for, and however the first ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_one_data_folder_is_refused_and_changes_nothing() {
    let mut server = Server::start().await;
    let (home, address) = (server.home().to_owned(), server.address().to_string());
    let file = server.data_dir().join("sandbox-credentials.json");
    let before = std::fs::read_to_string(&file).expect("the file is there");
    let data_dir = server.data_dir().display().to_string();
    for listen in ["127.0.0.1:0", &address] {
        let outcome = serve(listen, &data_dir, &[], &home);
        fails_plainly(
            &outcome,
            &[&format!("is in use by process {}, which serves at http://{address}", server.process_id())],
        );
    }
    assert_eq!(std::fs::read_to_string(&file).expect("the file is there"), before);
    server.kill9();
    server.start_again().await;
    server.finish().await;
}

/// Also after a server of an older version, whose files others could read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_the_owners_alone() {
    let mut server = Server::start().await;
    let data_dir = server.data_dir();
    let set_mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    let are_private = || {
        let files: Vec<_> =
            std::fs::read_dir(&data_dir).expect("a folder").map(|e| e.expect("a file").path()).collect();
        for path in files.iter().chain([&data_dir]) {
            let found = std::fs::metadata(path).expect("it is there");
            let expected = if found.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(found.permissions().mode() & 0o7777, expected, "{}", path.display());
        }
    };
    server.client().create_user("anna").await;
    are_private();
    server.kill9();
    for name in ["florin.db", "florin.db-wal", "florin.db-shm"].map(|name| data_dir.join(name)) {
        if name.exists() {
            set_mode(&name, 0o644);
        }
    }
    server.start_again().await;
    are_private();
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_credentials_file_tells_where_and_who() {
    let server = Server::start().await;
    let credentials = server.credentials().clone();
    assert_eq!(credentials.base_url.trim_end_matches('/').trim_end_matches("/v1"), server.base_url());
    assert!(!credentials.webhook_token.is_empty() && !credentials.api_key.is_empty());
    assert!(credentials.partner_id.parse::<uuid::Uuid>().is_ok(), "{credentials:?}");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_credentials_file_means_a_further_key() {
    let mut server = Server::start().await;
    server.client().create_user("anna").await;
    let old = server.credentials().clone();
    server.stop();
    std::fs::remove_file(server.data_dir().join("sandbox-credentials.json")).expect("the file is there");
    server.start_again().await;
    let new = server.credentials().clone();
    assert_ne!(new.api_key, old.api_key);
    assert_eq!(new.partner_id, old.partner_id);
    for key in [&old.api_key, &new.api_key] {
        let client = server.client().with_key(Some(key));
        client.send(&Call::get("/v1/user/balances/anna")).await.expect(200);
    }
    server.finish().await;
}

/// The year in which a transfer of one cent says that it was made.
async fn year_of_a_transfer(client: &Client) -> (u32, String) {
    let made = client.transfer(None, Some("anna"), "0.01", "eur").await.expect(201);
    let details =
        client.get(&format!("/v1/transfer/details/{}", made["transferId"].as_str().expect("an id"))).await;
    let time = details["createdAt"].as_str().expect("a time").to_owned();
    (time[..4].parse().expect("a year"), time)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_advanced_clock_stays_advanced() {
    let mut server = Server::start().await;
    let (client, other) = (server.client(), server.second_partner("other"));
    for client in [&client, &other] {
        client.verified_user("anna").await;
        client.fund(None, "1", "eur").await;
    }
    let (year, _) = year_of_a_transfer(&client).await;
    let two_years = json!({"seconds": 2 * 366 * 24 * 60 * 60});
    client.send(&Call::post("/v1/sandbox/clock/advance", &two_years)).await.expect(200);
    let (later, first) = year_of_a_transfer(&client).await;
    assert!(later >= year + 2, "{year} and two years is {later}");
    restart(&mut server).await;
    let (again, second) = year_of_a_transfer(&server.client()).await;
    assert!(again >= later && second >= first, "{first}, after a restart {second}");
    let other = Client::new(&server.base_url(), other.api_key());
    let (untouched, _) = year_of_a_transfer(&other).await;
    assert!(untouched <= year + 1, "another partner's clock moved to {untouched}");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_leaves_an_empty_book_and_the_key() {
    let mut server = Server::start().await;
    let (client, other) = (server.client(), server.second_partner("other"));
    for client in [&client, &other] {
        client.verified_user("anna").await;
        client.settled(&["anna"]).await;
        client.fund(Some("anna"), "7", "eur").await;
        client.fund(None, "8", "btc").await;
    }
    let others = Snapshot::take(&other, &["anna"]).await;
    let transfer = client.transfer(Some("anna"), None, "1", "eur").await.expect(201);
    let details = format!("/v1/transfer/details/{}", transfer["transferId"].as_str().expect("an id"));
    let answer = client.send(&Call::post("/v1/sandbox/reset", &json!({}))).await;
    assert!([200, 201].contains(&answer.status), "{}", answer.summary());
    book_is_empty(&client, &details).await;
    assert_eq!(Snapshot::take(&other, &["anna"]).await, others, "another partner's book");
    restart(&mut server).await;
    let client = server.client();
    book_is_empty(&client, &details).await;
    client.verified_user("anna").await;
    client.fund(Some("anna"), "3", "eur").await;
    client.transfer(Some("anna"), None, "1", "eur").await.expect(201);
    assert_eq!(client.balance(Some("anna"), "eur").await, 200);
    server.finish().await;
}

/// A late repeat of a reset, after another one, does not take away what has come since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_reset_is_known_after_a_later_one() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    let client = &clients[0];
    let reset = Call::post("/v1/sandbox/reset", &json!({}));
    let keyed = ["first", "second"].map(|key| reset.clone().keyed(key));
    let mut done: Vec<&Call> = Vec::new();
    for (number, call) in [&keyed[0], &reset, &keyed[1], &reset, &reset].into_iter().enumerate() {
        let answer = client.send(call).await;
        answer.expect(200);
        assert!(!answer.replayed(), "{}", answer.summary());
        if call != &reset {
            done.push(call);
        }
        let id = format!("anna-{number}");
        client.create_user(&id).await;
        resets_are_known(&clients, &done, &id).await;
    }
    restart(&mut server).await;
    resets_are_known(&[server.client()], &done, "anna-4").await;
    server.finish().await;
}

/// Each of these is answered again without another effect: the user stays.
async fn resets_are_known(clients: &[Client], resets: &[&Call], id: &str) {
    for client in clients {
        for call in resets {
            let again = client.send(call).await;
            again.expect(200);
            assert!(again.replayed(), "{call:?} with {id} there: {}", again.summary());
            client.send(&Call::get(format!("/v1/user/balances/{id}"))).await.expect(200);
        }
    }
}

/// Two processes make the tables and the sandbox's partner together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_start_at_once_on_an_empty_database() {
    for _ in 0..4 {
        let Some((server, other)) = Server::start_two().await else { return };
        let database = server.database().expect("PostgreSQL");
        let count = "SELECT count(*) FROM partner";
        let row = database.connect().await.query_one(count, &[]).await.expect("the query runs");
        assert_eq!(row.get::<_, i64>(0), 1, "partners");
        server.client().verified_user("anna").await;
        other.fund(Some("anna"), "2", "eur").await;
        assert_eq!(server.client().balance(Some("anna"), "eur").await, 200);
        server.finish().await;
    }
}

async fn book_is_empty(client: &Client, old_transfer: &str) {
    client.send(&Call::get("/v1/user/balances/anna")).await.expect_refusal("P412");
    client.send(&Call::get(old_transfer)).await.expect_refusal("P437");
    for currency in ["eur", "btc"] {
        assert_eq!(client.balance(None, currency).await, 0);
    }
    assert_eq!(client.history(None).await, Vec::<Value>::new());
    assert!(client.events().await.iter().all(|event| event.payload["externalUserId"].is_null()));
}

/// Who waits for events does not keep the server from stopping.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_client_does_not_hold_up_the_stop() {
    let mut server = Server::start().await;
    let client = server.client();
    let waiting =
        tokio::spawn(
            async move { client.try_send(&Call::get("/v1/events?after=1000&wait=30")).await.is_ok() },
        );
    for _ in 0..20 {
        server.client().get("/v1/partner/balances").await;
    }
    server.stop();
    eprintln!("the waiting client got an answer: {}", waiting.await.expect("no panic"));
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_hears_of_the_next_event() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    clients[0].create_user("anna").await;
    let seen = clients[0].events().await.len() as u64;
    for client in &clients {
        assert_eq!(client.events_after(seen, 0).await.len(), 0, "without wait there is nothing to hear");
    }
    let listener = clients[clients.len() - 1].clone();
    let waiting = tokio::spawn(async move { listener.events_after(seen, 30).await });
    clients[0].approve("anna").await;
    let heard = waiting.await.expect("an answer");
    assert_eq!(heard.first().map(|event| event.sequence), Some(seen + 1), "{heard:?}");
    server.finish().await;
}

/// In live there is no sandbox, whatever key is shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_has_no_sandbox() {
    let server = Server::start_with(Options { environment: Some("live"), ..Options::default() }).await;
    assert!(!server.has_credentials(), "live writes no sandbox credentials");
    let client = server.second_partner("live partner");
    client.get("/v1/partner/balances").await;
    let nobody = client.with_key(None);
    for path in ["fund", "reset", "clock/advance", "kyc/anna", "scenarios", "nothing"] {
        for client in [&client, &nobody] {
            let path = format!("/v1/sandbox/{path}");
            client.send(&Call::post(&path, &json!({"seconds": 1}))).await.expect_refusal("P404");
            client.send(&Call::get(&path)).await.expect_refusal("P404");
        }
    }
    server.finish().await;
}

/// Whoever meant another database or another environment must not get an empty sandbox.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_misspelt_variable_starts_nothing() {
    let home = tempfile::TempDir::new().expect("a folder");
    let variable = [("FLORIN_DATABASE_ULR".to_owned(), "postgres://h/d".to_owned())];
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["verify"], &["config"]] {
        let outcome = run_florin_with(arguments, &variable, home.path());
        fails_plainly(&outcome, &["did you mean florin_database_url?"]);
    }
    assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 0, "something was made");
}

/// A secret of digits is text as every other, and is never shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_may_consist_of_digits() {
    let home = tempfile::TempDir::new().expect("a folder");
    let digits = "7".repeat(64);
    let settings = [
        ("FLORIN_MASTER_KEY", &*digits),
        ("FLORIN_VAULT", "s3://bucket"),
        ("FLORIN_VAULT_S3_ACCESS_KEY_ID", "778899"),
        ("FLORIN_VAULT_S3_SECRET_ACCESS_KEY", "778899778899"),
        ("FLORIN_DATABASE_URL", "7788997788"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let outcome = run_florin_with(&["config"], &settings, home.path());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("vault_s3_access_key_id = \"778899\""), "{outcome:?}");
    assert!(!outcome.said().contains("7788997788") && !outcome.said().contains(&digits), "{outcome:?}");
    // It is no database's address: the message must not repeat it.
    let outcome = run_florin_with(&["partner", "list"], &settings, home.path());
    assert!(outcome.code == Some(1) && !outcome.said().contains("7788997788"), "{outcome:?}");
}

/// What others may make the server call is said when others can reach it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_for_others_says_where_webhooks_may_go() {
    let everywhere = r#"f=$1; port=${4##*:}; shift 4; exec "$f" serve --listen "0.0.0.0:$port" "$@""#;
    for (targets, is_open, said) in [
        ("anywhere", true, "webhook_targets = anywhere"),
        ("public", true, "webhook_targets = public"),
        ("anywhere", false, "ready"),
    ] {
        let within = ["sh", "-c", everywhere, "sh"].map(str::to_owned).to_vec();
        let within = if is_open { within } else { Vec::new() };
        let more = vec![("FLORIN_WEBHOOK_TARGETS", targets.to_owned())];
        let server = Server::start_with(Options { more, within, ..Options::default() }).await;
        let log = server.log();
        assert!(log.contains(said), "{log}");
        assert_eq!(log.contains("webhook_targets = "), is_open, "{log}");
        server.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_says_at_each_start_that_its_rails_are_simulated() {
    let mut server = Server::start_with(Options { environment: Some("live"), ..Options::default() }).await;
    restart(&mut server).await;
    assert_eq!(server.log().matches("live on simulated rails").count(), 2, "{}", server.log());
    let data_dir = server.home().join("refused");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir.to_str().expect("UTF-8")];
    let variables = server.variables().into_iter().filter(|(name, _)| name != "FLORIN_SIMULATED_RAILS");
    let variables = variables.collect::<Vec<_>>();
    for arguments in [&arguments[..], &["config"]] {
        let refused = run_florin_with(arguments, &variables, server.home());
        fails_plainly(&refused, &["set simulated_rails = true"]);
    }
    assert!(!data_dir.exists(), "refused before anything is made");
    server.finish().await;
}

/// The token bucket of live: 200 at once, 100 a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_limits_the_rate() {
    let server = Server::start_with(Options { environment: Some("live"), ..Options::default() }).await;
    let client = server.second_partner("live partner");
    let first = client.send(&Call::get("/v1/reference/fees")).await;
    assert!(
        first.header("ratelimit-policy").is_some() && first.header("ratelimit").is_some(),
        "{:?}",
        first.headers
    );
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let client = client.clone();
        calls.spawn(async move {
            let mut limited = 0;
            for _ in 0..100 {
                let answer = client.send(&Call::get("/v1/partner/balances")).await;
                assert!(answer.status == 200 || answer.code() == "P429", "{}", answer.summary());
                limited += u32::from(answer.status == 429);
            }
            limited
        });
    }
    let limited: u32 = calls.join_all().await.iter().sum();
    assert!(limited > 0, "1,600 calls at once and none was limited");
    server.finish().await;
}

/// One line on the error stream that says what is wrong, and an exit that is no success and no panic.
pub fn fails_plainly(outcome: &Outcome, words: &[&str]) {
    assert!(!matches!(outcome.code, None | Some(0 | 101)), "{outcome:?}");
    let is_log = |line: &&str| {
        line.starts_with('{') || [" INFO ", " WARN ", " ERROR "].iter().any(|level| line.contains(level))
    };
    let lines: Vec<&str> =
        outcome.stderr.lines().filter(|line| !line.trim().is_empty() && !is_log(line)).collect();
    assert_eq!(lines.len(), 1, "one line: {outcome:?}");
    let said = lines[0].to_lowercase();
    assert!(words.iter().any(|word| said.contains(word)), "{said:?} has none of {words:?}");
}

fn serve(listen: &str, data_dir: &str, more: &[&str], home: &Path) -> Outcome {
    let shared = [("FLORIN_VAULT_IS_SHARED".to_owned(), "true".to_owned())];
    run_florin_with(&[&["serve", "--listen", listen, "--data-dir", data_dir], more].concat(), &shared, home)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_start_says_why() {
    let server = Server::start().await;
    let home = server.home().to_owned();
    let taken = server.address().to_string();
    let port = server.address().port().to_string();
    let refused = serve(&taken, "other", &[], &home);
    fails_plainly(&refused, &[&port, "in use"]);
    assert!(refused.stderr.contains("with --listen"), "{refused:?}");
    std::fs::write(home.join("file"), "no directory").expect("a file");
    fails_plainly(&serve("127.0.0.1:0", "file/data", &[], &home), &["file/data"]);
    fails_plainly(&serve("127.0.0.1:0", "/proc/florin", &[], &home), &["/proc/florin"]);
    for url in ["postgres://nobody@127.0.0.1:1/nothing", "mysql://127.0.0.1/florin", "nonsense"] {
        fails_plainly(
            &serve("127.0.0.1:0", "other", &["--database-url", url], &home),
            &["database", "postgres", "connect"],
        );
    }
    if let (Engine::Postgres, Some(database)) = (engine(), server.database()) {
        let gone = format!("{}_gone", database.url());
        fails_plainly(
            &serve("127.0.0.1:0", "other", &["--database-url", &gone], &home),
            &["database", "does not exist"],
        );
    }
    let url = server.database().map_or("postgres://nobody@127.0.0.1:1/nothing".to_owned(), Database::url);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", "unshared", "--database-url", &url];
    fails_plainly(&run_florin(&arguments, &home), &["vault_is_shared"]);
    assert!(!home.join("unshared").exists(), "refused before anything is made");
    let nowhere = serve("nowhere", "other", &[], &home);
    assert!(!matches!(nowhere.code, None | Some(0 | 101)), "{nowhere:?}");
    server.finish().await;
}
