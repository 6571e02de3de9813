//! Keys of repeated requests: found through [`KeyIndex`], kept as hashes, answered byte for byte.
//!
//! What is kept of a request is a keyed hash per field, enough to say which fields differ, not what was in them. What
//! is kept of an answer is sealed under a key that takes the client's own idempotency key to make: some answers hold
//! secrets.

use crate::answer::{Answer, Outcome};
use crate::db::{Db, SetRows};
use crate::dialect::SetStatement;
use crate::{Row, StoreError, Type, Value, params};
use bytes::Bytes;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use florin_ledger::{BookId, Position};
use florin_types::Timestamp;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

/// How long an answer is kept for its key, in business time: the contract's 30 days.
pub const KEY_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A request that carries an `Idempotency-Key`.
#[derive(Clone, PartialEq, Eq)]
pub struct Keyed {
    /// The key as the client sent it.
    pub key: String,
    /// The typed content: names and canonical values, `method` and `path` among them.
    pub fields: Vec<(Cow<'static, str>, String)>,
}

/// The hash of a key, by which it is found.
pub(crate) type KeyHash = [u8; 16];

/// A request as it is kept: for each field its name and a keyed hash of its value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) key: KeyHash,
    /// Seals the answer.
    seal: [u8; 32],
    fields: Vec<(String, [u8; FIELD_HASH])>,
}

/// Bytes of a field's hash: 64 bits, for telling two requests under one key apart, not for finding anything.
const FIELD_HASH: usize = 8;

/// Keys the hashes of an installation, so that a stolen database doesn't tell what low-entropy fields held.
#[derive(Clone)]
pub struct DigestKey([u8; 32]);

// The values may be secret or personal.
impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyed(…)")
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey(…)")
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

impl DigestKey {
    /// Takes the key's bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn digest(&self, request: &Keyed) -> Digest {
        let mut key = KeyHash::default();
        self.hash("key", &request.key, &mut key);
        let fields = request.fields.iter().map(|(name, value)| {
            let mut hash = [0; FIELD_HASH];
            self.hash(name, value, &mut hash);
            (name.to_string(), hash)
        });
        let mut seal = [0; 32];
        self.hash("answer", &request.key, &mut seal);
        Digest { key, seal, fields: fields.collect() }
    }

    fn hash(&self, name: &str, value: &str, out: &mut [u8]) {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(name.as_bytes()).update(&[0]).update(value.as_bytes());
        hasher.finalize_xof().fill(out);
    }
}

/// The first byte of an answer that is sealed; those from before begin with their JSON.
const SEALED: u8 = 1;

/// Bytes of a nonce.
const NONCE: usize = 24;

impl Digest {
    /// Seals an answer's body. The nonce is a keyed hash of the body, so it never serves two of them under one key.
    fn seal(&self, body: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] =
            *blake3::keyed_hash(&self.seal, body).as_bytes().first_chunk().unwrap_or(&[0; NONCE]);
        let sealed = XChaCha20Poly1305::new(&self.seal.into()).encrypt(&XNonce::from(nonce), body);
        // It fails for bodies of hundreds of gigabytes alone.
        [&[SEALED], &nonce[..], &sealed.unwrap_or_default()].concat()
    }

    /// Opens what was sealed for the same key.
    pub(crate) fn open(&self, stored: &Stored) -> Result<Answer, StoreError> {
        let answer = &stored.answer;
        let Some((&SEALED, sealed)) = answer.body.split_first() else { return Ok(answer.clone()) };
        let opened = sealed.split_first_chunk::<NONCE>().and_then(|(nonce, sealed)| {
            XChaCha20Poly1305::new(&self.seal.into()).decrypt(&XNonce::from(*nonce), sealed).ok()
        });
        let body = opened.ok_or_else(|| StoreError::unexpected("a stored answer cannot be opened"))?;
        Ok(Answer { status: answer.status, body: Bytes::from(body) })
    }

    /// What a request comes to whose key was used before.
    pub(crate) fn outcome(&self, stored: &Stored) -> Result<Outcome, StoreError> {
        let differing = self.differences(&stored.request)?;
        match differing.is_empty() {
            true => self.open(stored).map(Outcome::Replayed),
            false => Ok(Outcome::KeyReused(differing)),
        }
    }

    fn index(&self) -> i64 {
        index_of(&self.key)
    }

    /// The fields as bytes: length of the name, name, hash, and so on.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, hash) in &self.fields {
            let name = &name.as_bytes()[..name.len().min(usize::from(u8::MAX))];
            bytes.push(name.len() as u8);
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(hash);
        }
        bytes
    }

    /// The names of the fields in which this request differs from a stored one; none where it is the same.
    pub(crate) fn differences(&self, stored: &[u8]) -> Result<Vec<String>, StoreError> {
        let mut before = HashMap::new();
        let mut rest = stored;
        while let [length, tail @ ..] = rest {
            let (name, tail) = tail.split_at_checked(usize::from(*length)).ok_or_else(unreadable)?;
            let (hash, tail) = tail.split_at_checked(FIELD_HASH).ok_or_else(unreadable)?;
            before.insert(String::from_utf8_lossy(name).into_owned(), hash);
            rest = tail;
        }
        let mut differing = Vec::new();
        for (name, hash) in &self.fields {
            if before.remove(name.as_str()) != Some(hash) {
                differing.push(name.clone());
            }
        }
        let mut gone: Vec<String> = before.into_keys().collect();
        gone.sort();
        differing.extend(gone);
        Ok(differing)
    }
}

