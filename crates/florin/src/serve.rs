//! `florin serve`: opens the store, starts the workers, serves, and stops in good order.

use crate::config::{Config, Parts};
use crate::data_lock::DataLock;
use crate::processor::{Connection, Plan};
use crate::system::{SystemClock, SystemEntropy, monotonic_micros};
use crate::{Failed, clock, credentials, descriptors, logs, operate, processor, ready};
use florin_api::crypto::{ChainWork, work_on_chains};
use florin_api::kit::app::App;
use florin_api::kit::book::{housekeeping, jobs, key_sheets};
use florin_api::kit::edge::http::{HttpLimits, serve as serve_http};
use florin_api::kit::edge::request_id::RequestIdLayer;
use florin_api::kit::edge::router::router;
use florin_api::kit::settings::{Environment, Settings, WebhookTargets};
use florin_api::sepa::{FileWork, PayeeDesk, work_on_files};
use florin_store::{Engine, Lane, Place, ReservedLog, Store};
use florin_types::{Clock, uuid_v7};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

/// Serves until SIGTERM or SIGINT, then finishes the accepted requests.
pub async fn serve(config: &Config) -> Result<(), Failed> {
    let logs = logs::start(config)?;
    let limits = http_limits(config);
    // Checked before anything is created.
    let Parts { reference, rates, sepa, chains, processor } = config.check()?;
    // Before the port is taken, as the refusal of a second server names the first.
    let early = DataLock::of_server(config, false)?;
    let listener =
        TcpListener::bind(config.listen).await.map_err(|error| not_listening(config.listen, &error))?;
    let address = listener.local_addr()?;
    let lock = DataLock::signed(early, config, address)?;
    let rate_source = rates.source.clone();
    let public_url = config.public_url(address)?;
    let settings = Settings { reference, rate_source, public_url, sepa, chains, ..config.settings() };
    let (settings, connection) = connected(settings, processor).await?;
    let store = open_beside_vault(config).await?;
    let reserved = reserve_log(config).await?;
    let mut made = None;
    if settings.environment == Environment::Sandbox {
        let credentials = credentials::settle(config, &store, address).await?;
        let folder = config.data_dir.display();
        tracing::info!(partner = %credentials.partner_id, %folder, "the API key is in sandbox-credentials.json");
        made = Some(credentials);
    }
    let app = operate::assemble(config, store, settings).await?;
    florin_api::kyc::begin_ownership(&app).await?;
    if app.vault.closed_to_writing().is_none() && app.may_write() {
        key_sheets::keep_ahead(&app).await?;
    }
    if let Some(made) = &made {
        credentials::give_token(&app, made).await?;
    }
    let files = begin_work(&app).await?;
    let chain_work = ChainWork::new(app.clone());
    let troubles = chain_work.troubles();
    let signalled = start_signalled(&app, files, chain_work, connection);
    let mut workers = rates.start(&app.clock);
    workers.push(tokio::spawn(logs.report_dropped()));
    let desk = PayeeDesk::of(&app);
    workers.extend(start_workers(&app, &desk));
    let make_id = Arc::new(|| uuid_v7(SystemClock.now(), &SystemEntropy).to_string());
    let open = ready::pages(&app, config, troubles).merge(florin_api::openapi::routes()).merge(desk.routes());
    let open = open.merge(florin_api::payment_links::pages(&app));
    let service =
        router(&app, florin_api::endpoints(), open, RequestIdLayer::new(make_id, monotonic_micros()));
    say_ready(config, address);
    say_chains(&app);
    let stop = stop_signal()?;
    let waiting = app.clone();
    let stop = async move {
        stop.await;
        waiting.stop_waiting();
    };
    serve_http(listener, service, limits, stop).await;
    end(workers).await;
    for (work, task) in signalled {
        if task.await.is_err() {
            tracing::error!(work, "ended in a panic");
        }
    }
    note_last(&app, &desk).await;
    app.store.close();
    drop((reserved, lock));
    tracing::info!("stopped");
    Ok(())
}

