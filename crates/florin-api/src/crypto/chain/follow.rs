//! Follows the chains: one block after the other, and back where the chain goes back.
//!
//! What a block brings is applied by commands of the book, each of which can be repeated; the cursor moves in the last
//! of them, and only from the block that it was at. So nothing is lost or done twice, whatever crashes, and however
//! many processes follow.

use super::addresses::made_addresses;
use super::cursor::Cursor;
use super::{LOOK_JOB, Net, is_simulated, node_of};
use crate::crypto::deposits::{self, Owned};
use crate::crypto::treasury;
use crate::kit::app::App;
use crate::kit::book::jobs::{carry_out, run_inside};
use crate::kit::book::work::Work;
use crate::wallets;
use florin_ledger::BookId;
use florin_rails::chain::{
    Block, BlockRef, Boxed, ChainNode, FollowError, Follower, NodeError, Step, Transfer,
};
use florin_store::{Job, Lane, NewJob, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a node may take to answer: a block of the largest size from a slow disk, with a second try of its own.
const PATIENCE: Duration = Duration::from_secs(60);

/// Blocks that one look follows before others have their turn.
const STEPS: usize = 200;

/// Transfers of a block whose addresses are looked up at a time.
const LOOKED_UP: usize = 5_000;

/// How far the times of blocks may be off: two hours, by the rule of Bitcoin's nodes.
const TIMES_ARE_OFF: Duration = Duration::from_secs(2 * 60 * 60);

/// The job: looks what is new on a network.
pub(in crate::crypto) async fn look(app: &App, job: &Job) -> Result<(), StoreError> {
    let slug = String::from_utf8(job.payload.clone()).map_err(StoreError::unexpected)?;
    let book = job.position.book();
    let is_done = match Net::of(&slug) {
        Some(net) => follow(app, book, net).await?,
        None => true,
    };
    carry_out(app, job, Vec::new(), async move |work: &mut Work<'_>| {
        if !is_done {
            let (due, payload) = (work.in_time(Duration::ZERO), slug.clone().into_bytes());
            work.enqueue(NewJob { kind: LOOK_JOB, lane: Lane::Rail, due, payload });
        }
        Ok(())
    })
    .await
}

