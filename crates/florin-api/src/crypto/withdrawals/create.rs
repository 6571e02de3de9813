//! `POST /v1/crypto-withdrawal` and `POST /v1/partner/crypto-withdrawal`: one use case, two routes.

use super::fee::{ABOUT_NETWORK, Target, address};
use super::pay::leave;
use super::postings;
use super::withdrawal::{Destination, HELD, State, Waits, Withdrawal};
use crate::crypto::chain::{Ours, is_simulated, made_for, of_holder_or_house, touch_made};
use crate::crypto::party::{party_of, party_of_holder};
use crate::kit::book::memo::Memo;
use crate::kit::book::sealed;
use crate::kit::book::terms::Terms;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::rates;
use crate::users::{Gate, Owner, PAYER_WORDS, Role, admit, not_paid};
use florin_rails::chain::MagicAddress;
use florin_travel::{MAX_NAME, Party, explain_withdrawal};
use florin_types::MAX_MINOR_UNITS;
use florin_wallet::Address;
use std::sync::Arc;

const SOURCE: &str = "sourceExternalUserId";
const ADDRESS: &str = "walletAddress";

/// Longest address, in characters: those of witness programs have 90, and what is longer is none.
const MAX_ADDRESS: usize = 128;

/// Longest memo: as long as the title of a SEPA transfer.
const MAX_MEMO: usize = 140;

words! {
    /// Who holds the keys of the receiver's wallet.
    pub enum WithdrawalWalletType {
        /// A provider.
        Custodial = "CUSTODIAL",
        /// The receiver.
        NonCustodial = "NON_CUSTODIAL",
        /// Something else, or it is not known.
        Other = "OTHER",
    }
}

words! {
    /// What the receiver of a withdrawal is.
    pub enum WithdrawalReceiverType {
        /// A person.
        Natural = "NATURAL",
        /// A company.
        Legal = "LEGAL",
    }
}

impl From<WithdrawalReceiverType> for florin_travel::ReceiverType {
    fn from(kind: WithdrawalReceiverType) -> Self {
        match kind {
            WithdrawalReceiverType::Natural => Self::Natural,
            WithdrawalReceiverType::Legal => Self::Legal,
        }
    }
}

/// A withdrawal as it is asked for. Currency and network may be ones that are not served: that is P410, in its turn.
struct CryptoWithdrawalRequest<const OF_PARTNER: bool> {
    source: Owner,
    currency: Listed<Currency>,
    amount: Listed<Amount>,
    address: Text<MAX_ADDRESS>,
    memo: Option<Text<MAX_MEMO>>,
    network: Option<String>,
    name: Text<MAX_NAME>,
    wallet_type: WithdrawalWalletType,
    receiver_type: WithdrawalReceiverType,
}

impl<const OF_PARTNER: bool> Request for CryptoWithdrawalRequest<OF_PARTNER> {
    const NAME: &'static str =
        if OF_PARTNER { "PartnerCryptoWithdrawalRequest" } else { "CryptoWithdrawalRequest" };
    const ABOUT: &'static str = "A crypto withdrawal request.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let source = match OF_PARTNER {
            true => Some(Owner::Partner),
            false => {
                let source = fields.required(SOURCE).about("The user that pays.");
                source.text::<ExternalUserId>().map(Owner::User)
            }
        };
        let about = "A crypto currency, such as `usdc`.";
        let currency = fields.required("currency").about(about).listed_currency();
        let about = "What the receiver gets, in whole units of the currency: at least `minWithdrawal`.";
        let amount = fields.required("amount").about(about).listed_amount(currency.as_ref());
        let about = "Where it goes. It is checked with its checksum.";
        let address = fields.required(ADDRESS).about(about).text();
        let about = "A note of yours. It is kept, and does not go to the chain.";
        let memo = fields.optional("memo").about(about).text();
        let network = fields.optional("network").about(ABOUT_NETWORK).lowercase();
        let name = fields.required("name").about("The receiver's whole name.").text();
        let about = "Who holds the keys of the receiver's wallet.";
        let wallet_type = fields.required("walletType").about(about).text();
        let receiver_type = fields.required("receiverType").about("What the receiver is.").text();
        if OF_PARTNER {
            fields.must_not_have(SOURCE, PAYER_WORDS, "POST /v1/crypto-withdrawal pays a user's money");
        }
        Some(Self {
            source: source?,
            currency: currency?,
            amount: amount?,
            address: address?,
            memo,
            network,
            name: name?,
            wallet_type: wallet_type?,
            receiver_type: receiver_type?,
        })
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let of_user = Endpoint {
        id: "createCryptoWithdrawal",
        summary: "Create a crypto withdrawal of a user",
        example: r#"{"sourceExternalUserId":"$user","currency":"btc","amount":"0.01","network":"btc",
            "walletAddress":"tb1qtke5lpwdy0d4mpadh9kwkervskffcdkghfgvcr","name":"Ada Lovelace",
            "walletType":"NON_CUSTODIAL","receiverType":"NATURAL"}"#,
        refusals: &[&P410, &P412, &P433, &P450, &P455, &P457, &P458, &P459],
        ..described(post("/v1/crypto-withdrawal", create_crypto_withdrawal::<false>))
    };
    let of_partner = Endpoint {
        id: "createPartnerCryptoWithdrawal",
        summary: "Create a crypto withdrawal of your master balance",
        example: r#"{"currency":"btc","amount":"0.01","network":"btc",
            "walletAddress":"tb1qtke5lpwdy0d4mpadh9kwkervskffcdkghfgvcr","name":"Ada Lovelace",
            "walletType":"NON_CUSTODIAL","receiverType":"NATURAL"}"#,
        refusals: &[&P410, &P433, &P450, &P457, &P458],
        ..described(post("/v1/partner/crypto-withdrawal", create_crypto_withdrawal::<true>))
    };
    [of_user, of_partner]
}

