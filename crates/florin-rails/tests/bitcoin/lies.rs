//! A node that lies, hangs, goes backwards, or answers garbage: never a transfer that is not in the block, no panic.

use super::fake::{Fake, FakeBlock, Reply, chain, fake_block, honest, transaction};
use super::{COIN, FEES, PASSWORD, client, holder, keys, local};
use bitcoin::hashes::Hash;
use florin_rails::chain::bitcoin::BitcoinNode;
use florin_rails::chain::{
    BlockRef, Broadcast, ChainNode, FeeRate, FollowError, Follower, NodeError, Step, TransactionState,
};
use florin_wallet::{Address, ChainKind};
use proptest::prelude::*;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longer than a test may take.
const PATIENT: Duration = Duration::from_secs(60);
const KIND: ChainKind = ChainKind::Bitcoin;

fn address() -> Address {
    keys().address(local(KIND), holder(1)).unwrap()
}

fn script() -> Vec<u8> {
    address().script(local(KIND)).unwrap()
}

fn node(fake: &Fake, genesis: &str) -> BitcoinNode {
    client(KIND, &fake.url, genesis, PATIENT)
}

/// A node that answers every question in one way.
async fn always(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Fake {
    Fake::start(move |_, _| reply()).await
}

fn is_unbelievable<T>(answer: Result<T, NodeError>) -> bool {
    matches!(answer, Err(NodeError::Unbelievable(_)))
}

fn is_unavailable<T>(answer: Result<T, NodeError>) -> bool {
    matches!(answer, Err(NodeError::Unavailable(_)))
}

#[tokio::test]
async fn an_honest_node_is_followed_and_its_genesis_is_checked() {
    let blocks = chain(4, 0, &script());
    let genesis = blocks[0].hash.clone();
    let fake = Fake::start(move |method, parameters| honest(&blocks, method, parameters)).await;
    let one = node(&fake, &genesis);
    one.check().await.unwrap();
    assert!(is_unbelievable(node(&fake, &"1".repeat(64)).check().await));
    assert_eq!(one.tip().await.unwrap().height, 3);
    let block = one.block(2).await.unwrap().unwrap();
    assert_eq!(block.transfers.len(), 1);
    let transfer = &block.transfers[0];
    assert_eq!((&*transfer.to, transfer.amount, transfer.output), (address().as_str(), 1, 0));
    assert!(one.block(4).await.unwrap().is_none());
    // The password goes to the node, and is in no request's address.
    let request = fake.requests.lock().unwrap()[0].to_lowercase();
    assert!(request.contains("authorization: basic") && !request.contains(PASSWORD));
}

#[tokio::test]
async fn new_coins_come_when_they_can_be_spent() {
    let paid = transaction(0, 0, 0, &script());
    let mut made = paid.clone();
    made.output[0].value = bitcoin::Amount::from_sat(50);
    let (mut parent, first) = fake_block(bitcoin::BlockHash::all_zeros(), &[made.clone()]);
    let mut blocks = vec![first];
    for height in 1..=101 {
        let block;
        (parent, block) = fake_block(parent, &[transaction(height, 0, 0, &script())]);
        blocks.push(block);
    }
    let fake = Fake::start(move |method, parameters| honest(&blocks, method, parameters)).await;
    let one = node(&fake, &"1".repeat(64));
    for height in [0, 99, 101] {
        assert_eq!(one.block(height).await.unwrap().unwrap().transfers, []);
    }
    let transfers = one.block(100).await.unwrap().unwrap().transfers;
    assert_eq!((transfers.len(), transfers[0].amount), (1, 50));
    assert_eq!(transfers[0].transaction, made.compute_txid().to_string());
}

#[tokio::test]
async fn a_node_that_is_silent_is_left_in_time() {
    for reply in [|| Reply::Silence, || Reply::Stall] {
        let fake = always(reply).await;
        let one = client(KIND, &fake.url, &"1".repeat(64), Duration::from_millis(50));
        assert!(is_unavailable(one.block(1).await));
        assert!(is_unavailable(one.balance(address().as_str(), COIN).await));
    }
    // Nobody is there.
    let one = client(KIND, "http://127.0.0.1:1/", &"1".repeat(64), PATIENT);
    let error = one.tip().await.unwrap_err().to_string();
    assert!(error.contains("refused") && !error.contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn garbage_and_too_much_of_it_is_no_answer() {
    let texts = ["", "<html>", "{}", "[]", "null", "{\"result\":{}", "{\"result\":0,\"id\":999}"];
    for text in texts {
        let fake = always(move || Reply::Http(200, text.into())).await;
        let one = node(&fake, &"1".repeat(64));
        assert!(is_unbelievable(one.check().await), "{text}");
        assert!(is_unbelievable(one.block(1).await), "{text}");
        assert!(is_unbelievable(one.transaction("00").await), "{text}");
    }
    let fake = always(|| Reply::Endless).await;
    let one = node(&fake, &"1".repeat(64));
    assert!(is_unbelievable(one.tip().await));
    assert!(is_unbelievable(one.balance(address().as_str(), COIN).await));
    // It is not read at all if it says before that it is too long.
    let fake = always(|| Reply::Http(200, vec![b' '; 3 << 20])).await;
    assert!(is_unbelievable(node(&fake, &"1".repeat(64)).tip().await));
}

#[tokio::test]
async fn errors_are_no_answers() {
    for (code, message) in
        [(-28, "Loading block index..."), (-32601, "Method not found"), (-1, "pruned data")]
    {
        let fake = always(move || Reply::Error(code, message)).await;
        let one = node(&fake, &"1".repeat(64));
        assert!(is_unavailable(one.check().await) && is_unavailable(one.block(1).await));
        assert!(is_unavailable(one.fees().await) && is_unavailable(one.transaction("00").await));
        assert!(is_unavailable(one.balance(address().as_str(), COIN).await));
    }
    for status in [302, 401, 403, 404, 429, 500, 503] {
        let fake = always(move || Reply::Http(status, b"no".to_vec())).await;
        let error = node(&fake, &"1".repeat(64)).tip().await.unwrap_err();
        assert!(
            matches!(&error, NodeError::Unavailable(why) if why.contains(&status.to_string())),
            "{error}"
        );
    }
}

#[tokio::test]
async fn another_block_than_was_asked_for_brings_nothing() {
    let (blocks, others) = (chain(6, 0, &script()), chain(6, 1, &script()));
    let asked = blocks.clone();
    let fake = Fake::start(move |method, parameters| match method {
        "getblock" => Reply::Result(format!("\"{}\"", others[3].digits)),
        _ => honest(&asked, method, parameters),
    })
    .await;
    assert!(is_unbelievable(node(&fake, &"1".repeat(64)).block(3).await));
    // Its own block 2 in the place of block 4: it does not follow on block 3, which is still there.
    let fake = Fake::start(move |method, parameters| match (method, parameters[0].as_u64()) {
        ("getblockhash", Some(4)) => Reply::Result(format!("\"{}\"", blocks[2].hash)),
        _ => honest(&blocks, method, parameters),
    })
    .await;
    let one = node(&fake, &"1".repeat(64));
    let mut follower = Follower::new(0, 10, []);
    for _ in 0..4 {
        let step = follower.step(&one).await.unwrap();
        assert!(matches!(step, Step::Connect(_)));
        follower.apply(&step);
    }
    let error = follower.step(&one).await.unwrap_err();
    assert!(matches!(error, FollowError::Node(NodeError::Unbelievable(_))), "{error}");
}

#[tokio::test]
async fn amounts_that_cannot_be_bring_nothing() {
    for amount in [u64::MAX, 1 << 63, 21_000_000 * 100_000_000 + 1] {
        let transactions = [transaction(0, 0, 0, &script()), transaction(0, 0, amount, &script())];
        let blocks = vec![fake_block(bitcoin::BlockHash::all_zeros(), &transactions).1];
        let fake = Fake::start(move |method, parameters| honest(&blocks, method, parameters)).await;
        assert!(is_unbelievable(node(&fake, &"1".repeat(64)).block(0).await), "{amount}");
    }
    let digits: String = script().iter().map(|byte| format!("{byte:02x}")).collect();
    let (id, other) = ("7".repeat(64), "6a00");
    for (amount, script, total) in [
        ("-1.00000000", &*digits, "-1.00000000"),
        ("21000000.00000001", &digits, "21000000.00000001"),
        ("1e-8", &digits, "1e-8"),
        ("1.00000000", &digits, "2.00000000"),
        ("1.00000000", other, "1.00000000"),
    ] {
        let answer = format!(
            r#"{{"success":true,"unspents":[{{"txid":"{id}","vout":0,"scriptPubKey":"{script}","amount":{amount},
               "height":5}}],"total_amount":{total}}}"#
        );
        let fake = always(move || Reply::Result(answer.clone())).await;
        let balance = node(&fake, &"1".repeat(64)).balance(address().as_str(), COIN).await;
        assert!(is_unbelievable(balance), "{amount} {total}");
    }
    let wrong = always(|| Reply::Result(r#"{"feerate":-0.00001}"#.to_owned())).await;
    assert!(is_unbelievable(node(&wrong, &"1".repeat(64)).fees().await));
}

#[tokio::test]
async fn balances_are_those_of_one_search() {
    let digits: String = script().iter().map(|byte| format!("{byte:02x}")).collect();
    let [best, other, id] = ["5", "6", "7"].map(|digit| digit.repeat(64));
    let output = |place| {
        format!(
            r#"{{"txid":"{id}","vout":{place},"scriptPubKey":"{digits}","amount":0.00000003,"height":5}}"#
        )
    };
    let outputs = [output(0), output(1)].join(",");
    let addresses =
        [holder(2), holder(1)].map(|place| keys().address(local(KIND), place).unwrap().into_string());
    let at = |hash: &str| BlockRef { height: 5, hash: hash.to_owned() };
    for (by, is_said) in [(format!(r#""bestblock":"{best}","#), true), (String::new(), false)] {
        let answer =
            format!(r#"{{"success":true,{by}"height":5,"unspents":[{outputs}],"total_amount":0.00000006}}"#);
        let fake = always(move || Reply::Result(answer.clone())).await;
        let one = node(&fake, &"1".repeat(64));
        let found = one.balances(&at(&best), &addresses, COIN).await;
        match is_said {
            true => assert_eq!(found.unwrap(), [0, 6]),
            false => assert!(is_unavailable(found)),
        }
        assert!(is_unavailable(one.balances(&at(&other), &addresses, COIN).await));
    }
}

#[tokio::test]
async fn outputs_are_unspent_by_one_block() {
    let [best, other, spent] = ["5", "6", "7"].map(|digit| digit.repeat(64));
    let outputs = [(other.clone(), 1), (spent.clone(), 0)];
    let (by, gone) = (best.clone(), spent.clone());
    let fake = Fake::start(move |method, parameters| match method {
        "gettxout" if parameters[0] == gone.as_str() => Reply::Result("null".to_owned()),
        "gettxout" => {
            Reply::Result(format!(r#"{{"bestblock":"{by}","confirmations":2,"value":0.00000004}}"#))
        }
        _ => Reply::Result(format!(r#"{{"blocks":5,"bestblockhash":"{by}"}}"#)),
    })
    .await;
    let one = node(&fake, &"1".repeat(64));
    let at = |hash: &str| BlockRef { height: 5, hash: hash.to_owned() };
    assert_eq!(one.outputs(&at(&best), &outputs).await.unwrap(), [4, 0]);
    assert!(is_unavailable(one.outputs(&at(&other), &outputs).await));
    assert!(is_unavailable(one.outputs(&at(&other), &outputs[1..]).await));
    let dogecoin = client(ChainKind::Dogecoin, &fake.url, &"1".repeat(64), PATIENT);
    assert!(one.can_search() && !dogecoin.can_search());
}

#[tokio::test]
async fn fees_stay_within_what_is_believed() {
    for (answer, rate) in [
        (r#"{"feerate":0.00012345,"blocks":6}"#, 12_345),
        (r#"{"feerate":9.00000000,"blocks":6}"#, FEES.most),
        (r#"{"feerate":0.00000001,"blocks":6}"#, FEES.least),
        (r#"{"errors":["Insufficient data or no feerate found"],"blocks":0}"#, FEES.fallback),
        (r#"{"feerate":-1,"blocks":25}"#, FEES.fallback),
    ] {
        let fake = always(move || Reply::Result(answer.to_owned())).await;
        let fees = node(&fake, &"1".repeat(64)).fees().await.unwrap();
        assert_eq!(fees, FeeRate { usual: rate, urgent: rate }, "{answer}");
    }
}

/// What a node has, changed by the test.
async fn changing(blocks: &Arc<Mutex<Vec<FakeBlock>>>) -> Fake {
    let blocks = Arc::clone(blocks);
    Fake::start(move |method, parameters| honest(&blocks.lock().unwrap(), method, parameters)).await
}

#[tokio::test]
async fn a_node_that_goes_backwards_is_waited_for() {
    let whole = chain(9, 0, &script());
    let has = Arc::new(Mutex::new(whole[..6].to_vec()));
    let fake = changing(&has).await;
    let (one, mut follower, mut seen) = (node(&fake, &"1".repeat(64)), Follower::new(0, 10, []), Vec::new());
    for blocks in [6, 3, 1, 6, 9] {
        *has.lock().unwrap() = whole[..blocks].to_vec();
        loop {
            let step = follower.step(&one).await.unwrap();
            follower.apply(&step);
            match step {
                Step::Connect(block) => seen.extend(block.transfers),
                Step::Disconnect(block) => panic!("{block:?} was left"),
                Step::Wait => break,
            }
        }
    }
    assert_eq!(seen.len(), 9);
    // Another chain brings nothing.
    *has.lock().unwrap() = chain(12, 1, &script());
    assert!(matches!(follower.step(&one).await, Err(FollowError::TooDeep(9))));
}

#[tokio::test]
async fn a_transaction_that_the_node_calls_otherwise_is_not_taken() {
    let raw = bitcoin::consensus::encode::serialize_hex(&transaction(1, 0, 5, &script()));
    let fake = always(|| Reply::Result(format!("\"{}\"", "3".repeat(64)))).await;
    let one = node(&fake, &"1".repeat(64));
    assert!(is_unbelievable(one.broadcast(&raw).await));
    assert!(matches!(one.broadcast("no transaction").await, Ok(Broadcast::Refused(_))));
    let fake = always(|| Reply::Error(-26, "txn-already-known")).await;
    assert_eq!(node(&fake, &"1".repeat(64)).broadcast(&raw).await.unwrap(), Broadcast::Taken);
    let fake = Fake::start(|method, _| match method {
        "gettxout" => Reply::Result(r#"{"bestblock":"x","confirmations":0}"#.to_owned()),
        _ => Reply::Error(-5, "no"),
    })
    .await;
    assert!(is_unbelievable(node(&fake, &"1".repeat(64)).transaction(&"2".repeat(64)).await));
    let fake = Fake::start(|method, _| match method {
        "gettxout" => Reply::Result("null".to_owned()),
        _ => Reply::Error(-5, "no"),
    })
    .await;
    let state = node(&fake, &"1".repeat(64)).transaction(&"2".repeat(64)).await.unwrap();
    assert_eq!(state, TransactionState::Unknown);
}

/// JSON of the names that a node uses, and of others.
fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9a-f]{64}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let names =
        "feerate|blocks|bestblockhash|bestblock|height|confirmations|success|unspents|total_amount|blockhash";
    leaf.prop_recursive(3, 24, 8, move |inner| {
        let object = proptest::collection::btree_map(names, inner.clone(), 0..8);
        prop_oneof![
            proptest::collection::vec(inner, 0..8).prop_map(Value::from),
            object.prop_map(|map| map.into_iter().collect()),
        ]
    })
}

#[test]
fn no_json_panics_or_brings_anything() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = Arc::new(Mutex::new("null".to_owned()));
    let said = Arc::clone(&answer);
    let fake = runtime.block_on(always(move || Reply::Result(said.lock().unwrap().clone())));
    let one = node(&fake, &"1".repeat(64));
    proptest!(ProptestConfig::with_cases(128), |(value in json_values())| {
        *answer.lock().unwrap() = value.to_string();
        runtime.block_on(async {
            let _ = one.tip().await;
            let _ = one.fees().await;
            let _ = one.transaction(&"2".repeat(64)).await;
            let raw = bitcoin::consensus::encode::serialize_hex(&transaction(1, 0, 5, &script()));
            assert!(one.check().await.is_err());
            assert!(one.broadcast(&raw).await.is_err());
            assert!(one.block(7).await.is_err());
            let found = one.unspent(&[address().as_str()]).await;
            assert!(found.is_ok_and(|found| found.is_empty()) || one.balance(address().as_str(), COIN).await.is_err());
        });
    });
}
