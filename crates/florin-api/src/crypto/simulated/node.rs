//! The node of a simulated chain.

use super::receive::receive;
use super::store::{self, PoolState, SimChain, SimTransaction};
use super::{accounts_of, chain_of, ensure};
use crate::crypto::chain::{Net, has_accounts};
use crate::kit::app::App;
use crate::kit::book::aside::Aside;
use crate::kit::book::jobs::run_inside;
use crate::kit::book::work::Work;
use florin_rails::chain::evm::{Gas, Offers};
use florin_rails::chain::simulated::{SimulatedAccounts, SimulatedChain, fees};
use florin_rails::chain::{
    AccountNode, Block, BlockRef, Boxed, Broadcast, ChainNode, FeeRate, NodeError, TransactionState,
};
use florin_store::{BookId, Scope, StoreError};
use florin_types::CurrencyCode;
use florin_wallet::{Address, Call};

/// A node of the chain that a network is in a sandbox's book. It must not be asked within a command.
pub struct SimulatedNode {
    view: View,
    accounts: Option<AccountSide>,
}

/// What it sees.
#[derive(Clone)]
struct View {
    app: App,
    book: BookId,
    net: Net,
}

/// The same of Ethereum's kind.
struct AccountSide {
    view: View,
    rules: SimulatedAccounts,
}

fn away(fault: impl ToString) -> NodeError {
    NodeError::Unavailable(fault.to_string())
}

impl SimulatedNode {
    /// The node of a network in a book.
    #[must_use]
    pub fn new(app: &App, book: BookId, net: Net) -> Self {
        let view = View { app: app.clone(), book, net };
        let accounts = accounts_of(app, net).map(|rules| AccountSide { view: view.clone(), rules });
        Self { view, accounts }
    }
}

impl View {
    /// Reads what is there, and the chain. Where there is no chain yet, it is made.
    async fn read<T>(
        &self,
        with: impl AsyncFn(&mut Scope, &SimulatedChain) -> Result<T, StoreError>,
    ) -> Result<T, NodeError> {
        let id = store::chain_id(&self.app, self.net);
        for is_second in [false, true] {
            let mut snapshot = self.app.store.snapshot(self.book).await.map_err(away)?;
            let found = snapshot.objects_at::<SimChain>(&[id]).await.map_err(away)?.pop();
            if let Some(sim) = found {
                return with(&mut snapshot, &sim.state.blocks).await.map_err(away);
            }
            drop(snapshot);
            if !is_second {
                let net = self.net;
                let make = async move |work: &mut Work<'_>| ensure(work, net).await.map(drop);
                run_inside(&self.app, self.book, Vec::new(), make).await.map_err(away)?;
            }
        }
        Err(away("the chain could not be made"))
    }

    /// The newest block; that of a new chain where there is none yet, which is not made for that.
    async fn height(&self) -> Result<u64, NodeError> {
        let id = store::chain_id(&self.app, self.net);
        let mut snapshot = self.app.store.snapshot(self.book).await.map_err(away)?;
        let found = snapshot.objects_at::<SimChain>(&[id]).await.map_err(away)?.pop();
        Ok(found.map_or(1, |sim| sim.state.blocks.height()))
    }

    async fn nonce(&self, sender: &str) -> Result<u64, NodeError> {
        let mut snapshot = self.app.store.snapshot(self.book).await.map_err(away)?;
        store::nonce(&mut snapshot, self.net, sender).await.map_err(away)
    }

    async fn block(&self, height: u64) -> Result<Option<Block>, NodeError> {
        let net = self.net;
        self.read(async move |scope, blocks| {
            let Some(hash) = blocks.hash(height) else { return Ok(None) };
            let transfers = store::transfers(scope, net, height).await?;
            let (parent, made_at) = (blocks.parent(height), blocks.made_at(height));
            Ok(Some(Block { at: BlockRef { height, hash }, parent, made_at, transfers }))
        })
        .await
    }

    async fn transaction(&self, hash: &str) -> Result<TransactionState, NodeError> {
        // Ids are written in lower case here, and may come from elsewhere.
        let id = store::transaction_id(&self.app, self.net, &hash.to_ascii_lowercase());
        let knows_fee = self.net.chain(&self.app).is_some_and(has_accounts);
        self.read(async move |scope, blocks| {
            let found = scope.objects_at::<SimTransaction>(&[id]).await?.pop();
            let Some(one) = found else { return Ok(TransactionState::Unknown) };
            let height = one.height.and_then(|height| u64::try_from(height).ok());
            let at = height.and_then(|height| Some(BlockRef { height, hash: blocks.hash(height)? }));
            Ok(match (one.state, at) {
                (PoolState::Pool, _) => TransactionState::Waiting,
                (PoolState::Included, Some(block)) => TransactionState::Included {
                    block,
                    is_failed: one.body.is_failed,
                    fee: knows_fee.then_some(one.body.fee),
                },
                _ => TransactionState::Unknown,
            })
        })
        .await
    }

