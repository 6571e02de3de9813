//! A deposit's thread: check, encrypt, write.

use crate::bucket::Bucket;
use crate::folder::NewFile;
use crate::payload::{Payload, TAG};
use crate::spool::Spooled;
use crate::turns::Turns;
use crate::{DepositError, Identity, Recipient, VaultError};
use age::{DecryptError, Decryptor};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, mpsc as std_mpsc};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// What the thread is given at a time: what `age` encrypts at a time.
pub(crate) const CHUNK: usize = 64 << 10;

/// What `age` puts in front of the first chunk, at most: a header of one X25519 recipient is some 200 bytes with its
/// nonce, and a writer may add a stanza without meaning.
const HEADER: usize = 1 << 10;

/// What looks at the plain bytes of a deposit before they are encrypted. It runs on the deposit's thread, under a
/// turn at the processor: it computes and never waits.
pub trait Check: Send + 'static {
    /// What it finds.
    type Facts: Send;
    /// Why it would not have the content.
    type Rejected: Send;

    /// The next bytes, at most 64 KiB.
    ///
    /// # Errors
    /// Why the content is not to be stored; the deposit ends.
    fn push(&mut self, bytes: &[u8]) -> Result<(), Self::Rejected>;

    /// There are no more.
    ///
    /// # Errors
    /// Why the content is not to be stored.
    fn finish(self) -> Result<Self::Facts, Self::Rejected>;
}

/// Plain bytes, overwritten when dropped.
pub(crate) type Chunk = Zeroizing<Vec<u8>>;

/// What a deposit tells its thread. Hearing no more without `Finish` means that it was given up.
pub(crate) enum Message {
    Chunk(Chunk),
    Finish,
}

/// The thread's ends of what it shares with its deposit.
pub(crate) struct Lines {
    pub(crate) messages: mpsc::Receiver<Message>,
    /// Chunks go back to be filled again, so that a deposit allocates a few and not one per 64 KiB.
    pub(crate) used: std_mpsc::Sender<Chunk>,
}

/// Where the ciphertext goes.
pub(crate) enum Target {
    Folder(NewFile),
    Spool(Spooling),
}

/// Ciphertext being spooled, with the digest that the store is to compare.
pub(crate) struct Spooling {
    bucket: Arc<Bucket>,
    file: File,
    length: u64,
    sha256: Sha256,
}

/// What a thread has written; gone when it is dropped.
pub(crate) struct Written<F> {
    pub(crate) facts: F,
    pub(crate) bytes: u64,
    pub(crate) sealed: Sealed,
}

/// A whole ciphertext.
pub(crate) enum Sealed {
    /// Durable in its place, and only to be kept.
    InPlace(NewFile),
    /// To be put into this bucket.
    Spooled(Arc<Bucket>, Ciphertext),
}

/// A ciphertext in the spool.
pub(crate) struct Ciphertext {
    pub(crate) file: Spooled,
    pub(crate) length: u64,
    pub(crate) sha256: [u8; 32],
}

impl Target {
    /// A new file without a name.
    pub(crate) fn spool(bucket: Arc<Bucket>) -> Result<Self, VaultError> {
        let file = bucket.spool_file()?;
        Ok(Self::Spool(Spooling { bucket, file, length: 0, sha256: Sha256::new() }))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), VaultError> {
        match self {
            Self::Folder(file) => file.write(bytes),
            Self::Spool(spooling) => {
                spooling.length += bytes.len() as u64;
                let written = spooling.file.write_all(bytes);
                written.map_err(|error| VaultError::io("writing to the spool", &error))
            }
        }
    }

    /// What has to be computed over the ciphertext, under a turn.
    fn digest(&mut self, bytes: &[u8]) {
        if let Self::Spool(spooling) = self {
            spooling.sha256.update(bytes);
        }
    }

    fn finish(self) -> Result<Sealed, VaultError> {
        match self {
            Self::Folder(mut file) => file.sync().map(|()| Sealed::InPlace(file)),
            Self::Spool(Spooling { bucket, file, length, sha256 }) => {
                let sha256 = sha256.finalize().into();
                Ok(Sealed::Spooled(bucket, Ciphertext { file: Spooled::new(file), length, sha256 }))
            }
        }
    }
}

