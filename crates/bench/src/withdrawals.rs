//! The run of `cargo xtask bench withdrawals`: in each round transfers, then crypto withdrawals. What these cost is
//! told beside a transfer, which is the plainest thing that moves money. The hot wallet pays them meanwhile.

use std::path::Path;

use anyhow::{Context, Result};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::figures::{median, rate, spread};
use super::load::{Until, drive};
use super::product::Product;
use super::requests::{ForEachUser, Recipient, Requests, Step, Transfers, random_uuid, user};
use super::transfers::{prepare, setting};
use super::{Load, PREPARING};
use xtask::postgres::Cluster;

/// An address of somebody outside.
const ADDRESS: &str = "0x52908400098527886E0F7030069857D2E4169EE7";

/// Runs the command.
pub fn run(arguments: &Load) -> Result<()> {
    let florin = arguments.place.program()?;
    let mut lines = Vec::new();
    let verdicts =
        arguments.place.on_engines(|name, cluster| engine(name, arguments, &florin, cluster, &mut lines))?;
    println!("\nengine     conn  transfers/s   withdrawals/s   ratio (min–max)");
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
    let mut funds = ForEachUser::new(&recipient, 0..arguments.accounts, Step::FundUsdc);
    drive(recipient.address, PREPARING, &mut funds, Until::Spent)?;
    let mut transfers = Transfers::new(&recipient, arguments.accounts, arguments.seed);
    // Other keys than those of the transfers.
    let mut chance = SmallRng::seed_from_u64(arguments.seed.wrapping_add(1));
    let settings = &arguments.settings;
    let whole = Until::Elapsed { warm_up: settings.warm_up(), measured: settings.measured() };
    for connections in settings.connections.iter().copied() {
        let mut rounds: Vec<[f64; 2]> = Vec::new();
        for round in 1..=settings.rounds {
            let mut withdrawals =
                Withdrawals { recipient: &recipient, accounts: arguments.accounts, chance: &mut chance };
            let moved = drive(recipient.address, connections, &mut transfers, whole);
            let paid = moved.and_then(|moved| {
                Ok([rate(&moved), rate(&drive(recipient.address, connections, &mut withdrawals, whole)?)])
            });
            let rates = paid.with_context(|| format!("{name}, {connections} connections"))?;
            eprintln!(
                "{name}, {connections} connections, round {round}: transfers {:.0}/s, withdrawals {:.0}/s",
                rates[0], rates[1]
            );
            rounds.push(rates);
        }
        let middle = |index: usize| median(rounds.iter().map(|rates| rates[index]).collect());
        #[expect(clippy::float_arithmetic, reason = "ratios; no money")]
        let ratio = spread(rounds.iter().map(|rates| rates[1] / rates[0]).collect(), 2);
        lines.push(format!("{name:9} {connections:>5} {:>12.0} {:>15.0}   {ratio}", middle(0), middle(1)));
    }
    Ok(format!("{name}: florin verify: {}", product.verify()?))
}

/// Endless withdrawals of random users.
struct Withdrawals<'a> {
    recipient: &'a Recipient,
    accounts: u32,
    chance: &'a mut SmallRng,
}

impl Requests for Withdrawals<'_> {
    fn next(&mut self, into: &mut Vec<u8>) -> bool {
        let user = user(self.chance.random_range(0..self.accounts));
        let body = format!(
            concat!(
                r#"{{"sourceExternalUserId":"{}","currency":"usdc","network":"polygon","amount":"2","#,
                r#""walletAddress":"{}","name":"Ada Lovelace","walletType":"NON_CUSTODIAL","#,
                r#""receiverType":"NATURAL"}}"#
            ),
            user, ADDRESS
        );
        *into = self.recipient.post("/v1/crypto-withdrawal", &random_uuid(self.chance), &body);
        true
    }

    fn accepts(&self, status: u16) -> bool {
        status == 200
    }
}
