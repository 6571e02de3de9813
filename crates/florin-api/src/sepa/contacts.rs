//! `GET /v1/sepa-deposit/contacts/{externalUserId}` and its partner's twin: the accounts that are known to be a
//! holder's own.

use super::contact::Account;
use super::people::People;
use super::store;
use crate::kit::book::sealed;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::users::{UserId, require};
use florin_ledger::HolderId;
use florin_store::Snapshot;

words! {
    /// Where a contact stands.
    pub enum ContactStatus {
        /// Money came from it under the holder's name: transfers may go to it.
        Approved = "APPROVED",
    }
}

/// An account that is known to be a holder's own.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SepaContact {
    /// The account.
    #[schema(example = "DE89370400440532013000")]
    iban: String,
    /// The name that its bank gave.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// Where it stands.
    status: ContactStatus,
    /// When it was added.
    #[schema(format = DateTime)]
    added_at: String,
}

/// Contacts.
#[derive(Serialize, ToSchema)]
pub struct SepaContacts {
    /// The accounts, newest first.
    data: Vec<SepaContact>,
}

const ANSWER: &str = r#"{"data":[{"iban":"DE89370400440532013000","name":"Ada Lovelace","status":"APPROVED",
    "addedAt":"2026-01-31T09:30:00.000Z"}]}"#;

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let of_user = Endpoint {
        id: "getSepaContacts",
        summary: "List a user's own accounts",
        description: "The accounts from which money came in under the user's name, newest first. Transfers of the \
                      user may go to them.",
        answer: ANSWER,
        refusals: &[&P412],
        ..get("/v1/sepa-deposit/contacts/{externalUserId}", get_contacts)
    };
    let of_partner = Endpoint {
        id: "getPartnerSepaContacts",
        summary: "List the accounts that paid you",
        description: "The accounts from which money came in for your master balance, newest first. Your transfers may \
                      go to them.",
        answer: ANSWER,
        ..get("/v1/partner/sepa-deposit/contacts", get_partner_contacts)
    };
    [of_user, of_partner]
}

async fn get_contacts(context: Context, Path(user): Path<UserId>) -> Result<Success<SepaContacts>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.holder(user.as_str()).await?;
    let holder = require(holder.as_ref(), user.as_str())?.id;
    contacts_of(&context.app, &mut snapshot, holder).await
}

async fn get_partner_contacts(context: Context) -> Result<Success<SepaContacts>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let partner = snapshot.book().partner();
    contacts_of(&context.app, &mut snapshot, partner).await
}

async fn contacts_of(
    app: &App,
    snapshot: &mut Snapshot,
    holder: HolderId,
) -> Result<Success<SepaContacts>, Failure> {
    let contacts = store::contacts(snapshot, holder).await?;
    let people = People::load(app, snapshot, [holder].into_iter()).await?;
    let mut data = Vec::new();
    for contact in contacts {
        let account: Option<Account> =
            sealed::open(&app.seals, people.holder(holder), contact.sealed.as_deref())?;
        let Some(Account { iban, name }) = account else { continue };
        let (status, added_at) = (ContactStatus::Approved, contact.added_at.to_string());
        data.push(SepaContact { iban, name, status, added_at });
    }
    Success::of(&SepaContacts { data })
}
