//! What an operator may set, besides where the data is.

use super::tables::Reference;
use florin_rails::cards::{CardProcessor, SimulatedProcessor};
use florin_rails::chain::ChainNode;
use florin_rails::rates::{Fixed, RateSource};
use florin_rails::sepa::files::FileRail;
use florin_rails::sepa::{SepaRail, SimulatedBank};
use florin_travel::SanctionedAddresses;
use florin_types::{Bic, CardRange, Iban, IbanSeries};
use florin_wallet::{Keychain, Seed};
use florin_webhook::{Resolver, SystemResolver};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// What an installation is for. One server serves one.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Simulated rails, made-up money.
    Sandbox,
    /// Real rails, real money.
    Live,
}

impl Environment {
    /// The word of the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        }
    }
}

/// Where webhooks may be sent.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookTargets {
    /// Every address, also those of our own network: only for a sandbox whose partners may reach them anyway.
    Anywhere,
    /// Public addresses, and the networks of `webhook_allow`. In live only over TLS.
    Public,
}

impl WebhookTargets {
    /// The word of the setting.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::Public => "public",
        }
    }
}

/// Calls a partner may make in live: the contract's figures.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls a second, in the long run.
    pub per_second: u32,
    /// Calls at once.
    pub burst: u32,
}

/// Bytes of a document: the contract's 10 MB, enough for a page photographed in full and small enough to be decoded.
pub const DOCUMENT_MAX_BYTES: u64 = 10 * 1024 * 1024;

/// How long advancing a sandbox's clock waits for webhooks by default. A server under test answers within milliseconds;
/// one that cannot answer before the call returns, since it runs on the same thread, costs each call as long as this.
const WEBHOOK_PATIENCE: Duration = Duration::from_secs(2);

/// How long a rate lock holds by default: the contract's 40 seconds.
pub const RATE_LOCK: Duration = Duration::from_secs(40);

/// How long simulated reviewers and rails take by default: long enough that a client sees what waits.
const SETTLE: Duration = Duration::from_millis(500);

/// What an operator may set, besides where the data is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the installation is for.
    pub environment: Environment,
    /// How long simulated reviewers and rails take by themselves, in business time.
    pub settle: Duration,
    /// How long a closed user's data is kept: anti-money-laundering law demands five years (EU 2015/849, article 40);
    /// the sandbox keeps none.
    pub retention: Duration,
    /// Calls a partner may make; none is no limit.
    pub rate_limit: Option<RateLimit>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where browsers reach the server: scheme, host and what may come before `/v1`, without a slash at the end.
    pub public_url: String,
    /// Bytes that one file of a verification may have.
    pub document_max_bytes: u64,
    /// Where webhooks may be sent. Live is always `Public`.
    pub webhook_targets: WebhookTargets,
    /// Networks to which webhooks go though they are not public.
    pub webhook_allow: Vec<IpNet>,
    /// How long advancing a sandbox's clock waits for the partner's server to answer its webhooks.
    pub webhook_patience: Duration,
    /// Who knows the addresses of partners' servers.
    pub resolver: Names,
    /// Countries, fees, networks.
    pub reference: Reference,
    /// Who knows the rates of currencies.
    pub rate_source: Rater,
    /// How long a rate lock holds, in business time.
    pub rate_lock: Duration,
    /// The bank in which the accounts are, and the way to other banks.
    pub sepa: Sepa,
    /// The keys of all wallets. None: no wallets are made.
    pub keychain: Option<Arc<Keychain>>,
    /// The chains, and the rules about what crosses to and from them.
    pub chains: Chains,
    /// The numbers of cards, and the way to a card network.
    pub cards: Cards,
}

/// The numbers of cards, and the way to a card network.
#[derive(Clone)]
pub struct Cards {
    /// The numbers that are given out.
    pub range: CardRange,
    /// The way to a network. None: no cards are made.
    pub processor: Option<Arc<dyn CardProcessor>>,
    /// How long a partner may take to decide about an authorisation. Only tests have another than [`DECISION_BUDGET`].
    pub decision_budget: Duration,
}

