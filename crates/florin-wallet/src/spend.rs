//! Payments of Bitcoin's kind: which outputs are spent, what it costs, and the signatures.
//!
//! A [`Payment`] says what is to be paid. From the outputs that are ours ([`Coin`]) it makes a [`Plan`], which is all
//! that decides over the transaction: signing the same plan gives the same bytes and the same id, so a plan that was
//! kept before it was signed can be signed again after a crash. A replacement spends every output that the plan before
//! it spent, so at most one of the two is ever in the chain.
//!
//! Coins are chosen largest first. That makes the smallest transaction, so the cheapest one, and needs no search. Its
//! price is that small outputs stay; they are spent when the large ones do not suffice.

use crate::address::Address;
use crate::chain::{Chain, Policy};
use crate::keychain::{DeriveError, Keychain, Place};
use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::hashes::Hash;
use bitcoin::secp256k1::{All, Message, PublicKey, Secp256k1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, SighashCache};
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, CompressedPublicKey, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    ecdsa,
};
use std::collections::BTreeSet;
use thiserror::Error;

/// Most outputs that are spent at once. An input in base 58 takes 147 bytes, so 500 take 74 kB: with the outputs below
/// the transaction stays under 100 kB, the largest that nodes relay.
const MAX_INPUTS: usize = 500;

/// Most outputs that are paid at once. An output takes 43 bytes at most.
const MAX_OUTPUTS: usize = 250;

/// What fee rates are counted by: a rate is the fee of so many virtual bytes.
pub(crate) const RATE_BYTES: u128 = 1_000;

/// An output of ours that can be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coin {
    /// The id of its transaction.
    pub transaction: String,
    /// Which output of the transaction.
    pub output: u32,
    /// The coin's smallest unit.
    pub amount: i64,
    /// Where its key is derived.
    pub place: Place,
}

/// Somebody who is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where.
    pub to: Address,
    /// The coin's smallest unit.
    pub amount: i64,
}

/// What is left over, and comes back. It is the transaction's last output.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where its key is derived.
    pub place: Place,
    /// The coin's smallest unit.
    pub amount: i64,
}

/// What is to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// On which chain.
    pub chain: Chain,
    /// To whom.
    pub outputs: Vec<Output>,
    /// Where the change goes.
    pub change: Place,
    /// The fee of 1,000 virtual bytes: thousandths of the coin's smallest unit for one. At least what nodes relay is
    /// paid.
    pub rate: u128,
    /// The most that the transaction may cost, whatever the rate: a rate is a node's word.
    pub max_fee: i64,
}

/// A transaction before it is signed: inputs = outputs + change + fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// On which chain.
    pub chain: Chain,
    /// What is spent, in this order.
    pub inputs: Vec<Coin>,
    /// Who is paid, in this order.
    pub outputs: Vec<Output>,
    /// What comes back.
    pub change: Option<Change>,
    /// What it costs.
    pub fee: i64,
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// As nodes take it, in hexadecimal digits.
    pub raw: String,
    /// Its id.
    pub id: String,
    /// What it costs.
    pub fee: i64,
    /// Its size, by which the fee is counted.
    pub virtual_bytes: u64,
    /// Which of its outputs is the change.
    pub change: Option<u32>,
}

