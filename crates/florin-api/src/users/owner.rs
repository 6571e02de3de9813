//! Whose money an operation moves: the partner's, or that of one of its users. The checks that every movement makes
//! stand here once.

use super::user::{Gate, existing, unknown_user};
use crate::kit::book::command::posting_refused;
use crate::kit::book::work::Work;
use crate::kit::endpoint::codes::P433;
use crate::kit::endpoint::refusal::Refusal;
use florin_ledger::PostingError;
use florin_store::{HolderId, Stop, Touch, Tx};
use florin_types::{CurrencyCode, ExternalUserId, format_minor};

/// Other words for the field that names who pays.
pub const PAYER_WORDS: &[&str] = &["source", "from", "sender", "payer", "debtor", "originator", "origin"];

/// Other words for the field that names who is paid.
pub const PAYEE_WORDS: &[&str] =
    &["destination", "to", "receiver", "recipient", "payee", "beneficiary", "creditor", "target"];

/// Other words for the field that names the one user whose money it is.
pub const USER_WORDS: &[&str] = &[
    "user",
    "customer",
    "client",
    "account",
    "holder",
    "owner",
    "destination",
    "to",
    "receiver",
    "recipient",
    "payee",
    "beneficiary",
    "target",
];

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

/// One side of a movement: whose it is, what it does, and the field that names it.
pub type Side<'a> = (&'a Owner, Role, &'a str);

/// The holders of all sides, where each may do what it does: P412 before P459 before P455, and of each the first side
/// before the next.
///
/// # Errors
/// P412, P459 or P455, with the side.
pub fn admit<const N: usize>(tx: &Tx, sides: [Side<'_>; N]) -> Result<[HolderId; N], Refusal> {
    let mut found = [(tx.book().partner(), None); N];
    for ((owner, _, field), found) in sides.iter().zip(&mut found) {
        if let Some(id) = owner.external_user_id() {
            let holder = existing(tx.holder(id)).map_err(|_| unknown_user(field, id))?;
            *found = (holder.id, Some(Gate::of(holder)));
        }
    }
    let check = |check: fn(Gate, Role) -> Result<(), Refusal>| {
        sides.iter().zip(&found).try_for_each(|((owner, role, field), (_, gate))| {
            let Some((gate, id)) = gate.zip(owner.external_user_id()) else { return Ok(()) };
            check(gate, *role).map_err(|refusal| Refusal::naming_field(refusal.code, field, id))
        })
    };
    check(|gate, role| if role == Role::Pays { gate.check_may_send() } else { Ok(()) })?;
    check(|gate, _| gate.check_verified())?;
    check(|gate, _| gate.check_active())?;
    Ok(found.map(|(holder, _)| holder))
}

/// Whether a touched holder is a suspended user.
pub fn is_suspended(tx: &Tx, holder: HolderId) -> bool {
    let is_user = holder != tx.book().partner();
    is_user && tx.holder_by_id(holder).is_some_and(|holder| Gate::of(holder).is_suspended)
}

/// What a posting that was not made means to a client; `needed` is what the source had to pay. P433 says whose balance
/// is too small, by the field that names the source, where the call has one, and by how much. A source that was left
/// out is often a mistake.
pub fn not_paid(
    work: &Work<'_>,
    error: PostingError,
    (source, field): (&Owner, Option<&str>),
    needed: i64,
) -> Stop {
    let PostingError::InsufficientFunds(key) = error else { return posting_refused(error) };
    let currency = work.app().currencies.get(key.currency);
    let (Some(account), Some(currency)) = (work.account(key), currency) else {
        return posting_refused(error);
    };
    let shown = |minor| format!("{} {}", format_minor(minor, currency.decimals), key.currency);
    let lacks = format!("{}, and needs {}", shown(account.available()), shown(needed));
    let why = match (source.external_user_id(), field) {
        (Some(id), Some(field)) => format!("{field} {id:?} has {lacks}"),
        (None, Some(field)) => {
            format!("your master balance pays, since no {field} was given: it has {lacks}")
        }
        (Some(id), None) => format!("{id:?} has {lacks}"),
        (None, None) => format!("your master balance has {lacks}"),
    };
    Refusal::because(&P433, why).into()
}
