//! What a command has touched it finds, each thing once and however it was named: by handle, by number, by key.

#[expect(dead_code, reason = "what the other tests use")]
mod store;

use florin_ledger::{Account, AccountKey, AccountKind, Capture, HolderId, Posting, RecordKind, Rest};
use florin_store::{Answer, NewBook, Stop, StoreError, Touch, Tx, params};
use florin_types::CurrencyCode;
use store::{TestStore, done, outcome};
use uuid::Uuid;

const EUR: CurrencyCode = CurrencyCode::new("eur");
const BTC: CurrencyCode = CurrencyCode::new("btc");

fn post(tx: &mut Tx, posting: &Posting) -> Result<(), Stop> {
    let posted = tx.post(RecordKind(1), Uuid::from_u128(5), posting, Vec::new());
    posted.map_err(|error| StoreError::unexpected(error).into())
}

/// A user with 10 minor units of EUR.
async fn user(store: &TestStore, handle: &'static str) -> HolderId {
    let funding = Touch::SystemAccount(EUR, AccountKind::SandboxFunding);
    let open = store.run(vec![Touch::User(handle.to_owned()), funding], async move |tx: &mut Tx| {
        assert_eq!(tx.holder(handle), None);
        let id = tx.open_holder(Uuid::from_u128(7), handle, 0, vec![1]);
        let main = AccountKey::main(id, EUR);
        tx.open_account(main);
        post(
            tx,
            &Posting::between(AccountKey::system(tx.book(), EUR, AccountKind::SandboxFunding), main, 10),
        )?;
        assert_eq!(tx.holder_by_id(id), tx.holder(handle));
        done("opened")
    });
    assert_eq!(open.await, outcome("opened"));
    let read = "SELECT id FROM holder WHERE handle = $1";
    store.store.look(read, &params![handle]).await.expect("a holder")[0].get(0).expect("a number")
}

#[tokio::test]
async fn a_holder_is_found_by_handle_and_by_number() {
    let store = TestStore::open().await;
    let ada = user(&store, "ada").await;
    let main = AccountKey::main(ada, EUR);
    let by: Vec<(Vec<Touch>, bool)> = vec![
        (vec![Touch::User("ada".to_owned())], false),
        (vec![Touch::UserAccount("ada".to_owned(), EUR)], true),
        (vec![Touch::Holder(ada)], false),
        (vec![Touch::HolderAccount(ada, EUR)], true),
        (vec![Touch::Holder(ada), Touch::Account(main), Touch::UserAccount("ada".to_owned(), EUR)], true),
    ];
    for (touches, with_account) in by {
        for loads in [false, true] {
            let (at_the_door, later) =
                if loads { (Vec::new(), touches.clone()) } else { (touches.clone(), Vec::new()) };
            let look = store.run(at_the_door, async move |tx: &mut Tx| {
                tx.load(&later).await?;
                assert_eq!(tx.holder_by_id(ada).map(|holder| holder.uuid), Some(Uuid::from_u128(7)));
                assert_eq!(tx.holder("ada"), tx.holder_by_id(ada));
                assert_eq!(tx.account(main).map(|account| account.balance), with_account.then_some(10));
                done("found")
            });
            assert_eq!(look.await, outcome("found"), "{touches:?}");
        }
    }
    store.finish().await;
}

#[tokio::test]
async fn what_is_not_there_or_of_another_book_is_missing() {
    let store = TestStore::open().await;
    let nobody = HolderId(store.book.position(99).0);
    let elsewhere = HolderId(florin_ledger::BookId(store.book.0 + 1).partner().0);
    let touches = vec![
        Touch::User("nobody".to_owned()),
        Touch::UserReceivable("nobody".to_owned(), EUR),
        Touch::HolderAccount(nobody, EUR),
        Touch::HolderAccount(elsewhere, EUR),
        Touch::Account(AccountKey::receivable(elsewhere, EUR)),
        Touch::PartnerAccount(CurrencyCode::new("none")),
    ];
    let look = store.run(touches, async move |tx: &mut Tx| {
        assert_eq!(
            (tx.holder("nobody"), tx.holder_by_id(nobody), tx.holder_by_id(elsewhere)),
            (None, None, None)
        );
        assert_eq!(tx.account(AccountKey::main(nobody, EUR)), None);
        assert_eq!(tx.account(AccountKey::receivable(elsewhere, EUR)), None);
        assert!(tx.set_secret(nobody, vec![1]).is_err() && tx.set_gate("nobody", 1).is_err());
        done("missing")
    });
    assert_eq!(look.await, outcome("missing"));
    store.finish().await;
}

