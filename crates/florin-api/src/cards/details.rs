//! `GET /v1/card/details/{externalUserId}/{cardId}`: what is on a card.

use super::card::{Card, CardStatus};
use super::secrets::{CardData, keys_of};
use crate::kit::endpoint::handler::uuid_in_path;
use crate::kit::prelude::*;
use crate::users::{self, Gate, UserId, require};
use florin_store::{Holder, Scope};

/// What is on a card.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardDetails {
    /// Where the card stands.
    status: CardStatus,
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

uuid_in_path!(pub CardId, "cardId", "Id of the card.", "$card");

impl CardId {
    /// The id, if it is one.
    pub(crate) const fn id(&self) -> Option<Uuid> {
        self.0
    }

    /// The card that an answer read, of a holder.
    ///
    /// # Errors
    /// P434, or a fault.
    pub(super) async fn find(&self, scope: &mut Scope, holder: &Holder) -> Result<Card, Failure> {
        let card = self.find_even_deleted(scope, holder).await?;
        Ok(Card::require(Some(card), holder.id)?)
    }

    /// The same, if it was deleted too.
    ///
    /// # Errors
    /// P434, or a fault.
    pub(super) async fn find_even_deleted(
        &self,
        scope: &mut Scope,
        holder: &Holder,
    ) -> Result<Card, Failure> {
        let found = match self.0 {
            Some(id) => scope.objects_at::<Card>(&[id]).await?.pop(),
            None => None,
        };
        Ok(found.filter(|card| card.holder == holder.id).ok_or_else(|| Refusal::of(&P434))?)
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getCardDetails",
        summary: "Get what is on a card",
        description: "Number, CVV and expiry, to be shown to the user and kept nowhere. P461 while a proof of address \
                      is asked of the user.",
        answer: r#"{"status":"ACTIVE","cardNumber":"9999000000000012","cvv":"123","exp":"01/29"}"#,
        refusals: &[&P412, &P434, &P459, &P461],
        ..get("/v1/card/details/{externalUserId}/{cardId}", get_card_details)
    }
}

async fn get_card_details(
    context: Context,
    Path(user): Path<UserId>,
    Path(card): Path<CardId>,
) -> Result<Success<CardDetails>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.holder(user.as_str()).await?;
    let holder = require(holder.as_ref(), user.as_str())?;
    Gate::of(holder).check_verified()?;
    let card = card.find(&mut snapshot, holder).await?;
    if users::find(&mut snapshot, holder.id).await?.poa_required {
        return Err(Refusal::because(&P461, "a proof of address is asked of the user").into());
    }
    drop(snapshot);
    let data = CardData::open(&keys_of(&context.app, holder)?, card.sealed.as_deref())?;
    Success::of(&CardDetails {
        status: card.status,
        card_number: data.number.as_str().to_owned(),
        cvv: data.cvv.to_string(),
        exp: card.printed_expiry(),
    })
}
