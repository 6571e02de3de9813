//! The run of `cargo xtask bench sepa`: in each round transfers, then SEPA transfers. What these cost is told beside a
//! transfer, which is the plainest thing that moves money. The simulated bank settles them meanwhile.

use std::path::Path;

use anyhow::{Context, Result};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::Load;
use super::figures::{median, rate, spread};
use super::load::{Until, drive};
use super::product::Product;
use super::requests::{Recipient, Requests, Transfers, random_uuid, user};
use super::transfers::{prepare, setting};
use xtask::postgres::Cluster;

/// An account of the simulated bank that takes every payment.
const ACCOUNT: &str = "LT139999800000000099";

/// Runs the command.
pub fn run(arguments: &Load) -> Result<()> {
    let florin = arguments.place.program()?;
    let mut lines = Vec::new();
    let verdicts =
        arguments.place.on_engines(|name, cluster| engine(name, arguments, &florin, cluster, &mut lines))?;
    println!("\nengine     conn  transfers/s   SEPA transfers/s   ratio (min–max)");
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
    let settings = &arguments.settings;
    let whole = Until::Elapsed { warm_up: settings.warm_up(), measured: settings.measured() };
    for connections in settings.connections.iter().copied() {
        let mut rounds: Vec<[f64; 2]> = Vec::new();
        for round in 1..=settings.rounds {
            let mut payments =
                Payments { recipient: &recipient, accounts: arguments.accounts, chance: &mut chance };
            let moved = drive(recipient.address, connections, &mut transfers, whole);
            let paid = moved.and_then(|moved| {
                Ok([rate(&moved), rate(&drive(recipient.address, connections, &mut payments, whole)?)])
            });
            let rates = paid.with_context(|| format!("{name}, {connections} connections"))?;
            eprintln!(
                "{name}, {connections} connections, round {round}: transfers {:.0}/s, SEPA transfers {:.0}/s",
                rates[0], rates[1]
            );
            rounds.push(rates);
        }
        let middle = |index: usize| median(rounds.iter().map(|rates| rates[index]).collect());
        #[expect(clippy::float_arithmetic, reason = "ratios; no money")]
        let ratio = spread(rounds.iter().map(|rates| rates[1] / rates[0]).collect(), 2);
        lines.push(format!("{name:9} {connections:>5} {:>12.0} {:>18.0}   {ratio}", middle(0), middle(1)));
    }
    Ok(format!("{name}: florin verify: {}", product.verify()?))
}

/// Endless payments of random users, of one cent and a fee of one EUR.
struct Payments<'a> {
    recipient: &'a Recipient,
    accounts: u32,
    chance: &'a mut SmallRng,
}

impl Requests for Payments<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let user = user(self.chance.random_range(0..self.accounts));
        let body = format!(
            concat!(
                r#"{{"sourceExternalUserId":"{}","amount":"0.01","currency":"eur","destinationIban":"{}","#,
                r#""transferTitle":"Rent"}}"#
            ),
            user, ACCOUNT
        );
        *into = self.recipient.post("/v1/sepa-transfer", &random_uuid(self.chance), &body);
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 200
    }
}
