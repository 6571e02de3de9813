//! The run of `cargo xtask bench exchanges`: in each round transfers, then locks, then exchanges under these locks.
//! What they cost is told beside a transfer, which is the plainest thing that moves money.

use std::mem;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::Load;
use super::figures::{median, rate, spread};
use super::load::{Measured, Until, drive};
use super::product::Product;
use super::requests::{Recipient, Requests, Transfers, random_uuid, user};
use super::transfers::{prepare, setting};
use xtask::postgres::Cluster;

/// A lock that was got: its user, and its id.
type Lock = (String, String);

/// Runs the command.
pub fn run(arguments: &Load) -> Result<()> {
    let florin = arguments.place.program()?;
    let mut lines = Vec::new();
    let verdicts =
        arguments.place.on_engines(|name, cluster| engine(name, arguments, &florin, cluster, &mut lines))?;
    println!(
        "\nengine     conn  transfers/s      locks/s   ratio (min–max)     exchanges/s   ratio (min–max)"
    );
    lines.iter().for_each(|line| println!("{line}"));
    print!("\n{}", setting(&arguments.settings));
    verdicts.iter().for_each(|verdict| println!("{verdict}"));
    Ok(())
}

fn engine(
    name: &'static str,
    arguments: &Load,
    florin: &Path,
    cluster: Option<Cluster>,
    lines: &mut Vec<String>,
) -> Result<String> {
    let product = Product::start(florin, &arguments.place.folder, cluster)?;
    let recipient = product.recipient()?;
    prepare(&recipient, arguments.accounts)?;
    let mut transfers = Transfers::new(&recipient, arguments.accounts, arguments.seed);
    // Other keys than those of the transfers.
    let mut chance = SmallRng::seed_from_u64(arguments.seed.wrapping_add(1));
    for connections in arguments.settings.connections.iter().copied() {
        let mut rounds = Rounds::default();
        for round in 1..=arguments.settings.rounds {
            let seen = one_round(arguments, &recipient, connections, &mut transfers, &mut chance)
                .with_context(|| format!("{name}, {connections} connections"))?;
            let rates = seen.map(|measured| rate(&measured));
            eprintln!(
                "{name}, {connections} connections, round {round}: transfers {:.0}/s, locks {:.0}/s, exchanges {:.0}/s",
                rates[0], rates[1], rates[2]
            );
            rounds.0.push(rates);
        }
        lines.push(rounds.line(name, connections));
    }
    Ok(format!("{name}: florin verify: {}", product.verify()?))
}

/// Transfers, locks, exchanges.
fn one_round(
    arguments: &Load,
    recipient: &Recipient,
    connections: usize,
    transfers: &mut Transfers,
    chance: &mut SmallRng,
) -> Result<[Measured; 3]> {
    let settings = &arguments.settings;
    let whole = Until::Elapsed { warm_up: settings.warm_up(), measured: settings.measured() };
    // Exchanges use up the locks: they may be faster than locks are given.
    let half = Until::Elapsed { warm_up: settings.warm_up() / 2, measured: settings.measured() / 2 };
    let moved = drive(recipient.address, connections, transfers, whole)?;
    let mut locks = Locks { recipient, accounts: arguments.accounts, chance: &mut *chance, got: Vec::new() };
    let locked = drive(recipient.address, connections, &mut locks, whole)?;
    let mut exchanges = Exchanges { recipient, locks: mem::take(&mut locks.got), chance, is_spent: false };
    let exchanged = drive(recipient.address, connections, &mut exchanges, half)?;
    if exchanges.is_spent {
        bail!("the locks were used up before the time was: let locks run longer than exchanges");
    }
    Ok([moved, locked, exchanged])
}

/// Rates of each round: transfers, locks, exchanges.
#[derive(Default)]
struct Rounds(Vec<[f64; 3]>);

impl Rounds {
    fn line(&self, name: &str, connections: usize) -> String {
        let middle = |index: usize| median(self.0.iter().map(|rates| rates[index]).collect());
        #[expect(clippy::float_arithmetic, reason = "ratios; no money")]
        let ratio = |index: usize| spread(self.0.iter().map(|rates| rates[index] / rates[0]).collect(), 2);
        format!(
            "{name:9} {connections:>5} {:>12.0} {:>12.0}   {:17} {:>13.0}   {}",
            middle(0),
            middle(1),
            ratio(1),
            middle(2),
            ratio(2)
        )
    }
}

/// Endless locks for random users; keeps what they have got.
struct Locks<'a> {
    recipient: &'a Recipient,
    accounts: u32,
    chance: &'a mut SmallRng,
    got: Vec<Lock>,
}

const LOCK: &str = "/v1/exchange/get-lock/";

impl Requests for Locks<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let user = user(self.chance.random_range(0..self.accounts));
        *into = self.recipient.get(&format!("{LOCK}{user}"));
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 200
    }

    fn answered(&mut self, request: &[u8], answer: &[u8]) {
        let after = |text: &[u8], mark: &str, end: char| {
            let text = std::str::from_utf8(text).ok()?;
            Some(text.split_once(mark)?.1.split_once(end)?.0.to_owned())
        };
        self.got.extend(after(request, LOCK, ' ').zip(after(answer, "{\"id\":\"", '"')));
    }
}

/// An exchange under each lock, until there are no more.
struct Exchanges<'a> {
    recipient: &'a Recipient,
    locks: Vec<Lock>,
    chance: &'a mut SmallRng,
    is_spent: bool,
}

impl Requests for Exchanges<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let Some((user, lock)) = self.locks.pop() else {
            self.is_spent = true;
            return false;
        };
        let body = format!(
            concat!(
                r#"{{"sourceExternalUserId":"{}","amount":"0.10","currencyFrom":"eur","currencyTo":"ltc","#,
                r#""lockId":"{}"}}"#
            ),
            user, lock
        );
        *into = self.recipient.post("/v1/exchange", &random_uuid(self.chance), &body);
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 201
    }
}
