//! The run of `cargo xtask bench chain-deposits`: how many deposits a second are seen in blocks and credited.
//!
//! Payments are put into the pool of a simulated chain, which costs as much as it costs. Then a block is made of them:
//! from that call until the platform has followed it the time counts. So the making of the block counts too.

use std::mem;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ChainDeposits;
use super::answer::exchange;
use super::load::{Until, drive};
use super::product::Product;
use super::requests::{Recipient, Requests, user};
use super::transfers::prepare;
use super::uploads::process::Process;
use xtask::interrupt;
use xtask::postgres::Cluster;

/// Deposits of a block.
const BLOCK: u32 = 2_000;

/// Deposits of a transaction: the most outputs that the call takes.
const OUTPUTS: u32 = 10;

/// Payments at a time. Each answers once the chain was looked at: more of them only wait for each other's looks.
const PAYERS: usize = 2;

/// How long a user's wallets may take to be made, and the platform to follow a block.
const LIMIT: Duration = Duration::from_secs(60);

/// How often it is looked how far the platform is: a hundredth of what a block takes.
const LOOK: Duration = Duration::from_millis(5);

/// Where deposits come.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Network {
    /// usdc, a token
    Polygon,
    /// btc
    Btc,
}

impl Network {
    const fn slug(self) -> &'static str {
        match self {
            Self::Polygon => "polygon",
            Self::Btc => "btc",
        }
    }

    const fn currency(self) -> &'static str {
        match self {
            Self::Polygon => "usdc",
            Self::Btc => "btc",
        }
    }

    /// What each deposit brings: more than the least, and too little for the travel rule.
    const fn amount(self) -> &'static str {
        match self {
            Self::Polygon => "1",
            Self::Btc => "0.001",
        }
    }

    /// What so many deposits bring, as balances are written.
    fn sum(self, deposits: u32) -> String {
        match self {
            Self::Polygon => format!("{deposits}.000000"),
            Self::Btc => format!("{}.{:03}00000", deposits / 1_000, deposits % 1_000),
        }
    }
}

/// What was measured.
struct Measured {
    seconds: f64,
    /// What the server held before the first block, and at most.
    memory: Option<(u64, u64)>,
}

/// Runs the command.
pub fn run(arguments: &ChainDeposits) -> Result<()> {
    let florin = arguments.place.program()?;
    let lines = arguments.place.on_engines(|name, cluster| engine(name, arguments, &florin, cluster))?;
    println!("\nengine    network   deposits    seconds   deposits/s   memory before, MB   at most, MB");
    lines.concat().iter().for_each(|line| println!("{line}"));
    println!("\nwanted: 2,000 deposits a second, and no more memory for more deposits");
    Ok(())
}

fn engine(
    name: &'static str,
    arguments: &ChainDeposits,
    florin: &Path,
    cluster: Option<Cluster>,
) -> Result<Vec<String>> {
    let product = Product::start(florin, &arguments.place.folder, cluster)?;
    let recipient = product.recipient()?;
    prepare(&recipient, arguments.accounts)?;
    let mut lines = Vec::new();
    for network in arguments.network.iter().copied() {
        let wallets = (0..arguments.accounts).map(|number| wallet(&recipient, network, number));
        let wallets = wallets.collect::<Result<Vec<_>>>()?;
        let bench = Bench { recipient: &recipient, network, wallets, process: Process::new(product.id()) };
        let blocks = arguments.deposits.div_ceil(BLOCK);
        let measured = bench.measure(blocks).with_context(|| format!("{name}, {}", network.slug()))?;
        bench.check(blocks * BLOCK)?;
        let (deposits, seconds) = (blocks * BLOCK, measured.seconds);
        #[expect(clippy::float_arithmetic, reason = "a rate; no money")]
        let rate = f64::from(deposits) / seconds;
        let megabytes = |bytes: u64| (bytes / 1_000_000).to_string();
        let memory = measured.memory.map(|(before, peak)| (megabytes(before), megabytes(peak)));
        let (before, peak) = memory.unwrap_or_else(|| ("unknown".to_owned(), "unknown".to_owned()));
        lines.push(format!(
            "{name:9} {:8} {deposits:>9} {seconds:>10.2} {rate:>12.0} {before:>19} {peak:>13}",
            network.slug()
        ));
    }
    eprintln!("{name}: florin verify: {}", product.verify()?);
    Ok(lines)
}

/// Deposits on a network of a server.
struct Bench<'a> {
    recipient: &'a Recipient,
    network: Network,
    wallets: Vec<String>,
    process: Process,
}

