//! What a card is, what may become of it, and how many a user may have. Pure.

use super::limits::CardLimits;
use crate::kit::endpoint::codes::{P434, P452, P453};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::types::words;
use florin_ledger::HolderId;
use florin_types::{Date, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// How many cards a user has at a time: the contract's.
pub const MOST_CARDS: usize = 10;

/// How many cards may be made for a user in a time, those that were deleted since included: the contract's.
pub const WINDOWS: [(Duration, usize, &str); 3] = [
    (Duration::from_secs(24 * 60 * 60), 5, "24 hours"),
    (Duration::from_secs(30 * 24 * 60 * 60), 10, "30 days"),
    (Duration::from_secs(365 * 24 * 60 * 60), 20, "365 days"),
];

/// How long a card is valid: three years, as most cards are, to the end of the month.
const VALID_MONTHS: u16 = 36;

words! {
    /// Where a card stands.
    pub enum CardStatus {
        /// It can be used, until it expires.
        Active = "ACTIVE",
        /// The user has locked it, and can unlock it.
        Locked = "LOCKED_BY_USER",
        /// We have blocked it.
        Blocked = "BLOCKED",
        /// We have suspended it for a while.
        Suspended = "SUSPENDED",
        /// It was deleted.
        Deleted = "DELETED",
    }
}

words! {
    /// How far the activation of a card is.
    pub enum Activation {
        /// No code was asked for.
        NotAsked = "NOT_ASKED",
        /// A code was sent.
        Pending = "PENDING",
        /// The code was given.
        Activated = "ACTIVATED",
    }
}

/// A card.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub holder: HolderId,
    /// Where it stands.
    pub status: CardStatus,
    /// Whether the user has locked it, whatever an operator did since.
    pub is_locked: bool,
    /// What the partner calls it, sealed; none once it is erased.
    pub label: Option<Vec<u8>>,
    /// The last digits of its number.
    pub last4: String,
    /// A keyed hash of its number, kept for ever: no number is given out twice.
    pub pan_key: Vec<u8>,
    /// `secrets::CardData`, sealed; none once it is erased.
    pub sealed: Option<Vec<u8>>,
    /// The PIN as an enciphered block; none once it is erased.
    pub pin_block: Option<Vec<u8>>,
    /// What may be spent.
    pub limits: CardLimits,
    /// How far its activation is.
    pub activation: Activation,
    /// How many months' fees were looked at.
    pub fee_months: i64,
    /// Cents of fees that are still to be paid.
    pub fee_owed: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on it is expired.
    pub expires_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

impl Card {
    /// Whether it is the user's to use or to lock: then it costs its fee.
    pub const fn is_users(&self) -> bool {
        matches!(self.status, CardStatus::Active | CardStatus::Locked)
    }

    /// Whether it counts to those that a user may have: an expired one does not.
    pub fn is_in_use(&self, now: Timestamp) -> bool {
        self.is_users() && now < self.expires_at
    }

    /// The month that is printed on it, as `MM/YY`.
    pub fn printed_expiry(&self) -> String {
        let last_day = self.expires_at.date().yesterday().unwrap_or_else(|| self.expires_at.date());
        format!("{:02}/{:02}", last_day.month(), last_day.year().rem_euclid(100))
    }

    /// The card, where it was found, is this holder's and was not deleted.
    ///
    /// # Errors
    /// P434.
    pub fn require(found: Option<Self>, holder: HolderId) -> Result<Self, Refusal> {
        let is_there = |card: &Self| card.holder == holder && card.status != CardStatus::Deleted;
        found.filter(is_there).ok_or_else(|| Refusal::of(&P434))
    }

    /// Refuses a card that an operator holds.
    ///
    /// # Errors
    /// P453.
    pub fn check_not_held(&self) -> Result<(), Refusal> {
        match self.status {
            CardStatus::Blocked | CardStatus::Suspended => {
                Err(Refusal::because(&P453, format_args!("it is {}", self.status)))
            }
            _ => Ok(()),
        }
    }
}

/// The end of a card that is made now: the first instant after the month that is printed on it.
pub fn expiry(now: Timestamp) -> Timestamp {
    let last = now.saturating_add_months(VALID_MONTHS).date();
    let (year, month) =
        if last.month() == 12 { (last.year() + 1, 1) } else { (last.year(), last.month() + 1) };
    Date::new(year, month, 1).map_or(Timestamp::from_micros(i64::MAX), Date::midnight)
}

/// Refuses one more card in use to a user who has these.
///
/// # Errors
/// P452.
pub fn check_room(cards: &[Card], now: Timestamp) -> Result<(), Refusal> {
    match cards.iter().filter(|card| card.is_in_use(now)).count() {
        in_use @ MOST_CARDS.. => Err(Refusal::because(&P452, format_args!("the user has {in_use} cards"))),
        _ => Ok(()),
    }
}

/// Refuses one more card to a user who has these, or had them.
///
/// # Errors
/// P452.
pub fn check_count(cards: &[Card], now: Timestamp) -> Result<(), Refusal> {
    check_room(cards, now)?;
    for (window, most, words) in WINDOWS {
        let made = cards.iter().filter(|card| now.saturating_since(card.created_at) < window).count();
        if made >= most {
            return Err(Refusal::because(&P452, format_args!("{made} cards were made in {words}")));
        }
    }
    Ok(())
}
