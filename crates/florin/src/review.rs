//! `florin kyc` and `florin audit`: open reviews, and who decided them.

use crate::config::Config;
use crate::operate::{id, name_of, platform, print};
use crate::{Failed, OperatorName};
use clap::{Args, Subcommand, ValueEnum};
use florin_api::kit::app::App;
use florin_api::kit::book::inbox::SHOWN;
use florin_api::kit::endpoint::failure::Failure;
use florin_api::kyc::{Decision, Operator, PoaStatus, RejectionReason, ReviewOf, Shown};
use uuid::Uuid;

/// Review users' documents, as an operator.
#[derive(Subcommand)]
pub enum KycCommand {
    /// List open reviews, oldest first within each partner.
    List {
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Show the data and the list of files of a review. The audit log records who looked.
    ///
    /// `florin vault export` writes the files themselves.
    Show {
        /// The review's id, from `florin kyc list`.
        #[arg(value_parser = id)]
        review: Uuid,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
    /// Decide an open review, as `show` has shown it. The partner gets the event at once.
    ///
    /// The decision is refused if the profile, the verification's data or the files have changed since.
    Decide(DecideArgs),
    /// Require proof of address from a user, for example one rated high risk.
    RequirePoa {
        /// The partner's id, from `florin partner list`.
        #[arg(long, value_parser = id)]
        partner: Uuid,
        /// The user's externalUserId.
        #[arg(long)]
        user: String,
        #[command(flatten)]
        operator: OperatorName,
        #[command(flatten)]
        flags: crate::config::Flags,
    },
}

/// A decision.
#[derive(Args)]
pub struct DecideArgs {
    /// The review's id, from `florin kyc list`.
    #[arg(value_parser = id)]
    review: Uuid,
    /// The decision.
    word: Word,
    /// The `version` that `florin kyc show` printed.
    #[arg(long, value_name = "VERSION")]
    shown: String,
    /// Why an identity is rejected: NO_FACE_FOUND, FACE_MISMATCH, DOCUMENT_UNREADABLE, DOCUMENT_EXPIRED,
    /// DOCUMENT_NOT_SUPPORTED, DATA_MISMATCH, SUSPECTED_FRAUD or OTHER.
    #[arg(long, default_value = "OTHER")]
    reason: String,
    #[command(flatten)]
    operator: OperatorName,
    #[command(flatten)]
    flags: crate::config::Flags,
}

/// A decision, as typed.
#[derive(Copy, Clone, Debug, ValueEnum)]
enum Word {
    /// The documents prove what the user stated.
    Approve,
    /// They do not.
    Reject,
    /// More documents are needed. Only for proof of address.
    Question,
}

const NO_REVIEW: &str = "there is no such review; `florin kyc list` lists the open ones";

/// Runs a command.
pub async fn run(command: KycCommand) -> Result<(), Failed> {
    match command {
        KycCommand::List { flags } => list(&flags.load()?).await,
        KycCommand::Show { review, operator, flags } => show(&flags.load()?, &operator, review).await,
        KycCommand::Decide(arguments) => decide(&arguments.flags.load()?, &arguments).await,
        KycCommand::RequirePoa { partner, user, operator, flags } => {
            let app = platform(&flags.load()?).await?;
            let done = by(&app, &operator)?.require_address(partner, &user).await.map_err(said)?;
            done.ok_or("there is no such partner, or it has no such user")?;
            print("proof of address is required now");
            Ok(())
        }
    }
}

/// `florin audit`: what operators did and which fields of profiles partners changed, oldest first.
pub async fn audit(config: &Config) -> Result<(), Failed> {
    let app = platform(config).await?;
    let operator = Operator { app: &app, name: florin_types::Text::parse("florin")? };
    for (partner, entry) in operator.audit().await? {
        let (at, who, what, object, detail) =
            (entry.at, entry.operator, entry.action, entry.object, entry.detail);
        print(format!("{at}  {who}  {what}  {object}  {detail}  ({partner})").trim_end());
    }
    Ok(())
}

async fn list(config: &Config) -> Result<(), Failed> {
    let app = platform(config).await?;
    let operator = Operator { app: &app, name: florin_types::Text::parse("florin")? };
    let (open, cut) = operator.reviews_shown().await?;
    for review in &open {
        let of = if review.of == ReviewOf::Identity { "identity" } else { "address " };
        print(&format!("{}  {of}  {}  {}  ({})", review.id, review.since, review.user, review.partner));
    }
    say_cut(&cut);
    if open.is_empty() {
        eprintln!("no open reviews");
    }
    Ok(())
}

/// Says of which partners a list is not whole.
pub fn say_cut(partners: &[String]) {
    for partner in partners {
        eprintln!("{SHOWN} shown of {partner}, more wait: they are shown when these are dealt with");
    }
}

async fn show(config: &Config, operator: &OperatorName, review: Uuid) -> Result<(), Failed> {
    let app = platform(config).await?;
    let shown = by(&app, operator)?.show(review).await.map_err(said)?.ok_or(NO_REVIEW)?;
    print(&serde_json::to_string_pretty(&json(&shown)?)?);
    Ok(())
}

fn json(shown: &Shown) -> Result<serde_json::Value, Failed> {
    let files = shown.files.iter().map(|file| {
        serde_json::json!({
            "part": file.part,
            "type": file.kind.as_str(),
            "bytes": file.bytes,
            "width": file.size.map(|size| size.width),
            "height": file.size.map(|size| size.height),
            "pages": file.pages,
            "state": file.state.as_str(),
            "object": file.name.to_string(),
            "receivedAt": file.created_at.to_string(),
        })
    });
    Ok(serde_json::json!({
        "review": if shown.of == ReviewOf::Identity { "identity" } else { "address" },
        "version": shown.version,
        "externalUserId": shown.user,
        "profile": serde_json::to_value(&shown.profile)?,
        "said": shown.said()?,
        "verificationStatus": shown.standing.map(|standing| standing.status.as_str()),
        "attemptStatus": shown.standing.map(|standing| standing.progress.as_str()),
        "proofOfAddress": shown.poa.map(PoaStatus::as_str),
        "files": files.collect::<Vec<_>>(),
    }))
}

async fn decide(config: &Config, arguments: &DecideArgs) -> Result<(), Failed> {
    let reason = RejectionReason::of_word(&arguments.reason).ok_or_else(|| {
        let known: Vec<_> = RejectionReason::ALL.iter().map(|reason| reason.as_str()).collect();
        format!("--reason must be one of {}", known.join(", "))
    })?;
    let app = platform(config).await?;
    let operator = by(&app, &arguments.operator)?;
    let review = operator.review(arguments.review).await.map_err(said)?.ok_or(NO_REVIEW)?;
    let (id, version) = (arguments.review, arguments.shown.as_str());
    let done = match (review, arguments.word) {
        (ReviewOf::Identity, Word::Approve) => operator.decide(id, version, Decision::Approve).await,
        (ReviewOf::Identity, Word::Reject) => operator.decide(id, version, Decision::Reject(reason)).await,
        (ReviewOf::Identity, Word::Question) => {
            return Err("`question` is only for proof of address; approve or reject an identity".into());
        }
        (ReviewOf::Address, word) => {
            let status = match word {
                Word::Approve => PoaStatus::Approved,
                Word::Reject => PoaStatus::Rejected,
                Word::Question => PoaStatus::Questioned,
            };
            operator.decide_address(id, version, status).await
        }
    };
    done.map_err(said)?.ok_or(NO_REVIEW)?;
    print("decided");
    Ok(())
}

/// The operator.
pub fn by<'a>(app: &'a App, operator: &OperatorName) -> Result<Operator<'a>, Failed> {
    Ok(Operator { app, name: name_of(operator)? })
}

/// The sentence of a failure: its code is for partners.
pub fn said(failure: Failure) -> Failed {
    match failure {
        Failure::Refused(refusal) => refusal.message.into(),
        Failure::Fault(error) => error.into(),
    }
}
