//! What an operator does about SEPA: sees the money that waits and the messages that could not be true, assigns money
//! to a user or the partner, or sends it back. Whatever shows or changes something of a person is in the audit.

use super::decide::{self, Decided};
use super::deposit::{Deposit, DepositState, Sender};
use super::hear::{keeper_of, open_own};
use super::incoming::{IbanStatusWord, can_be_paid, credit_from_suspense, emit_status, touches_to_pay};
use super::people::People;
use super::postings::EUR;
use super::recalls;
use super::store;
use crate::kit::app::App;
use crate::kit::book::audit::{self, Deed, MAX_OPERATOR};
use crate::kit::book::inbox::{self, InboxItem, InboxState, SHOWN};
use crate::kit::book::jobs::run_inside;
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use crate::kit::endpoint::refusal::Refusal;
use crate::users::{is_suspended, require};
use florin_ledger::HolderId;
use florin_rails::sepa::Reason;
use florin_store::{BookId, Stop, StoreError, Touch};
use florin_types::{ExternalUserId, Text, Timestamp};
use uuid::Uuid;

/// Somebody of the operator's, at the command line.
pub struct SepaOperator<'a> {
    /// The platform.
    pub app: &'a App,
    /// Who it is, for the audit.
    pub name: Text<MAX_OPERATOR>,
}

/// A deposit that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: Uuid,
    /// Cents.
    pub amount: i64,
    /// Why it waits.
    pub state: &'static str,
    /// Whose partner's.
    pub partner: String,
    /// The partner's id of the user, where it is known whose it is.
    pub user: Option<String>,
    /// The payment of ours that came back by it, where it is one.
    pub returns: Option<Uuid>,
    /// When it came.
    pub since: Timestamp,
}

/// What waits for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Money, of all partners, oldest first within each.
    pub waiting: Vec<Waiting>,
    /// Messages of the bank that could not be true, with the partner, oldest first within each.
    pub refused: Vec<(String, InboxItem)>,
    /// The partners of which more waits than is shown.
    pub cut: Vec<String>,
}

/// What an operator is shown of something that waits, or has waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Money that came in, and who sent it.
    Deposit(Waiting, Sender),
    /// A message of the bank, with the partner, and what it says; none once a person has dealt with it.
    Message(String, InboxItem, Option<serde_json::Value>),
}

/// To whom money is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignee {
    /// A user of the partner in whose book the money is.
    User(ExternalUserId),
    /// That partner itself: its master balance.
    Partner,
}

impl Assignee {
    fn touches(&self, book: BookId) -> Vec<Touch> {
        match self {
            Self::User(user) => vec![
                Touch::UserAccount(user.as_str().to_owned(), EUR),
                Touch::UserReceivable(user.as_str().to_owned(), EUR),
            ],
            Self::Partner => touches_to_pay(book.partner()).into(),
        }
    }

    fn holder(&self, work: &Work<'_>) -> Result<HolderId, Refusal> {
        match self {
            Self::User(user) => Ok(require(work.holder(user.as_str()), user.as_str())?.id),
            Self::Partner => Ok(work.book().partner()),
        }
    }
}

