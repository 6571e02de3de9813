//! `POST /v1/sandbox/rates`: move the market.

use crate::kit::prelude::*;
use crate::rates;
use florin_rails::rates::EUR;
use florin_types::Rate;

#[derive(Clone)]
struct RateRequest {
    currency: Currency,
    rate: Option<Rate>,
}

impl Request for RateRequest {
    const NAME: &'static str = "SandboxRateRequest";
    const ABOUT: &'static str = "The rate of a currency.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let currency = fields
            .required("currency")
            .about("Any currency except `eur`, whose rate is always 1.")
            .currency();
        let rate = fields
            .optional("rate")
            .about("The new rate. If omitted, the rate comes from the market again.")
            .rate();
        if currency.is_some_and(|currency| currency.code == EUR) {
            fields.fail("currency must not be eur: its rate is always 1");
        }
        Some(Self { currency: currency?, rate })
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "setRate",
        summary: "Set a rate",
        description: "Sets what one unit of a currency costs in EUR, in your sandbox alone. The rate stands still from \
                      now on, until you set another or omit `rate`; a reset forgets it. Locks that were given before \
                      keep their rates.",
        example: r#"{"currency":"btc","rate":"60000.12"}"#,
        answer: r#"{"message":"Rate of btc set to 60000.12"}"#,
        ..post("/v1/sandbox/rates", set_rate)
    }
}

async fn set_rate(context: SandboxContext, call: Call<RateRequest>) -> Result<Success<Message>, Failure> {
    let Call { request: RateRequest { currency, rate }, keyed } = call;
    let touches = rates::touch(&context.app).into_iter().collect();
    context
        .run(keyed, touches, async move |work| {
            rates::set_sandbox_rate(work, currency.code, rate)?;
            Ok(Message::new(match rate {
                Some(rate) => format!("Rate of {} set to {rate}", currency.code),
                None => format!("Rate of {} comes from the market again", currency.code),
            }))
        })
        .await
}