fn described(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        description: "Pays coins or tokens to an address on a chain. The answer means that the withdrawal exists, not \
                      that it was paid: amount, service fee and network fee are on hold, all in the currency, and the \
                      event `crypto_withdrawal` says how it goes on.\n\n\
                      The network fee is what `GET /v1/crypto-withdrawal/get-network-fee` answers at that moment. It \
                      is charged as it was held, whatever the network takes in the end.\n\n\
                      An address of your own wallets here is P458: use `POST /v1/transfer`. Some withdrawals wait for \
                      a person before they are paid; they are `PENDING` until then.",
        answer: r#"{"withdrawalId":"$withdrawal"}"#,
        ..endpoint
    }
}

/// A crypto withdrawal that exists.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CryptoWithdrawalMade {
    /// Id of the withdrawal.
    withdrawal_id: Uuid,
}

/// P458 for an address of the book itself, with what can be done instead.
fn not_outside(ours: Ours) -> Refusal {
    let why = match ours {
        Ours::Wallet => {
            "walletAddress is that of a wallet here: POST /v1/transfer moves money between balances"
        }
        Ours::Order => "walletAddress is that of an order of yours: it must be of somebody outside",
        Ours::House => "walletAddress is that of the operator's own wallet: it must be of somebody outside",
    };
    Refusal::because(&P458, why)
}

/// What was asked before the command.
struct Prepared {
    /// Where it goes.
    address: Address,
    /// What the network takes, in its coin; or why it is not known.
    cost: Result<i64, StoreError>,
    /// What the address is of, where it is a holder's or the house's.
    ours: Option<Ours>,
    /// Who pays, for the travel rule.
    originator: Option<Party>,
}

async fn create_crypto_withdrawal<const OF_PARTNER: bool>(
    context: Context,
    call: Call<CryptoWithdrawalRequest<OF_PARTNER>>,
) -> Result<Success<CryptoWithdrawalMade>, Failure> {
    let Call { request, keyed } = call;
    let terms = Arc::clone(&context.terms);
    let prepared = request.prepare(&context).await?;
    let mut touches = vec![Touch::Partner];
    touches.extend(request.currency.known().ok().map(|currency| request.source.touch(currency.code)));
    touches.extend(rates::touch(&context.app));
    touches.extend(prepared.as_ref().map(|prepared| touch_made(&context.app, &prepared.address)));
    context.run(keyed, touches, async move |work| request.make(work, &terms, prepared.as_ref())).await
}

