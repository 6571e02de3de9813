//! Follows the chains: one block after the other, and back where the chain goes back.
//!
//! What a block brings is applied by commands of the book, each of which can be repeated. The first notes in the cursor
//! which block they are about, each of the others looks whether that is so still, and the cursor moves in the last. So
//! nothing is lost or done twice, whatever crashes, and however many processes follow over nodes that do not agree.
//! Work on a block that was broken off is ended when it turns out to be another one that comes: what it had brought
//! leaves again.

use super::addresses::made_addresses;
use super::cursor::{Cursor, Doing, Fence, elsewhere};
use super::{LOOK_JOB, Net, hot_wallet, is_simulated, node_of, say_undone};
use crate::crypto::deposits::{self, Owned};
use crate::crypto::treasury;
use crate::kit::app::App;
use crate::kit::book::aside::Aside;
use crate::kit::book::jobs::{carry_out, run_inside};
use crate::kit::book::work::Work;
use crate::wallets::{self, place_of};
use florin_ledger::{BookId, HolderId};
use florin_rails::chain::{Block, BlockRef, Boxed, ChainNode, FollowError, NodeError, Step, Transfer};
use florin_store::{Job, Lane, NewJob, Stop, StoreError};
use florin_wallet::Place;
use std::sync::Arc;
use std::time::Duration;

/// How long a node may take to answer: a block of the largest size from a slow disk, with a second try of its own.
const PATIENCE: Duration = Duration::from_secs(60);

/// Blocks that one look follows before others have their turn.
const STEPS: usize = 200;

/// Transfers of a block whose addresses are looked up at a time.
pub(in crate::crypto) const LOOKED_UP: usize = 5_000;

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
            work.enqueue(NewJob { kind: LOOK_JOB, lane: Lane::Chain, due, payload });
        }
        Ok(())
    })
    .await
}

