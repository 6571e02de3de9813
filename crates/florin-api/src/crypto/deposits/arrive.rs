//! What blocks bring and take: deposits are seen, confirmed, and leave the chain again.

use super::deposit::{CREDITED, Deposit, DepositState, Money, SUSPENDED, TAKEN_BACK};
use super::postings;
use super::store::{self, AT_ONCE};
use crate::crypto::chain::{Net, Standing};
use crate::kit::app::App;
use crate::kit::book::command::posting_refused;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use crate::rates;
use crate::users::Gate;
use florin_ledger::{AccountKey, AccountKind, BookId, HolderId};
use florin_rails::chain::Transfer;
use florin_store::{Lane, NewJob, Stop, StoreError, Touch};
use florin_types::{CurrencyCode, Price, Rounding};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// The kind of the job that looks at an order to which something was paid, or from which something was taken back; its
/// payload is the order's id. A later family has the handler.
pub const ORDER_JOB: &str = "order.look";

/// Whose an address is, and what it was made for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The holder: the partner, where it was made for something.
    pub holder: HolderId,
    /// What it was made for.
    pub pays: Option<Uuid>,
}

/// The kind of the job that gives up a deposit that no block has; its payload is the deposit's id.
pub const GONE_JOB: &str = "crypto.gone";

/// The kind of the job that gives up a deposit of which nobody says who sent it; its payload is the deposit's id.
pub const UNEXPLAINED_JOB: &str = "crypto.unexplained";

/// How long a deposit that left the chain may take to come back: a day. A transaction that was in a block once is
/// valid, and the next blocks take it unless it was spent otherwise.
const GONE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A block brings something to holders of the book. A look that was broken off may have seen another block of this
/// height: what that one brought leaves first.
pub async fn see(
    app: &App,
    book: BookId,
    standing: &Standing,
    (height, ours): (u64, Vec<(Transfer, Owned)>),
) -> Result<(), StoreError> {
    let net = standing.net;
    let id = |transfer: &Transfer| store::id_of(app, net.slug, &transfer.transaction, transfer.output);
    let ids = ours.iter().map(|(transfer, _)| id(transfer)).collect();
    leave_but(app, book, standing, (height, &ids)).await?;
    for some in ours.chunks(AT_ONCE) {
        let some: Vec<_> = some
            .iter()
            .map(|(transfer, owned)| (id(transfer), transfer.clone(), *owned))
            .filter(|(_, transfer, _)| app.settings.reference.network(transfer.currency, net.slug).is_some())
            .collect();
        let touches = some.iter().map(|(id, ..)| store::touch(*id)).chain([standing.touch(app)]).collect();
        let standing = standing.clone();
        run_inside(app, book, touches, async move |work: &mut Work<'_>| {
            standing.check(work)?;
            some.iter().try_for_each(|seen| see_one(work, net, height, seen))
        })
        .await?;
    }
    Ok(())
}

fn see_one(
    work: &mut Work<'_>,
    net: Net,
    height: u64,
    (id, transfer, owned): &(Uuid, Transfer, Owned),
) -> Result<(), Stop> {
    let known = work.object::<Deposit>(*id)?;
    // One that comes back is told of only where it had been given up.
    let is_told = known.as_ref().is_none_or(|known| known.state == DepositState::Gone);
    let deposit = match known {
        // A look that was broken off has seen it.
        Some(known) if known.height == Some(height) => return Ok(()),
        // And in a later block, which is in the chain no more. It was not in two blocks: it is in this one.
        Some(known) if known.height.is_some() => {
            return Ok(work.put(&Deposit { height: Some(height), ..known })?);
        }
        Some(known) => Deposit { height: Some(height), state: DepositState::Seen, ..known },
        None => Deposit {
            id: *id,
            holder: owned.holder,
            currency: transfer.currency,
            network: net.slug.to_owned(),
            hash: transfer.transaction.clone(),
            output: transfer.output.into(),
            address: transfer.to.clone(),
            sender: transfer.from.clone(),
            amount: transfer.amount,
            state: DepositState::Seen,
            height: Some(height),
            sealed: None,
            created_at: work.now(),
            pays: owned.pays,
        },
    };
    if is_told || deposit.pays.is_some() {
        emit(work, &deposit);
    }
    Ok(work.put(&deposit)?)
}

/// Deposits that have their confirmations now that there is a block of this height.
pub async fn confirm(app: &App, book: BookId, standing: &Standing, height: u64) -> Result<(), StoreError> {
    let net = standing.net;
    let Some(limit) = (height + 1).checked_sub(net.confirmations(app)) else { return Ok(()) };
    loop {
        let mut snapshot = app.store.snapshot(book).await?;
        let ripe = store::ripe(&mut snapshot, net.slug, limit).await?;
        drop(snapshot);
        let may_be_more = ripe.len() == AT_ONCE;
        if !ripe.is_empty() {
            let mut touches = touches_of(&ripe);
            touches.extend(rates::touch(app));
            touches.push(standing.touch(app));
            let ids: Vec<_> = ripe.iter().map(|deposit| deposit.id).collect();
            let standing = standing.clone();
            run_inside(app, book, touches, async move |work: &mut Work<'_>| {
                standing.check(work)?;
                let mut values = Values::default();
                ids.iter().try_for_each(|id| confirm_one(work, &mut values, *id))
            })
            .await?;
        }
        if !may_be_more {
            return Ok(());
        }
    }
}

