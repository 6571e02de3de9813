//! The JSON of nodes of Ethereum's kind, read strictly: a value of another form is an error.
//!
//! Texts are read without a copy of them. Of a log's data only 32 bytes are kept, since no other length is a transfer.

use florin_wallet::{Address, Chain};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// 32 bytes: a hash, a topic of a log, an argument.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Word(pub [u8; 32]);

impl Word {
    /// Reads 64 hexadecimal digits after `0x`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.strip_prefix("0x")?, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The address that is padded with zeros in it. None: it is no address.
    pub fn account(self) -> Option<Account> {
        let (zeros, account) = self.0.split_at(12);
        zeros.iter().all(|byte| *byte == 0).then(|| Account(account.try_into().unwrap_or_default()))
    }

    /// As a number. None: it is 2^128 or more.
    pub fn number(self) -> Option<u128> {
        let (high, low) = self.0.split_at(16);
        let is_small = high.iter().all(|byte| *byte == 0);
        is_small.then(|| u128::from_be_bytes(low.try_into().unwrap_or_default()))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

/// The 20 bytes of an address.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account([u8; 20]);

impl Account {
    /// Reads 40 hexadecimal digits after `0x`, in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 20];
        hex::decode_to_slice(text.strip_prefix("0x")?, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// In the form in which addresses are written (EIP-55).
    pub fn address(self) -> Option<Address> {
        parse_address(&format!("0x{}", hex::encode(self.0)))
    }
}

/// Reads an address of this kind of chain, with its checksum.
pub fn parse_address(text: &str) -> Option<Address> {
    Address::parse(Chain::EVM, text).ok()
}

/// A number: hexadecimal digits after `0x`. One of 2^128 or more is an error: no amount of a coin or of gas is that
/// large.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Quantity(pub u128);

impl Quantity {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x")?;
        // `from_str_radix` takes a sign, which JSON-RPC has not.
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(digits, 16).ok().filter(|_| is_plain).map(Self)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}

/// A number of 64 bits: of a block, a transaction, seconds.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub u64);

/// The data of a log. None: it is not 32 bytes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LogData(pub Option<Word>);

/// Reads a text by a function.
struct Text<T> {
    expected: &'static str,
    read: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    /// The text itself is not repeated: it may be long.
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).ok_or_else(|| E::custom(format_args!("expected {}", self.expected)))
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text { expected: "32 bytes after 0x", read: Self::parse })
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text { expected: "20 bytes after 0x", read: Self::parse })
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text { expected: "a number below 2^128 after 0x", read: Self::parse })
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| u64::try_from(Quantity::parse(text)?.0).ok().map(Self);
        deserializer.deserialize_str(Text { expected: "a number below 2^64 after 0x", read })
    }
}

impl<'de> Deserialize<'de> for LogData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| text.starts_with("0x").then(|| Self(Word::parse(text)));
        deserializer.deserialize_str(Text { expected: "bytes after 0x", read })
    }
}

/// A block without its transactions.
#[derive(Clone, Debug, Deserialize)]
pub struct Header {
    /// Its height.
    pub number: Number,
    /// Its id.
    pub hash: Word,
}

/// A block with its transactions.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    pub number: Number,
    pub hash: Word,
    pub parent_hash: Word,
    /// In seconds.
    pub timestamp: Number,
    pub transactions: Vec<Transaction>,
}

/// A transaction of a block, or one that waits.
#[derive(Clone, Debug, Deserialize)]
pub struct Transaction {
    pub hash: Word,
    /// Who pays.
    #[serde(default)]
    pub from: Option<Account>,
    /// None: it makes a contract.
    pub to: Option<Account>,
    /// In wei.
    pub value: Quantity,
}

/// What became of a transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    pub transaction_hash: Word,
    pub block_hash: Word,
    pub block_number: Number,
    /// 1: it did what it was to do. 0: it did nothing, and has paid its fee.
    pub status: Quantity,
    pub gas_used: Quantity,
    pub effective_gas_price: Quantity,
    /// What chains on top of Ethereum (those of Optimism's kind) take besides, in wei.
    pub l1_fee: Option<Quantity>,
    pub logs: Vec<Log>,
}

/// A log of a contract.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    /// The contract.
    pub address: Account,
    pub topics: Vec<Word>,
    pub data: LogData,
    /// Its number within the block.
    pub log_index: Number,
    /// It is in the chain no more.
    #[serde(default)]
    pub removed: bool,
}

/// The fees of the last blocks.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeeHistory {
    /// By block, oldest first, and of the next one.
    pub base_fee_per_gas: Vec<Quantity>,
}
