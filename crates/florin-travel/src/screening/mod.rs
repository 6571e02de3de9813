//! A list of sanctioned addresses.
//!
//! Two published forms are read; the first character that is no space tells which it is:
//! - `SDN.XML`, the smaller of the two XML files of the list of Specially Designated Nationals that the Office of
//!   Foreign Assets Control (US Treasury) publishes. Addresses are identity documents of a type such as
//!   `Digital Currency Address - XBT`. The larger `SDN_ADVANCED.XML` has the same addresses and is not read.
//! - one address a line, with blank lines and lines that begin with `#` between them, as tools that extract addresses
//!   from that list publish it.
//!
//! A list is read whole or not at all.

mod plain;
mod sdn;

use std::collections::HashMap;
use thiserror::Error;

/// `SDN.XML` has about 30 MB, so four times that.
const MAX_BYTES: usize = 128 << 20;

/// OFAC lists about a thousand addresses, collections from all sources some ten thousand. With about 150 bytes each,
/// this many take 150 MB.
const MAX_ADDRESSES: usize = 1_000_000;

/// The longest addresses in use are those of Cardano before 2020, with 104 characters, and Monero's with 106.
const MAX_ADDRESS: usize = 128;

/// Prefixes of addresses in bech32, in which upper and lower case mean the same: Bitcoin and Litecoin, and their test
/// chains.
const BECH32_PREFIXES: [&str; 5] = ["bc1", "ltc1", "tb1", "tltc1", "bcrt1"];

/// Sanctioned addresses, in their normalised form, with the currencies under which each is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SanctionedAddresses(HashMap<String, Vec<String>>);

/// Why a list was not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListError {
    /// Too many bytes.
    #[error("the list has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// A list that screens nothing.
    #[error("the list has no addresses")]
    Empty,
    /// A line that cannot be read.
    #[error("line {line} of the list: {problem}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: ListProblem,
    },
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListProblem {
    /// No UTF-8.
    #[error("is not UTF-8")]
    Encoding,
    /// No address.
    #[error("is no address: 1 to {MAX_ADDRESS} letters, digits and : . _ -")]
    Address,
    /// A line of a plain list that is too short.
    #[error("is too short for an address")]
    Short,
    /// More addresses than are kept.
    #[error("is beyond {MAX_ADDRESSES} addresses")]
    TooMany,
    /// An XML file of another kind.
    #[error("begins no sdnList: of XML files, only OFAC's SDN.XML is read")]
    Root,
    /// Elements nested too deeply.
    #[error("is nested too deeply")]
    TooDeep,
    /// A document type, by which entities could be defined.
    #[error("has a DOCTYPE")]
    Doctype,
    /// An address without its number, or the other way round.
    #[error("ends an id of a digital currency without idNumber")]
    NoNumber,
    /// A value with elements within it, twice, or too long.
    #[error("has an idType or idNumber that is no plain text")]
    Value,
    /// No well-formed XML.
    #[error("is no well-formed XML: {0}")]
    Xml(String),
}

impl SanctionedAddresses {
    /// Reads a list.
    ///
    /// # Errors
    /// The list is empty, or something in it cannot be read.
    pub fn read(bytes: &[u8]) -> Result<Self, ListError> {
        if bytes.len() > MAX_BYTES {
            return Err(ListError::TooLarge);
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| at(bytes, error.valid_up_to(), ListProblem::Encoding))?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut list = Self::default();
        if text.trim_start().starts_with('<') {
            sdn::read(text, &mut list)?;
        } else {
            plain::read(text, &mut list)?;
        }
        if list.0.is_empty() { Err(ListError::Empty) } else { Ok(list) }
    }

    /// The currencies under which an address is listed, as the list names them (`XBT`, `ETH`); `None` if it is not
    /// listed. A plain list names no currencies.
    ///
    /// An address counts for all currencies: one EVM address holds coins and tokens of all EVM chains.
    #[must_use]
    pub fn find(&self, address: &str) -> Option<&[String]> {
        self.0.get(&normalised_address(address)).map(Vec::as_slice)
    }

    /// How many addresses are listed. It is never 0 for a list that was read.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    fn add(&mut self, address: &str, currency: Option<&str>) -> Result<(), ListProblem> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":._-".contains(&byte);
        if !(1..=MAX_ADDRESS).contains(&address.len()) || !address.bytes().all(is_allowed) {
            return Err(ListProblem::Address);
        }
        let currencies = self.0.entry(normalised_address(address)).or_default();
        if let Some(currency) = currency
            && !currencies.iter().any(|known| known == currency)
        {
            currencies.push(currency.to_owned());
        }
        if self.0.len() > MAX_ADDRESSES { Err(ListProblem::TooMany) } else { Ok(()) }
    }
}

/// The form in which addresses are compared: lower case for hexadecimal after `0x` and for bech32, else as it is.
/// Spaces around are dropped.
#[must_use]
pub fn normalised_address(address: &str) -> String {
    let address = address.trim();
    let lower = address.to_ascii_lowercase();
    let is_hexadecimal = lower
        .strip_prefix("0x")
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let is_bech32 = BECH32_PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
    if is_hexadecimal || is_bech32 { lower } else { address.to_owned() }
}

/// An error at an offset.
fn at(bytes: &[u8], offset: usize, problem: ListProblem) -> ListError {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    ListError::Line { line, problem }
}
