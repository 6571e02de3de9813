//! A holder as the travel rule sees it.

use crate::kit::book::registry::name_of;
use crate::kit::context::Context;
use crate::kit::endpoint::failure::Failure;
use crate::users::{self, Profile};
use florin_ledger::HolderId;
use florin_store::{Holder, Snapshot, StoreError};
use florin_travel::{Birth, Company, Identity, Party, Person, PostalAddress};
use florin_types::{Country, Date};

/// A holder, and who it is.
pub(super) struct Known {
    /// The partner's id of the user; none for the partner.
    pub handle: Option<String>,
    /// Who it is.
    pub party: Party,
}

/// Who a holder is: a user by its profile, or the partner by its name.
pub(super) async fn party_of(
    context: &Context,
    snapshot: &mut Snapshot,
    holder: HolderId,
) -> Result<Known, Failure> {
    let found = snapshot.holders(&[holder]).await?.pop();
    let found = found.ok_or_else(|| StoreError::unexpected("the holder of a deposit is gone"))?;
    party_of_holder(context, snapshot, &found).await
}

/// The same of a holder that was read.
pub(super) async fn party_of_holder(
    context: &Context,
    snapshot: &mut Snapshot,
    found: &Holder,
) -> Result<Known, Failure> {
    let holder = found.id;
    if holder == snapshot.book().partner() {
        let name = name_of(&context.app.store, context.partner.id).await?.unwrap_or_default();
        let company = Company { name, address: None, id: None, country: None };
        let customer_id = found.uuid.to_string();
        let party = Party { customer_id, identity: Identity::Company(company) };
        return Ok(Known { handle: None, party });
    }
    let profile = users::find(snapshot, holder).await?.profile(&context.app.seals, found)?;
    let handle = found.handle.clone();
    let customer_id = handle.clone().unwrap_or_else(|| found.uuid.to_string());
    let party = Party { customer_id, identity: Identity::Person(person_of(profile)) };
    Ok(Known { handle, party })
}

fn person_of(profile: Profile) -> Person {
    let country = |code: &Option<String>| code.as_deref().and_then(|code| Country::parse(code).ok());
    let birth = profile.birth_date.as_deref().and_then(|date| Date::parse(date).ok());
    let birth = birth.map(|date| Birth { date, country: country(&profile.birth_country) });
    let address = country(&profile.country).map(|country| PostalAddress {
        street: profile.street.clone().or(profile.address).unwrap_or_default(),
        number: profile.number,
        city: profile.city.unwrap_or_default(),
        post_code: profile.post_code,
        country,
    });
    Person {
        first_name: profile.first_name.unwrap_or_default(),
        last_name: profile.last_name.unwrap_or_default(),
        address,
        birth,
        national_id: None,
    }
}
