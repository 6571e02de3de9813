//! The payer's page, `/pay/{id}`. No key: the id of the link is the secret. What does not fit is answered like an
//! unknown link, and a page can do nothing but choose what its own link is paid with.

mod live;
mod shown;

use super::payer::{self, PayerView};
use crate::kit::app::App;
use crate::kit::edge::connections::shared_by;
use crate::kit::edge::partner::source_address;
use crate::kit::endpoint::failure::Failure;
use crate::kit::request::body::receive;
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use florin_pages::{
    Language, PayView, asset, brand_css, error_page, live_event, live_fragment, not_found, pay_page,
    security_headers,
};
use florin_store::StoreError;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use live::Live;
use serde::Deserialize;
use shown::pay_view;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use url::form_urlencoded;

/// Pages that are kept up to date at once by a process. Each is a connection and some KB.
const MAX_LIVE: usize = 2_000;

/// What a partner's picture may do when a browser opens it by itself: nothing.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

#[derive(Clone)]
struct Pages {
    app: App,
    live: Arc<Semaphore>,
}

/// What stands behind the address of a page.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    lang: Option<String>,
    /// The payer has chosen, and wants to choose again.
    change: Option<String>,
}

/// The most bytes of a form: some ten times what a browser sends.
const MAX_FORM: usize = 1 << 10;

/// How long a form may take: it comes with its head in one packet.
const FORM_TIMEOUT: Duration = Duration::from_secs(10);

/// A field of the form that a browser sends.
fn field(form: &[u8], name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(form);
    fields.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}

impl Asked {
    fn is_changing(&self) -> bool {
        self.change.as_deref() == Some("1")
    }
}

/// Whoever opens a page: which one, and in which language.
struct Visit {
    id: String,
    asked: Asked,
    language: Language,
}

impl FromRequestParts<Pages> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let source = source_address(parts, &pages.app.settings.trusted_proxies);
        if let Some(source) = source {
            pages.app.limiter.check_payer(shared_by(source)).map_err(IntoResponse::into_response)?;
        }
        // What cannot be read is no link, or nothing that was asked for.
        let id = Path::<String>::from_request_parts(parts, pages).await;
        let asked = Query::<Asked>::from_request_parts(parts, pages).await;
        let (id, asked) = (id.map(|Path(id)| id), asked.map(|Query(asked)| asked));
        let asked = asked.unwrap_or_default();
        let accepted = parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let language = Language::choose(asked.lang.as_deref(), accepted);
        Ok(Self { id: id.unwrap_or_default(), asked, language })
    }
}

/// The paths of the pages.
pub fn pages(app: &App) -> Router {
    let pages = Pages { app: app.clone(), live: Arc::new(Semaphore::new(MAX_LIVE)) };
    Router::new()
        .route("/pay/{id}", get(open).post(choose))
        .route("/pay/{id}/live", get(follow))
        .route("/pay/{id}/brand.css", get(colours))
        .route("/pay/{id}/logo", get(logo))
        .route("/pay/assets/{file}", get(file))
        .with_state(pages)
}

impl Pages {
    async fn view(&self, visit: &Visit) -> Result<Option<PayView>, StoreError> {
        let Visit { id, asked, language } = visit;
        let Some(view) = payer::view(&self.app, id).await? else { return Ok(None) };
        Ok(Some(pay_view(&self.app, id, view, (*language, asked.is_changing()))))
    }
}

fn html(status: StatusCode, page: String) -> Response {
    let mut response = (status, page).into_response();
    let headers = response.headers_mut();
    for (name, value) in security_headers() {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn fault(error: &StoreError, language: Language) -> Response {
    let status = match error {
        StoreError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        StoreError::Unexpected(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    tracing::error!(%error, "a payer's page could not be made");
    html(status, error_page(language))
}

async fn open(State(pages): State<Pages>, visit: Visit) -> Response {
    match pages.view(&visit).await {
        Ok(Some(view)) => html(StatusCode::OK, pay_page(&view)),
        Ok(None) => html(StatusCode::NOT_FOUND, not_found(visit.language)),
        Err(error) => fault(&error, visit.language),
    }
}

async fn choose(State(pages): State<Pages>, visit: Visit, headers: HeaderMap, body: Body) -> Response {
    let Visit { id, language, .. } = visit;
    // Browsers say where a form comes from. Another site's cannot know the id, so this is a second line.
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return html(StatusCode::FORBIDDEN, not_found(language));
    }
    let form = match receive(body, MAX_FORM, FORM_TIMEOUT).await {
        Ok(form) => form,
        Err(refusal) => return refusal.into_response(),
    };
    let mut to = format!("?lang={}", language.code());
    if field(&form, "change").is_some() {
        to.push_str("&change=1");
    } else if let (Some(currency), Some(network)) = (field(&form, "currency"), field(&form, "network")) {
        match payer::choose(&pages.app, &id, &currency, &network).await {
            // What cannot be chosen any more, the page says by its state.
            Ok(_) | Err(Failure::Refused(_)) => {}
            Err(Failure::Fault(error)) => return fault(&error, language),
        }
    }
    let mut response = html(StatusCode::SEE_OTHER, String::new());
    // A language's code and digits are a header's value.
    if let Ok(value) = HeaderValue::from_str(&to) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

async fn follow(State(pages): State<Pages>, visit: Visit) -> Response {
    let Ok(place) = Arc::clone(&pages.live).try_acquire_owned() else {
        return html(StatusCode::SERVICE_UNAVAILABLE, error_page(visit.language));
    };
    match payer::book_of(&pages.app, &visit.id).await {
        Ok(Some(book)) => Live { pages: pages.clone(), visit, book, _place: place }.response(),
        Ok(None) => html(StatusCode::NOT_FOUND, not_found(visit.language)),
        Err(error) => fault(&error, visit.language),
    }
}

/// The link's partner's branding, as a file.
async fn of_branding(
    pages: &Pages,
    id: &str,
    of: impl FnOnce(&PayerView) -> Option<(&'static str, Bytes)>,
) -> Response {
    let found = match payer::view(&pages.app, id).await {
        Ok(found) => found.as_ref().and_then(of),
        Err(error) => return fault(&error, Language::English),
    };
    let Some((content_type, bytes)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let head = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "private, max-age=300"),
        (CONTENT_SECURITY_POLICY, PICTURE_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (head, bytes).into_response()
}

async fn colours(State(pages): State<Pages>, visit: Visit) -> Response {
    of_branding(&pages, &visit.id, |view| {
        let (primary, accent) = shown::colours(&view.branding)?;
        Some(("text/css; charset=utf-8", brand_css(primary, accent).into()))
    })
    .await
}

async fn logo(State(pages): State<Pages>, visit: Visit) -> Response {
    of_branding(&pages, &visit.id, |view| view.branding.logo.as_ref()?.file()).await
}

async fn file(request: Request) -> Response {
    let Some(file) = asset(request.uri().path()) else { return StatusCode::NOT_FOUND.into_response() };
    let head = [
        (CONTENT_TYPE, file.content_type),
        (CACHE_CONTROL, file.cache_control),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (head, file.bytes).into_response()
}
