//! `PUT /v1/webhooks/endpoint` and `GET /v1/webhooks/endpoint`: where a partner hears of its events.

use super::enabled;
use super::endpoint::{Drawn, EVERY_OTHER, Paths, Secrets, WebhookEndpoint};
use super::store;
use crate::kit::book::audit::{self, Deed};
use crate::kit::endpoint::events::EventType;
use crate::kit::prelude::*;
use crate::kit::request::types::{FieldType, text_schema, uri_schema};
use florin_webhook::{AddressError, BaseUrl, EventPath};
use std::collections::BTreeMap;
use utoipa::openapi::schema::ObjectBuilder;

/// Longest token: far longer than any scheme's, short enough for every server's limit on a header.
const MAX_TOKEN_LENGTH: usize = 1_024;

/// Where the partner's side says that it is well.
const HEALTH_PATH: &str = "/webhook/health";

/// A registration, read. It holds the token, and so can't be printed.
#[derive(Clone)]
pub struct Registration {
    url: BaseUrl,
    token: Option<Token>,
    enabled: bool,
    paths: Paths,
    rotate: bool,
}

impl Registration {
    /// Of an operator's words; `paths` are event types with their own paths.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    pub fn of_words(
        url: &str,
        token: Option<&str>,
        enabled: bool,
        paths: &[(String, String)],
        rotate: bool,
    ) -> Result<Self, String> {
        let url = BaseUrl::parse(url).map_err(|error| format!("url {error}"))?;
        let token = token.map(Token::parse).transpose().map_err(|error| format!("token {error}"))?;
        let mut own = BTreeMap::new();
        for (kind, path) in paths {
            let name = Paths::name(kind).ok_or_else(|| no_event_type(kind))?;
            let path = EventPath::parse(path).map_err(|error| format!("the path of {kind} {error}"))?;
            own.insert(name, path);
        }
        Ok(Self { url, token, enabled, paths: Paths(own), rotate })
    }
}

impl Request for Registration {
    const NAME: &'static str = "EndpointRequest";
    const ABOUT: &'static str = "A registration. It replaces the one before.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "The base URL, to which each event's path is appended. In live it must be `https` and a public \
                     address.";
        let url = fields.required("url").about(about).text();
        let about = "Sent unchanged as the `Authorization` header of every webhook. If omitted, the current token is \
                     kept.";
        let token = fields.optional("token").about(about).text();
        let about = "Whether webhooks are sent; true if omitted. While false, events wait.";
        let enabled = fields.optional("enabled").about(about).boolean().unwrap_or(true);
        let about = "Your own paths by event type. `*` is the path of every type that is not named; without it those \
                     types keep the default path.";
        let is_given = fields.is_given("paths");
        let paths = fields.optional("paths").about(about).object(own_paths);
        let paths = if is_given { paths } else { Some(Paths::default()) };
        let about = "Makes a new signing secret. For 24 hours webhooks are signed with the previous one too.";
        let rotate = fields.optional("rotateSecret").about(about).boolean().unwrap_or(false);
        Some(Self { url: url?, token, enabled, paths: paths?, rotate })
    }
}

/// What the partner's server knows us by. It can't be printed.
#[derive(Clone)]
struct Token(String);

impl FieldType for Token {
    type Error = String;

    fn parse(text: &str) -> Result<Self, String> {
        // What a header can carry (RFC 9110, section 5.5), without what could be read as two.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        match text.len() {
            1..=MAX_TOKEN_LENGTH if is_plain && text.trim() == text => Ok(Self(text.to_owned())),
            _ => Err(format!("must be 1 to {MAX_TOKEN_LENGTH} visible ASCII characters")),
        }
    }

    fn canonical(&self) -> String {
        self.0.clone()
    }

    fn schema() -> ObjectBuilder {
        text_schema()
            .min_length(Some(1))
            .max_length(Some(MAX_TOKEN_LENGTH))
            .pattern(Some("^[!-~]([ -~]*[!-~])?$"))
    }
}

impl FieldType for BaseUrl {
    type Error = AddressError;

    fn parse(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }

    fn canonical(&self) -> String {
        self.to_string()
    }

    fn schema() -> ObjectBuilder {
        uri_schema().max_length(Some(2_048)).examples(["https://example.com/florin"])
    }
}

impl FieldType for EventPath {
    type Error = AddressError;

    fn parse(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }

    fn canonical(&self) -> String {
        self.as_str().to_owned()
    }

    fn schema() -> ObjectBuilder {
        text_schema().pattern(Some("^/[!-~]*$")).examples(["/own/path"])
    }
}

