//! `GET /v1/exchange/get-rate` and `GET /v1/partner/exchange/get-rate`: one use case, two routes.

use crate::kit::prelude::*;
use crate::kit::request::number::Number;
use florin_rails::rates::Rates;
use serde::Serializer;
use utoipa::PartialSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema};

/// EUR for one unit of each currency, by its code.
pub struct RateTable(pub Rates);

impl Serialize for RateTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(code, rate)| (code.to_string(), Number(rate))))
    }
}

impl PartialSchema for RateTable {
    fn schema() -> RefOr<Schema> {
        let about = "EUR for one unit of each currency, by its code.";
        let rates = ObjectBuilder::new().additional_properties(Some(ExactNumber::schema()));
        rates.description(Some(about)).into()
    }
}

impl ToSchema for RateTable {}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let described = |id, summary, endpoint| Endpoint {
        id,
        summary,
        description: "EUR for one unit of each currency, now. The rates are indicative: to exchange at a rate that \
                      holds, get a lock first. A currency whose rate is missing or too old is left out; P501: all \
                      are.",
        answer: r#"{"eur":1,"btc":95000.5,"eth":2500.5,"ltc":80,"doge":0.15,"pol":0.4,"usdc":0.86,"usdt":0.86}"#,
        ..endpoint
    };
    [
        described("getRates", "Get the rates", get("/v1/exchange/get-rate", get_rates)),
        described(
            "getPartnerRates",
            "Get the rates for your master balance",
            get("/v1/partner/exchange/get-rate", get_rates),
        ),
    ]
}

async fn get_rates(context: Context) -> Result<Success<RateTable>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let rates = super::in_snapshot(&context.app, &mut snapshot).await?;
    Success::of(&RateTable(rates))
}
