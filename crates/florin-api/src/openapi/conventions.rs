//! What all calls have in common: the introduction, tags, the key, shared parameters and headers, error
//! bodies.

use crate::FAMILIES;
use crate::kit::endpoint::codes::{ALL, Code, P403};
use crate::kit::endpoint::refusal::{DEFAULT_RETRY_AFTER_SECS, Refusal};
use crate::kit::endpoint::table::PathParameter;
use serde_json::Value;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::info::{Info, InfoBuilder};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ComponentsBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{Required, header::Header};

pub(super) const ERROR: &str = "ApiError";
pub(super) const VALIDATION_ERROR: &str = "ValidationError";
pub(super) const IDEMPOTENCY_KEY: &str = "IdempotencyKey";
/// A parameter and a header.
pub(super) const REQUEST_ID: &str = "RequestId";
pub(super) const REPLAYED: &str = "IdempotentReplayed";
pub(super) const CHALLENGE: &str = "Challenge";
pub(super) const RETRY_AFTER: &str = "RetryAfter";
pub(super) const IGNORED_FIELDS: &str = "IgnoredFields";
pub(super) const RATE_LIMIT_HEADERS: [&str; 2] = ["RateLimitPolicy", "RateLimit"];

const API_KEY: &str = "apiKey";

/// In examples.
const A_REQUEST_ID: &str = "0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e70";

/// How a call is made and answered; Markdown.
const INTRODUCTION: &str = "\
Users, balances and money movements of an embedded-finance platform.

**Base.** All calls are under `/v1` of this server. One server serves one environment, `sandbox` or `live`.

**Key.** Send your key in the header `x-api-key`; `Authorization` is not read. No key, an unknown or a revoked key: \
401 `P401`.

**Idempotency.** Send an `Idempotency-Key` (1 to 255 visible ASCII characters) with every POST, PUT, PATCH and DELETE. \
Repeat a request with its key and you get the first answer again, byte for byte, with `Idempotent-Replayed: true`; \
nothing happens twice. Same key, other request: 400 `P470`. First request still running: 409 `P471`, repeat later. Two \
requests are the same if their values are: `\"10\"` equals `10.00`, and the order of fields does not count. Keys are \
kept for 30 days.

**Errors.** Branch on `errorCode`. `errorMessage` is for people: it begins with a stable text and may carry details. A \
validation error is always 400 `P403`, has no `errorName`, and joins everything that is wrong in one message. An \
unknown path is 404 `P404`, another method 405 `P405`. What belongs to another partner answers like what does not exist.

**Faults.** Our own faults come as HTTP 400 with `P500` or `P501`: your client's automatic retry does not see them. \
Retry on the code. `P429` and `P501` carry `Retry-After` in seconds. In a sandbox, send `x-sandbox-fault` to \
test your retries: `P429`, `P500` and `P501` are answered without doing anything; with `LOST` the call is done and the \
connection closes without an answer; with `SLOW:<seconds>` (up to 60) it is done and answered so much later.

**Amounts.** Amounts are in whole units of the currency, euros and not cents: `\"12.50\"`. Send strings, with no more \
decimals than the currency has. Balances and history answer strings; transfer details and webhooks answer numbers: \
read them with a decimal parser.

**Fields.** Bodies are JSON but where files are sent. An unknown field, part or query parameter is ignored and named \
in the answer's header `x-ignored-fields`. One that looks like a misspelt field that you left out is `P403`, because a \
field that is left out has a meaning: in a transfer an absent source is your own master balance. There `from`, \
`senderId` and other words for a field that is absent are `P403` too. `null` and, in an optional field or parameter, \
an empty text count as absent. Times are ISO 8601 in UTC with milliseconds. Currencies are lower-case words, read in \
any letter case. Countries are ISO 3166-1 alpha-2 codes, and `XK` for Kosovo. Our ids are UUIDs; `externalUserId` is \
your own id of a user.

**Files.** Calls that take files take `multipart/form-data`, one part a file. The type of a file is told by its \
content; its name and declared type are not looked at. If one file is refused, nothing of the request is stored. A \
body that is broken, or in which a part comes too often, is `P403`. `P426` says which file is not taken, and why. \
Bytes before and behind a file are dropped, where they do not make it another document.

**Pages.** Lists are newest first; `limit` is 1 to 200 and 50 if omitted. Send `nextCursor` as `cursor` with the same \
filters to go on, until it is null. A cursor stays right while new rows arrive.

