//! The live part of a page: a stream that sends the screen at once, and again whenever it says something else.

use super::{Asked, Pages, live_event, live_fragment, pay_view, payer};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use florin_pages::Language;
use futures_util::stream::unfold;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

/// The shortest pause between two looks: a busy partner's bell rings for every event of all its links.
const PAUSE: Duration = Duration::from_secs(2);

/// How long nobody looks if no bell rings: confirmations and the end of a time make no event.
const PATIENCE: Duration = Duration::from_secs(8);

/// How many looks a stream lives: some ten minutes at least. Then the browser asks anew.
const LOOKS: u32 = 100;

/// A page that is kept up to date.
pub(super) struct Live {
    pub pages: Pages,
    pub id: String,
    pub asked: Asked,
    pub language: Language,
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
        let Live { pages, id, asked, language, .. } = &self.live;
        let app = &pages.app;
        if self.looks >= LOOKS || app.is_stopping() {
            return None;
        }
        if self.looks > 0 {
            sleep(PAUSE).await;
            if let Ok(Some(book)) = payer::book_of(app, id).await {
                let bell = app.store.event_bell(book);
                tokio::select! {
                    _ = timeout(PATIENCE, bell.notified()) => {}
                    () = app.stopped() => return None,
                }
            }
        }
        // A fault ends the stream: the browser asks anew, and the page says what is wrong.
        let view = payer::view(app, id).await.ok()??;
        let view = pay_view(app, id, view, (*language, asked.is_changing()));
        let version = view.version();
        let piece = match self.version == Some(version) {
            true => Bytes::from_static(b":\n\n"),
            false => live_event(&live_fragment(&view)).into(),
        };
        (self.version, self.looks) = (Some(version), self.looks + 1);
        Some((Ok(piece), self))
    }
}
