//! A file on its way into the vault.

use crate::payload::TAG;
use crate::seal::{CHUNK, Chunk, Message, Sealed, Written};
use crate::{DepositError, ObjectName, VaultError};
use bytes::Bytes;
use std::sync::mpsc as std_mpsc;
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

/// How many chunks may wait for the thread: one to work on next while another is on its way. More would only be
/// memory, since a deposit is as fast as the slower side.
pub(crate) const QUEUED: usize = 2;

/// A file on its way into the vault: written to, then finished.
///
/// Dropped before it has finished, it leaves nothing; its thread removes what there is a moment later.
/// [`Deposit::abandon`] waits for that.
pub struct Deposit<F, R> {
    pub(crate) name: ObjectName,
    pub(crate) filling: Chunk,
    pub(crate) messages: mpsc::Sender<Message>,
    pub(crate) used: std_mpsc::Receiver<Chunk>,
    /// `None` once it has been told.
    pub(crate) outcome: Option<oneshot::Receiver<Result<Written<F>, DepositError<R>>>>,
}

/// What is now in the vault, durably.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<F> {
    /// Under this name.
    pub name: ObjectName,
    /// Plain bytes.
    pub bytes: u64,
    /// What its check found.
    pub facts: F,
}

impl<F, R> Deposit<F, R> {
    /// Takes the next bytes; waits while the thread is behind. They are copied into chunks of 64 KiB, so that neither
    /// many small frames nor a slice of a large buffer costs more than its bytes.
    ///
    /// A call that is dropped while it waits may have taken a part: the deposit is then to be dropped too.
    ///
    /// # Errors
    /// What ended the deposit, once it is noticed: it may be due to an earlier write. Nothing is left behind.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), DepositError<R>> {
        if self.messages.is_closed() {
            return Err(self.ended().await);
        }
        while !bytes.is_empty() {
            let room = CHUNK - self.filling.len();
            self.filling.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
            if self.filling.len() == CHUNK {
                self.pass_on().await?;
            }
        }
        Ok(())
    }

    /// Makes it durable and keeps it: on disk, content and folder are synced; a bucket has acknowledged the whole.
    ///
    /// Dropped while it waits, the object may or may not be there: the sweep finds it.
    ///
    /// # Errors
    /// What ended the deposit. Nothing is left behind, but for a bucket that did not answer whether it stored it.
    pub async fn finish(mut self) -> Result<Stored<F>, DepositError<R>> {
        if !self.filling.is_empty() {
            self.pass_on().await?;
        }
        if self.messages.send(Message::Finish).await.is_err() {
            return Err(self.ended().await);
        }
        let Written { facts, bytes, sealed } = self.outcome().await?;
        match sealed {
            Sealed::InPlace(file) => file.keep()?,
            Sealed::Spooled(bucket, ciphertext) => bucket.put(self.name, &ciphertext).await?,
        }
        Ok(Stored { name: self.name, bytes, facts })
    }

    /// Gives it up and waits until nothing of it is left.
    pub async fn abandon(self) {
        let Self { messages, outcome, .. } = self;
        drop(messages);
        if let Some(outcome) = outcome {
            // Whatever came of it is dropped here, and with it the file.
            let _ = outcome.await;
        }
    }

    async fn pass_on(&mut self) -> Result<(), DepositError<R>> {
        let Ok(place) = self.messages.reserve().await else {
            return Err(self.ended().await);
        };
        let mut empty = self.used.try_recv().unwrap_or_else(|_| new_chunk());
        empty.clear();
        place.send(Message::Chunk(std::mem::replace(&mut self.filling, empty)));
        Ok(())
    }

    async fn outcome(&mut self) -> Result<Written<F>, DepositError<R>> {
        let Some(outcome) = self.outcome.take() else {
            return Err(VaultError::unexpected("the deposit had ended").into());
        };
        outcome.await.unwrap_or_else(|_| Err(VaultError::unexpected("a deposit's thread panicked").into()))
    }

    /// Why the thread listens no more.
    async fn ended(&mut self) -> DepositError<R> {
        let early = || VaultError::unexpected("a deposit's thread ended early").into();
        self.outcome().await.err().unwrap_or_else(early)
    }
}

/// An empty chunk, with room to be sealed in place.
pub(crate) fn new_chunk() -> Chunk {
    Zeroizing::new(Vec::with_capacity(CHUNK + TAG))
}
