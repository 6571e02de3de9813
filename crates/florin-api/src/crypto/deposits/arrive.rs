//! What blocks bring and take: deposits are seen, confirmed, and leave the chain again.

use super::deposit::{CREDITED, Deposit, DepositState, Money, SUSPENDED, TAKEN_BACK};
use super::postings;
use super::store::{self, AT_ONCE};
use crate::crypto::chain::{Fence, Net, say_undone};
use crate::kit::app::App;
use crate::kit::book::aside::Aside;
use crate::kit::book::command::posting_refused;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use crate::rates;
use crate::users::{Gate, is_suspended};
use florin_ledger::{AccountKey, AccountKind, BookId, HolderId};
use florin_rails::chain::Transfer;
use florin_store::{Lane, NewJob, Stop, StoreError, Touch};
use florin_types::{CurrencyCode, Price, Rounding, Timestamp};
use florin_wallet::Place;
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
    /// Where its key is derived.
    pub place: Place,
}

/// The kind of the job that gives up a deposit that no block has; its payload is the deposit's id.
pub const GONE_JOB: &str = "crypto.gone";

/// The kind of the job that gives up a deposit of which nobody says who sent it; its payload is the deposit's id.
pub const UNEXPLAINED_JOB: &str = "crypto.unexplained";

/// How long a deposit that left the chain may take to come back: a day. A transaction that was in a block once is
/// valid, and the next blocks take it unless it was spent otherwise.
const GONE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether a block of this height confirms something.
pub async fn has_work(app: &App, book: BookId, net: Net, height: u64) -> Result<bool, StoreError> {
    let Some(limit) = (height + 1).checked_sub(net.confirmations(app)) else { return Ok(false) };
    Ok(!store::ripe(&mut *app.store.snapshot(book).await?, net.slug, limit).await?.is_empty())
}

