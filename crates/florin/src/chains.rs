//! The chains: the section `chains` of the configuration file, with a node for each network that is followed.
//!
//! ```toml
//! [chains]
//! travel_rule_from = "0.00"
//! explain_within_days = 30
//!
//! [chains.ethereum]
//! url = "http://127.0.0.1:8545"
//! tokens.usdc = { contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48" }
//! tokens.usdt = { contract = "0xdAC17F958D2ee523a2206206994597C13D831ec7" }
//!
//! [chains.btc]
//! url = "http://127.0.0.1:8332"
//! cookie_file = "/var/lib/bitcoind/.cookie"
//! ```

mod known;

use crate::Failed;
use crate::sections::{not_set, quoted};
use florin_api::crypto;
use florin_api::kit::settings::{Chains, Environment};
use florin_api::kit::tables::{Network, Reference};
use florin_api::wallets::chain_of;
use florin_rails::chain::ChainNode;
use florin_rails::chain::bitcoin::{self, BitcoinNode, FeeLimits, Login, Times};
use florin_rails::chain::evm::{self, Asset, EvmNode, Token};
use florin_travel::SanctionedAddresses;
use florin_types::{Currencies, CurrencyCode, Decimal};
use florin_wallet::{Address, Chain, Net};
use known::{EVM_DECIMALS, TOKEN_DECIMALS};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The longest that a deposit waits for the travel rule's data. Money that is nobody's for longer is a matter of law.
const MAX_EXPLAIN_DAYS: u32 = 365;

/// The longest that a transaction waits before it is replaced: a day. Nodes forget what waits longer after two weeks.
const MAX_REPLACE_MINUTES: u32 = 24 * 60;

/// How long a node of Bitcoin's kind may take: for a connection as others, for an answer a block of 8 MB from a slow
/// disk, for a search through all unspent outputs some minutes on the largest chain.
const TIMES: Times = Times {
    connect: evm::CONNECT_TIMEOUT,
    answer: Duration::from_secs(30),
    scan: Duration::from_secs(15 * 60),
};

/// Why live does not start on networks to try things on.
const NOT_MAIN: &str = "is no main network, and this is live: wallets would be made with keys of a network to try \
                        things on, and keep them. Set mainnet = true for each network in \
                        [[reference.currencies.networks]]. If this is meant, set test_networks = true \
                        (FLORIN_TEST_NETWORKS)";

/// The section `chains`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    /// From how many EUR on it is asked who sent a deposit.
    travel_rule_from: Option<String>,
    /// How long a deposit waits for an answer to that.
    explain_within_days: Option<u32>,
    /// Above how many EUR a person must approve a withdrawal.
    approve_above: Option<String>,
    /// A list of sanctioned addresses: nothing is paid to them, which is looked up again before a withdrawal is signed,
    /// and nothing that comes from them is credited by itself.
    sanctions_file: Option<PathBuf>,
    /// How long a transaction of ours waits for a block before it is replaced by one with a higher fee.
    replace_after_minutes: Option<u32>,
    btc: Option<Outputs>,
    ltc: Option<Outputs>,
    doge: Option<Outputs>,
    ethereum: Option<Accounts>,
    polygon: Option<Accounts>,
}

/// A node of Ethereum's kind.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Accounts {
    /// Where it is. Providers put their customers' keys into it.
    url: Option<SecretString>,
    chain_id: Option<u64>,
    /// The most wei per gas that is ever offered.
    max_fee: Option<u64>,
    /// The most gas that a payment may have.
    max_gas: Option<u64>,
    tokens: BTreeMap<String, Contract>,
}

/// The contract of a token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contract {
    contract: String,
    chain_decimals: Option<u8>,
}

/// A node of Bitcoin's kind.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Outputs {
    url: Option<SecretString>,
    cookie_file: Option<PathBuf>,
    user: Option<String>,
    password: Option<SecretString>,
    /// The id of the chain's first block.
    genesis: Option<String>,
    /// In the coin's smallest unit for 1,000 virtual bytes.
    min_fee: Option<u64>,
    max_fee: Option<u64>,
    fallback_fee: Option<u64>,
}

