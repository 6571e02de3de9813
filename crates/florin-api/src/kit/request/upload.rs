//! Files on their way in: from the body of a request, part by part, into the vault.
//!
//! Memory does not grow with the number or the size of files: a frame at a time goes from the socket through the
//! multipart parser ([`multipart`]) to the vault's deposit, which checks, encrypts and writes on a thread of its own
//! and holds the client back by not taking more. At most [`MAX_UPLOADS`](super::places::MAX_UPLOADS) at a time.
//!
//! What is wrong with the frame is P403 at once, whatever else was found. What is wrong with a file (P426, P440) or
//! missing (P439) is for the command to answer in its turn of the order of refusals, and is kept under an idempotency
//! key like its other answers; so with a key the body is read to its end all the same, for its content is what makes it
//! the same request. Without one nothing more is read, and [`crate::kit::edge::http`] drains what still comes.
//!
//! Nothing stays behind: files that a request does not end up owning are removed, also when it is dropped half-way.

mod head;
mod messages;
pub mod multipart;
mod pace;
mod receive;
mod rules;
mod stored;
mod wrong;

pub use rules::{Rules, Wanted};
pub use stored::{Received, StoredFile, StoredFiles, vault_fault};

use crate::kit::app::App;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::handler::{Argument, Ignored, Incoming, Signature};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{FilePart, RequestBody};
use crate::kit::request::body::check_encoding;
use crate::kit::request::call::{idempotency_key, keyed};
use axum::body::Body;
use florin_store::{BookId, Keyed};
use florin_vault::Recipient;
use head::{ContentType, parse_content_type};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use multipart::MAX_BOUNDARY;
use receive::Receiver;
use std::marker::PhantomData;

/// A call with files, its body unread.
#[derive(Debug)]
pub struct Upload {
    /// Its idempotency key, with what makes it the same request but for the files.
    keyed: Option<Keyed>,
    /// None where the body is not multipart.
    boundary: Option<Vec<u8>>,
    /// What it says it is.
    content_type: Option<HeaderValue>,
    body: Body,
    /// Where parts that nobody knows are noted.
    ignored: Ignored,
}

/// The parts of a call that takes files, by which its row of the table describes it.
pub trait FileParts: Send + 'static {
    /// The parts.
    const PARTS: &'static [FilePart];
}

/// A call with the files of `P`, its body unread.
#[derive(Debug)]
pub struct UploadOf<P>(pub Upload, pub PhantomData<fn() -> P>);

impl<P: FileParts> Argument for UploadOf<P> {
    fn describe(signature: &mut Signature) {
        signature.body = RequestBody::Multipart(P::PARTS);
    }

    async fn take(incoming: &mut Incoming) -> Result<Self, Failure> {
        let body = incoming.take_body();
        let upload = Upload::of_request(&incoming.parts, body)?;
        Ok(Self(Upload { ignored: incoming.ignored_names(), ..upload }, PhantomData))
    }
}

impl Upload {
    /// Looks at the head of a request.
    ///
    /// # Errors
    /// P403 for a key or a content type that can't be read.
    pub fn of_request(parts: &Parts, body: Body) -> Result<Self, Refusal> {
        let key = idempotency_key(&parts.headers)?;
        check_encoding(&parts.headers)?;
        let boundary = boundary(&parts.headers)?;
        let content_type = parts.headers.get(CONTENT_TYPE).cloned();
        let keyed = key.map(|key| keyed(key, parts, Vec::new()));
        Ok(Self { keyed, boundary, content_type, body, ignored: Ignored::default() })
    }
}

impl Upload {
    /// Receives the files and stores each that the rules take, encrypted to `to`. Without `to` nothing is stored, and
    /// only the frame and the lengths are looked at: for a call that will be refused anyway, but in its turn.
    ///
    /// # Errors
    /// P403 for what is wrong with the frame, P501 when there is no place or no vault; nothing is stored then.
    pub async fn receive(
        self,
        (app, book): (&App, BookId),
        rules: &Rules,
        to: Option<&Recipient>,
    ) -> Result<Received, Failure> {
        let Self { keyed, boundary, content_type, body, ignored } = self;
        let Some(boundary) = boundary else {
            let refusal = messages::no_multipart(rules, content_type.as_ref().map(HeaderValue::as_bytes));
            return Ok(Received { keyed, files: Err(refusal) });
        };
        // Where nothing is stored, as the call will be refused, no place is taken from those that will not.
        let _place = match to {
            Some(_) => Some(app.uploads.place(book).await?),
            None => None,
        };
        Receiver::new(app, rules, to, (keyed, ignored)).receive(&boundary, body).await
    }
}

/// The boundary of a multipart body, none where it is another.
fn boundary(headers: &HeaderMap) -> Result<Option<Vec<u8>>, Refusal> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = types.next() else { return Ok(None) };
    if types.next().is_some() {
        return Err(Refusal::invalid("Content-Type is given twice"));
    }
    match parse_content_type(value.as_bytes()) {
        ContentType::Other => Ok(None),
        ContentType::Multipart(boundary) => Ok(Some(boundary)),
        ContentType::NoBoundary => Err(Refusal::invalid(format!(
            "Content-Type must have a boundary of 1 to {MAX_BOUNDARY} characters, without quotes and control characters"
        ))),
    }
}

/// For the fuzz target: takes a body apart, cut into frames of `frame` bytes, and answers how many parts and bytes of
/// content it had, or that it is broken.
#[doc(hidden)]
pub fn take_apart(content_type: &[u8], body: &[u8], frame: usize) -> Option<(usize, usize)> {
    let ContentType::Multipart(boundary) = parse_content_type(content_type) else { return None };
    let mut parser = multipart::Parser::new(&boundary);
    let (mut parts, mut length) = (0, 0);
    for frame in body.chunks(frame.max(1)) {
        parser.push(bytes::Bytes::copy_from_slice(frame));
        while let Some(event) = parser.event().ok()? {
            match event {
                multipart::Event::Part(_) => parts += 1,
                multipart::Event::Data(data) => length += data.len(),
                multipart::Event::End => {}
            }
        }
    }
    parser.finish().ok().map(|()| (parts, length))
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;
