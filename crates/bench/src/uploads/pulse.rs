//! Whether the machine was there.
//!
//! A virtual machine is held up now and then by its host, for tens of milliseconds in which nothing on it runs. A call
//! that falls into such a time tells nothing of the product, and with some hundred calls a window two of them are the
//! p99. So a thread per processor that goes before everything else wakes again and again: when it is late, its
//! processor was not there.

#[cfg(target_os = "linux")]
use std::{thread, time::Instant};

use std::time::Duration;

use super::Window;

/// How often a thread wakes: it takes some thousandths of its processor, and a tenth of [`AWAY`] is missed at most.
#[cfg(target_os = "linux")]
const BEAT: Duration = Duration::from_millis(1);

/// From which time on a processor counts as not there: longer than the kernel usually works without looking who wants
/// to run, which holds up such a thread too. The report tells the ratios of all rounds beside those chosen by it.
pub const AWAY: Duration = Duration::from_millis(10);

/// The longest time within the window in which a processor was not there; none where the system lets no thread go
/// before all others, or does not tell which processors there are.
#[cfg(target_os = "linux")]
pub fn longest_absence(window: Window) -> Option<Duration> {
    use nix::sched::{CpuSet, sched_getaffinity};
    let all = sched_getaffinity(nix::unistd::Pid::from_raw(0)).ok()?;
    let ours = |number: &usize| all.is_set(*number).unwrap_or(false);
    let watched = thread::scope(|scope| {
        let watch = |number| scope.spawn(move || watch(number, window));
        let threads: Vec<_> = (0..CpuSet::count()).filter(ours).map(watch).collect();
        threads.into_iter().map(|thread| thread.join().ok().flatten()).collect::<Option<Vec<_>>>()
    });
    watched?.into_iter().max()
}

#[cfg(not(target_os = "linux"))]
pub fn longest_absence(_: Window) -> Option<Duration> {
    None
}

/// On one processor, until the window ends.
#[cfg(target_os = "linux")]
fn watch(processor: usize, window: Window) -> Option<Duration> {
    go_before_all_on(processor)?;
    let mut longest = Duration::ZERO;
    let mut before = Instant::now();
    while before < window.to {
        thread::sleep(BEAT);
        let now = Instant::now();
        if now >= window.from {
            longest = longest.max(now.duration_since(before).saturating_sub(BEAT));
        }
        before = now;
    }
    Some(longest)
}

/// Has this thread run on that processor and as soon as it wakes: that takes a privilege.
#[cfg(target_os = "linux")]
fn go_before_all_on(processor: usize) -> Option<()> {
    use nix::libc::{SCHED_FIFO, sched_param, sched_setscheduler};
    use nix::sched::{CpuSet, sched_setaffinity};
    let mut only = CpuSet::new();
    only.set(processor).ok()?;
    sched_setaffinity(nix::unistd::Pid::from_raw(0), &only).ok()?;
    let this_thread = 0;
    let lowest_of_them = sched_param { sched_priority: 1 };
    // SAFETY: the call reads one structure, which outlives it. One that fails changes nothing.
    #[expect(unsafe_code, reason = "there is no safe way to say it")]
    let failed = unsafe { sched_setscheduler(this_thread, SCHED_FIFO, &raw const lowest_of_them) };
    (failed == 0).then_some(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn it_ends_with_the_window_and_never_tells_of_more_than_the_time_passed() {
        let from = Instant::now();
        let window = Window { from, to: from + Duration::from_millis(20) };
        let longest = longest_absence(window);
        let passed = from.elapsed();
        assert!(passed >= Duration::from_millis(20) || longest.is_none());
        assert!(longest.is_none_or(|longest| longest <= passed), "{longest:?} of {passed:?}");
    }
}
