//! Which transactions of Bitcoin's kind are taken.

use super::receive::{Denied, Taking, check_new, conflict, refused};
use super::store::{self, Body, Paid, PoolState, SimTransaction, Spent};
use crate::crypto::chain::Net;
use crate::kit::book::work::Work;
use florin_wallet::{Address, Chain, ChainKind, Sent, read_spend};
use std::collections::BTreeSet;

/// Inputs that are looked at, at most: as many as the largest transaction that is relayed can have.
const MAX_INPUTS: usize = 700;

/// Whether a transaction is taken.
pub(super) async fn judge(
    work: &mut Work<'_>,
    (net, chain): (Net, Chain),
    raw: &str,
) -> Result<Taking, Denied> {
    let sent = read_spend(chain, raw).ok_or_else(|| refused("TX decode failed"))?;
    check_new(work, net, &sent.id).await?;
    let points: BTreeSet<_> = sent.inputs.iter().collect();
    if points.is_empty() || points.len() < sent.inputs.len() || points.len() > MAX_INPUTS {
        return Err(refused("bad-txns-inputs-duplicate"));
    }
    let (mut spends, mut replaces) = (Vec::new(), Vec::<SimTransaction>::new());
    for (index, (parent, output)) in sent.inputs.iter().enumerate() {
        let spent = spent(work, (net, chain), (&sent, index), (parent, *output)).await?;
        match store::consumer(work, net, &spent.point).await? {
            Some(other) if other.state == PoolState::Included => {
                return Err(conflict("bad-txns-inputs-missingorspent"));
            }
            Some(other) if !replaces.iter().any(|known| known.hash == other.hash) => replaces.push(other),
            _ => {}
        }
        spends.push(spent);
    }
    let given = spends.iter().map(|spent| spent.amount).try_fold(0, i64::checked_add);
    let paid = sent.outputs.iter().map(|(_, amount)| *amount).try_fold(0, i64::checked_add);
    let fee = given.zip(paid).and_then(|(given, paid)| given.checked_sub(paid)).filter(|fee| *fee >= 0);
    let fee = fee.ok_or_else(|| refused("bad-txns-in-belowout"))?;
    check_fee(chain, fee, &sent, &replaces)?;
    let outputs = (0..).zip(&sent.outputs).filter_map(|(number, (to, amount))| {
        let (address, currency) = (to.as_ref()?.as_str().to_owned(), net.coin.to_string());
        Some(Paid { number, address, currency, amount: *amount })
    });
    let body = Body {
        is_made: false,
        is_auto: true,
        from: None,
        nonce: None,
        fee,
        size: sent.virtual_bytes,
        offer: None,
        is_failed: false,
        outputs: outputs.collect(),
        spends,
    };
    let transaction = SimTransaction {
        id: store::transaction_id(work.app(), net, &sent.id),
        network: net.slug.to_owned(),
        hash: sent.id,
        state: PoolState::Pool,
        height: None,
        place: 0,
        sender: None,
        body,
    };
    Ok(Taking { transaction, replaces })
}

/// What an input spends, if its owner has signed it.
async fn spent(
    work: &mut Work<'_>,
    (net, chain): (Net, Chain),
    (sent, index): (&Sent, usize),
    (parent, output): (&str, u32),
) -> Result<Spent, Denied> {
    let known = store::known(work, net, parent).await?;
    let paid = known.and_then(|known| known.body.outputs.into_iter().find(|paid| paid.number == output));
    let paid = paid.ok_or_else(|| conflict("bad-txns-inputs-missingorspent"))?;
    let owner = Address::parse(chain, &paid.address).ok();
    if !owner.is_some_and(|owner| sent.is_signed(index, &owner, paid.amount, chain)) {
        return Err(refused("mandatory-script-verify-flag-failed"));
    }
    Ok(Spent { point: format!("{parent}:{output}"), address: paid.address, amount: paid.amount })
}

/// Nodes relay from a fee on, and a replacement (BIP 125) pays for itself beyond what it replaces. Litecoin's nodes
/// take no replacement by default.
fn check_fee(chain: Chain, fee: i64, sent: &Sent, replaces: &[SimTransaction]) -> Result<(), Denied> {
    let relay = chain.relay_rate().unwrap_or_default() * u128::from(sent.virtual_bytes);
    let relay = i64::try_from(relay.div_ceil(1_000)).unwrap_or(i64::MAX);
    if fee < relay {
        return Err(refused("min relay fee not met"));
    }
    if replaces.is_empty() {
        return Ok(());
    }
    if chain.kind == ChainKind::Litecoin {
        return Err(conflict("txn-mempool-conflict"));
    }
    let before = replaces.iter().map(|one| one.body.fee).fold(relay, i64::saturating_add);
    if fee < before { Err(refused("insufficient fee")) } else { Ok(()) }
}
