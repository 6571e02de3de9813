//! The bank over files.

mod adopting;
mod arriving;
mod bank;
mod leaving;
mod operating;
mod recalling;
mod reconciling;
mod workload;

use super::*;
use crate::support::Setup;
use bank::{Bank, entry, from, ours};
use florin_api::kit::settings::{Sepa, Settings};
use florin_api::sepa::SepaOperator;
use florin_rails::sepa::files::iso20022::{ReportKind, TransactionStatus};
use florin_rails::sepa::files::{BookKind, CutOffs, FileRail, Folder};
use florin_types::{Bic, Iban, IbanSeries};

/// Our account at the bank.
const ACCOUNT: &str = "DE02120300000000202051";

/// Settings under which payments go in files of a folder.
pub fn over_files(root: &std::path::Path) -> Settings {
    let rail = FileRail {
        folder: Folder::at(root),
        cut_offs: CutOffs::parse(&["08:00", "12:00", "15:00"]).expect("cut-offs"),
        account: Iban::parse(ACCOUNT).expect("an IBAN"),
        bic: Bic::parse("BYLADEM1001").expect("a BIC"),
        holder: "Florin Payments GmbH".to_owned(),
        book_from: BookKind::Notification,
        own_funds: 0,
    };
    let sepa = Sepa::over_files(IbanSeries::of_no_bank(), "Main Street 1, Berlin".to_owned(), rail, None);
    Settings { sepa, ..Settings::sandbox() }
}

/// A platform whose bank takes files, with Anna.
async fn with_files() -> (TestApp, Client, Bank) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let settings = over_files(folder.path());
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let a = with_anna(&app).await;
    let bank = Bank::new(&app, folder);
    (app, a, bank)
}

/// Payments out and in over files, in a platform that has used another bank before: for the test of statements.
pub async fn every_statement(app: &mut TestApp) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let settings = over_files(folder.path());
    app.reopen(Setup { settings, ..Setup::default() }).await;
    let (a, mut bank) = (app.a(), Bank::new(app, folder));
    a.verified_user("fay").await;
    a.fund(None, "100", "eur").await;
    let to_fay = iban_of(&a, Some("fay")).await;
    let reference = a.get("/v1/sepa-deposit/info/fay").await.expect(200)["title"].clone();
    let id = id_of(&outgoing(&a, None, "10", SETTLES).send().await);
    let broken = id_of(&outgoing(&a, None, "5", SETTLES).send().await).parse::<Uuid>().expect("an id");
    bank.step().await;
    app.clock.advance(std::time::Duration::from_secs(7 * 86_400));
    bank.step_without("staging").await;
    let row = crate::seals::literal(broken.as_bytes());
    let change = |by: i64| format!("UPDATE sepa_transfer SET amount = amount + {by} WHERE id = {row}");
    app.database().tamper(&change(1)).await;
    bank.step().await;
    crate::support::expect_errors(&["a payment cannot be read"]);
    app.database().tamper(&change(-1)).await;
    let files = bank.take();
    bank.answer_file(&files[0], Some(TransactionStatus::SettledForDebtor), Vec::new());
    bank.book(
        ReportKind::Notification,
        &[
            entry("A", -1_000, ours(1_000, &id)),
            entry("B", 100, from("Ada Lovelace", OUTSIDE, &to_fay, 100, "")),
            entry(
                "C",
                100,
                from("Ada Lovelace", OUTSIDE, ACCOUNT, 100, reference.as_str().expect("a title")),
            ),
        ],
    );
    bank.read().await;
    recalling::every_statement(&a, &mut bank, &id).await;
    bank.book(ReportKind::Statement, &[entry("A", -1_000, ours(1_000, &id))]);
    bank.read().await;
    florin_api::sepa::reconcile(&app.app, None).await.expect("a comparison").expect("a statement");
    let unclear = [entry("NONREF", 100, from("Ada Lovelace", OUTSIDE, &to_fay, 100, ""))];
    bank.book(ReportKind::Notification, &unclear);
    bank.book(ReportKind::Notification, &unclear);
    bank.read().await;
    crate::support::expect_errors(&["perhaps a repetition"]);
    let operator = SepaOperator { app: &app.app, name: florin_types::Text::parse("olga").expect("a name") };
    let refused = operator.refused().await.expect("a list");
    operator.book(&refused[0].1.id.to_string(), None).await.expect("it is booked").expect("a message");
    operator.files().await.expect("a list");
    assert_eq!(operator.left_out().await.expect("a list"), [(1, broken)]);
    let sent = std::fs::read_to_string(bank.path("sent").join("florin-pain001-000001.xml")).expect("a copy");
    let unknown = bank.path("unknown.xml");
    std::fs::write(&unknown, sent.replace("-000001<", "-000002<")).expect("a file");
    operator.adopt(&unknown).await.expect("it is adopted");
    bank.end().await;
}
