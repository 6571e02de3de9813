//! `GET /v1/crypto-withdrawal/get-network-fee`, and where a currency can be withdrawn to.

use crate::crypto::chain::{Net, has_accounts, hot_wallet, node_of};
use crate::kit::prelude::*;
use crate::kit::tables::Network;
use crate::rates;
use crate::wallets::{names, not_on};
use florin_rails::chain::ChainNode;
use florin_rails::rates::Rates;
use florin_store::{BookId, Snapshot};
use florin_types::{Percentage, Price};
use florin_wallet::{Address, AddressError, Chain, Coin, Keychain, Output, Payment};
use std::sync::Arc;

/// The network of tokens where none is named: the contract's.
const USUAL_NETWORK: &str = "ethereum";

/// Gas that a payment of the coin takes: it is fixed by the protocol.
const COIN_GAS: u64 = 21_000;

/// Gas that a payment of a token takes at most, for a quote: the contracts of USDC and USDT take 40,000 to 65,000.
const TOKEN_GAS: u64 = 65_000;

/// A currency on a network to which it can be withdrawn.
pub(super) struct Target<'a> {
    pub currency: Currency,
    pub network: &'a Network,
    pub net: Net,
    pub chain: Chain,
    pub keys: &'a Arc<Keychain>,
    pub node: Arc<dyn ChainNode>,
}

impl<'a> Target<'a> {
    /// The network that is meant: that of the name, or the usual one of the currency. None: the currency is on none.
    ///
    /// # Errors
    /// P410: the currency or the network is not known, or the one is not on the other.
    pub fn network(
        app: &'a App,
        currency: &Listed<Currency>,
        slug: Option<&str>,
    ) -> Result<(Currency, Option<&'a Network>), Refusal> {
        let currency = currency.known()?;
        let networks = app.settings.reference.networks(currency.code);
        let found = match (slug, networks) {
            (_, []) => return Ok((currency, None)),
            (Some(slug), _) => networks.iter().find(|network| network.slug.eq_ignore_ascii_case(slug)),
            (None, [only]) => Some(only),
            (None, _) => networks.iter().find(|network| network.slug == USUAL_NETWORK),
        };
        let refusal = || match slug {
            Some(slug) => not_on(currency.code, slug, networks),
            None => {
                let known = names(networks);
                let why = format_args!("network must be given with {}: it is on {known}", currency.code);
                Refusal::because(&P410, why)
            }
        };
        found.map(|network| (currency, Some(network))).ok_or_else(refusal)
    }

