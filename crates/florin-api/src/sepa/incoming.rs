//! Money that comes in: whose it is, whether it is the holder's own, and what becomes of it.
//!
//! A payment is its account's; one to the partner's or the house's account is the user's whose reference stands in the
//! title, and nobody's where what stands there only looks like one. A user is only paid by itself: the sender's name
//! must be that by which the user was verified (`florin_types::payee` says how names are compared). An account that
//! passed is a contact from then on. A name that is nearly right waits for a person; any other goes back. The partner
//! may be paid by everybody.

use super::contact::{self, Account, Contact};
use super::deposit::{CAME_BACK, CREDITED, Deposit, DepositState, SUSPENDED, Sender};
use super::hear::keeper_of;
use super::people::People;
use super::postings::{self, EUR};
use super::reference;
use super::refund;
use crate::balances;
use crate::kit::app::App;
use crate::kit::book::command::posting_refused;
use crate::kit::book::memo::Memo;
use crate::kit::book::sealed;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use crate::kit::request::types::words;
use crate::users::{Gate, is_suspended};
use florin_ledger::{AccountKey, HolderId, Posting};
use florin_rails::sepa::{Credit, Reason};
use florin_store::{Scope, Stop, StoreError, Touch};
use florin_types::Iban;
use florin_types::payee::{Comparison, compare_person, is_first_party};
use uuid::Uuid;

words! {
    /// What became of a sender's account.
    pub enum IbanStatusWord {
        /// It is being checked.
        Pending = "PENDING",
        /// It is the user's own: from now on a contact.
        Approved = "APPROVED",
        /// It is not the user's own: the money goes back.
        Rejected = "REJECTED",
    }
}

/// The holder whose money it is, as far as it can be told.
struct Payee {
    holder: HolderId,
    handle: Option<String>,
    /// Before the command.
    is_suspended: bool,
    /// The names of a user: first and last.
    names: Option<(String, String)>,
}

/// A payment in, with what was read about it before the command.
pub struct Prepared {
    credit: Credit,
    payee: Option<Payee>,
    sender: Option<Iban>,
}

impl Prepared {
    /// Finds out whose a payment is.
    pub async fn of(app: &App, scope: &mut Scope, credit: &Credit) -> Result<Self, StoreError> {
        let prepared = Self::all(app, scope, &[credit]).await?.pop();
        prepared.ok_or_else(|| StoreError::unexpected("a credit was lost"))
    }

    /// Finds out whose some payments are, in their order.
    pub async fn all(app: &App, scope: &mut Scope, credits: &[&Credit]) -> Result<Vec<Self>, StoreError> {
        if credits.is_empty() {
            return Ok(Vec::new());
        }
        let partner = scope.book().partner();
        let ibans = credits.iter().map(|credit| credit.iban.as_str());
        let of_iban = balances::holders_of_ibans(scope, ibans).await?;
        let of_iban = |credit: &Credit| of_iban.get(&credit.iban).copied();
        let is_shared = |credit: &&&Credit| of_iban(credit).is_none_or(|holder| holder == partner);
        let titles = credits.iter().filter(is_shared).map(|credit| credit.title.as_str());
        let of_title = reference::find_all(app, scope, titles).await?;
        let of_shared = |credit: &Credit| match of_title.get(&credit.title) {
            Some(holder) => Some(*holder),
            // Somebody meant a user by what looks like a reference: a person finds out whom, before it is the
            // partner's.
            None if reference::has_form(&credit.title) => None,
            None => of_iban(credit),
        };
        let holders: Vec<_> = credits
            .iter()
            .map(|credit| match is_shared(&credit) {
                true => of_shared(credit),
                false => of_iban(credit),
            })
            .collect();
        let people = People::load(app, scope, holders.iter().flatten().copied()).await?;
        let of_holder = |holder: HolderId| {
            let names = people.profile(holder).map(|profile| {
                let text = |name: &Option<String>| name.clone().unwrap_or_default();
                (text(&profile.first_name), text(&profile.last_name))
            });
            let found = people.holder(holder);
            let handle = found.and_then(|holder| holder.handle.clone());
            let is_suspended = found.is_some_and(|holder| Gate::of(holder).is_suspended);
            Payee { holder, handle, is_suspended, names }
        };
        let prepared = credits.iter().zip(holders).map(|(credit, holder)| Self {
            credit: (*credit).clone(),
            payee: holder.map(of_holder),
            sender: Iban::parse(&credit.sender_iban).ok(),
        });
        Ok(prepared.collect())
    }

