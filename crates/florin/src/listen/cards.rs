//! `florin listen --cards`: decides about authorisations of a sandbox, always alike or as a program on this machine
//! says.

use super::bank::{Answers, Bank};
use super::forward::Forwarder;
use super::say;
use crate::Failed;
use florin_api::cards::CardDecision;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use tokio::task::JoinSet;

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

/// Answers questions until the process is ended. Each is decided by itself: one that the program does not answer is
/// left to time out, and holds up no other.
pub async fn answer(decider: Decider, mut bank: Bank<'_>) -> Result<(), Failed> {
    let decider = Arc::new(decider);
    let mut under_way = JoinSet::new();
    loop {
        // A call that waits for questions is not given up: what it would have shown would be lost.
        for question in bank.questions().await?.data {
            let (decider, answers) = (Arc::clone(&decider), bank.answers());
            under_way.spawn(async move { one(&decider, &answers, &question).await });
        }
        while let Some(ended) = under_way.try_join_next() {
            ended??;
        }
    }
}

/// Decides a question, answers it and prints it.
async fn one(decider: &Decider, answers: &Answers, body: &RawValue) -> Result<(), String> {
    let question: Question = serde_json::from_str(body.get()).map_err(|error| error.to_string())?;
    let decided = decider.decide(&question.id, body).await.map_err(|error| error.to_string())?;
    let said = match decided {
        Ok(decision) => match answers.answer(&question.id, decision).await {
            Ok(()) => decision.to_string(),
            Err(why) => format!("{decision}, not told: {why}"),
        },
        Err(why) => format!("no decision: {why}"),
    };
    let Question { transaction_id, amount, currency, merchant_name, created_at, .. } = question;
    let merchant = merchant_name.unwrap_or_default();
    let line =
        format!("{created_at}  card question  {transaction_id}  {amount} {currency}  {merchant}  → {said}");
    say(&line).map_err(|error| error.to_string())
}
