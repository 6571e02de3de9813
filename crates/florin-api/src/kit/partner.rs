//! Who calls: the `x-api-key` becomes a [`Partner`], without which no handler can be written. Only hashes of keys are
//! kept; the tables are read before a book is known, so they stand here and not in a family.

use super::app::{App, Environment};
use super::codes::P401;
use super::failure::Failure;
use super::http::Peer;
use super::refusal::Refusal;
use axum::extract::FromRequestParts;
use florin_ledger::{AccountKind, BookId};
use florin_store::{Administration, NewBook, Statement, Store, StoreError, Tx, params};
use florin_types::{Currencies, Entropy, Timestamp, uuid_v7};
use http::request::Parts;
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How long a key is believed without looking again: the longest that a revoked key still works, and how soon another
/// process notices a reset. The book itself is always checked under its lock.
const KEY_CACHE_TIME: Duration = Duration::from_secs(1);

/// Keys remembered. Wrong ones are not, so this is the number of keys in use.
const KEY_CACHE_SIZE: usize = 10_000;

/// Random bytes of a key: 256 bits.
const KEY_BYTES: usize = 32;

/// The longest key that is looked at; ours are far shorter.
const MAX_KEY_LENGTH: usize = 256;

pub(crate) const FIND_KEY: Statement = "SELECT k.partner, k.allowed, k.revoked_at, p.book FROM api_key k \
     JOIN partner p ON p.id = k.partner WHERE k.hash = $1";
pub(crate) const INSERT_PARTNER: Statement =
    "INSERT INTO partner (id, name, book, created_at) VALUES ($1, $2, $3, $4)";
pub(crate) const INSERT_KEY: Statement =
    "INSERT INTO api_key (hash, partner, allowed, created_at, revoked_at) VALUES ($1, $2, $3, $4, NULL)";
pub(crate) const REVOKE_KEY: Statement =
    "UPDATE api_key SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL";
pub(crate) const FIND_PARTNER: Statement = "SELECT id, name FROM partner WHERE id = $1";
pub(crate) const BOOK_OF_PARTNER: Statement = "SELECT book FROM partner WHERE id = $1";
pub(crate) const FIRST_PARTNER: Statement = "SELECT id FROM partner ORDER BY created_at LIMIT 1";
pub(crate) const LIST_PARTNERS: Statement =
    "SELECT id, name, created_at FROM partner WHERE id > $1 ORDER BY id LIMIT 1000";
pub(crate) const PARTNER_BOOKS: Statement =
    "SELECT book, id, name FROM partner WHERE book > $1 ORDER BY book LIMIT 1000";
pub(crate) const BOOKS: Statement = "SELECT book FROM partner WHERE book > $1 ORDER BY book LIMIT 100";
pub(crate) const MOVE_PARTNER: Statement = "UPDATE partner SET book = $2 WHERE book = $1";

/// Every statement here, for the test that prepares and runs them all.
pub(crate) const STATEMENTS: &[Statement] = &[
    FIND_KEY,
    INSERT_PARTNER,
    INSERT_KEY,
    REVOKE_KEY,
    FIND_PARTNER,
    BOOK_OF_PARTNER,
    FIRST_PARTNER,
    LIST_PARTNERS,
    PARTNER_BOOKS,
    BOOKS,
    MOVE_PARTNER,
];

/// The book of a partner.
pub async fn book_of(store: &Store, partner: Uuid) -> Result<Option<BookId>, StoreError> {
    let rows = store.look(BOOK_OF_PARTNER, &params![partner]).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// A partner, proven by its key.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its public id.
    pub id: Uuid,
    /// Its book, or one that its book has replaced: door and snapshots follow.
    pub book: BookId,
}

#[derive(Clone)]
struct Known {
    partner: Partner,
    allowed: Vec<IpNet>,
    is_revoked: bool,
    looked_at: Timestamp,
}

/// Keys that were looked up lately, by hash.
#[derive(Default)]
pub(crate) struct KeyCache(Mutex<HashMap<[u8; 32], Known>>);

