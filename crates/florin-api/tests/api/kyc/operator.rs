//! An operator's work: what waits, what was sent, decisions, exports, and the audit of all of it.

use super::{passport, photo, send_passport, status, submit, upload};
use crate::support::{Setup, TestApp};
use florin_api::kit::book::audit::Entry;
use florin_api::kit::settings::Settings;
use florin_api::kyc::{Decision, Operator, PoaStatus, RejectionReason, ReviewOf};
use florin_api::users::Deletion;
use florin_document::Kind;
use florin_document::samples::{PLANTED, with_location};
use florin_types::Text;
use http::Method;
use serde_json::json;

fn olga(app: &TestApp) -> Operator<'_> {
    Operator { app: &app.app, name: Text::parse("olga").expect("a name") }
}

/// What the audit has but for the partners and keys that every test begins with.
async fn deeds(app: &TestApp) -> Vec<Entry> {
    let all = olga(app).audit().await.expect("a list").into_iter().map(|(_, entry)| entry);
    all.filter(|entry| !["partner.create", "key.create"].contains(&entry.action.as_str())).collect()
}

/// The version that an operator is shown.
async fn version(app: &TestApp, review: uuid::Uuid) -> String {
    olga(app).show(review).await.expect("it is shown").expect("there is one").version
}

/// Live has no reviewer of its own.
async fn live() -> TestApp {
    TestApp::with(Setup { settings: Settings::live(), ..Setup::default() }).await
}

/// A document's files come in any order, and within one millisecond.
#[tokio::test]
async fn files_are_shown_front_back_and_selfie() {
    let app = live().await;
    let a = app.a();
    for (user, parts) in [
        ("anna", ["selfie", "back_id", "front_id"]),
        ("bert", ["back_id", "front_id", "selfie"]),
        ("cleo", ["front_id", "selfie", "back_id"]),
    ] {
        a.create_user(user).await;
        for part in parts {
            upload(&a, user, &[photo(part)]).send().await.expect(201);
        }
        let mut card = passport(user);
        card["documentType"] = json!("ID_CARD");
        submit(&a, &card).await.expect(201);
    }
    a.settle().await;
    for review in olga(&app).reviews().await.expect("a list") {
        let shown = olga(&app).show(review.id).await.expect("it is shown").expect("there is one");
        let parts: Vec<_> = shown.files.iter().map(|file| file.part.as_str()).collect();
        assert_eq!(parts, ["front_id", "back_id", "selfie"], "{}", shown.user);
    }
    app.finish().await;
}

#[tokio::test]
async fn in_live_a_person_decides() {
    let app = live().await;
    let a = app.a();
    for user in ["anna", "bert"] {
        a.create_user(user).await;
        send_passport(&a, user).await;
        submit(&a, &passport(user)).await.expect(201);
    }
    a.settle().await;
    assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "VERIFICATION", ""]);
    let open = olga(&app).reviews().await.expect("a list");
    let users: Vec<_> = open.iter().map(|review| (review.user.as_str(), review.of)).collect();
    assert_eq!(users, [("anna", ReviewOf::Identity), ("bert", ReviewOf::Identity)]);
    let shown = olga(&app).show(open[0].id).await.expect("it is shown").expect("there is one");
    assert_eq!((shown.user.as_str(), shown.files.len()), ("anna", 2));
    let said = shown.said().expect("JSON");
    assert_eq!(said["document"]["number"], "L898902C3");
    assert_eq!(said.get("verificationId"), None);
    let second = version(&app, open[1].id).await;
    olga(&app)
        .decide(open[0].id, &shown.version, Decision::Approve)
        .await
        .expect("decided")
        .expect("there is one");
    let reject = Decision::Reject(RejectionReason::FaceMismatch);
    olga(&app).decide(open[1].id, &second, reject).await.expect("decided");
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    assert_eq!(status(&a, "bert").await, ["NOT_VERIFIED", "REJECTED_BY_PROVIDER", "FACE_MISMATCH"]);
    assert!(olga(&app).decide(open[0].id, &shown.version, reject).await.is_err(), "it is decided");
    assert_eq!(olga(&app).reviews().await.expect("a list"), []);
    a.settle().await;
    assert_eq!(a.balances(Some("anna")).await["fiatBalances"][0]["status"], "ACTIVE");
    let deeds = deeds(&app).await;
    // At one moment of a clock that stands, in any order.
    let mut deeds: Vec<_> =
        deeds.iter().map(|deed| [&deed.operator, &deed.action, &deed.detail].map(String::as_str)).collect();
    deeds.sort_unstable();
    let decided = ["Approve of version ", "Reject(\"FACE_MISMATCH\") of version "];
    for (deed, detail) in deeds.iter().zip(decided) {
        assert_eq!(deed[..2], ["olga", "kyc.decide"]);
        assert!(deed[2].starts_with(detail), "{deed:?}");
    }
    assert_eq!(deeds[2..], [["olga", "kyc.show", ""], ["olga", "kyc.show", ""]]);
    app.finish().await;
}

