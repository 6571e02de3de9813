//! How a withdrawal ends, and who is told where it stands.

use super::postings;
use super::withdrawal::{CryptoWithdrawalFailure, FAILED, SETTLED, State, Withdrawal};
use crate::kit::book::command::posting_refused;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use florin_ledger::AccountKind;
use florin_store::{Stop, Touch};

/// Emits where a withdrawal stands.
pub(in crate::crypto) fn emit(work: &mut Work<'_>, withdrawal: &Withdrawal) {
    let event = Event::about(EventType::CryptoWithdrawal, withdrawal.id).of_holder(withdrawal.holder);
    work.emit(event.with(withdrawal.moment()));
}

fn touches(withdrawal: &Withdrawal) -> [Touch; 3] {
    let of_house = |kind| Touch::SystemAccount(withdrawal.currency, kind);
    [
        Touch::HolderAccount(withdrawal.holder, withdrawal.currency),
        of_house(AccountKind::ChainSettlement),
        of_house(AccountKind::Fees),
    ]
}

/// The transaction has its confirmations: the amount has left.
pub(in crate::crypto) async fn settle(work: &mut Work<'_>, withdrawal: Withdrawal) -> Result<(), Stop> {
    work.load(&touches(&withdrawal)).await?;
    let withdrawal = Withdrawal { state: State::Settled, waits: None, ..withdrawal };
    work.post(SETTLED.kind, withdrawal.id, &postings::settle(&withdrawal), Vec::new())
        .map_err(posting_refused)?;
    work.put(&withdrawal)?;
    emit(work, &withdrawal);
    Ok(())
}

/// The money never left: it can be spent again.
pub(in crate::crypto) async fn fail(
    work: &mut Work<'_>,
    withdrawal: Withdrawal,
    code: CryptoWithdrawalFailure,
) -> Result<(), Stop> {
    work.load(&touches(&withdrawal)).await?;
    let withdrawal = Withdrawal { state: State::Failed, failure: Some(code), waits: None, ..withdrawal };
    work.post(FAILED.kind, withdrawal.id, &postings::release(&withdrawal), Vec::new())
        .map_err(posting_refused)?;
    work.put(&withdrawal)?;
    emit(work, &withdrawal);
    Ok(())
}
