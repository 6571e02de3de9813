//! A card transaction from its authorisation to its end: what may follow what, and how much is on hold, paid and given
//! back in each step. Pure.
//!
//! Six counters in minor units of the merchant's currency say all. What they come to in EUR is computed from the
//! counters and never added up, so parts always sum to the whole: [`CardPayment::totals`]. A step changes a counter,
//! and its posting is the difference of the totals.

use crate::kit::book::record::{HistoryStatus, HistoryType, Line, Operation, RecordType, Steps};
use crate::kit::request::types::words;
use florin_ledger::{HolderId, RecordKind};
use florin_types::{CurrencyCode, OutOfRange, Percentage, Price, Rate, Rounding, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use uuid::Uuid;

/// Money is on hold for a card transaction.
pub const AUTHORISED: RecordType = RecordType {
    kind: RecordKind(40),
    history: HistoryType::CardTransaction,
    status: HistoryStatus::Pending,
    steps: Steps::Many,
    line: Line::of,
};

/// More is on hold, or less.
pub const CHANGED: RecordType = RecordType { kind: RecordKind(41), ..AUTHORISED };

/// A part is paid, and the rest is still on hold. The line says what is paid, so that a history adds up.
pub const PARTLY_CLEARED: RecordType =
    RecordType { kind: RecordKind(48), status: HistoryStatus::Successful, line: line_of_part, ..AUTHORISED };

/// It is paid, and nothing is on hold any more.
pub const CLEARED: RecordType =
    RecordType { kind: RecordKind(42), status: HistoryStatus::Successful, ..AUTHORISED };

/// The hold ended, and nothing was paid.
pub const RELEASED: RecordType =
    RecordType { kind: RecordKind(43), status: HistoryStatus::Failed, ..AUTHORISED };

/// A merchant gave money back.
pub const REFUNDED: RecordType = RecordType {
    kind: RecordKind(44),
    history: HistoryType::Refund,
    status: HistoryStatus::Successful,
    steps: Steps::One,
    line: line_of_return,
};

/// The holder's bank took money back from a merchant.
pub const CHARGED_BACK: RecordType = RecordType { kind: RecordKind(45), ..REFUNDED };

/// The merchant took it again.
pub const REPRESENTED: RecordType =
    RecordType { kind: RecordKind(46), history: HistoryType::CardTransaction, ..REFUNDED };

/// What is paid of a purchase, without what is still on hold for it.
fn line_of_part(operation: &Operation<'_>) -> Line {
    let line = Line::of(operation);
    let legs = operation.records.iter().filter_map(|record| record.leg_of(operation.account));
    Line { amount: legs.map(|leg| leg.amount).sum::<i64>() + line.fee, ..line }
}

/// Money that goes back and forth after a payment is a line of its own, without a fee: what was charged for a foreign
/// currency is in the amount.
fn line_of_return(operation: &Operation<'_>) -> Line {
    let line = Line::of(operation);
    let fee = line.fee;
    let moved = if line.amount < 0 { line.amount - fee } else { line.amount };
    Line { amount: moved, fee: 0, ..line }
}

words! {
    /// Where a card transaction stands.
    pub enum PaymentState {
        /// Money is on hold.
        Authorised = "AUTHORISED",
        /// Something was paid, and nothing is on hold.
        Cleared = "CLEARED",
        /// The merchant let the hold go; nothing was paid.
        Reversed = "REVERSED",
        /// The merchant did nothing until the hold ended; nothing was paid.
        Expired = "EXPIRED",
        /// It was refused.
        Declined = "DECLINED",
        /// Money came in without a purchase.
        Credited = "CREDITED",
    }
}

words! {
    /// How a card is used.
    pub enum CardChannel {
        /// In a web shop or an app.
        Ecom = "ECOM",
        /// At a terminal of a shop.
        Pos = "POS",
        /// At a cash machine.
        Atm = "ATM",
    }
}

words! {
    /// Who decided about an authorisation.
    pub enum DecidedBy {
        /// The rules: the card's and the user's status, limits, funds and what is agreed with you.
        Rules = "RULES",
        /// Your own endpoint.
        Partner = "PARTNER",
        /// Your endpoint did not answer in time: what is set for that case.
        Timeout = "TIMEOUT",
        /// Your endpoint could not be reached, or its answer could not be read: what is set for that case.
        Error = "ERROR",
        /// The card network, in our place.
        Network = "NETWORK",
    }
}

/// Who is paid. Kept sealed: it tells what somebody buys, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Merchant {
    /// The merchant's name, as the network gives it.
    pub name: String,
    /// What the merchant sells: four digits (ISO 18245).
    pub mcc: String,
    /// The merchant's country, ISO 3166-1 alpha-2, where it is known.
    pub country: Option<String>,
}

