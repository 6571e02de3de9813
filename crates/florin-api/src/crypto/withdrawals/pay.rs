//! The jobs that pay a withdrawal.
//!
//! A withdrawal is paid in three steps, each of which may be the last before a crash. The node is asked what paying
//! takes. In one command outputs or a number are taken and the transaction is signed and kept. After the commit it is
//! given to a node, as often as it takes, always the same bytes. So a withdrawal is never paid twice: only another
//! version of the same transaction can take its place, which spends the same.
//!
//! That a node does not know a transaction, or refuses it, never means that it can't be included any more: it is only
//! replaced, with a higher fee, once it has waited too long.

use super::fee::Target;
use super::finish::fail;
use super::store::WITHDRAWALS;
use super::withdrawal::{CryptoWithdrawalFailure, Destination, State, Waits, Withdrawal};
use crate::crypto::chain::{Cursor, Net, follow, has_accounts, is_simulated, node_of};
use crate::crypto::deposits::{self, Deposit};
use crate::crypto::treasury::{
    self, ChainTry, Lacks, Means, Order, TryState, leave_retry, mark_sent, tries_of,
};
use crate::kit::app::App;
use crate::kit::book::aside::Aside;
use crate::kit::book::jobs::{carry_out, run_inside};
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use crate::kit::request::fields::Listed;
use crate::users::is_suspended;
use florin_ledger::BookId;
use florin_rails::chain::{Broadcast, ChainNode, MagicAddress, TransactionState};
use florin_store::{Job, Lane, NewJob, Scope, Stop, StoreError, Touch};
use florin_wallet::Address;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The kind of the job that pays; its payload is the withdrawal's id.
pub(in crate::crypto) const PAY_JOB: &str = "crypto.pay";

/// The kind of the job that looks whether a transaction has waited too long; its payload is the withdrawal's id.
pub(in crate::crypto) const RETRY_JOB: &str = "crypto.retry";

/// The first pause before a withdrawal is tried again for which the hot wallet has too little: about two of Ethereum's
/// blocks. It doubles with the withdrawal's age.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// The longest pause: an hour, in which somebody who is told can pay the hot wallet in.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// Leaves a withdrawal that waits for nobody to be paid.
pub(super) fn leave(work: &mut Work<'_>, withdrawal: &Withdrawal) {
    if withdrawal.state == State::Held {
        leave_pay(work, withdrawal.id, Duration::ZERO);
    }
}

fn leave_pay(work: &mut Work<'_>, withdrawal: Uuid, pause: Duration) {
    let (due, payload) = (work.in_time(pause), withdrawal.as_bytes().to_vec());
    work.enqueue(NewJob { kind: PAY_JOB, lane: Lane::Chain, due, payload });
}

/// Pays a withdrawal that is held, or goes on where a process died over it.
pub(in crate::crypto) async fn pay(app: &App, job: &Job) -> Result<(), StoreError> {
    let (id, book) = (id_of(job)?, job.position.book());
    let Some(withdrawal) = find(&mut *app.store.snapshot(book).await?, id).await? else {
        return Err(StoreError::unexpected("the withdrawal of a job is gone"));
    };
    let withdrawal = match withdrawal.state {
        State::Held => begin(app, book, withdrawal).await?,
        _ => withdrawal,
    };
    match withdrawal.state {
        State::Held => {
            let age = move |work: &Work<'_>| work.now().saturating_since(withdrawal.created_at);
            carry_out(app, job, Vec::new(), async move |work: &mut Work<'_>| {
                let pause = age(work).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                leave_pay(work, id, pause);
                Ok(())
            })
            .await
        }
        State::Signed => {
            let newest = newest(app, book, id).await?;
            let taken = broadcast(app, book, &newest).await?;
            if let Err(why) = &taken {
                tracing::warn!(%id, %why, "a node does not take a transaction: another version follows");
            }
            let made = newest.id;
            carry_out(app, job, Vec::new(), async move |work: &mut Work<'_>| {
                if taken.is_ok() {
                    mark_sent(work, made).await?;
                }
                leave_retry(work, id, work.app().settings.chains.replace_after);
                Ok(())
            })
            .await
        }
        _ => carry_out(app, job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await,
    }
}

