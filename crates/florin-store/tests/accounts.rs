//! Accounts that open themselves: a posting may touch any account of the book's system, and what any holder owes,
//! whether the account was ever used or not. So a book from before a kind existed works.

#[expect(dead_code, reason = "what the tests of the door use")]
mod store;

use florin_ledger::{Account, AccountKey, AccountKind, Posting, RecordKind};
use florin_store::{Answer, BookId, Stop, StoreError, Touch, Tx, params};
use florin_types::CurrencyCode;
use store::{TestStore, done, outcome};
use uuid::Uuid;

const EUR: CurrencyCode = CurrencyCode::new("eur");

fn system(book: BookId, kind: AccountKind) -> AccountKey {
    AccountKey::system(book, EUR, kind)
}

fn post(tx: &mut Tx, posting: &Posting) -> Result<(), Stop> {
    let posted = tx.post(RecordKind(1), Uuid::from_u128(5), posting, Vec::new());
    posted.map_err(|error| StoreError::unexpected(error).into())
}

fn kinds(kinds: &[AccountKind]) -> Vec<Touch> {
    kinds.iter().map(|kind| Touch::SystemAccount(EUR, *kind)).collect()
}

/// The rows of the accounts that are not main ones: kind and balance, in order.
async fn rows(store: &TestStore) -> Vec<(i64, i64)> {
    let read = "SELECT kind, balance FROM account WHERE kind > 1 AND currency = 'eur' ORDER BY kind, holder";
    let rows = store.store.look(read, &[]).await.expect("the accounts");
    rows.iter().map(|row| (row.get(0).expect("a kind"), row.get(1).expect("a balance"))).collect()
}

/// As older versions made a book: with an account for made-up money in each currency, and no other of the system's.
async fn age(store: &TestStore) {
    const OLD: &str = "INSERT INTO account (book, currency, kind, holder, balance, held, last, entries) \
         SELECT book, currency, 2, $1, 0, 0, 0, 0 FROM account WHERE kind = 1 AND holder = $2";
    let mut administration = store.store.administer().await.expect("a transaction");
    let holders = params![store.book.system(), store.book.partner()];
    administration.execute(OLD, &holders).await.expect("the old accounts");
    administration.commit().await.expect("a commit");
}

#[tokio::test]
async fn a_book_from_before_a_kind_existed_posts_to_it() {
    let store = TestStore::open().await;
    age(&store).await;
    let touches = kinds(&[AccountKind::SandboxFunding, AccountKind::Fees]);
    for balance in [7, 14] {
        let pay = store.run(touches.clone(), async |tx: &mut Tx| {
            let (from, to) = (AccountKind::SandboxFunding, AccountKind::Fees);
            post(tx, &Posting::between(system(tx.book(), from), system(tx.book(), to), 7))?;
            done("paid")
        });
        assert_eq!(pay.await, outcome("paid"));
        assert_eq!(rows(&store).await, [(2, -balance), (3, balance)]);
    }
    store.finish().await;
}

#[tokio::test]
async fn an_account_is_made_by_its_first_posting_and_by_nothing_else() {
    let store = TestStore::open().await;
    let touches = kinds(&AccountKind::ALL);
    let look = |word: &'static str, refuses: bool| {
        store.run(touches.clone(), async move |tx: &mut Tx| {
            let fees = system(tx.book(), AccountKind::Fees);
            assert_eq!(tx.account(fees), Some(Account::new(fees)), "it is open at zero");
            assert_eq!(tx.account(AccountKey::main(tx.book().system(), EUR)), None, "a main account is not");
            if refuses {
                post(tx, &Posting::between(fees, system(tx.book(), AccountKind::Suspense), 1))?;
                return Err(Stop::Refused(Answer { status: 400, body: word.into() }));
            }
            done(word)
        })
    };
    let came = store.batch(vec![look("looked", false), look("refused", true), look("again", false)]).await;
    assert_eq!([&came[0], &came[2]], [&outcome("looked"), &outcome("again")]);
    assert!(rows(&store).await.is_empty());
    store.finish().await;
}

/// Two commands of a batch use an account that is not there: one row, with both entries.
#[tokio::test]
async fn the_next_command_of_the_batch_finds_the_account_as_the_first_left_it() {
    let store = TestStore::open().await;
    let pay = || {
        store.run(kinds(&[AccountKind::Fees, AccountKind::Suspense]), async |tx: &mut Tx| {
            let (from, to) = (AccountKind::Suspense, AccountKind::Fees);
            post(tx, &Posting::between(system(tx.book(), from), system(tx.book(), to), 2))?;
            done("paid")
        })
    };
    assert_eq!(store.batch(vec![pay(), pay()]).await, [outcome("paid"), outcome("paid")]);
    assert_eq!(rows(&store).await, [(3, 4), (8, -4)]);
    store.finish().await;
}
