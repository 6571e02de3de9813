//! What blocks say about the treasury: outputs come and go, transactions are included, have their confirmations, or
//! wait again.

use super::postings::{self, HOUSE};
use super::store::{
    COINS, TOP_UPS, TRIES, coins_of, coins_of_block, open_tries, output_id, top_ups_of_block, tries_of,
    tries_of_block, try_id,
};
use super::transaction::{ChainCoin, ChainTry, Spot, TopUp, TryPlan, TryState};
use crate::crypto::chain::{Cursor, LOOKED_UP, Net, has_accounts, hot_wallet, node_of, say_undone};
use crate::crypto::deposits::Owned;
use crate::crypto::withdrawals::{
    CryptoWithdrawalFailure, RETRY_JOB, State, WITHDRAWALS, Withdrawal, emit, fail, settle,
};
use crate::kit::app::App;
use crate::kit::book::aside::Aside;
use crate::kit::book::command::posting_refused;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::work::Work;
use florin_ledger::{AccountKind, BookId};
use florin_rails::chain::{BlockRef, ChainNode, TransactionState, Transfer};
use florin_store::{Lane, NewJob, Stop, StoreError, Touch};
use florin_types::CurrencyCode;
use florin_wallet::Place;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// A transfer that the treasury must know of.
pub(in crate::crypto) struct Brought {
    transfer: Transfer,
    /// Where the key of its address is derived; none where a transaction of ours pays somebody else.
    spot: Option<Spot>,
}

/// The transfers of a block that bring something to the treasury, or are of a transaction of ours. It is asked before
/// the command. What is signed after the block was made is not in it, so nothing is overlooked.
pub(in crate::crypto) async fn relevant(
    app: &App,
    book: BookId,
    net: Net,
    transfers: &[Transfer],
    ours: &[(Transfer, Owned)],
) -> Result<Vec<Brought>, StoreError> {
    let (Some(keys), Some(chain)) = (&app.settings.keychain, net.chain(app)) else { return Ok(Vec::new()) };
    let hot = keys.address(chain, hot_wallet(book)).map_err(StoreError::unexpected)?;
    let places: HashMap<&str, Place> = match has_accounts(chain) {
        // Its other addresses are accounts of their own.
        true => HashMap::new(),
        false => ours.iter().map(|(transfer, owned)| (&*transfer.to, owned.place)).collect(),
    };
    let mut found = Vec::new();
    for some in transfers.chunks(LOOKED_UP) {
        let tries: HashSet<Uuid> = some.iter().map(|one| try_id(app, net.slug, &one.transaction)).collect();
        let tries: Vec<_> = tries.into_iter().collect();
        let tries: Vec<ChainTry> = app.store.snapshot(book).await?.objects_at(&tries).await?;
        let paying: HashSet<&str> = tries.iter().map(|made| &*made.hash).collect();
        for transfer in some {
            let place = places.get(&*transfer.to).copied();
            let place = if transfer.to == hot.as_str() { Some(hot_wallet(book)) } else { place };
            if place.is_some() || paying.contains(&*transfer.transaction) {
                found.push(Brought { transfer: transfer.clone(), spot: place.map(Spot::from) });
            }
        }
    }
    Ok(found)
}

/// A block became part of the chain: notes the outputs that it brings, the house's own money among them, and the
/// transactions of ours that it has. The same block twice changes nothing.
pub(in crate::crypto) async fn connected(
    work: &mut Work<'_>,
    net: Net,
    at: &BlockRef,
    brought: &[Brought],
) -> Result<(), Stop> {
    let app = work.app();
    let Some(chain) = net.chain(app).filter(|_| !brought.is_empty()) else { return Ok(()) };
    let height = height_of(at.height)?;
    include(work, net, height, brought).await?;
    let hot = Spot::from(hot_wallet(work.book()));
    for Brought { transfer, .. } in brought.iter().filter(|one| one.spot == Some(hot)) {
        // What a transaction of ours brings is no new money.
        if work.object::<ChainTry>(try_id(app, net.slug, &transfer.transaction))?.is_none() {
            top_up(work, net, height, transfer).await?;
        }
    }
    if has_accounts(chain) {
        return Ok(());
    }
    let id_of = |one: &Brought| output_id(app, net.slug, (&one.transfer.transaction, one.transfer.output));
    work.load(&brought.iter().map(|one| Touch::Object(&COINS, id_of(one))).collect::<Vec<_>>()).await?;
    for one @ Brought { transfer, spot } in brought {
        let Some(spot) = *spot else { continue };
        let id = id_of(one);
        let coin = match work.object::<ChainCoin>(id)? {
            Some(coin) => ChainCoin { height: Some(height), ..coin },
            None => ChainCoin {
                id,
                network: net.slug.to_owned(),
                hash: transfer.transaction.clone(),
                output: transfer.output,
                amount: transfer.amount,
                spot,
                height: Some(height),
                spent_by: None,
            },
        };
        work.put(&coin)?;
    }
    Ok(())
}

