//! Partners, their keys and their books, in the tables that are read before a book is known. Every row is sealed.

use super::api_keys::{self, ApiKey, hash_of};
use super::audit;
use crate::kit::settings::Environment;
use florin_ledger::BookId;
use florin_store::{
    Administration, NewBook, Row, RowSeals, SealedTable, Statement, Store, StoreError, Tx, Value, params,
    sealed_table,
};
use florin_types::{Currencies, Entropy, Timestamp, uuid_v7};
use ipnet::IpNet;
use uuid::Uuid;

/// Random bytes of a key: 256 bits.
const KEY_BYTES: usize = 32;

/// The rows of partners.
pub static PARTNERS: SealedTable = sealed_table!("partner", "id": Bytes, "name", "book", "created_at");

const INSERT_PARTNER: Statement =
    "INSERT INTO partner (id, name, book, created_at, seal) VALUES ($1, $2, $3, $4, $5)";
const FIND_PARTNER: Statement = "SELECT id, name, book, created_at, seal FROM partner WHERE id = $1";
const PARTNER_OF_BOOK: Statement = "SELECT id, name, book, created_at, seal FROM partner WHERE book = $1";
const FIRST_PARTNER: Statement =
    "SELECT id, name, book, created_at, seal FROM partner ORDER BY created_at, id LIMIT 1";
const PARTNER_BOOKS: Statement =
    "SELECT id, name, book, created_at, seal FROM partner WHERE book > $1 ORDER BY book LIMIT 1000";
pub(crate) const BOOKS: Statement = "SELECT book FROM partner WHERE book > $1 ORDER BY book LIMIT 100";
const MOVE_PARTNER: Statement = "UPDATE partner SET book = $2, seal = $3 WHERE book = $1";

/// Every statement here, for the test that prepares and runs them all.
pub(crate) const STATEMENTS: &[Statement] = &[
    INSERT_PARTNER,
    FIND_PARTNER,
    PARTNER_OF_BOOK,
    FIRST_PARTNER,
    PARTNER_BOOKS,
    BOOKS,
    MOVE_PARTNER,
    PARTNERS.read,
];

/// The book of a partner.
pub async fn book_of(store: &Store, partner: Uuid) -> Result<Option<BookId>, StoreError> {
    let rows = store.look(FIND_PARTNER, &params![partner]).await?;
    rows.first().map(|row| Ok(partner_of_row(row, store.seals())?.book)).transpose()
}

/// The name of a partner.
pub async fn name_of(store: &Store, partner: Uuid) -> Result<Option<String>, StoreError> {
    let rows = store.look(FIND_PARTNER, &params![partner]).await?;
    rows.first().map(|row| Ok(partner_of_row(row, store.seals())?.name)).transpose()
}

/// The partner that was made first.
pub async fn oldest_partner(store: &Store) -> Result<Option<Uuid>, StoreError> {
    let rows = store.look(FIRST_PARTNER, &[]).await?;
    rows.first().map(|row| Ok(partner_of_row(row, store.seals())?.partner)).transpose()
}

/// A partner that was just made, or a key: the only time that the key is seen.
pub struct Issued {
    /// The partner's public id.
    pub partner: Uuid,
    /// The key's id, by which it is revoked.
    pub id: Uuid,
    /// The key in clear.
    pub api_key: String,
}

/// What is said of a new key.
#[derive(Clone, Debug, Default)]
pub struct NewKey {
    /// Networks from which it may be used; any, where there are none.
    pub allowed: Vec<IpNet>,
    /// When it ends; none where it does not.
    pub expires_at: Option<Timestamp>,
}

/// Which keys are revoked.
#[derive(Copy, Clone, Debug)]
pub enum Revoked<'a> {
    /// One, by its id.
    Id(Uuid),
    /// All of a partner.
    AllOf(Uuid),
    /// The key itself.
    Key(&'a str),
}

/// What an operator does with partners and keys: in a transaction outside of any book. All that is changed is in the
/// audit of the partner's book.
pub struct Registry<'a> {
    /// The open transaction.
    pub administration: &'a mut Administration,
    /// Wall-clock time.
    pub now: Timestamp,
    /// Randomness of the operating system.
    pub entropy: &'a dyn Entropy,
    /// Who does it, for the audit.
    pub operator: &'a str,
}

