//! `cargo xtask bench`: what the product does per second, as a part of what the machine can do.
//!
//! The measure is the **floor**: a bare axum server that parses the same request and gives an answer of the same
//! size, and stores nothing (of uploads: writes them to a file as they are). One load generator of ours drives both
//! with the same bytes, in turns, so that what else the machine does weighs on both alike. Machines differ, disks
//! differ, neighbours differ: only the ratio of the two, taken in the same run, says something about Florin.
//!
//! Everything measured is built with the profile `dist`, as packages are: xtask builds this program so, and [`build`]
//! the product.
#![expect(clippy::print_stdout, reason = "a command-line tool answers on its standard output")]
#![expect(clippy::disallowed_methods, reason = "benchmarks measure the real machine, by its real clock")]

mod answer;
mod beside;
mod cards;
mod chain_deposits;
mod exchanges;
mod figures;
mod floor;
mod load;
mod paced;
mod place;
mod product;
mod requests;
mod sepa;
mod sepa_inbox;
mod transfers;
mod turns;
mod uploads;
mod webhooks;
mod withdrawals;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use place::Place;
use serde::Deserialize;
use xtask::{interrupt, postgres, process, workspace};

/// With fewer rounds a ratio is mostly chance.
const FEW_ROUNDS: u32 = 5;

/// Users are made over this many connections, so that the product can batch.
const PREPARING: usize = 64;

/// What a shell reports for a program ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Measure the product against the floor: a bare server that does only what can't be left out.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What is measured, and the servers that measuring needs.
#[derive(Debug, Subcommand)]
enum Command {
    Transfers(Transfers),
    Exchanges(Exchanges),
    Sepa(Sepa),
    SepaInbox(SepaInbox),
    ChainDeposits(ChainDeposits),
    Withdrawals(Withdrawals),
    Cards(Cards),
    Uploads(Uploads),
    Webhooks(Webhooks),
    Floor(Settings),
    /// The bare server that the product is measured against
    #[command(hide = true)]
    FloorServer(floor::Arguments),
    /// Owns a throw-away PostgreSQL cluster until its standard input closes
    #[command(hide = true)]
    PostgresSupervisor(postgres::supervisor::Arguments),
}

/// Durable transfers per second between random users, on each engine, against the floor
///
/// Starts `florin serve` in its default configuration with its logs on (into a file), makes and funds
/// users through the API, then sends POST /v1/transfer of 0.01 EUR between random pairs. Product and
/// floor take turns, round by round. At the end `florin verify` reads the books.
///
///   cargo xtask bench transfers
///   cargo xtask bench transfers --engine sqlite --connections 64 --rounds 9
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Transfers {
    #[command(flatten)]
    load: Load,
}

/// Locks and exchanges per second of random users, on each engine, against transfers
///
/// Starts `florin serve` as for transfers, with locks that hold for an hour. In each round come POST
/// /v1/transfer of 0.01 EUR, then GET /v1/exchange/get-lock for random users, then POST /v1/exchange of
/// 0.10 EUR for ltc under the locks that these have got. The ratios are to the transfers of the same round.
///
///   cargo xtask bench exchanges
///   cargo xtask bench exchanges --engine sqlite --connections 64 --rounds 9
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Exchanges {
    #[command(flatten)]
    load: Load,
}

/// SEPA transfers per second of random users, on each engine, against transfers
///
/// Starts `florin serve` as for transfers. In each round come POST /v1/transfer of 0.01 EUR, then POST
/// /v1/sepa-transfer of 0.01 EUR with a fee of 1.00 EUR, which the simulated bank settles meanwhile. The ratio is
/// to the transfers of the same round.
///
///   cargo xtask bench sepa
///   cargo xtask bench sepa --engine sqlite --connections 64 --rounds 9
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Sepa {
    #[command(flatten)]
    load: Load,
}

