//! From the table of routes to the router: what every request passes on its way, outermost first: request id, log
//! line and panics; unknown paths and methods; rate limit; faults to order in a sandbox; the handler with its argument
//! types.

use crate::kit::app::App;
use crate::kit::edge::fault::fail_to_order;
use crate::kit::edge::nearest::nearest;
use crate::kit::edge::partner::Caller;
use crate::kit::edge::request_id::RequestIdLayer;
use crate::kit::endpoint::codes::{P404, P405};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Access, Endpoint};
use crate::kit::request::fields::SHOWN_NAME;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Builds the router of a platform; `extra` are routes that need no key (health, documents, pages).
pub fn router(app: &App, endpoints: Vec<Endpoint>, extra: Router, request_ids: RequestIdLayer) -> Router {
    let is_served = |endpoint: &Endpoint| endpoint.signature.access != Access::Sandbox || app.is_sandbox();
    let endpoints: Vec<_> = endpoints.into_iter().filter(is_served).collect();
    let allowed = Arc::new(allowed_methods(&endpoints));
    let paths = Arc::clone(&allowed);
    let mut calls = Router::new();
    for mut endpoint in endpoints {
        if app.is_sandbox() && endpoint.signature.access != Access::Open {
            endpoint.router = endpoint.router.route_layer(from_fn_with_state(app.clone(), fail_to_order));
        }
        if app.settings.rate_limit.is_some() && endpoint.signature.access != Access::Open {
            // Around the handler alone: a method that the path does not have is told before the key is looked at.
            endpoint.router = endpoint.router.route_layer(from_fn_with_state(app.clone(), limit_rate));
        }
        calls = endpoint.mount(calls);
    }
    calls
        .with_state(app.clone())
        .merge(extra)
        .fallback(async move |uri: Uri| no_such_path(&paths, &uri))
        .layer(from_fn(move |request: Request, next: Next| answer_405(Arc::clone(&allowed), request, next)))
        .layer(request_ids)
}

/// Methods by path template.
type Allowed = BTreeMap<&'static str, Vec<Method>>;

fn allowed_methods(endpoints: &[Endpoint]) -> Allowed {
    let mut allowed = Allowed::new();
    for endpoint in endpoints {
        allowed.entry(endpoint.path).or_default().push(endpoint.method.clone());
    }
    allowed
}

/// P404, with the path that was probably meant.
fn no_such_path(paths: &Allowed, uri: &Uri) -> Refusal {
    let sent: String = uri.path().chars().take(SHOWN_NAME).collect();
    let meant = nearest(uri.path(), paths.keys().copied());
    let meant = meant.map(|path| format!("; did you mean {path}?")).unwrap_or_default();
    Refusal::because(&P404, format!("{sent}{meant}"))
}

/// Puts the envelope around the router's own bare 405, and names the methods that there are.
async fn answer_405(allowed: Arc<Allowed>, request: Request, next: Next) -> Response {
    let (uri, method) = (request.uri().clone(), request.method().clone());
    let response = next.run(request).await;
    let is_bare = response.status() == StatusCode::METHOD_NOT_ALLOWED
        && !response.headers().contains_key(http::header::CONTENT_TYPE);
    if !is_bare {
        return response;
    }
    let sent: String = method.as_str().chars().take(SHOWN_NAME).collect();
    match methods_of(&allowed, &uri) {
        Some(methods) => {
            Refusal::because(&P405, format!("{sent}; allowed: {methods}")).allow(methods).into_response()
        }
        // A page's: axum adds the header further out.
        None => Refusal::because(&P405, sent).into_response(),
    }
}

fn methods_of(allowed: &Allowed, uri: &Uri) -> Option<String> {
    let fits = |template: &str| {
        let (mut path, mut template) = (uri.path().split('/'), template.split('/'));
        loop {
            match (path.next(), template.next()) {
                (None, None) => return true,
                (Some(part), Some(name)) if name == part || name.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    // Literal segments come before ids, as in the router.
    let found = allowed.iter().filter(|(template, _)| fits(template));
    let (_, methods) = found.min_by_key(|(template, _)| template.matches('{').count())?;
    Some(methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", "))
}

/// Takes a call out of the partner's bucket and says what is left.
async fn limit_rate(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = match Caller::of_request(&parts, &app).await {
        Ok(caller) => caller,
        Err(failure) => return failure.into_response(),
    };
    let Some((checked, left)) = app.limiter.check_partner(caller.partner.id) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    parts.extensions.insert(caller);
    let mut response = match checked {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in left.headers() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
