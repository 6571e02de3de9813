//! What requests cost beside a transfer, which is the plainest thing that moves money: in each round transfers, then
//! the others.

use anyhow::{Context, Result};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::Load;
use super::figures::{median, rate, spread};
use super::load::{Measured, Until, drive};
use super::product::Product;
use super::requests::{Recipient, Requests, Transfers, random_uuid, user};
use super::transfers::{prepare, setting};

/// What a round has to measure with.
pub struct Round<'a> {
    /// Whom the requests are for.
    pub recipient: &'a Recipient,
    /// Users that are made, approved and funded.
    pub accounts: u32,
    /// How many connections.
    pub connections: usize,
    /// How long transfers were measured.
    pub whole: Until,
    /// How long what uses something up is measured.
    pub half: Until,
    /// Other keys than those of the transfers.
    pub chance: &'a mut SmallRng,
}

impl Round<'_> {
    /// Measures endless POSTs of random users to a path, which are answered 200.
    pub fn posts(&mut self, path: &'static str, body: fn(&str) -> String) -> Result<Measured> {
        let mut posts =
            Posts { recipient: self.recipient, accounts: self.accounts, chance: self.chance, path, body };
        drive(self.recipient.address, self.connections, &mut posts, self.whole)
    }
}

/// Runs a command: on each engine and at each number of connections, transfers and what a round measures. The others'
/// names head the table; `fund` gives users what transfers don't need.
pub fn run<const N: usize>(
    arguments: &Load,
    others: [&str; N],
    fund: impl Fn(&Recipient) -> Result<()>,
    others_of: impl Fn(&mut Round<'_>) -> Result<[Measured; N]>,
) -> Result<()> {
    let florin = arguments.place.program()?;
    let settings = &arguments.settings;
    let whole = Until::Elapsed { warm_up: settings.warm_up(), measured: settings.measured() };
    let half = Until::Elapsed { warm_up: settings.warm_up() / 2, measured: settings.measured() / 2 };
    let mut lines = Vec::new();
    let verdicts = arguments.place.on_engines(|name, cluster| {
        let product = Product::start(&florin, &arguments.place.folder, cluster)?;
        let recipient = product.recipient()?;
        prepare(&recipient, arguments.accounts)?;
        fund(&recipient)?;
        let mut transfers = Transfers::new(&recipient, arguments.accounts, arguments.seed);
        let mut chance = SmallRng::seed_from_u64(arguments.seed.wrapping_add(1));
        for connections in settings.connections.iter().copied() {
            let mut rounds = Vec::new();
            for round in 1..=settings.rounds {
                let moved = drive(recipient.address, connections, &mut transfers, whole);
                let (accounts, chance) = (arguments.accounts, &mut chance);
                let place = &mut Round { recipient: &recipient, accounts, connections, whole, half, chance };
                let measured =
                    moved.and_then(|moved| Ok((rate(&moved), others_of(place)?.map(|one| rate(&one)))));
                let rates = measured.with_context(|| format!("{name}, {connections} connections"))?;
                eprintln!("{name}, {connections} connections, round {round}: {}", told(others, &rates));
                rounds.push(rates);
            }
            lines.push(line(name, connections, &rounds));
        }
        Ok(format!("{name}: florin verify: {}", product.verify()?))
    })?;
    let heads = others.map(|other| format!(" {:>18}   {:17}", format!("{other}/s"), "ratio (min–max)"));
    println!("\n{}", format!("engine     conn  transfers/s{}", heads.concat()).trim_end());
    lines.iter().for_each(|line| println!("{line}"));
    print!("\n{}", setting(settings));
    verdicts.iter().for_each(|verdict| println!("{verdict}"));
    Ok(())
}

/// Transfers per second, and of the others.
type Rates<const N: usize> = (f64, [f64; N]);

/// A round, to be read while the bench runs.
fn told<const N: usize>(others: [&str; N], (moved, rates): &Rates<N>) -> String {
    let others = others.iter().zip(rates).map(|(other, rate)| format!(", {other} {rate:.0}/s"));
    format!("transfers {moved:.0}/s{}", others.collect::<String>())
}

/// Medians of the rounds; the ratios are taken within a round.
fn line<const N: usize>(name: &str, connections: usize, rounds: &[Rates<N>]) -> String {
    let moved = median(rounds.iter().map(|(moved, _)| *moved).collect());
    let others = (0..N).map(|index| {
        let middle = median(rounds.iter().map(|(_, rates)| rates[index]).collect());
        #[expect(clippy::float_arithmetic, reason = "ratios; no money")]
        let ratio = spread(rounds.iter().map(|(moved, rates)| rates[index] / moved).collect(), 2);
        format!(" {middle:>18.0}   {ratio:17}")
    });
    let line = format!("{name:9} {connections:>5} {moved:>12.0}{}", others.collect::<String>());
    line.trim_end().to_owned()
}

/// Endless POSTs of random users to a path.
struct Posts<'a> {
    recipient: &'a Recipient,
    accounts: u32,
    chance: &'a mut SmallRng,
    path: &'static str,
    body: fn(&str) -> String,
}

impl Requests for Posts<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let user = user(self.chance.random_range(0..self.accounts));
        *into = self.recipient.post(self.path, &random_uuid(self.chance), &(self.body)(&user));
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 200
    }
}
