//! A node that lies: every lie that can be seen is an error, and never a transfer.

use super::fake::{Fake, Reply, TOKEN, word};
use super::*;
use florin_rails::chain::evm::{Gas, Nonces, Offer};
use florin_rails::chain::{BlockRef, Broadcast, NodeError, TransactionState, Transfer};
use serde_json::{Value, json};
use std::time::Duration;

/// Whether the caller is told that the node can't be asked, or that it can't be believed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Seen {
    Unavailable,
    Unbelievable,
}

fn seen<T: std::fmt::Debug>(result: Result<T, NodeError>) -> Seen {
    match result.unwrap_err() {
        NodeError::Unavailable(_) => Seen::Unavailable,
        NodeError::Unbelievable(_) => Seen::Unbelievable,
    }
}

/// Changes one value of the answers to one method.
fn change(fake: &Fake, method: &'static str, pointer: &'static str, value: Value) {
    fake.lie(move |asked, _, mut truth| {
        if asked == method {
            *truth.pointer_mut(pointer).unwrap() = value.clone();
        }
        Reply::Result(truth)
    });
}

const BLOCK: &str = "eth_getBlockByNumber";
const RECEIPTS: &str = "eth_getBlockReceipts";

#[tokio::test]
async fn an_honest_block_has_its_transfers() {
    let fake = Fake::start().await;
    let node = fake.node();
    node.check().await.unwrap();
    assert_eq!(node.tip().await.unwrap(), BlockRef { height: 3, hash: word(103) });
    assert_eq!(node.hash(2).await.unwrap(), Some(word(102)));
    assert_eq!((node.hash(4).await.unwrap(), node.block(4).await.unwrap()), (None, None));
    let block = node.block(1).await.unwrap().unwrap();
    let transfer = |transaction, output, to: i64, currency, amount| Transfer {
        transaction: word(transaction),
        output,
        to: holder(to).into_string(),
        // The fake's transactions do not say who sent them, and its logs do.
        from: (output > 0).then(|| format!("0x{:040x}", 1)),
        currency,
        amount,
    };
    let expected = [transfer(1000, 0, 1, ETH, 160_000_000), transfer(1001, 2, 2, USDC, 1_500_000)];
    assert_eq!(block.transfers, expected);
    assert_eq!((block.parent, block.at.hash), (word(100), word(101)));
}

#[tokio::test]
async fn a_block_that_cannot_be_true_is_none() {
    let fake = Fake::start().await;
    let node = fake.node();
    let huge = json!(format!("0x8{}", "0".repeat(63)));
    // 2^120 of the token's smallest unit, and an ether more than can be counted in 64 bits.
    let large = json!(word(1 << 120));
    use Seen::{Unavailable, Unbelievable};
    for (method, pointer, value, expected) in [
        (BLOCK, "/number", json!("0x2"), Unbelievable),
        (BLOCK, "/hash", json!("0x12"), Unbelievable),
        (BLOCK, "/hash", json!(null), Unbelievable),
        (BLOCK, "/hash", json!(word(1)), Unavailable),
        (BLOCK, "/timestamp", json!("0xffffffffffffffff"), Unbelievable),
        (BLOCK, "/transactions", json!([word(1)]), Unbelievable),
        (BLOCK, "/transactions/0/value", huge.clone(), Unbelievable),
        (BLOCK, "/transactions/0/value", json!("0xffffffffffffffffffffffffffff"), Unbelievable),
        (BLOCK, "/transactions/0/value", json!(5), Unbelievable),
        (BLOCK, "/transactions/0/hash", json!(word(1)), Unbelievable),
        (RECEIPTS, "", json!(null), Unavailable),
        (RECEIPTS, "", json!([]), Unbelievable),
        (RECEIPTS, "", json!({}), Unbelievable),
        (RECEIPTS, "/0/blockHash", json!(word(1)), Unavailable),
        (RECEIPTS, "/1/transactionHash", json!(word(1000)), Unbelievable),
        (RECEIPTS, "/1/status", json!("0x2"), Unbelievable),
        (RECEIPTS, "/1/status", json!(null), Unbelievable),
        (RECEIPTS, "/1/logs", json!(null), Unbelievable),
        (RECEIPTS, "/1/logs/0/logIndex", json!("0x9"), Unbelievable),
        (RECEIPTS, "/1/logs/1/data", huge, Unbelievable),
        (RECEIPTS, "/1/logs/1/data", large, Unbelievable),
        (RECEIPTS, "/1/logs/1/topics/0", json!("0xzz"), Unbelievable),
    ] {
        change(&fake, method, pointer, value.clone());
        assert_eq!(seen(node.block(1).await), expected, "{method} {pointer} {value}");
    }
    fake.be_honest();
    assert_eq!(node.block(1).await.unwrap().unwrap().transfers.len(), 2);
}

