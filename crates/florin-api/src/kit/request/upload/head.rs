//! Headers with parameters: the head of a part, and the `Content-Type` that names the boundary.

use super::wrong::{Broken, MAX_BOUNDARY};

/// Headers of a part. Three are usual.
const MAX_HEADERS: usize = 16;

/// A value before its parameters, and these: names in lower case.
type Value = (Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>);

/// What a `Content-Type` says of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ContentType {
    /// It is another, or can't be read.
    Other,
    /// `multipart/form-data` without a usable boundary.
    NoBoundary,
    /// `multipart/form-data` with this boundary.
    Multipart(Vec<u8>),
}

/// Reads a `Content-Type`.
pub(super) fn parse_content_type(value: &[u8]) -> ContentType {
    match parse_value(value) {
        Some((kind, parameters)) if kind.eq_ignore_ascii_case(b"multipart/form-data") => {
            let boundary = only(parameters, b"boundary").filter(|boundary| is_boundary(boundary));
            boundary.map_or(ContentType::NoBoundary, ContentType::Multipart)
        }
        // The type is plain enough, what follows it is not.
        None if begins_as_multipart(value) => ContentType::NoBoundary,
        _ => ContentType::Other,
    }
}

fn begins_as_multipart(value: &[u8]) -> bool {
    let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data")
}

/// RFC 2046 allows letters, digits and a dozen signs. Clients draw others too (`*****` is the most copied one), and a
/// boundary of those is as good: it is only compared. What could be read in two ways is a control character or a quote.
fn is_boundary(boundary: &[u8]) -> bool {
    (1..=MAX_BOUNDARY).contains(&boundary.len())
        && !boundary.iter().any(|byte| byte.is_ascii_control() || *byte == b'"')
        && boundary.last() != Some(&b' ')
}

/// Reads a part's head, lines that each end with CRLF, and answers the part's name as it was sent. The file name and
/// the declared type count for nothing: they are never looked at.
pub(super) fn parse_head(bytes: &[u8]) -> Result<Vec<u8>, Broken> {
    let bytes = unfolded(bytes);
    let (mut rest, mut count, mut disposition) = (&bytes[..], 0, None);
    while !rest.is_empty() {
        let (name, value) = take_header(&mut rest).ok_or(Broken::Head)?;
        count += 1;
        if count > MAX_HEADERS {
            return Err(Broken::Head);
        }
        if name.eq_ignore_ascii_case(b"content-disposition") && disposition.replace(value).is_some() {
            return Err(Broken::Disposition);
        }
        if name.eq_ignore_ascii_case(b"content-transfer-encoding") && !is_plain(value) {
            return Err(Broken::TransferEncoding);
        }
    }
    let (kind, parameters) = disposition.and_then(parse_disposition).ok_or(Broken::Disposition)?;
    let name = only(parameters, b"name").filter(|name| !name.is_empty());
    name.filter(|_| kind.eq_ignore_ascii_case(b"form-data")).ok_or(Broken::Disposition)
}

/// With each line that begins with white space joined to the one before (RFC 5322, section 2.2.3).
fn unfolded(bytes: &[u8]) -> Vec<u8> {
    let mut unfolded = bytes.to_vec();
    for at in memchr::memmem::find_iter(bytes, b"\r\n") {
        if at > 0 && matches!(bytes.get(at + 2), Some(b' ' | b'\t')) {
            unfolded[at..at + 2].fill(b' ');
        }
    }
    unfolded
}

/// A line as name and value. None for what is no header, and where a CR, LF or NUL stands in it: the characters by
/// which two readers can see two different heads.
fn take_header<'b>(rest: &mut &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
    let (line, after) = rest.split_at(memchr::memchr3(b'\r', b'\n', 0, rest)?);
    *rest = after.strip_prefix(b"\r\n")?;
    let (name, value) = line.split_at(memchr::memchr(b':', line)?);
    (!name.is_empty() && name.iter().all(is_token)).then(|| (name, value[1..].trim_ascii()))
}

/// RFC 9110's `tchar`.
fn is_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

/// The encodings that change nothing (RFC 7578, section 4.7, has senders leave the header out).
fn is_plain(value: &[u8]) -> bool {
    ["binary", "8bit", "7bit"].iter().any(|plain| value.eq_ignore_ascii_case(plain.as_bytes()))
}

/// The value of the one parameter with this name; none when it is not there, or there twice.
fn only(parameters: Vec<(Vec<u8>, Vec<u8>)>, name: &[u8]) -> Option<Vec<u8>> {
    let mut found = parameters.into_iter().filter(|parameter| parameter.0 == name);
    let value = found.next()?.1;
    found.next().is_none().then_some(value)
}

/// Reads `value; name=text; name="text"` (RFC 9110, section 5.6.6).
fn parse_value(value: &[u8]) -> Option<Value> {
    parse_parameters(value, |_| take_text)
}

/// The same of a part's `Content-Disposition`, where only `name` counts. Clients write file names as they are: with
/// spaces and without quotes, or with quotes inside that should have been escaped.
fn parse_disposition(value: &[u8]) -> Option<Value> {
    parse_parameters(
        value,
        |name| if name.eq_ignore_ascii_case(b"name") { take_text } else { take_loose_text },
    )
}

/// Takes a parameter's text off the front.
type Take = fn(&[u8]) -> Option<(Vec<u8>, &[u8])>;

fn parse_parameters(value: &[u8], take: impl Fn(&[u8]) -> Take) -> Option<Value> {
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    let (kind, mut rest) = value.split_at(end);
    let mut parameters = Vec::new();
    while let Some(after) = rest.strip_prefix(b";") {
        rest = after.trim_ascii_start();
        if matches!(rest.first(), None | Some(b';')) {
            continue;
        }
        let (name, after) = rest.split_at(memchr::memchr(b'=', rest)?);
        if name.is_empty() || !name.iter().all(is_token) {
            return None;
        }
        let (text, after) = take(name)(&after[1..])?;
        parameters.push((name.to_ascii_lowercase(), text));
        rest = after.trim_ascii_start();
    }
    rest.is_empty().then(|| (kind.trim_ascii().to_vec(), parameters))
}

/// A parameter's text and what comes after it. Bare, it may hold more than a token: boundaries with `=` or `:` are sent
/// without their quotes too.
fn take_text(rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(mut quoted) = rest.strip_prefix(b"\"") else {
        let end =
            rest.iter().position(|byte| matches!(byte, b';' | b' ' | b'\t' | b'"')).unwrap_or(rest.len());
        return (end > 0).then(|| (rest[..end].to_vec(), &rest[end..]));
    };
    let mut text = Vec::new();
    loop {
        match quoted {
            [b'"', after @ ..] => return Some((text, after)),
            [b'\\', byte, after @ ..] | [byte, after @ ..] => {
                text.push(*byte);
                quoted = after;
            }
            [] => return None,
        }
    }
}

/// The same where it does not count: up to the `;` behind it. A quote ends it only where a parameter, or nothing,
/// follows; so no part of a file name can be taken for a `name`, and one that holds `; name=` makes the head one of two
/// names, which is refused.
fn take_loose_text(rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(quoted) = rest.strip_prefix(b"\"") else {
        let (text, after) = rest.split_at(memchr::memchr(b';', rest).unwrap_or(rest.len()));
        return Some((text.trim_ascii().to_vec(), after));
    };
    let mut at = 0;
    while let Some(byte) = quoted.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => {
                let after = quoted[at + 1..].trim_ascii_start();
                if matches!(after.first(), None | Some(b';')) {
                    return Some((quoted[..at].to_vec(), after));
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    None
}
