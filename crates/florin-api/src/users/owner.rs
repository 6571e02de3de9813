//! Whose money an operation moves: the partner's, or that of one of its users. The checks that every movement makes
//! stand here once.

use super::user::{Gate, existing};
use crate::kit::endpoint::refusal::Refusal;
use florin_store::{HolderId, Touch, Tx};
use florin_types::{CurrencyCode, ExternalUserId};

/// One side of a movement of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The partner's master balance.
    Partner,
    /// A user.
    User(ExternalUserId),
}

/// What a side does.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Pays: a user whose document has expired can't.
    Pays,
    /// Is paid.
    IsPaid,
}

impl Owner {
    /// The user, or the partner where none is named.
    pub fn of(user: Option<ExternalUserId>) -> Self {
        user.map_or(Self::Partner, Self::User)
    }

    /// The user's id, where it is a user.
    pub fn external_user_id(&self) -> Option<&str> {
        match self {
            Self::Partner => None,
            Self::User(id) => Some(id.as_str()),
        }
    }

    /// What a command must touch to move this owner's money: its holder and its main account.
    pub fn touch(&self, currency: CurrencyCode) -> Touch {
        match self {
            Self::Partner => Touch::PartnerAccount(currency),
            Self::User(id) => Touch::UserAccount(id.as_str().to_owned(), currency),
        }
    }
}

/// The holders of all sides, where each may do what it does: P412 before P459 before P455, and of each the first side
/// before the next.
///
/// # Errors
/// P412, P459 or P455.
pub fn admit<const N: usize>(tx: &Tx, sides: [(&Owner, Role); N]) -> Result<[HolderId; N], Refusal> {
    let mut found = [(tx.book().partner(), None); N];
    for ((owner, _), found) in sides.iter().zip(&mut found) {
        if let Some(id) = owner.external_user_id() {
            let holder = existing(tx.holder(id))?;
            *found = (holder.id, Some(Gate::of(holder)));
        }
    }
    let users = || sides.iter().zip(&found).filter_map(|((_, role), (_, gate))| Some((*role, (*gate)?)));
    users().filter(|(role, _)| *role == Role::Pays).try_for_each(|(_, gate)| gate.check_may_send())?;
    users().try_for_each(|(_, gate)| gate.check_verified())?;
    users().try_for_each(|(_, gate)| gate.check_active())?;
    Ok(found.map(|(holder, _)| holder))
}
