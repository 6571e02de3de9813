//! The writing side of the `age` format (age-encryption.org/v1).
//!
//! The header, and with it all that concerns the recipient, is the `age` crate's; reading is too, so that every
//! test that reads proves this file against it. Only the payload's chunks are sealed here, because the crate's writer
//! takes twice the time (its ChaCha20-Poly1305 has 0.9 GB/s where this has 1.9 on the same processor, with AVX-512)
//! and copies the plain bytes twice. `aws-lc-rs` is linked anyway, for TLS.

use crate::seal::{CHUNK, Chunk};
use crate::{Recipient, VaultError};
use age::{EncryptError, Encryptor};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::hkdf;
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::ExposeSecret;
use std::cell::RefCell;
use std::collections::HashSet;
use zeroize::Zeroizing;

/// What sealing adds to a chunk.
pub(crate) const TAG: usize = 16;

/// The random bytes between header and payload, from which the payload's key is derived.
const PAYLOAD_NONCE: usize = 16;

/// What the format says to derive the payload's key with.
const PAYLOAD_LABEL: &[u8] = b"payload";

/// The last byte of the last chunk's nonce; of all others it is zero, so that a file cut off between chunks shows.
const LAST: u8 = 1;

/// Seals the chunks of one file, in order.
pub(crate) struct Payload {
    key: LessSafeKey,
    sealed: u64,
}

/// A recipient that also learns the file's key, which the library draws and keeps to itself.
struct Listening<'a> {
    recipient: &'a dyn age::Recipient,
    heard: RefCell<Zeroizing<[u8; FILE_KEY_BYTES]>>,
}

impl age::Recipient for Listening<'_> {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        **self.heard.borrow_mut() = *file_key.expose_secret();
        self.recipient.wrap_file_key(file_key)
    }
}

impl Payload {
    /// Draws a file's key; answers with the bytes that stand before the first chunk.
    pub(crate) fn begin(to: &Recipient) -> Result<(Vec<u8>, Self), VaultError> {
        let listening = Listening { recipient: to.age(), heard: RefCell::default() };
        let recipients: [&dyn age::Recipient; 1] = [&listening];
        let encryptor = Encryptor::with_recipients(recipients.into_iter()).map_err(VaultError::unexpected)?;
        let mut header = Vec::new();
        // The library's own writer of the payload is dropped before it has written any.
        drop(encryptor.wrap_output(&mut header).map_err(VaultError::unexpected)?);
        let nonce = header.last_chunk::<PAYLOAD_NONCE>();
        let nonce = nonce.ok_or_else(|| VaultError::unexpected("a header without a nonce"))?;
        let key = Zeroizing::new(hkdf(nonce, PAYLOAD_LABEL, &**listening.heard.borrow()));
        let key = UnboundKey::new(&CHACHA20_POLY1305, &*key).map_err(VaultError::unexpected)?;
        Ok((header, Self { key: LessSafeKey::new(key), sealed: 0 }))
    }

    /// Seals a chunk in place. All but the last are whole, and only an empty file's last is empty.
    pub(crate) fn seal(&mut self, chunk: &mut Chunk, last: bool) -> Result<(), VaultError> {
        if chunk.len() > CHUNK || (!last && chunk.len() < CHUNK) {
            return Err(VaultError::unexpected("a chunk of the wrong size"));
        }
        let mut nonce = [0; NONCE_LEN];
        // Eleven bytes of counter, of which eight can never be full, and the flag.
        nonce[3..11].copy_from_slice(&self.sealed.to_be_bytes());
        nonce[11] = if last { LAST } else { 0 };
        self.sealed += 1;
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::empty(), &mut **chunk).map_err(VaultError::unexpected)
    }
}