/// Follows a network for a book, at most so far as one look goes. False: there is more.
pub(in crate::crypto) async fn follow(app: &App, book: BookId, net: Net) -> Result<bool, StoreError> {
    let Some(node) = node_of(app, book, net) else { return Ok(true) };
    in_time(node.check()).await?;
    let mut snapshot = app.store.snapshot(book).await?;
    let cursor = Cursor::find(app, &mut snapshot, net).await?;
    drop(snapshot);
    let mut follower = match cursor {
        Some(cursor) => cursor.follower(1),
        None => Follower::new(first_height(app, book, net, &*node).await?, super::cursor::REMEMBERED, []),
    };
    for _ in 0..STEPS {
        let step = tokio::time::timeout(PATIENCE, follower.step(&*node)).await;
        let step = step.map_err(|_| StoreError::unavailable("the node did not answer in time"))?;
        let step = step.map_err(trouble)?;
        let before = follower.last().cloned();
        follower.apply(&step);
        let after = Cursor::of(app, net, &follower);
        match step {
            Step::Connect(block) => connect(app, book, net, (before, after), block).await?,
            Step::Disconnect(block) => disconnect(app, book, net, (before, after), block).await?,
            Step::Wait => {
                if let Some(last) = follower.last() {
                    treasury::watch(app, book, net, last.height).await?;
                }
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn trouble(error: FollowError) -> StoreError {
    match error {
        FollowError::Node(NodeError::Unavailable(why)) => StoreError::unavailable(why),
        other => StoreError::unexpected(other),
    }
}

/// What a node answers, within the time that it has.
pub(in crate::crypto) async fn in_time<T>(answer: Boxed<'_, Result<T, NodeError>>) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    let answer = answer.map_err(|_| StoreError::unavailable("the node did not answer in time"))?;
    answer.map_err(|error| trouble(error.into()))
}

/// Where a book begins to follow: before its first wallet of the network was made, or now where it has none. A
/// simulated chain is the book's own.
async fn first_height(app: &App, book: BookId, net: Net, node: &dyn ChainNode) -> Result<u64, StoreError> {
    if is_simulated(app, net) {
        return Ok(1);
    }
    let mut snapshot = app.store.snapshot(book).await?;
    let since = wallets::first_on(&mut snapshot, net.slug).await?;
    drop(snapshot);
    let mut height = in_time(node.tip()).await?.height;
    let (mut back, before) = (1, since.unwrap_or_else(|| app.wall()).saturating_sub(TIMES_ARE_OFF));
    while let Some(block) = in_time(node.block(height)).await? {
        if height == 0 || block.made_at < before {
            break;
        }
        height = height.saturating_sub(back);
        back *= 2;
    }
    Ok(height)
}

/// A block's transfers that are to addresses of the book.
async fn ours(app: &App, book: BookId, transfers: &[Transfer]) -> Result<Vec<(Transfer, Owned)>, StoreError> {
    let mut found = Vec::new();
    for some in transfers.chunks(LOOKED_UP) {
        let mut snapshot = app.store.snapshot(book).await?;
        let addresses = || some.iter().map(|transfer| transfer.to.as_str());
        let holders = wallets::holders_of_addresses(&mut snapshot, addresses()).await?;
        let made = made_addresses(app, &mut snapshot, addresses()).await?;
        let owned = |transfer: &Transfer| match made.get(&transfer.to) {
            Some(made) => Some(Owned { holder: book.partner(), pays: Some(made.pays) }),
            None => holders.get(&transfer.to).map(|holder| Owned { holder: *holder, pays: None }),
        };
        found.extend(some.iter().filter_map(|transfer| Some((transfer.clone(), owned(transfer)?))));
    }
    Ok(found)
}

/// A block follows.
async fn connect(
    app: &App,
    book: BookId,
    net: Net,
    moved: (Option<BlockRef>, Cursor),
    block: Block,
) -> Result<(), StoreError> {
    let height = block.at.height;
    let ours = ours(app, book, &block.transfers).await?;
    deposits::see(app, book, net, (height, ours)).await?;
    deposits::confirm(app, book, net, height).await?;
    let (at, brought) = (block.at, Arc::new(treasury::relevant(app, book, net, &block.transfers).await?));
    move_cursor(app, book, net, moved, async move |work: &mut Work<'_>| {
        treasury::connected(work, net, &at, &brought).await
    })
    .await
}

/// The last block is in the chain no more.
async fn disconnect(
    app: &App,
    book: BookId,
    net: Net,
    moved: (Option<BlockRef>, Cursor),
    block: BlockRef,
) -> Result<(), StoreError> {
    deposits::leave(app, book, net, block.height).await?;
    // A command can run twice: what it has found is told when it has ended.
    let ended = Arc::new(Mutex::new(Vec::new()));
    let (told, height) = (Arc::clone(&ended), block.height);
    move_cursor(app, book, net, moved, async move |work: &mut Work<'_>| {
        *told.lock().unwrap_or_else(PoisonError::into_inner) =
            treasury::disconnected(work, net, &block).await?;
        Ok(())
    })
    .await?;
    for hash in ended.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let network = net.slug;
        tracing::error!(%hash, network, height, "a payment that was booked left its chain, and waits again");
    }
    Ok(())
}

/// Moves the cursor from one block to another, with what belongs to that. Where it is elsewhere, another process has
/// followed meanwhile, and this one begins anew.
async fn move_cursor(
    app: &App,
    book: BookId,
    net: Net,
    (before, after): (Option<BlockRef>, Cursor),
    with: impl AsyncFn(&mut Work<'_>) -> Result<(), florin_store::Stop> + Send + 'static,
) -> Result<(), StoreError> {
    let touches = vec![Cursor::touch(app, net)];
    run_inside(app, book, touches, async move |work: &mut Work<'_>| {
        let now = work.object::<Cursor>(Cursor::id_of(work.app(), net))?;
        if now.as_ref().and_then(Cursor::last) != before.as_ref() {
            return Err(StoreError::unavailable("another process follows this chain too").into());
        }
        with(work).await?;
        Ok(work.put(&after)?)
    })
    .await
}
