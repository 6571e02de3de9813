//! Blocks out of JSON, and what no JSON does.

use super::super::asset::Token;
use super::super::rpc::{ReadError, read};
use super::super::wire::{FeeHistory, Header, Number, Quantity, parse_address};
use super::super::{CONNECT_TIMEOUT, MAX_BLOCK_BYTES, MAX_GAS, TIMEOUT};
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const OTHER: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";

fn settings() -> Settings {
    let asset = |slug, decimals, chain_decimals| Asset {
        currency: CurrencyCode::new(slug),
        decimals,
        chain_decimals,
    };
    Settings {
        network: "ethereum".to_owned(),
        url: "http://127.0.0.1:9".to_owned(),
        chain_id: 1,
        coin: asset("eth", 8, 18),
        tokens: vec![Token { asset: asset("usdc", 6, 6), contract: parse_address(USDC).unwrap() }],
        max_fee: 1_000_000_000_000,
        max_gas: MAX_GAS,
        connect_timeout: CONNECT_TIMEOUT,
        timeout: TIMEOUT,
        max_block_bytes: MAX_BLOCK_BYTES,
    }
}

fn word(number: u128) -> String {
    format!("0x{number:064x}")
}

/// A log of a transaction.
#[derive(Clone, Debug)]
struct Log {
    contract: &'static str,
    to: [u8; 20],
    amount: u64,
    /// Transfers have three topics; tokens that are no money (ERC-721) have four.
    topics: usize,
    is_removed: bool,
}

/// A transaction.
#[derive(Clone, Debug)]
struct Sent {
    to: Option<[u8; 20]>,
    value: u128,
    is_failed: bool,
    logs: Vec<Log>,
}

impl Sent {
    fn id(place: usize) -> String {
        word(1000 + place as u128)
    }

    fn transaction(&self, place: usize) -> Value {
        let to = self.to.map(|to| format!("0x{}", hex::encode(to)));
        let from = format!("0x{:040x}", 6);
        let value = Quantity(self.value);
        json!({"hash": Self::id(place), "from": from, "to": to, "value": value, "input": "0x", "type": "0x2"})
    }

    fn receipt(&self, place: usize) -> Value {
        let logs = self.logs.iter().enumerate().map(|(number, log)| {
            let to = format!("0x{:0>64}", hex::encode(log.to));
            let topics = [TRANSFER.to_string(), word(7), to, word(9)];
            json!({
                "address": log.contract.to_ascii_lowercase(), "topics": topics[..log.topics],
                "data": word(log.amount.into()), "removed": log.is_removed,
                "logIndex": Quantity((place * 10 + number) as u128),
            })
        });
        json!({
            "transactionHash": Self::id(place), "blockHash": word(5), "blockNumber": "0x5",
            "status": if self.is_failed { "0x0" } else { "0x1" }, "gasUsed": "0x5208",
            "effectiveGasPrice": "0x3b9aca00", "contractAddress": null, "logs": logs.collect::<Vec<_>>(),
        })
    }

    /// What it brings: said once more, and otherwise than the code does.
    fn transfers(&self, place: usize) -> Vec<Transfer> {
        let transfer = |output, to: [u8; 20], slug, amount| Transfer {
            transaction: Self::id(place),
            output,
            to: parse_address(&format!("0x{}", hex::encode(to))).unwrap().into_string(),
            // Of the coin the sender; of a token the one that its log names.
            from: Some(format!("0x{:040x}", if output == 0 { 6 } else { 7 })),
            currency: CurrencyCode::new(slug),
            amount,
        };
        let mut all = Vec::new();
        if self.is_failed {
            return all;
        }
        let ether = i64::try_from(self.value / 10_000_000_000).unwrap();
        if let Some(to) = self.to.filter(|_| ether > 0) {
            all.push(transfer(0, to, "eth", ether));
        }
        for (output, log) in (1..).zip(&self.logs) {
            let is_ours = log.contract == USDC && log.topics == 3 && !log.is_removed && log.amount > 0;
            if is_ours {
                all.push(transfer(output, log.to, "usdc", i64::try_from(log.amount).unwrap()));
            }
        }
        all
    }
}

