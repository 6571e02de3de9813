//! Whether an authorisation is approved. Pure: everything that counts is in [`Asked`].
//!
//! The checks go from what can never be approved to what may be approved in a minute, and the first that fails is the
//! reason. What the partner says comes last: it is only asked about what we would approve.

use super::limits::CardLimits;
use super::payment::{CardChannel, DecidedBy};
use crate::kit::request::types::words;

/// Authorisations of one card in an hour, declined ones included: thirty. A day of errands has ten. Who tries stolen
/// cards tries hundreds. Those that are declined for this do not count, so that a card is free again after an hour.
pub const MAX_AN_HOUR: usize = 30;

words! {
    /// Why an authorisation was declined.
    pub enum DeclineReason {
        /// The card is locked, blocked, suspended or deleted.
        CardNotActive = "CARD_NOT_ACTIVE",
        /// The card has expired.
        CardExpired = "CARD_EXPIRED",
        /// The user is suspended, deleted or not verified.
        UserSuspended = "USER_SUSPENDED",
        /// The code on the back of the card was wrong.
        WrongCvv = "WRONG_CVV",
        /// The code on the back of the card was wrong five times in a row: for 24 hours none is checked.
        CvvTriesExceeded = "CVV_TRIES_EXCEEDED",
        /// The expiry date was wrong.
        WrongExpiry = "WRONG_EXPIRY",
        /// The PIN was wrong.
        WrongPin = "WRONG_PIN",
        /// The PIN was wrong three times in a row: none is checked until another is set.
        PinTriesExceeded = "PIN_TRIES_EXCEEDED",
        /// A cash machine gave no PIN.
        PinRequired = "PIN_REQUIRED",
        /// The merchant must ask for 3-D Secure first.
        AuthenticationRequired = "AUTHENTICATION_REQUIRED",
        /// 3-D Secure was asked for, and not passed for this payment.
        AuthenticationFailed = "AUTHENTICATION_FAILED",
        /// No rate of the merchant's currency is known.
        CurrencyNotSupported = "CURRENCY_NOT_SUPPORTED",
        /// Merchants of this category are not served.
        MerchantBlocked = "MERCHANT_BLOCKED",
        /// Merchants of this country are not served.
        CountryBlocked = "COUNTRY_BLOCKED",
        /// The card was used 30 times within an hour.
        Velocity = "VELOCITY",
        /// Over the card's limit for 24 hours.
        DailyLimit = "DAILY_LIMIT",
        /// Over the card's limit for 30 days.
        MonthlyLimit = "MONTHLY_LIMIT",
        /// Over the card's limit for 24 hours at cash machines.
        DailyAtmLimit = "DAILY_ATM_LIMIT",
        /// Over the card's limit for 30 days at cash machines.
        MonthlyAtmLimit = "MONTHLY_ATM_LIMIT",
        /// Over the card's limit for 24 hours in web shops.
        DailyEcomLimit = "DAILY_ECOM_LIMIT",
        /// Over the card's limit for 30 days in web shops.
        MonthlyEcomLimit = "MONTHLY_ECOM_LIMIT",
        /// The user's balance in EUR is too small.
        InsufficientFunds = "INSUFFICIENT_FUNDS",
        /// Your endpoint declined it.
        PartnerDeclined = "PARTNER_DECLINED",
        /// Your endpoint did not answer in time, and what is set for that case is to decline.
        PartnerTimeout = "PARTNER_TIMEOUT",
        /// Your endpoint could not be asked, and what is set for that case is to decline.
        PartnerError = "PARTNER_ERROR",
    }
}

/// Amounts of a card by what they count for, in cents.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Of all channels.
    pub all: i64,
    /// At cash machines.
    pub atm: i64,
    /// In web shops.
    pub ecom: i64,
}

impl Counted {
    /// An amount of one channel.
    pub const fn of(channel: CardChannel, cents: i64) -> Self {
        match channel {
            CardChannel::Atm => Self { all: cents, atm: cents, ecom: 0 },
            CardChannel::Ecom => Self { all: cents, atm: 0, ecom: cents },
            CardChannel::Pos => Self { all: cents, atm: 0, ecom: 0 },
        }
    }

