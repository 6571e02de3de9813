//! Questions that wait for their answers, and messages that wait for those before them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use florin_iso8583::{Fields, Key, Match};
use tokio::sync::oneshot;

/// Questions under way. They are found by the number of the message, the reference and the terminal.
#[derive(Default)]
pub(super) struct Pending(Mutex<HashMap<Match, oneshot::Sender<Fields>>>);

impl Pending {
    /// A place for the answer to a question. None: the question has no number, or one like it is under way.
    pub(super) fn expect(&self, question: &Fields) -> Option<Expected<'_>> {
        let wanted = Match::of(question)?;
        let mut waiting = lock(&self.0);
        if waiting.contains_key(&wanted) {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        waiting.insert(wanted, sender);
        Some(Expected { pending: self, wanted, receiver })
    }

    /// Hands an answer over; false where nobody waits for it.
    pub(super) fn answer(&self, answer: Fields) -> bool {
        let waiting = Match::of(&answer).and_then(|wanted| lock(&self.0).remove(&wanted));
        waiting.is_some_and(|sender| sender.send(answer).is_ok())
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

/// A place for an answer, which is given up when it is dropped.
pub(super) struct Expected<'a> {
    pending: &'a Pending,
    wanted: Match,
    receiver: oneshot::Receiver<Fields>,
}

impl Expected<'_> {
    /// Waits for it.
    pub(super) async fn answer(&mut self) -> Option<Fields> {
        (&mut self.receiver).await.ok()
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        lock(&self.pending.0).remove(&self.wanted);
    }
}

/// Which messages come after which. Those about one payment are dealt with one after the other, as they came: a
/// reversal must not overtake the authorisation that it reverses.
#[derive(Default)]
pub(super) struct Order(Mutex<HashMap<Key, oneshot::Receiver<()>>>);

/// Keys that are kept at least. Beyond them, those of which nothing is under way are let go.
const KEPT_KEYS: usize = 1_024;

/// A message's turn: it may begin when [`Turn::comes`], and the next one when this is dropped.
pub(super) struct Turn {
    before: Option<oneshot::Receiver<()>>,
    _after: oneshot::Sender<()>,
}

impl Order {
    /// The turn of a message about a payment. Called in the order in which messages come.
    pub(super) fn turn(&self, key: Key) -> Turn {
        let (after, next) = oneshot::channel();
        let mut last = lock(&self.0);
        if last.len() >= KEPT_KEYS {
            last.retain(|_, done| matches!(done.try_recv(), Err(oneshot::error::TryRecvError::Empty)));
        }
        Turn { before: last.insert(key, next), _after: after }
    }
}

impl Turn {
    /// Waits until all before it are done.
    pub(super) async fn comes(&mut self) {
        if let Some(before) = self.before.take() {
            // The sender is only dropped: that is the sign.
            let _ = before.await;
        }
    }
}

/// What is locked here is whole between any two statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_iso8583::{AuthorisationAnswer, Decline, Message, NetworkAction, NetworkRequest, SentAt};
    use florin_iso8583::{Institution, MonthDay, Reference, Stan, Terminal};
    use florin_types::Timestamp;

    fn question(stan: u32) -> Fields {
        let sent_at = SentAt::of(Timestamp::from_micros(0));
        let request =
            NetworkRequest { is_repeat: false, action: NetworkAction::Echo, stan: Stan::nth(stan), sent_at };
        Message::NetworkRequest(request).to_fields().unwrap()
    }

    #[tokio::test]
    async fn each_question_gets_its_answer_and_only_once() {
        let pending = Pending::default();
        let questions = [1, 2, 3].map(question);
        let mut expected = questions.each_ref().map(|question| pending.expect(question).unwrap());
        assert!(pending.expect(&questions[0]).is_none());
        let answer = |question: &Fields| AuthorisationAnswer::declined(Decline::Fault).to(question).unwrap();
        for question in questions.iter().rev().take(2) {
            assert!(pending.answer(answer(question)));
            assert!(!pending.answer(answer(question)));
        }
        assert_eq!(expected[2].answer().await, Some(answer(&questions[2])));
        assert_eq!(expected[1].answer().await, Some(answer(&questions[1])));
        drop(expected);
        assert!(!pending.answer(answer(&questions[0])));
        assert_eq!(pending.len(), 0);
    }

    fn key(stan: u32) -> Key {
        Key {
            acquirer: Institution::parse("1").unwrap(),
            terminal: Terminal::parse("1").unwrap(),
            reference: Reference::parse("1").unwrap(),
            stan: Stan::nth(stan),
            date: MonthDay::new(1, 1).unwrap(),
        }
    }

    #[tokio::test]
    async fn what_is_about_one_payment_waits_for_its_turn() {
        let order = Order::default();
        let mut turns = [1, 1, 2, 1].map(|stan| order.turn(key(stan)));
        turns[0].comes().await;
        turns[2].comes().await;
        let [first, mut second, other, mut last] = turns;
        tokio::select! {
            biased;
            () = second.comes() => panic!("the first is not done"),
            () = std::future::ready(()) => {}
        }
        drop(first);
        // The turn of one that was given up while it waited is over: the next one comes.
        drop((second, other));
        last.comes().await;
        for stan in 0..3_000 {
            drop(order.turn(key(stan)));
        }
        assert!(lock(&order.0).len() <= KEPT_KEYS);
    }
}