fn log() -> impl Strategy<Value = Log> {
    let amount = prop_oneof![Just(0), 1..u64::MAX / 2];
    let contract = prop_oneof![Just(USDC), Just(OTHER)];
    (contract, any::<[u8; 20]>(), amount, 2_usize..5, proptest::bool::weighted(0.1)).prop_map(
        |(contract, to, amount, topics, is_removed)| Log { contract, to, amount, topics, is_removed },
    )
}

fn sent() -> impl Strategy<Value = Sent> {
    let value = prop_oneof![Just(0), 0..20_000_000_000_u128, 0..10_u128.pow(27)];
    let logs = proptest::collection::vec(log(), 0..5);
    (any::<Option<[u8; 20]>>(), value, any::<bool>(), logs).prop_map(|(to, value, is_failed, logs)| Sent {
        to,
        value,
        is_failed,
        logs,
    })
}

fn block_json(all: &[Sent]) -> [Value; 2] {
    let transactions: Vec<_> = all.iter().enumerate().map(|(place, one)| one.transaction(place)).collect();
    let receipts: Vec<_> = all.iter().enumerate().map(|(place, one)| one.receipt(place)).collect();
    let block = json!({
        "number": "0x5", "hash": word(5), "parentHash": word(4), "timestamp": "0x6a000000",
        "transactions": transactions, "gasUsed": "0x0",
    });
    [block, Value::Array(receipts)]
}

fn answer(result: &Value) -> Vec<u8> {
    json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string().into_bytes()
}

fn assets() -> Assets {
    Assets::new(&settings()).unwrap()
}

/// A block by the way of a node's answers. None: it is not understood or believed.
fn understood([block, receipts]: &[Value; 2]) -> Option<Block> {
    let block = read(&answer(block), 1).ok()?;
    let receipts: Vec<wire::Receipt> = read(&answer(receipts), 1).ok()?;
    assets().block(&block, &receipts).ok()
}

proptest! {
    #[test]
    fn what_a_block_has_is_what_comes_out(all in proptest::collection::vec(sent(), 0..6)) {
        let block = understood(&block_json(&all)).unwrap();
        let expected: Vec<_> =
            all.iter().enumerate().flat_map(|(place, one)| one.transfers(place)).collect();
        prop_assert_eq!(block.transfers, expected);
        prop_assert_eq!(block.at, BlockRef { height: 5, hash: word(5) });
        prop_assert_eq!(block.parent, word(4));
        prop_assert_eq!(block.made_at, Timestamp::parse("2026-05-10T03:48:16Z").unwrap());
    }

    /// A good answer with one value changed or left out never panics, and what is left out was not needed.
    #[test]
    fn no_changed_answer_panics(
        all in proptest::collection::vec(sent(), 1..4),
        place in 0_usize..400,
        other in json_value(),
        is_removed: bool,
    ) {
        let mut json = block_json(&all);
        let count = json.iter_mut().map(|one| change(one, &mut usize::MAX.clone(), None)).sum::<usize>();
        let mut place = place % count;
        let other = Some(if is_removed { None } else { Some(other) });
        let before = count_of(&mut json[0]);
        let side = usize::from(place >= before);
        place -= if side == 1 { before } else { 0 };
        change(&mut json[side], &mut place, other);
        let _ = understood(&json);
    }

    #[test]
    fn no_json_panics(value in json_value(), id in 0_u64..3) {
        let bytes = json!({"jsonrpc": "2.0", "id": id, "result": value}).to_string().into_bytes();
        for bytes in [bytes, value.to_string().into_bytes()] {
            let _ = read::<Option<wire::Block>>(&bytes, 1);
            let _ = read::<Vec<wire::Receipt>>(&bytes, 1);
            let _ = read::<Option<Header>>(&bytes, 1);
            let _ = read::<FeeHistory>(&bytes, 1);
            let _ = read::<Word>(&bytes, 1);
            let _ = read::<Number>(&bytes, 1);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in any::<String>()) {
        let _ = read::<wire::Block>(&bytes, 1);
        let _ = read::<Quantity>(&answer(&Value::String(text.clone())), 1);
        let _ = read::<Account>(&answer(&Value::String(text.clone())), 1);
        let _ = read::<wire::LogData>(&answer(&Value::String(text)), 1);
    }
}

/// Any JSON, often with the names and forms that nodes have.
fn json_value() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("number"),
        Just("hash"),
        Just("result"),
        Just("error"),
        Just("transactions"),
        Just("logs"),
        Just("status"),
        Just("code"),
        Just("message"),
        Just("id"),
        Just("x"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any::<u128>().prop_map(|number| json!(format!("{number:#x}"))),
        any::<u128>().prop_map(|number| json!(word(number))),
        Just(json!(format!("0x{}", "f".repeat(64)))),
        Just(json!("0x")),
        Just(json!("0x+1")),
        any::<[u8; 20]>().prop_map(|bytes| json!(format!("0x{}", hex::encode(bytes)))),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..6).prop_map(|all| {
                all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Value>()
            }),
        ]
    })
}

