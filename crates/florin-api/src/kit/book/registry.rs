//! Partners, their keys and their books, in the tables that are read before a book is known. Only hashes of keys are
//! kept.

use crate::kit::settings::Environment;
use florin_ledger::BookId;
use florin_store::{Administration, NewBook, Statement, Store, StoreError, Tx, params};
use florin_types::{Currencies, Entropy, Timestamp, uuid_v7};
use ipnet::IpNet;
use uuid::Uuid;

/// Random bytes of a key: 256 bits.
const KEY_BYTES: usize = 32;

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

/// Keys have 256 random bits: a plain hash is enough to keep them, and finding by it tells nothing by its timing.
pub(crate) fn hash_of(key: &str) -> [u8; 32] {
    blake3::derive_key("florin 2026 api key v1", key.as_bytes())
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
pub(crate) async fn partner_books(store: &Store) -> Result<Vec<PartnerBook>, StoreError> {
    let mut all: Vec<PartnerBook> = Vec::new();
    loop {
        let after = all.last().map_or(BookId(0), |last| last.book);
        let rows = store.look(PARTNER_BOOKS, &params![after]).await?;
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

/// What a partner's book starts with.
pub(crate) fn new_book(partner: Uuid, currencies: &Currencies) -> NewBook {
    NewBook { partner, partner_secret: None, currencies: currencies.codes() }
}
