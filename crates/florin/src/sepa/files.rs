//! `florin sepa` for a bank that takes and gives files.

use super::by;
use crate::operate::{id, platform, print};
use crate::{Failed, OperatorName};
use clap::Subcommand;
use florin_api::kit::app::App;
use florin_api::sepa::{Adopted, FileLine, PaymentOutcome, Reconciled, SepaOperator, reconcile};
use florin_rails::sepa::Reason;
use florin_types::format_minor;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use uuid::Uuid;

/// What an operator does about files of a bank.
#[derive(Subcommand)]
pub enum FileCommand {
    /// List the payment files and how many of their payments have not ended; or the payments of one file.
    Files {
        /// The number of a file.
        number: Option<i64>,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Compare the newest statement of the bank (camt.053) with the books. The exit code is 1 if they differ.
    Reconcile {
        /// Another statement than the newest one of the folder `done`.
        file: Option<PathBuf>,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Book what waits: a message that was refused, a recall whose payment may have come by now, or a booking that only
    /// a statement has.
    Book {
        /// The message's id, from `florin sepa list`, or the booking's id, from `florin sepa reconcile`.
        id: String,
        /// The statement that has the booking, if it is not the newest one of the folder `done`.
        #[arg(long)]
        statement: Option<PathBuf>,
        /// It is a debit of a statement that is a fee of the bank, though it is more than the house has on the account.
        #[arg(long)]
        fee: bool,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Move money that waits to another partner, where it waits. `florin sepa assign` gives it to a user there.
    Move {
        /// The deposit's id, from `florin sepa list`.
        #[arg(value_parser = id)]
        deposit: Uuid,
        /// The partner's id.
        #[arg(long, value_parser = id)]
        partner: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Settle a payment that the bank has carried out without reporting it.
    Settle {
        /// The payment's id, from `florin sepa files NUMBER`.
        #[arg(value_parser = id)]
        payment: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Reject a payment that the bank has not carried out, without reporting it: amount and fee can be spent again.
    Reject {
        /// The payment's id, from `florin sepa files NUMBER`.
        #[arg(value_parser = id)]
        payment: Uuid,
        /// Why: a reason code of ISO 20022.
        #[arg(long, default_value = "MS03")]
        reason: String,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Note that a payment file was sent which a restored database does not know. Its payments are not sent again.
    Adopt {
        /// The file, from the folder `sent`.
        file: PathBuf,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
}

const NO_DEPOSIT: &str = "there is no such deposit; `florin sepa list` lists those that wait";
const NO_PAYMENT: &str = "there is no such payment";
const NO_MESSAGE: &str = "there is no such message; `florin sepa list` lists those that wait";

/// Runs a command.
pub async fn run(command: FileCommand) -> Result<ExitCode, Failed> {
    match command {
        FileCommand::Reconcile { file, flags } => {
            return compare(&platform(&flags.load()?).await?, file.as_deref()).await;
        }
        FileCommand::Files { number, flags } => list(&platform(&flags.load()?).await?, number).await?,
        FileCommand::Book { id, statement, fee, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let (operator, statement) = (by(&app, &operator)?, statement.as_deref());
            if fee {
                operator.book_any_fee(&id, statement).await?;
            } else {
                operator.book(&id, statement).await?.ok_or(NO_MESSAGE)?;
            }
            print("booked");
        }
        FileCommand::Move { deposit, partner, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            by(&app, &operator)?.move_to(deposit, partner).await?.ok_or(NO_DEPOSIT)?;
            print("a running server moves it");
        }
        FileCommand::Settle { payment, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let ended = by(&app, &operator)?.end_payment(payment, PaymentOutcome::Settled).await?;
            ended.ok_or(NO_PAYMENT)?;
            print("settled");
        }
        FileCommand::Reject { payment, reason, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let reason = Reason::parse(&reason).map_err(|error| format!("--reason {error}"))?;
            let ended = by(&app, &operator)?.end_payment(payment, PaymentOutcome::Rejected(reason)).await?;
            ended.ok_or(NO_PAYMENT)?;
            print("rejected");
        }
        FileCommand::Adopt { file, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            adopt(&by(&app, &operator)?, &file).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn compare(app: &App, file: Option<&Path>) -> Result<ExitCode, Failed> {
    let no_statement = "there is no camt.053 in the folder done";
    let Reconciled { statement, bookings, differences } = reconcile(app, file).await?.ok_or(no_statement)?;
    for difference in &differences {
        print(&difference.to_string());
    }
    print(&format!("statement {statement}: {bookings} bookings, {} differences", differences.len()));
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn list(app: &App, number: Option<i64>) -> Result<(), Failed> {
    let operator = SepaOperator { app, name: florin_types::Text::parse("florin")? };
    if let Some(number) = number {
        for (id, state, amount) in operator.payments_of(number).await? {
            print(&format!("{id}  {state}  {} eur", format_minor(amount, 2)));
        }
        return Ok(());
    }
    for FileLine { number, state, created_at, payments, amount, pending } in operator.files().await? {
        let amount = format_minor(amount, 2);
        print(&format!(
            "{number}  {state}  {created_at}  {payments} payments  {amount} eur  {pending} pending"
        ));
    }
    for (number, id) in operator.left_out().await? {
        print(&format!(
            "payment {id} could not be read, was left out of file {number}, and waits for a person"
        ));
    }
    Ok(())
}

async fn adopt(operator: &SepaOperator<'_>, file: &Path) -> Result<(), Failed> {
    let Adopted { number, marked, unknown, otherwise, recalls } = operator.adopt(file).await?;
    for (id, amount) in &unknown {
        let id = id.map_or_else(|| "-".to_owned(), |id| id.to_string());
        print(&format!("{id}  {} eur  was sent, and is not in this database", format_minor(*amount, 2)));
    }
    for (id, how) in &otherwise {
        print(&format!("{id}  was sent, and {how}"));
    }
    for (id, how) in &recalls {
        print(&format!("recall {id}  {how}"));
    }
    let rest = unknown.len() + otherwise.len();
    print(&format!(
        "payment file {number}: {marked} payments are marked as handed over, {rest} are for a person"
    ));
    Ok(())
}
