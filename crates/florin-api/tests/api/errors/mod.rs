//! Every code that an endpoint declares is reached here, through the router, with its exact status and body.
//!
//! Each test takes its endpoints from the table: a new endpoint is tried by itself, and where nothing is known of how
//! to provoke the code there, the test fails and says so. A code that no test names fails the first test below.

mod cards;
mod everywhere;
mod kyc;
mod messages;
mod own;
mod payment_links;
mod routes;

use florin_api::endpoints;
use florin_api::kit::endpoint::table::Endpoint;
use std::collections::BTreeSet;

/// The codes that the tests of this folder provoke.
const TESTED: &[&str] = &[
    "P211", "P401", "P403", "P410", "P411", "P412", "P424", "P426", "P428", "P429", "P431", "P433", "P435",
    "P436", "P437", "P438", "P439", "P440", "P441", "P442", "P443", "P444", "P446", "P450", "P458", "P445",
    "P447", "P448", "P449", "P434", "P451", "P452", "P453", "P454", "P461", "P455", "P456", "P457", "P459",
    "P462", "P460", "P464", "P465", "P466", "P467", "P468", "P470", "P471", "P472", "P473", "P474", "P475",
    "P476", "P500", "P501",
];

#[test]
fn every_declared_code_has_a_test() {
    let refusals = endpoints().into_iter().flat_map(|endpoint| endpoint.all_refusals());
    let declared: BTreeSet<&str> = refusals.map(|code| code.code).collect();
    assert_eq!(declared, TESTED.iter().copied().collect());
}

/// The endpoints that declare a code.
fn declaring(code: &str) -> Vec<Endpoint> {
    assert!(TESTED.contains(&code), "add {code} to the list above");
    let declares = |endpoint: &Endpoint| endpoint.all_refusals().iter().any(|refusal| refusal.code == code);
    let declaring: Vec<_> = endpoints().into_iter().filter(declares).collect();
    assert!(!declaring.is_empty(), "nobody declares {code}");
    declaring
}

/// The body of a refusal, spelt out.
fn refusal(code: &str, name: &str, message: &str) -> String {
    format!(r#"{{"errorCode":"{code}","errorName":"{name}","errorMessage":"{message}"}}"#)
}

/// Whether an answer is this refusal, or begins with its text and goes on after a colon with what helps.
fn agrees(answer: &str, refusal: &str) -> bool {
    let begins = refusal.strip_suffix(r#""}"#).expect("a refusal's end");
    answer == refusal || answer.starts_with(&format!("{begins}: "))
}

/// An endpoint for messages.
fn name_of(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.method, endpoint.path)
}