/// Why the address can't be had, and what helps where another program has it.
fn not_listening(address: SocketAddr, error: &std::io::Error) -> String {
    let hint = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            ": another program has this port. Name another one with --listen, such as --listen 127.0.0.1:8081; port 0 \
             takes a free one"
        }
        _ => "",
    };
    format!("cannot listen at {address}: {error}{hint}")
}

/// The settings with the processor of cards, where there is one.
async fn connected(
    mut settings: Settings,
    processor: Option<Plan>,
) -> Result<(Settings, Option<Connection>), Failed> {
    let Some(plan) = processor else { return Ok((settings, None)) };
    let connection = plan.open().await?;
    settings.cards.processor = Some(connection.processor.clone());
    Ok((settings, Some(connection)))
}

/// What is done before the workers start: what dead processes had leased becomes free, and a folder of SEPA files that
/// is not there, or not ours, is noticed.
async fn begin_work(app: &App) -> Result<Option<FileWork>, Failed> {
    let mut files = FileWork::of(app);
    if app.store.engine() == Engine::Sqlite {
        // The data folder is locked, so whoever leased something there is dead.
        app.store.free_jobs().await?;
        if let Some(files) = &files {
            files.free().await?;
        }
    }
    if let Some(files) = &mut files {
        files.claim().await?;
    }
    florin_api::sepa::hand_over_one_by_one(app).await?;
    Ok(files)
}

/// What is signalled to stop, has its own time limits, and is waited for.
fn start_signalled(
    app: &App,
    files: Option<FileWork>,
    chains: ChainWork,
    connection: Option<Connection>,
) -> Vec<(&'static str, JoinHandle<()>)> {
    let mut signalled = vec![
        ("the work on slow jobs", tokio::spawn(jobs::work(app.clone(), Lane::Slow))),
        ("the work with banks", tokio::spawn(jobs::work(app.clone(), Lane::Rail))),
        ("the payments on chains", tokio::spawn(jobs::work(app.clone(), Lane::Chain))),
        ("the delivery of webhooks", tokio::spawn(florin_api::webhooks::work(app.clone()))),
    ];
    if !app.settings.chains.nodes.is_empty() {
        signalled.push(("the work on chains", tokio::spawn(work_on_chains(chains))));
    }
    if let Some(files) = files {
        signalled.push(("the work on SEPA files", tokio::spawn(work_on_files(files))));
    }
    if let Some(connection) = connection {
        let link = processor::keep(app.clone(), connection);
        signalled.push(("the link to the processor of cards", tokio::spawn(link)));
    }
    signalled
}

/// Opens the store, unless its vault is not there.
async fn open_beside_vault(config: &Config) -> Result<Store, Failed> {
    let store = operate::open_for_server(config).await?;
    match operate::check_vault(config, &store).await {
        Ok(()) => Ok(store),
        Err(error) => {
            // Without this the process waits for the store's connections and never ends.
            store.close();
            Err(error)
        }
    }
}

/// What the platform does without being called, until aborted.
fn start_workers(app: &App, desk: &PayeeDesk) -> [JoinHandle<()>; 7] {
    [
        tokio::spawn(jobs::work(app.clone(), Lane::Quick)),
        tokio::spawn(housekeeping::work(app.clone())),
        tokio::spawn(florin_api::kyc::own_vault(app.clone())),
        tokio::spawn(key_sheets::work(app.clone())),
        tokio::spawn(clock::watch(app.clone())),
        tokio::spawn(florin_api::kyc::sweep_now_and_then(app.clone())),
        tokio::spawn(desk.clone().work()),
    ]
}

/// Writes what is otherwise written now and then.
async fn note_last(app: &App, desk: &PayeeDesk) {
    housekeeping::note_uses(app).await;
    desk.note_or_keep().await;
}

fn say_ready(config: &Config, address: SocketAddr) {
    let environment = config.environment().as_str();
    if config.is_live_on_simulated_rails() {
        tracing::warn!("live on simulated rails: no money moves at a bank, and users get simulated IBANs");
    }
    if config.environment() == Environment::Live && config.has_built_in_rates() {
        tracing::warn!(
            "the rates are those that Florin brings along: list your own as [[reference.currencies]]"
        );
    }
    if !address.ip().is_loopback() {
        say_targets(config.settings().webhook_targets);
    }
    tracing::info!(%address, environment, "ready: API documentation at http://{address}/docs");
}

