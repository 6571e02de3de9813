//! Signed transactions read back, as a node reads them: a simulated chain takes the bytes that real nodes take.

use crate::address::Address;
use crate::chain::Chain;
use crate::evm::{Call, EvmTransaction, Signature, TYPE, WORD, id_of, word};
use crate::spend::{legacy_hash, witness_hash};
use alloy_rlp::{Decodable, Header};
use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::ecdsa;
use bitcoin::script::Instruction;
use bitcoin::secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::{CompressedPublicKey, Script, ScriptBuf, Transaction, TxIn};
use sha3::{Digest, Keccak256};

/// A signed transaction of Ethereum's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentEvm {
    /// Its id, in hexadecimal digits after `0x`.
    pub id: String,
    /// Who signed it.
    pub from: Address,
    /// What was signed.
    pub transaction: EvmTransaction,
}

/// Reads a transaction as [`Keychain::sign_evm`](crate::Keychain::sign_evm) writes it. None: it is something else, or
/// nobody has signed it.
#[must_use]
pub fn read_evm(raw: &str) -> Option<SentEvm> {
    let bytes = hex::decode(raw.strip_prefix("0x")?).ok()?;
    let (transaction, signature) = decoded(bytes.strip_prefix(&[TYPE])?)?;
    // One way of writing it, and an empty access list.
    if transaction.encoded(Some(&signature)) != bytes {
        return None;
    }
    let message = Message::from_digest(Keccak256::digest(transaction.encoded(None)).into());
    let recovery = RecoveryId::from_i32(signature.is_odd.into()).ok()?;
    let recoverable = RecoverableSignature::from_compact(&signature.bytes, recovery).ok()?;
    let mut low = recoverable.to_standard();
    low.normalize_s();
    // EIP-2: of the two signatures only the one in the lower half of the order.
    if low != recoverable.to_standard() {
        return None;
    }
    let key = Secp256k1::verification_only().recover_ecdsa(&message, &recoverable).ok()?;
    let from = Address::of_evm_key(&key.serialize_uncompressed()[1..]);
    Some(SentEvm { id: id_of(&bytes), from, transaction })
}

fn decoded(mut bytes: &[u8]) -> Option<(EvmTransaction, Signature)> {
    let mut fields = Header::decode_bytes(&mut bytes, true).ok()?;
    let from = &mut fields;
    let (chain_id, nonce) = (u64::decode(from).ok()?, u64::decode(from).ok()?);
    let (max_priority_fee, max_fee) = (u128::decode(from).ok()?, u128::decode(from).ok()?);
    let gas_limit = u64::decode(from).ok()?;
    let (to, value) = (<[u8; 20]>::decode(from).ok()?, u128::decode(from).ok()?);
    let data = Header::decode_bytes(from, false).ok()?.to_vec();
    Header::decode_bytes(from, true).ok()?;
    let is_odd = bool::decode(from).ok()?;
    let mut number = || {
        let bytes = Header::decode_bytes(from, false).ok()?;
        (bytes.len() <= WORD).then(|| word(bytes))
    };
    let (r, s) = (number()?, number()?);
    let bytes = [r, s].concat().try_into().ok()?;
    let call = Call::of_bytes(to, value, data);
    let transaction = EvmTransaction { chain_id, nonce, max_fee, max_priority_fee, gas_limit, call };
    Some((transaction, Signature { is_odd, bytes }))
}

/// A signed transaction of Bitcoin's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// The outputs that it spends: the id of their transaction, and the number.
    pub inputs: Vec<(String, u32)>,
    /// Whom it pays how much; no address where the output pays to none that is in use.
    pub outputs: Vec<(Option<Address>, i64)>,
    /// Its size, by which the fee is counted.
    pub virtual_bytes: u64,
    transaction: Transaction,
}

/// Reads a transaction as [`Keychain::sign`](crate::Keychain::sign) writes it. None: it is none. Whether it is signed,
/// [`Sent::is_signed`] tells.
#[must_use]
pub fn read_spend(chain: Chain, raw: &str) -> Option<Sent> {
    let transaction: Transaction = deserialize_hex(raw).ok()?;
    let point = |input: &TxIn| (input.previous_output.txid.to_string(), input.previous_output.vout);
    let paid = transaction.output.iter().map(|paid| {
        let amount = i64::try_from(paid.value.to_sat()).ok().filter(|paid| *paid <= chain.max_amount())?;
        Some((Address::of_script(chain, paid.script_pubkey.as_bytes()), amount))
    });
    Some(Sent {
        id: transaction.compute_txid().to_string(),
        inputs: transaction.input.iter().map(point).collect(),
        outputs: paid.collect::<Option<_>>()?,
        virtual_bytes: u64::try_from(transaction.vsize()).ok()?,
        transaction,
    })
}

impl Sent {
    /// Whether the owner of the output that an input spends has signed it: the address and the amount are the
    /// output's. Only addresses of a single key are known.
    #[must_use]
    pub fn is_signed(&self, input: usize, owner: &Address, amount: i64, chain: Chain) -> bool {
        self.check(input, owner, amount, chain).is_some()
    }

