//! What a block brings to addresses.
//!
//! Coins that a contract sends on (from a wallet that is a contract, or from an exchange's contract that pays many at
//! once) are in no transaction of the block and in no log; only a trace of the execution has them, which most nodes do
//! not give. They are not seen here, and the balance of the address has them. So are the withdrawals of validators.

use super::super::{Block, BlockRef, NodeError, Transfer};
use super::Settings;
use super::asset::Asset;
use super::wire::{self, Account, Word};
use florin_types::{CurrencyCode, Timestamp};
use florin_wallet::Address;
use std::collections::HashMap;

/// The first topic of a transfer: the hash of `Transfer(address,address,uint256)`.
const TRANSFER: Word = Word([
    0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa, 0x95,
    0x2b, 0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef,
]);

/// What is looked for in blocks.
pub struct Assets {
    coin: Asset,
    tokens: HashMap<Account, Asset>,
}

impl Assets {
    /// Those of the settings.
    ///
    /// # Errors
    /// Two are the same, or cannot be counted.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let mut tokens = HashMap::new();
        let mut seen: Vec<CurrencyCode> = vec![settings.coin.currency];
        for token in &settings.tokens {
            let contract = Account::parse(token.contract.as_str());
            let contract = contract.ok_or("a contract's address is of another kind of chain")?;
            let is_new = tokens.insert(contract, token.asset).is_none();
            if !is_new || seen.contains(&token.asset.currency) {
                return Err(format!("{} or its contract is there twice", token.asset.currency.as_str()));
            }
            seen.push(token.asset.currency);
        }
        let mut all = std::iter::once(&settings.coin).chain(settings.tokens.iter().map(|token| &token.asset));
        if let Some(asset) = all.find(|asset| !asset.is_possible()) {
            return Err(format!("{}: the decimals are too far apart", asset.currency.as_str()));
        }
        Ok(Self { coin: settings.coin, tokens })
    }

    /// A block and its receipts, as the platform sees them.
    ///
    /// # Errors
    /// They do not belong together, or cannot be true.
    pub fn block(&self, block: &wire::Block, receipts: &[wire::Receipt]) -> Result<Block, NodeError> {
        if block.transactions.len() != receipts.len() {
            let counts = [block.transactions.len(), receipts.len()];
            return Err(unbelievable(
                block,
                format!("{} transactions have {} receipts", counts[0], counts[1]),
            ));
        }
        let mut transfers = Vec::new();
        for (transaction, receipt) in block.transactions.iter().zip(receipts) {
            if transaction.hash != receipt.transaction_hash {
                return Err(unbelievable(block, "a receipt is of no transaction of it".to_owned()));
            }
            match receipt.status.0 {
                0 => {}
                1 => self.read(block, (transaction, receipt), &mut transfers)?,
                _ => return Err(unbelievable(block, "a status is neither 0 nor 1".to_owned())),
            }
        }
        let micros = i64::try_from(block.timestamp.0).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
        let micros = micros.ok_or_else(|| unbelievable(block, "its time is too far".to_owned()))?;
        Ok(Block {
            at: BlockRef { height: block.number.0, hash: block.hash.to_string() },
            parent: block.parent_hash.to_string(),
            made_at: Timestamp::from_micros(micros),
            transfers,
        })
    }

    /// What a transaction that went well brings.
    fn read(
        &self,
        block: &wire::Block,
        (transaction, receipt): (&wire::Transaction, &wire::Receipt),
        transfers: &mut Vec<Transfer>,
    ) -> Result<(), NodeError> {
        let mut put = |output: usize,
                       sides: (Option<Account>, Account),
                       asset: &Asset,
                       amount: Option<u128>| {
            let (from, to) = sides;
            let amount = amount.and_then(|amount| asset.from_chain(amount));
            let (Some(amount), Ok(output)) = (amount, u32::try_from(output)) else {
                let currency = asset.currency.as_str();
                return Err(unbelievable(
                    block,
                    format!("an amount of {currency} is more than there can be"),
                ));
            };
            if amount > 0
                && let Some(to) = to.address()
            {
                let (transaction, to) = (transaction.hash.to_string(), to.into_string());
                let from = from.and_then(Account::address).map(Address::into_string);
                transfers.push(Transfer { transaction, output, to, from, currency: asset.currency, amount });
            }
            Ok(())
        };
        if let Some(to) = transaction.to {
            put(0, (transaction.from, to), &self.coin, Some(transaction.value.0))?;
        }
        for (place, log) in receipt.logs.iter().enumerate() {
            if place > 0 && receipt.logs[place - 1].log_index >= log.log_index {
                return Err(unbelievable(block, "the logs of a transaction are in no order".to_owned()));
            }
            let Some(asset) = self.tokens.get(&log.address).filter(|_| !log.removed) else { continue };
            let ([TRANSFER, from, to], Some(amount)) = (log.topics.as_slice(), log.data.0) else { continue };
            if let Some(to) = to.account() {
                put(place + 1, (from.account(), to), asset, amount.number())?;
            }
        }
        Ok(())
    }
}

fn unbelievable(block: &wire::Block, why: String) -> NodeError {
    NodeError::Unbelievable(format!("block {} {}: {why}", block.number.0, block.hash))
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
