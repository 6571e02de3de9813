//! `PATCH /v1/crypto-deposit/update-travel-rule/{cryptoDepositId}` and the same below `/v1/partner`: who sent a deposit.

use super::arrive::{credit_from_suspense, touches_of};
use super::deposit::{Deposit, DepositState};
use super::details::CryptoDepositId;
use crate::crypto::party::party_of;
use crate::kit::book::sealed;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use florin_travel::{
    Deposit as Explained, Details, ExplainError, MAX_LINE, MAX_NAME, MAX_SHORT, WalletType, explain_deposit,
};

words! {
    /// Who holds the keys of the wallet that a deposit came from.
    pub enum SenderWalletType {
        /// A provider, such as an exchange.
        Custodial = "CUSTODIAL",
        /// The sender alone.
        SelfCustody = "SELF_CUSTODY",
        /// Another word for `SELF_CUSTODY`, which older clients send.
        NonCustodial = "NON_CUSTODIAL",
    }
}

/// Who sent a deposit. `user` is whose the deposit is said to be, where it is said.
struct TravelRuleRequest<const OF_PARTNER: bool> {
    details: Details,
    user: Option<ExternalUserId>,
}

impl<const OF_PARTNER: bool> Request for TravelRuleRequest<OF_PARTNER> {
    const NAME: &'static str = if OF_PARTNER { "PartnerTravelRuleRequest" } else { "TravelRuleRequest" };
    const ABOUT: &'static str = "Who sent a crypto deposit.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "Who holds the keys of the wallet that sent it.";
        let wallet_type = fields.required("walletType").about(about).text();
        let user = match OF_PARTNER {
            true => None,
            false => fields.optional("externalUserId").about("The user whose deposit it is.").text(),
        };
        let about = "The sender: `iAmOwnerOfWallet`; or a person by `firstName`, `lastName` and the whole address; or \
                     a company by `companyName` and `vatId`.";
        let wallet = match wallet_type {
            Some(SenderWalletType::Custodial) => WalletType::Custodial,
            _ => WalletType::SelfCustody,
        };
        let details =
            fields.required("details").about(about).object(|inner| Some(read_details(inner, wallet)));
        wallet_type?;
        let details = details?;
        Some(Self { details, user })
    }
}

fn read_details(fields: &mut Fields<'_>, wallet_type: WalletType) -> Details {
    let about = "Whether the wallet is the user's own, or yours for your master balance. Then nothing else is needed.";
    let i_am_owner_of_wallet = fields.optional("iAmOwnerOfWallet").about(about).boolean().unwrap_or(false);
    let about = "The provider that holds the keys, with `CUSTODIAL`.";
    Details {
        wallet_type,
        i_am_owner_of_wallet,
        first_name: fields.optional("firstName").about("Given names.").text::<Text<{ MAX_NAME }>>(),
        last_name: fields.optional("lastName").about("Family name.").text(),
        city: fields.optional("city").about("Town.").text::<Text<{ MAX_LINE }>>(),
        street: fields.optional("street").about("Street and number.").text(),
        post_code: fields.optional("postCode").about("Postal code.").text::<Text<{ MAX_SHORT }>>(),
        country: fields.optional("country").about("Country, by ISO 3166-1 alpha-2.").text::<Country>(),
        company_name: fields.optional("companyName").about("Name of a company.").text(),
        vat_id: fields.optional("vatId").about("A company's VAT number.").text(),
        vasp_name: fields.optional("vaspName").about(about).text(),
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let of_user = Endpoint {
        id: "updateTravelRule",
        summary: "Say who sent a user's crypto deposit",
        ..described(patch(
            "/v1/crypto-deposit/update-travel-rule/{cryptoDepositId}",
            update_travel_rule::<false>,
        ))
    };
    let of_partner = Endpoint {
        id: "updatePartnerTravelRule",
        summary: "Say who sent a crypto deposit to your master balance",
        ..described(patch(
            "/v1/partner/crypto-deposit/update-travel-rule/{cryptoDepositId}",
            update_travel_rule::<true>,
        ))
    };
    [of_user, of_partner]
}

fn described(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        description: "Answers a deposit that is `WAITING_FOR_TR_DATA` (Regulation (EU) 2023/1113). It is credited then, \
                      and the event `crypto_deposit` says so. What you send is kept in the form of IVMS 101, encrypted.",
        example: r#"{"walletType":"SELF_CUSTODY","details":{"iAmOwnerOfWallet":true}}"#,
        answer: r#"{"message":"Travel rule data updated successfully"}"#,
        refusals: &[&P442, &P446],
        ..endpoint
    }
}

async fn update_travel_rule<const OF_PARTNER: bool>(
    context: Context,
    Path(id): Path<CryptoDepositId>,
    call: Call<TravelRuleRequest<OF_PARTNER>>,
) -> Result<Success<Message>, Failure> {
    let Call { request: TravelRuleRequest { details, user }, keyed } = call;
    let id = id.require()?;
    let mut snapshot = context.snapshot().await?;
    let deposit = snapshot.objects_at::<Deposit>(&[id]).await?.pop();
    let is_of_partner = |deposit: &Deposit| deposit.holder == deposit.holder.book().partner();
    let deposit = deposit.filter(|deposit| is_of_partner(deposit) == OF_PARTNER);
    let deposit = deposit.ok_or_else(|| Refusal::of(&P442))?;
    let party = party_of(&context, &mut snapshot, deposit.holder).await?;
    drop(snapshot);
    if user.is_some_and(|user| party.handle.as_deref() != Some(user.as_str())) {
        return Err(Refusal::of(&P442).into());
    }
    let from: Vec<&str> = deposit.sender.as_deref().into_iter().collect();
    let explained = explain_deposit(&Explained {
        details: &details,
        beneficiary: &party.party,
        from: &from,
        to: &deposit.address,
        operator: None,
    });
    let explained = explained.map_err(|error| match error {
        ExplainError::Missing(missing) => {
            let names: Vec<_> = missing.iter().map(|field| format!("details.{field} is required")).collect();
            Refusal::invalid(names.join(". "))
        }
        ExplainError::PersonAndCompany => Refusal::invalid("details must name either a person or a company"),
    })?;
    context
        .run(keyed, touches_of(&[deposit]), async move |work| {
            let deposit = work.object::<Deposit>(id)?.ok_or_else(|| Refusal::of(&P442))?;
            if deposit.state != DepositState::TravelRule {
                let status = deposit.state.status();
                return Err(Refusal::because(&P446, format_args!("it is {status}")).into());
            }
            let sealed = Some(sealed::seal(work, deposit.holder, &explained)?);
            credit_from_suspense(work, Deposit { sealed, ..deposit })?;
            Ok(Message::new("Travel rule data updated successfully"))
        })
        .await
}
