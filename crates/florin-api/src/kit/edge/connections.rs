//! Which connections may stay. There is a limit of places for all and a share for each source address. When all places
//! are taken, the connection that has been idle for longest closes, and connections close after their next answer until
//! nobody waits for a place.
//!
//! A connection that finds no place is held in a small reserve. There a health check is answered at once, and any other
//! request waits for a place.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::kit::edge::socket::Phase;

/// Connections held without a place. A health checker opens one every few seconds, so 64 are enough for many; each
/// takes one descriptor.
const RESERVE: usize = 64;

/// Of so many places one source address may take one half: more than any client needs, also behind an address that many
/// share, and other addresses always find places.
const SHARE_OF_ONE: usize = 2;

/// The places of a server.
#[derive(Clone)]
pub(super) struct Places(Arc<Inner>);

struct Inner {
    places: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
    share: usize,
    /// Proxies, which bring the connections of many.
    unshared: Vec<IpNet>,
    /// How many wait for a place.
    waiting: AtomicUsize,
    /// How many were told to close and have not closed yet.
    closing: AtomicUsize,
    /// Numbers the moments at which connections become idle.
    moments: AtomicU64,
    open: Mutex<Connections>,
}

/// The connections that are open and have not been told to close.
#[derive(Default)]
struct Connections {
    by_number: HashMap<u64, Open>,
    of_address: HashMap<IpAddr, usize>,
}

/// One of them.
struct Open {
    address: IpAddr,
    phase: Phase,
    close: Arc<Notify>,
}

/// What a connection holds.
pub(super) enum Held {
    /// A place.
    Place(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit),
    /// A part of the reserve.
    Reserve(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit),
}

/// A connection that may stay, until this is dropped.
pub(super) struct Admitted {
    places: Places,
    number: u64,
    /// Rings when the connection shall close.
    pub(super) close: Arc<Notify>,
    held: tokio::sync::Mutex<Held>,
}

impl Places {
    pub(super) fn new(max: usize, unshared: Vec<IpNet>) -> Self {
        Self(Arc::new(Inner {
            places: Arc::new(Semaphore::new(max)),
            reserve: Arc::new(Semaphore::new(RESERVE)),
            share: max.div_ceil(SHARE_OF_ONE),
            unshared,
            waiting: AtomicUsize::new(0),
            closing: AtomicUsize::new(0),
            moments: AtomicU64::new(0),
            open: Mutex::default(),
        }))
    }

    /// Admits a connection; none where its address has used up its share, and none of its connections is idle.
    pub(super) async fn admit(&self, address: IpAddr, phase: &Phase) -> Option<Admitted> {
        let address = shared_by(address);
        let is_shared = !self.0.unshared.iter().any(|proxies| proxies.contains(&address));
        if is_shared && self.open().count(address) >= self.0.share && !self.close_longest_idle(Some(address))
        {
            return None;
        }
        let held = match Arc::clone(&self.0.places).try_acquire_owned() {
            Ok(place) => Held::Place(place),
            Err(_) => self.wait_with_reserve().await?,
        };
        self.became_idle(phase);
        let (number, close) = (self.next_moment(), Arc::<Notify>::default());
        let open = Open { address, phase: phase.clone(), close: Arc::clone(&close) };
        self.open().insert(number, open);
        Some(Admitted { places: self.clone(), number, close, held: tokio::sync::Mutex::new(held) })
    }

    /// A place, or a part of the reserve, whichever is free first.
    async fn wait_with_reserve(&self) -> Option<Held> {
        let _waiting = self.begin_waiting();
        let (places, reserve) = (Arc::clone(&self.0.places), Arc::clone(&self.0.reserve));
        tokio::select! {
            biased;
            place = places.acquire_owned() => place.ok().map(Held::Place),
            part = reserve.acquire_owned() => part.ok().map(Held::Reserve),
        }
    }

    /// Notes that somebody waits, and closes the connection that has been idle for longest, unless another one that
    /// closes makes room.
    fn begin_waiting(&self) -> Waiting<'_> {
        let before = self.0.waiting.fetch_add(1, Ordering::SeqCst);
        if before >= self.0.closing.load(Ordering::SeqCst) {
            self.close_longest_idle(None);
        }
        Waiting(self)
    }

    /// Notes that a connection waits for its next request. Whether it shall close instead, because somebody needs a
    /// place.
    fn became_idle(&self, phase: &Phase) -> bool {
        phase.idle(self.next_moment());
        self.0.waiting.load(Ordering::SeqCst) > 0
    }

    /// Tells one idle connection to close, of one address or of all. It still answers a request that has just come.
    fn close_longest_idle(&self, of: Option<IpAddr>) -> bool {
        let mut open = self.open();
        let idle = open.by_number.iter().filter(|(_, open)| of.is_none_or(|address| address == open.address));
        let idle = idle.filter_map(|(number, open)| Some((open.phase.idle_since()?, *number)));
        let Some((_, number)) = idle.min() else { return false };
        if let Some(open) = open.remove(number) {
            self.0.closing.fetch_add(1, Ordering::SeqCst);
            open.close.notify_one();
        }
        true
    }

    fn next_moment(&self) -> u64 {
        self.0.moments.fetch_add(1, Ordering::Relaxed)
    }

    fn open(&self) -> MutexGuard<'_, Connections> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    fn count(&self, address: IpAddr) -> usize {
        self.of_address.get(&address).copied().unwrap_or_default()
    }

    fn insert(&mut self, number: u64, open: Open) {
        *self.of_address.entry(open.address).or_default() += 1;
        self.by_number.insert(number, open);
    }

    fn remove(&mut self, number: u64) -> Option<Open> {
        let open = self.by_number.remove(&number)?;
        match self.count(open.address).saturating_sub(1) {
            0 => self.of_address.remove(&open.address),
            left => self.of_address.insert(open.address, left),
        };
        Some(open)
    }
}

/// Somebody waits for a place, until this is dropped.
struct Waiting<'a>(&'a Places);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Admitted {
    /// Notes that the answer is made. Whether the connection shall close then, because somebody needs a place.
    pub(super) fn became_idle(&self, phase: &Phase) -> bool {
        self.places.became_idle(phase)
    }

    /// Waits until the connection has a place.
    pub(super) async fn place(&self) {
        let mut held = self.held.lock().await;
        if matches!(*held, Held::Place(_)) {
            return;
        }
        let places = &self.places.0.places;
        let place = match Arc::clone(places).try_acquire_owned() {
            Ok(place) => Ok(place),
            Err(_) => {
                let _waiting = self.places.begin_waiting();
                Arc::clone(places).acquire_owned().await
            }
        };
        if let Ok(place) = place {
            *held = Held::Place(place);
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if self.places.open().remove(self.number).is_none() {
            self.places.0.closing.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// The address whose share a connection counts to. In IPv6 a customer has a network of 64 bits.
pub(crate) fn shared_by(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_one_customer_has_one_share() {
        let share = |address: &str| shared_by(address.parse().unwrap());
        assert_eq!(share("2001:db8:1:2::1"), share("2001:db8:1:2:ffff::2"));
        assert_ne!(share("2001:db8:1:2::1"), share("2001:db8:1:3::1"));
        assert_eq!(share("::ffff:192.0.2.7"), share("192.0.2.7"));
        assert_ne!(share("192.0.2.7"), share("192.0.2.8"));
    }
}
