//! Who pays a withdrawal, as the travel rule names it.

use crate::kit::prelude::*;
use crate::sepa::People;
use crate::users::{Owner, Profile};
use florin_store::Snapshot;
use florin_travel::{Birth, Company, Identity, Party, Person, PostalAddress};

/// The side that pays. None: there is no such user.
pub(super) async fn originator(
    app: &App,
    snapshot: &mut Snapshot,
    owner: &Owner,
    partner: Uuid,
) -> Result<Option<Party>, StoreError> {
    let Some(user) = owner.external_user_id() else {
        // The partner's legal name is the operator's business: the installation knows it under this one.
        let name = app.settings.sepa.holder_name.clone();
        let identity = Identity::Company(Company { name, address: None, id: None, country: None });
        return Ok(Some(Party { customer_id: partner.to_string(), identity }));
    };
    let Some(holder) = snapshot.holder(user).await? else { return Ok(None) };
    let people = People::load(app, snapshot, [holder.id].into_iter()).await?;
    let Some((_, profile)) = people.user(holder.id) else { return Ok(None) };
    let identity = Identity::Person(person(profile));
    Ok(Some(Party { customer_id: holder.uuid.to_string(), identity }))
}

fn person(profile: &Profile) -> Person {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let country = |text: &Option<String>| text.as_deref().and_then(|text| Country::parse(text).ok());
    let date = profile.birth_date.as_deref().and_then(|date| Date::parse(date).ok());
    let street = profile.street.clone().or_else(|| profile.address.clone());
    let address = street.zip(profile.city.clone()).zip(country(&profile.country));
    Person {
        first_name: text(&profile.first_name),
        last_name: text(&profile.last_name),
        address: address.map(|((street, city), country)| PostalAddress {
            street,
            number: profile.number.clone(),
            city,
            post_code: profile.post_code.clone(),
            country,
        }),
        birth: date.map(|date| Birth { date, country: country(&profile.birth_country) }),
        national_id: None,
    }
}
