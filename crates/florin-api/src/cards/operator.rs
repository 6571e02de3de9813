//! What an operator does about cards: sees them, blocks and suspends them, and releases them. It is in the audit.

use super::card::{Card, CardStatus, check_room};
use super::store::{self, CARDS, TRIES};
use super::tries::CardTries;
use crate::kit::app::App;
use crate::kit::book::audit::{self, Deed, MAX_OPERATOR};
use crate::kit::book::jobs::run_inside;
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::kit::book::work::Work;
use crate::kit::endpoint::refusal::Refusal;
use crate::users::Gate;
use florin_ledger::HolderId;
use florin_store::{BookId, Object, Stop, StoreError, Touch};
use florin_types::{Text, Timestamp};
use std::collections::HashMap;
use uuid::Uuid;

/// Somebody of the operator's, at the command line.
pub struct CardOperator<'a> {
    /// The platform.
    pub app: &'a App,
    /// Who it is, for the audit.
    pub name: Text<MAX_OPERATOR>,
}

/// A card, as an operator sees it: nothing by which somebody could pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownCard {
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub status: &'static str,
    /// The last digits of its number.
    pub last4: String,
    /// The last month in which it can be used.
    pub exp: String,
    /// Whether no PIN is checked, and whether no CVV is: too many were wrong.
    pub locks: (bool, bool),
    /// Cents of fees that are owed.
    pub fee_owed: i64,
    /// Whose partner's.
    pub partner: String,
    /// The partner's id of the user.
    pub user: Option<String>,
    /// When it was made.
    pub since: Timestamp,
}

impl CardOperator<'_> {
    /// All cards that are not deleted, of all partners, the oldest first within each.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(&self) -> Result<Vec<ShownCard>, StoreError> {
        let mut all = Vec::new();
        for PartnerBook { book, name, .. } in partner_books(&self.app.store).await? {
            let (mut snapshot, mut after) = (self.app.store.snapshot(book).await?, Uuid::nil());
            let now = snapshot.book_row().now(self.app.wall());
            loop {
                let some = store::of_book(&mut snapshot, after).await?;
                let Some(last) = some.last() else { break };
                after = last.id;
                let mut ids: Vec<HolderId> = some.iter().map(|card| card.holder).collect();
                ids.sort_unstable();
                ids.dedup();
                let holders = snapshot.holders(&ids).await?.into_iter();
                let users: HashMap<_, _> = holders.map(|holder| (holder.id, holder.handle)).collect();
                let ids: Vec<Uuid> = some.iter().map(|card| card.id).collect();
                let tries = snapshot.objects_at::<CardTries>(&ids).await?.into_iter();
                let locks = |tries: &CardTries| (tries.locks_pin(), tries.locks_cvv(now));
                let locks: HashMap<_, _> = tries.map(|tries| (tries.card, locks(&tries))).collect();
                all.extend(some.into_iter().map(|card| ShownCard {
                    id: card.id,
                    status: card.status.as_str(),
                    exp: card.printed_expiry(),
                    last4: card.last4,
                    locks: locks.get(&card.id).copied().unwrap_or_default(),
                    fee_owed: card.fee_owed,
                    partner: name.clone(),
                    user: users.get(&card.holder).cloned().flatten(),
                    since: card.created_at,
                }));
            }
        }
        Ok(all)
    }

    /// Blocks a card. None: there is no such card.
    ///
    /// # Errors
    /// It is deleted.
    pub async fn block(&self, id: Uuid) -> Result<Option<()>, StoreError> {
        self.hold(id, "cards.block", CardStatus::Blocked).await
    }

    /// Suspends a card for a while. None: there is no such card.
    ///
    /// # Errors
    /// It is deleted.
    pub async fn suspend(&self, id: Uuid) -> Result<Option<()>, StoreError> {
        self.hold(id, "cards.suspend", CardStatus::Suspended).await
    }

    /// Lets a card that is blocked or suspended be used again, unless its user has locked it or is suspended: then it
    /// is locked. Lets PINs and CVVs be checked again of which too many were wrong. None: there is no such card.
    ///
    /// # Errors
    /// There is nothing to release, or the user has ten other cards.
    pub async fn release(&self, id: Uuid) -> Result<Option<()>, StoreError> {
        let Some(book) = self.book_with::<Card>(id).await? else { return Ok(None) };
        let operator = self.name.clone();
        let command = async move |work: &mut Work<'_>| -> Result<(), Stop> {
            let card = of_work(work, id)?;
            if card.check_not_held().is_err() {
                check_room(&store::of_holder(work.scope(), card.holder).await?, work.now())?;
                work.load(&[Touch::Holder(card.holder)]).await?;
            }
            let detail = release(work, card)?;
            let deed = Deed { operator: operator.clone(), action: "cards.release", object: id, detail };
            Ok(audit::note(work, &deed).await?)
        };
        run_inside(self.app, book, touches(id), command).await.map(Some)
    }

    async fn hold(
        &self,
        id: Uuid,
        action: &'static str,
        status: CardStatus,
    ) -> Result<Option<()>, StoreError> {
        let Some(book) = self.book_with::<Card>(id).await? else { return Ok(None) };
        let deed = Deed { operator: self.name.clone(), action, object: id, detail: String::new() };
        let command = async move |work: &mut Work<'_>| -> Result<(), Stop> {
            let card = of_work(work, id)?;
            work.put(&Card { status, ..card })?;
            Ok(audit::note(work, &deed).await?)
        };
        run_inside(self.app, book, touches(id), command).await.map(Some)
    }

    /// The book of a card, or of something else.
    pub(super) async fn book_with<T: Object>(&self, id: Uuid) -> Result<Option<BookId>, StoreError> {
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            if !snapshot.objects_at::<T>(&[id]).await?.is_empty() {
                return Ok(Some(book));
            }
        }
        Ok(None)
    }
}