    /// What booking it must touch.
    pub fn touches(&self, app: &App) -> Vec<Touch> {
        let Some(payee) = &self.payee else { return Vec::new() };
        let contact = self.sender.as_ref().map(|iban| contact::touch(app, payee.handle.as_deref(), iban));
        touches_to_pay(payee.holder).into_iter().chain(contact).collect()
    }

    /// Leaves it to a person whose it is.
    pub fn forget_payee(&mut self) {
        self.payee = None;
    }

    /// Whether it brings anything.
    pub fn has_money(&self) -> bool {
        self.credit.amount > 0
    }

    /// Whether its payee can have the payment at once: it is the payee's own, and the payee is not suspended.
    pub fn can_be_had(&self) -> bool {
        self.payee.as_ref().is_some_and(|payee| {
            !payee.is_suspended && matches!(judge(payee, &self.credit.sender_name), Judgement::Own)
        })
    }

    /// Whether nobody is to be paid: nobody in this book has the account, or the reference in the title is nobody's.
    pub fn is_nobodys(&self) -> bool {
        self.payee.is_none()
    }

    fn what_was_sent(&self) -> Sender {
        let Credit { iban, sender_name, sender_iban, title, .. } = &self.credit;
        Sender {
            name: sender_name.clone(),
            iban: self.sender.as_ref().map_or_else(|| sender_iban.clone(), |iban| iban.as_str().to_owned()),
            title: title.clone(),
            to: iban.clone(),
        }
    }
}

/// Books a payment in. Answers its id.
pub fn book(work: &mut Work<'_>, prepared: &Prepared) -> Result<Uuid, Stop> {
    let (id, sender) = (work.id(), prepared.what_was_sent());
    let holder = prepared.payee.as_ref().map(|payee| payee.holder);
    let keeper = keeper_of(work, holder);
    let payee = prepared.payee.as_ref().filter(|payee| can_be_paid(work, payee.holder));
    let deposit = Deposit {
        id,
        holder: holder.filter(|holder| *holder == keeper),
        amount: prepared.credit.amount,
        state: DepositState::Unmatched,
        returns: None,
        reason: None,
        recall: None,
        sealed: Some(sealed::seal(work, keeper, &sender)?),
        created_at: work.now(),
    };
    let Some(payee) = payee else {
        wait(work, deposit, DepositState::Unmatched)?;
        return Ok(id);
    };
    // Many pay from one account of the house.
    let own = prepared.sender.as_ref().filter(|iban| !work.app().settings.sepa.is_ours(iban.as_str()));
    let contact = own.map(|iban| contact::id_of(work.app(), payee.handle.as_deref(), iban));
    let is_contact = match contact {
        Some(contact) => work.object::<Contact>(contact)?.is_some(),
        None => false,
    };
    if is_contact {
        credit_or_hold(work, deposit, &sender, Told::Now)?;
        return Ok(id);
    }
    emit_status(work, &deposit, IbanStatusWord::Pending);
    match judge(payee, &sender.name) {
        Judgement::Own => {
            approve(work, &deposit, &sender, contact)?;
            credit_or_hold(work, deposit, &sender, Told::Now)?;
        }
        Judgement::Unclear => drop(wait(work, deposit, DepositState::Pending)?),
        // Without an account there is no way back.
        Judgement::Foreign if prepared.sender.is_none() => drop(wait(work, deposit, DepositState::Pending)?),
        Judgement::Foreign => {
            emit_status(work, &deposit, IbanStatusWord::Rejected);
            let deposit = wait(work, deposit, DepositState::Returning)?;
            // A bank does not say more to strangers.
            refund::begin(work, &deposit, &sender, Reason::NOT_GIVEN)?;
        }
    }
    Ok(id)
}

/// Notes that an account is its holder's own: it is a contact from now on.
pub(super) fn approve(
    work: &mut Work<'_>,
    deposit: &Deposit,
    sender: &Sender,
    contact: Option<Uuid>,
) -> Result<(), Stop> {
    if let (Some(id), Some(holder)) = (contact, deposit.holder) {
        let account = Account { iban: sender.iban.clone(), name: sender.name.clone() };
        let sealed = Some(sealed::seal(work, holder, &account)?);
        let added_at = work.now();
        work.put(&Contact { id, holder, sealed, added_at })?;
    }
    emit_status(work, deposit, IbanStatusWord::Approved);
    Ok(())
}

