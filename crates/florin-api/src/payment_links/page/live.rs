//! The live part of a page: a stream that sends the screen at once, and again whenever it says something else.

use super::{Pages, Visit, live_event, live_fragment};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use florin_store::BookId;
use futures_util::stream::unfold;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

/// How long after the bell is looked: a busy partner's rings for every event of all its links.
const PAUSE: Duration = Duration::from_secs(2);

/// How long nobody looks if no bell rings: confirmations and the end of a time make no event.
const PATIENCE: Duration = Duration::from_secs(8);

/// How many looks a stream lives: some ten minutes. Then the browser asks anew.
const LOOKS: u32 = 100;

/// A page that is kept up to date.
pub(super) struct Live {
    pub pages: Pages,
    pub visit: Visit,
    pub book: BookId,
    /// Given back when the stream ends.
    pub _place: OwnedSemaphorePermit,
}

struct Stream {
    live: Live,
    /// What was sent last.
    version: Option<u64>,
    looks: u32,
}

impl Live {
    pub(super) fn response(self) -> Response {
        let stream = Stream { live: self, version: None, looks: 0 };
        let body = Body::from_stream(unfold(stream, Stream::next));
        let head = [
            (CONTENT_TYPE, "text/event-stream"),
            (CACHE_CONTROL, "no-store"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (head, body).into_response()
    }
}

impl Stream {
    /// The next piece: a screen, or a comment that keeps the connection.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let Live { pages, visit, book, .. } = &self.live;
        let app = &pages.app;
        let bell = app.store.event_bell(*book);
        while self.looks < LOOKS && !app.is_stopping() {
            self.looks += 1;
            // Before the look, so that what is written in between still rings.
            let mut rung = pin!(bell.notified());
            rung.as_mut().enable();
            // A fault ends the stream: the browser asks anew, and the page says what is wrong.
            let view = pages.view(visit).await.ok()??;
            let version = view.version();
            if self.version != Some(version) {
                self.version = Some(version);
                return Some((Ok(live_event(&live_fragment(&view)).into()), self));
            }
            tokio::select! {
                rung = timeout(PATIENCE, rung) => match rung {
                    Ok(()) => sleep(PAUSE).await,
                    Err(_) => return Some((Ok(Bytes::from_static(b":\n\n")), self)),
                },
                () = app.stopped() => {}
            }
        }
        None
    }
}
