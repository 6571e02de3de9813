//! What an order is, what each payment settles, and where it stands. Pure.

use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::endpoint::codes::{P435, P436};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::types::words;
use florin_ledger::RecordKind;
use florin_types::{CurrencyCode, OutOfRange, Price, Rate, Rounding, Timestamp};
use std::time::Duration;
use uuid::Uuid;

/// A payment was sold, and the partner has EUR for it.
pub const SETTLED: RecordType = RecordType {
    kind: RecordKind(29),
    history: HistoryType::Order,
    status: HistoryStatus::Successful,
    steps: Steps::One,
    line: Line::of,
};

/// A payment that was settled left its chain: the partner gives the EUR back.
pub const TAKEN_BACK: RecordType =
    RecordType { kind: RecordKind(30), history: HistoryType::Adjustment, ..SETTLED };

/// The same for an order of a payment link.
pub const LINK_SETTLED: RecordType =
    RecordType { kind: RecordKind(51), history: HistoryType::PaymentLink, ..SETTLED };

/// How long a payer has: a quarter of an hour, in which a wallet can be found and a block of the slowest chain be made.
pub const PAY_WITHIN: Duration = Duration::from_secs(15 * 60);

/// How long a payer of too little has to pay the rest, from the confirmation on: as long as for the first payment.
pub const COMPLETE_WITHIN: Duration = PAY_WITHIN;

/// How long an order stays open at most, from its making on: three such times. Its rate is an option for the payer, who
/// could else keep it for ever by small payments.
pub const OPEN_AT_MOST: Duration = Duration::from_secs(3 * 15 * 60);

/// What share of an order a payment must be to give the payer more time: a hundredth.
const LEAST_SHARE: i64 = 100;

words! {
    /// Where an order stands.
    pub enum OrderStatus {
        /// Its address is being made.
        WaitingForWalletAddress = "WAITING_FOR_WALLET_ADDRESS",
        /// Nothing was paid yet.
        WaitingForPayment = "WAITING_FOR_PAYMENT",
        /// Something was paid, and waits for its confirmations.
        WaitingForConfirmation = "WAITING_FOR_CONFIRMATION",
        /// Too little was paid: the rest is waited for.
        AwaitingCompletion = "AWAITING_COMPLETION",
        /// All was paid.
        Completed = "COMPLETED",
        /// Nothing was paid in time.
        Expired = "EXPIRED",
        /// Too little was paid in time. What was paid is settled.
        Failed = "FAILED",
    }
}

/// A rate that holds for one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLock {
    /// Its id.
    pub id: Uuid,
    /// What is paid.
    pub currency: CurrencyCode,
    /// On which network.
    pub network: String,
    /// What is settled, in cents.
    pub settlement: i64,
    /// What must be paid for it, in minor units.
    pub required: i64,
    /// EUR for one unit.
    pub rate: Rate,
    /// When it was given.
    pub created_at: Timestamp,
    /// From then on it is expired.
    pub valid_until: Timestamp,
    /// The order that used it.
    pub used_by: Option<Uuid>,
}

impl OrderLock {
    /// Uses the lock that was found for an order.
    ///
    /// # Errors
    /// P436 where there is none or it was used; P435 where it has expired, or is of a time that is yet to come.
    pub fn take(found: Option<Self>, now: Timestamp, order: Uuid) -> Result<Self, Refusal> {
        let lock = found.ok_or_else(|| Refusal::because(&P436, "it is unknown, or was forgotten"))?;
        if let Some(order) = lock.used_by {
            return Err(Refusal::because(&P436, format!("order {order} has used it")));
        }
        if now < lock.created_at {
            return Err(Refusal::because(&P435, format!("it is valid from {}", lock.created_at)));
        }
        if now >= lock.valid_until {
            return Err(Refusal::because(&P435, format!("it was valid until {}", lock.valid_until)));
        }
        Ok(Self { used_by: Some(order), ..lock })
    }

    /// The order that has used it.
    pub fn order(&self, id: Uuid, created_at: Timestamp) -> Order {
        Order {
            id,
            lock: self.id,
            currency: self.currency,
            network: self.network.clone(),
            settlement: self.settlement,
            required: self.required,
            rate: self.rate,
            state: OrderStatus::WaitingForWalletAddress,
            address: None,
            seen: 0,
            received: 0,
            in_time: 0,
            settled_locked: 0,
            settled: 0,
            created_at,
            expires_at: None,
        }
    }
}

