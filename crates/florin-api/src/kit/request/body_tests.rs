//! Tests of receiving a body: headers, length, time, and calls that need none.

use std::convert::Infallible;

use futures_util::{StreamExt, stream};

use super::*;
use crate::kit::request::types::Cursor;

#[derive(Debug, PartialEq)]
struct Name(String);

impl Request for Name {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("name").text::<Cursor>().map(|name| Self(name.0))
    }
}

/// A request that forgets to say why.
#[derive(Debug)]
struct Silent;

impl Request for Silent {
    fn read(_: &mut Fields<'_>) -> Option<Self> {
        None
    }
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn json() -> HeaderMap {
    headers(&[("content-type", "application/json")])
}

async fn read(headers: &HeaderMap, body: impl Into<Body>) -> Result<String, String> {
    let parsed = read_body::<Name>(headers, body.into(), &Currencies::default()).await;
    parsed.map(|parsed| parsed.value.0).map_err(|refusal| refusal.message.into_owned())
}

fn chunks(chunks: Vec<&'static str>) -> Body {
    Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, Infallible>)))
}

#[tokio::test]
async fn content_type_must_be_json_in_utf_8() {
    let body = r#"{"name":"n"}"#;
    for good in [
        "application/json",
        "APPLICATION/Json",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "application/json ; version=1",
    ] {
        assert_eq!(read(&headers(&[("content-type", good)]), body).await.as_deref(), Ok("n"), "{good}");
    }
    let wrong = Err("Content-Type must be application/json".to_owned());
    for bad in
        ["", "text/json", "application/jsonx", "application/json; charset=utf-16", "multipart/form-data"]
    {
        assert_eq!(read(&headers(&[("content-type", bad)]), body).await, wrong, "{bad}");
    }
    assert_eq!(read(&HeaderMap::new(), body).await, wrong);
    let twice = headers(&[("content-type", "application/json"), ("content-type", "application/json")]);
    assert_eq!(read(&twice, body).await, wrong);
}

#[tokio::test]
async fn only_the_identity_encoding_is_read() {
    let with = |encoding| headers(&[("content-type", "application/json"), ("content-encoding", encoding)]);
    let body = r#"{"name":"n"}"#;
    assert_eq!(read(&with("Identity"), body).await.as_deref(), Ok("n"));
    for bad in ["gzip", "br", "identity, gzip"] {
        assert_eq!(
            read(&with(bad), body).await,
            Err("Content-Encoding must be identity".to_owned()),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn bodies_arrive_in_any_number_of_frames() {
    for pieces in [vec![r#"{"name":"n"}"#], vec![r#"{"na"#, "", r#"me":"#, r#""n"}"#]] {
        assert_eq!(read(&json(), chunks(pieces)).await.as_deref(), Ok("n"));
    }
    assert_eq!(read(&json(), Body::empty()).await, Err("body is empty".to_owned()));
}

#[tokio::test]
async fn length_is_bounded_with_and_without_being_told() {
    let exact = |length: usize| format!(r#"{{"name":"{}"}}"#, "x".repeat(length - 11));
    assert!(read(&json(), exact(MAX_JSON_BYTES)).await.is_ok());
    let too_long = Err("body can have at most 65536 bytes".to_owned());
    assert_eq!(read(&json(), exact(MAX_JSON_BYTES + 1)).await, too_long);
    let endless = stream::repeat("x").map(Ok::<_, Infallible>);
    assert_eq!(read(&json(), Body::from_stream(endless)).await, too_long);
}

#[tokio::test]
async fn a_body_that_never_comes_or_breaks_off_is_refused() {
    let never = Body::from_stream(stream::pending::<Result<&str, Infallible>>());
    let refusal = receive(never, 10, Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(refusal.message, "body was not received within 0 seconds");
    let broken = Body::from_stream(stream::iter([Ok("{"), Err(std::io::Error::other("gone"))]));
    assert_eq!(read(&json(), broken).await, Err("body could not be received in whole".to_owned()));
}

#[tokio::test]
async fn calls_without_a_body_take_nothing_or_an_object() {
    let read = async |headers: HeaderMap, body: &'static str| {
        let body = if body == "-" { Body::empty() } else { Body::from(body) };
        read_no_body(&headers, body).await.map_err(|refusal| refusal.message.into_owned())
    };
    for (headers, body) in [(HeaderMap::new(), "-"), (HeaderMap::new(), " \r\n"), (json(), "")] {
        assert_eq!(read(headers, body).await, Ok(Vec::new()), "{body}");
    }
    assert_eq!(read(json(), "{\"a\":1}").await, Ok(vec!["a".to_owned()]));
    assert_eq!(read(json(), "[]").await, Err("body must be a JSON object".to_owned()));
    assert!(read(json(), "{").await.unwrap_err().starts_with("body is not valid JSON"));
    assert_eq!(read(HeaderMap::new(), "{}").await, Err("Content-Type must be application/json".to_owned()));
}

#[test]
fn a_request_that_forgets_its_reason_is_refused_all_the_same() {
    let refusal = parse_body::<Silent>(b"{}", &Currencies::default()).unwrap_err();
    assert_eq!(refusal.message, "Validation error");
}
