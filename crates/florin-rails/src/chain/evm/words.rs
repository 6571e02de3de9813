//! What nodes mean by their errors. JSON-RPC has no numbers for them, so each program has words of its own, and some
//! numbers are shared by all errors.

use super::rpc::RpcError;

/// What a node's error about a transaction means.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The node has the transaction already.
    Known,
    /// A transaction with this nonce is in the chain: this one, or another.
    NonceUsed,
    /// It is not taken.
    Refused,
    /// It says nothing about the transaction: the node can't now.
    Unavailable,
}

/// Numbers by which nodes say that they do not take a transaction: of the server (geth and its like), rejected
/// (EIP-1474), OpenEthereum's and Nethermind's own, and invalid parameters, for bytes that are no transaction.
const REFUSALS: [i64; 5] = [-32_000, -32_003, -32_010, -32_015, -32_602];

/// What the error means that came for a transaction.
pub fn of_broadcast(error: &RpcError) -> Meaning {
    let words = error.message.to_ascii_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    // "known transaction" stands in "unknown transaction type" too.
    if says(&["already known", "alreadyknown", "already imported", "already in the pool"])
        || words.starts_with("known transaction")
    {
        Meaning::Known
    } else if says(&["nonce too low", "nonce is too low", "oldnonce", "nonce_too_low"]) {
        Meaning::NonceUsed
    } else if REFUSALS.contains(&error.code) {
        Meaning::Refused
    } else {
        Meaning::Unavailable
    }
}

/// Whether an error says that a call would fail in the chain: 3 is the number of a contract's refusal.
pub fn is_failure(error: &RpcError) -> bool {
    let words = error.message.to_ascii_lowercase();
    let says = |part| words.contains(part);
    error.code == 3 || says("revert") || says("insufficient funds") || says("insufficient balance")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: i64, message: &str) -> RpcError {
        RpcError { code, message: message.to_owned() }
    }

    #[test]
    fn each_program_says_it_in_its_own_words() {
        for (code, message, meaning) in [
            // geth, reth, bor
            (-32_000, "already known", Meaning::Known),
            (-32_000, "nonce too low: next nonce 3, tx nonce 2", Meaning::NonceUsed),
            (-32_000, "replacement transaction underpriced", Meaning::Refused),
            (-32_000, "transaction underpriced: gas tip cap 0, minimum needed 1", Meaning::Refused),
            (-32_000, "insufficient funds for gas * price + value: balance 0", Meaning::Refused),
            (-32_000, "invalid chain id for signer: have 1 want 137", Meaning::Refused),
            (-32_005, "limit exceeded", Meaning::Unavailable),
            // anvil
            (-32_003, "transaction already imported", Meaning::Known),
            (-32_003, "nonce too low", Meaning::NonceUsed),
            (-32_602, "Failed to decode transaction", Meaning::Refused),
            // Nethermind
            (-32_010, "AlreadyKnown", Meaning::Known),
            (-32_010, "OldNonce, Current nonce: 5, nonce of rejected tx: 4", Meaning::NonceUsed),
            // Besu
            (-32_000, "Known transaction", Meaning::Known),
            (-32_001, "Nonce too low", Meaning::NonceUsed),
            // OpenEthereum
            (-32_010, "Transaction with the same hash was already imported.", Meaning::Known),
            (-32_000, "unknown transaction type", Meaning::Refused),
            (-32_601, "the method eth_sendRawTransaction does not exist", Meaning::Unavailable),
            (-32_603, "internal error", Meaning::Unavailable),
            (429, "too many requests", Meaning::Unavailable),
        ] {
            assert_eq!(of_broadcast(&error(code, message)), meaning, "{message}");
        }
        assert!(is_failure(&error(3, "ERC20: transfer amount exceeds balance")));
        assert!(is_failure(&error(-32_000, "execution reverted")));
        assert!(!is_failure(&error(-32_000, "header not found")));
    }
}
