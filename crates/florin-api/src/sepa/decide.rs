//! What a person decides about a payment: the partner in a sandbox, who plays the bank there, or an operator about
//! money in suspense.

use super::contact;
use super::deposit::{Deposit, DepositState, Sender};
use super::hear::{decision_id, keeper_of, open_own, pay};
use super::incoming::{IbanStatusWord, approve, credit_from_suspense, emit_status, touches_to_pay};
use super::postings::EUR;
use super::recalls;
use super::refund;
use super::store::{DEPOSITS, TRANSFERS};
use super::transfer::{State, Transfer, second_order};
use super::within;
use crate::kit::app::App;
use crate::kit::book::inbox::{self, Verdict};
use crate::kit::book::work::Work;
use crate::kit::endpoint::codes::P428;
use crate::kit::endpoint::refusal::Refusal;
use crate::users::is_suspended;
use florin_ledger::AccountKind;
use florin_rails::sepa::{Reason, Status};
use florin_store::{Scope, Stop, StoreError, Touch};
use florin_types::Iban;
use uuid::Uuid;

/// What a person decides.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// A transfer is settled; a deposit is credited.
    Settle,
    /// A transfer is rejected; a deposit goes back.
    Reject(Reason),
    /// The money of a transfer comes back.
    Return(Reason),
}

/// What a command must touch to decide about a transfer or a deposit.
pub async fn touches_of_payment(app: &App, scope: &mut Scope, id: Uuid) -> Result<Vec<Touch>, StoreError> {
    let mut touches = vec![
        inbox::touch(app, app.settings.sepa.rail.name(), &decision_id(id)),
        inbox::touch(app, app.settings.sepa.rail.name(), &decision_id(second_order(id))),
        inbox::touch(app, app.settings.sepa.rail.name(), &within::message_id(id)),
        Touch::Object(&TRANSFERS, id),
        Touch::Object(&DEPOSITS, id),
        Touch::Partner,
        Touch::SystemAccount(EUR, AccountKind::SepaSettlement),
        Touch::SystemAccount(EUR, AccountKind::Suspense),
        Touch::SystemAccount(EUR, AccountKind::Fees),
    ];
    let of_transfer = scope.objects_at::<Transfer>(&[id]).await?.pop().map(|transfer| transfer.holder);
    let of_deposit = scope.objects_at::<Deposit>(&[id]).await?.pop().and_then(|deposit| deposit.holder);
    touches.extend(of_transfer.or(of_deposit).map(|holder| Touch::HolderAccount(holder, EUR)));
    Ok(touches)
}

/// Carries a decision out. Answers what it was about.
///
/// # Errors
/// P428 where there is no such payment; P403 where the decision cannot follow on where it stands.
pub async fn decide(work: &mut Work<'_>, id: Uuid, decided: Decided) -> Result<&'static str, Stop> {
    if let Some(transfer) = work.object::<Transfer>(id)? {
        let order = transfer.order_id();
        let status = match decided {
            Decided::Settle => Status::Settled,
            Decided::Reject(reason) => Status::Rejected(reason),
            Decided::Return(reason) => Status::Returned(transfer.amount, reason),
        };
        let ended = match (transfer.state, decided) {
            (State::Settled, Decided::Settle) => Some("settled"),
            (State::Settled, Decided::Reject(_)) => Some("settled: it can only be returned"),
            (State::Failed, _) => Some("failed"),
            (State::Returned, _) => Some("returned"),
            _ => None,
        };
        if let Some(ended) = ended {
            return Err(Refusal::invalid(format!("outcome does not fit: the transfer has {ended}")).into());
        }
        let was_paid_in =
            inbox::is_known(work, work.app().settings.sepa.rail.name(), &within::message_id(id))?;
        if was_paid_in {
            return Err(Refusal::invalid(
                "outcome does not fit: it went to an account of yours, which has it",
            )
            .into());
        }
        if transfer.state == State::Held {
            // The person is quicker than the job that hands it over, which then finds nothing to do.
            work.put(&Transfer { state: State::Submitted, ..transfer })?;
        }
        return match pay(work, order, status).await? {
            Verdict::Applied => {
                let (rail, decision) = (work.app().settings.sepa.rail.name(), decision_id(order));
                if !inbox::is_known(work, rail, &decision)? {
                    inbox::keep(work, rail, &decision, (Verdict::Applied, None), &())?;
                }
                Ok("transfer")
            }
            Verdict::Refused(why) => Err(Refusal::invalid(format!("outcome does not fit: {why}")).into()),
        };
    }
    decide_deposit_of(work, id, decided).await?;
    Ok("deposit")
}

/// Carries out a decision about a deposit.
pub(super) async fn decide_deposit_of(work: &mut Work<'_>, id: Uuid, decided: Decided) -> Result<(), Stop> {
    let deposit = work.object::<Deposit>(id)?.ok_or_else(|| Refusal::of(&P428))?;
    // Its holder may have changed since the touches were made.
    let holder = deposit.holder.into_iter().flat_map(touches_to_pay);
    work.load(&holder.collect::<Vec<_>>()).await?;
    if decided == Decided::Settle && recalls::open_one(work, deposit.recall).await?.is_some() {
        return Err(Refusal::invalid(format!("outcome does not fit: {}", recalls::ANSWER_FIRST)).into());
    }
    let keeper = keeper_of(work, deposit.holder);
    let sender = open_own::<Sender>(work, keeper, deposit.sealed.as_deref())?.unwrap_or_default();
    let handle = deposit.holder.and_then(|holder| work.holder_by_id(holder)?.handle.clone());
    let iban = Iban::parse(&sender.iban).ok().filter(|iban| !work.app().settings.sepa.is_ours(iban.as_str()));
    if let Some(iban) = &iban {
        let touch = contact::touch(work.app(), handle.as_deref(), iban);
        work.load(&[touch]).await?;
    }
    let contact = iban.map(|iban| contact::id_of(work.app(), handle.as_deref(), &iban));
    decide_deposit(work, deposit, (&sender, contact), decided)?;
    recalls::end_where_gone(work, id).await
}

fn decide_deposit(
    work: &mut Work<'_>,
    deposit: Deposit,
    (sender, contact): (&Sender, Option<Uuid>),
    decided: Decided,
) -> Result<(), Stop> {
    let no = |why: &str| Err(Refusal::invalid(format!("outcome does not fit: {why}")).into());
    match (deposit.state, decided) {
        (DepositState::Pending, Decided::Settle) => {
            approve(work, &deposit, sender, contact)?;
            match deposit.holder.filter(|holder| is_suspended(work, *holder)) {
                Some(_) => Ok(work.put(&Deposit { state: DepositState::Held, ..deposit })?),
                None => credit_from_suspense(work, deposit, sender),
            }
        }
        (DepositState::Pending, Decided::Reject(reason)) => {
            emit_status(work, &deposit, IbanStatusWord::Rejected);
            refund::begin(work, &deposit, sender, reason)
        }
        (DepositState::Unmatched | DepositState::Held | DepositState::Stuck, Decided::Reject(reason)) => {
            refund::begin(work, &deposit, sender, reason)
        }
        (DepositState::Unmatched | DepositState::Stuck, Decided::Settle) => {
            no("nobody knows whose money it is; an operator assigns it")
        }
        (DepositState::Held, Decided::Settle) => no("its user is suspended"),
        (_, Decided::Return(_)) => no("a deposit is settled or rejected"),
        (state, _) => no(&format!("the deposit is {state}")),
    }
}