/// A card that is there and not deleted.
fn of_work(work: &Work<'_>, id: Uuid) -> Result<Card, Stop> {
    let card = work.object::<Card>(id)?.ok_or_else(|| StoreError::unexpected("a card is gone"))?;
    match card.status {
        CardStatus::Deleted => Err(Refusal::invalid("the card is deleted").into()),
        _ => Ok(card),
    }
}

fn touches(id: Uuid) -> Vec<Touch> {
    vec![Touch::Object(&CARDS, id), Touch::Object(&TRIES, id)]
}

/// Releases a card, and answers what of it beside its status.
fn release(work: &mut Work<'_>, card: Card) -> Result<String, Stop> {
    let tries = work.object::<CardTries>(card.id)?.unwrap_or_else(|| CardTries::none(card.id));
    let (locks_pin, locks_cvv) = (tries.locks_pin(), tries.locks_cvv(work.now()));
    let is_held = card.check_not_held().is_err();
    if !is_held && !locks_pin && !locks_cvv {
        let why = "the card is neither blocked nor suspended, and neither its PIN nor its CVV is locked";
        return Err(Refusal::invalid(why).into());
    }
    if tries != CardTries::none(card.id) {
        work.put(&CardTries::none(card.id))?;
    }
    if is_held {
        // A suspended user has no active card.
        let is_suspended = work.holder_by_id(card.holder).is_some_and(|user| Gate::of(user).is_suspended);
        let is_locked = card.is_locked || is_suspended;
        let status = if is_locked { CardStatus::Locked } else { CardStatus::Active };
        work.put(&Card { status, is_locked, ..card })?;
    }
    let released = [(locks_pin, "PIN"), (locks_cvv, "CVV")];
    let released = released.into_iter().filter_map(|(is_locked, what)| is_locked.then_some(what));
    Ok(released.collect::<Vec<_>>().join(", "))
}
