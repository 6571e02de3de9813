//! How far a book has followed a network.

use super::Net;
use crate::kit::app::App;
use crate::kit::book::keyed_id;
use florin_rails::chain::{BlockRef, Follower};
use florin_store::{
    Object, ObjectTable, Row, Scope, SetStatement, StoreError, Touch, Value, params, sealed_objects,
};
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

/// How far a book has followed a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    id: Uuid,
    network: String,
    /// The last blocks, oldest first.
    blocks: Vec<BlockRef>,
}

impl Cursor {
    /// The id of a network's.
    pub(super) fn id_of(app: &App, net: Net) -> Uuid {
        keyed_id::of(app, "florin 2026 ids of followed chains v1", net.slug, "")
    }

    /// What a command must touch to read or move it.
    pub(super) fn touch(app: &App, net: Net) -> Touch {
        Touch::Object(&CURSORS, Self::id_of(app, net))
    }

    /// The one of a network, where it was followed before.
    pub async fn find(app: &App, scope: &mut Scope, net: Net) -> Result<Option<Self>, StoreError> {
        Ok(scope.objects_at(&[Self::id_of(app, net)]).await?.pop())
    }

    /// That of a follower.
    pub(super) fn of(app: &App, net: Net, follower: &Follower) -> Self {
        let blocks = follower.blocks().cloned().collect();
        Self { id: Self::id_of(app, net), network: net.slug.to_owned(), blocks }
    }

    /// Goes on from here.
    pub(super) fn follower(&self, start: u64) -> Follower {
        Follower::new(start, REMEMBERED, self.blocks.iter().cloned())
    }

    /// The last block that was seen.
    pub fn last(&self) -> Option<&BlockRef> {
        self.blocks.last()
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
        let blocks: Vec<u8> = row.get(1)?;
        let blocks = serde_json::from_slice(&blocks).map_err(StoreError::unexpected)?;
        Ok(Self { id, network: row.get(0)?, blocks })
    }

    fn to_row(&self) -> Vec<Value> {
        let blocks = serde_json::to_vec(&self.blocks).unwrap_or_default();
        params![self.network.as_str(), blocks].to_vec()
    }
}