/// Signs the first transaction of a withdrawal that is held: or fails it, or notes that the hot wallet lacks something.
async fn begin(app: &App, book: BookId, withdrawal: Withdrawal) -> Result<Withdrawal, StoreError> {
    let id = withdrawal.id;
    let mut snapshot = app.store.snapshot(book).await?;
    let (order, node) = order_of(app, &mut snapshot, &withdrawal).await?;
    let is_followed = Cursor::find(app, &mut snapshot, order.net).await?.is_some();
    drop(snapshot);
    if !is_followed {
        // What its blocks bring is what there is to spend, and they say what becomes of the payment. A simulated chain
        // is made now.
        follow(app, book, order.net).await?;
    }
    let asked =
        treasury::ask(&*node, (book, settled_height(app, book, order.net).await?), &order, None).await?;
    let touches = vec![Touch::Object(&WITHDRAWALS, id), Touch::Holder(withdrawal.holder)];
    let told = Aside::<Option<String>>::default();
    let tell = told.clone();
    run_inside(app, book, touches, async move |work: &mut Work<'_>| {
        let held = work.object::<Withdrawal>(id)?.filter(|held| held.state == State::Held);
        let Some(withdrawal) = held else { return Ok(()) };
        work.load(&[Touch::Holder(withdrawal.holder)]).await?;
        if is_suspended(work, withdrawal.holder) {
            return fail(work, withdrawal, CryptoWithdrawalFailure::UserSuspended).await;
        }
        if let Some(deposit) = withdrawal.returns {
            // What has left its chain does not go back.
            work.load(&[deposits::touch(deposit)]).await?;
            if work.object::<Deposit>(deposit)?.is_none_or(|deposit| deposit.height.is_none()) {
                return fail(work, withdrawal, CryptoWithdrawalFailure::Rejected).await;
            }
        }
        let sanctions = &work.app().settings.chains.sanctions;
        if sanctions.find(order.to.as_str()).is_some() {
            // It was put on the list after the withdrawal was made.
            let (state, waits) = (State::Approval, Some(Waits::Sanctioned));
            return Ok(work.put(&Withdrawal { state, waits, ..withdrawal })?);
        }
        let is_simulated = is_simulated(work.app(), order.net) && !has_accounts(order.chain);
        if is_simulated && MagicAddress::of(order.chain, &order.to) == Some(MagicAddress::Fails) {
            return fail(work, withdrawal, CryptoWithdrawalFailure::Rejected).await;
        }
        tell.put(first_try(work, withdrawal, &order, &asked).await?.map(|Lacks(why)| why));
        Ok(())
    })
    .await?;
    if let Some(why) = told.take() {
        tracing::warn!(%id, %why, "a withdrawal waits for the hot wallet");
    }
    let found = find(&mut *app.store.snapshot(book).await?, id).await?;
    found.ok_or_else(|| StoreError::unexpected("a withdrawal is gone"))
}

/// Signs, in the command. Answers what is lacking, if nobody was told yet.
async fn first_try(
    work: &mut Work<'_>,
    withdrawal: Withdrawal,
    order: &Order,
    asked: &Result<Means, Lacks>,
) -> Result<Option<Lacks>, Stop> {
    let made = match asked {
        Ok(means) => treasury::sign(work, order, means, None).await?,
        Err(lacks) => Err(lacks.clone()),
    };
    match made {
        Ok(made) => {
            let (state, hash) = (State::Signed, Some(made.hash));
            work.put(&Withdrawal { state, hash, waits: None, ..withdrawal })?;
            Ok(None)
        }
        Err(_) if withdrawal.waits == Some(Waits::Funds) => Ok(None),
        Err(lacks) => {
            work.put(&Withdrawal { waits: Some(Waits::Funds), ..withdrawal })?;
            Ok(Some(lacks))
        }
    }
}

