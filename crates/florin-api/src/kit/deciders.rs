//! What a process needs to ask partners about authorisations of cards: places for questions, and in a sandbox a desk
//! where questions wait for whoever listens.

use super::shares::{Limits, Shares};
use florin_ledger::BookId;
use florin_types::{Clock, Timestamp};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

/// Questions at once over all partners of a process: a connection each, for a second and a half at most. A partner
/// whose endpoint takes 100 ms gets 1,280 questions a second; one whose endpoint hangs, 85, and the others of it are
/// decided without asking. A quarter is kept for partners with hardly any under way.
const QUESTIONS: Limits = Limits { total: 512, share: 128, kept: 128 };

/// Answers that are waited for after the decision, only to note them: few, for they are for people who look why.
const LATE: Limits = Limits { total: 64, share: 16, kept: 16 };

/// How long a listener counts as there after a call of it: long enough for the way to the next one.
const LINGER: Duration = Duration::from_secs(5);

/// The asking side of a process.
#[derive(Debug)]
pub struct Deciders {
    /// Places for questions.
    pub places: Shares,
    /// Places for answers that are late.
    pub late: Shares,
    /// Where questions wait in a sandbox.
    pub desk: Desk,
}

impl Deciders {
    /// For a process.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            places: Shares::new(QUESTIONS),
            late: Shares::new(LATE),
            desk: Desk { clock: WallClock(clock), state: Mutex::default(), bell: Notify::new() },
        }
    }
}

/// Questions that wait for a listener, in a sandbox.
#[derive(Debug)]
pub struct Desk {
    clock: WallClock,
    state: Mutex<State>,
    bell: Notify,
}

struct WallClock(Arc<dyn Clock>);

impl std::fmt::Debug for WallClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WallClock")
    }
}

#[derive(Debug, Default)]
struct State {
    /// Until when each book has a listener, and how many of its calls wait.
    listeners: HashMap<BookId, (Timestamp, usize)>,
    questions: HashMap<Uuid, Question>,
}

#[derive(Debug)]
struct Question {
    book: BookId,
    body: Box<RawValue>,
    is_shown: bool,
    answer: oneshot::Sender<bool>,
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rings when a question comes.
    pub const fn bell(&self) -> &Notify {
        &self.bell
    }

    /// Somebody listens to a book's questions, until this is dropped and for a moment longer.
    pub fn listen(&self, book: BookId) -> Listening<'_> {
        let now = self.clock.0.now();
        let mut state = self.state();
        state.listeners.retain(|_, (until, calls)| *calls > 0 || *until > now);
        state.listeners.entry(book).or_insert((now, 0)).1 += 1;
        Listening { desk: self, book }
    }

    /// Whether somebody does.
    pub fn is_listened_to(&self, book: BookId) -> bool {
        let now = self.clock.0.now();
        self.state().listeners.get(&book).is_some_and(|(until, calls)| *calls > 0 || *until > now)
    }

    /// Calls that wait for questions at the moment.
    pub fn waiting_calls(&self) -> usize {
        self.state().listeners.values().map(|(_, calls)| calls).sum()
    }

    /// Puts a question; it is there until this is dropped.
    pub fn put(this: &Arc<Deciders>, book: BookId, id: Uuid, body: Box<RawValue>) -> Waiting {
        let (answer, answered) = oneshot::channel();
        let desk = &this.desk;
        desk.state().questions.insert(id, Question { book, body, is_shown: false, answer });
        desk.bell.notify_waiters();
        Waiting { deciders: Arc::clone(this), id, answered }
    }

    /// The questions of a book that nobody was shown yet.
    pub fn take(&self, book: BookId) -> Vec<Box<RawValue>> {
        let mut state = self.state();
        let new = state.questions.values_mut().filter(|one| one.book == book && !one.is_shown);
        new.map(|question| {
            question.is_shown = true;
            question.body.clone()
        })
        .collect()
    }

    /// Answers a question of a book: whether it is approved. False: no such question waits.
    pub fn answer(&self, book: BookId, id: Uuid, approves: bool) -> bool {
        let mut state = self.state();
        if state.questions.get(&id).is_none_or(|question| question.book != book) {
            return false;
        }
        // Whoever asked may have gone.
        state.questions.remove(&id).is_some_and(|question| question.answer.send(approves).is_ok())
    }
}

/// A listener, until it is dropped.
pub struct Listening<'a> {
    desk: &'a Desk,
    book: BookId,
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        let until = self.desk.clock.0.now().saturating_add(LINGER);
        if let Some(listener) = self.desk.state().listeners.get_mut(&self.book) {
            *listener = (until, listener.1.saturating_sub(1));
        }
    }
}

/// A question on the desk, until it is dropped.
#[derive(Debug)]
pub struct Waiting {
    deciders: Arc<Deciders>,
    id: Uuid,
    answered: oneshot::Receiver<bool>,
}

impl Waiting {
    /// Whether it is approved. None: nobody will say.
    pub async fn answer(mut self) -> Option<bool> {
        (&mut self.answered).await.ok()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.deciders.desk.state().questions.remove(&self.id);
    }
}