/// What a command must touch to move the money of deposits.
pub fn touches_of(deposits: &[Deposit]) -> Vec<Touch> {
    let mut touches = vec![Touch::Partner];
    let mut currencies: Vec<CurrencyCode> = deposits.iter().map(|deposit| deposit.currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    for currency in currencies {
        touches.push(Touch::SystemAccount(currency, AccountKind::ChainSettlement));
        touches.push(Touch::SystemAccount(currency, AccountKind::Suspense));
        if deposits.iter().any(|deposit| deposit.pays.is_some()) {
            touches.push(Touch::SystemAccount(currency, AccountKind::FxPosition));
        }
    }
    for Deposit { id, holder, currency, .. } in deposits {
        touches.push(store::touch(*id));
        touches.push(Touch::HolderAccount(*holder, *currency));
        touches.push(Touch::Account(AccountKey::receivable(*holder, *currency)));
    }
    touches
}

/// What currencies are worth, read once in a command.
#[derive(Default)]
struct Values(Option<florin_rails::rates::Rates>);

impl Values {
    /// Cents, rounded up. None: nobody knows.
    fn of(&mut self, work: &Work<'_>, deposit: &Deposit) -> Option<i64> {
        // Rates that nobody knows now are no reason to stop: then it is asked who sent it.
        let rates = self.0.get_or_insert_with(|| rates::in_command(work).unwrap_or_default());
        let currency = work.app().currencies.parse(deposit.currency.as_str())?;
        let price = Price { rate: rates.get(deposit.currency)?, decimals: currency.decimals };
        price.value_in_eur(deposit.amount, Rounding::Ceil).ok()
    }
}

fn confirm_one(work: &mut Work<'_>, values: &mut Values, id: Uuid) -> Result<(), Stop> {
    let deposit = work.object::<Deposit>(id)?;
    let Some(deposit) = deposit.filter(|deposit| deposit.state == DepositState::Seen) else { return Ok(()) };
    if deposit.pays.is_some() {
        return suspend(work, deposit, DepositState::ForOrder);
    }
    let reference = &work.app().settings.reference;
    let least =
        reference.network(deposit.currency, &deposit.network).map_or(0, |network| network.min_deposit);
    if deposit.amount < least {
        return suspend(work, deposit, DepositState::TooSmall);
    }
    if !can_be_paid(work, &deposit) {
        return suspend(work, deposit, DepositState::Unmatched);
    }
    let from = work.app().settings.chains.travel_rule_from;
    let is_asked = values.of(work, &deposit).is_none_or(|value| value >= from);
    if is_asked && deposit.sealed.is_none() {
        let (due, payload) =
            (work.in_time(work.app().settings.chains.explain_within), id.as_bytes().to_vec());
        work.enqueue(NewJob { kind: UNEXPLAINED_JOB, lane: Lane::Quick, due, payload });
        return suspend(work, deposit, DepositState::TravelRule);
    }
    if is_suspended(work, deposit.holder) {
        return suspend(work, deposit, DepositState::Held);
    }
    let posting = postings::credit(&deposit, debt(work, &deposit)?);
    credit(work, deposit, &posting)
}

/// Credits what waits in suspense; holds it where its holder is suspended, and leaves it to a person where there is
/// none.
pub fn credit_from_suspense(work: &mut Work<'_>, deposit: Deposit) -> Result<(), Stop> {
    if !can_be_paid(work, &deposit) {
        return Ok(work.put(&Deposit { state: DepositState::Unmatched, ..deposit })?);
    }
    if is_suspended(work, deposit.holder) {
        return Ok(work.put(&Deposit { state: DepositState::Held, ..deposit })?);
    }
    let posting = postings::credit_from_suspense(&deposit, debt(work, &deposit)?);
    credit(work, deposit, &posting)
}

fn credit(work: &mut Work<'_>, deposit: Deposit, posting: &florin_ledger::Posting) -> Result<(), Stop> {
    work.post(CREDITED.kind, deposit.id, posting, Vec::new()).map_err(posting_refused)?;
    let deposit = Deposit { state: DepositState::Credited, ..deposit };
    emit(work, &deposit);
    Ok(work.put(&deposit)?)
}

/// What a deposit's holder owes the house.
fn debt(work: &Work<'_>, deposit: &Deposit) -> Result<i64, StoreError> {
    let account = work.account(AccountKey::receivable(deposit.holder, deposit.currency));
    let account = account.ok_or_else(|| StoreError::unexpected("what a holder owes is not touched"))?;
    Ok(-account.balance)
}

/// Whether its holder has an account that can be paid: the partner, or a user that is verified and not closed.
fn can_be_paid(work: &Work<'_>, deposit: &Deposit) -> bool {
    let is_partner = deposit.holder == work.book().partner();
    let is_open = work.holder_by_id(deposit.holder).is_some_and(|holder| {
        let gate = Gate::of(holder);
        gate.is_verified && !gate.is_closed
    });
    (is_partner || is_open) && work.account(AccountKey::main(deposit.holder, deposit.currency)).is_some()
}

fn is_suspended(work: &Work<'_>, holder: HolderId) -> bool {
    work.holder_by_id(holder).is_some_and(|holder| Gate::of(holder).is_suspended)
        && holder != work.book().partner()
}

fn suspend(work: &mut Work<'_>, deposit: Deposit, state: DepositState) -> Result<(), Stop> {
    let deposit = Deposit { state, ..deposit };
    work.post(SUSPENDED.kind, deposit.id, &postings::suspend(&deposit), Vec::new())
        .map_err(posting_refused)?;
    // Who waits for confirmations and then for the end of a suspension has been told that it waits.
    if deposit.pays.is_some() || deposit.state.status() != DepositState::Seen.status() {
        emit(work, &deposit);
    }
    Ok(work.put(&deposit)?)
}

/// The block of a height leaves the chain, and what it brought with it.
pub async fn leave(app: &App, book: BookId, standing: &Standing, height: u64) -> Result<(), StoreError> {
    leave_but(app, book, standing, (height, &HashSet::new())).await
}

async fn leave_but(
    app: &App,
    book: BookId,
    standing: &Standing,
    (height, stay): (u64, &HashSet<Uuid>),
) -> Result<(), StoreError> {
    let net = standing.net;
    let mut after = Uuid::nil();
    loop {
        let mut snapshot = app.store.snapshot(book).await?;
        let some = store::of_block(&mut snapshot, net.slug, height, after).await?;
        drop(snapshot);
        let Some(last) = some.last() else { return Ok(()) };
        after = last.id;
        let some: Vec<_> = some.into_iter().filter(|deposit| !stay.contains(&deposit.id)).collect();
        if some.is_empty() {
            continue;
        }
        let mut touches = touches_of(&some);
        touches.push(standing.touch(app));
        let ids: Vec<_> = some.iter().map(|deposit| deposit.id).collect();
        let standing = standing.clone();
        // A command can run twice: what it has taken back is told when it has ended.
        let taken = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&taken);
        run_inside(app, book, touches, async move |work: &mut Work<'_>| {
            standing.check(work)?;
            let mut taken = Vec::new();
            for id in &ids {
                taken.extend(leave_one(work, *id, height)?);
            }
            *told.lock().unwrap_or_else(PoisonError::into_inner) = taken;
            Ok(())
        })
        .await?;
        for id in taken.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let network = net.slug;
            tracing::error!(%id, network, height, "a credited deposit left its chain and was taken back");
        }
    }
}

