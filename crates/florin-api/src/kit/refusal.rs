//! A refusal: one code, the sentence for this occasion, and what the answer's head carries with it.
//!
//! The one mapping from a code to HTTP. The envelope is `{"errorCode","errorName","errorMessage"}` in that order; a
//! validation error has no `errorName`. The answer takes the code along as a response extension ([`Refused`]), so that
//! the middleware can log it and put the request id into the body of P500.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::codes::{Code, P401, P403, P429, P500, P501};

/// Seconds a client is asked to wait when nothing better is known. What makes P501 and P429 (a full queue, a database
/// that is failing over, an empty bucket) is usually gone within a second; clients add their own jitter and growth.
pub const DEFAULT_RETRY_AFTER_SECS: u32 = 1;

/// Challenge of every 401 (RFC 9110 section 11.6.1 demands one; no registered scheme fits an API key in its own header).
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

    /// P403 with every failure, joined as the contract says. An empty list still refuses, with the row's message.
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
    use super::super::codes::{ALL, P405, P412, P424, find};
    use super::*;

    /// The wire, row by row: code, status, body. A change here is a change for every client.
    const WIRE: &[(u16, &str)] = &[
        (202, r#"{"errorCode":"P211","errorName":"poa-pending","errorMessage":"Proof of address is already being checked"}"#),
        (401, r#"{"errorCode":"P401","errorName":"access-denied","errorMessage":"Access Denied"}"#),
        (400, r#"{"errorCode":"P403","errorMessage":"Validation error"}"#),
        (404, r#"{"errorCode":"P404","errorName":"not-found","errorMessage":"No such path"}"#),
        (405, r#"{"errorCode":"P405","errorName":"method-not-allowed","errorMessage":"Method not allowed on this path"}"#),
        (400, r#"{"errorCode":"P410","errorName":"invalid-currency","errorMessage":"Currency or network is not supported"}"#),
        (400, r#"{"errorCode":"P411","errorName":"user-exists","errorMessage":"User already exists"}"#),
        (400, r#"{"errorCode":"P412","errorName":"invalid-user","errorMessage":"User does not exist"}"#),
        (400, r#"{"errorCode":"P418","errorName":"partner-not-found","errorMessage":"Partner not found"}"#),
        (400, r#"{"errorCode":"P424","errorName":"source-or-destination-required","errorMessage":"Source or destination must be provided."}"#),
        (400, r#"{"errorCode":"P426","errorName":"invalid-file-type","errorMessage":"Invalid file type"}"#),
        (404, r#"{"errorCode":"P428","errorName":"sepa-transfer-not-found","errorMessage":"SEPA transfer not found"}"#),
        (429, r#"{"errorCode":"P429","errorName":"rate-limited","errorMessage":"Too many requests"}"#),
        (400, r#"{"errorCode":"P431","errorName":"forbidden-country","errorMessage":"Country is not served"}"#),
        (400, r#"{"errorCode":"P433","errorName":"insufficient-funds","errorMessage":"Insufficient funds"}"#),
        (400, r#"{"errorCode":"P434","errorName":"invalid-card","errorMessage":"Card does not exist"}"#),
        (400, r#"{"errorCode":"P435","errorName":"rate-lock-expired","errorMessage":"Rate lock has expired"}"#),
        (400, r#"{"errorCode":"P436","errorName":"rate-lock-invalid","errorMessage":"Rate lock is not valid for this operation"}"#),
        (404, r#"{"errorCode":"P437","errorName":"transfer-not-found","errorMessage":"Transfer not found"}"#),
        (404, r#"{"errorCode":"P438","errorName":"exchange-not-found","errorMessage":"Exchange not found"}"#),
        (400, r#"{"errorCode":"P439","errorName":"no-kyc-files","errorMessage":"No KYC files"}"#),
        (400, r#"{"errorCode":"P440","errorName":"file-too-large","errorMessage":"File too large"}"#),
        (404, r#"{"errorCode":"P441","errorName":"crypto-withdrawal-not-found","errorMessage":"Crypto withdrawal not found"}"#),
        (404, r#"{"errorCode":"P442","errorName":"crypto-deposit-not-found","errorMessage":"Crypto deposit not found"}"#),
        (404, r#"{"errorCode":"P443","errorName":"order-not-found","errorMessage":"Order not found"}"#),
        (404, r#"{"errorCode":"P444","errorName":"payment-link-not-found","errorMessage":"Payment link not found"}"#),
        (404, r#"{"errorCode":"P445","errorName":"kyc-not-found","errorMessage":"KYC not found"}"#),
        (400, r#"{"errorCode":"P446","errorName":"travel-rule-not-expected","errorMessage":"Deposit is not waiting for travel rule data"}"#),
        (400, r#"{"errorCode":"P447","errorName":"poa-already-verified","errorMessage":"Proof of address is already verified"}"#),
        (400, r#"{"errorCode":"P448","errorName":"kyc-already-verified","errorMessage":"User is already verified"}"#),
        (400, r#"{"errorCode":"P449","errorName":"kyc-files-incomplete","errorMessage":"KYC files are incomplete"}"#),
        (400, r#"{"errorCode":"P450","errorName":"amount-below-minimum","errorMessage":"Amount is below the minimum"}"#),
        (400, r#"{"errorCode":"P451","errorName":"forbidden-country-card","errorMessage":"Cards are not available in the user's country"}"#),
        (400, r#"{"errorCode":"P452","errorName":"card-limit-reached","errorMessage":"Card limit reached"}"#),
        (400, r#"{"errorCode":"P453","errorName":"invalid-card-state","errorMessage":"Card state does not allow this operation"}"#),
        (400, r#"{"errorCode":"P454","errorName":"active-cards","errorMessage":"User has active cards"}"#),
        (400, r#"{"errorCode":"P455","errorName":"user-suspended","errorMessage":"User is suspended"}"#),
        (400, r#"{"errorCode":"P456","errorName":"user-has-balance","errorMessage":"User has a balance or pending operations"}"#),
        (400, r#"{"errorCode":"P457","errorName":"wallet-not-available","errorMessage":"Wallet is not available for this currency and network"}"#),
        (400, r#"{"errorCode":"P458","errorName":"invalid-address","errorMessage":"Wallet address is not valid for this network"}"#),
        (400, r#"{"errorCode":"P459","errorName":"user-not-verified","errorMessage":"User is not verified"}"#),
        (404, r#"{"errorCode":"P460","errorName":"poa-not-found","errorMessage":"Proof of address verification not found"}"#),
        (400, r#"{"errorCode":"P461","errorName":"user-not-extended","errorMessage":"User does not have the extended level"}"#),
        (400, r#"{"errorCode":"P462","errorName":"invalid-iban","errorMessage":"IBAN is not valid"}"#),
        (400, r#"{"errorCode":"P463","errorName":"destination-not-allowed","errorMessage":"Destination is not allowed"}"#),
        (400, r#"{"errorCode":"P464","errorName":"terms-not-accepted","errorMessage":"Terms and conditions are not accepted"}"#),
        (400, r#"{"errorCode":"P465","errorName":"kyc-in-review","errorMessage":"KYC is already in review"}"#),
        (404, r#"{"errorCode":"P466","errorName":"delivery-not-found","errorMessage":"Webhook delivery not found"}"#),
        (404, r#"{"errorCode":"P467","errorName":"webhook-endpoint-not-found","errorMessage":"Webhook endpoint not found"}"#),
        (400, r#"{"errorCode":"P468","errorName":"webhook-endpoint-unhealthy","errorMessage":"Webhook endpoint is not healthy"}"#),
        (400, r#"{"errorCode":"P470","errorName":"idempotency-key-reused","errorMessage":"Idempotency key was already used with a different request"}"#),
        (409, r#"{"errorCode":"P471","errorName":"idempotency-in-progress","errorMessage":"A request with this idempotency key is still in progress"}"#),
        (400, r#"{"errorCode":"P500","errorName":"unknown-exception","errorMessage":"Unknown exception"}"#),
        (400, r#"{"errorCode":"P501","errorName":"service-unavailable","errorMessage":"Service temporarily unavailable"}"#),
    ];

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn every_code_answers_exactly_this() {
        assert_eq!(ALL.len(), WIRE.len());
        for (code, (status, body)) in ALL.iter().zip(WIRE) {
            let refusal = Refusal::of(code);
            assert_eq!((refusal.status().as_u16(), text(&refusal.body())), (*status, *body), "{}", code.code);
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
        let failures = vec!["currency must be one of the following values: btc, eth".to_owned(),
            "amount can have at most 8 decimal places".to_owned()];
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
            r#"{"errorCode":"P500","errorName":"unknown-exception","errorMessage":"Unknown exception","requestId":"r-1"}"#
        );
    }
}
