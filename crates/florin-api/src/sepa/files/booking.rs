//! What the bank has booked: a row for each booking, written in the command that applies it. By it a second message
//! with the same id is judged, and the bank's statement is compared with the books.

use super::store::message_id;
use crate::kit::app::App;
use florin_rails::sepa::files::{BookKind, Booking, Marks, Names, What};
use florin_store::{BookId, Object, ObjectTable, Row, Statement, StoreError, Type, Value, params};
use florin_types::Date;
use std::collections::HashSet;
use uuid::Uuid;

/// The table.
pub static BOOKINGS: ObjectTable = ObjectTable::new(
    "sepa_booking",
    &[
        ("kind", Type::Text),
        ("message", Type::Bytes),
        ("day", Type::Text),
        ("amount", Type::Int),
        ("payment", Type::Bytes),
        ("reference", Type::Text),
        ("entry", Type::Text),
        ("marks", Type::Bytes),
        ("booked", Type::Int),
        ("by_operator", Type::Int),
        ("transaction_mark", Type::Bytes),
        ("uetr_mark", Type::Bytes),
    ],
);

/// A hash of the file of the bank that has a booking.
pub type FileHash = [u8; 16];

/// A booking of the bank's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookingRow {
    /// The id of its message in the inbox.
    pub id: Uuid,
    /// Which kind of message has it.
    pub kind: BookKind,
    /// The file that told it first.
    pub message: FileHash,
    /// The day of booking.
    pub day: Date,
    /// Cents; negative where the account lost them.
    pub amount: i64,
    /// The payment of ours that it is about.
    pub payment: Option<Uuid>,
    /// The bank's reference of the booking.
    pub reference: Option<String>,
    /// The bank's reference of its entry.
    pub entry: Option<String>,
    /// What else it is recognized by.
    pub marks: Marks,
    /// By what a recall names it.
    pub names: Names,
    /// Whether the settlement account has it.
    pub booked: bool,
    /// Whether a person booked it from a statement.
    pub by_operator: bool,
}

impl BookingRow {
    /// The row of a booking that is not applied yet.
    pub fn of(app: &App, booking: &Booking, kind: BookKind, message: FileHash) -> Self {
        let payment = match &booking.what {
            What::Paid(payment) | What::CameBack(payment, ..) => Some(*payment),
            What::Credit(_) | What::Other => None,
        };
        Self {
            id: message_id(app, &booking.id),
            kind,
            message,
            day: booking.day,
            amount: booking.cents,
            payment,
            reference: booking.reference.clone(),
            entry: booking.entry_reference.clone(),
            marks: booking.marks,
            names: booking.names,
            booked: false,
            by_operator: false,
        }
    }
}

impl Object for BookingRow {
    const TABLE: &'static ObjectTable = &BOOKINGS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let unknown = |what: &str| StoreError::unexpected(format!("sepa_booking holds an unknown {what}"));
        let marks = Marks::from_bytes(&row.get::<Vec<u8>>(7)?).ok_or_else(|| unknown("mark"))?;
        let (end_to_end_id, transaction_id, uetr) = (marks.end_to_end_id, row.get(10)?, row.get(11)?);
        Ok(Self {
            id,
            kind: BookKind::parse(&row.get::<String>(0)?).ok_or_else(|| unknown("kind"))?,
            message: row.get(1)?,
            day: Date::parse(&row.get::<String>(2)?).map_err(StoreError::unexpected)?,
            amount: row.get(3)?,
            payment: row.get(4)?,
            reference: row.get(5)?,
            entry: row.get(6)?,
            marks,
            names: Names { end_to_end_id, transaction_id, uetr },
            booked: row.get(8)?,
            by_operator: row.get(9)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.kind.name(),
            self.message.to_vec(),
            self.day.to_string(),
            self.amount,
            self.payment,
            self.reference.clone(),
            self.entry.clone(),
            self.marks.to_bytes(),
            i64::from(self.booked),
            i64::from(self.by_operator),
            self.names.transaction_id,
            self.names.uetr
        ]
        .to_vec()
    }
}

/// Of all books. An operator asks now and then.
const BETWEEN: Statement = "SELECT kind, message, day, amount, payment, reference, entry, marks, booked, \
     by_operator, transaction_mark, uetr_mark, id \
     FROM sepa_booking WHERE kind IN ('camt.053', 'camt.054') AND day >= $1 AND day <= $2 AND booked = 1 \
     ORDER BY day, id";
/// Where the id stands: after the columns of an object.
const ID_AFTER: usize = 12;
const NEWEST_DAY: Statement = "SELECT MAX(day) FROM sepa_booking WHERE kind = $1 AND by_operator = 0";
const BY_OPERATOR: Statement = "SELECT day, amount FROM sepa_booking WHERE by_operator = 1";
/// Credits that a recall may mean by one of its references, with the messages that brought them: first those that are
/// named by a bank's reference, then those of its amount. Payers use theirs again, so there may be many. Of all
/// partners, but not of a book that a reset has ended.
const NAMED: Statement = "SELECT b.book, b.day, b.amount, b.marks, b.booked, b.transaction_mark, b.uetr_mark, \
     i.external_id, i.made FROM sepa_booking b JOIN partner p ON p.book = b.book \
     JOIN inbox i ON i.book = b.book AND i.id = b.id WHERE b.amount > 0 \
     AND (substr(b.marks, 1, 8) = $1 OR b.transaction_mark = $2 OR b.uetr_mark = $3) \
     ORDER BY CASE WHEN b.transaction_mark = $2 OR b.uetr_mark = $3 THEN 0 WHEN b.amount = $4 THEN 1 ELSE 2 END, \
     b.day DESC, b.id LIMIT 1000";