/// What happened, in minor units of the merchant's currency. Each only grows.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Approved, by the first authorisation and all later ones.
    pub authorised: i64,
    /// Of that, let go: reversed, expired, or left over by the last clearing.
    pub released: i64,
    /// Paid: more than authorised where the merchant took more.
    pub cleared: i64,
    /// Given back by the merchant.
    pub refunded: i64,
    /// Taken back from the merchant.
    pub charged_back: i64,
    /// Of that, taken again by the merchant.
    pub represented: i64,
}

impl Counters {
    /// What the holder has back.
    pub const fn returned(&self) -> i64 {
        self.refunded + self.charged_back - self.represented
    }

    /// What is authorised, and neither paid nor let go.
    pub const fn open(&self) -> i64 {
        let open = self.authorised - self.released - self.cleared;
        if open > 0 { open } else { 0 }
    }
}

/// A card transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardPayment {
    /// Its id.
    pub id: Uuid,
    /// Whose card it is.
    pub holder: HolderId,
    /// The card.
    pub card: Uuid,
    /// Where it stands.
    pub state: PaymentState,
    /// How the card was used.
    pub channel: CardChannel,
    /// The merchant's currency.
    pub currency: CurrencyCode,
    /// The scale of its amounts.
    pub decimals: u8,
    /// EUR for one unit of it, at the first authorisation; for all that follows.
    pub rate: Rate,
    /// The fee for a foreign currency.
    pub percentage: Percentage,
    /// What happened.
    pub counters: Counters,
    /// Cents on hold.
    pub held: i64,
    /// Cents that the house has as its fee.
    pub fee: i64,
    /// Why it was refused.
    pub decline: Option<super::decide::DeclineReason>,
    /// Who decided.
    pub decided_by: DecidedBy,
    /// [`Merchant`], sealed; none once it is erased.
    pub sealed: Option<Vec<u8>>,
    /// When the hold ends, where there is one.
    pub expires_at: Option<Timestamp>,
    /// When it counts for the limits: at the last authorisation that added to it.
    pub counted_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a card transaction comes to, in cents.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// On hold.
    pub held: i64,
    /// Paid by the holder, fee included, less what came back; below zero where money came without a purchase.
    pub paid: i64,
    /// What the house has of that.
    pub fee: i64,
}

/// What a step does to the books, in cents: the difference of two [`Totals`].
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// On hold before the step.
    pub held_before: i64,
    /// Change of what is on hold.
    pub held: i64,
    /// Paid by the holder; below zero where the holder is paid.
    pub paid: i64,
    /// Change of what the house has.
    pub fee: i64,
}

/// Why a step is not possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible(pub Cow<'static, str>);

impl Impossible {
    /// With a sentence.
    pub const fn because(why: &'static str) -> Self {
        Self(Cow::Borrowed(why))
    }
}

impl From<OutOfRange> for Impossible {
    fn from(_: OutOfRange) -> Self {
        Self::because("amount is more than an amount can be")
    }
}

/// What a step comes to.
pub type Step = Result<(CardPayment, Change), Impossible>;

impl CardPayment {
    /// A new transaction of which nothing has happened yet.
    pub const fn new(
        id: Uuid,
        (holder, card): (HolderId, Uuid),
        channel: CardChannel,
        terms: Charge,
    ) -> Self {
        Self {
            id,
            holder,
            card,
            state: PaymentState::Declined,
            channel,
            currency: terms.currency,
            decimals: terms.price.decimals,
            rate: terms.price.rate,
            percentage: terms.percentage,
            counters: Counters {
                authorised: 0,
                released: 0,
                cleared: 0,
                refunded: 0,
                charged_back: 0,
                represented: 0,
            },
            held: 0,
            fee: 0,
            decline: None,
            decided_by: DecidedBy::Rules,
            sealed: None,
            expires_at: None,
            counted_at: terms.at,
            created_at: terms.at,
        }
    }