    /// The sum of both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            all: self.all.saturating_add(other.all),
            atm: self.atm.saturating_add(other.atm),
            ecom: self.ecom.saturating_add(other.ecom),
        }
    }
}

/// Limits, or what is used of them.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// In 24 hours.
    pub day: Counted,
    /// In 30 days.
    pub month: Counted,
}

impl From<CardLimits> for Windows {
    fn from(limits: CardLimits) -> Self {
        Self {
            day: Counted { all: limits.daily_all, atm: limits.daily_atm, ecom: limits.daily_ecom },
            month: Counted { all: limits.monthly_all, atm: limits.monthly_atm, ecom: limits.monthly_ecom },
        }
    }
}

/// What the partner says about an authorisation.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum PartnerWord {
    /// It was not asked: it has no endpoint for that.
    NotAsked,
    /// It was not asked, for the rules declined a moment before, for this reason. That stands, also where they would
    /// approve now: nothing is approved past the partner.
    Unasked(DeclineReason),
    /// Approve.
    Approve,
    /// Decline.
    Decline,
    /// Nothing in time; and whether that approves.
    Timeout(bool),
    /// Nothing that can be read, or it could not be asked; and whether that approves.
    Error(bool),
}

/// What is known of the payer's 3-D Secure.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// The merchant did without.
    None,
    /// Passed for this payment.
    Passed,
    /// Asked for, and not passed.
    Failed,
    /// It is needed, and missing.
    Missing,
}

/// What a CVV or a PIN that is presented shows.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is the card's.
    Right,
    /// It is not.
    Wrong,
    /// It was not looked at, for too many were wrong before.
    Unchecked,
}

impl Proof {
    /// Of what was looked at.
    pub const fn of(is_right: bool) -> Self {
        if is_right { Self::Right } else { Self::Wrong }
    }
}

/// What was presented with the card and looked at: the first that fails is the last that is.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Presented {
    /// Whether the expiry date is right.
    pub expiry: Option<bool>,
    /// The code on the back.
    pub cvv: Option<Proof>,
    /// The PIN.
    pub pin: Option<Proof>,
}

/// An authorisation with all that counts.
#[derive(Copy, Clone, Debug)]
pub struct Asked {
    /// Whether the card is active.
    pub is_active: bool,
    /// Whether the card has expired.
    pub is_expired: bool,
    /// Whether the user is verified, and neither suspended nor deleted.
    pub may_pay: bool,
    /// What was presented.
    pub presented: Presented,
    /// 3-D Secure.
    pub authentication: Authentication,
    /// Whether merchants of this category are served.
    pub is_category_served: bool,
    /// Whether merchants of this country are served.
    pub is_country_served: bool,
    /// How often the card was used within the last hour.
    pub uses: usize,
    /// How it is used.
    pub channel: CardChannel,
    /// What it is charged with, in cents. None: there is no rate.
    pub charge: Option<i64>,
    /// The card's limits.
    pub limits: Windows,
    /// What counts for them already.
    pub used: Windows,
    /// Cents that the user can spend.
    pub available: i64,
    /// Whether the merchant takes a part where the balance is too small.
    pub takes_part: bool,
    /// What the partner says.
    pub partner: PartnerWord,
    /// What a magic value of a sandbox asks for.
    pub forced: Option<DeclineReason>,
}

/// What is decided.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Approved, for this many cents: less than was asked for where the merchant takes a part.
    Approved(i64),
    /// Declined.
    Declined(DeclineReason),
}