/// Credits of all partners and of some days that have an amount, or a larger one and no reference: that may be a sum.
const ALIKE: Statement = "SELECT b.marks, b.transaction_mark, b.uetr_mark FROM sepa_booking b \
     JOIN partner p ON p.book = b.book \
     WHERE b.kind IN ('camt.053', 'camt.054') AND b.day >= $1 AND b.day <= $2 AND (b.amount = $3 OR (b.amount > $3 \
     AND substr(b.marks, 1, 8) = $4 AND b.transaction_mark IS NULL AND b.uetr_mark IS NULL)) LIMIT 1000";
/// What [`Marks`] have for what is not said.
const NO_MARK: [u8; 8] = [0; 8];
/// How many rows [`ALIKE`] reads at most.
const MAX_ALIKE: usize = 1_000;
const PAID_ON: Statement =
    "SELECT MIN(day) FROM sepa_booking WHERE payment = $1 AND amount < 0 AND booked = 1";

/// Every statement here, for the test that prepares and runs them all.
pub const STATEMENTS: &[Statement] = &[BETWEEN, NEWEST_DAY, BY_OPERATOR, NAMED, ALIKE, PAID_ON];

/// A credit that a recall may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The book that has it.
    pub book: BookId,
    /// The day of booking.
    pub day: Date,
    /// Cents.
    pub amount: i64,
    /// By what a recall names it.
    pub names: Names,
    /// Whether the settlement account has it.
    pub booked: bool,
    /// The id of the message that brought it.
    pub message: String,
    /// The deposit that it is, where it is one.
    pub deposit: Option<Uuid>,
}

/// The credits that a recall of an amount may mean.
pub async fn named(app: &App, names: Names, amount: i64) -> Result<Vec<Named>, StoreError> {
    let Names { end_to_end_id, transaction_id, uetr } = names;
    let rows = app.store.look(NAMED, &params![end_to_end_id, transaction_id, uetr, amount]).await?;
    let named = |row: &Row| {
        let marks = Marks::from_bytes(&row.get::<Vec<u8>>(3)?);
        let marks = marks.ok_or_else(|| StoreError::unexpected("sepa_booking holds an unknown mark"))?;
        let (end_to_end_id, transaction_id, uetr) = (marks.end_to_end_id, row.get(5)?, row.get(6)?);
        Ok(Named {
            book: row.get(0)?,
            day: Date::parse(&row.get::<String>(1)?).map_err(StoreError::unexpected)?,
            amount: row.get(2)?,
            names: Names { end_to_end_id, transaction_id, uetr },
            booked: row.get(4)?,
            message: row.get(7)?,
            deposit: row.get(8)?,
        })
    };
    rows.iter().map(named).collect()
}

/// Whether a credit of some days may be a payment of this amount: its references do not say that it is another one.
/// Where there are too many to be looked at, one may be it.
pub async fn is_perhaps_there(
    app: &App,
    names: Names,
    amount: i64,
    (from, to): (Date, Date),
) -> Result<bool, StoreError> {
    let rows =
        app.store.look(ALIKE, &params![from.to_string(), to.to_string(), amount, NO_MARK.to_vec()]).await?;
    let mut is_there = rows.len() >= MAX_ALIKE;
    for row in &rows {
        let marks = Marks::from_bytes(&row.get::<Vec<u8>>(0)?);
        let end_to_end_id = marks.and_then(|marks| marks.end_to_end_id);
        let of_row = Names { end_to_end_id, transaction_id: row.get(1)?, uetr: row.get(2)? };
        is_there |= !names.differ(of_row);
    }
    Ok(is_there)
}

/// The day on which the bank booked a payment of ours.
pub async fn paid_on(app: &App, payment: Uuid) -> Result<Option<Date>, StoreError> {
    let rows = app.store.look(PAID_ON, &params![payment]).await?;
    let day: Option<String> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
    day.map(|day| Date::parse(&day).map_err(StoreError::unexpected)).transpose()
}

/// The bookings of some days that the books have.
pub async fn between(app: &App, from: Date, to: Date) -> Result<Vec<BookingRow>, StoreError> {
    let rows = app.store.look(BETWEEN, &params![from.to_string(), to.to_string()]).await?;
    rows.iter().map(|row| BookingRow::from_row(row.get(ID_AFTER)?, row)).collect()
}

/// The last day that messages of a kind have booked. None: they have booked nothing.
pub async fn newest_day(app: &App, kind: BookKind) -> Result<Option<Date>, StoreError> {
    let rows = app.store.look(NEWEST_DAY, &params![kind.name()]).await?;
    let day: Option<String> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
    day.map(|day| Date::parse(&day).map_err(StoreError::unexpected)).transpose()
}

/// Days and amounts of what persons have booked from statements.
pub async fn by_operator(app: &App) -> Result<HashSet<(Date, i64)>, StoreError> {
    let rows = app.store.look(BY_OPERATOR, &[]).await?;
    let read = |row: &Row| {
        let day = Date::parse(&row.get::<String>(0)?).map_err(StoreError::unexpected)?;
        Ok((day, row.get(1)?))
    };
    rows.iter().map(read).collect()
}