/// The life of a deposit's thread. Whatever ends it early, `target` is dropped and leaves nothing.
///
/// Memory, whatever the size of the file: a chunk being filled, [`crate::deposit::QUEUED`] queued, the one at hand, the
/// one before it, held back until it is known not to be the last, and one on its way back: six times 64 KiB, under
/// 512 KiB with the stack; and a folder's piece of ciphertext, as much again. Chunks are sealed in place and
/// overwritten when they are freed: no other copy of plain bytes is made here. (Whoever hands frames to
/// [`crate::Deposit::write`] holds others, and [`Check`] what it likes.)
pub(crate) fn run<C: Check>(
    mut lines: Lines,
    mut check: C,
    to: &Recipient,
    mut target: Target,
    turns: &Turns,
) -> Result<Written<C::Facts>, DepositError<C::Rejected>> {
    let mut bytes = 0;
    let turn = turns.take();
    let (header, mut payload) = Payload::begin(to)?;
    target.digest(&header);
    drop(turn);
    target.write(&header)?;
    let mut held: Option<Chunk> = None;
    loop {
        let chunk = match lines.messages.blocking_recv() {
            Some(Message::Chunk(chunk)) => chunk,
            Some(Message::Finish) => break,
            None => return Err(VaultError::unexpected("the deposit was given up").into()),
        };
        let turn = turns.take();
        check.push(&chunk).map_err(DepositError::Rejected)?;
        bytes += chunk.len() as u64;
        let Some(mut sealed) = held.replace(chunk) else { continue };
        payload.seal(&mut sealed, false)?;
        target.digest(&sealed);
        drop(turn);
        target.write(&sealed)?;
        // The deposit may be gone; the next message tells.
        let _ = lines.used.send(sealed);
    }
    let turn = turns.take();
    let facts = check.finish().map_err(DepositError::Rejected)?;
    let mut sealed = held.unwrap_or_default();
    payload.seal(&mut sealed, true)?;
    target.digest(&sealed);
    drop(turn);
    target.write(&sealed)?;
    Ok(Written { facts, bytes, sealed: target.finish()? })
}

/// How long a ciphertext of so many plain bytes is, at most.
pub(crate) fn longest_sealed(plain: usize) -> u64 {
    let chunks = plain / CHUNK + 1;
    plain as u64 + (HEADER + chunks * TAG) as u64
}

/// The plain bytes of a whole ciphertext of this length, all of them authenticated.
///
/// The room for them is taken once, so that no copy is left behind by growing.
pub(crate) fn open(
    sealed: impl BufRead,
    length: u64,
    key: &Identity,
    max_bytes: usize,
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let too_long = || VaultError::Unexpected(format!("the object has more than {max_bytes} bytes"));
    if length > longest_sealed(max_bytes) {
        return Err(too_long());
    }
    let decryptor = Decryptor::new_buffered(sealed).map_err(not_decrypted)?;
    let mut reader = decryptor.decrypt(std::iter::once(key.age())).map_err(not_decrypted)?;
    let room = usize::try_from(length).unwrap_or(usize::MAX).min(max_bytes).saturating_add(1);
    let mut plain = Zeroizing::new(vec![0; room]);
    let mut filled = 0;
    loop {
        match reader.read(&mut plain[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(not_read(&error)),
        }
    }
    if filled > max_bytes {
        return Err(too_long());
    }
    plain.truncate(filled);
    Ok(plain)
}

fn not_decrypted(error: DecryptError) -> VaultError {
    match error {
        DecryptError::Io(error) => not_read(&error),
        _ => VaultError::Damaged,
    }
}

/// The disk's errors carry the system's number; those of the format do not.
fn not_read(error: &io::Error) -> VaultError {
    match error.raw_os_error() {
        Some(_) => VaultError::io("reading a file", error),
        None => VaultError::Damaged,
    }
}
