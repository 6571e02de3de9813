//! What a decision on a user's verification does, whoever makes it.

use super::change::{AttemptSecret, Begin, begin, change};
use super::documents::{Details, expires_at};
use super::expire::leave_expiry;
use super::standing::{Method, RejectionReason, may_decide};
use super::store;
use crate::balances::generate;
use crate::kit::book::work::Work;
use crate::kit::endpoint::codes::P464;
use crate::kit::endpoint::refusal::Refusal;
use crate::users::{self, Gate, require};
use florin_store::{Holder, Stop};
use florin_types::Date;
use uuid::Uuid;

/// A reviewer's decision.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The person is who the profile says.
    Approve,
    /// The person is not, or it cannot be seen.
    Reject(RejectionReason),
}

impl Decision {
    /// The word that is kept with an attempt.
    const fn word(self) -> &'static str {
        match self {
            Self::Approve => "APPROVED",
            Self::Reject(reason) => reason.as_str(),
        }
    }

    /// The detail that the audit keeps. It never changes, whatever the cases here are called.
    pub(super) fn in_audit(self) -> String {
        match self {
            Self::Approve => "Approve".to_owned(),
            Self::Reject(reason) => format!("Reject(\"{}\")", reason.as_str()),
        }
    }
}

/// Carries a decision out on a touched user. Where nothing is open to decide on, it is an attempt of its own.
pub async fn decide(
    work: &mut Work<'_>,
    user: &str,
    (decision, by): (Decision, &str),
    secret: &AttemptSecret,
) -> Result<(), Stop> {
    let holder = require(work.holder(user), user)?.clone();
    let current = store::find(work.scope(), holder.id).await?;
    may_decide(current.as_ref().map(|current| current.standing)).map_err(Refusal::of)?;
    if decision == Decision::Approve && !users::find(work.scope(), holder.id).await?.terms_accepted {
        return Err(Refusal::of(&P464).into());
    }
    let (attempt, standing, details) = match current {
        Some(current) if current.standing.takes_decision() => {
            let details = current.details(&work.app().seals, holder.secret.as_deref())?;
            (current.attempt, current.standing, details)
        }
        before => {
            let new = Begin {
                before: before.as_ref(),
                method: Method::Reviewer,
                details: Details::default(),
                expires_at: None,
            };
            let (attempt, standing) = begin(work, &holder, new, secret).await?;
            (attempt, standing, Details::default())
        }
    };
    store::set_decision(work, attempt, decision.word(), by).await?;
    match decision {
        Decision::Reject(reason) => change(work, &holder, (attempt, standing.rejected(reason))).await?,
        Decision::Approve => {
            change(work, &holder, (attempt, standing.approved())).await?;
            let waits_for_data = standing.method != Method::Reviewer && details.document.is_none();
            open_gate(work, &holder, !waits_for_data).await?;
            leave_expiry_of(work, user, attempt, &details);
        }
    }
    Ok(())
}

/// Lets a known user through, with balances where nothing else is waited for and there are none yet.
pub(super) async fn open_gate(work: &mut Work<'_>, holder: &Holder, with_balances: bool) -> Result<(), Stop> {
    let gate = Gate::of(holder);
    let makes_balances = with_balances && !gate.is_verified;
    let is_verified = gate.is_verified || makes_balances;
    // Who renews an expired verification sends everything again, as the first time.
    let gate =
        Gate { is_verified, is_identified: true, is_expired: gate.is_expired && !with_balances, ..gate };
    work.set_gate(holder.handle.as_deref().unwrap_or_default(), gate.bits())?;
    if makes_balances {
        generate(work, holder).await?;
    }
    Ok(())
}

/// Leaves the job that ends a verification with its document.
pub(super) fn leave_expiry_of(work: &mut Work<'_>, user: &str, attempt: Uuid, details: &Details) {
    let last_day = details.document.as_ref().and_then(|document| Date::parse(&document.expires).ok());
    if let Some(last_day) = last_day {
        leave_expiry(work, user, attempt, expires_at(last_day));
    }
}