fn no_event_type(word: &str) -> String {
    let known: Vec<_> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
    format!("{word} is no event type; event types: {}, and {EVERY_OTHER} for all others", known.join(", "))
}

fn own_paths(fields: &mut Fields<'_>) -> Option<Paths> {
    for unknown in fields.unknown(|name| Paths::name(name).is_some()) {
        fields.fail(format!("paths.{}", no_event_type(&unknown)));
    }
    let mut paths = BTreeMap::new();
    for name in EventType::ALL.iter().map(|kind| kind.as_str()).chain([EVERY_OTHER]) {
        if let Some(path) = fields.optional(name).text::<EventPath>() {
            paths.insert(name, path);
        }
    }
    Some(Paths(paths))
}

/// An endpoint. Its token is never shown.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointItem {
    /// The base URL.
    #[schema(example = "https://example.com/florin")]
    url: String,
    /// Whether anything is sent.
    enabled: bool,
    /// Why not, where it was not your wish.
    disabled_reason: Option<String>,
    /// The path of each event type.
    #[schema(value_type = BTreeMap<String, String>)]
    paths: PathList,
    /// The Ed25519 key that signatures `v1a` verify with.
    #[schema(example = "whpk_1hqMqWGvQQ1nIwXTAvIlQgJ3CRIbnCAgFTIY4s6RnCA=")]
    public_key: String,
    /// When it was registered.
    #[schema(format = DateTime)]
    created_at: String,
    /// When the registration changed last.
    #[schema(format = DateTime)]
    updated_at: String,
    /// The secret that signatures `v1` verify with: shown when it is made, never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_secret: Option<String>,
}

/// Types with their paths, in the order of the contract.
struct PathList(Vec<(&'static str, String)>);

impl Serialize for PathList {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

fn item(
    endpoint: &WebhookEndpoint,
    secrets: &Secrets,
    shows_secret: bool,
) -> Result<EndpointItem, StoreError> {
    let path = |kind: &'static str| {
        let path = endpoint.paths.of(kind).map(|path| path.as_str().to_owned());
        (kind, path.unwrap_or_default())
    };
    Ok(EndpointItem {
        url: endpoint.url.clone().unwrap_or_default(),
        enabled: endpoint.enabled,
        disabled_reason: endpoint.disabled_reason.clone(),
        paths: PathList(EventType::ALL.iter().map(|kind| path(kind.as_str())).collect()),
        public_key: secrets.signing_key().public().to_string(),
        created_at: endpoint.created_at.to_string(),
        updated_at: endpoint.updated_at.to_string(),
        signing_secret: shows_secret.then(|| secrets.signing_secret().spelt()),
    })
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "registerWebhookEndpoint",
            summary: "Register the webhook endpoint",
            description: "From now on each event is POSTed to the base URL and its path; earlier events go out by a \
                          replay. `signingSecret` is in the answer the first time and with `rotateSecret`. Before an \
                          endpoint that is disabled is enabled again, GET `/webhook/health` below the base URL must \
                          answer 2xx, else P468.",
            example: r#"{"url":"http://localhost:3000","token":"my-webhook-token","enabled":true}"#,
            answer: REGISTERED,
            refusals: &[&P468],
            ..put("/v1/webhooks/endpoint", register_webhook_endpoint)
        },
        Endpoint {
            id: "getWebhookEndpoint",
            summary: "Get the webhook endpoint",
            description: "The registration, without its secrets.",
            answer: SHOWN,
            refusals: &[&P467],
            ..get("/v1/webhooks/endpoint", get_webhook_endpoint)
        },
    ]
}

const REGISTERED: &str = r#"{"url":"http://localhost:3000","enabled":true,"disabledReason":null,
    "paths":{"transfer":"/transfer-webhook","user.status":"/webhook/user/status"},
    "publicKey":"whpk_1hqMqWGvQQ1nIwXTAvIlQgJ3CRIbnCAgFTIY4s6RnCA=","createdAt":"2026-01-31T09:30:00.000Z",
    "updatedAt":"2026-01-31T09:30:00.000Z","signingSecret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}"#;

const SHOWN: &str = r#"{"url":"http://localhost:3000","enabled":true,"disabledReason":null,
    "paths":{"transfer":"/transfer-webhook","user.status":"/webhook/user/status"},
    "publicKey":"whpk_1hqMqWGvQQ1nIwXTAvIlQgJ3CRIbnCAgFTIY4s6RnCA=","createdAt":"2026-01-31T09:30:00.000Z",
    "updatedAt":"2026-01-31T09:30:00.000Z"}"#;

async fn get_webhook_endpoint(context: Context) -> Result<Success<EndpointItem>, Failure> {
    shown(&context).await
}

