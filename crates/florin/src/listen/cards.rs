//! `florin listen --cards`: decides about authorisations of a sandbox, always alike or as a program on this machine
//! says.

use super::bank::Bank;
use super::forward::Forwarder;
use super::say;
use crate::Failed;
use florin_api::cards::CardDecision;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Who decides.
pub enum Decider {
    /// Nobody: it is always the same.
    Always(CardDecision),
    /// A program, which is asked as the server would ask it.
    Program(Box<Forwarder>),
}

/// What is printed of a question.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    id: String,
    transaction_id: String,
    amount: String,
    currency: String,
    merchant_name: Option<String>,
    created_at: String,
}

impl Decider {
    /// Of the argument's text: `approve`, `decline` or a URL.
    pub fn of(text: &str, token: Option<String>, secret: Option<&str>) -> Result<Self, Failed> {
        match text {
            "approve" => Ok(Self::Always(CardDecision::Approve)),
            "decline" => Ok(Self::Always(CardDecision::Decline)),
            url => match Forwarder::new(url, token, secret) {
                Ok(program) => Ok(Self::Program(Box::new(program))),
                Err(error) => Err(format!("--cards must be approve, decline or a URL: {error}").into()),
            },
        }
    }

    /// The program that is asked, where one is.
    pub fn program(&self) -> Option<&Forwarder> {
        match self {
            Self::Program(program) => Some(program),
            Self::Always(_) => None,
        }
    }

    async fn decide(&self, id: &str, question: &RawValue) -> Result<Result<CardDecision, String>, Failed> {
        match self {
            Self::Always(decision) => Ok(Ok(*decision)),
            Self::Program(program) => program.ask(id, question).await,
        }
    }
}

/// Answers questions until the process is ended. Those that the program does not answer are left to time out.
pub async fn answer(decider: &Decider, mut bank: Bank<'_>) -> Result<(), Failed> {
    loop {
        for body in bank.questions().await?.data {
            let question: Question = serde_json::from_str(body.get())?;
            let said = match decider.decide(&question.id, &body).await? {
                Ok(decision) => match bank.answer(&question.id, decision).await {
                    Ok(()) => decision.to_string(),
                    Err(why) => format!("{decision}, not told: {why}"),
                },
                Err(why) => format!("no decision: {why}"),
            };
            let Question { transaction_id, amount, currency, merchant_name, created_at, .. } = question;
            let merchant = merchant_name.unwrap_or_default();
            say(&format!(
                "{created_at}  card question  {transaction_id}  {amount} {currency}  {merchant}  → {said}"
            ))?;
        }
    }
}
