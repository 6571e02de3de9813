//! `PATCH /v1/card/pin`: another PIN; and how a request gives one.

use super::card::Card;
use super::named::NamedCard;
use super::number::CardSeed;
use super::pin_block::Pin;
use super::secrets::{CardData, keys_of, pin_block_of};
use super::store::TRIES;
use super::tries::CardTries;
use crate::kit::prelude::*;
use crate::kit::request::types::{FieldType, text_schema};
use utoipa::openapi::schema::ObjectBuilder;

/// A PIN as a request gives it.
#[derive(Clone)]
pub struct GivenPin(pub Pin);

impl FieldType for GivenPin {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, &'static str> {
        Pin::parse(text).map(Self).ok_or("must be exactly 4 digits")
    }

    fn canonical(&self) -> String {
        self.0.as_str().to_owned()
    }

    fn schema() -> ObjectBuilder {
        text_schema().pattern(Some("^[0-9]{4}$")).examples(["4829"])
    }
}

/// The card and its PIN.
struct NewPin {
    named: NamedCard,
    pin: GivenPin,
}

impl Request for NewPin {
    const NAME: &'static str = "CardPinRequest";
    const ABOUT: &'static str = "A card of a user, and its PIN.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let named = NamedCard::read(fields);
        let pin = fields.required("pin").about("The PIN: 4 digits.").secret_text();
        Some(Self { named: named?, pin: pin? })
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "setCardPin",
        summary: "Set the PIN of a card",
        description: "Replaces the PIN. No call tells what it is. After three wrong PINs in a row none is checked \
                      until it is replaced. P453 if we have blocked or suspended the card.",
        example: r#"{"externalUserId":"$user","cardId":"$card","pin":"7391"}"#,
        answer: r#"{"message":"Card PIN set successfully"}"#,
        refusals: &[&P412, &P434, &P453],
        ..patch("/v1/card/pin", set_card_pin)
    }
}

async fn set_card_pin(context: Context, call: Call<NewPin>) -> Result<Success<Message>, Failure> {
    let Call { request: NewPin { named, pin }, keyed } = call;
    let seed = CardSeed::draw(&context.app);
    let mut touches = named.touches();
    touches.push(Touch::Object(&TRIES, named.card()));
    context
        .run(keyed, touches, async move |work| {
            let (holder, card) = named.find(work)?;
            card.check_not_held()?;
            if let Some(tries) = work.object::<CardTries>(card.id)? {
                work.put(&tries.with_new_pin())?;
            }
            let keys = keys_of(work.app(), &holder)?;
            let number = CardData::open(&keys, card.sealed.as_deref())?.number;
            let block = pin_block_of(&keys, &pin.0, &number, &seed.stream())?;
            work.put(&Card { pin_block: Some(block), ..card })?;
            Ok(Message::new("Card PIN set successfully"))
        })
        .await
}
