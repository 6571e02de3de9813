//! SIGKILL while payments go to a bank in files, and while its files are read: each payment is in one file, and each
//! credit is booked once.

use crate::support::{Call, Client, Deadline, Engine, Options, Server, ambient_seed, engine};
use florin_rails::sepa::files::iso20022::*;
use florin_types::{Date, Iban, Text, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Kills while payments go out. On PostgreSQL each costs the seconds of a dead process's lease.
const ROUNDS: usize = 6;
const ROUNDS_WITH_A_LEASE: usize = 2;

/// Payments of a round.
const PAYMENTS: usize = 20;

/// Credits of the file that is read while the server is killed.
const CREDITS: i64 = 3_000;

/// How long a round may take: the lease of the dead process, and two looks into the folder.
const LIMIT: Duration = Duration::from_secs(60);

const ACCOUNT: &str = "DE02120300000000202051";
const PAYEE: &str = "LT139999800000000099";

fn rounds() -> usize {
    if engine() == Engine::Sqlite { ROUNDS } else { ROUNDS_WITH_A_LEASE }
}

/// A server whose bank takes files of a folder.
async fn server_with_files() -> (Server, PathBuf) {
    let mut server = Server::prepare(Options::default()).await;
    let folder = server.home().join("sepa");
    let config = format!(
        "[sepa]\nrail = \"files\"\nfolder = \"{}\"\naccount = \"{ACCOUNT}\"\nbic = \"BYLADEM1001\"\n\
         holder_name = \"Florin\"\nbank_address = \"Berlin\"\nbank_code = 99999\ntest_bank = true\n",
        folder.display()
    );
    fs::write(server.home().join("florin.toml"), config).expect("a configuration");
    server.start_again().await;
    (server, folder)
}

async fn pay(client: &Client) -> String {
    let body = json!({"amount": "1", "currency": "eur", "destinationIban": PAYEE, "transferTitle": "Rent"});
    let made = client.send(&Call::post("/v1/partner/sepa-transfer", &body)).await;
    made.expect(200)["transferId"].as_str().expect("an id").to_owned()
}

/// What the bank has got.
#[derive(Default)]
struct Got {
    /// How often each payment came, by its id.
    payments: BTreeMap<String, usize>,
    /// How often each file came, by its message id.
    files: BTreeMap<String, usize>,
}

/// The bank takes what is in the outbox.
fn take(folder: &Path, got: &mut Got) {
    for entry in fs::read_dir(folder.join("outbox")).expect("the outbox") {
        let path = entry.expect("an entry").path();
        let Document::CreditTransfer(file) =
            read(&fs::read(&path).expect("a file"), Limits::default()).expect("a message")
        else {
            panic!("{} is no file of payments", path.display());
        };
        for payment in file.payments {
            *got.payments.entry(payment.end_to_end_id.expect("an id")).or_default() += 1;
        }
        *got.files.entry(file.message_id).or_default() += 1;
        fs::remove_file(path).expect("it is taken");
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("a folder").next().is_none()
}

/// Whether a file of the bank is not read to the end.
fn is_unread(folder: &Path) -> bool {
    ["inbox", "reading"].iter().any(|of| !is_empty(&folder.join(of)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_gives_each_payment_to_the_bank_once() {
    let seed = ambient_seed();
    eprintln!("sepa files: FLORIN_TEST_SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut server, folder) = server_with_files().await;
    server.client().fund(None, "10000", "eur").await;
    let (mut made, mut got) = (Vec::new(), Got::default());
    for round in 0..rounds() {
        let client = server.client();
        for _ in 0..PAYMENTS {
            made.push(pay(&client).await.replace('-', ""));
        }
        // By the book's clock the cut-off has passed.
        let week = json!({"seconds": 7 * 86_400});
        client.send(&Call::post("/v1/sandbox/clock/advance", &week)).await.expect(200);
        // Somewhere between the look that finds them due and the end of the file.
        let deadline = Deadline::after(LIMIT);
        while round % 2 == 0 && is_empty(&folder.join("staging")) && is_empty(&folder.join("outbox")) {
            deadline.pause("a file");
        }
        let moment = Deadline::after(Duration::from_micros(rng.random_range(0..2_100_000)));
        while round % 2 == 1 && !moment.passed() {
            std::hint::spin_loop();
        }
        server.kill9();
        if rng.random() {
            take(&folder, &mut got);
        }
        server.start_again().await;
        let deadline = Deadline::after(LIMIT);
        while got.payments.len() < made.len() {
            take(&folder, &mut got);
            if got.payments.len() < made.len() {
                deadline.pause("all payments at the bank");
            }
        }
    }
    take(&folder, &mut got);
    let expected: BTreeMap<String, usize> = made.into_iter().map(|id| (id, 1)).collect();
    assert_eq!(got.payments, expected, "each payment is in one file");
    assert!(got.files.values().all(|count| *count == 1), "a number was used twice: {:?}", got.files);
    let sent = fs::read_dir(folder.join("sent")).expect("the copies").count();
    assert_eq!(sent, got.files.len(), "a copy of each file is kept");
    server.finish().await;
}

/// A notification of many credits to the partner.
fn credits(iban: &str) -> Vec<u8> {
    let party = |name: &str, iban: &str| Party {
        name: Text::parse(name).ok(),
        account: Iban::parse(iban).ok().map(AccountNumber::Iban),
        bic: None,
    };
    let entry = |number: i64| Entry {
        cents: 100,
        is_credit: true,
        is_reversal: false,
        status: EntryStatus::Booked,
        booked: Date::parse("2026-11-23").ok().map(|day| (day, None)),
        value_date: None,
        account_servicer_reference: Some(format!("R{number}")),
        code: TransactionCode::iso("PMNT", "RCDT", "ESCT"),
        transactions: vec![Transaction {
            debtor: party("Acme", PAYEE),
            creditor: party("Florin", iban),
            ..Transaction::new(100)
        }],
    };
    let account = AccountReport {
        id: "N-1".to_owned(),
        sequence: None,
        legal_sequence: None,
        page: None,
        is_duplicate: false,
        period: None,
        iban: Iban::parse(ACCOUNT).expect("an IBAN"),
        bic: None,
        opening: None,
        closing: None,
        entries: (0..CREDITS).map(entry).collect(),
    };
    let report = BankReport {
        kind: ReportKind::Notification,
        message_id: "N-1".to_owned(),
        created_at: Timestamp::parse("2026-11-23T12:00:00Z").expect("a time"),
        accounts: vec![account],
    };
    report.to_xml().expect("a file")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_books_each_credit_once() {
    let (mut server, folder) = server_with_files().await;
    let info = server.client().send(&Call::get("/v1/partner/sepa-deposit/info")).await;
    let file = credits(info.expect(200)["iban"].as_str().expect("an IBAN"));
    fs::write(folder.join("inbox/.credits"), file).expect("a file");
    fs::rename(folder.join("inbox/.credits"), folder.join("inbox/credits.xml")).expect("a file");
    for killed in 0..rounds() {
        let deadline = Deadline::after(LIMIT);
        let before = server.client().balance(None, "eur").await;
        // In the middle of it, if it is not read yet.
        while is_unread(&folder) && server.client().balance(None, "eur").await == before {
            deadline.pause("a credit");
        }
        eprintln!("sepa files: kill {killed} at {}", server.client().balance(None, "eur").await);
        server.kill9();
        server.start_again().await;
    }
    let deadline = Deadline::after(LIMIT);
    while is_unread(&folder) {
        deadline.pause("the end of the file");
    }
    assert_eq!(server.client().balance(None, "eur").await, i128::from(CREDITS) * 100);
    server.finish().await;
}
