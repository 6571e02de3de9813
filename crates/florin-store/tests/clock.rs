//! A system clock that jumps: no key expires by it, and nothing is dated by it.

#[expect(dead_code, reason = "what the other tests use")]
mod store;

use florin_ledger::{AccountKey, AccountKind, Posting, RecordKind};
use florin_store::{Keyed, Outcome, StoreError, Touch, Tx};
use florin_types::{Clock, CurrencyCode, GuardedClock, Known, MAX_STEP, ManualClock, OWN_TIME, Reading};
use std::sync::Arc;
use std::time::Duration;
use store::{START, TestStore, done, outcome};
use uuid::Uuid;

const EUR: CurrencyCode = CurrencyCode::new("eur");

const DAY: Duration = Duration::from_secs(86_400);

/// A payment with an idempotency key, as a client repeats it.
async fn pay(store: &TestStore) -> Result<Outcome, StoreError> {
    let key = Keyed { key: "once".to_owned(), fields: Vec::new() };
    let touches = vec![Touch::PartnerAccount(EUR), Touch::SystemAccount(EUR, AccountKind::SandboxFunding)];
    let command = async |tx: &mut Tx| {
        let source = AccountKey::system(tx.book(), EUR, AccountKind::SandboxFunding);
        let posting = Posting::between(source, AccountKey::main(tx.book().partner(), EUR), 1);
        tx.post(RecordKind(1), Uuid::nil(), &posting, Vec::new()).map_err(StoreError::unexpected)?;
        done("paid")
    };
    store.store.door().run(store.book, Some(key), touches, command).await
}

fn is_replayed(outcome: &Result<Outcome, StoreError>) -> bool {
    matches!(outcome, Ok(Outcome::Replayed(_)))
}

/// The finding: forty days ahead for a moment, and the same key paid a second time.
#[tokio::test]
async fn a_glitch_pays_nothing_twice() {
    let (wall, counting) = (Arc::new(ManualClock::new(START)), Arc::new(ManualClock::new(START)));
    let clocks = (Arc::clone(&wall), Arc::clone(&counting));
    let source = move || {
        let monotonic = Duration::from_micros(clocks.1.now().micros().unsigned_abs());
        Reading { wall: clocks.0.now(), monotonic }
    };
    let clock = Arc::new(GuardedClock::new(source, None));
    let store = TestStore::open_by(Arc::clone(&wall), clock.clone()).await;
    assert_eq!(pay(&store).await, outcome("paid"));
    for glitch in [40 * DAY, 3_650 * DAY] {
        wall.set(START.saturating_add(glitch));
        assert!(is_replayed(&pay(&store).await), "{glitch:?}");
        store.run(Vec::new(), async |_: &mut Tx| done("written")).await.expect("it is written");
        wall.set(START);
        assert!(is_replayed(&pay(&store).await), "{glitch:?}");
    }
    assert_eq!(store.balance(EUR).await, 1);
    assert_eq!(store.store.newest_time().await, Ok(Some(START)), "nothing is dated in the future");

    // A clock that stays wrong needs an operator.
    wall.set(START.saturating_add(40 * DAY));
    assert!(is_replayed(&pay(&store).await));
    counting.advance(OWN_TIME);
    let refused = pay(&store).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("nothing is written")),
        "{refused:?}"
    );
    clock.restart(Some(Known { newest: wall.now(), bound: MAX_STEP, trusts_behind: false }));
    assert_eq!(pay(&store).await, outcome("paid"), "forty days have passed");
    store.finish().await;
}