/// Looks whether a transaction has waited too long, and replaces it.
pub(in crate::crypto) async fn retry(app: &App, job: &Job) -> Result<(), StoreError> {
    let (id, book) = (id_of(job)?, job.position.book());
    let mut snapshot = app.store.snapshot(book).await?;
    let now = snapshot.book_row().now(app.wall());
    let withdrawal = find(&mut snapshot, id).await?;
    // One that has ended can wait again, after a deep reorganisation; and so can what only paid for another one.
    let all = tries_of(&mut snapshot, id).await?;
    let Some(withdrawal) = withdrawal.filter(|_| all.iter().any(ChainTry::waits)) else {
        return carry_out(app, job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await;
    };
    let is_erased = withdrawal.sealed.is_none();
    let order = if is_erased || !is_waiting(&all) {
        None
    } else {
        Some(order_of(app, &mut snapshot, &withdrawal).await?.0)
    };
    let node = Net::of(&withdrawal.network).and_then(|net| node_of(app, book, net));
    let node = node.ok_or_else(|| StoreError::unavailable("there is no node of a withdrawal's network"))?;
    drop(snapshot);
    let newest_try = newest(app, book, id).await?;
    let patience = app.settings.chains.replace_after;
    let is_due = now.saturating_since(newest_try.made_at) >= patience;
    let state = node.transaction(&newest_try.hash).await.map_err(StoreError::unavailable)?;
    let is_in_chain = matches!(state, TransactionState::Included { .. });
    if state == TransactionState::Unknown {
        // The node has forgotten it, and all that spends what it pays.
        for made in
            tries_of(&mut *app.store.snapshot(book).await?, id).await?.iter().filter(|made| made.waits())
        {
            if let Err(why) = broadcast(app, book, made).await? {
                tracing::info!(hash = %made.hash, %why, "a node does not take a transaction again");
            }
        }
    }
    let newest_try = match order.filter(|_| is_due && !is_in_chain) {
        Some(order) => replace(app, book, &order, (&*node, newest_try)).await?,
        None => newest_try,
    };
    let is_told = newest_try.state == TryState::Sent && state == TransactionState::Waiting;
    let has_it = match is_in_chain || is_told {
        true => Ok(()),
        false => broadcast(app, book, &newest_try).await?,
    };
    if let Err(why) = &has_it {
        tracing::warn!(%id, %why, "a node does not take a transaction that pays a withdrawal");
    }
    let (made, is_sent) = (newest_try.id, has_it.is_ok());
    carry_out(app, job, Vec::new(), async move |work: &mut Work<'_>| {
        if is_sent {
            mark_sent(work, made).await?;
        }
        leave_retry(work, id, patience);
        Ok(())
    })
    .await
}

/// Whether some version of a transaction waits for a block, and none is in one.
fn is_waiting(all: &[ChainTry]) -> bool {
    let mut versions = all.iter().filter(|made| !made.is_child());
    versions.clone().any(ChainTry::waits) && versions.all(|made| made.height.is_none())
}

/// Signs the next version of a transaction. Gives back the newest one, which is the same where there can be no other.
async fn replace(
    app: &App,
    book: BookId,
    order: &Order,
    (node, before): (&dyn ChainNode, ChainTry),
) -> Result<ChainTry, StoreError> {
    let asked =
        treasury::ask(node, (book, settled_height(app, book, order.net).await?), order, Some(&before))
            .await?;
    let means = match asked {
        Ok(means) => means,
        Err(lacks) => {
            say_irreplaceable(&before, &lacks);
            return Ok(before);
        }
    };
    let (order, id) = (order.clone(), order.withdrawal);
    let touches = vec![Touch::Object(&WITHDRAWALS, id)];
    run_inside(app, book, touches, async move |work: &mut Work<'_>| {
        let withdrawal = work.object::<Withdrawal>(id)?;
        let Some(withdrawal) = withdrawal else { return Ok(()) };
        let all = tries_of(work.scope(), id).await?;
        if !is_waiting(&all) || all.last().is_none_or(|newest| newest.id != before.id) {
            return Ok(());
        }
        match treasury::sign(work, &order, &means, Some(&before)).await? {
            Ok(made) if !made.is_child() => work.put(&Withdrawal { hash: Some(made.hash), ..withdrawal })?,
            Ok(_) => {}
            Err(lacks) => say_irreplaceable(&before, &lacks),
        }
        Ok(())
    })
    .await?;
    newest(app, book, id).await
}

