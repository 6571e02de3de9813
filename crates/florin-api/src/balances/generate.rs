//! Making a user's balances, and the job that brings the IBAN.

use super::{USER_STATUS_EVENT, store};
use crate::kit::app::App;
use crate::kit::jobs::done;
use crate::users::{self, existing};
use florin_ledger::{AccountKey, HolderId, Position};
use florin_store::{Job, NewEvent, NewJob, Stop, StoreError, Touch, Tx};
use florin_types::{Country, CurrencyCode, Iban, lithuanian};

/// The kind of the job that brings the IBAN; its payload is the handle.
pub const ACTIVATE_JOB: &str = "balances.activate";

/// Bank code of the simulated bank: in the Lithuanian form of an IBAN, and of no bank that exists.
const SIMULATED_BANK: u32 = 99_999;

/// Digits of an account number in a Lithuanian IBAN: 11, so this is one past the largest.
const ACCOUNT_NUMBERS: u64 = 100_000_000_000;

/// Makes the accounts of a verified user, and leaves the job that activates EUR.
pub async fn generate(app: &App, tx: &mut Tx, handle: &str, currencies: &[CurrencyCode]) -> Result<(), Stop> {
    let id = existing(tx.holder(handle))?.id;
    for currency in currencies {
        tx.open_account(AccountKey::main(id, *currency));
    }
    store::insert(tx, id).await?;
    let due = tx.now().saturating_add(app.settings.settle);
    tx.enqueue(NewJob { kind: ACTIVATE_JOB, due, payload: handle.as_bytes().to_vec() });
    Ok(())
}

/// Gets the IBAN, where the user's residence has one, and tells the partner that the balances are active.
pub async fn activate(app: &App, job: &Job) -> Result<(), StoreError> {
    let handle = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    let (position, event_id) = (job.position, app.new_id());
    let touches = vec![Touch::Holder(handle.clone())];
    let reference = app.clone();
    let command = async move |tx: &mut Tx| {
        if !tx.finish_job(position).await? {
            return done();
        }
        // A user that was closed meanwhile needs no IBAN.
        let Ok(holder) = existing(tx.holder(&handle)) else { return done() };
        let (id, uuid) = (holder.id, holder.uuid);
        let residence = users::find(tx.scope(), id).await?.profile.country;
        let residence = residence.and_then(|code| Country::parse(&code).ok());
        let has_iban = residence.is_some_and(|country| reference.reference.has_iban(country));
        let iban = has_iban.then(|| simulated_iban(id));
        store::activate(tx, id, iban.as_ref()).await?;
        tx.emit(NewEvent {
            id: event_id,
            kind: USER_STATUS_EVENT,
            object: uuid,
            holder: Some(id),
            of_last_record: false,
            data: br#"{"status":"ACTIVE"}"#.to_vec(),
        });
        done()
    };
    app.store.door().run(position.book(), None, touches, command).await.map(drop)
}

/// The simulated bank's account number of a holder: book and number in it, which are never used twice.
fn simulated_iban(holder: HolderId) -> Iban {
    /// Users that a book's share of the numbers has room for.
    const PER_BOOK: u64 = 1_000_000;
    let place = Position(holder.0);
    let (book, number) = (place.book().0.unsigned_abs(), place.sequence().unsigned_abs());
    lithuanian(SIMULATED_BANK, (book * PER_BOOK + number) % ACCOUNT_NUMBERS)
}
