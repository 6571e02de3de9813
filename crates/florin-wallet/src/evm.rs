//! Transactions of Ethereum's kind: EIP-1559, signed with the key of a [`Place`].
//!
//! Why not `alloy-consensus`: it brings 81 packages and knows all kinds of transactions, of which we sign one. Its own
//! encoder `alloy-rlp` does the encoding (one package more), and the signature is made by libsecp256k1, which
//! `bitcoin` links already: deterministic (RFC 6979) and in the lower half of the order, as EIP-2 wants.

use crate::address::Address;
use crate::chain::{Chain, ChainKind, Net};
use crate::keychain::{DeriveError, Keychain, Place};
use alloy_rlp::{Encodable, Header};
use bitcoin::secp256k1::Message;
use sha3::{Digest, Keccak256};

/// The first byte of an EIP-1559 transaction (EIP-2718).
pub(crate) const TYPE: u8 = 2;

/// The first four bytes of the hash of `transfer(address,uint256)`.
const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// The first four bytes of the hash of `balanceOf(address)`.
const BALANCE_OF: [u8; 4] = [0x70, 0xa0, 0x82, 0x31];

/// Bytes of an argument in call data.
pub(crate) const WORD: usize = 32;

impl Chain {
    /// All chains of Ethereum's kind: their keys and addresses are the same, also on those to try things on.
    pub const EVM: Self = Self { kind: ChainKind::Evm, net: Net::Main };
}

/// What a transaction does: it gives coins to an address, or calls a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    to: Address,
    /// The bytes of `to`.
    bytes: [u8; 20],
    value: u128,
    data: Vec<u8>,
}

impl Call {
    /// Gives coins to an address. `value` is in wei. None: the address is not of Ethereum's kind.
    #[must_use]
    pub fn coin(to: &Address, value: u128) -> Option<Self> {
        Some(Self { to: to.clone(), bytes: to.evm_bytes()?, value, data: Vec::new() })
    }

    /// Gives tokens of an ERC-20 contract to an address, by `transfer`. `amount` is in the contract's smallest unit.
    /// None: an address is not of Ethereum's kind.
    #[must_use]
    pub fn token(contract: &Address, to: &Address, amount: u128) -> Option<Self> {
        let mut data = Vec::from(TRANSFER);
        data.extend(word(&to.evm_bytes()?));
        data.extend(word(&amount.to_be_bytes()));
        Some(Self { to: contract.clone(), bytes: contract.evm_bytes()?, value: 0, data })
    }

    /// Asks an ERC-20 contract what an address has, by `balanceOf`. It is called, and never signed. None: an address
    /// is not of Ethereum's kind.
    #[must_use]
    pub fn balance_of(contract: &Address, holder: &Address) -> Option<Self> {
        let mut data = Vec::from(BALANCE_OF);
        data.extend(word(&holder.evm_bytes()?));
        Some(Self { to: contract.clone(), bytes: contract.evm_bytes()?, value: 0, data })
    }

    /// A call as it stands in a transaction.
    pub(crate) fn of_bytes(bytes: [u8; 20], value: u128, data: Vec<u8>) -> Self {
        Self { to: Address::of_evm_bytes(bytes), bytes, value, data }
    }

    /// To whom it gives how many tokens of the contract that it calls. None: it does something else.
    #[must_use]
    pub fn as_token_transfer(&self) -> Option<(Address, u128)> {
        let arguments = self.data.strip_prefix(&TRANSFER)?;
        let (to, amount) = arguments.split_at_checked(WORD).filter(|(_, amount)| amount.len() == WORD)?;
        let to = to.strip_prefix(&[0; WORD - 20])?.try_into().ok()?;
        let amount = amount.strip_prefix(&[0; WORD - 16])?.try_into().ok()?;
        Some((Address::of_evm_bytes(to), u128::from_be_bytes(amount)))
    }

    /// Who gets the coins, or the contract.
    #[must_use]
    pub fn to(&self) -> &Address {
        &self.to
    }

