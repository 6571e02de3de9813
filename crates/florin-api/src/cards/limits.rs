//! `GET /v1/card/limits/{externalUserId}/{cardId}` and `PATCH /v1/card/limits`: what may be spent by a card.

use super::card::Card;
use super::details::CardId;
use super::named::NamedCard;
use crate::kit::prelude::*;
use crate::users::{UserId, require};

/// Limits of a card, in cents. A day is 24 hours and a month is 30 days, and both roll.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CardLimits {
    /// By all means, in a month.
    pub monthly_all: i64,
    /// By all means, in a day.
    pub daily_all: i64,
    /// At cash machines, in a month.
    pub monthly_atm: i64,
    /// At cash machines, in a day.
    pub daily_atm: i64,
    /// In web shops and apps, in a month.
    pub monthly_ecom: i64,
    /// In web shops and apps, in a day.
    pub daily_ecom: i64,
}

impl CardLimits {
    /// Those of a new card: EUR 2,500 a day and 10,000 a month, of which 500 and 2,500 in cash. It covers what most
    /// people spend in a month with a large purchase, and bounds what a thief can take before the user locks the card.
    pub const DEFAULT: Self = Self {
        monthly_all: 1_000_000,
        daily_all: 250_000,
        monthly_atm: 250_000,
        daily_atm: 50_000,
        monthly_ecom: 1_000_000,
        daily_ecom: 250_000,
    };

    /// The highest that a partner can set, the programme's: four times those of a new card, so that a partner can allow
    /// a holiday or a car, and a stolen card is still worth less than a house is insured for.
    pub const MOST: Self = Self {
        monthly_all: 4 * Self::DEFAULT.monthly_all,
        daily_all: 4 * Self::DEFAULT.daily_all,
        monthly_atm: 4 * Self::DEFAULT.monthly_atm,
        daily_atm: 4 * Self::DEFAULT.daily_atm,
        monthly_ecom: 4 * Self::DEFAULT.monthly_ecom,
        daily_ecom: 4 * Self::DEFAULT.daily_ecom,
    };
}

/// What may be spent by a card, in EUR. A day is 24 hours and a month is 30 days, and both roll.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardLimitsShown {
    /// In 30 days.
    #[schema(value_type = ExactNumber, example = 10000)]
    monthly_trx_all: ExactNumber,
    /// In 24 hours.
    #[schema(value_type = ExactNumber, example = 2500)]
    daily_trx_all: ExactNumber,
    /// At cash machines, in 30 days.
    #[schema(value_type = ExactNumber, example = 2500)]
    monthly_trx_atm: ExactNumber,
    /// At cash machines, in 24 hours.
    #[schema(value_type = ExactNumber, example = 500)]
    daily_trx_atm: ExactNumber,
    /// In web shops and apps, in 30 days.
    #[schema(value_type = ExactNumber, example = 10000)]
    monthly_trx_ecom: ExactNumber,
    /// In web shops and apps, in 24 hours.
    #[schema(value_type = ExactNumber, example = 2500)]
    daily_trx_ecom: ExactNumber,
}

impl From<CardLimits> for CardLimitsShown {
    fn from(limits: CardLimits) -> Self {
        let shown = |cents| ExactNumber::new(cents, 2);
        Self {
            monthly_trx_all: shown(limits.monthly_all),
            daily_trx_all: shown(limits.daily_all),
            monthly_trx_atm: shown(limits.monthly_atm),
            daily_trx_atm: shown(limits.daily_atm),
            monthly_trx_ecom: shown(limits.monthly_ecom),
            daily_trx_ecom: shown(limits.daily_ecom),
        }
    }
}

/// A card and its limits.
struct NewLimits {
    named: NamedCard,
    limits: CardLimits,
}

