//! How far a book has followed a network.

use super::Net;
use crate::kit::app::App;
use crate::kit::book::keyed_id;
use crate::kit::book::work::Work;
use florin_rails::chain::{BlockRef, Follower};
use florin_store::{
    Object, ObjectTable, Row, Scope, SetStatement, StoreError, Touch, Value, params, sealed_objects,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Blocks that are remembered: the deepest reorganisation that is understood. No chain that we know has had one of 200
/// blocks, and a chain that has is another one.
pub(in crate::crypto) const REMEMBERED: usize = 200;

static CURSORS: ObjectTable = sealed_objects!("chain_cursor", "network": Text, "blocks": Bytes);

/// Who could change it could have deposits credited twice.
pub(in crate::crypto) static SEALED: &florin_store::SealedTable = CURSORS.seal();

/// The statements over sets. Nothing here is removed.
pub(in crate::crypto) static SETS: [&SetStatement; 3] = {
    let [find, insert, update, _] = CURSORS.statements();
    [find, insert, update]
};

/// What is being done to a book because of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::crypto) struct Doing {
    /// The block.
    pub block: BlockRef,
    /// Whether it follows; else it leaves.
    pub connects: bool,
    /// The number of the step: a block that leaves and comes again is another one.
    #[serde(default)]
    pub step: u64,
}

/// How far a book has followed a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    id: Uuid,
    network: String,
    kept: Kept,
}

/// The same, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Where the chain was looked at first.
    start: u64,
    /// The last blocks, oldest first.
    blocks: Vec<BlockRef>,
    /// The block that commands are about now, and that the cursor moves over when they have ended.
    doing: Option<Doing>,
    /// Steps that have ended.
    #[serde(default)]
    steps: u64,
}

impl Cursor {
    /// The id of a network's.
    fn id_of(app: &App, net: Net) -> Uuid {
        keyed_id::of(app, "florin 2026 ids of followed chains v1", net.slug, "")
    }

    /// A new one, which has seen no block.
    pub(super) fn new(app: &App, net: Net, start: u64) -> Self {
        let kept = Kept { start, blocks: Vec::new(), doing: None, steps: 0 };
        Self { id: Self::id_of(app, net), network: net.slug.to_owned(), kept }
    }

    /// What a command must touch to read or move it.
    pub(in crate::crypto) fn touch(app: &App, net: Net) -> Touch {
        Touch::Object(&CURSORS, Self::id_of(app, net))
    }

    /// The one of a network, where it was followed before.
    pub async fn find(app: &App, scope: &mut Scope, net: Net) -> Result<Option<Self>, StoreError> {
        Ok(scope.objects_at(&[Self::id_of(app, net)]).await?.pop())
    }

    /// The one of a network, in a command that has touched it.
    pub(in crate::crypto) fn in_command(work: &Work<'_>, net: Net) -> Result<Option<Self>, StoreError> {
        work.object(Self::id_of(work.app(), net))
    }

    /// That of a follower, which does nothing now: a step has ended.
    pub(super) fn at(&self, follower: &Follower) -> Self {
        let blocks = follower.blocks().cloned().collect();
        let kept = Kept { start: self.kept.start, blocks, doing: None, steps: self.kept.steps + 1 };
        Self { kept, ..self.clone() }
    }

    /// Goes on from here.
    pub(super) fn follower(&self) -> Follower {
        Follower::new(self.kept.start, REMEMBERED, self.kept.blocks.iter().cloned())
    }

    /// The last block that was seen.
    pub fn last(&self) -> Option<&BlockRef> {
        self.kept.blocks.last()
    }

    /// Whether a block is one of those that are remembered, or under all of them: deeper than any reorganisation that
    /// is understood.
    pub(in crate::crypto) fn is_over(&self, block: &BlockRef) -> bool {
        let blocks = &self.kept.blocks;
        blocks.contains(block) || blocks.first().is_some_and(|first| block.height < first.height)
    }

    /// What is being done.
    pub(super) fn doing(&self) -> Option<&Doing> {
        self.kept.doing.as_ref()
    }

    /// The same, doing this.
    pub(super) fn now(self, doing: Doing) -> Self {
        Self { kept: Kept { doing: Some(doing), ..self.kept }, ..self }
    }

    /// The same, doing nothing: a step has ended and come to nothing.
    pub(super) fn free(self) -> Self {
        Self { kept: Kept { doing: None, steps: self.kept.steps + 1, ..self.kept }, ..self }
    }

    /// Steps that have ended.
    pub(super) const fn steps(&self) -> u64 {
        self.kept.steps
    }

    /// How many blocks are on top of one that is at this height, itself included.
    pub fn confirmations(&self, height: Option<u64>) -> u64 {
        let last = self.last().map_or(0, |last| last.height);
        height.map_or(0, |height| (last + 1).saturating_sub(height))
    }
}

impl Object for Cursor {
    const TABLE: &'static ObjectTable = &CURSORS;

    fn id(&self) -> Uuid {
        self.id
    }

    fn from_row(id: Uuid, row: &Row) -> Result<Self, StoreError> {
        let kept: Vec<u8> = row.get(1)?;
        let kept = serde_json::from_slice(&kept).map_err(StoreError::unexpected)?;
        Ok(Self { id, network: row.get(0)?, kept })
    }

    fn to_row(&self) -> Vec<Value> {
        let kept = serde_json::to_vec(&self.kept).unwrap_or_default();
        params![self.network.as_str(), kept].to_vec()
    }
}

/// The place at which a command about a block may run: the cursor is doing that still. Of two processes whose nodes say
/// different things, one goes on.
#[derive(Clone, Debug)]
pub(in crate::crypto) struct Fence {
    /// The network.
    pub net: Net,
    /// What is done.
    pub(super) doing: Doing,
}

impl Fence {
    /// What a command must touch.
    pub fn touch(&self, app: &App) -> Touch {
        Cursor::touch(app, self.net)
    }

    /// Refuses a command that is about another block than the book is at.
    ///
    /// # Errors
    /// Another process has followed the chain meanwhile.
    pub fn check(&self, work: &Work<'_>) -> Result<(), StoreError> {
        let cursor = Cursor::in_command(work, self.net)?;
        match cursor.as_ref().and_then(Cursor::doing) == Some(&self.doing) {
            true => Ok(()),
            false => Err(elsewhere()),
        }
    }
}

pub(super) fn elsewhere() -> StoreError {
    StoreError::unavailable("another process follows this chain too")
}