/// How fast a file of a bank with many credits is booked, on each engine
///
/// Starts `florin serve` with a bank over files, makes verified users, and puts a camt.054 with credits to
/// them into the inbox. The time is that from when the file is taken until it is put away.
///
///   cargo xtask bench sepa-inbox
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct SepaInbox {
    /// How many credits the file has
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..200_000))]
    credits: u32,
    /// How many users they are for
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..100_000))]
    accounts: u32,
    #[command(flatten)]
    place: Place,
}

/// How fast deposits on a simulated chain are seen and credited, on each engine
///
/// Starts `florin serve` as for transfers, makes verified users with wallets, and pays to these in transactions of ten
/// outputs. For each 2,000 deposits a block is made, and in the end as many blocks as the last ones need. The time is
/// that in which the blocks are made and followed, without that in which what is in them is paid. On polygon a deposit
/// is a token, on btc an output that can be spent later. The peak of memory is told beside what the server held before
/// the first block.
///
///   cargo xtask bench chain-deposits
///   cargo xtask bench chain-deposits --engine sqlite --network btc --deposits 20000
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct ChainDeposits {
    /// How many deposits there are on each network, rounded up to whole blocks of 2,000
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(2_000..=10_000_000))]
    deposits: u32,
    /// How many users they are for
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..100_000))]
    accounts: u32,
    /// On which networks
    #[arg(long, value_delimiter = ',', default_values = ["polygon", "btc"])]
    network: Vec<chain_deposits::Network>,
    #[command(flatten)]
    place: Place,
}

/// Crypto withdrawals per second of random users, on each engine, against transfers
///
/// Starts `florin serve` as for transfers. In each round come POST /v1/transfer of 0.01 EUR, then POST
/// /v1/crypto-withdrawal of 2 usdc on polygon, which the hot wallet pays on the simulated chain meanwhile. The ratio is
/// to the transfers of the same round.
///
///   cargo xtask bench withdrawals
///   cargo xtask bench withdrawals --engine sqlite --connections 64 --rounds 9
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Withdrawals {
    #[command(flatten)]
    load: Load,
}

/// Authorisations of cards per second, on each engine, against transfers; and how long one takes
///
/// Starts `florin serve` as for transfers, with a processor of cards that is connected by ISO 8583, and gives each
/// user five cards. In each round come POST /v1/transfer of 0.01 EUR, then authorisations of 0.01 EUR by POST
/// /v1/sandbox/cards/{cardId}/authorize, then the same as 0100 messages of the processor. The ratios are to the
/// transfers of the same round. Then transfers at half of what was their full load just before, at a constant rate,
/// and beside them authorisations at a constant rate: each is timed from when it was due, not from when it was sent.
///
///   cargo xtask bench cards
///   cargo xtask bench cards --engine sqlite --connections 64 --rate 1000
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Cards {
    #[command(flatten)]
    load: Load,
    /// Authorisations a second that are timed
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..100_000))]
    rate: u32,
}

/// What random users are sent, and where
#[derive(Debug, clap::Args)]
struct Load {
    #[command(flatten)]
    settings: Settings,
    /// How many users there are
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(2..1_000_000))]
    accounts: u32,
    /// Chooses the users and the idempotency keys
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    place: Place,
}

/// Photos of documents stored per second, on each engine, against writing the same bytes to a file
///
/// Starts `florin serve` as for transfers. POST /v1/user/kyc-files/{user} with three photos of 8 MB, each
/// time for another user, over so many connections; the floor streams the same body to a file and syncs
/// it. Product and floor take turns, round by round, while other calls go to the product at a fixed rate:
/// what became of their p99 is told beside it, and the product's peak of memory, also with a crowd.
/// What is uploaded is decoded before the next round. At the end `florin verify` reads the books.
///
///   cargo xtask bench uploads
///   cargo xtask bench uploads --engine sqlite --rounds 9 --folder /srv
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Uploads {
    /// How long uploads are begun in a round, in seconds; a quarter more comes before, to warm up
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// How often floor and product take turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Uploads at once
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Uploads at once for another look at memory; the product has places for 64
    #[arg(long, default_value_t = 64)]
    crowd: usize,
    /// Other calls per second, of each kind: reads of balances, and transfers
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..10_000))]
    calls: u32,
    /// Chooses the users' pairs and the idempotency keys
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    place: Place,
}

