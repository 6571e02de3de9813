//! `POST /v1/card/virtual`: a new card of a user.

use super::card::{Activation, Card, CardStatus, check_count, expiry};
use super::fee;
use super::label::CardLabel;
use super::limits::CardLimits;
use super::number::{CardSeed, free_number};
use super::pin::GivenPin;
use super::secrets::{CardData, keys_of, pin_block_of};
use super::store;
use crate::kit::book::sealed;
use crate::kit::prelude::*;
use crate::users::{self, Gate, USER_WORDS, require};

/// The card to be made.
struct NewCard {
    user: ExternalUserId,
    label: CardLabel,
    pin: GivenPin,
}

impl Request for NewCard {
    const NAME: &'static str = "VirtualCardRequest";
    const ABOUT: &'static str = "The card to be made.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let user =
            fields.required("externalUserId").about("Whose card it is.").also_called(USER_WORDS).text();
        let label = fields.required("label").about("What the card is called: 3 to 30 characters.").text();
        let pin = fields.required("pin").about("The PIN: 4 digits.").secret_text();
        Some(Self { user: user?, label: label?, pin: pin? })
    }
}

/// A card that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VirtualCard {
    /// Its id.
    card_id: Uuid,
    /// Its number: 16 digits. Never store it, unless your systems comply with PCI DSS.
    #[schema(example = "9999000000000012")]
    card_number: String,
    /// The three digits that web shops ask for. Never store them.
    #[schema(example = "123")]
    cvv: String,
    /// The last month in which it can be used, as `MM/YY`.
    #[schema(example = "01/29")]
    exp: String,
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "createVirtualCard",
        summary: "Create a virtual card",
        description: "Makes a card of a verified user who lives in the European Union. It can be used at once. A user \
                      can have 10 cards at a time, and 5 can be made in 24 hours, 10 in 30 days and 20 in 365 days, \
                      deleted ones included. Each card costs a fee a month, from your own EUR balance.\n\n\
                      A repeat with the same `Idempotency-Key` answers with the same card.",
        example: r#"{"externalUserId":"$user","label":"Travel","pin":"4829"}"#,
        answer: r#"{"cardId":"$card","cardNumber":"9999000000000012","cvv":"123","exp":"01/29"}"#,
        refusals: &[&P412, &P451, &P452, &P455, &P459],
        ..post("/v1/card/virtual", create_virtual_card)
    }
}

async fn create_virtual_card(context: Context, call: Call<NewCard>) -> Result<Success<VirtualCard>, Failure> {
    let Call { request: NewCard { user, label, pin }, keyed } = call;
    if context.app.settings.cards.processor.is_none() {
        return Err(StoreError::unavailable("no card processor is set: no cards can be made").into());
    }
    let seed = CardSeed::draw(&context.app);
    let touches = vec![Touch::User(user.as_str().to_owned())];
    context
        .run(keyed, touches, async move |work| {
            let holder = require(work.holder(user.as_str()), user.as_str())?.clone();
            let gate = Gate::of(&holder);
            gate.check_may_send()?;
            gate.check_active()?;
            check_residence(work, &holder).await?;
            let now = work.now();
            check_count(&store::of_holder(work.scope(), holder.id).await?, now)?;
            let stream = seed.stream();
            let (number, pan_key) = free_number(work, &stream).await?;
            let keys = keys_of(work.app(), &holder)?;
            let data = CardData::of(number, &stream);
            let card = Card {
                id: work.id(),
                holder: holder.id,
                status: CardStatus::Active,
                is_locked: false,
                label: Some(sealed::seal(work, holder.id, &label.as_str())?),
                last4: data.number.last4().to_owned(),
                pan_key,
                sealed: Some(data.seal(&keys, &stream)?),
                pin_block: Some(pin_block_of(&keys, &pin.0, &data.number, &stream)?),
                limits: CardLimits::DEFAULT,
                activation: Activation::NotAsked,
                fee_months: 0,
                fee_owed: 0,
                created_at: now,
                expires_at: expiry(now),
                deleted_at: None,
            };
            work.put(&card)?;
            fee::leave_first(work, &card);
            Ok(VirtualCard {
                card_id: card.id,
                card_number: data.number.as_str().to_owned(),
                cvv: data.cvv.to_string(),
                exp: card.printed_expiry(),
            })
        })
        .await
}

/// Refuses residents of countries in which there are no cards.
async fn check_residence(work: &mut Work<'_>, holder: &florin_store::Holder) -> Result<(), Stop> {
    let user = users::find(work.scope(), holder.id).await?;
    let residence = user.profile(&work.app().seals, holder)?.country;
    let country = residence.as_deref().and_then(|code| Country::parse(code).ok());
    match country {
        Some(country) if work.app().settings.reference.has_cards(country) => Ok(()),
        Some(country) => Err(Refusal::because(&P451, country.as_str()).into()),
        None => Err(Refusal::of(&P451).into()),
    }
}
