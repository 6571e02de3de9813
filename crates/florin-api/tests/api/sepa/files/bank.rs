//! A bank that empties the outbox and fills the inbox.

use super::ACCOUNT;
use crate::support::TestApp;
use florin_api::sepa::FileWork;
use florin_rails::sepa::files::iso20022::*;
use florin_types::{Date, Iban, Text, Timestamp};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

pub struct Bank {
    folder: TempDir,
    work: FileWork,
    sent: usize,
}

/// A booking of the bank's that is about a payment of ours, or money to us.
pub fn entry(reference: &str, signed: i64, transaction: Transaction) -> Entry {
    let is_credit = signed > 0;
    Entry {
        cents: signed.abs(),
        is_credit,
        is_reversal: false,
        status: EntryStatus::Booked,
        booked: Date::parse("2026-11-23").ok().map(|day| (day, None)),
        value_date: None,
        account_servicer_reference: Some(reference.to_owned()),
        code: TransactionCode::iso("PMNT", if is_credit { "RCDT" } else { "ICDT" }, "ESCT"),
        transactions: vec![transaction],
    }
}

/// Of a payment of ours.
pub fn ours(cents: i64, id: &str) -> Transaction {
    let id: Uuid = id.parse().expect("an id");
    Transaction { end_to_end_id: Some(id.simple().to_string()), ..Transaction::new(cents) }
}

/// Money from somebody to an account of ours.
pub fn from(name: &str, iban: &str, to: &str, cents: i64, title: &str) -> Transaction {
    let party = |name: &str, iban: &str| Party {
        name: Text::parse(name).ok(),
        account: Iban::parse(iban).ok().map(AccountNumber::Iban),
        bic: None,
    };
    Transaction {
        debtor: party(name, iban),
        creditor: party("", to),
        remittance: Text::parse(title).ok(),
        ..Transaction::new(cents)
    }
}

impl Bank {
    pub fn new(app: &TestApp, folder: TempDir) -> Self {
        Self { folder, work: FileWork::of(&app.app).expect("payments go in files"), sent: 0 }
    }

    /// The platform was opened anew, after the end of the process before.
    pub async fn restart(&mut self, app: &TestApp) {
        self.work = FileWork::of(&app.app).expect("payments go in files");
        self.work.free().await.expect("the database answers");
    }

    /// The platform was opened anew beside a process that may live.
    pub fn start(&mut self, app: &TestApp) {
        self.work = FileWork::of(&app.app).expect("payments go in files");
    }

    /// The platform stops.
    pub async fn end(self) {
        self.work.free().await.expect("the database answers");
        self.work.end().await;
    }

    pub fn path(&self, of: &str) -> PathBuf {
        self.folder.path().join(of)
    }

