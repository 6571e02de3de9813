//! A live bank's reviews at the command line, beside the running server: list, show, decide, export, audit.

use super::kept::{all_readable, files_below, rows};
use super::{PARTS, small_form};
use crate::restart::fails_plainly;
use crate::support::{Call, Client, Deadline, Form, Options, Outcome, Server, fresh_word};
use florin_document::Kind;
use florin_document::samples::{PLANTED, valid, with_location};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// Until uploaded files are decoded.
const DECODED: Duration = Duration::from_secs(60);

/// A live server and its one partner.
struct Bank {
    server: Server,
    partner: String,
    client: Client,
}

impl Bank {
    async fn open() -> Self {
        let server = Server::start_with(Options { environment: Some("live"), ..Options::default() }).await;
        let made: Value = serde_json::from_str(&says(&server.command(&[
            "partner",
            "create",
            "--name",
            "Shop",
            "--operator",
            "olga",
        ])))
        .expect("JSON");
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        let client = Client::new(&server.base_url(), Some(&text("apiKey")));
        Self { partner: text("partnerId"), client, server }
    }

    /// A command by the operator Eva.
    fn eva(&self, arguments: &[&str]) -> Outcome {
        self.server.command(&[arguments, &["--operator", "Eva"]].concat())
    }

    /// A command on a user, by Eva.
    fn on_user(&self, arguments: &[&str], user: &str) -> Outcome {
        self.eva(&[arguments, &["--partner", &self.partner, "--user", user]].concat())
    }

    /// The review that waits for a user: id, and what it is about.
    fn review(&self, user: &str) -> Option<(String, String)> {
        let listed = says(&self.server.command(&["kyc", "list"]));
        let lines = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut of_user = lines.filter(|words| words.get(3) == Some(&user));
        let found = of_user.next().map(|words| (words[0].to_owned(), words[1].to_owned()));
        assert_eq!(of_user.next(), None, "two reviews of {user}: {listed}");
        found
    }

    /// A user who has sent all, with places in the photos.
    async fn sent_all(&self, user: &str) {
        self.client.create_user(user).await;
        let kinds = [Kind::Jpeg, Kind::Png, Kind::Heic];
        let parts = PARTS.iter().zip(kinds);
        let form = parts.fold(Form::new(), |form, (part, kind)| form.file(part, &with_location(kind)));
        self.client.upload(user, &form).await.expect(201);
        let said = json!({
            "externalUserId": user, "documentType": "ID_CARD", "documentNumber": "L898902C3",
            "documentExpirationDate": "2099-04-15", "documentIssuingCountry": "LT",
        });
        self.client.send(&Call::post("/v1/user/verification", &said)).await.expect(201);
        let deadline = Deadline::after(DECODED);
        while rows(&self.server).await.iter().any(|row| row.state == "UNCHECKED") {
            deadline.pause("the files to be decoded");
        }
    }

    async fn status(&self, user: &str) -> [Value; 3] {
        let answer = self.client.get(&format!("/v1/kyc/status/{user}")).await;
        ["verificationStatus", "attemptStatus", "rejectionReason"].map(|name| answer[name].clone())
    }

    async fn told(&self, kind: &str, user: &str, field: &str) -> Vec<Value> {
        let events = self.client.events().await.into_iter();
        let events = events.filter(|event| event.kind == kind && event.payload["externalUserId"] == user);
        events.map(|event| event.payload[field].clone()).collect()
    }

    /// Looks at a review and decides on what was shown.
    fn decide(&self, review: &str, arguments: &[&str]) -> Outcome {
        let shown: Value = serde_json::from_str(&says(&self.eva(&["kyc", "show", review]))).expect("JSON");
        let version = shown["version"].as_str().expect("a version");
        self.eva(&[&["kyc", "decide", review, "--shown", version], arguments].concat())
    }

    async fn close(self) {
        all_readable(&self.server).await;
        self.server.finish().await;
    }
}

/// What a command that must succeed prints.
fn says(outcome: &Outcome) -> String {
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome.stdout.clone()
}

