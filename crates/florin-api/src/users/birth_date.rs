//! Dates of birth: which are accepted, and that a verification needs one. Older clients create users without.

use super::store;
use super::user::{Gate, Profile};
use crate::kit::prelude::*;
use crate::kit::request::types::FieldType;
use florin_store::Holder;
use utoipa::openapi::schema::ObjectBuilder;

/// Age from which one may be a user.
const ADULT_YEARS: i32 = 18;

/// The earliest date of birth: the contract's. An earlier one is a slip of the pen.
const FIRST: &str = "1900-01-01";

/// A date of birth.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct BirthDate(Date);

impl FieldType for BirthDate {
    type Error = String;

    fn parse(text: &str) -> Result<Self, String> {
        let date = Date::parse(text).map_err(|error| error.to_string())?;
        match Date::parse(FIRST).is_ok_and(|first| date < first) {
            true => Err(format!("must be {FIRST} or later")),
            false => Ok(Self(date)),
        }
    }

    fn canonical(&self) -> String {
        self.0.to_string()
    }

    fn schema() -> ObjectBuilder {
        <Date as FieldType>::schema()
    }
}

impl BirthDate {
    /// Refuses who is too young at a time.
    pub fn check_age(self, at: Timestamp) -> Result<(), Refusal> {
        match self.0.years_old_on(at.date()) < ADULT_YEARS {
            true => Err(Refusal::invalid("birthDate must be at least 18 years ago")),
            false => Ok(()),
        }
    }

    /// The same before the door, so that it comes before a known idempotency key. The book's clock, which may be ahead
    /// of the wall's and is never behind it, is asked only by those whom the wall's finds too young.
    pub async fn check_age_early(self, context: &Context) -> Result<(), Failure> {
        let wall = context.app.wall();
        if self.check_age(wall).is_err() {
            self.check_age(context.snapshot().await?.book_row().now(wall))?;
        }
        Ok(())
    }
}

/// Refuses a verification of a user whose date of birth is not known and not given. Answers the profile with a given
/// one that is new, for [`store::set_profile`]. Who is identified already needs none.
pub async fn require_birth_date(
    work: &mut Work<'_>,
    holder: &Holder,
    given: Option<BirthDate>,
) -> Result<Option<Profile>, Stop> {
    if Gate::of(holder).is_identified {
        return Ok(None);
    }
    let user = store::find(work.scope(), holder.id).await?;
    let profile = user.profile(&work.app().seals, holder)?;
    let given = given.as_ref().map(BirthDate::canonical);
    match (profile.birth_date.as_deref(), given) {
        (None, None) => {
            Err(Refusal::invalid("birthDate is required: give it by PATCH /v1/user/{externalUserId}").into())
        }
        (Some(known), Some(given)) if known != given => Err(Refusal::invalid(
            "birthDate must be the one that the user has: change it by PATCH /v1/user/{externalUserId}",
        )
        .into()),
        (None, given) => Ok(Some(Profile { birth_date: given, ..profile })),
        (Some(_), _) => Ok(None),
    }
}
