//! A refusal: one code, the sentence for this occasion, and what the answer's head carries with it.
//!
//! The one mapping from a code to HTTP. The envelope is `{"errorCode","errorName","errorMessage"}` in that
//! order; a validation error has no `errorName`. The answer takes the code along as a response extension
//! ([`Refused`]), so that the middleware can log it and put the request id into the body of P500.

use std::borrow::Cow;
use std::fmt::Display;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::kit::endpoint::codes::{Code, P401, P403, P429, P500, P501};
use crate::kit::request::fields::SHOWN_NAME;

/// Seconds a client is asked to wait when nothing better is known. What makes P501 and P429 (a full queue, a
/// database that is failing over, an empty bucket) is usually gone within a second; clients add their own
/// jitter and growth.
pub const DEFAULT_RETRY_AFTER_SECS: u32 = 1;

/// Challenge of every 401 (RFC 9110 section 11.6.1 demands one; no registered scheme fits an API key in its
/// own header).
const CHALLENGE: &str = r#"ApiKey realm="florin", header="x-api-key""#;

/// A request refused, ready to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The row of the table.
    pub code: &'static Code,
    /// `errorMessage` of the answer.
    pub message: Cow<'static, str>,
    /// What the answer's head carries besides.
    pub details: Details,
}

/// Extras of an answer's head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// `Retry-After`, in seconds.
    pub retry_after_secs: Option<u32>,
    /// `Allow`: the methods the path has, as `GET, POST`.
    pub allow: Option<Cow<'static, str>>,
    /// `WWW-Authenticate`.
    pub challenge: Option<&'static str>,
}

/// Response extension that says which code the answer was refused with.
#[derive(Debug, Clone, Copy)]
pub struct Refused(pub &'static Code);

/// The envelope; field order is the wire's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    error_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_name: Option<&'a str>,
    error_message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl Refusal {
    /// The code with its own message and the head its row calls for.
    #[must_use]
    pub fn of(code: &'static Code) -> Self {
        let waits = *code == P501 || *code == P429;
        let details = Details {
            retry_after_secs: waits.then_some(DEFAULT_RETRY_AFTER_SECS),
            allow: None,
            challenge: (*code == P401).then_some(CHALLENGE),
        };
        Self { code, message: Cow::Borrowed(code.message), details }
    }

    /// The code with a message for this occasion.
    #[must_use]
    pub fn with(code: &'static Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), ..Self::of(code) }
    }

    /// The code with its stable message and, after a colon, what helps.
    #[must_use]
    pub fn because(code: &'static Code, why: impl Display) -> Self {
        Self::with(code, format!("{}: {why}", code.message))
    }

    /// The code with its stable message and, after a colon, what the client sent.
    #[must_use]
    pub fn naming(code: &'static Code, sent: &str) -> Self {
        Self::because(code, format_args!("{:?}", shown(sent)))
    }

    /// The same with the field that it was sent in.
    #[must_use]
    pub fn naming_field(code: &'static Code, field: &str, sent: &str) -> Self {
        Self::because(code, format_args!("{field} {:?}", shown(sent)))
    }

    /// P403 with every failure, joined as the contract says. An empty list still refuses, with the row's
    /// message.
    #[must_use]
    pub fn validation(failures: Vec<String>) -> Self {
        match failures.as_slice() {
            [] => Self::of(&P403),
            _ => Self::with(&P403, failures.join(". ")),
        }
    }

    /// P403 with one failure.
    #[must_use]
    pub fn invalid(failure: impl Into<Cow<'static, str>>) -> Self {
        Self::with(&P403, failure)
    }

    /// Sets `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.details.retry_after_secs = Some(seconds);
        self
    }

    /// Sets `Allow`.
    #[must_use]
    pub fn allow(mut self, methods: impl Into<Cow<'static, str>>) -> Self {
        self.details.allow = Some(methods.into());
        self
    }

    /// The exact bytes of the answer's body.
    #[must_use]
    pub fn body(&self) -> Bytes {
        self.render(None)
    }

    /// The body with a `requestId` at its end, as P500 has it.
    #[must_use]
    pub fn body_with_request_id(&self, request_id: &str) -> Bytes {
        self.render(Some(request_id))
    }

    fn render(&self, request_id: Option<&str>) -> Bytes {
        let envelope = Envelope {
            error_code: self.code.code,
            error_name: self.code.name,
            error_message: &self.message,
            request_id,
        };
        // Strings into memory: there is nothing in it that could fail.
        serde_json::to_vec(&envelope).unwrap_or_default().into()
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status).unwrap_or(StatusCode::BAD_REQUEST)
    }

    /// True for the unexpected fault, whose answer names the request.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        *self.code == P500
    }
}