/// Decides, and says who did.
pub fn decide(asked: &Asked) -> (Decision, DecidedBy) {
    let by_rules = |reason| (Decision::Declined(reason), DecidedBy::Rules);
    match by_the_rules(asked) {
        Err(reason) => by_rules(reason),
        Ok(cents) => {
            let (is_approved, by, reason) = match asked.partner {
                PartnerWord::NotAsked => return (Decision::Approved(cents), DecidedBy::Rules),
                PartnerWord::Unasked(reason) => return by_rules(reason),
                PartnerWord::Approve => (true, DecidedBy::Partner, DeclineReason::PartnerDeclined),
                PartnerWord::Decline => (false, DecidedBy::Partner, DeclineReason::PartnerDeclined),
                PartnerWord::Timeout(approve) => (approve, DecidedBy::Timeout, DeclineReason::PartnerTimeout),
                PartnerWord::Error(approve) => (approve, DecidedBy::Error, DeclineReason::PartnerError),
            };
            let declined = Decision::Declined(reason);
            (if is_approved { Decision::Approved(cents) } else { declined }, by)
        }
    }
}

/// What the rules approve, in cents.
pub fn by_the_rules(asked: &Asked) -> Result<i64, DeclineReason> {
    use DeclineReason as Why;
    let fails = [
        (!asked.is_active, Why::CardNotActive),
        (asked.is_expired, Why::CardExpired),
        (!asked.may_pay, Why::UserSuspended),
        (asked.presented.expiry == Some(false), Why::WrongExpiry),
        (asked.presented.cvv == Some(Proof::Unchecked), Why::CvvTriesExceeded),
        (asked.presented.cvv == Some(Proof::Wrong), Why::WrongCvv),
        (asked.presented.pin == Some(Proof::Unchecked), Why::PinTriesExceeded),
        (asked.presented.pin == Some(Proof::Wrong), Why::WrongPin),
        // Every machine asks for one: who gives none is no machine, or not at one with the card.
        (asked.channel == CardChannel::Atm && asked.presented.pin.is_none(), Why::PinRequired),
        (asked.authentication == Authentication::Failed, Why::AuthenticationFailed),
        (asked.authentication == Authentication::Missing, Why::AuthenticationRequired),
        (!asked.is_category_served, Why::MerchantBlocked),
        (!asked.is_country_served, Why::CountryBlocked),
        (asked.uses >= MAX_AN_HOUR, Why::Velocity),
    ];
    if let Some((_, reason)) = fails.into_iter().find(|(fails, _)| *fails) {
        return Err(reason);
    }
    if let Some(reason) = asked.forced {
        return Err(reason);
    }
    let charge = asked.charge.ok_or(Why::CurrencyNotSupported)?;
    let approved = match charge <= asked.available {
        true => charge,
        false if asked.takes_part && asked.available > 0 => asked.available,
        false => charge,
    };
    over_limit(asked, approved).map_or(Ok(()), Err)?;
    if approved > asked.available { Err(Why::InsufficientFunds) } else { Ok(approved) }
}