    async fn balance(&self, address: &str, currency: CurrencyCode) -> Result<i64, NodeError> {
        let (net, address) = (self.net, address.to_owned());
        let mut snapshot = self.app.store.snapshot(self.book).await.map_err(away)?;
        let balance = store::balance(&mut snapshot, net, (&address, currency)).await.map_err(away)?;
        drop(snapshot);
        if balance != 0 {
            return Ok(balance);
        }
        // There may be no chain yet.
        self.read(async move |scope, _| store::balance(scope, net, (&address, currency)).await).await
    }

    async fn broadcast(&self, raw: &str) -> Result<Broadcast, NodeError> {
        let (net, raw) = (self.net, raw.to_owned());
        let said = Aside::<Option<Broadcast>>::default();
        let says = said.clone();
        let take = async move |work: &mut Work<'_>| {
            says.put(Some(receive(work, net, &raw).await?));
            Ok(())
        };
        run_inside(&self.app, self.book, Vec::new(), take).await.map_err(away)?;
        said.take().ok_or_else(|| away("the transaction was not looked at"))
    }
}

impl ChainNode for SimulatedNode {
    fn network(&self) -> &str {
        self.view.net.slug
    }

    fn check<'a>(&'a self) -> Boxed<'a, Result<(), NodeError>> {
        Box::pin(async { Ok(()) })
    }

    fn tip<'a>(&'a self) -> Boxed<'a, Result<BlockRef, NodeError>> {
        Box::pin(self.view.read(async |_, blocks| Ok(blocks.tip())))
    }

    fn hash<'a>(&'a self, height: u64) -> Boxed<'a, Result<Option<String>, NodeError>> {
        Box::pin(self.view.read(async move |_, blocks| Ok(blocks.hash(height))))
    }

    fn block<'a>(&'a self, height: u64) -> Boxed<'a, Result<Option<Block>, NodeError>> {
        Box::pin(self.view.block(height))
    }

    fn fees<'a>(&'a self) -> Boxed<'a, Result<FeeRate, NodeError>> {
        Box::pin(async {
            if let Some(accounts) = &self.accounts {
                let Offers { usual, urgent } = accounts.offers().await?;
                return Ok(FeeRate { usual: usual.max_fee, urgent: urgent.max_fee });
            }
            let chain = chain_of(&self.view.app, self.view.net).map_err(away)?;
            Ok(fees(chain, self.view.height().await? + 1))
        })
    }

    fn broadcast<'a>(&'a self, raw: &'a str) -> Boxed<'a, Result<Broadcast, NodeError>> {
        Box::pin(self.view.broadcast(raw))
    }

    fn transaction<'a>(&'a self, id: &'a str) -> Boxed<'a, Result<TransactionState, NodeError>> {
        Box::pin(self.view.transaction(id))
    }

    fn balance<'a>(&'a self, address: &'a str, currency: CurrencyCode) -> Boxed<'a, Result<i64, NodeError>> {
        Box::pin(self.view.balance(address, currency))
    }

    fn accounts(&self) -> Option<&dyn AccountNode> {
        self.accounts.as_ref().map(|accounts| accounts as &dyn AccountNode)
    }
}

impl AccountNode for AccountSide {
    fn chain_id(&self) -> u64 {
        self.rules.chain_id
    }

    fn payment(&self, to: &Address, currency: CurrencyCode, amount: i64) -> Option<Call> {
        self.rules.payment(to, currency, amount)
    }

    fn nonce<'a>(&'a self, address: &'a Address) -> Boxed<'a, Result<u64, NodeError>> {
        Box::pin(self.view.nonce(address.as_str()))
    }

    fn gas<'a>(&'a self, from: &'a Address, call: &'a Call) -> Boxed<'a, Result<Gas, NodeError>> {
        Box::pin(async {
            let Some(paid) = self.rules.paid(call) else {
                return Ok(Gas::Fails("execution reverted".to_owned()));
            };
            let held = self.view.balance(from.as_str(), paid.currency).await?;
            match paid.amount <= held {
                true => Ok(Gas::Limit(SimulatedAccounts::gas(call))),
                false => Ok(Gas::Fails("execution reverted: transfer amount exceeds balance".to_owned())),
            }
        })
    }

    fn offers<'a>(&'a self) -> Boxed<'a, Result<Offers, NodeError>> {
        Box::pin(async { Ok(self.rules.offers(self.view.height().await?)) })
    }

    fn max_fee(&self) -> u128 {
        self.rules.max_fee()
    }

    fn cost(&self, gas: u64, fee: u128) -> Option<i64> {
        self.rules.coin.gas_cost(gas, fee)
    }
}
