//! What every client of an outside service needs: time-outs, answers of a bounded size, errors without addresses.

use reqwest::{Client, Response};
use std::time::Duration;

/// A client that follows no redirects. `timeout` is for a whole request. It need not have certificates of authorities
/// if it is for plain HTTP alone.
///
/// # Errors
/// This machine has no certificates of authorities.
pub fn client(
    is_https: bool,
    connect_timeout: Duration,
    timeout: Duration,
) -> Result<Client, reqwest::Error> {
    let settings = || {
        let client = Client::builder().connect_timeout(connect_timeout).timeout(timeout);
        client.redirect(reqwest::redirect::Policy::none())
    };
    match settings().build() {
        Err(_) if !is_https => settings().tls_certs_only([]).build(),
        built => built,
    }
}

/// The body of an answer. None: it has more than `max` bytes, and was not read to its end.
///
/// # Errors
/// The connection broke, or the time-out passed.
pub async fn body(mut response: Response, max: usize) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > max {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

/// The innermost cause of an error. The outer ones show the address, which may hold a key.
pub fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}
