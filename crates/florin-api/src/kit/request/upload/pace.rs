//! The frames of a body, as long as the client keeps up a pace and stays within a length.

use crate::kit::app::App;
use crate::kit::endpoint::refusal::Refusal;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use std::time::Duration;

/// Longest silence of a client. Phones change cells and lines stall within it; who says nothing for longer is gone.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// What a client may take before its pace counts: the start of a transfer is slow.
const GRACE: Duration = Duration::from_secs(60);

/// Slowest pace, in bytes a second, over the whole body: 384 kbit/s, a phone's uplink of the third generation, which a
/// partner's server may pass on as it comes. 30 MB may so take eleven minutes, and who sends a byte now and then to
/// hold a place is cut off after one.
const MIN_PACE: u64 = 48 * 1024;

/// A body with its limits.
pub(super) struct Paced<'a> {
    app: &'a App,
    body: Body,
    max_bytes: u64,
    received: u64,
    /// How long the client was waited for; not the time that the vault took.
    waited: Duration,
}

/// Why a body was not received.
#[derive(Debug)]
pub(super) enum Unreceived {
    /// Broken off, or too slow.
    Broken(Refusal),
    /// Longer than allowed.
    TooLong(Refusal),
}

impl<'a> Paced<'a> {
    pub(super) fn new(app: &'a App, body: Body, max_bytes: u64) -> Self {
        Self { app, body, max_bytes, received: 0, waited: Duration::ZERO }
    }

    /// How much has come.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The next frame, none at the end.
    pub(super) async fn frame(&mut self) -> Result<Option<Bytes>, Unreceived> {
        loop {
            let since = self.app.wall();
            let frame = tokio::time::timeout(self.patience(), self.body.frame()).await;
            self.waited += self.app.wall().saturating_since(since);
            let data = match frame {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => frame.into_data(),
                Ok(Some(Err(_))) => return Err(broken("body could not be received in whole")),
                Err(_) => return Err(broken("body was not received fast enough")),
            };
            // What is no data is the trailer of a chunked body.
            let Ok(data) = data else { continue };
            self.received += data.len() as u64;
            if self.received > self.max_bytes {
                let refusal = Refusal::invalid(format!("body can have at most {} bytes", self.max_bytes));
                return Err(Unreceived::TooLong(refusal));
            }
            return Ok(Some(data));
        }
    }

    /// How long the next frame may be waited for.
    fn patience(&self) -> Duration {
        let earned = GRACE + Duration::from_secs(self.received / MIN_PACE);
        earned.saturating_sub(self.waited).min(MAX_IDLE)
    }
}

fn broken(message: &'static str) -> Unreceived {
    Unreceived::Broken(Refusal::invalid(message))
}