/// When the partner is told that money was credited.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// By an event of the deposit.
    Now,
    /// By the event of the transfer that came back.
    ByTheTransfer,
}

/// Whether a sender is the holder.
enum Judgement {
    Own,
    Unclear,
    Foreign,
}

fn judge(payee: &Payee, sender: &str) -> Judgement {
    let Some((first, last)) = &payee.names else { return Judgement::Own };
    if is_first_party(sender, first, last) {
        return Judgement::Own;
    }
    match compare_person(sender, first, last) {
        Comparison::Match | Comparison::CloseMatch | Comparison::NotPossible => Judgement::Unclear,
        Comparison::NoMatch => Judgement::Foreign,
    }
}

/// Whether a holder has an account that can be paid: the partner, or a user that is verified and not closed.
pub(super) fn can_be_paid(work: &Work<'_>, holder: HolderId) -> bool {
    let is_partner = holder == work.book().partner();
    let is_open = work.holder_by_id(holder).is_some_and(|holder| {
        let gate = Gate::of(holder);
        gate.is_verified && !gate.is_closed
    });
    (is_partner || is_open) && work.account(AccountKey::main(holder, EUR)).is_some()
}

/// Credits a deposit that is its holder's; holds it while the holder is suspended, or for a person where the holder is
/// gone.
pub(super) fn credit_or_hold(
    work: &mut Work<'_>,
    deposit: Deposit,
    sender: &Sender,
    told: Told,
) -> Result<(), Stop> {
    let Some(holder) = deposit.holder.filter(|holder| can_be_paid(work, *holder)) else {
        return wait(work, deposit, DepositState::Unmatched).map(drop);
    };
    if is_suspended(work, holder) {
        return wait(work, deposit, DepositState::Held).map(drop);
    }
    let posting = postings::credit(holder, deposit.amount, work.debt(holder, EUR)?);
    credit(work, Deposit { state: DepositState::Credited, ..deposit }, sender, (&posting, told))
}

/// Credits a deposit out of suspense.
pub(super) fn credit_from_suspense(
    work: &mut Work<'_>,
    deposit: Deposit,
    sender: &Sender,
) -> Result<(), Stop> {
    let holder = deposit.holder.ok_or_else(|| StoreError::unexpected("a deposit without a holder"))?;
    let posting = postings::assign(holder, deposit.amount, work.debt(holder, EUR)?);
    credit(work, Deposit { state: DepositState::Credited, ..deposit }, sender, (&posting, Told::Now))
}

/// What a command must touch to pay a holder.
pub(super) fn touches_to_pay(holder: HolderId) -> [Touch; 2] {
    [Touch::HolderAccount(holder, EUR), Touch::Account(AccountKey::receivable(holder, EUR))]
}

fn credit(
    work: &mut Work<'_>,
    deposit: Deposit,
    sender: &Sender,
    (posting, told): (&Posting, Told),
) -> Result<(), Stop> {
    let holder = deposit.holder.ok_or_else(|| StoreError::unexpected("a deposit without a holder"))?;
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let (reference, name, iban) = (text(&sender.title), text(&sender.name), text(&sender.iban));
    let memo = Memo { reference, name, iban, ..Memo::default() }.seal(work, holder)?;
    let kind = if deposit.returns.is_some() { CAME_BACK.kind } else { CREDITED.kind };
    work.post(kind, deposit.id, posting, memo).map_err(posting_refused)?;
    if told == Told::Now {
        work.emit(Event::about(EventType::SepaDeposit, deposit.id).of_holder(holder));
    }
    Ok(work.put(&deposit)?)
}

/// Puts a deposit's money into suspense.
pub(super) fn wait(work: &mut Work<'_>, deposit: Deposit, state: DepositState) -> Result<Deposit, Stop> {
    let deposit = Deposit { state, ..deposit };
    let posting = postings::suspend(work.book(), deposit.amount);
    work.post(SUSPENDED.kind, deposit.id, &posting, Vec::new()).map_err(posting_refused)?;
    work.put(&deposit)?;
    Ok(deposit)
}

/// Emits what became of the sender's account.
pub(super) fn emit_status(work: &mut Work<'_>, deposit: &Deposit, status: IbanStatusWord) {
    let event = Event::about(EventType::IbanStatus, deposit.id);
    let event = deposit.holder.map_or_else(|| event.clone(), |holder| event.clone().of_holder(holder));
    work.emit(event.with(status.as_str().as_bytes().to_vec()));
}
