//! Addresses to which a hosted page leads.

use super::types::{FieldType, uri_schema};
use http::Uri;
use utoipa::openapi::schema::ObjectBuilder;

/// Longest address: what browsers and servers take without a word.
const MAX_URL: usize = 2_000;

/// Where a page may lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageUrl(String);

impl PageUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldType for PageUrl {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        page_url(text).map(Self)
    }

    fn canonical(&self) -> String {
        self.0.clone()
    }

    fn schema() -> ObjectBuilder {
        let https = uri_schema().pattern(Some("^https://"));
        https.max_length(Some(MAX_URL)).examples(["https://partner.example/done"])
    }
}

/// An https address that a page may lead to.
fn page_url(text: &str) -> Result<String, &'static str> {
    const FORM: &str = "must be an https address of at most 2000 characters";
    let is_plain = text.len() <= MAX_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
    let uri = if is_plain { text.parse::<Uri>().ok() } else { None };
    let is_https = uri.as_ref().is_some_and(|uri| uri.scheme_str() == Some("https"));
    let authority = uri.as_ref().and_then(|uri| uri.authority());
    match authority.filter(|authority| is_https && !authority.as_str().contains('@')) {
        Some(_) => Ok(text.to_owned()),
        None => Err(FORM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_to_https_alone() {
        for good in ["https://partner.example", "https://partner.example:8443/done?user=7#top"] {
            assert_eq!(page_url(good).as_deref(), Ok(good));
        }
        let long = format!("https://partner.example/{}", "a".repeat(MAX_URL));
        for bad in [
            "http://partner.example",
            "javascript:alert(1)",
            "https://",
            "//partner.example",
            "/done",
            "https://a b",
            "https://user:secret@partner.example/",
            "https://partner.example/\u{e9}",
            &long,
            "",
        ] {
            assert!(page_url(bad).is_err(), "{bad}");
        }
    }
}
