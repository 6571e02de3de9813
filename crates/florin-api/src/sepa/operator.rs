//! What an operator does about SEPA: sees the money that waits and the messages that could not be true, assigns money
//! to a user, or sends it back. Whatever shows or changes something of a person is in the audit.

use super::decide::{self, Decided};
use super::deposit::{Deposit, DepositState, Sender};
use super::hear::{keeper_of, open_own};
use super::incoming::{IbanStatusWord, can_be_paid, credit_from_suspense, emit_status, is_suspended};
use super::people::People;
use super::postings::EUR;
use super::recalls;
use super::store;
use crate::kit::app::App;
use crate::kit::book::audit::{self, Deed, MAX_OPERATOR};
use crate::kit::book::inbox::{self, InboxItem};
use crate::kit::book::jobs::run_inside;
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use crate::kit::endpoint::refusal::Refusal;
use crate::users::require;
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
    /// When it came.
    pub since: Timestamp,
}

impl SepaOperator<'_> {
    /// The money that waits, of all partners, oldest first within each.
    pub async fn suspense(&self) -> Result<Vec<Waiting>, StoreError> {
        let mut waiting = Vec::new();
        for PartnerBook { book, name, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            let deposits = store::in_suspense(&mut snapshot).await?;
            let holders = deposits.iter().filter_map(|deposit| deposit.holder);
            let people = People::load(self.app, &mut snapshot, holders).await?;
            waiting.extend(deposits.into_iter().map(|deposit| Waiting {
                id: deposit.id,
                amount: deposit.amount,
                state: deposit.state.as_str(),
                partner: name.clone(),
                user: deposit.holder.and_then(|holder| people.holder(holder)?.handle.clone()),
                since: deposit.created_at,
            }));
        }
        Ok(waiting)
    }

    /// The messages of the bank that could not be true, of all partners, oldest first within each.
    pub async fn refused(&self) -> Result<Vec<(String, InboxItem)>, StoreError> {
        let mut all = Vec::new();
        for PartnerBook { book, name, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            let items = inbox::refused(&mut snapshot).await?;
            all.extend(items.into_iter().map(|item| (name.clone(), item)));
        }
        Ok(all)
    }

    /// Who sent a deposit, and what for. None: there is no such deposit.
    pub async fn show(&self, id: Uuid) -> Result<Option<Sender>, StoreError> {
        let Some((book, deposit)) = self.find(id).await? else { return Ok(None) };
        let mut snapshot = self.app.store.snapshot(book).await?;
        let keeper = deposit.holder.unwrap_or(book.partner());
        let people = People::load(self.app, &mut snapshot, [keeper].into_iter()).await?;
        drop(snapshot);
        let deed = self.deed("sepa.show", id, String::new());
        run_inside(self.app, book, Vec::new(), async move |work: &mut Work<'_>| {
            Ok(audit::note(work, &deed).await?)
        })
        .await?;
        let sender = sealed::open(&self.app.seals, people.holder(keeper), deposit.sealed.as_deref())?;
        Ok(Some(sender.unwrap_or_default()))
    }

    /// Credits money that waits to a user of the same partner. None: there is no such deposit.
    ///
    /// # Errors
    /// There is no such user, or it cannot be paid; the money does not wait.
    pub async fn assign(&self, id: Uuid, user: &ExternalUserId) -> Result<Option<()>, StoreError> {
        let Some((book, _)) = self.find(id).await? else { return Ok(None) };
        let mut snapshot = self.app.store.snapshot(book).await?;
        let mut touches = decide::touches_of_payment(self.app, &mut snapshot, id).await?;
        drop(snapshot);
        touches.push(Touch::UserAccount(user.as_str().to_owned(), EUR));
        touches.push(Touch::UserReceivable(user.as_str().to_owned(), EUR));
        let (deed, user) = (self.deed("sepa.assign", id, format!("to {user}")), user.clone());
        run_inside(self.app, book, touches, async move |work: &mut Work<'_>| {
            let holder = require(work.holder(user.as_str()), user.as_str())?.id;
            let found = work.object::<Deposit>(id)?;
            let deposit = found.ok_or_else(|| StoreError::unexpected("a deposit is gone"))?;
            let waits = matches!(
                deposit.state,
                DepositState::Unmatched | DepositState::Pending | DepositState::Stuck
            );
            if !waits {
                return Err(Refusal::invalid(format!("the deposit is {}", deposit.state)).into());
            }
            if recalls::open_one(work, deposit.recall).await?.is_some() {
                return Err(Refusal::invalid("a bank asks for the money back: answer that first").into());
            }
            if deposit.state == DepositState::Pending && deposit.holder == Some(holder) {
                decide::decide_deposit_of(work, id, Decided::Settle).await?;
                return Ok(audit::note(work, &deed).await?);
            }
            if !can_be_paid(work, holder) {
                return Err(Refusal::invalid("the user is not verified").into());
            }
            work.load(&deposit.holder.map(Touch::Holder).into_iter().collect::<Vec<_>>()).await?;
            let keeper = keeper_of(work, deposit.holder);
            let sender = open_own::<Sender>(work, keeper, deposit.sealed.as_deref())?.unwrap_or_default();
            if deposit.state == DepositState::Pending {
                // Whoever was told that an account is being checked is told how that ended.
                emit_status(work, &deposit, IbanStatusWord::Rejected);
            }
            let sealed = Some(sealed::seal(work, holder, &sender)?);
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
    pub async fn done(&self, message: Uuid) -> Result<Option<()>, StoreError> {
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            if !inbox::refused(&mut snapshot).await?.iter().any(|item| item.id == message) {
                continue;
            }
            drop(snapshot);
            let deed = self.deed("sepa.done", message, String::new());
            let touches = vec![inbox::touch_item(message)];
            let command = async move |work: &mut Work<'_>| {
                if inbox::done(work, message)? {
                    audit::note(work, &deed).await?;
                }
                Ok(())
            };
            return run_inside(self.app, book, touches, command).await.map(Some);
        }
        Ok(None)
    }

    async fn decide(
        &self,
        id: Uuid,
        decided: Decided,
        action: &'static str,
    ) -> Result<Option<()>, StoreError> {
        let Some((book, _)) = self.find(id).await? else { return Ok(None) };
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

    pub(super) async fn find(&self, id: Uuid) -> Result<Option<(BookId, Deposit)>, StoreError> {
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            if let Some(deposit) = snapshot.objects_at::<Deposit>(&[id]).await?.pop() {
                return Ok(Some((book, deposit)));
            }
        }
        Ok(None)
    }

    pub(super) fn deed(&self, action: &'static str, object: Uuid, detail: String) -> Deed {
        Deed { operator: self.name.clone(), action, object, detail }
    }
}
