//! Blocks of Bitcoin's kind, read from their bytes.
//!
//! A block's id is the hash of its header, the header holds the root of its transactions' ids, and each of these is the
//! hash of the transaction. So everything that is read here is what the block's id stands for: a node can hide a block
//! or show one that nobody mined, but it can't show other amounts or addresses under the id of a block. It also spares
//! us numbers with a point, the node's own way to write addresses, and three quarters of the bytes of a block in JSON.
//!
//! What differs between chains: Litecoin's last transaction may have a flag of its own, and its extension block (MWEB)
//! follows then; Dogecoin's header may be followed by the proof that another chain's work counts for it (AuxPoW).

use bitcoin::block::Header;
use bitcoin::consensus::Decodable;
use bitcoin::{Transaction, TxIn, TxOut, Txid, VarInt, Witness, absolute, merkle_tree, transaction};
use florin_wallet::ChainKind;
use std::collections::HashSet;

/// The bit in the version of Dogecoin's headers that says that another chain's work follows.
const AUXILIARY: i32 = 1 << 8;

/// The bits that follow a transaction's version: it has a witness, and (Litecoin) it settles the extension block.
const WITNESS: u8 = 1;
const EXTENSION: u8 = 8;

/// A block, as far as it matters here.
pub(super) struct Read {
    /// Its id.
    pub hash: String,
    /// The id of the block before it.
    pub parent: String,
    /// Seconds since 1970.
    pub made_at: u32,
    /// In the chain's order; the first makes new coins.
    pub transactions: Vec<Paying>,
}

/// A transaction's outputs.
pub(super) struct Paying {
    pub id: Txid,
    pub outputs: Vec<TxOut>,
}

/// Reads a block.
///
/// # Errors
/// It is none of this kind, or its transactions are not those of its header.
pub(super) fn read(kind: ChainKind, bytes: &[u8]) -> Result<Read, String> {
    let rest = &mut &bytes[..];
    let header: Header = take(rest)?;
    if kind == ChainKind::Dogecoin && header.version.to_consensus() & AUXILIARY != 0 {
        skip_auxiliary(rest)?;
    }
    let count: VarInt = take(rest)?;
    // A transaction has 60 bytes at least, so memory for the count is asked for only where there are bytes for it.
    let most = usize::try_from(count.0).ok().filter(|count| *count <= rest.len() / 60);
    let mut transactions = Vec::with_capacity(most.ok_or("it has fewer transactions than it says")?);
    let mut has_extension = false;
    for number in 0..count.0 {
        let (transaction, flags) = transaction(rest)?;
        has_extension = flags & EXTENSION != 0;
        let is_last = number + 1 == count.0;
        if has_extension && !(kind == ChainKind::Litecoin && is_last) {
            return Err("a transaction has a flag that it can't have".to_owned());
        }
        if transaction.is_coinbase() != (number == 0) {
            return Err("not its first transaction alone makes new coins".to_owned());
        }
        transactions.push(Paying { id: transaction.compute_txid(), outputs: transaction.output });
    }
    if !rest.is_empty() && !has_extension {
        return Err("bytes follow after it".to_owned());
    }
    check_root(&header, &transactions)?;
    Ok(Read {
        hash: header.block_hash().to_string(),
        parent: header.prev_blockhash.to_string(),
        made_at: header.time,
        transactions,
    })
}

/// The transactions are those of the header. The tree is the same when its last leaves come twice (CVE-2012-2459), so
/// none may.
fn check_root(header: &Header, transactions: &[Paying]) -> Result<(), String> {
    let ids: HashSet<_> = transactions.iter().map(|transaction| transaction.id).collect();
    let root =
        merkle_tree::calculate_root(transactions.iter().map(|transaction| transaction.id.to_raw_hash()));
    let is_right = root.is_some_and(|root| root == header.merkle_root.to_raw_hash());
    match is_right && ids.len() == transactions.len() {
        true => Ok(()),
        false => Err("its transactions are not those of its header".to_owned()),
    }
}

/// Reads a transaction, without its witness, and its flags.
fn transaction(rest: &mut &[u8]) -> Result<(Transaction, u8), String> {
    let version: i32 = take(rest)?;
    // No transaction has no inputs: a zero here says that flags follow.
    let flags = match **rest {
        [0, flags, ..] => {
            *rest = &rest[2..];
            flags
        }
        _ => 0,
    };
    let (input, output): (Vec<TxIn>, Vec<TxOut>) = (take(rest)?, take(rest)?);
    if flags & WITNESS != 0 {
        for _ in &input {
            take::<Witness>(rest)?;
        }
    }
    if flags & !(WITNESS | EXTENSION) != 0 {
        return Err("a transaction has unknown flags".to_owned());
    }
    // In a block nothing of the extension is within a transaction: it is one zero.
    if flags & EXTENSION != 0 && take::<u8>(rest)? != 0 {
        return Err("a transaction has a part that belongs into the extension block".to_owned());
    }
    let lock_time: absolute::LockTime = take(rest)?;
    Ok((Transaction { version: transaction::Version(version), lock_time, input, output }, flags))
}

/// Another chain's transaction, its place in a block there, the place of this block in it, and that block's header.
fn skip_auxiliary(rest: &mut &[u8]) -> Result<(), String> {
    transaction(rest)?;
    take::<[u8; 32]>(rest)?;
    for _ in 0..2 {
        let branch: VarInt = take(rest)?;
        for _ in 0..branch.0 {
            take::<[u8; 32]>(rest)?;
        }
        take::<i32>(rest)?;
    }
    take::<Header>(rest).map(drop)
}

fn take<T: Decodable>(rest: &mut &[u8]) -> Result<T, String> {
    T::consensus_decode(rest).map_err(|error| error.to_string())
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