fn say_irreplaceable(before: &ChainTry, Lacks(why): &Lacks) {
    tracing::warn!(hash = %before.hash, %why, "a transaction that waits can't be replaced");
}

/// Gives a transaction to the node; the inner error is why it does not take it.
async fn broadcast(app: &App, book: BookId, made: &ChainTry) -> Result<Result<(), String>, StoreError> {
    let node = Net::of(&made.network).and_then(|net| node_of(app, book, net));
    let node = node.ok_or_else(|| StoreError::unavailable("there is no node of a withdrawal's network"))?;
    node.check().await.map_err(StoreError::unavailable)?;
    Ok(match node.broadcast(&made.raw).await.map_err(StoreError::unavailable)? {
        Broadcast::Taken => Ok(()),
        // Another version of it, or it is in the chain already: the blocks say.
        Broadcast::Conflict(why) => {
            tracing::info!(hash = %made.hash, %why, "a node has another version of a transaction");
            Ok(())
        }
        Broadcast::Refused(why) => Err(why),
    })
}

/// What is to be paid, and the node of its network.
async fn order_of(
    app: &App,
    scope: &mut Scope,
    withdrawal: &Withdrawal,
) -> Result<(Order, Arc<dyn ChainNode>), StoreError> {
    let currency = app.currencies.get(withdrawal.currency);
    let currency = currency.ok_or_else(|| StoreError::unexpected("the currency is served no more"))?;
    let network = Target::network(app, &Listed::Known(currency), Some(&withdrawal.network));
    let target = network.and_then(|network| Target::of(app, scope.book(), network));
    let target =
        target.map_err(|_| StoreError::unavailable("a withdrawal's network has no keys or no node"))?;
    let holder = scope.holders(&[withdrawal.holder]).await?.pop();
    let to: Option<Destination> = sealed::open(&app.seals, holder.as_ref(), withdrawal.sealed.as_deref())?;
    let to = to.ok_or_else(|| StoreError::unexpected("an open withdrawal whose address was erased"))?;
    let order = Order {
        withdrawal: withdrawal.id,
        net: target.net,
        chain: target.chain,
        keys: Arc::clone(target.keys),
        to: Address::parse(target.chain, &to.address).map_err(StoreError::unexpected)?,
        currency: withdrawal.currency,
        amount: withdrawal.amount,
    };
    Ok((order, target.node))
}

/// The height of the newest block that counts as being in the chain.
async fn settled_height(app: &App, book: BookId, net: Net) -> Result<i64, StoreError> {
    let cursor = Cursor::find(app, &mut *app.store.snapshot(book).await?, net).await?;
    let last = cursor.as_ref().and_then(Cursor::last).map(|last| last.height);
    let last = last.ok_or_else(|| StoreError::unavailable("the chain is not followed yet"))?;
    i64::try_from((last + 1).saturating_sub(net.confirmations(app))).map_err(StoreError::unexpected)
}

async fn newest(app: &App, book: BookId, withdrawal: Uuid) -> Result<ChainTry, StoreError> {
    let newest = tries_of(&mut *app.store.snapshot(book).await?, withdrawal).await?.pop();
    newest.ok_or_else(|| StoreError::unexpected("a withdrawal was signed without a transaction"))
}

async fn find(scope: &mut Scope, id: Uuid) -> Result<Option<Withdrawal>, StoreError> {
    Ok(scope.objects_at::<Withdrawal>(&[id]).await?.pop())
}

fn id_of(job: &Job) -> Result<Uuid, StoreError> {
    Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)
}
