//! What is held is held for an object: `verify` follows it through the journal, object by object.

#[expect(dead_code, reason = "what the other tests use")]
mod store;

use florin_ledger::{AccountKey, AccountKind, Capture, Posting, RecordKind, Rest};
use florin_store::{Report, Store, StoreError, Touch, Tx};
use florin_types::CurrencyCode;
use store::{TestStore, done, outcome};
use uuid::Uuid;

const EUR: CurrencyCode = CurrencyCode::new("eur");

fn object(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Posts for an object what the words make of the partner's account, and where its payments go.
async fn post(
    store: &TestStore,
    number: u128,
    words: impl Fn(&Tx, AccountKey, AccountKey) -> Posting + Send + 'static,
) {
    let kinds = [AccountKind::SandboxFunding, AccountKind::CardSettlement];
    let mut touches: Vec<Touch> = kinds.iter().map(|kind| Touch::SystemAccount(EUR, *kind)).collect();
    let account = AccountKey::main(store.book.partner(), EUR);
    touches.extend([Touch::PartnerAccount(EUR), Touch::Account(AccountKey::receivable(account.holder, EUR))]);
    let command = async move |tx: &mut Tx| {
        let posting = words(tx, account, AccountKey::system(tx.book(), EUR, AccountKind::CardSettlement));
        tx.post(RecordKind(1), object(number), &posting, Vec::new()).map_err(StoreError::unexpected)?;
        done("posted")
    };
    assert_eq!(store.run(touches, command).await, outcome("posted"));
}

async fn fund(store: &TestStore, amount: i64) {
    post(store, 1, move |tx, account, _| {
        Posting::between(AccountKey::system(tx.book(), EUR, AccountKind::SandboxFunding), account, amount)
    })
    .await;
}

async fn capture(store: &TestStore, number: u128, held: i64, amount: i64, rest: Rest) {
    post(store, number, move |tx, account, to| {
        let account = tx.account(account).expect("touched");
        Posting::new().capture(Capture { account, held, amount, to, rest })
    })
    .await;
}

async fn verified(store: &TestStore) -> Report {
    Store::verify_at(&store.place, &store::MASTER_KEY, &[]).await.expect("the books can be read")
}

#[tokio::test]
async fn holds_that_are_captured_in_parts_and_released_are_right() {
    let store = TestStore::open().await;
    fund(&store, 100).await;
    for number in [2, 3, 4] {
        post(&store, number, |_, account, _| Posting::new().hold(account, 30)).await;
    }
    assert!(verified(&store).await.is_clean(), "open holds");
    capture(&store, 2, 30, 10, Rest::Held).await;
    capture(&store, 3, 30, 5, Rest::Released).await;
    post(&store, 4, |_, account, _| Posting::new().release(account, 12)).await;
    // More than the 18 that are left of it, and than the account has beside what is held for the second.
    capture(&store, 4, 18, 200, Rest::Released).await;
    capture(&store, 2, 20, 20, Rest::Held).await;
    let report = verified(&store).await;
    assert!(report.is_clean() && report.records == 9, "{report:?}");
    store.finish().await;
}

/// The sums of the accounts are right, and still one object has released what another holds.
#[tokio::test]
async fn a_hold_that_is_released_for_another_object_is_found() {
    let store = TestStore::open().await;
    fund(&store, 100).await;
    post(&store, 2, |_, account, _| Posting::new().hold(account, 30)).await;
    post(&store, 3, |_, account, _| Posting::new().release(account, 30)).await;
    let report = verified(&store).await;
    let object = object(3);
    assert_eq!(report.faults, 1, "{report:?}");
    assert!(report.findings[0].contains("record 1/3 releases 30 more"), "{report:?}");
    assert!(report.findings[0].contains(&format!("held for object {object}")), "{report:?}");
    store.give_up().await;
}

/// An account's row that says more is held than the journal does.
#[tokio::test]
async fn a_changed_row_is_found() {
    let store = TestStore::open().await;
    fund(&store, 100).await;
    post(&store, 2, |_, account, _| Posting::new().hold(account, 30)).await;
    let mut administration = store.store.administer().await.expect("a transaction");
    administration.execute("UPDATE account SET held = 31 WHERE held = 30", &[]).await.expect("changed");
    administration.commit().await.expect("a commit");
    assert_eq!(verified(&store).await.faults, 1);
    store.give_up().await;
}
