//! Who takes part in payments: holders with their profiles, read as sets.

use super::hear::can_keep;
use crate::balances;
use crate::kit::app::App;
use crate::users::{self, Profile};
use florin_ledger::HolderId;
use florin_rails::sepa::Party;
use florin_store::{Holder, Scope, StoreError};
use florin_types::Iban;
use std::collections::HashMap;

/// Longest name, or part of one, in a SEPA message.
pub(super) const MAX_NAME: usize = 70;

/// Holders by number, with what is known of those that are users.
pub struct People(HashMap<HolderId, (Holder, Option<Profile>)>);

impl People {
    /// Reads them as sets.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn load(
        app: &App,
        scope: &mut Scope,
        ids: impl Iterator<Item = HolderId>,
    ) -> Result<Self, StoreError> {
        let mut ids: Vec<HolderId> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        let users = users::find_many(scope, &ids).await?;
        let users: HashMap<_, _> = users.into_iter().map(|user| (user.holder, user)).collect();
        let of_holder = |holder: Holder| {
            let user = users.get(&holder.id);
            let profile = user.map(|user| user.profile(&app.seals, &holder)).transpose()?;
            Ok((holder.id, (holder, profile)))
        };
        scope.holders(&ids).await?.into_iter().map(of_holder).collect::<Result<_, _>>().map(Self)
    }

    /// A holder that was loaded.
    pub fn holder(&self, id: HolderId) -> Option<&Holder> {
        self.0.get(&id).map(|(holder, _)| holder)
    }

    /// Under whose key what is known of a deposit is kept: as `keeper_of` says it in a command. The deposit's holder
    /// and the partner must have been loaded.
    pub(super) fn keeper(&self, holder: Option<HolderId>, partner: HolderId) -> Option<&Holder> {
        let of_holder = holder.and_then(|id| self.holder(id)).filter(|holder| can_keep(holder));
        of_holder.or_else(|| self.holder(partner))
    }

    /// What is known of a holder that is a user.
    pub fn profile(&self, id: HolderId) -> Option<&Profile> {
        self.0.get(&id)?.1.as_ref()
    }

    /// A holder that is a user, with what is known of it.
    pub fn user(&self, id: HolderId) -> Option<(&Holder, &Profile)> {
        let (holder, profile) = self.0.get(&id)?;
        profile.as_ref().map(|profile| (holder, profile))
    }

    /// The name and the account of a holder of ours, as other banks see them. Users of countries without IBANs have
    /// the house's account.
    pub(super) async fn party(
        &self,
        app: &App,
        scope: &mut Scope,
        id: HolderId,
    ) -> Result<Party, StoreError> {
        let sepa = &app.settings.sepa;
        let name = self.profile(id).map_or_else(|| sepa.holder_name.clone(), Profile::full_name);
        let iban = match balances::iban_of(scope, id).await? {
            Some(iban) => Iban::parse(&iban).map_err(StoreError::unexpected)?,
            None => sepa.house_iban(),
        };
        Ok(Party { name, iban })
    }
}
