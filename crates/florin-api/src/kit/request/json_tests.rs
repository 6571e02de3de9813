//! Tests of the strict JSON reader: tables of odd bodies, and serde_json as the independent judge of the
//! grammar.

use proptest::prelude::*;

use super::*;

fn refused(body: impl AsRef<[u8]>) -> String {
    parse_object(body.as_ref()).expect_err("must be refused")
}

#[test]
fn reads_what_a_request_has() {
    let body = r#" { "a" : "x\u00e9\ud83d\ude00\/" , "n":-0.10,"e":1E+5 ,
        "t":true,"f":false,"z":null,"l":[1,[],{}]} "#;
    let object = parse_object(body.as_bytes()).unwrap();
    let expected: Object = vec![
        ("a".into(), Json::String("xé😀/".into())),
        ("n".into(), Json::Number("-0.10")),
        ("e".into(), Json::Number("1E+5")),
        ("t".into(), Json::Bool(true)),
        ("f".into(), Json::Bool(false)),
        ("z".into(), Json::Null),
        ("l".into(), Json::Array(vec![Json::Number("1"), Json::Array(vec![]), Json::Object(vec![])])),
    ];
    assert_eq!(object, expected);
    assert_eq!(parse_object(b"{}").unwrap(), Object::new());
}

#[test]
fn odd_bodies_are_refused_with_their_place() {
    let table: &[(&[u8], &str)] = &[
        (b"", "body is empty"),
        (b"  ", "body is not valid JSON: ends where a value is expected at line 1 column 3"),
        (b"\xff{}", "body is not valid JSON: not UTF-8"),
        (b"\xef\xbb\xbf{}", "body is not valid JSON: starts with a byte order mark"),
        (b"[]", "body must be a JSON object"),
        (b"\"a\"", "body must be a JSON object"),
        (b"null", "body must be a JSON object"),
        (b"nul", "body is not valid JSON: expected a value at line 1 column 1"),
        (b"{} x", "body is not valid JSON: nothing may follow the value at line 1 column 4"),
        (b"{}{}", "body is not valid JSON: nothing may follow the value at line 1 column 3"),
        (b"{\"a\":1,}", "body is not valid JSON: expected a field name in double quotes at line 1 column 8"),
        (b"{a:1}", "body is not valid JSON: expected a field name in double quotes at line 1 column 2"),
        (b"{\"a\" 1}", "body is not valid JSON: expected `:` at line 1 column 6"),
        (b"{\n\"\xc3\xa9\":1 2}", "body is not valid JSON: expected `,` or `}` at line 2 column 7"),
        (b"{\"a\":[1 2]}", "body is not valid JSON: expected `,` or `]` at line 1 column 9"),
        (b"{\"a\":", "body is not valid JSON: ends where a value is expected at line 1 column 6"),
        (b"{\"a", "body is not valid JSON: ends inside a string at line 1 column 4"),
        (b"{\"a\":01}", "body is not valid JSON: a number has a leading zero at line 1 column 6"),
        (b"{\"a\":+5}", "body is not valid JSON: expected a value at line 1 column 6"),
        (b"{\"a\":.5}", "body is not valid JSON: expected a value at line 1 column 6"),
        (b"{\"a\":5.}", "body is not valid JSON: expected a digit at line 1 column 8"),
        (b"{\"a\":-}", "body is not valid JSON: expected a digit at line 1 column 7"),
        (b"{\"a\":1e}", "body is not valid JSON: expected a digit at line 1 column 8"),
        (b"{\"a\":NaN}", "body is not valid JSON: expected a value at line 1 column 6"),
        (b"{\"a\":'b'}", "body is not valid JSON: expected a value at line 1 column 6"),
        (b"{\"a\":\"\\x\"}", "body is not valid JSON: unknown escape at line 1 column 7"),
        (
            b"{\"a\":\"\\u12g4\"}",
            "body is not valid JSON: expected four hexadecimal digits at line 1 column 7",
        ),
        (b"{\"a\":\"\\ud800\"}", "body is not valid JSON: lone surrogate at line 1 column 7"),
        (b"{\"a\":\"\\udc00\"}", "body is not valid JSON: lone surrogate at line 1 column 7"),
        (b"{\"a\":\"\\ud800\\u0041\"}", "body is not valid JSON: lone surrogate at line 1 column 7"),
        (b"{\"a\":\"\\", "body is not valid JSON: unknown escape at line 1 column 7"),
    ];
    for (body, message) in table {
        assert_eq!(refused(body), *message, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_key_given_twice_is_refused_at_any_depth() {
    assert_eq!(refused(r#"{"amount":1,"b":2,"amount":1}"#), "field amount is given twice");
    assert_eq!(refused(r#"{"amount":1,"\u0061mount":1}"#), "field amount is given twice");
    assert_eq!(refused(r#"{"a":{"b":[{"c":1,"c":1}]}}"#), "field a.b.c is given twice");
    let long = "k".repeat(1000);
    let message = refused(format!(r#"{{"{long}":1,"{long}":1}}"#));
    assert_eq!(message, format!("field {} is given twice", "k".repeat(64)));
}

#[test]
fn many_keys_are_checked_too_and_the_first_repeat_is_named() {
    let fields = |count: usize| (0..count).map(|n| format!("\"k{n}\":{n}")).collect::<Vec<_>>();
    assert_eq!(parse_object(format!("{{{}}}", fields(10_000).join(",")).as_bytes()).unwrap().len(), 10_000);
    for count in [15, 16, 17, 500] {
        let mut repeated = fields(count);
        repeated.push("\"k7\":1".to_owned());
        repeated.push("\"k3\":1".to_owned());
        assert_eq!(refused(format!("{{{}}}", repeated.join(","))), "field k7 is given twice", "{count}");
    }
}

#[test]
fn control_characters_are_refused_plain_and_escaped() {
    for code in (0..=0x1f).chain(0x7f..=0x9f) {
        let plain = char::from_u32(code).unwrap();
        for text in [plain.to_string(), format!("\\u{code:04x}"), format!("\\u{code:04X}tail")] {
            assert_eq!(refused(format!(r#"{{"a":["{text}"]}}"#)), "field a contains a control character");
            assert_eq!(
                refused(format!(r#"{{"b{text}":1}}"#)),
                "body has a control character in a field name"
            );
            assert_eq!(
                refused(format!(r#"{{"x":{{"b{text}":1}}}}"#)),
                "field x contains a control character"
            );
        }
    }
    for escape in ["\\n", "\\t", "\\r", "\\b", "\\f"] {
        assert_eq!(refused(format!(r#"{{"a":"b{escape}"}}"#)), "field a contains a control character");
    }
    assert!(parse_object("{\"a\":\" ~\u{a0}\u{2028}\"}".as_bytes()).is_ok());
}

#[test]
fn depth_is_bounded() {
    let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert!(parse_object(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(refused(nested(MAX_DEPTH + 1)), "body is nested deeper than 32 levels at line 1 column 37");
    assert!(refused("[".repeat(60_000)).starts_with("body is nested deeper"));
}

#[test]
fn canonical_text_is_one_for_all_equal_values() {
    let canonical = |body: &str| Json::Object(parse_object(body.as_bytes()).unwrap()).canonical();
    let text = canonical(r#"{ "b":[10.00, 1.50,null,true] , "a":"x\u0022\\" }"#);
    assert_eq!(text, r#"{"a":"x\"\\","b":[10,1.5,null,true]}"#);
    assert_eq!(canonical(r#"{"a":"\u0078\"\\","b":[10,1.5,null,true]}"#), text);
    for (number, expected) in
        [("10", "10"), ("10.00", "10"), ("100", "100"), ("0.10", "0.1"), ("1.0e5", "1.0e5")]
    {
        assert_eq!(canonical_number(number), expected);
    }
}

/// JSON as odd as it gets, yet often valid: made of the grammar's own pieces.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"a\"",
        "\"b\"",
        "\"\\u0061\"",
        "1",
        "-0.5e2",
        "true",
        "null",
        " ",
        "\"",
        "\\",
        "\n",
        "0",
        ".",
        "é",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Any value without control characters, with serde_json's idea of it.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn as_serde(value: &Json<'_>) -> serde_json::Value {
    match value {
        Json::Null => serde_json::Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(text) => serde_json::from_str(text).unwrap(),
        Json::String(text) => text.as_ref().into(),
        Json::Array(items) => items.iter().map(as_serde).collect(),
        Json::Object(fields) => {
            fields.iter().map(|(key, value)| (key.to_string(), as_serde(value))).collect()
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_object(&bytes);
        let mut inside = b"{\"a\":\"".to_vec();
        inside.extend(&bytes);
        let _ = parse_object(&inside);
    }

    #[test]
    fn accepts_nothing_that_serde_json_refuses(text in pieces()) {
        let ours = parse_object(text.as_bytes());
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match (ours, theirs) {
            (Ok(object), Ok(value)) => prop_assert_eq!(as_serde(&Json::Object(object)), value),
            (Ok(_), Err(error)) => prop_assert!(false, "accepted, but: {}", error),
            (Err(message), Ok(value)) if value.is_object() => {
                prop_assert!(message.contains("twice"), "{}", message);
            }
            (Err(_), _) => {}
        }
    }

    #[test]
    fn reads_back_what_serde_json_wrote(value in value()) {
        let text = serde_json::json!({ "value": value }).to_string();
        let object = parse_object(text.as_bytes()).map_err(TestCaseError::fail)?;
        prop_assert_eq!(as_serde(&object[0].1), value);
    }
}