/// How soon and how fast events are delivered, and what a backlog costs, on each engine
///
/// Starts `florin serve` as for transfers, with a receiver of ours. Transfers at a fixed rate show how soon
/// a webhook arrives, also while another partner's receiver hangs. Then a backlog is made while the receiver
/// hangs: what that does to transfers and to memory; and how fast it goes out when it answers, against a bare
/// client that sends the same requests.
///
///   cargo xtask bench webhooks
///   cargo xtask bench webhooks --engine sqlite --backlog 100000
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Webhooks {
    /// How long each figure is measured, in seconds
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Transfers a second whose webhooks are timed
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(8..100_000))]
    rate: u32,
    /// Events of the backlog
    #[arg(long, default_value_t = 1_000_000)]
    backlog: u64,
    #[command(flatten)]
    place: Place,
}

/// The floor alone: what this machine, this kernel and our load generator can do
#[derive(Debug, Clone, clap::Args)]
struct Settings {
    /// How long a round measures, in seconds
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// How often floor and product take turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Connections open at once, each with one request under way
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 256])]
    connections: Vec<usize>,
}

impl Settings {
    /// The time measured in a round.
    fn measured(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// The time before it, in which connections, caches and batches find their size.
    fn warm_up(&self) -> Duration {
        self.measured() / 4
    }
}

impl Uploads {
    /// The time in which calls count.
    fn measured(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// The time before it, in which uploads get under way.
    fn warm_up(&self) -> Duration {
        self.measured() / 4
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if interrupt::happened() => {
            eprintln!("bench: interrupted");
            ExitCode::from(INTERRUPTED)
        }
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command; those that are servers of ours watch for their own end.
fn run(command: &Command) -> Result<()> {
    match command {
        Command::FloorServer(arguments) => return floor::run(arguments),
        Command::PostgresSupervisor(arguments) => return postgres::supervisor::run(arguments),
        _ => interrupt::watch()?,
    }
    match command {
        Command::Floor(settings) => transfers::floor_alone(settings),
        Command::Transfers(transfers) => transfers::run(&transfers.load),
        Command::Exchanges(exchanges) => exchanges::run(&exchanges.load),
        Command::Sepa(sepa) => sepa::run(&sepa.load),
        Command::SepaInbox(inbox) => sepa_inbox::run(inbox),
        Command::ChainDeposits(deposits) => chain_deposits::run(deposits),
        Command::Withdrawals(withdrawals) => withdrawals::run(&withdrawals.load),
        Command::Cards(cards) => cards::run(cards),
        Command::Webhooks(webhooks) => webhooks::run(webhooks),
        Command::Uploads(uploads) => uploads::run(uploads),
        Command::FloorServer(_) | Command::PostgresSupervisor(_) => Ok(()),
    }
}

/// Builds the product as packages are built; its program.
fn build() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--profile", "dist", "--package", "florin"]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    process::announce(&cargo);
    let messages = workspace::output(&mut cargo)?;
    let messages =
        messages.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Message>(line).ok());
    let program = messages.filter_map(|message| message.executable).next_back();
    program.context("cargo built no program of florin")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn xtask_names_what_can_be_measured() {
        let cli = Cli::command();
        let shown = cli.get_subcommands().filter(|command| !command.is_hide_set());
        let names: Vec<_> = shown.map(clap::Command::get_name).collect();
        assert_eq!(names, xtask::MEASUREMENTS.map(|(name, _)| name));
    }
}
