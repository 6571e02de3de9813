//! `GET /v1/kyc/verification/{externalUserId}/{verificationId}`: what the user's browser opens. No key: the random
//! verification id is the secret, and alone finds the attempt; what does not fit it is answered like an unknown one.

use super::change::{is_verification_id, secret_of};
use super::standing::{AttemptStatus, Method, Standing};
use super::store;
use crate::kit::endpoint::handler::{Html, PathId};
use crate::kit::endpoint::table::PathParameter;
use crate::kit::prelude::*;
use crate::users::{UserId, existing};
use askama::Template;
use axum::response::{IntoResponse, Response};
use florin_ledger::BookId;
use florin_store::params;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, StatusCode};

/// Random bytes of the nonce by which the page's own styles are allowed.
const NONCE_BYTES: usize = 16;

const CSS: &str = include_str!("../../templates/page.css");

/// The page, in any of its states.
#[derive(Template)]
#[template(path = "verification.html")]
struct Page<'a> {
    title: &'a str,
    tone: &'a str,
    mark: &'a str,
    lines: &'a [&'a str],
    return_url: Option<&'a str>,
    nonce: &'a str,
    css: &'a str,
}

/// What a state says: title, tone, mark and lines.
type Words = (&'static str, &'static str, &'static str, &'static [&'static str]);

const UNKNOWN: Words = (
    "This link does not work",
    "bad",
    "!",
    &[
        "It is wrong, has expired, or another one has taken its place.",
        "Ask the company that sent you here for a new link.",
    ],
);

fn words(standing: Standing) -> Words {
    match standing.progress {
        AttemptStatus::Pending => (
            "Your verification is open",
            "",
            "1",
            &[
                "The company that sent you here has asked us to verify who you are.",
                "This server takes no photos on this page: send your document the way that the company tells you.",
            ],
        ),
        AttemptStatus::InReview => (
            "We are looking at your documents",
            "",
            "…",
            &["There is nothing left for you to do. You will hear from the company that sent you here."],
        ),
        AttemptStatus::Successful => {
            ("You are verified", "good", "✓", &["There is nothing left for you to do."])
        }
        AttemptStatus::Rejected => (
            "We could not verify you",
            "bad",
            "!",
            &["You may try again: ask the company that sent you here for a new link."],
        ),
    }
}

/// The verification id in the path.
struct VerificationId(UserId);

impl PathId for VerificationId {
    const PARAMETER: PathParameter = PathParameter {
        name: "verificationId",
        about: "The verification id, a secret from `POST /v1/kyc`.",
        is_uuid: false,
        placeholder: "$verification",
    };

    fn of_segment(segment: Option<String>) -> Self {
        Self(UserId::of_segment(segment))
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "openVerificationPage",
        summary: "Hosted verification page",
        description: "The page that your user's browser opens: `redirectUrl` of `POST /v1/kyc`. It needs no key, since \
                      the verification id is a secret. If no verification fits, the page says so with status 404; a \
                      client that accepts JSON only gets P445.",
        refusals: &[&P445],
        ..get("/v1/kyc/verification/{externalUserId}/{verificationId}", open_verification_page)
    }
}

async fn open_verification_page(
    app: App,
    Path(user): Path<UserId>,
    Path(VerificationId(verification_id)): Path<VerificationId>,
    headers: HeaderMap,
) -> Result<Html, Failure> {
    match find(&app, user.as_str(), verification_id.as_str()).await? {
        Some((standing, return_url)) => page(&app, StatusCode::OK, words(standing), return_url.as_deref()),
        None if wants_json(&headers) => Err(Refusal::of(&P445).into()),
        None => page(&app, StatusCode::NOT_FOUND, UNKNOWN, None),
    }
    .map(Html)
}

/// The attempt that a link is of, as long as the link works.
async fn find(
    app: &App,
    user: &str,
    verification_id: &str,
) -> Result<Option<(Standing, Option<String>)>, StoreError> {
    if !is_verification_id(verification_id) {
        return Ok(None);
    }
    let secret = secret_of(app, verification_id);
    let rows = app.store.look(store::BOOK_OF_SECRET, &params![secret]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let book: BookId = row.get(0)?;
    let mut snapshot = app.store.snapshot(book).await?;
    let now = snapshot.book_row().now(app.wall());
    let holder = store::holder_of_secret(&mut snapshot, &secret).await?;
    let named = snapshot.holder(user).await?;
    let Ok(named) = existing(named.as_ref()) else { return Ok(None) };
    if holder != Some(named.id) {
        return Ok(None);
    }
    let Some(current) = store::find(&mut snapshot, named.id).await? else { return Ok(None) };
    let details = current.details(&app.seals, named.secret.as_deref())?;
    let has_ended = current.standing.progress == AttemptStatus::Pending
        && current.expires_at.is_some_and(|expires_at| expires_at <= now);
    let is_it = current.standing.method == Method::Hosted && details.verification_id == verification_id;
    Ok((is_it && !has_ended).then_some((current.standing, details.return_url)))
}

/// A client that says what it accepts, and HTML is not among it.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted: Vec<_> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let accepted = accepted.join(",").to_ascii_lowercase();
    accepted.contains("application/json") && !accepted.contains("text/html") && !accepted.contains("*/*")
}

fn page(app: &App, status: StatusCode, words: Words, return_url: Option<&str>) -> Result<Response, Failure> {
    let mut random = [0; NONCE_BYTES];
    app.entropy.fill(&mut random);
    let nonce: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let (title, tone, mark, lines) = words;
    let page = Page { title, tone, mark, lines, return_url, nonce: &nonce, css: CSS };
    let html = page.render().map_err(StoreError::unexpected)?;
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    // The address is a secret: it is not passed on to where the page leads, and no cache keeps the page.
    let head = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, policy.as_str()),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((status, head, html).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn only_who_accepts_nothing_but_json_gets_it() {
        for (accept, expected) in [
            (None, false),
            (Some("application/json"), true),
            (Some("Application/JSON, text/plain"), true),
            (Some("text/html,application/xhtml+xml,application/json;q=0.9"), false),
            (Some("application/json, */*"), false),
            (Some("*/*"), false),
        ] {
            let headers = accept.map(|accept| (ACCEPT, HeaderValue::from_static(accept)));
            assert_eq!(wants_json(&headers.into_iter().collect()), expected, "{accept:?}");
        }
    }
}
