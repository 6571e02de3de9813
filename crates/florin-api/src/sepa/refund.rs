//! Money of the suspense account that goes back to its sender: a payment out like any other, of the book's system.

use super::deposit::{Deposit, DepositState, Sender};
use super::store::DEPOSITS;
use super::submit::leave;
use super::transfer::{Payee, RequestedSpeed, State, Transfer};
use crate::kit::book::sealed;
use crate::kit::book::work::Work;
use crate::kit::endpoint::refusal::Refusal;
use florin_rails::sepa::{Reason, Speed};
use florin_store::{Stop, StoreError, Touch};
use florin_types::Iban;
use uuid::Uuid;

/// What a command must touch when a payment ends that is a refund.
pub(super) fn touch(transfer: &Transfer) -> Option<Touch> {
    transfer.refunds.map(|deposit| Touch::Object(&DEPOSITS, deposit))
}

/// A refund that has ended needs its payee no more: what is known of the sender is in its deposit, and goes with its
/// holder.
pub(super) fn without_payee(transfer: &Transfer) -> Transfer {
    let sealed = if transfer.refunds.is_some() { None } else { transfer.sealed.clone() };
    Transfer { sealed, ..transfer.clone() }
}

/// Begins to send a deposit back, whose money is in suspense. The deposit is put as it then stands.
///
/// # Errors
/// P403 where the sender's account is not known: then there is no way back.
pub(super) fn begin(
    work: &mut Work<'_>,
    deposit: &Deposit,
    sender: &Sender,
    reason: Reason,
) -> Result<(), Stop> {
    if Iban::parse(&sender.iban).is_err() {
        return Err(Refusal::invalid("the sender's account is not known, so the money cannot go back").into());
    }
    let reason = Some(reason);
    work.put(&Deposit { state: DepositState::Returning, reason, ..deposit.clone() })?;
    let (id, partner, now) = (work.id(), work.book().partner(), work.now());
    let payee = Payee {
        iban: sender.iban.clone(),
        title: format!("Return {}", sender.title).trim_end().to_owned(),
        company: Some(sender.name.clone()),
        ..Payee::default()
    };
    let mut transfer = Transfer {
        id,
        holder: work.book().system(),
        amount: deposit.amount,
        fee: 0,
        speed: Speed::Standard,
        requested: RequestedSpeed::Standard,
        fell_back: None,
        state: State::Held,
        failure: None,
        refunds: Some(deposit.id),
        recall: None,
        // Whose money it was may not be known, or be erased before the bank has answered.
        sealed: Some(sealed::seal(work, partner, &payee)?),
        created_at: now,
        returned: 0,
        file: None,
    };
    leave(work, &mut transfer);
    Ok(work.put(&transfer)?)
}

/// Whether a payment can still settle: of a refund that had failed, the money must still wait.
pub(super) fn can_settle(work: &Work<'_>, transfer: &Transfer) -> Result<bool, StoreError> {
    let Some(deposit) = transfer.refunds.filter(|_| transfer.state == State::Failed) else { return Ok(true) };
    let deposit = work.object::<Deposit>(deposit)?;
    Ok(deposit.is_some_and(|deposit| deposit.state == DepositState::Stuck))
}

/// Notes how a refund ended.
pub(super) fn ended(work: &mut Work<'_>, deposit: Uuid, has_gone: bool) -> Result<(), Stop> {
    let found = work.object::<Deposit>(deposit)?;
    let deposit = found.ok_or_else(|| StoreError::unexpected("the deposit of a refund is gone"))?;
    let state = if has_gone { DepositState::Refunded } else { DepositState::Stuck };
    Ok(work.put(&Deposit { state, ..deposit })?)
}
