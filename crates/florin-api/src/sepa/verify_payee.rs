//! `POST /v1/sepa-transfer/verify-payee` and its partner's twin: is an account held under a name (Verification of
//! Payee)? Accounts of our own are answered from the books, all others by the payee's bank.

use super::iban::GivenIban;
use super::own_payee::{Compared, compare};
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use florin_rails::sepa::PayeeCheck;
use florin_types::Iban;

/// Longest name that is compared: what a SEPA message holds.
const MAX_NAME: usize = 140;

words! {
    /// Whether an account is held under a name.
    pub enum PayeeResult {
        /// It is.
        Match = "MATCH",
        /// Nearly: `suggestedName` is the name of the account's holder.
        CloseMatch = "CLOSE_MATCH",
        /// It is not.
        NoMatch = "NO_MATCH",
        /// Nobody can say; `reason` says why.
        NotPossible = "NOT_POSSIBLE",
    }
}

/// A payee to be verified.
struct VerifyPayee {
    iban: GivenIban,
    name: Text<MAX_NAME>,
}

impl Request for VerifyPayee {
    const NAME: &'static str = "VerifyPayeeRequest";
    const ABOUT: &'static str = "An account, and the name under which it should be held.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let iban = fields.required("iban").about("The payee's account.").text();
        let name = fields.required("name").about("The payee's name, as the payer knows it.").text();
        Some(Self { iban: iban?, name: name? })
    }
}

/// Whether an account is held under a name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedPayee {
    /// The result.
    result: PayeeResult,
    /// The name of the account's holder, with `CLOSE_MATCH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_name: Option<String>,
    /// Why nobody can say, with `NOT_POSSIBLE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl VerifiedPayee {
    fn of(check: PayeeCheck) -> Self {
        let (result, suggested_name, reason) = match check {
            PayeeCheck::Match => (PayeeResult::Match, None, None),
            PayeeCheck::CloseMatch(name) => (PayeeResult::CloseMatch, Some(name), None),
            PayeeCheck::NoMatch => (PayeeResult::NoMatch, None, None),
            PayeeCheck::NotPossible(why) => (PayeeResult::NotPossible, None, Some(why.to_owned())),
        };
        Self { result, suggested_name, reason }
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "verifyPayee",
            summary: "Verify a payee",
            ..described(post("/v1/sepa-transfer/verify-payee", verify_payee))
        },
        Endpoint {
            id: "verifyPayeeForPartner",
            summary: "Verify a payee, for your master balance",
            ..described(post("/v1/partner/sepa-transfer/verify-payee", verify_payee))
        },
    ]
}

fn described(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        description: "Asks the payee's bank whether the account is held under the name (Verification of Payee). Show \
                      the result to the payer before the transfer: nothing here keeps a transfer from being made.\n\n\
                      A match allows for letter case, accents, the order of names, and titles; a close match for a \
                      missing second name, initials, or a typing error.",
        example: r#"{"iban":"LT139999800000000099","name":"Ada Lovelace"}"#,
        answer: r#"{"result":"CLOSE_MATCH","suggestedName":"Ada King Lovelace"}"#,
        refusals: &[&P462],
        ..endpoint
    }
}

async fn verify_payee(context: Context, call: Call<VerifyPayee>) -> Result<Success<VerifiedPayee>, Failure> {
    let Call { request: VerifyPayee { iban, name }, keyed } = call;
    let check = match iban.known("iban") {
        Ok(iban) => Ok(check(&context.app, iban, name.as_str()).await?),
        Err(refusal) => Err(refusal),
    };
    context
        .run(keyed, Vec::new(), async move |_| match &check {
            Ok(check) => Ok(VerifiedPayee::of(check.clone())),
            Err(refusal) => Err(refusal.clone().into()),
        })
        .await
}

/// The result for an account of ours, or of another bank. An account of ours is found in the books first: its IBAN may
/// be of a bank code that is no longer given out.
async fn check(app: &App, iban: &Iban, name: &str) -> Result<PayeeCheck, StoreError> {
    if let Some(Compared { check, .. }) = compare(app, iban, name).await? {
        return Ok(check);
    }
    if app.settings.sepa.is_ours(iban.as_str()) {
        return Ok(PayeeCheck::NotPossible("there is no such account"));
    }
    app.settings.sepa.rail.verify_payee(iban, name).await.map_err(StoreError::unavailable)
}