/// Why there is no such transaction.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpendError {
    /// The chain has other transactions.
    #[error("this chain's transactions do not spend outputs")]
    Kind,
    /// Nobody is paid, or too many.
    #[error("a transaction pays 1 to {MAX_OUTPUTS} outputs")]
    Outputs,
    /// An output is so small that no node relays it.
    #[error("an output must be {0} or more")]
    Dust(i64),
    /// An amount is above all coins that there are.
    #[error("an amount is more than there can be")]
    Amount,
    /// The outputs that can be spent do not pay this and the fee.
    #[error("{0} is missing")]
    NotEnough(i64),
    /// It takes more outputs than fit into a transaction.
    #[error("it would spend more than {MAX_INPUTS} outputs")]
    TooManyInputs,
    /// It would cost more than it may.
    #[error("the fee would be {0}, which is above the limit")]
    FeeAboveLimit(i64),
    /// A replacement pays the same outputs on the same chain.
    #[error("a replacement must pay the same outputs on the same chain")]
    OtherPayment,
    /// The amounts of a plan do not add up, or it spends an output twice.
    #[error("the plan does not add up")]
    Plan,
    /// A coin's transaction has no id.
    #[error("a transaction's id must be 64 hexadecimal digits")]
    Id,
    /// An address is of another chain.
    #[error("an address is of another chain")]
    Address,
    /// There is no key.
    #[error(transparent)]
    Key(#[from] DeriveError),
    /// A signature could not be made.
    #[error("could not sign: {0}")]
    Sign(String),
}

/// What a transaction must spend and pay at least.
struct Least<'a> {
    /// Inputs that it has in any case.
    inputs: &'a [Coin],
    /// The fee of what it replaces.
    replaced: Option<i64>,
}

impl Payment {
    /// Chooses what is spent. The coins must be in the chain: change that waits for a block is not to be spent, for
    /// what it comes from may be replaced.
    ///
    /// # Errors
    /// The coins do not suffice, or it would cost too much.
    pub fn plan(&self, coins: &[Coin]) -> Result<Plan, SpendError> {
        self.choose(coins, &Least { inputs: &[], replaced: None })
    }

    /// The same payment with a higher fee, in place of one that waits: by this payment's rate, and at least what
    /// nodes ask of a replacement (BIP 125). It spends all that the other spent. The fee comes out of the change; where
    /// that is too little, it spends more coins.
    ///
    /// # Errors
    /// As for [`Self::plan`], or the payment is another one.
    pub fn replacement(&self, waiting: &Plan, coins: &[Coin]) -> Result<Plan, SpendError> {
        if waiting.chain != self.chain || waiting.outputs != self.outputs {
            return Err(SpendError::OtherPayment);
        }
        let is_new = |coin: &&Coin| !waiting.inputs.iter().any(|spent| point(spent) == point(coin));
        let others: Vec<_> = coins.iter().filter(is_new).cloned().collect();
        self.choose(&others, &Least { inputs: &waiting.inputs, replaced: Some(waiting.fee) })
    }

    fn choose(&self, coins: &[Coin], least: &Least<'_>) -> Result<Plan, SpendError> {
        let policy = self.chain.policy().ok_or(SpendError::Kind)?;
        let outputs = check_outputs(self.chain, policy, &self.outputs)?;
        let paid = sum(self.chain, self.outputs.iter().map(|output| output.amount))?;
        let mut coins: Vec<_> = coins.iter().collect();
        coins.sort_by_key(|coin| (std::cmp::Reverse(coin.amount), point(coin)));
        let mut more = coins.into_iter();
        let mut inputs = least.inputs.to_vec();
        loop {
            let size = |has_change| virtual_bytes(self.chain, inputs.len(), &outputs, has_change);
            let fee = |has_change| self.fee(policy, size(has_change), least.replaced);
            let given = sum(self.chain, inputs.iter().map(|coin| coin.amount))?;
            // What the outputs and the fee leave: with change the transaction is larger.
            let rest = given.saturating_sub(paid).saturating_sub(fee(false));
            if rest >= 0 && !inputs.is_empty() {
                let change = given - paid - fee(true);
                let change = (change >= policy.dust).then_some(Change { place: self.change, amount: change });
                let fee = given - paid - change.map_or(0, |change| change.amount);
                let inputs = inputs.clone();
                return self.below_limit(Plan {
                    chain: self.chain,
                    inputs,
                    outputs: self.outputs.clone(),
                    change,
                    fee,
                });
            }
            if inputs.len() >= MAX_INPUTS {
                return Err(SpendError::TooManyInputs);
            }
            let before = fee(false);
            let Some(next) = more.next() else { return Err(SpendError::NotEnough(rest.saturating_neg())) };
            inputs.push(next.clone());
            let after =
                self.fee(policy, virtual_bytes(self.chain, inputs.len(), &outputs, false), least.replaced);
            // This coin is worth less than spending it costs, and those after it are not larger.
            if next.amount <= after - before {
                return Err(SpendError::NotEnough(rest.saturating_neg()));
            }
        }
    }

