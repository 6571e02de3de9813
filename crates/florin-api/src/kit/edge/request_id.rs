//! The outermost layer of every answer: request id, span, access log, and the catch for what panics.
//!
//! Every answer carries `x-request-id`: the client's own when it is 1 to 128 visible ASCII characters, else
//! one made by the generator that was passed in. The id stands in the request's extensions ([`RequestId`]),
//! in the span that everything logged on the way belongs to, and in the body of P500. A panic is logged with
//! its text and answered as P500; the connection lives on. One line per request says status, code and
//! duration. No header and no query ever reaches a log: the path is the route's template.
//!
//! Put it on with `Router::layer`, last, so that it surrounds everything and still knows the matched route.
//! Cost: one boxed future, and one made-up id where the client sends none; the span and the line cost nothing
//! while filtered.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::IntoResponse;
use futures_util::FutureExt;
use http::header::X_CONTENT_TYPE_OPTIONS;
use http::{HeaderName, HeaderValue, Request, Response};
use tower::{Layer, Service};
use tracing::Instrument;

use crate::kit::endpoint::codes::P500;
use crate::kit::endpoint::refusal::{Refusal, Refused};

/// The header, both ways.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken over from a client: three UUIDs and some; what is longer serves no search of a log.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// Request and response extension: the id of this request, visible ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// Makes a request id: unique enough to find one request in a log, no secret.
pub type MakeId = Arc<dyn Fn() -> String + Send + Sync>;

/// Microseconds of a clock that only goes forward, from any start.
pub type Micros = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The layer.
#[derive(Clone)]
pub struct RequestIdLayer {
    make_id: MakeId,
    micros: Micros,
}

impl RequestIdLayer {
    /// A layer over these sources of ids and time.
    #[must_use]
    pub fn new(make_id: MakeId, micros: Micros) -> Self {
        Self { make_id, micros }
    }
}

impl<S> Layer<S> for RequestIdLayer {
    type Service = RequestIdService<S>;

    fn layer(&self, inner: S) -> RequestIdService<S> {
        RequestIdService { inner, layer: self.clone() }
    }
}

/// What the layer makes of a service.
#[derive(Clone)]
pub struct RequestIdService<S> {
    inner: S,
    layer: RequestIdLayer,
}

impl<S> Service<Request<Body>> for RequestIdService<S>
where
    S: Service<Request<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    S::Response: IntoResponse,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The clone takes the place of the service that was found ready.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let micros = Arc::clone(&self.layer.micros);
        let started = micros();
        let id = request_id(&request, &self.layer.make_id);
        let span = span(&request, &id);
        request.extensions_mut().insert(id.clone());
        let answer = async move {
            let caught = AssertUnwindSafe(async move { inner.call(request).await }).catch_unwind().await;
            let response = match caught {
                Ok(Ok(response)) => response.into_response(),
                Ok(Err(never)) => match never {},
                Err(panic) => {
                    tracing::error!(cause = panic_text(panic.as_ref()), "a request panicked");
                    Refusal::of(&P500).into_response()
                }
            };
            let response = finish(response, id);
            log(&response, micros().saturating_sub(started));
            Ok(response)
        };
        Box::pin(answer.instrument(span))
    }
}

/// The client's own id when it will do, else a new one.
fn request_id(request: &Request<Body>, make_id: &MakeId) -> RequestId {
    let mut given = request.headers().get_all(X_REQUEST_ID).iter();
    match (given.next(), given.next()) {
        (Some(id), None) if is_usable(id) => RequestId(id.clone()),
        _ => RequestId(HeaderValue::try_from(make_id()).unwrap_or(HeaderValue::from_static("unknown"))),
    }
}

fn is_usable(id: &HeaderValue) -> bool {
    (1..=MAX_REQUEST_ID_BYTES).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

fn span(request: &Request<Body>, id: &RequestId) -> tracing::Span {
    let path = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str);
    tracing::info_span!("request", request_id = id.as_str(), method = request.method().as_str(), path)
}

/// Puts the id on the answer, and into the body of a fault.
fn finish(mut response: Response<Body>, id: RequestId) -> Response<Body> {
    let is_fault = response.extensions().get::<Refused>().is_some_and(|refused| *refused.0 == P500);
    if is_fault {
        *response.body_mut() = Body::from(Refusal::of(&P500).body_with_request_id(id.as_str()));
    }
    response.headers_mut().insert(X_REQUEST_ID, id.0.clone());
    // No browser may guess that a text from a client, repeated in JSON, is a page.
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.extensions_mut().insert(id);
    response
}