/// Which networks are followed, and in live which are not though wallets are on them.
fn say_chains(app: &App) {
    let settings = &app.settings;
    let followed: Vec<_> = settings.chains.nodes.iter().map(|node| node.network().to_owned()).collect();
    if !followed.is_empty() {
        tracing::info!(networks = followed.join(", "), "these networks are followed by nodes");
    }
    if settings.environment == Environment::Sandbox || settings.keychain.is_none() {
        return;
    }
    let networks = settings.reference.currencies().iter().flat_map(|row| &row.networks);
    let without: BTreeSet<_> = networks
        .map(|network| network.slug.as_str())
        .filter(|slug| !followed.iter().any(|one| one == slug))
        .collect();
    if !without.is_empty() {
        let networks = without.into_iter().collect::<Vec<_>>().join(", ");
        tracing::warn!(
            networks,
            "wallets are on networks without a node: nothing that comes there is credited"
        );
    }
}

/// What strangers could make this server call.
fn say_targets(targets: WebhookTargets) {
    match targets {
        WebhookTargets::Public => {
            tracing::info!("webhook_targets = public: webhooks are sent to public addresses only");
        }
        WebhookTargets::Anywhere => tracing::warn!(
            "webhook_targets = anywhere: whoever has a key can send requests from here to inner addresses, and \
             reads the beginning of the answers; set webhook_targets = \"public\" if others use this sandbox"
        ),
    }
}

/// The limits of the server loop, for as many connections as there are descriptors for.
fn http_limits(config: &Config) -> HttpLimits {
    let limits = HttpLimits { trusted_proxies: config.settings().trusted_proxies, ..HttpLimits::default() };
    let wanted = limits.max_connections;
    let descriptors = descriptors::raise_limit();
    let max_connections = descriptors::max_connections(descriptors, wanted);
    if max_connections < wanted {
        tracing::warn!(
            descriptors,
            max_connections,
            wanted,
            "the limit of open files leaves fewer connections than wanted"
        );
    }
    HttpLimits { max_connections, ..limits }
}

/// Stops the workers and waits until all have ended, so that no running job finds the store closed.
async fn end(workers: Vec<JoinHandle<()>>) {
    workers.iter().for_each(JoinHandle::abort);
    for worker in workers {
        if worker.await.is_err_and(|error| error.is_panic()) {
            tracing::error!("a worker ended in a panic");
        }
    }
}

/// A failure only costs speed: a disk too full for the reserved log may still hold the data to come.
async fn reserve_log(config: &Config) -> Result<Option<ReservedLog>, Failed> {
    let Place::File(file) = config.place() else { return Ok(None) };
    let reserved = tokio::task::spawn_blocking(move || florin_store::reserve_log(&file)).await?;
    if let Err(error) = &reserved {
        tracing::warn!(%error, "could not reserve the full length of the database's log: commits take longer");
    }
    Ok(reserved.ok())
}

/// Waits for SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, Failed> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishing the accepted requests");
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn workers_have_ended_when_they_are_said_to_have() {
        let (started, starts) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel();
        let (done, is_done) = mpsc::channel();
        let at_work = tokio::spawn(async move {
            started.send(()).expect("somebody listens");
            // In the middle of a step, where it can't be aborted.
            goes_on.recv().expect("a word");
            done.send(()).expect("somebody listens");
            std::future::pending::<()>().await;
        });
        let waits = tokio::spawn(std::future::pending());
        starts.recv().expect("a start");
        let mut ended = Box::pin(end(vec![waits, at_work]));
        let early = tokio::time::timeout(Duration::ZERO, &mut ended).await;
        assert!(early.is_err(), "one is still at work");
        go_on.send(()).expect("somebody listens");
        ended.await;
        assert!(is_done.try_recv().is_ok());
    }
}
