//! `florin listen`: prints a partner's events when they happen, and forwards them to a program on this machine as the
//! server would send them. For an engineer whose machine has no public address.

mod bank;
mod cards;
mod forward;

use crate::Failed;
use crate::credentials::Credentials;
use bank::{Bank, Event};
use cards::Decider;
use clap::Args;
use forward::Forwarder;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

/// Characters of a payload that are printed: an id and three words, so that a line fits most screens.
const SHOWN: usize = 72;

/// The field of a payload that says where something stands.
const STATUS: &str = "status";

const EXAMPLES: &str = "\
Examples:
  florin listen
      Prints the events of the sandbox whose data is in ./florin-data.
  florin listen --forward-to http://localhost:3000
      Also POSTs each event there, to a path such as /transfer-webhook, signed and
      with the token in `authorization`. It first prints the token, the secret and
      the public key to verify with. --secret or WEBHOOK_SECRET sets the secret;
      otherwise each run has a new one.
  florin listen --after 0 --type transfer
      Starts with the first event, and shows only transfers.
  florin listen --url https://sandbox.example.com --key KEY
      Connects to a server elsewhere.
  florin listen --cards http://localhost:3000/card-decisions
      Also asks the program there about each authorisation of a card, signed as
      events are, and has the sandbox do what it says. --cards approve and --cards
      decline answer always alike. While it runs, nobody else is asked.

Each event is sent once, in order; its line ends with the answer. A failed event
is not sent again: run with --after and the number before it to repeat it. An
endpoint that is registered with the server gets its webhooks as well.";

/// Where events come from, and where they are forwarded to.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ListenArgs {
    /// POST each event to this base URL, followed by the path of the event's type.
    #[arg(long, value_name = "URL")]
    forward_to: Option<String>,
    /// Decide about authorisations of cards, in a sandbox: approve, decline, or what the program at this URL says.
    #[arg(long, value_name = "approve|decline|URL")]
    cards: Option<String>,
    /// The server's URL [default: from sandbox-credentials.json].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Your API key [default: from sandbox-credentials.json].
    #[arg(long, env = "FLORIN_KEY", hide_env_values = true)]
    key: Option<String>,
    /// The folder with sandbox-credentials.json.
    #[arg(long, value_name = "DIR", env = "FLORIN_DATA_DIR", default_value = "florin-data")]
    data_dir: PathBuf,
    /// Show only events of this type, such as `transfer`.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Start after the event with this number; 0 starts with the first event. Without it: new events only.
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
    /// The value of the header `authorization` [default: webhookToken from sandbox-credentials.json].
    #[arg(long, env = "WEBHOOK_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The signing secret: `whsec_` and 32 bytes in base64. Without it each run draws a new one.
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true)]
    secret: Option<String>,
}

/// The server's URL and the key. Read again when the server is away, since it may restart at another address.
struct Access {
    url: String,
    key: String,
    token: Option<String>,
}

impl ListenArgs {
    fn access(&self) -> Result<Access, Failed> {
        let file = self.data_dir.join("sandbox-credentials.json");
        let kept = std::fs::read(&file).ok();
        let kept: Option<Credentials> = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let (url, key, token) = match kept {
            Some(kept) => (Some(kept.base_url), Some(kept.api_key), Some(kept.webhook_token)),
            None => (None, None, None),
        };
        let missing = |what: &str| {
            format!(
                "{what} is missing, and {} cannot be read: set --data-dir, or --url and --key",
                file.display()
            )
        };
        let url = self.url.clone().or(url).ok_or_else(|| missing("--url"))?;
        Ok(Access {
            url: url.trim_end_matches('/').trim_end_matches("/v1").to_owned(),
            key: self.key.clone().or(key).ok_or_else(|| missing("--key"))?,
            token: self.token.clone().or(token),
        })
    }
}

/// Listens until the process is ended.
pub async fn listen(arguments: &ListenArgs) -> Result<(), Failed> {
    let access = arguments.access()?;
    let token = access.token.clone();
    let forwarder = match &arguments.forward_to {
        Some(target) => Some(Forwarder::new(target, token.clone(), arguments.secret.as_deref())?),
        None => None,
    };
    // One secret for both.
    let secret = forwarder.as_ref().map(Forwarder::secret).or_else(|| arguments.secret.clone());
    let decider = match &arguments.cards {
        Some(text) => Some(Decider::of(text, token, secret.as_deref())?),
        None => None,
    };
    say(&format!("listening to events of {}", access.url))?;
    if let Some(forwarder) = &forwarder {
        introduce("forwarding to", forwarder)?;
    }
    if let Some(program) = decider.as_ref().and_then(Decider::program) {
        introduce("asking about cards at", program)?;
    }
    let events = print_events(arguments, access, forwarder.as_ref());
    match decider {
        Some(decider) => {
            let bank = Bank::new(arguments.access()?, || arguments.access())?;
            tokio::try_join!(events, cards::answer(decider, bank)).map(|_| ())
        }
        None => events.await,
    }
}