impl KeyCache {
    fn get(&self, hash: &[u8; 32], now: Timestamp) -> Option<Known> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|k| now.saturating_since(k.looked_at) < KEY_CACHE_TIME).cloned()
    }

    fn keep(&self, hash: [u8; 32], key: Known) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEY_CACHE_SIZE {
            known.clear();
        }
        known.insert(hash, key);
    }

    /// Forgets, so that the next call of any partner looks again.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl FromRequestParts<App> for Partner {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        // The rate limit has proven it already.
        if let Some(partner) = parts.extensions.get::<Self>() {
            return Ok(*partner);
        }
        let source = source_address(parts, &app.settings.trusted_proxies);
        let known = match key_of(parts) {
            Err(suffix) => Err(suffix),
            Ok(key) => look_up(app, &key).await?.ok_or("xo2"),
        };
        let known = match known {
            Ok(known) if !known.is_revoked => known,
            refused => {
                app.limiter.check_wrong_key(source)?;
                return Err(denied(refused.err().unwrap_or("xo2")).into());
            }
        };
        let is_live = app.settings.environment == Environment::Live;
        if is_live && !known.allowed.is_empty() && !source.is_some_and(|ip| is_in(&known.allowed, ip)) {
            return Err(denied("xo3").into());
        }
        Ok(known.partner)
    }
}

fn denied(suffix: &str) -> Refusal {
    Refusal::with(&P401, format!("Access Denied. {suffix}"))
}

/// The one key of a request; several are as good as a wrong one.
fn key_of(parts: &Parts) -> Result<String, &'static str> {
    let mut keys = parts.headers.get_all("x-api-key").iter();
    let key = match (keys.next(), keys.next()) {
        (None, _) => return Err("xo1"),
        (Some(key), None) => key.to_str().map_err(|_| "xo2")?,
        (Some(_), Some(_)) => return Err("xo2"),
    };
    match key.trim() {
        "" => Err("xo1"),
        key if key.len() > MAX_KEY_LENGTH => Err("xo2"),
        key => Ok(key.to_owned()),
    }
}

async fn look_up(app: &App, key: &str) -> Result<Option<Known>, StoreError> {
    let hash = hash_of(key);
    let now = app.clock.now();
    if let Some(known) = app.keys.get(&hash, now) {
        return Ok(Some(known));
    }
    let rows = app.store.look(FIND_KEY, &params![hash]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let allowed: String = row.get(1)?;
    let known = Known {
        partner: Partner { id: row.get(0)?, book: row.get(3)? },
        allowed: allowed.split_whitespace().filter_map(|net| net.parse().ok()).collect(),
        is_revoked: row.get::<Option<i64>>(2)?.is_some(),
        looked_at: now,
    };
    app.keys.keep(hash, known.clone());
    Ok(Some(known))
}

/// Keys have 256 random bits: a plain hash is enough to keep them, and finding by it tells nothing by its timing.
fn hash_of(key: &str) -> [u8; 32] {
    blake3::derive_key("florin 2026 api key v1", key.as_bytes())
}

fn is_in(nets: &[IpNet], ip: IpAddr) -> bool {
    nets.iter().any(|net| net.contains(&ip.to_canonical()))
}

/// Where a request comes from: the peer, or what a trusted proxy says of it. The last hop that no trusted proxy made
/// is the source; what stands before it in the header is the client's own word.
fn source_address(parts: &Parts, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<Peer>()?.0.ip().to_canonical();
    if !is_in(trusted, peer) {
        return Some(peer);
    }
    let hops = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<_> = hops.flat_map(|value| value.split(',')).collect();
    let parsed = hops.into_iter().rev().map_while(|hop| hop.trim().parse::<IpAddr>().ok());
    Some(parsed.map(|ip| ip.to_canonical()).find(|ip| !is_in(trusted, *ip)).unwrap_or(peer))
}

/// A partner that was just made, or a key: the only time that the key is seen.
pub struct Issued {
    /// The partner's public id.
    pub partner: Uuid,
    /// The key in clear.
    pub api_key: String,
}

/// What an operator does with partners and keys: in a transaction outside of any book.
pub struct Registry<'a> {
    /// The open transaction.
    pub administration: &'a mut Administration,
    /// Wall-clock time.
    pub now: Timestamp,
    /// Randomness of the operating system.
    pub entropy: &'a dyn Entropy,
}

