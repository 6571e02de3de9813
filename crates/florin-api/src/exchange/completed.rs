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
    pub sold: Side,
    /// What was bought, without the fee.
    pub bought: Side,
    /// What the house took, in the currency that was bought.
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
    /// The exchange of an amount under a lock, which names this exchange as the one that used it.
    ///
    /// # Errors
    /// P403 where the amount buys nothing, or more than an amount can be; P436 where the lock lacks a rate.
    pub fn under(
        lock: &RateLock,
        (from, amount): (Currency, Amount),
        to: Currency,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let rate = |currency: Currency| {
            let rate = lock.rates.get(currency.code);
            rate.ok_or_else(|| Refusal::because(&P436, format!("it has no rate of {}", currency.code)))
        };
        let (sold, bought) = (rate(from)?, rate(to)?);
        let price = |rate, currency: Currency| Price { rate, decimals: currency.decimals };
        let exchanged = exchange(amount, price(sold, from), price(bought, to), lock.fee);
        let Exchanged { received, fee } = exchanged
            .map_err(|_| Refusal::invalid(format!("amount buys more {} than an amount can be", to.code)))?;
        if received == 0 {
            let least = format_minor(1, to.decimals);
            return Err(Refusal::invalid(format!("amount buys less than {least} {}", to.code)));
        }
        Ok(Self {
            id: lock.used_by.unwrap_or_default(),
            holder: lock.holder,
            lock: lock.id,
            sold: Side { currency: from.code, amount: amount.minor(), rate: sold },
            bought: Side { currency: to.code, amount: received, rate: bought },
            fee,
            percentage: lock.fee,
            at,
        })
    }
}
