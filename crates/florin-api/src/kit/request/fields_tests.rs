//! Tests of typed reading: a table of odd numbers and odd values, and what counts as the same request.

use super::*;
use crate::kit::request::body::{Parsed, Request, parse_body};
use crate::kit::request::types::Cursor;
use crate::kit::request::types::words;
use florin_types::{Country, ExternalUserId};
use proptest::prelude::*;

words! {
    /// A document.
    enum Paper {
        /// A passport.
        Passport = "PASSPORT",
        /// A card.
        IdCard = "ID_CARD",
    }
}

/// A request with a field of each sort.
#[derive(Debug, PartialEq)]
struct Sample {
    user: ExternalUserId,
    money: Listed<Amount>,
    strict: Option<Amount>,
    network: Option<String>,
    document: Option<Paper>,
    agreed: Option<bool>,
    seconds: Option<i64>,
    originator: Option<(String, Country)>,
    metadata: Option<String>,
}

impl Request for Sample {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let user = fields.required("user").text::<ExternalUserId>();
        let currency = fields.required("currency").listed_currency();
        let money = fields.required("amount").listed_amount(currency.as_ref());
        let strict_currency = fields.optional("strictCurrency").currency();
        let strict = fields.optional("strict").amount(strict_currency);
        let network = fields.optional("network").lowercase();
        let document = fields.optional("document").text::<Paper>();
        let agreed = fields.optional("agreed").boolean();
        let seconds = fields.optional("seconds").integer(-5..=600);
        let originator = fields.optional("originator").object(|inner| {
            let name = inner.required("name").text::<Cursor>().map(|name| name.0);
            let country = inner.required("country").text::<Country>();
            Some((name?, country?))
        });
        let metadata = fields.optional("metadata").json(40).map(Json::canonical);
        Some(Self {
            user: user?,
            money: money?,
            strict,
            network,
            document,
            agreed,
            seconds,
            originator,
            metadata,
        })
    }
}

fn parse(body: &str) -> Result<Parsed<Sample>, String> {
    parse_body(body.as_bytes(), &Currencies::default()).map_err(|refusal| refusal.message.into_owned())
}

/// A body with the three needed fields and these.
fn with(more: &str) -> String {
    format!(r#"{{"user":"u-1","currency":"eur","amount":1{more}}}"#)
}

fn content(body: &str) -> Vec<(String, String)> {
    let content = parse(body).unwrap().content;
    content.into_iter().map(|(name, text)| (name.into_owned(), text)).collect()
}

#[test]
fn reads_every_sort_of_field() {
    let body = r#"{"user":"u-1","currency":"USDC","amount":"12.500","strictCurrency":"Btc","strict":0.10,
        "network":"Polygon","document":"ID_CARD","agreed":false,"seconds":-5,"unknown":[1],"forbidden":null,
        "originator":{"name":"N","country":"lt","x":1},"metadata":{"b":1.0,"a":"x"}}"#;
    let Parsed { value, content, ignored } = parse(body).unwrap();
    assert_eq!(ignored, ["originator.x", "unknown", "forbidden"]);
    assert_eq!(value.money, Listed::Known(Amount::new(12_500_000).unwrap()));
    assert_eq!(value.strict, Amount::new(10_000_000));
    assert_eq!((value.network, value.document), (Some("polygon".to_owned()), Some(Paper::IdCard)));
    assert_eq!((value.agreed, value.seconds), (Some(false), Some(-5)));
    assert_eq!(value.originator, Some(("N".to_owned(), Country::parse("LT").unwrap())));
    let content: Vec<String> = content.iter().map(|(name, text)| format!("{name}={text}")).collect();
    let expected = "user=u-1 currency=usdc amount=12.5 strictCurrency=btc strict=0.1 network=polygon \
        document=ID_CARD agreed=false seconds=-5 originator.name=N originator.country=LT \
        metadata={\"a\":\"x\",\"b\":1}";
    assert_eq!(content.join(" "), expected);
}