impl Registry<'_> {
    /// A new partner with its book and a first key.
    pub async fn create_partner(
        &mut self,
        name: &str,
        environment: Environment,
    ) -> Result<Issued, StoreError> {
        let partner = uuid_v7(self.now, self.entropy);
        let book = self.administration.open_book(&new_book(partner, &Currencies::default())).await?;
        self.administration.execute(INSERT_PARTNER, &params![partner, name, book, self.now]).await?;
        self.issue_key(partner, environment, &[]).await
    }

    /// Another key for a partner, usable from these networks (any, when there are none).
    pub async fn issue_key(
        &mut self,
        partner: Uuid,
        environment: Environment,
        allowed: &[IpNet],
    ) -> Result<Issued, StoreError> {
        let mut random = [0; KEY_BYTES];
        self.entropy.fill(&mut random);
        let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let api_key = format!("florin_{}_{random}", environment.as_str());
        let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
        let row = params![hash_of(&api_key), partner, allowed.join(" "), self.now];
        self.administration.execute(INSERT_KEY, &row).await?;
        Ok(Issued { partner, api_key })
    }

    /// Whether a key works.
    pub async fn knows_key(&mut self, api_key: &str) -> Result<bool, StoreError> {
        let rows = self.administration.query(FIND_KEY, &params![hash_of(api_key)]).await?;
        Ok(rows.first().is_some_and(|row| row.get(2) == Ok(None::<i64>)))
    }

    /// Ends a key. False: there is no such key, or it has ended.
    pub async fn revoke_key(&mut self, api_key: &str) -> Result<bool, StoreError> {
        Ok(self.administration.execute(REVOKE_KEY, &params![hash_of(api_key), self.now]).await? == 1)
    }

    /// Whether there is such a partner.
    pub async fn has_partner(&mut self, partner: Uuid) -> Result<bool, StoreError> {
        Ok(!self.administration.query(FIND_PARTNER, &params![partner]).await?.is_empty())
    }

    /// The partner that was made first: the sandbox's own.
    pub async fn first_partner(&mut self) -> Result<Option<Uuid>, StoreError> {
        self.administration.query(FIRST_PARTNER, &[]).await?.first().map(|row| row.get(0)).transpose()
    }

    /// All partners: id, name and when they were made.
    pub async fn partners(&mut self) -> Result<Vec<(Uuid, String, Timestamp)>, StoreError> {
        let rows = self.administration.query(LIST_PARTNERS, &params![Uuid::nil()]).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
    }
}

/// A partner with its book.
pub struct PartnerBook {
    /// The book.
    pub book: BookId,
    /// The partner's public id.
    pub partner: Uuid,
    /// What it is called.
    pub name: String,
}

/// All partners with their books: for those who look after all of them.
pub(crate) async fn partner_books(app: &App) -> Result<Vec<PartnerBook>, StoreError> {
    let mut all: Vec<PartnerBook> = Vec::new();
    loop {
        let after = all.last().map_or(BookId(0), |last| last.book);
        let rows = app.store.look(PARTNER_BOOKS, &params![after]).await?;
        if rows.is_empty() {
            return Ok(all);
        }
        for row in &rows {
            all.push(PartnerBook { book: row.get(0)?, partner: row.get(1)?, name: row.get(2)? });
        }
    }
}

/// Remembers the book that took the place of this command's: found without following the row of replacements.
pub(crate) async fn move_partner(tx: &mut Tx, book: BookId) -> Result<(), StoreError> {
    tx.execute(MOVE_PARTNER, &params![book]).await.map(drop)
}

/// What a partner's book starts with: its own accounts, and the one that the sandbox's money comes from.
pub(crate) fn new_book(partner: Uuid, currencies: &Currencies) -> NewBook {
    let codes = currencies.codes();
    NewBook {
        partner,
        system_accounts: codes.iter().map(|code| (*code, AccountKind::SandboxFunding)).collect(),
        currencies: codes,
    }
}
