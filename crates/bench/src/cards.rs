//! The run of `cargo xtask bench cards`: in each round transfers, then authorisations by the sandbox's call and by the
//! processor's messages; then how long an authorisation takes beside transfers at half of their full load.

mod deck;
mod message;
mod network;

use std::thread;

use anyhow::{Context, Result};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::figures::{joined, median, milliseconds, rate, spread};
use super::load::{Measured, Until, drive};
use super::paced::{Pace, Paced, drive_at};
use super::product::Product;
use super::requests::{Recipient, Transfers};
use super::transfers::{prepare, setting};
use super::{Cards, Settings};
use deck::{Authorisations, Deck};
use network::{Line, Network};
use xtask::postgres::Cluster;

/// Connections of the transfers beside, and of the authorisations that are timed: never all are busy.
const CONNECTIONS: usize = 64;

/// How authorisations come.
#[derive(Copy, Clone, Debug)]
enum Way {
    Call,
    Message,
}

const WAYS: [(Way, &str); 2] = [(Way::Call, "sandbox call"), (Way::Message, "ISO 8583")];

/// What is measured with.
struct Bench<'a> {
    recipient: &'a Recipient,
    settings: &'a Settings,
    deck: Deck,
    line: Line,
    transfers: Transfers,
    chance: SmallRng,
}

/// A round of throughput: transfers, and each way.
type Rates = (f64, [f64; 2]);

/// A round of latency: how many transfers a second were asked for beside; what was seen of them and of authorisations.
type Times = (u32, Paced, Paced);

/// Runs the command.
pub fn run(arguments: &Cards) -> Result<()> {
    let florin = arguments.load.place.program()?;
    let (mut rates, mut times) = (Vec::new(), Vec::new());
    let verdicts = arguments.load.place.on_engines(|name, cluster| {
        let network = Network::listen()?;
        let product = start(&florin, arguments, cluster, &network)?;
        let recipient = product.recipient()?;
        let mut bench = bench(arguments, &recipient, &network)?;
        for connections in arguments.load.settings.connections.iter().copied() {
            let rounds = bench.throughput(name, connections);
            rates.push(rates_line(name, connections, &rounds.with_context(|| name.to_owned())?));
        }
        for (way, told) in WAYS {
            let rounds = bench.latency(name, (way, told), arguments.rate);
            times.extend(times_line(name, told, &rounds.with_context(|| format!("{name}, {told}"))?));
        }
        Ok(format!("{name}: florin verify: {}", product.verify()?))
    })?;
    println!("\nengine     conn  transfers/s  sandbox call/s  ratio (min–max)   ISO 8583/s  ratio (min–max)");
    rates.iter().for_each(|line| println!("{line}"));
    println!(
        "\nengine    authorisations   per s  p50 ms  p99 ms (of rounds)      p99.9 ms  sent late, p99 ms  \
         beside transfers/s, p99 ms"
    );
    times.iter().for_each(|line| println!("{line}"));
    print!("\n{}", setting(&arguments.load.settings));
    verdicts.iter().for_each(|verdict| println!("{verdict}"));
    Ok(())
}

/// Starts the product, with a processor to call.
fn start(
    florin: &std::path::Path,
    arguments: &Cards,
    cluster: Option<Cluster>,
    network: &Network,
) -> Result<Product> {
    let section = network.section()?;
    Product::start_with(florin, &arguments.load.place.folder, cluster, |_| Some(section))
}

/// Makes users and cards, and takes the product's call.
fn bench<'a>(arguments: &'a Cards, recipient: &'a Recipient, network: &Network) -> Result<Bench<'a>> {
    let line = network.accept()?;
    let (accounts, seed) = (arguments.load.accounts, arguments.load.seed);
    prepare(recipient, accounts)?;
    let mut chance = SmallRng::seed_from_u64(seed.wrapping_add(1));
    let deck = Deck::issue(recipient, accounts, &mut chance)?;
    let transfers = Transfers::new(recipient, accounts, seed);
    Ok(Bench { recipient, settings: &arguments.load.settings, deck, line, transfers, chance })
}