    fn check(&self, index: usize, owner: &Address, amount: i64, chain: Chain) -> Option<()> {
        let input = self.transaction.input.get(index)?;
        let script = ScriptBuf::from_bytes(owner.script(chain)?);
        let mut hashes = SighashCache::new(&self.transaction);
        let (hash, key, signature);
        if input.witness.is_empty() {
            let parts = pushed(&input.script_sig)?;
            key = PublicKey::from_slice(&parts[1]).ok()?;
            let expected = ScriptBuf::new_p2pkh(&CompressedPublicKey(key).pubkey_hash());
            hash = legacy_hash(&hashes, index, &key).ok().filter(|_| script == expected)?;
            signature = ecdsa::Signature::from_slice(&parts[0]).ok()?;
        } else {
            let parts = [input.witness.nth(0)?, input.witness.nth(1)?];
            key = PublicKey::from_slice(parts[1]).ok()?;
            let expected = ScriptBuf::new_p2wpkh(&CompressedPublicKey(key).wpubkey_hash());
            let amount = u64::try_from(amount).ok()?;
            hash = witness_hash(&mut hashes, index, &key, amount).ok().filter(|_| script == expected)?;
            signature = ecdsa::Signature::from_slice(parts[0]).ok()?;
        }
        let is_of_all = signature.sighash_type == EcdsaSighashType::All;
        let message = Message::from_digest(hash);
        let curve = Secp256k1::verification_only();
        curve.verify_ecdsa(&message, &signature.signature, &key).ok().filter(|()| is_of_all)
    }
}

/// The two texts that an input's script holds: the signature and the key.
fn pushed(script: &Script) -> Option<[Vec<u8>; 2]> {
    let part = |instruction: Result<Instruction<'_>, _>| match instruction.ok()? {
        Instruction::PushBytes(bytes) => Some(bytes.as_bytes().to_vec()),
        Instruction::Op(_) => None,
    };
    script.instructions().map(part).collect::<Option<Vec<_>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::{ChainKind, Net};
    use crate::keychain::{Branch, Keychain, Place, Seed};
    use crate::spend::{Coin, Output, Payment};
    use proptest::prelude::*;

    const HOUSE: Place = Place { book: 5, branch: Branch::House, number: 0 };

    fn keys() -> Keychain {
        Keychain::new(Seed::new([7; 32]))
    }

    proptest! {
        #[test]
        fn what_is_signed_reads_back(nonce: u64, gas_limit: u64, fees in any::<(u128, u128)>(), amount: u128) {
            let (max_fee, max_priority_fee) = fees;
            let to = keys().address(Chain::EVM, Place { number: 1, ..HOUSE }).unwrap();
            let token = keys().address(Chain::EVM, Place { number: 2, ..HOUSE }).unwrap();
            for call in [Call::coin(&to, amount).unwrap(), Call::token(&token, &to, amount).unwrap()] {
                let expected = if call.data().is_empty() { None } else { Some((to.clone(), amount)) };
                prop_assert_eq!(call.as_token_transfer(), expected);
                let transaction = EvmTransaction { chain_id: 7, nonce, max_fee, max_priority_fee, gas_limit, call };
                let signed = keys().sign_evm(HOUSE, &transaction).unwrap();
                let from = keys().address(Chain::EVM, HOUSE).unwrap();
                prop_assert_eq!(read_evm(&signed.raw), Some(SentEvm { id: signed.id, from, transaction }));
            }
        }

        #[test]
        fn no_text_panics(text in "(0x02)?[0-9a-f]{0,200}") {
            prop_assert_eq!(read_evm(&text), None);
            let _ = read_spend(Chain { kind: ChainKind::Bitcoin, net: Net::Test }, &text);
        }
    }

    #[test]
    fn what_is_spent_reads_back() {
        for kind in [ChainKind::Bitcoin, ChainKind::Litecoin, ChainKind::Dogecoin] {
            let chain = Chain { kind, net: Net::Test };
            let house = keys().address(chain, HOUSE).unwrap();
            let to = keys().address(chain, Place { number: 1, ..HOUSE }).unwrap();
            let coin = |number: u32| Coin {
                transaction: format!("{number:064x}"),
                output: number,
                amount: 300_000_000,
                place: HOUSE,
            };
            let outputs = vec![Output { to: to.clone(), amount: 500_000_000 }];
            let payment = Payment { chain, outputs, change: HOUSE, rate: 2_000, max_fee: 10_000_000 };
            let plan = payment.plan(&[coin(1), coin(2)]).unwrap();
            let signed = keys().sign(&plan).unwrap();
            let sent = read_spend(chain, &signed.raw).unwrap();
            assert_eq!((&sent.id, sent.virtual_bytes), (&signed.id, signed.virtual_bytes));
            assert_eq!(sent.inputs, [1, 2].map(|number| (format!("{number:064x}"), number)));
            let change = (Some(house.clone()), plan.change.unwrap().amount);
            assert_eq!(sent.outputs, [(Some(to.clone()), 500_000_000), change]);
            let is_signed = |input, owner, amount| sent.is_signed(input, owner, amount, chain);
            assert!(is_signed(0, &house, 300_000_000) && is_signed(1, &house, 300_000_000));
            assert!(!is_signed(0, &to, 300_000_000) && !is_signed(2, &house, 300_000_000));
            // The amount is signed where there are witnesses.
            assert_eq!(is_signed(0, &house, 1), kind == ChainKind::Dogecoin);
        }
        assert_eq!(read_spend(Chain { kind: ChainKind::Bitcoin, net: Net::Test }, "00"), None);
    }
}