    const fn price(&self) -> Price {
        Price { rate: self.rate, decimals: self.decimals }
    }

    /// What an amount is charged with, in cents: its value and the fee for a foreign currency, rounded up once.
    pub fn charged(&self, minor: i64) -> Result<i64, Impossible> {
        Ok(self.price().charged_in_eur(minor, self.percentage, Rounding::Ceil)?)
    }

    /// What comes back for an amount, in cents, rounded down: a fraction of a cent is nobody's to make money of. What
    /// comes back whole is what was charged.
    fn given_back(&self, minor: i64) -> Result<i64, Impossible> {
        match minor == self.counters.cleared {
            true => self.charged(minor),
            false => Ok(self.price().charged_in_eur(minor, self.percentage, Rounding::Floor)?),
        }
    }

    /// What an amount more costs on top of what is authorised, in cents.
    pub fn cost_of(&self, minor: i64) -> Result<i64, Impossible> {
        let authorised = self.counters.authorised - self.counters.released;
        Ok(self.charged(add(authorised, minor)?)? - self.charged(authorised)?)
    }

    /// The fee for a foreign currency in what an amount is charged with, in cents.
    pub fn fee_in(&self, minor: i64) -> Result<i64, Impossible> {
        Ok(self.charged(minor)? - self.price().value_in_eur(minor, Rounding::Ceil)?)
    }

    /// The largest part of an amount that costs no more than this many cents; zero where there is none.
    pub fn affordable(&self, minor: i64, cents: i64) -> Result<i64, Impossible> {
        let (mut fits, mut above) = (0, minor + 1);
        while above - fits > 1 {
            let middle = fits.midpoint(above);
            if self.cost_of(middle)? <= cents { fits = middle } else { above = middle }
        }
        Ok(fits)
    }

    /// What the counters come to. What was authorised, cleared and returned is each converted as one amount, so the
    /// parts of a purchase sum to the whole to the cent.
    pub fn totals(&self) -> Result<Totals, Impossible> {
        let Counters { authorised, released, cleared, .. } = self.counters;
        let returned = self.counters.returned();
        let held = (self.charged(authorised - released)? - self.charged(cleared)?).max(0);
        let paid = self.charged(cleared)? - self.given_back(returned)?;
        let kept = (cleared - returned).max(0);
        let fee = self.charged(kept)? - self.price().value_in_eur(kept, Rounding::Ceil)?;
        Ok(Totals { held, paid, fee: fee.min(paid.max(0)) })
    }

    /// The record that leaves it as it stands.
    pub const fn record(&self) -> RecordType {
        match self.state {
            PaymentState::Authorised if self.counters.cleared > 0 => PARTLY_CLEARED,
            PaymentState::Authorised => CHANGED,
            PaymentState::Cleared => CLEARED,
            _ => RELEASED,
        }
    }

    /// What counts for the card's limits, in cents: what is on hold, and what was ever paid. What a merchant gives back
    /// does not count less.
    pub fn counted(&self) -> Result<i64, Impossible> {
        let Counters { authorised, released, cleared, .. } = self.counters;
        self.charged(cleared.max(authorised - released))
    }

    /// The transaction with other counters, and what that does to the books.
    fn with(self, change: impl FnOnce(&mut Counters), otherwise: PaymentState) -> Step {
        let before = self.totals()?;
        let mut next = self;
        change(&mut next.counters);
        let totals = next.totals()?;
        (next.held, next.fee) = (totals.held, totals.fee);
        next.state = match (next.counters.open() > 0, next.counters.cleared > 0) {
            (true, _) => PaymentState::Authorised,
            (false, true) => PaymentState::Cleared,
            (false, false) => otherwise,
        };
        if next.counters.open() == 0 {
            next.expires_at = None;
        }
        let change = Change {
            held_before: before.held,
            held: totals.held - before.held,
            paid: totals.paid - before.paid,
            fee: totals.fee - before.fee,
        };
        Ok((next, change))
    }

    /// The first authorisation, or one more of the same transaction.
    pub fn authorise(self, amount: i64, expires_at: Timestamp) -> Step {
        let is_new = self.counters == Counters::default();
        if !is_new && self.counters.open() == 0 {
            return Err(Impossible::because(
                "nothing is on hold for the transaction, so no more can be added",
            ));
        }
        let authorised = add(self.counters.authorised, amount)?;
        let next = Self { expires_at: Some(expires_at), ..self };
        next.with(|counters| counters.authorised = authorised, PaymentState::Authorised)
    }

