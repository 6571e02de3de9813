//! `PUT /v1/webhooks/endpoint` and `GET /v1/webhooks/endpoint`: where a partner hears of its events.

use super::endpoint::{Drawn, Paths, Secrets, WebhookEndpoint};
use super::store;
use crate::events::TYPES;
use crate::kit::app::App;
use crate::kit::book::audit::{self, Deed};
use crate::kit::book::command::{answer, ok};
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::codes::{P403, P467, P468};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape, get, put};
use crate::kit::request::body::Request;
use crate::kit::request::call::Call;
use crate::kit::request::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use florin_store::{Keyed, Stop, StoreError, Tx};
use florin_webhook::{BaseUrl, EventPath};
use http::StatusCode;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Longest token: far longer than any scheme's, short enough for every server's limit on a header.
const MAX_TOKEN_LENGTH: usize = 1_024;

/// Where the partner's side says that it is well.
const HEALTH_PATH: &str = "/webhook/health";

/// A registration: it replaces the one before.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the typed one")]
pub struct EndpointRequest {
    /// The base URL, to which each event's path is added. In live `https`, and a public address.
    #[schema(max_length = 2048, example = "https://example.com/florin")]
    url: String,
    /// What `Authorization` shall carry, as it stands. Absent: the present one stays.
    #[schema(max_length = 1024)]
    token: Option<String>,
    /// Whether anything is sent; true when absent. While false, events wait.
    enabled: Option<bool>,
    /// Own paths by event type; the other types keep the contract's.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    paths: Option<BTreeMap<String, String>>,
    /// Makes a new signing secret. The one before signs too for 24 hours more.
    rotate_secret: Option<bool>,
}

/// A registration, read. It holds the token, and so can't be printed.
#[derive(Clone)]
pub struct Registration {
    url: BaseUrl,
    token: Option<String>,
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
        let token = token.map(parse_token).transpose().map_err(|error| format!("token {error}"))?;
        let mut own = BTreeMap::new();
        for (kind, path) in paths {
            let known = TYPES.iter().find(|(name, _)| name == kind);
            let (kind, _) = known.ok_or_else(|| format!("{kind} is no event type"))?;
            own.insert(*kind, EventPath::parse(path).map_err(|error| format!("the path of {kind} {error}"))?);
        }
        Ok(Self { url, token, enabled, paths: Paths(own), rotate })
    }
}

impl Request for Registration {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let url = fields.required("url").parsed(BaseUrl::parse);
        let token = fields.optional("token").parsed(parse_token);
        let enabled = fields.optional("enabled").boolean().unwrap_or(true);
        let paths = match fields.is_given("paths") {
            true => fields.optional("paths").object(own_paths),
            false => Some(Paths::default()),
        };
        let rotate = fields.optional("rotateSecret").boolean().unwrap_or(false);
        Some(Self { url: url?, token, enabled, paths: paths?, rotate })
    }
}

fn parse_token(text: &str) -> Result<String, String> {
    // What a header can carry (RFC 9110, section 5.5), without what could be read as two.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    match text.len() {
        1..=MAX_TOKEN_LENGTH if is_plain && text.trim() == text => Ok(text.to_owned()),
        _ => Err(format!("must be 1 to {MAX_TOKEN_LENGTH} visible ASCII characters")),
    }
}

fn own_paths(fields: &mut Fields<'_>) -> Option<Paths> {
    for unknown in fields.unknown(|name| TYPES.iter().any(|(kind, _)| *kind == name)) {
        fields.fail(format!("paths.{unknown} is no event type"));
    }
    let mut paths = BTreeMap::new();
    for (kind, usual) in TYPES {
        if let Some(path) = fields.optional(kind).parsed(EventPath::parse)
            && path.as_str() != *usual
        {
            paths.insert(*kind, path);
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
    #[schema(format = DateTime)]
    created_at: String,
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
        paths: PathList(TYPES.iter().map(|(kind, _)| path(kind)).collect()),
        public_key: secrets.signing_key().public().to_string(),
        created_at: endpoint.created_at.to_string(),
        updated_at: endpoint.updated_at.to_string(),
        signing_secret: shows_secret.then(|| secrets.signing_secret().spelt()),
    })
}