**Webhooks.** Every event is POSTed to your server, signed by the Standard Webhooks scheme: `webhook-signature` holds \
an HMAC-SHA256 (`v1`) made with your `signingSecret` (`whsec_…`) and an Ed25519 signature (`v1a`) for your `publicKey` \
(`whpk_…`). Register with `PUT /v1/webhooks/endpoint`. The payload of each event type is under `webhooks` in this \
document. `webhook-timestamp` is the time of sending, also where the clock of a sandbox is ahead.

**Clients.** A client made from this document must send the key in `x-api-key`, without a prefix: in Python's \
openapi-python-client that is `AuthenticatedClient(…, prefix=\"\", auth_header_name=\"x-api-key\")`.

**Request id.** Every answer carries `x-request-id`, which is what to quote when asking for help. It is your own if \
you sent one, once, of 1 to 128 visible ASCII characters; else it is one of ours.";

/// Title, version and introduction.
pub(super) fn info() -> Info {
    InfoBuilder::new()
        .title("Florin Partner API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(INTRODUCTION))
        .build()
}

/// A family's heading.
pub(super) fn tag((name, text): (&str, &str)) -> Tag {
    TagBuilder::new().name(name).description(Some(text)).build()
}

/// What every call asks for.
pub(super) fn security() -> SecurityRequirement {
    SecurityRequirement::new(API_KEY, [""; 0])
}

/// What is the same in every call.
pub(super) fn components(components: ComponentsBuilder) -> ComponentsBuilder {
    let key = ApiKeyValue::with_description(
        "x-api-key",
        "Your key, without a prefix such as `Bearer`. Whoever has it can move your money.",
    );
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
    let codes = ALL.iter().map(|code| code.code).filter(|code| *code != P403.code);
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("A refusal or a fault. Branch on `errorCode`; codes may be added."))
        .property("errorCode", text("The code.").enum_values(Some(codes)))
        .property("errorName", text("The code in words."))
        .property("errorMessage", text("For people. Begins with a stable text; details may follow a colon."))
        .property(
            "requestId",
            text("Only with `P500`: the id of the request, to quote when asking for help."),
        )
        .required("errorCode")
        .required("errorName")
        .required("errorMessage")
        .build()
}

fn validation_error() -> Object {
    let text = |meaning: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(meaning));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("A request that is wrong in itself. It has no `errorName`."))
        .property("errorCode", text("Always `P403`.").enum_values(Some([P403.code])))
        .property("errorMessage", text("Everything that is wrong, joined with `. `."))
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
            "Makes the call safe to repeat: the same request with the same key never has a second effect.",
        ))
        .schema(Some(visible_ascii(255)))
        .build()
}

fn request_id() -> Parameter {
    ParameterBuilder::new()
        .name("x-request-id")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Optional: 1 to 128 visible ASCII characters, echoed in the answer."))
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
        (
            IGNORED_FIELDS,
            text(
                "Names of fields and parameters that the call does not know, where it was sent any.",
                "note",
            ),
        ),
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
        IGNORED_FIELDS => "x-ignored-fields",
        other => other,
    }
}

/// An id in a path.
pub(super) fn path_parameter(parameter: &PathParameter) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let schema = match parameter.is_uuid {
        true => text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
        false => text.min_length(Some(1)).max_length(Some(64)).pattern(Some("^[A-Za-z0-9._:@-]+$")),
    };
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(parameter.about))
        .schema(Some(schema))
        .example(Some(filled(parameter.placeholder).into()))
        .build()
}

/// The headers of a webhook that a receiver needs.
pub(super) fn webhook_headers() -> Vec<Parameter> {
    let header = |name: &str, about: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(about))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .build()
    };
    vec![
        header("webhook-id", "The event's id, the same in every attempt, retry and replay."),
        header("webhook-timestamp", "When this attempt was made, in seconds since 1970."),
        header(
            "webhook-signature",
            "Signatures over `webhook-id.webhook-timestamp.body`, with a space between.",
        ),
    ]
}

/// An example of the table with its placeholders filled in: the same ids everywhere, so that who tries one call after
/// the other on the page creates the user that the next calls are about.
pub(super) fn filled(example: &str) -> String {
    let placeholders = FAMILIES.0.iter().flat_map(|family| family.placeholders);
    placeholders.fold(example.to_owned(), |text, one| text.replace(one.word, one.shown))
}

/// A body of the table as JSON; none where there is none.
pub(super) fn json_example(text: &str) -> Option<Value> {
    serde_json::from_str(&filled(text)).ok()
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