#[tokio::test]
async fn proofs_of_address_are_asked_for_and_decided() {
    let app = live().await;
    let a = app.a();
    a.create_user("anna").await;
    let partner = app.partners[0];
    olga(&app).require_address(partner, "anna").await.expect("asked").expect("there is one");
    assert!(olga(&app).require_address(partner, "nobody").await.expect("looked").is_none());
    assert!(olga(&app).require_address(app.partners[1], "anna").await.expect("looked").is_none());
    let bill = florin_document::samples::valid(Kind::Pdf, 0, 0);
    let parts: &[(&str, &str, &str, &[u8])] = &[("files", "bill.pdf", "application/pdf", &bill)];
    a.call(Method::POST, "/v1/user/poa-files/anna").multipart(parts).send().await.expect(201);
    a.settle().await;
    let open = olga(&app).reviews().await.expect("a list");
    assert_eq!((open.len(), open[0].of), (1, ReviewOf::Address));
    let version = version(&app, open[0].id).await;
    olga(&app)
        .decide_address(open[0].id, &version, PoaStatus::Approved)
        .await
        .expect("decided")
        .expect("there is one");
    assert_eq!(a.balances(Some("anna")).await["poaRequired"], false);
    app.finish().await;
}

/// Approved is who was looked at: the identity cannot be exchanged under a review, and a decision is on what was shown.
#[tokio::test]
async fn an_identity_can_not_be_exchanged_under_review() {
    let app = live().await;
    let a = app.a();
    a.create_user("anna").await;
    send_passport(&a, "anna").await;
    submit(&a, &passport("anna")).await.expect(201);
    a.settle().await;
    let review = olga(&app).reviews().await.expect("a list")[0].id;
    let shown = version(&app, review).await;
    for change in [
        json!({"firstName": "Eve"}),
        json!({"lastName": "Eve"}),
        json!({"birthDate": "1980-01-01"}),
        json!({"citizenship": "PL"}),
    ] {
        a.patch("/v1/user/anna", &change).send().await.is_refused("P465");
    }
    assert_eq!(version(&app, review).await, shown, "nothing of a refused change is kept");
    a.patch("/v1/user/anna", &json!({"email": "new@example.com", "city": "Paris"})).send().await.expect(200);
    let late = olga(&app).decide(review, &shown, Decision::Approve).await;
    assert!(late.is_err(), "the profile has changed since it was shown");
    assert_eq!(status(&a, "anna").await, ["NOT_VERIFIED", "VERIFICATION", ""]);
    let now = version(&app, review).await;
    assert_ne!(now, shown);
    olga(&app).decide(review, &now, Decision::Approve).await.expect("decided").expect("there is one");
    assert_eq!(status(&a, "anna").await, ["VERIFIED", "SUCCESSFUL", ""]);
    let deeds = olga(&app).audit().await.expect("a list");
    let of = |action: &str| deeds.iter().map(|(_, deed)| deed).find(|deed| deed.action == action);
    let change = of("user.update").expect("the change is in the audit");
    assert_eq!((change.operator.as_str(), change.detail.as_str()), ("partner", "email city"));
    assert_eq!(of("kyc.decide").expect("a decision").detail, format!("Approve of version {now}"));
    app.finish().await;
}