    /// The fee of a size: by the rate, and no less than nodes ask.
    fn fee(&self, policy: Policy, virtual_bytes: u64, replaced: Option<i64>) -> i64 {
        let of_rate = |rate| fee_of(self.chain, rate, virtual_bytes);
        let least = replaced.map_or(0, |fee| fee.saturating_add(of_rate(policy.relay)));
        of_rate(self.rate.max(policy.relay)).max(least)
    }

    fn below_limit(&self, plan: Plan) -> Result<Plan, SpendError> {
        if plan.fee > self.max_fee { Err(SpendError::FeeAboveLimit(plan.fee)) } else { Ok(plan) }
    }
}

/// The fee of a size, rounded up.
fn fee_of(chain: Chain, rate: u128, virtual_bytes: u64) -> i64 {
    let fee = rate.saturating_mul(u128::from(virtual_bytes)).div_ceil(RATE_BYTES);
    // No amount is above `max_amount`, so this is a fee that nothing can pay.
    i64::try_from(fee).unwrap_or(i64::MAX).min(chain.max_amount())
}

/// The scripts of outputs that can be paid.
fn check_outputs(chain: Chain, policy: Policy, outputs: &[Output]) -> Result<Vec<ScriptBuf>, SpendError> {
    if outputs.is_empty() || outputs.len() > MAX_OUTPUTS {
        return Err(SpendError::Outputs);
    }
    if outputs.iter().any(|output| output.amount < policy.dust) {
        return Err(SpendError::Dust(policy.dust));
    }
    outputs.iter().map(|output| script_of(chain, &output.to)).collect()
}

fn script_of(chain: Chain, address: &Address) -> Result<ScriptBuf, SpendError> {
    address.script(chain).map(ScriptBuf::from_bytes).ok_or(SpendError::Address)
}

fn sum(chain: Chain, amounts: impl Iterator<Item = i64>) -> Result<i64, SpendError> {
    let is_possible = |amount: &i64| (0..=chain.max_amount()).contains(amount);
    let add = |sum: i64, amount: i64| {
        Some(amount).filter(is_possible).and_then(|amount| sum.checked_add(amount)).filter(is_possible)
    };
    amounts.into_iter().try_fold(0, add).ok_or(SpendError::Amount)
}

/// The size by which fees are counted (BIP 141): a quarter of the weight, rounded up. Signatures have 71 bytes at most.
fn virtual_bytes(chain: Chain, inputs: usize, outputs: &[ScriptBuf], has_change: bool) -> u64 {
    let has_witness = chain.human_readable_part().is_some();
    // A count takes three bytes from 253 on.
    let count = |count: usize| if count < 253 { 1 } else { 3 };
    let of_script = |bytes: usize| 8 + 1 + bytes;
    let change = if has_witness { 22 } else { 25 };
    let change = if has_change { of_script(change) } else { 0 };
    let paid: usize = outputs.iter().map(|script| of_script(script.len())).sum();
    let counts = count(inputs) + count(outputs.len() + usize::from(has_change));
    // Version and lock time; of an input the output that it spends, the sequence, and the length of its script.
    let (input, script, witness) = if has_witness { (41, 0, 1 + 1 + 71 + 1 + 33) } else { (41, 106, 0) };
    let plain = 8 + counts + inputs * (input + script) + paid + change;
    let weight = 4 * plain + if has_witness { 2 + inputs * witness } else { 0 };
    u64::try_from(weight.div_ceil(4)).unwrap_or(u64::MAX)
}

