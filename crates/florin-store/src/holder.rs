//! Holders and their accounts as rows: how a batch finds them as sets and writes them back.

use crate::dialect::SetStatement;
use crate::seal::{RowSeals, SealedTable};
use crate::{Row, StoreError, Type, Value, params};
use florin_ledger::{Account, AccountKey, AccountKind, HolderId};
use uuid::Uuid;

/// A holder of accounts: the partner, or one of its users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The number that accounts refer to.
    pub id: HolderId,
    /// The public id.
    pub uuid: Uuid,
    /// What the partner calls it; none for the partner itself.
    pub handle: Option<String>,
    /// Bits that the families define: what must be known of a holder before money moves.
    pub gate: i64,
    /// The holder's own key, wrapped. None once it is destroyed, and for the partner of a book that was made before
    /// partners had one, until it is given one.
    pub secret: Option<Vec<u8>>,
}

/// The rows of holders, which are sealed whole: a handle, a gate or a key that was exchanged is refused.
pub(crate) static SEALED: SealedTable =
    crate::sealed_table!("holder", "id": Int, "book", "handle", "uuid", "gate", "secret");

/// Where the account's columns begin in a row of [`FIND_BY_HANDLE`].
const HOLDER_AND_ACCOUNT: usize = 7;

/// A holder by handle, with its main account in a currency. Parameters: book, handle, currency, kind.
pub(crate) static FIND_BY_HANDLE: SetStatement = SetStatement::Find {
    row: "SELECT h.id, h.book, h.handle, h.uuid, h.gate, h.secret, h.seal, a.holder, a.currency, a.kind, \
          a.balance, a.held, a.last, a.entries FROM holder h \
          LEFT JOIN account a ON a.book = $1 AND a.currency = $3 AND a.kind = $4 AND a.holder = h.id \
          WHERE h.book = $1 AND h.handle = $2",
    // LATERAL with LIMIT keeps the look-up of the account whole: else a planner without statistics reads every account
    // of the book in that currency, for each handle.
    set: "SELECT h.id, h.book, h.handle, h.uuid, h.gate, h.secret, h.seal, a.holder, a.currency, a.kind, \
          a.balance, a.held, a.last, a.entries \
          FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS v(book, handle, currency, kind) \
          JOIN holder h ON h.book = v.book AND h.handle = v.handle COLLATE \"C\" \
          LEFT JOIN LATERAL (SELECT * FROM account WHERE book = h.book AND currency = v.currency COLLATE \"C\" \
            AND kind = v.kind AND holder = h.id LIMIT 1) a ON true",
    parameters: &[Type::Int, Type::Text, Type::Text, Type::Int],
};

/// An account by its key. Parameters: book, currency, kind, holder.
pub(crate) static FIND_ACCOUNT: SetStatement = SetStatement::Find {
    row: "SELECT holder, currency, kind, balance, held, last, entries FROM account \
          WHERE book = $1 AND currency = $2 AND kind = $3 AND holder = $4",
    set: "SELECT a.holder, a.currency, a.kind, a.balance, a.held, a.last, a.entries \
          FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) AS v(book, currency, kind, holder) \
          JOIN account a ON a.book = v.book AND a.currency = v.currency COLLATE \"C\" AND a.kind = v.kind \
            AND a.holder = v.holder",
    parameters: &[Type::Int, Type::Text, Type::Int, Type::Int],
};

/// Holders by number.
pub(crate) static FIND_HOLDER: SetStatement = SetStatement::Find {
    row: "SELECT id, book, handle, uuid, gate, secret, seal FROM holder WHERE id = $1",
    set: "SELECT id, book, handle, uuid, gate, secret, seal FROM holder WHERE id = ANY($1)",
    parameters: &[Type::Int],
};

pub(crate) static INSERT_HOLDER: SetStatement = SetStatement::Insert {
    table: "holder",
    columns: &[
        ("id", Type::Int),
        ("book", Type::Int),
        ("handle", Type::Text),
        ("uuid", Type::Bytes),
        ("gate", Type::Int),
        ("secret", Type::Bytes),
        ("seal", Type::Bytes),
    ],
};

pub(crate) static UPDATE_HOLDER: SetStatement = SetStatement::Update {
    table: "holder",
    keys: &[("id", Type::Int)],
    columns: &[("gate", Type::Int), ("secret", Type::Bytes), ("seal", Type::Bytes)],
};

pub(crate) static INSERT_ACCOUNT: SetStatement = SetStatement::Insert {
    table: "account",
    columns: &[
        ("book", Type::Int),
        ("currency", Type::Text),
        ("kind", Type::Int),
        ("holder", Type::Int),
        ("balance", Type::Int),
        ("held", Type::Int),
        ("last", Type::Int),
        ("entries", Type::Int),
    ],
};

pub(crate) static UPDATE_ACCOUNT: SetStatement = SetStatement::Update {
    table: "account",
    keys: &[("book", Type::Int), ("currency", Type::Text), ("kind", Type::Int), ("holder", Type::Int)],
    columns: &[("balance", Type::Int), ("held", Type::Int), ("last", Type::Int), ("entries", Type::Int)],
};

pub(crate) fn account_of_row(row: &Row, from: usize) -> Result<Account, StoreError> {
    let kind = u8::try_from(row.get::<i64>(from + 2)?).ok().and_then(AccountKind::from_number);
    Ok(Account {
        key: AccountKey {
            holder: row.get(from)?,
            currency: row.get(from + 1)?,
            kind: kind.ok_or_else(|| StoreError::unexpected("an account is of an unknown kind"))?,
        },
        balance: row.get(from + 3)?,
        held: row.get(from + 4)?,
        last: row.get(from + 5)?,
        entries: row.get(from + 6)?,
    })
}

/// The holder of a row that fits its seal.
pub(crate) fn holder_of_row(row: &Row, seals: &RowSeals) -> Result<Holder, StoreError> {
    seals.check(&SEALED, &row.0)?;
    Ok(Holder {
        id: row.get(0)?,
        handle: row.get(2)?,
        uuid: row.get(3)?,
        gate: row.get(4)?,
        secret: row.get(5)?,
    })
}

/// A new holder's row with its seal.
pub(crate) fn holder_row(holder: Holder, seals: &RowSeals) -> Vec<Value> {
    let Holder { id, uuid, handle, gate, secret } = holder;
    let mut row = params![id, id.book(), handle, uuid, gate, secret].to_vec();
    row.push(seals.seal(&SEALED, &row).into());
    row
}

/// The parameters that change a holder.
pub(crate) fn changed_holder_row(holder: Holder, seals: &RowSeals) -> Vec<Value> {
    let (id, gate, secret) = (holder.id, holder.gate, holder.secret.clone());
    let seal = holder_row(holder, seals).pop().unwrap_or(Value::Null);
    params![id, gate, secret, seal].to_vec()
}

/// The account that [`FIND_BY_HANDLE`] found beside a holder, if there is one.
pub(crate) fn joined_account(row: &Row) -> Result<Option<Account>, StoreError> {
    match row.get::<Option<i64>>(HOLDER_AND_ACCOUNT)? {
        Some(_) => account_of_row(row, HOLDER_AND_ACCOUNT).map(Some),
        None => Ok(None),
    }
}

pub(crate) fn account_key_row(key: AccountKey) -> Vec<Value> {
    params![key.holder.book(), key.currency, key.kind as u8 as i64, key.holder].to_vec()
}

pub(crate) fn account_row(account: &Account) -> Vec<Value> {
    let mut row = account_key_row(account.key);
    row.extend(params![account.balance, account.held, account.last, account.entries]);
    row
}
