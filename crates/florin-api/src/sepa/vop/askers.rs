//! Who may ask: one row for each bank, with the keyed hash of its token, sealed as keys are; and how many answers of
//! each kind it got. What an operator does with them is in the audit.

use super::bounds::{Counted, Key, MISSES_A_DAY};
use crate::kit::app::App;
use crate::kit::book::audit::{self, Deed, MAX_OPERATOR};
use florin_store::{
    Row, RowSeals, SealedTable, SetStatement, Statement, Store, StoreError, Type, Value, params, sealed_table,
};
use florin_types::{Bic, Date, Text, Timestamp};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Random bytes of a token: 256 bits, as of a key.
const TOKEN_BYTES: usize = 32;

/// Longest name of an asker: a bank's, with its legal form.
pub(super) const MAX_NAME: usize = 140;

/// The rows. All columns are covered.
pub static ASKERS: SealedTable = SealedTable {
    write: SetStatement::Update {
        table: "vop_asker",
        keys: &[("id", Type::Bytes)],
        columns: &[("seal", Type::Bytes)],
    },
    ..sealed_table!("vop_asker", "id": Bytes, "hash", "name", "bic", "misses_a_day", "created_at", "revoked_at")
};

const FIND_BY_HASH: Statement = "SELECT id, hash, name, bic, misses_a_day, created_at, revoked_at, seal \
     FROM vop_asker WHERE hash = $1";
const FIND_BY_ID: Statement = "SELECT id, hash, name, bic, misses_a_day, created_at, revoked_at, seal \
     FROM vop_asker WHERE id = $1";
const ALL: Statement = "SELECT id, hash, name, bic, misses_a_day, created_at, revoked_at, seal \
     FROM vop_asker ORDER BY created_at, id";
const IS_THERE_ONE: Statement = "SELECT id FROM vop_asker WHERE revoked_at IS NULL LIMIT 1";
const INSERT: Statement = "INSERT INTO vop_asker \
     (id, hash, name, bic, misses_a_day, created_at, revoked_at, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const REVOKE: Statement = "UPDATE vop_asker SET revoked_at = $2, seal = $3 WHERE id = $1";
const COUNT: Statement = "INSERT INTO vop_answer (asker, day, result, answers) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (asker, day, result) DO UPDATE SET answers = vop_answer.answers + excluded.answers";
const COUNTS_SINCE: Statement = "SELECT day, result, answers FROM vop_answer WHERE asker = $1 AND day >= $2 \
     ORDER BY day, result";

pub(super) const STATEMENTS: &[Statement] =
    &[FIND_BY_HASH, FIND_BY_ID, ALL, IS_THERE_ONE, INSERT, REVOKE, COUNT, COUNTS_SINCE];

/// A bank that may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// What an operator calls it.
    pub id: Uuid,
    hash: [u8; 32],
    /// Its name.
    pub name: String,
    /// Which bank it is; none for who asks for many.
    pub bic: Option<Bic>,
    /// Answers a day that may be something else than a match.
    pub misses_a_day: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What is said of a new asker.
#[derive(Clone, Debug)]
pub struct NewAsker {
    /// Its name.
    pub name: Text<MAX_NAME>,
    /// Which bank it is; none for who asks for many.
    pub bic: Option<Bic>,
    /// Answers a day that may be something else than a match; the usual number if none is said.
    pub misses_a_day: Option<u32>,
}

/// How many answers of a kind an asker got on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskerCount {
    /// The day, UTC.
    pub day: String,
    /// The result: a code of the form, or one of `NOT_ASKED` and `REFUSED`.
    pub result: String,
    /// How many.
    pub answers: u64,
}

impl Asker {
    fn to_row(&self, seals: &RowSeals) -> Vec<Value> {
        let (bic, misses) =
            (self.bic.as_ref().map(|bic| bic.as_str().to_owned()), i64::from(self.misses_a_day));
        let (created, revoked) = (self.created_at, self.revoked_at);
        let mut row = params![self.id, self.hash, self.name.as_str(), bic, misses, created, revoked].to_vec();
        row.push(seals.seal(&ASKERS, &row).into());
        row
    }

    /// The asker of a row that fits its seal.
    fn of_row(row: &Row, seals: &RowSeals) -> Result<Self, StoreError> {
        seals.check(&ASKERS, &row.0)?;
        let bic: Option<String> = row.get(3)?;
        Ok(Self {
            id: row.get(0)?,
            hash: row.get(1)?,
            name: row.get(2)?,
            bic: bic.map(|bic| Bic::parse(&bic)).transpose().map_err(StoreError::unexpected)?,
            misses_a_day: u32::try_from(row.get::<i64>(4)?).map_err(StoreError::unexpected)?,
            created_at: row.get(5)?,
            revoked_at: row.get(6)?,
        })
    }
}

/// The hash by which a token is found: of 256 random bits, so it needs no salt, and keyed, so that who can write the
/// database cannot make one.
fn hash_of(seals: &RowSeals, token: &str) -> [u8; 32] {
    seals.hash(
        &ASKERS,
        &blake3::derive_key("florin 2026 tokens of banks that ask for payees v1", token.as_bytes()),
    )
}

