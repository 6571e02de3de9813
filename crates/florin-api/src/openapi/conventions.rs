//! What all calls have in common: the introduction, tags, the key, shared parameters and headers, error
//! bodies.

use crate::kit::endpoint::codes::{Code, P403};
use crate::kit::endpoint::refusal::{DEFAULT_RETRY_AFTER_SECS, Refusal};
use serde_json::Value;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::info::{Info, InfoBuilder};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ComponentsBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{Required, header::Header};

pub(super) const ERROR: &str = "Error";
pub(super) const VALIDATION_ERROR: &str = "ValidationError";
pub(super) const IDEMPOTENCY_KEY: &str = "IdempotencyKey";
/// A parameter and a header.
pub(super) const REQUEST_ID: &str = "RequestId";
pub(super) const REPLAYED: &str = "IdempotentReplayed";
pub(super) const CHALLENGE: &str = "Challenge";
pub(super) const RETRY_AFTER: &str = "RetryAfter";
pub(super) const RATE_LIMIT_HEADERS: [&str; 2] = ["RateLimitPolicy", "RateLimit"];

const API_KEY: &str = "apiKey";

/// In examples.
const A_REQUEST_ID: &str = "0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e70";

/// The headings in the order of the page, with what stands under each.
const TAGS: &[(&str, &str)] = &[
    ("Users", "Your customers: who they are, and whether they may move money."),
    (
        "Verification",
        "Who your users are: documents, hosted pages, proof of address, and where it all stands.",
    ),
    ("Internal transfers", "Money between two users, or between a user and your master balance."),
    (
        "Balances and history",
        "What a user or you have, and how it came so. Every acknowledged write shows at once.",
    ),
    (
        "Events",
        "Everything that happened in your book, gapless and kept: for who polls instead of taking webhooks.",
    ),
    (
        "Webhooks",
        "The same events, sent to your server: signed, in order per object, and again until it takes them.",
    ),
    ("Reference", "Countries, currencies, fees and errors, as this server is configured."),
    (
        "Sandbox",
        "Be the reviewer, make money up, move the clock, start afresh. Only in a sandbox, in your own book.",
    ),
];

/// How a call is made and answered; Markdown.
const INTRODUCTION: &str = "\
Users, balances and money movements of an embedded-finance platform.

**Base.** All calls are under `/v1` of this server. One server serves one environment, `sandbox` or \
`live`.

**Key.** Every call carries your key in the header `x-api-key`. Without one that works: 401, `P401`.

**Writing twice.** Give every POST, PATCH and DELETE an `Idempotency-Key` (1 to 255 visible ASCII \
characters). The same key with the same request answers what was answered first, byte for byte, with \
`Idempotent-Replayed: true`, and does nothing more, whatever was lost on the way; with another request it \
is `P470`, while the first still runs `P471`. The same request means the same values: `\"10\"` equals \
`10.00`, and the order of fields does not count. Kept 30 days.

**Errors.** `errorCode` is what to branch on; `errorName` and `errorMessage` are stable texts. A \
validation error is always 400 and `P403`, has no `errorName`, and joins everything that is wrong in one \
message. Every call can refuse with `P401`, `P429`, `P500` and `P501`; `Retry-After` says how long to \
wait. An unknown path is 404 `P404`, another method 405 `P405`. What belongs to another partner answers \
like what does not exist. In a sandbox the header `x-sandbox-fault: P500` (or `P501`) has a call answered so, \
and does nothing else.

**Amounts.** In: a decimal string or a JSON number, both read exactly; no more decimals than the currency \
has. Out: as each call says, a decimal string at the currency's scale or a number that prints exactly.

**Files.** Calls that take files take `multipart/form-data`, one part a file, and tell its type by its \
content: file name and declared type of a part are not looked at, unknown and empty parts are ignored. One bad \
file, and nothing of the request is kept. A body that is broken, or in which a part comes too often, is `P403`. \
With an `Idempotency-Key`, the same request means the same parts with the same content.

**Texts.** Other bodies are JSON. Fields that are not known are ignored; null is an absent field. Times are ISO \
8601 in UTC with milliseconds. Currencies are lower-case words, read in any letter case. Our ids are \
UUIDs; `externalUserId` is your own id of a user.

**Pages.** Lists are newest first; `limit` is 1 to 200 and 50 by default. Give `nextCursor` as `cursor` to \
go on, with the same filters, until it is null. A cursor stays right while new rows arrive.

**Request id.** Every answer carries `x-request-id`: your own when you send one, and what to quote when \
asking for help.";

