//! The floor (hidden command `floor-server`): axum, the same request, an answer of the same size, no store.
//!
//! It takes the body and parses it into typed fields as the product does, and answers 201 with a transfer's id. It
//! does not look at the key, draws no random id and writes no log: it is what a server on this stack can't go below.
//!
//! Of an upload it writes the body as it comes, frame by frame, into one file, syncs that and answers 201. Frames are
//! written where they arrive: a hand-over to a thread for each, as `tokio::fs` makes it, is slower.

use std::fs::File;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::net::TcpListener;

use xtask::process::{self, Group};

/// A header that only fills; its name, colon, space and line end are [`FILLER_BYTES`].
const FILLER: &str = "x-filler";
const FILLER_BYTES: usize = FILLER.len() + 4;

/// What the load generator's side says.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Bytes to add to each answer, so that it is as long as the product's
    #[arg(long, default_value_t = 0)]
    padding: usize,
    /// Where uploads are written to
    #[arg(long)]
    uploads: Option<PathBuf>,
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
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let filler = HeaderValue::try_from("x".repeat(arguments.padding.saturating_sub(FILLER_BYTES)))?;
    let filler = (arguments.padding >= FILLER_BYTES).then_some(filler);
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve(filler, arguments.uploads.clone()))
}

async fn serve(filler: Option<HeaderValue>, uploads: Option<PathBuf>) -> Result<()> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port on the loopback")?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let transfer = move |body: Bytes| async move { answer(&body, filler) };
    let mut router = Router::new().route("/v1/transfer", post(transfer));
    if let Some(folder) = uploads {
        let upload = move |body: Body| async move {
            match store(&folder, body).await {
                Ok(()) => (StatusCode::CREATED, "{}").into_response(),
                Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
            }
        };
        router = router.route("/v1/user/kyc-files/{user}", post(upload)).layer(DefaultBodyLimit::disable());
    }
    axum::serve(listener, router).await.context("the floor ended")
}

/// Writes a body into a new file and syncs it; the folder's entry is left to the system.
async fn store(folder: &Path, body: Body) -> Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let path = folder.join(COUNT.fetch_add(1, Ordering::Relaxed).to_string());
    let mut file = File::create_new(path)?;
    let mut frames = body.into_data_stream();
    while let Some(frame) = frames.next().await {
        file.write_all(&frame?)?;
    }
    // This alone waits for the disk.
    tokio::task::spawn_blocking(move || file.sync_all()).await?.context("cannot sync an upload")
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
    server: Group,
}

impl Floor {
    /// Starts it with answers longer by so many bytes (a few can't be added: a header has its own length).
    pub fn start(padding: usize) -> Result<Self> {
        Self::spawn(|command| command.args(["--padding", &padding.to_string()]))
    }

    /// Starts it so that it takes uploads, into this folder.
    pub fn start_for_uploads(folder: &Path) -> Result<Self> {
        Self::spawn(|command| command.arg("--uploads").arg(folder))
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    fn spawn(set: impl FnOnce(&mut Command) -> &mut Command) -> Result<Self> {
        let mut command = Command::new(process::own_program()?);
        set(command.arg("floor-server")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = Group::spawn(&mut command)?;
        let address = server.first_line()?.parse().context("the floor does not say where it listens")?;
        Ok(Self { address, server })
    }
}
