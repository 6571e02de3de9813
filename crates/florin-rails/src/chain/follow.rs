//! Following a chain: which block comes next, and which are in it no more.

use super::{Block, BlockRef, ChainNode, NodeError};
use std::collections::VecDeque;
use thiserror::Error;

/// What comes next on a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A block follows on the last one.
    Connect(Block),
    /// The last block is in the chain no more: what it brought has not happened.
    Disconnect(BlockRef),
    /// There is no other block yet.
    Wait,
}

/// Why a chain cannot be followed.
#[derive(Debug, Error)]
pub enum FollowError {
    /// The node gave no answer that can be used.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// None of the blocks that are remembered is in the chain: it was reorganised deeper, or is another chain.
    #[error(
        "none of the last {0} blocks is in the node's chain: it is another chain, or was reorganised deeper"
    )]
    TooDeep(usize),
}

/// The last blocks of a chain, as they were seen. It changes only by [`Self::apply`], which the caller does when what
/// a step brings is kept: so a step that is lost comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follower {
    /// Oldest first, each the parent of the next.
    blocks: VecDeque<BlockRef>,
    /// Where the chain is looked at first.
    start: u64,
    depth: usize,
}

impl Follower {
    /// Follows a chain from a height on, and remembers so many blocks: the deepest reorganisation that is understood.
    /// `blocks` are those that were remembered, oldest first.
    #[must_use]
    pub fn new(start: u64, depth: usize, blocks: impl IntoIterator<Item = BlockRef>) -> Self {
        Self { blocks: blocks.into_iter().collect(), start, depth }
    }

    /// The last block that was seen.
    #[must_use]
    pub fn last(&self) -> Option<&BlockRef> {
        self.blocks.back()
    }

    /// The blocks that it remembers, oldest first.
    pub fn blocks(&self) -> impl Iterator<Item = &BlockRef> {
        self.blocks.iter()
    }

    /// Asks what comes next.
    ///
    /// # Errors
    /// The node can't be asked or believed, or the chain is another one.
    pub async fn step(&self, node: &dyn ChainNode) -> Result<Step, FollowError> {
        let next = self.last().map_or(self.start, |last| last.height + 1);
        if let Some(block) = get(node, next).await? {
            return match self.last() {
                Some(last) if last.hash != block.parent => self.leave_last(node, last).await,
                _ => Ok(Step::Connect(block)),
            };
        }
        // The node is at the last block, behind it, or on a branch that is not longer yet.
        let Some(last) = self.last() else { return Ok(Step::Wait) };
        match node.hash(last.height).await? {
            Some(hash) if hash != last.hash => self.leave_last(node, last).await,
            _ => Ok(Step::Wait),
        }
    }

    /// The last block is left only if the node has another one in its place, and one before it is still in the chain:
    /// else nothing is known to be right.
    async fn leave_last(&self, node: &dyn ChainNode, last: &BlockRef) -> Result<Step, FollowError> {
        if node.hash(last.height).await?.is_some_and(|hash| hash == last.hash) {
            let why = format!("the block after {} does not follow on it", last.height);
            return Err(NodeError::Unbelievable(why).into());
        }
        for known in self.blocks.iter().rev().skip(1) {
            if node.hash(known.height).await?.is_some_and(|hash| hash == known.hash) {
                return Ok(Step::Disconnect(last.clone()));
            }
        }
        Err(FollowError::TooDeep(self.blocks.len()))
    }

    /// Remembers that a step was done.
    pub fn apply(&mut self, step: &Step) {
        match step {
            Step::Connect(block) => {
                self.blocks.push_back(block.at.clone());
                if self.blocks.len() > self.depth {
                    self.blocks.pop_front();
                }
            }
            Step::Disconnect(_) => drop(self.blocks.pop_back()),
            Step::Wait => {}
        }
    }
}

/// A block that is the one that was asked for.
async fn get(node: &dyn ChainNode, height: u64) -> Result<Option<Block>, NodeError> {
    let block = node.block(height).await?;
    match block {
        Some(block) if block.at.height != height => Err(NodeError::Unbelievable(format!(
            "block {height} was asked for, and {} came",
            block.at.height
        ))),
        block => Ok(block),
    }
}