/// The route that registers.
pub fn put_endpoint() -> Endpoint {
    Endpoint {
        tag: "Webhooks",
        summary: "Register the webhook endpoint",
        description: "Each event is POSTed to the base URL and its path, from this moment on; earlier ones go out by \
                      a replay. `signingSecret` is in the answer the first time and with `rotateSecret`. Before an \
                      endpoint that is disabled is enabled again, GET `/webhook/health` below the base URL must \
                      answer 2xx, else P468.",
        request: RequestBody::Json(
            Shape::of::<EndpointRequest>(),
            r#"{"url":"http://localhost:3000","token":"my-webhook-token","enabled":true}"#,
        ),
        refusals: &[&P468],
        ..put("/v1/webhooks/endpoint", register, (200, Shape::of::<EndpointItem>()))
    }
}

/// The route that shows.
pub fn get_endpoint() -> Endpoint {
    Endpoint {
        tag: "Webhooks",
        summary: "Get the webhook endpoint",
        description: "As it is registered, without its secrets.",
        refusals: &[&P467],
        ..get("/v1/webhooks/endpoint", show, (200, Shape::of::<EndpointItem>()))
    }
}

async fn show(State(app): State<App>, partner: Partner) -> Result<Response, Failure> {
    shown(&app, &partner).await
}

/// The endpoint as it is registered.
pub async fn shown(app: &App, partner: &Partner) -> Result<Response, Failure> {
    let mut snapshot = app.store.snapshot(partner.book).await?;
    let endpoint = registered(store::find(&mut snapshot).await?)?;
    let secrets = Secrets::open(&app.seals, &endpoint.secrets)?;
    ok(&item(&endpoint, &secrets, false)?)
}

/// The endpoint, if one was registered.
pub(super) fn registered(endpoint: Option<WebhookEndpoint>) -> Result<WebhookEndpoint, Refusal> {
    endpoint.filter(|endpoint| endpoint.url.is_some()).ok_or_else(|| Refusal::of(&P467))
}

async fn register(
    State(app): State<App>,
    partner: Partner,
    call: Call<Registration>,
) -> Result<Response, Failure> {
    set(&app, &partner, call.request, call.keyed, None).await
}

/// Registers, whoever asks for it; an operator's deed is noted in the same transaction.
pub async fn set(
    app: &App,
    partner: &Partner,
    request: Registration,
    keyed: Option<Keyed>,
    deed: Option<Deed>,
) -> Result<Response, Failure> {
    app.outgoing.sender.check(&request.url).await.map_err(|e| Refusal::invalid(format!("url {e}")))?;
    let present = store::find(&mut *app.store.snapshot(partner.book).await?).await?;
    let is_off = present.is_some_and(|endpoint| endpoint.url.is_some() && !endpoint.enabled);
    if request.enabled && is_off {
        probe(app, &request.url).await?;
    }
    let drawn = Drawn::draw(&*app.entropy);
    let (platform, deed_id) = (app.clone(), app.new_id());
    app.run(partner, keyed, Vec::new(), async move |tx: &mut Tx| {
        let (endpoint, secrets, is_new_secret) = change(&platform, tx, &request, &drawn).await?;
        store::put(tx, &endpoint).await?;
        if let Some(deed) = &deed {
            audit::note(tx, deed_id, deed).await?;
        }
        Ok(answer(StatusCode::OK, &item(&endpoint, &secrets, is_new_secret)?)?)
    })
    .await
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
async fn change(
    app: &App,
    tx: &mut Tx,
    request: &Registration,
    drawn: &Drawn,
) -> Result<(WebhookEndpoint, Secrets, bool), Stop> {
    let (now, last_event) = (tx.now(), tx.last_event());
    let present = store::find(tx.scope()).await?;
    let mut is_new_secret = request.rotate;
    let mut secrets = match &present {
        Some(present) => Secrets::open(&app.seals, &present.secrets)?,
        None => match &request.token {
            Some(token) => Secrets::new(token.clone(), drawn),
            None => return Err(Refusal::with(&P403, "token is required").into()),
        },
    };
    if let Some(token) = &request.token {
        secrets.token.clone_from(token);
    }
    let is_first = present.as_ref().is_none_or(|present| present.url.is_none());
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
        cursor: present.as_ref().filter(|_| !is_first).map_or(last_event, |present| present.cursor),
        epoch: 0,
        owner: [0; 16],
        created_at: present.as_ref().filter(|_| !is_first).map_or(now, |present| present.created_at),
        updated_at: now,
    };
    Ok((endpoint, secrets, is_new_secret))
}
