//! Addresses: read with their checksums, and written in one form.
//!
//! Base 58 with a check (version and 20 bytes), segregated witness in bech32 and bech32m (BIP 173 and 350), and
//! Ethereum's hexadecimal, whose letter case is its checksum (EIP-55).

use crate::chain::{Chain, ChainKind, Versions};
use bech32::{Fe32, Hrp, segwit};
use bitcoin::base58;
use sha3::{Digest, Keccak256};
use std::fmt;
use thiserror::Error;

/// Bytes of a hash that an address pays to.
const HASH_BYTES: usize = 20;

/// Longest text that is looked at: bech32's own bound.
const MAX_TEXT: usize = 90;

/// Words of scripts, as their bytes.
const ONE: u8 = 0x51;
const DUP: u8 = 0x76;
const EQUAL: u8 = 0x87;
const EQUALVERIFY: u8 = 0x88;
const HASH160: u8 = 0xA9;
const CHECKSIG: u8 = 0xAC;

/// An address of one chain, in the form that the chain's programs write.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

/// Why a text is no address of a chain. It repeats nothing of the text.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// It is none of this chain.
    #[error("must be an address of this network")]
    Form,
    /// It has the form of one, and a character is wrong.
    #[error("must be an address without a mistake: its checksum is wrong")]
    Checksum,
    /// It is an address of a newer kind than is known how to pay.
    #[error("must be an address of a kind that is in use: this version of segregated witness is not")]
    Version,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// It is none of this chain, or its checksum is wrong.
    pub fn parse(chain: Chain, text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_TEXT || !text.is_ascii() {
            return Err(AddressError::Form);
        }
        if chain.kind == ChainKind::Evm {
            return of_hexadecimal(text);
        }
        if let Some(part) = chain.human_readable_part()
            && let Some((before, _)) = text.rsplit_once('1')
            && before.eq_ignore_ascii_case(part)
        {
            return of_bech32(text);
        }
        match chain.versions() {
            Some(versions) => of_base58(text, &versions),
            None => Err(AddressError::Form),
        }
    }

    /// The address that pays to a key in base 58.
    pub(crate) fn of_key_hash(version: u8, hash: [u8; HASH_BYTES]) -> Self {
        let mut bytes = vec![version];
        bytes.extend(hash);
        Self(base58::encode_check(&bytes))
    }

    /// The address that pays to a key by segregated witness.
    pub(crate) fn of_witness_hash(part: &str, hash: [u8; HASH_BYTES]) -> Option<Self> {
        segwit::encode_v0(Hrp::parse(part).ok()?, &hash).ok().map(Self)
    }

    /// The address of a public key of Ethereum's kind: 64 bytes, without the byte that tells the form.
    pub(crate) fn of_evm_key(key: &[u8]) -> Self {
        let hash = Keccak256::digest(key);
        let mut bytes = [0; HASH_BYTES];
        bytes.copy_from_slice(&hash[hash.len() - HASH_BYTES..]);
        Self::of_evm_bytes(bytes)
    }

    /// The address of Ethereum's kind that has these bytes.
    pub(crate) fn of_evm_bytes(bytes: [u8; HASH_BYTES]) -> Self {
        Self(checksummed(&hex::encode(bytes)))
    }

    /// Whether it is the address of Ethereum's kind whose bytes are all zero. Nobody has its key: programs use it for
    /// "no address", and what is sent there is lost.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.evm_bytes() == Some([0; HASH_BYTES])
    }

    /// The bytes of an address of Ethereum's kind. None: it is of another kind.
    pub(crate) fn evm_bytes(&self) -> Option<[u8; HASH_BYTES]> {
        let mut bytes = [0; HASH_BYTES];
        hex::decode_to_slice(self.0.strip_prefix("0x")?, &mut bytes).ok()?;
        Some(bytes)
    }

    /// The address that a script of Bitcoin's kind pays to. None: it pays to no address that is in use, such as several
    /// keys at once, a bare key, data, or an output of Litecoin's extension blocks (MWEB).
    #[must_use]
    pub fn of_script(chain: Chain, script: &[u8]) -> Option<Self> {
        let base58 = |version: u8, hash: &[u8]| Some(Self::of_key_hash(version, hash.try_into().ok()?));
        let witness = |version, program: &[u8]| {
            let part = Hrp::parse(chain.human_readable_part()?).ok()?;
            segwit::encode(part, version, program).ok().map(Self)
        };
        let versions = chain.versions()?;
        match script {
            [DUP, HASH160, 20, hash @ .., EQUALVERIFY, CHECKSIG] => base58(versions.key, hash),
            [HASH160, 20, hash @ .., EQUAL] => base58(*versions.scripts.first()?, hash),
            [0, 20, program @ ..] if program.len() == 20 => witness(Fe32::Q, program),
            [0, 32, program @ ..] if program.len() == 32 => witness(Fe32::Q, program),
            [ONE, 32, program @ ..] if program.len() == 32 => witness(Fe32::P, program),
            _ => None,
        }
    }

    /// The script of Bitcoin's kind that pays to it. None: the address is not of this chain.
    #[must_use]
    pub fn script(&self, chain: Chain) -> Option<Vec<u8>> {
        let versions = chain.versions()?;
        if let Some(part) = chain.human_readable_part()
            && let Ok((read, version, program)) = segwit::decode(&self.0)
        {
            let length = u8::try_from(program.len()).ok()?;
            let code = if version == Fe32::Q { 0 } else { ONE };
            return (read.as_str() == part).then(|| [&[code, length], &program[..]].concat());
        }
        let bytes = base58::decode_check(&self.0).ok()?;
        let (version, hash) = bytes.split_first().filter(|(_, hash)| hash.len() == HASH_BYTES)?;
        if *version == versions.key {
            return Some([&[DUP, HASH160, 20], hash, &[EQUALVERIFY, CHECKSIG]].concat());
        }
        versions.scripts.contains(version).then(|| [&[HASH160, 20], hash, &[EQUAL]].concat())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn of_base58(text: &str, versions: &Versions) -> Result<Address, AddressError> {
    let bytes = base58::decode_check(text).map_err(|error| match error {
        base58::Error::IncorrectChecksum(_) => AddressError::Checksum,
        _ => AddressError::Form,
    })?;
    let (version, hash) = bytes.split_first().ok_or(AddressError::Form)?;
    let is_known = *version == versions.key || versions.scripts.contains(version);
    if !is_known || hash.len() != HASH_BYTES {
        return Err(AddressError::Form);
    }
    // A script's address is written with the newest version.
    let newest = versions.scripts.first().filter(|_| *version != versions.key).unwrap_or(version);
    let mut written = vec![*newest];
    written.extend(hash);
    Ok(Address(base58::encode_check(&written)))
}

fn of_bech32(text: &str) -> Result<Address, AddressError> {
    let (part, version, program) = segwit::decode(text).map_err(|_| AddressError::Checksum)?;
    // 0 and 1 are in use (BIP 141 and 341): coins that are sent to a later one can be taken by everybody.
    let is_known = match program.len() {
        20 => version == Fe32::Q,
        32 => version == Fe32::Q || version == Fe32::P,
        _ => false,
    };
    if !is_known {
        return Err(AddressError::Version);
    }
    segwit::encode(part, version, &program).map(Address).map_err(|_| AddressError::Form)
}

/// Letters of one case have no checksum; of both, they are one.
fn of_hexadecimal(text: &str) -> Result<Address, AddressError> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).ok_or(AddressError::Form)?;
    if digits.len() != 2 * HASH_BYTES || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(AddressError::Form);
    }
    let written = checksummed(&digits.to_ascii_lowercase());
    let has = |case: fn(&u8) -> bool| digits.bytes().any(|byte| case(&byte));
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if is_mixed && written.get(2..) != Some(digits) {
        return Err(AddressError::Checksum);
    }
    Ok(Address(written))
}

