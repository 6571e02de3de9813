//! What a payment link is, and where it stands. Pure.

use crate::kit::endpoint::codes::P476;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::types::words;
use crate::orders::{Order, OrderStatus};
use florin_types::{Amount, Timestamp};
use uuid::Uuid;

/// The most orders that a link can have. Each has an address and locks a rate for a quarter of an hour, and a payer who
/// has changed the currency so often does not mean to pay.
pub const MAX_ORDERS: usize = 20;

words! {
    /// Where a payment link stands.
    pub enum PaymentLinkStatus {
        /// The payer has not chosen yet what to pay with, or has not paid in time and can choose again.
        Active = "ACTIVE",
        /// The payer has chosen, and nothing was paid yet.
        AwaitingPayment = "AWAITING_PAYMENT",
        /// Something was paid, and waits for its confirmations.
        AwaitingConfirmation = "AWAITING_CONFIRMATION",
        /// Less than the whole was paid: the rest is waited for.
        AwaitingCompletion = "AWAITING_COMPLETION",
        /// The whole was paid, in time or late.
        Paid = "PAID",
        /// The whole was not paid in time. What was paid is settled.
        Expired = "EXPIRED",
        /// You have cancelled it. What is paid all the same is settled.
        Cancelled = "CANCELLED",
    }
}

words! {
    /// What a payment link is.
    pub enum PaymentLinkType {
        /// A link.
        Link = "LINK",
        /// A checkout, which has your branding.
        Checkout = "CHECKOUT",
    }
}

/// A payment link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentLink {
    /// A keyed hash of the id that the payer's address has: the database alone opens no page.
    pub id: Uuid,
    /// What it is.
    pub kind: PaymentLinkType,
    /// What is to be paid, in cents.
    pub amount: i64,
    /// Where it stood when it was looked at last.
    pub status: PaymentLinkStatus,
    /// A keyed hash of what was told of it last.
    pub told: Uuid,
    /// What the partner said of it, and its id: a [`Said`](super::said::Said) under the partner's key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on the payer cannot choose any more.
    pub expires_at: Timestamp,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
}

/// What a payer's choice comes to.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// An order for so much.
    New(Amount),
    /// The order that was chosen before, which still waits.
    Same(&'a Order),
}

impl PaymentLink {
    /// What of it is not covered yet by what was paid, in cents.
    pub fn missing(&self, orders: &[Order]) -> i64 {
        let covered = orders.iter().fold(0_i64, |sum, order| sum.saturating_add(order.covers()));
        self.amount.saturating_sub(covered).max(0)
    }

    /// Where it stands.
    pub fn status_at(&self, orders: &[Order], now: Timestamp) -> PaymentLinkStatus {
        if self.cancelled_at.is_some() {
            return PaymentLinkStatus::Cancelled;
        }
        if self.missing(orders) == 0 {
            return PaymentLinkStatus::Paid;
        }
        if orders.iter().any(|order| order.seen > order.received) {
            return PaymentLinkStatus::AwaitingConfirmation;
        }
        let is_waited_for = orders.iter().any(|order| is_open(order, now));
        if !is_waited_for && now >= self.expires_at {
            return PaymentLinkStatus::Expired;
        }
        match (orders.iter().any(|order| order.received > 0), is_waited_for) {
            (true, _) => PaymentLinkStatus::AwaitingCompletion,
            (false, true) => PaymentLinkStatus::AwaitingPayment,
            (false, false) => PaymentLinkStatus::Active,
        }
    }

    /// Whether it can be cancelled.
    ///
    /// # Errors
    /// P476: something was paid, or it has ended.
    pub fn may_cancel(&self, orders: &[Order], now: Timestamp) -> Result<(), Refusal> {
        let refused = |why: &str| Err(Refusal::because(&P476, why));
        match self.status_at(orders, now) {
            PaymentLinkStatus::Cancelled => Ok(()),
            _ if orders.iter().any(|order| order.seen > 0 || order.received > 0) => {
                refused("something was paid")
            }
            PaymentLinkStatus::Expired => refused("it has expired"),
            _ => Ok(()),
        }
    }

    /// What comes of choosing a currency and a network. Who has not paid yet can choose another; who has paid a part
    /// pays the rest to the same address, until its time is over.
    ///
    /// # Errors
    /// P476: it has ended, is paid, or waits for something else.
    pub fn choose<'a>(
        &self,
        orders: &'a [Order],
        (currency, network): (&str, &str),
        now: Timestamp,
    ) -> Result<Choice<'a>, Refusal> {
        let refused = |why: &str| Err(Refusal::because(&P476, why));
        let last = orders.last().filter(|order| is_open(order, now));
        match self.status_at(orders, now) {
            PaymentLinkStatus::Cancelled => return refused("it is cancelled"),
            PaymentLinkStatus::Paid => return refused("it is paid"),
            PaymentLinkStatus::Expired => return refused("it has expired"),
            PaymentLinkStatus::AwaitingConfirmation => {
                return refused("what was paid waits for its confirmations");
            }
            PaymentLinkStatus::AwaitingCompletion
                if orders.iter().any(|order| order.received > 0 && is_open(order, now)) =>
            {
                return refused("the rest is to be paid to the address of the first part");
            }
            _ => {}
        }
        if let Some(same) = last.filter(|last| last.currency.as_str() == currency && last.network == network)
        {
            return Ok(Choice::Same(same));
        }
        if now >= self.expires_at {
            return refused("it has expired");
        }
        if orders.len() >= MAX_ORDERS {
            return refused("the currency was chosen too often");
        }
        Amount::new(self.missing(orders))
            .map_or_else(|| refused("it is paid"), |missing| Ok(Choice::New(missing)))
    }

    /// The order that a payer is shown: one to which something was paid, before others that were chosen since. None:
    /// nothing is chosen, or what was chosen ended without being paid.
    pub fn shown_order<'a>(&self, orders: &'a [Order], now: Timestamp) -> Option<&'a Order> {
        let newest = |is_it: &dyn Fn(&Order) -> bool| orders.iter().rev().find(|order| is_it(order));
        let is_paid = self.missing(orders) == 0;
        newest(&|order| order.seen > order.received)
            .or_else(|| newest(&|order| is_open(order, now) && order.received > 0))
            .or_else(|| newest(&|order| is_paid && order.received > 0))
            .or_else(|| newest(&|order| is_open(order, now)))
            .or_else(|| newest(&|order| order.received > 0))
    }
}

/// Whether an order can still be paid at its rate.
fn is_open(order: &Order, now: Timestamp) -> bool {
    matches!(
        order.state_at(now),
        OrderStatus::WaitingForWalletAddress
            | OrderStatus::WaitingForPayment
            | OrderStatus::WaitingForConfirmation
            | OrderStatus::AwaitingCompletion
    )
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
