//! The closed table of everything the Partner API can refuse with.
//!
//! One row per code of the contract's section 1.1. The table makes the error answers, the page `GET
//! /v1/reference/errors`, the error page of the docs and the OpenAPI document: adding a code is one row here,
//! and one in the table test of `refusal`. Codes, statuses and names are binding for clients; messages are
//! stable.

/// One row of the table: what a client may branch on.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `P` and three digits, unique in the table: `errorCode` of the answer.
    pub code: &'static str,
    /// The HTTP status that goes with it.
    pub status: u16,
    /// `errorName` of the answer; only the validation error has none.
    pub name: Option<&'static str>,
    /// `errorMessage` of the answer, unless the refusal brings a more precise one.
    pub message: &'static str,
    /// For the documentation: when a client gets this.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($code:ident $status:literal $name:expr, $message:literal, $meaning:literal;)+) => {
        $(
            #[doc = concat!("`", stringify!($code), "`: ", $meaning, ".")]
            pub const $code: Code = Code {
                code: stringify!($code),
                status: $status,
                name: $name,
                message: $message,
                meaning: $meaning,
            };
        )+

        /// Every code, in the order of the contract.
        pub static ALL: &[&Code] = &[$(&$code),+];
    };
}

codes! {
    P211 202 Some("poa-pending"), "Proof of address is already being checked",
        "proof of address already being checked";
    P401 401 Some("access-denied"), "Access Denied",
        "no key (xo1), wrong or revoked key (xo2), or address not allowed (xo3)";
    P403 400 None, "Validation error",
        "validation error: the message joins every failure";
    P404 404 Some("not-found"), "No such path",
        "no such route";
    P405 405 Some("method-not-allowed"), "Method not allowed on this path",
        "the path exists, not with this method";
    P410 400 Some("invalid-currency"), "Currency or network is not supported",
        "unknown currency, or a network that is not of that currency";
    P411 400 Some("user-exists"), "User already exists",
        "externalUserId already used";
    P412 400 Some("invalid-user"), "User does not exist",
        "the user does not exist";
    P418 400 Some("partner-not-found"), "Partner not found",
        "the partner does not exist; kept for clients, not raised yet";
    P424 400 Some("source-or-destination-required"), "Source or destination must be provided.",
        "neither side of a transfer is given";
    P426 400 Some("invalid-file-type"), "Invalid file type",
        "a file's content is not of an allowed type, or broken; the message says which part, and why";
    P428 404 Some("sepa-transfer-not-found"), "SEPA transfer not found",
        "no such SEPA transfer";
    P429 429 Some("rate-limited"), "Too many requests",
        "over the rate limit; Retry-After says how long to wait";
    P431 400 Some("forbidden-country"), "Country is not served",
        "residents of that country are not served";
    P433 400 Some("insufficient-funds"), "Insufficient funds",
        "the source cannot pay the amount and its fee";
    P434 400 Some("invalid-card"), "Card does not exist",
        "the card does not exist";
    P435 400 Some("rate-lock-expired"), "Rate lock has expired",
        "the rate lock has expired";
    P436 400 Some("rate-lock-invalid"), "Rate lock is not valid for this operation",
        "the rate lock is unknown, used, or for other terms";
    P437 404 Some("transfer-not-found"), "Transfer not found",
        "no such transfer";
    P438 404 Some("exchange-not-found"), "Exchange not found",
        "no such exchange";
    P439 400 Some("no-kyc-files"), "No KYC files",
        "no file part in the request; the message names the parts that are wanted";
    P440 400 Some("file-too-large"), "File too large",
        "a file is larger than allowed; the message names the part and the limit";
    P441 404 Some("crypto-withdrawal-not-found"), "Crypto withdrawal not found",
        "no such crypto withdrawal";
    P442 404 Some("crypto-deposit-not-found"), "Crypto deposit not found",
        "no such crypto deposit";
    P443 404 Some("order-not-found"), "Order not found",
        "no such order";
    P444 404 Some("payment-link-not-found"), "Payment link not found",
        "no such payment link";
    P445 404 Some("kyc-not-found"), "KYC not found",
        "no KYC for this user";
    P446 400 Some("travel-rule-not-expected"), "Deposit is not waiting for travel rule data",
        "the deposit is not waiting for travel rule data";
    P447 400 Some("poa-already-verified"), "Proof of address is already verified",
        "proof of address already verified";
    P448 400 Some("kyc-already-verified"), "User is already verified",
        "files, a new verification or identity fields for a verified user";
    P449 400 Some("kyc-files-incomplete"), "KYC files are incomplete",
        "user verification before the needed files are accepted";
    P450 400 Some("amount-below-minimum"), "Amount is below the minimum",
        "under the minimum of the currency or network";
    P451 400 Some("forbidden-country-card"), "Cards are not available in the user's country",
        "no cards in that country";
    P452 400 Some("card-limit-reached"), "Card limit reached",
        "the number of cards or the creation window is full";
    P453 400 Some("invalid-card-state"), "Card state does not allow this operation",
        "for example unblocking a card blocked by the operator";
    P454 400 Some("active-cards"), "User has active cards",
        "suspension refused: the user has active cards";
    P455 400 Some("user-suspended"), "User is suspended",
        "the user is suspended and can neither send nor receive";
    P456 400 Some("user-has-balance"), "User has a balance or pending operations",
        "deletion refused: money, pending work or an active card is left";
    P457 400 Some("wallet-not-available"), "Wallet is not available for this currency and network",
        "the currency or network has no wallet";
    P458 400 Some("invalid-address"), "Wallet address is not valid for this network",
        "not an address of that network (checksum included), or our own";
    P459 400 Some("user-not-verified"), "User is not verified",
        "the user is not verified, or the verification has expired";
    P460 404 Some("poa-not-found"), "Proof of address verification not found",
        "no proof of address was asked for";
    P461 400 Some("user-not-extended"), "User does not have the extended level",
        "a proof of address is asked of the user, and not approved yet";
    P462 400 Some("invalid-iban"), "IBAN is not valid",
        "not an IBAN";
    P463 400 Some("destination-not-allowed"), "Destination is not allowed",
        "closed loop: the IBAN is not the user's own";
    P464 400 Some("terms-not-accepted"), "Terms and conditions are not accepted",
        "user verification before hasAcceptedP100Tc is true";
    P465 400 Some("kyc-in-review"), "KYC is already in review",
        "files, a verification, or fields under review sent while a review is open";
    P466 404 Some("delivery-not-found"), "Webhook delivery not found",
        "no such webhook delivery";
    P467 404 Some("webhook-endpoint-not-found"), "Webhook endpoint not found",
        "no webhook endpoint is registered";
    P468 400 Some("webhook-endpoint-unhealthy"), "Webhook endpoint is not healthy",
        "the health probe of the webhook endpoint failed";
    P470 400 Some("idempotency-key-reused"), "Idempotency key was already used with a different request",
        "the key was used with another request; the message names the fields that differ";
    P471 409 Some("idempotency-in-progress"), "A request with this idempotency key is still in progress",
        "the first request with this key is still running";
    P472 404 Some("sepa-recall-not-found"), "SEPA recall not found",
        "no such SEPA recall";
    P473 400 Some("sepa-recall-not-possible"), "SEPA recall is not possible",
        "a transfer whose money cannot be asked back now, or a recall that was answered; the message says why";
    P474 404 Some("card-transaction-not-found"), "Card transaction not found",
        "no such transaction of the card";
    P475 404 Some("card-challenge-not-found"), "Card challenge not found",
        "no such challenge of the card, or no activation was asked for";
    P476 400 Some("invalid-payment-link-state"), "Payment link state does not allow this operation",
        "for example cancelling a payment link to which something was paid; the message says why";
    P500 400 Some("unknown-exception"), "Unknown exception",
        "unexpected fault; the answer carries the request id, the log the cause";
    P501 400 Some("service-unavailable"), "Service temporarily unavailable",
        "a needed part is down or overloaded; Retry-After says how long to wait";
}

/// The row with this code, for codes read back from storage.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|row| row.code == code)
}
