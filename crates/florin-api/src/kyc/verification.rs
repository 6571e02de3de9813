//! `POST /v1/user/verification`: the textual data of the document, the last thing that a user verification needs.

use super::change::change;
use super::decide::{leave_expiry_of, open_gate};
use super::documents::{
    Background, DOCUMENT_TYPES, Details, Document, DocumentType, MAX_NUMBER, country_text, words,
};
use super::review::leave_review;
use super::standing::{Next, Submission};
use super::store::{self, Current};
use super::work::Work;
use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::book::seal::Nonce;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::codes::{P412, P448, P449, P459, P464, P465};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, RequestBody, Shape, post};
use crate::kit::request::body::Request;
use crate::kit::request::call::Call;
use crate::kit::request::fields::Fields;
use crate::users::{self, Gate, existing};
use axum::extract::State;
use axum::response::Response;
use florin_store::{StoreError, Touch, Tx};
use florin_types::{Country, Date, ExternalUserId, Text, Timestamp};
use http::StatusCode;
use utoipa::ToSchema;

/// The document's data, and what the user says of income and purpose.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "the fields document the request; `Request::read` makes the typed one")]
pub struct UserVerificationRequest {
    external_user_id: String,
    #[schema(schema_with = words::document_type)]
    document_type: String,
    /// At most 35 characters. In a sandbox `REJECT-` and a rejection reason end the review so; `HOLD` leaves it open.
    #[schema(max_length = 35)]
    document_number: String,
    #[schema(format = Date, example = "2021-04-16")]
    document_issue_date: Option<String>,
    /// The last day on which it is valid; today or later.
    #[schema(format = Date, example = "2031-04-15")]
    document_expiration_date: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "GB")]
    document_issuing_country: String,
    #[schema(schema_with = words::income_source)]
    income_source: Option<String>,
    #[schema(schema_with = words::open_account_reason)]
    open_account_reason: Option<String>,
    #[schema(schema_with = words::occupation)]
    occupation: Option<String>,
    #[schema(max_length = 35)]
    tax_id: Option<String>,
}

/// What a request says, typed.
#[derive(Clone)]
pub struct UserVerification {
    user: ExternalUserId,
    document_type: DocumentType,
    number: String,
    issued: Option<Date>,
    expires: Date,
    country: Country,
    background: Background,
}

impl Request for UserVerification {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let user = fields.required("externalUserId").text(ExternalUserId::parse);
        let document_type = fields.required("documentType").choice(DOCUMENT_TYPES);
        let number = fields.required("documentNumber").text(Text::<MAX_NUMBER>::parse);
        let issued = fields.optional("documentIssueDate").text(Date::parse);
        let expires = fields.required("documentExpirationDate").text(Date::parse);
        let country = fields.required("documentIssuingCountry").text(Country::parse);
        let background = Background::read(fields);
        if let (Some(issued), Some(expires)) = (issued, expires)
            && issued > expires
        {
            fields.fail("documentIssueDate must not be after documentExpirationDate");
        }
        Some(Self {
            user: user?,
            document_type: document_type?,
            number: number?.into_string(),
            issued,
            expires: expires?,
            country: country?,
            background,
        })
    }
}

impl UserVerification {
    /// Refuses a document that is no longer valid, or not yet, at a time.
    fn check_dates(&self, now: Timestamp) -> Result<(), Refusal> {
        let today = now.date();
        let mut failures = Vec::new();
        if self.issued.is_some_and(|issued| issued > today) {
            failures.push("documentIssueDate must not be in the future".to_owned());
        }
        if self.expires < today {
            failures.push("documentExpirationDate must not be in the past".to_owned());
        }
        if failures.is_empty() { Ok(()) } else { Err(Refusal::validation(failures)) }
    }

