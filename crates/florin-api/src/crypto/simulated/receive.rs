//! Taking a signed transaction, as nodes do.

use super::store::{self, MAX_POOL, PoolState, SimTransaction};
use super::{bitcoin, chain_of, end, ensure, enter, ethereum, evict};
use crate::crypto::chain::{Net, has_accounts};
use crate::kit::book::work::Work;
use florin_rails::chain::Broadcast;
use florin_store::{Stop, StoreError};

/// A transaction that can be taken, and those that wait and that it replaces.
pub(super) struct Taking {
    pub transaction: SimTransaction,
    pub replaces: Vec<SimTransaction>,
}

/// Why a transaction is not taken anew.
pub(super) enum Denied {
    Said(Broadcast),
    Fault(StoreError),
}

impl From<StoreError> for Denied {
    fn from(fault: StoreError) -> Self {
        Self::Fault(fault)
    }
}

/// The words are those of the chains' programs.
pub(super) fn refused(why: &str) -> Denied {
    Denied::Said(Broadcast::Refused(why.to_owned()))
}

pub(super) fn conflict(why: &str) -> Denied {
    Denied::Said(Broadcast::Conflict(why.to_owned()))
}

/// Refuses to go on with a transaction that is known.
pub(super) async fn check_new(work: &mut Work<'_>, net: Net, hash: &str) -> Result<(), Denied> {
    match store::known(work, net, hash).await? {
        Some(_) => Err(Denied::Said(Broadcast::Taken)),
        None => Ok(()),
    }
}

/// Takes a signed transaction.
pub(super) async fn receive(work: &mut Work<'_>, net: Net, raw: &str) -> Result<Broadcast, Stop> {
    let mut sim = ensure(work, net).await?;
    let chain = chain_of(work.app(), net)?;
    let judged = match has_accounts(chain) {
        true => ethereum::judge(work, net, raw).await,
        false => bitcoin::judge(work, (net, chain), raw).await,
    };
    let Taking { transaction, replaces } = match judged {
        Ok(taking) => taking,
        Err(Denied::Said(said)) => return Ok(said),
        Err(Denied::Fault(fault)) => return Err(fault.into()),
    };
    if replaces.is_empty() && store::pool_size(work.scope(), net).await? >= MAX_POOL {
        return Ok(Broadcast::Refused("mempool full".to_owned()));
    }
    for one in replaces {
        evict(work, net, one, PoolState::Replaced).await?;
    }
    for spent in &transaction.body.spends {
        store::set_consumer(work, net, (&spent.point, Some(&transaction.hash))).await?;
    }
    enter(work, &mut sim, transaction)?;
    end(work, &mut sim, (net, true))?;
    Ok(Broadcast::Taken)
}