/// What a client sent, cut to what fits a message.
fn shown(sent: &str) -> String {
    sent.chars().take(SHOWN_NAME).collect()
}

impl From<&'static Code> for Refusal {
    fn from(code: &'static Code) -> Self {
        Self::of(code)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.code, self.message)
    }
}

impl std::error::Error for Refusal {}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::from(self.body()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.details.retry_after_secs {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.details.allow.and_then(|methods| HeaderValue::from_str(&methods).ok()) {
            headers.insert(ALLOW, allow);
        }
        if let Some(challenge) = self.details.challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(Refused(self.code));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::endpoint::codes::{ALL, P405, P412, P424, find};

    /// The wire, row by row: code, status, name, message. A change here is a change for every client.
    const WIRE: &[(&str, u16, &str, &str)] = &[
        ("P211", 202, "poa-pending", "Proof of address is already being checked"),
        ("P401", 401, "access-denied", "Access Denied"),
        ("P403", 400, "", "Validation error"),
        ("P404", 404, "not-found", "No such path"),
        ("P405", 405, "method-not-allowed", "Method not allowed on this path"),
        ("P410", 400, "invalid-currency", "Currency or network is not supported"),
        ("P411", 400, "user-exists", "User already exists"),
        ("P412", 400, "invalid-user", "User does not exist"),
        ("P418", 400, "partner-not-found", "Partner not found"),
        ("P424", 400, "source-or-destination-required", "Source or destination must be provided."),
        ("P426", 400, "invalid-file-type", "Invalid file type"),
        ("P428", 404, "sepa-transfer-not-found", "SEPA transfer not found"),
        ("P429", 429, "rate-limited", "Too many requests"),
        ("P431", 400, "forbidden-country", "Country is not served"),
        ("P433", 400, "insufficient-funds", "Insufficient funds"),
        ("P434", 400, "invalid-card", "Card does not exist"),
        ("P435", 400, "rate-lock-expired", "Rate lock has expired"),
        ("P436", 400, "rate-lock-invalid", "Rate lock is not valid for this operation"),
        ("P437", 404, "transfer-not-found", "Transfer not found"),
        ("P438", 404, "exchange-not-found", "Exchange not found"),
        ("P439", 400, "no-kyc-files", "No KYC files"),
        ("P440", 400, "file-too-large", "File too large"),
        ("P441", 404, "crypto-withdrawal-not-found", "Crypto withdrawal not found"),
        ("P442", 404, "crypto-deposit-not-found", "Crypto deposit not found"),
        ("P443", 404, "order-not-found", "Order not found"),
        ("P444", 404, "payment-link-not-found", "Payment link not found"),
        ("P445", 404, "kyc-not-found", "KYC not found"),
        ("P446", 400, "travel-rule-not-expected", "Deposit is not waiting for travel rule data"),
        ("P447", 400, "poa-already-verified", "Proof of address is already verified"),
        ("P448", 400, "kyc-already-verified", "User is already verified"),
        ("P449", 400, "kyc-files-incomplete", "KYC files are incomplete"),
        ("P450", 400, "amount-below-minimum", "Amount is below the minimum"),
        ("P451", 400, "forbidden-country-card", "Cards are not available in the user's country"),
        ("P452", 400, "card-limit-reached", "Card limit reached"),
        ("P453", 400, "invalid-card-state", "Card state does not allow this operation"),
        ("P454", 400, "active-cards", "User has active cards"),
        ("P455", 400, "user-suspended", "User is suspended"),
        ("P456", 400, "user-has-balance", "User has a balance or pending operations"),
        ("P457", 400, "wallet-not-available", "Wallet is not available for this currency and network"),
        ("P458", 400, "invalid-address", "Wallet address is not valid for this network"),
        ("P459", 400, "user-not-verified", "User is not verified"),
        ("P460", 404, "poa-not-found", "Proof of address verification not found"),
        ("P461", 400, "user-not-extended", "User does not have the extended level"),
        ("P462", 400, "invalid-iban", "IBAN is not valid"),
        ("P463", 400, "destination-not-allowed", "Destination is not allowed"),
        ("P464", 400, "terms-not-accepted", "Terms and conditions are not accepted"),
        ("P465", 400, "kyc-in-review", "KYC is already in review"),
        ("P466", 404, "delivery-not-found", "Webhook delivery not found"),
        ("P467", 404, "webhook-endpoint-not-found", "Webhook endpoint not found"),
        ("P468", 400, "webhook-endpoint-unhealthy", "Webhook endpoint is not healthy"),
        ("P470", 400, "idempotency-key-reused", "Idempotency key was already used with a different request"),
        ("P471", 409, "idempotency-in-progress", "A request with this idempotency key is still in progress"),
        ("P472", 404, "sepa-recall-not-found", "SEPA recall not found"),
        ("P473", 400, "sepa-recall-not-possible", "SEPA recall is not possible"),
        ("P474", 404, "card-transaction-not-found", "Card transaction not found"),
        ("P475", 404, "card-challenge-not-found", "Card challenge not found"),
        ("P476", 400, "invalid-payment-link-state", "Payment link state does not allow this operation"),
        ("P500", 400, "unknown-exception", "Unknown exception"),
        ("P501", 400, "service-unavailable", "Service temporarily unavailable"),
    ];

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn every_code_answers_exactly_this() {
        assert_eq!(ALL.len(), WIRE.len());
        for (row, (code, status, name, message)) in ALL.iter().zip(WIRE) {
            let name = if name.is_empty() { String::new() } else { format!(r#""errorName":"{name}","#) };
            let body = format!(r#"{{"errorCode":"{code}",{name}"errorMessage":"{message}"}}"#);
            let refusal = Refusal::of(row);
            assert_eq!((refusal.status().as_u16(), text(&refusal.body())), (*status, body.as_str()));
        }
    }

    #[test]
    fn codes_are_unique_and_well_formed() {
        for (index, row) in ALL.iter().enumerate() {
            assert!(row.code.len() == 4 && row.code.starts_with('P'), "{}", row.code);
            assert!(row.code[1..].bytes().all(|b| b.is_ascii_digit()));
            assert!(!row.message.is_empty() && !row.meaning.is_empty());
            assert!(row.name.is_some() == (row.code != "P403"));
            for other in &ALL[..index] {
                assert!(other.code < row.code && other.name != row.name, "{} after {}", row.code, other.code);
            }
            assert_eq!(find(row.code), Some(*row));
        }
        assert_eq!(find("P999"), None);
    }

    #[test]
    fn validation_joins_failures_and_has_no_name() {
        let failures = vec![
            "currency must be one of the following values: btc, eth".to_owned(),
            "amount can have at most 8 decimal places".to_owned(),
        ];
        let expected = concat!(
            r#"{"errorCode":"P403","errorMessage":"currency must be one of the following values: btc, eth. "#,
            r#"amount can have at most 8 decimal places"}"#
        );
        assert_eq!(text(&Refusal::validation(failures).body()), expected);
        assert_eq!(Refusal::validation(Vec::new()).message, "Validation error");
    }

    #[test]
    fn messages_are_escaped() {
        let body = Refusal::invalid("a \"b\" \\ c").body();
        assert_eq!(text(&body), r#"{"errorCode":"P403","errorMessage":"a \"b\" \\ c"}"#);
    }

    #[test]
    fn heads_carry_what_their_code_needs() {
        let head = |refusal: Refusal| refusal.into_response().headers().clone();
        assert_eq!(head(Refusal::of(&P501))[RETRY_AFTER], "1");
        assert_eq!(head(Refusal::of(&P429).retry_after(7))[RETRY_AFTER], "7");
        assert_eq!(head(Refusal::of(&P405).allow("GET, PATCH"))[ALLOW], "GET, PATCH");
        assert_eq!(head(Refusal::of(&P401))[WWW_AUTHENTICATE], CHALLENGE);
        assert_eq!(head(Refusal::of(&P412)).len(), 1);
        let response = Refusal::of(&P424).into_response();
        assert_eq!(response.extensions().get::<Refused>().unwrap().0, &P424);
    }

    #[test]
    fn a_fault_names_the_request() {
        let refusal = Refusal::of(&P500);
        assert!(refusal.is_fault());
        assert_eq!(
            text(&refusal.body_with_request_id("r-1")),
            concat!(
                r#"{"errorCode":"P500","errorName":"unknown-exception","#,
                r#""errorMessage":"Unknown exception","requestId":"r-1"}"#
            )
        );
    }
}
