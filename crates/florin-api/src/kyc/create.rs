//! `POST /v1/kyc`: begin a verification of method B, on a hosted page.

use super::change::{AttemptSecret, Begin, begin, enter};
use super::documents::{Background, Details, DocumentType, country_text};
use super::standing::{Method, may_begin};
use super::store;
use crate::kit::prelude::*;
use crate::kit::request::page_url::PageUrl;
use crate::users::{require, require_birth_date};
use std::time::Duration;

/// How long the link works: a week-end to find the document, and a working week.
const LINK_TIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

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
    return_url: Option<PageUrl>,
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
                return_url: request.return_url.as_ref().map(|url| url.as_str().to_owned()),
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