    fn document(&self) -> Document {
        Document {
            document_type: self.document_type,
            number: self.number.clone(),
            issued: self.issued.map(|date| date.to_string()),
            expires: self.expires.to_string(),
            country: country_text(self.country),
        }
    }
}

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Verification",
        summary: "Add user verification",
        description: "The data of the document that was uploaded (method A) or captured (method B). With method A a \
                      review begins; with method B it comes after the verification was successful, and makes the \
                      balances. In a sandbox the review takes half a second and approves, unless `documentNumber` says \
                      otherwise (see `GET /v1/sandbox/scenarios`). `kyc_verification.status` tells of each step, \
                      `user.status` of the active balances.",
        request: RequestBody::Json(
            Shape::of::<UserVerificationRequest>(),
            r#"{"externalUserId":"$user","documentType":"PASSPORT","documentNumber":"L898902C3",
            "documentExpirationDate":"2031-04-15","documentIssuingCountry":"GB","incomeSource":"SALARY",
            "occupation":"ENGINEERING","openAccountReason":"DAILY_USE"}"#,
        ),
        refusals: &[&P412, &P448, &P449, &P459, &P464, &P465],
        ..post("/v1/user/verification", handle, (201, Shape::of::<Message>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    call: Call<UserVerification>,
) -> Result<Response, Failure> {
    let Call { request, keyed } = call;
    check_dates_early(&app, &partner, &request).await?;
    let handle = request.user.as_str().to_owned();
    let (event, nonce, platform) = (app.new_id(), Nonce::draw(&*app.entropy), app.clone());
    app.run(&partner, keyed, vec![Touch::Holder(handle.clone())], async move |tx: &mut Tx| {
        request.check_dates(tx.now())?;
        let holder = existing(tx.holder(&handle))?.clone();
        let current = store::find(tx.scope(), holder.id).await?;
        let details =
            current.as_ref().map(|current| current.details(&platform.seals, holder.secret.as_deref()));
        let mut details = details.transpose()?.unwrap_or_default();
        let next = next(tx, &holder, &request, (current.as_ref(), &details)).await?;
        let current = current.ok_or_else(|| StoreError::unexpected("a submission without an attempt"))?;
        details.document = Some(request.document());
        let said = request.background.clone();
        if said != Background::default() {
            details.background = Some(said);
        }
        let sealed = store::seal(&platform.seals, holder.secret.as_deref(), nonce, &details)?;
        store::set_details(tx, current.attempt, sealed).await?;
        match next {
            Next::Review => {
                change(tx, &holder, (current.attempt, current.standing.in_review()), event).await?;
                leave_review(&platform, tx, &Work::of(&handle, current.attempt));
            }
            Next::Balances => {
                open_gate(&platform, tx, &holder, true).await?;
                leave_expiry_of(tx, &handle, current.attempt, &details);
            }
        }
        Ok(answer(StatusCode::CREATED, &Message::new("User verification submitted"))?)
    })
    .await
}

async fn next(
    tx: &mut Tx,
    holder: &florin_store::Holder,
    request: &UserVerification,
    (current, details): (Option<&Current>, &Details),
) -> Result<Next, florin_store::Stop> {
    let user = users::find(tx.scope(), holder.id).await?;
    let files = store::files(tx.scope(), holder.id).await?;
    let is_of_it = |file: &&store::File| current.is_some_and(|current| current.attempt == file.owner);
    let parts: Vec<_> = files.iter().filter(is_of_it).map(|file| file.part.clone()).collect();
    let submission = Submission {
        standing: current.map(|current| current.standing),
        has_balances: Gate::of(holder).is_verified,
        has_document: details.document.is_some(),
        terms_accepted: user.terms_accepted,
        document: request.document_type,
        parts: &parts,
    };
    Ok(submission.next()?)
}

/// Before the door, so that it comes before a known idempotency key. The book's clock, which may be ahead of the wall's
/// and is never behind it, is the one that counts.
async fn check_dates_early(app: &App, partner: &Partner, request: &UserVerification) -> Result<(), Failure> {
    let snapshot = app.store.snapshot(partner.book).await?;
    Ok(request.check_dates(snapshot.book_row().now(app.wall()))?)
}
