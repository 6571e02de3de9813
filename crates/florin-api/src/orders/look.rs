//! The job that looks at an order: gives it its address, settles what was confirmed, takes back what was lost, and says
//! where it stands. It can run at any time and as often as it likes.

use super::LINK_JOB;
use super::details::{Paid, details};
use super::order::{
    COMPLETE_WITHIN, LINK_SETTLED, LinkOrder, OPEN_AT_MOST, Order, PAY_WITHIN, Payment, SETTLED, TAKEN_BACK,
};
use super::postings::{self, EUR};
use super::store::{LINK_ORDERS, ORDERS, PAYMENTS};
use crate::crypto::{
    Deposit, DepositState, OF_PURPOSE_AT_ONCE, ORDER_JOB, claim_address, has_cursor, of_purpose,
    seen_of_purpose, touches_of_deposits,
};
use crate::kit::app::App;
use crate::kit::book::command::posting_refused;
use crate::kit::book::jobs::carry_out;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use crate::rates;
use florin_ledger::{AccountKey, AccountKind};
use florin_store::{Job, Lane, NewJob, Stop, StoreError, Touch};
use florin_types::Timestamp;
use std::time::Duration;
use uuid::Uuid;

/// The first pause before an order is looked at again whose chain is not followed yet: a round of the work with chains.
/// It doubles with the order's age.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// The longest pause: a node that was away for long is back, and the payer is still there.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Looks at an order.
pub async fn look(app: &App, job: &Job) -> Result<(), StoreError> {
    let id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let book = job.position.book();
    let mut snapshot = app.store.snapshot(book).await?;
    let deposits = of_purpose(&mut snapshot, id).await?;
    let seen = seen_of_purpose(&mut snapshot, id).await?;
    let order = snapshot.objects_at::<Order>(&[id]).await?.pop();
    if let Some(order) = order.filter(|order| order.address.is_none())
        && !has_cursor(app, &mut snapshot, &order.network).await?
    {
        drop(snapshot);
        return carry_out(app, job, Vec::new(), async move |work: &mut Work<'_>| {
            let age = work.now().saturating_since(order.created_at);
            look_again(work, id, work.in_time(age.clamp(FIRST_WAIT, LONGEST_WAIT)));
            Ok(())
        })
        .await;
    }
    drop(snapshot);
    let mut touches = touches_of_deposits(&deposits);
    touches.extend(deposits.iter().map(|deposit| Touch::Object(&PAYMENTS, deposit.id)));
    touches.extend(rates::touch(app));
    touches.extend([
        Touch::Object(&ORDERS, id),
        Touch::Object(&LINK_ORDERS, id),
        Touch::PartnerAccount(EUR),
        Touch::PartnerReceivable(EUR),
        Touch::SystemAccount(EUR, AccountKind::FxPosition),
    ]);
    let ids: Vec<_> = deposits.into_iter().map(|deposit| deposit.id).collect();
    carry_out(app, job, touches, async move |work: &mut Work<'_>| match work.object::<Order>(id)? {
        Some(order) => look_at(work, order, (&ids, seen)).await,
        None => Ok(()),
    })
    .await
}

async fn look_at(work: &mut Work<'_>, before: Order, (deposits, seen): (&[Uuid], i64)) -> Result<(), Stop> {
    let of_link = work.object::<LinkOrder>(before.id)?;
    let mut order = before.clone();
    if order.address.is_none() {
        order = with_address(work, order).await?;
    }
    let (mut paid, received) = (Vec::new(), order.received);
    for id in deposits {
        let Some(deposit) = work.object::<Deposit>(*id)? else { continue };
        let known = work.object::<Payment>(*id)?.filter(|payment| !payment.is_lost);
        let payment;
        (order, payment) = match (deposit.state, known) {
            (DepositState::ForOrder, None) => settle(work, order, of_link.as_ref(), deposit.clone())?,
            (DepositState::Settled, known) => (order, known),
            (_, Some(lost)) => (lose(work, order, of_link.as_ref(), &lost)?, None),
            (_, None) => (order, None),
        };
        let deposit = work.object::<Deposit>(*id)?.unwrap_or(deposit);
        if deposit.height.is_some() {
            paid.push(Paid { deposit, payment });
        }
    }
    if deposits.len() == OF_PURPOSE_AT_ONCE && order.received != received {
        // What is not settled yet comes first, so the next look finds the rest.
        look_again(work, order.id, work.in_time(Duration::ZERO));
    }
    paid.sort_by_key(|paid| (paid.deposit.created_at, paid.deposit.id));
    order.seen = seen;
    order.state = order.state_at(work.now());
    if order != before {
        work.put(&order)?;
    }
    let is_news = |order: &Order| (order.state, order.seen, order.received, order.address.clone());
    if is_news(&order) == is_news(&before) {
        return Ok(());
    }
    if let Some(of) = of_link {
        // The link says what happens to it.
        work.enqueue_once(LINK_JOB, of.link.as_bytes().to_vec());
    } else {
        let payload = details(work.app(), &order, &paid, None)?;
        let payload = serde_json::to_vec(&payload).map_err(StoreError::unexpected)?;
        work.emit(Event::about(EventType::Order, order.id).with(payload));
    }
    Ok(())
}