/// A block is in the chain no more: what it brought is not there, and what it had waits again. Gives back the
/// transactions of ours that had ended.
pub(in crate::crypto) async fn disconnected(
    work: &mut Work<'_>,
    net: Net,
    at: &BlockRef,
) -> Result<Vec<String>, Stop> {
    let height = height_of(at.height)?;
    for coin in coins_of_block(work.scope(), net.slug, height).await? {
        work.load(&[Touch::Object(&COINS, coin.id)]).await?;
        work.put(&ChainCoin { height: None, ..coin })?;
    }
    for top_up in top_ups_of_block(work.scope(), net.slug, height).await? {
        work.load(&[Touch::Object(&TOP_UPS, top_up.id)]).await?;
        let (is_sandbox, book) = (work.app().is_sandbox(), work.book());
        let posting = postings::take_back(book, top_up.currency, top_up.amount, is_sandbox);
        book_of_house(work, top_up.id, top_up.currency, (postings::source(is_sandbox), posting)).await?;
        work.put(&TopUp { height: None, ..top_up })?;
    }
    let mut ended = Vec::new();
    for made in tries_of_block(work.scope(), net.slug, height).await? {
        ended.extend(made.booked.map(|_| made.hash.clone()));
        wait_again(work, made).await?;
    }
    Ok(ended)
}

/// The block of a transaction is in the chain no more.
async fn wait_again(work: &mut Work<'_>, made: ChainTry) -> Result<(), Stop> {
    work.load(&[Touch::Object(&TRIES, made.id), Touch::Object(&WITHDRAWALS, made.withdrawal)]).await?;
    leave_retry(work, made.withdrawal, work.app().settings.chains.replace_after);
    if !made.is_child() {
        let withdrawal = work.object::<Withdrawal>(made.withdrawal)?;
        if let Some(withdrawal) = withdrawal.filter(Withdrawal::is_open) {
            work.put(&Withdrawal { height: None, confirmations: 0, ..withdrawal })?;
        }
        // Any version of it can come now.
        for other in tries_of(work.scope(), made.withdrawal).await? {
            if other.state == TryState::Gone {
                work.load(&[Touch::Object(&TRIES, other.id)]).await?;
                work.put(&ChainTry { state: TryState::Sent, ..other })?;
            }
        }
    }
    Ok(work.put(&ChainTry { state: TryState::Sent, height: None, paid: None, ..made })?)
}

/// Looks at the transactions of ours whose fate is open, once the blocks are known up to a height: those of Ethereum's
/// kind are asked for, since one that failed brings nothing to any address; those that have their confirmations end
/// their withdrawals.
pub(in crate::crypto) async fn watch(
    app: &App,
    book: BookId,
    net: Net,
    cursor: &Cursor,
) -> Result<(), StoreError> {
    let Some(last) = cursor.last().cloned() else { return Ok(()) };
    let (Some(chain), Some(node)) = (net.chain(app), node_of(app, book, net)) else { return Ok(()) };
    let (mut included, mut after) = (None, Uuid::nil());
    loop {
        let open = open_tries(&mut *app.store.snapshot(book).await?, net.slug, after).await?;
        let Some(end) = open.last() else { return Ok(()) };
        after = end.id;
        if let (None, Some(accounts), Some(keys)) = (included, node.accounts(), &app.settings.keychain) {
            let hot = keys.address(chain, hot_wallet(book)).map_err(StoreError::unexpected)?;
            included = Some(accounts.nonce(&hot).await.map_err(StoreError::unavailable)?);
        }
        let seen = match has_accounts(chain) {
            true => look(&*node, &open, (cursor, included)).await?,
            false => Vec::new(),
        };
        let has_news = !seen.is_empty() || open.iter().any(ChainTry::is_included);
        if has_news && !watch_some(app, book, net, (&last, &open, seen)).await? {
            return Ok(());
        }
    }
}

