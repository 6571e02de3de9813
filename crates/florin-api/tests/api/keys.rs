//! Keys: they end, they are revoked by id, their last use is known, and what waits with one ends with it.

use crate::support::{Client, TestApp};
use florin_api::kit::book::api_keys::ApiKey;
use florin_api::kit::book::audit;
use florin_api::kit::book::housekeeping::{note_first_uses, note_uses};
use florin_api::kit::book::registry::{NewKey, Registry, Revoked};
use florin_store::StoreError;
use std::time::Duration;
use uuid::Uuid;

/// How long a test waits for what should come within a second, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

async fn keys(app: &TestApp, partner: usize) -> Vec<ApiKey> {
    let partner = app.partners[partner];
    let read = async |registry: &mut Registry<'_>| registry.keys(Some(partner)).await;
    app.administer(read).await.into_iter().collect::<Result<_, StoreError>>().expect("keys")
}

async fn revoke(app: &TestApp, which: Revoked<'_>) -> Vec<Uuid> {
    app.administer(async |registry| registry.revoke_keys(which).await).await
}

async fn works(client: &Client) -> bool {
    let answer = client.get("/v1/partner/balances").await;
    assert!(answer.status == 200 || answer.code() == "P401", "{}", answer.text());
    answer.status == 200
}

#[tokio::test]
async fn a_key_ends_when_it_was_said_to() {
    let app = TestApp::start().await;
    let end = app.app.wall().saturating_add(Duration::from_secs(60));
    let issued = app.issue(0, NewKey { expires_at: Some(end), ..NewKey::default() }).await;
    let client = app.a().with_key(Some(&issued.api_key));
    app.clock.advance(Duration::from_millis(59_900));
    assert!(works(&client).await);
    // The key is remembered, but not beyond its end.
    app.clock.advance(Duration::from_millis(100));
    assert!(!works(&client).await);
    let known = app.administer(async |registry| registry.knows_key(&issued.api_key).await).await;
    assert!(!known && works(&app.a()).await);
    app.finish().await;
}

#[tokio::test]
async fn keys_are_revoked_by_id_and_all_of_a_partner() {
    let app = TestApp::start().await;
    let issued = [app.issue_key(0, &[]).await, app.issue_key(0, &[]).await, app.issue_key(1, &[]).await];
    let clients = issued.each_ref().map(|issued| app.a().with_key(Some(&issued.api_key)));
    assert_eq!(revoke(&app, Revoked::Id(issued[0].id)).await, [issued[0].id]);
    assert!(revoke(&app, Revoked::Id(issued[0].id)).await.is_empty(), "it was revoked before");
    assert!(revoke(&app, Revoked::Id(Uuid::nil())).await.is_empty());
    app.clock.advance(Duration::from_secs(1));
    assert!(!works(&clients[0]).await && works(&clients[1]).await);
    assert_eq!(revoke(&app, Revoked::AllOf(app.partners[0])).await.len(), 2);
    app.clock.advance(Duration::from_secs(1));
    assert!(!works(&clients[1]).await && !works(&app.a()).await && works(&clients[2]).await);
    assert!(keys(&app, 0).await.iter().all(|key| key.revoked_at.is_some()));
    // The end of a test looks at the books with the partner's own key.
    let book = florin_api::kit::book::registry::book_of(&app.app.store, app.partners[0]).await;
    let mut snapshot = app.app.store.snapshot(book.expect("a read").expect("a book")).await.expect("a book");
    let entries = audit::list(&mut snapshot, Uuid::nil()).await.expect("the audit");
    let deeds: Vec<_> = entries.iter().map(|(_, entry)| entry.action.as_str()).collect();
    assert_eq!(deeds.iter().filter(|deed| **deed == "key.revoke").count(), 3, "{deeds:?}");
    assert_eq!(deeds.iter().filter(|deed| **deed == "key.create").count(), 3, "{deeds:?}");
    assert_eq!(deeds.iter().filter(|deed| **deed == "partner.create").count(), 1, "{deeds:?}");
    assert!(entries.iter().all(|(_, entry)| entry.operator == "olga"));
    drop(snapshot);
    let new = app.issue_key(0, &[]).await.api_key;
    app.finish_with_key(&new).await;
}

#[tokio::test]
async fn the_last_use_is_noted_off_the_way_of_a_request() {
    let app = TestApp::start().await;
    assert_eq!(keys(&app, 0).await[0].used_at, None);
    let first = app.app.wall();
    assert!(works(&app.a()).await);
    assert_eq!(keys(&app, 0).await[0].used_at, None, "no request writes it");
    // The first use is noted before the others.
    note_first_uses(&app.app).await;
    assert_eq!(keys(&app, 0).await[0].used_at, Some(first));
    app.clock.advance(Duration::from_secs(600));
    note_uses(&app.app).await;
    assert_eq!(keys(&app, 0).await[0].used_at, Some(first), "it was not used since");
    assert!(!works(&app.a().with_key(Some("florin_sandbox_x"))).await);
    assert!(works(&app.a()).await);
    note_first_uses(&app.app).await;
    assert_eq!(keys(&app, 0).await[0].used_at, Some(first));
    note_uses(&app.app).await;
    assert_eq!(keys(&app, 0).await[0].used_at, Some(first.saturating_add(Duration::from_secs(600))));
    app.finish().await;
}

#[tokio::test]
async fn what_waits_ends_with_its_key() {
    let app = TestApp::start().await;
    let after = app.a().events().await.len();
    for path in [format!("/v1/events?after={after}&wait=30"), "/v1/sandbox/inbox?wait=30".to_owned()] {
        for is_revoked in [true, false] {
            let expires_at = Some(app.app.wall().saturating_add(Duration::from_secs(60)));
            let issued = app.issue(0, NewKey { expires_at, ..NewKey::default() }).await;
            let client = app.a().with_key(Some(&issued.api_key));
            let waiting = async { client.get(&path).await };
            let ending = async {
                tokio::task::yield_now().await;
                if is_revoked {
                    revoke(&app, Revoked::Id(issued.id)).await;
                } else {
                    app.clock.advance(Duration::from_secs(60));
                }
            };
            let ended = async { tokio::join!(waiting, ending).0 };
            let answer = tokio::time::timeout(PATIENCE, ended).await.expect("it does not wait on");
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (401, "P401"),
                "{path} {is_revoked}: {}",
                answer.text()
            );
        }
    }
    app.finish().await;
}
