//! `POST /v1/user/balances/crypto-and-fiat`: create a user.

use super::auto_verify::leave_auto_verify;
use super::birth_date::BirthDate;
use super::store::{self, NewUser};
use super::user::{Gate, Profile};
use crate::kit::book::key_sheets;
use crate::kit::prelude::*;
use crate::kit::request::types::FieldType;
use florin_types::{Email, Phone};
use std::sync::Arc;

/// Longest name, street or town, in characters: what SEPA lets a name be (EPC AT-02, 70) and twice that for the rest.
pub(super) const MAX_NAME: usize = 70;
const MAX_LINE: usize = 140;
/// Longest house number, postal code or document number.
const MAX_SHORT: usize = 35;

/// The created user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateUserAnswer {
    /// Our own id of the user. Calls take `externalUserId`, not this.
    user_id: Uuid,
    /// Whether the user must prove the address too.
    poa_required_for_extended: bool,
    /// The same, as older clients read it.
    poa_required: bool,
}

/// What a request says, typed.
#[derive(Clone)]
pub struct CreateUser {
    external_user_id: ExternalUserId,
    birth_date: Option<BirthDate>,
    country: Country,
    profile: Profile,
    terms_accepted: bool,
}

impl Request for CreateUser {
    const NAME: &'static str = "CreateUserRequest";
    const ABOUT: &'static str = "A new user.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "Your own id of the user. Unique among your users, and never free again.";
        let external_user_id = fields.required("externalUserId").about(about).text::<ExternalUserId>();
        let mut profile = read_contact(fields, true);
        let first_name =
            fields.required("firstName").about("Given names, as in the document.").text::<Name>();
        let last_name = fields.required("lastName").about("Family names, as in the document.").text::<Name>();
        let about = "The date of birth, from 1900 on. A user is 18 or older. Older clients may omit it here: it must \
                     be known before a verification can be asked for.";
        let birth_date = fields.optional("birthDate").about(about).text();
        read_address(fields, &mut profile);
        require_address(fields, &profile);
        let about = "The country of residence, ISO 3166-1 alpha-2.";
        let country = fields.required("country").about(about).text::<Country>();
        let about = "The citizenship, ISO 3166-1 alpha-2.";
        let citizenship = fields.required("citizenship").about(about).text::<Country>();
        let about = "The nationality, ISO 3166-1 alpha-2, where it differs from the citizenship.";
        profile.nationality = text_of(fields.optional("nationality").about(about).text());
        let about = "The country of birth, ISO 3166-1 alpha-2.";
        profile.birth_country = text_of(fields.optional("birthCountry").about(about).text());
        read_numbers(fields, &mut profile);
        let terms_accepted = read_terms(fields);
        profile.first_name = first_name.map(Text::into_string);
        profile.last_name = last_name.map(Text::into_string);
        profile.birth_date = birth_date.as_ref().map(BirthDate::canonical);
        profile.country = text_of(country);
        profile.citizenship = text_of(citizenship);
        Some(Self {
            external_user_id: external_user_id?,
            birth_date,
            country: country?,
            profile,
            terms_accepted,
        })
    }
}

/// A name.
pub(super) type Name = Text<MAX_NAME>;
type Line = Text<MAX_LINE>;
type Short = Text<MAX_SHORT>;

/// Email and phone.
pub(super) fn read_contact(fields: &mut Fields<'_>, is_required: bool) -> Profile {
    let mut profile = Profile::default();
    let email = fields.field("email", is_required).about("The email address.").text::<Email>();
    profile.email = email.map(Email::into_string);
    let about = "The phone number in international form. A leading `+` is optional; spaces, hyphens, dots and brackets \
                 between digits are dropped.";
    let phone = fields.field("phone", is_required).about(about).text::<Phone>();
    profile.phone = phone.map(Phone::into_string);
    profile
}

/// The parts of an address, all optional here: what is required depends on the call.
pub(super) fn read_address(fields: &mut Fields<'_>, profile: &mut Profile) {
    let about = "The address in one line, instead of `street` and `number`. For older clients.";
    profile.address = fields.optional("address").about(about).text::<Line>().map(Text::into_string);
    let street = fields.optional("street").about("The street.").example("St James's Square");
    profile.street = street.text::<Line>().map(Text::into_string);
    let number = fields.optional("number").about("The number of the house, and of the flat.").example("12");
    profile.number = number.text::<Short>().map(Text::into_string);
    let city = fields.optional("city").about("The town.").example("London");
    profile.city = city.text::<Line>().map(Text::into_string);
    let post_code = fields.optional("postCode").about("The postal code.").example("SW1Y 4LE");
    profile.post_code = post_code.text::<Short>().map(Text::into_string);
}

