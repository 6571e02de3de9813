//! `PATCH /v1/crypto-deposit/update-travel-rule/{cryptoDepositId}`, and the same below `/v1/partner`: who sent
//! a deposit.

use super::arrive::{credit_from_suspense, touches_of};
use super::deposit::{Deposit, DepositState};
use super::details::CryptoDepositId;
use crate::crypto::party::{Known, party_of};
use crate::kit::book::sealed;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::users::require;
use florin_travel::ivms101::IdentityPayload;
use florin_travel::{
    Company, Deposit as Explained, Details, ExplainError, Identity, MAX_LINE, MAX_NAME, MAX_SHORT, Party,
    WalletType, explain_deposit,
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
            false => fields
                .optional("externalUserId")
                .about(
                    "The user whose deposit it is; another user's is P442. If omitted, it is not compared.",
                )
                .text(),
        };
        let about = "The sender: `iAmOwnerOfWallet`; or a person by `firstName`, `lastName`, `street`, `city`, \
                     `postCode` and `country`; or a company by `companyName` and `vatId`.";
        let wallet = match wallet_type {
            Some(SenderWalletType::Custodial) => WalletType::Custodial,
            _ => WalletType::SelfCustody,
        };
        let details = fields.required("details").about(about).object(|inner| {
            let details = read_details(inner, wallet);
            let given: Vec<_> = SENDER.into_iter().filter(|field| inner.is_given(field)).collect();
            Some((details, given))
        });
        wallet_type?;
        let (details, given) = details?;
        match explain(&details, &nobody(), (None, "")) {
            Err(ExplainError::Missing(missing)) => {
                // Of a field that was given and could not be read it was said what is wrong.
                let missing = missing.iter().map(|field| field.as_str());
                missing
                    .filter(|field| !given.contains(field))
                    .for_each(|field| fields.fail_of(&["details.", field, " is required"]));
                return None;
            }
            Err(ExplainError::PersonAndCompany) => {
                fields.fail("details must name either a person or a company");
                return None;
            }
            Ok(_) => {}
        }
        Some(Self { details, user })
    }
}

/// What says who a sender is.
const SENDER: [&str; 8] =
    ["firstName", "lastName", "street", "city", "postCode", "country", "companyName", "vatId"];

fn read_details(fields: &mut Fields<'_>, wallet_type: WalletType) -> Details {
    let about = "Whether the wallet is the user's own, or yours for your master balance. Then nothing else is needed.";
    let i_am_owner_of_wallet = fields.optional("iAmOwnerOfWallet").about(about).boolean().unwrap_or(false);
    let about = "The name of the provider that holds the keys. Only read with `CUSTODIAL`.";
    Details {
        wallet_type,
        i_am_owner_of_wallet,
        first_name: fields.optional("firstName").about("Given names.").text::<Text<{ MAX_NAME }>>(),
        last_name: fields.optional("lastName").about("Family name.").text(),
        city: fields.optional("city").about("The town.").text::<Text<{ MAX_LINE }>>(),
        street: fields.optional("street").about("The street, with the number.").text(),
        post_code: fields.optional("postCode").about("The postal code.").text::<Text<{ MAX_SHORT }>>(),
        country: fields.optional("country").about("The country, ISO 3166-1 alpha-2.").text::<Country>(),
        company_name: fields
            .optional("companyName")
            .about("The name of a company. Not together with the name of a person.")
            .text(),
        vat_id: fields.optional("vatId").about("The company's VAT number.").text(),
        vasp_name: fields.optional("vaspName").about(about).text(),
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let of_user = Endpoint {
        id: "updateTravelRule",
        summary: "Say who sent a user's crypto deposit",
        refusals: &[&P412, &P442, &P446],
        example: r#"{"walletType":"SELF_CUSTODY","externalUserId":"$user","details":{"iAmOwnerOfWallet":true}}"#,
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
        description: "Answers a deposit that is `WAITING_FOR_TR_DATA` (Regulation (EU) 2023/1113). It is credited \
                      then, and the event `crypto_deposit` says so. What you send is kept in the form of IVMS 101, \
                      encrypted.",
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
    let partner = snapshot.book().partner();
    let is_meant = |deposit: &Deposit| deposit.pays.is_none() && (deposit.holder == partner) == OF_PARTNER;
    let deposit = snapshot.objects_at::<Deposit>(&[id]).await?.pop().filter(is_meant);
    let owner = match &deposit {
        Some(deposit) => Some(party_of(&context, &mut snapshot, deposit.holder).await?),
        None => None,
    };
    drop(snapshot);
    let mut touches = touches_of(deposit.as_slice());
    touches.extend(user.as_ref().map(|user| Touch::User(user.as_str().to_owned())));
    context
        .run(keyed, touches, async move |work| {
            if let Some(user) = &user {
                require(work.holder(user.as_str()), user.as_str())?;
            }
            let is_meant = |owner: &&Known| {
                user.as_ref().is_none_or(|user| owner.handle.as_deref() == Some(user.as_str()))
            };
            let owner = owner.as_ref().filter(is_meant).ok_or_else(|| Refusal::of(&P442))?;
            let deposit = work.object::<Deposit>(id)?.ok_or_else(|| Refusal::of(&P442))?;
            if deposit.state != DepositState::TravelRule {
                let status = deposit.state.status();
                return Err(Refusal::because(&P446, format_args!("it is {status}")).into());
            }
            let sides = (deposit.sender.as_deref(), deposit.address.as_str());
            let explained = explain(&details, &owner.party, sides).map_err(StoreError::unexpected)?;
            let sealed = Some(sealed::seal(work, deposit.holder, &explained)?);
            credit_from_suspense(work, Deposit { sealed, ..deposit })?;
            Ok(Message::new("Travel rule data updated successfully"))
        })
        .await
}

/// Who sent it, as IVMS 101: from an address, where it is known, to one of ours.
fn explain(
    details: &Details,
    beneficiary: &Party,
    (from, to): (Option<&str>, &str),
) -> Result<IdentityPayload, ExplainError> {
    let from: Vec<&str> = from.into_iter().collect();
    explain_deposit(&Explained { details, beneficiary, from: &from, to, operator: None })
}

/// Somebody whose deposit it is while only the form of a request is looked at.
fn nobody() -> Party {
    let company = Company { name: String::new(), address: None, id: None, country: None };
    Party { customer_id: String::new(), identity: Identity::Company(company) }
}
