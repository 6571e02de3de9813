//! What the platform logs as an error, per test: every test runs on a thread of its own, and so does its platform, but
//! for the store's writers, whose faults are logged again where they are answered.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::Once;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

thread_local! {
    static ERRORS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

static LISTENING: Once = Once::new();

/// Keeps errors from now on, and forgets those of a test that had this thread before.
pub fn listen() {
    LISTENING.call_once(|| {
        tracing::subscriber::set_global_default(Errors).expect("nobody else listens in this program");
    });
    ERRORS.with_borrow_mut(Vec::clear);
}

/// Takes what was logged as an error until now: the test wanted it. Each must contain one of these texts.
pub fn expect_errors(texts: &[&str]) {
    ERRORS.with_borrow(|errors| assert!(!errors.is_empty(), "no error was logged; expected {texts:?}"));
    allow_errors(texts);
}

/// The same of errors that chance decides about.
pub fn allow_errors(texts: &[&str]) {
    for error in ERRORS.take() {
        assert!(texts.iter().any(|text| error.contains(text)), "logged {error:?}, not one of {texts:?}");
    }
}

/// Fails where errors were logged that the test did not expect.
pub fn check_none() {
    let errors = ERRORS.take();
    assert!(errors.is_empty(), "errors were logged: {errors:#?}");
}

struct Errors;

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        ERRORS.with_borrow_mut(|errors| errors.push(line.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// An event's fields as one text.
#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).expect("a text can grow");
    }
}