    /// The names of files, in order.
    pub fn names(&self, of: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(of)).expect("a folder");
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry.expect("an entry").file_name().into_string().expect("a name")
        };
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
    }

    /// One round of the platform's work.
    pub async fn step(&mut self) {
        self.work.step().await.expect("the work goes on");
    }

    /// One round that may fail.
    pub async fn try_step(&mut self) -> Result<(), florin_store::StoreError> {
        self.work.step().await
    }

    /// One round in which a folder cannot be used: what the work ends with.
    pub async fn step_without(&mut self, of: &str) -> String {
        let away = self.path("away");
        fs::rename(self.path(of), &away).expect("it is moved");
        let error = self.work.step().await.expect_err("the work stands still").to_string();
        fs::rename(away, self.path(of)).expect("it is moved back");
        error
    }

    /// The same, whether the round needs the folder or not.
    pub async fn round_without(&mut self, of: &str) {
        let away = self.path("away");
        fs::rename(self.path(of), &away).expect("it is moved");
        let _ = self.work.step().await;
        // A process that has just begun makes the folders that are not there.
        fs::create_dir_all(self.path(of)).expect("a folder");
        for entry in fs::read_dir(&away).expect("a folder") {
            let entry = entry.expect("an entry");
            fs::rename(entry.path(), self.path(of).join(entry.file_name())).expect("it is moved back");
        }
        fs::remove_dir(away).expect("it is empty");
    }

    /// Lets the platform read what has come.
    pub async fn read(&mut self) {
        // A file is read when a second look finds it as it was.
        self.step().await;
        self.step().await;
        for of in ["inbox", "reading"] {
            assert_eq!(self.names(of), Vec::<String>::new());
        }
    }

    /// The files of payments in the outbox, which the bank takes.
    pub fn take(&self) -> Vec<CreditTransferFile> {
        let payments = |document| match document {
            Document::CreditTransfer(file) => file,
            other => panic!("{other:?}"),
        };
        self.take_some("florin-pain001-").into_iter().map(payments).collect()
    }

    /// The requests for payments in the outbox, which the bank takes.
    pub fn take_requests(&self) -> Vec<RecallRequest> {
        let request = |document| match document {
            Document::RecallRequest(request) => request,
            other => panic!("{other:?}"),
        };
        self.take_some("florin-camt056-").into_iter().map(request).collect()
    }

    /// The answers to recalls in the outbox, which the bank takes.
    pub fn take_answers(&self) -> Vec<RecallAnswer> {
        let answer = |document| match document {
            Document::RecallAnswer(answer) => answer,
            other => panic!("{other:?}"),
        };
        self.take_some("florin-camt029-").into_iter().map(answer).collect()
    }

    fn take_some(&self, prefix: &str) -> Vec<Document> {
        let names = self.names("outbox").into_iter().filter(|name| name.starts_with(prefix));
        let take = |name: String| {
            let path = self.path("outbox").join(name);
            let bytes = fs::read(&path).expect("a file");
            fs::remove_file(path).expect("it is taken");
            read(&bytes, Limits::default()).expect("a message")
        };
        names.map(take).collect()
    }

    /// Puts a file into the inbox.
    pub fn put(&mut self, bytes: &[u8]) -> String {
        self.sent += 1;
        let name = format!("{:04}.xml", self.sent);
        fs::write(self.path("inbox").join(&name), bytes).expect("a file");
        name
    }

    /// Tells what was booked: by a notification, or by the statement of the day.
    pub fn book(&mut self, kind: ReportKind, entries: &[Entry]) {
        let bytes = report(kind, ACCOUNT, &format!("R-{}", self.sent), entries);
        self.put(&bytes);
    }

    /// The bytes of a report about payments of a file.
    pub fn status_of(
        &self,
        report: &str,
        file: &str,
        payments: &[(&str, TransactionStatus, Option<&str>)],
    ) -> Vec<u8> {
        let report = StatusReport {
            message_id: report.to_owned(),
            created_at: Timestamp::from_micros(1_795_435_200_000_000),
            original_message_id: file.to_owned(),
            original_message_name: "pain.001.001.09".to_owned(),
            status: None,
            reason: None,
            groups: vec![group_of(file, payments)],
        };
        report.to_xml().expect("a file")
    }

    /// Tells what became of payments of a file.
    pub fn answer(
        &mut self,
        file: &CreditTransferFile,
        payments: &[(&str, TransactionStatus, Option<&str>)],
    ) {
        let group = group_of(&file.message_id, payments);
        self.answer_file(file, None, vec![group]);
    }

    /// Refuses a whole file.
    pub fn refuse_file(&mut self, file: &CreditTransferFile, reason: &str) {
        self.report_file(
            file,
            Some(TransactionStatus::Rejected),
            Some(StatusReason::code(reason)),
            Vec::new(),
        );
    }

    /// Tells what became of a whole file.
    pub fn answer_file(
        &mut self,
        file: &CreditTransferFile,
        status: Option<TransactionStatus>,
        groups: Vec<GroupStatus>,
    ) {
        self.report_file(file, status, None, groups);
    }

    fn report_file(
        &mut self,
        file: &CreditTransferFile,
        status: Option<TransactionStatus>,
        reason: Option<StatusReason>,
        groups: Vec<GroupStatus>,
    ) {
        let report = StatusReport {
            message_id: format!("S-{}", self.sent),
            created_at: Timestamp::from_micros(1_795_435_200_000_000),
            original_message_id: file.message_id.clone(),
            original_message_name: "pain.001.001.09".to_owned(),
            status,
            reason,
            groups,
        };
        self.put(&report.to_xml().expect("a file"));
    }
}

fn group_of(file: &str, payments: &[(&str, TransactionStatus, Option<&str>)]) -> GroupStatus {
    let payments = payments.iter().map(|(id, status, reason)| PaymentStatus {
        original_instruction_id: None,
        original_end_to_end_id: ours(1, id).end_to_end_id,
        status: Some(status.clone()),
        reason: reason.map(StatusReason::code),
        accepted_at: None,
        account_servicer_reference: None,
    });
    GroupStatus { original_id: file.to_owned(), status: None, reason: None, payments: payments.collect() }
}

/// The bytes of a report about an account.
pub fn report(kind: ReportKind, account: &str, id: &str, entries: &[Entry]) -> Vec<u8> {
    let total = entries.iter().map(Entry::signed_cents).fold(0, i64::saturating_add);
    let balance = |cents| Date::parse("2026-11-23").ok().map(|date| Balance { cents, date });
    let is_statement = kind == ReportKind::Statement;
    let account = AccountReport {
        id: id.to_owned(),
        sequence: Some(1),
        legal_sequence: None,
        page: None,
        is_duplicate: false,
        period: None,
        iban: Iban::parse(account).expect("an IBAN"),
        bic: None,
        opening: balance(0).filter(|_| is_statement),
        closing: balance(total).filter(|_| is_statement),
        entries: entries.to_vec(),
    };
    let created_at =
        Timestamp::from_micros(1_795_435_200_000_000).saturating_add(Duration::from_secs(6 * 3_600));
    let report = BankReport { kind, message_id: id.to_owned(), created_at, accounts: vec![account] };
    report.to_xml().expect("a file")
}

/// Whether a file is valid by the official schema of a message. None: the schema or xmllint is not here. The tests of
/// the messages say where schemas are looked for.
pub fn is_valid(message: &str, file: &std::path::Path) -> Option<Result<(), String>> {
    let mut lint = std::process::Command::new("xmllint");
    let lint = lint.args(["--nonet", "--noout", "--schema"]).arg(schema(message)?).arg(file);
    let output = lint.output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { Ok(()) } else { Err(said) })
}

fn schema(message: &str) -> Option<PathBuf> {
    let checkout = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = [
        std::env::var_os("FLORIN_ISO20022_XSD").map(PathBuf::from),
        Some(checkout.join("../shared/iso20022")),
        std::env::var_os("FLORIN_TEST_SEPAXML").map(|folder| PathBuf::from(folder).join("sepaxml/schemas")),
    ];
    let schemas = folders.into_iter().flatten().map(|folder| folder.join(format!("{message}.xsd")));
    schemas.into_iter().find(|schema| schema.is_file())
}