/// A deposit's block has left the chain. Its id, where it had been credited.
fn leave_one(work: &mut Work<'_>, id: Uuid, height: u64) -> Result<Option<Uuid>, Stop> {
    let deposit = work.object::<Deposit>(id)?.filter(|deposit| deposit.height == Some(height));
    let Some(deposit) = deposit else { return Ok(None) };
    let posting = match deposit.state.money() {
        Money::Outside => None,
        Money::InSuspense => Some(postings::take_from_suspense(&deposit)),
        Money::OfHolder => {
            let account = work.account(AccountKey::main(deposit.holder, deposit.currency));
            let account =
                account.ok_or_else(|| StoreError::unexpected("a paid holder without an account"))?;
            Some(postings::take_back(&deposit, account))
        }
        Money::Sold => Some(postings::take_from_position(&deposit)),
    };
    if let Some(posting) = &posting {
        work.post(TAKEN_BACK.kind, id, posting, Vec::new()).map_err(posting_refused)?;
    }
    let left = Deposit { state: DepositState::Seen, height: None, ..deposit.clone() };
    if left.pays.is_some() || left.state.status() != deposit.state.status() {
        emit(work, &left);
    }
    work.put(&left)?;
    let (due, payload) = (work.in_time(GONE_AFTER), id.as_bytes().to_vec());
    work.enqueue(NewJob { kind: GONE_JOB, lane: Lane::Quick, due, payload });
    let was_final = matches!(deposit.state.money(), Money::OfHolder | Money::Sold);
    Ok(was_final.then_some(id))
}

/// Emits where a deposit stands. What pays an order is told of by the order.
pub fn emit(work: &mut Work<'_>, deposit: &Deposit) {
    if let Some(order) = deposit.pays {
        let (due, payload) = (work.in_time(Duration::ZERO), order.as_bytes().to_vec());
        work.enqueue(NewJob { kind: ORDER_JOB, lane: Lane::Quick, due, payload });
        return;
    }
    let event = Event::about(EventType::CryptoDeposit, deposit.id).of_holder(deposit.holder);
    work.emit(event.with(deposit.moment()));
}