/// What an input names.
fn point(coin: &Coin) -> (&str, u32) {
    (&coin.transaction, coin.output)
}

impl Plan {
    /// Pays for a payment that waits by spending its change back to the same place, with a fee that is enough for both:
    /// a miner gets it only with the payment. It is for nodes that take no replacements, as Litecoin's by default.
    ///
    /// # Errors
    /// There is no change, it is too little, or it would cost too much.
    pub fn child(&self, signed: &Signed, rate: u128, max_fee: i64) -> Result<Self, SpendError> {
        let policy = self.chain.policy().ok_or(SpendError::Kind)?;
        let (Some(Change { place, amount }), Some(output)) = (self.change, signed.change) else {
            return Err(SpendError::NotEnough(policy.dust));
        };
        let size = virtual_bytes(self.chain, 1, &[], true);
        let both = fee_of(self.chain, rate.max(policy.relay), size.saturating_add(signed.virtual_bytes));
        let fee = both.saturating_sub(signed.fee).max(fee_of(self.chain, policy.relay, size));
        let left = amount.saturating_sub(fee);
        if left < policy.dust {
            return Err(SpendError::NotEnough(policy.dust.saturating_sub(left)));
        }
        if fee > max_fee {
            return Err(SpendError::FeeAboveLimit(fee));
        }
        let coin = Coin { transaction: signed.id.clone(), output, amount, place };
        let change = Some(Change { place, amount: left });
        Ok(Self { chain: self.chain, inputs: vec![coin], outputs: Vec::new(), change, fee })
    }

    fn check(&self) -> Result<(), SpendError> {
        let policy = self.chain.policy().ok_or(SpendError::Kind)?;
        let given = sum(self.chain, self.inputs.iter().map(|coin| coin.amount))?;
        let back = self.change.map(|change| change.amount);
        let out = self.outputs.iter().map(|output| output.amount).chain(back).chain([self.fee]);
        let points: BTreeSet<_> = self.inputs.iter().map(point).collect();
        let is_dust = back.is_some_and(|amount| amount < policy.dust);
        let is_whole = given == sum(self.chain, out)? && points.len() == self.inputs.len();
        if is_whole && !is_dust && !self.inputs.is_empty() { Ok(()) } else { Err(SpendError::Plan) }
    }

    fn unsigned(&self, change: Option<(Address, i64)>) -> Result<Transaction, SpendError> {
        let input = |coin: &Coin| {
            let txid: Txid = coin.transaction.parse().map_err(|_| SpendError::Id)?;
            let previous_output = OutPoint { txid, vout: coin.output };
            // Says that it may be replaced (BIP 125).
            let sequence = Sequence::ENABLE_RBF_NO_LOCKTIME;
            Ok(TxIn { previous_output, script_sig: ScriptBuf::new(), sequence, witness: Witness::new() })
        };
        let output = |to: &Address, amount: i64| {
            let value = Amount::from_sat(u64::try_from(amount).map_err(|_| SpendError::Amount)?);
            Ok(TxOut { value, script_pubkey: script_of(self.chain, to)? })
        };
        let paid = self.outputs.iter().map(|paid| output(&paid.to, paid.amount));
        let change = change.iter().map(|(to, amount)| output(to, *amount));
        Ok(Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: self.inputs.iter().map(input).collect::<Result<_, SpendError>>()?,
            output: paid.chain(change).collect::<Result<_, SpendError>>()?,
        })
    }
}