#[tokio::test]
async fn a_user_that_was_refused_is_gone_and_its_handle_is_free() {
    let store = TestStore::open().await;
    let open = |refuses: bool| {
        store.run(vec![Touch::User("ada".to_owned())], async move |tx: &mut Tx| {
            assert_eq!(tx.holder("ada"), None);
            let id = tx.open_holder(Uuid::from_u128(7), "ada", 0, vec![1]);
            tx.set_gate("ada", 3)?;
            assert_eq!(tx.holder_by_id(id).map(|holder| holder.gate), Some(3));
            if refuses {
                return Err(Stop::Refused(Answer { status: 400, body: "no".into() }));
            }
            done("opened")
        })
    };
    let came = store.batch(vec![open(true), open(true), open(false)]).await;
    assert_eq!(came[2], outcome("opened"));
    let rows = store.store.look("SELECT gate FROM holder WHERE handle = 'ada'", &[]).await.expect("rows");
    assert_eq!(rows.iter().map(|row| row.get(0).expect("a gate")).collect::<Vec<i64>>(), [3]);
    store.finish().await;
}

/// The partner of a book from before partners had a key gets one, once.
#[tokio::test]
async fn the_partner_is_given_a_key() {
    let store = TestStore::open().await;
    let give = |key: u8, refuses: bool| {
        store.run(vec![Touch::Partner], async move |tx: &mut Tx| {
            let partner = tx.partner_holder().expect("every book has a partner").clone();
            assert_eq!((partner.id, partner.handle), (tx.book().partner(), None));
            if partner.secret.is_some() {
                assert!(tx.set_secret(partner.id, vec![key]).is_err(), "what the first sealed would be lost");
                return done("has one");
            }
            tx.set_secret(partner.id, vec![key])?;
            if refuses {
                return Err(Stop::Refused(Answer { status: 400, body: "no".into() }));
            }
            done("given")
        })
    };
    let came = store.batch(vec![give(1, true), give(2, false), give(3, false)]).await;
    assert_eq!([&came[1], &came[2]], [&outcome("given"), &outcome("has one")]);
    assert_eq!(give(4, false).await, outcome("has one"));
    let rows = store.store.look("SELECT secret FROM holder WHERE handle IS NULL", &[]).await.expect("rows");
    assert_eq!(rows[0].get::<Vec<u8>>(0), Ok(vec![2]));
    store.finish().await;
}

/// A clearing that nobody authorised takes what is there, and the rest is owed.
#[tokio::test]
async fn what_a_user_cannot_pay_it_owes() {
    let store = TestStore::open().await;
    let ada = user(&store, "ada").await;
    let touches = vec![
        Touch::UserAccount("ada".to_owned(), EUR),
        Touch::UserReceivable("ada".to_owned(), EUR),
        Touch::UserReceivable("ada".to_owned(), BTC),
        Touch::PartnerReceivable(EUR),
        Touch::SystemAccount(EUR, AccountKind::CardSettlement),
    ];
    let clear = || {
        store.run(touches.clone(), async move |tx: &mut Tx| {
            let account = tx.account(AccountKey::main(ada, EUR)).expect("loaded");
            let to = AccountKey::system(tx.book(), EUR, AccountKind::CardSettlement);
            let capture = Capture { account, held: 0, amount: 8, to, rest: Rest::Released };
            post(tx, &Posting::new().capture(capture))?;
            for unused in [AccountKey::receivable(ada, BTC), AccountKey::receivable(tx.book().partner(), EUR)]
            {
                assert_eq!(tx.account(unused), Some(Account::new(unused)));
            }
            done("cleared")
        })
    };
    assert_eq!(store.batch(vec![clear(), clear()]).await, [outcome("cleared"), outcome("cleared")]);
    let read = "SELECT kind, balance FROM account WHERE holder = $1 ORDER BY kind";
    let rows = store.store.look(read, &params![ada]).await.expect("rows");
    let balances: Vec<(i64, i64)> =
        rows.iter().map(|row| (row.get(0).expect("a kind"), row.get(1).expect("a balance"))).collect();
    assert_eq!(balances, [(1, 0), (9, -6)]);
    store.finish().await;
}

#[tokio::test]
async fn a_new_book_brings_the_partners_key() {
    let store = TestStore::open().await;
    let new = NewBook { partner: Uuid::from_u128(2), partner_secret: Some(vec![5]), currencies: vec![EUR] };
    let mut administration = store.store.administer().await.expect("a transaction");
    let book = administration.open_book(&new).await.expect("a book");
    administration.commit().await.expect("a commit");
    let look = store.store.door().run(book, None, vec![Touch::Partner], async |tx: &mut Tx| {
        assert_eq!(tx.partner_holder().and_then(|partner| partner.secret.clone()), Some(vec![5]));
        done("found")
    });
    assert_eq!(look.await, outcome("found"));
    store.finish().await;
}