/// Follows a network for a book, at most so far as one look goes. False: there is more.
pub(in crate::crypto) async fn follow(app: &App, book: BookId, net: Net) -> Result<bool, StoreError> {
    let Some(node) = node_of(app, book, net) else { return Ok(true) };
    in_time(node.check()).await?;
    let found = Cursor::find(app, &mut *app.store.snapshot(book).await?, net).await?;
    let mut cursor = match found {
        Some(cursor) => cursor,
        None => Cursor::new(app, net, first_height(app, book, net, &*node).await?),
    };
    let mut follower = cursor.follower();
    for _ in 0..STEPS {
        let step = tokio::time::timeout(PATIENCE, follower.step(&*node)).await;
        let step = step.map_err(|_| StoreError::unavailable("the node did not answer in time"))?;
        let step = step.map_err(trouble)?;
        follower.apply(&step);
        let after = cursor.at(&follower);
        let moves = Move { app, book, net, before: &cursor, after: after.clone() };
        let is_done = match step {
            Step::Connect(block) => moves.connect(block).await?,
            Step::Disconnect(block) => moves.disconnect(block).await?,
            Step::Wait => {
                if cursor.last().is_some() {
                    treasury::watch(app, book, net, &cursor).await?;
                }
                return Ok(true);
            }
        };
        if !is_done {
            return Ok(false);
        }
        cursor = after;
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
async fn ours(
    app: &App,
    book: BookId,
    net: Net,
    transfers: &[Transfer],
) -> Result<Vec<(Transfer, Owned)>, StoreError> {
    let mut found = Vec::new();
    for some in transfers.chunks(LOOKED_UP) {
        let mut snapshot = app.store.snapshot(book).await?;
        let addresses = || some.iter().map(|transfer| transfer.to.as_str());
        let holders = wallets::holders_of_addresses(&mut snapshot, addresses()).await?;
        let made = made_addresses(app, &mut snapshot, addresses()).await?;
        let owned = |transfer: &Transfer| match made.get(&transfer.to) {
            Some(made) => {
                let place = Place { number: made.number, ..hot_wallet(book) };
                Some(Owned { holder: book.partner(), pays: made.paid_by(transfer, net), place })
            }
            None => {
                let of = |holder: &HolderId| Owned { holder: *holder, pays: None, place: place_of(*holder) };
                holders.get(&transfer.to).map(of)
            }
        };
        found.extend(some.iter().filter_map(|transfer| Some((transfer.clone(), owned(transfer)?))));
    }
    Ok(found)
}

/// A step of the cursor, and what is done for it.
struct Move<'a> {
    app: &'a App,
    book: BookId,
    net: Net,
    before: &'a Cursor,
    after: Cursor,
}

impl Move<'_> {
    /// A block follows. False: work that was broken off was ended instead, and the cursor is to be read again.
    async fn connect(self, block: Block) -> Result<bool, StoreError> {
        let Self { app, book, net, .. } = self;
        let height = block.at.height;
        let ours = ours(app, book, net, &block.transfers).await?;
        let brought = Arc::new(treasury::relevant(app, book, net, &block.transfers, &ours).await?);
        let fence = self.fence(&block.at, true);
        let is_broken_off = self.before.doing().is_some();
        let has_begun =
            is_broken_off || !ours.is_empty() || deposits::has_work(app, book, net, height).await?;
        if has_begun {
            if !self.begin(&fence).await? {
                return Ok(false);
            }
            deposits::see(app, book, &fence, (height, block.made_at), ours).await?;
            deposits::confirm(app, book, &fence, height).await?;
        }
        let at = block.at;
        let connected = async move |work: &mut Work<'_>| treasury::connected(work, net, &at, &brought).await;
        self.end((fence, has_begun), connected).await
    }

    /// The last block is in the chain no more. False: as for [`Self::connect`].
    async fn disconnect(self, block: BlockRef) -> Result<bool, StoreError> {
        let (app, book, net) = (self.app, self.book, self.net);
        let fence = self.fence(&block, false);
        if !self.begin(&fence).await? {
            return Ok(false);
        }
        deposits::leave(app, book, &fence, block.height).await?;
        let left = Aside::default();
        let kept = left.clone();
        let is_done = self
            .end((fence, true), async move |work: &mut Work<'_>| {
                kept.put(treasury::disconnected(work, net, &block).await?);
                Ok(())
            })
            .await?;
        log_left(app, net, &left);
        Ok(is_done)
    }

    fn fence(&self, block: &BlockRef, connects: bool) -> Fence {
        let doing = Doing { block: block.clone(), connects, step: self.before.steps() + 1 };
        Fence { net: self.net, doing }
    }

    /// Notes what is done from now on. False: something else was begun and not ended; it is ended now.
    async fn begin(&self, fence: &Fence) -> Result<bool, StoreError> {
        let Self { app, book, net, .. } = *self;
        let found = Cursor::find(app, &mut *app.store.snapshot(book).await?, net).await?;
        if found.as_ref().map_or(0, Cursor::steps) != self.before.steps() {
            return Err(elsewhere());
        }
        let old = found.as_ref().and_then(Cursor::doing).filter(|old| **old != fence.doing).cloned();
        if let Some(old) = old {
            end_broken_off(app, book, Fence { net, doing: old }).await?;
            return Ok(false);
        }
        let (fence, new) = (fence.clone(), self.before.clone());
        run_inside(app, book, vec![fence.touch(app)], async move |work: &mut Work<'_>| {
            let cursor = Cursor::in_command(work, net)?.unwrap_or_else(|| new.clone());
            let is_free = cursor.doing().is_none_or(|doing| *doing == fence.doing);
            if cursor.steps() + 1 != fence.doing.step || !is_free {
                return Err(elsewhere().into());
            }
            Ok(work.put(&cursor.now(fence.doing.clone()))?)
        })
        .await?;
        Ok(true)
    }

    /// Moves the cursor, with what belongs to that. What has begun must not have been ended by somebody else meanwhile.
    async fn end(
        self,
        (fence, has_begun): (Fence, bool),
        with: impl AsyncFn(&mut Work<'_>) -> Result<(), Stop> + Send + 'static,
    ) -> Result<bool, StoreError> {
        let Self { app, book, net, after, .. } = self;
        run_inside(app, book, vec![fence.touch(app)], async move |work: &mut Work<'_>| {
            let cursor = Cursor::in_command(work, net)?;
            let is_here = cursor.as_ref().map_or(0, Cursor::steps) + 1 == fence.doing.step;
            let doing = cursor.as_ref().and_then(Cursor::doing);
            if !is_here || doing != has_begun.then_some(&fence.doing) {
                return Err(elsewhere().into());
            }
            with(work).await?;
            Ok(work.put(&after)?)
        })
        .await?;
        Ok(true)
    }
}

/// Ends work on a block that was broken off, where another one comes: what a block had brought leaves again, and one
/// that was leaving has left. It is noted first that the block leaves, so that nobody goes on to apply it.
async fn end_broken_off(app: &App, book: BookId, old: Fence) -> Result<(), StoreError> {
    let (net, block) = (old.net, old.doing.block.clone());
    let doing = Doing { connects: false, ..old.doing.clone() };
    let fence = Fence { net, doing: doing.clone() };
    if old.doing.connects {
        run_inside(app, book, vec![old.touch(app)], async move |work: &mut Work<'_>| {
            old.check(work)?;
            let cursor = Cursor::in_command(work, net)?.ok_or_else(elsewhere)?;
            Ok(work.put(&cursor.now(doing.clone()))?)
        })
        .await?;
    }
    deposits::leave(app, book, &fence, block.height).await?;
    let left = Aside::default();
    let kept = left.clone();
    run_inside(app, book, vec![fence.touch(app)], async move |work: &mut Work<'_>| {
        fence.check(work)?;
        let cursor = Cursor::in_command(work, net)?.ok_or_else(elsewhere)?;
        if cursor.last() != Some(&block) {
            return Ok(work.put(&cursor.free())?);
        }
        kept.put(treasury::disconnected(work, net, &block).await?);
        let mut follower = cursor.follower();
        follower.apply(&Step::Disconnect(block.clone()));
        Ok(work.put(&cursor.at(&follower))?)
    })
    .await?;
    log_left(app, net, &left);
    Ok(())
}

/// Says which payments of ours were booked and have left their block.
fn log_left(app: &App, net: Net, left: &Aside<Vec<String>>) {
    for hash in left.take() {
        say_undone(app, net, &hash, "a payment that was booked left its chain, and waits again");
    }
}
