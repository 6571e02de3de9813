//! `POST /v1/user/balances/crypto-and-fiat`: create a user.

use super::store::{self, NewUser};
use super::user::{Gate, Profile};
use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::book::seal::Nonce;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::codes::{P411, P431};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape, post};
use crate::kit::request::body::Request;
use crate::kit::request::call::Call;
use crate::kit::request::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use florin_store::{StoreError, Touch, Tx};
use florin_types::{Country, Date, Email, ExternalUserId, Phone, Text, Timestamp};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Age from which one may be a user.
const ADULT_YEARS: i32 = 18;

/// Longest name, street or town, in characters: what SEPA lets a name be (EPC AT-02, 70) and twice that for the rest.
pub(super) const MAX_NAME: usize = 70;
const MAX_LINE: usize = 140;
/// Longest house number, postal code or document number.
const MAX_SHORT: usize = 35;

/// A new user. Names have at most 70 characters, lines of the address 140, numbers, codes and types 35.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the profile from them")]
pub struct CreateUserRequest {
    /// Your own id of the user: 1 to 64 of `A-Z a-z 0-9 . _ : @ -`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:@-]+$")]
    external_user_id: String,
    #[schema(format = Email)]
    email: String,
    /// Digits with country code; a leading `+` is accepted.
    phone: String,
    first_name: String,
    last_name: String,
    /// `YYYY-MM-DD`, 18 or older.
    #[schema(format = Date)]
    birth_date: String,
    /// Required, unless `address` is given.
    street: Option<String>,
    /// House and flat; required, unless `address` is given.
    number: Option<String>,
    city: String,
    post_code: String,
    /// Residence, ISO 3166-1 alpha-2.
    country: String,
    /// ISO 3166-1 alpha-2.
    citizenship: String,
    /// ISO 3166-1 alpha-2.
    nationality: Option<String>,
    /// ISO 3166-1 alpha-2.
    birth_country: Option<String>,
    user_identification_number: Option<String>,
    /// Only true, once the user has accepted the terms; needed for verification.
    has_accepted_p100_tc: Option<bool>,
    /// One line instead of `street` and `number`, from older clients.
    address: Option<String>,
    pesel: Option<String>,
    document_type: Option<String>,
    document_number: Option<String>,
}

/// A created user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateUserAnswer {
    /// Our id of the user.
    user_id: Uuid,
    /// Whether a proof of address will be needed.
    poa_required_for_extended: bool,
}

/// What a request says, typed.
#[derive(Clone)]
pub struct CreateUser {
    external_user_id: ExternalUserId,
    birth_date: Date,
    country: Country,
    profile: Profile,
    terms_accepted: bool,
}

impl Request for CreateUser {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let external_user_id = fields.required("externalUserId").text(ExternalUserId::parse);
        let mut profile = read_contact(fields, true);
        let first_name = fields.required("firstName").text(Text::<MAX_NAME>::parse);
        let last_name = fields.required("lastName").text(Text::<MAX_NAME>::parse);
        let birth_date = fields.required("birthDate").text(Date::parse);
        read_address(fields, &mut profile);
        let is_one_line = profile.address.is_some();
        for (name, given) in [("street", profile.street.is_some()), ("number", profile.number.is_some())] {
            if !given && !is_one_line && !fields.is_given(name) {
                fields.fail(format!("{name} is required"));
            }
        }
        for (name, given) in [("city", profile.city.is_some()), ("postCode", profile.post_code.is_some())] {
            if !given && !fields.is_given(name) {
                fields.fail(format!("{name} is required"));
            }
        }
        let country = fields.required("country").text(Country::parse);
        let citizenship = fields.required("citizenship").text(Country::parse);
        profile.nationality = text_of(fields.optional("nationality").text(Country::parse));
        profile.birth_country = text_of(fields.optional("birthCountry").text(Country::parse));
        read_numbers(fields, &mut profile);
        let terms = fields.optional("hasAcceptedP100Tc").boolean();
        if terms == Some(false) {
            fields.fail("hasAcceptedP100Tc must be true");
        }
        profile.first_name = first_name.map(Text::into_string);
        profile.last_name = last_name.map(Text::into_string);
        profile.birth_date = birth_date.map(|date| date.to_string());
        profile.country = text_of(country);
        profile.citizenship = text_of(citizenship);
        let terms_accepted = terms == Some(true);
        Some(Self {
            external_user_id: external_user_id?,
            birth_date: birth_date?,
            country: country?,
            profile,
            terms_accepted,
        })
    }
}

/// Email and phone.
pub(super) fn read_contact(fields: &mut Fields<'_>, is_required: bool) -> Profile {
    let mut profile = Profile::default();
    let email = if is_required { fields.required("email") } else { fields.optional("email") };
    profile.email = email.text(Email::parse).map(Email::into_string);
    let phone = if is_required { fields.required("phone") } else { fields.optional("phone") };
    profile.phone = phone.text(Phone::parse).map(Phone::into_string);
    profile
}