#[tokio::test]
async fn an_address_can_not_be_exchanged_under_review() {
    let app = live().await;
    let a = app.a();
    a.create_user("anna").await;
    olga(&app).require_address(app.partners[0], "anna").await.expect("asked").expect("there is one");
    let bill = florin_document::samples::valid(Kind::Pdf, 0, 0);
    let parts: &[(&str, &str, &str, &[u8])] = &[("files", "bill.pdf", "application/pdf", &bill)];
    let send = async || a.call(Method::POST, "/v1/user/poa-files/anna").multipart(parts).send().await;
    send().await.expect(201);
    let review = olga(&app).reviews().await.expect("a list")[0].id;
    let shown = version(&app, review).await;
    for field in ["address", "street", "number", "city", "postCode", "country"] {
        let change = json!({ field: if field == "country" { "FR" } else { "Other" } });
        a.patch("/v1/user/anna", &change).send().await.is_refused("P465");
    }
    a.patch("/v1/user/anna", &json!({"firstName": "Eve"})).send().await.expect(200);
    assert!(olga(&app).decide_address(review, &shown, PoaStatus::Approved).await.is_err(), "changed since");
    let now = version(&app, review).await;
    olga(&app).decide_address(review, &now, PoaStatus::Questioned).await.expect("decided");
    a.patch("/v1/user/anna", &json!({"city": "Other"})).send().await.expect(200);
    send().await.expect(201);
    let open = olga(&app).reviews().await.expect("a list");
    assert!(olga(&app).decide_address(open[0].id, &now, PoaStatus::Approved).await.is_err(), "other files");
    app.finish().await;
}

/// What leaves the vault says nothing of where it was taken, and the audit knows who took it.
#[tokio::test]
async fn exports_are_written_down_and_tell_no_place() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    for (part, kind) in [("front_id", Kind::Jpeg), ("back_id", Kind::Png), ("selfie", Kind::Heic)] {
        upload(&a, "anna", &[(part.to_owned(), with_location(kind))]).send().await.expect(201);
    }
    a.settle().await;
    let mut exported = Vec::new();
    let take = |file: florin_api::kyc::Exported| {
        exported.push((file.file_name.clone(), file.bytes.to_vec()));
        Ok(())
    };
    let count = olga(&app).export(app.partners[0], "anna", take).await.expect("exported");
    assert_eq!((count, exported.len()), (Some(3), 3));
    for (name, bytes) in &exported {
        assert!(!bytes.windows(PLANTED.len()).any(|part| part == PLANTED.as_bytes()), "{name} tells");
    }
    assert!(olga(&app).export(app.partners[1], "anna", |_| Ok(())).await.expect("looked").is_none());
    let deeds = deeds(&app).await;
    assert_eq!(deeds.len(), 1);
    assert_eq!((deeds[0].action.as_str(), deeds[0].detail.split(' ').count()), ("vault.export", 3));
    let (read, bad) = olga(&app).check().await.expect("read back");
    assert_eq!((read, bad.len()), (3, 0));
    std::fs::remove_file(&app.vault_files()[0].0).expect("a file goes");
    let (read, bad) = olga(&app).check().await.expect("read back");
    assert_eq!((read, bad.len()), (3, 1));
    app.finish().await;
}

/// An operator who exports the files of a deleted user is told when they were or will be erased.
#[tokio::test]
async fn a_deletion_is_told_of() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    let deletion = async || olga(&app).deletion(app.partners[0], "anna").await.expect("looked");
    assert_eq!(deletion().await, None);
    assert_eq!(olga(&app).deletion(app.partners[1], "anna").await, Ok(None));
    a.delete("/v1/user/anna").await.expect(200);
    let deleted_at = app.app.wall();
    assert_eq!(deletion().await, Some(Deletion { deleted_at, erased_at: None }));
    app.clock.advance(app.app.settings.retention);
    a.run_jobs().await;
    assert_eq!(deletion().await, Some(Deletion { deleted_at, erased_at: Some(app.app.wall()) }));
    assert_eq!(olga(&app).export(app.partners[0], "anna", |_| Ok(())).await.expect("exported"), Some(0));
    app.finish().await;
}

/// Dimensions are those that a person sees.
#[tokio::test]
async fn photos_are_decoded_upright() {
    let app = TestApp::start().await;
    let a = app.a();
    a.create_user("anna").await;
    upload(&a, "anna", &[("front_id".to_owned(), with_location(Kind::Jpeg)), photo("selfie")])
        .send()
        .await
        .expect(201);
    let mut data = passport("anna");
    data["documentNumber"] = "HOLD".into();
    submit(&a, &data).await.expect(201);
    a.settle().await;
    let open = olga(&app).reviews().await.expect("a list");
    let shown = olga(&app).show(open[0].id).await.expect("shown").expect("there is one");
    let front = shown.files.iter().find(|file| file.part == "front_id").expect("the front");
    let size = front.size.expect("it was decoded");
    assert_eq!((size.width, size.height), (48, 64), "turned by its EXIF orientation");
    app.finish().await;
}
