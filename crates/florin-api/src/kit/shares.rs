//! Places that partners share: so many at a time in a process, of which no partner has more than its share. When places
//! become few, those that are left are for partners that hold hardly any. Who waits is served by how little its partner
//! holds, then by arrival.

use florin_ledger::BookId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Places that a partner may hold of those that are kept: enough to go on, too few to fill them alone.
const FEW: usize = 4;

/// How many places there are, and for whom.
#[derive(Copy, Clone, Debug)]
pub struct Limits {
    /// Of all partners together.
    pub total: usize,
    /// Of one partner.
    pub share: usize,
    /// The last ones, for partners that hold fewer than four.
    pub kept: usize,
}

/// The places.
#[derive(Clone, Debug)]
pub struct Shares(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    held: HashMap<BookId, usize>,
    waiting: Vec<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    book: BookId,
    served: oneshot::Sender<Place>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    shares: Shares,
    book: BookId,
    /// Not when it was made for somebody who had gone.
    is_counted: bool,
}

impl Shares {
    /// Places, all free.
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Inner { limits, state: Mutex::default() }))
    }

    /// A place for a partner, if there is one for it now.
    pub fn try_take(&self, book: BookId) -> Option<Place> {
        self.state().take(self, book)
    }

    /// A place for a partner, as soon as there is one for it. Who stops waiting gives up its turn.
    pub async fn take(&self, book: BookId) -> Place {
        loop {
            let turn = {
                let mut state = self.state();
                if let Some(place) = state.take(self, book) {
                    return place;
                }
                let (served, turn) = oneshot::channel();
                state.waiting.push(Waiter { book, served });
                turn
            };
            // Its sender goes only with a place, or with these shares, which are held here.
            if let Ok(place) = turn.await {
                return place;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, shares: &Shares, book: BookId) -> Option<Place> {
        self.may_take(shares.0.limits, book).then(|| {
            self.taken += 1;
            *self.held.entry(book).or_default() += 1;
            Place { shares: shares.clone(), book, is_counted: true }
        })
    }

    fn may_take(&self, Limits { total, share, kept }: Limits, book: BookId) -> bool {
        let (free, held) = (total.saturating_sub(self.taken), self.held_by(book));
        free > 0 && held < share && (held < FEW || free > kept)
    }

    fn held_by(&self, book: BookId) -> usize {
        self.held.get(&book).copied().unwrap_or(0)
    }

    fn give_back(&mut self, book: BookId) {
        self.taken = self.taken.saturating_sub(1);
        match self.held.get_mut(&book) {
            Some(held) if *held > 1 => *held -= 1,
            _ => drop(self.held.remove(&book)),
        }
    }

    /// Gives what is free to those who wait.
    fn serve(&mut self, shares: &Shares) {
        self.waiting.retain(|waiter| !waiter.served.is_closed());
        loop {
            // Of equals the first is the one that came first.
            let best = (self.waiting.iter().enumerate())
                .filter(|(_, waiter)| self.may_take(shares.0.limits, waiter.book))
                .min_by_key(|(_, waiter)| self.held_by(waiter.book));
            let Some(index) = best.map(|(index, _)| index) else { return };
            let Some(place) = self.take(shares, self.waiting[index].book) else { return };
            let Waiter { book, served } = self.waiting.remove(index);
            if let Err(mut place) = served.send(place) {
                place.is_counted = false;
                self.give_back(book);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_counted {
            let mut state = self.shares.state();
            state.give_back(self.book);
            state.serve(&self.shares);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::poll;
    use std::pin::pin;

    const fn book(number: i64) -> BookId {
        BookId(number)
    }

    fn shares(total: usize, share: usize, kept: usize) -> Shares {
        Shares::new(Limits { total, share, kept })
    }

    fn take_all(shares: &Shares, of: BookId) -> Vec<Place> {
        std::iter::from_fn(|| shares.try_take(of)).collect()
    }

    #[test]
    fn a_partner_has_its_share_and_few_of_the_last() {
        let shares = shares(64, 32, 16);
        let greedy = take_all(&shares, book(1));
        assert_eq!(greedy.len(), 32);
        let second = take_all(&shares, book(2));
        assert_eq!(second.len(), 16, "the last 16 are kept");
        let others: Vec<_> =
            (3..).map_while(|other| Some(take_all(&shares, book(other))).filter(|p| !p.is_empty())).collect();
        assert_eq!(others.iter().map(Vec::len).collect::<Vec<_>>(), [FEW; 4]);
        drop(greedy);
        assert_eq!(take_all(&shares, book(2)).len(), 16);
    }

    /// A place goes to the first of those that hold least and may have one: not to a partner with its whole share, nor
    /// to one that arrived later.
    #[tokio::test]
    async fn a_place_goes_to_the_first_of_those_that_may_have_it() {
        let shares = shares(5, 2, 0);
        let mut held = take_all(&shares, book(1));
        held.extend(take_all(&shares, book(2)));
        let last = shares.try_take(book(3)).unwrap();
        let mut waiting: Vec<_> =
            [1, 3, 4, 5].map(|number| Box::pin(shares.take(book(number)))).into_iter().collect();
        for waiter in &mut waiting {
            assert!(poll!(waiter.as_mut()).is_pending());
        }
        let [full, holds_one, first, second] = waiting.as_mut_slice() else { panic!("four") };
        drop(held.pop());
        let first_place = first.as_mut().now_or_never().expect("the first of those that hold nothing");
        assert!(poll!(second.as_mut()).is_pending() && poll!(holds_one.as_mut()).is_pending());
        drop(held.pop());
        let second_place = second.as_mut().now_or_never().expect("the second");
        // A place of the partner with one: it holds nothing now, and takes it again.
        drop(last);
        assert!(poll!(full.as_mut()).is_pending(), "its partner has its share");
        assert!(holds_one.as_mut().now_or_never().is_some());
        drop((first_place, second_place));
    }

    #[tokio::test]
    async fn who_holds_least_is_served_first_and_who_has_gone_is_not() {
        let shares = shares(2, 2, 0);
        let (first, second) = (shares.try_take(book(1)).unwrap(), shares.try_take(book(1)).unwrap());
        let mut again = pin!(shares.take(book(1)));
        let mut other = pin!(shares.take(book(2)));
        let mut late = Box::pin(shares.take(book(3)));
        assert!(poll!(again.as_mut()).is_pending() && poll!(other.as_mut()).is_pending());
        assert!(poll!(late.as_mut()).is_pending());
        drop(first);
        let served = other.as_mut().now_or_never().expect("the one that holds nothing");
        assert!(poll!(again.as_mut()).is_pending());
        // One gives up: its turn passes on.
        drop(late);
        drop(second);
        assert!(again.as_mut().now_or_never().is_some());
        drop(served);
        assert_eq!(shares.state().taken, 0);
        assert!(shares.state().held.is_empty() && shares.state().waiting.is_empty());
    }
}