/// That an order is of a payment link. The link's family learns from a job of its own what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOrder {
    /// The order.
    pub id: Uuid,
    /// The link.
    pub link: Uuid,
    /// How many orders the link had before: times and ids of one moment say nothing of the order.
    pub number: i64,
    /// The memo of each of its payments: which link it is of.
    pub memo: Vec<u8>,
}

/// An order: somebody pays crypto, and the partner gets EUR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: Uuid,
    /// The lock whose rate it has.
    pub lock: Uuid,
    /// What is paid.
    pub currency: CurrencyCode,
    /// On which network.
    pub network: String,
    /// What is settled once all is paid in time, in cents.
    pub settlement: i64,
    /// What must be paid, in minor units.
    pub required: i64,
    /// EUR for one unit.
    pub rate: Rate,
    /// Where it stands.
    pub state: OrderStatus,
    /// Where it is paid.
    pub address: Option<String>,
    /// What was seen, and has not left its chain again.
    pub seen: i64,
    /// What of it was confirmed.
    pub received: i64,
    /// What of that came in time, up to what is required.
    pub in_time: i64,
    /// What was settled at the lock's rate, in cents.
    pub settled_locked: i64,
    /// What was settled in all, in cents.
    pub settled: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// What is seen from then on is late. None while it has no address.
    pub expires_at: Option<Timestamp>,
}

/// What was settled of a deposit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The deposit.
    pub id: Uuid,
    /// The order.
    pub order: Uuid,
    /// Minor units.
    pub amount: i64,
    /// What of it counts as paid in time.
    pub counted: i64,
    /// What that part has settled, in cents.
    pub settled_locked: i64,
    /// What the whole has settled, in cents.
    pub settled: i64,
    /// Whether it was seen after the order had expired.
    pub is_late: bool,
    /// Whether it left its chain after it was settled, and was taken back.
    pub is_lost: bool,
}

impl Order {
    /// What of a payment counts as paid in time.
    pub fn counts(&self, amount: i64, is_late: bool) -> i64 {
        if is_late { 0 } else { amount.min(self.required - self.in_time).max(0) }
    }

    /// Whether a payment gives the payer time to pay the rest.
    pub const fn is_extended_by(&self, payment: &Payment) -> bool {
        let is_part = payment.counted >= self.required / LEAST_SHARE && payment.counted > 0;
        is_part && !payment.is_late && self.received < self.required
    }

    /// What a confirmed payment settles: what came in time, at the lock's rate, and once all is paid exactly what was
    /// agreed; what is late or over, at the rate of now, cut to a cent.
    ///
    /// # Errors
    /// An amount that no cents can count.
    pub fn settle(
        &self,
        (id, amount, is_late): (Uuid, i64, bool),
        (now, decimals): (Rate, u8),
    ) -> Result<Payment, OutOfRange> {
        let counted = self.counts(amount, is_late);
        let paid = self.in_time + counted;
        let of_locked = match paid >= self.required {
            true => self.settlement,
            false => Price { rate: self.rate, decimals }.value_in_eur(paid, Rounding::Floor)?,
        };
        // After a payment was lost, cents of rounding may have been settled before.
        let settled_locked = if counted == 0 { 0 } else { (of_locked - self.settled_locked).max(0) };
        let other = Price { rate: now, decimals }.value_in_eur(amount - counted, Rounding::Floor)?;
        let settled = settled_locked + other;
        Ok(Payment { id, order: self.id, amount, counted, settled_locked, settled, is_late, is_lost: false })
    }

    /// The order with a payment that was settled.
    #[must_use]
    pub fn with(self, payment: &Payment) -> Self {
        Self {
            received: self.received + payment.amount,
            in_time: self.in_time + payment.counted,
            settled_locked: self.settled_locked + payment.settled_locked,
            settled: self.settled + payment.settled,
            ..self
        }
    }

    /// The order without a payment that was lost.
    #[must_use]
    pub fn without(self, payment: &Payment) -> Self {
        Self {
            received: self.received - payment.amount,
            in_time: self.in_time - payment.counted,
            settled_locked: self.settled_locked - payment.settled_locked,
            settled: self.settled - payment.settled,
            ..self
        }
    }

    /// What of the agreed settlement its payments count for, in cents: all of it once it is completed, also where late
    /// payments have settled less.
    pub fn covers(&self) -> i64 {
        if self.received >= self.required { self.settled.max(self.settlement) } else { self.settled }
    }