    /// What pays on the network.
    ///
    /// # Errors
    /// P457: there are no keys, no node, or no such chain.
    pub fn of(
        app: &'a App,
        book: BookId,
        (currency, network): (Currency, Option<&'a Network>),
    ) -> Result<Self, Refusal> {
        let found = network.and_then(|network| {
            let net = Net::of(&network.slug)?;
            let (chain, node) = (net.chain(app)?, node_of(app, book, net)?);
            let keys = app.settings.keychain.as_ref()?;
            Some(Self { currency, network, net, chain, keys, node })
        });
        found.ok_or_else(|| Refusal::of(&P457))
    }

    /// What the network takes for a payment now, in minor units of the currency, rounded up.
    ///
    /// # Errors
    /// The node does not answer, or there is no rate.
    pub async fn quote(&self, app: &App, book: BookId, rates: &Rates) -> Result<i64, StoreError> {
        self.in_currency(app, rates, self.cost(book).await?)
    }

    /// What the network takes for a payment now, in minor units of its coin.
    ///
    /// # Errors
    /// The node does not answer.
    pub async fn cost(&self, book: BookId) -> Result<i64, StoreError> {
        let cost = match (has_accounts(self.chain), self.node.accounts()) {
            (true, Some(accounts)) => {
                let gas = if self.currency.code == self.net.coin { COIN_GAS } else { TOKEN_GAS };
                let offers = accounts.offers().await.map_err(StoreError::unavailable)?;
                accounts.cost(gas, offers.usual.max_fee)
            }
            (true, None) => None,
            (false, _) => {
                let rate = self.node.fees().await.map_err(StoreError::unavailable)?.usual;
                usual_cost(self.keys, self.chain, book, rate)
            }
        };
        cost.ok_or_else(|| StoreError::unavailable("the network's fee can't be counted"))
    }

    /// An amount of the chain's coin in the currency, rounded up.
    ///
    /// # Errors
    /// There is no rate.
    pub fn in_currency(&self, app: &App, rates: &Rates, cost: i64) -> Result<i64, StoreError> {
        let (coin, code) = (self.net.coin, self.currency.code);
        if coin == code || cost == 0 {
            return Ok(cost);
        }
        let price = |code: CurrencyCode| {
            let decimals = app.currencies.get(code)?.decimals;
            Some(Price { rate: rates.get(code)?, decimals })
        };
        let found = price(coin).zip(price(code)).zip(Amount::new(cost));
        let ((from, to), cost) =
            found.ok_or_else(|| StoreError::unavailable("there is no rate for the network's fee"))?;
        let no_fee = Percentage::parse("0").map_err(StoreError::unexpected)?;
        let bought = florin_types::exchange(cost, from, to, no_fee).map_err(StoreError::unavailable)?;
        // It was cut.
        Ok(bought.gross() + 1)
    }

    /// What an amount of the currency is worth in EUR, in cents. None: there is no rate.
    pub fn value(&self, rates: &Rates, amount: i64) -> Option<i64> {
        let price = Price { rate: rates.get(self.currency.code)?, decimals: self.currency.decimals };
        price.value_in_eur(amount, florin_types::Rounding::Ceil).ok()
    }
}

/// What a payment of Bitcoin's kind costs that spends two outputs and has change.
fn usual_cost(keys: &Keychain, chain: Chain, book: BookId, rate: u128) -> Option<i64> {
    let place = hot_wallet(book);
    let to = keys.address(chain, place).ok()?;
    // Amounts far above what any fee is.
    let large = chain.max_amount() / 8;
    let coin = |output| Coin { transaction: String::new(), output, amount: large, place };
    let outputs = vec![Output { to, amount: large / 2 * 3 }];
    let payment = Payment { chain, outputs, change: place, rate, max_fee: chain.max_amount() };
    payment.plan(&[coin(0), coin(1)]).ok().map(|plan| plan.fee)
}

/// An address of a chain that somebody can have, in its canonical form; `field` is where it was sent.
///
/// # Errors
/// P458, with the reason.
pub(in crate::crypto) fn address(chain: Chain, field: &str, text: &str) -> Result<Address, Refusal> {
    let why = match Address::parse(chain, text) {
        Ok(address) if address.is_zero() => "must be somebody's: nobody has the keys of this one".to_owned(),
        Ok(address) => return Ok(address),
        Err(error @ AddressError::Form) => format!("{error}, which begins with {}", chain.beginnings()),
        Err(error) => error.to_string(),
    };
    Err(Refusal::because(&P458, format_args!("{field} {why}")))
}

/// What is asked for.
struct FeeRequest {
    currency: Listed<Currency>,
    network: Option<String>,
}

impl Request for FeeRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "A crypto currency, such as `usdc`.";
        let currency = fields.required("currency").about(about).example("btc").listed_currency();
        let network = fields.optional("network").about(ABOUT_NETWORK).lowercase();
        Some(Self { currency: currency?, network })
    }
}

/// What `network` means.
pub(super) const ABOUT_NETWORK: &str =
    "A network of the currency, in any letter case. If omitted: the only one, or `ethereum` for tokens.";

/// What a network takes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkFee {
    /// What a withdrawal is charged for the network now, in whole units of the currency, besides the service fee.
    #[schema(value_type = ExactNumber, example = 0.0005)]
    network_fee: ExactNumber,
    /// Smallest amount of a withdrawal, in whole units of the currency.
    #[schema(value_type = ExactNumber, example = 0.001)]
    min_withdrawal: ExactNumber,
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getNetworkFee",
        summary: "Get the network fee of a withdrawal",
        description: "What the network takes for a withdrawal now. It changes with the network's load: what holds for \
                      a withdrawal is asked anew when it is made.",
        refusals: &[&P410, &P457],
        answer: r#"{"networkFee":0.0005,"minWithdrawal":0.001}"#,
        ..get("/v1/crypto-withdrawal/get-network-fee", get_network_fee)
    }
}

async fn get_network_fee(
    context: Context,
    Query(FeeRequest { currency, network }): Query<FeeRequest>,
) -> Result<Success<NetworkFee>, Failure> {
    let app = &context.app;
    let mut snapshot = context.snapshot().await?;
    let (book, rates) = (snapshot.book(), rates_of(app, &mut snapshot).await?);
    drop(snapshot);
    let target = Target::of(app, book, Target::network(app, &currency, network.as_deref())?)?;
    let fee = target.quote(app, book, &rates).await?;
    let decimals = target.currency.decimals;
    Success::of(&NetworkFee {
        network_fee: ExactNumber::new(fee, decimals),
        min_withdrawal: ExactNumber::new(target.network.min_withdrawal, decimals),
    })
}

/// The rates of now.
pub(super) async fn rates_of(app: &App, snapshot: &mut Snapshot) -> Result<Rates, StoreError> {
    rates::in_snapshot(app, snapshot).await
}