    /// The merchant takes money: what is on hold, less, or more. Nobody can refuse it, also when nothing is on hold any
    /// more or was never. None: all that is on hold. `is_last`: the rest of the hold is let go.
    pub fn clear(self, amount: Option<i64>, is_last: bool) -> Step {
        if matches!(self.state, PaymentState::Credited)
            || (self.state == PaymentState::Declined && self.decline.is_some())
        {
            return Err(Impossible::because("the transaction was not approved, so it cannot be cleared"));
        }
        let open = self.counters.open();
        let amount = amount.unwrap_or(open);
        if amount <= 0 {
            return Err(Impossible::because(
                "nothing is on hold for the transaction: say how much is cleared",
            ));
        }
        let cleared = add(self.counters.cleared, amount)?;
        let change = |counters: &mut Counters| {
            counters.cleared = cleared;
            if is_last {
                counters.released += counters.open();
            }
        };
        self.with(change, PaymentState::Cleared)
    }

    /// The merchant lets a part of the hold go, or all of it.
    pub fn reverse(self, amount: Option<i64>) -> Step {
        self.release(amount, PaymentState::Reversed)
    }

    /// The hold ends because its time is over.
    pub fn expire(self) -> Step {
        self.release(None, PaymentState::Expired)
    }

    fn release(self, amount: Option<i64>, otherwise: PaymentState) -> Step {
        let open = self.counters.open();
        let amount = amount.unwrap_or(open);
        if open == 0 {
            return Err(Impossible::because("nothing is on hold for the transaction"));
        }
        if amount > open {
            return Err(Impossible::because("more than what is on hold for the transaction"));
        }
        self.with(|counters| counters.released += amount, otherwise)
    }

    /// The merchant gives money back. None: all that was paid and is not back yet.
    pub fn refund(self, amount: Option<i64>) -> Step {
        let amount = self.to_return(amount)?;
        self.with(|counters| counters.refunded += amount, PaymentState::Cleared)
    }

    /// The holder disputes the payment, and has the money back.
    pub fn charge_back(self, amount: Option<i64>) -> Step {
        let amount = self.to_return(amount)?;
        self.with(|counters| counters.charged_back += amount, PaymentState::Cleared)
    }

    /// The merchant disputes that in turn, and takes the money again.
    pub fn represent(self, amount: Option<i64>) -> Step {
        let most = self.counters.charged_back - self.counters.represented;
        let amount = amount.unwrap_or(most);
        if most == 0 {
            return Err(Impossible::because("nothing of the transaction is charged back"));
        }
        if amount > most {
            return Err(Impossible::because("more than what is charged back of the transaction"));
        }
        self.with(|counters| counters.represented += amount, PaymentState::Cleared)
    }

    fn to_return(&self, amount: Option<i64>) -> Result<i64, Impossible> {
        let most = self.counters.cleared - self.counters.returned();
        if most <= 0 {
            return Err(Impossible::because("nothing of the transaction is paid that is not back already"));
        }
        match amount.unwrap_or(most) {
            amount if amount > most => {
                Err(Impossible::because("more than what is paid of the transaction and not back"))
            }
            amount => Ok(amount),
        }
    }

    /// Money comes in that belongs to no purchase of the card.
    pub fn credit(self, amount: i64) -> Step {
        let refunded = add(0, amount)?;
        let next = Self { percentage: Percentage::ZERO, ..self };
        let (next, change) = next.with(|counters| counters.refunded = refunded, PaymentState::Credited)?;
        Ok((next, change))
    }
}

/// In which currency a transaction is, and what it is charged with.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The merchant's currency.
    pub currency: CurrencyCode,
    /// What one unit of it is worth, and its scale.
    pub price: Price,
    /// The fee for a foreign currency.
    pub percentage: Percentage,
    /// The moment of all that.
    pub at: Timestamp,
}

fn add(counter: i64, amount: i64) -> Result<i64, Impossible> {
    let sum = counter.checked_add(amount).filter(|_| amount > 0);
    sum.ok_or(Impossible::because("amount is more than an amount can be"))
}

#[cfg(test)]
#[path = "payment_tests.rs"]
mod tests;
