//! API keys as rows. The database keeps a keyed hash of each, and every row is sealed: a row that somebody else made
//! is no key. An operator names a key by its id.

use super::registry::{PARTNERS, PartnerBook, partner_of_row};
use florin_store::{
    Row, RowSeals, SealedTable, SetStatement, Statement, Store, StoreError, Type, Value, params, sealed_table,
};
use florin_types::Timestamp;
use ipnet::IpNet;
use uuid::Uuid;

/// The rows of keys. All columns are covered but for the last use.
pub static API_KEYS: SealedTable = SealedTable {
    write: SetStatement::Update {
        table: "api_key",
        keys: &[("id", Type::Bytes)],
        columns: &[("hash", Type::Bytes), ("seal", Type::Bytes)],
    },
    renew: Some(key_the_hash),
    ..sealed_table!("api_key", "id": Bytes, "hash", "partner", "allowed", "created_at", "expires_at", "revoked_at")
};

/// Columns of a key's row, its seal included.
const KEY_WIDTH: usize = 8;

const FIND: Statement = "SELECT k.id, k.hash, k.partner, k.allowed, k.created_at, k.expires_at, k.revoked_at, k.seal, \
     k.used_at, p.id, p.name, p.book, p.created_at, p.seal FROM api_key k JOIN partner p ON p.id = k.partner \
     WHERE k.hash = $1";
pub(super) const FIND_BY_HASH: Statement = "SELECT id, hash, partner, allowed, created_at, expires_at, revoked_at, \
     seal, used_at FROM api_key WHERE hash = $1";
pub(super) const FIND_BY_ID: Statement = "SELECT id, hash, partner, allowed, created_at, expires_at, revoked_at, seal, \
     used_at FROM api_key WHERE id = $1";
pub(super) const FIND_OF_PARTNER: Statement = "SELECT id, hash, partner, allowed, created_at, expires_at, revoked_at, \
     seal, used_at FROM api_key WHERE partner = $1 ORDER BY id";
pub(super) const INSERT: Statement = "INSERT INTO api_key \
     (id, hash, partner, allowed, created_at, expires_at, revoked_at, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
/// All that is sealed and has more than one spelling is written as it is sealed.
pub(super) const REVOKE: Statement =
    "UPDATE api_key SET allowed = $2, revoked_at = $3, seal = $4 WHERE id = $1";
const NOTE_USE: Statement =
    "UPDATE api_key SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $2)";

/// Every statement here, for the test that prepares and runs them all.
pub(crate) const STATEMENTS: &[Statement] =
    &[FIND, FIND_BY_HASH, FIND_BY_ID, FIND_OF_PARTNER, INSERT, REVOKE, NOTE_USE, API_KEYS.read];

/// A key's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// What an operator calls it.
    pub id: Uuid,
    /// The keyed hash of the key.
    pub(super) hash: [u8; 32],
    /// Whose it is.
    pub partner: Uuid,
    /// Networks from which it may be used; any, where there are none.
    pub allowed: Vec<IpNet>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; none where it does not.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, some minutes old; none where it was not, or where it was not read.
    pub used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it works at a time.
    pub fn works_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// From where it may be used and until when, for people.
    pub fn limits(&self) -> String {
        let ends = self.expires_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
        let from = if self.allowed.is_empty() { "anywhere".to_owned() } else { self.allowed_text() };
        format!("expires {ends}  from {from}")
    }

    /// The networks as the row has them.
    pub(super) fn allowed_text(&self) -> String {
        self.allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    /// The values of its row, with the seal.
    pub(super) fn to_row(&self, seals: &RowSeals) -> Vec<Value> {
        let (created, expires, revoked) = (self.created_at, self.expires_at, self.revoked_at);
        let allowed = self.allowed_text();
        let mut row = params![self.id, self.hash, self.partner, allowed, created, expires, revoked].to_vec();
        row.push(seals.seal(&API_KEYS, &row).into());
        row
    }

    /// The key of a row that fits its seal.
    pub(super) fn of_row(row: &Row, seals: &RowSeals) -> Result<Self, StoreError> {
        seals.check(&API_KEYS, &row.0)?;
        let allowed: String = row.get(3)?;
        Ok(Self {
            id: row.get(0)?,
            hash: row.get(1)?,
            partner: row.get(2)?,
            allowed: allowed
                .split_whitespace()
                .map(|net| net.parse().map_err(StoreError::unexpected))
                .collect::<Result<_, _>>()?,
            created_at: row.get(4)?,
            expires_at: row.get(5)?,
            revoked_at: row.get(6)?,
            used_at: None,
        })
    }

    /// The same with the last use, which follows.
    pub(super) fn of_row_with_use(row: &Row, seals: &RowSeals) -> Result<Self, StoreError> {
        Ok(Self { used_at: row.get(KEY_WIDTH)?, ..Self::of_row(row, seals)? })
    }
}

/// The hash by which a key is found. Keys have 256 random bits, so their hash needs no salt; it is keyed, so that who
/// can write the database cannot make the hash of a key.
pub(crate) fn hash_of(seals: &RowSeals, key: &str) -> [u8; 32] {
    seals.hash(&API_KEYS, &plain_hash(key))
}

/// The hash that was kept before it was keyed.
fn plain_hash(key: &str) -> [u8; 32] {
    blake3::derive_key("florin 2026 api key v1", key.as_bytes())
}

/// Makes the hash of a row from before a keyed one.
fn key_the_hash(seals: &RowSeals, row: &mut [Value]) -> Result<Vec<Value>, StoreError> {
    match row.get_mut(1) {
        Some(hash @ Value::Bytes(_)) => {
            let plain = std::mem::replace(hash, Value::Null);
            if let Value::Bytes(plain) = &plain {
                *hash = seals.hash(&API_KEYS, plain).into();
            }
            Ok(vec![hash.clone()])
        }
        _ => Err(StoreError::unexpected("api_key: a row has no hash")),
    }
}

/// The key with this hash and its partner, where there is one.
pub(crate) async fn find(
    store: &Store,
    hash: &[u8; 32],
) -> Result<Option<(ApiKey, PartnerBook)>, StoreError> {
    let rows = store.look(FIND, &params![*hash]).await?;
    rows.first().map(|row| of_joined_row(row, store.seals())).transpose()
}

fn of_joined_row(row: &Row, seals: &RowSeals) -> Result<(ApiKey, PartnerBook), StoreError> {
    // Between them is the key's last use.
    let of_partner = Row(row.0.get(KEY_WIDTH + 1..).unwrap_or_default().to_vec());
    debug_assert_eq!(of_partner.0.len(), PARTNERS.width + 1);
    Ok((ApiKey::of_row_with_use(row, seals)?, partner_of_row(&of_partner, seals)?))
}

/// Notes when keys were used last.
pub(crate) async fn note_uses(store: &Store, uses: &[(Uuid, Timestamp)]) -> Result<(), StoreError> {
    if uses.is_empty() {
        return Ok(());
    }
    let mut administration = store.administer().await?;
    for (id, at) in uses {
        administration.execute(NOTE_USE, &params![*id, *at]).await?;
    }
    administration.commit().await
}