/// Notes what a node says of some transactions, and counts their confirmations. False: another block has come.
async fn watch_some(
    app: &App,
    book: BookId,
    net: Net,
    (last, open, seen): (&BlockRef, &[ChainTry], Vec<Seen>),
) -> Result<bool, StoreError> {
    let (last, tip) = (last.clone(), height_of(last.height)?);
    let (ids, seen) = (open.iter().map(|made| made.id).collect::<Vec<_>>(), Arc::new(seen));
    let is_here = Aside::<bool>::default();
    let here = is_here.clone();
    let other = Aside::<Vec<String>>::default();
    let aside = other.clone();
    run_inside(app, book, vec![Cursor::touch(app, net)], async move |work: &mut Work<'_>| {
        // What was asked is about these blocks: where others came meanwhile, it is asked again.
        if Cursor::in_command(work, net)?.as_ref().and_then(Cursor::last) != Some(&last) {
            return Ok(());
        }
        here.put(true);
        for seen in seen.iter() {
            note_seen(work, seen).await?;
        }
        let mut other = Vec::new();
        for id in &ids {
            other.extend(count(work, net, *id, tip).await?);
        }
        aside.put(other);
        Ok(())
    })
    .await?;
    for hash in other.take() {
        say_undone(app, net, &hash, "a payment that had ended went otherwise after a reorganisation");
    }
    Ok(is_here.take())
}

/// What a node says of a transaction that is in a block.
struct Seen {
    id: Uuid,
    height: i64,
    is_failed: bool,
    paid: Option<i64>,
}

/// Asks for those whose cost is not known, and whose number is used by one that is in the chain. What a node says
/// counts where the follower has the same block, or none so old any more: a node can be on another branch.
async fn look(
    node: &dyn ChainNode,
    open: &[ChainTry],
    (cursor, included): (&Cursor, Option<u64>),
) -> Result<Vec<Seen>, StoreError> {
    let mut all = Vec::new();
    let is_used = |made: &ChainTry| match (&made.plan, included) {
        (TryPlan::Account { nonce, .. }, Some(included)) => *nonce < included,
        _ => true,
    };
    let is_open = |made: &&ChainTry| (made.waits() || made.paid.is_none()) && is_used(made);
    for made in open.iter().filter(is_open) {
        let state = node.transaction(&made.hash).await.map_err(StoreError::unavailable)?;
        let TransactionState::Included { block, is_failed, fee } = state else { continue };
        if cursor.is_over(&block) {
            let height = height_of(block.height)?;
            all.push(Seen { id: made.id, height, is_failed, paid: fee });
        }
    }
    Ok(all)
}

async fn note_seen(work: &mut Work<'_>, seen: &Seen) -> Result<(), Stop> {
    work.load(&[Touch::Object(&TRIES, seen.id)]).await?;
    let Some(made) = work.object::<ChainTry>(seen.id)? else { return Ok(()) };
    if made.waits() || made.height == Some(seen.height) {
        let state = if seen.is_failed { TryState::Reverted } else { TryState::Included };
        note_included(work, ChainTry { state, paid: seen.paid, ..made }, seen.height).await?;
    }
    Ok(())
}

