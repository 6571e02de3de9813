//! `PATCH /v1/user/{externalUserId}`: change what is known of a user.

use super::create::{MAX_NAME, check_age, check_age_early, read_address, read_contact, text_of};
use super::store;
use super::user::{Gate, Profile, existing};
use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::book::seal::Nonce;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::codes::{P412, P431, P448};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape, patch};
use crate::kit::request::body::Request;
use crate::kit::request::call::{Call, PathIds};
use crate::kit::request::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use florin_store::{Touch, Tx};
use florin_types::{Country, Date, Text};
use http::StatusCode;
use utoipa::ToSchema;

/// What may change. Every field is optional; one that is absent or null stays as it is.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the profile from them")]
pub struct UpdateUserRequest {
    #[schema(format = Email)]
    email: Option<String>,
    phone: Option<String>,
    address: Option<String>,
    street: Option<String>,
    number: Option<String>,
    city: Option<String>,
    post_code: Option<String>,
    /// Residence, ISO 3166-1 alpha-2.
    country: Option<String>,
    /// Only true: acceptance is not taken back.
    has_accepted_p100_tc: Option<bool>,
    /// Only before verification, like the three after it.
    first_name: Option<String>,
    last_name: Option<String>,
    #[schema(format = Date)]
    birth_date: Option<String>,
    citizenship: Option<String>,
}

/// What a request says, typed.
#[derive(Clone)]
pub struct UpdateUser {
    profile: Profile,
    birth_date: Option<Date>,
    country: Option<Country>,
    changes_identity: bool,
    accepts_terms: bool,
}

impl Request for UpdateUser {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut profile = read_contact(fields, false);
        read_address(fields, &mut profile);
        let country = fields.optional("country").text(Country::parse);
        profile.country = text_of(country);
        profile.first_name =
            fields.optional("firstName").text(Text::<MAX_NAME>::parse).map(Text::into_string);
        profile.last_name = fields.optional("lastName").text(Text::<MAX_NAME>::parse).map(Text::into_string);
        let birth_date = fields.optional("birthDate").text(Date::parse);
        profile.birth_date = birth_date.map(|date| date.to_string());
        profile.citizenship = text_of(fields.optional("citizenship").text(Country::parse));
        let terms = fields.optional("hasAcceptedP100Tc").boolean();
        if terms == Some(false) {
            fields.fail("hasAcceptedP100Tc must be true");
        }
        let identity = [&profile.first_name, &profile.last_name, &profile.birth_date, &profile.citizenship];
        let changes_identity = identity.iter().any(|field| field.is_some());
        Some(Self { profile, birth_date, country, changes_identity, accepts_terms: terms == Some(true) })
    }
}

impl UpdateUser {
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

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Users",
        summary: "Update a user",
        description: "Changes contact and address, or accepts the terms. Names, birth date and citizenship can change \
                      only before verification (after it: P448).",
        request: RequestBody::Json(
            Shape::of::<UpdateUserRequest>(),
            r#"{"email":"ada.new@example.com","hasAcceptedP100Tc":true}"#,
        ),
        refusals: &[&P412, &P431, &P448],
        ..patch("/v1/user/{externalUserId}", handle, (200, Shape::of::<Message>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    ids: PathIds,
    call: Call<UpdateUser>,
) -> Result<Response, Failure> {
    let Call { request, keyed } = call;
    if let Some(birth_date) = request.birth_date {
        check_age_early(&app, &partner, birth_date).await?;
    }
    let handle = ids.user(0).map(|id| id.as_str().to_owned()).unwrap_or_default();
    let is_accepted = request.country.is_none_or(|country| app.settings.reference.is_accepted(country));
    let touches = vec![Touch::Holder(handle.clone())];
    let nonce = Nonce::draw(&*app.entropy);
    let platform = app.clone();
    app.run(&partner, keyed, touches, async move |tx: &mut Tx| {
        if let Some(birth_date) = request.birth_date {
            check_age(birth_date, tx.now())?;
        }
        let holder = existing(tx.holder(&handle))?.clone();
        if !is_accepted {
            return Err(Refusal::of(&P431).into());
        }
        if request.changes_identity && Gate::of(&holder).is_identified {
            return Err(Refusal::of(&P448).into());
        }
        let user = store::find(tx.scope(), holder.id).await?;
        let mut profile = user.profile(&platform.seals, &holder)?;
        request.apply(&mut profile);
        let sealed = store::seal(&platform.seals, holder.secret.as_deref(), nonce, &profile)?;
        store::update(tx, holder.id, &sealed, user.terms_accepted || request.accepts_terms).await?;
        Ok(answer(StatusCode::OK, &Message::new("User updated successfully"))?)
    })
    .await
}