/// What the rest of the configuration says.
pub struct Around<'a> {
    /// What the installation is for.
    pub environment: Environment,
    /// Which currency is on which network.
    pub reference: &'a Reference,
    /// Whether the seed of all wallets is set.
    pub has_seed: bool,
    /// Whether live on networks to try things on is meant.
    pub test_networks: bool,
}

impl Around<'_> {
    /// The networks with this slug, of all currencies.
    fn networks(&self, slug: &str) -> impl Iterator<Item = (CurrencyCode, &Network)> {
        self.reference.currencies().iter().filter_map(move |row| {
            let network = row.networks.iter().find(|network| network.slug == slug)?;
            Some((row.currency.code, network))
        })
    }

    /// Refuses live whose wallets would be of networks to try things on.
    fn check_networks(&self) -> Result<(), String> {
        if self.environment == Environment::Sandbox || !self.has_seed || self.test_networks {
            return Ok(());
        }
        let networks = self.reference.currencies().iter().flat_map(|row| &row.networks);
        let other = networks
            .into_iter()
            .find(|network| chain_of(network).is_some_and(|chain| chain.net != Net::Main));
        other.map_or(Ok(()), |network| Err(format!("the network {} {NOT_MAIN}", network.slug)))
    }

    /// The chain of a network that has a node.
    fn chain(&self, slug: &str) -> Result<Chain, String> {
        let chains = self.networks(slug).filter_map(|(_, network)| chain_of(network));
        let mut chains: Vec<Chain> = chains.collect();
        chains.dedup();
        let chain = match *chains {
            [chain] => chain,
            [] => {
                return Err(format!(
                    "chains.{slug}: no currency of the section reference is on this network"
                ));
            }
            _ => {
                return Err(format!(
                    "chains.{slug}: mainnet and local must be the same for all its currencies"
                ));
            }
        };
        match (self.environment, chain.net) {
            (Environment::Sandbox, Net::Main) => Err(format!(
                "chains.{slug} is a main network, and this is a sandbox: partners would pay real coins with made-up \
                 money"
            )),
            (Environment::Live, _) if !self.has_seed => {
                Err(format!("chains.{slug} needs the seed of the wallets in live: set FLORIN_WALLET_SEED"))
            }
            _ => Ok(chain),
        }
    }
}

/// An option in EUR, in cents.
fn eur(name: &str, text: Option<&str>) -> Result<Option<i64>, String> {
    let Some(text) = text else { return Ok(None) };
    let cents = Decimal::parse(text).ok().and_then(|amount| amount.minor_units(2).ok());
    let cents = cents.filter(|cents| *cents >= 0);
    cents.map(Some).ok_or_else(|| format!("chains.{name} must be EUR, such as \"1000.00\""))
}

impl Section {
    /// The chains.
    ///
    /// # Errors
    /// Says which setting is wrong or missing.
    pub fn chains(&self, usual: &Chains, around: &Around<'_>) -> Result<Chains, Failed> {
        around.check_networks()?;
        let mut nodes: Vec<Arc<dyn ChainNode>> = Vec::new();
        for (slug, section) in self.outputs() {
            let Some(section) = section else { continue };
            nodes.push(Arc::new(section.node(slug, around.chain(slug)?)?));
        }
        for (slug, section) in self.accounts() {
            let Some(section) = section else { continue };
            nodes.push(Arc::new(section.node(slug, around.chain(slug)?, around)?));
        }
        Ok(Chains {
            nodes,
            travel_rule_from: self.travel_rule_from()?.unwrap_or(usual.travel_rule_from),
            explain_within: self.explain_within()?.unwrap_or(usual.explain_within),
            approve_above: eur("approve_above", self.approve_above.as_deref())?.or(usual.approve_above),
            sanctions: self.sanctions()?.unwrap_or_else(|| Arc::clone(&usual.sanctions)),
            replace_after: self.replace_after()?.unwrap_or(usual.replace_after),
        })
    }