#[test]
fn failures_are_all_told_in_order() {
    let body = r#"{"user":7,"currency":1,"amount":-5,"strictCurrency":"xmr","network":"tron",
        "document":"id_card","agreed":"true","seconds":"5","originator":{"country":"ZZ"}}"#;
    let expected = [
        "user must be a string",
        "currency must be a string",
        "amount must be a positive decimal number: digits and a point, such as 12.50, without comma, sign or symbol",
        "strictCurrency must be one of the following values: eur, btc, eth, ltc, doge, pol, usdc, usdt",
        "document must be one of the following values: PASSPORT, ID_CARD",
        "agreed must be a boolean",
        "seconds must be an integer",
        "originator.name is required",
        "originator.country must be an ISO 3166-1 alpha-2 country code: two letters such as DE",
    ];
    assert_eq!(parse(body), Err(expected.join(". ")));
    let nothing = "user is required. currency is required. amount is required";
    assert_eq!(parse("{}"), Err(nothing.to_owned()));
    assert_eq!(parse(r#"{"user":null,"currency":null,"amount":null}"#), Err(nothing.to_owned()));
}

#[test]
fn a_near_miss_of_an_absent_field_is_refused_and_another_unknown_one_is_named() {
    for (more, message) in [
        (r#","Agreed":true"#, "Agreed is no field of this call; did you mean agreed?"),
        (
            r#","strict_currency":"btc""#,
            "strict_currency is no field of this call; did you mean strictCurrency?",
        ),
        (r#","meta":{}"#, "meta is no field of this call; did you mean metadata?"),
        (
            r#","originator":{"nam":"N","country":"LT"}"#,
            "originator.name is required. originator.nam is no field of this call; did you mean originator.name?",
        ),
    ] {
        assert_eq!(parse(&with(more)), Err(message.to_owned()));
    }
    // The field itself is there: what stands beside it is another one.
    assert_eq!(parse(&with(r#","agreed":true,"Agreed":false,"x":1"#)).unwrap().ignored, ["Agreed", "x"]);
}

#[test]
fn an_empty_text_in_an_optional_field_is_absent() {
    let parsed = parse(&with(r#","document":"","network":"","metadata":"""#)).unwrap();
    assert_eq!((parsed.value.document, parsed.value.network, parsed.value.metadata), (None, None, None));
    assert!(parse(r#"{"user":"","currency":"eur","amount":1}"#).is_err());
}

#[test]
fn describing_meets_every_field_that_reading_meets() {
    let described: Vec<_> = Sample::description().properties.iter().map(|one| one.name).collect();
    let read = [
        "user",
        "currency",
        "amount",
        "strictCurrency",
        "strict",
        "network",
        "document",
        "agreed",
        "seconds",
        "originator",
        "metadata",
    ];
    assert_eq!(described, read);
    let schema = serde_json::to_value(Sample::description().schema("A sample.")).unwrap();
    assert_eq!(schema["required"], serde_json::json!(["user", "currency", "amount"]));
    assert_eq!(schema["properties"]["document"]["oneOf"][0]["$ref"], "#/components/schemas/Paper");
    assert_eq!(schema["properties"]["originator"]["required"], serde_json::json!(["name", "country"]));
    assert_eq!(schema["properties"]["seconds"]["minimum"], -5);
}

#[test]
fn odd_amounts_are_refused_as_numbers_and_as_strings() {
    let malformed = "amount must be a positive decimal number: digits and a point, such as 12.50, without comma, sign \
         or symbol";
    let exponent = "amount must be a positive decimal number: without an exponent, such as 0.00000001";
    for (text, message) in [
        ("0", "amount must be greater than zero"),
        ("0.00", "amount must be greater than zero"),
        ("-1", malformed),
        ("-0", malformed),
        ("1e2", exponent),
        ("1E-2", exponent),
        ("0.001", "amount can have at most 2 decimal places"),
        ("99999999999999999999999", "amount is too large"),
        ("92233720368547758.08", "amount is too large"),
    ] {
        for value in [text.to_owned(), format!("\"{text}\"")] {
            let body = format!(r#"{{"user":"u","currency":"eur","amount":{value}}}"#);
            assert_eq!(parse(&body), Err(message.to_owned()), "{value}");
        }
    }
    for text in ["+5", ".5", "5.", "007", " 5", "5 ", "", "0x10", "1_000", "1,5", "NaN", "Infinity", "٣"] {
        let body = format!(r#"{{"user":"u","currency":"eur","amount":"{text}"}}"#);
        assert_eq!(parse(&body), Err(malformed.to_owned()), "{text}");
    }
    for value in ["true", "[]", "{}"] {
        let body = format!(r#"{{"user":"u","currency":"eur","amount":{value}}}"#);
        assert_eq!(parse(&body), Err("amount must be a decimal number".to_owned()), "{value}");
    }
}

#[test]
fn an_unknown_currency_is_kept_for_p410_but_its_amount_is_still_checked() {
    for unknown in ["xmr", "", "e$r", "verylongcurrency"] {
        let parsed =
            |amount: &str| parse(&format!(r#"{{"user":"u","currency":"{unknown}","amount":{amount}}}"#));
        let money = parsed("0.123456789012").unwrap().value.money;
        assert_eq!(money.known().unwrap_err().code, &P410);
        assert_eq!(parsed("0.0"), Err("amount must be greater than zero".to_owned()));
        assert!(parsed("\"x\"").unwrap_err().starts_with("amount must be a positive decimal number: "));
    }
    assert_eq!(parse(&with(r#","strict":"0.123456789""#)).unwrap().value.strict, None);
}

#[test]
fn odd_integers_are_refused() {
    for (value, message) in [
        ("601", "seconds must be from -5 to 600"),
        ("-6", "seconds must be from -5 to 600"),
        ("99999999999999999999", "seconds must be from -5 to 600"),
        ("1.0", "seconds must be an integer"),
        ("1e2", "seconds must be an integer"),
        ("true", "seconds must be an integer"),
    ] {
        assert_eq!(parse(&with(&format!(r#","seconds":{value}"#))), Err(message.to_owned()), "{value}");
    }
    assert_eq!(parse(&with(r#","seconds":-0"#)).unwrap().value.seconds, Some(0));
}

#[test]
fn sizes_and_shapes_of_inner_values_are_checked() {
    assert_eq!(parse(&with(r#","originator":[]"#)), Err("originator must be an object".to_owned()));
    let long = with(&format!(r#","metadata":"{}""#, "x".repeat(39)));
    assert_eq!(parse(&long), Err("metadata can have at most 40 bytes".to_owned()));
    assert!(parse(&with(&format!(r#","metadata":"{}""#, "x".repeat(38)))).is_ok());
}

#[test]
fn equal_requests_have_equal_content() {
    let one = r#"{"user":"u","currency":"EUR","amount":"10","network":"POLYGON","strict":null}"#;
    let other =
        r#"{ "extra":{"a":1}, "network":"polygon", "amount":10.00, "currency":"eur", "\u0075ser":"u" }"#;
    assert_eq!(content(one), content(other));
    assert_ne!(content(one), content(&one.replace("\"10\"", "\"10.01\"")));
    assert_ne!(content(one), content(&one.replace("\"u\"", "\"U\"")));
}

proptest! {
    #[test]
    fn the_spelling_of_an_amount_never_counts(
        whole in "0|[1-9][0-9]{0,8}", cents in "[0-9]{1,2}", zeros in 0_usize..30, quoted in any::<bool>(),
    ) {
        prop_assume!(whole.bytes().chain(cents.bytes()).any(|digit| digit != b'0'));
        let body = |amount: String| format!(r#"{{"user":"u","currency":"eur","amount":{amount}}}"#);
        let plain = body(format!("{whole}.{cents}"));
        let text = format!("{whole}.{cents}{}", "0".repeat(zeros));
        let spelt = body(if quoted { format!("\"{text}\"") } else { text });
        prop_assert_eq!(parse(&plain).unwrap().value, parse(&spelt).unwrap().value);
        prop_assert_eq!(content(&plain), content(&spelt));
    }

    #[test]
    fn the_order_of_fields_never_counts(fields in Just(vec![
        r#""user":"u""#, r#""currency":"btc""#, r#""amount":0.5"#, r#""agreed":true"#, r#""other":"x""#,
        r#""metadata":{"a":[1,2]}"#,
    ]).prop_shuffle()) {
        let body = format!("{{{}}}", fields.join(","));
        let sorted = r#"{"user":"u","currency":"btc","amount":0.5,"agreed":true,"metadata":{"a":[1,2]}}"#;
        prop_assert_eq!(content(&body), content(sorted));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), text in any::<String>()) {
        let _ = parse_body::<Sample>(&bytes, &Currencies::default());
        let quoted = serde_json::to_string(&text).unwrap();
        for name in ["user", "currency", "amount", "network", "agreed", "seconds", "originator", "metadata"] {
            let _ = parse(&with(&format!(",\"{name}\":{quoted}")));
            let _ = parse(&format!("{{\"{name}\":{quoted}}}"));
        }
    }
}
