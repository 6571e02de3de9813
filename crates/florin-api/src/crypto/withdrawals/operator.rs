//! What an operator does about withdrawals: sees those that are not paid yet, and approves or rejects them; and about
//! deposits that wait for a person: credits them, or sends them back. It is in the audit.

use super::finish::fail;
use super::give_back::give_back;
use super::pay::leave;
use super::store::{self, WITHDRAWALS};
use super::withdrawal::{CryptoWithdrawalFailure, Destination, State, Waits, Withdrawal};
use crate::crypto::deposits::{self, Deposit};
use crate::kit::app::App;
use crate::kit::book::aside::Aside;
use crate::kit::book::audit::{self, Deed, MAX_OPERATOR};
use crate::kit::book::inbox::SHOWN;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use crate::kit::endpoint::refusal::Refusal;
use crate::sepa::People;
use crate::users::{Gate, is_suspended};
use florin_store::{BookId, Scope, Stop, StoreError, Touch};
use florin_types::{Text, Timestamp, format_minor};
use uuid::Uuid;

/// Somebody of the operator's, at the command line.
pub struct CryptoOperator<'a> {
    /// The platform.
    pub app: &'a App,
    /// Who it is, for the audit.
    pub name: Text<MAX_OPERATOR>,
}

/// A withdrawal that is not paid yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingWithdrawal {
    /// Its id.
    pub id: Uuid,
    /// The amount, a decimal.
    pub amount: String,
    /// Of what.
    pub currency: String,
    /// Where to.
    pub network: String,
    /// The address; none where it was erased.
    pub destination: Option<String>,
    /// Where it stands.
    pub state: &'static str,
    /// What it waits for.
    pub waits: Option<&'static str>,
    /// Whose partner's.
    pub partner: String,
    /// The partner's id of the user; none for its master balance.
    pub user: Option<String>,
    /// When it was made.
    pub since: Timestamp,
}

/// A deposit that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingDeposit {
    /// Its id.
    pub id: Uuid,
    /// The amount, a decimal.
    pub amount: String,
    /// Of what.
    pub currency: String,
    /// Why it waits.
    pub state: &'static str,
    /// Who sent it, where its chain says so.
    pub sender: Option<String>,
    /// On which network.
    pub network: String,
    /// The transaction.
    pub transaction: String,
    /// Whose partner's.
    pub partner: String,
    /// The partner's id of the user; none for its master balance, and for a user that was deleted.
    pub user: Option<String>,
    /// When it was seen first.
    pub since: Timestamp,
}

/// Withdrawals that are not paid yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingWithdrawals {
    /// Of all partners, oldest first within each.
    pub waiting: Vec<WaitingWithdrawal>,
    /// The partners of which more wait than are shown.
    pub cut: Vec<String>,
}

