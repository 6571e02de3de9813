//! What a command costs that changes an object or reads one. One test, as costs are counted for the whole process.

#[expect(dead_code, reason = "what the other tests use")]
mod store;

use florin_ledger::{AccountKey, AccountKind, Posting, RecordKind};
use florin_store::recorder::{self, Cost};
use florin_store::{StoreError, Touch, Tx};
use florin_types::CurrencyCode;
use std::collections::BTreeSet;
use store::{PARCELS, Parcel, Running, TestStore, done, outcome};
use uuid::Uuid;

const EUR: CurrencyCode = CurrencyCode::new("eur");

/// What the batch of these commands costs, over an empty command that keeps the writer busy before it, and its
/// statements.
async fn cost(store: &TestStore, commands: Vec<Running<'_>>) -> (Cost, BTreeSet<String>) {
    let (before, known) = (recorder::cost(), recorder::ran());
    let came = store.batch(commands).await;
    assert!(came.iter().all(|came| *came == outcome("paid")), "{came:?}");
    let after = recorder::cost();
    let cost = Cost {
        statements: after.statements - before.statements,
        savepoints: after.savepoints - before.savepoints,
        round_trips: after.round_trips - before.round_trips,
    };
    (cost, recorder::ran().difference(&known).cloned().collect())
}

/// A payment, which may change a parcel too.
fn pay(store: &TestStore, parcel: Option<u128>, touches: bool) -> Running<'_> {
    let mut touched =
        vec![Touch::PartnerAccount(EUR), Touch::SystemAccount(EUR, AccountKind::SandboxFunding)];
    touched.extend(parcel.filter(|_| touches).map(Parcel::touch));
    store.run(touched, async move |tx: &mut Tx| {
        let source = AccountKey::system(tx.book(), EUR, AccountKind::SandboxFunding);
        let posting = Posting::between(source, AccountKey::main(tx.book().partner(), EUR), 1);
        tx.post(RecordKind(1), Uuid::nil(), &posting, Vec::new()).map_err(StoreError::unexpected)?;
        if let Some(id) = parcel {
            let before: i64 =
                if touches { tx.object::<Parcel>(Uuid::from_u128(id))?.map_or(0, |p| p.weight) } else { 0 };
            tx.put(&Parcel::new(id, before + 1))?;
        }
        done("paid")
    })
}

#[tokio::test]
async fn a_command_costs_what_its_objects_need() {
    recorder::start();
    let store = TestStore::open().await;
    // Accounts are there, and statements prepared.
    cost(&store, vec![pay(&store, None, false)]).await;
    let (alone, _) = cost(&store, vec![pay(&store, None, false)]).await;
    let [find, insert, update, _] = PARCELS.statements().map(|statement| statement.set_sql());

    let (made, statements) = cost(&store, vec![pay(&store, Some(1), false)]).await;
    assert_eq!(made, Cost { statements: alone.statements + 1, ..alone }, "one statement more: the insert");
    assert_eq!(statements, BTreeSet::from([insert]));

    let (changed, statements) = cost(&store, vec![pay(&store, Some(1), true)]).await;
    assert_eq!(changed, Cost { statements: alone.statements + 2, ..alone }, "the look-up and the update");
    assert_eq!(statements, BTreeSet::from([find, update]));

    let many = (1..=20).map(|id| pay(&store, Some(id % 4 + 1), true)).collect();
    let (of_many, _) = cost(&store, many).await;
    assert_eq!(
        of_many,
        Cost { statements: alone.statements + 3, ..alone },
        "the look-up, the insert, the update"
    );
    assert_eq!(of_many.savepoints, 0);

    // Who only reads writes nothing, not even the book's row.
    let nothing = store.run(Vec::new(), async move |_: &mut Tx| done("paid"));
    let (nothing, _) = cost(&store, vec![nothing]).await;
    let load = store.run(Vec::new(), async move |tx: &mut Tx| {
        tx.load(&[Parcel::touch(1)]).await?;
        done("paid")
    });
    let (loaded, _) = cost(&store, vec![load]).await;
    let (statements, round_trips) = (nothing.statements + 1, nothing.round_trips + 1);
    assert_eq!(loaded, Cost { statements, round_trips, ..nothing }, "the look-up");
    assert_eq!(store.parcels().await, [(1, 7), (2, 5), (3, 5), (4, 5)]);
    store.finish().await;
}
