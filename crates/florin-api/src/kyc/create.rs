//! `POST /v1/kyc`: begin a verification of method B, on a hosted page.

use super::change::{Begin, Drawn, begin, enter};
use super::documents::{Background, DOCUMENT_TYPES, Details, DocumentType, country_text, words};
use super::standing::{Method, may_begin};
use super::store;
use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::codes::{P412, P448, P465};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape, post};
use crate::kit::request::body::Request;
use crate::kit::request::call::Call;
use crate::kit::request::fields::Fields;
use crate::users::existing;
use axum::extract::State;
use axum::response::Response;
use florin_store::{Touch, Tx};
use florin_types::{Country, ExternalUserId};
use http::{StatusCode, Uri};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long the link works: a week-end to find the document, and a working week.
const LINK_TIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Longest `returnUrl`: what browsers and servers take without a word.
const MAX_URL: usize = 2_000;

/// What is known before the user opens the page.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the typed one")]
pub struct CreateKycRequest {
    external_user_id: String,
    #[schema(schema_with = words::document_type)]
    document_type: String,
    /// That issued the document; ISO 3166-1 alpha-2.
    country: String,
    #[schema(schema_with = words::income_source)]
    income_source: String,
    #[schema(schema_with = words::open_account_reason)]
    open_account_reason: String,
    /// Required with `BUSINESS_ACTIVITY`.
    #[schema(max_length = 35)]
    tax_id: Option<String>,
    #[schema(schema_with = words::occupation)]
    occupation: Option<String>,
    /// Required with any other source of income; at most 500 characters.
    #[schema(max_length = 500)]
    additional_info: Option<String>,
    /// Where the page leads in the end; https only.
    #[schema(max_length = 2000, pattern = "^https://", example = "https://partner.example/done")]
    return_url: Option<String>,
}

/// A verification that was begun.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateKycAnswer {
    /// A secret: who knows it can open the page.
    verification_id: String,
    /// What the user's browser opens.
    redirect_url: String,
    /// When the link ends.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// What a request says, typed.
#[derive(Clone)]
pub struct CreateKyc {
    user: ExternalUserId,
    document_type: DocumentType,
    country: Country,
    background: Background,
    return_url: Option<String>,
}

impl Request for CreateKyc {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let user = fields.required("externalUserId").text(ExternalUserId::parse);
        let document_type = fields.required("documentType").choice(DOCUMENT_TYPES);
        let country = fields.required("country").text(Country::parse);
        let background = Background::read(fields);
        background.require(fields);
        let return_url = fields.optional("returnUrl").parsed(return_url);
        Some(Self { user: user?, document_type: document_type?, country: country?, background, return_url })
    }
}

/// An https address that a page may lead to.
fn return_url(text: &str) -> Result<String, &'static str> {
    const FORM: &str = "must be an https address of at most 2000 characters";
    let is_plain = text.len() <= MAX_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
    let uri = if is_plain { text.parse::<Uri>().ok() } else { None };
    let is_https = uri.as_ref().is_some_and(|uri| uri.scheme_str() == Some("https"));
    let authority = uri.as_ref().and_then(|uri| uri.authority());
    match authority.filter(|authority| is_https && !authority.as_str().contains('@')) {
        Some(_) => Ok(text.to_owned()),
        None => Err(FORM),
    }
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Verification",
        summary: "Create a verification (method B)",
        description: "Begins a verification on a hosted page, which your user's browser opens at `redirectUrl`. The \
                      link works for seven days; a new verification takes the place of one that was not finished.",
        request: RequestBody::Json(
            Shape::of::<CreateKycRequest>(),
            r#"{"externalUserId":"$user","documentType":"ID_CARD","country":"GB","incomeSource":"SALARY",
            "occupation":"ENGINEERING","openAccountReason":"DAILY_USE","returnUrl":"https://partner.example/done"}"#,
        ),
        refusals: &[&P412, &P448, &P465],
        ..post("/v1/kyc", handle, (201, Shape::of::<CreateKycAnswer>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    call: Call<CreateKyc>,
) -> Result<Response, Failure> {
    let Call { request, keyed } = call;
    let handle = request.user.as_str().to_owned();
    let (platform, drawn) = (app.clone(), Drawn::draw(&app));
    app.run(&partner, keyed, vec![Touch::Holder(handle.clone())], async move |tx: &mut Tx| {
        let holder = existing(tx.holder(&handle))?.clone();
        let before = store::find(tx.scope(), holder.id).await?;
        let was = before.as_ref().map(|current| current.standing);
        may_begin(was)?;
        let expires_at = tx.now().saturating_add(LINK_TIME);
        let details = Details {
            document_type: Some(request.document_type),
            country: Some(country_text(request.country)),
            return_url: request.return_url.clone(),
            background: Some(request.background.clone()),
            ..Details::default()
        };
        let method = Method::Hosted;
        let new = Begin { before: before.as_ref(), method, details, expires_at: Some(expires_at) };
        let begun = begin(&platform, tx, &holder, new, &drawn).await?;
        enter(tx, &holder, was, begun, drawn.event).await?;
        let verification_id = drawn.verification_id.clone();
        let base = &platform.settings.public_url;
        let body = CreateKycAnswer {
            redirect_url: format!("{base}/v1/kyc/verification/{handle}/{verification_id}"),
            verification_id,
            expires_at: expires_at.to_string(),
        };
        Ok(answer(StatusCode::CREATED, &body)?)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_to_https_alone() {
        for good in ["https://partner.example", "https://partner.example:8443/done?user=7#top"] {
            assert_eq!(return_url(good).as_deref(), Ok(good));
        }
        let long = format!("https://partner.example/{}", "a".repeat(MAX_URL));
        for bad in [
            "http://partner.example",
            "javascript:alert(1)",
            "https://",
            "//partner.example",
            "/done",
            "https://a b",
            "https://user:secret@partner.example/",
            "https://partner.example/\u{e9}",
            &long,
            "",
        ] {
            assert!(return_url(bad).is_err(), "{bad}");
        }
    }
}
