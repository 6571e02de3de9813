//! The floor (hidden command `floor`): axum, the same request, an answer of the same size, no store.
//!
//! It takes the body and parses it into typed fields as the product does, and answers 201 with a transfer's id. It
//! does not look at the key, draws no random id and writes no log: it is what a server on this stack can't go below.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::process::Group;

/// A header that only fills; its name, colon, space and line end are [`FILLER_BYTES`].
const FILLER: &str = "x-filler";
const FILLER_BYTES: usize = FILLER.len() + 4;

/// What the load generator's side says.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Bytes to add to each answer, so that it is as long as the product's
    #[arg(long, default_value_t = 0)]
    padding: usize,
}

/// A transfer's body, as the product reads it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed because the product parses it; nothing here needs it")]
struct Transfer {
    source_external_user_id: Option<String>,
    destination_external_user_id: Option<String>,
    amount: serde_json::Value,
    currency: String,
    reference: Option<String>,
}

/// Serves until standard input closes.
pub fn run(arguments: &Arguments) -> Result<()> {
    thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let filler = HeaderValue::try_from("x".repeat(arguments.padding.saturating_sub(FILLER_BYTES)))?;
    let filler = (arguments.padding >= FILLER_BYTES).then_some(filler);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(filler))
}

async fn serve(filler: Option<HeaderValue>) -> Result<()> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port on the loopback")?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let transfer = move |body: Bytes| async move { answer(&body, filler) };
    axum::serve(listener, Router::new().route("/v1/transfer", post(transfer)))
        .await
        .context("the floor ended")
}

/// 201 with an id of its own each, or 400.
fn answer(body: &[u8], filler: Option<HeaderValue>) -> Response {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    if serde_json::from_slice::<Transfer>(body).is_err() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let id = format!(r#"{{"transferId":"00000000-0000-7000-8000-{count:012x}"}}"#);
    let mut response =
        (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], id).into_response();
    if let Some(filler) = filler {
        response.headers_mut().insert(FILLER, filler);
    }
    response
}

/// The floor, running as a process of its own; dropping it ends it.
pub struct Floor {
    /// Where it listens.
    pub address: SocketAddr,
    _server: Group,
}

impl Floor {
    /// Starts it with answers longer by so many bytes (a few can't be added: a header has its own length).
    pub fn start(padding: usize) -> Result<Self> {
        let mut command = Command::new(crate::process::own_program()?);
        command
            .args(["floor", "--padding", &padding.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut server = Group::spawn(&mut command)?;
        let address = server.first_line()?.parse().context("the floor does not say where it listens")?;
        Ok(Self { address, _server: server })
    }
}