impl CryptoOperator<'_> {
    /// The withdrawals that wait for a person or for the hot wallet, of all partners.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(&self) -> Result<WaitingWithdrawals, StoreError> {
        let mut all = WaitingWithdrawals::default();
        for PartnerBook { book, name, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            let mut some = store::waiting(&mut snapshot).await?;
            if some.len() > SHOWN {
                all.cut.push(name.clone());
                some.truncate(SHOWN);
            }
            // What was made a moment ago is paid by itself.
            some.retain(|one| one.state == State::Approval || one.waits == Some(Waits::Funds));
            all.waiting.extend(self.shown(&mut snapshot, some, &name).await?);
        }
        Ok(all)
    }

    async fn shown(
        &self,
        scope: &mut Scope,
        some: Vec<Withdrawal>,
        partner: &str,
    ) -> Result<Vec<WaitingWithdrawal>, StoreError> {
        let people = People::load(self.app, scope, some.iter().map(|one| one.holder)).await?;
        let show = |one: Withdrawal| {
            let holder = people.holder(one.holder);
            let to: Option<Destination> = sealed::open(&self.app.seals, holder, one.sealed.as_deref())?;
            let decimals = self.app.currencies.get(one.currency).map_or(0, |currency| currency.decimals);
            Ok(WaitingWithdrawal {
                id: one.id,
                amount: format_minor(one.amount, decimals),
                currency: one.currency.to_string(),
                network: one.network,
                destination: to.map(|to| to.address),
                state: one.state.as_str(),
                waits: one.waits.map(Waits::as_str),
                partner: partner.to_owned(),
                user: holder.and_then(|holder| holder.handle.clone()),
                since: one.created_at,
            })
        };
        some.into_iter().map(show).collect()
    }

    /// Lets a withdrawal that waits for approval be paid. None: there is no such withdrawal.
    ///
    /// # Errors
    /// It does not wait for approval, or may only be rejected.
    pub async fn approve(&self, id: Uuid) -> Result<Option<()>, StoreError> {
        let Some(book) = self.book_of(id).await? else { return Ok(None) };
        let deed = self.deed("crypto.approve", id);
        let command = async move |work: &mut Work<'_>| -> Result<(), Stop> {
            let withdrawal = known(work, id)?;
            if let Some(why) = withdrawal.why_not_approve() {
                return Err(Refusal::invalid(why).into());
            }
            let withdrawal = Withdrawal { state: State::Held, waits: None, ..withdrawal };
            work.put(&withdrawal)?;
            leave(work, &withdrawal);
            Ok(audit::note(work, &deed).await?)
        };
        run_inside(self.app, book, vec![Touch::Object(&WITHDRAWALS, id)], command).await.map(Some)
    }

    /// Why a withdrawal that was approved will fail all the same. None: nothing is known that stops it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn will_fail(&self, id: Uuid) -> Result<Option<&'static str>, StoreError> {
        let Some(book) = self.book_of(id).await? else { return Ok(None) };
        let mut snapshot = self.app.store.snapshot(book).await?;
        let found = snapshot.objects_at::<Withdrawal>(&[id]).await?.pop();
        let Some(holder) = found.map(|found| found.holder) else { return Ok(None) };
        let is_user = holder != book.partner();
        let holder = snapshot.holders(&[holder]).await?.pop();
        let is_suspended = is_user && holder.is_some_and(|holder| Gate::of(&holder).is_suspended);
        Ok(is_suspended
            .then_some("its user is suspended, so it fails and its money goes back to the balance"))
    }

    /// Ends a withdrawal of which nothing is signed: its money can be spent again. None: there is no such withdrawal.
    ///
    /// # Errors
    /// It is signed, or has ended.
    pub async fn reject(&self, id: Uuid) -> Result<Option<()>, StoreError> {
        let Some(book) = self.book_of(id).await? else { return Ok(None) };
        let deed = self.deed("crypto.reject", id);
        let command = async move |work: &mut Work<'_>| -> Result<(), Stop> {
            let withdrawal = known(work, id)?;
            if !withdrawal.can_be_rejected() {
                return Err(Refusal::invalid(format!("the withdrawal is {}", withdrawal.state)).into());
            }
            fail(work, withdrawal, CryptoWithdrawalFailure::Rejected).await?;
            Ok(audit::note(work, &deed).await?)
        };
        run_inside(self.app, book, vec![Touch::Object(&WITHDRAWALS, id)], command).await.map(Some)
    }

    /// The deposits that wait for a person, of all partners, oldest first within each; and the partners of which more
    /// wait than are shown.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn deposits(&self) -> Result<(Vec<WaitingDeposit>, Vec<String>), StoreError> {
        let (mut all, mut cut) = (Vec::new(), Vec::new());
        for PartnerBook { book, name, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            let mut some = deposits::waiting(&mut snapshot).await?;
            if some.len() > SHOWN {
                cut.push(name.clone());
                some.truncate(SHOWN);
            }
            let people = People::load(self.app, &mut snapshot, some.iter().map(|one| one.holder)).await?;
            all.extend(some.into_iter().map(|one| {
                let decimals = self.app.currencies.get(one.currency).map_or(0, |currency| currency.decimals);
                WaitingDeposit {
                    id: one.id,
                    amount: format_minor(one.amount, decimals),
                    currency: one.currency.to_string(),
                    state: one.state.as_str(),
                    sender: one.sender,
                    network: one.network,
                    transaction: one.hash,
                    partner: name.clone(),
                    user: people.holder(one.holder).and_then(|holder| holder.handle.clone()),
                    since: one.created_at,
                }
            }));
        }
        Ok((all, cut))
    }

    /// Credits a deposit that waits for a person to the holder of its address, or lets it pay its order. False: it
    /// waits still, since its sender was put on the list of sanctioned addresses; once more credits it. None: there is
    /// no such deposit.
    ///
    /// # Errors
    /// It does not wait for a person, or its holder has no account any more or is suspended.
    pub async fn credit(&self, id: Uuid) -> Result<Option<bool>, StoreError> {
        let Some((book, deposit)) = self.deposit(id).await? else { return Ok(None) };
        let deed = self.deed("crypto.credit", id);
        let touches = deposits::touches_of(&[deposit]);
        let is_credited = Aside::<bool>::default();
        let aside = is_credited.clone();
        let command = async move |work: &mut Work<'_>| -> Result<(), Stop> {
            let deposit = work.object::<Deposit>(id)?.filter(|deposit| deposit.state.is_left_to_a_person());
            let deposit =
                deposit.ok_or_else(|| Refusal::invalid("the deposit does not wait for a person"))?;
            if deposit.pays.is_none() && !deposits::can_be_paid(work, &deposit) {
                return Err(Refusal::invalid("its holder has no account any more: send it back").into());
            }
            if is_suspended(work, deposit.holder) {
                return Err(Refusal::invalid("its user is suspended: credit it once that has ended").into());
            }
            deposits::credit_from_suspense(work, deposit)?;
            let after = work.object::<Deposit>(id)?;
            aside.put(after.is_some_and(|deposit| !deposit.state.is_left_to_a_person()));
            Ok(audit::note(work, &deed).await?)
        };
        run_inside(self.app, book, touches, command).await?;
        Ok(Some(is_credited.take()))
    }

    /// Sends a deposit that waits for a person back: to this address, or to its sender where its chain says who that
    /// is. None: there is no such deposit. The inner error says why it can't go back.
    ///
    /// # Errors
    /// It does not wait for a person.
    pub async fn give_back(
        &self,
        id: Uuid,
        to: Option<&str>,
    ) -> Result<Option<Result<(), String>>, StoreError> {
        let Some((book, deposit)) = self.deposit(id).await? else { return Ok(None) };
        let Some(to) = to.map(str::to_owned).or_else(|| deposit.sender.clone()) else {
            return Ok(Some(Err("its chain does not say who sent it: give an address".to_owned())));
        };
        give_back(self.app, book, deposit, &to, Some(self.deed("crypto.return", id))).await.map(Some)
    }

    async fn deposit(&self, id: Uuid) -> Result<Option<(BookId, Deposit)>, StoreError> {
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            if let Some(found) = snapshot.objects_at::<Deposit>(&[id]).await?.pop() {
                return Ok(Some((book, found)));
            }
        }
        Ok(None)
    }

    async fn book_of(&self, id: Uuid) -> Result<Option<BookId>, StoreError> {
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            if !snapshot.objects_at::<Withdrawal>(&[id]).await?.is_empty() {
                return Ok(Some(book));
            }
        }
        Ok(None)
    }

    fn deed(&self, action: &'static str, object: Uuid) -> Deed {
        Deed { operator: self.name.clone(), action, object, detail: String::new() }
    }
}

fn known(work: &Work<'_>, id: Uuid) -> Result<Withdrawal, StoreError> {
    work.object::<Withdrawal>(id)?.ok_or_else(|| StoreError::unexpected("a withdrawal is gone"))
}
