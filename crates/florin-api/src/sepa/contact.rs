//! Contacts: accounts outside that are known to be their holder's own.

use super::store::CONTACTS;
use crate::kit::app::App;
use crate::kit::book::keyed_id;
use florin_ledger::HolderId;
use florin_store::Touch;
use florin_types::{Iban, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An account that passed the check of its holder's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// A keyed hash of holder and IBAN: see [`id_of`].
    pub id: Uuid,
    /// Whose account it is: a user's or the partner's.
    pub holder: HolderId,
    /// [`Account`], sealed; none once it is erased.
    pub sealed: Option<Vec<u8>>,
    /// When it was added.
    pub added_at: Timestamp,
}

/// The account of a contact. Kept sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The account.
    pub iban: String,
    /// The name that its bank gave.
    pub name: String,
}

/// The id of a holder's contact: a keyed hash, so that it is found by its IBAN though that is sealed. `handle` is the
/// user's id, which never becomes free again; the partner has none.
pub fn id_of(app: &App, handle: Option<&str>, iban: &Iban) -> Uuid {
    keyed_id::of(app, "florin 2026 SEPA contacts v1", iban.as_str(), handle.unwrap_or_default())
}

/// What a command must touch to know whether an account is a contact.
pub fn touch(app: &App, handle: Option<&str>, iban: &Iban) -> Touch {
    Touch::Object(&CONTACTS, id_of(app, handle, iban))
}
