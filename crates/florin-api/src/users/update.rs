//! `PATCH /v1/user/{externalUserId}`: change the profile of a user.

use super::birth_date::BirthDate;
use super::changes::{changed_fields, note_changes};
use super::create::{Name, read_address, read_contact, read_terms, text_of};
use super::path::UserId;
use super::store;
use super::user::{Gate, Profile, require};
use crate::kit::prelude::*;
use crate::kit::request::types::FieldType;
use florin_store::Holder;

/// What a request says, typed.
#[derive(Clone)]
pub struct UpdateUser {
    profile: Profile,
    birth_date: Option<BirthDate>,
    country: Option<Country>,
    changes_identity: bool,
    changes_address: bool,
    accepts_terms: bool,
}

impl Request for UpdateUser {
    const NAME: &'static str = "UpdateUserRequest";
    const ABOUT: &'static str = "The fields to change. A field that is omitted or null stays as it is.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut profile = read_contact(fields, false);
        read_address(fields, &mut profile);
        let about = "The country of residence, ISO 3166-1 alpha-2.";
        let country = fields.optional("country").about(about).text::<Country>();
        profile.country = text_of(country);
        let about = "Given names. Only before the user is verified.";
        profile.first_name = fields.optional("firstName").about(about).text::<Name>().map(Text::into_string);
        let about = "Family names. Only before the user is verified.";
        profile.last_name = fields.optional("lastName").about(about).text::<Name>().map(Text::into_string);
        let about =
            "The date of birth, from 1900 on. Only before the user is verified, or where none is known.";
        let birth_date = fields.optional("birthDate").about(about).text();
        profile.birth_date = birth_date.as_ref().map(BirthDate::canonical);
        let about = "The citizenship, ISO 3166-1 alpha-2. Only before the user is verified.";
        profile.citizenship = text_of(fields.optional("citizenship").about(about).text());
        let accepts_terms = read_terms(fields);
        let identity = [&profile.first_name, &profile.last_name, &profile.birth_date, &profile.citizenship];
        let changes_identity = identity.iter().any(|field| field.is_some());
        let Profile { address, street, number, city, post_code, country: residence, .. } = &profile;
        let address = [address, street, number, city, post_code, residence];
        let changes_address = address.iter().any(|field| field.is_some());
        Some(Self { profile, birth_date, country, changes_identity, changes_address, accepts_terms })
    }
}

impl UpdateUser {
    /// Whether it changes an identity only by what was missing of it: the birth date of an older client's user.
    fn only_adds_birth_date(&self, known: &Profile) -> bool {
        let Profile { first_name, last_name, citizenship, .. } = &self.profile;
        let others = [first_name, last_name, citizenship];
        known.birth_date.is_none() && others.iter().all(|field| field.is_none())
    }

    /// What is given takes the place of what was known.
    fn apply(&self, known: &mut Profile) {
        let new = self.profile.clone();
        let pairs = [
            (&mut known.email, new.email),
            (&mut known.phone, new.phone),
            (&mut known.address, new.address),
            (&mut known.street, new.street),
            (&mut known.number, new.number),
            (&mut known.city, new.city),
            (&mut known.post_code, new.post_code),
            (&mut known.country, new.country),
            (&mut known.first_name, new.first_name),
            (&mut known.last_name, new.last_name),
            (&mut known.birth_date, new.birth_date),
            (&mut known.citizenship, new.citizenship),
        ];
        for (known, new) in pairs {
            if new.is_some() {
                *known = new;
            }
        }
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "updateUser",
        summary: "Update a user",
        description: "Changes contact data and address, or accepts the terms. Names, birth date and citizenship \
                      can change only before the user is verified (P448 afterwards, but for a birth date that is \
                      missing), and not while a review is open (P465). While a proof of address is being checked, \
                      the address cannot change (P465). The rules of a new country of residence apply at once: it \
                      may be one that is not served (P431), or one that needs a proof of address (`poaRequired` of \
                      the user's balances).",
        example: r#"{"email":"ada.new@example.com","hasAcceptedP100Tc":true}"#,
        answer: r#"{"message":"User updated successfully"}"#,
        refusals: &[&P412, &P431, &P448, &P465],
        ..patch("/v1/user/{externalUserId}", update_user)
    }
}

async fn update_user(
    context: Context,
    Path(user): Path<UserId>,
    call: Call<UpdateUser>,
) -> Result<Success<Message>, Failure> {
    let Call { request, keyed } = call;
    if let Some(birth_date) = request.birth_date {
        birth_date.check_age_early(&context).await?;
    }
    let reference = &context.app.settings.reference;
    let is_accepted = request.country.is_none_or(|country| reference.is_accepted(country));
    let needs_poa = request.country.is_some_and(|country| reference.needs_poa(country));
    let touches = vec![Touch::User(user.as_str().to_owned())];
    context
        .run(keyed, touches, async move |work| {
            if let Some(birth_date) = request.birth_date {
                birth_date.check_age(work.now())?;
            }
            let holder = require(work.holder(user.as_str()), user.as_str())?.clone();
            if !is_accepted {
                return Err(Refusal::of(&P431).into());
            }
            let user = store::find(work.scope(), holder.id).await?;
            let (seals, nonce) = (&work.app().seals, work.nonce());
            let before = user.profile(seals, &holder)?;
            let changes_known = request.changes_identity && !request.only_adds_birth_date(&before);
            if changes_known && Gate::of(&holder).is_identified {
                return Err(Refusal::of(&P448).into());
            }
            check_no_review(work, &holder, &request).await?;
            let mut profile = before.clone();
            request.apply(&mut profile);
            let sealed = store::seal(seals, holder.secret.as_deref(), nonce, &profile)?;
            store::update(work, holder.id, &sealed, user.terms_accepted || request.accepts_terms).await?;
            if profile.country != before.country && needs_poa {
                store::set_poa_required(work, holder.id, true).await?;
            }
            let mut changed = changed_fields(&before, &profile)?;
            if request.accepts_terms && !user.terms_accepted {
                changed.push("hasAcceptedP100Tc".to_owned());
            }
            note_changes(work, &holder, &changed).await?;
            Ok(Message::new("User updated successfully"))
        })
        .await
}

/// Refuses to change what a reviewer is looking at: the approval would be of something else.
async fn check_no_review(work: &mut Work<'_>, holder: &Holder, request: &UpdateUser) -> Result<(), Stop> {
    for obstacle in work.app().families().iter().flat_map(|family| family.obstacles) {
        if request.changes_identity {
            (obstacle.to_changing_identity)(work, holder).await?;
        }
        if request.changes_address {
            (obstacle.to_changing_address)(work, holder).await?;
        }
    }
    Ok(())
}
