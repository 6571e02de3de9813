//! `florin serve`: opens the store, starts the workers, serves, and stops in good order.

use crate::config::{Config, LogFormat};
use crate::system::{SystemClock, SystemEntropy, monotonic_micros};
use crate::{Failed, credentials, operate};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use florin_api::kit::app::App;
use florin_api::kit::codes::P501;
use florin_api::kit::http::{HttpLimits, serve as serve_http};
use florin_api::kit::refusal::Refusal;
use florin_api::kit::request_id::RequestIdLayer;
use florin_api::kit::router::router;
use florin_api::kit::{housekeeping, jobs};
use florin_types::{Clock, uuid_v7};
use std::io::IsTerminal;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Runs until SIGTERM or SIGINT; then what was accepted is finished.
pub async fn serve(config: &Config) -> Result<(), Failed> {
    start_logs(config)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| format!("can't listen at {}: {error}", config.listen))?;
    let address = listener.local_addr()?;
    let store = operate::open(config).await?;
    let settings = config.settings();
    if settings.environment == florin_api::kit::app::Environment::Sandbox {
        let made = credentials::settle(config, &store, address).await?;
        let folder = config.data_dir.display();
        tracing::info!(partner = %made.partner_id, %folder, "the sandbox's key is in sandbox-credentials.json");
    }
    let app = App::new(store, Arc::new(SystemClock), Arc::new(SystemEntropy), settings);
    let workers = [
        tokio::spawn(jobs::work(app.clone(), florin_api::JOB_HANDLERS)),
        tokio::spawn(housekeeping::work(app.clone())),
    ];
    let make_id = Arc::new(|| uuid_v7(SystemClock.now(), &SystemEntropy).to_string());
    let open = pages(&app).merge(florin_api::openapi::routes());
    let service =
        router(&app, florin_api::endpoints(), open, RequestIdLayer::new(make_id, monotonic_micros()));
    let environment = config.environment().as_str();
    tracing::info!(%address, environment, "ready: documentation at http://{address}/docs");
    let stop = stop_signal()?;
    let waiting = app.clone();
    let stop = async move {
        stop.await;
        waiting.stop_waiting();
    };
    serve_http(listener, service, HttpLimits::default(), stop).await;
    workers.iter().for_each(tokio::task::JoinHandle::abort);
    app.store.close();
    tracing::info!("stopped");
    Ok(())
}

/// What needs no key.
fn pages(app: &App) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(is_ready))
        .with_state(app.clone())
}

/// Ready when the database answers.
async fn is_ready(State(app): State<App>) -> Response {
    match app.store.is_there().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Refusal::of(&P501).into_response()
        }
    }
}

fn start_logs(config: &Config) -> Result<(), Failed> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| format!("log: {error}"))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).compact().init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Ready when the process is asked to stop.
fn stop_signal() -> Result<impl Future<Output = ()>, Failed> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishing what was accepted");
    })
}
