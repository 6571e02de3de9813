//! What a user is: the gate, the profile, and the rules about them. Pure.

use crate::kit::endpoint::codes::{P412, P455, P459};
use crate::kit::endpoint::refusal::Refusal;
use florin_store::Holder;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What must be known of a holder before money moves. Kept as bits in the holder's row.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// Verified, with balances: may receive, and send until the document expires.
    pub is_verified: bool,
    /// The partner has suspended the user.
    pub is_suspended: bool,
    /// The user was deleted.
    pub is_closed: bool,
    /// The document by which the user was verified has expired since.
    pub is_expired: bool,
    /// A verification was approved once: who the user is stands firm.
    pub is_identified: bool,
}

const VERIFIED: i64 = 1;
const SUSPENDED: i64 = 2;
const CLOSED: i64 = 4;
const EXPIRED: i64 = 8;
const IDENTIFIED: i64 = 16;

impl Gate {
    /// Reads the bits.
    pub const fn of(holder: &Holder) -> Self {
        Self {
            is_verified: holder.gate & VERIFIED != 0,
            is_suspended: holder.gate & SUSPENDED != 0,
            is_closed: holder.gate & CLOSED != 0,
            is_expired: holder.gate & EXPIRED != 0,
            // Users of before this bit were identified when they were verified.
            is_identified: holder.gate & (IDENTIFIED | VERIFIED) != 0,
        }
    }

    /// Whether the user may pay at this moment.
    pub const fn may_pay(self) -> bool {
        self.is_verified && !self.is_suspended && !self.is_closed && !self.is_expired
    }

    /// The bits.
    pub const fn bits(self) -> i64 {
        let verified = if self.is_verified { VERIFIED } else { 0 };
        let suspended = if self.is_suspended { SUSPENDED } else { 0 };
        let closed = if self.is_closed { CLOSED } else { 0 };
        let expired = if self.is_expired { EXPIRED } else { 0 };
        let identified = if self.is_identified { IDENTIFIED } else { 0 };
        verified | suspended | closed | expired | identified
    }

    /// Refuses a user that is not verified: such can neither send nor receive.
    pub fn check_verified(self) -> Result<(), Refusal> {
        if self.is_verified { Ok(()) } else { Err(Refusal::of(&P459)) }
    }

    /// Refuses a user that can't send: not verified, or by a document that has expired since.
    pub fn check_may_send(self) -> Result<(), Refusal> {
        if self.is_expired { Err(Refusal::of(&P459)) } else { self.check_verified() }
    }

    /// Refuses a suspended user.
    pub fn check_active(self) -> Result<(), Refusal> {
        if self.is_suspended { Err(Refusal::of(&P455)) } else { Ok(()) }
    }
}

/// The user of this id, if there is one that is not closed; else P412 with the id. What cannot be an id is empty here,
/// and not named.
pub fn require<'h>(holder: Option<&'h Holder>, external_user_id: &str) -> Result<&'h Holder, Refusal> {
    existing(holder).map_err(|refusal| match external_user_id {
        "" => refusal,
        id => unknown_user("externalUserId", id),
    })
}

/// P412 with the field and its value. Partners often send our own id of a user.
pub fn unknown_user(field: &str, external_user_id: &str) -> Refusal {
    let mut refusal = Refusal::naming_field(&P412, field, external_user_id);
    if Uuid::try_parse(external_user_id).is_ok() {
        refusal.message.to_mut().push_str("; use the externalUserId that you gave, not our userId");
    }
    refusal
}

/// The user, if there is one that is not closed.
pub fn existing(holder: Option<&Holder>) -> Result<&Holder, Refusal> {
    holder.filter(|holder| !Gate::of(holder).is_closed).ok_or_else(|| Refusal::of(&P412))
}

/// What is known of a person. Stored as JSON in one column, sealed under the holder's own key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Profile {
    /// Where to write to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Digits with country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Given names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<String>,
    /// One line, as older clients send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// House and flat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_code: Option<String>,
    /// Residence, alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Citizenship, alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citizenship: Option<String>,
    /// Nationality, alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nationality: Option<String>,
    /// Country of birth, alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_country: Option<String>,
    /// Number that the state knows the person by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_identification_number: Option<String>,
    /// The same in Poland, as older clients send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pesel: Option<String>,
    /// As older clients send it at creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_type: Option<String>,
    /// As older clients send it at creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_number: Option<String>,
}

impl Profile {
    /// First and last name, as far as they are known.
    pub fn full_name(&self) -> String {
        let names = [self.first_name.as_deref(), self.last_name.as_deref()];
        names.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_keeps_its_bits() {
        // Who is verified is identified.
        for bits in (0..32).filter(|bits| bits & VERIFIED == 0 || bits & IDENTIFIED != 0) {
            let holder = Holder {
                id: florin_store::HolderId(1),
                uuid: uuid::Uuid::nil(),
                handle: None,
                gate: bits,
                secret: None,
            };
            assert_eq!(Gate::of(&holder).bits(), bits);
        }
    }
}
