//! What an authorisation is decided by, as it is read: in the command that decides, or before it, for the question that
//! the partner is asked.

use super::authorise::{self, Authorisation, AuthorisationTarget};
use super::postings::EUR;
use super::store::PAYMENTS;
use crate::cards::card::Card;
use crate::cards::challenge::{self, CardChallenge};
use crate::cards::payment::CardPayment;
use crate::cards::store::CARDS;
use crate::cards::tries::CardTries;
use crate::cards::usage::CardUsage;
use crate::kit::book::work::Work;
use florin_ledger::{Account, AccountKey};
use florin_store::{Holder, Scope, StoreError, Touch};

/// What is read.
pub(super) struct Known {
    /// The card.
    pub card: Card,
    /// Whose it is.
    pub holder: Holder,
    /// What is used of its limits.
    pub usage: CardUsage,
    /// Its wrong PINs and CVVs.
    pub tries: CardTries,
    /// The transaction of which more is authorised.
    pub payment: Option<CardPayment>,
    /// The challenge that the merchant refers to.
    pub challenge: Option<CardChallenge>,
    /// Cents that the user can spend.
    pub available: i64,
}

fn no_holder() -> StoreError {
    StoreError::unexpected("a card without a holder")
}

impl Known {
    /// Reads it in a command. None: there is no such card.
    pub async fn load(work: &mut Work<'_>, asked: &Authorisation) -> Result<Option<Self>, StoreError> {
        work.load(&[Touch::Object(&CARDS, asked.card)]).await?;
        let Some(card) = work.object::<Card>(asked.card)? else { return Ok(None) };
        let mut all = authorise::touches(card.id, card.holder);
        all.extend(asked.challenge.map(challenge::touch));
        if let AuthorisationTarget::More(id, _) = asked.wanted {
            all.push(Touch::Object(&PAYMENTS, id));
        }
        work.load(&all).await?;
        let holder = work.holder_by_id(card.holder).cloned().ok_or_else(no_holder)?;
        let usage = work.object::<CardUsage>(card.id)?.unwrap_or_else(|| CardUsage::new(card.id));
        let tries = work.object::<CardTries>(card.id)?.unwrap_or_else(|| CardTries::none(card.id));
        let payment = match asked.wanted {
            AuthorisationTarget::More(id, _) => work.object::<CardPayment>(id)?,
            AuthorisationTarget::New(_) => None,
        };
        let challenge = match asked.challenge {
            Some(id) => work.object::<CardChallenge>(id)?,
            None => None,
        };
        let account = work.account(AccountKey::main(card.holder, EUR));
        Ok(Some(Self::of((card, holder), (usage, tries), payment, challenge, account.as_ref())))
    }

    /// Reads it of a snapshot. None: there is no such card.
    pub async fn read(scope: &mut Scope, asked: &Authorisation) -> Result<Option<Self>, StoreError> {
        let Some(card) = scope.objects_at::<Card>(&[asked.card]).await?.pop() else { return Ok(None) };
        let holder = scope.holders(&[card.holder]).await?.pop().ok_or_else(no_holder)?;
        let usage = scope.objects_at::<CardUsage>(&[card.id]).await?.pop();
        let usage = usage.unwrap_or_else(|| CardUsage::new(card.id));
        let tries = scope.objects_at::<CardTries>(&[card.id]).await?.pop();
        let tries = tries.unwrap_or_else(|| CardTries::none(card.id));
        let payment = match asked.wanted {
            AuthorisationTarget::More(id, _) => scope.objects_at::<CardPayment>(&[id]).await?.pop(),
            AuthorisationTarget::New(_) => None,
        };
        let challenge = match asked.challenge {
            Some(id) => scope.objects_at::<CardChallenge>(&[id]).await?.pop(),
            None => None,
        };
        let account = scope.accounts(card.holder, &[EUR]).await?.pop();
        Ok(Some(Self::of((card, holder), (usage, tries), payment, challenge, account.as_ref())))
    }

    fn of(
        (card, holder): (Card, Holder),
        (usage, tries): (CardUsage, CardTries),
        payment: Option<CardPayment>,
        challenge: Option<CardChallenge>,
        account: Option<&Account>,
    ) -> Self {
        let payment = payment.filter(|payment| payment.card == card.id);
        let available = account.map_or(0, Account::available);
        Self { card, holder, usage, tries, payment, challenge, available }
    }
}