fn count_of(json: &mut Value) -> usize {
    change(json, &mut usize::MAX.clone(), None)
}

/// Changes the value at a place within JSON, counted in depth, or removes it. How many places there are.
fn change(json: &mut Value, place: &mut usize, other: Option<Option<Value>>) -> usize {
    let mut count = 0;
    match json {
        Value::Object(fields) => {
            for name in fields.keys().cloned().collect::<Vec<_>>() {
                count += 1;
                if *place == 0 {
                    *place = usize::MAX;
                    match other.clone().flatten() {
                        Some(other) => fields.insert(name, other),
                        None => fields.remove(&name),
                    };
                    continue;
                }
                *place = place.saturating_sub(1);
                count += change(&mut fields[&name], place, other.clone());
            }
        }
        Value::Array(all) => {
            for value in all {
                count += change(value, place, other.clone());
            }
        }
        _ => {}
    }
    count
}

#[test]
fn an_answer_is_to_the_request_and_has_a_result_or_an_error() {
    let read = |text: &str| read::<Option<Number>>(text.as_bytes(), 7);
    assert_eq!(read(r#"{"id":7,"result":"0x10"}"#), Ok(Some(Number(16))));
    assert_eq!(read(r#"{"id":7,"result":null,"error":null}"#), Ok(None));
    for error in [
        r#"{"id":7,"error":{"code":-32000,"message":"no\n"}}"#,
        r#"{"id":null,"error":{"code":-32000,"message":"no "}}"#,
    ] {
        assert!(matches!(read(error), Err(ReadError::Answer(error)) if error.message == "no "), "{error}");
    }
    for text in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"id":7}"#,
        r#"{"id":8,"result":"0x10"}"#,
        r#"{"result":"0x10"}"#,
        r#"{"id":8,"error":{"code":1,"message":""}}"#,
        r#"{"id":7,"result":"0x10","error":{"code":1,"message":""}}"#,
        r#"{"id":7,"result":"0x10","result":"0x11"}"#,
        r#"{"id":7,"result":16}"#,
        r#"{"id":7,"result":"16"}"#,
        r#"{"id":7,"result":"0x"}"#,
        r#"{"id":7,"result":"0x+1"}"#,
        r#"{"id":7,"result":"0x10000000000000000"}"#,
        r#"{"id":7,"result":"0x10"} x"#,
    ] {
        assert!(matches!(read(text), Err(ReadError::Malformed(_))), "{text}");
    }
}

#[test]
fn what_is_configured_is_checked() {
    let token = settings().tokens[0].clone();
    let same_currency = Token { contract: parse_address(OTHER).unwrap(), ..token.clone() };
    let same_contract =
        Token { asset: Asset { currency: CurrencyCode::new("usdt"), ..token.asset }, ..token.clone() };
    let far = Token { asset: Asset { chain_decimals: 60, ..token.asset }, ..token };
    for (tokens, is_first) in [(same_currency, true), (same_contract, true), (far, false)] {
        let mut settings = settings();
        settings.tokens.truncate(usize::from(is_first));
        settings.tokens.push(tokens);
        assert!(Assets::new(&settings).is_err());
    }
}
