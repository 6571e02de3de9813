//! The run of `cargo xtask bench uploads`.
//!
//! 1. The product starts on an engine; users for the calls are made, approved and funded through its API.
//! 2. In each round: the calls alone; then uploads to the floor, and uploads to the product, in turns, while the same
//!    calls go to the product. Each upload is for a user of its own, made beforehand, so that none is refused.
//! 3. Before anything else is measured, the product has told of every upload that its photos could be decoded, and
//!    the disk has taken what was written.
//! 4. Once more with a crowd, for the memory.
//! 5. The product stops, and `florin verify` reads the books.

mod calls;
mod decoding;
mod form;
pub mod process;
mod pulse;
mod report;
mod send;

use std::num::NonZero;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::floor::Floor;
use super::load::{Until, drive};
use super::product::Product;
use super::requests::{ForEachUser, Recipient, Step};
use super::transfers::prepare;
use super::{FEW_ROUNDS, PREPARING, Uploads as Arguments};
use calls::{Calls, Seen};
use decoding::Decoding;
use form::Form;
use process::Process;
use report::{Crowd, Outcome};
use send::{Sent, Users};
use xtask::postgres::Cluster;

/// Users between whom the calls move money.
const ACCOUNTS: u32 = 100;

/// Uploads that no server of this time ends in a second: five gigabytes. Users are made for so many.
const UPLOADS_PER_SECOND: u64 = 200;

/// When calls, and uploads, begin and end.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// What is seen before it does not count.
    from: Instant,
    /// Nothing is begun after it.
    to: Instant,
}

/// One side's uploads, and what became of the calls to the product meanwhile.
struct Side {
    sent: Sent,
    calls: Seen,
    /// Time of processors that the server took until its last answer.
    processor: Option<Duration>,
}

/// One round.
struct Round {
    /// The calls alone.
    quiet: Seen,
    floor: Side,
    product: Side,
    after: Afterwards,
}

/// What the product did after its last answer, until all photos were decoded.
struct Afterwards {
    waited: Duration,
    processor: Option<Duration>,
}

/// The two servers and what is sent to them.
struct Contest<'a> {
    arguments: &'a Arguments,
    form: &'a Form,
    recipient: Recipient,
    product: Process,
    users: Users,
    calls: Calls,
    decoding: Decoding,
    floor: Floor,
    written: TempDir,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<()> {
    let form = Form::new(&form::photo()?)?;
    let florin = arguments.place.program()?;
    let outcomes =
        arguments.place.on_engines(|name, cluster| engine(name, arguments, &florin, cluster, &form))?;
    outcomes.iter().for_each(|outcome| print!("\n{}", report::text(outcome)));
    print!("\n{}", setting(arguments));
    Ok(())
}

/// Everything on one engine.
fn engine(
    name: &'static str,
    arguments: &Arguments,
    florin: &Path,
    cluster: Option<Cluster>,
    form: &Form,
) -> Result<Outcome> {
    let product = Product::start(florin, &arguments.place.folder, cluster)?;
    let recipient = product.recipient()?;
    prepare(&recipient, ACCOUNTS)?;
    let written = tempfile::Builder::new().prefix("florin-bench-floor-").tempdir_in(&arguments.place.folder);
    let written =
        written.with_context(|| format!("cannot make a folder in {}", arguments.place.folder.display()))?;
    let mut contest = Contest {
        arguments,
        form,
        product: Process::new(product.id()),
        users: Users::from(ACCOUNTS),
        calls: Calls::new(&recipient, ACCOUNTS, arguments.calls, arguments.seed),
        decoding: Decoding::new(&recipient),
        floor: Floor::start_for_uploads(written.path())?,
        recipient,
        written,
    };
    let mut rounds = Vec::new();
    contest.product.forget_peak();
    for round in 1..=arguments.rounds {
        rounds.push(contest.round(round).with_context(|| format!("{name}, round {round}"))?);
        eprintln!("{name}, round {round}: {}", rounds.last().map(report::last_round).unwrap_or_default());
    }
    let memory = contest.product.memory();
    let crowd = contest.crowd().with_context(|| format!("{name}, {} at once", arguments.crowd))?;
    let uploads = contest.users.taken();
    drop(contest);
    eprintln!("{name}: florin verify …");
    let verdict = format!("{uploads} uploads, all decoded; florin verify: {}", product.verify()?);
    Ok(Outcome { engine: name, at_once: arguments.connections, rounds, memory, crowd, verdict })
}