    fn outputs(&self) -> [(&'static str, Option<&Outputs>); 3] {
        [("btc", self.btc.as_ref()), ("ltc", self.ltc.as_ref()), ("doge", self.doge.as_ref())]
    }

    fn accounts(&self) -> [(&'static str, Option<&Accounts>); 2] {
        [("ethereum", self.ethereum.as_ref()), ("polygon", self.polygon.as_ref())]
    }

    fn travel_rule_from(&self) -> Result<Option<i64>, String> {
        eur("travel_rule_from", self.travel_rule_from.as_deref())
    }

    fn sanctions(&self) -> Result<Option<Arc<SanctionedAddresses>>, String> {
        let Some(path) = &self.sanctions_file else { return Ok(None) };
        let name = || format!("chains.sanctions_file {}", path.display());
        let bytes = std::fs::read(path).map_err(|error| format!("{} can't be read: {error}", name()))?;
        let list = SanctionedAddresses::read(&bytes).map_err(|error| format!("{}: {error}", name()))?;
        Ok(Some(Arc::new(list)))
    }

    fn replace_after(&self) -> Result<Option<Duration>, String> {
        let Some(minutes) = self.replace_after_minutes else { return Ok(None) };
        match (1..=MAX_REPLACE_MINUTES).contains(&minutes) {
            true => Ok(Some(Duration::from_secs(u64::from(minutes) * 60))),
            false => Err(format!("chains.replace_after_minutes must be from 1 to {MAX_REPLACE_MINUTES}")),
        }
    }

    fn explain_within(&self) -> Result<Option<Duration>, String> {
        let Some(days) = self.explain_within_days else { return Ok(None) };
        match (1..=MAX_EXPLAIN_DAYS).contains(&days) {
            true => Ok(Some(Duration::from_secs(u64::from(days) * 86_400))),
            false => Err(format!("chains.explain_within_days must be from 1 to {MAX_EXPLAIN_DAYS}")),
        }
    }

    /// What `florin config` shows: the settings that are not set, and the section.
    pub fn shown(&self) -> (String, String) {
        let own = vec![
            ("travel_rule_from", self.travel_rule_from.as_ref().map(quoted)),
            ("explain_within_days", self.explain_within_days.map(|days| days.to_string())),
            ("approve_above", self.approve_above.as_ref().map(quoted)),
            ("sanctions_file", self.sanctions_file.as_ref().map(|path| quoted(path.display()))),
            ("replace_after_minutes", self.replace_after_minutes.map(|minutes| minutes.to_string())),
        ];
        let outputs = self.outputs().map(|(slug, section)| (slug, section.map(Outputs::lines)));
        let accounts = self.accounts().map(|(slug, section)| (slug, section.map(Accounts::lines)));
        let networks = outputs.into_iter().chain(accounts);
        let sections = networks.map(|(slug, lines)| (format!("chains.{slug}"), lines));
        let (mut unset, mut shown) = (String::new(), Vec::new());
        for (section, lines) in [("chains".to_owned(), Some(own))].into_iter().chain(sections) {
            let Some(lines) = lines else {
                unset += &format!("\n{}", not_set(&section));
                continue;
            };
            let mut text = format!("[{section}]");
            for (name, value) in lines {
                match value {
                    None => unset += &format!("\n{}", not_set(&format!("{section}.{name}"))),
                    Some(value) => text += &format!("\n{name} = {value}"),
                }
            }
            shown.push(text);
        }
        (unset, shown.join("\n\n"))
    }
}

/// Names of a section, with the values that are set.
type Lines = Vec<(&'static str, Option<String>)>;

fn hidden(secret: &Option<SecretString>) -> Option<String> {
    secret.as_ref().map(|_| quoted("(hidden)"))
}

fn url_of<'a>(slug: &str, url: &'a Option<SecretString>) -> Result<&'a str, String> {
    let variable = slug.to_ascii_uppercase();
    let url = url.as_ref().map(ExposeSecret::expose_secret);
    url.ok_or_else(|| format!("chains.{slug} needs chains.{slug}.url (FLORIN_CHAIN_{variable}_URL)"))
}

/// The coin in which fees of a network are paid.
fn coin_of(slug: &str) -> Option<CurrencyCode> {
    crypto::Net::of(slug).map(|net| net.coin)
}

/// A currency that is on a network.
fn asset_of(code: CurrencyCode, chain_decimals: u8) -> Option<Asset> {
    let decimals = Currencies::default().get(code)?.decimals;
    Some(Asset { currency: code, decimals, chain_decimals })
}

impl Accounts {
    fn lines(&self) -> Lines {
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let contract = |(code, token): (&String, &Contract)| {
            let decimals = token.chain_decimals.map(|decimals| format!(", chain_decimals = {decimals}"));
            let decimals = decimals.unwrap_or_default();
            format!("{code} = {{ contract = {}{decimals} }}", quoted(&token.contract))
        };
        let tokens: Vec<_> = self.tokens.iter().map(contract).collect();
        vec![
            ("url", hidden(&self.url)),
            ("chain_id", number(self.chain_id)),
            ("max_fee", number(self.max_fee)),
            ("max_gas", number(self.max_gas)),
            ("tokens", (!tokens.is_empty()).then(|| format!("{{ {} }}", tokens.join(", ")))),
        ]
    }