/// Title, version and introduction.
pub(super) fn info() -> Info {
    InfoBuilder::new()
        .title("Florin Partner API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(INTRODUCTION))
        .build()
}

pub(super) fn tags() -> Vec<Tag> {
    let tag = |(name, text): &(&str, &str)| TagBuilder::new().name(*name).description(Some(*text)).build();
    TAGS.iter().map(tag).collect()
}

/// What every call asks for.
pub(super) fn security() -> SecurityRequirement {
    SecurityRequirement::new(API_KEY, [""; 0])
}

/// What is the same in every call.
pub(super) fn components(components: ComponentsBuilder) -> ComponentsBuilder {
    let key = ApiKeyValue::with_description("x-api-key", "Your key. Whoever has it can move your money.");
    let components = components
        .security_scheme(API_KEY, SecurityScheme::ApiKey(ApiKey::Header(key)))
        .schema(ERROR, error())
        .schema(VALIDATION_ERROR, validation_error())
        .parameter(IDEMPOTENCY_KEY, idempotency_key())
        .parameter(REQUEST_ID, request_id());
    headers().into_iter().fold(components, |components, (name, header)| components.header(name, header))
}

fn error() -> Object {
    let text = |meaning: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(meaning));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("A refusal."))
        .property("errorCode", text("What to branch on.").pattern(Some("^P[0-9]{3}$")))
        .property("errorName", text("The code in words."))
        .property("errorMessage", text("For people; stable."))
        .property("requestId", text("With P500 alone: what to quote when asking for help."))
        .required("errorCode")
        .required("errorName")
        .required("errorMessage")
        .build()
}

fn validation_error() -> Object {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("A request that is wrong in itself. It has no `errorName`."))
        .property("errorCode", text().enum_values(Some([P403.code])))
        .property("errorMessage", text().description(Some("Everything that is wrong, joined with `. `.")))
        .required("errorCode")
        .required("errorMessage")
        .build()
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Makes the call safe to repeat: the same key and request never has a second effect.",
        ))
        .schema(Some(visible_ascii(255)))
        .build()
}

fn request_id() -> Parameter {
    ParameterBuilder::new()
        .name("x-request-id")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Your own id of the request, which the answer echoes. Anything else is replaced."))
        .schema(Some(visible_ascii(128)))
        .build()
}

fn visible_ascii(longest: usize) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]+$"));
    text.min_length(Some(1)).max_length(Some(longest))
}

/// Each with its name in the components.
fn headers() -> Vec<(&'static str, Header)> {
    let header = |meaning: &str, kind: Type, example: Value| {
        let schema = ObjectBuilder::new().schema_type(kind);
        HeaderBuilder::new().schema(Some(schema)).description(Some(meaning)).example(Some(example)).build()
    };
    let text = |meaning: &str, example: &str| header(meaning, Type::String, example.into());
    vec![
        (REQUEST_ID, text("The id of the request.", A_REQUEST_ID)),
        (REPLAYED, text("`true` on a repeat of the first answer; else absent.", "true")),
        (RATE_LIMIT_HEADERS[0], text("The limit, where there is one.", r#""default";q=100;w=1"#)),
        (RATE_LIMIT_HEADERS[1], text("What is left of it, and for how long.", r#""default";r=50;t=1"#)),
        (CHALLENGE, text("How to say who you are.", r#"ApiKey realm="florin", header="x-api-key""#)),
        (
            RETRY_AFTER,
            header("With P429 and P501: seconds to wait.", Type::Integer, DEFAULT_RETRY_AFTER_SECS.into()),
        ),
    ]
}

/// A header's name on the wire.
pub(super) fn header_name(component: &'static str) -> &'static str {
    match component {
        REQUEST_ID => "x-request-id",
        REPLAYED => "Idempotent-Replayed",
        "RateLimitPolicy" => "RateLimit-Policy",
        CHALLENGE => "WWW-Authenticate",
        RETRY_AFTER => "Retry-After",
        other => other,
    }
}

/// An id in a path.
pub(super) fn path_parameter(name: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let uuid = Some(SchemaFormat::KnownFormat(KnownFormat::Uuid));
    let (meaning, schema, example) = match name {
        "externalUserId" => {
            ("Your own id of the user.", text.min_length(Some(1)).max_length(Some(64)), "$user")
        }
        "transferId" => ("The id that the transfer was answered with.", text.format(uuid), "$transfer"),
        "id" => ("Your own id of the user, or a verification id.", text, "$user"),
        "verificationId" => ("A secret, from `POST /v1/kyc`.", text, "$verification"),
        _ => ("", text, ""),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(meaning))
        .schema(Some(schema))
        .example(Some(filled(example).into()))
        .build()
}

/// An example of the table with its placeholders filled in: the same ids everywhere, so that who tries one
/// call after the other on the page creates the user that the next calls are about.
pub(super) fn filled(example: &str) -> String {
    let ids = [
        ("$user", "customer-1001"),
        ("$other", "customer-1002"),
        ("$new", "customer-1001"),
        ("$verification", "3f9c2b7a51d84e06a1c0f5e2d7b89643"),
        ("$transfer", "0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e6f"),
    ];
    ids.iter().fold(example.to_owned(), |text, (placeholder, id)| text.replace(placeholder, id))
}

/// The body of a refusal, as a call answers it. Three have a text for each occasion, and are shown with one.
pub(super) fn example(code: &'static Code) -> Example {
    let refusal = match code.code {
        "P401" => Refusal::with(code, "Access Denied. xo2"),
        "P403" => Refusal::invalid("currency is required. amount can have at most 2 decimal places"),
        _ => Refusal::of(code),
    };
    let body = match refusal.is_fault() {
        true => refusal.body_with_request_id(A_REQUEST_ID),
        false => refusal.body(),
    };
    let summary = format!("{} {}", code.code, code.name.unwrap_or("validation error"));
    ExampleBuilder::new().summary(summary).value(serde_json::from_slice(&body).ok()).build()
}
