//! Money that came back for a user that had been deleted: it waits in suspense until an operator gives it to a user of
//! the same partner, or to the partner itself.

use super::flows::store::{self, UNCLAIMED};
use super::operator::CardOperator;
use crate::kit::book::audit::{self, Deed};
use crate::kit::book::command::posting_refused;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::memo::Memo;
use crate::kit::book::record::{HistoryStatus, HistoryType, Line, RecordType, Steps};
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::kit::book::work::Work;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::types::words;
use crate::users::{Gate, require};
use florin_ledger::{AccountKey, AccountKind, HolderId, Posting, RecordKind};
use florin_store::{Stop, StoreError, Touch};
use florin_types::{CurrencyCode, ExternalUserId, Timestamp};
use uuid::Uuid;

const EUR: CurrencyCode = CurrencyCode::new("eur");

/// It was given to somebody.
pub const ASSIGNED: RecordType = RecordType {
    kind: RecordKind(49),
    history: HistoryType::Refund,
    status: HistoryStatus::Successful,
    steps: Steps::One,
    line: Line::of,
};

words! {
    /// Where such money is.
    pub enum UnclaimedState {
        /// In suspense.
        Waiting = "WAITING",
        /// Somebody has it.
        Assigned = "ASSIGNED",
    }
}

/// Such money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclaimed {
    /// Its id.
    pub id: Uuid,
    /// The card transaction.
    pub payment: Uuid,
    /// Cents.
    pub amount: i64,
    /// Where it is.
    pub state: UnclaimedState,
    /// When it came.
    pub created_at: Timestamp,
}

/// Such money, as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownUnclaimed {
    /// Its id.
    pub id: Uuid,
    /// The card transaction.
    pub payment: Uuid,
    /// Cents.
    pub amount: i64,
    /// Whose partner's.
    pub partner: String,
    /// When it came.
    pub since: Timestamp,
}

impl CardOperator<'_> {
    /// The money that waits, of all partners, the oldest first within each; at most 1,000 of one.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn unclaimed(&self) -> Result<Vec<ShownUnclaimed>, StoreError> {
        let mut all = Vec::new();
        for PartnerBook { book, name, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            let some = store::unclaimed(&mut snapshot).await?.into_iter();
            all.extend(some.map(|Unclaimed { id, payment, amount, created_at, .. }| ShownUnclaimed {
                id,
                payment,
                amount,
                partner: name.clone(),
                since: created_at,
            }));
        }
        Ok(all)
    }

    /// Gives money that waits to a user of the same partner, or to the partner itself. None: there is no such money.
    ///
    /// # Errors
    /// There is no such user, or it cannot be paid; the money does not wait.
    pub async fn assign(&self, id: Uuid, user: Option<&ExternalUserId>) -> Result<Option<()>, StoreError> {
        let Some(book) = self.book_with::<Unclaimed>(id).await? else { return Ok(None) };
        let (partner, user) = (book.partner(), user.cloned());
        let mut touches =
            vec![Touch::Object(&UNCLAIMED, id), Touch::SystemAccount(EUR, AccountKind::Suspense)];
        touches.extend(match &user {
            Some(user) => [
                Touch::UserAccount(user.as_str().to_owned(), EUR),
                Touch::UserReceivable(user.as_str().to_owned(), EUR),
            ],
            None => {
                [Touch::HolderAccount(partner, EUR), Touch::Account(AccountKey::receivable(partner, EUR))]
            }
        });
        let detail = user.as_ref().map_or_else(|| "to the partner".to_owned(), |user| format!("to {user}"));
        let deed = Deed { operator: self.name.clone(), action: "cards.assign", object: id, detail };
        run_inside(self.app, book, touches, async move |work: &mut Work<'_>| -> Result<(), Stop> {
            let unclaimed = work.object::<Unclaimed>(id)?;
            let unclaimed = unclaimed.ok_or_else(|| StoreError::unexpected("unclaimed money is gone"))?;
            if unclaimed.state != UnclaimedState::Waiting {
                return Err(Refusal::invalid("somebody has this money already").into());
            }
            let holder = match &user {
                Some(user) => payable(work, user)?,
                None => partner,
            };
            if work.account(AccountKey::main(holder, EUR)).is_none() {
                return Err(Refusal::invalid("there is no balance in EUR to be paid").into());
            }
            let suspense = AccountKey::system(work.book(), EUR, AccountKind::Suspense);
            let debt = work.debt(holder, EUR)?;
            let posting = Posting::new().pay(suspense, (holder, EUR), unclaimed.amount, debt);
            let memo = Memo::default().seal(work, holder)?;
            let record = work.id();
            work.post(ASSIGNED.kind, record, &posting, memo).map_err(posting_refused)?;
            work.put(&Unclaimed { state: UnclaimedState::Assigned, ..unclaimed })?;
            Ok(audit::note(work, &deed).await?)
        })
        .await
        .map(Some)
    }
}

/// A user that can be paid.
fn payable(work: &Work<'_>, user: &ExternalUserId) -> Result<HolderId, Refusal> {
    let holder = require(work.holder(user.as_str()), user.as_str())?;
    let gate = Gate::of(holder);
    match gate.is_verified && !gate.is_closed && !gate.is_suspended {
        true => Ok(holder.id),
        false => Err(Refusal::invalid("the user is not verified, or is suspended")),
    }
}
