//! `POST /v1/exchange` and `POST /v1/partner/exchange`: one use case, two routes.

use super::completed::{EXCHANGE, Exchange};
use super::lock::RateLock;
use super::postings;
use super::store::LOCKS;
use crate::kit::endpoint::events::EventType;
use crate::kit::prelude::*;
use crate::users::{Owner, PAYER_WORDS, Role, admit, not_paid};

const SOURCE: &str = "sourceExternalUserId";

/// An exchange as it is asked for. Currencies may be ones that are not served: that is P410, in its turn.
struct ExchangeRequest<const OF_PARTNER: bool> {
    source: Owner,
    from: Listed<Currency>,
    to: Listed<Currency>,
    amount: Listed<Amount>,
    lock: Uuid,
}

impl<const OF_PARTNER: bool> Request for ExchangeRequest<OF_PARTNER> {
    const NAME: &'static str = if OF_PARTNER { "PartnerExchangeRequest" } else { "ExchangeRequest" };
    const ABOUT: &'static str = "An exchange request.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let source = match OF_PARTNER {
            true => Some(Owner::Partner),
            false => {
                let source = fields.required(SOURCE).about("The user whose money is exchanged.");
                source.text::<ExternalUserId>().map(Owner::User)
            }
        };
        let from = fields.required("currencyFrom").about("The currency to sell.").listed_currency();
        let to = fields.required("currencyTo").about("The currency to buy: another one.").listed_currency();
        let about = "How much to sell, in whole units of `currencyFrom`.";
        let amount = fields.required("amount").about(about).listed_amount(from.as_ref());
        let lock = fields.required("lockId").about("A lock of the same holder that was not used yet.").text();
        let known = |currency: &Option<Listed<Currency>>| currency.as_ref()?.known().ok();
        if known(&from).is_some() && known(&from) == known(&to) {
            fields.fail("currencyTo must be another currency than currencyFrom");
        }
        if OF_PARTNER {
            let why = "POST /v1/exchange exchanges a user's money";
            fields.must_not_have(SOURCE, PAYER_WORDS, why);
        }
        Some(Self { source: source?, from: from?, to: to?, amount: amount?, lock: lock? })
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let of_user = Endpoint {
        id: "createExchange",
        summary: "Exchange a user's money",
        example: r#"{"sourceExternalUserId":"$user","amount":"10.00","currencyFrom":"eur","currencyTo":"btc",
            "lockId":"$lock"}"#,
        refusals: &[&P410, &P412, &P433, &P435, &P436, &P455, &P459],
        ..described(post("/v1/exchange", create_exchange::<false>))
    };
    let of_partner = Endpoint {
        id: "createPartnerExchange",
        summary: "Exchange money of your master balance",
        example: r#"{"amount":"10.00","currencyFrom":"eur","currencyTo":"btc","lockId":"$partnerLock"}"#,
        refusals: &[&P410, &P433, &P435, &P436],
        ..described(post("/v1/partner/exchange", create_exchange::<true>))
    };
    [of_user, of_partner]
}

fn described(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        description: "Sells one currency for another at the rates of a lock. The money has moved when you get 201.\n\n\
                      `received = floor(amount × rateFrom × (1 − fee) ÷ rateTo)`, at the scale of `currencyTo`. The \
                      fee is the difference to the same amount without a fee, rounded down as well. An amount that \
                      buys nothing is P403. P436: also if one of the two rates was missing when the lock was given.\n\n\
                      Your master balance is exchanged by `POST /v1/partner/exchange`, which refuses a \
                      `sourceExternalUserId`.",
        answer: r#"{"exchangeId":"$exchange"}"#,
        ..endpoint
    }
}

/// An exchange that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeMade {
    /// Id of the exchange.
    exchange_id: Uuid,
}

/// Makes the exchange. The command does not read the database: everything it needs was touched.
async fn create_exchange<const OF_PARTNER: bool>(
    context: Context,
    call: Call<ExchangeRequest<OF_PARTNER>>,
) -> Result<Created<ExchangeMade>, Failure> {
    let ExchangeRequest { source, from, to, amount, lock: lock_id } = call.request;
    let mut touches = vec![Touch::Object(&LOCKS, lock_id)];
    if let (Listed::Known(from), Listed::Known(to)) = (&from, &to) {
        touches.extend([source.touch(from.code), source.touch(to.code)]);
        let house = postings::house_accounts(from.code, to.code);
        touches.extend(house.map(|(currency, kind)| Touch::SystemAccount(currency, kind)));
    }
    context
        .run(call.keyed, touches, async move |work| {
            let (from, to, amount) = (from.known()?, to.known()?, amount.known()?);
            let [holder] = admit(work, [(&source, Role::Pays, SOURCE)])?;
            let (exchange_id, now) = (work.id(), work.now());
            let lock = RateLock::take(work.object(lock_id)?, holder, now, exchange_id)?;
            let exchange = Exchange::under(&lock, exchange_id, (from, amount), to, now)?;
            let posting = postings::exchange(work.book(), &exchange);
            work.post(EXCHANGE.kind, exchange_id, &posting, Vec::new()).map_err(|error| {
                let source = (&source, (!OF_PARTNER).then_some(SOURCE));
                not_paid(work, error, source, amount.minor())
            })?;
            work.put(&lock)?;
            work.put(&exchange)?;
            work.emit(Event::about(EventType::Exchange, exchange_id).of_holder(holder).of_last_record());
            Ok(ExchangeMade { exchange_id })
        })
        .await
}