/// A new user has a town, a postal code, and a street with its number or one line instead.
fn require_address(fields: &mut Fields<'_>, profile: &Profile) {
    let is_one_line = profile.address.is_some();
    let needed = [
        ("street", profile.street.is_some() || is_one_line),
        ("number", profile.number.is_some() || is_one_line),
        ("city", profile.city.is_some()),
        ("postCode", profile.post_code.is_some()),
    ];
    for (name, is_there) in needed {
        if !is_there && !fields.is_given(name) {
            fields.fail(format!("{name} is required"));
        }
    }
    fields.needs_one_of(&[&["street", "number", "city", "postCode"], &["address", "city", "postCode"]]);
}

fn read_numbers(fields: &mut Fields<'_>, profile: &mut Profile) {
    let about = "The number by which the state of residence knows the person.";
    profile.user_identification_number =
        fields.optional("userIdentificationNumber").about(about).text::<Short>().map(Text::into_string);
    let about = "The Polish identification number. For older clients.";
    profile.pesel = fields.optional("pesel").about(about).text::<Short>().map(Text::into_string);
    let about = "The kind of document. For older clients; the user verification says it now.";
    profile.document_type =
        fields.optional("documentType").about(about).text::<Short>().map(Text::into_string);
    let about = "The document's number. For older clients; the user verification says it now.";
    profile.document_number =
        fields.optional("documentNumber").about(about).text::<Short>().map(Text::into_string);
}

/// Whether the terms are accepted. They can't be refused: who has not accepted them leaves the field out.
pub(super) fn read_terms(fields: &mut Fields<'_>) -> bool {
    let about = "`true` when the user has accepted the bank's terms; leave it out before. Without it `POST \
                 /v1/user/verification` is P464.";
    let terms = fields.optional("hasAcceptedP100Tc").about(about).boolean();
    if terms == Some(false) {
        fields.fail("hasAcceptedP100Tc must be true");
    }
    terms == Some(true)
}

pub(super) fn text_of(country: Option<Country>) -> Option<String> {
    country.map(|country| country.as_str().to_owned())
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "createUser",
        summary: "Create a user",
        description: "Creates a user without balances: they exist once the user is verified. Older clients may send \
                      `address` instead of `street` and `number`, and omit `birthDate`. Without \
                      `hasAcceptedP100Tc` the user is created, but \
                      cannot be verified until an update accepts the terms.",
        example: r#"{"externalUserId":"$new","email":"ada@example.com","phone":"+447700900123","firstName":"Ada",
            "lastName":"Lovelace","birthDate":"1990-12-10","street":"St James's Square","number":"12","city":"London",
            "postCode":"SW1Y 4LE","country":"GB","citizenship":"GB","hasAcceptedP100Tc":true}"#,
        answer: r#"{"userId":"0198c5d2-6f10-7b02-8a51-9d3c2e7f4b18","poaRequiredForExtended":false,
            "poaRequired":false}"#,
        refusals: &[&P411, &P431],
        ..post("/v1/user/balances/crypto-and-fiat", create_user)
    }
}

async fn create_user(context: Context, call: Call<CreateUser>) -> Result<Created<CreateUserAnswer>, Failure> {
    let Call { request, keyed } = call;
    if let Some(birth_date) = request.birth_date {
        birth_date.check_age_early(&context).await?;
    }
    // A key is a secret: the operating system draws it, before the command.
    let slot = key_sheets::slot(&context.app).await?;
    let secret = context.app.seals.new_user_secret(slot, &*context.app.entropy);
    let secret = secret.ok_or_else(|| StoreError::unexpected("a user's key can't be made"))?;
    let poa_required = context.app.settings.reference.needs_poa(request.country);
    let is_accepted = context.app.settings.reference.is_accepted(request.country);
    let touches = vec![Touch::User(request.external_user_id.as_str().to_owned())];
    let terms = Arc::clone(&context.terms);
    let created: Result<Created<_>, _> = context
        .run(keyed, touches, async move |work| {
            if let Some(birth_date) = request.birth_date {
                birth_date.check_age(work.now())?;
            }
            let external_user_id = request.external_user_id.as_str();
            if work.holder(external_user_id).is_some() {
                return Err(Refusal::of(&P411).into());
            }
            if !is_accepted {
                return Err(Refusal::of(&P431).into());
            }
            let (user_id, nonce) = (work.id(), work.nonce());
            let sealed = store::seal(&work.app().seals, Some(&secret), nonce, &request.profile)?;
            let holder = work.open_holder(user_id, external_user_id, Gate::default().bits(), secret.clone());
            let user = NewUser { holder, terms_accepted: request.terms_accepted, poa_required };
            store::insert(work, &user, &sealed).await?;
            if request.birth_date.is_none() {
                leave_auto_verify(work, external_user_id, &terms).await?;
            }
            Ok(CreateUserAnswer { user_id, poa_required_for_extended: poa_required, poa_required })
        })
        .await;
    key_sheets::settle(&context.app, slot, &created, Created::is_new);
    created
}