/// The access log's line; request id, method and path are fields of the span.
fn log(response: &Response<Body>, duration_us: u64) {
    let status = response.status().as_u16();
    let code = response.extensions().get::<Refused>().map(|refused| refused.0.code);
    tracing::info!(status, code, duration_us, "answered");
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no text)")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::Router;
    use axum::extract::Extension;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::kit::endpoint::codes::P412;

    fn app() -> Router {
        let count = AtomicU64::new(0);
        let make_id: MakeId = Arc::new(move || format!("made-{}", count.fetch_add(1, Ordering::Relaxed)));
        let time = AtomicU64::new(0);
        let micros: Micros = Arc::new(move || time.fetch_add(250, Ordering::Relaxed));
        Router::new()
            .route("/id/{any}", get(async |Extension(id): Extension<RequestId>| id.as_str().to_owned()))
            .route("/refused", get(async || Refusal::of(&P412)))
            .route("/fault", get(async || Refusal::of(&P500)))
            .route("/panics", get(async || -> String { panic!("boom {}", 7) }))
            .layer(RequestIdLayer::new(make_id, micros))
    }

    async fn get_with(path: &str, ids: &[&[u8]]) -> (u16, String, String) {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        for id in ids {
            request.headers_mut().append(X_REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
        }
        let response = app().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        assert_eq!(head.headers.get_all(X_REQUEST_ID).iter().count(), 1);
        assert_eq!(head.headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        (head.status.as_u16(), head.headers[X_REQUEST_ID].to_str().unwrap().to_owned(), body)
    }

    #[tokio::test]
    async fn a_usable_id_is_echoed_and_any_other_replaced() {
        let longest = [b'x'; 128];
        for id in [&b"a"[..], b"!~{}\"", &longest] {
            let text = String::from_utf8(id.to_vec()).unwrap();
            assert_eq!(get_with("/id/1", &[id]).await, (200, text.clone(), text));
        }
        let too_long = [b'x'; 129];
        let unusable: [&[&[u8]]; 6] = [&[], &[b""], &[b"a b"], &[b"\xc3\xa9"], &[&too_long], &[b"a", b"a"]];
        for ids in unusable {
            let (status, id, body) = get_with("/id/1", ids).await;
            assert_eq!((status, id.as_str(), body.as_str()), (200, "made-0", "made-0"), "{ids:?}");
        }
    }

    #[tokio::test]
    async fn every_answer_carries_the_id() {
        let refused =
            r#"{"errorCode":"P412","errorName":"invalid-user","errorMessage":"User does not exist"}"#;
        assert_eq!(get_with("/refused", &[b"r"]).await, (400, "r".to_owned(), refused.to_owned()));
        assert_eq!(get_with("/nothing", &[b"r"]).await, (404, "r".to_owned(), String::new()));
    }

    #[tokio::test]
    async fn faults_and_panics_name_the_request() {
        let body = concat!(
            r#"{"errorCode":"P500","errorName":"unknown-exception","errorMessage":"Unknown exception","#,
            r#""requestId":"r"}"#
        );
        for path in ["/fault", "/panics"] {
            assert_eq!(get_with(path, &[b"r"]).await, (400, "r".to_owned(), body.to_owned()));
        }
    }

    /// Keeps every field of every span and event as text.
    #[derive(Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<String>>>);

    impl tracing::field::Visit for Recorder {
        fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
            self.0.lock().unwrap().push(format!("{}={value:?}", field.name()));
        }
    }

    impl tracing::Subscriber for Recorder {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            metadata.target().contains("request_id")
        }

        fn new_span(&self, attributes: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            attributes.record(&mut self.clone());
            tracing::span::Id::from_u64(1)
        }

        fn event(&self, event: &tracing::Event<'_>) {
            event.record(&mut self.clone());
        }

        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn logs_name_the_route_and_the_outcome_but_no_secret() {
        let recorder = Recorder::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        tracing::subscriber::with_default(recorder.clone(), || {
            runtime.block_on(async {
                // tracing asks once per place in the code whether anyone listens, and another test's thread,
                // where nobody does, may have been first: pass every place, then have it ask again.
                get_with("/panics", &[]).await;
                tracing::callsite::rebuild_interest_cache();
                recorder.0.lock().unwrap().clear();
                get_with("/id/secret?secret=1", &[b"r-1"]).await;
                get_with("/panics", &[b"r-2"]).await;
            });
        });
        let lines = recorder.0.lock().unwrap().join(" ");
        let expected = "request_id=\"r-1\" method=\"GET\" path=\"/id/{any}\" message=answered status=200 \
            duration_us=250 request_id=\"r-2\" method=\"GET\" path=\"/panics\" message=a request panicked \
            cause=\"boom 7\" message=answered status=400 code=\"P500\" duration_us=250";
        assert_eq!(lines, expected);
    }
}