fn unreadable() -> StoreError {
    StoreError::unexpected("a stored request digest cannot be read")
}

fn index_of(key: &KeyHash) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *key;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// An answer that was given for a key, sealed.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) request: Vec<u8>,
    pub(crate) answer: Answer,
    pub(crate) at: Timestamp,
}

impl Stored {
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.at.saturating_add(KEY_LIFETIME) <= now
    }
}

pub(crate) static INSERT_COMMAND: SetStatement = SetStatement::Insert {
    table: "command",
    columns: &[
        ("position", Type::Int),
        ("key", Type::Bytes),
        ("request", Type::Bytes),
        ("status", Type::Int),
        ("body", Type::Bytes),
        ("at", Type::Int),
        ("carried", Type::Int),
    ],
};

pub(crate) static INSERT_KEY: SetStatement =
    SetStatement::Insert { table: "command_key", columns: &[("hash", Type::Int), ("position", Type::Int)] };

/// Commands by key. Parameters: hash of the key, the book's first position, the next book's.
pub(crate) static FIND_COMMAND: SetStatement = SetStatement::Find {
    row: "SELECT c.key, c.request, c.status, c.body, c.at FROM command_key k \
          JOIN command c ON c.position = k.position \
          WHERE k.hash = $1 AND k.position > $2 AND k.position < $3 ORDER BY c.position",
    set: "SELECT c.key, c.request, c.status, c.body, c.at \
          FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS v(hash, first, next) \
          JOIN command_key k ON k.hash = v.hash AND k.position > v.first AND k.position < v.next \
          JOIN command c ON c.position = k.position ORDER BY c.position",
    parameters: &[Type::Int, Type::Int, Type::Int],
};

/// Those of the oldest keys of a book that have outlived themselves; time only grows with the position. Parameters:
/// the book's first position, the next one's, time.
pub(crate) const EXPIRED_COMMANDS: &str = "SELECT position, key \
     FROM (SELECT position, key, at FROM command \
           WHERE position > $1 AND position < $2 ORDER BY position LIMIT 500) oldest \
     WHERE at <= $3";

/// Answers of resets: they stand before everything else in a book. At most as many as anybody makes in 30 days of
/// resetting every four hours.
pub(crate) const CARRIED_COMMANDS: &str = "SELECT key, request, status, body, at \
     FROM (SELECT * FROM command WHERE position > $1 AND position < $2 ORDER BY position LIMIT 180) oldest \
     WHERE carried = 1 ORDER BY position";

pub(crate) const DELETE_COMMAND: &str = "DELETE FROM command WHERE position = $1";
pub(crate) const DELETE_KEY: &str = "DELETE FROM command_key WHERE hash = $1 AND position = $2";

/// The row of an answer, and the one by which it is found.
pub(crate) type KeyRows = (Vec<Value>, Vec<Value>);

/// How keys are found and kept: the one place that knows the index behind them.
pub(crate) struct KeyIndex;

