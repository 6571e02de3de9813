//! What an operator does about cards: sees them, blocks and suspends them, and releases them. It is in the audit.

use super::card::{Card, CardStatus, check_room};
use super::store::{self, CARDS};
use crate::kit::app::App;
use crate::kit::book::audit::{self, Deed, MAX_OPERATOR};
use crate::kit::book::jobs::run_inside;
use crate::kit::book::registry::{PartnerBook, partner_books};
use crate::kit::book::work::Work;
use crate::kit::endpoint::refusal::Refusal;
use crate::users::Gate;
use florin_ledger::HolderId;
use florin_store::{BookId, Stop, StoreError, Touch};
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
            loop {
                let some = store::of_book(&mut snapshot, after).await?;
                let Some(last) = some.last() else { break };
                after = last.id;
                let mut ids: Vec<HolderId> = some.iter().map(|card| card.holder).collect();
                ids.sort_unstable();
                ids.dedup();
                let holders = snapshot.holders(&ids).await?.into_iter();
                let users: HashMap<_, _> = holders.map(|holder| (holder.id, holder.handle)).collect();
                all.extend(some.into_iter().map(|card| ShownCard {
                    id: card.id,
                    status: card.status.as_str(),
                    exp: card.printed_expiry(),
                    last4: card.last4,
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

    /// Lets a card that is blocked or suspended be used again, unless its user has locked it or is suspended: then it is
    /// locked. None: there is no such card.
    ///
    /// # Errors
    /// It is neither, or the user has ten others.
    pub async fn release(&self, id: Uuid) -> Result<Option<()>, StoreError> {
        let Some(book) = self.book_of(id).await? else { return Ok(None) };
        let deed = self.deed("cards.release", id);
        let command = async move |work: &mut Work<'_>| -> Result<(), Stop> {
            let card = of_work(work, id)?;
            if card.check_not_held().is_ok() {
                return Err(Refusal::invalid("the card is neither blocked nor suspended").into());
            }
            let others = store::of_holder(work.scope(), card.holder).await?;
            check_room(&others, work.now())?;
            work.load(&[Touch::Holder(card.holder)]).await?;
            // A suspended user has no active card.
            let is_suspended = work.holder_by_id(card.holder).is_some_and(|user| Gate::of(user).is_suspended);
            let is_locked = card.is_locked || is_suspended;
            let status = if is_locked { CardStatus::Locked } else { CardStatus::Active };
            work.put(&Card { status, is_locked, ..card })?;
            Ok(audit::note(work, &deed).await?)
        };
        run_inside(self.app, book, vec![Touch::Object(&CARDS, id)], command).await.map(Some)
    }

    fn deed(&self, action: &'static str, object: Uuid) -> Deed {
        Deed { operator: self.name.clone(), action, object, detail: String::new() }
    }

    async fn hold(
        &self,
        id: Uuid,
        action: &'static str,
        status: CardStatus,
    ) -> Result<Option<()>, StoreError> {
        let Some(book) = self.book_of(id).await? else { return Ok(None) };
        let deed = self.deed(action, id);
        let command = async move |work: &mut Work<'_>| -> Result<(), Stop> {
            let card = of_work(work, id)?;
            work.put(&Card { status, ..card })?;
            Ok(audit::note(work, &deed).await?)
        };
        run_inside(self.app, book, vec![Touch::Object(&CARDS, id)], command).await.map(Some)
    }

    async fn book_of(&self, id: Uuid) -> Result<Option<BookId>, StoreError> {
        for PartnerBook { book, .. } in partner_books(&self.app.store).await? {
            let mut snapshot = self.app.store.snapshot(book).await?;
            if !snapshot.objects_at::<Card>(&[id]).await?.is_empty() {
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
