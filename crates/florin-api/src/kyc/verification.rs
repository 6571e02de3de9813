//! `POST /v1/user/verification`: the textual data of the document, the last thing that a user verification needs.

use super::change::change;
use super::decide::{leave_expiry_of, open_gate};
use super::documents::{Background, Details, Document, DocumentType, MAX_NUMBER, country_text};
use super::review::leave_review;
use super::standing::{Next, Submission};
use super::store::{self, Current};
use super::task::Task;
use crate::kit::prelude::*;
use crate::users::{self, BirthDate, Gate, require, require_birth_date};
use florin_store::Holder;

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
    birth_date: Option<BirthDate>,
}

impl Request for UserVerification {
    const NAME: &'static str = "UserVerificationRequest";
    const ABOUT: &'static str = "The data of the document, and what the user says of income and purpose.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let user = fields.required("externalUserId").about("Your own id of the user.").text();
        let document_type = fields.required("documentType").about("The kind of document.").text();
        let about = "The number of the document. In a sandbox `REJECT-` and a rejection reason ends the review with \
                     that reason, and `HOLD` leaves the review open.";
        let number = fields.required("documentNumber").about(about).example("L898902C3");
        let number = number.text::<Text<MAX_NUMBER>>();
        let about = "The day on which the document was issued.";
        let issued = fields.optional("documentIssueDate").about(about).example("2021-04-16").text::<Date>();
        let about = "The last day on which the document is valid; today or later.";
        let expires = fields.required("documentExpirationDate").about(about).example("2031-04-15");
        let expires = expires.text::<Date>();
        let about = "The country that issued the document, ISO 3166-1 alpha-2.";
        let country = fields.required("documentIssuingCountry").about(about).text();
        let background = Background::read(fields, false);
        let about = "The user's date of birth, where the user was created without one.";
        let birth_date = fields.optional("birthDate").about(about).text();
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
            birth_date,
        })
    }
}

impl UserVerification {
    /// Refuses a document that is no longer valid, or not yet, at a time; and who is too young.
    fn check_dates(&self, now: Timestamp) -> Result<(), Refusal> {
        let today = now.date();
        let mut failures = Vec::new();
        if self.issued.is_some_and(|issued| issued > today) {
            failures.push("documentIssueDate must not be in the future".to_owned());
        }
        if self.expires < today {
            failures.push("documentExpirationDate must not be in the past".to_owned());
        }
        if let Some(Err(refusal)) = self.birth_date.map(|date| date.check_age(now)) {
            failures.push(refusal.message.into_owned());
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

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "submitVerification",
        summary: "Add user verification",
        description: "Says which document you uploaded (method A: `POST /v1/user/kyc-files`) or the user photographed \
                      on our page (method B: `POST /v1/kyc`).\n\nMethod A: call it once the files are uploaded; the \
                      review begins then. Method B: call it once the status is `VERIFIED`; it opens the balances. In a \
                      sandbox the review takes half a second and approves, unless `documentNumber` says otherwise (see \
                      `GET /v1/sandbox/scenarios`). The event `kyc_verification.status` brings each step, \
                      `user.status` the active balances.",
        example: r#"{"externalUserId":"$user","documentType":"PASSPORT","documentNumber":"L898902C3",
            "documentExpirationDate":"2031-04-15","documentIssuingCountry":"GB","incomeSource":"SALARY",
            "occupation":"ENGINEERING","openAccountReason":"DAILY_USE"}"#,
        answer: r#"{"message":"User verification submitted"}"#,
        refusals: &[&P412, &P448, &P449, &P459, &P464, &P465],
        ..post("/v1/user/verification", submit_verification)
    }
}

async fn submit_verification(
    context: Context,
    call: Call<UserVerification>,
) -> Result<Created<Message>, Failure> {
    let Call { request, keyed } = call;
    // Before the door too, so that it comes before a known idempotency key.
    request.check_dates(context.snapshot().await?.book_row().now(context.app.wall()))?;
    let touches = vec![Touch::User(request.user.as_str().to_owned())];
    context
        .run(keyed, touches, async move |work| {
            request.check_dates(work.now())?;
            let user = request.user.as_str();
            let holder = require(work.holder(user), user)?.clone();
            let profile = require_birth_date(work, &holder, request.birth_date).await?;
            let (seals, secret) = (&work.app().seals, holder.secret.as_deref());
            let current = store::find(work.scope(), holder.id).await?;
            let details = current.as_ref().map(|current| current.details(seals, secret)).transpose()?;
            let mut details = details.unwrap_or_default();
            let next = next(work, &holder, &request, (current.as_ref(), &details)).await?;
            let current = current.ok_or_else(|| StoreError::unexpected("a submission without an attempt"))?;
            if let Some(profile) = profile {
                users::set_profile(work, &holder, &profile).await?;
            }
            details.document = Some(request.document());
            if request.background != Background::default() {
                details.background = Some(request.background.clone());
            }
            let sealed = store::seal(seals, secret, work.nonce(), &details)?;
            store::set_details(work, current.attempt, sealed).await?;
            match next {
                Next::Review => {
                    change(work, &holder, (current.attempt, current.standing.in_review())).await?;
                    leave_review(work, &Task::of(user, current.attempt));
                }
                Next::Balances => {
                    open_gate(work, &holder, true).await?;
                    leave_expiry_of(work, user, current.attempt, &details);
                }
            }
            Ok(Message::new("User verification submitted"))
        })
        .await
}

async fn next(
    work: &mut Work<'_>,
    holder: &Holder,
    request: &UserVerification,
    (current, details): (Option<&Current>, &Details),
) -> Result<Next, Stop> {
    let user = users::find(work.scope(), holder.id).await?;
    let files = store::files(work.scope(), holder.id).await?;
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