impl Contest<'_> {
    /// Who goes first changes from round to round: the second finds a warmer machine, or a busier disk.
    fn round(&mut self, round: u32) -> Result<Round> {
        let quiet = self.calls.make(self.window())?;
        if round % 2 == 1 {
            let floor = self.floor_side()?;
            let (product, after) = self.product_side(self.arguments.connections)?;
            Ok(Round { quiet, floor, product, after })
        } else {
            let (product, after) = self.product_side(self.arguments.connections)?;
            Ok(Round { quiet, floor: self.floor_side()?, product, after })
        }
    }

    fn floor_side(&self) -> Result<Side> {
        let recipient = Recipient { address: self.floor.address, ..self.recipient.clone() };
        // They need not exist there, and stay unused.
        let users = Users::from(ACCOUNTS);
        users.allow(u32::MAX);
        let side =
            self.upload((&recipient, Process::new(self.floor.id())), &users, self.arguments.connections)?;
        for entry in std::fs::read_dir(self.written.path())? {
            std::fs::remove_file(entry?.path()).context("cannot remove what the floor wrote")?;
        }
        nix::unistd::sync();
        Ok(side)
    }

    fn product_side(&mut self, connections: usize) -> Result<(Side, Afterwards)> {
        self.make_users(connections)?;
        nix::unistd::sync();
        let side = self.upload((&self.recipient, self.product), &self.users, connections)?;
        let before = self.product.processor_time();
        let waited = self.decoding.all_of(self.users.taken())?;
        let after = Afterwards { waited, processor: self.product.processor_time_since(before) };
        nix::unistd::sync();
        Ok((side, after))
    }

    /// Uploads to a server, and calls to the product meanwhile.
    fn upload(&self, to: (&Recipient, Process), users: &Users, connections: usize) -> Result<Side> {
        let (recipient, process) = to;
        let before = process.processor_time();
        let window = self.window();
        thread::scope(|scope| {
            let calls = scope.spawn(|| self.calls.make(window));
            let sent = send::send(recipient, self.form, users, connections, window.to);
            let processor = process.processor_time_since(before);
            let calls = calls.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok(Side { sent: sent?, calls: calls?, processor })
        })
    }

    /// As many uploads at once as there are places for, once.
    fn crowd(&mut self) -> Result<Crowd> {
        self.product.forget_peak();
        let (side, after) = self.product_side(self.arguments.crowd)?;
        Ok(Crowd { at_once: self.arguments.crowd, side, after, memory: self.product.memory() })
    }

    /// Makes users until there are enough for the next uploads.
    fn make_users(&self, connections: usize) -> Result<()> {
        let seconds = (self.arguments.warm_up() + self.arguments.measured()).as_secs() + 1;
        let enough = u32::try_from(seconds * UPLOADS_PER_SECOND)? + u32::try_from(connections)?;
        let missing = self.users.missing(enough);
        let mut requests = ForEachUser::new(&self.recipient, missing.clone(), Step::Create);
        drive(self.recipient.address, PREPARING, &mut requests, Until::Spent)?;
        self.users.allow(missing.end);
        Ok(())
    }

    fn window(&self) -> Window {
        let from = Instant::now() + self.arguments.warm_up();
        Window { from, to: from + self.arguments.measured() }
    }
}

/// Where and how this was measured, and what it is worth.
fn setting(arguments: &Arguments) -> String {
    let cores = thread::available_parallelism().map_or(0, NonZero::get);
    let Arguments { seconds, rounds, calls, seed, .. } = arguments;
    let mut text = format!(
        "{cores} cores, load generator included; {rounds} rounds of {seconds} s each, floor and product in turns.\n\
         Other calls: {calls} of each kind a second; seed {seed}; all files and databases in {}.\n\
         Only the ratios and the memory count: the rates are this machine's.\n",
        arguments.place.folder.display()
    );
    if *rounds < FEW_ROUNDS {
        text.push_str("Fewer than 5 rounds: take the ratios for a hint.\n");
    }
    text
}
