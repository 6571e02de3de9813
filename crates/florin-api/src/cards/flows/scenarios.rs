//! What makes something else happen in a sandbox than that a purchase is approved and cleared a day later.

use super::authorise::HOLD_FOR;
use crate::cards::decide::MAX_AN_HOUR;
use crate::kit::app::App;
use crate::kit::endpoint::family::Scenario;
use florin_rails::cards::{MAGIC_AMOUNTS, MagicMerchant};

const AUTHORISE: &str = "POST /v1/sandbox/cards/{cardId}/authorize";
const SECURE: &str = "POST /v1/sandbox/cards/{cardId}/3ds";
const ADVANCE: &str = "POST /v1/sandbox/clock/advance";

/// The values.
pub fn scenarios(app: &App) -> Vec<Scenario> {
    if app.settings.cards.processor.as_ref().is_none_or(|processor| processor.name() != "simulated") {
        return Vec::new();
    }
    let scenario = |call, field, value: String, outcome: String| Scenario { call, field, value, outcome };
    let amounts = MAGIC_AMOUNTS.into_iter().map(|(whole, reason)| {
        scenario(AUTHORISE, "amount", whole.to_string(), format!("declined with {reason}"))
    });
    let merchants = MagicMerchant::ALL.into_iter().map(|magic| {
        let (call, outcome) = match magic {
            MagicMerchant::NeverClears => {
                (AUTHORISE, "never clears by itself: the hold expires after seven days")
            }
            MagicMerchant::ClearsLess => {
                (AUTHORISE, "clears half of the amount after a day, and lets the rest go")
            }
            MagicMerchant::ClearsMore => (AUTHORISE, "clears a tenth more than was approved after a day"),
            MagicMerchant::Reverses => (AUTHORISE, "reverses after a day"),
            MagicMerchant::Refunds => (AUTHORISE, "clears after a day, and refunds a day later"),
            MagicMerchant::NeedsAuthentication => (
                AUTHORISE,
                "declined with AUTHENTICATION_REQUIRED, unless challengeId names a passed challenge",
            ),
            MagicMerchant::FailsAuthentication => (SECURE, "declined without a code"),
        };
        scenario(call, "merchantName", magic.name().to_owned(), outcome.to_owned())
    });
    let rules = [
        (
            AUTHORISE,
            "amount",
            "more than the balance",
            "declined with INSUFFICIENT_FUNDS, or a part is approved",
        ),
        (AUTHORISE, "country", "RU", "declined with COUNTRY_BLOCKED"),
        (AUTHORISE, "channel", "ATM", "declined with PIN_REQUIRED, unless pin is presented"),
        (SECURE, "amount", "less than 30.00 EUR", "passed without a code"),
        (SECURE, "amount", "30.00 EUR or more", "the event card.3ds has a code"),
        (ADVANCE, "seconds", "86400", "merchants clear what was approved"),
        (ADVANCE, "seconds", "300", "codes have expired"),
    ]
    .map(|(call, field, value, outcome)| scenario(call, field, value.to_owned(), outcome.to_owned()));
    let often = format!("{MAX_AN_HOUR} authorisations in an hour");
    let rest = [
        scenario(AUTHORISE, "cardId", often, "the next is declined with VELOCITY".to_owned()),
        scenario(
            ADVANCE,
            "seconds",
            HOLD_FOR.as_secs().to_string(),
            "what is still on hold by a card expires".to_owned(),
        ),
    ];
    amounts.chain(merchants).chain(rules).chain(rest).collect()
}
