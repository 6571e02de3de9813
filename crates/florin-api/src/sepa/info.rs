//! `GET /v1/sepa-deposit/info/{externalUserId}` and its partner's twin: how a holder is paid. The partner's account is
//! made when it is asked for first.

use super::reference;
use crate::balances;
use crate::kit::prelude::*;
use crate::users::{self, Gate, UserId, require};

/// How money is sent to a holder.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepositInfo {
    /// What the payer should write into the title. Money to an account of its own needs no title; money to your master
    /// account with this title is the user's.
    #[schema(example = "FL7K2M9QX3V0TBAW")]
    title: String,
    /// The account to pay to.
    #[schema(example = "LT449999912345678901")]
    iban: String,
    /// The BIC of its bank.
    #[schema(example = "FLORLT2X")]
    swift: String,
    /// The name that the payer should give.
    #[schema(example = "Ada Lovelace")]
    account_holder: String,
    /// The address of the bank.
    #[schema(example = "Gedimino pr. 1, Vilnius, Lithuania")]
    address: String,
}

const ANSWER: &str = r#"{"title":"FL7K2M9QX3V0TBAW","iban":"LT449999912345678901","swift":"FLORLT2X",
    "accountHolder":"Ada Lovelace","address":"Gedimino pr. 1, Vilnius, Lithuania"}"#;

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let of_user = Endpoint {
        id: "getSepaDepositInfo",
        summary: "Get how a user is paid by SEPA",
        description: "The account to which the user sends money. It has to come from an account under the user's own \
                      name. A user who lives where there is no IBAN is paid at your master account, with the title.",
        answer: ANSWER,
        refusals: &[&P412, &P459],
        is_writing_get: true,
        ..get("/v1/sepa-deposit/info/{externalUserId}", get_info)
    };
    let of_partner = Endpoint {
        id: "getPartnerSepaDepositInfo",
        summary: "Get how your master balance is paid by SEPA",
        description: "The account of your master balance. Money whose title has a user's reference is the user's.",
        answer: ANSWER,
        is_writing_get: true,
        ..get("/v1/partner/sepa-deposit/info", get_partner_info)
    };
    [of_user, of_partner]
}

async fn get_info(context: Context, Path(user): Path<UserId>) -> Result<Success<DepositInfo>, Failure> {
    info(&context, Some(user.into_string())).await
}

async fn get_partner_info(context: Context) -> Result<Success<DepositInfo>, Failure> {
    info(&context, None).await
}

async fn info(context: &Context, user: Option<String>) -> Result<Success<DepositInfo>, Failure> {
    let touches = user.clone().map(Touch::User).into_iter().chain([Touch::Partner]).collect();
    context
        .run(None, touches, async move |work| {
            let partner = work.book().partner();
            let holder = match &user {
                Some(user) => Some(require(work.holder(user), user)?.clone()),
                None => None,
            };
            if let Some(holder) = &holder {
                Gate::of(holder).check_verified()?;
            }
            let app = work.app().clone();
            let id = holder.as_ref().map_or(partner, |holder| holder.id);
            let own = balances::iban_of(work.scope(), id).await?;
            let is_own = own.is_some();
            let iban = match own {
                Some(iban) => iban,
                None => balances::partner_iban(work).await?.into_string(),
            };
            let account_holder = match &holder {
                Some(holder) if is_own => {
                    users::find(work.scope(), holder.id).await?.profile(&app.seals, holder)?.full_name()
                }
                _ => app.settings.sepa.holder_name.clone(),
            };
            Ok(DepositInfo {
                title: reference::of(&app, id),
                iban,
                swift: app.settings.sepa.bic.clone(),
                account_holder,
                address: app.settings.sepa.bank_address.clone(),
            })
        })
        .await
}
