//! What an exchange is. Pure.

use super::lock::RateLock;
use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::endpoint::codes::P436;
use crate::kit::endpoint::refusal::Refusal;
use florin_ledger::{HolderId, RecordKind};
use florin_types::{
    Amount, Currency, CurrencyCode, Exchanged, Percentage, Price, Rate, Timestamp, exchange, format_minor,
};
use uuid::Uuid;

/// One currency for another, in one record.
pub const EXCHANGE: RecordType = RecordType {
    kind: RecordKind(3),
    history: HistoryType::Exchange,
    status: HistoryStatus::Successful,
    steps: Steps::One,
    line: Line::of,
};

/// An exchange that was executed. Amounts are in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its id.
    pub id: Uuid,
    /// Whose money was exchanged: a user's, or the partner's.
    pub holder: HolderId,
    /// The lock that it used.
    pub lock: Uuid,
    /// What was sold.
    pub from: Side,
    /// What was received for it, after the fee.
    pub to: Side,
    /// What the house took, in the currency that was received.
    pub fee: i64,
    /// The share that this is.
    pub percentage: Percentage,
    /// When it was executed.
    pub at: Timestamp,
}

/// A side of an exchange.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The currency.
    pub currency: CurrencyCode,
    /// How much.
    pub amount: i64,
    /// EUR for one unit.
    pub rate: Rate,
}

impl Exchange {
    /// The exchange of an amount under a lock.
    ///
    /// # Errors
    /// P403 where the amount buys nothing, or more than an amount can be; P436 where the lock lacks a rate, since there
    /// was none when it was given.
    pub fn under(
        lock: &RateLock,
        id: Uuid,
        (from, amount): (Currency, Amount),
        to: Currency,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let price = |currency: Currency| {
            let rate = lock.rates.get(currency.code);
            let why =
                || format!("there was no rate of {} when it was given; get another lock", currency.code);
            let rate = rate.ok_or_else(|| Refusal::because(&P436, why()))?;
            Ok::<_, Refusal>(Price { rate, decimals: currency.decimals })
        };
        let (from_price, to_price) = (price(from)?, price(to)?);
        let Exchanged { received, fee } = exchange(amount, from_price, to_price, lock.fee)
            .map_err(|_| Refusal::invalid(format!("amount buys more {} than an amount can be", to.code)))?;
        if received == 0 {
            let of = format!("{} {} after a fee of {} %", format_minor(1, to.decimals), to.code, lock.fee);
            return Err(Refusal::invalid(format!("amount buys less than {of}")));
        }
        Ok(Self {
            id,
            holder: lock.holder,
            lock: lock.id,
            from: Side { currency: from.code, amount: amount.minor(), rate: from_price.rate },
            to: Side { currency: to.code, amount: received, rate: to_price.rate },
            fee,
            percentage: lock.fee,
            at,
        })
    }
}