impl Bench<'_> {
    fn whole(&self) -> Until {
        Until::Elapsed { warm_up: self.settings.warm_up(), measured: self.settings.measured() }
    }

    /// Transfers as fast as they go.
    fn transfers(&mut self, connections: usize) -> Result<Measured> {
        let until = self.whole();
        drive(self.recipient.address, connections, &mut self.transfers, until)
    }

    /// Authorisations as fast as they go.
    fn authorisations(&mut self, way: Way, connections: usize) -> Result<Measured> {
        let until = self.whole();
        let measured = match way {
            Way::Call => {
                let mut calls = Authorisations::new(self.recipient, &mut self.deck, &mut self.chance);
                let measured = drive(self.recipient.address, connections, &mut calls, until)?;
                calls.check()?;
                measured
            }
            Way::Message => self.line.drive(&mut self.deck, connections, until)?,
        };
        self.deck.rest(self.recipient, &mut self.chance)?;
        Ok(measured)
    }

    fn throughput(&mut self, name: &str, connections: usize) -> Result<Vec<Rates>> {
        let mut rounds = Vec::new();
        for round in 1..=self.settings.rounds {
            let moved = rate(&self.transfers(connections)?);
            let called = rate(&self.authorisations(Way::Call, connections)?);
            let asked = rate(&self.authorisations(Way::Message, connections)?);
            eprintln!(
                "{name}, {connections} connections, round {round}: transfers {moved:.0}/s, sandbox call \
                 {called:.0}/s, ISO 8583 {asked:.0}/s"
            );
            rounds.push((moved, [called, asked]));
        }
        Ok(rounds)
    }

    fn latency(&mut self, name: &str, (way, told): (Way, &str), per_second: u32) -> Result<Vec<Times>> {
        let mut rounds = Vec::new();
        for round in 1..=self.settings.rounds {
            let full = rate(&self.transfers(CONNECTIONS)?);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::float_arithmetic,
                reason = "a rate of some thousands"
            )]
            let half = (full / 2.0).max(1.0) as u32;
            let (beside, authorised) = self.beside(way, half, per_second)?;
            let p99 = |paced: &Paced| milliseconds(&paced.measured.latency, 0.99);
            eprintln!(
                "{name}, {told}, round {round}: p99 {:.2} ms of authorisations, {:.2} ms of {half} transfers/s",
                p99(&authorised),
                p99(&beside)
            );
            rounds.push((half, beside, authorised));
        }
        Ok(rounds)
    }

    /// Transfers and authorisations at the same time, each at its rate.
    fn beside(&mut self, way: Way, transfers: u32, per_second: u32) -> Result<(Paced, Paced)> {
        let pace = |per_second| Pace {
            per_second,
            warm_up: self.settings.warm_up(),
            measured: self.settings.measured(),
        };
        let (of_transfers, own) = (pace(transfers), pace(per_second));
        let (address, moves) = (self.recipient.address, &mut self.transfers);
        let both = thread::scope(|scope| {
            let beside = scope.spawn(move || drive_at(address, CONNECTIONS, moves, of_transfers));
            let own = match way {
                Way::Call => {
                    let mut calls = Authorisations::new(self.recipient, &mut self.deck, &mut self.chance);
                    let paced = drive_at(address, CONNECTIONS, &mut calls, own);
                    calls.check().and(paced)
                }
                Way::Message => self.line.drive_at(&mut self.deck, own),
            };
            let beside = beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok::<_, anyhow::Error>((beside?, own?))
        })?;
        self.deck.rest(self.recipient, &mut self.chance)?;
        Ok(both)
    }
}

/// Medians of the rounds; the ratios are taken within a round.
fn rates_line(name: &str, connections: usize, rounds: &[Rates]) -> String {
    let moved = median(rounds.iter().map(|(moved, _)| *moved).collect());
    let [called, asked] = [0, 1].map(|index: usize| {
        let middle = median(rounds.iter().map(|(_, rates)| rates[index]).collect());
        #[expect(clippy::float_arithmetic, reason = "ratios; no money")]
        let ratio = spread(rounds.iter().map(|(moved, rates)| rates[index] / moved).collect(), 2);
        (middle, ratio)
    });
    let ((called, of_calls), (asked, of_messages)) = (called, asked);
    format!(
        "{name:9} {connections:>5} {moved:>12.0} {called:>15.0}  {of_calls:17}{asked:>11.0}  {of_messages}"
    )
}

/// Quantiles of all rounds, and the least and the greatest p99 of one; none of none.
fn times_line(name: &str, told: &str, rounds: &[Times]) -> Option<String> {
    let own = joined(rounds.iter().map(|(.., own)| &own.measured.latency))?;
    let late = joined(rounds.iter().map(|(.., own)| &own.late))?;
    let beside = joined(rounds.iter().map(|(_, beside, _)| &beside.measured.latency))?;
    let p99 = |own: &Paced| milliseconds(&own.measured.latency, 0.99);
    let of_rounds = spread(rounds.iter().map(|(.., own)| p99(own)).collect(), 2);
    let per_second = median(rounds.iter().map(|(.., own)| rate(&own.measured)).collect());
    let transfers = median(rounds.iter().map(|(_, beside, _)| rate(&beside.measured)).collect());
    Some(format!(
        "{name:9} {told:14} {per_second:>7.0} {:>7.2} {:>7.2}  {of_rounds:16} {:>8.2} {:>18.2} \
         {transfers:>19.0}, {:.2}",
        milliseconds(&own, 0.5),
        milliseconds(&own, 0.99),
        milliseconds(&own, 0.999),
        milliseconds(&late, 0.99),
        milliseconds(&beside, 0.99),
    ))
}
