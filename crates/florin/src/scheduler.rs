//! How Linux shares the processors between our threads and others.

use libc::{SCHED_OTHER, SYS_sched_getattr, SYS_sched_setattr, c_long, sched_attr, syscall};

/// Length of a thread's time slice: the shortest that Linux accepts. A call needs a few slices, and a thread that wakes
/// with a shorter slice than the running one goes first. With the default of 3 ms a balance would wait that long behind
/// a thread that encrypts a photo (`cargo xtask bench uploads`: short slices halve the p99 of other calls).
const TURN_NANOS: u64 = 100_000;

/// Requests short time slices for this thread and all threads that it starts.
///
/// Linux 6.12 and later apply the request; earlier versions ignore it. A scheduling policy that the operator has set is
/// kept.
pub fn take_short_turns() {
    let size = u32::try_from(size_of::<sched_attr>()).unwrap_or_default();
    let this_thread: c_long = 0;
    // SAFETY: both calls are given a structure of the length that they are told, which outlives them; all of it are
    // numbers, so zeros are fine. One that fails changes nothing, and only the courtesy is lost.
    #[expect(unsafe_code, reason = "there is no safe way to say it")]
    unsafe {
        let no_flags: c_long = 0;
        let mut attributes: sched_attr = std::mem::zeroed();
        if syscall(SYS_sched_getattr, this_thread, &raw mut attributes, c_long::from(size), no_flags) != 0
            || i64::from(attributes.sched_policy) != i64::from(SCHED_OTHER)
        {
            return;
        }
        attributes.sched_runtime = TURN_NANOS;
        syscall(SYS_sched_setattr, this_thread, &raw const attributes, no_flags);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::thread;

    #[test]
    fn threads_started_later_take_short_turns_and_stay_as_nice() {
        let nice = || {
            let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
            let (_, after_name) = stat.rsplit_once(')').unwrap();
            after_name.split_whitespace().nth(16).unwrap().to_owned()
        };
        let before = nice();
        let turn = || {
            // SAFETY: as above.
            #[expect(unsafe_code, reason = "there is no safe way to ask")]
            unsafe {
                let mut attributes: sched_attr = std::mem::zeroed();
                let answer = syscall(SYS_sched_getattr, 0, &raw mut attributes, size_of::<sched_attr>(), 0);
                (answer == 0).then_some(attributes.sched_runtime)
            }
        };
        let (found, after) = thread::spawn(move || {
            take_short_turns();
            thread::spawn(move || (turn(), nice())).join().unwrap()
        })
        .join()
        .unwrap();
        assert_eq!(after, before);
        // Zero: a kernel that knows no turns.
        assert!(matches!(found, None | Some(0 | TURN_NANOS)), "{found:?}");
    }
}