impl KeyIndex {
    /// The look-up that finds what is stored under these keys in a book.
    pub(crate) fn look_up<'a>(book: BookId, digests: impl Iterator<Item = &'a Digest>) -> SetRows {
        (&FIND_COMMAND, digests.map(|d| params![d.index(), book.start(), book.end()].to_vec()).collect())
    }

    /// What the look-up found, by key.
    pub(crate) fn found(rows: &[Row]) -> Result<HashMap<KeyHash, Stored>, StoreError> {
        let mut found = HashMap::new();
        for row in rows {
            let status = u16::try_from(row.get::<i64>(2)?).map_err(StoreError::unexpected)?;
            let answer = Answer { status, body: row.get::<Vec<u8>>(3)?.into() };
            // Ordered by position: the newest use of a key stands last.
            found.insert(row.get(0)?, Stored { request: row.get(1)?, answer, at: row.get(4)? });
        }
        Ok(found)
    }

    /// The rows that keep an answer: its own, and the one by which it is found.
    pub(crate) fn rows(digest: &Digest, position: Position, answer: &Answer, at: Timestamp) -> KeyRows {
        let body = digest.seal(&answer.body);
        let status = i64::from(answer.status);
        let command = params![position, digest.key, digest.encode(), status, body, at, false].to_vec();
        (command, params![digest.index(), position].to_vec())
    }

    /// The answers of resets in a book, its own and those before it, as rows of the book that takes its place: a late
    /// repeat of any of them must not reset again.
    pub(crate) async fn carry(db: &mut Db, from: BookId, to: BookId) -> Result<Vec<KeyRows>, StoreError> {
        let rows = db.query(CARRIED_COMMANDS, &params![from.start(), from.end()]).await?;
        let mut carried = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let key: KeyHash = row.get(0)?;
            let position = to.position(index as i64 + 1);
            let mut command = params![position].to_vec();
            command.extend_from_slice(&row.0);
            command.push(true.into());
            carried.push((command, params![index_of(&key), position].to_vec()));
        }
        Ok(carried)
    }

    /// Marks the answer of a reset, so that the books after the new one keep it too.
    pub(crate) fn carried((mut command, key): KeyRows) -> KeyRows {
        command.pop();
        command.push(true.into());
        (command, key)
    }

    pub(crate) fn stored(digest: &Digest, answer: &Answer, at: Timestamp) -> Stored {
        let body = Bytes::from(digest.seal(&answer.body));
        Stored { request: digest.encode(), answer: Answer { status: answer.status, body }, at }
    }

    /// Drops what has outlived itself, a bounded number at a time; how many went.
    pub(crate) async fn prune(db: &mut Db, book: BookId, now: Timestamp) -> Result<usize, StoreError> {
        let before = now.saturating_sub(KEY_LIFETIME);
        let rows = db.query(EXPIRED_COMMANDS, &params![book.start(), book.end(), before]).await?;
        for row in &rows {
            let (position, key): (Position, KeyHash) = (row.get(0)?, row.get(1)?);
            db.execute(DELETE_KEY, &params![index_of(&key), position]).await?;
            db.execute(DELETE_COMMAND, &params![position]).await?;
        }
        Ok(rows.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(fields: &[(&str, &str)]) -> Digest {
        let fields = fields.iter().map(|(n, v)| ((*n).to_owned().into(), (*v).to_owned())).collect();
        DigestKey::new([7; 32]).digest(&Keyed { key: "k".to_owned(), fields })
    }

    #[test]
    fn differences_name_changed_new_and_missing_fields() {
        let first = digest(&[("path", "/v1/a"), ("amount", "10"), ("reference", "x")]);
        let stored = first.encode();
        assert_eq!(first.differences(&stored).unwrap(), Vec::<String>::new());
        let other = digest(&[("path", "/v1/a"), ("amount", "11"), ("currency", "eur")]);
        assert_eq!(other.differences(&stored).unwrap(), ["amount", "currency", "reference"]);
    }

    #[test]
    fn an_answer_is_sealed_and_opens_for_its_key_alone() {
        let mine = digest(&[("path", "/v1/a")]);
        let body = Bytes::from_static(br#"{"signingSecret":"whsec_planted"}"#);
        let answer = Answer { status: 200, body: body.clone() };
        let mut stored = KeyIndex::stored(&mine, &answer, Timestamp::from_micros(0));
        assert!(!stored.answer.body.windows(7).any(|part| part == b"planted"));
        assert_eq!(mine.open(&stored).unwrap().body, body);
        let keyed = Keyed { key: "another".to_owned(), fields: Vec::new() };
        assert!(DigestKey::new([7; 32]).digest(&keyed).open(&stored).is_err());
        let mut damaged = stored.answer.body.to_vec();
        damaged[30] ^= 1;
        stored.answer.body = damaged.into();
        assert!(mine.open(&stored).is_err());
        // From before answers were sealed.
        stored.answer.body = body.clone();
        assert_eq!(mine.open(&stored).unwrap().body, body);
    }

    #[test]
    fn a_damaged_digest_is_a_fault() {
        assert!(digest(&[]).differences(&[9, 1, 2]).is_err());
    }
}