/// Ends with 1 and one line that has one of these.
fn is_refused(outcome: &Outcome, words: &[&str]) {
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    fails_plainly(outcome, words);
    assert_eq!(outcome.stdout, "", "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_user_is_verified_at_the_command_line() {
    let bank = Bank::open().await;
    assert_eq!(says(&bank.server.command(&["kyc", "list"])), "");
    bank.sent_all("anna").await;
    assert_eq!(bank.status("anna").await, [json!("NOT_VERIFIED"), json!("VERIFICATION"), Value::Null]);
    let (id, of) = bank.review("anna").expect("a review");
    assert_eq!(of, "identity");
    is_shown(&bank, &id);
    // The server takes calls while the commands write to the same book.
    let busy = tokio::spawn(keep_calling(bank.client.clone()));
    let unseen = bank.eva(&["kyc", "decide", &id, "approve", "--shown", "0123456789abcdef"]);
    is_refused(&unseen, &["show the review again"]);
    let decided = bank.decide(&id, &["approve"]);
    assert_eq!(says(&decided), "decided\n");
    busy.await.expect("every call is answered");
    assert_eq!(bank.status("anna").await, [json!("VERIFIED"), json!("SUCCESSFUL"), Value::Null]);
    bank.client.settled(&["anna"]).await;
    assert_eq!(bank.client.balance(Some("anna"), "eur").await, 0);
    assert_eq!(bank.review("anna"), None);
    is_refused(&bank.decide(&id, &["reject"]), &["not open any more"]);
    let statuses = bank.told("kyc_verification.status", "anna", "attemptStatus").await;
    assert_eq!(statuses, ["PENDING", "VERIFICATION", "SUCCESSFUL"]);
    bank.close().await;
}

fn is_shown(bank: &Bank, id: &str) {
    let shown: Value = serde_json::from_str(&says(&bank.eva(&["kyc", "show", id]))).expect("JSON");
    assert_eq!(shown["externalUserId"], "anna");
    assert_eq!(shown["profile"]["lastName"], "Petraitienė");
    assert!(shown.to_string().contains("L898902C3"), "{shown}");
    let files = shown["files"].as_array().expect("files");
    let parts: Vec<_> = files.iter().map(|file| file["part"].as_str().expect("a part")).collect();
    assert_eq!(parts, PARTS);
    // 64 × 48 as stored, and turned by a quarter.
    let sizes =
        files.iter().all(|file| file["width"] == 48 && file["height"] == 64 && file["state"] == "READABLE");
    assert!(sizes, "{shown}");
}

async fn keep_calling(client: Client) {
    client.create_user("busy").await;
    for number in 0..60 {
        let body = json!({"street": format!("Street {number}")}).to_string();
        client.send(&Call::bare("PATCH", "/v1/user/busy", Some(body))).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_live_user_may_send_again() {
    let bank = Bank::open().await;
    bank.sent_all("anna").await;
    let (first, _) = bank.review("anna").expect("a review");
    is_refused(&bank.decide(&first, &["question"]), &["only for proof of address"]);
    let unknown = bank.decide(&first, &["reject", "--reason", "UGLY"]);
    is_refused(&unknown, &["--reason must be one of no_face_found"]);
    says(&bank.decide(&first, &["reject", "--reason", "FACE_MISMATCH"]));
    let rejected = [json!("NOT_VERIFIED"), json!("REJECTED_BY_PROVIDER"), json!("FACE_MISMATCH")];
    assert_eq!(bank.status("anna").await, rejected);
    bank.client.upload("anna", &small_form()).await.expect(201);
    assert_eq!(bank.status("anna").await, [json!("NOT_VERIFIED"), json!("PENDING"), Value::Null]);
    assert_eq!(rows(&bank.server).await.len(), 2 * PARTS.len(), "what was rejected is kept");
    is_refused(&bank.decide(&first, &["approve"]), &["not open any more"]);
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_proof_of_address_is_asked_for_and_decided() {
    let bank = Bank::open().await;
    let proof = Form::new().file("files", &valid(Kind::Pdf, 0, 0));
    let send = async || {
        let sent = bank.client.try_upload("/v1/user/poa-files/anna", None, &proof).await;
        sent.expect("an answer")
    };
    bank.client.create_user("anna").await;
    send().await.expect_refusal("P460");
    says(&bank.on_user(&["kyc", "require-poa"], "anna"));
    for word in ["question", "approve"] {
        send().await.expect(201);
        send().await.expect_refusal("P211");
        let (id, of) = bank.review("anna").expect("a review");
        assert_eq!(of, "address");
        assert_eq!(says(&bank.decide(&id, &[word])), "decided\n");
    }
    send().await.expect_refusal("P447");
    let told = bank.told("poa_verification.status", "anna", "status").await;
    assert_eq!(told, ["WAITING", "QUESTIONED", "WAITING", "APPROVED"]);
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exported_files_tell_no_place_and_are_the_operators_alone() {
    let bank = Bank::open().await;
    bank.sent_all("anna").await;
    let folder = bank.server.home().join("export");
    let to = folder.to_str().expect("a path in UTF-8");
    assert!(says(&bank.on_user(&["vault", "export", "--to", to], "anna")).starts_with("3 files in "));
    assert_eq!(mode(&folder), 0o700);
    let files = files_below(&folder);
    assert_eq!(files.len(), PARTS.len());
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
        let bytes = std::fs::read(file).expect("a file");
        assert!(!String::from_utf8_lossy(&bytes).contains(PLANTED), "{}", file.display());
        assert!(bytes.len() > 100, "{}", file.display());
    }
    is_refused(&bank.on_user(&["vault", "export", "--to", to], "anna"), &["a folder that is not there yet"]);
    is_audited(&bank);
    bank.close().await;
}

fn is_audited(bank: &Bank) {
    let (id, _) = bank.review("anna").expect("a review");
    says(&bank.decide(&id, &["approve"]));
    let audit = says(&bank.server.command(&["audit"]));
    // Another operator made the partner.
    let hers = audit.lines().filter(|line| !line.contains("  olga  "));
    let deeds: Vec<Vec<&str>> = hers.map(|line| line.split_whitespace().collect()).collect();
    let actions: Vec<&str> = deeds.iter().map(|words| words[2]).collect();
    assert_eq!(actions, ["vault.export", "kyc.show", "kyc.decide"], "{audit}");
    assert!(deeds.iter().all(|words| words[1] == "Eva") && deeds[1][3] == id && deeds[2][3] == id, "{audit}");
    assert!(audit.contains("Approve") && audit.contains("Shop"), "{audit}");
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_ids_are_told_plainly() {
    let bank = Bank::open().await;
    bank.client.create_user("anna").await;
    let nobody = Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000).to_string();
    for arguments in [&["kyc", "show", &nobody][..], &["kyc", "decide", &nobody, "approve", "--shown", "0"]] {
        is_refused(&bank.eva(arguments), &["there is no such review"]);
    }
    let folder = bank.server.home().join(fresh_word());
    let to = folder.to_str().expect("a path in UTF-8");
    let of_nobody = ["--partner", &nobody, "--user", "anna"];
    for arguments in [&["vault", "export", "--to", to][..], &["kyc", "require-poa"]] {
        is_refused(&bank.on_user(arguments, "nobody"), &["no such user"]);
        is_refused(&bank.eva(&[arguments, &of_nobody].concat()), &["no such partner"]);
        assert!(!folder.exists(), "a folder was made for nothing");
    }
    for arguments in [&["kyc", "show", "nonsense"][..], &["kyc", "decide", &nobody, "approve"]] {
        assert_eq!(bank.eva(arguments).code, Some(2), "{arguments:?}");
    }
    let anonymous = bank.server.command(&["kyc", "show", &nobody]);
    assert!(anonymous.code == Some(2) && anonymous.stderr.contains("--operator"), "{anonymous:?}");
    assert!(!says(&bank.server.command(&["audit"])).contains("  Eva  "), "nothing was done");
    bank.close().await;
}