/// How long a partner may take to decide about an authorisation, name look-up and connection included. Networks wait
/// for an issuer about seven seconds and decide without it then; a payer at a terminal gives up before that.
pub const DECISION_BUDGET: Duration = Duration::from_millis(1_500);

impl Cards {
    /// Those of a sandbox: numbers of no network, and a simulated one.
    pub fn simulated() -> Self {
        let processor: Arc<dyn CardProcessor> = Arc::new(SimulatedProcessor::default());
        Self {
            range: CardRange::of_no_network(),
            processor: Some(processor),
            decision_budget: DECISION_BUDGET,
        }
    }
}

impl fmt::Debug for Cards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processor = self.processor.as_ref().map_or("no processor", |processor| processor.name());
        write!(f, "Cards({}, {processor})", self.range.as_str())
    }
}

/// From how many cents on a sandbox asks who sent a deposit: the contract's EUR 1,000. Live asks of every one, for
/// Regulation (EU) 2023/1113 knows no threshold.
const SANDBOX_TRAVEL_RULE_FROM: i64 = 100_000;

/// How long a deposit waits for the travel rule's data before it is sent back: a month, for a payer must be
/// asked first.
const EXPLAIN_WITHIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Above how many cents a person must approve a withdrawal in live: EUR 10,000. From that sum on the law of money
/// laundering has a trader in goods look at its customer (Directive 2015/849, article 2).
const LIVE_APPROVE_ABOVE: i64 = 1_000_000;

/// How long a transaction may wait for a block: three of Bitcoin's blocks. Who offers what is usual waits one or two.
const REPLACE_AFTER: Duration = Duration::from_secs(30 * 60);

/// The chains, and the rules about what crosses to and from them.
#[derive(Clone)]
pub struct Chains {
    /// The nodes, one for each network. A sandbox has a simulated one for each network that is not named.
    pub nodes: Vec<Arc<dyn ChainNode>>,
    /// From how many cents on it is asked who sent a deposit.
    pub travel_rule_from: i64,
    /// How long a deposit waits for an answer to that.
    pub explain_within: Duration,
    /// Addresses to which nothing is paid.
    pub sanctions: Arc<SanctionedAddresses>,
    /// Above how many cents a person must approve a withdrawal. None: only those that something speaks against.
    pub approve_above: Option<i64>,
    /// How long a transaction of ours may wait for a block before it is replaced by one with a higher fee, in business
    /// time.
    pub replace_after: Duration,
}

impl Chains {
    /// The simulated ones.
    pub fn simulated() -> Self {
        Self {
            nodes: Vec::new(),
            travel_rule_from: SANDBOX_TRAVEL_RULE_FROM,
            explain_within: EXPLAIN_WITHIN,
            sanctions: Arc::default(),
            approve_above: None,
            replace_after: REPLACE_AFTER,
        }
    }
}

impl fmt::Debug for Chains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks: Vec<_> = self.nodes.iter().map(|node| node.network()).collect();
        write!(f, "Chains({})", networks.join(", "))
    }
}

/// The bank in which the accounts are, and the way to other banks.
#[derive(Clone)]
pub struct Sepa {
    /// The IBANs that are given out.
    pub series: IbanSeries,
    /// Those that were given out before: their accounts are here too.
    pub former_series: Vec<IbanSeries>,
    /// The bank's BIC.
    pub bic: String,
    /// The bank's address.
    pub bank_address: String,
    /// Who holds the partner's accounts, and those of users without an IBAN.
    pub holder_name: String,
    /// The way to other banks.
    pub rail: Arc<dyn SepaRail>,
    /// The same, where it goes by files.
    pub files: Option<Arc<FileRail>>,
    /// The partner whose book keeps money of which nobody knows whose it is; if none is named, the oldest one.
    pub unmatched: Option<Uuid>,
}

