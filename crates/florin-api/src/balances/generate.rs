//! Making a user's balances, and the job that brings the IBAN and the wallets.

use super::store;
use crate::kit::app::App;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use crate::users;
use crate::wallets;
use florin_ledger::{AccountKey, HolderId};
use florin_store::{Holder, Job, Lane, NewJob, Stop, StoreError};
use florin_types::{Country, Iban};

/// The kind of the job that brings the IBAN; its payload is the handle.
pub const ACTIVATE_JOB: &str = "balances.activate";

/// IBANs that are tried. Of the 100 billion of Lithuania, one in a hundred is taken once a billion users have theirs.
/// Of the 10 million of Belgium, the fewest, every second one is taken with 5 million users, and all tries fail once in
/// 65,000 times. A bank that is larger needs another bank code.
const MAX_ATTEMPTS: u64 = 16;

/// Makes the accounts of a verified user, and leaves the job that activates EUR.
pub async fn generate(work: &mut Work<'_>, holder: &Holder) -> Result<(), Stop> {
    for currency in work.app().currencies.codes() {
        work.open_account(AccountKey::main(holder.id, currency));
    }
    store::insert(work, holder.id).await?;
    let due = work.in_time(work.app().settings.settle);
    let payload = holder.handle.clone().unwrap_or_default().into_bytes();
    work.enqueue(NewJob { kind: ACTIVATE_JOB, lane: Lane::Quick, due, payload });
    Ok(())
}

/// Gets the IBAN, where the user's residence has one, and tells the partner that the balances are active.
pub async fn activate(app: &App, job: &Job) -> Result<(), StoreError> {
    let user = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    users::carry_out_for(app, job, &user, async move |work: &mut Work<'_>, holder: Holder| {
        let app = work.app();
        let profile = users::find(work.scope(), holder.id).await?.profile(&app.seals, &holder)?;
        let residence = profile.country.and_then(|code| Country::parse(&code).ok());
        let has_iban = residence.is_some_and(|country| app.settings.reference.has_iban(country));
        let iban = if has_iban { Some(free_iban(work, holder.id).await?) } else { None };
        store::activate(work, holder.id, iban.as_ref()).await?;
        wallets::make_all(work, holder.id).await?;
        let payload = serde_json::json!({ "status": "ACTIVE" });
        work.emit(Event::of_user(EventType::UserStatus, &holder, &payload));
        Ok(())
    })
    .await
}

/// The IBAN of the partner, which is made when it is asked for first.
pub async fn partner_iban(work: &mut Work<'_>) -> Result<Iban, StoreError> {
    let partner = work.book().partner();
    if let Some(iban) = store::iban_of(work.scope(), partner).await? {
        return Iban::parse(&iban).map_err(StoreError::unexpected);
    }
    let iban = free_iban(work, partner).await?;
    store::insert_active(work, partner, &iban).await?;
    Ok(iban)
}

/// An IBAN of the simulated bank that nobody has. Another process may take the same one meanwhile: then its unique
/// index ends this command, and the job comes again.
async fn free_iban(work: &mut Work<'_>, holder: HolderId) -> Result<Iban, StoreError> {
    let key = work.app().store.derive_key("florin 2026 simulated IBANs v1");
    for attempt in 0..MAX_ATTEMPTS {
        let series = &work.app().settings.sepa.series;
        let iban = series.iban(account_number(&key, series.accounts(), holder, attempt));
        if !store::is_taken(work.scope(), &iban).await? {
            return Ok(iban);
        }
    }
    Err(StoreError::unexpected("no free IBAN was found"))
}

/// A keyed hash, so that a number tells nothing of its book, or of how many users there are. It is one of so many, but
/// never 0, which is the house's.
fn account_number(key: &[u8; 32], accounts: u64, holder: HolderId, attempt: u64) -> u64 {
    let mut place = [0; 16];
    place[..8].copy_from_slice(&holder.0.to_be_bytes());
    place[8..].copy_from_slice(&attempt.to_be_bytes());
    let mut number = [0; 8];
    number.copy_from_slice(&blake3::keyed_hash(key, &place).as_bytes()[..8]);
    1 + u64::from_be_bytes(number) % (accounts - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const LITHUANIAN: u64 = 100_000_000_000;

    #[test]
    fn numbers_differ_over_books_users_and_attempts() {
        let number = |place, attempt| account_number(&[7; 32], LITHUANIAN, HolderId(place), attempt);
        let places = (1..20).flat_map(|book| [1, 2, 1_000_001].map(|user| (book << 40) | user));
        let all = places.flat_map(|place| [0, 1].map(|attempt| number(place, attempt)));
        let (count, set) = (all.clone().count(), all.collect::<BTreeSet<_>>());
        assert_eq!(set.len(), count);
        assert!(set.iter().all(|number| (1..LITHUANIAN).contains(number)));
        assert_ne!(number(1, 0), account_number(&[8; 32], LITHUANIAN, HolderId(1), 0));
    }

    #[test]
    fn the_house_has_its_account_to_itself_in_every_country() {
        for accounts in [10_000_000, 2] {
            let number = |holder| account_number(&[7; 32], accounts, HolderId(holder), 0);
            assert!((1..2_000).map(number).all(|number| (1..accounts).contains(&number)));
        }
    }
}