impl Request for NewLimits {
    const NAME: &'static str = "CardLimitsRequest";
    const ABOUT: &'static str = "A card of a user, and what may be spent by it, in EUR.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let most = CardLimits::MOST;
        let named = NamedCard::read(fields);
        let mut limit = |name, about, most| fields.required(name).about(about).limit(most);
        let monthly_all = limit("monthlyTrxAll", "In 30 days, in EUR.", most.monthly_all);
        let daily_all = limit("dailyTrxAll", "In 24 hours, in EUR.", most.daily_all);
        let monthly_atm = limit("monthlyTrxAtm", "At cash machines, in 30 days, in EUR.", most.monthly_atm);
        let daily_atm = limit("dailyTrxAtm", "At cash machines, in 24 hours, in EUR.", most.daily_atm);
        let monthly_ecom =
            limit("monthlyTrxEcom", "In web shops and apps, in 30 days, in EUR.", most.monthly_ecom);
        let daily_ecom =
            limit("dailyTrxEcom", "In web shops and apps, in 24 hours, in EUR.", most.daily_ecom);
        for (daily, monthly, names) in [
            (daily_all, monthly_all, ["dailyTrxAll", "monthlyTrxAll"]),
            (daily_atm, monthly_atm, ["dailyTrxAtm", "monthlyTrxAtm"]),
            (daily_ecom, monthly_ecom, ["dailyTrxEcom", "monthlyTrxEcom"]),
        ] {
            if daily.zip(monthly).is_some_and(|(daily, monthly)| daily > monthly) {
                fields.fail_of(&["", names[0], " cannot be more than ", names[1]]);
            }
        }
        let limits = CardLimits {
            monthly_all: monthly_all?,
            daily_all: daily_all?,
            monthly_atm: monthly_atm?,
            daily_atm: daily_atm?,
            monthly_ecom: monthly_ecom?,
            daily_ecom: daily_ecom?,
        };
        Some(Self { named: named?, limits })
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "getCardLimits",
            summary: "Get the limits of a card",
            description: "What may be spent by the card, in EUR. Limits roll: `daily` counts the last 24 hours, and \
                          `monthly` the last 30 days.",
            answer: r#"{"monthlyTrxAll":10000,"dailyTrxAll":2500,"monthlyTrxAtm":2500,"dailyTrxAtm":500,
                "monthlyTrxEcom":10000,"dailyTrxEcom":2500}"#,
            refusals: &[&P412, &P434],
            ..get("/v1/card/limits/{externalUserId}/{cardId}", get_card_limits)
        },
        Endpoint {
            id: "setCardLimits",
            summary: "Set the limits of a card",
            description: "Replaces all six limits, from the next payment on. A limit of 0 allows nothing. No daily \
                          limit can be more than its monthly one.",
            example: r#"{"externalUserId":"$user","cardId":"$card","monthlyTrxAll":5000,"dailyTrxAll":1000,
                "monthlyTrxAtm":500,"dailyTrxAtm":100,"monthlyTrxEcom":2500,"dailyTrxEcom":500.50}"#,
            answer: r#"{"message":"Card limits set successfully"}"#,
            refusals: &[&P412, &P434],
            ..patch("/v1/card/limits", set_card_limits)
        },
    ]
}

async fn get_card_limits(
    context: Context,
    Path(user): Path<UserId>,
    Path(card): Path<CardId>,
) -> Result<Success<CardLimitsShown>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.holder(user.as_str()).await?;
    let holder = require(holder.as_ref(), user.as_str())?;
    let card = card.find(&mut snapshot, holder).await?;
    Success::of(&CardLimitsShown::from(card.limits))
}

async fn set_card_limits(context: Context, call: Call<NewLimits>) -> Result<Success<Message>, Failure> {
    let Call { request: NewLimits { named, limits }, keyed } = call;
    context
        .run(keyed, named.touches(), async move |work| {
            let (_, card) = named.find(work)?;
            work.put(&Card { limits, ..card })?;
            Ok(Message::new("Card limits set successfully"))
        })
        .await
}