#[tokio::test]
async fn a_log_that_is_no_transfer_is_left_out() {
    let fake = Fake::start().await;
    let node = fake.node();
    for (pointer, value) in [
        ("/1/logs/1/removed", json!(true)),
        ("/1/logs/1/address", json!("0x00000000000000000000000000000000000000ff")),
        ("/1/logs/1/topics", json!([])),
        ("/1/logs/1/topics/0", json!(word(1))),
        ("/1/logs/1/topics", json!([word(1), word(1), word(1), word(1)])),
        // Not padded with zeros: no address.
        ("/1/logs/1/topics/2", json!(format!("0x{}", "11".repeat(32)))),
        ("/1/logs/1/data", json!("0x")),
        ("/1/logs/1/data", json!(format!("{}00", word(5)))),
        ("/1/logs/1/data", json!(word(0))),
        ("/1/status", json!("0x0")),
    ] {
        change(&fake, RECEIPTS, pointer, value.clone());
        let transfers = node.block(1).await.unwrap().unwrap().transfers;
        assert_eq!(transfers.len(), 1, "{pointer} {value}");
        assert_eq!(transfers[0].currency, ETH);
    }
}

#[tokio::test]
async fn whatever_is_no_answer_is_an_error_of_every_call() {
    let fake = Fake::start().await;
    let patient = fake.node();
    let hasty = EvmNode::new(Settings { timeout: Duration::from_millis(50), ..fake.settings() }).unwrap();
    let deep = format!(r#"{{"id":ID,"result":{}"#, "[".repeat(100_000));
    use Seen::{Unavailable, Unbelievable};
    for (reply, expected) in [
        (Reply::Hang, Unavailable),
        (Reply::Head("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"), Unavailable),
        (Reply::Head("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"), Unavailable),
        (
            Reply::Head("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"),
            Unavailable,
        ),
        (Reply::Head("nonsense\r\n\r\n"), Unavailable),
        (Reply::Error(-32_000, "header not found".to_owned()), Unavailable),
        (Reply::Error(-32_005, "limit exceeded".to_owned()), Unavailable),
        (Reply::Body("<html>".to_owned()), Unbelievable),
        (Reply::Body(String::new()), Unbelievable),
        (Reply::Body(r#"{"jsonrpc":"2.0","id":ID}"#.to_owned()), Unbelievable),
        (Reply::Body(r#"{"jsonrpc":"2.0","id":0,"result":null}"#.to_owned()), Unbelievable),
        (Reply::Body(r#"{"jsonrpc":"2.0","id":ID,"result":[{}]}"#.to_owned()), Unbelievable),
        (Reply::Body(deep), Unbelievable),
    ] {
        let shown: String = format!("{reply:?}").chars().take(80).collect();
        let node = if matches!(reply, Reply::Hang) { &hasty } else { &patient };
        fake.lie(move |_, _, _| reply.clone());
        assert_eq!(seen(node.check().await), expected, "{shown}");
        assert_eq!(seen(node.tip().await), expected, "{shown}");
        assert_eq!(seen(node.hash(1).await), expected, "{shown}");
        assert_eq!(seen(node.block(1).await), expected, "{shown}");
        assert_eq!(seen(node.fees().await), expected, "{shown}");
        assert_eq!(seen(node.transaction(&word(1000)).await), expected, "{shown}");
        assert_eq!(seen(node.balance(holder(1).as_str(), USDC).await), expected, "{shown}");
        assert_eq!(seen(node.nonces(&house()).await), expected, "{shown}");
        assert_eq!(seen(Follower::new(1, 9, []).step(node).await.map_err(node_error)), expected, "{shown}");
    }
}

/// The truth, with 10 MB more than a block may have.
#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read() {
    let fake = Fake::start().await;
    let node = fake.node();
    let padding = "x".repeat(MAX_BLOCK + 10_000_000);
    fake.lie(move |_, _, truth| {
        Reply::Body(format!(r#"{{"jsonrpc":"2.0","id":ID,"x":"{padding}","result":{truth}}}"#))
    });
    assert_eq!(seen(node.check().await), Seen::Unbelievable);
    assert_eq!(seen(node.tip().await), Seen::Unbelievable);
    assert_eq!(seen(node.block(1).await), Seen::Unbelievable);
    assert_eq!(seen(node.transaction(&word(1000)).await), Seen::Unbelievable);
    assert_eq!(seen(node.balance(holder(1).as_str(), ETH).await), Seen::Unbelievable);
    let roomy = EvmNode::new(Settings { max_block_bytes: 20_000_000, ..fake.settings() }).unwrap();
    assert_eq!(roomy.block(1).await.unwrap().unwrap().transfers.len(), 2);
}

fn node_error(error: FollowError) -> NodeError {
    match error {
        FollowError::Node(error) => error,
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_node_of_another_chain_is_noticed() {
    let fake = Fake::start().await;
    fake.lie(|_, _, _| Reply::Result(json!("0x1")));
    let error = fake.node().check().await.unwrap_err();
    assert_eq!(error.to_string(), "the node can't be believed: it is of chain 1, not 137");
    let gone = EvmNode::new(Settings { url: "http://127.0.0.1:1".to_owned(), ..fake.settings() }).unwrap();
    assert_eq!(seen(gone.check().await), Seen::Unavailable);
}

/// The address may have a key in it: no error shows it.
#[tokio::test]
async fn no_error_shows_the_address() {
    let fake = Fake::start().await;
    for url in ["http://user:secret@127.0.0.1:1/secret", "http://secret.invalid/secret"] {
        let node = EvmNode::new(Settings { url: url.to_owned(), ..fake.settings() }).unwrap();
        let error = format!("{:?} {node:?}", node.check().await.unwrap_err());
        assert!(!error.contains("secret"), "{error}");
    }
    for url in ["secret", "ftp://secret"] {
        let error = EvmNode::new(Settings { url: url.to_owned(), ..fake.settings() }).unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_node_that_goes_backwards_is_waited_for() {
    let fake = Fake::start().await;
    let node = fake.node();
    let mut follower = Follower::new(1, 9, []);
    assert_eq!(connected(&catch_up(&mut follower, &node).await.unwrap()).len(), 3);
    fake.height(1);
    assert_eq!(catch_up(&mut follower, &node).await.unwrap(), []);
    fake.height(5);
    let heights: Vec<_> = connected(&catch_up(&mut follower, &node).await.unwrap())
        .iter()
        .map(|block| block.at.height)
        .collect();
    assert_eq!(heights, [4, 5]);
    // A chain of which none of the remembered blocks is a part.
    fake.lie(|method, _, mut truth| {
        if method == BLOCK && truth.is_object() {
            truth["hash"] = json!(word(1));
            truth["parentHash"] = json!(word(2));
            truth["transactions"] = json!([]);
        }
        Reply::Result(truth)
    });
    assert!(matches!(catch_up(&mut follower, &node).await, Err(FollowError::TooDeep(5))));
}

#[tokio::test]
async fn a_lie_about_fees_and_gas_costs_little() {
    let fake = Fake::start().await;
    let node = fake.node();
    let offers = node.offers().await.unwrap();
    assert_eq!(offers.usual, Offer { max_fee: 2 * 110 + 3, max_priority_fee: 3 });
    change(&fake, "eth_feeHistory", "/baseFeePerGas/1", json!("0xffffffffffffffffffffffffffffffff"));
    let fees = node.fees().await.unwrap();
    assert_eq!((fees.usual, fees.urgent), (MAX_FEE, MAX_FEE));
    change(&fake, "eth_feeHistory", "/baseFeePerGas", json!([]));
    assert_eq!(seen(node.fees().await), Seen::Unbelievable);
    let coin = node.payment(&holder(1), ETH, 5).unwrap();
    let token = node.payment(&holder(1), USDC, 5).unwrap();
    fake.be_honest();
    assert_eq!(node.gas(&house(), &coin).await.unwrap(), Gas::Limit(26_250));
    assert_eq!(node.gas(&house(), &token).await.unwrap(), Gas::Limit(100_000));
    for (estimate, expected) in [(json!("0x3a981"), Seen::Unbelievable), (json!("0x"), Seen::Unbelievable)] {
        change(&fake, "eth_estimateGas", "", estimate);
        assert_eq!(seen(node.gas(&house(), &token).await), expected);
    }
    fake.lie(|_, _, _| Reply::Error(3, "execution reverted".to_owned()));
    assert_eq!(node.gas(&house(), &token).await.unwrap(), Gas::Fails("execution reverted".to_owned()));
    fake.lie(|_, _, _| Reply::Error(-32_000, "header not found".to_owned()));
    assert_eq!(seen(node.gas(&house(), &token).await), Seen::Unavailable);
}

#[tokio::test]
async fn a_lie_about_a_transaction_or_a_balance_is_noticed() {
    let fake = Fake::start().await;
    let node = fake.node();
    let block = BlockRef { height: 1, hash: word(101) };
    // 21,000 × 1 gwei are 21 thousandths of a thousandth of an ether: 2,100 of its 8 decimals.
    let included = TransactionState::Included { block, is_failed: false, fee: Some(2_100) };
    assert_eq!(node.transaction(&word(1000)).await.unwrap(), included);
    assert_eq!(seen(node.transaction(&word(1001)).await), Seen::Unbelievable);
    assert_eq!(node.transaction("nonsense").await.unwrap(), TransactionState::Unknown);
    for (pointer, value) in [
        ("/status", json!("0x7")),
        ("/effectiveGasPrice", json!("0xffffffffffffffffffffffffffffffff")),
        ("/gasUsed", json!("0xffffffffffffffffffffffff")),
    ] {
        change(&fake, "eth_getTransactionReceipt", pointer, value);
        assert_eq!(seen(node.transaction(&word(1000)).await), Seen::Unbelievable, "{pointer}");
    }
    fake.be_honest();
    assert_eq!(node.balance(holder(1).as_str(), ETH).await.unwrap(), 429_496_729);
    assert_eq!(node.balance(holder(1).as_str(), USDC).await.unwrap(), 77);
    assert_eq!(node.nonces(&house()).await.unwrap(), Nonces { included: 5, pending: 7 });
    assert_eq!(seen(node.balance(holder(1).as_str(), CurrencyCode::new("btc")).await), Seen::Unavailable);
    assert_eq!(seen(node.balance("nobody", ETH).await), Seen::Unavailable);
    // No contract is at the address; more than there can be.
    for value in [json!("0x"), json!(format!("0x8{}", "0".repeat(63))), json!(word(1 << 100))] {
        change(&fake, "eth_call", "", value);
        assert_eq!(seen(node.balance(holder(1).as_str(), USDC).await), Seen::Unbelievable);
    }
}

#[tokio::test]
async fn balances_are_those_by_one_block() {
    let fake = Fake::start().await;
    let node = fake.node();
    let addresses = [1, 2].map(|number| holder(number).into_string());
    let at = |height: u64, id: u128| BlockRef { height, hash: word(id) };
    fake.lie(|method, params, truth| {
        let is_by_number = match method {
            "eth_call" | "eth_getBalance" => params[1] == "0x2",
            _ => true,
        };
        assert!(is_by_number, "{method} {params}");
        Reply::Result(truth)
    });
    assert_eq!(node.balances(&at(2, 102), &addresses, USDC).await.unwrap(), [77, 77]);
    assert_eq!(node.balances(&at(2, 102), &addresses, ETH).await.unwrap(), [429_496_729; 2]);
    assert_eq!(seen(node.balances(&at(2, 999), &addresses, USDC).await), Seen::Unavailable);
    assert!(node.has_rests(ETH) && !node.has_rests(USDC) && !node.has_rests(CurrencyCode::new("btc")));
}

#[tokio::test]
async fn what_a_node_says_to_a_transaction_is_understood() {
    let fake = Fake::start().await;
    let node = fake.node();
    let raw = "0x02f86c";
    let id = florin_wallet::evm_transaction_id(raw).unwrap();
    let says = |reply: Reply, known: Option<String>| {
        fake.lie(move |method, _, _| match method {
            "eth_sendRawTransaction" => reply.clone(),
            _ => Reply::Result(known.as_ref().map_or(Value::Null, |id| json!({"hash": id, "value": "0x0"}))),
        });
    };
    let error = |message: &str| Reply::Error(-32_000, message.to_owned());
    let low = "nonce too low".to_owned();
    for (reply, known, expected) in [
        (Reply::Result(json!(id)), None, Broadcast::Taken),
        (error("already known"), None, Broadcast::Taken),
        (error("nonce too low"), Some(id.clone()), Broadcast::Taken),
        (error("nonce too low"), None, Broadcast::Conflict(low)),
        (
            error("replacement transaction underpriced"),
            None,
            Broadcast::Refused("replacement transaction underpriced".to_owned()),
        ),
    ] {
        says(reply, known);
        assert_eq!(node.broadcast(raw).await.unwrap(), expected);
    }
    for (reply, known, expected) in [
        (Reply::Result(json!(word(1))), None, Seen::Unbelievable),
        (error("nonce too low"), Some(word(1)), Seen::Unbelievable),
        (Reply::Error(-32_603, "internal error".to_owned()), None, Seen::Unavailable),
        (Reply::Result(Value::Null), None, Seen::Unbelievable),
    ] {
        says(reply, known);
        assert_eq!(seen(node.broadcast(raw).await), expected);
    }
    assert!(matches!(node.broadcast("nonsense").await.unwrap(), Broadcast::Refused(_)));
}

#[test]
fn a_payment_is_of_what_is_configured() {
    let node = EvmNode::new(settings("http://127.0.0.1:1", 1, &address(TOKEN))).unwrap();
    assert_eq!(node.payment(&holder(1), ETH, 5).unwrap().value(), 50_000_000_000);
    assert_eq!(node.payment(&holder(1), USDC, 5).unwrap().to(), &address(TOKEN));
    assert_eq!(node.payment(&holder(1), CurrencyCode::new("btc"), 5), None);
    assert_eq!((node.payment(&holder(1), ETH, 0), node.payment(&holder(1), USDC, -1)), (None, None));
    assert_eq!((node.network(), node.chain_id()), ("ethereum", 1));
}