/// The first limit that this many cents more are over.
fn over_limit(asked: &Asked, cents: i64) -> Option<DeclineReason> {
    use DeclineReason as Why;
    let Asked { limits, used, channel, .. } = asked;
    let is_over = |used: i64, limit: i64| used.saturating_add(cents) > limit;
    let (is_atm, is_ecom) = (*channel == CardChannel::Atm, *channel == CardChannel::Ecom);
    let overs = [
        (is_over(used.day.all, limits.day.all), Why::DailyLimit),
        (is_over(used.month.all, limits.month.all), Why::MonthlyLimit),
        (is_atm && is_over(used.day.atm, limits.day.atm), Why::DailyAtmLimit),
        (is_atm && is_over(used.month.atm, limits.month.atm), Why::MonthlyAtmLimit),
        (is_ecom && is_over(used.day.ecom, limits.day.ecom), Why::DailyEcomLimit),
        (is_ecom && is_over(used.month.ecom, limits.month.ecom), Why::MonthlyEcomLimit),
    ];
    overs.into_iter().find(|(is_over, _)| *is_over).map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: Counted = Counted { all: 1_000, atm: 400, ecom: 600 };

    /// EUR 1.00 in a shop, that nothing speaks against.
    fn fine() -> Asked {
        Asked {
            is_active: true,
            is_expired: false,
            may_pay: true,
            presented: Presented { expiry: Some(true), cvv: Some(Proof::Right), pin: Some(Proof::Right) },
            authentication: Authentication::None,
            is_category_served: true,
            is_country_served: true,
            uses: 0,
            channel: CardChannel::Pos,
            charge: Some(100),
            limits: Windows { day: LIMIT, month: Counted { all: 5_000, atm: 2_000, ecom: 3_000 } },
            used: Windows::default(),
            available: 100,
            takes_part: false,
            partner: PartnerWord::NotAsked,
            forced: None,
        }
    }

    /// One fault after the other, in the order in which they are reasons.
    #[test]
    fn the_first_fault_is_the_reason() {
        type Fault = (DeclineReason, fn(&mut Asked));
        let faults: [Fault; 19] = [
            (DeclineReason::CardNotActive, |asked| asked.is_active = false),
            (DeclineReason::CardExpired, |asked| asked.is_expired = true),
            (DeclineReason::UserSuspended, |asked| asked.may_pay = false),
            (DeclineReason::WrongExpiry, |asked| asked.presented.expiry = Some(false)),
            (DeclineReason::CvvTriesExceeded, |asked| asked.presented.cvv = Some(Proof::Unchecked)),
            (DeclineReason::WrongCvv, |asked| asked.presented.cvv = Some(Proof::Wrong)),
            (DeclineReason::PinTriesExceeded, |asked| asked.presented.pin = Some(Proof::Unchecked)),
            (DeclineReason::WrongPin, |asked| asked.presented.pin = Some(Proof::Wrong)),
            (DeclineReason::PinRequired, |asked| asked.presented.pin = None),
            (DeclineReason::AuthenticationFailed, |asked| asked.authentication = Authentication::Failed),
            (DeclineReason::MerchantBlocked, |asked| asked.is_category_served = false),
            (DeclineReason::CountryBlocked, |asked| asked.is_country_served = false),
            (DeclineReason::Velocity, |asked| asked.uses = MAX_AN_HOUR),
            (DeclineReason::DailyLimit, |asked| asked.used.day.all = 901),
            (DeclineReason::MonthlyLimit, |asked| asked.used.month.all = 4_901),
            (DeclineReason::DailyAtmLimit, |asked| asked.used.day.atm = 301),
            (DeclineReason::MonthlyAtmLimit, |asked| asked.used.month.atm = 1_901),
            (DeclineReason::InsufficientFunds, |asked| asked.available = 99),
            (DeclineReason::PartnerDeclined, |asked| asked.partner = PartnerWord::Decline),
        ];
        for from in 0..faults.len() {
            let mut asked = Asked { channel: CardChannel::Atm, ..fine() };
            // From the last to the first: of two that are about the same, the first stands.
            faults[from..].iter().rev().for_each(|(_, fault)| fault(&mut asked));
            assert_eq!(decide(&asked).0, Decision::Declined(faults[from].0), "from {from}");
        }
        assert_eq!(decide(&fine()), (Decision::Approved(100), DecidedBy::Rules));
    }

    #[test]
    fn each_channel_has_its_limits() {
        use CardChannel as C;
        let used = |all, atm, ecom| Counted { all, atm, ecom };
        for (channel, day, expected) in [
            (C::Pos, used(900, 400, 600), None),
            (C::Pos, used(901, 0, 0), Some(DeclineReason::DailyLimit)),
            (C::Atm, used(300, 300, 600), None),
            (C::Atm, used(301, 301, 0), Some(DeclineReason::DailyAtmLimit)),
            (C::Ecom, used(500, 400, 500), None),
            (C::Ecom, used(501, 0, 501), Some(DeclineReason::DailyEcomLimit)),
        ] {
            let asked = Asked { channel, used: Windows { day, month: day }, ..fine() };
            assert_eq!(by_the_rules(&asked).err(), expected, "{channel} {day:?}");
        }
        let month = Windows { month: used(3_000, 0, 2_901), ..Windows::default() };
        let asked = Asked { channel: C::Ecom, used: month, ..fine() };
        assert_eq!(by_the_rules(&asked), Err(DeclineReason::MonthlyEcomLimit));
        let zero = Asked { limits: Windows::default(), ..fine() };
        assert_eq!(by_the_rules(&zero), Err(DeclineReason::DailyLimit));
    }

    #[test]
    fn a_part_is_approved_where_the_merchant_takes_one() {
        let part = |available| by_the_rules(&Asked { available, takes_part: true, ..fine() });
        assert_eq!([100, 99, 1].map(part), [Ok(100), Ok(99), Ok(1)]);
        assert_eq!([0, -5].map(part), [Err(DeclineReason::InsufficientFunds); 2]);
        // The part is what counts for the limits.
        let used = Windows { day: Counted::of(CardChannel::Pos, 950), ..Windows::default() };
        let asked = Asked { available: 50, takes_part: true, used, ..fine() };
        assert_eq!(by_the_rules(&asked), Ok(50));
        assert_eq!(by_the_rules(&Asked { available: 51, ..asked }), Err(DeclineReason::DailyLimit));
        let no_rate = Asked { charge: None, takes_part: true, ..fine() };
        assert_eq!(by_the_rules(&no_rate), Err(DeclineReason::CurrencyNotSupported));
        let missing = Asked { authentication: Authentication::Missing, ..fine() };
        assert_eq!(by_the_rules(&missing), Err(DeclineReason::AuthenticationRequired));
        let forced = Asked { forced: Some(DeclineReason::WrongPin), ..fine() };
        assert_eq!(by_the_rules(&forced), Err(DeclineReason::WrongPin));
    }

    #[test]
    fn the_partner_decides_what_the_rules_approve() {
        use DecidedBy as By;
        use PartnerWord as Word;
        let approved = Decision::Approved(100);
        let declined = Decision::Declined;
        for (partner, expected) in [
            (Word::Approve, (approved, By::Partner)),
            (Word::Decline, (declined(DeclineReason::PartnerDeclined), By::Partner)),
            (Word::Timeout(true), (approved, By::Timeout)),
            (Word::Timeout(false), (declined(DeclineReason::PartnerTimeout), By::Timeout)),
            (Word::Error(true), (approved, By::Error)),
            (Word::Error(false), (declined(DeclineReason::PartnerError), By::Error)),
            (Word::NotAsked, (approved, By::Rules)),
            (Word::Unasked(DeclineReason::Velocity), (declined(DeclineReason::Velocity), By::Rules)),
        ] {
            assert_eq!(decide(&Asked { partner, ..fine() }), expected, "{partner:?}");
            let poor = Asked { partner, available: 0, ..fine() };
            let insufficient = (declined(DeclineReason::InsufficientFunds), By::Rules);
            assert_eq!(decide(&poor), insufficient, "{partner:?}");
        }
    }

    proptest! {
        /// Never more than is there, than is asked for, or than any limit leaves.
        #[test]
        fn nothing_is_approved_that_is_not_there(
            charge in 1_i64..2_000, available in -100_i64..2_000, takes_part: bool, channel in 0_usize..3,
            all in 0_i64..1_200, atm in 0_i64..500, ecom in 0_i64..700,
        ) {
            let channel = CardChannel::ALL[channel];
            let day = Counted { all, atm, ecom };
            let used = Windows { day, month: day };
            let asked = Asked { charge: Some(charge), available, takes_part, channel, used, ..fine() };
            let Ok(approved) = by_the_rules(&asked) else { return Ok(()) };
            prop_assert!(approved > 0 && approved <= available && approved <= charge);
            prop_assert!(approved == charge || takes_part);
            let after = day.plus(Counted::of(channel, approved));
            prop_assert!(after.all <= LIMIT.all);
            prop_assert!(channel != CardChannel::Atm || after.atm <= LIMIT.atm);
            prop_assert!(channel != CardChannel::Ecom || after.ecom <= LIMIT.ecom);
        }
    }
}
