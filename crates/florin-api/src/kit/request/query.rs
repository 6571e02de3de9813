//! What a request says in its address: query parameters and path segments.
//!
//! A query string is read as browsers write it (`application/x-www-form-urlencoded`: `+` is a space), through
//! the same typed [`Fields`] as a body. A broken percent escape, text that is not UTF-8, a control character
//! or a parameter given twice is P403; unknown parameters are ignored and named in the answer. A path segment is
//! never P403: what can't be read is nothing that exists.

use std::borrow::Cow;

use florin_types::Currencies;

use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::body::{Parsed, Request, read_fields};
use crate::kit::request::fields::Fields;
use crate::kit::request::json::{Json, Object};
use crate::kit::request::types::Cursor;

/// Most items of a page. Two hundred of the largest items are some 100 KiB, one comfortable answer.
pub const MAX_PAGE_LIMIT: i64 = 200;

/// Items of a page when the client names no limit.
pub const DEFAULT_PAGE_LIMIT: u32 = 50;

/// More parameters than any call has, by far; the head's size bounds their length.
const MAX_PARAMETERS: usize = 64;

/// Reads the query string of a call (`uri.query()`), absent or not.
///
/// # Errors
/// P403 with everything that is wrong.
pub fn read_query<R: Request>(query: Option<&str>, currencies: &Currencies) -> Result<Parsed<R>, Refusal> {
    let object = parse_query(query.unwrap_or_default()).map_err(Refusal::invalid)?;
    read_fields(Fields::of_query(&object, currencies))
}

impl Fields<'_> {
    /// The `limit` of a list: 1 to 200, 50 when absent.
    pub fn page_limit(&mut self) -> u32 {
        let slot = self.optional("limit").about("Items of a page at most.");
        let limit = slot.integer_or(1..=MAX_PAGE_LIMIT, DEFAULT_PAGE_LIMIT.into());
        u32::try_from(limit).unwrap_or(DEFAULT_PAGE_LIMIT)
    }

    /// The `cursor` of a list.
    pub fn page_cursor(&mut self) -> Option<Cursor> {
        self.optional("cursor")
            .about("`nextCursor` of the page before; send the same filters with it.")
            .text()
    }
}

/// The parameters in their order, each a string.
fn parse_query(query: &str) -> Result<Object<'_>, String> {
    let mut parameters = Object::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name =
            decode(name, true).ok_or("query has a parameter name that is not valid percent-encoded UTF-8")?;
        if has_control(&name) {
            return Err("query has a control character in a parameter name".to_owned());
        }
        let value = decode(value, true)
            .ok_or_else(|| format!("query parameter {} is not valid percent-encoded UTF-8", shown(&name)))?;
        if has_control(&value) {
            return Err(format!("query parameter {} contains a control character", shown(&name)));
        }
        if parameters.iter().any(|(other, _)| *other == name) {
            return Err(format!("query parameter {} is given twice", shown(&name)));
        }
        if parameters.len() == MAX_PARAMETERS {
            return Err(format!("query can have at most {MAX_PARAMETERS} parameters"));
        }
        parameters.push((name, Json::String(value)));
    }
    Ok(parameters)
}

/// One segment of a raw path, percent-decoded once; `None` when it can't be, which is to be answered like an
/// unknown value.
#[must_use]
pub fn path_segment(raw: &str) -> Option<String> {
    let text = decode(raw, false)?;
    (!has_control(&text)).then(|| text.into_owned())
}

