//! The id of a delivery: a UUID (version 8, RFC 9562) that holds the event's number and a keyed proof of it and its
//! book. So it is found without an index, can't be guessed, and is unknown in every other book.

use crate::kit::app::App;
use florin_ledger::BookId;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Bytes of the number: sequences have 40 bits.
const NUMBER_BYTES: usize = 5;

/// The id of the delivery of an event.
pub fn delivery_id(app: &App, book: BookId, sequence: i64) -> Uuid {
    let number = sequence.to_be_bytes();
    let mut hasher = blake3::Hasher::new_keyed(&app.outgoing.id_key);
    hasher.update(&book.0.to_be_bytes()).update(&number);
    let mut bytes: [u8; 16] = *hasher.finalize().as_bytes().first_chunk().unwrap_or(&[0; 16]);
    bytes[..NUMBER_BYTES].copy_from_slice(&number[3..]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The event's number that an id of this book holds.
pub fn sequence_of(app: &App, book: BookId, id: Uuid) -> Option<i64> {
    let mut number = [0; 8];
    number[3..].copy_from_slice(&id.as_bytes()[..NUMBER_BYTES]);
    let sequence = i64::from_be_bytes(number);
    let is_ours: bool = delivery_id(app, book, sequence).as_bytes().ct_eq(id.as_bytes()).into();
    is_ours.then_some(sequence)
}