/// Prints events, and forwards them where that is wanted.
async fn print_events(
    arguments: &ListenArgs,
    access: Access,
    forwarder: Option<&Forwarder>,
) -> Result<(), Failed> {
    let mut bank = Bank::new(access, || arguments.access())?;
    let mut after = first(&mut bank, arguments.after).await?;
    let paths = if forwarder.is_some() { bank.own_paths().await? } else { HashMap::new() };
    say(&format!("events after #{after}; Ctrl-C stops"))?;
    loop {
        let page = bank.events(after, arguments.kind.as_deref()).await?;
        let is_quiet = page.data.is_empty();
        for mut event in page.data {
            if let Some(own) = paths.get(&event.kind) {
                event.path.clone_from(own);
            }
            let heard = match forwarder {
                Some(forwarder) => format!("  → {}", forwarder.forward(&event).await?),
                None => String::new(),
            };
            say(&format!("{}{heard}", line(&event)))?;
        }
        after = page.next_after;
        // A reset sandbox counts from 1 again.
        if is_quiet && after > 0 && !bank.has(after).await? {
            after = 0;
            say("the sandbox was reset: starting with its first event")?;
        }
    }
}

/// The number after which listening begins.
async fn first(bank: &mut Bank<'_>, wished: Option<u64>) -> Result<u64, Failed> {
    match wished {
        None => bank.last().await,
        Some(after) if after == 0 || bank.has(after).await? => Ok(after),
        Some(after) => {
            Err(format!("--after {after} is too high: the newest event is #{}", bank.last().await?).into())
        }
    }
}

/// Prints the values that the receiver verifies with.
fn introduce(what: &str, forwarder: &Forwarder) -> Result<(), Failed> {
    say(&format!("{what} {}; the receiver verifies with:", forwarder.target()))?;
    say(&format!("  export WEBHOOK_TOKEN='{}'", forwarder.token()))?;
    say(&format!("  export WEBHOOK_SECRET='{}'", forwarder.secret()))?;
    say(&format!("  export WEBHOOK_PUBLIC_KEY='{}'", forwarder.public_key()))
}

/// The line of an event: time, number, type, path, the status where it has one, and the start of its payload.
fn line(event: &Event) -> String {
    let fields: Map<String, Value> = serde_json::from_str(event.payload.get()).unwrap_or_default();
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    // What has happened comes before ids, which fill a line.
    let status = fields.get(STATUS).and_then(word).map_or_else(String::new, |status| format!("{status}  "));
    let rest = fields.iter().filter(|(name, _)| !matches!(name.as_str(), STATUS | "createdAt"));
    let about = rest.filter_map(|(_, value)| word(value)).collect::<Vec<_>>().join(" ");
    let short: String = match about.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &about[..end]),
        None => about,
    };
    format!("{}  #{}  {}  {}  {status}{short}", event.created_at, event.sequence, event.kind, event.path)
}

/// Prints a line. Fails if the output is closed.
fn say(text: &str) -> Result<(), Failed> {
    writeln!(std::io::stdout().lock(), "{text}").map_err(|error| format!("cannot print: {error}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(payload: Value) -> Event {
        let event = json!({
            "id": "0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e70",
            "sequence": 7,
            "type": "transfer",
            "path": "/transfer-webhook",
            "payload": payload,
            "createdAt": "2026-01-31T09:30:00.000Z",
        });
        serde_json::from_str(&event.to_string()).unwrap()
    }

    #[test]
    fn a_line_tells_what_happened_and_stays_short() {
        let payload = json!({"id": "x", "sourceExternalUserId": null, "amount": 12.5, "createdAt": "…"});
        let expected = "2026-01-31T09:30:00.000Z  #7  transfer  /transfer-webhook  x 12.5";
        assert_eq!(line(&event(payload)), expected);
        // An order's ids alone would fill the line.
        let id = "0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e70";
        let payload = json!({"orderId": id, "lockId": id, "status": "COMPLETED", "confirmations": 32});
        let shown = line(&event(payload));
        assert!(shown.contains(&format!("  /transfer-webhook  COMPLETED  {id} ")), "{shown}");
        let long = line(&event(json!({"externalUserId": "ė".repeat(100)})));
        assert!(long.ends_with(&format!("  {}…", "ė".repeat(SHOWN))), "{long}");
    }
}
