//! Making a user's balances, and the job that brings the IBAN.

use super::{USER_STATUS_EVENT, store};
use crate::kit::app::App;
use crate::kit::book::jobs::{carry_out, done};
use crate::users::{self, existing};
use florin_ledger::{AccountKey, HolderId};
use florin_store::{Job, Lane, NewEvent, NewJob, Stop, StoreError, Touch, Tx};
use florin_types::{Country, CurrencyCode, Iban, lithuanian};

/// The kind of the job that brings the IBAN; its payload is the handle.
pub const ACTIVATE_JOB: &str = "balances.activate";

/// Bank code of the simulated bank: in the Lithuanian form of an IBAN, and of no bank that exists.
const SIMULATED_BANK: u32 = 99_999;

/// Digits of an account number in a Lithuanian IBAN: 11, so this is one past the largest.
const ACCOUNT_NUMBERS: u64 = 100_000_000_000;

/// IBANs that are tried: with as many as a billion users, one in a hundred is taken, and five in a row never.
const MAX_ATTEMPTS: u64 = 16;

/// Makes the accounts of a verified user, and leaves the job that activates EUR.
pub async fn generate(app: &App, tx: &mut Tx, handle: &str, currencies: &[CurrencyCode]) -> Result<(), Stop> {
    let id = existing(tx.holder(handle))?.id;
    for currency in currencies {
        tx.open_account(AccountKey::main(id, *currency));
    }
    store::insert(tx, id).await?;
    let due = tx.now().saturating_add(app.settings.settle);
    tx.enqueue(NewJob { kind: ACTIVATE_JOB, lane: Lane::Quick, due, payload: handle.as_bytes().to_vec() });
    Ok(())
}

/// Gets the IBAN, where the user's residence has one, and tells the partner that the balances are active.
pub async fn activate(app: &App, job: &Job) -> Result<(), StoreError> {
    let handle = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    let (position, event_id) = (job.position, app.new_id());
    let touches = vec![Touch::Holder(handle.clone())];
    let platform = app.clone();
    let command = async move |tx: &mut Tx| {
        if !tx.finish_job(position).await? {
            return done();
        }
        // A user that was closed meanwhile needs no IBAN.
        let Ok(holder) = existing(tx.holder(&handle)) else { return done() };
        let holder = holder.clone();
        let (id, uuid) = (holder.id, holder.uuid);
        let profile = users::find(tx.scope(), id).await?.profile(&platform.seals, &holder)?;
        let residence = profile.country.and_then(|code| Country::parse(&code).ok());
        let has_iban = residence.is_some_and(|country| platform.settings.reference.has_iban(country));
        let iban = if has_iban { Some(free_iban(&platform, tx, id).await?) } else { None };
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
    carry_out(app, position, touches, command).await
}

/// An IBAN of the simulated bank that nobody has. Another process may take the same one meanwhile: then its unique
/// index ends this command, and the job comes again.
async fn free_iban(app: &App, tx: &mut Tx, holder: HolderId) -> Result<Iban, StoreError> {
    let key = app.store.derive_key("florin 2026 simulated IBANs v1");
    for attempt in 0..MAX_ATTEMPTS {
        let iban = lithuanian(SIMULATED_BANK, account_number(&key, holder, attempt));
        if !store::is_taken(tx.scope(), &iban).await? {
            return Ok(iban);
        }
    }
    Err(StoreError::unexpected("no free IBAN was found"))
}

/// A keyed hash, so that a number tells nothing of its book, or of how many users there are.
fn account_number(key: &[u8; 32], holder: HolderId, attempt: u64) -> u64 {
    let mut place = [0; 16];
    place[..8].copy_from_slice(&holder.0.to_be_bytes());
    place[8..].copy_from_slice(&attempt.to_be_bytes());
    let mut number = [0; 8];
    number.copy_from_slice(&blake3::keyed_hash(key, &place).as_bytes()[..8]);
    u64::from_be_bytes(number) % ACCOUNT_NUMBERS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_differ_over_books_users_and_attempts() {
        let places = (1..20).flat_map(|book| [1, 2, 1_000_001].map(|user| (book << 40) | user));
        let all =
            places.flat_map(|place| [0, 1].map(|attempt| account_number(&[7; 32], HolderId(place), attempt)));
        let (count, set) = (all.clone().count(), all.collect::<BTreeSet<_>>());
        assert_eq!(set.len(), count);
        assert!(set.iter().all(|number| *number < ACCOUNT_NUMBERS));
        assert_ne!(account_number(&[7; 32], HolderId(1), 0), account_number(&[8; 32], HolderId(1), 0));
    }
}