impl Bench<'_> {
    /// Makes so many blocks of deposits, and then those that they need.
    fn measure(&self, blocks: u32) -> Result<Measured> {
        let (mut time, mut newest, mut memory) = (Duration::ZERO, String::new(), None);
        for block in 0..blocks {
            let calls = BLOCK / OUTPUTS;
            let mut payments =
                Payments { bench: self, next: block * calls, end: (block + 1) * calls, newest };
            drive(self.recipient.address, PAYERS, &mut payments, Until::Spent)?;
            newest = mem::take(&mut payments.newest);
            if block == 0 {
                self.process.forget_peak();
                memory = self.process.memory();
            }
            time += self.block(&newest, 1, &format!("block-{block}"))?;
            if (block + 1) % 10 == 0 {
                eprintln!("{}: {} blocks in {:.2} s", self.network.slug(), block + 1, time.as_secs_f64());
            }
        }
        let needed = self.deposit(&newest)?.required_confirmations;
        for confirmations in 2..=needed {
            time += self.block(&newest, confirmations, &format!("confirmation-{confirmations}"))?;
        }
        let memory = memory.zip(self.process.memory()).map(|(before, after)| (before.now, after.peak));
        Ok(Measured { seconds: time.as_secs_f64(), memory })
    }

    /// Makes a block; how long it takes until it was followed: a deposit has so many confirmations then.
    fn block(&self, deposit: &str, confirmations: u64, key: &str) -> Result<Duration> {
        let slug = self.network.slug();
        let body = format!(r#"{{"network":"{slug}","blocks":1}}"#);
        let begin = Instant::now();
        let request = self.recipient.post("/v1/sandbox/chain/mine", &format!("{slug}-{key}"), &body);
        let (answer, text) = exchange(self.recipient.address, &request)?;
        if answer.status != 200 {
            bail!("no block was made:\n{}", String::from_utf8_lossy(&text));
        }
        while self.deposit(deposit).map_or(0, |deposit| deposit.confirmations) < confirmations {
            interrupt::check()?;
            if begin.elapsed() > LIMIT {
                bail!("a block was not followed within {LIMIT:?}");
            }
            thread::sleep(LOOK);
        }
        Ok(begin.elapsed())
    }

    fn deposit(&self, id: &str) -> Result<Deposit> {
        get(self.recipient, &format!("/v1/crypto-deposit/details/{id}"))
    }

    /// Each user has what came to it.
    fn check(&self, deposits: u32) -> Result<()> {
        let count = u32::try_from(self.wallets.len())?;
        let calls = deposits / OUTPUTS;
        for number in 0..count {
            let of_user = OUTPUTS * (calls / count + u32::from(number < calls % count));
            let expected = self.network.sum(of_user);
            let balances: Balances = get(self.recipient, &format!("/v1/user/balances/{}", user(number)))?;
            let currency = self.network.currency();
            let found = balances.crypto_balances.into_iter().find(|balance| balance.name == currency);
            let amount = found.map(|balance| balance.amount);
            if amount.as_ref() != Some(&expected) {
                bail!("{} has {amount:?} {currency} instead of {expected}", user(number));
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deposit {
    confirmations: u64,
    required_confirmations: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Balances {
    crypto_balances: Vec<Balance>,
}

#[derive(Deserialize)]
struct Balance {
    name: String,
    amount: String,
}

/// The body of an answer.
fn body<T: DeserializeOwned>(answer: &[u8]) -> Result<T> {
    let start = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |end| end + 4);
    let body = answer.get(start..).unwrap_or_default();
    serde_json::from_slice(body).with_context(|| format!("answered {}", String::from_utf8_lossy(answer)))
}

fn get<T: DeserializeOwned>(recipient: &Recipient, path: &str) -> Result<T> {
    body(&exchange(recipient.address, &recipient.get(path))?.1)
}

/// The address of a user, once its balances are made.
fn wallet(recipient: &Recipient, network: Network, number: u32) -> Result<String> {
    #[derive(Deserialize)]
    struct Wallet {
        address: String,
    }
    let (user, slug) = (user(number), network.slug());
    let asked = format!(r#"{{"currency":"{}","network":"{slug}"}}"#, network.currency());
    let path = format!("/v1/user/wallet/{user}");
    let end = Instant::now() + LIMIT;
    for attempt in 0.. {
        interrupt::check()?;
        // A refusal is kept under its key.
        let key = format!("{user}-{slug}-{attempt}");
        let (answer, text) = exchange(recipient.address, &recipient.post(&path, &key, &asked))?;
        if answer.status == 200 {
            return Ok(body::<Wallet>(&text)?.address);
        }
        if Instant::now() > end {
            bail!("{user} has no wallet:\n{}", String::from_utf8_lossy(&text));
        }
        thread::sleep(LOOK);
    }
    bail!("{user} has no wallet")
}

/// Payments to each user in turn, which wait for a block.
struct Payments<'a> {
    bench: &'a Bench<'a>,
    next: u32,
    end: u32,
    /// One of the deposits.
    newest: String,
}

impl Requests for Payments<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let Bench { recipient, network, wallets, .. } = self.bench;
        if self.next == self.end {
            return false;
        }
        let address = wallets.iter().cycle().nth(self.next as usize % wallets.len());
        let (slug, currency, amount) = (network.slug(), network.currency(), network.amount());
        let body = format!(
            concat!(
                r#"{{"address":"{}","currency":"{}","network":"{}","amount":"{}","confirmations":0,"#,
                r#""outputs":{}}}"#
            ),
            address.map_or("", String::as_str),
            currency,
            slug,
            amount,
            OUTPUTS
        );
        *into = recipient.post("/v1/sandbox/chain/deposit", &format!("{slug}-{}", self.next), &body);
        self.next += 1;
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 201
    }

    fn answered(&mut self, _request: &[u8], answer: &[u8]) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Made {
            crypto_deposit_id: String,
        }
        if let Ok(made) = body::<Made>(answer) {
            self.newest = made.crypto_deposit_id;
        }
    }
}