/// A transaction is in a block: it is the one that pays, whatever version came after it.
async fn note_included(work: &mut Work<'_>, made: ChainTry, height: i64) -> Result<(), Stop> {
    let made = ChainTry { height: Some(height), ..made };
    work.put(&made)?;
    if made.is_child() {
        return Ok(());
    }
    work.load(&[Touch::Object(&WITHDRAWALS, made.withdrawal)]).await?;
    let Some(withdrawal) = work.object::<Withdrawal>(made.withdrawal)? else { return Ok(()) };
    if !withdrawal.is_open() {
        // It was paid before a deep reorganisation, perhaps by another version.
        return Ok(work.put(&Withdrawal { hash: Some(made.hash), height: Some(height), ..withdrawal })?);
    }
    let was_signed = withdrawal.state == State::Signed;
    let (hash, height) = (Some(made.hash), Some(height));
    let withdrawal = Withdrawal { state: State::Sent, hash, height, ..withdrawal };
    work.put(&withdrawal)?;
    if was_signed {
        emit(work, &withdrawal);
    }
    Ok(())
}

/// Counts the confirmations of a transaction, and ends its withdrawal once they are enough. Gives back one whose
/// withdrawal had ended otherwise.
async fn count(work: &mut Work<'_>, net: Net, id: Uuid, tip: i64) -> Result<Option<String>, Stop> {
    work.load(&[Touch::Object(&TRIES, id)]).await?;
    let Some(made) = work.object::<ChainTry>(id)?.filter(ChainTry::is_included) else { return Ok(None) };
    let confirmations = made.confirmations(tip);
    let needed = height_of(net.confirmations(work.app()))?;
    work.load(&[Touch::Object(&WITHDRAWALS, made.withdrawal)]).await?;
    let withdrawal = work.object::<Withdrawal>(made.withdrawal)?;
    let withdrawal = withdrawal.filter(|one| one.is_open() && !made.is_child());
    let withdrawal = withdrawal.map(|one| Withdrawal { confirmations, ..one });
    if confirmations < needed {
        withdrawal.map_or(Ok(()), |withdrawal| work.put(&withdrawal))?;
        return Ok(None);
    }
    let is_known = made.paid.is_some() || !net.has_accounts(work.app());
    if !is_known {
        // What it has cost is asked for again.
        return Ok(None);
    }
    let paid = made.paid.unwrap_or(made.fee);
    let before = match made.is_child() {
        true => made.booked.unwrap_or_default(),
        false => end_others(work, &made).await?,
    };
    let posting = postings::cost(work.book(), net.coin, paid - before);
    book_of_house(work, made.id, net.coin, (AccountKind::Fees, posting)).await?;
    let is_reverted = made.state == TryState::Reverted;
    let state = if is_reverted { TryState::Failed } else { TryState::Done };
    work.put(&ChainTry { state, booked: Some(paid), ..made.clone() })?;
    match withdrawal {
        _ if made.is_child() => {}
        Some(withdrawal) if is_reverted => {
            fail(work, withdrawal, CryptoWithdrawalFailure::TransactionFailed).await?;
        }
        Some(withdrawal) => settle(work, withdrawal).await?,
        // It had its confirmations before a deep reorganisation. Where it went otherwise then, the difference between
        // chain and books stays until a person has booked it.
        None => {
            let ended = work.object::<Withdrawal>(made.withdrawal)?;
            let was_paid = ended.is_some_and(|one| one.state == State::Settled);
            return Ok((was_paid == is_reverted).then_some(made.hash));
        }
    }
    Ok(None)
}

/// The other versions of a transaction can't be included any more: what only they would have spent is free again. Gives
/// back what was booked of any version's fee.
async fn end_others(work: &mut Work<'_>, done: &ChainTry) -> Result<i64, Stop> {
    let all = tries_of(work.scope(), done.withdrawal).await?;
    let spending = all.iter().filter(|made| made.id == done.id || made.is_child());
    let spent: HashSet<(String, u32)> =
        spending.flat_map(ChainTry::inputs).map(|input| (input.hash.clone(), input.output)).collect();
    for coin in coins_of(work.scope(), done.withdrawal).await? {
        if !spent.contains(&(coin.hash.clone(), coin.output)) {
            work.load(&[Touch::Object(&COINS, coin.id)]).await?;
            work.put(&ChainCoin { spent_by: None, ..coin })?;
        }
    }
    let mut booked = done.booked.unwrap_or_default();
    for made in all.into_iter().filter(|made| made.waits() && made.id != done.id && !made.is_child()) {
        booked += made.booked.unwrap_or_default();
        work.load(&[Touch::Object(&TRIES, made.id)]).await?;
        work.put(&ChainTry { state: TryState::Gone, booked: None, ..made })?;
    }
    Ok(booked)
}

