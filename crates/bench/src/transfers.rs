//! The run of `cargo xtask bench transfers`.
//!
//! 1. The product starts on an engine; users are made, approved and funded through its API.
//! 2. One transfer shows how long an answer is; the floor starts with answers of that length.
//! 3. For each number of connections, in each round: floor and product, then product and floor, in turns.
//! 4. The product stops and `florin verify` reads the books that all of this has written.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::answer::exchange;
use super::figures::{Row, last_round, table};
use super::floor::Floor;
use super::load::{Measured, Until, drive};
use super::product::Product;
use super::requests::{ForEachUser, Recipient, Requests, Step, Transfers};
use super::{FEW_ROUNDS, Load, PREPARING, Settings};
use xtask::postgres::Cluster;

/// The two servers and what is sent to them.
struct Contest {
    floor: Side,
    product: Option<Side>,
}

/// One server and its stream of requests.
struct Side {
    address: SocketAddr,
    requests: Transfers,
}

impl Side {
    fn new(recipient: &Recipient, accounts: u32, seed: u64) -> Self {
        Self { address: recipient.address, requests: Transfers::new(recipient, accounts, seed) }
    }

    fn measure(&mut self, connections: usize, settings: &Settings) -> Result<Measured> {
        let until = Until::Elapsed { warm_up: settings.warm_up(), measured: settings.measured() };
        drive(self.address, connections, &mut self.requests, until)
    }
}

/// Runs the command.
pub fn run(arguments: &Load) -> Result<()> {
    let mut rows = Vec::new();
    let florin = arguments.place.program()?;
    let verdicts =
        arguments.place.on_engines(|name, cluster| engine(name, arguments, &florin, cluster, &mut rows))?;
    print!("\n{}\n{}", table(&rows), setting(&arguments.settings));
    println!(
        "{} users, seed {}, databases in {}",
        arguments.accounts,
        arguments.seed,
        arguments.place.folder.display()
    );
    verdicts.iter().for_each(|verdict| println!("{verdict}"));
    Ok(())
}

/// Measures the floor without a product.
pub fn floor_alone(settings: &Settings) -> Result<()> {
    let floor = Floor::start(0)?;
    let recipient = Recipient { address: floor.address, api_key: "0".repeat(40) };
    let mut contest = Contest { floor: Side::new(&recipient, 1000, 1), product: None };
    let rows = contest.rounds("(none)", settings)?;
    print!("\n{}\n{}", table(&rows), setting(settings));
    Ok(())
}

/// Everything on one engine; the verdict of `florin verify`.
fn engine(
    name: &'static str,
    arguments: &Load,
    florin: &Path,
    cluster: Option<Cluster>,
    rows: &mut Vec<Row>,
) -> Result<String> {
    let product = Product::start(florin, &arguments.place.folder, cluster)?;
    let recipient = product.recipient()?;
    prepare(&recipient, arguments.accounts)?;
    let mut side = Side::new(&recipient, arguments.accounts, arguments.seed);
    let floor = equal_floor(&recipient, &mut side.requests)?;
    let floor_recipient = Recipient { address: floor.address, ..recipient };
    let floor_side = Side::new(&floor_recipient, arguments.accounts, arguments.seed);
    let mut contest = Contest { floor: floor_side, product: Some(side) };
    rows.extend(contest.rounds(name, &arguments.settings)?);
    let logged = product.log_bytes();
    eprintln!("{name}: florin verify …");
    let verdict = product.verify()?;
    Ok(format!("{name}: florin verify: {verdict} (logged {logged} bytes)"))
}

/// Makes, approves and funds the users.
pub fn prepare(recipient: &Recipient, accounts: u32) -> Result<()> {
    for (step, told) in [(Step::Create, "created"), (Step::Approve, "approved"), (Step::Fund, "funded")] {
        let mut requests = ForEachUser::new(recipient, 0..accounts, step);
        let measured = drive(recipient.address, PREPARING, &mut requests, Until::Spent)?;
        eprintln!("{accounts} users {told} in {:.1} s", measured.time.as_secs_f64());
    }
    Ok(())
}

/// A floor whose answers are as long as the product's.
fn equal_floor(recipient: &Recipient, transfers: &mut Transfers) -> Result<Floor> {
    let wanted = answer_length(recipient.address, transfers)?;
    let bare = Floor::start(0)?;
    let without = answer_length(bare.address, transfers)?;
    let floor = Floor::start(wanted.saturating_sub(without))?;
    let padded = answer_length(floor.address, transfers)?;
    eprintln!("an answer has {wanted} bytes, the floor's {padded}");
    Ok(floor)
}

/// The length of the answer to one transfer, head and body.
fn answer_length(address: SocketAddr, transfers: &mut Transfers) -> Result<usize> {
    let mut request = Vec::new();
    transfers.next(&mut request);
    let (answer, text) = exchange(address, &request)?;
    if !transfers.accepts(answer.status) {
        bail!("a transfer was refused:\n{}", String::from_utf8_lossy(&text));
    }
    Ok(answer.length)
}

impl Contest {
    /// All rounds at all numbers of connections.
    fn rounds(&mut self, engine: &'static str, settings: &Settings) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for connections in settings.connections.iter().copied() {
            let mut row = Row { engine, connections, floor: Vec::new(), product: Vec::new() };
            for round in 1..=settings.rounds {
                self.round(&mut row, round, settings)
                    .with_context(|| format!("{engine}, {connections} connections"))?;
                eprintln!("{engine}, {connections} connections, round {round}: {}", last_round(&row));
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// Who goes first changes from round to round: the second finds a warmer machine, or a busier disk.
    fn round(&mut self, row: &mut Row, round: u32, settings: &Settings) -> Result<()> {
        let connections = row.connections;
        let mut floor = || self.floor.measure(connections, settings);
        let Some(product) = &mut self.product else {
            row.floor.push(floor()?);
            return Ok(());
        };
        if round % 2 == 1 {
            row.floor.push(floor()?);
            row.product.push(product.measure(connections, settings)?);
        } else {
            row.product.push(product.measure(connections, settings)?);
            row.floor.push(floor()?);
        }
        Ok(())
    }
}

/// Where and how this was measured, and what it is worth.
pub fn setting(settings: &Settings) -> String {
    let cores = std::thread::available_parallelism().map_or(0, NonZero::get);
    let Settings { seconds, rounds, .. } = settings;
    let mut text = format!(
        "{cores} cores, load generator included; {rounds} rounds of {seconds} s each, floor and product in turns.\n\
         Only the ratios count: the rates are this machine's.\n"
    );
    if *rounds < FEW_ROUNDS {
        text.push_str("Fewer than 5 rounds: take the ratios for a hint.\n");
    }
    text
}
