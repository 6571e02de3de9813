//! The rows of this family.

use super::branding::{Branding, kept};
use super::link::PaymentLink;
use super::logo::Logo;
use crate::kit::app::App;
use florin_store::{
    BookId, Object, ObjectTable, Row, SealedTable, SetStatement, Statement, StoreError, Touch, Value, params,
    sealed_objects,
};
use uuid::Uuid;

/// Links.
pub(super) static LINKS: ObjectTable = sealed_objects!(
    "payment_link",
    "kind": Text,
    "amount": Int,
    "status": Text,
    "told": Bytes,
    "sealed": Bytes,
    "created_at": Int,
    "expires_at": Int,
    "cancelled_at": Int,
);

/// How checkouts look.
pub(super) static BRANDINGS: ObjectTable = sealed_objects!(
    "branding",
    "name": Text,
    "logo": Text,
    "primary_color": Text,
    "accent_color": Text,
);

/// What decides how much is to be paid, and who the payer believes to pay.
pub(super) static SEALED: [&SealedTable; 2] = [LINKS.seal(), BRANDINGS.seal()];

/// Run when a sandbox is reset.
pub(super) const FORGET: Statement = "DELETE FROM branding WHERE book = $1";

/// Who opens a page shows nothing but its id, which is of one book only.
const BOOK_OF: Statement = "SELECT book FROM payment_link WHERE id = $1";

/// Every statement here, for the test that prepares and runs them all.
pub(super) const STATEMENTS: &[Statement] = &[BOOK_OF];

/// Those over sets. No link is removed, nor a branding by itself.
pub(super) static SETS: [&SetStatement; 6] = {
    let ([a, b, c, _], [d, e, f, _]) = (LINKS.statements(), BRANDINGS.statements());
    [a, b, c, d, e, f]
};

impl Object for Branding {
    const TABLE: &'static ObjectTable = &BRANDINGS;

    fn id(&self) -> Uuid {
        Self::ID
    }

    fn from_row(_: Uuid, row: &Row) -> Result<Self, StoreError> {
        let logo: Option<String> = row.get(1)?;
        Ok(Self {
            name: row.get(0)?,
            logo: logo.map(Logo::kept),
            primary: kept(row.get(2)?)?,
            accent: kept(row.get(3)?)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.name.as_deref(),
            self.logo.as_ref().map(Logo::as_str),
            self.primary.map(|color| color.to_string()),
            self.accent.map(|color| color.to_string())
        ]
        .to_vec()
    }
}

/// What a command must touch to know a link.
pub(super) fn touch(link: Uuid) -> Touch {
    Touch::Object(&LINKS, link)
}

/// The book that a link is in.
pub(super) async fn book_of(app: &App, link: Uuid) -> Result<Option<BookId>, StoreError> {
    let rows = app.store.look(BOOK_OF, &params![link]).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

impl Object for PaymentLink {
    const TABLE: &'static ObjectTable = &LINKS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id,
            kind: row.get(0)?,
            amount: row.get(1)?,
            status: row.get(2)?,
            told: row.get(3)?,
            sealed: row.get(4)?,
            created_at: row.get(5)?,
            expires_at: row.get(6)?,
            cancelled_at: row.get(7)?,
        })
    }

    fn to_row(&self) -> Vec<Value> {
        params![
            self.kind,
            self.amount,
            self.status,
            self.told,
            self.sealed.clone(),
            self.created_at,
            self.expires_at,
            self.cancelled_at
        ]
        .to_vec()
    }
}