/// The order with an address, and with the time in which it can be paid.
pub(super) async fn with_address(work: &mut Work<'_>, order: Order) -> Result<Order, Stop> {
    let address = claim_address(work, (order.currency, &order.network), order.id).await?;
    let order = expires(work, Order { address: Some(address), ..order }, PAY_WITHIN);
    Ok(Order { state: order.state_at(work.now()), ..order })
}

/// The order with another end, at which it is looked at again.
fn expires(work: &mut Work<'_>, order: Order, within: Duration) -> Order {
    let at = work.in_time(within).min(order.created_at.saturating_add(OPEN_AT_MOST));
    let due = order.expires_at.map_or(at, |before: Timestamp| before.max(at));
    look_again(work, order.id, due);
    Order { expires_at: Some(due), ..order }
}

fn look_again(work: &mut Work<'_>, order: Uuid, due: Timestamp) {
    let payload = order.as_bytes().to_vec();
    work.enqueue(NewJob { kind: ORDER_JOB, lane: Lane::Quick, due, payload });
}

/// Sells a confirmed payment.
fn settle(
    work: &mut Work<'_>,
    order: Order,
    of_link: Option<&LinkOrder>,
    deposit: Deposit,
) -> Result<(Order, Option<Payment>), Stop> {
    let is_late = order.expires_at.is_some_and(|at| deposit.created_at >= at);
    let currency = work.app().currencies.parse(order.currency.as_str());
    let currency = currency.ok_or_else(|| StoreError::unexpected("an order in an unknown currency"))?;
    let now = match order.counts(deposit.amount, is_late) == deposit.amount {
        // All of it is settled at the lock's rate.
        true => order.rate,
        false => {
            let now = rates::in_command(work)?.get(order.currency);
            now.ok_or_else(|| StoreError::unavailable("nobody knows the rate of this currency"))?
        }
    };
    let payment = order.settle((deposit.id, deposit.amount, is_late), (now, currency.decimals));
    let payment = payment.map_err(StoreError::unexpected)?;
    let debt = work.debt(work.book().partner(), EUR)?;
    let posting = postings::settle(work.book(), (order.currency, deposit.amount), (payment.settled, debt));
    let (record, memo) = match of_link {
        Some(of) => (LINK_SETTLED, of.memo.clone()),
        None => (SETTLED, Vec::new()),
    };
    work.post(record.kind, order.id, &posting, memo).map_err(posting_refused)?;
    work.put(&Deposit { state: DepositState::Settled, ..deposit })?;
    work.put(&payment)?;
    let mut order = order.with(&payment);
    // Who has paid too little has time to pay the rest.
    if order.is_extended_by(&payment) {
        order = expires(work, order, COMPLETE_WITHIN);
    }
    Ok((order, Some(payment)))
}

/// A payment that was settled has left its chain: what came in was taken back with it, and the partner gives back what
/// it got.
fn lose(
    work: &mut Work<'_>,
    order: Order,
    of_link: Option<&LinkOrder>,
    payment: &Payment,
) -> Result<Order, Stop> {
    // A payment that is worth less than a cent has settled nothing.
    if payment.settled > 0 {
        let account = work.account(AccountKey::main(work.book().partner(), EUR));
        let account = account.ok_or_else(|| StoreError::unexpected("a partner without an account in EUR"))?;
        let posting = postings::take_back(work.book(), account, payment.settled);
        let memo = of_link.map_or_else(Vec::new, |of| of.memo.clone());
        work.post(TAKEN_BACK.kind, order.id, &posting, memo).map_err(posting_refused)?;
    }
    work.put(&Payment { is_lost: true, ..payment.clone() })?;
    Ok(order.without(payment))
}
