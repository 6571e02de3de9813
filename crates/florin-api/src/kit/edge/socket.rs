//! A socket that gives up on a client that stalls.
//!
//! hyper has one timeout, from the end of a request to the whole head of the next. That has to be long, or
//! pooled connections die under their owners; a head that trickles in has to be cut off much sooner. This
//! socket tells the two apart: it knows from the service when a request is running ([`Phase`]), sees the
//! first bytes after one, and starts a timer only when a read or write then has to wait. A request whose head
//! comes in one piece costs two relaxed stores and no timer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Between requests.
const IDLE: u8 = 0;
/// The first bytes of a head are there.
const HEAD: u8 = 1;
/// The service has the request.
const REQUEST: u8 = 2;

/// What a connection is doing, shared by its socket and its service, which run in the same task, and by who throws the
/// rest of a body away. Who looks for an idle connection reads it too.
#[derive(Debug, Clone, Default)]
pub(super) struct Phase(Arc<Doing>);

#[derive(Debug, Default)]
struct Doing {
    phase: AtomicU8,
    /// The moment at which it became idle, by the numbers of `Places`.
    idle_since: AtomicU64,
    /// The answer is made, and the rest of the request's body is being thrown away: what comes is no head.
    is_draining: AtomicBool,
}

impl Phase {
    /// A request is complete enough to be served.
    pub(super) fn request(&self) {
        self.0.phase.store(REQUEST, Ordering::Relaxed);
    }

    /// Its answer is made, at this moment.
    pub(super) fn idle(&self, moment: u64) {
        self.0.idle_since.store(moment, Ordering::Relaxed);
        // Ordered before the look at who waits for a place, as they look at this after they have said so.
        self.0.phase.store(IDLE, Ordering::SeqCst);
    }

    /// Since when no request is running, if none is.
    pub(super) fn idle_since(&self) -> Option<u64> {
        let is_busy =
            self.0.phase.load(Ordering::SeqCst) == REQUEST || self.0.is_draining.load(Ordering::Relaxed);
        (!is_busy).then(|| self.0.idle_since.load(Ordering::Relaxed))
    }

    /// The rest of its body begins to be thrown away, or that is over.
    pub(super) fn drain(&self, is_draining: bool) {
        self.0.is_draining.store(is_draining, Ordering::Relaxed);
    }

    /// Whether a head begins with them.
    fn bytes_came(&self) -> bool {
        let begins =
            !self.0.is_draining.load(Ordering::Relaxed) && self.0.phase.load(Ordering::Relaxed) == IDLE;
        if begins {
            self.0.phase.store(HEAD, Ordering::Relaxed);
        }
        begins
    }

    fn reads_head(&self) -> bool {
        self.0.phase.load(Ordering::Relaxed) == HEAD
    }
}

/// How long a client may stall.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stalls {
    /// From the first wait inside a head to its end.
    pub(super) head: Duration,
    /// Between two bytes of an answer that it takes.
    pub(super) write: Duration,
}

/// Looks for lines of a head that do not end with CR LF. hyper takes LF alone, and a proxy in front of us may not:
/// then the two see different heads (RFC 9112, section 2.2). What follows a head in the same packet is not looked at:
/// it may be a body.
#[derive(Debug, Default)]
struct Lines {
    after_cr: bool,
    /// Bytes of the line so far.
    length: usize,
    has_line: bool,
    has_ended: bool,
}

impl Lines {
    /// Puts a byte that no head can have in the place of such an end: hyper then refuses the head.
    fn spoil_bare_ends(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            match *byte {
                _ if self.has_ended => return,
                b'\n' if !self.after_cr => *byte = 0,
                b'\n' => {
                    // hyper passes over empty lines before a head.
                    self.has_ended = self.has_line && self.length == 0;
                    self.has_line |= self.length > 0;
                    (self.length, self.after_cr) = (0, false);
                }
                b'\r' => self.after_cr = true,
                _ => (self.length, self.after_cr) = (self.length + 1, false),
            }
        }
    }
}

/// A TCP socket with the two timers, each made when it is first needed.
pub(super) struct Guarded {
    stream: TcpStream,
    phase: Phase,
    stalls: Stalls,
    lines: Lines,
    head_timer: Option<Pin<Box<Sleep>>>,
    write_timer: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    pub(super) fn new(stream: TcpStream, phase: Phase, stalls: Stalls) -> Self {
        Self { stream, phase, stalls, lines: Lines::default(), head_timer: None, write_timer: None }
    }

    /// Passes a write's outcome on, unless the client has taken nothing for too long.
    fn guard_write<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.write_timer = None;
            return polled;
        }
        expire(&mut self.write_timer, self.stalls.write, context)
    }
}

/// Waits on the timer, which starts now if it doesn't run; an error when it is over.
fn expire<T>(
    timer: &mut Option<Pin<Box<Sleep>>>,
    after: Duration,
    context: &mut Context<'_>,
) -> Poll<io::Result<T>> {
    let timer = timer.get_or_insert_with(|| Box::pin(sleep(after)));
    timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            if this.phase.bytes_came() {
                this.lines = Lines::default();
            }
            if this.phase.reads_head() {
                this.lines.spoil_bare_ends(&mut buffer.filled_mut()[before..]);
            }
        }
        if !this.phase.reads_head() {
            this.head_timer = None;
            return polled;
        }
        if polled.is_ready() {
            return polled;
        }
        expire(&mut this.head_timer, this.stalls.head, context)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.guard_write(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.guard_write(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