    /// Coins that go with it, in wei.
    #[must_use]
    pub fn value(&self) -> u128 {
        self.value
    }

    /// What a contract is called with. Empty: no contract is called.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

/// An argument of call data: padded with zeros on the left.
pub(crate) fn word(bytes: &[u8]) -> [u8; WORD] {
    let mut word = [0; WORD];
    word[WORD - bytes.len()..].copy_from_slice(bytes);
    word
}

/// A transaction by EIP-1559. Fees are in wei per gas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmTransaction {
    /// The number of the chain: the signature is good on no other (EIP-155).
    pub chain_id: u64,
    /// How many transactions the sender has made before. Of two with the same number at most one is included.
    pub nonce: u64,
    /// The most that is paid for a unit of gas.
    pub max_fee: u128,
    /// What of it may go to the maker of the block. Nodes refuse more than `max_fee`.
    pub max_priority_fee: u128,
    /// The most gas that it may use.
    pub gas_limit: u64,
    /// What it does.
    pub call: Call,
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEvm {
    /// What a node takes, in hexadecimal digits after `0x`.
    pub raw: String,
    /// Its id, in hexadecimal digits after `0x`: the hash of `raw`.
    pub id: String,
}

impl Keychain {
    /// Signs a transaction with the key of a place. The same transaction always has the same signature and id.
    ///
    /// # Errors
    /// There is no such place.
    pub fn sign_evm(&self, place: Place, transaction: &EvmTransaction) -> Result<SignedEvm, DeriveError> {
        let message = Message::from_digest(Keccak256::digest(transaction.encoded(None)).into());
        let signature =
            self.with_key(Chain::EVM, place, |curve, key, _| curve.sign_ecdsa_recoverable(&message, key))?;
        let (recovery, bytes) = signature.serialize_compact();
        let raw = transaction.encoded(Some(&Signature { is_odd: recovery.to_i32() & 1 == 1, bytes }));
        Ok(SignedEvm { id: id_of(&raw), raw: format!("0x{}", hex::encode(raw)) })
    }
}

/// The id of a signed transaction. None: the text is not bytes in hexadecimal digits after `0x`.
#[must_use]
pub fn evm_transaction_id(raw: &str) -> Option<String> {
    hex::decode(raw.strip_prefix("0x")?).ok().map(|bytes| id_of(&bytes))
}

pub(crate) fn id_of(raw: &[u8]) -> String {
    format!("0x{}", hex::encode(Keccak256::digest(raw)))
}

pub(crate) struct Signature {
    pub is_odd: bool,
    /// r and s.
    pub bytes: [u8; 64],
}

impl EvmTransaction {
    /// As it is hashed to be signed; with the signature, as nodes take it.
    pub(crate) fn encoded(&self, signature: Option<&Signature>) -> Vec<u8> {
        let mut fields = Vec::new();
        self.chain_id.encode(&mut fields);
        self.nonce.encode(&mut fields);
        self.max_priority_fee.encode(&mut fields);
        self.max_fee.encode(&mut fields);
        self.gas_limit.encode(&mut fields);
        self.call.bytes.encode(&mut fields);
        self.call.value.encode(&mut fields);
        self.call.data.as_slice().encode(&mut fields);
        // The access list is empty: a payment reads nothing that would be cheaper by one.
        Header { list: true, payload_length: 0 }.encode(&mut fields);
        if let Some(signature) = signature {
            let (r, s) = signature.bytes.split_at(WORD);
            signature.is_odd.encode(&mut fields);
            number(r).encode(&mut fields);
            number(s).encode(&mut fields);
        }
        let mut encoded = vec![TYPE];
        Header { list: true, payload_length: fields.len() }.encode(&mut encoded);
        encoded.extend(fields);
        encoded
    }
}

/// Numbers are written without zeros in front.
fn number(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
#[path = "evm_tests.rs"]
mod tests;