/// Percent-decodes strictly; `form` also turns `+` into a space.
fn decode(raw: &str, form: bool) -> Option<Cow<'_, str>> {
    let is_coded = |byte: u8| byte == b'%' || (form && byte == b'+');
    if !raw.bytes().any(is_coded) {
        return Some(Cow::Borrowed(raw));
    }
    let mut bytes = raw.bytes();
    let mut decoded = Vec::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?,
            b'+' if form => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// A client's own parameter name, cut to what fits a message.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Page {
        limit: u32,
        cursor: Option<String>,
        live: Option<bool>,
    }

    impl Request for Page {
        fn read(fields: &mut Fields<'_>) -> Option<Self> {
            let limit = fields.page_limit();
            let cursor = fields.page_cursor().map(|cursor| cursor.0);
            let live = fields.optional("live").boolean();
            Some(Self { limit, cursor, live })
        }
    }

    fn read(query: &str) -> Result<Page, String> {
        read_query(Some(query), &Currencies::default())
            .map(|parsed| parsed.value)
            .map_err(|refusal| refusal.message.into_owned())
    }

    fn page(limit: u32, cursor: Option<&str>, live: Option<bool>) -> Result<Page, String> {
        Ok(Page { limit, cursor: cursor.map(str::to_owned), live })
    }

    #[test]
    fn queries_are_read_through_the_same_fields() {
        assert_eq!(
            read_query::<Page>(None, &Currencies::default()).unwrap().value,
            page(50, None, None).unwrap()
        );
        assert_eq!(read(""), page(50, None, None));
        assert_eq!(read("&&limit=200&unknown=%20&live=true&"), page(200, None, Some(true)));
        assert_eq!(read("cursor=a%2Bb+c%C3%A9&limit=1"), page(1, Some("a+b cé"), None));
        assert_eq!(read("%63ursor=x"), page(50, Some("x"), None));
        // An empty parameter is an absent one.
        assert_eq!(read("cursor&limit=&live="), page(50, None, None));
    }

    #[test]
    fn odd_queries_are_refused() {
        let twice = |name: &str| format!("query parameter {name} is given twice");
        for (query, message) in [
            ("limit=0", "limit must be from 1 to 200".to_owned()),
            ("limit=201", "limit must be from 1 to 200".to_owned()),
            ("limit=99999999999999999999", "limit must be from 1 to 200".to_owned()),
            ("limit=1.0", "limit must be an integer".to_owned()),
            ("limit=%2B5", "limit must be an integer".to_owned()),
            ("limit=x&live=1", "limit must be an integer. live must be a boolean".to_owned()),
            ("limit=1&limit=1", twice("limit")),
            ("x=1&%78=2", twice("x")),
            ("cursor=%", "query parameter cursor is not valid percent-encoded UTF-8".to_owned()),
            ("cursor=%4", "query parameter cursor is not valid percent-encoded UTF-8".to_owned()),
            ("cursor=%zz", "query parameter cursor is not valid percent-encoded UTF-8".to_owned()),
            ("cursor=%ff", "query parameter cursor is not valid percent-encoded UTF-8".to_owned()),
            ("%ff=1", "query has a parameter name that is not valid percent-encoded UTF-8".to_owned()),
            ("cursor=%00", "query parameter cursor contains a control character".to_owned()),
            ("a%0a=1", "query has a control character in a parameter name".to_owned()),
        ] {
            assert_eq!(read(query), Err(message), "{query}");
        }
        let many: Vec<String> = (0..=MAX_PARAMETERS).map(|n| format!("p{n}=1")).collect();
        assert_eq!(read(&many.join("&")), Err("query can have at most 64 parameters".to_owned()));
    }

    #[test]
    fn path_segments_are_decoded_once() {
        for (raw, text) in [
            ("user-1", Some("user-1")),
            ("a%40b", Some("a@b")),
            ("a%2540b", Some("a%40b")),
            ("a+b", Some("a+b")),
            ("a%2Fb", Some("a/b")),
            ("%2e%2E", Some("..")),
            ("", Some("")),
            ("%", None),
            ("%4", None),
            ("%g0", None),
            ("%ff", None),
            ("%00", None),
            ("%c2%85", None),
        ] {
            assert_eq!(path_segment(raw).as_deref(), text, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn no_address_panics(text in "[%&=+a-f0-9é]{0,40}", any in any::<String>()) {
            for text in [text, any] {
                let _ = read(&text);
                let _ = path_segment(&text);
            }
        }
    }
}
