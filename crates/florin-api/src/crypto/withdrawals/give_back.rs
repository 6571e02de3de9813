//! Deposits that go back: what waits in suspense is paid to where it came from, or where a person says, less what the
//! network takes. It is a payment like a withdrawal, and ends as one: what goes back by itself waits for approval where
//! a withdrawal would.

use super::create::waits;
use super::fee::{Target, address};
use super::pay::leave;
use super::withdrawal::{Destination, State, Waits, Withdrawal};
use crate::crypto::chain::is_of_any_book;
use crate::crypto::deposits::{self, Deposit, DepositState};
use crate::kit::app::App;
use crate::kit::book::aside::Aside;
use crate::kit::book::audit::{self, Deed};
use crate::kit::book::jobs::{carry_out, run_inside};
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::request::fields::Listed;
use crate::rates;
use florin_ledger::BookId;
use florin_store::{Job, StoreError, Touch};
use florin_wallet::Address;
use uuid::Uuid;

/// The kind of the job that sends a deposit back of which nobody said who sent it; its payload is the deposit's id.
pub(in crate::crypto) const RETURN_JOB: &str = "crypto.return";

/// Sends a deposit back by itself, where its chain says who sent it. Else it waits for a person; and so it does where
/// its user is suspended, whose own withdrawals would fail.
pub(in crate::crypto) async fn return_unexplained(app: &App, job: &Job) -> Result<(), StoreError> {
    let id = Uuid::from_slice(&job.payload).map_err(StoreError::unexpected)?;
    let book = job.position.book();
    let goes = Aside::<Option<Deposit>>::default();
    let aside = goes.clone();
    run_inside(app, book, vec![deposits::touch(id)], async move |work: &mut Work<'_>| {
        let deposit = work.object::<Deposit>(id)?.filter(|one| one.state == DepositState::Unexplained);
        let stays = match deposit.clone() {
            Some(deposit) => deposits::stays(work, deposit).await?,
            None => false,
        };
        aside.put(deposit.filter(|_| !stays));
        Ok(())
    })
    .await?;
    if let Some(deposit) = goes.take()
        && let Some(sender) = deposit.sender.clone()
        && let Err(why) = give_back(app, book, deposit, &sender, None).await?
    {
        tracing::warn!(%id, %why, "a deposit that nobody explains can't go back by itself");
    }
    carry_out(app, job, Vec::new(), async |_: &mut Work<'_>| Ok(())).await
}

/// How a deposit can go back.
struct Way {
    address: Address,
    /// What is paid.
    amount: i64,
    network_fee: i64,
    /// Why a person must look at it.
    waits: Option<Waits>,
}

impl Way {
    /// Looks for it. The inner error says why there is none.
    async fn find(
        app: &App,
        book: BookId,
        deposit: &Deposit,
        to: &str,
    ) -> Result<Result<Self, String>, StoreError> {
        let currency = app.currencies.get(deposit.currency);
        let currency = currency.ok_or_else(|| StoreError::unexpected("the currency is served no more"))?;
        let network = Target::network(app, &Listed::Known(currency), Some(&deposit.network));
        let Ok(target) = network.and_then(|network| Target::of(app, book, network)) else {
            return Ok(Err("its network has no keys or no node".to_owned()));
        };
        let address = match address(target.chain, "the address", to) {
            Ok(address) => address,
            Err(refusal) => return Ok(Err(refusal.message.into_owned())),
        };
        if app.settings.chains.sanctions.find(address.as_str()).is_some() {
            return Ok(Err("the address is on the list of sanctioned addresses".to_owned()));
        }
        if is_of_any_book(app, (target.keys, target.chain), &address).await? {
            return Ok(Err("the address is one of this installation".to_owned()));
        }
        let mut snapshot = app.store.snapshot(book).await?;
        let rates = rates::in_snapshot(app, &mut snapshot).await?;
        drop(snapshot);
        let network_fee = target.quote(app, book, &rates).await?;
        let amount = deposit.amount - network_fee;
        if amount < target.chain.least_payment() {
            return Ok(Err("less than the network takes would be left of it".to_owned()));
        }
        let waits = waits(app, &target, &address, target.value(&rates, amount));
        Ok(Ok(Self { address, amount, network_fee, waits }))
    }

    /// The payment.
    fn withdrawal(&self, work: &mut Work<'_>, deposit: &Deposit) -> Result<Withdrawal, StoreError> {
        let partner = work.book().partner();
        let destination = Destination {
            address: self.address.as_str().to_owned(),
            name: String::new(),
            memo: None,
            wallet_type: "OTHER".to_owned(),
            receiver_type: "NATURAL".to_owned(),
            travel_rule: None,
        };
        Ok(Withdrawal {
            id: work.id(),
            holder: partner,
            currency: deposit.currency,
            network: deposit.network.clone(),
            amount: self.amount,
            fee: 0,
            network_fee: self.network_fee,
            state: if self.waits.is_some() { State::Approval } else { State::Held },
            waits: self.waits,
            failure: None,
            sealed: Some(sealed::seal(work, partner, &destination)?),
            hash: None,
            height: None,
            confirmations: 0,
            returns: Some(deposit.id),
            created_at: work.now(),
        })
    }
}

/// Begins to send a deposit back to an address: by itself, or by a person, who needs no other one's approval. The inner
/// error says why that can't be.
pub(super) async fn give_back(
    app: &App,
    book: BookId,
    deposit: Deposit,
    to: &str,
    deed: Option<Deed>,
) -> Result<Result<(), String>, StoreError> {
    let way = match Way::find(app, book, &deposit, to).await? {
        Ok(way) if deed.is_some() => Way { waits: None, ..way },
        Ok(way) => way,
        Err(why) => return Ok(Err(why)),
    };
    let id = deposit.id;
    let touches = vec![Touch::Partner, deposits::touch(id)];
    run_inside(app, book, touches, async move |work: &mut Work<'_>| {
        let deposit = work.object::<Deposit>(id)?.filter(|deposit| deposit.state.is_left_to_a_person());
        let Some(deposit) = deposit else {
            // Meanwhile a person has decided about what was to go back by itself.
            let why = "the deposit does not wait for a person";
            return if deed.is_some() { Err(Refusal::invalid(why).into()) } else { Ok(()) };
        };
        let withdrawal = way.withdrawal(work, &deposit)?;
        work.put(&withdrawal)?;
        leave(work, &withdrawal);
        deposits::goes_back(work, deposit)?;
        match &deed {
            Some(deed) => Ok(audit::note(work, deed).await?),
            None => Ok(()),
        }
    })
    .await?;
    Ok(Ok(()))
}