/// EIP-55: a letter is upper case where the digit of the hash at its place is 8 or more.
fn checksummed(digits: &str) -> String {
    let hash = Keccak256::digest(digits.as_bytes());
    let is_upper = |place: usize| hash[place / 2] >> (if place.is_multiple_of(2) { 4 } else { 0 }) & 8 != 0;
    let cased = digits.chars().enumerate().map(|(place, digit)| match is_upper(place) {
        true => digit.to_ascii_uppercase(),
        false => digit,
    });
    "0x".chars().chain(cased).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Net;
    use proptest::prelude::*;

    const fn chain(kind: ChainKind) -> Chain {
        Chain { kind, net: Net::Main }
    }

    const BITCOIN: Chain = chain(ChainKind::Bitcoin);
    const LITECOIN: Chain = chain(ChainKind::Litecoin);
    const DOGECOIN: Chain = chain(ChainKind::Dogecoin);
    const EVM: Chain = chain(ChainKind::Evm);

    #[test]
    fn scripts_and_addresses_are_the_same_thing() {
        for (chain, address, script) in [
            // BIP 173, 141 and 350, and the address of the first coins.
            (
                BITCOIN,
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
                "0014751e76e8199196d454941c45d1b3a323f1433bd6",
            ),
            (
                BITCOIN,
                "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
                "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
            ),
            (
                BITCOIN,
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
                "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            ),
            (
                BITCOIN,
                "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
                "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac",
            ),
            (BITCOIN, "3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87"),
        ] {
            let script = hex::decode(script).unwrap();
            let read = Address::of_script(chain, &script).unwrap();
            assert_eq!(read.as_str(), address);
            assert_eq!(read.script(chain), Some(script.clone()));
            assert_eq!(read.script(LITECOIN).is_some(), address.starts_with('3'), "{address}");
            // One byte more or less is another script.
            assert_eq!(Address::of_script(chain, &script[1..]), None);
            assert_eq!(Address::of_script(chain, &[&script[..], &[0]].concat()), None);
        }
        // Data, two keys, a bare key, Litecoin's extension blocks, witness without it.
        let key = "02".repeat(33);
        let wrong = ["".into(), "6a0101".into(), format!("5121{key}21{key}52ae"), format!("21{key}ac")];
        for script in wrong.into_iter().chain([format!("5820{}", "ad".repeat(32))]) {
            assert_eq!(Address::of_script(LITECOIN, &hex::decode(script).unwrap()), None);
        }
        assert_eq!(Address::of_script(DOGECOIN, &[&[0, 20][..], &[7; 20]].concat()), None);
        assert_eq!(Address::of_script(EVM, &[&[0, 20][..], &[7; 20]].concat()), None);
    }

    #[test]
    fn addresses_of_the_standards_are_taken_by_their_chain_alone() {
        for (own, text, written) in [
            // BIP 173, 350 and 84; the first coins' address.
            (
                BITCOIN,
                "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            ),
            (
                BITCOIN,
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            ),
            (BITCOIN, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            // EIP-55, as it is written, in lower case and in upper case.
            (EVM, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
            (EVM, "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"),
            (EVM, "0XDBF03B407C01E7CD3CBEA99509D93F8DDDC8C6FB", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"),
        ] {
            for other in [BITCOIN, LITECOIN, DOGECOIN, EVM] {
                let parsed = Address::parse(other, text);
                let expected = if other == own { Some(written) } else { None };
                assert_eq!(parsed.as_ref().ok().map(Address::as_str), expected, "{other:?} {text}");
            }
        }
        // Bitcoin's addresses of scripts are Litecoin's of before 2017 too; they are written as it does today.
        let old = Address::parse(LITECOIN, "3P14159f73E4gFr7JterCCQh9QjiTjiZrG").unwrap();
        assert!(old.as_str().starts_with('M'), "{old}");
        assert_eq!(Address::parse(LITECOIN, old.as_str()), Ok(old));
    }

    #[test]
    fn what_is_wrong_is_told() {
        use AddressError as E;
        for (chain, text, error) in [
            (BITCOIN, "", E::Form),
            (BITCOIN, "é", E::Form),
            (BITCOIN, "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", E::Form),
            (BITCOIN, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", E::Checksum),
            (BITCOIN, "bc1qw508D6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", E::Checksum),
            (BITCOIN, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", E::Checksum),
            // BIP 350's example of version 16.
            (BITCOIN, "BC1SW50QGDZ25J", E::Version),
            (EVM, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", E::Checksum),
            (EVM, "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", E::Form),
            (EVM, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", E::Form),
            (DOGECOIN, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", E::Form),
        ] {
            assert_eq!(Address::parse(chain, text), Err(error), "{chain:?} {text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), latin in "[!-~]{0,95}") {
            for chain in [BITCOIN, LITECOIN, DOGECOIN, EVM] {
                let _ = Address::parse(chain, &text);
                let _ = Address::parse(chain, &latin);
            }
        }

        #[test]
        fn what_is_read_reads_itself(hash in any::<[u8; 20]>()) {
            let text = format!("0x{}", hex::encode(hash));
            for (chain, text) in [
                (EVM, text),
                (DOGECOIN, Address::of_key_hash(0x1E, hash).into_string()),
                (LITECOIN, Address::of_witness_hash("ltc", hash).unwrap().into_string()),
            ] {
                let address = Address::parse(chain, &text).unwrap();
                prop_assert_eq!(Address::parse(chain, address.as_str()), Ok(address));
            }
        }

        #[test]
        fn no_script_panics(script in proptest::collection::vec(any::<u8>(), 0..40), net in 0..3_usize) {
            let net = [Net::Main, Net::Test, Net::Local][net];
            for kind in [ChainKind::Bitcoin, ChainKind::Litecoin, ChainKind::Dogecoin, ChainKind::Evm] {
                let chain = Chain { kind, net };
                if let Some(address) = Address::of_script(chain, &script) {
                    prop_assert_eq!(address.script(chain), Some(script.clone()));
                    prop_assert_eq!(Address::parse(chain, address.as_str()), Ok(address));
                }
            }
        }

        #[test]
        fn one_wrong_digit_is_noticed(place in 4_usize..42, hash in any::<[u8; 20]>()) {
            let mut text = Address::of_witness_hash("bc", hash).unwrap().into_string().into_bytes();
            text[place] = if text[place] == b'q' { b'p' } else { b'q' };
            let text = String::from_utf8(text).unwrap();
            prop_assert!(Address::parse(BITCOIN, &text).is_err(), "{}", text);
        }
    }
}
