//! What a user sent goes when the user does: in a sandbox at once, in live after the retention time.

use super::{passport, send_passport, submit};
use crate::support::{Setup, TestApp};
use florin_api::kit::settings::Settings;
use http::Method;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn files_go_with_the_user() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    let mut data = passport("anna");
    data["documentNumber"] = "REJECT-OTHER".into();
    submit(&a, &data).await.expect(201);
    a.settle().await;
    assert_eq!(app.vault_files().len(), 2);
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    assert_eq!(app.vault_files().len(), 0);
    assert_eq!(a.get("/v1/kyc/status/anna").await.code(), "P412");
    app.finish().await;
}

#[tokio::test]
async fn files_stay_for_the_retention_time() {
    let retention = Duration::from_secs(5 * 366 * 86_400);
    let settings = Settings { retention, ..Settings::sandbox() };
    let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    a.delete("/v1/user/anna").await.expect(200);
    let almost = retention.as_secs() - 60;
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": almost})).send().await.expect(200);
    assert_eq!(app.vault_files().len(), 2);
    a.post("/v1/sandbox/clock/advance", &json!({"seconds": 120})).send().await.expect(200);
    assert_eq!(app.vault_files().len(), 0);
    app.finish().await;
}

/// Nobody can reach the files of a book that was replaced: the sweep takes them.
#[tokio::test]
async fn a_reset_leaves_its_files_to_the_sweep() {
    let app = TestApp::start().await;
    let (a, b) = (app.a(), app.b());
    for client in [&a, &b] {
        client.create_user("anna").await;
        send_passport(client, "anna").await;
    }
    a.call(Method::POST, "/v1/sandbox/reset").send().await.expect(200);
    let hour = Duration::from_secs(3_600);
    let swept = florin_api::kyc::sweep(&app.app, hour).await.expect("a sweep");
    assert_eq!((swept.objects, swept.removed), (4, 0), "what is young may belong to an upload");
    app.clock.advance(hour);
    florin_api::kyc::renew(&app.app).await.expect("the epoch is raised");
    let swept = florin_api::kyc::sweep(&app.app, hour).await.expect("a sweep");
    assert_eq!((swept.objects, swept.removed), (4, 2));
    assert_eq!(app.vault_files().len(), 2);
    b.settle().await;
    app.finish().await;
}
