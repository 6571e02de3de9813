//! Tests of what is made of a node's words; the node itself is tested in `tests/bitcoin`.

use super::*;
use florin_wallet::Net;
use proptest::prelude::*;

fn settings(kind: ChainKind) -> Settings {
    Settings {
        network: "btc".to_owned(),
        chain: Chain { kind, net: Net::Main },
        currency: CurrencyCode::new("btc"),
        url: "http://127.0.0.1:1/".parse().unwrap(),
        login: None,
        genesis: "0".repeat(64),
        fees: FeeLimits { least: 1_000, most: 100_000, fallback: 20_000 },
        times: Times { connect: Duration::ZERO, answer: Duration::ZERO, scan: Duration::ZERO },
    }
}

fn node(kind: ChainKind) -> Result<BitcoinNode, String> {
    BitcoinNode::new(settings(kind))
}

fn amount(text: &str) -> Option<i64> {
    let number = RawValue::from_string(text.to_owned()).ok()?;
    node(ChainKind::Bitcoin).unwrap().amount(&number).ok()
}

#[test]
fn amounts_are_read_digit_by_digit() {
    for (text, expected) in [
        ("0.00000001", Some(1)),
        ("0.10000000", Some(10_000_000)),
        // As a number with a point in memory it would be 2,099,999,999,999,999.8.
        ("20999999.99999999", Some(2_099_999_999_999_999)),
        ("21000000.00000000", Some(2_100_000_000_000_000)),
        ("21000000.00000001", None),
        ("92233720368.54775808", None),
        ("-0.00000001", None),
        ("0.000000001", None),
        ("1e-8", None),
        ("1E400", None),
        ("\"1\"", None),
        ("null", None),
        ("[1]", None),
    ] {
        assert_eq!(amount(text), expected, "{text}");
    }
}

#[test]
fn refusals_are_told_apart() {
    let judged = |code, message: &str| judged(Refusal { code, message: message.to_owned() }).ok();
    let conflict = |message: &str| Some(Broadcast::Conflict(message.to_owned()));
    let refused = |message: &str| Some(Broadcast::Refused(message.to_owned()));
    for (code, message, expected) in [
        (-27, "transaction already in block chain", Some(Broadcast::Taken)),
        (-27, "Transaction outputs already in utxo set", Some(Broadcast::Taken)),
        (-26, "txn-already-in-mempool", Some(Broadcast::Taken)),
        (-26, "txn-already-known", Some(Broadcast::Taken)),
        (-25, "bad-txns-inputs-missingorspent", conflict("bad-txns-inputs-missingorspent")),
        (-25, "Missing inputs", conflict("Missing inputs")),
        (-26, "258: txn-mempool-conflict", conflict("258: txn-mempool-conflict")),
        (-26, "insufficient fee, rejecting", refused("insufficient fee, rejecting")),
        (-26, "dust", refused("dust")),
        (-22, "TX decode failed", refused("TX decode failed")),
        (-32601, "Method not found", None),
        (-32700, "Parse error", None),
    ] {
        assert_eq!(judged(code, message), expected, "{code} {message}");
    }
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    assert!(node(ChainKind::Dogecoin).is_ok());
    let right = settings(ChainKind::Bitcoin);
    let with_password = "http://florin:hidden@127.0.0.1:1/".parse().unwrap();
    for wrong in [
        settings(ChainKind::Evm),
        Settings { url: with_password, ..right.clone() },
        Settings { genesis: "0".repeat(63), ..right.clone() },
        Settings { fees: FeeLimits { least: 2, most: 1, fallback: 1 }, ..right.clone() },
    ] {
        let error = BitcoinNode::new(wrong).err().unwrap();
        assert!(!error.contains("hidden"), "{error}");
    }
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9a-f]{0,70}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("feerate"),
        Just("blocks"),
        Just("bestblockhash"),
        Just("height"),
        Just("confirmations"),
        Just("success"),
        Just("unspents"),
        Just("total_amount"),
        Just("blockhash"),
        Just("amount"),
        Just("x"),
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        let object = proptest::collection::btree_map(name.clone(), inner.clone(), 0..8);
        prop_oneof![
            proptest::collection::vec(inner, 0..8).prop_map(Value::from),
            object.prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_panics(value in json_values()) {
        let text = value.to_string();
        let _ = serde_json::from_str::<ChainInfo>(&text);
        let _ = serde_json::from_str::<Header>(&text);
        let _ = serde_json::from_str::<Indexed>(&text);
        let _ = serde_json::from_str::<TxOutput>(&text);
        let _ = serde_json::from_str::<Scan>(&text);
        let _ = serde_json::from_str::<Estimate>(&text);
        let _ = amount(&text);
    }

    #[test]
    fn no_words_panic(code in any::<i64>(), message: String) {
        let _ = judged(Refusal { code, message: message.clone() });
        let _ = hash_of(&message);
        let _ = hex(&message);
    }

    #[test]
    fn an_amount_is_what_is_written(units in 0..=2_100_000_000_000_000_i64) {
        prop_assert_eq!(amount(&florin_types::format_minor(units, 8)), Some(units));
        prop_assert_eq!(amount(&florin_types::format_number(units, 8)), Some(units));
    }
}