/// Loads the transactions of ours that a block has, and notes that it has them.
async fn include(work: &mut Work<'_>, net: Net, height: i64, brought: &[Brought]) -> Result<(), Stop> {
    let ids: BTreeSet<Uuid> =
        brought.iter().map(|one| try_id(work.app(), net.slug, &one.transfer.transaction)).collect();
    work.load(&ids.iter().map(|id| Touch::Object(&TRIES, *id)).collect::<Vec<_>>()).await?;
    for id in ids {
        let made = work.object::<ChainTry>(id)?;
        let Some(made) = made.filter(ChainTry::waits) else { continue };
        note_included(work, ChainTry { state: TryState::Included, ..made }, height).await?;
    }
    Ok(())
}

/// Books money that somebody paid to the hot wallet, unless it is booked.
async fn top_up(work: &mut Work<'_>, net: Net, height: i64, transfer: &Transfer) -> Result<(), Stop> {
    let id = output_id(work.app(), net.slug, (&transfer.transaction, transfer.output));
    work.load(&[Touch::Object(&TOP_UPS, id)]).await?;
    if work.object::<TopUp>(id)?.is_some_and(|known| known.height.is_some()) {
        return Ok(());
    }
    let Transfer { transaction, output, currency, amount, .. } = transfer;
    let (network, hash) = (net.slug.to_owned(), transaction.clone());
    let (output, currency, amount, height) = (*output, *currency, *amount, Some(height));
    work.put(&TopUp { id, network, hash, output, currency, amount, height })?;
    let (is_sandbox, book) = (work.app().is_sandbox(), work.book());
    let posting = postings::top_up(book, currency, amount, is_sandbox);
    book_of_house(work, id, currency, (postings::source(is_sandbox), posting)).await
}

/// Posts between the chain's settlement account and another one of the house.
async fn book_of_house(
    work: &mut Work<'_>,
    object: Uuid,
    currency: CurrencyCode,
    (other, posting): (AccountKind, florin_ledger::Posting),
) -> Result<(), Stop> {
    if posting.moves().iter().all(|part| part.amount == 0) {
        return Ok(());
    }
    let touch = |kind| Touch::SystemAccount(currency, kind);
    work.load(&[touch(AccountKind::ChainSettlement), touch(other)]).await?;
    work.post(HOUSE.kind, object, &posting, Vec::new()).map_err(posting_refused)
}

/// Leaves a withdrawal to be looked at again, in case its transaction waits too long.
pub(in crate::crypto) fn leave_retry(work: &mut Work<'_>, withdrawal: Uuid, pause: Duration) {
    let (due, payload) = (work.in_time(pause), withdrawal.as_bytes().to_vec());
    work.enqueue(NewJob { kind: RETRY_JOB, lane: Lane::Chain, due, payload });
}

/// Notes that a node has a transaction, and tells it of a withdrawal that had none.
pub(in crate::crypto) async fn mark_sent(work: &mut Work<'_>, made: Uuid) -> Result<(), Stop> {
    work.load(&[Touch::Object(&TRIES, made)]).await?;
    let made = work.object::<ChainTry>(made)?.filter(|made| made.state == TryState::Signed);
    let Some(made) = made else { return Ok(()) };
    let id = made.withdrawal;
    work.put(&ChainTry { state: TryState::Sent, ..made })?;
    work.load(&[Touch::Object(&WITHDRAWALS, id)]).await?;
    let withdrawal = work.object::<Withdrawal>(id)?.filter(|one| one.state == State::Signed);
    if let Some(withdrawal) = withdrawal {
        let withdrawal = Withdrawal { state: State::Sent, ..withdrawal };
        work.put(&withdrawal)?;
        emit(work, &withdrawal);
    }
    Ok(())
}

fn height_of(height: u64) -> Result<i64, StoreError> {
    i64::try_from(height).map_err(StoreError::unexpected)
}
