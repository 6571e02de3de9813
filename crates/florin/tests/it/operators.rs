//! Operators as people: a wrong folder, a wrong id and a command that is refused are said plainly.

use crate::restart::fails_plainly;
use crate::support::{Call, Outcome, Server, run_florin};
use serde_json::{Value, json};

fn done(outcome: Outcome) -> String {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome.stdout
}

/// Who has named a wrong folder has no second, empty bank there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_makes_a_database_in_a_wrong_folder() {
    let server = Server::start().await;
    let home = server.home().to_owned();
    let commands: [&[&str]; 9] = [
        &["partner", "list"],
        &["key", "list"],
        &["audit"],
        &["sepa", "list"],
        &["kyc", "list"],
        &["clock", "show"],
        &["vault", "check"],
        &["vault", "sweep"],
        &["verify"],
    ];
    for command in commands {
        let outcome = run_florin(&[command, &["--data-dir", "wrong"]].concat(), &home);
        fails_plainly(&outcome, &["there is no database in wrong"]);
        assert!(!home.join("wrong").exists(), "{command:?}");
    }
    // The first partner may be made before the first server.
    let create = ["partner", "create", "--name", "Acme", "--operator", "olga", "--data-dir", "wrong"];
    done(run_florin(&create, &home));
    let list = done(run_florin(&["partner", "list", "--data-dir", "wrong"], &home));
    assert!(list.ends_with("  Acme\n"), "{list}");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_waits_is_shown_and_given_to_the_partner() {
    let server = Server::start().await;
    let client = server.client();
    let iban = client.get("/v1/partner/sepa-deposit/info").await["iban"].clone();
    let money = json!({
        "iban": iban, "amount": "25", "senderName": "Ada Lovelace", "senderIban": "DE89370400440532013000",
        "title": "FL7K2M9QX3V0TBAW",
    });
    let made = client.send(&Call::post("/v1/sandbox/sepa/incoming", &money)).await;
    let id = made.json()["depositId"].as_str().expect("an id").to_owned();
    let list = done(server.command(&["sepa", "list"]));
    assert!(list.starts_with(&format!("{id}  UNMATCHED  ")) && list.contains("  25.00 eur  -  ("), "{list}");
    let sepa = |words: &[&str]| server.command(&[&["sepa"], words, &["--operator", "olga"]].concat());
    let shown: Value = serde_json::from_str(&done(sepa(&["show", &id]))).expect("JSON");
    for (field, value) in [("state", "UNMATCHED"), ("amount", "25.00"), ("currency", "eur"), ("deposit", &id)]
    {
        assert_eq!(shown[field], value, "{shown}");
    }
    assert_eq!((&shown["sender"]["name"], &shown["externalUserId"]), (&json!("Ada Lovelace"), &Value::Null));
    assert!(shown["since"].is_string() && shown["returns"].is_null(), "{shown}");
    // What is wrong with a command is said.
    let wrong = sepa(&["show", "nonsense"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("<ID>") && wrong.stderr.contains("an id such as 0198c5d2-"), "{wrong:?}");
    assert_eq!(sepa(&["assign", &id]).code, Some(2), "to whom?");
    fails_plainly(
        &sepa(&["approve", &id]),
        &["florin: outcome does not fit: nobody knows whose money it is"],
    );
    assert_eq!(done(sepa(&["assign", &id, "--partner"])), "assigned\n");
    fails_plainly(&sepa(&["assign", &id, "--user", "anna"]), &["florin: user does not exist"]);
    fails_plainly(&sepa(&["assign", &id, "--partner"]), &["florin: the deposit is credited"]);
    fails_plainly(&sepa(&["done", &id]), &["there is no such message"]);
    assert_eq!(client.balance(None, "eur").await, 2_500);
    assert_eq!(client.balances(None).await["fiatBalances"][0]["iban"], iban);
    let audit = done(server.command(&["audit"]));
    let times: Vec<&str> = audit.lines().map(|line| &line[..24]).collect();
    assert!(times.is_sorted() && audit.contains("  olga  sepa.assign  "), "{audit}");
    server.finish().await;
}