/// The parts of an address, all optional here: what is required depends on the call.
pub(super) fn read_address(fields: &mut Fields<'_>, profile: &mut Profile) {
    profile.address = fields.optional("address").text(Text::<MAX_LINE>::parse).map(Text::into_string);
    profile.street = fields.optional("street").text(Text::<MAX_LINE>::parse).map(Text::into_string);
    profile.number = fields.optional("number").text(Text::<MAX_SHORT>::parse).map(Text::into_string);
    profile.city = fields.optional("city").text(Text::<MAX_LINE>::parse).map(Text::into_string);
    profile.post_code = fields.optional("postCode").text(Text::<MAX_SHORT>::parse).map(Text::into_string);
}

fn read_numbers(fields: &mut Fields<'_>, profile: &mut Profile) {
    profile.user_identification_number =
        fields.optional("userIdentificationNumber").text(Text::<MAX_SHORT>::parse).map(Text::into_string);
    profile.pesel = fields.optional("pesel").text(Text::<MAX_SHORT>::parse).map(Text::into_string);
    profile.document_type =
        fields.optional("documentType").text(Text::<MAX_SHORT>::parse).map(Text::into_string);
    profile.document_number =
        fields.optional("documentNumber").text(Text::<MAX_SHORT>::parse).map(Text::into_string);
}

/// Refuses who is too young at a time.
pub(super) fn check_age(birth_date: Date, at: Timestamp) -> Result<(), Refusal> {
    match birth_date.years_old_on(at.date()) < ADULT_YEARS {
        true => Err(Refusal::invalid("birthDate must be at least 18 years ago")),
        false => Ok(()),
    }
}

/// The same before the door, so that it comes before a known idempotency key. The book's clock, which may be ahead of
/// the wall's and is never behind it, is asked only by those whom the wall's finds too young.
pub(super) async fn check_age_early(app: &App, partner: &Partner, birth_date: Date) -> Result<(), Failure> {
    if check_age(birth_date, app.wall()).is_err() {
        let snapshot = app.store.snapshot(partner.book).await?;
        check_age(birth_date, snapshot.book_row().now(app.wall()))?;
    }
    Ok(())
}

pub(super) fn text_of(country: Option<Country>) -> Option<String> {
    country.map(|country| country.as_str().to_owned())
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Users",
        summary: "Create a user",
        description: "Creates a user with nothing yet: balances come once the user is verified. Older clients may send \
                      `address` instead of `street` and `number`. Without `hasAcceptedP100Tc` the user is created, but \
                      cannot pass verification until the terms are accepted by an update.",
        request: RequestBody::Json(
            Shape::of::<CreateUserRequest>(),
            r#"{"externalUserId":"$new","email":"ada@example.com","phone":"+447700900123","firstName":"Ada",
            "lastName":"Lovelace","birthDate":"1990-12-10","street":"St James's Square","number":"12","city":"London",
            "postCode":"SW1Y 4LE","country":"GB","citizenship":"GB","hasAcceptedP100Tc":true}"#,
        ),
        refusals: &[&P411, &P431],
        ..post("/v1/user/balances/crypto-and-fiat", handle, (201, Shape::of::<CreateUserAnswer>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    call: Call<CreateUser>,
) -> Result<Response, Failure> {
    let Call { request, keyed } = call;
    check_age_early(&app, &partner, request.birth_date).await?;
    let user_id = app.new_id();
    let secret = app.seals.new_secret(&*app.entropy);
    let secret = secret.ok_or_else(|| StoreError::unexpected("a user's key can't be made"))?;
    let sealed = store::seal(&app.seals, Some(&secret), Nonce::draw(&*app.entropy), &request.profile)?;
    let poa_required = app.settings.reference.needs_poa(request.country);
    let is_accepted = app.settings.reference.is_accepted(request.country);
    let handle = request.external_user_id.as_str().to_owned();
    let touches = vec![Touch::Holder(handle.clone())];
    app.run(&partner, keyed, touches, async move |tx: &mut Tx| {
        check_age(request.birth_date, tx.now())?;
        if tx.holder(&handle).is_some() {
            return Err(Refusal::of(&P411).into());
        }
        if !is_accepted {
            return Err(Refusal::of(&P431).into());
        }
        let holder = tx.open_holder(user_id, &handle, Gate::default().bits(), secret.clone());
        let user = NewUser { holder, terms_accepted: request.terms_accepted, poa_required };
        store::insert(tx, &user, &sealed).await?;
        let body = CreateUserAnswer { user_id, poa_required_for_extended: poa_required };
        Ok(answer(StatusCode::CREATED, &body)?)
    })
    .await
}
