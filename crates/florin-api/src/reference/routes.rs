//! `GET /v1/reference/countries`, `/currencies`, `/fees` and `/errors`.

use super::answers::{self, CountryList, CurrencyList, ErrorList, FeeList};
use crate::kit::app::App;
use crate::kit::book::command::ok;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, Shape, get};
use axum::extract::State;
use axum::response::Response;

/// The calls of this family.
pub fn endpoints() -> Vec<Endpoint> {
    let all = [
        Endpoint {
            summary: "List countries",
            description: "Which residences are accepted, get an IBAN, and need a proof of address.",
            ..get("/v1/reference/countries", countries, (200, Shape::of::<CountryList>()))
        },
        Endpoint {
            summary: "List currencies",
            description: "Decimals, and the networks of each with fees and minimums in whole units of the currency.",
            ..get("/v1/reference/currencies", currencies, (200, Shape::of::<CurrencyList>()))
        },
        Endpoint {
            summary: "List fees",
            description: "What each service costs.",
            ..get("/v1/reference/fees", fees, (200, Shape::of::<FeeList>()))
        },
        Endpoint {
            summary: "List errors",
            description: "Every code that a call can be refused with.",
            ..get("/v1/reference/errors", errors, (200, Shape::of::<ErrorList>()))
        },
    ];
    all.into_iter().map(|endpoint| Endpoint { tag: "Reference", ..endpoint }).collect()
}

async fn countries(State(app): State<App>, _: Partner) -> Result<Response, Failure> {
    ok(&answers::countries(&app.settings.reference))
}

async fn currencies(State(app): State<App>, _: Partner) -> Result<Response, Failure> {
    ok(&answers::currencies(&app.settings.reference))
}

async fn fees(State(app): State<App>, _: Partner) -> Result<Response, Failure> {
    ok(&answers::fees(&app.settings.reference))
}

async fn errors(_: State<App>, _: Partner) -> Result<Response, Failure> {
    ok(&answers::errors())
}