/// A block brings something to holders of the book.
pub async fn see(
    app: &App,
    book: BookId,
    fence: &Fence,
    (height, made_at): (u64, Timestamp),
    ours: Vec<(Transfer, Owned)>,
) -> Result<(), StoreError> {
    let net = fence.net;
    let id = |transfer: &Transfer| store::id_of(app, net.slug, &transfer.transaction, transfer.output);
    for some in ours.chunks(AT_ONCE) {
        let some: Vec<_> = some
            .iter()
            .map(|(transfer, owned)| (id(transfer), transfer.clone(), *owned))
            .filter(|(_, transfer, _)| app.settings.reference.network(transfer.currency, net.slug).is_some())
            .collect();
        let touches = some.iter().map(|(id, ..)| store::touch(*id)).chain([fence.touch(app)]).collect();
        let fence = fence.clone();
        run_inside(app, book, touches, async move |work: &mut Work<'_>| {
            fence.check(work)?;
            for seen in &some {
                see_one(work, net, (height, made_at), seen).await?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

async fn see_one(
    work: &mut Work<'_>,
    net: Net,
    (height, made_at): (u64, Timestamp),
    (id, transfer, owned): &(Uuid, Transfer, Owned),
) -> Result<(), Stop> {
    let known = work.object::<Deposit>(*id)?;
    // A deposit that comes back sends an event only where one had said that it was gone.
    let is_told = known.as_ref().is_none_or(|known| known.state == DepositState::Gone);
    let deposit = match known {
        // A look that was broken off has seen it.
        Some(known) if known.height == Some(height) => return Ok(()),
        // What is in no block has brought nothing, and what is in another block has left it before.
        Some(known) if known.height.is_some() || known.is_booked() => {
            return Err(StoreError::unexpected("a deposit is in two blocks").into());
        }
        Some(known) if known.state.money() == Money::GivenBack => {
            work.load(&touches_of(std::slice::from_ref(&known))).await?;
            work.post(TAKEN_BACK.kind, *id, &postings::lose(&known, true), Vec::new())
                .map_err(posting_refused)?;
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
            // Who has paid in time has, however late the block is followed.
            created_at: made_at.min(work.now()),
            pays: owned.pays,
        },
    };
    if is_told || deposit.pays.is_some() {
        emit(work, &deposit);
    }
    Ok(work.put(&deposit)?)
}

/// Deposits that have their confirmations now that there is a block of this height.
pub async fn confirm(app: &App, book: BookId, fence: &Fence, height: u64) -> Result<(), StoreError> {
    let net = fence.net;
    let Some(limit) = (height + 1).checked_sub(net.confirmations(app)) else { return Ok(()) };
    loop {
        let mut snapshot = app.store.snapshot(book).await?;
        let ripe = store::ripe(&mut snapshot, net.slug, limit).await?;
        drop(snapshot);
        let may_be_more = ripe.len() == AT_ONCE;
        if !ripe.is_empty() {
            let mut touches = touches_of(&ripe);
            touches.extend(rates::touch(app));
            touches.push(fence.touch(app));
            let fence = fence.clone();
            let ids: Vec<_> = ripe.iter().map(|deposit| deposit.id).collect();
            run_inside(app, book, touches, async move |work: &mut Work<'_>| {
                fence.check(work)?;
                let mut values = Values::default();
                ids.iter().try_for_each(|id| confirm_one(work, &mut values, (*id, limit)))
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
        touches.push(Touch::SystemAccount(currency, AccountKind::Fees));
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

fn confirm_one(work: &mut Work<'_>, values: &mut Values, (id, limit): (Uuid, u64)) -> Result<(), Stop> {
    let is_ripe = |deposit: &Deposit| {
        deposit.state == DepositState::Seen && deposit.height.is_some_and(|height| height <= limit)
    };
    let Some(deposit) = work.object::<Deposit>(id)?.filter(is_ripe) else { return Ok(()) };
    if is_sanctioned(work, &deposit) {
        return suspend(work, deposit, DepositState::Sanctioned);
    }
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
    let posting = postings::credit(&deposit, work.debt(deposit.holder, deposit.currency)?);
    credit(work, deposit, &posting)
}

/// Credits what waits in suspense, or lets it pay its order. It is held where its holder is suspended, and left to a
/// person where there is none, or where the sender was put on the list of sanctioned addresses meanwhile: only a person
/// who was told so credits that.
pub fn credit_from_suspense(work: &mut Work<'_>, deposit: Deposit) -> Result<(), Stop> {
    if deposit.pays.is_some() {
        return turn(work, deposit, DepositState::ForOrder);
    }
    let is_by_person = deposit.state == DepositState::Sanctioned;
    let waits = match can_be_paid(work, &deposit) {
        _ if !is_by_person && is_sanctioned(work, &deposit) => Some(DepositState::Sanctioned),
        false => Some(DepositState::Unmatched),
        true => is_suspended(work, deposit.holder).then_some(DepositState::Held),
    };
    if let Some(state) = waits {
        return turn(work, deposit, state);
    }
    let posting = postings::credit_from_suspense(&deposit, work.debt(deposit.holder, deposit.currency)?);
    credit(work, deposit, &posting)
}

fn credit(work: &mut Work<'_>, deposit: Deposit, posting: &florin_ledger::Posting) -> Result<(), Stop> {
    work.post(CREDITED.kind, deposit.id, posting, Vec::new()).map_err(posting_refused)?;
    let deposit = Deposit { state: DepositState::Credited, ..deposit };
    emit(work, &deposit);
    Ok(work.put(&deposit)?)
}

/// Whether its holder has an account that can be paid: the partner, or a user that is verified and not closed.
pub fn can_be_paid(work: &Work<'_>, deposit: &Deposit) -> bool {
    let is_partner = deposit.holder == work.book().partner();
    let is_open = work.holder_by_id(deposit.holder).is_some_and(|holder| {
        let gate = Gate::of(holder);
        gate.is_verified && !gate.is_closed
    });
    (is_partner || is_open) && work.account(AccountKey::main(deposit.holder, deposit.currency)).is_some()
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
pub async fn leave(app: &App, book: BookId, fence: &Fence, height: u64) -> Result<(), StoreError> {
    let net = fence.net;
    loop {
        let mut snapshot = app.store.snapshot(book).await?;
        let some = store::of_block(&mut snapshot, net.slug, height).await?;
        drop(snapshot);
        if some.is_empty() {
            return Ok(());
        }
        let (mut touches, ids) =
            (touches_of(&some), some.iter().map(|deposit| deposit.id).collect::<Vec<_>>());
        touches.push(fence.touch(app));
        let fence = fence.clone();
        let taken = Aside::<Vec<Uuid>>::default();
        let aside = taken.clone();
        run_inside(app, book, touches, async move |work: &mut Work<'_>| {
            fence.check(work)?;
            let mut taken = Vec::new();
            for id in &ids {
                taken.extend(leave_one(work, *id, height)?);
            }
            aside.put(taken);
            Ok(())
        })
        .await?;
        for id in taken.take() {
            say_undone(app, net, &id, "a credited deposit left its chain and was taken back");
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
        Money::GivenBack => Some(postings::lose(&deposit, false)),
    };
    if let Some(posting) = &posting {
        work.post(TAKEN_BACK.kind, id, posting, Vec::new()).map_err(posting_refused)?;
    }
    if deposit.state.money() == Money::GivenBack {
        work.put(&Deposit { height: None, ..deposit })?;
        return Ok(Some(id));
    }
    let was_final = matches!(deposit.state.money(), Money::OfHolder | Money::Sold);
    wait_for_block(work, deposit)?;
    Ok(was_final.then_some(id))
}

/// No block has a deposit: it is given up after a while.
fn wait_for_block(work: &mut Work<'_>, deposit: Deposit) -> Result<(), Stop> {
    let (due, payload) = (work.in_time(GONE_AFTER), deposit.id.as_bytes().to_vec());
    work.enqueue(NewJob { kind: GONE_JOB, lane: Lane::Quick, due, payload });
    turn(work, Deposit { height: None, ..deposit }, DepositState::Seen)
}

/// A deposit that waits in suspense begins to go back.
pub fn goes_back(work: &mut Work<'_>, deposit: Deposit) -> Result<(), Stop> {
    turn(work, deposit, DepositState::Returning)
}

/// A deposit has gone back, or could not: then it waits for a person again, or for a block that has it. The house's
/// accounts must be touched.
pub async fn went_back(work: &mut Work<'_>, id: Uuid, has_gone: bool) -> Result<(), Stop> {
    work.load(&[store::touch(id)]).await?;
    let deposit = work.object::<Deposit>(id)?;
    let Some(deposit) = deposit.filter(|deposit| deposit.state == DepositState::Returning) else {
        return Ok(());
    };
    if has_gone {
        work.load(&[Touch::Holder(deposit.holder)]).await?;
        // Of a user that was erased it was only kept for this.
        let is_erased = work
            .holder_by_id(deposit.holder)
            .is_none_or(|holder| Gate::of(holder).is_closed && holder.secret.is_none());
        let sender = deposit.sender.clone().filter(|_| !is_erased);
        return turn(work, Deposit { sender, ..deposit }, DepositState::Returned);
    }
    if deposit.height.is_none() {
        work.post(TAKEN_BACK.kind, id, &postings::bear_no_more(&deposit), Vec::new())
            .map_err(posting_refused)?;
        return wait_for_block(work, deposit);
    }
    let is_sanctioned = is_sanctioned(work, &deposit);
    turn(work, deposit, if is_sanctioned { DepositState::Sanctioned } else { DepositState::Unexplained })
}

/// Puts a deposit in another state, which is told where it looks different to partners.
fn turn(work: &mut Work<'_>, deposit: Deposit, state: DepositState) -> Result<(), Stop> {
    let before = deposit.state.status();
    let deposit = Deposit { state, ..deposit };
    if deposit.pays.is_some() || state.status() != before {
        emit(work, &deposit);
    }
    Ok(work.put(&deposit)?)
}

/// A deposit that was to go back by itself stays: its sender is on the list of sanctioned addresses, which a person is
/// told, or its holder is suspended.
pub async fn stays(work: &mut Work<'_>, deposit: Deposit) -> Result<bool, Stop> {
    work.load(&[Touch::Holder(deposit.holder)]).await?;
    if is_sanctioned(work, &deposit) {
        turn(work, deposit, DepositState::Sanctioned)?;
        return Ok(true);
    }
    Ok(is_suspended(work, deposit.holder))
}

/// Whether its sender is on the list of sanctioned addresses.
fn is_sanctioned(work: &Work<'_>, deposit: &Deposit) -> bool {
    let sanctions = &work.app().settings.chains.sanctions;
    deposit.sender.as_deref().is_some_and(|sender| sanctions.find(sender).is_some())
}

/// Emits where a deposit stands. A deposit that pays an order has no events of its own: the order has them.
pub fn emit(work: &mut Work<'_>, deposit: &Deposit) {
    if let Some(order) = deposit.pays {
        work.enqueue_once(ORDER_JOB, order.as_bytes().to_vec());
        return;
    }
    let event = Event::about(EventType::CryptoDeposit, deposit.id).of_holder(deposit.holder);
    work.emit(event.with(deposit.moment()));
}
