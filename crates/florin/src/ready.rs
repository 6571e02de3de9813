//! The health checks, which need no key. They are no calls of the API: `/readyz` is 503 when this process should get no
//! requests, since that is what load balancers act on. The body is that of P501, with the reason. Each change of the
//! state is logged once, however often balancers ask.
//!
//! Ready means that most calls work: the database answers, and an embedded one has room on its disk. Where files are
//! kept is shared by all processes and only uploads need it, so that it is away is said in the body and takes no
//! process out. Nothing here waits in a queue that requests can fill.

use crate::config::Config;
use crate::system::monotonic_micros;
use axum::Router;
use axum::extract;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use florin_api::crypto::ChainTroubles;
use florin_api::kit::app::App;
use florin_api::kit::endpoint::codes::P501;
use florin_api::kit::endpoint::refusal::Refusal;
use florin_store::StoreError;
use florin_types::ClockDoubt;
use florin_vault::{Probe, VaultError};
use http::StatusCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long the database and its disk may take. Health checkers time out after some seconds.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long the place of files may take: less than the second after which Kubernetes takes a check for failed.
const FILES_TIMEOUT: Duration = Duration::from_millis(500);

/// What is looked at.
#[derive(Clone)]
struct Looked {
    app: App,
    /// Which networks can't be followed now.
    chains: ChainTroubles,
    /// The disk of an embedded database.
    disk: Option<Probe>,
    /// A clock that nobody sets.
    micros: Arc<dyn Fn() -> u64 + Send + Sync>,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// What was seen last.
struct Seen {
    /// When the look began.
    at: u64,
    outcome: Outcome,
}

/// What a look found.
#[derive(Clone)]
struct Outcome {
    state: State,
    /// For whoever asks: the lines of a process that is ready, or why it is not.
    text: String,
}

/// What is logged when it changes. Its text also has times, which change with every look.
#[derive(Copy, Clone, PartialEq, Eq)]
enum State {
    Ready,
    ButForUploads,
    ButForKeys,
    NoDatabase,
    ClockDoubted,
}

/// `/healthz` and `/readyz`.
pub fn pages(app: &App, config: &Config, chains: ChainTroubles) -> Router {
    let disk = (!config.uses_server()).then(|| Probe::new(config.data_dir.clone()));
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(is_ready)).with_state(Looked {
        app: app.clone(),
        chains,
        disk,
        micros: monotonic_micros(),
        seen: Arc::default(),
    })
}

async fn is_ready(extract::State(looked): extract::State<Looked>) -> Response {
    // Many who ask at once, for which they need no key, share a look that begins after they asked.
    let asked = (looked.micros)();
    let mut seen = looked.seen.lock().await;
    let outcome = match &*seen {
        Some(Seen { at, outcome }) if *at >= asked => outcome.clone(),
        _ => {
            let at = (looked.micros)();
            let before = seen.as_ref().map_or(State::Ready, |seen| seen.outcome.state);
            let outcome = look(&looked, before).await;
            *seen = Some(Seen { at, outcome: outcome.clone() });
            outcome
        }
    };
    drop(seen);
    match outcome.state {
        State::Ready | State::ButForUploads | State::ButForKeys => outcome.text.into_response(),
        State::NoDatabase | State::ClockDoubted => not_ready(&outcome.text),
    }
}

fn not_ready(why: &str) -> Response {
    let mut response = Refusal::because(&P501, why).into_response();
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// The text of a process that is ready: what is not as it should be, a line each. A process that serves most calls is
/// ready all the same: a balancer that takes it out, and the others with it, would make it worse.
async fn look(looked: &Looked, before: State) -> Outcome {
    let app = &looked.app;
    let (database, files) = tokio::join!(database(looked), files(app));
    let changed = |state: State| state != before;
    if let Err(error) = database {
        if changed(State::NoDatabase) {
            tracing::warn!(%error, "not ready");
        }
        // Nothing of the cause goes to whoever asks.
        return Outcome { state: State::NoDatabase, text: "the database is not available".to_owned() };
    }
    let doubt = app.clock.doubt();
    if let Some(doubt) = doubt.filter(ClockDoubt::forbids_writing) {
        if changed(State::ClockDoubted) {
            tracing::warn!("not ready: {doubt}");
        }
        return Outcome { state: State::ClockDoubted, text: doubt.to_string() };
    }
    let uploads = app.vault.closed_to_writing().map(|why| (why, None)).or(files);
    // Known without a look: what a process has not found in the vault, as after a vault that is lost was adopted anew.
    let keys = keys_missing(app);
    let state = match (&uploads, &keys) {
        (Some(_), _) => State::ButForUploads,
        (None, Some(_)) => State::ButForKeys,
        (None, None) => State::Ready,
    };
    if changed(state) {
        match (&uploads, &keys) {
            (Some((why, error)), _) => {
                let cause = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
                tracing::warn!("ready, but for uploads: {why}{cause}");
            }
            (None, Some(keys)) => tracing::warn!("{}", keys.trim_end()),
            (None, None) => tracing::info!("ready again"),
        }
    }
    let uploads = uploads.map(|(why, _)| format!("ready, but for uploads: {why}\n"));
    let clock = doubt.map(|doubt| format!("ready, but for the clock: {doubt}\n"));
    let lines = [uploads, keys, clock, chains_lost(looked), cards_lost(app)]
        .into_iter()
        .flatten()
        .collect::<String>();
    Outcome { state, text: if lines.is_empty() { "ready\n".to_owned() } else { lines } }
}

/// The networks that can't be followed: nothing is credited from them. The work on chains logs why; nothing of that
/// goes to whoever asks.
fn chains_lost(looked: &Looked) -> Option<String> {
    let networks: Vec<_> = looked.chains.now().into_keys().collect();
    (!networks.is_empty())
        .then(|| format!("ready, but for chains that can't be followed: {}\n", networks.join(", ")))
}

/// Why no card can be used: who asks is told that much alone, as for chains.
fn cards_lost(app: &App) -> Option<String> {
    let processor = app.settings.cards.processor.as_ref()?;
    processor.trouble().map(|_| format!("ready, but for cards: no messages come from {}\n", processor.name()))
}

/// How many sheets of keys are missing: their users' calls fail.
fn keys_missing(app: &App) -> Option<String> {
    let missing = app.seals.missing_sheets().len();
    let text = "sheets of keys are missing from the vault: data of their users can't be opened";
    (missing > 0).then(|| format!("ready, but for users' data: {missing} {text}\n"))
}

/// Whether the database answers, and its disk takes writes.
async fn database(looked: &Looked) -> Result<(), StoreError> {
    let looks = async {
        looked.app.store.is_there().await?;
        match &looked.disk {
            Some(disk) => disk.look().await.map_err(|error| {
                StoreError::unavailable(format!("the disk of the database takes no writes: {error}"))
            }),
            None => Ok(()),
        }
    };
    let in_time = tokio::time::timeout(DATABASE_TIMEOUT, looks).await;
    in_time.unwrap_or_else(|_| Err(StoreError::unavailable("the database gave no answer in time")))
}

/// Why no file can be kept: for whoever asks, and the cause for the log alone.
async fn files(app: &App) -> Option<(String, Option<VaultError>)> {
    match tokio::time::timeout(FILES_TIMEOUT, app.vault.is_there()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(("the place of files is not available".to_owned(), Some(error))),
        Err(_) => Some(("the place of files gave no answer in time".to_owned(), None)),
    }
}
