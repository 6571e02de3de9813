//! `POST /v1/kyc`: begin a verification of method B, on a hosted page.

use super::change::{AttemptSecret, Begin, begin, enter};
use super::documents::{Background, Details, DocumentType, country_text};
use super::standing::{Method, may_begin};
use super::store;
use crate::kit::prelude::*;
use crate::kit::request::types::{FieldType, uri_schema};
use crate::users::{require, require_birth_date};
use http::Uri;
use std::time::Duration;
use utoipa::openapi::schema::ObjectBuilder;

/// How long the link works: a week-end to find the document, and a working week.
const LINK_TIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Longest `returnUrl`: what browsers and servers take without a word.
const MAX_URL: usize = 2_000;

/// The verification.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateKycAnswer {
    /// The id of the verification. It is a secret: whoever knows it can open the page.
    verification_id: String,
    /// The page that the user's browser opens.
    redirect_url: String,
    /// When the link stops working.
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
    return_url: Option<ReturnUrl>,
}

impl Request for CreateKyc {
    const NAME: &'static str = "CreateKycRequest";
    const ABOUT: &'static str = "What is known before the user opens the page.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let user = fields.required("externalUserId").about("Your own id of the user.").text();
        let document_type = fields.required("documentType").about("The kind of document.").text();
        let about = "The country that issued the document, ISO 3166-1 alpha-2.";
        let country = fields.required("country").about(about).text();
        let background = Background::read_with_info(fields);
        background.require(fields);
        let return_url =
            fields.optional("returnUrl").about("Where the page leads at the end; `https` only.").text();
        Some(Self { user: user?, document_type: document_type?, country: country?, background, return_url })
    }
}

/// Where a page may lead to.
#[derive(Clone)]
struct ReturnUrl(String);

impl FieldType for ReturnUrl {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        return_url(text).map(Self)
    }

    fn canonical(&self) -> String {
        self.0.clone()
    }

    fn schema() -> ObjectBuilder {
        let https = uri_schema().pattern(Some("^https://"));
        https.max_length(Some(MAX_URL)).examples(["https://partner.example/done"])
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

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "createVerification",
        summary: "Create a verification (method B)",
        description: "Begins a verification on a hosted page, which your user's browser opens at `redirectUrl`. The \
                      link works for seven days. A new verification replaces one that was not finished.",
        example: r#"{"externalUserId":"$user","documentType":"ID_CARD","country":"GB","incomeSource":"SALARY",
            "occupation":"ENGINEERING","openAccountReason":"DAILY_USE","returnUrl":"https://partner.example/done"}"#,
        answer: r#"{"verificationId":"$verification",
            "redirectUrl":"https://bank.example/v1/kyc/verification/$user/$verification",
            "expiresAt":"2026-02-07T09:30:00.000Z"}"#,
        refusals: &[&P412, &P448, &P465],
        ..post("/v1/kyc", create_verification)
    }
}

async fn create_verification(
    context: Context,
    call: Call<CreateKyc>,
) -> Result<Created<CreateKycAnswer>, Failure> {
    let Call { request, keyed } = call;
    let secret = AttemptSecret::draw(&context.app);
    let touches = vec![Touch::User(request.user.as_str().to_owned())];
    context
        .run(keyed, touches, async move |work| {
            let user = request.user.as_str();
            let holder = require(work.holder(user), user)?.clone();
            require_birth_date(work, &holder, None).await?;
            let before = store::find(work.scope(), holder.id).await?;
            let was = before.as_ref().map(|current| current.standing);
            may_begin(was)?;
            let expires_at = work.now().saturating_add(LINK_TIME);
            let details = Details {
                document_type: Some(request.document_type),
                country: Some(country_text(request.country)),
                return_url: request.return_url.as_ref().map(|url| url.0.clone()),
                background: Some(request.background.clone()),
                ..Details::default()
            };
            let method = Method::Hosted;
            let new = Begin { before: before.as_ref(), method, details, expires_at: Some(expires_at) };
            let begun = begin(work, &holder, new, &secret).await?;
            enter(work, &holder, was, begun).await?;
            let (base, verification_id) = (&work.app().settings.public_url, &secret.verification_id);
            Ok(CreateKycAnswer {
                redirect_url: format!("{base}/v1/kyc/verification/{user}/{verification_id}"),
                verification_id: verification_id.clone(),
                expires_at: expires_at.to_string(),
            })
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