    fn node(&self, slug: &str, chain: Chain, around: &Around<'_>) -> Result<EvmNode, String> {
        let chains = known::chain_ids(slug);
        let chain_id = match (chain.net, self.chain_id) {
            (Net::Main, None) => chains.main,
            (Net::Main, Some(id)) if id == chains.main => id,
            (Net::Main, Some(id)) => {
                return Err(format!(
                    "chains.{slug}.chain_id {id} is not that of the main network, which is {}",
                    chains.main
                ));
            }
            (Net::Test | Net::Local, Some(id)) if known::is_main_chain(id) => {
                return Err(format!(
                    "chains.{slug}.chain_id {id} is that of a main network, and the section reference has {slug} \
                     without mainnet = true"
                ));
            }
            (Net::Test | Net::Local, Some(id)) => id,
            (Net::Test, None) => chains.test,
            (Net::Local, None) => {
                return Err(format!("chains.{slug} is local, so it needs chains.{slug}.chain_id"));
            }
        };
        let max_fee = self.max_fee.unwrap_or(chains.max_fee);
        if max_fee == 0 {
            return Err(format!("chains.{slug}.max_fee must be at least 1"));
        }
        let coin = coin_of(slug).and_then(|coin| asset_of(coin, EVM_DECIMALS));
        let coin = coin.ok_or_else(|| format!("chains.{slug}: its coin is no currency"))?;
        let settings = evm::Settings {
            network: slug.to_owned(),
            url: url_of(slug, &self.url)?.to_owned(),
            chain_id,
            tokens: self.tokens_of(slug, chain, coin.currency, around)?,
            coin,
            max_fee: max_fee.into(),
            max_gas: self.max_gas.unwrap_or(evm::MAX_GAS),
            connect_timeout: evm::CONNECT_TIMEOUT,
            timeout: evm::TIMEOUT,
            max_block_bytes: evm::MAX_BLOCK_BYTES,
        };
        EvmNode::new(settings).map_err(|error| format!("chains.{slug}: {error}"))
    }