    /// Where it stands at a time.
    pub fn state_at(&self, now: Timestamp) -> OrderStatus {
        let Some(expires_at) = self.expires_at else { return OrderStatus::WaitingForWalletAddress };
        let is_over = now >= expires_at;
        if self.received >= self.required {
            OrderStatus::Completed
        } else if self.seen > self.received {
            OrderStatus::WaitingForConfirmation
        } else {
            match (self.received > 0, is_over) {
                (false, false) => OrderStatus::WaitingForPayment,
                (false, true) => OrderStatus::Expired,
                (true, false) => OrderStatus::AwaitingCompletion,
                (true, true) => OrderStatus::Failed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_types::Amount;
    use proptest::prelude::*;

    fn order(settlement: i64, required: i64, rate: &str) -> Order {
        Order {
            id: Uuid::nil(),
            lock: Uuid::nil(),
            currency: CurrencyCode::new("usdc"),
            network: "polygon".to_owned(),
            settlement,
            required,
            rate: Rate::parse(rate).unwrap(),
            state: OrderStatus::WaitingForPayment,
            address: None,
            seen: 0,
            received: 0,
            in_time: 0,
            settled_locked: 0,
            settled: 0,
            created_at: Timestamp::from_micros(0),
            expires_at: Some(Timestamp::from_micros(100)),
        }
    }

    const DECIMALS: u8 = 6;

    fn pay(order: Order, amount: i64, is_late: bool, now: &str) -> (Order, Payment) {
        let payment =
            order.settle((Uuid::nil(), amount, is_late), (Rate::parse(now).unwrap(), DECIMALS)).unwrap();
        (order.with(&payment), payment)
    }

    #[test]
    fn exact_partial_over_and_late_payments() {
        // The contract's example.
        let whole = order(34_659, 412_607_142, "0.84");
        assert_eq!(pay(whole.clone(), 412_607_142, false, "0.5").1.settled, 34_659);
        let (half, first) = pay(whole.clone(), 200_000_000, false, "0.5");
        assert_eq!(first.settled, 16_800);
        let half = Order { seen: half.received, ..half };
        assert_eq!(half.state_at(Timestamp::from_micros(50)), OrderStatus::AwaitingCompletion);
        assert_eq!(half.state_at(Timestamp::from_micros(100)), OrderStatus::Failed);
        let (full, second) = pay(half.clone(), 212_607_142, false, "0.5");
        assert_eq!((second.settled, full.settled), (17_859, 34_659));
        assert_eq!(full.state_at(Timestamp::from_micros(500)), OrderStatus::Completed);
        // 10 more, at the rate of now.
        assert_eq!(pay(full, 10_000_000, false, "0.5").1.settled, 500);
        assert_eq!(pay(whole, 422_607_142, false, "0.5").1.settled, 34_659 + 500);
        let (late, payment) = pay(half, 212_607_142, true, "0.5");
        assert_eq!((payment.settled, payment.counted, payment.is_late), (10_630, 0, true));
        assert_eq!(late.state_at(Timestamp::from_micros(500)), OrderStatus::Completed);
    }

    proptest! {
        /// In whatever parts it is paid in time, and whatever is lost and paid again, exactly what was agreed is
        /// settled once all is there, and never more before.
        #[test]
        fn parts_settle_the_whole(
            settlement in 1_i64..1 << 40, rate in 1_u64..1_000_000,
            parts in prop::collection::vec(1_i64..1 << 40, 1..8), lost in 0_usize..8,
        ) {
            let rate = format!("{}.{:03}", rate / 1_000, rate % 1_000);
            prop_assume!(rate.chars().any(|c| c.is_ascii_digit() && c != '0'));
            let price = Price { rate: Rate::parse(&rate).unwrap(), decimals: DECIMALS };
            let Some(amount) = Amount::new(settlement) else { return Ok(()) };
            let Ok(required) = price.order_amount(amount) else { return Ok(()) };
            let mut order = order(settlement, required, &rate);
            let mut payments = Vec::new();
            for part in parts {
                let part = part.min(order.required - order.in_time);
                if part > 0 {
                    let (next, payment) = pay(order, part, false, "1");
                    prop_assert!(next.settled <= settlement);
                    order = next;
                    payments.push(payment);
                }
            }
            if let Some(payment) = payments.get(lost) {
                order = order.without(payment);
            }
            let rest = order.required - order.in_time;
            if rest > 0 {
                order = pay(order, rest, false, "1").0;
            }
            prop_assert_eq!((order.received, order.settled), (order.required, settlement));
        }
    }
}