impl Registry<'_> {
    /// A new partner with its book and a first key.
    pub async fn create_partner(
        &mut self,
        name: &str,
        environment: Environment,
    ) -> Result<Issued, StoreError> {
        let id = uuid_v7(self.now, self.entropy);
        let book = self.administration.open_book(&new_book(id, &Currencies::default())).await?;
        let partner = PartnerBook { partner: id, name: name.to_owned(), book, created_at: self.now };
        let row = partner.to_row(self.administration.seals());
        self.administration.execute(INSERT_PARTNER, &row).await?;
        self.note(id, "partner.create", id, name).await?;
        self.issue_key(id, environment, NewKey::default()).await
    }

    /// A key for a partner that there is.
    pub async fn issue_key(
        &mut self,
        partner: Uuid,
        environment: Environment,
        new: NewKey,
    ) -> Result<Issued, StoreError> {
        let mut random = [0; KEY_BYTES];
        self.entropy.fill(&mut random);
        let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let api_key = format!("florin_{}_{random}", environment.as_str());
        let id = uuid_v7(self.now, self.entropy);
        let seals = self.administration.seals();
        let key = ApiKey {
            id,
            hash: hash_of(seals, &api_key),
            partner,
            allowed: new.allowed,
            created_at: self.now,
            expires_at: new.expires_at,
            revoked_at: None,
            used_at: None,
        };
        let row = key.to_row(seals);
        self.administration.execute(api_keys::INSERT, &row).await?;
        self.note(partner, "key.create", id, &key.limits()).await?;
        Ok(Issued { partner, id, api_key })
    }

    /// Whether a key works.
    pub async fn knows_key(&mut self, api_key: &str) -> Result<bool, StoreError> {
        let key = self.key_of_hash(api_key).await?;
        Ok(key.is_some_and(|key| key.works_at(self.now)))
    }

    async fn key_of_hash(&mut self, api_key: &str) -> Result<Option<ApiKey>, StoreError> {
        let hash = hash_of(self.administration.seals(), api_key);
        let rows = self.administration.query(api_keys::FIND_BY_HASH, &params![hash]).await?;
        rows.first().map(|row| ApiKey::of_row_with_use(row, self.administration.seals())).transpose()
    }

    /// All keys, of one partner or of all, by partner and age. A row that cannot be believed is an error of its own: it
    /// does not stand in the way of the others.
    pub async fn keys(
        &mut self,
        partner: Option<Uuid>,
    ) -> Result<Vec<Result<ApiKey, StoreError>>, StoreError> {
        let partners = match partner {
            Some(partner) => vec![partner],
            None => self.partners().await?.into_iter().flatten().map(|partner| partner.partner).collect(),
        };
        let mut all = Vec::new();
        for partner in partners {
            all.extend(self.keys_of(partner).await?);
        }
        Ok(all)
    }

    async fn keys_of(&mut self, partner: Uuid) -> Result<Vec<Result<ApiKey, StoreError>>, StoreError> {
        let rows = self.administration.query(api_keys::FIND_OF_PARTNER, &params![partner]).await?;
        let seals = self.administration.seals();
        let mut keys: Vec<_> = rows.iter().map(|row| ApiKey::of_row_with_use(row, seals)).collect();
        keys.sort_by_key(|key| key.as_ref().ok().map(|key| key.created_at));
        Ok(keys)
    }

    /// Revokes keys; the ids of those that worked until now.
    pub async fn revoke_keys(&mut self, which: Revoked<'_>) -> Result<Vec<Uuid>, StoreError> {
        let keys: Vec<ApiKey> = match which {
            // A row that cannot be believed is no key, so there is nothing to revoke.
            Revoked::AllOf(partner) => self.keys_of(partner).await?.into_iter().flatten().collect(),
            Revoked::Key(key) => self.key_of_hash(key).await?.into_iter().collect(),
            Revoked::Id(id) => {
                let rows = self.administration.query(api_keys::FIND_BY_ID, &params![id]).await?;
                let seals = self.administration.seals();
                rows.iter().map(|row| ApiKey::of_row_with_use(row, seals)).collect::<Result<_, _>>()?
            }
        };
        let mut revoked = Vec::new();
        for mut key in keys.into_iter().filter(|key| key.revoked_at.is_none()) {
            key.revoked_at = Some(self.now);
            let seal = key.to_row(self.administration.seals()).pop().unwrap_or(Value::Null);
            self.administration
                .execute(api_keys::REVOKE, &params![key.id, key.allowed_text(), self.now, seal])
                .await?;
            self.note(key.partner, "key.revoke", key.id, "").await?;
            revoked.push(key.id);
        }
        Ok(revoked)
    }

    /// Notes what was done to a partner or a key in the audit of the partner's book.
    async fn note(
        &mut self,
        partner: Uuid,
        action: &'static str,
        object: Uuid,
        detail: &str,
    ) -> Result<(), StoreError> {
        let Some(PartnerBook { book, .. }) = self.partner(partner).await? else {
            return Err(StoreError::unexpected("a key's partner is not there"));
        };
        let at = self.administration.time_of(book, self.now).await?;
        let id = uuid_v7(at, self.entropy);
        let row = params![book, id, at, self.operator, action, object, detail];
        self.administration.execute(audit::INSERT, &row).await.map(drop)
    }

    async fn partner(&mut self, id: Uuid) -> Result<Option<PartnerBook>, StoreError> {
        let rows = self.administration.query(FIND_PARTNER, &params![id]).await?;
        rows.first().map(|row| partner_of_row(row, self.administration.seals())).transpose()
    }

    /// Whether there is such a partner.
    pub async fn has_partner(&mut self, partner: Uuid) -> Result<bool, StoreError> {
        Ok(self.partner(partner).await?.is_some())
    }

    /// The partner that was made first: the sandbox's own.
    pub async fn first_partner(&mut self) -> Result<Option<Uuid>, StoreError> {
        let rows = self.administration.query(FIRST_PARTNER, &[]).await?;
        let seals = self.administration.seals();
        rows.first().map(|row| Ok(partner_of_row(row, seals)?.partner)).transpose()
    }

    /// All partners, by age, and rows that cannot be believed. Such a row is an error of its own: it does not stand in
    /// the way of the others.
    pub async fn partners(&mut self) -> Result<Vec<Result<PartnerBook, StoreError>>, StoreError> {
        let (mut all, mut after) = (Vec::new(), BookId(0));
        loop {
            let rows = self.administration.query(PARTNER_BOOKS, &params![after]).await?;
            let Some(last) = rows.last() else { break };
            after = last.get(2)?;
            all.extend(rows.iter().map(|row| partner_of_row(row, self.administration.seals())));
        }
        all.sort_by_key(|partner| partner.as_ref().ok().map(|partner| (partner.created_at, partner.partner)));
        Ok(all)
    }
}

