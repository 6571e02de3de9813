//! Ctrl-C, SIGTERM and SIGHUP: end what we started, then let the guards clean up.
//!
//! A signal does not end xtask where it stands. It is passed on to every process group that [`crate::process`]
//! started (the second signal as SIGKILL), so that whatever xtask waits for ends, the command returns an error and
//! its guards run on the way out. A `kill -9` runs no guard: what must not outlive xtask then hangs on a pipe from it
//! (see [`crate::supervised`]).

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How often a signal came, and who is to be told.
struct State {
    signals: u32,
    groups: Vec<Pid>,
}

static STATE: Mutex<State> = Mutex::new(State { signals: 0, groups: Vec::new() });
static ARRIVED: Condvar = Condvar::new();

/// Starts to watch for signals; called once, first thing.
pub fn watch() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot watch for signals")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            with_state(|state| {
                state.signals += 1;
                state.groups.iter().for_each(|group| pass_on(state.signals, *group));
            });
            ARRIVED.notify_all();
        }
    });
    Ok(())
}

/// True once a signal came.
pub fn happened() -> bool {
    with_state(|state| state.signals > 0)
}

/// An error once a signal came: for loops that wait for no process.
pub fn check() -> Result<()> {
    if happened() { bail!("interrupted") } else { Ok(()) }
}

/// Sleeps until a signal comes or the time is over; true when it was a signal.
pub fn wait(at_most: Duration) -> bool {
    let state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = ARRIVED.wait_timeout_while(state, at_most, |state| state.signals == 0);
    waited.unwrap_or_else(PoisonError::into_inner).0.signals > 0
}

/// From now on signals are passed on to this process group (to a late one, at once).
pub fn register(group: Pid) {
    with_state(|state| {
        state.groups.push(group);
        if state.signals > 0 {
            pass_on(state.signals, group);
        }
    });
}

/// The group has ended.
pub fn forget(group: Pid) {
    with_state(|state| state.groups.retain(|known| *known != group));
}

/// A group that is gone already is what we want.
fn pass_on(signals: u32, group: Pid) {
    let signal = if signals > 1 { Signal::SIGKILL } else { Signal::SIGTERM };
    let _ = killpg(group, signal);
}

fn with_state<T>(change: impl FnOnce(&mut State) -> T) -> T {
    change(&mut STATE.lock().unwrap_or_else(PoisonError::into_inner))
}
