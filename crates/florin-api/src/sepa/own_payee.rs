//! Verification of Payee for accounts of our own: a name, compared with that of the account's holder. For our partners'
//! calls and for other banks.

use super::people::People;
use crate::balances;
use crate::kit::app::App;
use crate::users::Gate;
use florin_rails::sepa::PayeeCheck;
use florin_store::StoreError;
use florin_types::Iban;
use florin_types::payee::{Comparison, compare_company, compare_person};

/// A name, compared.
pub(super) struct Compared {
    pub(super) check: PayeeCheck,
    /// Whether the holder is a company: the partner's own account.
    pub(super) is_company: bool,
}

/// Compares a name with that of an account of any book; none where there is no such account, or no longer.
pub(super) async fn compare(app: &App, iban: &Iban, name: &str) -> Result<Option<Compared>, StoreError> {
    let Some(holder) = balances::holder_anywhere(app, iban).await? else { return Ok(None) };
    let mut snapshot = app.store.snapshot(holder.book()).await?;
    let people = People::load(app, &mut snapshot, [holder].into_iter()).await?;
    // The data of a user that was deleted is kept for years.
    if people.holder(holder).is_none_or(|holder| Gate::of(holder).is_closed) {
        return Ok(None);
    }
    let (is_company, comparison, own_name) = match people.profile(holder) {
        Some(profile) => {
            let (first, last) = (profile.first_name.as_deref(), profile.last_name.as_deref());
            let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
            (false, compare_person(name, first, last), profile.full_name())
        }
        None if holder == holder.book().partner() => {
            let own_name = app.settings.sepa.holder_name.clone();
            (true, compare_company(name, &own_name), own_name)
        }
        None => return Ok(None),
    };
    let check = match comparison {
        Comparison::Match => PayeeCheck::Match,
        Comparison::CloseMatch => PayeeCheck::CloseMatch(own_name),
        Comparison::NoMatch => PayeeCheck::NoMatch,
        Comparison::NotPossible => PayeeCheck::NotPossible("the name cannot be compared"),
    };
    Ok(Some(Compared { check, is_company }))
}