impl SepaOperator<'_> {
    /// What waits, of all partners.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn overview(&self) -> Result<Overview, StoreError> {
        let mut all = Overview::default();
        for PartnerBook { book, name, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            let mut deposits = store::in_suspense(&mut snapshot).await?;
            let mut items = inbox::refused(&mut snapshot).await?;
            if deposits.len() > SHOWN || items.len() > SHOWN {
                all.cut.push(name.clone());
            }
            deposits.truncate(SHOWN);
            items.truncate(SHOWN);
            let holders = deposits.iter().filter_map(|deposit| deposit.holder);
            let people = People::load(self.app, &mut snapshot, holders).await?;
            all.waiting.extend(deposits.iter().map(|deposit| Waiting::of(deposit, &people, &name)));
            all.refused.extend(items.into_iter().map(|item| (name.clone(), item)));
        }
        Ok(all)
    }

    /// The money that waits, of all partners, oldest first within each.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn suspense(&self) -> Result<Vec<Waiting>, StoreError> {
        Ok(self.overview().await?.waiting)
    }

    /// The messages of the bank that could not be true, of all partners, oldest first within each.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn refused(&self) -> Result<Vec<(String, InboxItem)>, StoreError> {
        Ok(self.overview().await?.refused)
    }

    /// A deposit and who sent it, or a message of the bank that could not be true. None: there is neither.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn show(&self, id: Uuid) -> Result<Option<Shown>, StoreError> {
        let Some(found) = self.find(id).await? else { return Ok(None) };
        let Found { partner: PartnerBook { book, name, .. }, object } = found;
        let mut snapshot = self.app.store.snapshot(book).await?;
        let holder = match &object {
            Either::Deposit(deposit) => deposit.holder,
            Either::Message(_) => None,
        };
        let ids = holder.into_iter().chain([book.partner()]);
        let people = People::load(self.app, &mut snapshot, ids).await?;
        drop(snapshot);
        let deed = self.deed("sepa.show", id, String::new());
        run_inside(self.app, book, Vec::new(), async move |work: &mut Work<'_>| {
            Ok(audit::note(work, &deed).await?)
        })
        .await?;
        let (seals, keeper) = (&self.app.seals, people.keeper(holder, book.partner()));
        Ok(Some(match object {
            Either::Deposit(deposit) => {
                let sender: Option<Sender> = sealed::open(seals, keeper, deposit.sealed.as_deref())?;
                Shown::Deposit(Waiting::of(&deposit, &people, &name), sender.unwrap_or_default())
            }
            Either::Message(item) => {
                let content = sealed::open(seals, keeper, item.sealed.as_deref())?;
                Shown::Message(name, item, content)
            }
        }))
    }

    /// Credits money that waits to a user of the same partner. None: there is no such deposit.
    ///
    /// # Errors
    /// There is no such user, or it cannot be paid; the money does not wait.
    pub async fn assign(&self, id: Uuid, user: &ExternalUserId) -> Result<Option<()>, StoreError> {
        self.assign_to(id, Assignee::User(user.clone())).await
    }

    /// Credits money that waits to the partner's master balance. None: there is no such deposit.
    ///
    /// # Errors
    /// The money does not wait.
    pub async fn assign_to_partner(&self, id: Uuid) -> Result<Option<()>, StoreError> {
        self.assign_to(id, Assignee::Partner).await
    }

    async fn assign_to(&self, id: Uuid, to: Assignee) -> Result<Option<()>, StoreError> {
        let Some(book) = self.book_of_deposit(id).await? else { return Ok(None) };
        let mut snapshot = self.app.store.snapshot(book).await?;
        let mut touches = decide::touches_of_payment(self.app, &mut snapshot, id).await?;
        drop(snapshot);
        touches.extend(to.touches(book));
        let whom = match &to {
            Assignee::User(user) => format!("to {user}"),
            Assignee::Partner => "to the partner".to_owned(),
        };
        let deed = self.deed("sepa.assign", id, whom);
        run_inside(self.app, book, touches, async move |work: &mut Work<'_>| {
            let holder = to.holder(work)?;
            let found = work.object::<Deposit>(id)?;
            let deposit = found.ok_or_else(|| StoreError::unexpected("a deposit is gone"))?;
            let waits = matches!(
                deposit.state,
                DepositState::Unmatched | DepositState::Pending | DepositState::Stuck
            );
            if !waits {
                return Err(Refusal::invalid(format!("the deposit is {}", deposit.state)).into());
            }
            recalls::require_none_open(work, deposit.recall).await?;
            if deposit.state == DepositState::Pending && deposit.holder == Some(holder) {
                decide::decide_deposit_of(work, id, Decided::Settle).await?;
                return Ok(audit::note(work, &deed).await?);
            }
            if !can_be_paid(work, holder) {
                let why = match &to {
                    Assignee::User(_) => "the user is not verified",
                    Assignee::Partner => "the partner has no balance in EUR",
                };
                return Err(Refusal::invalid(why).into());
            }
            work.load(&deposit.holder.map(Touch::Holder).into_iter().collect::<Vec<_>>()).await?;
            let keeper = keeper_of(work, deposit.holder);
            let sender = open_own::<Sender>(work, keeper, deposit.sealed.as_deref())?.unwrap_or_default();
            if deposit.state == DepositState::Pending {
                // Whoever was told that an account is being checked is told how that ended.
                emit_status(work, &deposit, IbanStatusWord::Rejected);
            }
            let sealed = Some(sealed::seal(work, holder, &sender)?);
            recalls::forget_words(work, deposit.recall).await?;
            let deposit = Deposit { holder: Some(holder), sealed, ..deposit };
            if is_suspended(work, holder) {
                work.put(&Deposit { state: DepositState::Held, ..deposit })?;
            } else {
                credit_from_suspense(work, deposit, &sender)?;
            }
            Ok(audit::note(work, &deed).await?)
        })
        .await
        .map(Some)
    }

    /// Sends money that waits back to its sender. None: there is no such deposit.
    ///
    /// # Errors
    /// The money does not wait.
    pub async fn send_back(&self, id: Uuid, reason: Reason) -> Result<Option<()>, StoreError> {
        self.decide(id, Decided::Reject(reason), "sepa.return").await
    }

    /// Credits money that waits because the sender's name is nearly the user's. None: there is no such deposit.
    ///
    /// # Errors
    /// The money does not wait for that.
    pub async fn approve(&self, id: Uuid) -> Result<Option<()>, StoreError> {
        self.decide(id, Decided::Settle, "sepa.approve").await
    }

    /// Notes that a refused message was dealt with. None: there is no such message that waits.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn done(&self, message: Uuid) -> Result<Option<()>, StoreError> {
        let Some(Found { partner, object: Either::Message(item) }) = self.find(message).await? else {
            return Ok(None);
        };
        if item.state != InboxState::Refused {
            return Ok(None);
        }
        let deed = self.deed("sepa.done", message, String::new());
        let command = async move |work: &mut Work<'_>| {
            if inbox::done(work, message)? {
                audit::note(work, &deed).await?;
            }
            Ok(())
        };
        run_inside(self.app, partner.book, vec![inbox::touch_item(message)], command).await.map(Some)
    }

    async fn decide(
        &self,
        id: Uuid,
        decided: Decided,
        action: &'static str,
    ) -> Result<Option<()>, StoreError> {
        let Some(book) = self.book_of_deposit(id).await? else { return Ok(None) };
        let mut snapshot = self.app.store.snapshot(book).await?;
        let touches = decide::touches_of_payment(self.app, &mut snapshot, id).await?;
        drop(snapshot);
        let detail = if let Decided::Reject(reason) = decided { reason.to_string() } else { String::new() };
        let deed = self.deed(action, id, detail);
        run_inside(self.app, book, touches, async move |work: &mut Work<'_>| -> Result<(), Stop> {
            decide::decide_deposit_of(work, id, decided).await?;
            Ok(audit::note(work, &deed).await?)
        })
        .await
        .map(Some)
    }

    /// A deposit, or a message that was refused, with the partner in whose book it is.
    async fn find(&self, id: Uuid) -> Result<Option<Found>, StoreError> {
        for partner in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(partner.book).await?;
            if let Some(deposit) = snapshot.objects_at::<Deposit>(&[id]).await?.pop() {
                return Ok(Some(Found { partner, object: Either::Deposit(deposit) }));
            }
            let item = snapshot.objects_at::<InboxItem>(&[id]).await?.pop();
            if let Some(item) = item.filter(|item| item.state != InboxState::Applied) {
                return Ok(Some(Found { partner, object: Either::Message(item) }));
            }
        }
        Ok(None)
    }

    pub(super) async fn book_of_deposit(&self, id: Uuid) -> Result<Option<BookId>, StoreError> {
        Ok(match self.find(id).await? {
            Some(Found { partner, object: Either::Deposit(_) }) => Some(partner.book),
            _ => None,
        })
    }

    pub(super) fn deed(&self, action: &'static str, object: Uuid, detail: String) -> Deed {
        Deed { operator: self.name.clone(), action, object, detail }
    }
}

/// What was found by its id.
struct Found {
    partner: PartnerBook,
    object: Either,
}

enum Either {
    Deposit(Deposit),
    Message(InboxItem),
}

impl Waiting {
    fn of(deposit: &Deposit, people: &People, partner: &str) -> Self {
        Self {
            id: deposit.id,
            amount: deposit.amount,
            state: deposit.state.as_str(),
            partner: partner.to_owned(),
            user: deposit.holder.and_then(|holder| people.holder(holder)?.handle.clone()),
            returns: deposit.returns,
            since: deposit.created_at,
        }
    }
}
