//! `florin`: the command line. Configuration, wiring and shutdown; no decision is made here.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod allocator;
mod config;
mod credentials;
mod demo;
mod listen;
mod master_key;
mod operate;
mod review;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod scheduler;
mod serve;
mod system;
mod vault;
mod webhook;

use clap::{Args, Parser, Subcommand};
use config::Flags;
use ipnet::IpNet;
use std::process::ExitCode;
use uuid::Uuid;

/// An embedded-finance platform that implements the Partner API.
///
/// Try `florin demo` first: it starts a bank in a temporary folder, drives it, and shows every call. `florin serve`
/// is the bank itself: a sandbox with embedded SQLite, unless told otherwise.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the bank.
    Serve {
        #[command(flatten)]
        flags: Flags,
    },
    /// Start a bank in a temporary folder, drive it over TCP and print each call with its answer.
    Demo(DemoArgs),
    /// Print events as they come, and forward them to a program on this machine: webhooks without a public address.
    Listen(listen::ListenArgs),
    /// Read all books back and say what is wrong with them; ends 0 when nothing is.
    Verify {
        #[command(flatten)]
        flags: Flags,
    },
    /// Partners: the companies that call the API.
    Partner {
        #[command(subcommand)]
        command: PartnerCommand,
    },
    /// API keys of partners. A key is shown once; only its hash is kept.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Reviews of users' documents, for an operator.
    Kyc {
        #[command(subcommand)]
        command: review::KycCommand,
    },
    /// Users' files, for an operator.
    Vault {
        #[command(subcommand)]
        command: vault::VaultCommand,
    },
    /// Partners' webhook endpoints, for an operator.
    Webhook {
        #[command(subcommand)]
        command: webhook::WebhookCommand,
    },
    /// List what operators did, and when.
    Audit {
        #[command(flatten)]
        flags: Flags,
    },
    /// Print the configuration in force, secrets hidden: defaults, then the file, then FLORIN_… variables, then flags.
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
    /// End after the last call, instead of staying up to be tried.
    #[arg(long)]
    exit: bool,
}

#[derive(Subcommand)]
enum PartnerCommand {
    /// Make a partner with a first key; prints both as JSON.
    Create {
        /// What to call it.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        flags: Flags,
    },
    /// List the partners.
    List {
        #[command(flatten)]
        flags: Flags,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make another key for a partner; prints it as JSON.
    Create {
        /// The partner's id.
        #[arg(long)]
        partner: Uuid,
        /// In live, the key works from these networks only (CIDR; may be given several times).
        #[arg(long)]
        allow: Vec<IpNet>,
        #[command(flatten)]
        flags: Flags,
    },
    /// End a key. It works for a second more at most.
    Revoke {
        /// The key.
        key: String,
        #[command(flatten)]
        flags: Flags,
    },
}

/// Who acts, for the audit.
#[derive(Args)]
struct OperatorName {
    /// Your name, as the audit shall know it.
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

/// After about how many tasks a busy worker asks the system what else has come. Tokio's own number is 61, and what
/// takes in a photo is a fifth of a millisecond at a time: with many of them ready, a small call's next byte, or the
/// database's answer to it, would be seen after ten. To ask takes about a microsecond.
const TASKS_BETWEEN_EVENTS: u32 = 4;

/// Anything that ends a command, said in one line.
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
            PartnerCommand::Create { name, flags } => {
                runtime.block_on(operate::create_partner(&flags.load()?, &name))?;
            }
            PartnerCommand::List { flags } => runtime.block_on(operate::list_partners(&flags.load()?))?,
        },
        Command::Key { command } => match command {
            KeyCommand::Create { partner, allow, flags } => {
                runtime.block_on(operate::create_key(&flags.load()?, partner, &allow))?;
            }
            KeyCommand::Revoke { key, flags } => {
                runtime.block_on(operate::revoke_key(&flags.load()?, &key))?
            }
        },
        Command::Kyc { command } => runtime.block_on(review::run(command))?,
        Command::Vault { command } => return runtime.block_on(vault::run(command)),
        Command::Webhook { command } => runtime.block_on(webhook::run(command))?,
        Command::Audit { flags } => runtime.block_on(review::audit(&flags.load()?))?,
        Command::Config { flags } => operate::print(&flags.load()?.shown()),
        Command::Openapi => operate::print(florin_api::openapi::document_text()?.trim_end()),
        Command::Asyncapi => operate::print(florin_api::asyncapi::document_text()?.trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}