/// A partner with its book.
#[derive(Clone, Debug)]
pub struct PartnerBook {
    /// The partner's public id.
    pub partner: Uuid,
    /// What it is called.
    pub name: String,
    /// The book.
    pub book: BookId,
    /// When it was made.
    pub created_at: Timestamp,
}

impl PartnerBook {
    fn to_row(&self, seals: &RowSeals) -> Vec<Value> {
        let mut row = params![self.partner, self.name.as_str(), self.book, self.created_at].to_vec();
        row.push(seals.seal(&PARTNERS, &row).into());
        row
    }
}

/// The partner of a row that fits its seal.
pub(super) fn partner_of_row(row: &Row, seals: &RowSeals) -> Result<PartnerBook, StoreError> {
    seals.check(&PARTNERS, &row.0)?;
    Ok(PartnerBook { partner: row.get(0)?, name: row.get(1)?, book: row.get(2)?, created_at: row.get(3)? })
}

/// All partners with their books: for those who look after all of them. A row that cannot be believed does not stand in
/// the way of the others: its book is left alone, and [`unbelieved`] names it.
pub(crate) async fn partner_books(store: &Store) -> Result<Vec<PartnerBook>, StoreError> {
    let believed = |row: Result<PartnerBook, StoreError>| {
        row.inspect_err(|error| {
            tracing::error!(%error, "a partner's row cannot be believed: its book is left alone");
        })
        .ok()
    };
    Ok(partner_rows(store).await?.into_iter().filter_map(believed).collect())
}

/// What is wrong with rows of partners that cannot be believed: for an operator.
///
/// # Errors
/// When the database is away.
pub async fn unbelieved(store: &Store) -> Result<Vec<StoreError>, StoreError> {
    Ok(partner_rows(store).await?.into_iter().filter_map(Result::err).collect())
}

async fn partner_rows(store: &Store) -> Result<Vec<Result<PartnerBook, StoreError>>, StoreError> {
    let (mut all, mut after) = (Vec::new(), BookId(0));
    loop {
        let rows = store.look(PARTNER_BOOKS, &params![after]).await?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = last.get(2)?;
        all.extend(rows.iter().map(|row| partner_of_row(row, store.seals())));
    }
}

/// Remembers the book that took the place of this command's: found without following the row of replacements.
pub(crate) async fn move_partner(tx: &mut Tx, book: BookId) -> Result<(), StoreError> {
    let rows = tx.query(PARTNER_OF_BOOK, &[]).await?;
    let row = rows.first().ok_or_else(|| StoreError::unexpected("a book without a partner"))?;
    let moved = PartnerBook { book, ..partner_of_row(row, tx.seals())? };
    let seal = moved.to_row(tx.seals()).pop().unwrap_or(Value::Null);
    tx.execute(MOVE_PARTNER, &params![book, seal]).await.map(drop)
}

/// What a partner's book starts with.
pub(crate) fn new_book(partner: Uuid, currencies: &Currencies) -> NewBook {
    NewBook { partner, partner_secret: None, currencies: currencies.codes() }
}
