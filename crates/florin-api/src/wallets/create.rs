//! `POST /v1/user/wallet/{externalUserId}` and `POST /v1/partner/wallet`: one use case, two routes.

use super::wallet::{Wallet, chain_of, ensure};
use crate::kit::endpoint::handler::Ensured;
use crate::kit::prelude::*;
use crate::kit::request::fields::SHOWN_NAME;
use crate::kit::tables::Network;
use crate::users::{Owner, Role, UserId, admit};
use http::StatusCode;

/// A wallet as it is asked for. The currency may be one that is not served: that is P410, in its turn.
struct WalletRequest {
    currency: Listed<Currency>,
    network: String,
}

impl Request for WalletRequest {
    const NAME: &'static str = "WalletRequest";
    const ABOUT: &'static str = "The wallet to be made.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let currency =
            fields.required("currency").about("A crypto currency, such as `usdc`.").listed_currency();
        let about =
            "A network of the currency, in any letter case: `GET /v1/reference/currencies` lists them.";
        let network = fields.required("network").about(about).lowercase();
        Some(Self { currency: currency?, network: network? })
    }
}

/// A wallet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletMade {
    /// Its id.
    wallet_id: Uuid,
    /// The currency.
    #[schema(example = "usdc")]
    currency: String,
    /// The network.
    #[schema(example = "polygon")]
    network: String,
    /// Where it is paid. One address of a holder is the same for all currencies on ethereum and polygon.
    #[schema(example = "0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17")]
    address: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Wallet> for WalletMade {
    fn from(wallet: Wallet) -> Self {
        Self {
            wallet_id: wallet.id,
            currency: wallet.currency.to_string(),
            network: wallet.network,
            address: wallet.address,
            created_at: wallet.created_at.to_string(),
        }
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let of_user = Endpoint {
        id: "createUserWallet",
        summary: "Create a wallet of a user",
        refusals: &[&P410, &P412, &P455, &P457, &P459],
        ..described(post("/v1/user/wallet/{externalUserId}", create_user_wallet))
    };
    let of_partner = Endpoint {
        id: "createPartnerWallet",
        summary: "Create a wallet of your master balance",
        refusals: &[&P410, &P457],
        ..described(post("/v1/partner/wallet", create_partner_wallet))
    };
    [of_user, of_partner]
}

fn described(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        description: "Makes the address at which a currency is paid on a network. A wallet that exists is answered \
                      with 200. A user's wallets are also made with its balances.",
        example: r#"{"currency":"usdc","network":"polygon"}"#,
        answer: r#"{"walletId":"0198c5d2-c1a4-7e55-9b03-2f6d8e1a7c40","currency":"usdc","network":"polygon",
            "address":"0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17","createdAt":"2026-01-31T09:30:00.000Z"}"#,
        ..endpoint
    }
}

async fn create_user_wallet(
    context: Context,
    Path(user): Path<UserId>,
    call: Call<WalletRequest>,
) -> Result<Ensured<WalletMade>, Failure> {
    let user = ExternalUserId::parse(user.as_str()).map_err(|_| Refusal::of(&P412))?;
    create(context, Owner::User(user), call).await
}

async fn create_partner_wallet(
    context: Context,
    call: Call<WalletRequest>,
) -> Result<Ensured<WalletMade>, Failure> {
    create(context, Owner::Partner, call).await
}

async fn create(
    context: Context,
    owner: Owner,
    call: Call<WalletRequest>,
) -> Result<Ensured<WalletMade>, Failure> {
    let Call { request: WalletRequest { currency, network }, keyed } = call;
    let touches = currency.known().ok().map(|currency| owner.touch(currency.code)).into_iter().collect();
    let made = context.run(keyed, touches, async move |work| {
        let currency = currency.known()?;
        let reference = &work.app().settings.reference;
        let found = reference.network(currency.code, &network);
        // Fiat is on no network: no other word would help.
        let networks = reference.networks(currency.code);
        if found.is_none() && !networks.is_empty() {
            return Err(not_on(currency.code, &network, networks).into());
        }
        let [holder] = admit(work, [(&owner, Role::IsPaid, "externalUserId")])?;
        let known = found.and_then(|network| Some((network, chain_of(network)?)));
        let (found, chain) = known.ok_or_else(|| Refusal::of(&P457))?;
        let (wallet, is_new) = ensure(work, holder, currency.code, (found, chain)).await?;
        if !is_new {
            work.answer_with(StatusCode::OK);
        }
        Ok(WalletMade::from(wallet))
    });
    made.await.map(Ensured)
}

/// P410: a currency is not on the network that was named, but on these.
pub fn not_on(currency: CurrencyCode, network: &str, networks: &[Network]) -> Refusal {
    let network: String = network.chars().take(SHOWN_NAME).collect();
    let known = names(networks);
    Refusal::because(&P410, format_args!("{currency} is not on the network {network:?}: it is on {known}"))
}

/// The names of networks, for a sentence.
pub fn names(networks: &[Network]) -> String {
    networks.iter().map(|known| &*known.slug).collect::<Vec<_>>().join(" and ")
}
