//! How a withdrawal ends, and who is told where it stands.

use super::postings;
use super::withdrawal::{CryptoWithdrawalFailure, FAILED, GIVEN_BACK, SETTLED, State, Withdrawal};
use crate::crypto::deposits;
use crate::kit::book::command::posting_refused;
use crate::kit::book::work::{Event, Work};
use crate::kit::endpoint::events::EventType;
use florin_ledger::AccountKind;
use florin_store::{Stop, Touch};

/// Emits where a withdrawal stands.
pub(in crate::crypto) fn emit(work: &mut Work<'_>, withdrawal: &Withdrawal) {
    if withdrawal.returns.is_some() {
        // It is no withdrawal of the partner's: the deposit says that it went back.
        return;
    }
    let event = Event::about(EventType::CryptoWithdrawal, withdrawal.id).of_holder(withdrawal.holder);
    work.emit(event.with(withdrawal.moment()));
}

fn touches(withdrawal: &Withdrawal) -> [Touch; 4] {
    let of_house = |kind| Touch::SystemAccount(withdrawal.currency, kind);
    [
        Touch::HolderAccount(withdrawal.holder, withdrawal.currency),
        of_house(AccountKind::ChainSettlement),
        of_house(AccountKind::Fees),
        of_house(AccountKind::Suspense),
    ]
}

/// The transaction has its confirmations: the amount has left.
pub(in crate::crypto) async fn settle(work: &mut Work<'_>, withdrawal: Withdrawal) -> Result<(), Stop> {
    work.load(&touches(&withdrawal)).await?;
    let withdrawal = Withdrawal { state: State::Settled, waits: None, ..withdrawal };
    let (kind, posting) = match withdrawal.returns {
        None => (SETTLED.kind, postings::settle(&withdrawal)),
        Some(_) => (GIVEN_BACK.kind, postings::give_back(&withdrawal)),
    };
    work.post(kind, withdrawal.id, &posting, Vec::new()).map_err(posting_refused)?;
    if let Some(deposit) = withdrawal.returns {
        deposits::went_back(work, deposit, true).await?;
    }
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
    match withdrawal.returns {
        Some(deposit) => deposits::went_back(work, deposit, false).await?,
        None => work
            .post(FAILED.kind, withdrawal.id, &postings::release(&withdrawal), Vec::new())
            .map_err(posting_refused)?,
    }
    work.put(&withdrawal)?;
    emit(work, &withdrawal);
    Ok(())
}