impl Keychain {
    /// Signs a plan. The same plan gives the same transaction.
    ///
    /// # Errors
    /// The plan is none that [`Payment`] makes, or there is no key.
    pub fn sign(&self, plan: &Plan) -> Result<Signed, SpendError> {
        plan.check()?;
        let (chain, has_witness) = (plan.chain, plan.chain.human_readable_part().is_some());
        let back = plan.change.map(|change| Ok((self.address(chain, change.place)?, change.amount)));
        let mut transaction = plan.unsigned(back.transpose().map_err(SpendError::Key)?)?;
        let mut signed = Vec::with_capacity(plan.inputs.len());
        let mut hashes = SighashCache::new(&transaction);
        for (index, coin) in plan.inputs.iter().enumerate() {
            let amount = u64::try_from(coin.amount).map_err(|_| SpendError::Amount)?;
            let made = self.with_key(chain, coin.place, |curve, key, public| {
                let hash = match has_witness {
                    true => witness_hash(&mut hashes, index, public, amount)?,
                    false => legacy_hash(&hashes, index, public)?,
                };
                Ok::<_, SpendError>((sign(curve, key, hash), *public))
            });
            signed.push(made??);
        }
        for (input, (signature, key)) in transaction.input.iter_mut().zip(signed) {
            match has_witness {
                true => input.witness = Witness::p2wpkh(&signature, &key),
                false => input.script_sig = key_script(&signature, &key),
            }
        }
        let change = plan.change.and_then(|_| u32::try_from(plan.outputs.len()).ok());
        let virtual_bytes = u64::try_from(transaction.vsize()).unwrap_or(u64::MAX);
        let id = transaction.compute_txid().to_string();
        Ok(Signed { raw: serialize_hex(&transaction), id, fee: plan.fee, virtual_bytes, change })
    }
}

/// What the signature of an input is about, where the key is paid by segregated witness (BIP 143). It holds the amount,
/// so a node that gave a wrong one gets a signature that is worth nothing.
pub(crate) fn witness_hash(
    hashes: &mut SighashCache<&Transaction>,
    index: usize,
    key: &PublicKey,
    amount: u64,
) -> Result<[u8; 32], SpendError> {
    let spent = ScriptBuf::new_p2wpkh(&CompressedPublicKey(*key).wpubkey_hash());
    let all = EcdsaSighashType::All;
    let hash = hashes.p2wpkh_signature_hash(index, &spent, Amount::from_sat(amount), all);
    hash.map(|hash| hash.to_byte_array()).map_err(|error| SpendError::Sign(error.to_string()))
}

/// What the signature of an input is about, where the key is paid in base 58. It says nothing of the amount: that must
/// come from a transaction whose bytes give its id.
pub(crate) fn legacy_hash(
    hashes: &SighashCache<&Transaction>,
    index: usize,
    key: &PublicKey,
) -> Result<[u8; 32], SpendError> {
    let spent = ScriptBuf::new_p2pkh(&CompressedPublicKey(*key).pubkey_hash());
    let hash = hashes.legacy_signature_hash(index, &spent, EcdsaSighashType::All.to_u32());
    hash.map(|hash| hash.to_byte_array()).map_err(|error| SpendError::Sign(error.to_string()))
}

/// A signature, by RFC 6979: without chance. Both its numbers are low, so with the byte that says what is
/// signed it has 71 bytes, seldom fewer.
fn sign(curve: &Secp256k1<All>, key: &SecretKey, hash: [u8; 32]) -> ecdsa::Signature {
    ecdsa::Signature {
        signature: curve.sign_ecdsa_low_r(&Message::from_digest(hash), key),
        sighash_type: EcdsaSighashType::All,
    }
}

/// The input's script for a key in base 58: the signature and the key, each with its length.
fn key_script(signature: &ecdsa::Signature, key: &PublicKey) -> ScriptBuf {
    let (signature, key) = (signature.to_vec(), key.serialize());
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    ScriptBuf::from_bytes([&[length(&signature)], &signature[..], &[length(&key)], &key[..]].concat())
}

#[cfg(test)]
#[path = "spend_tests.rs"]
mod tests;
