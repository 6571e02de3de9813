//! The log: lines on standard error, as text or JSON.
//!
//! A separate thread writes them, so that no call waits for a disk, a terminal or whoever reads the other end of a
//! pipe. If nobody reads, lines are dropped and counted; they hold up neither a request nor the stop.

use crate::Failed;
use crate::config::{Config, LogFormat};
use std::io::{IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::mpsc;
use std::time::Duration;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{FilterExt, LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::{Filter, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

/// Log lines that may be queued: one second's at full load. If the queue is full, further lines are dropped.
const WAITING_LINES: usize = 16_384;

/// How often dropped lines are reported: seldom enough that the report does not displace other lines.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// How long a stop waits for the queued lines to be written. The library's own limits are a little over one second, but
/// beyond them it prints to standard output, which may be the same pipe.
const FLUSH_TIME: Duration = Duration::from_secs(2);

/// The running log. When it is dropped, the queued lines are written, for at most [`FLUSH_TIME`].
pub struct Logs {
    writing: Option<WorkerGuard>,
    dropped: ErrorCounter,
}

impl Logs {
    /// Reports dropped lines from time to time, for ever.
    pub fn report_dropped(&self) -> impl Future<Output = ()> + use<> {
        let counter = self.dropped.clone();
        async move {
            let mut reported = 0;
            let mut interval = tokio::time::interval(REPORT_EVERY);
            loop {
                interval.tick().await;
                let dropped = counter.dropped_lines();
                if dropped > reported {
                    tracing::warn!(
                        dropped = dropped - reported,
                        in_all = dropped,
                        "log lines were dropped: nobody read them"
                    );
                    reported = dropped;
                }
            }
        }
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        let (done, is_done) = mpsc::channel();
        let writing = self.writing.take();
        std::thread::spawn(move || {
            drop(writing);
            // Whoever waits may have given up.
            let _ = done.send(());
        });
        let _ = is_done.recv_timeout(FLUSH_TIME);
    }
}

/// Starts the log.
pub fn start(config: &Config) -> Result<Logs, Failed> {
    let filter = checked(&config.log)?;
    let (lines, running) = queue(std::io::stderr());
    let logs = tracing_subscriber::fmt::layer().with_writer(lines);
    match config.log_format {
        LogFormat::Text => {
            let logs = logs.with_ansi(std::io::stderr().is_terminal()).compact();
            tracing_subscriber::registry().with(logs.with_filter(filter)).init();
        }
        LogFormat::Json => {
            tracing_subscriber::registry().with(logs.json().flatten_event(true).with_filter(filter)).init();
        }
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(running)
}

/// The queue in front of a writer.
fn queue(writer: impl Write + Send + 'static) -> (NonBlocking, Logs) {
    let lines = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING_LINES);
    let (lines, writing) = lines.finish(writer);
    let dropped = lines.error_counter();
    (lines, Logs { writing: Some(writing), dropped })
}

/// The standard hook writes to standard error itself, and would wait for whoever reads it.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("no message");
    tracing::error!(place, "a thread panicked: {message}");
}

/// Libraries whose debug logs contain secrets: statements with their parameters (the master key, personal data), and
/// headers with keys.
const KEPT_QUIET: [&str; 6] =
    ["tokio_postgres", "hyper", "hyper_util", "rusqlite", "reqwest", "object_store"];

/// Logs at ERROR that another server's certificate is not trusted. That is no fault of ours; whoever calls the server
/// says so, with its name.
const NOT_OURS: &str = "rustls_platform_verifier";

/// The log filter of a setting.
///
/// # Errors
/// It is none.
pub fn checked(wanted: &str) -> Result<impl Filter<Registry> + Send + Sync + 'static, Failed> {
    filter(wanted).map_err(|error| format!("log: {error}").into())
}

/// The log filter: the operator's setting, but never more than `info` for the libraries in [`KEPT_QUIET`], and
/// nothing of [`NOT_OURS`].
fn filter(wanted: &str) -> Result<impl Filter<Registry> + Send + Sync + 'static, ParseError> {
    let quiet = KEPT_QUIET.map(|target| (target, LevelFilter::INFO));
    let quiet = Targets::new().with_default(LevelFilter::TRACE).with_targets(quiet);
    let quiet = quiet.with_target(NOT_OURS, LevelFilter::OFF);
    Ok(EnvFilter::try_new(wanted)?.and(quiet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex, PoisonError};
    use tracing_subscriber::fmt::MakeWriter;

    /// Writes nothing until its other end goes away.
    struct Unread(mpsc::Receiver<()>);

    impl Write for Unread {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_nobody_reads_holds_nothing_up() {
        let (reader, unread) = mpsc::channel();
        let (mut lines, logs) = queue(Unread(unread));
        let (stopped, has_stopped) = mpsc::channel();
        let writes = std::thread::spawn(move || {
            for _ in 0..2 * WAITING_LINES {
                lines.write_all(b"a line\n").expect("it never fails");
            }
            let dropped = logs.dropped.dropped_lines();
            drop(logs);
            stopped.send(dropped).expect("the test listens");
        });
        let dropped = has_stopped.recv_timeout(Duration::from_secs(60)).expect("writing and stopping end");
        // One line is with the writer.
        assert!((WAITING_LINES - 1..=WAITING_LINES).contains(&dropped), "{dropped}");
        drop(reader);
        writes.join().expect("no panic");
    }

    /// Where a test's log goes.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Written {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    /// What is written of a line of each library, and of one of ours, at `debug`.
    fn written(wanted: &str) -> String {
        let written = Written::default();
        let filter = filter(wanted).expect("a filter");
        let logs = tracing_subscriber::fmt::layer().with_writer(written.clone()).with_filter(filter);
        let logs = tracing_subscriber::registry().with(logs);
        tracing::subscriber::with_default(logs, || {
            tracing::debug!(target: "tokio_postgres::query", "secret");
            tracing::debug!(target: "tokio_postgres", "secret");
            tracing::debug!(target: "hyper::proto::h1", "secret");
            tracing::debug!(target: "hyper_util::client", "secret");
            tracing::debug!(target: "rusqlite", "secret");
            tracing::debug!(target: "object_store::aws", "secret");
            tracing::debug_span!("request")
                .in_scope(|| tracing::debug!(target: "reqwest::connect", "secret"));
            tracing::debug!(target: "florin_api::kit", "ours");
        });
        let bytes = written.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn libraries_that_show_secrets_stay_quiet_whatever_is_asked() {
        for wanted in [
            "debug",
            "trace",
            "debug,hyper=trace",
            "trace,tokio_postgres::query=debug",
            "debug,[request]=trace",
        ] {
            let log = written(wanted);
            assert!(log.contains("ours") && !log.contains("secret"), "{wanted}: {log}");
        }
        assert_eq!(written("info,tokio_postgres=debug"), "");
        assert!(filter("florin=loud").is_err());
    }
}