impl<const OF_PARTNER: bool> CryptoWithdrawalRequest<OF_PARTNER> {
    fn network<'a>(
        &self,
        app: &'a App,
    ) -> Result<(Currency, Option<&'a crate::kit::tables::Network>), Refusal> {
        Target::network(app, &self.currency, self.network.as_deref())
    }

    /// Asks node and database. None: the command will refuse it anyway.
    async fn prepare(&self, context: &Context) -> Result<Option<Prepared>, Failure> {
        let app = &context.app;
        let mut snapshot = context.snapshot().await?;
        let book = snapshot.book();
        let target = self.network(app).and_then(|network| Target::of(app, book, network));
        let Ok(target) = target else { return Ok(None) };
        let Ok(address) = address(target.chain, ADDRESS, self.address.as_str()) else { return Ok(None) };
        let ours = of_holder_or_house(&mut snapshot, (target.keys, target.chain), &address).await?;
        let originator = match self.source.external_user_id() {
            Some(user) => match snapshot.holder(user).await?.filter(|user| !Gate::of(user).is_closed) {
                Some(holder) => Some(party_of_holder(context, &mut snapshot, &holder).await?.party),
                None => None,
            },
            None => Some(party_of(context, &mut snapshot, book.partner()).await?.party),
        };
        drop(snapshot);
        Ok(Some(Prepared { cost: target.cost(book).await, address, ours, originator }))
    }

    /// Makes the withdrawal. The command does not read the database: everything it needs was touched or read before.
    fn make(
        &self,
        work: &mut Work<'_>,
        terms: &Terms,
        prepared: Option<&Prepared>,
    ) -> Result<CryptoWithdrawalMade, Stop> {
        let app = work.app();
        let (currency, network) = self.network(app)?;
        let amount = self.amount.known()?.minor();
        let [holder] = admit(work, [(&self.source, Role::Pays, SOURCE)])?;
        let target = Target::of(app, work.book(), (currency, network))?;
        let address = address(target.chain, ADDRESS, self.address.as_str())?;
        let prepared = prepared
            .ok_or_else(|| StoreError::unavailable("the book was replaced while a withdrawal was made"))?;
        if let Some(ours) = prepared.ours.or(made_for(work, &address)?) {
            return Err(not_outside(ours).into());
        }
        let least = target.network.min_withdrawal.max(target.chain.least_payment());
        if amount < least {
            let least = ExactNumber::new(least, currency.decimals);
            return Err(Refusal::because(&P450, format!("it is {least} {}", currency.code)).into());
        }
        let rates = rates::in_command(work)?;
        let network_fee = target.in_currency(app, &rates, prepared.cost.clone()?)?;
        let (id, created_at) = (work.id(), work.now());
        let fee = terms.withdrawal_fee(currency.code, target.network, created_at);
        if amount > MAX_MINOR_UNITS.saturating_sub(fee).saturating_sub(network_fee) {
            return Err(Refusal::invalid("amount is more than an amount with its fees can be").into());
        }
        let (waits, slug) =
            (waits(app, &target, &address, target.value(&rates, amount)), target.network.slug.clone());
        let destination = self.destination(&address, prepared)?;
        let memo = Memo {
            reference: destination.memo.clone(),
            name: Some(destination.name.clone()),
            ..Memo::default()
        };
        let memo = memo.seal(work, holder)?;
        let withdrawal = Withdrawal {
            id,
            holder,
            currency: currency.code,
            network: slug,
            amount,
            fee,
            network_fee,
            state: if waits.is_some() { State::Approval } else { State::Held },
            waits,
            failure: None,
            sealed: Some(sealed::seal(work, holder, &destination)?),
            hash: None,
            height: None,
            confirmations: 0,
            returns: None,
            created_at,
        };
        work.post(HELD.kind, id, &postings::hold(&withdrawal), memo).map_err(|error| {
            let source = (&self.source, (!OF_PARTNER).then_some(SOURCE));
            not_paid(work, error, source, withdrawal.held())
        })?;
        work.put(&withdrawal)?;
        leave(work, &withdrawal);
        Ok(CryptoWithdrawalMade { withdrawal_id: id })
    }

    fn destination(&self, address: &Address, prepared: &Prepared) -> Result<Destination, StoreError> {
        let originator = prepared.originator.as_ref();
        let originator =
            originator.ok_or_else(|| StoreError::unavailable("the user was made a moment ago"))?;
        let travel_rule = explain_withdrawal(&florin_travel::Withdrawal {
            originator,
            receiver_type: self.receiver_type.into(),
            name: &self.name,
            wallet_address: address.as_str(),
            operator: None,
        });
        Ok(Destination {
            address: address.as_str().to_owned(),
            name: self.name.as_str().to_owned(),
            memo: self.memo.as_ref().map(|memo| memo.as_str().to_owned()),
            wallet_type: self.wallet_type.as_str().to_owned(),
            receiver_type: self.receiver_type.as_str().to_owned(),
            travel_rule: Some(travel_rule),
        })
    }
}

/// Whether a person must look at it, and why; by its value in cents, where that is known.
pub(super) fn waits(app: &App, target: &Target<'_>, address: &Address, value: Option<i64>) -> Option<Waits> {
    let chains = &app.settings.chains;
    if chains.sanctions.find(address.as_str()).is_some() {
        return Some(Waits::Sanctioned);
    }
    let magic = is_simulated(app, target.net).then(|| MagicAddress::of(target.chain, address)).flatten();
    if magic == Some(MagicAddress::Asks) {
        return Some(Waits::Asked);
    }
    // What has no rate may be worth anything.
    let is_large = |limit| value.is_none_or(|value| value > limit);
    chains.approve_above.is_some_and(is_large).then_some(Waits::Value)
}