    /// The contracts of all currencies that are on the network: what comes by a contract that is not named is not seen.
    fn tokens_of(
        &self,
        slug: &str,
        chain: Chain,
        coin: CurrencyCode,
        around: &Around<'_>,
    ) -> Result<Vec<Token>, String> {
        let on_it: Vec<_> =
            around.networks(slug).map(|(code, _)| code).filter(|code| *code != coin).collect();
        if let Some(name) = self.tokens.keys().find(|name| !on_it.iter().any(|code| code.as_str() == **name))
        {
            return Err(format!(
                "chains.{slug}.tokens.{name}: the section reference has no such token on this network"
            ));
        }
        let token = |code: CurrencyCode| {
            let name = format!("chains.{slug}.tokens.{code}");
            let token = self.tokens.get(code.as_str());
            let Contract { contract, chain_decimals } =
                token.ok_or_else(|| format!("chains.{slug} needs {name}: {code} is on this network"))?;
            let contract =
                Address::parse(chain, contract).map_err(|error| format!("{name}.contract {error}"))?;
            let asset = asset_of(code, chain_decimals.unwrap_or(TOKEN_DECIMALS));
            let asset = asset.ok_or_else(|| format!("{name} is no currency"))?;
            Ok(Token { asset, contract })
        };
        on_it.into_iter().map(token).collect()
    }
}

impl Outputs {
    fn lines(&self) -> Lines {
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        vec![
            ("url", hidden(&self.url)),
            ("cookie_file", self.cookie_file.as_ref().map(|path| quoted(path.display()))),
            ("user", self.user.as_ref().map(quoted)),
            ("password", hidden(&self.password)),
            ("genesis", self.genesis.as_ref().map(quoted)),
            ("min_fee", number(self.min_fee)),
            ("max_fee", number(self.max_fee)),
            ("fallback_fee", number(self.fallback_fee)),
        ]
    }

    fn node(&self, slug: &str, chain: Chain) -> Result<BitcoinNode, String> {
        let known = known::first_blocks(slug);
        let genesis = match (chain.net, self.genesis.as_deref()) {
            (Net::Main, None) => known.main,
            (Net::Main, Some(id)) if id == known.main => id,
            (Net::Main, Some(_)) => {
                return Err(format!("chains.{slug}.genesis is not the first block of the main network"));
            }
            (Net::Test | Net::Local, Some(id)) if known::is_main_block(id) => {
                return Err(format!(
                    "chains.{slug}.genesis is the first block of a main network, and the section reference has {slug} \
                     without mainnet = true"
                ));
            }
            (Net::Test | Net::Local, Some(id)) => id,
            (Net::Test, None) => known.test,
            (Net::Local, None) => {
                return Err(format!("chains.{slug} is local, so it needs chains.{slug}.genesis"));
            }
        };
        let url =
            Url::parse(url_of(slug, &self.url)?).map_err(|error| format!("chains.{slug}.url: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("chains.{slug}.url must begin with https:// or http://"));
        }
        let fees = FeeLimits {
            least: self.min_fee.unwrap_or(known.fees.0).into(),
            most: self.max_fee.unwrap_or(known.fees.1).into(),
            fallback: self.fallback_fee.unwrap_or(known.fees.2).into(),
        };
        if fees.least == 0 || !(fees.least..=fees.most).contains(&fees.fallback) {
            return Err(format!(
                "chains.{slug}: min_fee, fallback_fee and max_fee must be in this order and at least 1, and are {}, {} \
                 and {}",
                fees.least, fees.fallback, fees.most
            ));
        }
        let settings = bitcoin::Settings {
            network: slug.to_owned(),
            chain,
            currency: coin_of(slug).ok_or_else(|| format!("chains.{slug}: its coin is no currency"))?,
            url,
            login: self.login(slug)?,
            genesis: genesis.to_owned(),
            fees,
            times: TIMES,
        };
        BitcoinNode::new(settings).map_err(|error| format!("chains.{slug}: {error}"))
    }

    fn login(&self, slug: &str) -> Result<Option<Login>, String> {
        match (&self.cookie_file, &self.user, &self.password) {
            (None, None, None) => Ok(None),
            (Some(path), None, None) => Ok(Some(Login::Cookie(path.clone()))),
            (None, Some(user), Some(password)) => {
                Ok(Some(Login::Password { user: user.clone(), password: password.clone() }))
            }
            (None, _, _) => {
                let variable = slug.to_ascii_uppercase();
                Err(format!(
                    "chains.{slug}.user and chains.{slug}.password (FLORIN_CHAIN_{variable}_PASSWORD) go together"
                ))
            }
            (Some(_), _, _) => {
                Err(format!("chains.{slug}.cookie_file is instead of chains.{slug}.user and password"))
            }
        }
    }
}

#[cfg(test)]
#[path = "chains_tests.rs"]
mod tests;