/// The endpoint as it is registered.
///
/// # Errors
/// P467 where there is none.
pub async fn shown(context: &Context) -> Result<Success<EndpointItem>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let endpoint = registered(store::find(&mut snapshot).await?)?;
    let secrets = Secrets::open(&context.app.seals, &endpoint.secrets)?;
    Success::of(&item(&endpoint, &secrets, false)?)
}

/// The endpoint, if one was registered.
pub(super) fn registered(endpoint: Option<WebhookEndpoint>) -> Result<WebhookEndpoint, Refusal> {
    endpoint.filter(|endpoint| endpoint.url.is_some()).ok_or_else(|| Refusal::of(&P467))
}

async fn register_webhook_endpoint(
    context: Context,
    call: Call<Registration>,
) -> Result<Success<EndpointItem>, Failure> {
    set(&context, call.request, call.keyed, None).await
}

/// Registers, for a partner or for an operator, whose deed is noted in the same transaction.
///
/// # Errors
/// P403 for a refused address, P429 while too many registrations are under way, P468 where the health probe fails.
pub async fn set(
    context: &Context,
    request: Registration,
    keyed: Option<Keyed>,
    deed: Option<Deed>,
) -> Result<Success<EndpointItem>, Failure> {
    let app = &context.app;
    let registering = app.outgoing.begin_registration(context.partner.id);
    let _registering = registering
        .ok_or_else(|| Refusal::because(&P429, "too many registrations of the endpoint are under way"))?;
    app.outgoing.sender.check(&request.url).await.map_err(|e| Refusal::invalid(format!("url {e}")))?;
    let present = store::find(&mut *context.snapshot().await?).await?;
    if request.enabled && is_off(present.as_ref()) {
        probe(app, &request.url).await?;
    }
    let drawn = Drawn::draw(&*app.entropy);
    context
        .run(keyed, Vec::new(), async move |work| {
            let present = store::find(work.scope()).await?;
            let (endpoint, secrets, is_new_secret) = change(work, &request, &drawn, present.as_ref())?;
            store::put(work, &endpoint).await?;
            if request.enabled && is_off(present.as_ref()) {
                enabled::make_due(work).await?;
            }
            if let Some(deed) = &deed {
                audit::note(work, deed).await?;
            }
            Ok(item(&endpoint, &secrets, is_new_secret)?)
        })
        .await
}

/// Whether there is an endpoint that is disabled.
fn is_off(endpoint: Option<&WebhookEndpoint>) -> bool {
    endpoint.is_some_and(|endpoint| endpoint.url.is_some() && !endpoint.enabled)
}

/// Asks the partner's side whether it is well.
async fn probe(app: &App, url: &BaseUrl) -> Result<(), Refusal> {
    let path = EventPath::parse(HEALTH_PATH).map_err(|error| Refusal::invalid(error.to_string()))?;
    app.outgoing.sender.probe(&url.join(&path)).await.map_err(|error| {
        let message = format!("{}: GET {HEALTH_PATH}: {error}", P468.message);
        Refusal::with(&P468, message)
    })
}

/// The endpoint as the request makes it, its secrets, and whether the signing secret is new.
fn change(
    work: &Work<'_>,
    request: &Registration,
    drawn: &Drawn,
    present: Option<&WebhookEndpoint>,
) -> Result<(WebhookEndpoint, Secrets, bool), Stop> {
    let (app, now, last_event) = (work.app(), work.now(), work.last_event());
    let mut is_new_secret = request.rotate;
    let mut secrets = match present {
        Some(present) => Secrets::open(&app.seals, &present.secrets)?,
        None => match &request.token {
            Some(token) => Secrets::new(token.0.clone(), drawn),
            None => return Err(Refusal::with(&P403, "token is required").into()),
        },
    };
    if let Some(token) = &request.token {
        secrets.token.clone_from(&token.0);
    }
    let is_first = present.is_none_or(|present| present.url.is_none());
    if is_first {
        is_new_secret = true;
    } else if request.rotate {
        secrets.rotate(drawn, now);
    }
    let endpoint = WebhookEndpoint {
        url: Some(request.url.to_string()),
        enabled: request.enabled,
        disabled_reason: None,
        paths: request.paths.clone(),
        secrets: secrets.seal(&app.seals, drawn)?,
        cursor: present.filter(|_| !is_first).map_or(last_event, |present| present.cursor),
        epoch: 0,
        owner: [0; 16],
        created_at: present.filter(|_| !is_first).map_or(now, |present| present.created_at),
        updated_at: now,
    };
    Ok((endpoint, secrets, is_new_secret))
}