impl Sepa {
    /// The bank of a sandbox, which takes so long over a payment.
    pub fn simulated(settle: Duration) -> Self {
        Self {
            series: IbanSeries::of_no_bank(),
            former_series: Vec::new(),
            bic: "FLORLT2X".to_owned(),
            bank_address: "Gedimino pr. 1, Vilnius, Lithuania".to_owned(),
            holder_name: "Florin Sandbox".to_owned(),
            rail: Arc::new(SimulatedBank { settle }),
            files: None,
            unmatched: None,
        }
    }

    /// A real bank, over files.
    pub fn over_files(
        series: IbanSeries,
        bank_address: String,
        rail: FileRail,
        unmatched: Option<Uuid>,
    ) -> Self {
        let rail = Arc::new(rail);
        Self {
            series,
            former_series: Vec::new(),
            bic: rail.bic.as_str().to_owned(),
            bank_address,
            holder_name: rail.holder.clone(),
            files: Some(Arc::clone(&rail)),
            rail,
            unmatched,
        }
    }

    /// The IBAN of an account.
    pub fn iban(&self, account: u64) -> Iban {
        self.series.iban(account)
    }

    /// The house's own account.
    pub fn house_iban(&self) -> Iban {
        self.files.as_ref().map_or_else(|| self.iban(0), |files| files.account.clone())
    }

    /// Whether an account is in this bank.
    pub fn is_ours(&self, iban: &str) -> bool {
        self.series.has(iban) || self.former_series.iter().any(|series| series.has(iban))
    }

    /// Whether a BIC is the bank's, of whatever branch.
    pub fn is_our_bic(&self, bic: &Bic) -> bool {
        let of_bank = |bic: &str| bic.get(..8).map(str::to_ascii_uppercase);
        of_bank(bic.as_str()) == of_bank(&self.bic)
    }
}

impl fmt::Debug for Sepa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sepa({}, {})", self.rail.name(), self.bic)
    }
}

/// Who knows the rates of currencies.
#[derive(Clone)]
pub struct Rater(pub Arc<dyn RateSource>);

impl fmt::Debug for Rater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rater")
    }
}

/// Who knows the addresses of hosts: the system, unless a test says otherwise.
#[derive(Clone)]
pub struct Names(pub Arc<dyn Resolver>);

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

impl Settings {
    /// The sandbox: quick rails, nothing kept, no limit, and rates that stand still.
    pub fn sandbox() -> Self {
        let reference = Reference::default();
        Self {
            environment: Environment::Sandbox,
            settle: SETTLE,
            retention: Duration::ZERO,
            rate_limit: None,
            trusted_proxies: Vec::new(),
            public_url: "http://localhost".to_owned(),
            document_max_bytes: DOCUMENT_MAX_BYTES,
            webhook_targets: WebhookTargets::Anywhere,
            webhook_allow: Vec::new(),
            webhook_patience: WEBHOOK_PATIENCE,
            resolver: Names(Arc::new(SystemResolver::default())),
            rate_source: Rater(Arc::new(Fixed(reference.rates()))),
            rate_lock: RATE_LOCK,
            sepa: Sepa::simulated(SETTLE),
            // For tests: the binary sets that of its own installation.
            keychain: Some(Arc::new(Keychain::new(Seed::new([0; 32])))),
            chains: Chains::simulated(),
            cards: Cards::simulated(),
            reference,
        }
    }

    /// Live: five years of retention, 100 calls a second with bursts of 200, no wallets until there is a seed, and no
    /// cards until there is a processor.
    pub fn live() -> Self {
        Self {
            environment: Environment::Live,
            retention: Duration::from_secs(5 * 366 * 24 * 60 * 60),
            rate_limit: Some(RateLimit { per_second: 100, burst: 200 }),
            webhook_targets: WebhookTargets::Public,
            keychain: None,
            chains: Chains {
                travel_rule_from: 0,
                approve_above: Some(LIVE_APPROVE_ABOVE),
                ..Chains::simulated()
            },
            cards: Cards { processor: None, ..Cards::simulated() },
            ..Self::sandbox()
        }
    }
}