/// Whose token this is, unless it was revoked. It is looked up each time, so a revoked one ends at once.
pub(super) async fn find(store: &Store, token: &str) -> Result<Option<Asker>, StoreError> {
    let rows = store.look(FIND_BY_HASH, &params![hash_of(store.seals(), token)]).await?;
    let asker = rows.first().map(|row| Asker::of_row(row, store.seals())).transpose()?;
    Ok(asker.filter(|asker| asker.revoked_at.is_none()))
}

/// Whether anybody may ask.
pub(super) async fn is_there_one(store: &Store) -> Result<bool, StoreError> {
    Ok(!store.look(IS_THERE_ONE, &[]).await?.is_empty())
}

/// The answers of an asker since a day.
pub(super) async fn counts_since(
    store: &Store,
    asker: Uuid,
    day: Date,
) -> Result<Vec<AskerCount>, StoreError> {
    let rows = store.look(COUNTS_SINCE, &params![asker, day.to_string()]).await?;
    let read = |row: &Row| {
        let answers = u64::try_from(row.get::<i64>(2)?).map_err(StoreError::unexpected)?;
        Ok(AskerCount { day: row.get(0)?, result: row.get(1)?, answers })
    };
    rows.iter().map(read).collect()
}

/// Adds counts up.
pub(super) async fn note_counts(store: &Store, counts: &BTreeMap<Key, i64>) -> Result<(), StoreError> {
    let mut administration = store.administer().await?;
    for ((asker, day, result), answers) in counts {
        let row = params![*asker, day.to_string(), Counted::as_str(*result), *answers];
        administration.execute(COUNT, &row).await?;
    }
    administration.commit().await
}

/// What an operator does with askers. All that is changed is in the audit.
pub struct Askers<'a> {
    /// The platform.
    pub app: &'a App,
    /// Who does it, for the audit.
    pub name: Text<MAX_OPERATOR>,
}

impl Askers<'_> {
    /// A new asker, and its token in clear: the only time that it is seen.
    ///
    /// # Errors
    /// The database is away.
    pub async fn create(&self, new: NewAsker) -> Result<(Asker, String), StoreError> {
        let mut random = [0; TOKEN_BYTES];
        self.app.entropy.fill(&mut random);
        let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let token = format!("florin_vop_{random}");
        let mut administration = self.app.store.administer().await?;
        let asker = Asker {
            id: self.app.new_id(),
            hash: hash_of(administration.seals(), &token),
            name: new.name.into_string(),
            bic: new.bic,
            misses_a_day: new.misses_a_day.unwrap_or(MISSES_A_DAY),
            created_at: self.app.wall(),
            revoked_at: None,
        };
        let row = asker.to_row(administration.seals());
        administration.execute(INSERT, &row).await?;
        let bic = asker.bic.as_ref().map_or("any", Bic::as_str);
        let detail = format!("{}  bic {bic}  misses a day {}", asker.name, asker.misses_a_day);
        self.note(&mut administration, ("vop.asker.create", asker.id, detail)).await?;
        administration.commit().await?;
        Ok((asker, token))
    }

    /// All askers by age, with the answers of each since a day. A row that cannot be believed is an error of its own.
    ///
    /// # Errors
    /// The database is away.
    pub async fn list(
        &self,
        since: Date,
    ) -> Result<Vec<Result<(Asker, Vec<AskerCount>), StoreError>>, StoreError> {
        let store = &self.app.store;
        let mut all = Vec::new();
        for row in store.look(ALL, &[]).await? {
            all.push(match Asker::of_row(&row, store.seals()) {
                Ok(asker) => {
                    let counts = counts_since(store, asker.id, since).await?;
                    Ok((asker, counts))
                }
                Err(error) => Err(error),
            });
        }
        Ok(all)
    }

    /// Revokes an asker: its token ends at once. False: there is none that works.
    ///
    /// # Errors
    /// The database is away, or the row cannot be believed.
    pub async fn revoke(&self, id: Uuid) -> Result<bool, StoreError> {
        let mut administration = self.app.store.administer().await?;
        let rows = administration.query(FIND_BY_ID, &params![id]).await?;
        let asker = rows.first().map(|row| Asker::of_row(row, administration.seals())).transpose()?;
        let Some(mut asker) = asker.filter(|asker| asker.revoked_at.is_none()) else { return Ok(false) };
        let now = self.app.wall();
        asker.revoked_at = Some(now);
        let seal = asker.to_row(administration.seals()).pop().unwrap_or(Value::Null);
        administration.execute(REVOKE, &params![id, now, seal]).await?;
        self.note(&mut administration, ("vop.asker.revoke", id, asker.name)).await?;
        administration.commit().await?;
        Ok(true)
    }

    async fn note(
        &self,
        administration: &mut florin_store::Administration,
        (action, object, detail): (&'static str, Uuid, String),
    ) -> Result<(), StoreError> {
        let deed = Deed { operator: self.name.clone(), action, object, detail };
        audit::note_outside(administration, (self.app.wall(), &*self.app.entropy), &deed).await
    }
}
