//! `florin`: the command line. Configuration, wiring and shutdown; no decision is made here.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod allocator;
mod bank;
mod cards;
mod chains;
mod clock;
mod config;
mod credentials;
mod crypto;
mod data_folder;
mod data_lock;
mod demo;
mod descriptors;
mod keys;
mod listen;
mod logs;
mod master_key;
mod operate;
mod processor;
mod rates;
mod ready;
mod review;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod scheduler;
mod sections;
mod sepa;
mod serve;
mod system;
mod terms;
mod variables;
mod vault;
mod vop;
mod webhook;

use clap::{Args, Parser, Subcommand};
use config::Flags;
use std::process::ExitCode;

/// An embedded-finance platform that implements the Partner API.
///
/// Try `florin demo` first: it starts a server in a temporary folder, makes calls to it and prints them. `florin serve`
/// runs the server. By default it is a sandbox with an embedded SQLite database in ./florin-data.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve {
        #[command(flatten)]
        flags: Flags,
    },
    /// Start a server in a temporary folder, make calls to it and print each with its answer.
    Demo(DemoArgs),
    /// Print events when they happen, and forward them to a program on this machine as webhooks.
    ///
    /// Use it to develop a webhook receiver on a machine without a public address.
    Listen(listen::ListenArgs),
    /// Check all books (balances, holds, the hash chains of journal and events), the seals of rows, and the database's
    /// own files.
    ///
    /// The exit code is 0 if nothing is wrong. It reads only, and can run beside a server.
    Verify {
        #[command(flatten)]
        flags: Flags,
    },
    /// Create and list partners, the companies that call the API.
    Partner {
        #[command(subcommand)]
        command: PartnerCommand,
    },
    /// Create, list and revoke API keys. A key is shown once; the database keeps only a keyed hash of it.
    Key {
        #[command(subcommand)]
        command: keys::KeyCommand,
    },
    /// Review users' documents, as an operator.
    Kyc {
        #[command(subcommand)]
        command: review::KycCommand,
    },
    /// Money by SEPA whose owner is not settled, and messages of the bank that could not be true.
    Sepa {
        #[command(subcommand)]
        command: sepa::SepaCommand,
    },
    /// Chains: how they are followed, whether what is there is what the books say, and withdrawals that wait.
    Crypto {
        #[command(subcommand)]
        command: crypto::CryptoCommand,
    },
    /// Cards of users: see them, and block, suspend or release one.
    Cards {
        #[command(subcommand)]
        command: cards::CardsCommand,
    },
    /// Let other banks ask who holds an account (Verification of Payee).
    Vop {
        #[command(subcommand)]
        command: vop::VopCommand,
    },
    /// Export and check users' files, as an operator.
    Vault {
        #[command(subcommand)]
        command: vault::VaultCommand,
    },
    /// Show the clock, and set the time of the data right.
    Clock {
        #[command(subcommand)]
        command: clock::ClockCommand,
    },
    /// Register and show partners' webhook endpoints, as an operator.
    Webhook {
        #[command(subcommand)]
        command: webhook::WebhookCommand,
    },
    /// List what operators did and which fields of users' profiles partners changed, and when.
    Audit {
        #[command(flatten)]
        flags: Flags,
    },
    /// Print the configuration that is in effect, without secrets.
    ///
    /// Later sources override earlier ones: defaults, the file florin.toml, FLORIN_… variables, flags.
    Config {
        #[command(flatten)]
        flags: Flags,
    },
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Print the AsyncAPI document of the webhooks.
    Asyncapi,
}

#[derive(Args)]
struct DemoArgs {
    /// Exit after the last call. Without this flag the server stays up for you to try.
    #[arg(long)]
    exit: bool,
}

#[derive(Subcommand)]
enum PartnerCommand {
    /// Create a partner with a first key, and print both as JSON. A running server knows them at once, and the audit
    /// records them. Where there is no database yet, this makes one, as `serve` does and no other command.
    Create {
        /// The partner's name.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: Flags,
    },
    /// List the partners.
    List {
        #[command(flatten)]
        flags: Flags,
    },
    /// Show and set what is agreed with a partner: fees and rules that differ from the defaults.
    Terms {
        #[command(subcommand)]
        command: terms::TermsCommand,
    },
}

/// The operator, for the audit.
#[derive(Args)]
struct OperatorName {
    /// Your name, for the audit log.
    #[arg(long, env = "FLORIN_OPERATOR", value_name = "NAME")]
    operator: String,
}

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    allocator::give_back_early();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    scheduler::take_short_turns();
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("florin: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tasks that a busy worker runs before it asks the system for new events. Tokio's default is 61. A task that receives
/// part of a photo takes a fifth of a millisecond, so 61 of them would delay a small call by 12 ms. Asking takes about
/// a microsecond.
const TASKS_BETWEEN_EVENTS: u32 = 4;

/// The error that ends a command, printed as one line.
type Failed = Box<dyn std::error::Error>;

fn run(command: Command) -> Result<ExitCode, Failed> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.event_interval(TASKS_BETWEEN_EVENTS).enable_all().build()?;
    match command {
        Command::Serve { flags } => runtime.block_on(serve::serve(&flags.load()?))?,
        Command::Demo(args) => runtime.block_on(demo::demo(args.exit))?,
        Command::Listen(arguments) => runtime.block_on(listen::listen(&arguments))?,
        Command::Verify { flags } => return runtime.block_on(operate::verify(&flags.load()?)),
        Command::Partner { command } => match command {
            PartnerCommand::Terms { command } => runtime.block_on(terms::run(command))?,
            PartnerCommand::Create { name, operator, flags } => {
                runtime.block_on(operate::create_partner(&flags.load()?, &name, &operator))?;
            }
            PartnerCommand::List { flags } => runtime.block_on(operate::list_partners(&flags.load()?))?,
        },
        Command::Key { command } => runtime.block_on(keys::run(command))?,
        Command::Kyc { command } => runtime.block_on(review::run(command))?,
        Command::Sepa { command } => return runtime.block_on(sepa::run(command)),
        Command::Crypto { command } => return runtime.block_on(crypto::run(command)),
        Command::Cards { command } => runtime.block_on(cards::run(command))?,
        Command::Vop { command } => runtime.block_on(vop::run(command))?,
        Command::Vault { command } => return runtime.block_on(vault::run(command)),
        Command::Clock { command } => return runtime.block_on(clock::run(command)),
        Command::Webhook { command } => runtime.block_on(webhook::run(command))?,
        Command::Audit { flags } => runtime.block_on(review::audit(&flags.load()?))?,
        Command::Config { flags } => {
            let config = flags.load()?;
            operate::print(&config.shown());
            // What `serve` would refuse is said here too.
            config.check()?;
        }
        Command::Openapi => operate::print(florin_api::openapi::document_text()?.trim_end()),
        Command::Asyncapi => operate::print(florin_api::asyncapi::document_text()?.trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}
