//! `GET /v1/reference/countries`, `/currencies`, `/fees` and `/errors`.

use super::answers::{self, CountryList, CurrencyList, ErrorList, FeeList};
use crate::kit::prelude::*;

/// The calls.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint {
            id: "getCountries",
            summary: "List countries",
            description: "Which residences are accepted, get an IBAN, can have cards, and need a proof of address.",
            answer: r#"{"data":[{"code":"DE","name":"Germany","accepted":true,"iban":true,"cards":true,
                "poaRequired":false,"countsAs":null}]}"#,
            ..get("/v1/reference/countries", get_countries)
        },
        Endpoint {
            id: "getCurrencies",
            summary: "List currencies",
            description: "Decimals, and the networks of each with fees and minimums in whole units of the currency.",
            answer: r#"{"data":[{"code":"btc","kind":"crypto","decimals":8,"networks":[{"network":"btc",
                "name":"test","mainnet":false,"withdrawal":{"feeWithdrawal":0.0003,"minWithdrawal":0.001},
                "deposit":{"minDeposit":0}}]}]}"#,
            ..get("/v1/reference/currencies", get_currencies)
        },
        Endpoint {
            id: "getFees",
            summary: "List fees",
            description: "What each service costs you.",
            answer: r#"{"data":[{"operation":"SEPA_TRANSFER","currency":"eur","network":null,"percentage":0.1,
                "minimum":1,"fixed":null}]}"#,
            ..get("/v1/reference/fees", get_fees)
        },
        Endpoint {
            id: "getErrors",
            summary: "List errors",
            description: "Every code that a call can be refused with.",
            answer: r#"{"data":[{"errorCode":"P412","errorName":"invalid-user","errorMessage":"User does not exist",
                "httpStatus":400,"meaning":"the user does not exist"}]}"#,
            ..get("/v1/reference/errors", get_errors)
        },
    ]
}

async fn get_countries(context: Context) -> Result<Success<CountryList>, Failure> {
    Success::of(&answers::countries(&context.app.settings.reference))
}

async fn get_currencies(context: Context) -> Result<Success<CurrencyList>, Failure> {
    Success::of(&answers::currencies(&context.app.settings.reference))
}

async fn get_fees(context: Context) -> Result<Success<FeeList>, Failure> {
    let at = context.snapshot().await?.book_row().now(context.app.wall());
    Success::of(&answers::fees(&context.app.settings.reference, &context.terms, at))
}

async fn get_errors(_: Context) -> Result<Success<ErrorList>, Failure> {
    Success::of(&answers::errors())
}
